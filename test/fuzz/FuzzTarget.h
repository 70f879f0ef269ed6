//===- FuzzTarget.h - What a fuzz target gives ------------------*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A target is one file: makeSeeds() and libFuzzer's functions. FuzzTarget.cpp adds
// the start: with V4_FUZZ_SEEDS=DIR the target writes its seeds there and ends, so
// that the repository holds no seed that code can make.
//
//===----------------------------------------------------------------------===//

#ifndef V4_TEST_FUZZ_FUZZTARGET_H
#define V4_TEST_FUZZ_FUZZTARGET_H

#include <cstddef>
#include <cstdint>
#include <random>
#include <string>
#include <vector>

/// libFuzzer's own mutations, in place; gives the new size, at most `most`.
extern "C" size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t most);

namespace v4::fuzz {

using ByteString = std::vector<uint8_t>;

/// Good inputs.
std::vector<ByteString> makeSeeds();

/// Random choices of one call of a mutator.
class Choice {
public:
  explicit Choice(unsigned seed) : random(seed) {}
  /// 0 .. count - 1; 0 for none.
  uint64_t below(uint64_t count) { return count ? random() % count : 0; }
  bool oneIn(uint64_t count) { return below(count) == 0; }
  /// A value that limits break at: small, a power of two, one less, near `near`.
  uint64_t value(uint64_t near = 0);

private:
  std::mt19937_64 random;
};

/// libFuzzer's mutations of `bytes`, which may grow to `most`.
void mutateBytes(ByteString &bytes, size_t most);
/// A word of 1, 2, 4 or 8 bytes, aligned to its size, becomes a value that limits break at.
void mutateWord(ByteString &bytes, Choice &choice);
/// Copies `bytes` out when they fit; gives their size, else `size`.
size_t put(const ByteString &bytes, uint8_t *data, size_t size, size_t most);
inline ByteString bytesOf(const std::string &text) { return {text.begin(), text.end()}; }

/// A file of this process, in memory where there is such a folder. Gone when the process ends.
class ScratchFile {
public:
  explicit ScratchFile(const char *name);
  ~ScratchFile();
  const std::string &path() const { return place; }
  /// Becomes `bytes`, then zeros up to `size`.
  void write(const uint8_t *bytes, size_t count, uint64_t size) const;

private:
  std::string place;
};

/// Keeps the compiler from leaving out what made `value`.
inline void use(uint64_t value) { asm volatile("" ::"r"(value)); }

} // namespace v4::fuzz

#endif // V4_TEST_FUZZ_FUZZTARGET_H
