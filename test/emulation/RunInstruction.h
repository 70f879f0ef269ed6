//===- RunInstruction.h - One instruction of bf16 or tiles ------*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef V4_TEST_EMULATION_RUNINSTRUCTION_H
#define V4_TEST_EMULATION_RUNINSTRUCTION_H

#include "test/emulation/Products.h"

namespace v4::emulation {

/// Computes what the frame's next instruction does, and goes behind it. False, with nothing changed, when it is none
/// of vdpbf16ps, vcvtneps2bf16, vcvtne2ps2bf16 and AMX. Sets the rounding of the thread.
bool runInstruction(SignalFrame &frame, Tiles &tiles);

} // namespace v4::emulation

#endif // V4_TEST_EMULATION_RUNINSTRUCTION_H
