//===- Instruction.cpp - Instructions of bf16 and tiles, decoded ----------===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "test/emulation/Instruction.h"

#include <cstring>

using namespace v4::emulation;

namespace {

/// The bits that a prefix adds to register numbers; those of the encoding are inverted.
struct Extension {
  unsigned reg, index, base;
};

/// Map, register bits, vvvv and width; false when the bytes are another instruction. `at` moves behind the prefix.
bool decodePrefix(const uint8_t *&at, Instruction &out, Extension &more) {
  auto flipped = [](unsigned byte, unsigned bit) { return ~byte >> bit & 1u; };
  out.isEvex = at[0] == 0x62;
  if (!out.isEvex && at[0] != 0xc4)
    return false;
  unsigned p0 = at[1], p1 = at[2], map = out.isEvex ? p0 & 7 : p0 & 31;
  more = {flipped(p0, 7) << 3, flipped(p0, 6) << 3, flipped(p0, 5) << 3};
  out.second = static_cast<uint8_t>(~p1 >> 3 & 15u);
  out.prefix = p1 & 3;
  if (map != 2 || p1 >> 7)
    return false;
  out.bytes = 16;
  out.maskBy = 0;
  out.zeroing = out.broadcast = false;
  if (out.isEvex) {
    unsigned p2 = at[3];
    more.reg |= flipped(p0, 4) << 4;
    out.second |= static_cast<uint8_t>(flipped(p2, 3) << 4);
    out.maskBy = p2 & 7;
    out.zeroing = p2 >> 7;
    out.broadcast = p2 >> 4 & 1;
    out.bytes = static_cast<uint8_t>(16u << (p2 >> 5 & 3));
  }
  at += out.isEvex ? 4 : 3;
  return true;
}

/// ModRM, SIB and displacement; `scale` is what a displacement of one byte counts in.
void decodeMemory(const SignalFrame &frame, const uint8_t *&at, unsigned mode, unsigned rm, const Extension &more,
                  unsigned scale, Instruction &out) {
  uint64_t base = 0;
  bool ripRelative = mode == 0 && rm == 5, noBase = false;
  out.stride = 0;
  if (rm == 4) {
    unsigned sib = *at++, index = (sib >> 3 & 7) | more.index;
    noBase = mode == 0 && (sib & 7) == 5;
    if (index != 4)
      out.stride = frame.general(index) << (sib >> 6);
    base = noBase ? 0 : frame.general((sib & 7) | more.base);
  } else if (!ripRelative) {
    base = frame.general(rm | more.base);
  }
  if (mode == 1) {
    base += static_cast<uint64_t>(int64_t(static_cast<int8_t>(*at++)) * scale);
  } else if (mode == 2 || ripRelative || noBase) {
    int32_t displacement;
    std::memcpy(&displacement, at, 4);
    at += 4;
    base += static_cast<uint64_t>(int64_t(displacement));
  }
  out.address = base + (ripRelative ? reinterpret_cast<uint64_t>(at) : 0);
}

} // namespace

bool Instruction::decode(const SignalFrame &frame, Instruction &out) {
  const uint8_t *begin = frame.instruction(), *at = begin;
  Extension more;
  if (!decodePrefix(at, out, more))
    return false;
  out.opcode = *at++;
  unsigned modrm = *at++, mode = modrm >> 6, rm = modrm & 7;
  out.reg = static_cast<uint8_t>((modrm >> 3 & 7) | more.reg);
  out.hasMemory = mode != 3;
  // The register operand's fifth bit is that of the index.
  out.rm = static_cast<uint8_t>(rm | more.base | (out.isEvex ? more.index << 1 : 0));
  if (out.hasMemory)
    decodeMemory(frame, at, mode, rm, more, !out.isEvex ? 1 : out.broadcast ? 4 : out.bytes, out);
  out.length = static_cast<uint8_t>(at - begin);
  return true;
}
