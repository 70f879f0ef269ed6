// Contract ops of matrix products print and parse.
// RUN: v4-opt %s --verify-roundtrip | FileCheck %s

// CHECK-LABEL: func.func @panel_linear
// CHECK: kernel.panel_linear range %{{.*}} %{{.*}} grid <rows = 1, tile = 96, tiles = 4> counts %{{.*}} x %{{.*}} weight %{{.*}} scales %{{.*}} out %{{.*}} {columns = 256 : i64, format = f8E4M3FN, groups = 1 : i64, inner = 1 : i64, rows = 128 : i64, x_stride = 256 : i64} : memref<?xi64>, memref<?xbf16>, memref<?xi8> scales memref<?xi8>, memref<?xbf16>
func.func @panel_linear(%begin: index, %end: index, %x: memref<?xbf16>, %w: memref<?xi8>, %s: memref<?xi8>, %y: memref<?xbf16>, %counts: memref<?xi64>) {
  kernel.panel_linear range %begin %end grid <rows = 1, tile = 96, tiles = 4> counts %counts x %x weight %w scales %s out %y {format = f8E4M3FN, rows = 128, columns = 256, x_stride = 256, inner = 1, groups = 1} : memref<?xi64>, memref<?xbf16>, memref<?xi8> scales memref<?xi8>, memref<?xbf16>
  return
}

// CHECK-LABEL: func.func @panel_experts
// CHECK: kernel.panel_experts
// CHECK-SAME: shared_input
func.func @panel_experts(%begin: index, %end: index, %x: memref<?xbf16>, %w: memref<?xi8>, %s: memref<?xi8>, %order: memref<?xi32>, %offsets: memref<?xi32>, %hits: memref<?xi32>, %y: memref<?xbf16>, %counts: memref<?xi64>) {
  kernel.panel_experts range %begin %end grid <rows = 0, tile = 1, tiles = 4> counts %counts x %x weight %w scales %s order %order %offsets %hits out %y {format = f4E2M1FN, rows = 128, columns = 256, active = 4, shared_input} : memref<?xi64>, memref<?xbf16>, memref<?xi8> scales memref<?xi8> order memref<?xi32>, memref<?xi32>, memref<?xi32>, memref<?xbf16>
  return
}

// CHECK-LABEL: func.func @panel_projections
// CHECK: kernel.panel_projections
func.func @panel_projections(%begin: index, %end: index, %x: memref<?xbf16>, %v: memref<?xbf16>, %w: memref<?xbf16>, %y: memref<?xf32>, %z: memref<?xbf16>, %counts: memref<?xi64>) {
  kernel.panel_projections range %begin %end grid <rows = 1, tile = 96, tiles = 5> counts %counts x %x weights(%v, %w) outs(%y, %z) {format = bf16, rows = array<i64: 128, 17>, columns = 256} : memref<?xi64>, memref<?xbf16> weights(memref<?xbf16>, memref<?xbf16>) outs(memref<?xf32>, memref<?xbf16>)
  return
}

// CHECK-LABEL: func.func @panel_gate_up
// CHECK: kernel.panel_gate_up
// CHECK-SAME: quantized
func.func @panel_gate_up(%begin: index, %end: index, %x: memref<?xbf16>, %v: memref<?xi8>, %w: memref<?xi8>, %s: memref<?xi8>, %t: memref<?xi8>, %y: memref<?xbf16>, %counts: memref<?xi64>) {
  kernel.panel_gate_up range %begin %end grid <rows = 1, tile = 96, tiles = 2> counts %counts x %x gate %v up %w scales %s %t out %y {format = f8E4M3FN, rows = 256, columns = 256, active = 1, limit = 1.0e+01 : f32, quantized} : memref<?xi64>, memref<?xbf16>, memref<?xi8>, memref<?xi8> scales memref<?xi8> memref<?xi8> out memref<?xbf16>
  return
}
