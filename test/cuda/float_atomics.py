"""What makes a sum depend on the order of events: atomic additions of floating-point numbers, in PTX."""

import re

# Of memory and of copies; `redux` and `shfl` have a fixed order. A loop around a compare-and-swap may add anything.
ATOMIC = re.compile(r"\b(?:multimem\.)?(?:atom|red|cp\.reduce)\b[\w.:]*")
FLOAT = re.compile(r"\.(?:b?f16(?:x2)?|tf32|f32|f64|e\dm\d\w*)\b|\.cas\b")


def float_atomics(ptx):
    """Such instructions of a text, each once."""
    return sorted({name for name in ATOMIC.findall(ptx) if FLOAT.search(name)})
