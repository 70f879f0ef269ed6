#!/usr/bin/python3
"""v4-run on the made-up plan: files that it writes, what it prints, what it refuses.

    v4_run.py V4_RUN FAKE.v4plan

The made-up model is that of FakeKernels.cpp.
"""

import hashlib
import json
import os
import signal
import subprocess
import sys
import tempfile

import numpy as np

TOOL, PLAN = sys.argv[1:3]
VOCABULARY = 32
PROMPT = [3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5]
MASK = 0xFFFFFFFF


def run(*flags, expect=0, plan=PLAN):
    """Runs the tool; returns the finished process."""
    done = subprocess.run([TOOL, plan, *map(str, flags)], capture_output=True, text=True, timeout=60)
    assert done.returncode == expect, f"{flags}: exit code {done.returncode}, expected {expect}\n{done.stderr}"
    return done


def tokens_flag(tokens=PROMPT):
    """A prompt as a flag."""
    return "--tokens=" + ",".join(map(str, tokens))


def mixed(tokens):
    """m(p) of FakeKernels.cpp for every position."""
    hashes, out, value = [], [], 0
    for token in tokens:
        value = (value * 31 + token * 5 + 7) & MASK
        hashes.append(value)
        out.append((value + 3 * sum(hashes[-128:])) & MASK)
    return out


def logits(tokens):
    """Logits of every position."""
    m, out, total = mixed(tokens), [], 0
    for p, value in enumerate(m):
        if p % 4 == 3:
            total = (total + sum((j + 1) * m[p - 7 + j] for j in range(8) if p - 7 + j >= 0)) & MASK
        out.append([((value * 2654435761 + total * (v + 1) + v * 40503 & MASK) >> 12) / 1024
                    for v in range(VOCABULARY)])
    return np.array(out, np.float32)


def mtp_logits(tokens):
    """MTP logits of every position but the last: row i knows token i + 1."""
    m = mixed(tokens)
    slots = [m[q] + 13 * tokens[q + 1] & MASK for q in range(len(tokens) - 1)]
    sums = [sum(slots[max(0, p - 128):p]) & MASK for p in range(1, len(tokens))]
    return np.array([[np.float32(h >> 8) - v for v in range(VOCABULARY)] for h in sums], np.float32)


def greedy(tokens, count):
    """`count` tokens behind `tokens`."""
    out = list(tokens)
    for _ in range(count):
        out.append(int(np.argmax(logits(out)[-1])))
    return out[len(tokens):]


def test_trace_holds_every_launch_of_every_step():
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "trace.json")
        run(tokens_flag(), "-n", 6, "--ignore-eos", "--chunk", 4, "--trace", path)
        with open(path) as file:
            events = [e for e in json.load(file)["traceEvents"] if e["ph"] == "X"]
    steps = [e for e in events if e["name"] == "step"]
    assert [e["args"]["tokens"] for e in steps] == [4, 4, 3] + [1] * 5, steps
    launches = [e for e in events if e["name"] != "step"]
    assert sum(e["args"]["launches"] for e in steps) == len(launches) > 0
    for step in steps:
        inside = [e for e in launches if e["args"]["step"] == step["args"]["step"]]
        assert len(inside) == step["args"]["launches"]
        end = step["ts"]
        for event in inside:  # one by one, within their step; times are rounded to nanoseconds
            assert event["ts"] >= end - 0.002, (event, end)
            end = event["ts"] + event["dur"]
        assert end <= step["ts"] + step["dur"] + 0.002, (end, step)


def test_trace_changes_no_token():
    with tempfile.TemporaryDirectory() as folder:
        batch, path = os.path.join(folder, "batch.jsonl"), os.path.join(folder, "trace.json")
        with open(batch, "w") as file:
            file.write(json.dumps({"id": 1, "tokens": PROMPT, "n": 5, "ignore_eos": True}) + "\n")
        traced = run(f"--batch-file={batch}", f"--trace={path}").stdout
        assert json.loads(traced)["tokens"] == greedy(PROMPT, 5), traced
        with open(path) as file:
            assert len(json.load(file)["traceEvents"]) > 2


