//===- MachinePass.cpp - What this machine can do at best -----------------------===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tools/bench/MachinePass.h"

#include "runtime/base/Clock.h"
#include "runtime/device/CpuFeatures.h"

#include <algorithm>
#include <cstring>
#include <immintrin.h>
#include <sys/mman.h>

using namespace v4;
using namespace v4::bench;

namespace {

/// Beyond any cache.
constexpr uint64_t kLeastBytes = uint64_t(640) << 20;
constexpr uint64_t kPassBytes = uint64_t(1) << 30;
/// Threads read in pieces of this size, each one run of addresses.
constexpr uint64_t kPieceBytes = uint64_t(1) << 20;
constexpr int64_t kRounds = 800000;

/// Keeps results alive.
std::atomic<uint64_t> sink{0};

//===----------------------------------------------------------------------===//
// Loads
//===----------------------------------------------------------------------===//

__attribute__((target("avx512f"))) uint64_t readAvx512(const uint8_t *at, uint64_t bytes) {
  __m512i a = _mm512_setzero_si512(), b = a, c = a, d = a;
  for (const uint8_t *end = at + bytes; at < end; at += 256) {
    a = _mm512_or_si512(a, _mm512_load_si512(at));
    b = _mm512_or_si512(b, _mm512_load_si512(at + 64));
    c = _mm512_or_si512(c, _mm512_load_si512(at + 128));
    d = _mm512_or_si512(d, _mm512_load_si512(at + 192));
  }
  return static_cast<uint64_t>(_mm512_reduce_or_epi64(_mm512_or_si512(_mm512_or_si512(a, b), _mm512_or_si512(c, d))));
}

__attribute__((target("avx2"))) uint64_t readAvx2(const uint8_t *at, uint64_t bytes) {
  __m256i a = _mm256_setzero_si256(), b = a, c = a, d = a;
  for (const uint8_t *end = at + bytes; at < end; at += 128) {
    const __m256i *line = reinterpret_cast<const __m256i *>(at);
    a = _mm256_or_si256(a, _mm256_load_si256(line));
    b = _mm256_or_si256(b, _mm256_load_si256(line + 1));
    c = _mm256_or_si256(c, _mm256_load_si256(line + 2));
    d = _mm256_or_si256(d, _mm256_load_si256(line + 3));
  }
  a = _mm256_or_si256(_mm256_or_si256(a, b), _mm256_or_si256(c, d));
  return static_cast<uint64_t>(_mm256_extract_epi64(a, 0) | _mm256_extract_epi64(a, 1) | _mm256_extract_epi64(a, 2) |
                               _mm256_extract_epi64(a, 3));
}

uint64_t readPortable(const uint8_t *at, uint64_t bytes) {
  uint64_t sums[8] = {};
  for (const uint8_t *end = at + bytes; at < end; at += 64)
    for (int i = 0; i < 8; ++i) {
      uint64_t value;
      std::memcpy(&value, at + 8 * i, sizeof(value));
      sums[i] |= value;
    }
  return sums[0] | sums[1] | sums[2] | sums[3] | sums[4] | sums[5] | sums[6] | sums[7];
}

void readPieces(const void *memory, int64_t begin, int64_t end) {
  const uint8_t *at = static_cast<const uint8_t *>(memory) + static_cast<uint64_t>(begin) * kPieceBytes;
  uint64_t bytes = static_cast<uint64_t>(end - begin) * kPieceBytes;
  uint64_t value = __builtin_cpu_supports("avx512f") ? readAvx512(at, bytes)
                   : __builtin_cpu_supports("avx2")  ? readAvx2(at, bytes)
                                                     : readPortable(at, bytes);
  sink.fetch_or(value, std::memory_order_relaxed);
}

//===----------------------------------------------------------------------===//
// Arithmetic: twelve independent chains hide the latency of any x86 multiply-add. Written out, so that they are
// registers at every level of optimization.
//===----------------------------------------------------------------------===//

#define V4_TWELVE(M) M(0) M(1) M(2) M(3) M(4) M(5) M(6) M(7) M(8) M(9) M(10) M(11)
#define V4_ZERO(i) s##i = a,
/// Nothing may be computed ahead or left out.
#define V4_KEEP(i) __asm__ volatile("" : "+v"(s##i));

__attribute__((target("avx512f,avx512bf16"))) void dotBf16(int64_t rounds) {
  __m512bh x = reinterpret_cast<__m512bh>(_mm512_set1_epi32(0x3F803F80));
  __m512 a = _mm512_setzero_ps(), V4_TWELVE(V4_ZERO) unused = a;
  (void)unused;
#define V4_STEP(i) s##i = _mm512_dpbf16_ps(s##i, x, x);
  for (int64_t round = 0; round < rounds; ++round) {
    V4_TWELVE(V4_STEP)
    V4_TWELVE(V4_KEEP)
  }
#undef V4_STEP
}

__attribute__((target("avx512f"))) void fmaAvx512(int64_t rounds) {
  __m512 x = _mm512_set1_ps(1), a = _mm512_setzero_ps(), V4_TWELVE(V4_ZERO) unused = a;
  (void)unused;
#define V4_STEP(i) s##i = _mm512_fmadd_ps(x, x, s##i);
  for (int64_t round = 0; round < rounds; ++round) {
    V4_TWELVE(V4_STEP)
    V4_TWELVE(V4_KEEP)
  }
#undef V4_STEP
}

__attribute__((target("avx2,fma"))) void fmaAvx2(int64_t rounds) {
  __m256 x = _mm256_set1_ps(1), a = _mm256_setzero_ps(), V4_TWELVE(V4_ZERO) unused = a;
  (void)unused;
#define V4_STEP(i) s##i = _mm256_fmadd_ps(x, x, s##i);
  for (int64_t round = 0; round < rounds; ++round) {
    V4_TWELVE(V4_STEP)
    V4_TWELVE(V4_KEEP)
  }
#undef V4_STEP
}

/// A round of tiles takes so many times as long as one of registers.
constexpr int64_t kTileRoundsOfRegisters = 8;

/// The operand of ldtilecfg: eight tiles of 16 rows of 64 bytes.
struct alignas(64) TileConfiguration {
  uint8_t palette = 1, startRow = 0, reserved[14] = {};
  uint16_t rowBytes[16] = {64, 64, 64, 64, 64, 64, 64, 64};
  uint8_t rows[16] = {16, 16, 16, 16, 16, 16, 16, 16};
};

/// Four tiles of sums.
__attribute__((target("amx-tile,amx-bf16"))) void dotTiles(int64_t rounds) {
  TileConfiguration configuration;
  _tile_loadconfig(&configuration);
  for (int64_t i = 0; i < rounds / kTileRoundsOfRegisters * 3; ++i) {
    _tile_dpbf16ps(0, 4, 6);
    _tile_dpbf16ps(1, 4, 7);
    _tile_dpbf16ps(2, 5, 6);
    _tile_dpbf16ps(3, 5, 7);
  }
  _tile_release();
}

bool hasTiles(const std::string &target) { return target.find("x86-64-v4-amx") != std::string::npos; }

struct Loop {
  void (*loop)(int64_t rounds);
};

void runLoop(const void *loop, int64_t begin, int64_t end) {
  static_cast<const Loop *>(loop)->loop((end - begin) * kRounds / 16);
}

double secondsSince(int64_t begin) { return static_cast<double>(monotonicNanoseconds() - begin) * 1e-9; }

} // namespace

