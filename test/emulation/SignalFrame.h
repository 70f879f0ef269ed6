//===- SignalFrame.h - Registers of an interrupted instruction --*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Linux saves the registers of a thread on the stack of its signal handler and loads
// them again behind it: general ones in the context, vectors in an XSAVE area in the
// standard form, each component where CPUID leaf 13 says.
//
//===----------------------------------------------------------------------===//

#ifndef V4_TEST_EMULATION_SIGNALFRAME_H
#define V4_TEST_EMULATION_SIGNALFRAME_H

#include <cstdint>

#include <ucontext.h>

namespace v4::emulation {

/// 512 bits.
union Vector {
  float f[16];
  uint32_t d[16];
  uint16_t w[32];
  uint8_t bytes[64];
};

class SignalFrame {
public:
  explicit SignalFrame(ucontext_t &context);

  /// Of zmm0 to zmm31.
  Vector vector(unsigned number) const;
  void setVector(unsigned number, const Vector &value);
  /// Of k0 to k7.
  uint64_t mask(unsigned number) const;

  /// By the number that instructions encode: rax, rcx, rdx, rbx, rsp, rbp, rsi, rdi, r8 to r15.
  uint64_t general(unsigned number) const;
  const uint8_t *instruction() const;
  void skip(unsigned bytes);

private:
  enum Component { HighOfYmm = 2, Masks = 5, HighOfZmm = 6, UpperZmm = 7 };
  /// Registers at their initial value may be missing from the area.
  bool isSaved(Component component) const;
  uint8_t *at(Component component, unsigned bytes) const;

  ucontext_t &context;
  uint8_t *area; ///< XSAVE: 512 bytes of the old form, a header, components.
};

} // namespace v4::emulation

#endif // V4_TEST_EMULATION_SIGNALFRAME_H
