//===- StepBlock.cpp - The per-step arrays that kernels read --------------===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/exec/StepBlock.h"

#include <cstring>

using namespace v4;
using namespace v4::plan;

Status StepBlock::create(const Limits &limits, const Placement::Options &options, const Host &host, StepBlock &out) {
  StepBlock block;
  V4_RETURN_IF_ERROR(Placement::create("step block", stepFieldBytes(limits), options, host, block.arrays));
  block.pagesPerSequence = static_cast<int64_t>(pagesOf(limits.context));
  V4_RETURN_IF_ERROR(LazyArray<SlotPages>::create("step block", limits.sequences, block.slots));
  int64_t *counts = block.array<int64_t>(StepField::Counts);
  std::memset(counts, 0, kCountEntries * sizeof(int64_t));
  counts[kCountOne] = 1;
  counts[kCountPages] = block.pagesPerSequence;
  counts[kCountIndexRows] = static_cast<int64_t>(indexRowsOf(limits.context));
  out = std::move(block);
  return Status();
}

void StepBlock::fill(const BatchEntry *entries, uint64_t count, const KvStore &cache) {
  int64_t *counts = array<int64_t>(StepField::Counts);
  counts[kCountTokens] = 0;
  counts[kCountSequences] = static_cast<int64_t>(count);
  counts[kCountChunks4] = 0;
  counts[kCountChunks128] = 0;
  counts[kCountLogits] = 0;
  for (uint64_t slot = 0; slot < count; ++slot)
    fillSlot(entries[slot], static_cast<int64_t>(slot), cache);
  array<int32_t>(StepField::SlotRows)[count] = static_cast<int32_t>(counts[kCountTokens]);
}

void StepBlock::fillSlot(const BatchEntry &entry, int64_t slot, const KvStore &cache) {
  const Sequence &sequence = *entry.sequence;
  int64_t *counts = array<int64_t>(StepField::Counts);
  int64_t firstRow = counts[kCountTokens];
  int64_t tokens = static_cast<int64_t>(entry.tokenCount);
  std::memcpy(array<int32_t>(StepField::TokenIds) + firstRow, entry.tokens, entry.tokenCount * sizeof(int32_t));
  int32_t *positions = array<int32_t>(StepField::Positions) + firstRow;
  int32_t *slotOfRow = array<int32_t>(StepField::TokenSlots) + firstRow;
  for (int64_t i = 0; i < tokens; ++i) {
    positions[i] = static_cast<int32_t>(sequence.position + i);
    slotOfRow[i] = static_cast<int32_t>(slot);
  }
  array<int32_t>(StepField::SlotRows)[slot] = static_cast<int32_t>(firstRow);
  array<int32_t>(StepField::SlotStarts)[slot] = static_cast<int32_t>(sequence.position);
  array<int64_t>(StepField::StateOffsets)[slot] = cache.stateOffset(sequence.index);
  copyPages(sequence, slot, cache);
  appendChunks(entry, slot, 4, kCountChunks4, StepField::Chunks4Slots, StepField::Chunks4Indices);
  appendChunks(entry, slot, 128, kCountChunks128, StepField::Chunks128Slots, StepField::Chunks128Indices);
  int32_t *logitsRows = array<int32_t>(StepField::LogitsRows);
  for (int64_t i = tokens - static_cast<int64_t>(entry.logitsCount); i < tokens; ++i)
    logitsRows[counts[kCountLogits]++] = static_cast<int32_t>(firstRow + i);
  counts[kCountTokens] = firstRow + tokens;
}

void StepBlock::copyPages(const Sequence &sequence, int64_t slot, const KvStore &cache) {
  SlotPages &known = slots[static_cast<uint64_t>(slot)];
  if (known.serial != sequence.serial)
    known = {sequence.serial, 0};
  uint32_t pages = cache.pageCount(sequence.index);
  int64_t *row = array<int64_t>(StepField::PageOffsets) + slot * pagesPerSequence;
  const int64_t *offsets = cache.pageOffsets(sequence.index);
  for (; known.pages < pages; ++known.pages)
    row[known.pages] = offsets[known.pages];
}

/// Chunk c ends at position (c + 1) * ratio - 1 and belongs to the step that holds this position.
void StepBlock::appendChunks(const BatchEntry &entry, int64_t slot, int64_t ratio, StepCount which, StepField slotField,
                             StepField indexField) {
  int64_t begin = entry.sequence->position;
  int64_t end = begin + static_cast<int64_t>(entry.tokenCount);
  int64_t &filled = array<int64_t>(StepField::Counts)[which];
  for (int64_t chunk = begin / ratio; chunk < end / ratio; ++chunk, ++filled) {
    array<int32_t>(slotField)[filled] = static_cast<int32_t>(slot);
    array<int32_t>(indexField)[filled] = static_cast<int32_t>(chunk);
  }
}
