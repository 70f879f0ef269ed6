//===- ExpertLinearTest.cpp - Products with the experts of a token -*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Experts that nobody chose, odd numbers of tokens and rows, against double precision.
//
//===----------------------------------------------------------------------===//

#include "MatrixData.h"

using namespace v4::test;

namespace {

/// Dispatch and both forms of expert_linear, for 11 experts of which some are never chosen.
void checkExperts(Format format, bool shared, int64_t tokens, Kernels kernels = Kernels::Decomposed,
                  int64_t rows = 21) {
  constexpr int64_t kExperts = 11, kActive = 3;
  const int64_t kRows = rows, kColumns = kernels == Kernels::Tuned ? 192 : 160;
  Matrix w(format, kExperts, kRows, kColumns, 31);
  w.kernels = kernels;
  bool narrow = !w.scales.empty();
  std::string in =
      std::string("tensor<?x") + (shared ? "" : "3x") + std::to_string(kColumns) + "xbf16, #v4.rows<tokens>>";
  std::string out = "tensor<?x3x" + std::to_string(rows) + "xbf16, #v4.rows<tokens>>",
              ids = "tensor<?x3xi32, #v4.rows<tokens>>";
  std::string runs = "tensor<?x12xi32, #v4.rows<one>>";
  auto program = OpProgram::compile(
      "func.func @f(%x: " + in + ", %e: " + ids + ", %w: " + w.weightType(true) +
          (narrow ? ", %s: " + w.scaleType(true) : "") + ") -> " + out + " { %o, %p, %h = v4.dispatch %e : " + ids +
          " -> " + ids + ", " + runs + ", " + runs + " %y = v4.expert_linear %x, %w" + (narrow ? " scales %s" : "") +
          " order %o, %p, %h : " + in + ", " + w.weightType(true) + (narrow ? " scales " + w.scaleType(true) : "") +
          " order " + ids + ", " + runs + " -> " + out + " return %y : " + out + " }",
      "", kernels);
  ASSERT_TRUE(program);
  std::vector<int32_t> experts(tokens * kActive);
  for (int64_t i = 0; i < tokens * kActive; ++i) // distinct per token, expert 10 never, low ones often
    experts[i] = int32_t(i % kActive + (randomBits(32, i / kActive) % 3) * (i % kActive == 2 ? 3 : 0));
  std::vector<Bf16> x = randomRows(tokens * (shared ? 1 : kActive) * kColumns, 33), y(tokens * kActive * kRows);
  std::vector<const void *> arguments{x.data(), experts.data(), w.weight.data()};
  if (narrow)
    arguments.push_back(w.scales.data());
  Sequences sequences(1, tokens, 64, 64);
  program->run(Step(sequences, {{0, 0, tokens}}), arguments, {y.data()}, 2);
  for (size_t i = 0; i < y.size(); ++i) {
    int64_t assignment = i / kRows, input = shared ? assignment / kActive : assignment;
    expectDot(fromBf16(y[i]), &x[input * kColumns], &w.values[(experts[assignment] * kRows + i % kRows) * kColumns],
              kColumns, true, std::to_string(i));
  }
}

TEST(ExpertLinear, EqualsDouble) {
  for (Format format : {Format::Fp4, Format::Bf16, Format::Fp8})
    for (int64_t tokens : {1, 3, 17, 129}) {
      checkExperts(format, true, tokens);
      checkExperts(format, false, tokens);
    }
}

TEST(ExpertLinear, TunedEqualsDouble) {
  for (Format format : {Format::Fp4, Format::Bf16, Format::Fp8})
    for (int64_t tokens : {1, 3, 17, 129, 400}) {
      // Two whole panels and a part of one.
      checkExperts(format, true, tokens, Kernels::Tuned, 85);
      checkExperts(format, false, tokens, Kernels::Tuned, 85);
    }
}

} // namespace