def test_failed_run_leaves_the_old_trace():
    with tempfile.TemporaryDirectory() as folder:
        path, batch = os.path.join(folder, "trace.json"), os.path.join(folder, "batch.jsonl")
        for place in (path, batch):
            with open(place, "w") as file:
                file.write("what was there\n")
        run("--tokens=1,32", f"--trace={path}", expect=1)
        assert file_bytes(path) == b"what was there\n" and sorted(os.listdir(folder)) == ["batch.jsonl", "trace.json"]
        for flag, given in ((f"--trace={batch}", [f"--batch-file={batch}"]), (f"--logits-out={path}", [f"--tokens-file={path}"]),
                            (f"--trace={PLAN}", [tokens_flag()]), (f"--logits-out={PLAN}", [tokens_flag()]),
                            (f"--mtp-logits-out={PLAN}", [tokens_flag()])):
            assert "too, expected a file to write; name another one" in run(flag, *given, expect=1).stderr, flag
        assert file_bytes(path) == file_bytes(batch) == b"what was there\n"


def test_trace_that_cannot_be_written():
    assert "--trace=/no/such/t.json cannot be written: /no/such: No such file" in run(tokens_flag(), "--trace=/no/such/t.json", expect=1).stderr
    assert "/dev/full: cannot be written" in run(tokens_flag(), "--trace=/dev/full", expect=1).stderr


def test_prints_tokens_and_speeds():
    lines = run(tokens_flag(), "-n", 6, "--ignore-eos").stdout.splitlines()
    assert lines[0] == ",".join(map(str, greedy(PROMPT, 6))), lines
    assert lines[1].startswith("prefill 11 tokens, ") and lines[1].endswith(" tokens/s"), lines
    assert lines[2].startswith("decode 5 tokens, ") and lines[2].endswith(" tokens/s"), lines


def test_json():
    result = json.loads(run(tokens_flag(), "-n", 3, "--ignore-eos", "--json").stdout)
    assert result["tokens"] == greedy(PROMPT, 3) and result["finish"] == "length" and result["cached"] == 0, result


