// Every op of V4AttendOps.td, printed and parsed again.
// RUN: v4-opt %s | v4-opt | FileCheck %s
// RUN: v4-opt %s --mlir-print-op-generic | v4-opt | FileCheck %s

!kv = tensor<?x256xbf16, #v4.rows<tokens>>
!q = tensor<?x8x256xbf16, #v4.rows<tokens>>
!ring = !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64>
!rows4 = !v4.cache<page, ratio = 4, kv_compact, rows = 32, values = 256, rope = 64>
!t = tensor<?x2x32xf32, #v4.rows<tokens>>
!sel = tensor<?x16xi32, #v4.rows<tokens>>

// CHECK-LABEL: @attend
// CHECK-SAME: (%[[Q:[^:]*]]: {{.*}}, %[[KV:[^:]*]]: {{.*}}, %[[RING:[^:]*]]: {{.*}}, %[[T:[^:]*]]: tensor<?x2x32xf32, #v4.rows<tokens>>, %[[SINK:[^:]*]]: tensor<8xf32>, %[[ROWS:[^:]*]]: {{.*}}, %[[SEL:[^:]*]]: tensor<?x16xi32
func.func @attend(%q: !q, %kv: !kv, %ring: !ring, %t: !t, %sink: tensor<8xf32>, %rows: !rows4, %sel: !sel) {
  // CHECK: v4.attend %[[Q]], %[[KV]], %[[RING]] back %[[T]] window 128 offset -1 : tensor<?x8x256xbf16, #v4.rows<tokens>>, tensor<?x256xbf16, #v4.rows<tokens>>, !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64> back tensor<?x2x32xf32, #v4.rows<tokens>> -> tensor<?x8x256xbf16, #v4.rows<tokens>>
  %0 = v4.attend %q, %kv, %ring back %t window 128 offset -1 : !q, !kv, !ring back !t -> !q
  // CHECK: v4.attend %[[Q]], %[[KV]], %[[RING]] back %[[T]] sink %[[SINK]] rows %[[ROWS]] selected %[[SEL]] window 128 offset 0 : {{.*}} back tensor<?x2x32xf32, #v4.rows<tokens>> sink tensor<8xf32> rows !v4.cache<page, ratio = 4, kv_compact, rows = 32, values = 256, rope = 64> selected tensor<?x16xi32, #v4.rows<tokens>> -> tensor<?x8x256xbf16, #v4.rows<tokens>>
  %1 = v4.attend %q, %kv, %ring back %t sink %sink rows %rows selected %sel window 128 offset 0 : !q, !kv, !ring back !t sink tensor<8xf32> rows !rows4 selected !sel -> !q
  return
}

// CHECK-LABEL: @candidates
func.func @candidates(%q: tensor<?x8x128xbf16, #v4.rows<tokens>>, %w: tensor<?x8xbf16, #v4.rows<tokens>>, %keys: !v4.cache<page, ratio = 4, index_fp4, rows = 32, values = 128, rope = 0>) {
  // CHECK: %[[S:.*]], %[[R:.*]] = v4.index_candidates %{{.*}}, %{{.*}}, %{{.*}} : tensor<?x8x128xbf16, #v4.rows<tokens>>, tensor<?x8xbf16, #v4.rows<tokens>>, !v4.cache<page, ratio = 4, index_fp4, rows = 32, values = 128, rope = 0> -> tensor<?x8x16xf32, #v4.rows<tokens>>, tensor<?x8x16xi32, #v4.rows<tokens>>
  %s, %r = v4.index_candidates %q, %w, %keys : tensor<?x8x128xbf16, #v4.rows<tokens>>, tensor<?x8xbf16, #v4.rows<tokens>>, !v4.cache<page, ratio = 4, index_fp4, rows = 32, values = 128, rope = 0> -> tensor<?x8x16xf32, #v4.rows<tokens>>, tensor<?x8x16xi32, #v4.rows<tokens>>
  // CHECK: v4.select_candidates %[[S]], %[[R]] : tensor<?x8x16xf32, #v4.rows<tokens>>, tensor<?x8x16xi32, #v4.rows<tokens>> -> tensor<?x16xi32, #v4.rows<tokens>>
  %i = v4.select_candidates %s, %r : tensor<?x8x16xf32, #v4.rows<tokens>>, tensor<?x8x16xi32, #v4.rows<tokens>> -> tensor<?x16xi32, #v4.rows<tokens>>
  return
}
