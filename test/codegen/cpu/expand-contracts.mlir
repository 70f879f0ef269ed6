// The products of a contract use the instructions of the level, in the order that the layout states.
// RUN: v4-opt %s --pass-pipeline='builtin.module(func.func(v4-expand-contracts{level=cpu:x86-64-v4-bf16}))' | FileCheck %s --check-prefixes=CHECK,BF16
// RUN: v4-opt %s --pass-pipeline='builtin.module(func.func(v4-expand-contracts{level=cpu:x86-64-v4}))' | FileCheck %s --check-prefixes=CHECK,V4
// RUN: v4-opt %s --pass-pipeline='builtin.module(func.func(v4-expand-contracts{level=cpu:x86-64-v3}))' | FileCheck %s --check-prefixes=CHECK,V3
// RUN: v4-opt %s --pass-pipeline='builtin.module(func.func(v4-expand-contracts{level=cpu:x86-64-v4-amx}))' | FileCheck %s --check-prefixes=CHECK,AMX
// RUN: v4-opt %s --pass-pipeline='builtin.module(func.func(v4-expand-contracts{level=cpu:x86-64-v4-bf16}))' | FileCheck %s --check-prefix=ONE
// RUN: v4-opt %s --pass-pipeline='builtin.module(func.func(v4-expand-contracts{level=cpu:x86-64-v4}))' | FileCheck %s --check-prefix=TWO
// RUN: v4-opt %s --pass-pipeline='builtin.module(func.func(v4-expand-contracts{level=cpu:x86-64-v4-amx}))' | FileCheck %s --check-prefix=TWO
// RUN: not v4-opt %s --pass-pipeline='builtin.module(func.func(v4-expand-contracts{level=riscv}))' 2>&1 | FileCheck %s --check-prefix=LEVEL
// LEVEL: error: level 'riscv' is no CPU target, see --list-targets

// Streamed lines are asked for in front of their load: for the first cache alone where there are products of bf16 but no
// tiles, else for the second one too, further ahead.
// ONE-LABEL: func.func @fp8
// ONE-NOT: locality<2>
// ONE: memref.prefetch {{.*}}, read, locality<3>, data : memref<?xi8>
// ONE-NOT: locality<2>
// ONE: func.func @fp4
// TWO-LABEL: func.func @fp8
// TWO: memref.prefetch {{.*}}, read, locality<2>, data : memref<?xi8>
// TWO: memref.prefetch {{.*}}, read, locality<3>, data : memref<?xi8>

// CHECK-LABEL: func.func @fp8
// CHECK-NOT: kernel.panel_linear
// BF16: memref.alloca() {alignment = 64 : i64} : memref<8192xbf16>
// Inputs become reals once for each block of columns, not for each pair; with 512 bits they meet two decoded panels.
// V4: memref.alloca() {alignment = 64 : i64} : memref<4096xf32>
// V3: memref.alloca() {alignment = 64 : i64} : memref<2048xf32>
// V4-NEXT: memref.alloca() {alignment = 64 : i64} : memref<8192xf32>
// V3-NEXT: memref.alloca() {alignment = 64 : i64} : memref<4096xf32>
// BF16: llvm.call_intrinsic "llvm.x86.avx512.vpermi2var.qi.512"
// BF16: llvm.call_intrinsic "llvm.x86.avx512bf16.dpbf16ps.512"
// Two columns of 32 rows lie in 32 words: the even ones move to the top first. Then they go through memory.
// V4: arith.shli {{.*}} : vector<32xi16>
// V4: arith.shrsi {{.*}} : vector<32xi16>
// V4: llvm.inline_asm has_side_effects "", "r,~{memory}"
// V4: arith.extf {{.*}} : vector<16xf16> to vector<16xf32>
// V4: math.fma
// V4-NOT: dpbf16ps
// V3: arith.shrsi {{.*}} : vector<32xi16>
// V3: arith.extf {{.*}} : vector<16xf16> to vector<16xf32>
// V3: math.fma
// V3-NOT: avx512
// Weights are decoded into a buffer of four chains of 128 columns, inputs come to a tile from where they are.
// AMX: memref.alloca() {alignment = 64 : i64} : memref<16384xbf16>
// AMX: llvm.call_intrinsic "llvm.x86.ldtilecfg"
// AMX: llvm.call_intrinsic "llvm.x86.avx512.vpermi2var.qi.512"
// AMX: llvm.call_intrinsic "llvm.x86.tileloadd64"
// AMX: llvm.call_intrinsic "llvm.x86.tdpbf16ps"
// AMX: llvm.call_intrinsic "llvm.x86.tilestored64"
// AMX: math.fma
// AMX-NOT: dpbf16ps.512
// AMX: llvm.call_intrinsic "llvm.x86.tilerelease"
func.func @fp8(%begin: index, %end: index, %x: memref<?xbf16>, %w: memref<?xi8>, %s: memref<?xi8>, %y: memref<?xbf16>, %counts: memref<?xi64>) attributes {kernel.entry, kernel.op = "linear"} {
  kernel.panel_linear range %begin %end grid <rows = 1, tile = 96, tiles = 4> counts %counts x %x weight %w scales %s out %y {format = f8E4M3FN, rows = 128, columns = 256, x_stride = 256, inner = 1, groups = 1} : memref<?xi64>, memref<?xbf16>, memref<?xi8> scales memref<?xi8>, memref<?xbf16>
  return
}

