//===- WeightWriter.cpp - Assembles, hashes and writes chunks -------------===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "codegen/plan/WeightWriter.h"

#include "runtime/plan/Format.h"

#include "llvm/ADT/Twine.h"
#include "llvm/Support/MathExtras.h"
#include "llvm/Support/Signals.h"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <mutex>
#include <sodium.h>
#include <sys/stat.h>
#include <thread>
#include <unistd.h>

using namespace llvm;
using namespace v4;
using namespace v4::codegen;

static Error makeError(const Twine &message) { return createStringError(inconvertibleErrorCode(), message); }

Hash codegen::hashBytes(ArrayRef<uint8_t> bytes) {
  // Picks the vector implementation; thread-safe and cheap after the first call.
  static const int ready = sodium_init();
  (void)ready;
  Hash hash;
  crypto_generichash(hash.data(), hash.size(), bytes.data(), bytes.size(), nullptr, 0);
  return hash;
}

//===----------------------------------------------------------------------===//
// File
//===----------------------------------------------------------------------===//

PartialFile::~PartialFile() {
  if (fd < 0)
    return;
  close(fd);
  unlink(partial.c_str());
  sys::DontRemoveFileOnSignal(partial);
}

Error PartialFile::failure(StringRef action, int error) const {
  std::string sizes = error == ENOSPC ? "; the plan needs " + std::to_string(bytes) + " bytes there" : "";
  return makeError(Twine(path) + ": cannot " + action + ": " + std::strerror(error) + sizes);
}

Error PartialFile::open(StringRef outputPath, uint64_t size) {
  path = outputPath.str();
  partial = path + ".partial";
  bytes = size;
  struct stat info;
  if (stat(path.c_str(), &info) == 0 && !S_ISREG(info.st_mode))
    return makeError(path + ": exists and is not a regular file, expected the name of a plan to write");
  // Registered first: a signal between the two leaves nothing behind.
  sys::RemoveFileOnSignal(partial);
  fd = ::open(partial.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  if (fd < 0) {
    int error = errno;
    sys::DontRemoveFileOnSignal(partial);
    return failure("create the file", error);
  }
  // A full disk shows before the work; file systems that cannot reserve report it later.
  if (fallocate(fd, 0, 0, static_cast<off_t>(size)) != 0 && errno != EOPNOTSUPP && errno != ENOSYS && errno != EINTR)
    return failure("reserve space", errno);
  return Error::success();
}

Error PartialFile::write(uint64_t offset, ArrayRef<uint8_t> data) {
  while (!data.empty()) {
    ssize_t count = pwrite(fd, data.data(), data.size(), static_cast<off_t>(offset));
    if (count < 0 && errno == EINTR)
      continue;
    if (count < 0)
      return failure("write", errno);
    offset += static_cast<uint64_t>(count);
    data = data.drop_front(static_cast<size_t>(count));
  }
  return Error::success();
}

Error PartialFile::commit() {
  // Pads a last gap and, where nothing was reserved, gives the file its size.
  if (ftruncate(fd, static_cast<off_t>(bytes)) != 0)
    return failure("set the size", errno);
  int closed = close(fd);
  int error = errno;
  fd = -1;
  if (closed == 0 && rename(partial.c_str(), path.c_str()) == 0) {
    sys::DontRemoveFileOnSignal(partial);
    return Error::success();
  }
  error = closed == 0 ? errno : error;
  unlink(partial.c_str());
  sys::DontRemoveFileOnSignal(partial);
  return failure(closed == 0 ? "rename the finished file" : "write", error);
}

//===----------------------------------------------------------------------===//
// Chunks
//===----------------------------------------------------------------------===//

namespace {

/// Chunks are taken in order by any thread; what a chunk becomes depends on its index alone.
class ChunkQueue {
public:
  ChunkQueue(const WeightImage &image, PartialFile &file, uint64_t offset, const WriteProgress &progress)
      : image(image), file(file), offset(offset), progress(progress), hashes(divideCeil(image.bytes, plan::kHashChunkBytes)) {}

  void work() {
    std::vector<uint8_t> buffer(std::min(plan::kHashChunkBytes, image.bytes));
    for (size_t chunk; !failed && (chunk = next++) < hashes.size();) {
      uint64_t begin = chunk * plan::kHashChunkBytes;
      MutableArrayRef<uint8_t> bytes(buffer.data(), std::min(plan::kHashChunkBytes, image.bytes - begin));
      Error error = image.assemble(begin, bytes);
      if (!error)
        error = file.write(offset + begin, bytes);
      if (error) {
        record(chunk, std::move(error));
        return;
      }
      hashes[chunk] = hashBytes(bytes);
      advance(bytes.size());
    }
  }

  Expected<std::vector<Hash>> finish() {
    if (failed)
      return makeError(message);
    return std::move(hashes);
  }

private:
  void advance(uint64_t count) {
    if (!progress)
      return;
    std::lock_guard<std::mutex> guard(lock);
    done += count;
    progress(done, image.bytes);
  }
  /// Of several failures the one of the first chunk is reported.
  void record(size_t chunk, Error error) {
    std::lock_guard<std::mutex> guard(lock);
    std::string text = toString(std::move(error));
    if (!failed || chunk < failedChunk) {
      message = std::move(text);
      failedChunk = chunk;
    }
    failed = true;
  }

  const WeightImage &image;
  PartialFile &file;
  uint64_t offset;
  const WriteProgress &progress;
  uint64_t done = 0;
  std::vector<Hash> hashes;
  std::atomic<size_t> next{0};
  std::atomic<bool> failed{false};
  std::mutex lock;
  std::string message;
  size_t failedChunk = 0;
};

} // namespace

Expected<std::vector<Hash>> codegen::writeWeights(const WeightImage &image, PartialFile &file, uint64_t offset,
                                                  unsigned threads, const WriteProgress &progress) {
  ChunkQueue queue(image, file, offset, progress);
  std::vector<std::thread> workers;
  for (unsigned i = 1; i < threads; ++i)
    workers.emplace_back([&] { queue.work(); });
  queue.work();
  for (std::thread &worker : workers)
    worker.join();
  return queue.finish();
}
