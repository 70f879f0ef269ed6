//===- DeviceHost.h - Device primitives on the host -------------*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A block's threads are fibers. Copies land, in any order, only when every thread waits
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

#define V4_DEVICE inline

namespace v4::cuda {

/// A matrix of bytes in memory and the box that a copy takes out of it (128 bytes wide, 128-byte swizzle).
struct TensorMap {
  const unsigned char *base;
  int rows, columns, boxRows;
};

namespace shim {

/// Runs `body` in every thread of every block; order of threads and copies follow from `seed`. False when the threads
/// of a block wait for each other for ever.
bool launch(int grid, int threads, int sharedBytes, unsigned seed, const std::function<void()> &body);

int thread();
int block();
int blocks();
unsigned char *shared(unsigned address); ///< In the running block.
void pause();                            ///< Lets the other threads run.
void rendezvous(int first, int count);   ///< Of threads first .. first + count - 1.
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
  int add;
};
Product *products(int &count); ///< Of the running thread; room for 16.
void setProducts(int count);

/// Element (row, k) of a tile in shared memory.
float tileValue(uint64_t descriptor, int row, int k);

} // namespace shim

inline int threadInBlock() { return shim::thread(); }
inline int blockIndex() { return shim::block(); }
inline int gridBlocks() { return shim::blocks(); }
inline void blockSync() { shim::rendezvous(0, -1); }
inline void warpSync() { shim::rendezvous(threadInBlock() / 32 * 32, 32); }
inline float fma32(float a, float b, float c) { return std::fma(a, b, c); }
inline float e8m0Value(unsigned char code) { return code == 255 ? NAN : std::ldexp(1.0f, code - 127); }
inline unsigned short bf16Bits(float value) {
  uint32_t bits;
  std::memcpy(&bits, &value, 4);
  return std::isnan(value) ? 0x7fff : (bits + 0x7fff + (bits >> 16 & 1)) >> 16;
}
inline unsigned sharedBase() { return 1024; }
inline float sharedFloat(unsigned address) {
  float value;
  std::memcpy(&value, shim::shared(address), 4);
  return value;
}

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
inline void bulkCopy(unsigned to, const void *from, int bytes, unsigned barrier) {
  shim::later([=] {
    std::memcpy(shim::shared(to), from, bytes);
    shim::arrive(barrier, 0, -bytes);
  });
}
void tensorCopy(unsigned to, const TensorMap *map, int column, int row, unsigned barrier);

inline uint64_t tileDescriptor(unsigned address) {
  return (address >> 4 & 0x3fff) | 1ull << 16 | 64ull << 32 | 1ull << 62;
}
inline void wgmmaBegin() { shim::setProducts(0); }
template <int N>
inline void wgmmaE4m3(float (&)[N / 2], uint64_t a, uint64_t b, int add) {
  int count;
  shim::products(count)[0] = {a, b, add};
  shim::setProducts(count + 1);
}
template <int COUNT>
inline void wgmmaWait(float (&sums)[COUNT]) {
  shim::rendezvous(threadInBlock() / 128 * 128, 128);
  int count, lane = threadInBlock() % 32, warp = threadInBlock() / 32 % 4;
  const shim::Product *end = shim::products(count);
  for (const shim::Product *p = end - count; p != end; ++p)
    for (int i = 0; i < COUNT; ++i) {
      double sum = 0;
      for (int k = 0; k < 32; ++k)
        sum += double(shim::tileValue(p->a, warp * 16 + lane / 4 + i / 2 % 2 * 8, k)) *
               shim::tileValue(p->b, i / 4 * 8 + lane % 4 * 2 + i % 2, k);
      sums[i] = float((p->add ? sums[i] : 0.0f) + sum);
    }
}

} // namespace v4::cuda

#endif // V4_CODEGEN_CUDA_SHIM_DEVICEHOST_H
