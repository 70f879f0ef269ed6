//===- cache-operations.cpp - Random operations against runs from scratch -===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// cache-operations FILE.v4plan [operations] [seed]
//
// Feeds, forks, truncates, drafts, parks, drops and takes up sequences at random
// in sessions with little memory. Each row of logits, MTP included, must have the
// bits that a sequence fed from scratch has there. Tokens come from a few
// lines that share beginnings, so that prefixes are met again and every prefix
// is computed from scratch once. Exit code 2 names the first difference.
//
//===----------------------------------------------------------------------===//

#include "runtime/exec/Engine.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <random>

using namespace v4;

namespace {

void require(const Status &status) {
  if (status.isOk())
    return;
  std::fprintf(stderr, "cache-operations: %s\n", status.message().c_str());
  std::exit(status.exitCode());
}

struct RowHash {
  Digest main, mtp;
};

RowHash hashRow(Session &session, uint64_t row, uint64_t position, uint64_t vocabulary) {
  RowHash hash = {hashBytes(session.logits(row), vocabulary * sizeof(float)), {}};
  // Position 0 has no MTP row.
  if (session.mtpLogits(row) && position)
    hash.mtp = hashBytes(session.mtpLogits(row), vocabulary * sizeof(float));
  return hash;
}

/// Token strings with common beginnings, and what each position of them gives.
class Lines {
public:
  Lines(Engine &engine, bool mtp, uint64_t length, std::mt19937 &random) {
    vocabulary = engine.program().model()->vocab_size();
    // Cuts around the sizes of chunks, windows and pages.
    const uint64_t cuts[] = {0, 3, 4, 5, 63, 64, 65, 127, 128, 129, 191, 192, 255, 256, 257, 300};
    for (size_t i = 0; i < 14; ++i) {
      std::vector<int32_t> line;
      if (i) {
        const std::vector<int32_t> &from = all[random() % i];
        line.assign(from.begin(), from.begin() + static_cast<ptrdiff_t>(std::min(length, cuts[random() % 16])));
      }
      while (line.size() < length)
        line.push_back(static_cast<int32_t>(random() % vocabulary));
      all.push_back(line);
      rows.push_back(fromScratch(engine, mtp, line, 1 + random() % 64));
    }
  }
  const std::vector<int32_t> &tokens(size_t line) const { return all[line]; }
  const RowHash &row(size_t line, uint64_t position) const { return rows[line][position]; }
  size_t count() const { return all.size(); }

private:
  std::vector<RowHash> fromScratch(Engine &engine, bool mtp, const std::vector<int32_t> &line, uint64_t chunk) const {
    SessionOptions options;
    options.mtp = mtp;
    options.maxSequences = 1;
    options.forgetPrefixes = true;
    std::unique_ptr<Session> session;
    require(engine.createSession(options, session));
    Sequence *sequence = nullptr;
    require(session->createSequence(sequence));
    std::vector<RowHash> hashes;
    while (hashes.size() < line.size()) {
      uint64_t count = std::min({chunk, line.size() - hashes.size(), session->limits().maxTokens});
      session->batch()[0] = {sequence, line.data() + hashes.size(), count, count};
      require(session->step(1));
      for (uint64_t i = 0; i < count; ++i)
        hashes.push_back(hashRow(*session, i, hashes.size(), vocabulary));
    }
    return hashes;
  }

  uint64_t vocabulary;
  std::vector<std::vector<int32_t>> all;
  std::vector<std::vector<RowHash>> rows;
};

/// One session and its sequences, each on a line.
class Player {
public:
  Player(Engine &engine, const Lines &lines, const SessionOptions &options, uint32_t seed)
      : lines(lines), random(seed), vocabulary(engine.program().model()->vocab_size()),
        draft(engine.program().envelope()->max_draft()) {
    require(engine.createSession(options, session));
  }

  void play() {
    switch (random() % 16) {
    case 0:
    case 1:
      return create();
    case 2:
      return fork();
    case 3:
      return truncate();
    case 4:
      return park();
    case 5:
      return unpark();
    case 6:
      return release();
    case 7:
    case 8:
      return speculate();
    default:
      return feed();
    }
  }

  /// Whatever happened, every block is free at the end.
  void finish() {
    while (!live.empty())
      release();
    for (Waiting &one : waiting)
      session->dropParked(std::move(one.parked));
    session->forgetPrefixes();
    if (session->store().bytesInUse() || session->prefixes().nodeCount())
      fail("blocks are in use behind the last sequence");
    std::printf(
        "  %llu rows compared, %llu tokens taken up, %llu hits, %llu steps refused for want of room, %llu drafts\n",
        static_cast<unsigned long long>(compared), static_cast<unsigned long long>(reused),
        static_cast<unsigned long long>(hits), static_cast<unsigned long long>(refused),
        static_cast<unsigned long long>(drafted));
  }

private:
  struct Live {
    Sequence *sequence;
    size_t line;
  };
  struct Waiting {
    std::unique_ptr<ParkedSequence> parked;
    size_t line;
  };

