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

  /// Neither a failure nor a signal removes the file, and open() goes on with one that is there.
  bool keepOnFailure = false;

  /// Opens `<path>.partial`, for this process alone. With `checkRoom` the disk must have room for `bytes`.
  llvm::Error open(llvm::StringRef path, uint64_t bytes, bool checkRoom);
  /// Of what the file holds, for a run that goes on with it.
  std::string journalPath() const { return partial + ".journal"; }
  /// open() found nothing to go on with.
  bool isNew() const { return fresh; }
  /// Throws away what the file holds.
  llvm::Error restart();
  /// Any thread. Zero where nothing was written.
  llvm::Error read(uint64_t offset, llvm::MutableArrayRef<uint8_t> bytes);
  /// Any thread. What is never written is zero, and takes no room.
  llvm::Error write(uint64_t offset, llvm::ArrayRef<uint8_t> bytes);
  /// Waits until all that was written is on the disk.
  llvm::Error sync();
  llvm::Error commit();

private:
  llvm::Error failure(llvm::StringRef action, int error) const;
  llvm::Error openOwn();

  std::string path;
  std::string partial;
  uint64_t bytes = 0;
  bool fresh = true;
  int fd = -1;
};

/// Told of the bytes written and of all; from any thread, one at a time.
using WriteProgress = std::function<void(uint64_t done, uint64_t total)>;

class ChunkJournal;

/// Writes an image at `offset` of a file. Chunks that are zero stay holes; chunks that the journal has are not written
/// again.
struct ChunkWriter {
  const WeightImage &image;
  PartialFile &file;
  uint64_t offset;
  WeightSource &source;
  ChunkJournal *journal = nullptr;

  /// One hash per chunk of kHashChunkBytes.
  llvm::Expected<std::vector<Hash>> write(unsigned threads, const WriteProgress &progress = nullptr);
};

} // namespace v4::codegen

#endif // V4_CODEGEN_PLAN_WEIGHTWRITER_H
