//===- WeightWriter.h - Streams weights into a plan -------------*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The image of a section is never in memory as a whole: threads assemble, hash and
// write chunks of 4 MiB, each at its own place of the file.
//
//===----------------------------------------------------------------------===//

#ifndef V4_CODEGEN_PLAN_WEIGHTWRITER_H
#define V4_CODEGEN_PLAN_WEIGHTWRITER_H

#include "codegen/plan/WeightImage.h"

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

#include <array>
#include <functional>
#include <string>
#include <vector>

namespace v4::codegen {

using Hash = std::array<uint8_t, 32>;
Hash hashBytes(llvm::ArrayRef<uint8_t> bytes);

/// A file that exists under its name only when it is complete.
class PartialFile {
public:
  PartialFile() = default;
  PartialFile(const PartialFile &) = delete;
  PartialFile &operator=(const PartialFile &) = delete;
  ~PartialFile();

  /// Creates `<path>.partial` and reserves `bytes` on the disk, where the file system can.
  llvm::Error open(llvm::StringRef path, uint64_t bytes);
  /// Any thread.
  llvm::Error write(uint64_t offset, llvm::ArrayRef<uint8_t> bytes);
  llvm::Error commit();

private:
  llvm::Error failure(llvm::StringRef action, int error) const;

  std::string path;
  std::string partial;
  uint64_t bytes = 0;
  int fd = -1;
};

/// Told of the bytes written and of all; from any thread, one at a time.
using WriteProgress = std::function<void(uint64_t done, uint64_t total)>;

/// Writes `image` at `offset` of `file` and returns one hash per chunk of kHashChunkBytes.
llvm::Expected<std::vector<Hash>> writeWeights(const WeightImage &image, PartialFile &file, uint64_t offset,
                                               unsigned threads, const WriteProgress &progress = nullptr);

} // namespace v4::codegen

#endif // V4_CODEGEN_PLAN_WEIGHTWRITER_H
