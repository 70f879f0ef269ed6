//===- WeightWriter.cpp - Assembles, hashes and writes chunks -------------===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "codegen/plan/WeightWriter.h"

#include "codegen/plan/ChunkJournal.h"
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
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <thread>
#include <unistd.h>
#include <utility>

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
  // In this order: whoever gets the lock finds that the name is gone.
  if (!keepOnFailure) {
    unlink(partial.c_str());
    sys::DontRemoveFileOnSignal(partial);
  }
  close(fd);
}

Error PartialFile::failure(StringRef action, int error) const {
  std::string sizes = error == ENOSPC ? "; the plan needs " + std::to_string(bytes) + " bytes there" : "";
  return makeError(Twine(path) + ": cannot " + action + ": " + std::strerror(error) + sizes);
}

Error PartialFile::open(StringRef outputPath, uint64_t size, bool checkRoom) {
  path = outputPath.str();
  partial = path + ".partial";
  bytes = size;
  struct stat info;
  if (stat(path.c_str(), &info) == 0 && !S_ISREG(info.st_mode))
    return makeError(path + ": exists and is not a regular file, expected the name of a plan to write");
  if (Error error = openOwn())
    return error;
  // Only behind the lock: until then the file may be another compiler's.
  if (!keepOnFailure)
    sys::RemoveFileOnSignal(partial);
  fresh = !keepOnFailure || fstat(fd, &info) != 0 || info.st_size == 0;
  if (fresh)
    if (Error error = restart())
      return error;
  // A full disk shows before the work. Nothing is reserved: what is zero takes no room.
  struct statvfs room;
  if (checkRoom && fresh && fstatvfs(fd, &room) == 0 && room.f_bavail < size / room.f_frsize)
    return failure("reserve space", ENOSPC);
  return Error::success();
}

