//===- Instruction.h - Instructions of bf16 and tiles, decoded --*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Of the map 0F 38: what AVX512-BF16 encodes with EVEX and AMX with VEX, by the
// manual of the architecture. No segment or address-size prefixes: compilers set none.
//
//===----------------------------------------------------------------------===//

#ifndef V4_TEST_EMULATION_INSTRUCTION_H
#define V4_TEST_EMULATION_INSTRUCTION_H

#include "test/emulation/SignalFrame.h"

namespace v4::emulation {

struct Instruction {
  bool isEvex;
  uint8_t opcode;
  uint8_t prefix; ///< 0 none, 1 = 66, 2 = F3, 3 = F2.
  uint8_t bytes;  ///< Of a vector: 16, 32 or 64.
  uint8_t reg;    ///< Of ModRM.reg.
  uint8_t second; ///< Of vvvv.
  uint8_t rm;     ///< Of ModRM.rm, if a register.
  uint8_t maskBy; ///< A mask register; 0 = none.
  bool zeroing;   ///< What the mask leaves out becomes 0.
  bool broadcast; ///< The memory operand is one element.
  bool hasMemory;
  uint8_t length;   ///< In bytes.
  uint64_t address; ///< Of memory, but the index where it is a stride.
  uint64_t stride;  ///< Index times scale: of tiles in memory.

  /// False when it is none of the map.
  static bool decode(const SignalFrame &frame, Instruction &out);
};

} // namespace v4::emulation

#endif // V4_TEST_EMULATION_INSTRUCTION_H