MachineSpeed bench::meanOf(const MachineSpeed &a, const MachineSpeed &b) {
  return {(a.bytesPerSecond + b.bytesPerSecond) / 2, (a.dotFlopsPerSecond + b.dotFlopsPerSecond) / 2,
          (a.fmaFlopsPerSecond + b.fmaFlopsPerSecond) / 2, (a.tileFlopsPerSecond + b.tileFlopsPerSecond) / 2};
}

MachinePass::Arithmetic MachinePass::chooseFma(const std::string &target) {
  if (target.find("x86-64-v4") != std::string::npos && __builtin_cpu_supports("avx512f"))
    return {"avx512", fmaAvx512, 12 * 32};
  return {"avx2", fmaAvx2, 12 * 16};
}

MachinePass::Arithmetic MachinePass::chooseDot(const std::string &target) {
  bool has = target.find("x86-64-v4-bf16") != std::string::npos || hasTiles(target);
  if (has && __builtin_cpu_supports("avx512bf16"))
    return {"avx512_bf16", dotBf16, 12 * 64};
  return chooseFma(target);
}

MachinePass::Arithmetic MachinePass::chooseTiles(const std::string &target) {
  if (hasTiles(target))
    return {"amx_bf16", dotTiles, 12.0 * 2 * 16 * 16 * 32 / kTileRoundsOfRegisters};
  return {};
}

