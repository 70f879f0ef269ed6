//===- state.cpp - Foreign saved states -----------------------------------===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A session loads the state, and steps with what it held.
//
//===----------------------------------------------------------------------===//

#include "test/fuzz/FuzzTarget.h"
#include "test/runtime/FakePlan.h"

#include "runtime/base/Hash.h"

#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>

using namespace v4;
using namespace v4::fuzz;
using v4::test::FakeProgram;

namespace {

constexpr size_t kHash = plan::kHashBytes, kHeader = 64;

const FakeProgram &program() {
  static const FakeProgram fake;
  return fake;
}

void require(const Status &status) {
  if (status.isOk())
    return;
  std::fprintf(stderr, "%s\n", status.message().c_str());
  std::abort();
}

std::unique_ptr<Session> makeSession(bool mtp) {
  SessionOptions options;
  options.threads = 1;
  options.mtp = mtp;
  options.canary = true;
  options.cacheBytes = 64 << 10;
  std::unique_ptr<Session> session;
  require(Session::create(program().runnable(), options, {}, session));
  return session;
}

void feed(Session &session, Sequence *sequence, const std::vector<int32_t> &tokens) {
  for (size_t at = 0; at < tokens.size();) {
    size_t count = prefillChunk(at, tokens.size(), 64);
    session.batch()[0] = {sequence, tokens.data() + at, count, 1};
    require(session.step(1));
    at += count;
  }
}

ByteString savedState(bool mtp, std::initializer_list<size_t> lengths) {
  std::unique_ptr<Session> session = makeSession(mtp);
  std::vector<Sequence *> sequences;
  for (size_t length : lengths) {
    Sequence *sequence = nullptr;
    require(session->createSequence(sequence));
    feed(*session, sequence, v4::test::somePrompt(length, static_cast<uint32_t>(length)));
    sequences.push_back(sequence);
  }
  ScratchFile file("seed");
  require(session->save(file.path(), sequences.data(), sequences.size()));
  std::ifstream in(file.path(), std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

void rehash(ByteString &file) {
  if (file.size() >= kHash)
    std::memcpy(&file[file.size() - kHash], hashBytes(file.data(), file.size() - kHash).bytes, kHash);
}

/// Changes lengths and ids, which lie at any multiple of 4, or the bytes between.
void mutate(ByteString &file, size_t most, Choice &choice) {
  if (choice.oneIn(16))
    return mutateBytes(file, most);
  if (file.size() >= kHeader + kHash && choice.oneIn(4)) {
    uint64_t value = choice.below(5);
    std::memcpy(&file[48 + 8 * choice.below(2)], &value, sizeof(value));
  } else if (choice.oneIn(2)) {
    mutateWord(file, choice);
  } else {
    mutateBytes(file, most);
  }
  rehash(file);
}

} // namespace

std::vector<ByteString> fuzz::makeSeeds() {
  return {savedState(false, {}),       savedState(false, {1}),
          savedState(false, {5, 130}), savedState(false, {256, 3, 140}),
          savedState(true, {7}),       savedState(true, {129, 128})};
}

extern "C" size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t most, unsigned seed) {
  Choice choice(seed);
  ByteString file(data, data + size);
  mutate(file, most, choice);
  return put(file, data, size, most);
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static const ScratchFile file("state");
  file.write(data, size, size);
  uint32_t mtp = 0;
  if (size >= 16)
    std::memcpy(&mtp, data + 12, sizeof(mtp));
  std::unique_ptr<Session> session = makeSession(mtp == 1);
  std::vector<Sequence *> loaded;
  if (!session->load(file.path(), loaded).isOk())
    return 0;
  int32_t token = 1;
  for (Sequence *sequence : loaded) {
    session->batch()[0] = {sequence, &token, 1, 1};
    // It may be full.
    use(session->step(1).isOk());
  }
  for (Sequence *sequence : loaded)
    session->releaseSequence(*sequence);
  return 0;
}
