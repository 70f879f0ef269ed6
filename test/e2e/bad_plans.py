"""Ways in which a plan can be wrong, as functions from good bytes to bad ones.

Offsets follow runtime/plan/Format.h; hashes are BLAKE2b-256."""

import hashlib
import struct

HEADER_BYTES, SECTIONS_AT, PLAN_HASH_AT, HEADER_HASH_AT = 192, 32, 112, 160
METADATA, CODE, TABLES, HASHES, WEIGHTS = range(5)


def digest(data):
    """The hash that plans use."""
    return hashlib.blake2b(bytes(data), digest_size=32).digest()


def section(plan, kind):
    """(offset, bytes) of one section."""
    return struct.unpack_from("<QQ", plan, SECTIONS_AT + 16 * kind)


def seal(plan):
    """Recomputes the hashes of a changed plan."""
    def bytes_of(kind):
        offset, size = section(plan, kind)
        return plan[offset:offset + size]
    hashes = b"".join(digest(bytes_of(kind)) for kind in (METADATA, CODE, TABLES, HASHES))
    plan[PLAN_HASH_AT:PLAN_HASH_AT + 32] = digest(hashes)
    plan[HEADER_HASH_AT:HEADER_HASH_AT + 32] = digest(plan[:HEADER_HASH_AT])
    return plan


def renamed(plan, names):
    """A plan whose metadata has other strings of the same length, {old: new} as bytes; all hashes are right."""
    begin, length = section(plan, METADATA)
    metadata = bytes(plan[begin:begin + length])
    for old, new in names.items():
        assert len(old) == len(new) and old + b"\0" in metadata, (old, new)
        metadata = metadata.replace(b"\0" + old + b"\0", b"\0" + new + b"\0")
    plan[begin:begin + length] = metadata
    code, code_length = section(plan, CODE)
    plan[code + code_length - 32:code + code_length] = digest(metadata)
    return seal(plan)


def header_field(offset, fmt, value):
    """A header field gets a value; hashes are recomputed."""
    def damage(plan):
        struct.pack_into(fmt, plan, offset, value)
        return seal(plan)
    return damage


def flip(kind, at):
    """One bit of a section changes: `at` is a fraction of it."""
    def damage(plan):
        offset, size = section(plan, kind)
        plan[offset + int((size - 1) * at)] ^= 0x10
        return plan
    return damage


def flip_header(offset):
    """One bit of the header changes."""
    def damage(plan):
        plan[offset] ^= 1
        return plan
    return damage


def cut(size):
    """The file is cut; a negative size counts from its end."""
    return lambda plan: plan[:size]


def grow(plan):
    """A byte follows the last section."""
    return plan + b"\0"


def other_feature(plan):
    """The plan asks for a CPU feature that no CPU has."""
    offset, size = section(plan, METADATA)
    at = plan.find(b"avx2\0", offset, offset + size)
    if at < 0:
        raise AssertionError("the plan lists no feature avx2")
    plan[at:at + 4] = b"avx9"
    return seal(plan)


def scribble(start, step):
    """Metadata is overwritten here and there and sealed again: validation must refuse it or accept it, not crash."""
    def damage(plan):
        offset, size = section(plan, METADATA)
        for i in range(start, size, step):
            plan[offset + i] = (plan[offset + i] * 31 + i) & 0xFF
        return seal(plan)
    return damage


# name, damage, exit code, patterns
CASES = [
    ("empty file", cut(0), 1, []),
    ("cut in the magic", cut(5), 1, []),
    ("cut in the header", cut(100), 1, []),
    ("cut behind the header", cut(HEADER_BYTES), 1, []),
    ("cut in the weights", cut(-4096), 1, [r"\d"]),
    ("one byte short", cut(-1), 1, [r"\d"]),
    ("one byte more", grow, 1, [r"\d"]),
    ("not a plan", lambda plan: bytearray(b"hello, this is a text file\n" * 40), 1, ["plan"]),
    ("format version too new", header_field(8, "<I", 99), 1, ["version", "99"]),
    ("format version 0", header_field(8, "<I", 0), 1, ["version", "0"]),
    ("other ABI", header_field(12, "<I", 77), 1, ["77"]),
    ("unknown feature bit", header_field(16, "<Q", 1 << 40), 1, ["feature"]),
    ("magic altered", flip_header(2), 1, []),
    ("header altered", flip_header(40), 1, []),
    ("header hash altered", flip_header(170), 1, ["hash|altered|damaged"]),
    ("missing CPU feature", other_feature, 3, ["avx9"]),
]
CASES += [(f"metadata altered at {at}", flip(METADATA, at), 1, ["metadata"]) for at in (0, 0.3, 0.7, 1)]
CASES += [(f"code altered at {at}", flip(CODE, at), 1, ["code"]) for at in (0, 0.5, 1)]
CASES += [(f"tables altered at {at}", flip(TABLES, at), 1, ["table"]) for at in (0, 0.5, 1)]
SEALED = [(f"metadata scribbled from {start} by {step}", scribble(start, step))
          for start, step in ((0, 1), (0, 97), (40, 211), (100, 509), (3, 1009), (777, 2003), (12, 4001))]