Status MachinePass::create(const plan::Plan &plan, unsigned threads, std::unique_ptr<MachinePass> &out) {
  std::string features;
  V4_RETURN_IF_ERROR(readCpuFeatures(features));
  V4_RETURN_IF_ERROR(checkCpuFeatures(plan.name(), *plan.program().target(), features));
  std::unique_ptr<MachinePass> pass(new MachinePass);
  V4_RETURN_IF_ERROR(ThreadPool::create(threads, 0, pass->pool));
  plan::Bytes weights = plan.section(plan::SectionKind::Weights);
  pass->memory = weights.data;
  pass->memoryBytes = weights.size / kPieceBytes * kPieceBytes;
  if (weights.size < kLeastBytes) {
    V4_RETURN_IF_ERROR(AddressRange::map("machine pass", kLeastBytes, pass->own));
    (void)madvise(pass->own.data(), kLeastBytes, MADV_HUGEPAGE);
    std::memset(pass->own.data(), 1, kLeastBytes);
    pass->memory = pass->own.data();
    pass->memoryBytes = kLeastBytes;
  }
  pass->dot = chooseDot(plan.program().target()->name()->str());
  pass->fma = chooseFma(plan.program().target()->name()->str());
  pass->tiles = chooseTiles(plan.program().target()->name()->str());
  pass->run(); // brings pages in
  out = std::move(pass);
  return Status();
}

/// The next part of the memory, so that no cache keeps what it reads.
double MachinePass::readOnce() {
  uint64_t bytes = std::min(memoryBytes, kPassBytes);
  if (next + bytes > memoryBytes)
    next = 0;
  int64_t begin = monotonicNanoseconds();
  pool->run(readPieces, memory + next, static_cast<int64_t>(bytes / kPieceBytes));
  double seconds = secondsSince(begin);
  next += bytes;
  return static_cast<double>(bytes) / seconds;
}

double MachinePass::computeOnce(const Arithmetic &arithmetic) {
  int64_t units = int64_t(16) * pool->threads();
  Loop loop{arithmetic.loop};
  int64_t begin = monotonicNanoseconds();
  pool->run(runLoop, &loop, units);
  return static_cast<double>(units * (kRounds / 16)) * arithmetic.flopsPerRound / secondsSince(begin);
}

MachineSpeed MachinePass::run() {
  MachineSpeed speed;
  speed.bytesPerSecond = readOnce();
  speed.dotFlopsPerSecond = computeOnce(dot);
  speed.fmaFlopsPerSecond = dot.loop == fma.loop ? speed.dotFlopsPerSecond : computeOnce(fma);
  speed.tileFlopsPerSecond = tiles.loop ? computeOnce(tiles) : 0;
  return speed;
}
