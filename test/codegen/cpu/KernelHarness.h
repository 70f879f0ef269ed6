//===- KernelHarness.h - Compiles kernels and calls them --*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef V4_TEST_CODEGEN_CPU_KERNELHARNESS_H
#define V4_TEST_CODEGEN_CPU_KERNELHARNESS_H

#include "codegen/cpu/CompileKernels.h"

#include <cstring>
#include <string>
#include <vector>

namespace v4test {

/// Result of compiling MLIR text: the code, or the diagnostics.
struct Compilation {
  v4::CompiledKernels code;
  std::string errors;
};

Compilation compileText(const std::string &text, const v4::CpuLevel &level, unsigned threads = 1);

/// Kernels of one shared object, loaded from memory.
class LoadedKernels {
public:
  explicit LoadedKernels(const std::vector<char> &object);
  ~LoadedKernels();
  LoadedKernels(const LoadedKernels &) = delete;

  bool isLoaded() const { return library != nullptr; }

  /// Runs workgroups [begin, end) of `name`; false if there is no such kernel.
  bool run(const std::string &name, const std::vector<void *> &bindings, int64_t begin, int64_t end) const;

private:
  void *library = nullptr;
};

/// The levels that this machine can run, lowest first.
std::vector<const v4::CpuLevel *> runnableLevels();

/// A kernel that maps `lanes` elements at a time from `from` to `to`. `body` computes
/// %r (of type vector<lanes x to>, or `to` for one lane) from %v.
std::string mapKernel(const std::string &name, const std::string &from, const std::string &to, unsigned lanes,
                      const std::string &body);

/// The same with one operation: %r = `op` %v : T (arithmetic that keeps its type).
std::string unaryKernel(const std::string &name, const std::string &op, const std::string &type, unsigned lanes);

/// "vector<16xf32>", or "f32" for one lane.
std::string laneType(const std::string &element, unsigned lanes);

/// Applies the kernel `name` of `text` to `input` (a multiple of `lanes`) on every
/// level of this machine, checks that all give the same bits, and returns them.
template <typename Out, typename In>
std::vector<Out> mapOnAllLevels(const std::string &text, const std::string &name, unsigned lanes,
                                const std::vector<In> &input, unsigned outputsPerInput = 1);

/// Untyped form of the above: `input` and the result are bytes.
std::vector<char> mapBytes(const std::string &text, const std::string &name, int64_t groups, const void *input,
                           size_t outputBytes);

template <typename Out, typename In>
std::vector<Out> mapOnAllLevels(const std::string &text, const std::string &name, unsigned lanes,
                                const std::vector<In> &input, unsigned outputsPerInput) {
  std::vector<Out> output(input.size() * outputsPerInput);
  size_t bytes = output.size() * sizeof(Out);
  std::vector<char> raw = mapBytes(text, name, input.size() / lanes, input.data(), bytes);
  if (raw.size() == bytes)
    memcpy(output.data(), raw.data(), bytes);
  return output;
}

} // namespace v4test

#endif // V4_TEST_CODEGEN_CPU_KERNELHARNESS_H
