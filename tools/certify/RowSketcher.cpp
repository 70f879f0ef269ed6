//===- RowSketcher.cpp - Hashes and sketches of rows ----------------------===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tools/certify/RowSketcher.h"

#include <algorithm>
#include <cmath>

using namespace v4;
using namespace v4::certify;
using plan::fb::ElementType;

uint64_t certify::signWord(uint64_t index) {
  uint64_t x = (index + 1) * 0x9E3779B97F4A7C15;
  x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9;
  x = (x ^ (x >> 27)) * 0x94D049BB133111EB;
  return x ^ (x >> 31);
}

void RowSketcher::add(OpenRecord &open, uint32_t stretch, uint32_t position, const uint8_t *data, uint64_t bytes) {
  Digest digest = hashBytes(data, bytes);
  open.hasher.update(digest);
  Row row;
  row.stretch = stretch;
  row.position = position;
  std::memcpy(&row.hash, digest.bytes, sizeof(row.hash));
  if (open.record.element == ElementType::I32)
    sketchSet(open, row, data);
  else
    sketchNumbers(open, row, data);
  open.record.rows.push_back(row);
}

/// In lanes, so that compilers may use vectors for it.
static double dot(const float *a, const float *b, size_t count) {
  constexpr size_t kLanes = 8;
  double lanes[kLanes] = {}, sum = 0;
  size_t i = 0;
  for (; i + kLanes <= count; i += kLanes)
    for (size_t lane = 0; lane < kLanes; ++lane)
      lanes[lane] += static_cast<double>(a[i + lane] * b[i + lane]);
  for (; i < count; ++i)
    sum += static_cast<double>(a[i] * b[i]);
  for (double lane : lanes)
    sum += lane;
  return sum;
}

static void widen(const uint8_t *data, bool isHalf, std::vector<float> &out) {
  if (!isHalf) {
    std::memcpy(out.data(), data, out.size() * sizeof(float));
    return;
  }
  for (size_t i = 0; i < out.size(); ++i) {
    uint16_t half;
    std::memcpy(&half, data + 2 * i, sizeof(half));
    uint32_t bits = static_cast<uint32_t>(half) << 16;
    std::memcpy(&out[i], &bits, sizeof(bits));
  }
}

void RowSketcher::sketchNumbers(OpenRecord &open, Row &row, const uint8_t *data) {
  uint32_t count = open.record.rowValues, width = open.record.width;
  values.resize(count);
  widen(data, open.record.element == ElementType::BF16, values);
  std::vector<float> &signs = signTables[{width, count}];
  if (signs.empty()) {
    signs.resize(size_t(width) * count);
    for (uint32_t k = 0; k < width; ++k)
      for (uint32_t i = 0; i < count; ++i)
        signs[size_t(k) * count + i] = signWord(i) >> k & 1 ? -1.0f : 1.0f;
  }
  double squares = dot(values.data(), values.data(), count), sum = 0;
  for (float value : values)
    sum += static_cast<double>(value);
  open.squares += squares;
  double mean = width == kLogitsWidth ? sum / count : 0;
  row.scale = static_cast<float>(std::sqrt(std::max(squares / count - mean * mean, 0.0)));
  for (uint32_t k = 0; k < width; ++k) {
    double projection = dot(values.data(), signs.data() + size_t(k) * count, count);
    open.record.sketch.push_back(static_cast<float>(projection / std::sqrt(static_cast<double>(count))));
  }
}

void RowSketcher::sketchSet(OpenRecord &open, Row &row, const uint8_t *data) {
  int32_t sums[kMaxWidth] = {}, entries = 0;
  for (uint32_t i = 0; i < open.record.rowValues; ++i) {
    int32_t value;
    std::memcpy(&value, data + 4 * size_t(i), sizeof(value));
    open.squares += static_cast<double>(value) * value;
    if (value < 0)
      continue;
    ++entries;
    uint64_t word = signWord(static_cast<uint32_t>(value));
    for (uint32_t k = 0; k < open.record.width; ++k)
      sums[k] += word >> k & 1 ? -1 : 1;
  }
  row.scale = static_cast<float>(entries);
  for (uint32_t k = 0; k < open.record.width; ++k)
    open.record.sketch.push_back(static_cast<float>(sums[k]));
}

ProbeRecord RowSketcher::finish(OpenRecord &&open) {
  double count = static_cast<double>(open.record.rows.size()) * open.record.rowValues;
  open.record.digest = open.hasher.finish();
  open.record.rms = count > 0 ? std::sqrt(open.squares / count) : 0;
  return std::move(open.record);
}
