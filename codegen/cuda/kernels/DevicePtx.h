//===- DevicePtx.h - Device primitives as inline PTX ------------*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef V4_CODEGEN_CUDA_KERNELS_DEVICEPTX_H
#define V4_CODEGEN_CUDA_KERNELS_DEVICEPTX_H

// The products are in DeviceProducts.h.

#define V4_DEVICE __device__ __forceinline__

namespace v4::cuda {

/// As the driver encodes it.
struct alignas(64) TensorMap {
  unsigned long long words[16];
};

V4_DEVICE int threadInBlock() { return threadIdx.x; }
V4_DEVICE int blockIndex() { return blockIdx.x; }
V4_DEVICE int gridBlocks() { return gridDim.x; }
V4_DEVICE void blockSync() { __syncthreads(); }
V4_DEVICE void warpSync() { __syncwarp(); }
V4_DEVICE float fma32(float a, float b, float c) { return __fmaf_rn(a, b, c); }
V4_DEVICE float e8m0Value(unsigned char code) {
  return __uint_as_float(code == 0 ? 0x400000u : code == 255 ? 0x7fffffffu : unsigned(code) << 23);
}
V4_DEVICE unsigned short bf16Bits(float value) {
  unsigned short bits;
  asm("cvt.rn.bf16.f32 %0, %1;" : "=h"(bits) : "f"(value));
  return bits;
}

V4_DEVICE float floatOf(unsigned bits) { return __uint_as_float(bits); }
V4_DEVICE unsigned bitsOf(float value) { return __float_as_uint(value); }
V4_DEVICE float bf16Value(unsigned short bits) { return __uint_as_float(unsigned(bits) << 16); }
V4_DEVICE float exp32(float value) { return expf(value); }
V4_DEVICE float sqrt32(float value) { return __fsqrt_rn(value); }
V4_DEVICE float max32(float a, float b) { return fmaxf(a, b); }
V4_DEVICE float min32(float a, float b) { return fminf(a, b); }
/// Of two codes the first is in the low byte. Rounds to nearest even, cuts at 448.
V4_DEVICE unsigned e4m3Codes(float first, float second) {
  unsigned short codes;
  asm("cvt.rn.satfinite.e4m3x2.f32 %0, %1, %2;" : "=h"(codes) : "f"(second), "f"(first));
  return codes;
}
V4_DEVICE void e4m3Values(unsigned short codes, float &first, float &second) {
  asm("{\n.reg .b32 both;\n.reg .b16 low, high;\ncvt.rn.f16x2.e4m3x2 both, %2;\nmov.b32 {low, high}, both;\n"
      "cvt.f32.f16 %0, low;\ncvt.f32.f16 %1, high;\n}"
      : "=f"(first), "=f"(second)
      : "h"(codes));
}
/// Two codes as bf16, the first in the low half. Exact.
V4_DEVICE unsigned e4m3ToBf16(unsigned short codes) {
  float first, second;
  unsigned both;
  e4m3Values(codes, first, second);
  asm("cvt.rn.bf16x2.f32 %0, %1, %2;" : "=r"(both) : "f"(second), "f"(first));
  return both;
}
/// Byte i is byte `selectors` nibble i of b:a. REQUIRES: nibbles below 8 in the low half of `selectors`.
V4_DEVICE unsigned pickBytes(unsigned a, unsigned b, unsigned selectors) { return __byte_perm(a, b, selectors); }
V4_DEVICE float shuffleXor(float value, int mask) { return __shfl_xor_sync(~0u, value, mask); }
/// Of the `count` threads that name barrier `id` 1 .. 15, a multiple of 32.
V4_DEVICE void groupSync(int id, int count) { asm volatile("bar.sync %0, %1;" ::"r"(id), "r"(count) : "memory"); }
/// Eight bytes on an address that eight divides.
V4_DEVICE unsigned long long globalWord64(const void *address) {
  return *static_cast<const unsigned long long *>(address);
}

/// Of all threads of the blocks of a cluster: what one wrote to its shared memory before, all see behind.
V4_DEVICE void clusterSync() {
  asm volatile("barrier.cluster.arrive.release;\nbarrier.cluster.wait.acquire;" ::: "memory");
}
/// What lies at `address` in the shared memory of block `rank` of the cluster.
V4_DEVICE float clusterFloat(unsigned address, int rank) {
  float value;
  asm volatile("{\n.reg .b32 theirs;\nmapa.shared::cluster.u32 theirs, %1, %2;\nld.shared::cluster.f32 %0, [theirs];\n}"
               : "=f"(value)
               : "r"(address), "r"(rank));
  return value;
}

/// Dynamic shared memory starts on 1024 bytes, as swizzled tiles must.
V4_DEVICE unsigned sharedBase() {
  extern __shared__ __align__(1024) unsigned char bytes[];
  return static_cast<unsigned>(__cvta_generic_to_shared(bytes));
}
V4_DEVICE float sharedFloat(unsigned address) {
  float value;
  asm volatile("ld.shared.f32 %0, [%1];" : "=f"(value) : "r"(address));
  return value;
}

V4_DEVICE unsigned sharedWord(unsigned address) {
  unsigned value;
  asm volatile("ld.shared.b32 %0, [%1];" : "=r"(value) : "r"(address));
  return value;
}
V4_DEVICE void sharedWords(unsigned (&words)[4], unsigned address) {
  asm volatile("ld.shared.v4.b32 {%0, %1, %2, %3}, [%4];"
               : "=r"(words[0]), "=r"(words[1]), "=r"(words[2]), "=r"(words[3])
               : "r"(address));
}
V4_DEVICE unsigned long long sharedWord64(unsigned address) {
  unsigned long long value;
  asm volatile("ld.shared.b64 %0, [%1];" : "=l"(value) : "r"(address));
  return value;
}
V4_DEVICE void storeShared(unsigned address, unsigned value) {
  asm volatile("st.shared.b32 [%0], %1;" ::"r"(address), "r"(value) : "memory");
}
V4_DEVICE void storeShared64(unsigned address, unsigned long long value) {
  asm volatile("st.shared.b64 [%0], %1;" ::"r"(address), "l"(value) : "memory");
}
/// The value before. Orders nothing.
V4_DEVICE int sharedAdd(unsigned address, int value) {
  int before;
  asm volatile("atom.shared.add.s32 %0, [%1], %2;" : "=r"(before) : "r"(address), "r"(value) : "memory");
  return before;
}
/// Four 8 x 8 matrices of 16-bit elements; lane i names row i % 8 of matrix i / 8. A lane gets of matrix j the elements
/// 2 * (lane % 4) and the next of row lane / 4, transposed of column lane / 4.
V4_DEVICE void loadMatrices(unsigned (&parts)[4], unsigned address) {
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0, %1, %2, %3}, [%4];"
               : "=r"(parts[0]), "=r"(parts[1]), "=r"(parts[2]), "=r"(parts[3])
               : "r"(address)
               : "memory");
}
V4_DEVICE void loadMatricesTransposed(unsigned (&parts)[4], unsigned address) {
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0, %1, %2, %3}, [%4];"
               : "=r"(parts[0]), "=r"(parts[1]), "=r"(parts[2]), "=r"(parts[3])
               : "r"(address)
               : "memory");
}
/// sums += a (16 x 16) times b (16 x 8), both bf16, as mma.m16n8k16 spreads them over a warp.
V4_DEVICE void mmaBf16(float (&sums)[4], const unsigned (&a)[4], unsigned b0, unsigned b1) {
  asm volatile("mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, "
               "{%0, %1, %2, %3};"
               : "+f"(sums[0]), "+f"(sums[1]), "+f"(sums[2]), "+f"(sums[3])
               : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b0), "r"(b1));
}

