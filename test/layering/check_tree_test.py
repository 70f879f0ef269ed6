#!/usr/bin/python3
"""check_tree.py finds what it is there to find: one small wrong tree per rule."""

import os
import sys
import tempfile

import check_tree

HEAD = "// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception\n"
LAYERS = check_tree.read(os.path.dirname(os.path.abspath(__file__)), "layers.txt")
PASS = 'def DoThisPass : Pass<"v4-do-this"> {}\n'

# file contents, and a piece of the finding (None: no finding)
CASES = (
    ({"passes/A.cpp": HEAD + '#include "dialects/V4.h"\n', "dialects/V4.h": HEAD}, None),
    ({"passes/A.cpp": HEAD + "#include <vector>\n#include \"mlir/IR/Value.h\"\n"}, None),
    ({"runtime/exec/A.cpp": HEAD + '#include "mlir/IR/Value.h"\n'}, "runtime/exec/ may not include mlir/IR/Value.h"),
    ({"runtime/base/A.cpp": HEAD + '#include "runtime/exec/B.h"\n'}, "runtime/base/A.cpp:2"),
    ({"dialects/A.cpp": HEAD + '#include "passes/B.h"\n'}, "dialects/ may not include passes/B.h"),
    ({"codegen/A.cpp": HEAD + '#include "passes/B.h"\n'}, "codegen/ may not include"),
    ({"codegen/A.cpp": HEAD + '#include "runtime/plan/PlanLoader.h"\n'}, "may not include runtime/plan/PlanLoader.h"),
    ({"codegen/A.cpp": HEAD + '#include "runtime/plan/plan_generated.h"\n'}, None),
    ({"runtime/kv/A.cpp": HEAD + '#include "../exec/B.h"\n', "runtime/exec/B.h": HEAD}, "may not include ../exec/B.h"),
    ({"passes/A.cpp": "int a;\n"}, "licence head"),
    ({"passes/A.cpp": HEAD + "\n" * 601}, "602 lines"),
    ({"passes/FooUtils.cpp": HEAD}, "says nothing"),
    ({"passes/A.cpp": HEAD + "// TO" + "DO: later\n"}, "finish it"),
    ({"passes/Passes.td": HEAD + PASS}, "no file DoThis.cpp"),
    ({"passes/Passes.td": HEAD + PASS, "passes/graph/DoThis.cpp": HEAD}, "no lit test do-this.mlir"),
    ({"passes/Passes.td": HEAD + PASS, "passes/graph/DoThis.cpp": HEAD, "test/passes/do-this.mlir": "x"}, "does not run"),
    ({"passes/Passes.td": HEAD + PASS, "passes/graph/DoThis.cpp": HEAD, "test/passes/do-this.mlir": "RUN --v4-do-this"}, None),
    ({"passes/Passes.td": HEAD + PASS.replace("v4-do-this", "v4-did")}, "expected v4-do-this"),
)


def main():
    """Checks each small tree."""
    failed = 0
    for files, wanted in CASES:
        with tempfile.TemporaryDirectory() as root:
            for name, text in {**files, "test/layering/layers.txt": LAYERS}.items():
                os.makedirs(os.path.dirname(os.path.join(root, name)), exist_ok=True)
                with open(os.path.join(root, name), "w", encoding="utf-8") as f:
                    f.write(text)
            found = check_tree.check(root)
        if (wanted is None and found) or (wanted and not any(wanted in line for line in found)):
            failed += 1
            print(f"{sorted(files)}: expected {wanted!r}, found {found}")
    print(f"{len(CASES)} trees, {failed} wrong")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
