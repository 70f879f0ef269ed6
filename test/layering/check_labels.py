#!/usr/bin/python3
"""Every labelled constraint of a dialect is checked and tested.

Usage: check_labels.py SOURCE_ROOT

A description in dialects/NAME/*.td numbers its constraints (C1), (C2), ... For
each there must be a comment like `// rms_norm_c1` in dialects/NAME/*.cpp or *.h, in
front of the check, and a symbol @rms_norm_c1 in a file *invalid.mlir of
test/dialects/NAME. The reverse holds too: no comment or symbol of that form
without its constraint.
"""

import pathlib
import re
import sys

# def V4_RmsNormOp : V4_Op<"rms_norm" ...   def V4_RowsAttr : V4_Attr<"Rows", "rows" ...
RECORD = re.compile(r'^def\s+\w+\s*:\s*\w+<[^;{]*?"(?P<name>\w+)"(?:,\s*"(?P<second>\w+)")?.*$', re.MULTILINE)
MNEMONIC = re.compile(r'let\s+mnemonic\s*=\s*"(\w+)"')
DESCRIPTION = re.compile(r"let\s+description\s*=\s*\[\{(.*?)\}\]", re.DOTALL)
LABEL = re.compile(r"\(C(\d+)\)")
TAG = re.compile(r"^\s*// (\w+_c\d+)$", re.MULTILINE)
SYMBOL = re.compile(r"@(\w+_c\d+)\b")


def records(text):
    """(mnemonic, body) of every top-level def of a .td file."""
    starts = [m.start() for m in re.finditer(r"^(?:def|class)\s", text, re.MULTILINE)] + [len(text)]
    for start, end in zip(starts, starts[1:]):
        body = text[start:end]
        head = RECORD.match(body)
        if not head:
            continue
        mnemonic = MNEMONIC.search(body)
        # An attribute class takes (C++ name, mnemonic), an op class the mnemonic.
        yield (mnemonic.group(1) if mnemonic else head.group("second") or head.group("name")), body


def declared(folder):
    """Labels of a dialect's descriptions, and what is wrong with their numbers."""
    labels, errors = set(), []
    for path in sorted(folder.glob("*.td")):
        for mnemonic, body in records(path.read_text()):
            description = DESCRIPTION.search(body)
            # "as in v4.linear (C3)" speaks of another op.
            text = re.sub(r"\w+\.\w+ \(C\d+\)", "", description.group(1)) if description else ""
            numbers = [int(n) for n in LABEL.findall(text)]
            if numbers != list(range(1, len(numbers) + 1)):
                errors.append(f"{path}: constraints of {mnemonic} are {numbers}, expected 1, 2, ... in order")
            labels.update(f"{mnemonic}_c{n}" for n in numbers)
    return labels, errors


def found(paths, pattern):
    return {label for path in paths for label in pattern.findall(path.read_text())}


def check(root):
    errors, count = [], 0
    for folder in sorted(p for p in (root / "dialects").iterdir() if p.is_dir()):
        labels, wrong = declared(folder)
        count += len(labels)
        tests = root / "test" / "dialects" / folder.name
        checks = found([*folder.glob("*.cpp"), *folder.glob("*.h")], TAG)
        symbols = found(tests.glob("*invalid.mlir"), SYMBOL)
        errors += wrong
        errors += [f"{folder}: {x} has no check, expected a comment '// {x}' in a .cpp or .h" for x in sorted(labels - checks)]
        errors += [f"{tests}: {x} has no test, expected @{x} in an *invalid.mlir" for x in sorted(labels - symbols)]
        errors += [f"{folder}: '// {x}' tags no constraint of a .td" for x in sorted(checks - labels)]
        errors += [f"{tests}: @{x} tests no constraint of a .td" for x in sorted(symbols - labels)]
    if count == 0:
        errors.append(f"{root}/dialects: no labelled constraint found")
    return errors, count


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    errors, count = check(pathlib.Path(sys.argv[1]))
    for error in errors:
        print(error, file=sys.stderr)
    if errors:
        sys.exit(1)
    print(f"{count} constraints, each checked and tested")


if __name__ == "__main__":
    main()