// CHECK-LABEL: func.func @fp4
// BF16: llvm.call_intrinsic "llvm.x86.avx512.permvar.hi.512"
// Straight to f32: one shift and one look-up for 16 weights.
// V4: llvm.call_intrinsic "llvm.x86.avx512.permvar.sf.512"
// V3: llvm.call_intrinsic "llvm.x86.avx2.permps"
// Scales are looked through first; those that fit go into the weights.
// AMX: vector.reduction <minui>
// AMX: llvm.call_intrinsic "llvm.x86.avx512.permvar.hi.512"
// AMX: llvm.intr.usub.sat
// AMX: llvm.call_intrinsic "llvm.x86.tdpbf16ps"
// A panel whose scales do not fit is multiplied without tiles.
// AMX: llvm.call_intrinsic "llvm.x86.avx512bf16.dpbf16ps.512"
// AMX: llvm.call_intrinsic "llvm.x86.tilerelease"
func.func @fp4(%begin: index, %end: index, %x: memref<?xbf16>, %w: memref<?xi8>, %s: memref<?xi8>, %y: memref<?xbf16>, %counts: memref<?xi64>) attributes {kernel.entry, kernel.op = "linear"} {
  kernel.panel_linear range %begin %end grid <rows = 1, tile = 96, tiles = 4> counts %counts x %x weight %w scales %s out %y {format = f4E2M1FN, rows = 128, columns = 256, x_stride = 256, inner = 1, groups = 1} : memref<?xi64>, memref<?xbf16>, memref<?xi8> scales memref<?xi8>, memref<?xbf16>
  return
}

// Two weights of whole panels with one type of results are one piece of code, run for each; the third has rows left over.
// CHECK-LABEL: func.func @projections
// CHECK: arith.select %{{.*}}, %{{.*}}, %{{.*}} : memref<?xbf16>
// CHECK: arith.select %{{.*}}, %{{.*}}, %{{.*}} : memref<?xf32>
// CHECK-NOT: arith.select {{.*}} : memref
// CHECK: return
func.func @projections(%begin: index, %end: index, %x: memref<?xbf16>, %u: memref<?xbf16>, %v: memref<?xbf16>, %w: memref<?xbf16>, %y: memref<?xf32>, %z: memref<?xf32>, %t: memref<?xf32>, %counts: memref<?xi64>) attributes {kernel.entry, kernel.op = "projections"} {
  kernel.panel_projections range %begin %end grid <rows = 1, tile = 96, tiles = 7> counts %counts x %x weights(%u, %v, %w) outs(%y, %z, %t) {format = bf16, rows = array<i64: 128, 64, 17>, columns = 256} : memref<?xi64>, memref<?xbf16> weights(memref<?xbf16>, memref<?xbf16>, memref<?xbf16>) outs(memref<?xf32>, memref<?xf32>, memref<?xf32>)
  return
}

// Beyond two inputs, which read both side by side, gate and up are one piece of code; with tiles they go in blocks.
// CHECK-LABEL: func.func @gate_up
// BF16: arith.select %{{.*}}, %{{.*}}, %{{.*}} : memref<?xi8>
// V4: arith.select %{{.*}}, %{{.*}}, %{{.*}} : memref<?xi8>
// V3: arith.select %{{.*}}, %{{.*}}, %{{.*}} : memref<?xi8>
// AMX-NOT: arith.select {{.*}} : memref
// CHECK: return
func.func @gate_up(%begin: index, %end: index, %x: memref<?xbf16>, %v: memref<?xi8>, %w: memref<?xi8>, %s: memref<?xi8>, %t: memref<?xi8>, %y: memref<?xbf16>, %counts: memref<?xi64>) attributes {kernel.entry, kernel.op = "gate_up"} {
  kernel.panel_gate_up range %begin %end grid <rows = 1, tile = 96, tiles = 2> counts %counts x %x gate %v up %w scales %s %t out %y {format = f8E4M3FN, rows = 256, columns = 256, active = 1, limit = 1.0e+01 : f32, quantized} : memref<?xi64>, memref<?xbf16>, memref<?xi8>, memref<?xi8> scales memref<?xi8> memref<?xi8> out memref<?xbf16>
  return
}
