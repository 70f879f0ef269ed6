//===- DeviceProducts.h - wgmma as inline PTX -------------------*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// sums (+)= a (64 x K) times b (N x K) transposed. b is a tile in shared memory; a is one
// too or, in four registers of each thread, rows lane / 4 (registers 0, 2) and
// lane / 4 + 8 (1, 3) of the warp's 16: of e4m3 columns
// 4 * (lane % 4) .. + 3, in registers 2 and 3 those plus 16, of bf16 columns 2 * (lane % 4)
// and the next, those plus 8.
//
//===----------------------------------------------------------------------===//

#ifndef V4_CODEGEN_CUDA_KERNELS_DEVICEPRODUCTS_H
#define V4_CODEGEN_CUDA_KERNELS_DEVICEPRODUCTS_H

#ifdef __CUDACC__

namespace v4::cuda {

#define V4_LIST4 "%0, %1, %2, %3"
#define V4_LIST8                                                                                                       \
  V4_LIST4                                                                                                             \
  ", %4, %5, %6, %7"
#define V4_LIST16                                                                                                      \
  V4_LIST8                                                                                                             \
  ", %8, %9, %10, %11, %12, %13, %14, %15"
#define V4_LIST32                                                                                                      \
  V4_LIST16                                                                                                            \
  ", %16, %17, %18, %19, %20, %21, %22, %23, %24, %25, %26, %27, %28, %29, %30, %31"
#define V4_LIST64                                                                                                      \
  V4_LIST32                                                                                                            \
  ", %32, %33, %34, %35, %36, %37, %38, %39, %40, %41, %42, %43, %44, %45, %46, %47"                                   \
  ", %48, %49, %50, %51, %52, %53, %54, %55, %56, %57, %58, %59, %60, %61, %62, %63"
#define V4_LIST128                                                                                                     \
  V4_LIST64                                                                                                            \
  ", %64, %65, %66, %67, %68, %69, %70, %71, %72, %73, %74, %75, %76, %77, %78, %79"                                   \
  ", %80, %81, %82, %83, %84, %85, %86, %87, %88, %89, %90, %91, %92, %93, %94, %95"                                   \
  ", %96, %97, %98, %99, %100, %101, %102, %103, %104, %105, %106, %107, %108, %109, %110, %111"                       \
  ", %112, %113, %114, %115, %116, %117, %118, %119, %120, %121, %122, %123, %124, %125, %126, %127"
#define V4_SUMS4(i) "+f"(d[i]), "+f"(d[i + 1]), "+f"(d[i + 2]), "+f"(d[i + 3])
#define V4_SUMS8(i) V4_SUMS4(i), V4_SUMS4(i + 4)
#define V4_SUMS16(i) V4_SUMS8(i), V4_SUMS8(i + 8)
#define V4_SUMS32(i) V4_SUMS16(i), V4_SUMS16(i + 16)
#define V4_SUMS64(i) V4_SUMS32(i), V4_SUMS32(i + 32)
#define V4_SUMS128(i) V4_SUMS64(i), V4_SUMS64(i + 64)

/// The operands behind COUNT sums are A, B and whether to add.
#define V4_PRODUCT(NAME, N, COUNT, SHAPE, A, B, ADD, ORDER)                                                            \
  template <>                                                                                                          \
  V4_DEVICE void NAME<N>(float(&d)[COUNT], unsigned long long a, unsigned long long b, int add) {                      \
    asm volatile("{\n.reg .pred p;\nsetp.ne.b32 p, " ADD ", 0;\nwgmma.mma_async.sync.aligned.m64n" #N SHAPE            \
                 " {" V4_LIST##COUNT "}, " A ", " B ", p, 1, 1" ORDER ";\n}"                                           \
                 : V4_SUMS##COUNT(0)                                                                                   \
                 : "l"(a), "l"(b), "r"(add)                                                                            \
                 : "memory");                                                                                          \
  }
#define V4_REGISTER_PRODUCT(NAME, N, COUNT, SHAPE, A, B, ADD, ORDER)                                                   \
  template <>                                                                                                          \
  V4_DEVICE void NAME<N>(float(&d)[COUNT], const unsigned(&a)[4], unsigned long long b, int add) {                     \
    asm volatile("{\n.reg .pred p;\nsetp.ne.b32 p, " ADD ", 0;\nwgmma.mma_async.sync.aligned.m64n" #N SHAPE            \
                 " {" V4_LIST##COUNT "}, {" A "}, " B ", p, 1, 1" ORDER ";\n}"                                         \
                 : V4_SUMS##COUNT(0)                                                                                   \
                 : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "l"(b), "r"(add)                                        \
                 : "memory");                                                                                          \
  }

/// K = 32, both e4m3.
template <int N>
V4_DEVICE void wgmmaE4m3(float (&sums)[N / 2], unsigned long long a, unsigned long long b, int add);
/// The same with a in registers.
template <int N>
V4_DEVICE void wgmmaE4m3(float (&sums)[N / 2], const unsigned (&a)[4], unsigned long long b, int add);
/// K = 16, both bf16.
template <int N>
V4_DEVICE void wgmmaBf16(float (&sums)[N / 2], unsigned long long a, unsigned long long b, int add);
/// The same with a in registers.
template <int N>
V4_DEVICE void wgmmaBf16(float (&sums)[N / 2], const unsigned (&a)[4], unsigned long long b, int add);

V4_PRODUCT(wgmmaE4m3, 8, 4, "k32.f32.e4m3.e4m3", "%4", "%5", "%6", "")
V4_PRODUCT(wgmmaE4m3, 16, 8, "k32.f32.e4m3.e4m3", "%8", "%9", "%10", "")
V4_PRODUCT(wgmmaE4m3, 32, 16, "k32.f32.e4m3.e4m3", "%16", "%17", "%18", "")
V4_PRODUCT(wgmmaE4m3, 64, 32, "k32.f32.e4m3.e4m3", "%32", "%33", "%34", "")
V4_PRODUCT(wgmmaE4m3, 128, 64, "k32.f32.e4m3.e4m3", "%64", "%65", "%66", "")
V4_PRODUCT(wgmmaE4m3, 256, 128, "k32.f32.e4m3.e4m3", "%128", "%129", "%130", "")
V4_REGISTER_PRODUCT(wgmmaE4m3, 8, 4, "k32.f32.e4m3.e4m3", "%4, %5, %6, %7", "%8", "%9", "")
V4_REGISTER_PRODUCT(wgmmaE4m3, 16, 8, "k32.f32.e4m3.e4m3", "%8, %9, %10, %11", "%12", "%13", "")
V4_REGISTER_PRODUCT(wgmmaE4m3, 32, 16, "k32.f32.e4m3.e4m3", "%16, %17, %18, %19", "%20", "%21", "")
V4_REGISTER_PRODUCT(wgmmaE4m3, 64, 32, "k32.f32.e4m3.e4m3", "%32, %33, %34, %35", "%36", "%37", "")
V4_REGISTER_PRODUCT(wgmmaE4m3, 128, 64, "k32.f32.e4m3.e4m3", "%64, %65, %66, %67", "%68", "%69", "")
V4_PRODUCT(wgmmaBf16, 8, 4, "k16.f32.bf16.bf16", "%4", "%5", "%6", ", 0, 0")
V4_PRODUCT(wgmmaBf16, 16, 8, "k16.f32.bf16.bf16", "%8", "%9", "%10", ", 0, 0")
V4_PRODUCT(wgmmaBf16, 32, 16, "k16.f32.bf16.bf16", "%16", "%17", "%18", ", 0, 0")
V4_PRODUCT(wgmmaBf16, 64, 32, "k16.f32.bf16.bf16", "%32", "%33", "%34", ", 0, 0")
V4_PRODUCT(wgmmaBf16, 128, 64, "k16.f32.bf16.bf16", "%64", "%65", "%66", ", 0, 0")
V4_PRODUCT(wgmmaBf16, 256, 128, "k16.f32.bf16.bf16", "%128", "%129", "%130", ", 0, 0")
V4_REGISTER_PRODUCT(wgmmaBf16, 8, 4, "k16.f32.bf16.bf16", "%4, %5, %6, %7", "%8", "%9", ", 0")
V4_REGISTER_PRODUCT(wgmmaBf16, 16, 8, "k16.f32.bf16.bf16", "%8, %9, %10, %11", "%12", "%13", ", 0")
V4_REGISTER_PRODUCT(wgmmaBf16, 32, 16, "k16.f32.bf16.bf16", "%16, %17, %18, %19", "%20", "%21", ", 0")
V4_REGISTER_PRODUCT(wgmmaBf16, 64, 32, "k16.f32.bf16.bf16", "%32, %33, %34, %35", "%36", "%37", ", 0")
V4_REGISTER_PRODUCT(wgmmaBf16, 128, 64, "k16.f32.bf16.bf16", "%64, %65, %66, %67", "%68", "%69", ", 0")

#undef V4_PRODUCT
#undef V4_REGISTER_PRODUCT

} // namespace v4::cuda

#endif // __CUDACC__

#endif // V4_CODEGEN_CUDA_KERNELS_DEVICEPRODUCTS_H
