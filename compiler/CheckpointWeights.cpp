//===- CheckpointWeights.cpp - A plan's bytes from a checkpoint  -*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compiler/CheckpointWeights.h"

#include "compiler/import/ImportError.h"

#include <algorithm>
#include <sys/mman.h>
#include <sys/stat.h>

using namespace llvm;
using namespace v4;

Expected<ArrayRef<uint8_t>> CheckpointWeights::bytes(StringRef name) {
  if (const StoredTensor *tensor = checkpoint.find(name))
    return tensor->bytes;
  return inputError(checkpoint.directory() + ": tensor '" + name +
                    "' is missing, but the module needs it; pass the checkpoint it was imported from");
}

void CheckpointWeights::release(ArrayRef<uint8_t> bytes) {
  // A fault maps the pages around it too, so those of neighbours came in with the range and go with it. All are of a
  // private mapping that is never written: they come back from the file when they are read again.
  constexpr uintptr_t window = 1 << 16;
  ArrayRef<uint8_t> shard = checkpoint.shardAround(bytes.data());
  uintptr_t first = reinterpret_cast<uintptr_t>(shard.begin()), last = reinterpret_cast<uintptr_t>(shard.end());
  uintptr_t begin = std::max(first, reinterpret_cast<uintptr_t>(bytes.begin()) / window * window);
  uintptr_t end = std::min(last, (reinterpret_cast<uintptr_t>(bytes.end()) / window + 1) * window);
  if (!shard.empty() && begin < end)
    (void)madvise(reinterpret_cast<void *>(begin), end - begin, MADV_DONTNEED);
}

std::string CheckpointWeights::identity() {
  std::string text = checkpoint.manifest();
  for (const std::string &path : checkpoint.files()) {
    struct stat info = {};
    (void)stat(path.c_str(), &info);
    text += "\n" + path.substr(path.find_last_of('/') + 1) + " " + std::to_string(info.st_size) + " " +
            std::to_string(info.st_mtim.tv_sec) + "." + std::to_string(info.st_mtim.tv_nsec);
  }
  return text;
}

bool CheckpointWeights::isSparse() {
  uint64_t size = 0, stored = 0;
  for (const std::string &path : checkpoint.files()) {
    struct stat info = {};
    (void)stat(path.c_str(), &info);
    size += static_cast<uint64_t>(info.st_size);
    stored += static_cast<uint64_t>(info.st_blocks) * 512;
  }
  return stored < size / 10 * 9;
}
