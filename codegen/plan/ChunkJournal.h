//===- ChunkJournal.h - Which chunks are on the disk ------- -*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Beside the file in work, `<file>.partial.journal`:
//
//   magic (8 bytes) | identity (32) | records
//
//   record: u64 chunk | u64 pieces | hash of the chunk (32) |
//           per piece: u64 index, u64 facts that no byte disproved | check (16)
//
// A record follows its chunk to the disk, never the other way round; one that was cut
// short fails its check and ends the journal. The identity is that of all input: a
// journal of other input is not followed.
//
//===----------------------------------------------------------------------===//

#ifndef V4_CODEGEN_PLAN_CHUNKJOURNAL_H
#define V4_CODEGEN_PLAN_CHUNKJOURNAL_H

#include "codegen/plan/WeightWriter.h"

#include <mutex>
#include <optional>

namespace v4::codegen {

class ChunkJournal {
public:
  ChunkJournal() = default;
  ChunkJournal(const ChunkJournal &) = delete;
  ChunkJournal &operator=(const ChunkJournal &) = delete;
  ~ChunkJournal();

  /// Reads what an earlier run left beside `file` and merges its facts into `image`; starts `file` afresh when there is
  /// nothing of this identity. Returns a sentence about what was found, "" for nothing.
  llvm::Expected<std::string> open(PartialFile &file, const Hash &identity, const WeightImage &image);

  /// The hash of a chunk that need not be written again.
  std::optional<Hash> find(size_t chunk) const;
  /// A chunk was written to the file. Any thread.
  llvm::Error add(size_t chunk, const Hash &hash, const WeightImage &image);
  /// Puts all that was added on the disk.
  llvm::Error flush();
  /// The file is complete.
  void remove();

private:
  size_t read(llvm::ArrayRef<uint8_t> bytes, const WeightImage &image);
  llvm::Error openFile();
  llvm::Error start(const Hash &identity);
  llvm::Error flushLocked();
  llvm::Error append(llvm::ArrayRef<uint8_t> bytes);
  llvm::Error failure(llvm::StringRef action) const;

  std::string path;
  PartialFile *file = nullptr;
  int fd = -1;
  std::vector<std::optional<Hash>> done;
  std::mutex lock; ///< Guards what follows.
  std::vector<uint8_t> pending;
  size_t pendingChunks = 0;
};

} // namespace v4::codegen

#endif // V4_CODEGEN_PLAN_CHUNKJOURNAL_H
