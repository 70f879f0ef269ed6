// Every op of V4AttentionOps.td, printed and parsed again.
// RUN: v4-opt %s | v4-opt | FileCheck %s
// RUN: v4-opt %s --mlir-print-op-generic | v4-opt | FileCheck %s

!kv = tensor<?x256xbf16, #v4.rows<tokens>>
!q = tensor<?x8x256xbf16, #v4.rows<tokens>>
!ring = !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64>
!rows4 = !v4.cache<page, ratio = 4, kv_compact, rows = 32, values = 256, rope = 64>
!rows128 = !v4.cache<page, ratio = 128, kv_compact, rows = 1, values = 256, rope = 64>
!keys = !v4.cache<page, ratio = 4, index_fp4, rows = 32, values = 128, rope = 0>
!state4 = !v4.cache<state, ratio = 1, f32, rows = 8, values = 1024, rope = 0>
!state128 = !v4.cache<state, ratio = 1, f32, rows = 128, values = 512, rope = 0>

// CHECK-LABEL: @compress
func.func @compress(%a: tensor<?x512xf32, #v4.rows<tokens>>, %ape: tensor<4x512xf32>, %state: !state4,
                    %b: tensor<?x256xf32, #v4.rows<tokens>>, %bpe: tensor<128x256xf32>, %far: !state128) {
  // CHECK: v4.compress %[[A:.*]], %[[A]], %{{.*}}, %[[STATE:.*]] ratio 4 : tensor<?x512xf32, #v4.rows<tokens>>, tensor<4x512xf32>, !v4.cache<state, ratio = 1, f32, rows = 8, values = 1024, rope = 0> -> tensor<?x256xbf16, #v4.rows<chunks4>>
  %0 = v4.compress %a, %a, %ape, %state ratio 4 : tensor<?x512xf32, #v4.rows<tokens>>, tensor<4x512xf32>, !state4 -> tensor<?x256xbf16, #v4.rows<chunks4>>
  // CHECK: v4.compress %{{.*}} ratio 128 : tensor<?x256xf32, #v4.rows<tokens>>, tensor<128x256xf32>, !v4.cache<state, ratio = 1, f32, rows = 128, values = 512, rope = 0> -> tensor<?x256xbf16, #v4.rows<chunks128>>
  %1 = v4.compress %b, %b, %bpe, %far ratio 128 : tensor<?x256xf32, #v4.rows<tokens>>, tensor<128x256xf32>, !state128 -> tensor<?x256xbf16, #v4.rows<chunks128>>
  // CHECK: v4.save_partial %[[A]], %[[A]], %[[STATE]] : tensor<?x512xf32, #v4.rows<tokens>>, !v4.cache<state, ratio = 1, f32, rows = 8, values = 1024, rope = 0>
  v4.save_partial %a, %a, %state : tensor<?x512xf32, #v4.rows<tokens>>, !state4
  return
}

// CHECK-LABEL: @append
func.func @append(%r: tensor<?x256xbf16, #v4.rows<chunks4>>, %rows: !rows4, %k: tensor<?x128xbf16, #v4.rows<chunks4>>,
                  %keys: !keys, %kv: !kv, %ring: !ring) {
  // CHECK: v4.append_rows %{{.*}}, %{{.*}} : tensor<?x256xbf16, #v4.rows<chunks4>>, !v4.cache<page, ratio = 4, kv_compact, rows = 32, values = 256, rope = 64>
  v4.append_rows %r, %rows : tensor<?x256xbf16, #v4.rows<chunks4>>, !rows4
  // CHECK: v4.append_rows %{{.*}}, %{{.*}} : tensor<?x128xbf16, #v4.rows<chunks4>>, !v4.cache<page, ratio = 4, index_fp4, rows = 32, values = 128, rope = 0>
  v4.append_rows %k, %keys : tensor<?x128xbf16, #v4.rows<chunks4>>, !keys
  // CHECK: v4.append_window %{{.*}}, %{{.*}} offset -1 : tensor<?x256xbf16, #v4.rows<tokens>>, !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64>
  v4.append_window %kv, %ring offset -1 : !kv, !ring
  return
}

