#!/usr/bin/python3
"""Builds the Debian packages, unpacks them and uses what is inside.

    packages.py --build DIR --cpack CPACK --plan FILE

Ends with 77 where dpkg is missing: nothing to test there.
"""

import argparse
import glob
import os
import shutil
import subprocess
import sys
import tempfile


def output(*command, **options):
    """What a command prints."""
    return subprocess.run(command, stdout=subprocess.PIPE, check=True, text=True, **options).stdout


def require(condition, text):
    """One line on what is wrong."""
    if not condition:
        raise AssertionError(text)


def unpack(deb, folder):
    """Fields of a package, its files in `folder`."""
    subprocess.run(["dpkg-deb", "-x", deb, folder], check=True)
    fields = (line.split(": ", 1) for line in output("dpkg-deb", "-f", deb).splitlines() if not line.startswith(" "))
    return {field[0]: field[1] for field in fields if len(field) == 2}


def check_runtime(fields, root, plan):
    """Needs nothing of LLVM, and runs a plan."""
    require("llvm" not in fields["Depends"].lower() and "mlir" not in fields["Depends"].lower(), f"depends on {fields['Depends']}")
    require(os.path.exists(os.path.join(root, "usr/share/doc/v4c-runtime/copyright")), "no licence")
    for tool in ("run", "bench", "inspect", "verify"):
        require("0.1." in output(os.path.join(root, "usr/bin/v4-" + tool), "--version"), f"v4-{tool} --version")
    output(os.path.join(root, "usr/bin/v4-run"), plan, "--tokens=1,2,3", "-n", "4")
    check_pages(root, "v4-run", "--tokens-file")


def check_compiler(fields, root):
    """Finds the libraries that it depends on."""
    require("libmlir-22" in fields["Depends"] and "libllvm22" in fields["Depends"], f"depends on {fields['Depends']}")
    output(os.path.join(root, "usr/bin/v4-compile"), "--list-targets")
    check_pages(root, "v4-compile", "--max-tokens")


def check_pages(root, tool, flag):
    """Man page and completions know the flags that the tool's help knows."""
    if shutil.which("help2man"):
        with open(os.path.join(root, f"usr/share/man/man1/{tool}.1"), encoding="utf-8") as file:
            page = file.read()
        require(f".TH {tool.upper()}" in page and flag.replace("-", "\\-") in page, f"{tool}.1 lacks {flag}")
    for name in (f"bash-completion/completions/{tool}", f"zsh/vendor-completions/_{tool}", f"fish/vendor_completions.d/{tool}.fish"):
        with open(os.path.join(root, "usr/share", name), encoding="utf-8") as file:
            require(flag.lstrip("-") in file.read(), f"{name} lacks {flag}")


def complete(script, *words):
    """What bash offers behind these words."""
    text = f"source {script}; COMP_WORDS=({' '.join(words)}); COMP_CWORD={len(words) - 1}; " \
           f"_{words[0].replace('-', '_')} 2>/dev/null; echo ${{COMPREPLY[@]}}"
    return output("bash", "-c", text).split()


def check_completion(root):
    """Flags by their beginning, values where the help lists them."""
    script = os.path.join(root, "usr/share/bash-completion/completions/v4-run")
    require(complete(script, "v4-run", "--tok") == ["--tokens", "--tokens-file"], "flags")
    require(complete(script, "v4-run", "--load", "c") == ["copy"], "values")
    require(complete(script, "v4-run", "--load", "=", "m") == ["map"], "values behind the sign")


def main():
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name in ("build", "cpack", "plan"):
        parser.add_argument("--" + name, required=True)
    args = parser.parse_args()
    if not shutil.which("dpkg-deb") or not shutil.which("dpkg-shlibdeps"):
        print("no dpkg-deb or no dpkg-shlibdeps here")
        return 77
    with tempfile.TemporaryDirectory() as scratch:
        output(args.cpack, "--config", os.path.join(args.build, "CPackConfig.cmake"), "-B", scratch)
        packages = {os.path.basename(deb).split("_")[0]: deb for deb in glob.glob(os.path.join(scratch, "*.deb"))}
        require({"v4c-runtime", "v4c-dev"} <= set(packages), f"packages are {sorted(packages)}")
        roots = {name: os.path.join(scratch, "root-" + name) for name in packages}
        fields = {name: unpack(deb, roots[name]) for name, deb in packages.items()}
        check_runtime(fields["v4c-runtime"], roots["v4c-runtime"], args.plan)
        check_completion(roots["v4c-runtime"])
        require(os.path.exists(os.path.join(roots["v4c-dev"], "usr/include/v4/runtime.h")), "no header")
        if "v4c-compiler" in packages:
            check_compiler(fields["v4c-compiler"], roots["v4c-compiler"])
        for name in sorted(packages):
            print(f"{name}: {os.path.getsize(packages[name])} bytes, depends on {fields[name].get('Depends', 'nothing')}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
