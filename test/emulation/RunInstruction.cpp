//===- RunInstruction.cpp - One instruction of bf16 or tiles --------------===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "test/emulation/RunInstruction.h"

#include "test/emulation/Instruction.h"

#include <cstring>

#include <xmmintrin.h>

using namespace v4::emulation;

static Vector operand(const SignalFrame &frame, const Instruction &op) {
  if (!op.hasMemory)
    return frame.vector(op.rm);
  Vector value = {};
  const void *memory = reinterpret_cast<const void *>(op.address + op.stride);
  if (!op.broadcast) {
    std::memcpy(value.bytes, memory, op.bytes);
    return value;
  }
  uint32_t element;
  std::memcpy(&element, memory, 4);
  for (uint32_t &lane : value.d)
    lane = element;
  return value;
}

/// Writes the first `bytes` of a result: elements that the mask leaves out stay or become zeros, what is above zeros.
static void write(SignalFrame &frame, const Instruction &op, const Vector &result, unsigned elementBytes,
                  unsigned bytes) {
  Vector old = frame.vector(op.reg), value = {};
  uint64_t mask = op.maskBy ? frame.mask(op.maskBy) : ~uint64_t(0);
  for (unsigned i = 0; i < bytes / elementBytes; ++i) {
    const Vector &from = mask >> i & 1 ? result : old;
    if ((mask >> i & 1) || !op.zeroing)
      std::memcpy(value.bytes + i * elementBytes, from.bytes + i * elementBytes, elementBytes);
  }
  frame.setVector(op.reg, value);
}

static bool runVector(SignalFrame &frame, const Instruction &op) {
  Vector result = {}, last = operand(frame, op);
  unsigned lanes = op.bytes / 4;
  if (op.opcode == 0x52 && op.prefix == 2) {
    result = frame.vector(op.reg);
    addDots(result, frame.vector(op.second), last);
    write(frame, op, result, 4, op.bytes);
    return true;
  }
  if (op.opcode != 0x72 || op.prefix < 2)
    return false;
  for (unsigned i = 0; i < lanes; ++i)
    result.w[i] = narrow(last.f[i]);
  if (op.prefix == 2) { // vcvtneps2bf16
    write(frame, op, result, 2, op.bytes / 2);
    return true;
  }
  Vector upper = frame.vector(op.second); // vcvtne2ps2bf16
  for (unsigned i = 0; i < lanes; ++i)
    result.w[lanes + i] = narrow(upper.f[i]);
  write(frame, op, result, 2, op.bytes);
  return true;
}

static bool runTiles(const Instruction &op, Tiles &tiles) {
  unsigned tile = op.reg & 7;
  switch (op.opcode << 4 | op.prefix << 1 | static_cast<int>(op.hasMemory)) {
  case 0x491: // ldtilecfg
    tiles.configure(reinterpret_cast<const uint8_t *>(op.address + op.stride));
    return true;
  case 0x490: // tilerelease
    tiles.release();
    return true;
  case 0x493: // sttilecfg
    std::memcpy(reinterpret_cast<void *>(op.address + op.stride), tiles.configuration, sizeof(tiles.configuration));
    return true;
  case 0x496: // tilezero
    std::memset(tiles.data[tile], 0, sizeof(tiles.data[tile]));
    return true;
  case 0x4b7: // tileloadd
  case 0x4b3: // tileloaddt1
    tiles.load(tile, op.address, op.stride);
    return true;
  case 0x4b5: // tilestored
    tiles.store(tile, op.address, op.stride);
    return true;
  case 0x5c4: // tdpbf16ps
    tiles.addDots(tile, op.rm & 7, op.second & 7);
    return true;
  default:
    return false;
  }
}

bool v4::emulation::runInstruction(SignalFrame &frame, Tiles &tiles) {
  Instruction op;
  _mm_setcsr(kFlushing);
  if (!Instruction::decode(frame, op) || !(op.isEvex ? runVector(frame, op) : runTiles(op, tiles)))
    return false;
  frame.skip(op.length);
  return true;
}
