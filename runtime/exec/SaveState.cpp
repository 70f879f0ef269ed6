//===- SaveState.cpp - Sequences and prefixes in a file -------------------===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
//   header    StateHeader
//   sequence  tokens u64, ids i32[tokens], pages [ceil(tokens / 128)][page bytes], state[snapshotBytes(tokens)]
//   prefix    pages u64, ids i32[128 * pages], pages [pages][page bytes], state[snapshotBytes(128 * pages)]
//   hash      BLAKE2b-256 of all bytes in front
//
// Numbers are little endian. A prefix is the path from the root of the tree to a
// snapshot, with its pages; pages that several prefixes share are written for each.
//
//===----------------------------------------------------------------------===//

#include "runtime/exec/Session.h"

#include "runtime/base/MappedFile.h"

#include <algorithm>
#include <cstring>

using namespace v4;

static constexpr uint64_t kTokens = plan::kPageTokens, kHashBytes = plan::kHashBytes;
static constexpr char kStateMagic[8] = {'V', '4', 'S', 'T', 'A', 'T', 'E', '\n'};
static constexpr uint32_t kStateVersion = 1;

namespace {
struct StateHeader {
  char magic[8];
  uint32_t version;
  uint32_t mtp;
  Digest identity;
  uint64_t sequences;
  uint64_t prefixes;
};
static_assert(sizeof(StateHeader) == 64, "written as it is");
} // namespace

/// Reads a file that was checked as a whole; every read is checked against its end all the same.
class v4::StateReader {
public:
  StateReader(const uint8_t *data, uint64_t bytes) : at(data), left(bytes) {}

  const uint8_t *take(uint64_t count, uint64_t size) {
    uint64_t bytes = 0;
    if (__builtin_mul_overflow(count, size, &bytes) || bytes > left)
      return nullptr;
    const uint8_t *taken = at;
    at += bytes;
    left -= bytes;
    return taken;
  }
  uint64_t number() {
    const uint8_t *bytes = take(1, sizeof(uint64_t));
    uint64_t value = UINT64_MAX;
    if (bytes)
      std::memcpy(&value, bytes, sizeof(value));
    return value;
  }
  bool isAtEnd() const { return left == 0; }

private:
  const uint8_t *at;
  uint64_t left;
};

//===----------------------------------------------------------------------===//
// Saving
//===----------------------------------------------------------------------===//

Status Session::save(const std::string &path, Sequence *const *saved, uint64_t count) {
  for (uint64_t i = 0; i < count; ++i) {
    V4_RETURN_IF_ERROR(checkLive(*saved[i], "save"));
    settle(*saved[i]);
  }
  V4_RETURN_IF_ERROR(awaitRun()); // of what went wrong no file is begun
  StateHeader header = {};
  std::memcpy(header.magic, kStateMagic, sizeof(kStateMagic));
  header.version = kStateVersion;
  header.mtp = options.mtp;
  header.identity = program.identity;
  header.sequences = count;
  header.prefixes = tree.snapshotCount();
  AtomicFile file(path);
  V4_RETURN_IF_ERROR(file.open());
  file.writeValue(header);
  for (uint64_t i = 0; i < count; ++i)
    saveSequence(file, *saved[i]);
  tree.forEachSnapshot([&](uint32_t node) { savePath(file, node); });
  V4_RETURN_IF_ERROR(deviceStatus());
  return file.commit();
}

void Session::savePage(AtomicFile &file, uint32_t block) const {
  if (!program.device)
    return file.write(cache.blockData(block), cache.pageBytes());
  std::vector<uint8_t> bytes(cache.pageBytes());
  cache.readBlock(block, bytes.data());
  file.write(bytes.data(), bytes.size());
}

void Session::saveSequence(AtomicFile &file, const Sequence &sequence) const {
  uint64_t position = static_cast<uint64_t>(sequence.position);
  file.writeValue(position);
  file.write(tokens(sequence), position * sizeof(int32_t));
  for (uint64_t page = 0; page < plan::pagesOf(position); ++page)
    savePage(file, cache.pageBlocksOf(sequence.index)[page]);
  std::vector<uint8_t> state(cache.snapshotBytes(position));
  cache.readState(sequence.index, position, state.data());
  file.write(state.data(), state.size());
}

