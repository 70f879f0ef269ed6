"""What v4-inspect prints of the made-up plan: inspect.py V4_INSPECT FAKE.v4plan SCRATCH_DIR"""

import json
import os
import subprocess
import sys

TOOL, PLAN, SCRATCH = sys.argv[1:]
failures = []


def run(*arguments):
    done = subprocess.run([TOOL, *arguments], capture_output=True, text=True, timeout=60)
    return done.returncode, done.stdout, done.stderr


def expect(condition, what):
    if not condition:
        failures.append(what)


def expect_error(code, pattern, *arguments):
    got, out, err = run(*arguments)
    lines = err.strip().splitlines()
    expect(got == code and out == "" and len(lines) == 1 and pattern in lines[0],
           f"{' '.join(arguments)}: exit {got}, stderr {err!r}, expected exit {code} and one line with {pattern!r}")


def changed(name, change):
    with open(PLAN, "rb") as file:
        data = bytearray(file.read())
    path = os.path.join(SCRATCH, name)
    with open(path, "wb") as file:
        file.write(change(data))
    return path


def views():
    code, out, _ = run(PLAN)
    expect(code == 0 and out.startswith("summary\n") and "format_version" in out, "default is the summary")
    code, out, _ = run(PLAN, "--json")
    document = json.loads(out)
    expect(list(document) == ["summary", "program", "kernels", "schedule", "memory", "weights"], "--json has all views")
    expect(len(document["kernels"]) == 7 and document["kernels"][0]["symbol"] == "fake_scan", "kernels")
    expect([launch["group"] for launch in document["schedule"]] == ["main"] * 4 + ["mtp", "mtp", "mtp_step", "mtp_draft"],
           "schedule has launches of every group")
    expect(document["summary"]["file_bytes"] == os.path.getsize(PLAN), "file_bytes")
    code, out, _ = run(PLAN, "--kernels", "--json")
    expect(list(json.loads(out)) == ["kernels"], "--kernels --json has one view")
    for flag in ("--kernels", "--schedule", "--memory", "--weights"):
        code, out, _ = run(flag, PLAN)
        expect(code == 0 and out.startswith(flag[2:] + "\n") and len(out.splitlines()) > 1, flag)
    code, out, _ = run(PLAN, "--mlir")
    expect(code == 0 and out.startswith('"builtin.module"()') and out.count('"plan.launch"()') == 8, "--mlir")


def memory():
    def at(flag):
        return json.loads(run(PLAN, "--json", flag)[1])["memory"]
    whole, small = at("--memory"), at("--memory=context:129,sequences:2,tokens:1")
    page, state = small["page_bytes"], small["state_bytes_per_sequence"]
    expect(small["cache_bytes"] == 2 * (2 * page + state), "cache_bytes of 2 sequences of 2 pages")
    expect(small["arena_bytes"] < whole["arena_bytes"], "a smaller step needs a smaller arena")
    total = sum(small[key] for key in ("weights_bytes", "tables_bytes", "code_bytes", "arena_bytes", "step_bytes",
                                          "cache_bytes"))
    expect(small["total_bytes"] == total, "total_bytes")


def diff():
    code, out, err = run("--diff", PLAN, PLAN, "--json")
    expect(code == 0 and json.loads(out) == {"differences": []} and err == "", "a plan is equal to itself")


def errors():
    expect_error(3, "holds no counts", f"--html={SCRATCH}/none.html", PLAN)
    expect(not os.path.exists(f"{SCRATCH}/none.html"), "no page where the plan holds no counts")
    expect_error(3, "holds no counts", "--cost", PLAN)
    expect_error(1, "compares two plans", "--diff", PLAN)
    expect_error(1, "--nonsense", "--nonsense", PLAN)
    expect_error(1, "FILE", "--kernels")
    expect_error(1, "expected context:N", PLAN, "--memory=context")
    expect_error(1, "this plan allows 1 to", PLAN, "--memory=context:99999999")
    expect_error(1, "context is given twice", PLAN, "--memory=context:1,tokens:1,context:2")
    expect_error(1, "choose one", PLAN, "--mlir", "--json")
    expect_error(1, "cannot open", os.path.join(SCRATCH, "none.v4plan"))
    expect_error(1, "is a folder, a device or a pipe", SCRATCH)
    cut = changed("cut.v4plan", lambda data: data[:-1])
    expect_error(1, "truncated", cut)
    damaged = changed("damaged.v4plan", lambda data: data[:300] + bytes([data[300] ^ 1]) + data[301:])
    expect_error(1, "do not match the plan's hash", damaged, "--kernels")


def any_version():
    newer = changed("newer.v4plan", lambda data: data[:8] + b"\x07" + data[9:])
    code, out, _ = run(newer, "--json")
    summary = json.loads(out)["summary"]
    expect(code == 0 and summary["format_version"] == 7 and summary["readable"] is False, "summary of any version")
    expect_error(1, "format version 7, this runtime reads 1 to 1", newer, "--kernels")


os.makedirs(SCRATCH, exist_ok=True)
for test in (views, memory, diff, errors, any_version):
    test()
print("\n".join(failures) or "ok")
sys.exit(1 if failures else 0)
