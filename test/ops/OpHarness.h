//===- OpHarness.h - Runs v4 ops by their decomposition ---------*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A test writes a function of v4 ops as text, compiles it once and runs it on
// ragged steps:
//
//   auto program = OpProgram::compile("func.func @f(%x: ...) -> ... { ... }");
//   Sequences sequences(3, 400, pageBytes, stateBytes);
//   Step step(sequences, {{/*sequence=*/2, /*start=*/0, /*count=*/70}, {0, 5, 1}});
//   program->run(step, {x.data()}, {y.data()}, /*parts=*/3);
//
// Caches are plain byte buffers of sequences.pageArea() or stateArea() bytes,
// one per pool. To add a test for an op: compute the same in double, from
// values that a generator gives per absolute position, and compare.
//
//===----------------------------------------------------------------------===//

#ifndef V4_TEST_OPS_OPHARNESS_H
#define V4_TEST_OPS_OPHARNESS_H

#include "runtime/plan/KernelAbi.h"
#include "test/emulation/HighestLevel.h"

#include <cmath>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

namespace v4::test {

/// Where the caches of several sequences lie. Pages are scattered, so that a kernel that forgets the table fails.
class Sequences {
public:
  Sequences(int64_t count, int64_t context, int64_t pageBytes, int64_t stateBytes);

  int64_t pages() const { return pagesPerSequence; }
  size_t pageArea() const { return size_t(count * pagesPerSequence * pageBytes); }
  size_t stateArea() const { return size_t(count * stateBytes); }
  int64_t pageOffset(int64_t sequence, int64_t page) const;
  int64_t stateOffset(int64_t sequence) const { return (count - 1 - sequence) * stateBytes; }
  int64_t context() const { return pagesPerSequence * 128; }

private:
  int64_t count, pagesPerSequence, pageBytes, stateBytes;
};

/// Tokens [start, start + count) of a sequence.
struct Span {
  int64_t sequence, start, count;
};

/// The step block of one ragged step, one slot per span.
struct Step {
  Step(const Sequences &sequences, std::vector<Span> spans);

  int64_t tokens() const { return counts[plan::kCountTokens]; }
  const void *field(plan::StepField which) const;

  std::vector<Span> spans;
  std::vector<int64_t> counts, pageOffsets, stateOffsets;
  std::vector<int32_t> tokenIds, positions, tokenSlots, slotRows, slotStarts;
  std::vector<int32_t> chunks4Slots, chunks4Indices, chunks128Slots, chunks128Indices, logitsRows;
};

/// Which kernels a program is made of.
enum class Kernels {
  Decomposed, ///< Every op by its definition.
  Tuned,      ///< Tuned where there is one; none at all is a failure.
};

/// A compiled function of v4 ops.
class OpProgram {
public:
  /// Compiles the one public function of `text` for the highest level, or for the one called `level`. Records a
  /// test failure and returns null when that fails.
  static std::unique_ptr<OpProgram> compile(const std::string &text, const std::string &level = "",
                                            Kernels kernels = Kernels::Decomposed);
  ~OpProgram();

  /// Runs all launches in order. `arguments` and `results` are those of the function; an argument with a #v4.panels
  /// encoding is given row-major and packed here. Every launch is cut into `parts` ranges of workgroups, which run
  /// last to first.
  void run(const Step &step, const std::vector<const void *> &arguments, const std::vector<void *> &results,
           int64_t parts = 1) const;

private:
  struct Launch;
  struct Impl;
  explicit OpProgram(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl;
};

//===----------------------------------------------------------------------===//
// Numbers
//===----------------------------------------------------------------------===//

using Bf16 = uint16_t;

inline float fromBits(uint32_t bits) {
  float value;
  std::memcpy(&value, &bits, 4);
  return value;
}
inline uint32_t toBits(float value) {
  uint32_t bits;
  std::memcpy(&bits, &value, 4);
  return bits;
}
inline float fromBf16(Bf16 value) { return fromBits(uint32_t(value) << 16); }
/// Nearest, ties to even. REQUIRES: no NaN.
inline Bf16 toBf16(float value) {
  uint32_t bits = toBits(value);
  return Bf16((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16);
}
inline float roundBf16(float value) { return fromBf16(toBf16(value)); }

/// Value of an e4m3 code, NaN included.
float fromE4m3(uint8_t code);
/// Value of an e2m1 code.
float fromE2m1(uint8_t code);

/// A number in [-1, 1) that depends on the key alone, so that tests can make the same value at the same absolute
/// position however a step is cut.
float randomReal(uint64_t stream, uint64_t a, uint64_t b = 0, uint64_t c = 0);
uint64_t randomBits(uint64_t stream, uint64_t a, uint64_t b = 0, uint64_t c = 0);

} // namespace v4::test

#endif // V4_TEST_OPS_OPHARNESS_H
