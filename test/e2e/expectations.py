"""What every refusal must look like: the exit code, one sentence, nothing left behind."""

import os
import re


class Expectations:
    """Counts cases and prints those that went wrong."""

    def __init__(self, tools):
        self.tools, self.cases, self.failures = tools, 0, []

    def fail(self, name, text):
        """Notes one failure."""
        self.failures.append(name)
        print(f"FAILED {name}: {text}", flush=True)

    def refused(self, name, tool, args, patterns, code=1, output=None, **options):
        """`tool args` must end with `code` and a sentence that matches every pattern (any case);
        `output`, if given, must not exist afterwards, nor anything else in its folder that was not there."""
        self.cases += 1
        folder = os.path.dirname(output) if output else None
        before = set(os.listdir(folder)) if folder and os.path.isdir(folder) else set()
        try:
            done = self.tools.call(tool, *args, expect=None, timeout=120, **options)
        except Exception as error:  # a hang
            self.fail(name, str(error))
            return
        text = done.stderr.strip()
        if done.returncode != code:
            self.fail(name, f"exit code {done.returncode}, expected {code}: {text[-600:] or done.stdout[-600:]}")
            return
        missing = [p for p in patterns if not re.search(p, text, re.IGNORECASE)]
        if missing:
            self.fail(name, f"the message lacks {missing}: {text[-600:]}")
        # v4-compile says first what it resolved; that and warnings are no part of the sentence.
        errors = [line for line in text.splitlines() if "warning" not in line and not line.startswith("v4-compile: target ")]
        if len(errors) != 1:
            self.fail(name, f"{len(errors)} lines instead of one sentence: {text[-600:]}")
        if folder and os.path.isdir(folder) and set(os.listdir(folder)) - before:
            self.fail(name, f"left behind {sorted(set(os.listdir(folder)) - before)}")

    def equal(self, name, found, expected):
        """`found` must be `expected`."""
        self.holds(name, found == expected, f"{found!r}, expected {expected!r}")

    def holds(self, name, condition, text):
        """`condition` must hold; `text` says what was found."""
        self.cases += 1
        if not condition:
            self.fail(name, str(text)[-600:])

    def finish(self):
        """Ends the process with the verdict."""
        if self.failures:
            raise SystemExit(f"{len(self.failures)} of {self.cases} expectations failed")
        print(f"{self.cases} expectations hold")
