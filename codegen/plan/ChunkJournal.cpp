//===- ChunkJournal.cpp - Which chunks are on the disk ----- -*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "codegen/plan/ChunkJournal.h"

#include "runtime/plan/Format.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/MathExtras.h"
#include "llvm/Support/MemoryBuffer.h"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

using namespace llvm;
using namespace v4;
using namespace v4::codegen;

static constexpr char kMagic[8] = {'V', '4', 'J', 'R', 'N', 'L', '0', '1'};
static constexpr size_t kHeaderBytes = sizeof(kMagic) + sizeof(Hash);
static constexpr size_t kFixedBytes = 16 + sizeof(Hash);
static constexpr size_t kCheckBytes = 16;
/// A crash costs at most these; each flush waits for the disk.
static constexpr size_t kChunksPerFlush = 32;

static void put64(std::vector<uint8_t> &out, uint64_t value) {
  const uint8_t *bytes = reinterpret_cast<const uint8_t *>(&value);
  out.insert(out.end(), bytes, bytes + sizeof(value));
}

static uint64_t get64(const uint8_t *from) {
  uint64_t value;
  std::memcpy(&value, from, sizeof(value));
  return value;
}

ChunkJournal::~ChunkJournal() {
  if (fd >= 0)
    close(fd);
}

Error ChunkJournal::failure(StringRef action) const {
  return createStringError(inconvertibleErrorCode(),
                           Twine(path) + ": cannot " + action + " the journal: " + std::strerror(errno));
}

Expected<std::string> ChunkJournal::open(PartialFile &partial, const Hash &identity, const WeightImage &image) {
  file = &partial;
  path = partial.journalPath();
  done.assign(divideCeil(image.bytes, plan::kHashChunkBytes), std::nullopt);
  if (Error error = openFile())
    return error;
  auto buffer = MemoryBuffer::getOpenFile(fd, path, /*FileSize=*/-1, /*RequiresNullTerminator=*/false);
  if (!buffer)
    return failure("read");
  ArrayRef<uint8_t> bytes = arrayRefFromStringRef((*buffer)->getBuffer());
  bool isOurs = bytes.size() >= kHeaderBytes && std::memcmp(bytes.data(), kMagic, sizeof(kMagic)) == 0;
  bool isSame = isOurs && std::memcmp(bytes.data() + sizeof(kMagic), identity.data(), sizeof(Hash)) == 0;
  if (!isSame) {
    if (Error error = start(identity))
      return error;
    return isOurs ? path + ": is of another input or of other options; starting afresh" : "";
  }
  size_t end = kHeaderBytes + read(bytes.drop_front(kHeaderBytes), image);
  // A record that was cut short is written over.
  if (ftruncate(fd, static_cast<off_t>(end)) != 0 || lseek(fd, 0, SEEK_END) < 0)
    return failure("cut");
  size_t kept = llvm::count_if(done, [](const auto &hash) { return hash.has_value(); });
  return "resuming: " + std::to_string(kept) + " of " + std::to_string(done.size()) + " chunks are there";
}

/// Takes whole records; returns the bytes that they are.
size_t ChunkJournal::read(ArrayRef<uint8_t> bytes, const WeightImage &image) {
  size_t at = 0;
  while (bytes.size() - at >= kFixedBytes + kCheckBytes) {
    const uint8_t *record = bytes.data() + at;
    uint64_t chunk = get64(record), pieces = get64(record + 8);
    if (chunk >= done.size() || pieces > (bytes.size() - at - kFixedBytes - kCheckBytes) / 16)
      break;
    size_t length = kFixedBytes + pieces * 16;
    if (std::memcmp(hashBytes({record, length}).data(), record + length, kCheckBytes) != 0)
      break;
    Hash &hash = done[chunk].emplace();
    std::memcpy(hash.data(), record + 16, sizeof(Hash));
    for (const uint8_t *entry = record + kFixedBytes; entry != record + length; entry += 16)
      if (uint64_t piece = get64(entry); piece < image.pieces.size())
        image.pieces[piece].findings->exactForms &= static_cast<uint32_t>(get64(entry + 8));
    at += length + kCheckBytes;
  }
  return at;
}

Error ChunkJournal::openFile() {
  // Without O_NONBLOCK the open of a named pipe would wait for a reader.
  fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0666);
  if (fd < 0)
    return failure("create");
  struct stat info;
  if (fstat(fd, &info) == 0 && S_ISREG(info.st_mode))
    return Error::success();
  return createStringError(inconvertibleErrorCode(),
                           Twine(path) + ": is not a regular file, expected the journal of --resume; remove it");
}

/// The file and the journal begin anew.
Error ChunkJournal::start(const Hash &identity) {
  if (Error error = file->restart())
    return error;
  close(std::exchange(fd, -1)); // restart() has removed it
  if (Error error = openFile())
    return error;
  std::vector<uint8_t> header(kMagic, kMagic + sizeof(kMagic));
  header.insert(header.end(), identity.begin(), identity.end());
  return append(header);
}

Error ChunkJournal::append(ArrayRef<uint8_t> bytes) {
  while (!bytes.empty()) {
    ssize_t count = ::write(fd, bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR)
      continue;
    if (count < 0)
      return failure("write");
    bytes = bytes.drop_front(static_cast<size_t>(count));
  }
  return Error::success();
}

std::optional<Hash> ChunkJournal::find(size_t chunk) const { return done[chunk]; }

Error ChunkJournal::add(size_t chunk, const Hash &hash, const WeightImage &image) {
  uint64_t begin = chunk * plan::kHashChunkBytes;
  auto [first, last] = image.piecesIn(begin, begin + plan::kHashChunkBytes);
  std::vector<uint8_t> record, facts;
  for (size_t i = first; i < last; ++i)
    if (image.pieces[i].form.wantedForms) {
      put64(facts, i);
      put64(facts, image.pieces[i].findings->exactForms);
    }
  put64(record, chunk);
  put64(record, facts.size() / 16);
  record.insert(record.end(), hash.begin(), hash.end());
  record.insert(record.end(), facts.begin(), facts.end());
  Hash check = hashBytes(record);
  record.insert(record.end(), check.begin(), check.begin() + kCheckBytes);
  std::lock_guard<std::mutex> guard(lock);
  pending.insert(pending.end(), record.begin(), record.end());
  return ++pendingChunks < kChunksPerFlush ? Error::success() : flushLocked();
}

Error ChunkJournal::flush() {
  std::lock_guard<std::mutex> guard(lock);
  return flushLocked();
}

Error ChunkJournal::flushLocked() {
  if (Error error = file->sync())
    return error;
  if (Error error = append(pending))
    return error;
  pending.clear();
  pendingChunks = 0;
  return Error::success();
}

void ChunkJournal::remove() {
  if (fd >= 0)
    unlink(path.c_str());
}
