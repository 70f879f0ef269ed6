//===- CacheRowsTest.cpp - Stored rows, byte for byte -----------*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "test/ops/CacheData.h"

#include "gtest/gtest.h"

using namespace v4;
using namespace v4::test;

namespace {

float fromE8m0(uint8_t code) { return code ? fromBits(uint32_t(code) << 23) : std::ldexp(1.0f, -127); }

std::string s(int64_t n) { return std::to_string(n); }

/// Rows with what a run can hold at its extremes: zeros, one smallest value, only large ones.
void addExtremes(std::vector<std::vector<Bf16>> &rows, int64_t run, float least, float most) {
  std::vector<Bf16> row = rows.front();
  for (int64_t i = 0; i < run; ++i)
    row[size_t(i)] = i % 3 ? 0 : 0x8000;
  rows.push_back(row);
  row[size_t(run - 1)] = toBf16(-least);
  rows.push_back(row);
  for (int64_t i = 0; i < run; ++i)
    row[size_t(i)] = toBf16(i % 2 ? most : -most);
  rows.push_back(row);
}

TEST(CacheRows, KvCompactKeepsEveryBit) {
  const int64_t dim = 210, rope = 18, narrow = dim - rope;
  auto rowBytes = int64_t(plan::kvCompactRowBytes(dim, rope));
  std::vector<std::vector<Bf16>> rows;
  for (int64_t c = 0; c < 93; ++c)
    rows.push_back(kvRow(31, 0, uint64_t(c), dim, rope));
  // 1e-4 / 448 rounds up to 2^-22, whose smallest multiple is 2^-31.
  addExtremes(rows, 64, std::ldexp(1.0f, -31), std::ldexp(448.0f, 100));
  std::string x = "tensor<?x" + s(dim) + "xbf16, #v4.rows<chunks4>>";
  std::string cache = "!v4.cache<page, ratio = 4, kv_compact, rows = 32, values = " + s(dim) + ", rope = " + s(rope) + ">";
  auto program = OpProgram::compile("func.func @f(%x: " + x + ", %c: " + cache + ") {\nv4.append_rows %x, %c : " + x +
                                    ", " + cache + "\nreturn\n}\n");
  ASSERT_TRUE(program);
  Sequences sequences(2, 400, 32 * rowBytes + 1, 1);
  Step step(sequences, {{1, 0, int64_t(rows.size()) * 4 + 2}});
  std::vector<Bf16> input;
  for (auto &row : rows)
    append(input, row);
  std::vector<uint8_t> pages(sequences.pageArea(), 0xEE);
  program->run(step, {input.data(), pages.data()}, {}, 5);

  std::vector<bool> written(pages.size());
  for (size_t c = 0; c < rows.size(); ++c) {
    int64_t place = sequences.pageOffset(1, int64_t(c / 32)) + int64_t(c % 32) * rowBytes;
    std::fill_n(written.begin() + place, rowBytes, true);
    const uint8_t *stored = pages.data() + place;
    for (int64_t i = 0; i < dim; ++i) {
      Bf16 value;
      if (i < narrow)
        value = toBf16(fromE4m3(stored[i]) * fromE8m0(stored[narrow + 2 * rope + i / 64]));
      else
        std::memcpy(&value, stored + narrow + 2 * (i - narrow), 2);
      ASSERT_EQ(value, rows[c][size_t(i)]) << "row " << c << ", value " << i;
    }
    for (int64_t i = narrow + 2 * rope + narrow / 64; i < rowBytes; ++i)
      ASSERT_EQ(stored[i], 0) << "padding";
  }
  for (size_t i = 0; i < pages.size(); ++i)
    ASSERT_TRUE(written[i] || pages[i] == 0xEE) << "byte " << i << " belongs to no row and was written";
}

TEST(CacheRows, IndexFp4KeepsEveryBit) {
  const int64_t dim = 64;
  auto rowBytes = int64_t(plan::indexFp4RowBytes(dim));
  std::vector<std::vector<Bf16>> rows;
  for (int64_t c = 0; c < 70; ++c)
    rows.push_back(fp4Row(33, 0, uint64_t(c), dim));
  addExtremes(rows, 32, std::ldexp(0.5f, -126), std::ldexp(6.0f, 120));
  std::string x = "tensor<?x" + s(dim) + "xbf16, #v4.rows<chunks4>>";
  std::string cache = "!v4.cache<page, ratio = 4, index_fp4, rows = 32, values = " + s(dim) + ", rope = 0>";
  auto program = OpProgram::compile("func.func @f(%x: " + x + ", %c: " + cache + ") {\nv4.append_rows %x, %c : " + x +
                                    ", " + cache + "\nreturn\n}\n");
  ASSERT_TRUE(program);
  Sequences sequences(2, 400, 32 * rowBytes + 1, 1);
  Step step(sequences, {{0, 0, int64_t(rows.size()) * 4}});
  std::vector<Bf16> input;
  for (auto &row : rows)
    append(input, row);
  std::vector<uint8_t> pages(sequences.pageArea(), 0xEE);
  program->run(step, {input.data(), pages.data()}, {});
  for (size_t c = 0; c < rows.size(); ++c) {
    const uint8_t *stored = pages.data() + sequences.pageOffset(0, int64_t(c / 32)) + int64_t(c % 32) * rowBytes;
    for (int64_t i = 0; i < dim; ++i) {
      uint8_t code = i % 2 ? stored[i / 2] >> 4 : stored[i / 2] & 15;
      ASSERT_EQ(toBf16(fromE2m1(code) * fromE8m0(stored[dim / 2 + i / 32])), rows[c][size_t(i)])
          << "row " << c << ", value " << i;
    }
  }
}

} // namespace