  uint64_t most() const { return std::min<uint64_t>(lines.tokens(0).size(), session->limits().maxContext); }
  size_t pick() { return random() % live.size(); }
  bool full() const { return live.size() == session->limits().maxSequences; }

  void create() {
    if (full())
      return release();
    Live one{nullptr, random() % lines.count()};
    require(session->createSequence(one.sequence));
    PrefixHit hit;
    const std::vector<int32_t> &tokens = lines.tokens(one.line);
    require(session->reuse(*one.sequence, tokens.data(), 1 + random() % most(), hit));
    reused += hit.tokens;
    hits += hit.tokens != 0;
    if (hit.tokens != static_cast<uint64_t>(one.sequence->position))
      fail("a hit of other length than the sequence");
    live.push_back(one);
  }

  void fork() {
    if (live.empty() || full())
      return feed();
    Live one = live[pick()];
    require(session->fork(*one.sequence, one.sequence));
    // Another line with the same beginning, where there is one.
    for (size_t i = 0, line = random() % lines.count(); i < lines.count(); ++i, line = (line + 1) % lines.count())
      if (std::equal(lines.tokens(line).begin(), lines.tokens(line).begin() + one.sequence->position,
                     lines.tokens(one.line).begin())) {
        one.line = line;
        break;
      }
    live.push_back(one);
  }

  void truncate() {
    if (live.empty())
      return;
    Live &one = live[pick()];
    uint64_t position = static_cast<uint64_t>(one.sequence->position);
    uint64_t back = random() % 2 ? random() % 6 : random() % (position + 1);
    Status status = session->truncate(*one.sequence, position - std::min(position, back));
    noteRoom(status);
  }

  void release() {
    if (live.empty())
      return;
    size_t which = pick();
    session->releaseSequence(*live[which].sequence);
    live.erase(live.begin() + static_cast<ptrdiff_t>(which));
  }

  void park() {
    if (live.empty())
      return;
    size_t which = pick();
    Waiting one{nullptr, live[which].line};
    Status status = session->park(*live[which].sequence, one.parked);
    if (!status.isOk())
      return noteRoom(status);
    live.erase(live.begin() + static_cast<ptrdiff_t>(which));
    waiting.push_back(std::move(one));
  }

  void unpark() {
    if (waiting.empty())
      return;
    Waiting one = std::move(waiting.back());
    waiting.pop_back();
    if (full() || random() % 4 == 0)
      return session->dropParked(std::move(one.parked));
    live.push_back({nullptr, one.line});
    require(session->unpark(one.parked, live.back().sequence));
  }

  /// A ragged step of some sequences, by chunks of any size; all rows are compared.
  void feed() {
    std::shuffle(live.begin(), live.end(), random);
    uint64_t entries = 0, left = session->limits().maxTokens;
    for (size_t i = 0; i < live.size() && left; ++i) {
      const Live &one = live[i];
      uint64_t position = static_cast<uint64_t>(one.sequence->position), room = most() - std::min(most(), position);
      uint64_t count = random() % 2 ? 1 : 1 + random() % 64;
      if (random() % 2)
        count = prefillChunk(position, most(), count);
      count = std::min({count, room, left});
      if (count == 0 || random() % 4 == 0)
        continue;
      session->batch()[entries++] = {one.sequence, lines.tokens(one.line).data() + position, count, count};
      left -= count;
    }
    if (entries)
      step(entries);
  }

  /// One token and drafts behind it, the first so many of which are right.
  void speculate() {
    if (live.empty() || draft == 0)
      return;
    const Live &one = live[pick()];
    uint64_t position = static_cast<uint64_t>(one.sequence->position);
    uint64_t drafts = 1 + random() % draft, right = random() % (drafts + 1);
    if (position + 1 + drafts > most())
      return;
    std::vector<int32_t> tokens(lines.tokens(one.line).begin() + static_cast<ptrdiff_t>(position),
                                lines.tokens(one.line).begin() + static_cast<ptrdiff_t>(position + 1 + drafts));
    for (uint64_t i = 1 + right; i < tokens.size(); ++i)
      tokens[i] = static_cast<int32_t>((static_cast<uint64_t>(tokens[i]) + 1 + random() % 7) % vocabulary);
    // The block runs ahead on some of them; now and then nothing comes of it.
    if (session->limits().mtp && position)
      runAhead(one, tokens, random() % (drafts + 1));
    if (random() % 8 == 0)
      return;
    session->batch()[0] = {one.sequence, tokens.data(), tokens.size(), tokens.size()};
    Status status = session->step(1);
    if (!status.isOk())
      return noteRoom(status);
    for (uint64_t i = 0; i <= right; ++i)
      compare(one, i, position + i);
    require(session->rewind(*one.sequence, position + 1 + right));
    if (static_cast<uint64_t>(one.sequence->position) != position + 1 + right)
      fail("drafts are not taken back at once");
  }