void Session::savePath(AtomicFile &file, uint32_t node) const {
  std::vector<uint32_t> path;
  for (uint32_t at = node; at != PrefixTree::kRoot; at = tree.parentOf(at))
    path.push_back(at);
  std::reverse(path.begin(), path.end());
  file.writeValue(static_cast<uint64_t>(path.size()));
  for (uint32_t at : path)
    file.write(tree.idsOf(at), kTokens * sizeof(int32_t));
  for (uint32_t at : path)
    savePage(file, at);
  std::vector<uint8_t> state(cache.snapshotBytes(path.size() * kTokens));
  cache.readSnapshot(tree.snapshotOf(node), state.data());
  file.write(state.data(), state.size());
}

//===----------------------------------------------------------------------===//
// Loading
//===----------------------------------------------------------------------===//

static Status checkFile(const std::string &path, const MappedFile &file, const Digest &identity, bool mtp,
                        StateHeader &header) {
  if (file.size() < sizeof(StateHeader) + kHashBytes)
    return invalidInput(path, ": has ", file.size(), " bytes, no saved state is that short; save it again");
  std::memcpy(&header, file.data(), sizeof(header));
  if (std::memcmp(header.magic, kStateMagic, sizeof(kStateMagic)) != 0)
    return invalidInput(path, ": is no saved state, expected a file of v4_session_save");
  if (header.version != kStateVersion)
    return invalidInput(path, ": state version ", header.version, ", this runtime reads ", kStateVersion,
                        "; save it again");
  Digest digest = hashBytes(file.data(), file.size() - kHashBytes);
  if (std::memcmp(digest.bytes, file.data() + file.size() - kHashBytes, kHashBytes) != 0)
    return invalidInput(path, ": does not match its checksum, the file is damaged; save it again");
  if (header.identity != identity)
    return invalidInput(path, ": was saved with plan ", header.identity.hex(), ", this one is ", identity.hex(),
                        "; use the plan and weights that it was saved with");
  if (header.mtp != mtp)
    return invalidInput(path, ": was saved ", header.mtp ? "with" : "without", " the MTP block, this session runs ",
                        mtp ? "with" : "without", " it; create the session as the other was (v4-run: ",
                        header.mtp ? "give --draft" : "leave --draft out", ")");
  return Status();
}

Status Session::load(const std::string &path, std::vector<Sequence *> &out) {
  V4_RETURN_IF_ERROR(awaitRun()); // no fault of the file
  MappedFile file;
  V4_RETURN_IF_ERROR(MappedFile::open(path, LoadMode::Copy, file));
  StateHeader header;
  V4_RETURN_IF_ERROR(checkFile(path, file, program.identity, options.mtp, header));
  StateReader reader(file.data() + sizeof(header), file.size() - sizeof(header) - kHashBytes);
  if (header.sequences > cache.availableSequences())
    return invalidInput(path, ": has ", header.sequences, " sequences, the session has room for ",
                        cache.availableSequences(), "; release some or create it with more");
  std::vector<Sequence *> loaded;
  Status status;
  for (uint64_t i = 0; i < header.sequences && status.isOk(); ++i) {
    Sequence *sequence = nullptr;
    status = loadSequence(reader, sequence);
    if (sequence)
      loaded.push_back(sequence);
  }
  for (uint64_t i = 0; i < header.prefixes && status.isOk(); ++i)
    if (!loadPath(reader))
      status = invalidInput("ends within prefix ", i, ", or names tokens that the plan has not; save it again");
  if (status.isOk() && !reader.isAtEnd())
    status = invalidInput("has bytes behind its last prefix, the file is damaged; save it again");
  if (status.isOk())
    status = deviceStatus();
  if (status.isOk()) {
    out.insert(out.end(), loaded.begin(), loaded.end());
    return Status();
  }
  for (Sequence *sequence : loaded)
    releaseSequence(*sequence);
  return Status(status.code(), joinText(path, ": ", status.message()));
}

