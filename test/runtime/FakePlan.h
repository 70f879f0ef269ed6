//===- FakePlan.h - A small legal plan for tests of the runtime -*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef V4_TEST_RUNTIME_FAKEPLAN_H
#define V4_TEST_RUNTIME_FAKEPLAN_H

#include "runtime/exec/Session.h"

#include <atomic>

namespace v4::test {

inline constexpr uint32_t kVocabulary = 32;
inline constexpr uint32_t kWeight = 5;

/// What a test wants to differ. State rings hold three rows more than is read, whatever maxDraft says.
struct FakeOptions {
  uint32_t maxTokens = 64;
  uint32_t maxSequences = 3;
  uint32_t maxContext = 1000;
  uint32_t maxDraft = 1;
  std::vector<std::string> features;
  std::string firstSymbol = "fake_scan";
  uint64_t imageBytes = 0;     ///< Not 0: a plan for a GPU, with code of that size.
  uint64_t lastImageBytes = 0; ///< Not 0: of the image of the last kernel, which lies where the others do.
  bool calls = false;          ///< Of a plan for a GPU: one kernel has a call, whose arguments lie as all others do.
  bool variants = false;       ///< With `calls`: that kernel has variants for one sequence and for two.
  uint32_t cluster = 1;        ///< With `calls`: blocks of a cluster of that kernel and its variants.
  bool sampling = false;       ///< Of a plan for a GPU: it picks tokens.
  bool rates = false;          ///< Of a plan for a GPU: it has kernels that no launch has, which measure tensor cores.
  bool twinLogits = false;     ///< A second launch computes logits into a buffer of its own, in the phase of the first.
};

/// The metadata section.
flatbuffers::DetachedBuffer buildFakeMetadata(const FakeOptions &options = {});

/// A whole file, whose code section is `object`.
std::vector<uint8_t> buildFakePlan(const FakeOptions &options, const std::vector<uint8_t> &object);

/// Program and kernels of this process, ready for sessions.
class FakeProgram {
public:
  explicit FakeProgram(const FakeOptions &options = {});
  const RunnableProgram &runnable() const { return program; }

private:
  flatbuffers::DetachedBuffer metadata;
  std::vector<const uint8_t *> weights;
  std::vector<v4_kernel_fn> kernels;
  RunnableProgram program;
};

/// What the kernels compute for the last of `tokens`.
std::vector<float> expectedLogits(const std::vector<int32_t> &tokens);
/// The same for the MTP row of the last token.
std::vector<float> expectedMtpLogits(const std::vector<int32_t> &tokens);
/// MTP logits of a draft of the last token, the last `drafts` tokens being drafts.
std::vector<float> expectedDraft(const std::vector<int32_t> &tokens, size_t drafts);

/// Calls of operator new in this process, but those that the played driver makes; in session.cpp.
extern std::atomic<uint64_t> allocations;
extern bool (*driverRuns)(); ///< On this thread; null = there is none.

/// Pseudo-random token ids.
std::vector<int32_t> somePrompt(size_t length, uint32_t seed);

} // namespace v4::test

#endif // V4_TEST_RUNTIME_FAKEPLAN_H