// CHECK-LABEL: @indexer
func.func @indexer(%q: tensor<?x8x128xbf16, #v4.rows<tokens>>, %w: tensor<?x8xbf16, #v4.rows<tokens>>, %keys: !keys) {
  // CHECK: %[[S:.*]] = v4.index_scores %{{.*}}, %{{.*}}, %{{.*}} : tensor<?x8x128xbf16, #v4.rows<tokens>>, tensor<?x8xbf16, #v4.rows<tokens>>, !v4.cache<page, ratio = 4, index_fp4, rows = 32, values = 128, rope = 0> -> tensor<?x?xf32, #v4.rows<tokens>>
  %s = v4.index_scores %q, %w, %keys : tensor<?x8x128xbf16, #v4.rows<tokens>>, tensor<?x8xbf16, #v4.rows<tokens>>, !keys -> tensor<?x?xf32, #v4.rows<tokens>>
  // CHECK: v4.top_k %[[S]] : tensor<?x?xf32, #v4.rows<tokens>> -> tensor<?x16xi32, #v4.rows<tokens>>
  %i = v4.top_k %s : tensor<?x?xf32, #v4.rows<tokens>> -> tensor<?x16xi32, #v4.rows<tokens>>
  return
}

// The optional parts of the three kinds of layer, and of a layer without sink.
// CHECK-LABEL: @attention
// CHECK-SAME: (%[[Q:[^:]*]]: {{.*}}, %[[KV:[^:]*]]: {{.*}}, %[[RING:[^:]*]]: {{.*}}, %[[SINK:[^:]*]]: tensor<8xf32>, %[[ROWS4:[^:]*]]: {{.*}}, %[[ROWS128:[^:]*]]: {{.*}}, %[[SEL:[^:]*]]: tensor<?x16xi32
func.func @attention(%q: !q, %kv: !kv, %ring: !ring, %sink: tensor<8xf32>, %rows4: !rows4, %rows128: !rows128,
                     %selected: tensor<?x16xi32, #v4.rows<tokens>>) {
  // CHECK: v4.attention %[[Q]], %[[KV]], %[[RING]] window 128 offset 0 : tensor<?x8x256xbf16, #v4.rows<tokens>>, tensor<?x256xbf16, #v4.rows<tokens>>, !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64> -> tensor<?x8x256xbf16, #v4.rows<tokens>>
  %0 = v4.attention %q, %kv, %ring window 128 offset 0 : !q, !kv, !ring -> !q
  // CHECK: v4.attention %[[Q]], %[[KV]], %[[RING]] sink %[[SINK]] window 128 offset -1 : {{.*}} sink tensor<8xf32> -> tensor<?x8x256xbf16, #v4.rows<tokens>>
  %1 = v4.attention %q, %kv, %ring sink %sink window 128 offset -1 : !q, !kv, !ring sink tensor<8xf32> -> !q
  // CHECK: v4.attention %[[Q]], %[[KV]], %[[RING]] sink %[[SINK]] rows %[[ROWS128]] window 128 offset 0 : {{.*}} sink tensor<8xf32> rows !v4.cache<page, ratio = 128, kv_compact, rows = 1, values = 256, rope = 64> -> tensor<?x8x256xbf16, #v4.rows<tokens>>
  %2 = v4.attention %q, %kv, %ring sink %sink rows %rows128 window 128 offset 0 : !q, !kv, !ring sink tensor<8xf32> rows !rows128 -> !q
  // CHECK: v4.attention %[[Q]], %[[KV]], %[[RING]] rows %[[ROWS4]] selected %[[SEL]] window 128 offset 0 : {{.*}} rows !v4.cache<page, ratio = 4, kv_compact, rows = 32, values = 256, rope = 64> selected tensor<?x16xi32, #v4.rows<tokens>> -> tensor<?x8x256xbf16, #v4.rows<tokens>>
  %3 = v4.attention %q, %kv, %ring rows %rows4 selected %selected window 128 offset 0 : !q, !kv, !ring rows !rows4 selected tensor<?x16xi32, #v4.rows<tokens>> -> !q
  return
}
