//===- PlanParts.h - A plan taken apart and put together --------*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef V4_TEST_FUZZ_PLANPARTS_H
#define V4_TEST_FUZZ_PLANPARTS_H

#include "test/fuzz/FuzzTarget.h"
#include "test/plan/FakePlan.h"

namespace v4::fuzz {

/// Sections of a plan. Put together, offsets, seal, hashes and signature are right.
struct PlanParts {
  plan::Header header = {};
  ByteString sections[plan::kSectionCount];

  /// False: the header names sections that are not there.
  static bool take(const uint8_t *data, size_t size, PlanParts &out);
  /// `seal`: the code accepts the metadata.
  ByteString join(bool seal) const;
};

/// Hashes and signature are those of the sections, as far as these are there; nothing else changes.
void rehash(ByteString &file);

/// One typed change of a program: a field gets an odd value, an element is doubled, moved or left out.
void changeProgram(plan::fb::ProgramT &program, Choice &choice);

} // namespace v4::fuzz

#endif // V4_TEST_FUZZ_PLANPARTS_H
