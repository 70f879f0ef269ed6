//===- PanelPacker.cpp - Checkpoint matrices to panels ----------*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "codegen/plan/PanelPacker.h"

#include <algorithm>
#include <cstring>
#include <vector>

using namespace v4;
using namespace v4::codegen;

/// Bits of a value in a checkpoint row; the scales of 32 columns count as one byte.
static int64_t rowBytes(PanelFormat format, int64_t columns) {
  switch (format) {
  case PanelFormat::Bf16:
    return columns * 2;
  case PanelFormat::F32:
    return columns * 4;
  case PanelFormat::E4M3:
    return columns;
  case PanelFormat::E2M1:
    return columns / 2;
  case PanelFormat::E2M1Scales:
    return columns / 32;
  }
  return 0;
}

uint64_t PanelMatrix::sourceBytes() const { return static_cast<uint64_t>(rows * rowBytes(format, columns)); }

// One row of a block, from `in` (its first column) to its places in `out`; r = row of the panel.

static void packBf16(const uint8_t *in, int64_t r, uint8_t *out) {
  for (int64_t pair = 0; pair < kPanelColumns / 2; ++pair)
    std::memcpy(out + (pair * kPanelRows + r) * 4, in + pair * 4, 4);
}

/// `r` is a row of the matrix, which has `rows`.
static void packF32(const uint8_t *in, int64_t r, int64_t rows, uint8_t *out) {
  int64_t first = r / kF32GroupRows * kF32GroupRows, group = std::min(kF32GroupRows, rows - first);
  uint8_t *place = out + (first * kPanelColumns + (r - first) * 16) * 4;
  for (int64_t k = 0; k < kPanelColumns; k += 16)
    std::memcpy(place + k * group * 4, in + k * 4, 64);
}

static void packE4M3(const uint8_t *in, int64_t r, uint8_t *out) {
  int64_t place = r % 16 / 4 * 16 + r / 16 * 8 + r % 4 * 2;
  for (int64_t pair = 0; pair < kPanelColumns / 2; ++pair)
    std::memcpy(out + pair * 64 + place, in + pair * 2, 2);
}

/// The low nibbles of four bytes, closed up.
static uint32_t gatherNibbles(uint32_t bytes) {
  bytes &= 0x0F0F0F0F;
  bytes = (bytes | bytes >> 4) & 0x00FF00FF;
  return (bytes | bytes >> 8) & 0xFFFF;
}

static void packE2M1(const uint8_t *in, int64_t r, uint8_t *out) {
  for (int64_t group = 0; group < kPanelColumns / 8; ++group) {
    // Byte j of a row holds column 2j in its low and 2j + 1 in its high nibble.
    uint32_t bytes;
    std::memcpy(&bytes, in + group * 4, 4);
    uint32_t packed = gatherNibbles(bytes) | gatherNibbles(bytes >> 4) << 16;
    std::memcpy(out + (group * kPanelRows + r) * 4, &packed, 4);
  }
}

static void packScales(const uint8_t *in, int64_t r, uint8_t *out) {
  for (int64_t group = 0; group < kPanelColumns / 32; ++group)
    out[group * kPanelRows + r] = in[group];
}

void PanelMatrix::packBlock(const uint8_t *source, int64_t panel, int64_t block, uint8_t *out) const {
  int64_t stride = rowBytes(format, columns);
  std::memset(out, 0, static_cast<size_t>(blockBytes()));
  int64_t first = panel * kPanelRows, count = format == PanelFormat::F32 ? rows : std::min(kPanelRows, rows - first);
  for (int64_t r = 0; r < count; ++r) {
    const uint8_t *in = source + (first + r) * stride + rowBytes(format, block * kPanelColumns);
    switch (format) {
    case PanelFormat::Bf16:
      packBf16(in, r, out);
      break;
    case PanelFormat::F32:
      packF32(in, r, rows, out);
      break;
    case PanelFormat::E4M3:
      packE4M3(in, r, out);
      break;
    case PanelFormat::E2M1:
      packE2M1(in, r, out);
      break;
    case PanelFormat::E2M1Scales:
      packScales(in, r, out);
      break;
    }
  }
}

void PanelMatrix::pack(llvm::ArrayRef<uint8_t> source, uint64_t begin, llvm::MutableArrayRef<uint8_t> out) const {
  const uint64_t size = static_cast<uint64_t>(blockBytes());
  const uint64_t blocks = static_cast<uint64_t>(columns / kPanelColumns);
  std::vector<uint8_t> whole(size);
  for (uint64_t done = 0; done < out.size();) {
    uint64_t number = (begin + done) / size, skip = (begin + done) % size;
    uint64_t count = std::min(size - skip, out.size() - done);
    bool direct = count == size;
    uint8_t *target = direct ? out.data() + done : whole.data();
    packBlock(source.data(), static_cast<int64_t>(number / blocks), static_cast<int64_t>(number % blocks), target);
    if (!direct)
      std::memcpy(out.data() + done, whole.data() + skip, count);
    done += count;
  }
}
