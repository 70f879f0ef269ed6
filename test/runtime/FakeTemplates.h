//===- FakeTemplates.h - Kernels made of a template, played -----*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Of FakeCuda.cpp: the templates of codegen/cuda/kernels as host code (codegen/cuda/shim),
// under the names that their instances have in a cubin, and the tensor maps that they read.
//
//===----------------------------------------------------------------------===//
#ifndef V4_TEST_RUNTIME_FAKETEMPLATES_H
#define V4_TEST_RUNTIME_FAKETEMPLATES_H

#include <cstddef>
#include <cstdint>
#include <string>

namespace v4::test {

/// What lies in the 128 bytes of a tensor map.
struct FakeMap {
  static constexpr uint64_t kMagic = 0x70614D6553754256;

  uint64_t magic = kMagic;
  const uint8_t *base = nullptr;
  uint64_t rows = 0, columns = 0;
  uint32_t boxRows = 0, boxColumns = 0, elementBytes = 0, swizzle = 0;
};

/// One launch: arguments as they lie in memory.
struct FakeLaunch {
  const uint8_t *arguments;
  size_t bytes;
  unsigned blocks, threads, sharedBytes;
};

/// False when the arguments are not those of the function, or its threads wait for each other for ever.
using FakeTemplate = bool (*)(const FakeLaunch &launch);

/// Null when there is none of that name.
FakeTemplate findFakeTemplate(const std::string &function);

} // namespace v4::test

#endif // V4_TEST_RUNTIME_FAKETEMPLATES_H
