//===- SmallKernelsTest.cpp - Row moves, routing, caches, tuned -*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Tuned kernels whose arithmetic is that of the decomposition, step by step: results
// and caches must have the same bits, for 1 to 700 rows, on every level. What the
// decompositions themselves are worth is tested against double elsewhere.
//
//===----------------------------------------------------------------------===//

#include "OpHarness.h"

#include <gtest/gtest.h>

using namespace v4;
using namespace v4::test;

namespace {

using Bytes = std::vector<uint8_t>;

constexpr int64_t kMostRows = 700;
const std::string kTokens = ", #v4.rows<tokens>>";

std::string s(int64_t n) { return std::to_string(n); }

/// A function of one op with what it reads; caches are among the arguments.
struct Program {
  std::string text;
  std::vector<Bytes> arguments;
  std::vector<int64_t> resultRowBytes;
  int64_t stateBytes = 64, pageBytes = 64;
};

Bytes reals(uint64_t seed, int64_t count, float factor, bool narrow) {
  Bytes bytes(count * (narrow ? 2 : 4));
  for (int64_t i = 0; i < count; ++i) {
    float value = randomReal(seed, i) * factor;
    Bf16 rounded = toBf16(value);
    std::memcpy(&bytes[i * (narrow ? 2 : 4)], narrow ? static_cast<void *>(&rounded) : &value, narrow ? 2 : 4);
  }
  return bytes;
}

Bytes bf16s(uint64_t seed, int64_t count) { return reals(seed, count, 3, true); }
Bytes floats(uint64_t seed, int64_t count) { return reals(seed, count, 3, false); }

template <typename T>
Bytes bytesOf(const std::vector<T> &values) {
  Bytes bytes(values.size() * sizeof(T));
  std::memcpy(bytes.data(), values.data(), bytes.size());
  return bytes;
}

/// Two sequences, one of which began earlier.
std::vector<Span> spansOf(int64_t rows) {
  std::vector<Span> spans{{1, 0, rows - rows / 3}};
  if (rows / 3)
    spans.push_back({0, 7, rows / 3});
  return spans;
}

class SmallKernels : public testing::TestWithParam<std::string> {
protected:
  void SetUp() override {
    if (!runsHere(GetParam()))
      GTEST_SKIP() << "this machine is below " << GetParam();
  }

  /// Results, then arguments as they are left.
  static std::vector<Bytes> run(const OpProgram &compiled, const Program &program, int64_t rows, int64_t parts) {
    Sequences sequences(2, kMostRows + 8, program.pageBytes, program.stateBytes);
    std::vector<Bytes> buffers;
    for (int64_t bytes : program.resultRowBytes)
      buffers.emplace_back(bytes * kMostRows, 0xAB);
    buffers.insert(buffers.end(), program.arguments.begin(), program.arguments.end());
    std::vector<void *> results;
    std::vector<const void *> arguments;
    for (size_t i = 0; i < buffers.size(); ++i)
      if (i < program.resultRowBytes.size())
        results.push_back(buffers[i].data());
      else
        arguments.push_back(buffers[i].data());
    compiled.run(Step(sequences, spansOf(rows)), arguments, results, parts);
    return buffers;
  }

