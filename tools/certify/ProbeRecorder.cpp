//===- ProbeRecorder.cpp - Hashes and sketches of probe rows --------------===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tools/certify/ProbeRecorder.h"

#include "runtime/plan/PlanMemory.h"

#include <algorithm>
#include <cmath>

using namespace v4;
using namespace v4::certify;
using plan::fb::ElementType;
using plan::fb::RowSpace;

/// Rows of logits are few and are compared one by one.
static constexpr uint32_t kLogitsWidth = 16, kWidth = 4;

uint64_t certify::signWord(uint64_t index) {
  uint64_t x = (index + 1) * 0x9E3779B97F4A7C15;
  x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9;
  x = (x ^ (x >> 27)) * 0x94D049BB133111EB;
  return x ^ (x >> 31);
}

ProbeRecorder::ProbeRecorder(const plan::fb::Program &program) {
  std::vector<std::pair<uint32_t, uint32_t>> order; // Launch, number of the probe.
  for (uint32_t i = 0; i < program.probes()->size(); ++i)
    order.push_back({program.probes()->Get(i)->after_launch(), i});
  std::sort(order.begin(), order.end());
  for (auto [launch, index] : order) {
    const plan::fb::Probe *probe = program.probes()->Get(index);
    const plan::fb::Buffer &buffer = *program.buffers()->Get(probe->buffer());
    ElementType element = buffer.element();
    bool isNumber = element == ElementType::BF16 || element == ElementType::F32 || element == ElementType::I32;
    if (!isNumber || (buffer.rows() != RowSpace::Tokens && buffer.rows() != RowSpace::Logits))
      continue;
    uint64_t count = 1;
    for (uint64_t dimension : *buffer.row_shape())
      count *= dimension;
    if (count == 0 || count > UINT32_MAX)
      continue;
    byName[probe->name()->str()] = states.size();
    State &state = states.emplace_back();
    state.record.name = probe->name()->str();
    state.record.element = element;
    state.record.rowValues = static_cast<uint32_t>(count);
    state.record.width = buffer.rows() == RowSpace::Logits ? kLogitsWidth : kWidth;
  }
}

void ProbeRecorder::receive(void *self, const ProbeRows &rows) { static_cast<ProbeRecorder *>(self)->add(rows); }

void ProbeRecorder::add(const ProbeRows &rows) {
  auto found = byName.find(rows.shape->name);
  if (found == byName.end())
    return;
  bool isMtp = rows.shape->group != plan::fb::LaunchGroup::Main;
  const uint8_t *data = static_cast<const uint8_t *>(rows.data);
  for (uint64_t i = 0; i < rows.rowCount; ++i, data += rows.shape->rowBytes) {
    int32_t position = rows.positions[rows.tokenRows ? rows.tokenRows[i] : static_cast<int32_t>(i)];
    // The MTP block's row of position p belongs to p - 1, that of 0 to none.
    if (!isMtp || position > 0)
      addRow(states[found->second], static_cast<uint32_t>(position - isMtp), data, rows.shape->rowBytes);
  }
}

void ProbeRecorder::addRow(State &state, uint32_t position, const uint8_t *data, uint64_t bytes) {
  Digest digest = hashBytes(data, bytes);
  state.hasher.update(digest);
  Row row;
  row.stretch = stretch;
  row.position = position;
  std::memcpy(&row.hash, digest.bytes, sizeof(row.hash));
  if (state.record.element == ElementType::I32)
    sketchSet(state, row, data);
  else
    sketchNumbers(state, row, data);
  state.record.rows.push_back(row);
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

void ProbeRecorder::sketchNumbers(State &state, Row &row, const uint8_t *data) {
  uint32_t count = state.record.rowValues, width = state.record.width;
  values.resize(count);
  widen(data, state.record.element == ElementType::BF16, values);
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
  state.squares += squares;
  double mean = width == kLogitsWidth ? sum / count : 0;
  row.scale = static_cast<float>(std::sqrt(std::max(squares / count - mean * mean, 0.0)));
  for (uint32_t k = 0; k < width; ++k) {
    double projection = dot(values.data(), signs.data() + size_t(k) * count, count);
    state.record.sketch.push_back(static_cast<float>(projection / std::sqrt(static_cast<double>(count))));
  }
}

void ProbeRecorder::sketchSet(State &state, Row &row, const uint8_t *data) {
  int32_t sums[kMaxWidth] = {}, entries = 0;
  for (uint32_t i = 0; i < state.record.rowValues; ++i) {
    int32_t value;
    std::memcpy(&value, data + 4 * size_t(i), sizeof(value));
    state.squares += static_cast<double>(value) * value;
    if (value < 0)
      continue;
    ++entries;
    uint64_t word = signWord(static_cast<uint32_t>(value));
    for (uint32_t k = 0; k < state.record.width; ++k)
      sums[k] += word >> k & 1 ? -1 : 1;
  }
  row.scale = static_cast<float>(entries);
  for (uint32_t k = 0; k < state.record.width; ++k)
    state.record.sketch.push_back(static_cast<float>(sums[k]));
}

std::vector<ProbeRecord> ProbeRecorder::finish() {
  std::vector<ProbeRecord> records;
  for (State &state : states) {
    double count = static_cast<double>(state.record.rows.size()) * state.record.rowValues;
    state.record.digest = state.hasher.finish();
    state.record.rms = count > 0 ? std::sqrt(state.squares / count) : 0;
    records.push_back(std::move(state.record));
  }
  states.clear();
  byName.clear();
  return records;
}
