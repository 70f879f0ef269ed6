// RUN: v4-opt %s --v4-decompose | FileCheck %s

// Weights once, activations per row, two operations for each product.
// CHECK-DAG: func.func private @linear_0({{.*}}kernel.costs = [#plan.cost<activation_bytes, tokens, 768, ratio = 1, most = 0>, #plan.cost<weight_bytes, one, 32770, ratio = 1, most = 0>, #plan.cost<dot_flops, tokens, 65536, ratio = 1, most = 0>]
func.func @projection(%x: tensor<?x256xbf16, #v4.rows<tokens>>, %w: tensor<128x256xf8E4M3FN>, %s: tensor<1x2xf8E8M0FNU>) -> tensor<?x128xbf16, #v4.rows<tokens>> {
  %y = v4.linear %x, %w scales %s : tensor<?x256xbf16, #v4.rows<tokens>>, tensor<128x256xf8E4M3FN>, tensor<1x2xf8E8M0FNU> -> tensor<?x128xbf16, #v4.rows<tokens>>
  return %y : tensor<?x128xbf16, #v4.rows<tokens>>
}

// The defaults alone: a norm is not worth counting operations.
// CHECK-DAG: func.func private @rms_norm_0({{.*}}kernel.costs = [#plan.cost<activation_bytes, tokens, 1024, ratio = 1, most = 0>, #plan.cost<weight_bytes, one, 512, ratio = 1, most = 0>]
func.func @norm(%x: tensor<?x256xbf16, #v4.rows<tokens>>, %w: tensor<256xbf16>) -> tensor<?x256xbf16, #v4.rows<tokens>> {
  %a = v4.rms_norm %x, %w eps 1.0e-06 : tensor<?x256xbf16, #v4.rows<tokens>>, tensor<256xbf16>
  return %a : tensor<?x256xbf16, #v4.rows<tokens>>
}

// A table is read row by row.
// CHECK-DAG: func.func private @embed_0({{.*}}kernel.costs = [#plan.cost<activation_bytes, tokens, 512, ratio = 1, most = 0>, #plan.cost<weight_bytes, tokens, 512, ratio = 1, most = 0>]
func.func @embedding(%t: tensor<512x256xbf16>) -> tensor<?x256xbf16, #v4.rows<tokens>> {
  %x = v4.embed %t : tensor<512x256xbf16> -> tensor<?x256xbf16, #v4.rows<tokens>>
  return %x : tensor<?x256xbf16, #v4.rows<tokens>>
}

// Only the experts that are hit; binding 5 says how many.
// CHECK-DAG: func.func private @expert_linear_0({{.*}}kernel.costs = [#plan.cost<activation_bytes, tokens, 1552, ratio = 1, most = 0>, #plan.cost<activation_bytes, one, 136, ratio = 1, most = 0>, #plan.cost<weight_bytes, hits, 17408, ratio = 1, most = 0>, #plan.cost<dot_flops, tokens, 262144, ratio = 1, most = 0>]{{.*}}kernel.hits = 5 : i64
func.func @experts(%x: tensor<?x256xbf16, #v4.rows<tokens>>, %w: tensor<16x128x128xi8, #v4.packed<f4E2M1FN>>, %s: tensor<16x128x8xf8E8M0FNU>, %order: tensor<?x4xi32, #v4.rows<tokens>>, %offsets: tensor<?x17xi32, #v4.rows<one>>, %hits: tensor<?x17xi32, #v4.rows<one>>) -> tensor<?x4x128xbf16, #v4.rows<tokens>> {
  %y = v4.expert_linear %x, %w scales %s order %order, %offsets, %hits : tensor<?x256xbf16, #v4.rows<tokens>>, tensor<16x128x128xi8, #v4.packed<f4E2M1FN>> scales tensor<16x128x8xf8E8M0FNU> order tensor<?x4xi32, #v4.rows<tokens>>, tensor<?x17xi32, #v4.rows<one>> -> tensor<?x4x128xbf16, #v4.rows<tokens>>
  return %y : tensor<?x4x128xbf16, #v4.rows<tokens>>
}

// Window rows and selected rows, each read from memory once per sequence however many tokens use it.
// CHECK-DAG: func.func private @attention_0({{.*}}kernel.costs = [#plan.cost<activation_bytes, tokens, 8768, ratio = 1, most = 0>, #plan.cost<weight_bytes, one, 32, ratio = 1, most = 0>, #plan.cost<dot_flops, window, 8192, ratio = 1, most = 128>, #plan.cost<cache_bytes, window_union, 328, ratio = 1, most = 128>, #plan.cost<dot_flops, visible, 8192, ratio = 4, most = 16>, #plan.cost<cache_bytes, visible_union, 328, ratio = 4, most = 16>]
func.func @attend(%q: tensor<?x8x256xbf16, #v4.rows<tokens>>, %kv: tensor<?x256xbf16, #v4.rows<tokens>>, %ring: !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64>, %sink: tensor<8xf32>, %rows: !v4.cache<page, ratio = 4, kv_compact, rows = 32, values = 256, rope = 64>, %sel: tensor<?x16xi32, #v4.rows<tokens>>) -> tensor<?x8x256xbf16, #v4.rows<tokens>> {
  %o = v4.attention %q, %kv, %ring sink %sink rows %rows selected %sel window 128 offset 0 : tensor<?x8x256xbf16, #v4.rows<tokens>>, tensor<?x256xbf16, #v4.rows<tokens>>, !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64> sink tensor<8xf32> rows !v4.cache<page, ratio = 4, kv_compact, rows = 32, values = 256, rope = 64> selected tensor<?x16xi32, #v4.rows<tokens>> -> tensor<?x8x256xbf16, #v4.rows<tokens>>
  return %o : tensor<?x8x256xbf16, #v4.rows<tokens>>
}

// Rows that are not asked for are not read.
// CHECK-DAG: func.func private @select_logits_rows_0({{.*}}kernel.costs = [#plan.cost<activation_bytes, logits, 1024, ratio = 1, most = 0>]
func.func @logits_rows(%x: tensor<?x256xbf16, #v4.rows<tokens>>) -> tensor<?x256xbf16, #v4.rows<logits>> {
  %y = v4.select_logits_rows %x : tensor<?x256xbf16, #v4.rows<tokens>> -> tensor<?x256xbf16, #v4.rows<logits>>
  return %y : tensor<?x256xbf16, #v4.rows<logits>>
}

// One row of each sequence.
// CHECK-DAG: func.func private @save_streams_0({{.*}}kernel.costs = [#plan.cost<activation_bytes, sequences, 2048, ratio = 1, most = 0>, #plan.cost<cache_bytes, sequences, 2048, ratio = 1, most = 0>]
func.func @streams(%x: tensor<?x4x256xbf16, #v4.rows<tokens>>, %c: !v4.cache<state, ratio = 1, bf16, rows = 2, values = 1024, rope = 0>) {
  v4.save_streams %x, %c : tensor<?x4x256xbf16, #v4.rows<tokens>>, !v4.cache<state, ratio = 1, bf16, rows = 2, values = 1024, rope = 0>
  return
}