/// Whether all of `count` ids, at any address, are of the vocabulary.
bool Session::areTokens(const uint8_t *ids, uint64_t count) const {
  for (uint64_t i = 0; i < count; ++i) {
    uint32_t id = 0;
    std::memcpy(&id, ids + i * sizeof(id), sizeof(id));
    if (id >= vocabulary)
      return false;
  }
  return true;
}

Status Session::loadSequence(StateReader &reader, Sequence *&out) {
  uint64_t position = reader.number();
  if (position > positionLimit)
    return invalidInput("has a sequence of ", position, " tokens, the session's context is ", options.maxContext,
                        "; create it with more");
  uint64_t pages = plan::pagesOf(position);
  const uint8_t *ids = reader.take(position, sizeof(int32_t));
  const uint8_t *bytes = reader.take(pages, cache.pageBytes());
  const uint8_t *state = reader.take(1, cache.snapshotBytes(position));
  if (!ids || !bytes || !state)
    return invalidInput("ends within a sequence; save it again");
  if (!areTokens(ids, position))
    return invalidInput("has token ids outside the vocabulary, 0 to ", vocabulary - 1,
                        "; the file is damaged, save it again");
  if (!makeRoom(pages))
    return unsupported("needs ", pages, " more cache pages of ", cache.pageBytes(), " bytes, ", cache.availableBlocks(),
                       " of ", cache.maxBlocks(), " are free; release a sequence or raise the session's cache_bytes");
  V4_RETURN_IF_ERROR(createSequence(out));
  V4_RETURN_IF_ERROR(cache.grow(out->index, 0, position));
  for (uint64_t page = 0; page < pages; ++page)
    cache.writeBlock(cache.pageBlocksOf(out->index)[page], bytes + page * cache.pageBytes());
  if (position)
    cache.writeState(out->index, position, state);
  std::memcpy(history.data() + out->index * positionLimit, ids, position * sizeof(int32_t));
  out->began = out->fed = position;
  out->position = static_cast<int64_t>(position);
  if (options.canary)
    canary.sealWritten(out->index, tokens(*out), 0, position);
  return Status();
}

/// False: the file ends too early. What does not fit is left out.
bool Session::loadPath(StateReader &reader) {
  uint64_t pages = reader.number();
  const uint8_t *ids = reader.take(pages, kTokens * sizeof(int32_t));
  const uint8_t *bytes = ids ? reader.take(pages, cache.pageBytes()) : nullptr;
  const uint8_t *state = bytes ? reader.take(1, cache.snapshotBytes(pages * kTokens)) : nullptr;
  if (!state || pages == 0 || !areTokens(ids, pages * kTokens))
    return false;
  uint64_t needed = pages + cache.snapshotBlocks(pages * kTokens);
  if (!caching || needed > cache.availableBlocks())
    return true;
  std::vector<int32_t> tokens(pages * kTokens);
  std::memcpy(tokens.data(), ids, tokens.size() * sizeof(int32_t));
  uint32_t node = PrefixTree::kRoot;
  for (uint64_t page = 0; page < pages; ++page) {
    uint32_t parent = node, block = 0;
    node = tree.find(parent, tokens.data() + page * kTokens);
    if (node != PrefixTree::kRoot)
      continue;
    if (!cache.takeBlock(block).isOk()) {
      tree.leave(parent);
      return true;
    }
    cache.writeBlock(block, bytes + page * cache.pageBytes());
    tree.insert(parent, tokens.data() + page * kTokens, block);
    cache.drop(block);
    node = block;
    if (options.canary)
      canary.sealPage(block, tokens.data(), page, 0);
  }
  Snapshot snapshot;
  if (tree.hasSnapshot(node) || !cache.writeSnapshot(pages * kTokens, state, snapshot).isOk()) {
    tree.leave(node);
    return true;
  }
  tree.keepSnapshot(node, snapshot);
  if (options.canary)
    canary.sealSnapshot(snapshot);
  return true;
}