  /// Drafts; the first one has the MTP row of its position.
  void runAhead(const Live &one, const std::vector<int32_t> &tokens, uint64_t count) {
    // Drafts that nothing came of count as well.
    count = std::min(count, draft - one.sequence->drafted);
    for (uint64_t i = 0; i < count; ++i, ++drafted) {
      bool first = one.sequence->drafted == 0;
      session->batch()[0] = {one.sequence, tokens.data() + i, 1, 1};
      require(session->draft(1));
      Digest found = hashBytes(session->mtpLogits(0), vocabulary * sizeof(float));
      if (first && found != lines.row(one.line, static_cast<uint64_t>(one.sequence->position)).mtp)
        fail(joinText("the draft behind position ", one.sequence->position, " of line ", one.line, " differs"));
    }
  }

  void step(uint64_t entries) {
    std::vector<BatchEntry> batch(session->batch(), session->batch() + entries);
    Status status = session->step(entries);
    if (!status.isOk())
      return noteRoom(status);
    uint64_t row = 0;
    for (const BatchEntry &entry : batch) {
      const Live &one =
          *std::find_if(live.begin(), live.end(), [&](const Live &l) { return l.sequence == entry.sequence; });
      uint64_t end = static_cast<uint64_t>(entry.sequence->position);
      for (uint64_t i = 0; i < entry.tokenCount; ++i)
        compare(one, row++, end - entry.tokenCount + i);
    }
  }

  void compare(const Live &one, uint64_t row, uint64_t position) {
    RowHash found = hashRow(*session, row, position, vocabulary);
    const RowHash &expected = lines.row(one.line, position);
    ++compared;
    if (found.main != expected.main)
      fail(joinText("logits of position ", position, " of line ", one.line, " differ"));
    if (session->limits().mtp && found.mtp != expected.mtp)
      fail(joinText("MTP logits of position ", position, " of line ", one.line, " differ"));
  }

  /// Want of room is no defect; a sequence leaves.
  void noteRoom(const Status &status) {
    if (status.isOk())
      return;
    if (status.code() != StatusCode::Unsupported)
      require(status);
    ++refused;
    release();
    if (!waiting.empty()) {
      session->dropParked(std::move(waiting.back().parked));
      waiting.pop_back();
    }
  }

  [[noreturn]] void fail(const std::string &what) const {
    std::fprintf(stderr, "cache-operations: %s\n", what.c_str());
    std::exit(2);
  }

  const Lines &lines;
  std::mt19937 random;
  uint64_t vocabulary, draft;
  std::unique_ptr<Session> session;
  std::vector<Live> live;
  std::vector<Waiting> waiting;
  uint64_t compared = 0, reused = 0, hits = 0, refused = 0, drafted = 0;
};

/// A session of some shape: pages for 4 to 40 times 128 tokens, of which snapshots take some.
SessionOptions someOptions(const Engine &engine, std::mt19937 &random) {
  SessionOptions options;
  options.mtp = engine.program().mtp_logits_buffer() >= 0;
  options.maxSequences = 1 + random() % std::min(6u, engine.program().envelope()->max_sequences());
  options.debugPlacement = random() % 2;
  options.canary = random() % 2;
  options.threads = 1 + random() % 2;
  options.hashBits = random() % 4 ? 128 : random() % 4;
  options.cacheBytes = (4 + random() % 80) * engine.program().page_bytes();
  return options;
}

} // namespace

int main(int count, char **arguments) {
  if (count < 2) {
    std::fprintf(stderr, "usage: cache-operations FILE.v4plan [operations] [seed]\n");
    return 1;
  }
  uint64_t operations = count > 2 ? std::strtoull(arguments[2], nullptr, 10) : 400;
  uint32_t seed = count > 3 ? static_cast<uint32_t>(std::strtoul(arguments[3], nullptr, 10)) : std::random_device()();
  std::printf("seed %u\n", seed);
  std::unique_ptr<Engine> engine;
  require(Engine::open(arguments[1], {}, {}, engine));
  std::mt19937 random(seed);
  uint64_t length = std::min<uint64_t>(420, engine->program().envelope()->max_context());
  Lines lines(*engine, engine->program().mtp_logits_buffer() >= 0, length, random);
  for (uint64_t done = 0; done < operations;) {
    SessionOptions options = someOptions(*engine, random);
    uint32_t playerSeed = random();
    std::printf("session of seed %u: %llu sequences, %llu bytes%s%s\n", playerSeed,
                static_cast<unsigned long long>(options.maxSequences),
                static_cast<unsigned long long>(options.cacheBytes), options.debugPlacement ? ", guarded" : "",
                options.canary ? ", canary" : "");
    std::fflush(stdout);
    Player player(*engine, lines, options, playerSeed);
    for (uint64_t i = 0; i < 400 && done < operations; ++i, ++done)
      player.play();
    player.finish();
  }
  return 0;
}
