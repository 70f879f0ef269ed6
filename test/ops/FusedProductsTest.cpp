//===- FusedProductsTest.cpp - Fused products against their parts -*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The tuned kernels of v4.projections and v4.gate_up against the decomposition of
// their parts. Both round the same sums of f32 products in another order, so a bf16
// result may fall on the other side of a tie: one unit, 2^-8. Behind the
// quantization that unit can become one step of e4m3, 2^-3 of the value, which few
// values do. Rows alone have the bits of rows beside others.
//
//===----------------------------------------------------------------------===//

#include "OpHarness.h"

#include <algorithm>
#include <gtest/gtest.h>

using namespace v4::test;

namespace {

std::string replaceAll(std::string text, const std::string &from, const std::string &to) {
  for (size_t at = 0; (at = text.find(from, at)) != std::string::npos; at += to.size())
    text.replace(at, from.size(), to);
  return text;
}

std::vector<Bf16> randomRows(int64_t n, uint64_t seed) {
  std::vector<Bf16> x(n);
  for (int64_t i = 0; i < n; ++i)
    x[i] = toBf16(randomReal(seed, i));
  return x;
}

std::vector<uint8_t> randomCodes(int64_t n, uint64_t seed, uint8_t mask, uint8_t base) {
  std::vector<uint8_t> codes(n);
  for (int64_t i = 0; i < n; ++i)
    codes[i] = uint8_t(base + (randomBits(seed, i) & mask));
  return codes;
}

/// `text` with the types of row-major weights, or of panels.
std::string withTypes(std::string text, bool panels) {
  text = replaceAll(text, "@bf16", panels ? "xbf16, #v4.panels<bf16>>" : "xbf16>");
  text = replaceAll(text, "@fp8", panels ? "xf8E4M3FN, #v4.panels<f8E4M3FN>>" : "xf8E4M3FN>");
  text = replaceAll(text, "@fp4", panels ? "xi8, #v4.panels<f4E2M1FN>>" : "xi8, #v4.packed<f4E2M1FN>>");
  return replaceAll(text, "@scale", panels ? "xf8E8M0FNU, #v4.panels<f8E8M0FNU>>" : "xf8E8M0FNU>");
}

struct Programs {
  explicit Programs(const std::string &text)
      : parts(OpProgram::compile(withTypes(text, false))),
        tuned(OpProgram::compile(withTypes(text, true), "", Kernels::Tuned)) {}
  std::unique_ptr<OpProgram> parts, tuned;
};

void expectClose(const std::vector<Bf16> &got, const std::vector<Bf16> &expected, double most, double fewBeyond) {
  size_t beyond = 0;
  for (size_t i = 0; i < got.size(); ++i) {
    double a = fromBf16(got[i]), b = fromBf16(expected[i]), scale = std::max({std::fabs(a), std::fabs(b), 1e-3});
    ASSERT_LE(std::fabs(a - b), most * scale + 1e-4) << i;
    beyond += std::fabs(a - b) > scale / 128;
  }
  EXPECT_LE(double(beyond), fewBeyond * double(got.size()));
}

TEST(Projections, TunedAgreesWithParts) {
  // 129 and 48 outputs: the first weight's last panel is nearly empty.
  Programs programs(
      "func.func @f(%x: tensor<?x192xbf16, #v4.rows<tokens>>, %v: tensor<129x192@bf16, %w: tensor<48x192@bf16) -> "
      "(tensor<?x129xbf16, #v4.rows<tokens>>, tensor<?x48xf32, #v4.rows<tokens>>) { %a, %b = v4.projections %x, [%v, %w] "
      ": tensor<?x192xbf16, #v4.rows<tokens>>, [tensor<129x192@bf16, tensor<48x192@bf16] -> tensor<?x129xbf16, "
      "#v4.rows<tokens>>, tensor<?x48xf32, #v4.rows<tokens>> return %a, %b : tensor<?x129xbf16, #v4.rows<tokens>>, "
      "tensor<?x48xf32, #v4.rows<tokens>> }");
  ASSERT_TRUE(programs.parts && programs.tuned);
  std::vector<Bf16> v = randomRows(129 * 192, 1), w = randomRows(48 * 192, 2);
  for (int64_t tokens : {1, 3, 17, 129, 700}) {
    std::vector<Bf16> x = randomRows(tokens * 192, 3), a(tokens * 129), expected(a.size());
    std::vector<float> b(tokens * 48), expectedB(b.size());
    Sequences sequences(1, tokens, 64, 64);
    Step step(sequences, {{0, 0, tokens}});
    programs.parts->run(step, {x.data(), v.data(), w.data()}, {expected.data(), expectedB.data()});
    programs.tuned->run(step, {x.data(), v.data(), w.data()}, {a.data(), b.data()}, 3);
    expectClose(a, expected, 1.0 / 64, 0.001);
    for (size_t i = 0; i < b.size(); ++i)
      ASSERT_NEAR(b[i], expectedB[i], 192 * 0x1p-22) << i;
    std::vector<Bf16> alone(129);
    std::vector<float> aloneB(48);
    programs.tuned->run(Step(sequences, {{0, tokens - 1, 1}}), {&x[(tokens - 1) * 192], v.data(), w.data()},
                        {alone.data(), aloneB.data()});
    EXPECT_TRUE(std::equal(alone.begin(), alone.end(), a.end() - 129));
    EXPECT_TRUE(std::equal(aloneB.begin(), aloneB.end(), b.end() - 48));
  }
}

/// `tail` is "limit ..." and "quantized".
std::string sharedText(const std::string &tail) {
  std::string x = "tensor<?x256xbf16, #v4.rows<tokens>>", h = "tensor<?x256xbf16, #v4.rows<tokens>>";
  return "func.func @f(%x: " + x + ", %v: tensor<256x256@fp8, %w: tensor<256x256@fp8, %s: tensor<2x2xf8E8M0FNU>) -> " + h +
         " { %h = v4.gate_up %x, %v, %w scales %s, %s " + tail + " : " + x +
         ", tensor<256x256@fp8, tensor<256x256@fp8 scales tensor<2x2xf8E8M0FNU>, tensor<2x2xf8E8M0FNU> -> " + h +
         " return %h : " + h + " }";
}

TEST(GateUp, SharedAgreesWithParts) {
  for (std::string tail : {"limit 2.0", "limit 2.0 quantized", "quantized"}) {
    Programs programs(sharedText(tail));
    ASSERT_TRUE(programs.parts && programs.tuned);
    auto v = randomCodes(65536, 4, 0xBF, 0), w = randomCodes(65536, 5, 0xBF, 0), s = randomCodes(4, 6, 1, 121);
    for (int64_t tokens : {1, 3, 17, 129}) {
      std::vector<Bf16> x = randomRows(tokens * 256, 7), h(tokens * 256), expected(h.size()), alone(256);
      Sequences sequences(1, tokens, 64, 64);
      Step step(sequences, {{0, 0, tokens}});
      std::vector<const void *> arguments{x.data(), v.data(), w.data(), s.data()};
      programs.parts->run(step, arguments, {expected.data()});
      programs.tuned->run(step, arguments, {h.data()}, 2);
      bool quantized = tail.find("quantized") != std::string::npos;
      expectClose(h, expected, quantized ? 0.26 : 1.0 / 32, quantized ? 0.02 : 0.01);
      arguments[0] = &x[(tokens - 1) * 256];
      programs.tuned->run(Step(sequences, {{0, tokens - 1, 1}}), arguments, {alone.data()});
      EXPECT_TRUE(std::equal(alone.begin(), alone.end(), h.end() - 256)) << tail;
    }
  }
}

/// 11 experts, 3 of them active for a token, some never.
TEST(GateUp, RoutedAgreesWithParts) {
  std::string x = "tensor<?x192xbf16, #v4.rows<tokens>>", h = "tensor<?x3x128xbf16, #v4.rows<tokens>>";
  std::string ids = "tensor<?x3xi32, #v4.rows<tokens>>", runs = "tensor<?x12xi32, #v4.rows<one>>";
  std::string r = "tensor<?x3xf32, #v4.rows<tokens>>", w = "tensor<11x128x96@fp4", s = "tensor<11x128x6@scale";
  Programs programs("func.func @f(%x: " + x + ", %e: " + ids + ", %r: " + r + ", %v: " + w + ", %w: " + w + ", %s: " + s +
                    ") -> " + h + " { %o, %p, %n = v4.dispatch %e : " + ids + " -> " + ids + ", " + runs + ", " + runs +
                    " %h = v4.gate_up %x, %v, %w scales %s, %s weights %r order %o, %p, %n limit 4.0 : " + x + ", " + w +
                    ", " + w + " scales " + s + ", " + s + " weights " + r + " order " + ids + ", " + runs + ", " + runs +
                    " -> " + h + " return %h : " + h + " }");
  ASSERT_TRUE(programs.parts && programs.tuned);
  auto v = randomCodes(11 * 128 * 96, 8, 0xFF, 0), up = randomCodes(11 * 128 * 96, 9, 0xFF, 0);
  auto scales = randomCodes(11 * 128 * 6, 10, 3, 122);
  for (int64_t tokens : {1, 3, 17, 129, 400}) {
    std::vector<int32_t> experts(tokens * 3);
    std::vector<float> weights(tokens * 3);
    for (int64_t i = 0; i < tokens * 3; ++i) {
      experts[i] = int32_t(i % 3 + (randomBits(11, i / 3) % 3) * (i % 3 == 2 ? 3 : 0));
      weights[i] = 0.5f + randomReal(12, i) / 4;
    }
    std::vector<Bf16> in = randomRows(tokens * 192, 13), out(tokens * 384), expected(out.size());
    Sequences sequences(1, tokens, 64, 64);
    Step step(sequences, {{0, 0, tokens}});
    std::vector<const void *> arguments{in.data(), experts.data(), weights.data(), v.data(), up.data(), scales.data()};
    programs.parts->run(step, arguments, {expected.data()});
    programs.tuned->run(step, arguments, {out.data()}, 2);
    expectClose(out, expected, 1.0 / 32, 0.01);
  }
}

} // namespace
