//===- SignalFrame.cpp - Registers of an interrupted instruction ----------===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "test/emulation/SignalFrame.h"

#include <cstring>

#include <cpuid.h>

using namespace v4::emulation;

static constexpr unsigned kXmmOffset = 160, kHeaderOffset = 512;

SignalFrame::SignalFrame(ucontext_t &context)
    : context(context), area(reinterpret_cast<uint8_t *>(context.uc_mcontext.fpregs)) {}

bool SignalFrame::isSaved(Component component) const {
  uint64_t saved;
  std::memcpy(&saved, area + kHeaderOffset, sizeof(saved));
  return saved >> component & 1;
}

uint8_t *SignalFrame::at(Component component, unsigned bytes) const {
  static unsigned offsets[8];
  if (!offsets[component]) {
    unsigned size, ignored, unused;
    __cpuid_count(13, component, size, offsets[component], ignored, unused);
  }
  return area + offsets[component] + bytes;
}

Vector SignalFrame::vector(unsigned number) const {
  Vector value;
  std::memset(&value, 0, sizeof(value));
  if (number >= 16) {
    if (isSaved(UpperZmm))
      std::memcpy(value.bytes, at(UpperZmm, (number - 16) * 64), 64);
    return value;
  }
  std::memcpy(value.bytes, area + kXmmOffset + number * 16, 16);
  if (isSaved(HighOfYmm))
    std::memcpy(value.bytes + 16, at(HighOfYmm, number * 16), 16);
  if (isSaved(HighOfZmm))
    std::memcpy(value.bytes + 32, at(HighOfZmm, number * 32), 32);
  return value;
}

void SignalFrame::setVector(unsigned number, const Vector &value) {
  // Bits of what is written: SSE (1) and its extensions.
  auto save = [&](Component component, unsigned count, unsigned size) {
    if (!isSaved(component))
      std::memset(at(component, 0), 0, count * size);
    uint64_t saved;
    std::memcpy(&saved, area + kHeaderOffset, sizeof(saved));
    saved |= uint64_t(1) << component | 2;
    std::memcpy(area + kHeaderOffset, &saved, sizeof(saved));
  };
  if (number >= 16) {
    save(UpperZmm, 16, 64);
    std::memcpy(at(UpperZmm, (number - 16) * 64), value.bytes, 64);
    return;
  }
  save(HighOfYmm, 16, 16);
  save(HighOfZmm, 16, 32);
  std::memcpy(area + kXmmOffset + number * 16, value.bytes, 16);
  std::memcpy(at(HighOfYmm, number * 16), value.bytes + 16, 16);
  std::memcpy(at(HighOfZmm, number * 32), value.bytes + 32, 32);
}

uint64_t SignalFrame::mask(unsigned number) const {
  uint64_t value = 0;
  if (isSaved(Masks))
    std::memcpy(&value, at(Masks, number * 8), 8);
  return value;
}

uint64_t SignalFrame::general(unsigned number) const {
  static constexpr int kOrder[16] = {REG_RAX, REG_RCX, REG_RDX, REG_RBX, REG_RSP, REG_RBP, REG_RSI, REG_RDI,
                                     REG_R8,  REG_R9,  REG_R10, REG_R11, REG_R12, REG_R13, REG_R14, REG_R15};
  return static_cast<uint64_t>(context.uc_mcontext.gregs[kOrder[number]]);
}

const uint8_t *SignalFrame::instruction() const {
  return reinterpret_cast<const uint8_t *>(context.uc_mcontext.gregs[REG_RIP]);
}

void SignalFrame::skip(unsigned bytes) { context.uc_mcontext.gregs[REG_RIP] += bytes; }