def test_eos_ends_generation():
    for last in range(VOCABULARY ** 2):
        tokens = PROMPT + [last % VOCABULARY, last // VOCABULARY]
        expected = greedy(tokens, 40)
        if 31 not in expected:
            continue
        with tempfile.TemporaryDirectory() as folder:
            out = os.path.join(folder, "l.npy")
            result = json.loads(run(tokens_flag(tokens), "-n", 40, "--json", f"--logits-out={out}").stdout)
            count = expected.index(31) + 1
            assert result["tokens"] == expected[:count] and result["finish"] == "eos", result
            assert np.load(out).shape == (len(tokens) + count, VOCABULARY)
        return
    raise AssertionError("no prompt leads to the end-of-sequence token")


def test_logits_and_mtp_rows():
    forced = [7, 7, 8, 30, 31, 2]
    fed = PROMPT + forced
    picked = int(np.argmax(logits(fed)[-1]))
    with tempfile.TemporaryDirectory() as folder:
        file = os.path.join(folder, "f")
        with open(file, "w", encoding="ascii") as f:
            f.write("7 7,8\n30\t31 , 2\n")
        for chunk in (1, 2, 7, 1000):
            out, mtp, probes = (os.path.join(folder, name) for name in ("l.npy", "m.npy", "probes"))
            run(tokens_flag(), f"--force-tokens={file}", f"--chunk={chunk}", f"--logits-out={out}",
                f"--mtp-logits-out={mtp}", f"--dump-probes={probes}", "--threads=2", "--debug-placement")
            assert np.array_equal(np.load(out), logits(fed)), chunk
            assert np.array_equal(np.load(mtp), mtp_logits(fed + [picked])), chunk
            assert np.array_equal(np.load(os.path.join(probes, "logits.npy")), logits(fed)), chunk
            assert np.array_equal(np.load(os.path.join(probes, "mtp_logits.npy")), mtp_logits(fed + [picked])), chunk
            streams = np.load(os.path.join(probes, "layers.0.streams.npy"))
            assert streams.dtype == np.float32 and streams.shape == (len(fed), 2), streams.shape
            assert sorted(os.listdir(probes)) == ["layers.0.streams.npy", "logits.npy", "mtp_logits.npy"]


def test_prompt_alone():
    with tempfile.TemporaryDirectory() as folder:
        out, mtp = os.path.join(folder, "l.npy"), os.path.join(folder, "m.npy")
        run(tokens_flag([4]), "-n", 0, f"--logits-out={out}", f"--mtp-logits-out={mtp}")
        assert np.array_equal(np.load(out), logits([4]))
        assert np.array_equal(np.load(mtp), mtp_logits([4, int(np.argmax(logits([4])[-1]))]))


def test_sampling_is_seeded():
    flags = [tokens_flag(), "-n", 20, "--ignore-eos", "--temperature=1000000", "--top-p=0.95", "--json"]
    draw = [json.loads(run(*flags, f"--seed={seed}", *more).stdout)["tokens"]
            for seed, more in ((1, []), (1, ["--chunk=2"]), (2, []))]
    assert draw[0] == draw[1] != draw[2], draw


def test_drafts():
    expected = PROMPT + greedy(PROMPT, 150)
    accepted = 0
    with tempfile.TemporaryDirectory() as folder:
        out, mtp = os.path.join(folder, "l.npy"), os.path.join(folder, "m.npy")
        for depth in (0, 1, 2, 3):
            for last in (1, 2, 3, 4, 150):
                flags = [tokens_flag(), "-n", last, "--ignore-eos", "--json", f"--draft={depth}"]
                done = json.loads(run(*flags, f"--logits-out={out}", f"--mtp-logits-out={mtp}").stdout)
                fed = expected[:len(PROMPT) + last]
                assert done["tokens"] == fed[len(PROMPT):], (depth, last)
                assert np.array_equal(np.load(out), logits(fed)), (depth, last)
                picked = int(np.argmax(logits(fed)[-1]))
                assert np.array_equal(np.load(mtp), mtp_logits(fed + [picked])), (depth, last)
                assert json.loads(run(*flags).stdout)["tokens"] == done["tokens"], (depth, last)
                accepted += done.get("accepted", 0)
                assert ("accepted" in done) == (depth > 0)
        assert accepted > 0
        text = run(tokens_flag(), "-n", 40, "--ignore-eos", "--draft=2").stdout.splitlines()[-1]
        assert text.startswith("drafts ") and ", accepted " in text, text


def test_accepted_drafts():
    # All tokens are equally likely for both: nearly every draft is accepted.
    accepted = 0
    with tempfile.TemporaryDirectory() as folder:
        out, mtp = os.path.join(folder, "l.npy"), os.path.join(folder, "m.npy")
        for seed in range(12):
            done = json.loads(run(tokens_flag(), "-n", 200, "--temperature=1e9", f"--seed={seed}", "--json",
                                  f"--draft={seed % 4}", f"--logits-out={out}", f"--mtp-logits-out={mtp}").stdout)
            tokens = done["tokens"]
            assert (done["finish"] == "eos") == (tokens[-1] == 31) and 31 not in tokens[:-1], tokens
            assert np.array_equal(np.load(out), logits(PROMPT + tokens)), seed
            # The last row goes by a token that is drawn behind the end.
            assert np.array_equal(np.load(mtp)[:-1], mtp_logits(PROMPT + tokens)), seed
            accepted += done.get("accepted", 0)
    assert accepted > 50, accepted


def test_saved_states_go_on():
    flags = ["--ignore-eos", "--json"]
    with tempfile.TemporaryDirectory() as folder:
        for length in (1, 11, 127, 128, 200):
            prompt = (PROMPT * 20)[:length]
            state, mtp, out = (os.path.join(folder, name) for name in ("s", "m.npy", "l.npy"))
            whole = greedy(prompt, 9)
            for more in ([], [f"--mtp-logits-out={mtp}"]):
                first = json.loads(run(tokens_flag(prompt), "-n", 5, *flags, f"--save-state={state}", *more).stdout)
                again = json.loads(run("-n", 4, *flags, f"--load-state={state}", *more).stdout)
                assert first["tokens"] + again["tokens"] == whole, length
                if more:
                    drafted = json.loads(run("-n", 4, *flags, f"--load-state={state}", *more, "--draft=2").stdout)
                    assert drafted["tokens"] == again["tokens"], length
                fed = prompt + whole[:5] + [7, 8, 9]
                result = json.loads(run("--tokens=7,8,9", "-n", 2, *flags, f"--load-state={state}", *more,
                                        f"--logits-out={out}").stdout)
                assert result["tokens"] == greedy(fed, 2), length
                assert np.array_equal(np.load(out), logits(fed + result["tokens"])[length + 5:]), length
            picked = int(np.argmax(logits(fed + result["tokens"])[-1]))
            assert np.array_equal(np.load(mtp), mtp_logits(fed + result["tokens"] + [picked])[length + 5:]), length


def test_probes_behind_a_saved_state():
    with tempfile.TemporaryDirectory() as folder:
        state, whole, rest = (os.path.join(folder, name) for name in ("s", "whole", "rest"))
        fed = (PROMPT * 20)[:150]
        mtp = f"--mtp-logits-out={folder}/m.npy"
        run(tokens_flag(fed), "-n", 3, "--ignore-eos", f"--dump-probes={whole}")
        run(tokens_flag(fed[:140]), "-n", 0, mtp, f"--save-state={state}")
        # Without a prompt the last token is fed once more, and another one follows.
        for first, flags in ((140, [tokens_flag(fed[140:])]), (140, [tokens_flag(fed[140:]), "--chunk=3"]), (139, [])):
            run(*flags, "-n", 3, "--ignore-eos", f"--load-state={state}", f"--dump-probes={rest}")
            assert sorted(os.listdir(rest)) == sorted(os.listdir(whole))
            for name in os.listdir(whole):
                expected, got = (np.load(os.path.join(f, name)) for f in (whole, rest))
                rows = len(expected) - first if flags else name != "mtp_logits.npy"
                assert len(got) == (len(expected) - first if flags else 4), (name, first, flags)
                assert np.array_equal(got[:rows], expected[first:first + rows]), (name, first, flags)


def test_states_that_are_refused():
    with tempfile.TemporaryDirectory() as folder:
        state = os.path.join(folder, "s")
        run(tokens_flag(), "-n", 1, f"--save-state={state}")
        before = file_bytes(state)
        cases = [(["--load-state=/no/such"], "/no/such: "), ([f"--load-state={folder}"], f"{folder}: "),
                 ([f"--load-state={PLAN}"], "is no saved state"),
                 ([f"--load-state={state}", f"--mtp-logits-out={folder}/m"], "was saved without the MTP block"),
                 ([f"--load-state={state}", "-n", 989], "12 saved tokens, 11 prompt tokens and 989 more need a context"),
                 (["-n", 1, f"--save-state={folder}/no/s"], f"--save-state={folder}/no/s cannot be written"),
                 (["-n", 1, f"--save-state={folder}"], f"--save-state={folder} is a folder")]
        for flags, text in cases:
            done = run(tokens_flag(), *flags, expect=1)
            assert text in done.stderr and len(done.stderr.splitlines()) == 1, f"{flags}: {done.stderr!r}"
        with open(state, "wb") as f:
            f.write(before[:-1])
        assert "does not match its checksum" in run(f"--load-state={state}", expect=1).stderr


def file_bytes(path):
    """The bytes of a file."""
    with open(path, "rb") as f:
        return f.read()


def test_refusals():
    refusals = [
        ([tokens_flag([1, 32])], 1, "--tokens: token id 32 at index 1 is outside the vocabulary, 0 to 31"),
        (["--tokens=1,x"], 1, "--tokens: 'x' at index 1 is no token id"),
        (["--tokens=99999999999999999999999"], 1, "--tokens: '99999999999999999999999' at index 0 is no token id"),
        (["--tokens= "], 1, "--tokens: has 0 token ids, expected at least 1"),
        (["--tokens=1,,2"], 1, "--tokens: nothing at index 1 in front of a comma, expected a token id"),
        (["--tokens=,2"], 1, "--tokens: nothing at index 0 in front of a comma"),
        (["--tokens=1, "], 1, "--tokens: nothing behind the last comma"),
        ([], 1, "no prompt"),
        (["--tokens-file=/no/such"], 1, "/no/such: cannot be opened"),
        ([tokens_flag(), "-n", 990], 1, "11 prompt tokens and 990 more need a context of 1001, the plan's is 1000"),
        ([tokens_flag(), "--step-tokens=65"], 1, "--step-tokens=65 is above the plan's 64"),
        ([tokens_flag(), "--logits-out=/no/such/l.npy"], 1, "--logits-out=/no/such/l.npy cannot be written: /no/such: No such file"),
        ([tokens_flag(), "--logits-out=/dev/full"], 1, "/dev/full: cannot be written"),
        ([tokens_flag(), "--threads=5000"], 1, "threads = 5000 is outside [1, 1024]"),
        ([tokens_flag(), "--cache-bytes=10"], 1, "--cache-bytes=10 is too little"),
        ([tokens_flag(), "--draft=4"], 1, "--draft=4 is above the plan's 3; ask for less or compile the plan with "
                                         "--max-draft=4"),
        ([tokens_flag(), "--draft=3", "--step-tokens=3"], 1, "--draft=3 feeds 4 tokens in a step, the budget is 3"),
        ([tokens_flag(), "--draft=1", "--dump-probes=p"], 1, "--draft=1 contradicts --dump-probes"),
        ([tokens_flag(), "--top-p=2"], 1, "--top-p=2"),
        ([tokens_flag(), "-n", -1], 1, "-n"),
        ([tokens_flag(), "--no-such-flag"], 1, "--no-such-flag"),
    ]
    for flag in ("prompt", "tokenizer"):
        refusals.append(([f"--{flag}=x"], 1, f"--{flag} is not yet supported"))
    for flags, code, text in refusals:
        done = run(*flags, expect=code)
        assert text in done.stderr and len(done.stderr.splitlines()) == 1, f"{flags}: {done.stderr!r}, expected {text!r}"
    for flags in ([tokens_flag()], []):
        done = run(*flags, plan="/no/such.v4plan", expect=1)
        assert done.stderr.startswith("v4-run: /no/such.v4plan: "), done.stderr


def batch(folder, lines, *flags, expect=0):
    """Runs a batch file of objects (or raw text); returns the finished process and the results by id."""
    path = os.path.join(folder, "batch.jsonl")
    with open(path, "wb") as f:
        f.write(lines if isinstance(lines, bytes) else "".join(json.dumps(line) + "\n" for line in lines).encode())
    done = run(f"--batch-file={path}", *flags, expect=expect)
    return done, {result["id"]: result for result in map(json.loads, done.stdout.splitlines())}


def hash_of(tokens):
    """What logits_sha256 is for these positions."""
    return hashlib.sha256(logits(tokens).astype("<f4").tobytes()).hexdigest()


def test_batch():
    lines, shared = [], [(i * 7 + i // 5) % 32 for i in range(400)]
    for i in range(20):
        lines.append({"id": i if i % 2 else f"r\u00e9{i}", "tokens": shared[:i * 19] + [i], "n": i % 6,
                      "ignore_eos": i % 3 != 0, "priority": i % 2, "logits_sha256": i % 4 == 0})
    with tempfile.TemporaryDirectory() as folder:
        for flags in ([], ["--step-tokens=1"], ["--step-tokens=7", f"--cache-bytes={4 * 192}", "--chunk=3"],
                      ["--debug-placement", "--threads=2", f"--cache-bytes={100 * 192}"]):
            done, results = batch(folder, lines, *flags)
            assert "v4-run: 20 requests, " in done.stderr and len(done.stderr.splitlines()) == 1, done.stderr
            assert len(results) == 20 == len(done.stdout.splitlines())
            for line in lines:
                result, expected = results[line["id"]], greedy(line["tokens"], line["n"])
                finish = "length"
                if not line["ignore_eos"] and 31 in expected:
                    expected, finish = expected[:expected.index(31) + 1], "eos"
                assert result["tokens"] == expected and result["finish"] == finish, (flags, line, result)
                assert result["cached"] % 128 == 0 and result["cached"] < len(line["tokens"])
                assert result["cached_reason"]
                if line["logits_sha256"]:
                    assert result["logits_sha256"] == hash_of(line["tokens"] + expected), (flags, line)
                    assert result["cached"] == 0
                    assert result["cached_reason"] == "the logits of all tokens were asked for"
                else:
                    assert "logits_sha256" not in result


def test_batch_defaults_and_sampling():
    with tempfile.TemporaryDirectory() as folder:
        _, results = batch(folder, [{"id": 1, "tokens": PROMPT}, {"id": 2, "tokens": PROMPT, "seed": 5, "n": 12},
                                    {"id": 3, "tokens": PROMPT, "temperature": 0, "n": 3}],
                           "-n", 9, "--ignore-eos", "--temperature=1000000", "--top-p=0.95", "--seed=4")
        for key, count, seed, temperature in ((1, 9, 4, 1000000), (2, 12, 5, 1000000), (3, 3, 4, 0)):
            alone = run(tokens_flag(), "-n", count, "--ignore-eos", f"--temperature={temperature}", "--top-p=0.95",
                        f"--seed={seed}", "--json")
            assert results[key]["tokens"] == json.loads(alone.stdout)["tokens"], key


def test_batch_drafts():
    lines = [{"id": i, "tokens": PROMPT * (1 + i), "n": 3 * i, "ignore_eos": i % 2 == 0, "logits_sha256": i % 3 == 0}
             for i in range(8)]
    lines += [{"id": "none", "tokens": PROMPT, "n": 9, "draft": 0}, {"id": "drawn", "tokens": PROMPT, "n": 40,
                                                                     "temperature": 1000000}]
    drawn = json.loads(run(tokens_flag(), "-n", 40, "--ignore-eos", "--temperature=1000000", "--draft=3", "--json").stdout)
    lines[-1]["ignore_eos"] = True
    with tempfile.TemporaryDirectory() as folder:
        for flags in ([], ["--step-tokens=4"], ["--debug-placement", "--threads=2", f"--cache-bytes={8 * 192}"]):
            done, results = batch(folder, lines, "--draft=3", *flags)
            assert ", drafts " in done.stderr and len(done.stderr.splitlines()) == 1, done.stderr
            for line in lines[:-1]:
                result, expected = results[line["id"]], greedy(line["tokens"], line["n"])
                if not line.get("ignore_eos") and 31 in expected:
                    expected = expected[:expected.index(31) + 1]
                assert result["tokens"] == expected, (flags, line, result)
                assert ("drafted" in result) == (line["id"] != "none"), result
                if line.get("logits_sha256"):
                    assert result["logits_sha256"] == hash_of(line["tokens"] + expected), (flags, line)
            for key in ("tokens", "drafted", "accepted"):
                assert results["drawn"][key] == drawn[key], key


def test_batch_keeps_prefixes():
    with tempfile.TemporaryDirectory() as folder:
        tokens, state = (PROMPT * 30)[:300], os.path.join(folder, "state")
        batch(folder, [{"id": 1, "tokens": tokens, "n": 2}], f"--save-state={state}", f"--cache-bytes={100 * 192}")
        _, results = batch(folder, [{"id": 1, "tokens": tokens, "n": 2}], f"--load-state={state}")
        assert results[1]["cached"] == 256 and results[1]["tokens"] == greedy(tokens, 2), results
        assert results[1]["cached_reason"] == "all full pages in front of the last token"
        # Together, one of them computes the beginning.
        _, results = batch(folder, [{"id": i, "tokens": tokens + [i], "n": 2} for i in range(3)])
        assert [results[i]["cached"] for i in range(3)] == [0, 256, 256], results


def test_batch_refusals():
    good = b'{"id":1,"tokens":[1,2]}\n'
    cases = [
        (b"", "batch.jsonl: has 0 requests"), (b"\n \n", "batch.jsonl: has 0 requests"),
        (good + b"\n{]\n", "batch.jsonl:3: no JSON at byte 2"), (b"[1]", "batch.jsonl:1: is [1], expected an object"),
        (b"\xff\xfe", "batch.jsonl:1: no JSON"), (b'{"id":"\xff","tokens":[1]}', "batch.jsonl:1: no JSON"),
        (b"[" * 200000 + b"]" * 200000, "batch.jsonl:1: has more than 16 levels of brackets"),
        (b'{"id":' + b"[" * 200000 + b"]" * 200000 + b',"tokens":[1]}', "1: has more than 16 levels of brackets"),
        (b'{"id":1,"tokens":' + b'{"a":' * 200000 + b"1" + b"}" * 200000 + b"}", "has more than 16 levels"),
        (b'{"id":1,"tokens":[1],"temperature":1e999}', "batch.jsonl:1: has a number that no double holds"),
        (b"{" * 100000, "batch.jsonl:1: no JSON"), (b"[" * 100000, "batch.jsonl:1: no JSON"),
        (b'{"tokens":[1]}', "batch.jsonl:1: has no id"), (b'{"id":[1],"tokens":[1]}', "id is [1], expected a string"),
        (b'{"id":1}', "has no tokens"), (b'{"id":1,"tokens":[]}', "tokens is [], expected an array of at least 1"),
        (b'{"id":1,"tokens":"1,2"}', 'tokens is "1,2", expected an array'),
        (b'{"id":1,"tokens":[1,32]}', "token id 32 at index 1 is outside the vocabulary, 0 to 31"),
        (b'{"id":1,"tokens":[-1]}', "token id -1 at index 0"), (b'{"id":1,"tokens":[1.5]}', "token id 1.5 at index 0"),
        (b'{"id":1,"tokens":[true]}', "token id true"), (b'{"id":1,"tokens":[99999999999999999999]}', "token id 1"),
        (good + good, "batch.jsonl:2: id 1 is that of line 1 too"),
        (b'{"id":1,"id":2,"tokens":[1]}', 'has the key "id" twice'),
        (b'{"id":1,"tokens":[1],"N":3}', 'has the key "N", expected id, tokens, n,'),
        (b'{"id":1,"tokens":[1],"n":-1}', "n is -1, expected an integer from 0"),
        (b'{"id":1,"tokens":[1],"n":1.0}', "n is 1.0, expected an integer"),
        (b'{"id":1,"tokens":[1],"draft":-1}', "draft is -1, expected an integer from 0"),
        (b'{"id":1,"tokens":[1],"n":null}', "n is null"), (b'{"id":1,"tokens":[1],"seed":-1}', "seed is -1"),
        (b'{"id":1,"tokens":[1],"temperature":"hot"}', 'temperature is "hot", expected a number'),
        (b'{"id":1,"tokens":[1],"temperature":-1}', "batch.jsonl:1: "), (b'{"id":1,"tokens":[1],"top_p":2}', "jsonl:1: "),
        (b'{"id":1,"tokens":[1],"logits_sha256":1}', "logits_sha256 is 1, expected true or false"),
        (good + b'{"id":2,"tokens":[1],"n":1000}', "batch.jsonl:2: request: 1 prompt tokens and 1000 more"),
    ]
    with tempfile.TemporaryDirectory() as folder:
        for content, text in cases:
            done, _ = batch(folder, content, expect=1)
            assert text in done.stderr and len(done.stderr.splitlines()) == 1, (content[:60], done.stderr)
            assert not done.stdout, content
        done, _ = batch(folder, [{"id": 1, "tokens": PROMPT * 20, "n": 40}], "--cache-bytes=575", expect=1)
        assert ":1: request: 220 prompt tokens and 40 more need 576 bytes of cache pages, the session has 575" \
            in done.stderr, done.stderr
        batch(folder, [{"id": 1, "tokens": PROMPT * 20, "n": 36}], "--cache-bytes=576")
        for flags, text in (([tokens_flag()], "--batch-file"), (["--step-tokens=65"], "--step-tokens=65 is above"),
                            (["--logits-out=x"], "--batch-file"), (["--top-p=3"], "--top-p=3"),
                            (["--load-state=/no/such"], "/no/such: "), (["--load-state=/dev/zero"], "expected a regular file"),
                            (["--draft=4"], "batch.jsonl:1: request: draft = 4, the plan allows 3;"),
                            (["--draft=1", "--step-tokens=1"], ":1: request: draft = 1 feeds 2 tokens in a step,")):
            done, _ = batch(folder, good, *flags, expect=1)
            assert text in done.stderr and len(done.stderr.splitlines()) == 1, (flags, done.stderr)
        done = run("--batch-file=/no/such", expect=1)
        assert done.stderr.startswith("v4-run: /no/such: cannot be opened"), done.stderr
        assert "cannot be read" in run(f"--batch-file={folder}", expect=1).stderr


def test_batch_output_that_cannot_be_written():
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "b")
        with open(path, "w", encoding="ascii") as f:
            f.write('{"id":1,"tokens":[1,2]}\n')
        with open("/dev/full", "wb") as full:
            done = subprocess.run([TOOL, PLAN, f"--batch-file={path}"], stdout=full, stderr=subprocess.PIPE, check=False)
        assert done.returncode == 1 and b"standard output cannot be written" in done.stderr, done.stderr
        closed = subprocess.run(f"exec '{TOOL}' '{PLAN}' --batch-file='{path}' >&-", shell=True,
                                stderr=subprocess.PIPE, check=False)
        assert closed.returncode == 1 and b"standard output cannot be written" in closed.stderr, closed.stderr


def test_interrupted_batch_prints_what_there_is():
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "b")
        with open(path, "w", encoding="ascii") as f:
            f.write('{"id":0,"tokens":[1],"n":1}\n')
            for i in range(1, 4000):
                f.write(json.dumps({"id": i, "tokens": [1, i % 32], "n": 990, "ignore_eos": True}) + "\n")
        with subprocess.Popen([TOOL, PLAN, f"--batch-file={path}"], stdout=subprocess.PIPE) as process:
            first = json.loads(process.stdout.readline())
            assert first["id"] == 0
            process.send_signal(signal.SIGINT)
            rest = [json.loads(line) for line in process.stdout]
            assert process.wait(60) == -signal.SIGINT
        assert len(rest) == 3999 and rest[-1]["finish"] == "cancelled" and rest[-1]["tokens"] == [], rest[-1]
        assert rest[-1]["cached_reason"] == "it ended before it began", rest[-1]


def test_token_files():
    with tempfile.TemporaryDirectory() as folder:
        file = os.path.join(folder, "f")
        for content, text in ((b"1 2\x003 4", r"'2\x003' at index 1 is no token id"),
                              (b"\x1b[31m\xff\n", r"'\x1b[31m\xff' at index 0 is no token id"),
                              (b"\n", "has 0 token ids, expected at least 1")):
            with open(file, "wb") as f:
                f.write(content)
            for flags in ([f"--tokens-file={file}"], [tokens_flag(), f"--force-tokens={file}"]):
                done = run(*flags, expect=1)
                assert done.stderr.startswith(f"v4-run: {file}: {text}"), done.stderr
        with open(file, "wb") as f:
            f.write(b"7 8 9\n")
        forced = [tokens_flag(), f"--force-tokens={file}"]
        for agreeing in ([], ["-n", 3]):
            assert json.loads(run(*forced, *agreeing, "--json").stdout)["tokens"] == [7, 8, 9]
        for count in (0, 2, 32):
            done = run(*forced, "-n", count, expect=1)
            assert f"-n {count} contradicts --force-tokens={file}, which has 3 token ids" in done.stderr, done.stderr


def test_help_and_version():
    assert "--tokens" in run("--help").stdout
    assert run("--version").stdout.startswith("v4-run ")


if __name__ == "__main__":
    for name, test in sorted(globals().items()):
        if name.startswith("test_"):
            test()
            print(f"{name}: passed")
