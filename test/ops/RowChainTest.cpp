//===- RowChainTest.cpp - Fused steps on rows against single ops -*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Four programs for each chain: single ops and the fused op, each decomposed and tuned.
// Both decompositions have the same bits, as have both tuned ones; between the two a norm
// may round a sum elsewhere, everything else is exact.
//
//===----------------------------------------------------------------------===//

#include "OpHarness.h"

#include <gtest/gtest.h>

using namespace v4::test;

namespace {

constexpr int64_t kRows = 700;

struct Case {
  std::string name, level;
  int64_t inner, width, pairs;
  std::string norm; ///< "rms", "head" or "".
  bool inverse, hadamard, keep;
  std::string quantize; ///< As behind v4.quantize %x.
};

std::ostream &operator<<(std::ostream &os, const Case &c) { return os << c.name; }

class RowChain : public testing::TestWithParam<Case> {
protected:
  RowChain()
      : c(GetParam()), run(c.inner * c.width), x(kRows * run), weight(c.width), table(kRows * 2 * std::max<int64_t>(c.pairs, 1)) {
    for (size_t i = 0; i < x.size(); ++i)
      x[i] = toBf16(randomReal(1, i) * std::ldexp(1.0f, int(randomBits(2, i / 32) % 9) - 4));
    for (size_t i = 0; i < weight.size(); ++i)
      weight[i] = toBf16(1 + randomReal(3, i));
    for (size_t i = 0; i < table.size(); ++i)
      table[i] = randomReal(4, i);
  }

  std::string type() const {
    std::string heads = c.inner > 1 ? std::to_string(c.inner) + "x" : "";
    return "tensor<?x" + heads + std::to_string(c.width) + "xbf16, #v4.rows<tokens>>";
  }
  std::string weightType() const { return "tensor<" + std::to_string(c.width) + "xbf16>"; }
  std::string tableType() const {
    return "tensor<?x2x" + std::to_string(std::max<int64_t>(c.pairs, 1)) + "xf32, #v4.rows<tokens>>";
  }

  std::string singles() const {
    std::string body, last = "%x", t = type();
    auto step = [&](const std::string &result, const std::string &op) {
      body += result + " = " + op + "\n";
      last = result;
    };
    if (c.norm == "rms")
      step("%n", "v4.rms_norm %x, %w eps 1.0e-06 : " + t + ", " + weightType());
    if (c.norm == "head")
      step("%n", "v4.head_norm %x eps 1.0e-06 : " + t);
    if (c.pairs)
      step("%r", "v4.rope " + last + ", %t " + (c.inverse ? "inverse" : "") + " : " + t + ", " + tableType());
    if (c.hadamard)
      step("%h", "v4.hadamard " + last + " : " + t);
    if (!c.quantize.empty())
      step("%q", "v4.quantize " + last + " " + c.quantize + " : " + t);
    return wrapped(body, last, "%n");
  }

  std::string fused() const {
    std::string op = "v4.row_chain %x", types = type();
    if (c.norm == "rms")
      op += " norm %w", types += " norm " + weightType();
    if (!c.norm.empty())
      op += " eps 1.0e-06";
    if (c.pairs)
      op += std::string(" rope %t") + (c.inverse ? " inverse" : ""), types += " rope " + tableType();
    if (c.hadamard)
      op += " hadamard";
    if (!c.quantize.empty())
      op += " quantize " + c.quantize;
    if (c.keep)
      types += " keep " + type();
    return wrapped((c.keep ? "%y, %k = " : "%y = ") + op + " : " + types + "\n", "%y", "%k");
  }

  std::string wrapped(const std::string &body, const std::string &last, const std::string &kept) const {
    std::string results = type() + (c.keep ? ", " + type() : "");
    return "func.func @f(%x: " + type() + ", %w: " + weightType() + ", %t: " + tableType() + ") -> (" + results + ") {\n" +
           body + "return " + last + (c.keep ? ", " + kept : "") + " : " + results + "\n}\n";
  }

  std::vector<Bf16> values(const OpProgram &program, int64_t rows, int64_t first = 0, int64_t parts = 1) const {
    std::vector<Bf16> out(size_t(rows * run * (c.keep ? 2 : 1)));
    std::vector<void *> results{out.data()};
    if (c.keep)
      results.push_back(out.data() + rows * run);
    Sequences sequences(1, kRows, 64, 64);
    program.run(Step(sequences, {{0, first, rows}}),
                {&x[size_t(first * run)], weight.data(), &table[size_t(first * 2 * std::max<int64_t>(c.pairs, 1))]}, results,
                parts);
    return out;
  }