V4_DEVICE void mbarrierInit(unsigned barrier, int arrivals) {
  asm volatile("mbarrier.init.shared::cta.b64 [%0], %1;" ::"r"(barrier), "r"(arrivals) : "memory");
}
V4_DEVICE void mbarrierInitFence() {
  asm volatile("fence.mbarrier_init.release.cluster;" ::: "memory");
  asm volatile("fence.proxy.async.shared::cta;" ::: "memory");
}
V4_DEVICE void mbarrierExpect(unsigned barrier, int bytes) {
  asm volatile("mbarrier.arrive.expect_tx.shared::cta.b64 _, [%0], %1;" ::"r"(barrier), "r"(bytes) : "memory");
}
V4_DEVICE void mbarrierArrive(unsigned barrier) {
  asm volatile("mbarrier.arrive.shared::cta.b64 _, [%0];" ::"r"(barrier) : "memory");
}
V4_DEVICE void mbarrierWait(unsigned barrier, int parity) {
  asm volatile("{\n.reg .pred done;\nagain_%=:\nmbarrier.try_wait.parity.shared::cta.b64 done, [%0], %1;\n"
               "@!done bra again_%=;\n}" ::"r"(barrier),
               "r"(parity)
               : "memory");
}

/// From global to shared memory; `bytes` and both addresses are multiples of 16.
V4_DEVICE void bulkCopy(unsigned to, const void *from, int bytes, unsigned barrier) {
  asm volatile("cp.async.bulk.shared::cluster.global.mbarrier::complete_tx::bytes [%0], [%1], %2, [%3];" ::"r"(to),
               "l"(__cvta_generic_to_global(from)), "r"(bytes), "r"(barrier)
               : "memory");
}
/// The map's box whose first byte is (row, column); what lies outside of the matrix is zero.
V4_DEVICE void tensorCopy(unsigned to, const TensorMap *map, int column, int row, unsigned barrier) {
  asm volatile("cp.async.bulk.tensor.2d.shared::cluster.global.tile.mbarrier::complete_tx::bytes [%0], [%1, {%2, %3}], "
               "[%4];" ::"r"(to),
               "l"(map), "r"(column), "r"(row), "r"(barrier)
               : "memory");
}

/// Rows of 128 bytes, swizzled by 128 bytes; groups of eight rows are 1024 bytes apart.
V4_DEVICE unsigned long long tileDescriptor(unsigned address) {
  return (address >> 4 & 0x3fff) | 1ull << 16 | 64ull << 32 | 1ull << 62;
}
/// Behind stores of this thread to shared memory that products read.
V4_DEVICE void productFence() { asm volatile("fence.proxy.async.shared::cta;" ::: "memory"); }
V4_DEVICE void wgmmaBegin() { asm volatile("wgmma.fence.sync.aligned;" ::: "memory"); }
/// Where products read `a` from registers: nothing writes them any more.
template <int STEPS>
V4_DEVICE void wgmmaBegin(unsigned (&a)[STEPS][4]) {
#pragma unroll
  for (int i = 0; i < 4 * STEPS; ++i)
    asm volatile("" : "+r"(a[i / 4][i % 4])::"memory");
  wgmmaBegin();
}
template <int COUNT>
V4_DEVICE void wgmmaWait(float (&sums)[COUNT]) {
  asm volatile("wgmma.commit_group.sync.aligned;\nwgmma.wait_group.sync.aligned 0;" ::: "memory");
#pragma unroll
  for (int i = 0; i < COUNT; ++i)
    asm volatile("" : "+f"(sums[i])::"memory");
}

} // namespace v4::cuda

#include "codegen/cuda/kernels/DeviceProducts.h"

#endif // V4_CODEGEN_CUDA_KERNELS_DEVICEPTX_H
