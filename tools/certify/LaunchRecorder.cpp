//===- LaunchRecorder.cpp - Hashes and sketches of launches ---------------===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tools/certify/LaunchRecorder.h"

#include "runtime/plan/KernelAbi.h"
#include "runtime/plan/PlanCall.h"
#include "runtime/plan/PlanMemory.h"

#include <algorithm>
#include <cmath>
#include <limits>

using namespace v4;
using namespace v4::certify;
namespace fb = v4::plan::fb;
using fb::ElementType;

namespace {

/// Rows of a step that are kept, and its last one: with all of them records of a few layers are megabytes.
constexpr uint64_t kMostRows = 16;

/// Bits of an element; 0 = none that is recorded.
uint32_t bitsOf(ElementType element) {
  switch (element) {
  case ElementType::I32:
  case ElementType::F32:
    return 32;
  case ElementType::BF16:
    return 16;
  case ElementType::F8E4M3:
  case ElementType::F8E8M0:
    return 8;
  case ElementType::F4E2M1:
    return 4;
  default:
    return 0;
  }
}

/// Of a float with `exponentBits` and `mantissaBits` behind its sign, whose subnormals count and which has no infinity.
float decode(uint32_t code, int exponentBits, int mantissaBits) {
  int exponent = static_cast<int>(code >> mantissaBits) & ((1 << exponentBits) - 1);
  int mantissa = static_cast<int>(code) & ((1 << mantissaBits) - 1), bias = (1 << (exponentBits - 1)) - 1;
  if (exponent)
    mantissa += 1 << mantissaBits;
  float value = std::ldexp(static_cast<float>(mantissa), std::max(exponent, 1) - bias - mantissaBits);
  return code >> (exponentBits + mantissaBits) & 1 ? -value : value;
}

float numberOf(ElementType element, const uint8_t *row, uint64_t index) {
  constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
  if (element == ElementType::F4E2M1)
    return decode(row[index / 2] >> (index % 2 * 4) & 15, 2, 1);
  if (element == ElementType::F8E8M0)
    return row[index] == 0xFF ? kNan : std::ldexp(1.0f, row[index] - 127);
  return (row[index] & 0x7F) == 0x7F ? kNan : decode(row[index], 4, 3);
}

} // namespace

void LaunchRecorder::add(const LaunchSpan &span) {
  if (steps.empty() || !failure.isOk())
    return;
  steps.back().launches.push_back(span.launch);
  const auto &bindings = *program.launches()->Get(span.launch)->bindings();
  for (uint32_t i = 0; i < bindings.size(); ++i)
    if (bindings.Get(i)->kind() == fb::BindingKind::Buffer && bindings.Get(i)->access() == fb::Access::Out)
      addBuffer(span, i, *program.buffers()->Get(bindings.Get(i)->index()));
}

LaunchRecorder::Extent LaunchRecorder::extentOf(const LaunchSpan &span, const fb::Buffer &buffer) const {
  uint64_t values = 1;
  for (uint64_t dimension : *buffer.row_shape())
    values *= dimension ? dimension : static_cast<uint64_t>(span.counts[plan::kCountIndexRows]);
  uint64_t rowBits = values * bitsOf(buffer.element());
  if (rowBits == 0 || rowBits % 8 || values > UINT32_MAX)
    return {0, values, rowBits};
  uint64_t rows = static_cast<uint64_t>(span.counts[static_cast<size_t>(buffer.rows())]);
  return {std::min(rows, steps.back().range.count), values, rowBits};
}

/// Of a launch that has run in this step.
bool LaunchRecorder::hasWritten(uint32_t buffer) const {
  const std::vector<uint32_t> &ran = steps.back().launches;
  return std::any_of(ran.begin(), ran.end(), [&](uint32_t launch) {
    const auto &bindings = *program.launches()->Get(launch)->bindings();
    return std::any_of(bindings.begin(), bindings.end(), [&](const fb::Binding *binding) {
      return binding->kind() == fb::BindingKind::Buffer && binding->access() == fb::Access::Out &&
             binding->index() == buffer;
    });
  });
}

void LaunchRecorder::clearOutputs(const LaunchSpan &span) {
  if (steps.empty())
    return;
  const auto &bindings = *program.launches()->Get(span.launch)->bindings();
  for (uint32_t i = 0; i < bindings.size(); ++i) {
    const fb::Binding &binding = *bindings.Get(i);
    if (binding.kind() == fb::BindingKind::Buffer && binding.access() == fb::Access::Out &&
        !hasWritten(binding.index()))
      fillMemory(span.device, span.bindings[i], 0, extentOf(span, *program.buffers()->Get(binding.index())).bytes());
  }
}

void LaunchRecorder::addBuffer(const LaunchSpan &span, uint32_t index, const fb::Buffer &buffer) {
  const auto [rows, values, rowBits] = extentOf(span, buffer);
  if (rows == 0)
    return;
  const StepRange &step = steps.back().range;
  bytes.resize(rows * rowBits / 8);
  copyMemory(span.device, bytes.data(), span.bindings[index], bytes.size());
  if (span.device)
    failure = span.device->status();
  const fb::Kernel &kernel = *program.kernels()->Get(program.launches()->Get(span.launch)->kernel());
  Key key(span.launch, index, plan::functionOf(kernel, span.variant));
  OpenRecord &open = recordOf(key, buffer, values);
  bool isCode = bitsOf(buffer.element()) < 16;
  numbers.resize(values);
  uint64_t stride = (rows + kMostRows - 1) / kMostRows;
  for (uint64_t i = 0; i < rows; ++i) {
    if (i % stride && i + 1 < rows)
      continue;
    const uint8_t *row = bytes.data() + i * rowBits / 8;
    for (uint64_t k = 0; isCode && k < values; ++k)
      numbers[k] = numberOf(buffer.element(), row, k);
    sketcher.add(open, step.stretch, static_cast<uint32_t>(step.first + i),
                 isCode ? reinterpret_cast<const uint8_t *>(numbers.data()) : row,
                 isCode ? values * sizeof(float) : rowBits / 8);
  }
}

OpenRecord &LaunchRecorder::recordOf(const Key &key, const fb::Buffer &buffer, uint64_t values) {
  OpenRecord &open = records[key];
  if (!open.record.rowValues) {
    const auto &[launch, binding, function] = key;
    open.record.name = joinText(launch, ".", binding, ".", function);
    open.record.element = bitsOf(buffer.element()) < 16 ? ElementType::F32 : buffer.element();
    open.record.rowValues = static_cast<uint32_t>(values);
    open.record.width = kLogitsWidth;
  }
  return open;
}

LaunchRecords LaunchRecorder::finish() {
  LaunchRecords out{std::move(steps), {}};
  for (auto &[key, open] : records)
    out.outputs.push_back({std::get<0>(key), std::get<1>(key), std::get<2>(key), RowSketcher::finish(std::move(open))});
  records.clear();
  return out;
}

Status certify::recordLaunches(Engine &engine, uint64_t seed, const std::vector<Stretch> &stretches,
                               LaunchRecords &out) {
  LaunchRecorder recorder(engine.program());
  RunOptions options;
  options.threads = 1;
  options.beforeStep = [&](Session &session, const StepRange &range) {
    session.setTrace(recorder.sink());
    recorder.begin(range);
    return true;
  };
  V4_RETURN_IF_ERROR(runInput(engine, seed, stretches, options));
  if (!recorder.status().isOk())
    return Status(recorder.status().code(), recorder.status().message());
  out = recorder.finish();
  return Status();
}