  Case c;
  int64_t run;
  std::vector<Bf16> x, weight;
  std::vector<float> table;
};

TEST_P(RowChain, FusedAndSingleTunedAndDecomposedAgree) {
  auto plain = OpProgram::compile(singles(), c.level), plainFused = OpProgram::compile(fused(), c.level);
  auto tuned = OpProgram::compile(singles(), c.level, Kernels::Tuned);
  auto tunedFused = OpProgram::compile(fused(), c.level, Kernels::Tuned);
  ASSERT_TRUE(plain && plainFused && tuned && tunedFused);
  std::vector<Bf16> expected = values(*plain, kRows), got = values(*tunedFused, kRows, 0, 3);
  EXPECT_EQ(expected, values(*plainFused, kRows));
  EXPECT_EQ(got, values(*tuned, kRows));
  if (c.norm.empty())
    EXPECT_EQ(got, expected);
  size_t moved = 0;
  for (size_t i = 0; i < got.size(); ++i)
    moved += got[i] != expected[i];
  EXPECT_LE(moved, got.size() / 100);
  for (int64_t rows : {1, 3, 17, 129}) {
    std::vector<Bf16> some = values(*tunedFused, rows, 5, 2);
    EXPECT_EQ(std::memcmp(some.data(), &got[size_t(5 * run)], size_t(rows * run) * 2), 0) << rows << " rows";
  }
}

class KeptNorm : public RowChain {};

TEST_P(KeptNorm, IsDouble) {
  auto program = OpProgram::compile(fused(), c.level, Kernels::Tuned);
  ASSERT_TRUE(program);
  std::vector<Bf16> got = values(*program, 17);
  for (int64_t row = 0; row < 17 * c.inner; ++row) {
    double squares = 0;
    for (int64_t i = 0; i < c.width; ++i)
      squares += std::pow(double(fromBf16(x[row * c.width + i])), 2);
    for (int64_t i = 0; i < c.width; ++i) {
      double want = fromBf16(weight[i]) * (fromBf16(x[row * c.width + i]) / std::sqrt(squares / c.width + 1e-6));
      ASSERT_NEAR(fromBf16(got[17 * run + row * c.width + i]), want, std::fabs(want) / 255);
    }
  }
}

const Case kInput{"attention_input", "", 1, 384, 0, "rms", false, false, true, "fp8 block 128 prefix 384"};
const Case kTail{"tail", "", 1, 80, 8, "rms", false, false, true, "fp8 block 32 prefix 64"};

std::string nameOf(const testing::TestParamInfo<Case> &info) { return info.param.name; }

INSTANTIATE_TEST_SUITE_P(Chains, KeptNorm, testing::Values(kInput, kTail), nameOf);
INSTANTIATE_TEST_SUITE_P(
    Chains, RowChain,
    testing::Values(kInput, kTail,
                    Case{"window_row", "", 1, 512, 32, "rms", false, false, false, "fp8 block 64 prefix 448"},
                    Case{"window_row_v3", "cpu:x86-64-v3", 1, 256, 32, "rms", false, false, false, "fp8 block 64 prefix 192"},
                    Case{"query", "", 3, 208, 8, "head", false, false, false, ""},
                    Case{"query_v3", "cpu:x86-64-v3", 2, 128, 24, "head", false, false, false, ""},
                    Case{"index_query", "", 5, 128, 32, "", false, true, false, "fp4 block 32 prefix 128"},
                    Case{"index_query_v3", "cpu:x86-64-v3", 2, 32, 8, "", false, true, false, "fp4 block 32 prefix 32"},
                    Case{"index_row", "", 1, 128, 32, "rms", false, true, false, "fp4 block 32 prefix 128"},
                    Case{"inverse", "", 2, 64, 16, "", true, false, false, "fp8 block 16 prefix 32"}),
    nameOf);

//===----------------------------------------------------------------------===//
// SwiGLU
//===----------------------------------------------------------------------===//

void checkSwiglu(int64_t slots, int64_t width, bool weighted, const std::string &limit, const std::string &level) {
  std::string type = "tensor<?x" + std::to_string(slots) + "x" + std::to_string(width) + "xbf16, #v4.rows<tokens>>";
  std::string weights = "tensor<?x" + std::to_string(slots) + "xf32, #v4.rows<tokens>>";
  std::string operands = std::string("%a, %b") + (weighted ? " weights %w" : "") + limit + " : " + type +
                         (weighted ? ", " + weights : "");
  std::string head = "func.func @f(%a: " + type + ", %b: " + type + ", %w: " + weights + ") -> " + type + " {\n";
  std::string singles = head + "%h = v4.swiglu " + operands + "\n%q = v4.quantize %h fp8 block 128 prefix " +
                        std::to_string(width) + " : " + type + "\nreturn %q : " + type + "\n}\n";
  std::string fused = head + "%q = v4.swiglu_quantize " + operands + "\nreturn %q : " + type + "\n}\n";
  int64_t rows = 129, n = rows * slots * width;
  std::vector<Bf16> gate(n), up(n);
  std::vector<float> factors(rows * slots);
  for (int64_t i = 0; i < n; ++i)
    gate[i] = toBf16(randomReal(1, i) * 16), up[i] = toBf16(randomReal(2, i) * 16);
  for (size_t i = 0; i < factors.size(); ++i)
    factors[i] = randomReal(3, i) + 1;
  Sequences sequences(1, rows, 64, 64);
  Step step(sequences, {{0, 0, rows}});
  std::vector<std::vector<Bf16>> results;
  for (const std::string &text : {singles, fused})
    for (Kernels kernels : {Kernels::Decomposed, Kernels::Tuned}) {
      auto program = OpProgram::compile(text, level, kernels);
      ASSERT_TRUE(program);
      results.emplace_back(n);
      program->run(step, {gate.data(), up.data(), factors.data()}, {results.back().data()}, 3);
    }
  for (const auto &result : results)
    EXPECT_EQ(result, results[0]);
}

TEST(SwigluQuantize, AllFormsHaveTheSameBits) {
  checkSwiglu(3, 256, true, " limit 1.0e+01", "");
  checkSwiglu(3, 128, true, "", "cpu:x86-64-v3");
  checkSwiglu(1, 384, false, " limit 2.0e+00", "");
}

} // namespace
