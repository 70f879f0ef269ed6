//===- LaunchRecorderTest.cpp - What launches wrote, and left unwritten ---===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tools/certify/LaunchRecorder.h"
#include "test/plan/FakePlan.h"

#include <gtest/gtest.h>

using namespace v4;
using namespace v4::certify;
using namespace v4::plan::test;

namespace {

constexpr uint64_t kTokens = 3, kWritten = kHidden / 2;

/// Plays the launches of the made-up plan in memory of its own: each writes the first half of every row.
class Player {
public:
  explicit Player(uint8_t stale) : program(*plan::fb::GetProgram(metadata.data())), recorder(program) {
    counts[plan::kCountTokens] = kTokens;
    hidden.assign(kTokens * kHidden * 2, stale);
    mixed.assign(kTokens * kHidden * 4, stale);
  }

  /// embed_0, then attend_0.
  LaunchRecords play() {
    recorder.begin({0, 0, kTokens});
    run(0, {nullptr, nullptr, hidden.data()}, 2, hidden);
    run(2, {hidden.data(), nullptr, nullptr, nullptr, mixed.data()}, 4, mixed);
    return recorder.finish();
  }

  /// The same launch twice: what the first time wrote must be there behind the second.
  std::vector<uint8_t> playTwice() {
    recorder.begin({0, 0, kTokens});
    run(0, {nullptr, nullptr, hidden.data()}, 2, hidden);
    void *bindings[] = {nullptr, nullptr, hidden.data()};
    tell(recorder.sink().before, 0, bindings);
    return hidden;
  }

private:
  void run(uint32_t launch, std::vector<void *> bindings, uint64_t valueBytes, std::vector<uint8_t> &out) {
    tell(recorder.sink().before, launch, bindings.data());
    for (uint64_t row = 0; row < kTokens; ++row)
      for (uint64_t i = 0; i < kWritten * valueBytes; ++i)
        out[row * kHidden * valueBytes + i] = static_cast<uint8_t>(i % 2 ? 0x3F : i + row);
    tell(recorder.sink().receive, launch, bindings.data());
  }

  void tell(void (*call)(void *, const LaunchSpan &), uint32_t launch, void *const *bindings) {
    LaunchSpan span = {};
    span.launch = launch;
    span.bindings = bindings;
    span.counts = counts;
    call(&recorder, span);
  }

  std::vector<uint8_t> metadata = FakePlan().metadata();
  const plan::fb::Program &program;
  LaunchRecorder recorder;
  int64_t counts[plan::kCountEntries] = {};
  std::vector<uint8_t> hidden, mixed;
};

TEST(LaunchRecorderTest, WhatNobodyWritesIsTheSameEverywhere) {
  LaunchRecords one = Player(0x11).play(), two = Player(0x42).play();
  ASSERT_EQ(one.outputs.size(), 2u);
  ASSERT_EQ(two.outputs.size(), 2u);
  for (size_t i = 0; i < 2; ++i) {
    const ProbeRecord &a = one.outputs[i].record, &b = two.outputs[i].record;
    ASSERT_EQ(a.rows.size(), kTokens) << a.name;
    EXPECT_EQ(a.sketch, b.sketch) << a.name;
    for (size_t row = 0; row < kTokens; ++row)
      EXPECT_EQ(a.rows[row].hash, b.rows[row].hash) << a.name << " row " << row;
    EXPECT_GT(a.rms, 0);
  }
}

/// A foreign plan may have two launches that each write a part.
TEST(LaunchRecorderTest, WhatTheStepHasWrittenStays) {
  std::vector<uint8_t> left = Player(0x11).playTwice();
  EXPECT_EQ(left[1], 0x3F);
  EXPECT_EQ(left.back(), 0);
}

} // namespace