/// Opens and locks the file; again where its writer has meanwhile put it in its place or dropped it.
Error PartialFile::openOwn() {
  struct stat mine, named;
  do {
    if (fd >= 0)
      close(fd);
    // Without O_NONBLOCK the open of a named pipe would wait for a reader.
    fd = ::open(partial.c_str(), O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0666);
    if (fd < 0)
      return failure("create the file", errno);
    const char *wrong = nullptr;
    if (fstat(fd, &mine) != 0 || !S_ISREG(mine.st_mode))
      wrong = ": is not a regular file, expected the beginning of a plan; remove it";
    else if (flock(fd, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK)
      wrong = ": is being written by another v4-compile; wait for it, or choose another name";
    if (wrong) {
      close(std::exchange(fd, -1));
      return makeError(partial + wrong);
    }
  } while (stat(partial.c_str(), &named) != 0 || named.st_ino != mine.st_ino || named.st_dev != mine.st_dev);
  return Error::success();
}

/// A journal of what the file held must not outlive it.
Error PartialFile::restart() {
  fresh = true;
  unlink(journalPath().c_str());
  return ftruncate(fd, 0) == 0 ? Error::success() : failure("empty the file", errno);
}

Error PartialFile::sync() { return fdatasync(fd) == 0 ? Error::success() : failure("write", errno); }

Error PartialFile::read(uint64_t offset, MutableArrayRef<uint8_t> data) {
  while (!data.empty()) {
    ssize_t count = pread(fd, data.data(), data.size(), static_cast<off_t>(offset));
    if (count < 0 && errno == EINTR)
      continue;
    if (count < 0)
      return failure("read", errno);
    if (count == 0) {
      // What lies behind the end was never written.
      std::fill(data.begin(), data.end(), 0);
      break;
    }
    offset += static_cast<uint64_t>(count);
    data = data.drop_front(static_cast<size_t>(count));
  }
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
  // Behind it the journal goes, which could have repaired what a crash takes away.
  if (keepOnFailure && fsync(fd) != 0)
    return failure("write", errno);
  // Renamed under the lock: nobody else gets hold of a file that is finished.
  if (rename(partial.c_str(), path.c_str()) != 0)
    return failure("rename the finished file", errno);
  if (!keepOnFailure)
    sys::DontRemoveFileOnSignal(partial);
  if (close(std::exchange(fd, -1)) == 0)
    return Error::success();
  int error = errno;
  unlink(path.c_str());
  return failure("write", error);
}

//===----------------------------------------------------------------------===//
// Chunks
//===----------------------------------------------------------------------===//

namespace {

/// Compares the range with itself, one byte apart: as fast as memory.
bool isZero(ArrayRef<uint8_t> bytes) {
  return bytes.empty() || (bytes[0] == 0 && std::memcmp(bytes.data(), bytes.data() + 1, bytes.size() - 1) == 0);
}

/// Chunks are taken in order by any thread; what a chunk becomes depends on its index alone.
class ChunkQueue {
public:
  ChunkQueue(const ChunkWriter &out, const WriteProgress &progress, unsigned threads)
      : out(out), progress(progress), lag(2 * threads * plan::kHashChunkBytes),
        hashes(divideCeil(out.image.bytes, plan::kHashChunkBytes)),
        zeroHash(hashBytes(std::vector<uint8_t>(std::min(plan::kHashChunkBytes, out.image.bytes)))) {}

  void work() {
    std::vector<uint8_t> buffer(std::min(plan::kHashChunkBytes, out.image.bytes));
    for (size_t chunk; !failed && (chunk = next++) < hashes.size();) {
      uint64_t begin = chunk * plan::kHashChunkBytes;
      MutableArrayRef<uint8_t> bytes(buffer.data(), std::min(plan::kHashChunkBytes, out.image.bytes - begin));
      if (Error error = write(chunk, begin, bytes)) {
        record(chunk, std::move(error));
        return;
      }
      advance(bytes.size());
    }
  }

  Expected<std::vector<Hash>> finish() {
    // Also behind a failure: what is done need not be done again.
    if (out.journal)
      if (Error error = out.journal->flush())
        record(hashes.size(), std::move(error));
    if (failed)
      return makeError(message);
    return std::move(hashes);
  }

private:
  Error write(size_t chunk, uint64_t begin, MutableArrayRef<uint8_t> bytes) {
    if (out.journal)
      if (std::optional<Hash> hash = out.journal->find(chunk)) {
        // Read back: only the bytes themselves prove that the file is still the one of the journal.
        if (Error error = out.file.read(out.offset + begin, bytes))
          return error;
        hashes[chunk] = hashBytes(bytes);
        if (hashes[chunk] == *hash)
          return Error::success();
      }
    if (Error error = out.image.assemble(begin, bytes))
      return error;
    bool zero = isZero(bytes);
    hashes[chunk] = zero && bytes.size() == plan::kHashChunkBytes ? zeroHash : hashBytes(bytes);
    if (!zero)
      if (Error error = out.file.write(out.offset + begin, bytes))
        return error;
    // Twice, the second time behind the chunks that other threads work at: neighbours share pages.
    uint64_t from = begin < 2 * lag ? 0 : begin - 2 * lag, to = begin < lag ? 0 : begin - lag;
    out.image.release(from, to, out.source);
    return out.journal ? out.journal->add(chunk, hashes[chunk], out.image) : Error::success();
  }

  void advance(uint64_t count) {
    if (!progress)
      return;
    std::lock_guard<std::mutex> guard(lock);
    done += count;
    progress(done, out.image.bytes);
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

  const ChunkWriter &out;
  const WriteProgress &progress;
  const uint64_t lag; ///< Bytes behind a chunk that no thread works at.
  uint64_t done = 0;
  std::vector<Hash> hashes;
  const Hash zeroHash;
  std::atomic<size_t> next{0};
  std::atomic<bool> failed{false};
  std::mutex lock;
  std::string message;
  size_t failedChunk = 0;
};

} // namespace

Expected<std::vector<Hash>> ChunkWriter::write(unsigned threads, const WriteProgress &progress) {
  ChunkQueue queue(*this, progress, threads);
  std::vector<std::thread> workers;
  for (unsigned i = 1; i < threads; ++i)
    workers.emplace_back([&] { queue.work(); });
  queue.work();
  for (std::thread &worker : workers)
    worker.join();
  return queue.finish();
}