  static void expectEqualBits(const Program &program) {
    auto plain = OpProgram::compile(program.text, GetParam());
    auto tuned = OpProgram::compile(program.text, GetParam(), Kernels::Tuned);
    ASSERT_TRUE(plain && tuned);
    for (int64_t rows : {1, 3, 17, 129, 700}) {
      std::vector<Bytes> expected = run(*plain, program, rows, 1);
      EXPECT_TRUE(expected == run(*tuned, program, rows, 1)) << rows << " rows of\n" << program.text;
      EXPECT_TRUE(expected == run(*tuned, program, rows, 3)) << rows << " rows in 3 parts of\n" << program.text;
    }
  }
};

//===----------------------------------------------------------------------===//
// Moves and sums
//===----------------------------------------------------------------------===//

TEST_P(SmallKernels, EmbeddingRowsGoToEveryStream) {
  for (auto [streams, width] : {std::pair<int64_t, int64_t>{4, 1024}, {3, 90}, {1, 77}, {2, 48}}) {
    std::string table = "tensor<64x" + s(width) + "xbf16>";
    std::string out = "tensor<?x" + (streams > 1 ? s(streams) + "x" : "") + s(width) + "xbf16" + kTokens;
    expectEqualBits({"func.func @f(%t: " + table + ") -> " + out + " { %x = v4.embed %t : " + table + " -> " + out +
                         " return %x : " + out + " }",
                     {bf16s(1, 64 * width)},
                     {2 * streams * width}});
  }
}

TEST_P(SmallKernels, RowsThatWantLogits) {
  for (auto [streams, width] : {std::pair<int64_t, int64_t>{4, 512}, {3, 31}}) {
    std::string dims = "tensor<?x" + s(streams) + "x" + s(width) + "xbf16";
    std::string x = dims + kTokens, out = dims + ", #v4.rows<logits>>";
    expectEqualBits({"func.func @f(%x: " + x + ") -> " + out + " { %y = v4.select_logits_rows %x : " + x + " -> " +
                         out + " return %y : " + out + " }",
                     {bf16s(2, kMostRows * streams * width)},
                     {2 * streams * width}});
  }
}

TEST_P(SmallKernels, CombineAddsInOrder) {
  for (auto [slots, width] : {std::pair<int64_t, int64_t>{6, 1024}, {5, 90}, {1, 33}}) {
    std::string e = "tensor<?x" + s(slots) + "x" + s(width) + "xbf16" + kTokens,
                y = "tensor<?x" + s(width) + "xbf16" + kTokens;
    expectEqualBits({"func.func @f(%e: " + e + ", %s: " + y + ") -> " + y + " { %y = v4.combine %e, %s : " + e + ", " +
                         y + " return %y : " + y + " }",
                     {bf16s(3, kMostRows * slots * width), bf16s(4, kMostRows * width)},
                     {2 * width}});
  }
}

TEST_P(SmallKernels, MtpMixAddsTheEmbedding) {
  for (auto [streams, width] : {std::pair<int64_t, int64_t>{4, 1024}, {3, 50}}) {
    std::string e = "tensor<?x" + s(width) + "xbf16" + kTokens,
                x = "tensor<?x" + s(streams) + "x" + s(width) + "xbf16" + kTokens;
    expectEqualBits({"func.func @f(%e: " + e + ", %s: " + x + ") -> " + x + " { %y = v4.mtp_mix %e, %s : " + e + ", " +
                         x + " return %y : " + x + " }",
                     {bf16s(5, kMostRows * width), bf16s(6, kMostRows * streams * width)},
                     {2 * streams * width}});
  }
}

TEST_P(SmallKernels, ScaleRoundsTheProduct) {
  for (int64_t width : {64, 9, 47}) {
    std::string x = "tensor<?x" + s(width) + "xbf16" + kTokens;
    expectEqualBits(
        {"func.func @f(%x: " + x + ") -> " + x + " { %y = v4.scale %x by 3.7e-02 : " + x + " return %y : " + x + " }",
         {bf16s(7, kMostRows * width)},
         {2 * width}});
  }
}

TEST_P(SmallKernels, HeadRowFromStreams) {
  for (auto [streams, width] : {std::pair<int64_t, int64_t>{4, 512}, {3, 48}, {1, 16}, {2, 80}}) {
    int64_t n = streams * width;
    std::string x = "tensor<?x" + s(streams) + "x" + s(width) + "xbf16" + kTokens,
                fn = "tensor<" + s(streams) + "x" + s(n) + "xf32>", base = "tensor<" + s(streams) + "xf32>",
                out = "tensor<?x" + s(width) + "xbf16" + kTokens;
    std::vector<float> weights(streams * n), bases(streams), scale{0.8f};
    for (size_t i = 0; i < weights.size(); ++i)
      weights[i] = randomReal(20, i);
    for (size_t i = 0; i < bases.size(); ++i)
      bases[i] = randomReal(21, i);
    expectEqualBits({"func.func @f(%x: " + x + ", %f: " + fn + ", %b: " + base + ", %s: tensor<1xf32>) -> " + out +
                         " { %y = v4.hc_head %x, %f, %b, %s eps 1.0e-06 hc_eps 1.0e-06 : " + x + ", " + fn + ", " +
                         base + ", tensor<1xf32> -> " + out + " return %y : " + out + " }",
                     {bf16s(22, kMostRows * n), bytesOf(weights), bytesOf(bases), bytesOf(scale)},
                     {2 * width}});
  }
}

TEST_P(SmallKernels, AnglesOfTokensAndChunks) {
  for (const char *rows : {"tokens", "chunks4", "chunks128"})
    for (int64_t pairs : {32, 21}) {
      std::string list = "1.0", out = "tensor<?x2x" + s(pairs) + "xf32, #v4.rows<" + std::string(rows) + ">>";
      for (int64_t i = 1; i < pairs; ++i)
        list += ", " + std::to_string(1.0 / double(i * i + 1));
      int64_t offset = std::string(rows) == "tokens" ? -1 : 2;
      expectEqualBits({"func.func @f() -> " + out + " { %t = v4.rope_table freqs dense<[" + list + "]> : tensor<" +
                           s(pairs) + "xf32> offset " + s(offset) + " -> " + out + " return %t : " + out + " }",
                       {},
                       {8 * pairs}});
    }
}

//===----------------------------------------------------------------------===//
// Routing
//===----------------------------------------------------------------------===//

struct Experts {
  int64_t count, active;
  bool normalize;
};

TEST_P(SmallKernels, LearnedRouting) {
  for (Experts c : {Experts{256, 6, true}, {16, 4, true}, {9, 1, false}, {48, 16, true}, {5, 5, true}}) {
    std::string logits = "tensor<?x" + s(c.count) + "xf32" + kTokens, bias = "tensor<" + s(c.count) + "xf32>";
    std::string ids = "tensor<?x" + s(c.active) + "xi32" + kTokens,
                weights = "tensor<?x" + s(c.active) + "xf32" + kTokens;
    std::vector<float> l(kMostRows * c.count), b(c.count);
    for (size_t i = 0; i < l.size(); ++i)
      l[i] = float(int(randomBits(8, i) % 41) - 12) * 0.75f; // many ties, both branches of softplus
    for (size_t i = 0; i < b.size(); ++i)
      b[i] = i % 3 ? 0 : -2;
    b[1] = -INFINITY;
    b[2] = NAN;
    expectEqualBits({"func.func @f(%l: " + logits + ", %b: " + bias + ") -> (" + ids + ", " + weights +
                         ") { %e, %w = v4.route %l, %b factor 1.5 " + (c.normalize ? "normalize" : "") + " : " +
                         logits + ", " + bias + " -> " + ids + ", " + weights + " return %e, %w : " + ids + ", " +
                         weights + " }",
                     {bytesOf(l), bytesOf(b)},
                     {4 * c.active, 4 * c.active}});
  }
}

TEST_P(SmallKernels, HashRouting) {
  for (Experts c : {Experts{256, 6, true}, {13, 4, false}, {16, 16, true}, {3, 1, true}}) {
    std::string logits = "tensor<?x" + s(c.count) + "xf32" + kTokens, table = "tensor<64x" + s(c.active) + "xi32>";
    std::string ids = "tensor<?x" + s(c.active) + "xi32" + kTokens,
                weights = "tensor<?x" + s(c.active) + "xf32" + kTokens;
    std::vector<int32_t> rows(64 * c.active);
    for (size_t i = 0; i < rows.size(); ++i) // equal ones and ones that do not exist among them
      rows[i] = int32_t(randomBits(9, i) % uint64_t(c.count + 2)) - 1;
    expectEqualBits({"func.func @f(%l: " + logits + ", %t: " + table + ") -> (" + ids + ", " + weights +
                         ") { %e, %w = v4.hash_route %l, %t factor 2.5 " + (c.normalize ? "normalize" : "") + " : " +
                         logits + ", " + table + " -> " + ids + ", " + weights + " return %e, %w : " + ids + ", " +
                         weights + " }",
                     {floats(10, kMostRows * c.count), bytesOf(rows)},
                     {4 * c.active, 4 * c.active}});
  }
}

TEST_P(SmallKernels, DispatchSortsStably) {
  for (Experts c : {Experts{256, 6, true}, {16, 4, true}, {1, 1, true}, {37, 3, true}}) {
    std::string ids = "tensor<?x" + s(c.active) + "xi32" + kTokens,
                runs = "tensor<?x" + s(c.count + 1) + "xi32, #v4.rows<one>>";
    std::string text = "func.func @f(%e: " + ids + ") -> (" + ids + ", " + runs + ", " + runs +
                       ") { %o, %f, %h = v4.dispatch %e : " + ids + " -> " + ids + ", " + runs + ", " + runs +
                       " return %o, %f, %h : " + ids + ", " + runs + ", " + runs + " }";
    auto plain = OpProgram::compile(text, GetParam()), tuned = OpProgram::compile(text, GetParam(), Kernels::Tuned);
    ASSERT_TRUE(plain && tuned);
    std::vector<int32_t> experts(kMostRows * c.active);
    for (size_t i = 0; i < experts.size(); ++i) // some are never hit
      experts[i] = int32_t(randomBits(11, i) % uint64_t(c.count) / 2 * 2);
    Program program{text, {bytesOf(experts)}, {4 * c.active, 4 * (c.count + 1), 4 * (c.count + 1)}};
    for (int64_t rows : {1, 3, 17, 129, 700}) {
      std::vector<Bytes> expected = run(*plain, program, rows, 1), got = run(*tuned, program, rows, 2);
      EXPECT_TRUE(expected[0] == got[0] && expected[1] == got[1]) << rows;
      // Behind the last hit there may be anything.
      int32_t hits = 0;
      std::memcpy(&hits, expected[2].data(), 4);
      EXPECT_EQ(std::memcmp(expected[2].data(), got[2].data(), 4 * (size_t(hits) + 1)), 0) << rows;
    }
  }
}

//===----------------------------------------------------------------------===//
// Caches
//===----------------------------------------------------------------------===//

/// `op` on rows of x and a pool, which it writes or reads.
std::string withPool(const std::string &x, const std::string &pool, const std::string &op, const std::string &out) {
  return "func.func @f(%x: " + x + ", %c: " + pool + ")" + (out.empty() ? "" : " -> " + out) + " { " +
         (out.empty() ? "" : "%y = ") + op + " : " + x + ", " + pool + " return" + (out.empty() ? "" : " %y : " + out) +
         " }";
}

TEST_P(SmallKernels, RowsOfChunksGoToPages) {
  struct Pool {
    const char *encoding;
    int64_t ratio, dim, rope, rowBytes;
  };
  for (Pool c :
       {Pool{"kv_compact", 4, 512, 64, 584}, {"kv_compact", 128, 146, 18, 168}, {"index_fp4", 4, 128, 0, 68}}) {
    std::string x = "tensor<?x" + s(c.dim) + "xbf16, #v4.rows<chunks" + s(c.ratio) + ">>";
    std::string pool = "!v4.cache<page, ratio = " + s(c.ratio) + ", " + c.encoding + ", rows = " + s(128 / c.ratio) +
                       ", values = " + s(c.dim) + ", rope = " + s(c.rope) + ">";
    Program program{withPool(x, pool, "v4.append_rows %x, %c", ""), {bf16s(12, kMostRows / c.ratio * c.dim), {}}, {}};
    program.pageBytes = 128 / c.ratio * c.rowBytes;
    program.arguments[1].assign(Sequences(2, kMostRows + 8, program.pageBytes, 1).pageArea(), 0xEE);
    expectEqualBits(program);
  }
}

TEST_P(SmallKernels, WindowsKeepTheLastRows) {
  for (int64_t offset : {0, -1}) {
    std::string x = "tensor<?x256xbf16" + kTokens;
    std::string ring = "!v4.cache<state, ratio = 1, kv_compact, rows = 128, values = 256, rope = 64>";
    Program program{
        withPool(x, ring, "v4.append_window %x, %c offset " + s(offset), ""), {bf16s(13, kMostRows * 256), {}}, {}};
    program.stateBytes = 128 * int64_t(plan::kvCompactRowBytes(256, 64));
    program.arguments[1].assign(2 * program.stateBytes, 0xEE);
    expectEqualBits(program);
  }
}

TEST_P(SmallKernels, PartialChunksStayExact) {
  for (int64_t width : {256, 37}) {
    std::string x = "tensor<?x" + s(width) + "xf32" + kTokens;
    std::string ring = "!v4.cache<state, ratio = 1, f32, rows = 8, values = " + s(2 * width) + ", rope = 0>";
    Program program{"func.func @f(%a: " + x + ", %g: " + x + ", %c: " + ring + ") { v4.save_partial %a, %g, %c : " + x +
                        ", " + ring + " return }",
                    {floats(14, kMostRows * width), floats(15, kMostRows * width), {}},
                    {}};
    program.stateBytes = 8 * 8 * width;
    program.arguments[2].assign(2 * program.stateBytes, 0xEE);
    expectEqualBits(program);
  }
}

TEST_P(SmallKernels, StreamsOfTheTokenInFront) {
  for (int64_t width : {512, 45}) {
    std::string x = "tensor<?x2x" + s(width) + "xbf16" + kTokens;
    std::string pool = "!v4.cache<state, ratio = 1, bf16, rows = 2, values = " + s(2 * width) + ", rope = 0>";
    Program save{withPool(x, pool, "v4.save_streams %x, %c", ""),
                 {bf16s(16, kMostRows * 2 * width), bf16s(17, 2 * 4 * width)},
                 {}};
    Program previous = save;
    previous.text = withPool(x, pool, "v4.previous_streams %x, %c", x);
    previous.resultRowBytes = {4 * width};
    save.stateBytes = previous.stateBytes = 8 * width;
    expectEqualBits(save);
    expectEqualBits(previous);
  }
}

INSTANTIATE_TEST_SUITE_P(Levels, SmallKernels, testing::Values("cpu:x86-64-v4-bf16", "cpu:x86-64-v4", "cpu:x86-64-v3"),
                         [](const testing::TestParamInfo<std::string> &info) {
                           std::string name = info.param.substr(4);
                           for (char &c : name)
                             c = std::isalnum(static_cast<unsigned char>(c)) ? c : '_';
                           return name;
                         });

} // namespace
