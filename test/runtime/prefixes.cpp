//===- prefixes.cpp - Tests of kept prefixes, eviction and canaries -------===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "FakePlan.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <iterator>
#include <random>
#include <unistd.h>

using namespace v4;
using namespace v4::test;

namespace {

class Prefixes : public testing::Test {
protected:
  void SetUp() override { open({}); }
  void open(SessionOptions options) {
    options.mtp = true;
    options.threads = 1;
    options.canary = true;
    session.reset();
    Status status = Session::create(program.runnable(), options, {}, session);
    ASSERT_TRUE(status.isOk()) << status.message();
  }
  Sequence *create() {
    Sequence *sequence = nullptr;
    Status status = session->createSequence(sequence);
    EXPECT_TRUE(status.isOk()) << status.message();
    return sequence;
  }
  PrefixHit reuse(Sequence *sequence, const std::vector<int32_t> &tokens) {
    PrefixHit hit;
    Status status = session->reuse(*sequence, tokens.data(), tokens.size(), hit);
    EXPECT_TRUE(status.isOk()) << status.message();
    EXPECT_EQ(static_cast<uint64_t>(sequence->position), hit.tokens);
    return hit;
  }
  /// Feeds the rest of `tokens` and compares the last row.
  Status feed(Sequence *sequence, const std::vector<int32_t> &tokens) {
    while (static_cast<size_t>(sequence->position) < tokens.size()) {
      uint64_t at = static_cast<uint64_t>(sequence->position);
      session->batch()[0] = {sequence, tokens.data() + at, prefillChunk(at, tokens.size(), 64), 1};
      V4_RETURN_IF_ERROR(session->step(1));
    }
    EXPECT_EQ(std::vector<float>(session->logits(0), session->logits(0) + kVocabulary), expectedLogits(tokens));
    EXPECT_EQ(std::vector<float>(session->mtpLogits(0), session->mtpLogits(0) + kVocabulary),
              expectedMtpLogits(tokens));
    return Status();
  }
  /// A request from its first token to its end.
  PrefixHit serve(const std::vector<int32_t> &tokens) {
    Sequence *sequence = create();
    PrefixHit hit = reuse(sequence, tokens);
    Status status = feed(sequence, tokens);
    EXPECT_TRUE(status.isOk()) << status.message();
    session->releaseSequence(*sequence);
    return hit;
  }

