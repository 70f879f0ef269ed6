//===- TilePacker.cpp - Checkpoint matrices to tiles ----------------------===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "codegen/plan/TilePacker.h"

#include <algorithm>
#include <array>
#include <cstring>

using namespace v4;
using namespace v4::codegen;

/// `count` rows, rowBytes apart.
static void packRows(const uint8_t *in, int64_t rowBytes, int64_t count, uint8_t *out) {
  constexpr int64_t piece = 16; // bytes that keep their neighbours
  for (int64_t r = 0; r < count; ++r, in += rowBytes)
    for (int64_t c = 0; c < kTileRowBytes; c += piece)
      std::memcpy(out + r * kTileRowBytes + (c ^ (r % 8 * piece)), in + c, piece);
}

static void packWide(const uint8_t *in, int64_t rowBytes, int64_t count, uint8_t *out) {
  for (int64_t place = 0; place < kTileBytes; place += 2) {
    int64_t thread = place / 16 % 128, step = place / 2048 * 2 + place / 8 % 2;
    int64_t row = thread / 32 * 16 + thread % 32 / 4 + place / 2 % 2 * 8;
    int64_t column = step * 16 + thread % 4 * 2 + place / 4 % 2 * 8;
    if (row < count)
      std::memcpy(out + place, in + row * rowBytes + column, 2);
  }
}

/// The signs of four codes, one in the low half of each byte.
static uint32_t signsOf(uint32_t codes) {
  uint32_t signs = codes & 0x8888;
  signs = (signs | signs << 8) & 0x00FF00FF;
  return (signs | signs << 4) & 0x0F0F0F0F;
}

static void packFp4Codes(const uint8_t *in, int64_t rowBytes, int64_t count, uint8_t *out) {
  for (int64_t place = 0; place < kTileRows * kFp4TileRowBytes; place += 4) {
    int64_t thread = place / 16 % 128, row = thread / 32 * 16 + thread % 32 / 4;
    const uint8_t *codes = in + (place / 2048 * 2 + place / 8 % 2) * 16 + place / 4 % 2 * 8 + thread % 4 * 2;
    uint16_t low = 0, high = 0;
    if (row < count)
      std::memcpy(&low, codes + row * rowBytes, 2);
    if (row + 8 < count)
      std::memcpy(&high, codes + (row + 8) * rowBytes, 2);
    uint32_t word = (low & 0x7777u) | (high & 0x7777u) << 16 | signsOf(low) << 4 | signsOf(high);
    std::memcpy(out + place, &word, 4);
  }
}

static void packFp4Scales(const uint8_t *in, int64_t rowBytes, int64_t count, uint8_t *out) {
  for (int64_t r = 0; r < count; ++r)
    std::memcpy(out + r * kFp4ScaleRowBytes, in + r * rowBytes, kFp4ScaleRowBytes);
}

int64_t codegen::tileRowBytes(TileContent content) {
  return content == TileContent::Fp4Codes    ? kFp4TileRowBytes
         : content == TileContent::Fp4Scales ? kFp4ScaleRowBytes
                                             : kTileRowBytes;
}

void TileMatrix::packTile(const uint8_t *source, int64_t tile, uint8_t *out) const {
  int64_t width = tileRowBytes(content), across = rowBytes / width, first = tile / across * kTileRows;
  int64_t count = std::min(kTileRows, rows - first);
  const uint8_t *in = source + first * rowBytes + tile % across * width;
  if (count < kTileRows)
    std::memset(out, content == TileContent::Fp4Scales ? 127 : 0, static_cast<size_t>(kTileRows * width));
  switch (content) {
  case TileContent::Rows:
    return packRows(in, rowBytes, count, out);
  case TileContent::Wide:
    return packWide(in, rowBytes, count, out);
  case TileContent::Fp4Codes:
    return packFp4Codes(in, rowBytes, count, out);
  case TileContent::Fp4Scales:
    return packFp4Scales(in, rowBytes, count, out);
  }
}

void TileMatrix::pack(llvm::ArrayRef<uint8_t> source, uint64_t begin, llvm::MutableArrayRef<uint8_t> out) const {
  const uint64_t size = static_cast<uint64_t>(kTileRows * tileRowBytes(content));
  std::array<uint8_t, kTileBytes> whole;
  for (uint64_t done = 0; done < out.size();) {
    uint64_t number = (begin + done) / size, skip = (begin + done) % size;
    uint64_t count = std::min(size - skip, out.size() - done);
    bool direct = count == size;
    packTile(source.data(), static_cast<int64_t>(number), direct ? out.data() + done : whole.data());
    if (!direct)
      std::memcpy(out.data() + done, whole.data() + skip, count);
    done += count;
  }
}
