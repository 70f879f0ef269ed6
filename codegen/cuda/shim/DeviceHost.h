//===- DeviceHost.h - Device primitives on the host -------------*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A cluster's threads are fibers. Copies land, in any order, only when every thread waits
// or has been asked once; wgmma reads its operands when it is waited for. So a barrier
// that is missing shows as wrong values. Single-threaded.
//
//===----------------------------------------------------------------------===//

#ifndef V4_CODEGEN_CUDA_SHIM_DEVICEHOST_H
#define V4_CODEGEN_CUDA_SHIM_DEVICEHOST_H

#include <cmath>
#include <cstdint>
#include <cstring>
#include <functional>
#include <initializer_list>

#define V4_DEVICE inline

namespace v4::cuda {

/// A matrix in memory and the box that a copy takes out of it: of bytes 128 wide with 128-byte swizzle, of words (f32)
/// `boxWords` wide and as they are.
struct TensorMap {
  const unsigned char *base;
  int rows, columns, boxRows;
  int boxWords = 0; ///< 0: a matrix of bytes. A bf16 matrix counts as one, see `elementBytes`.
  int elementBytes = 1;
};

namespace shim {

/// Runs `body` in every thread of every block, `cluster` blocks at a time; order of threads and copies follow from
/// `seed`. False when threads wait for each other for ever, or when the grid is not whole clusters.
bool launch(int grid, int threads, int sharedBytes, unsigned seed, const std::function<void()> &body, int cluster = 1);

int thread();
int block();
int blocks();
unsigned char *shared(unsigned address);                 ///< In the running block.
unsigned char *sharedOfRank(unsigned address, int rank); ///< In a block of its cluster; NaN once its threads are done.
void pause();                                            ///< Lets the other threads run.
enum Meeting { kWarp, kGroup, kBlock, kCluster, kNamed, kMeetings = kNamed + 16 };
void rendezvous(int kind, int first, int count); ///< Of threads first .. first + count - 1 of the block.
void later(std::function<void()> copy);

float e4m3Value(unsigned char code);

struct Mbarrier {
  uint16_t arrivals, pending : 15, phase : 1;
  int32_t bytes;
};
void arrive(unsigned barrier, int arrivals, int bytes);

/// One step of wgmma that has been issued.
struct Product {
  uint64_t a, b;
  int add, columns; ///< 16: bf16; 32: e4m3.
  bool inRegisters;
  uint32_t registers[4];
};
void beginProducts();
Product &nextProduct();
const Product *products(int thread, int &count); ///< Since that thread's beginProducts().

/// The 32 elements of e4m3 or, with 16 `columns`, 16 of bf16 of one row of a tile in shared memory.
void tileRow(uint64_t descriptor, int row, int columns, float *values);
/// The same of operand a of the running thread's product `number`.
void leftRow(const Product &product, int number, int row, float *values);
/// Of rows of e4m3 without any rounding.
inline double rowProduct(const float *left, const float *right, int columns) {
  double sums[4] = {};
  for (int k = 0; k < columns; k += 4)
    for (int i = 0; i < 4; ++i)
      sums[i] += double(left[k + i]) * right[k + i];
  return (sums[0] + sums[1]) + (sums[2] + sums[3]);
}

/// Gives words to the threads of the warp and has theirs.
struct WarpWords {
  WarpWords(std::initializer_list<uint32_t> mine);
  uint32_t of(int lane, int word) const { return first[lane][parity][word]; }
  using Slots = uint32_t[2][8];
  Slots *first;
  int parity;
};

} // namespace shim

inline int threadInBlock() { return shim::thread(); }
inline int blockIndex() { return shim::block(); }
inline int gridBlocks() { return shim::blocks(); }
inline void blockSync() { shim::rendezvous(shim::kBlock, 0, -1); }
inline void warpSync() { shim::rendezvous(shim::kWarp, threadInBlock() / 32 * 32, 32); }
inline float fma32(float a, float b, float c) { return std::fma(a, b, c); }
inline float e8m0Value(unsigned char code) { return code == 255 ? NAN : std::ldexp(1.0f, code - 127); }
inline unsigned short bf16Bits(float value) {
  uint32_t bits;
  std::memcpy(&bits, &value, 4);
  return std::isnan(value) ? 0x7fff : (bits + 0x7fff + (bits >> 16 & 1)) >> 16;
}
inline float floatOf(uint32_t bits) {
  float value;
  std::memcpy(&value, &bits, 4);
  return value;
}
inline uint32_t bitsOf(float value) {
  uint32_t bits;
  std::memcpy(&bits, &value, 4);
  return bits;
}
inline float bf16Value(unsigned short bits) { return floatOf(uint32_t(bits) << 16); }
inline float exp32(float value) { return std::exp(value); }
inline float sqrt32(float value) { return std::sqrt(value); }
inline float max32(float a, float b) { return std::fmax(a, b); }
inline float min32(float a, float b) { return std::fmin(a, b); }
unsigned e4m3Codes(float first, float second);
inline void e4m3Values(unsigned short codes, float &first, float &second) {
  first = shim::e4m3Value(codes & 255);
  second = shim::e4m3Value(codes >> 8);
}
inline unsigned e4m3ToBf16(unsigned short codes) {
  return bf16Bits(shim::e4m3Value(codes & 255)) | unsigned(bf16Bits(shim::e4m3Value(codes >> 8))) << 16;
}
unsigned pickBytes(unsigned a, unsigned b, unsigned selectors);
inline float shuffleXor(float value, int mask) {
  shim::WarpWords words({bitsOf(value)});
  return floatOf(words.of(threadInBlock() % 32 ^ mask, 0));
}
inline void groupSync(int id, int count) {
  shim::rendezvous(shim::kNamed + id, threadInBlock() / count * count, count);
}
inline void clusterSync() { shim::rendezvous(shim::kCluster, 0, -1); }
inline float clusterFloat(unsigned address, int rank) {
  float value;
  std::memcpy(&value, shim::sharedOfRank(address, rank), sizeof value);
  return value;
}
inline unsigned long long globalWord64(const void *address) {
  unsigned long long word;
  std::memcpy(&word, address, 8);
  return word;
}

inline unsigned sharedBase() { return 1024; }
template <typename T>
inline T sharedAt(unsigned address) {
  T value;
  std::memcpy(&value, shim::shared(address), sizeof value);
  return value;
}
inline float sharedFloat(unsigned address) { return sharedAt<float>(address); }
inline unsigned sharedWord(unsigned address) { return sharedAt<unsigned>(address); }
inline unsigned long long sharedWord64(unsigned address) { return sharedAt<unsigned long long>(address); }
inline void sharedWords(unsigned (&words)[4], unsigned address) { std::memcpy(words, shim::shared(address), 16); }
inline void storeShared(unsigned address, unsigned value) { std::memcpy(shim::shared(address), &value, 4); }
inline void storeShared64(unsigned address, unsigned long long value) { std::memcpy(shim::shared(address), &value, 8); }
/// Wraps around, as on a GPU.
inline int sharedAdd(unsigned address, int value) {
  int before = sharedAt<int>(address);
  storeShared(address, unsigned(before) + unsigned(value));
  return before;
}
void loadMatrices(unsigned (&parts)[4], unsigned address);
void loadMatricesTransposed(unsigned (&parts)[4], unsigned address);
void mmaBf16(float (&sums)[4], const unsigned (&a)[4], unsigned b0, unsigned b1);

inline void mbarrierInit(unsigned barrier, int arrivals) {
  shim::Mbarrier state{uint16_t(arrivals), uint16_t(arrivals), 0, 0};
  std::memcpy(shim::shared(barrier), &state, sizeof state);
}
inline void mbarrierInitFence() {}
inline void mbarrierExpect(unsigned barrier, int bytes) { shim::arrive(barrier, 1, bytes); }
inline void mbarrierArrive(unsigned barrier) { shim::arrive(barrier, 1, 0); }
inline void mbarrierWait(unsigned barrier, int parity) {
  shim::Mbarrier state;
  for (;;) {
    std::memcpy(&state, shim::shared(barrier), sizeof state);
    if (state.phase != parity)
      return;
    shim::pause();
  }
}
/// One that the hardware refuses never lands.
inline void bulkCopy(unsigned to, const void *from, int bytes, unsigned barrier) {
  if ((uintptr_t(from) | to | unsigned(bytes)) % 16 != 0)
    return;
  shim::later([=] {
    std::memcpy(shim::shared(to), from, bytes);
    shim::arrive(barrier, 0, -bytes);
  });
}
void tensorCopy(unsigned to, const TensorMap *map, int column, int row, unsigned barrier);

inline uint64_t tileDescriptor(unsigned address) {
  return (address >> 4 & 0x3fff) | 1ull << 16 | 64ull << 32 | 1ull << 62;
}
inline void productFence() {}
inline void wgmmaBegin() { shim::beginProducts(); }
template <int STEPS>
inline void wgmmaBegin(unsigned (&)[STEPS][4]) {
  shim::beginProducts();
}
template <int N>
inline void wgmmaE4m3(float (&)[N / 2], uint64_t a, uint64_t b, int add) {
  shim::nextProduct() = {a, b, add, 32, false, {}};
}
template <int N>
inline void wgmmaE4m3(float (&)[N / 2], const unsigned (&a)[4], uint64_t b, int add) {
  shim::nextProduct() = {0, b, add, 32, true, {a[0], a[1], a[2], a[3]}};
}
template <int N>
inline void wgmmaBf16(float (&)[N / 2], uint64_t a, uint64_t b, int add) {
  shim::nextProduct() = {a, b, add, 16, false, {}};
}
template <int N>
inline void wgmmaBf16(float (&)[N / 2], const unsigned (&a)[4], uint64_t b, int add) {
  shim::nextProduct() = {0, b, add, 16, true, {a[0], a[1], a[2], a[3]}};
}
template <int COUNT>
inline void wgmmaWait(float (&sums)[COUNT]) {
  shim::rendezvous(shim::kGroup, threadInBlock() / 128 * 128, 128);
  int count, lane = threadInBlock() % 32, warp = threadInBlock() / 32 % 4;
  const shim::Product *list = shim::products(threadInBlock(), count);
  for (int p = 0; p < count; ++p) {
    float left[2][32], right[32];
    for (int i = 0; i < 2; ++i)
      shim::leftRow(list[p], p, warp * 16 + lane / 4 + i * 8, left[i]);
    for (int i = 0; i < COUNT; i += 4)
      for (int column = 0; column < 2; ++column) {
        shim::tileRow(list[p].b, i * 2 + lane % 4 * 2 + column, list[p].columns, right);
        for (int row = 0; row < 2; ++row) {
          float &sum = sums[i + row * 2 + column];
          sum = float((list[p].add ? sum : 0.0f) + shim::rowProduct(left[row], right, list[p].columns));
        }
      }
  }
}

} // namespace v4::cuda

#endif // V4_CODEGEN_CUDA_SHIM_DEVICEHOST_H