  FakeProgram program;
  std::unique_ptr<Session> session;
};

TEST_F(Prefixes, PromptChunksEndAtTheLastBoundary) {
  EXPECT_EQ(prefillChunk(0, 300, 512), 256u);
  EXPECT_EQ(prefillChunk(256, 300, 512), 44u);
  EXPECT_EQ(prefillChunk(0, 300, 200), 128u);
  EXPECT_EQ(prefillChunk(100, 300, 60), 28u);
  EXPECT_EQ(prefillChunk(0, 256, 512), 128u);
  EXPECT_EQ(prefillChunk(0, 100, 60), 60u);
  EXPECT_EQ(prefillChunk(0, 129, 512), 128u);
  EXPECT_EQ(prefillChunk(129, 200, 20), 20u);
  EXPECT_EQ(prefillChunk(128, 4096, UINT64_MAX), 3968u - 128u); // "no limit"
  EXPECT_EQ(prefillChunk(5, 5, 20), 0u);
}

TEST_F(Prefixes, HitsSayWhyTheyEnd) {
  std::vector<int32_t> tokens = somePrompt(300, 1);
  EXPECT_EQ(serve(tokens).reason, HitReason::Nothing);
  PrefixHit hit = serve(tokens);
  EXPECT_EQ(hit.tokens, 256u);
  EXPECT_EQ(hit.reason, HitReason::Whole);
  std::vector<int32_t> other = tokens;
  other[200] ^= 1;
  hit = serve(other);
  EXPECT_EQ(hit.tokens, 128u);
  EXPECT_EQ(hit.reason, HitReason::Different);
  EXPECT_EQ(serve({tokens.begin(), tokens.begin() + 128}).reason, HitReason::Short);
  EXPECT_EQ(serve({tokens.begin(), tokens.begin() + 129}).tokens, 128u);
  other[0] ^= 1;
  EXPECT_EQ(serve(other).reason, HitReason::Nothing);
  SessionOptions off;
  off.forgetPrefixes = true;
  open(off);
  serve(tokens);
  EXPECT_EQ(serve(tokens).reason, HitReason::Off);
}

TEST_F(Prefixes, DraftsThatWereTakenBackAreNotKept) {
  std::vector<int32_t> tokens = somePrompt(127, 1);
  Sequence *sequence = create();
  ASSERT_TRUE(feed(sequence, tokens).isOk());
  std::vector<int32_t> right = tokens, wrong = tokens;
  right.insert(right.end(), {3, 4});
  wrong.insert(wrong.end(), {5, 6});
  session->batch()[0] = {sequence, wrong.data() + 127, 2, 2};
  ASSERT_TRUE(session->step(1).isOk());
  ASSERT_TRUE(session->rewind(*sequence, 127).isOk());
  ASSERT_TRUE(feed(sequence, right).isOk());
  session->releaseSequence(*sequence);
  EXPECT_EQ(reuse(create(), wrong).reason, HitReason::Nothing);
  EXPECT_EQ(reuse(create(), right).tokens, 128u);
}

TEST_F(Prefixes, CollidingHashesAreToldApart) {
  SessionOptions options;
  options.hashBits = 0;
  options.cacheBytes = 100 * 192;
  open(options);
  for (int round = 0; round < 2; ++round)
    for (uint32_t seed = 0; seed < 6; ++seed)
      EXPECT_EQ(serve(somePrompt(200, seed)).tokens, round ? 128u : 0u);
}

TEST_F(Prefixes, MemoryStaysWithinItsBound) {
  SessionOptions options;
  options.cacheBytes = 30 * 192;
  open(options);
  for (uint32_t seed = 0; seed < 40; ++seed) {
    serve(somePrompt(130 + seed * 7, seed % 11));
    ASSERT_LE(session->store().maxBlocks() * 192, options.cacheBytes);
  }
  EXPECT_GT(session->prefixes().snapshotCount(), 0u);
  session->forgetPrefixes();
  EXPECT_EQ(session->store().bytesInUse(), 0u);
}

TEST_F(Prefixes, TurnsAndCoarseBoundariesStayLongest) {
  SessionOptions options;
  options.cacheBytes = 60 * 192;
  open(options);
  Sequence *sequence = create();
  ASSERT_TRUE(feed(sequence, somePrompt(1000, 1)).isOk());
  std::vector<uint64_t> kept;
  session->prefixes().forEachSnapshot(
      [&](uint32_t node) { kept.push_back(session->prefixes().snapshotOf(node).position); });
  std::sort(kept.begin(), kept.end());
  EXPECT_EQ(kept.back(), 896u);
  EXPECT_TRUE(std::find(kept.begin(), kept.end(), 512u) != kept.end());
}

TEST_F(Prefixes, ParkedSequencesGoOn) {
  std::vector<int32_t> tokens = somePrompt(300, 1);
  std::vector<std::unique_ptr<ParkedSequence>> parked;
  SessionOptions options;
  options.cacheBytes = 100 * 192;
  open(options);
  for (uint64_t length : {1u, 5u, 130u, 256u, 299u}) {
    Sequence *sequence = create();
    ASSERT_TRUE(feed(sequence, {tokens.begin(), tokens.begin() + static_cast<ptrdiff_t>(length)}).isOk());
    ASSERT_TRUE(session->park(*sequence, parked.emplace_back()).isOk());
  }
  for (auto &one : parked) {
    Sequence *sequence = nullptr;
    ASSERT_TRUE(session->unpark(one, sequence).isOk());
    ASSERT_TRUE(feed(sequence, tokens).isOk());
    session->releaseSequence(*sequence);
  }
}

TEST_F(Prefixes, SavedSequencesAndPrefixesGoOn) {
  std::vector<int32_t> tokens = somePrompt(300, 1), other = somePrompt(200, 2);
  SessionOptions options;
  options.cacheBytes = 100 * 192;
  open(options);
  Sequence *saved[2] = {create(), create()};
  ASSERT_TRUE(feed(saved[0], {tokens.begin(), tokens.begin() + 270}).isOk());
  serve(other);
  std::string path = testing::TempDir() + "v4-saved-state-" + std::to_string(getpid());
  Status status = session->save(path, saved, 2);
  ASSERT_TRUE(status.isOk()) << status.message();
  open(options);
  std::vector<Sequence *> loaded;
  status = session->load(path, loaded);
  ASSERT_TRUE(status.isOk()) << status.message();
  ASSERT_EQ(loaded.size(), 2u);
  EXPECT_EQ(loaded[0]->position, 270);
  EXPECT_EQ(loaded[1]->position, 0);
  ASSERT_TRUE(feed(loaded[0], tokens).isOk());
  ASSERT_TRUE(feed(loaded[1], {3, 4}).isOk());
  session->releaseSequence(*loaded[0]);
  session->releaseSequence(*loaded[1]);
  EXPECT_EQ(serve(other).tokens, 128u);
  EXPECT_EQ(serve(tokens).tokens, 256u);
  std::remove(path.c_str());
}

TEST_F(Prefixes, DamagedStatesAreRefused) {
  Sequence *sequence = create();
  ASSERT_TRUE(feed(sequence, somePrompt(131, 1)).isOk());
  std::string path = testing::TempDir() + "v4-damaged-state-" + std::to_string(getpid());
  ASSERT_TRUE(session->save(path, &sequence, 1).isOk());
  std::ifstream in(path, std::ios::binary);
  std::string whole((std::istreambuf_iterator<char>(in)), {});
  auto refused = [&](const std::string &bytes) {
    std::ofstream(path, std::ios::binary) << bytes;
    std::vector<Sequence *> loaded;
    Status status = session->load(path, loaded);
    EXPECT_EQ(status.code(), StatusCode::InvalidInput);
    EXPECT_EQ(status.message().compare(0, path.size() + 2, path + ": "), 0) << status.message();
    EXPECT_TRUE(loaded.empty());
  };
  for (size_t length = 0; length < whole.size(); ++length)
    refused(whole.substr(0, length));
  std::mt19937 random(1);
  for (size_t at = 0; at < whole.size(); ++at) {
    std::string damaged = whole;
    damaged[at] = static_cast<char>(damaged[at] ^ (1 << at % 8));
    refused(damaged);
    for (int more = random() % 8; more >= 0; --more)
      damaged[random() % whole.size()] = static_cast<char>(random());
    if (damaged != whole)
      refused(damaged);
  }
  // Behind a right checksum anything may stand: it is refused or it is taken, and nothing breaks.
  for (size_t at = 0; at < whole.size() - sizeof(Digest); ++at) {
    std::string damaged = whole;
    damaged[at] = static_cast<char>(at % 3 ? random() : 0xFF);
    Digest digest = hashBytes(damaged.data(), damaged.size() - sizeof(Digest));
    std::memcpy(&damaged[damaged.size() - sizeof(Digest)], digest.bytes, sizeof(Digest));
    std::ofstream(path, std::ios::binary) << damaged;
    open({});
    std::vector<Sequence *> loaded;
    if (session->load(path, loaded).isOk())
      for (Sequence *one : loaded)
        session->releaseSequence(*one);
  }
  auto resealed = [&](std::string bytes) {
    Digest digest = hashBytes(bytes.data(), bytes.size());
    return bytes.append(reinterpret_cast<const char *>(digest.bytes), sizeof(Digest));
  };
  std::string content = whole.substr(0, whole.size() - sizeof(Digest)), wrongToken = content;
  open({});
  refused(resealed(content + std::string(8, '\0')));
  // The first token of the first sequence, behind the header and its length.
  for (int32_t id : {-1, int32_t(kVocabulary)}) {
    std::memcpy(&wrongToken[64 + sizeof(uint64_t)], &id, sizeof(id));
    refused(resealed(wrongToken));
  }
  std::ofstream(path, std::ios::binary) << whole;
  SessionOptions options;
  open(options);
  std::vector<Sequence *> loaded;
  EXPECT_TRUE(session->load(path, loaded).isOk());
  std::remove(path.c_str());
}

TEST_F(Prefixes, CanariesFindWhatNobodyShouldHaveWritten) {
  std::vector<int32_t> tokens = somePrompt(200, 1);
  for (int where = 0; where < 3; ++where) {
    open({});
    Sequence *sequence = create(), *bystander = create();
    ASSERT_TRUE(feed(sequence, tokens).isOk());
    ASSERT_TRUE(feed(bystander, tokens).isOk());
    uint8_t *bytes = session->store().stateData(sequence->index) + 70;
    if (where)
      bytes = session->store().blockData(session->store().pageBlocksOf(sequence->index)[where - 1]) + 70;
    *bytes ^= 4;
    tokens.push_back(1);
    Status status = feed(bystander, tokens);
    tokens.pop_back();
    EXPECT_EQ(status.code(), StatusCode::Internal);
    EXPECT_NE(
        status.message().find(where ? "a page of sequence" : "the state block of sequence 0 with positions 0 to 200"),
        std::string::npos)
        << status.message();
  }
}

TEST_F(Prefixes, LogitsThatAreNoNumbersAreAnErrorOfTheirRow) {
  Sequence *sequence = create();
  ASSERT_TRUE(feed(sequence, {1, 2}).isOk());
  EXPECT_TRUE(session->checkLogits(0).isOk());
  const_cast<float *>(session->logits(0))[7] = 1.0f / 0.0f;
  EXPECT_EQ(session->checkLogits(0).message(),
            "logits row 0: entry 7 is not finite, expected numbers; end this request, "
            "its tokens lead the model astray");
}

} // namespace
