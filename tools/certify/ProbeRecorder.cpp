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

using namespace v4;
using namespace v4::certify;
using plan::fb::ElementType;
using plan::fb::RowSpace;

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
    byName[probe->name()->str()] = records.size();
    OpenRecord &open = records.emplace_back();
    open.record.name = probe->name()->str();
    open.record.element = element;
    open.record.rowValues = static_cast<uint32_t>(count);
    open.record.width = buffer.rows() == RowSpace::Logits ? kLogitsWidth : kWidth;
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
      sketcher.add(records[found->second], stretch, static_cast<uint32_t>(position - isMtp), data,
                   rows.shape->rowBytes);
  }
}

std::vector<ProbeRecord> ProbeRecorder::finish() {
  std::vector<ProbeRecord> finished;
  for (OpenRecord &open : records)
    finished.push_back(RowSketcher::finish(std::move(open)));
  records.clear();
  byName.clear();
  return finished;
}
