// RUN: v4-opt %s --v4-choose-gpu-kernels -verify-diagnostics -split-input-file | FileCheck %s

!x = tensor<?x256xbf16, #v4.rows<tokens>>
!y = tensor<?x128xbf16, #v4.rows<tokens>>
!w = tensor<128x256xbf16, #v4.tiles<bf16, rows>>

module attributes {v4.envelope = #v4.envelope<tokens = 16, sequences = 2, context = 4096, draft = 1>, v4.target = #kernel.target<"cuda:sm_90a", cpu = "sm_90a", features = [], vector_bits = 128, limits = <threads = 1024, shared_bytes = 232448, registers = 65536, processors = 132>>} {

// Equal products share one kernel, whose body is instances of the template alone.
// CHECK-LABEL: func.func @tiled
// CHECK: kernel.launch @linear_0 grid <rows = 1, tile = 16, tiles = 2> (%{{.*}}, %{{.*}}) writes [] step []
// CHECK: kernel.launch @linear_0
func.func @tiled(%x: !x, %w: !w) -> (!y, !y) {
  %a = v4.linear %x, %w : !x, !w -> !y
  %b = v4.linear %x, %w : !x, !w -> !y
  return %a, %b : !y, !y
}

// The head: f32, few rows.
// CHECK-LABEL: func.func @head
// CHECK: kernel.launch @linear_1 grid <rows = 5, tile = 16, tiles = 2>
func.func @head(%x: tensor<?x256xbf16, #v4.rows<logits>>, %w: !w) -> tensor<?x128xf32, #v4.rows<logits>> {
  %a = v4.linear %x, %w : tensor<?x256xbf16, #v4.rows<logits>>, !w -> tensor<?x128xf32, #v4.rows<logits>>
  return %a : tensor<?x128xf32, #v4.rows<logits>>
}

// Inner dimensions of x are more rows of the same product.
// CHECK-LABEL: func.func @heads
// CHECK: kernel.launch @linear_2 grid <rows = 1, tile = 16, tiles = 2>
func.func @heads(%x: tensor<?x4x256xbf16, #v4.rows<tokens>>, %w: !w) -> tensor<?x4x128xbf16, #v4.rows<tokens>> {
  %a = v4.linear %x, %w : tensor<?x4x256xbf16, #v4.rows<tokens>>, !w -> tensor<?x4x128xbf16, #v4.rows<tokens>>
  return %a : tensor<?x4x128xbf16, #v4.rows<tokens>>
}

// Groups of rows have columns of their own: the map is over all of them.
// CHECK-LABEL: func.func @grouped
// CHECK: kernel.launch @grouped_linear_0 grid <rows = 1, tile = 16, tiles = 4>
func.func @grouped(%x: tensor<?x4x64xbf16, #v4.rows<tokens>>, %w: tensor<256x128xf8E4M3FN, #v4.tiles<f8E4M3FN, wide>>, %s: tensor<2x1xf8E8M0FNU>) -> !x {
  %a = v4.grouped_linear %x, %w scales %s groups 2 : tensor<?x4x64xbf16, #v4.rows<tokens>>, tensor<256x128xf8E4M3FN, #v4.tiles<f8E4M3FN, wide>>, tensor<2x1xf8E8M0FNU> -> !x
  return %a : !x
}

// Quantized rows become codes and scales once for all products that read them; the scales have room for whole tiles.
// CHECK-LABEL: func.func @narrow_weights
// CHECK: %[[Q:.*]]:2 = kernel.launch @quantize_rows_0 grid <rows = 1, tile = 1, tiles = 1> (%{{.*}}) writes [] step [] {kernel.slack = array<i64: 0, 1016>}
// CHECK-SAME: -> (tensor<?x256xf8E4M3FN, #v4.rows<tokens>>, tensor<?x2xf32, #v4.rows<tokens>>)
// CHECK: kernel.launch @linear_3 grid <rows = 1, tile = 16, tiles = 2> (%[[Q]]#0, %[[Q]]#1, %{{.*}}, %{{.*}})
// CHECK-NOT: quantize_rows
// CHECK: kernel.launch @linear_3 {{.*}}(%[[Q]]#0, %[[Q]]#1
func.func @narrow_weights(%x: !x, %w: tensor<128x256xf8E4M3FN, #v4.tiles<f8E4M3FN, rows>>, %s: tensor<1x2xf8E8M0FNU>) -> (!y, !y) {
  %q = v4.quantize %x fp8 block 128 prefix 256 : !x
  %a = v4.linear %q, %w scales %s : !x, tensor<128x256xf8E4M3FN, #v4.tiles<f8E4M3FN, rows>>, tensor<1x2xf8E8M0FNU> -> !y
  %b = v4.linear %q, %w scales %s : !x, tensor<128x256xf8E4M3FN, #v4.tiles<f8E4M3FN, rows>>, tensor<1x2xf8E8M0FNU> -> !y
  return %a, %b : !y, !y
}

// Candidates and what is selected of them have one cut into strips: 4097 positions have 1025 rows, eight strips of 192.
// CHECK-LABEL: func.func @indexer
// CHECK: kernel.launch @index_candidates_0 grid <rows = 1, tile = 1, tiles = 8> (%{{.*}}, %{{.*}}, %{{.*}}) writes [] step [2, 3, 6, 0]
// CHECK: kernel.launch @select_candidates_0 grid <rows = 1, tile = 1, tiles = 1> (%{{.*}}, %{{.*}}) writes [] step [2]
func.func @indexer(%q: tensor<?x8x128xbf16, #v4.rows<tokens>>, %w: tensor<?x8xbf16, #v4.rows<tokens>>, %k: !v4.cache<page, ratio = 4, index_fp4, rows = 32, values = 128, rope = 0>) -> tensor<?x16xi32, #v4.rows<tokens>> {
  %s, %r = v4.index_candidates %q, %w, %k : tensor<?x8x128xbf16, #v4.rows<tokens>>, tensor<?x8xbf16, #v4.rows<tokens>>, !v4.cache<page, ratio = 4, index_fp4, rows = 32, values = 128, rope = 0> -> tensor<?x8x16xf32, #v4.rows<tokens>>, tensor<?x8x16xi32, #v4.rows<tokens>>
  %i = v4.select_candidates %s, %r : tensor<?x8x16xf32, #v4.rows<tokens>>, tensor<?x8x16xi32, #v4.rows<tokens>> -> tensor<?x16xi32, #v4.rows<tokens>>
  return %i : tensor<?x16xi32, #v4.rows<tokens>>
}

// Near miss: keys of another width, and a selection of what no template made.
// CHECK-LABEL: func.func @narrow_indexer
// CHECK: v4.index_candidates
// CHECK: v4.select_candidates
func.func @narrow_indexer(%q: tensor<?x8x64xbf16, #v4.rows<tokens>>, %w: tensor<?x8xbf16, #v4.rows<tokens>>, %k: !v4.cache<page, ratio = 4, index_fp4, rows = 32, values = 64, rope = 0>) -> tensor<?x16xi32, #v4.rows<tokens>> {
  // expected-remark @below {{v4-choose-gpu-kernels: no template: 8 heads of 64 values and 16 rows, expected at most 64 of 128 and 512}}
  %s, %r = v4.index_candidates %q, %w, %k : tensor<?x8x64xbf16, #v4.rows<tokens>>, tensor<?x8xbf16, #v4.rows<tokens>>, !v4.cache<page, ratio = 4, index_fp4, rows = 32, values = 64, rope = 0> -> tensor<?x8x16xf32, #v4.rows<tokens>>, tensor<?x8x16xi32, #v4.rows<tokens>>
  // expected-remark @below {{v4-choose-gpu-kernels: no template: 8 heads of 64 values and 16 rows, expected at most 64 of 128 and 512}}
  %i = v4.select_candidates %s, %r : tensor<?x8x16xf32, #v4.rows<tokens>>, tensor<?x8x16xi32, #v4.rows<tokens>> -> tensor<?x16xi32, #v4.rows<tokens>>
  return %i : tensor<?x16xi32, #v4.rows<tokens>>
}

// Attention: sums over parts of what a token sees (128 and 512 rows in parts of 256), then their merge.
// CHECK-LABEL: func.func @attention
// CHECK: %[[P:.*]]:2 = kernel.launch @attend_rows_0 grid <rows = 1, tile = 1, tiles = 3> ({{.*}}) writes [] step [2, 3, 4, 5, 7, 6, 0]
// CHECK-SAME: -> (tensor<?x3x8x256xf32, #v4.rows<tokens>>, tensor<?x3x8x2xf32, #v4.rows<tokens>>)
// CHECK: kernel.launch @attend_merge_0 grid <rows = 1, tile = 1, tiles = 1> (%[[P]]#0, %[[P]]#1, %{{.*}}, %{{.*}}) writes [] step [2]
func.func @attention(%q: tensor<?x8x256xbf16, #v4.rows<tokens>>, %kv: tensor<?x256xbf16, #v4.rows<tokens>>, %ring: !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64>, %table: tensor<?x2x32xf32, #v4.rows<tokens>>, %sink: tensor<8xf32>, %rows: !v4.cache<page, ratio = 4, kv_compact, rows = 32, values = 256, rope = 64>, %sel: tensor<?x512xi32, #v4.rows<tokens>>) -> tensor<?x8x256xbf16, #v4.rows<tokens>> {
  %o = v4.attend %q, %kv, %ring back %table sink %sink rows %rows selected %sel window 128 offset 0 : tensor<?x8x256xbf16, #v4.rows<tokens>>, tensor<?x256xbf16, #v4.rows<tokens>>, !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64> back tensor<?x2x32xf32, #v4.rows<tokens>> sink tensor<8xf32> rows !v4.cache<page, ratio = 4, kv_compact, rows = 32, values = 256, rope = 64> selected tensor<?x512xi32, #v4.rows<tokens>> -> tensor<?x8x256xbf16, #v4.rows<tokens>>
  return %o : tensor<?x8x256xbf16, #v4.rows<tokens>>
}

// Near miss: without a sink.
// CHECK-LABEL: func.func @no_sink
// CHECK: v4.attend
func.func @no_sink(%q: tensor<?x8x256xbf16, #v4.rows<tokens>>, %kv: tensor<?x256xbf16, #v4.rows<tokens>>, %ring: !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64>, %table: tensor<?x2x32xf32, #v4.rows<tokens>>) -> tensor<?x8x256xbf16, #v4.rows<tokens>> {
  %o = v4.attend %q, %kv, %ring back %table window 128 offset 0 : tensor<?x8x256xbf16, #v4.rows<tokens>>, tensor<?x256xbf16, #v4.rows<tokens>>, !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64> back tensor<?x2x32xf32, #v4.rows<tokens>> -> tensor<?x8x256xbf16, #v4.rows<tokens>>
  return %o : tensor<?x8x256xbf16, #v4.rows<tokens>>
}

// Near miss: rows of which a block cannot hold a list and 16 heads.
// CHECK-LABEL: func.func @wide_heads
// CHECK: v4.attend
func.func @wide_heads(%q: tensor<?x8x1408xbf16, #v4.rows<tokens>>, %kv: tensor<?x1408xbf16, #v4.rows<tokens>>, %ring: !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 1408, rope = 64>, %table: tensor<?x2x32xf32, #v4.rows<tokens>>, %sink: tensor<8xf32>) -> tensor<?x8x1408xbf16, #v4.rows<tokens>> {
  %o = v4.attend %q, %kv, %ring back %table sink %sink window 128 offset 0 : tensor<?x8x1408xbf16, #v4.rows<tokens>>, tensor<?x1408xbf16, #v4.rows<tokens>>, !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 1408, rope = 64> back tensor<?x2x32xf32, #v4.rows<tokens>> sink tensor<8xf32> -> tensor<?x8x1408xbf16, #v4.rows<tokens>>
  return %o : tensor<?x8x1408xbf16, #v4.rows<tokens>>
}

// Near miss: the same product of a weight in the checkpoint's layout.
// CHECK-LABEL: func.func @row_major
// CHECK: v4.linear
func.func @row_major(%x: !x, %w: tensor<128x256xbf16>) -> !y {
  // expected-remark @below {{v4-choose-gpu-kernels: no template: its weight is not in tiles}}
  %a = v4.linear %x, %w : !x, tensor<128x256xbf16> -> !y
  return %a : !y
}

// Near miss: a planted mistake (test-only) lives in the decomposition.
// CHECK-LABEL: func.func @planted
// CHECK: v4.combine
func.func @planted(%e: tensor<?x3x256xbf16, #v4.rows<tokens>>, %s: !x) -> !x {
  // expected-remark @below {{v4-choose-gpu-kernels: no template: it carries a planted mistake}}
  %y = v4.combine %e, %s {v4.planted = "order"} : tensor<?x3x256xbf16, #v4.rows<tokens>>, !x
  return %y : !x
}

// A fused op gives way to its parts.
// CHECK-LABEL: func.func @fused
// CHECK: kernel.launch @linear_
// CHECK: v4.linear
func.func @fused(%x: !x, %v: tensor<64x256xbf16, #v4.tiles<bf16, rows>>, %w: tensor<128x256xbf16>) -> !y {
  // expected-remark @below {{v4-choose-gpu-kernels: no template: its weight is not in tiles}}
  %a, %b = v4.projections %x, [%v, %w] : !x, [tensor<64x256xbf16, #v4.tiles<bf16, rows>>, tensor<128x256xbf16>] -> tensor<?x64xbf16, #v4.rows<tokens>>, !y
  return %b : !y
}

// CHECK-LABEL: func.func @combine
// CHECK: kernel.launch @combine_0 grid <rows = 1, tile = 1, tiles = 2>
func.func @combine(%e: tensor<?x3x1280xbf16, #v4.rows<tokens>>, %s: tensor<?x1280xbf16, #v4.rows<tokens>>) -> tensor<?x1280xbf16, #v4.rows<tokens>> {
  %y = v4.combine %e, %s : tensor<?x3x1280xbf16, #v4.rows<tokens>>, tensor<?x1280xbf16, #v4.rows<tokens>>
  return %y : tensor<?x1280xbf16, #v4.rows<tokens>>
}

// Near miss: a width that is cut into no quads.
// CHECK-LABEL: func.func @narrow
// CHECK: v4.combine
func.func @narrow(%e: tensor<?x3x18xbf16, #v4.rows<tokens>>, %s: tensor<?x18xbf16, #v4.rows<tokens>>) -> tensor<?x18xbf16, #v4.rows<tokens>> {
  // expected-remark @below {{v4-choose-gpu-kernels: no template: 18 values are no multiple of 4}}
  %y = v4.combine %e, %s : tensor<?x3x18xbf16, #v4.rows<tokens>>, tensor<?x18xbf16, #v4.rows<tokens>>
  return %y : tensor<?x18xbf16, #v4.rows<tokens>>
}

// Experts: rows as codes in the order of the experts, gate and up in one kernel; down quantizes what it gives.
// CHECK-LABEL: func.func @experts
// CHECK-SAME: (%[[X:.*]]: tensor<?x256xbf16, #v4.rows<tokens>>, %[[G:.*]]: tensor<4x128x128xi8, #v4.tiles<f4E2M1FN, wide>>, %[[U:[^:]*]]: tensor<4x128x128xi8, #v4.tiles<f4E2M1FN, wide>>, %[[GS:.*]]: tensor<4x128x8xf8E8M0FNU, #v4.tiles<f8E8M0FNU, rows>>, %[[US:[^:]*]]: tensor<4x128x8xf8E8M0FNU, #v4.tiles<f8E8M0FNU, rows>>, %[[D:.*]]: tensor<4x256x64xi8, #v4.tiles<f4E2M1FN, wide>>, %[[DS:.*]]: tensor<4x256x4xf8E8M0FNU, #v4.tiles<f8E8M0FNU, rows>>, %[[W:.*]]: tensor<?x2xf32, #v4.rows<tokens>>, %[[O:.*]]: tensor<?x2xi32, #v4.rows<tokens>>, %[[F:[^:]*]]: tensor<?x5xi32, #v4.rows<one>>, %[[N:[^:]*]]: tensor<?x5xi32, #v4.rows<one>>)
// CHECK: %[[Q:.*]]:2 = kernel.launch @quantize_rows_1 grid <rows = 1, tile = 1, tiles = 1> (%[[X]], %[[O]]) writes [] step [] {kernel.slack = array<i64: 0, 1288>}
// CHECK-SAME: -> (tensor<?x2x256xf8E4M3FN, #v4.rows<tokens>>, tensor<?x4xf32, #v4.rows<tokens>>)
// CHECK: %[[H:.*]] = kernel.launch @gate_up_0 grid <rows = 1, tile = 1, tiles = 4> (%[[Q]]#0, %[[Q]]#1, %[[G]], %[[GS]], %[[U]], %[[US]], %[[W]], %[[O]], %[[F]], %[[N]])
// CHECK-NOT: v4.quantize
// CHECK: %[[P:.*]]:2 = kernel.launch @quantize_rows_2 grid <rows = 1, tile = 1, tiles = 1> (%[[H]], %[[O]]) writes [] step [] {kernel.slack = array<i64: 0, 780>}
// CHECK: kernel.launch @expert_linear_0 grid <rows = 1, tile = 1, tiles = 4> (%[[P]]#0, %[[P]]#1, %[[D]], %[[DS]], %[[O]], %[[F]], %[[N]])
func.func @experts(%x: !x, %g: tensor<4x128x128xi8, #v4.tiles<f4E2M1FN, wide>>, %u: tensor<4x128x128xi8, #v4.tiles<f4E2M1FN, wide>>, %gs: tensor<4x128x8xf8E8M0FNU, #v4.tiles<f8E8M0FNU, rows>>, %us: tensor<4x128x8xf8E8M0FNU, #v4.tiles<f8E8M0FNU, rows>>, %d: tensor<4x256x64xi8, #v4.tiles<f4E2M1FN, wide>>, %ds: tensor<4x256x4xf8E8M0FNU, #v4.tiles<f8E8M0FNU, rows>>, %w: tensor<?x2xf32, #v4.rows<tokens>>, %o: tensor<?x2xi32, #v4.rows<tokens>>, %f: tensor<?x5xi32, #v4.rows<one>>, %n: tensor<?x5xi32, #v4.rows<one>>) -> tensor<?x2x256xbf16, #v4.rows<tokens>> {
  %h = v4.gate_up %x, %g, %u scales %gs, %us weights %w order %o, %f, %n limit 1.0e+01 quantized : !x, tensor<4x128x128xi8, #v4.tiles<f4E2M1FN, wide>>, tensor<4x128x128xi8, #v4.tiles<f4E2M1FN, wide>> scales tensor<4x128x8xf8E8M0FNU, #v4.tiles<f8E8M0FNU, rows>>, tensor<4x128x8xf8E8M0FNU, #v4.tiles<f8E8M0FNU, rows>> weights tensor<?x2xf32, #v4.rows<tokens>> order tensor<?x2xi32, #v4.rows<tokens>>, tensor<?x5xi32, #v4.rows<one>>, tensor<?x5xi32, #v4.rows<one>> -> tensor<?x2x128xbf16, #v4.rows<tokens>>
  %y = v4.expert_linear %h, %d scales %ds order %o, %f, %n : tensor<?x2x128xbf16, #v4.rows<tokens>>, tensor<4x256x64xi8, #v4.tiles<f4E2M1FN, wide>> scales tensor<4x256x4xf8E8M0FNU, #v4.tiles<f8E8M0FNU, rows>> order tensor<?x2xi32, #v4.rows<tokens>>, tensor<?x5xi32, #v4.rows<one>> -> tensor<?x2x256xbf16, #v4.rows<tokens>>
  return %y : tensor<?x2x256xbf16, #v4.rows<tokens>>
}

// What others read of the quantized rows stays; products of one input have one quantization. No limit clamps nothing.
// CHECK-LABEL: func.func @experts_shared
// CHECK: %[[Q:.*]]:2 = kernel.launch @quantize_rows_1
// CHECK: %[[H:.*]] = kernel.launch @gate_up_1 {{.*}}(%[[Q]]#0, %[[Q]]#1,
// CHECK: %[[R:.*]] = v4.quantize %[[H]] fp8 block 128 prefix 128
// CHECK: %[[P:.*]]:2 = kernel.launch @quantize_rows_2 {{.*}}(%[[H]],
// CHECK: kernel.launch @expert_linear_0 {{.*}}(%[[P]]#0, %[[P]]#1,
// CHECK-NOT: quantize_rows
// CHECK: kernel.launch @expert_linear_0 {{.*}}(%[[P]]#0, %[[P]]#1,
// CHECK: return %{{.*}}, %{{.*}}, %[[R]]
func.func @experts_shared(%x: !x, %g: tensor<4x128x128xi8, #v4.tiles<f4E2M1FN, wide>>, %gs: tensor<4x128x8xf8E8M0FNU, #v4.tiles<f8E8M0FNU, rows>>, %d: tensor<4x256x64xi8, #v4.tiles<f4E2M1FN, wide>>, %ds: tensor<4x256x4xf8E8M0FNU, #v4.tiles<f8E8M0FNU, rows>>, %w: tensor<?x2xf32, #v4.rows<tokens>>, %o: tensor<?x2xi32, #v4.rows<tokens>>, %f: tensor<?x5xi32, #v4.rows<one>>, %n: tensor<?x5xi32, #v4.rows<one>>) -> (tensor<?x2x256xbf16, #v4.rows<tokens>>, tensor<?x2x256xbf16, #v4.rows<tokens>>, tensor<?x2x128xbf16, #v4.rows<tokens>>) {
  %h = v4.gate_up %x, %g, %g scales %gs, %gs weights %w order %o, %f, %n quantized : !x, tensor<4x128x128xi8, #v4.tiles<f4E2M1FN, wide>>, tensor<4x128x128xi8, #v4.tiles<f4E2M1FN, wide>> scales tensor<4x128x8xf8E8M0FNU, #v4.tiles<f8E8M0FNU, rows>>, tensor<4x128x8xf8E8M0FNU, #v4.tiles<f8E8M0FNU, rows>> weights tensor<?x2xf32, #v4.rows<tokens>> order tensor<?x2xi32, #v4.rows<tokens>>, tensor<?x5xi32, #v4.rows<one>>, tensor<?x5xi32, #v4.rows<one>> -> tensor<?x2x128xbf16, #v4.rows<tokens>>
  %y = v4.expert_linear %h, %d scales %ds order %o, %f, %n : tensor<?x2x128xbf16, #v4.rows<tokens>>, tensor<4x256x64xi8, #v4.tiles<f4E2M1FN, wide>> scales tensor<4x256x4xf8E8M0FNU, #v4.tiles<f8E8M0FNU, rows>> order tensor<?x2xi32, #v4.rows<tokens>>, tensor<?x5xi32, #v4.rows<one>> -> tensor<?x2x256xbf16, #v4.rows<tokens>>
  %z = v4.expert_linear %h, %d scales %ds order %o, %f, %n : tensor<?x2x128xbf16, #v4.rows<tokens>>, tensor<4x256x64xi8, #v4.tiles<f4E2M1FN, wide>> scales tensor<4x256x4xf8E8M0FNU, #v4.tiles<f8E8M0FNU, rows>> order tensor<?x2xi32, #v4.rows<tokens>>, tensor<?x5xi32, #v4.rows<one>> -> tensor<?x2x256xbf16, #v4.rows<tokens>>
  return %y, %z, %h : tensor<?x2x256xbf16, #v4.rows<tokens>>, tensor<?x2x256xbf16, #v4.rows<tokens>>, tensor<?x2x128xbf16, #v4.rows<tokens>>
}

// Near miss: no weights of the route. The products are templates, what joins them is not.
// CHECK-LABEL: func.func @no_route_weights
// CHECK: kernel.launch @expert_linear_1
// CHECK: kernel.launch @expert_linear_1
// CHECK: v4.swiglu
func.func @no_route_weights(%x: !x, %g: tensor<4x128x128xi8, #v4.tiles<f4E2M1FN, wide>>, %gs: tensor<4x128x8xf8E8M0FNU, #v4.tiles<f8E8M0FNU, rows>>, %o: tensor<?x2xi32, #v4.rows<tokens>>, %f: tensor<?x5xi32, #v4.rows<one>>, %n: tensor<?x5xi32, #v4.rows<one>>) -> tensor<?x2x128xbf16, #v4.rows<tokens>> {
  %h = v4.gate_up %x, %g, %g scales %gs, %gs order %o, %f, %n limit 1.0e+01 : !x, tensor<4x128x128xi8, #v4.tiles<f4E2M1FN, wide>>, tensor<4x128x128xi8, #v4.tiles<f4E2M1FN, wide>> scales tensor<4x128x8xf8E8M0FNU, #v4.tiles<f8E8M0FNU, rows>>, tensor<4x128x8xf8E8M0FNU, #v4.tiles<f8E8M0FNU, rows>> order tensor<?x2xi32, #v4.rows<tokens>>, tensor<?x5xi32, #v4.rows<one>>, tensor<?x5xi32, #v4.rows<one>> -> tensor<?x2x128xbf16, #v4.rows<tokens>>
  return %h : tensor<?x2x128xbf16, #v4.rows<tokens>>
}

// Near miss: experts in the checkpoint's layout.
// CHECK-LABEL: func.func @experts_row_major
// CHECK: v4.expert_linear
func.func @experts_row_major(%h: tensor<?x2x128xbf16, #v4.rows<tokens>>, %d: tensor<4x256x64xi8, #v4.packed<f4E2M1FN>>, %ds: tensor<4x256x4xf8E8M0FNU>, %o: tensor<?x2xi32, #v4.rows<tokens>>, %f: tensor<?x5xi32, #v4.rows<one>>, %n: tensor<?x5xi32, #v4.rows<one>>) -> tensor<?x2x256xbf16, #v4.rows<tokens>> {
  // expected-remark @below {{v4-choose-gpu-kernels: no template: its weight is not in tiles}}
  %y = v4.expert_linear %h, %d scales %ds order %o, %f, %n : tensor<?x2x128xbf16, #v4.rows<tokens>>, tensor<4x256x64xi8, #v4.packed<f4E2M1FN>> scales tensor<4x256x4xf8E8M0FNU> order tensor<?x2xi32, #v4.rows<tokens>>, tensor<?x5xi32, #v4.rows<one>> -> tensor<?x2x256xbf16, #v4.rows<tokens>>
  return %y : tensor<?x2x256xbf16, #v4.rows<tokens>>
}

// Bodies follow in the order of first use.
// CHECK-LABEL: func.func private @attend_rows_0
// CHECK-NEXT: kernel.run_template "attendRows" values [256, 64, 1] arguments [{{.*}}#kernel.argument<word, binding = -1, value = 8>, #kernel.argument<word, binding = -1, value = 128>, #kernel.argument<word, binding = -1, value = 0>, #kernel.argument<word, binding = -1, value = 129>, #kernel.argument<word, binding = -1, value = 4>, #kernel.argument<word, binding = -1, value = 512>, #kernel.argument<word, binding = -1, value = 3>, #kernel.argument<word, binding = -1, value = 256>] most 0
// CHECK-LABEL: func.func private @attend_merge_0
// CHECK-NEXT: kernel.run_template "attendMerge" values [256, 64, 8]
// CHECK-LABEL: func.func private @linear_0
// CHECK-NEXT: kernel.run_template "bf16Linear" values [8, 1, 20, 0] arguments [#kernel.argument<map, binding = 0, value = 1, map = <bf16, columns = 256, box = 8 : 64, swizzle = 128>>{{.*}} few <most = 8, tile = 8, tiles = 2>
// CHECK-NEXT: kernel.run_template "bf16Linear" values [16, 1, 18, 0] arguments [#kernel.argument<map, binding = 0, value = 1, map = <bf16, columns = 256, box = 16 : 64, swizzle = 128>>, #kernel.argument<address, binding = 1, value = 0>, #kernel.argument<address, binding = 2, value = 0>, #kernel.argument<rows, binding = -1, value = 1>, #kernel.argument<word, binding = -1, value = 128>, #kernel.argument<word, binding = -1, value = 256>, #kernel.argument<word, binding = -1, value = 128>] most 132
// CHECK-NEXT: return
// CHECK-LABEL: func.func private @linear_1
// CHECK-NEXT: kernel.run_template "bf16Linear" values [8, 1, 20, 1] arguments [#kernel.argument<map, binding = 0, value = 1, map = <bf16, columns = 256, box = 8 : 64, swizzle = 128>>{{.*}} few <most = 8, tile = 8, tiles = 2>
// CHECK-NEXT: kernel.run_template "bf16Linear" values [16, 1, 18, 1] arguments [#kernel.argument<map, binding = 0, value = 1, map = <bf16, columns = 256, box = 16 : 64, swizzle = 128>>
// CHECK-LABEL: func.func private @linear_2
// CHECK-NEXT: kernel.run_template "bf16Linear" values [8, 1, 20, 0] arguments [#kernel.argument<map, binding = 0, value = 4, map = <bf16, columns = 256, box = 8 : 64, swizzle = 128>>{{.*}} few <most = 2, tile = 2, tiles = 2>
// CHECK-NEXT: kernel.run_template "bf16Linear" values [16, 1, 18, 0] arguments [#kernel.argument<map, binding = 0, value = 4, map = <bf16, columns = 256, box = 16 : 64, swizzle = 128>>{{.*}} few <most = 4, tile = 4, tiles = 2>
// CHECK-NEXT: kernel.run_template "bf16Linear" values [64, 1, 12, 0] arguments [#kernel.argument<map, binding = 0, value = 4
// CHECK-LABEL: func.func private @grouped_linear_0
// CHECK-NEXT: kernel.run_template "wideLinear" values [8, 1, 20] arguments [#kernel.argument<map, binding = 0, value = 1, map = <bf16, columns = 256, box = 8 : 64, swizzle = 128>>{{.*}} few <most = 8, tile = 8, tiles = 4>
// CHECK-NEXT: kernel.run_template "wideLinear" values [16, 1, 18] arguments [#kernel.argument<map, binding = 0, value = 1, map = <bf16, columns = 256, box = 16 : 64, swizzle = 128>>, #kernel.argument<address, binding = 1, value = 0>, #kernel.argument<address, binding = 2, value = 0>, #kernel.argument<address, binding = 3, value = 0>, #kernel.argument<rows, binding = -1, value = 1>, #kernel.argument<word, binding = -1, value = 256>, #kernel.argument<word, binding = -1, value = 128>, #kernel.argument<word, binding = -1, value = 128>] most 132
// CHECK-LABEL: func.func private @quantize_rows_0
// CHECK-SAME: kernel.op = "quantize_rows"
// CHECK-NEXT: kernel.run_template "quantizeRows" values [8] arguments [#kernel.argument<address, binding = 0, value = 0>, #kernel.argument<address, binding = 0, value = 0>, #kernel.argument<word, binding = -1, value = 0>, #kernel.argument<address, binding = 1, value = 0>, #kernel.argument<address, binding = 2, value = 0>, #kernel.argument<rows, binding = -1, value = 1>, #kernel.argument<word, binding = -1, value = 256>] most 0
// CHECK-LABEL: func.func private @linear_3
// CHECK-NEXT: kernel.run_template "fp8Linear" values [8, 1, 20] arguments [#kernel.argument<map, binding = 0, value = 1, map = <f8E4M3FN, columns = 256, box = 8 : 128, swizzle = 128>>{{.*}} few <most = 8, tile = 8, tiles = 2>
// CHECK-NEXT: kernel.run_template "fp8Linear" values [16, 1, 18] arguments [#kernel.argument<map, binding = 0, value = 1, map = <f8E4M3FN, columns = 256, box = 16 : 128, swizzle = 128>>, #kernel.argument<address, binding = 1, value = 0>, #kernel.argument<address, binding = 2, value = 0>, #kernel.argument<address, binding = 3, value = 0>, #kernel.argument<address, binding = 4, value = 0>, #kernel.argument<rows, binding = -1, value = 1>, #kernel.argument<word, binding = -1, value = 128>, #kernel.argument<word, binding = -1, value = 256>] most 132
// CHECK-LABEL: func.func private @index_candidates_0
// CHECK-NEXT: kernel.run_template "indexCandidates" values [128, 1, 64] arguments [#kernel.argument<address, binding = 5, value = 0>, #kernel.argument<address, binding = 6, value = 0>, #kernel.argument<address, binding = 7, value = 0>, #kernel.argument<address, binding = 8, value = 0>, {{.*}}#kernel.argument<word, binding = -1, value = 8>, #kernel.argument<word, binding = -1, value = 192>] most 0
// CHECK-LABEL: func.func private @select_candidates_0
// CHECK-NEXT: kernel.run_template "selectCandidates" values [64] arguments [#kernel.argument<address, binding = 3, value = 0>, {{.*}}#kernel.argument<word, binding = -1, value = 192>] most 0
// CHECK-LABEL: func.func private @combine_0
// CHECK-NEXT: kernel.run_template "combineRows" values [256] arguments [#kernel.argument<address, binding = 0, value = 0>, #kernel.argument<address, binding = 1, value = 0>, #kernel.argument<address, binding = 2, value = 0>, #kernel.argument<rows, binding = -1, value = 1>, #kernel.argument<word, binding = -1, value = 3>, #kernel.argument<word, binding = -1, value = 1280>] most 0
// CHECK-LABEL: func.func private @quantize_rows_1
// CHECK-NEXT: kernel.run_template "quantizeRows" values [8] arguments [#kernel.argument<address, binding = 0, value = 0>, #kernel.argument<address, binding = 1, value = 0>, #kernel.argument<word, binding = -1, value = 2>, #kernel.argument<address, binding = 2, value = 0>, #kernel.argument<address, binding = 3, value = 0>, #kernel.argument<rows, binding = -1, value = 2>, #kernel.argument<word, binding = -1, value = 256>] most 0
// CHECK-LABEL: func.func private @gate_up_0
// CHECK-SAME: kernel.hits = 9 : i64
// CHECK-NEXT: kernel.run_template "expertProduct" values [8, 10, 1, 1] arguments [#kernel.argument<map, binding = 0, value = 2, map = <f8E4M3FN, columns = 256, box = 8 : 128, swizzle = 128>>{{.*}} few <most = 8, tile = 1, tiles = 4>
// CHECK-NEXT: kernel.run_template "expertProduct" values [16, 8, 1, 1] arguments [#kernel.argument<map, binding = 0, value = 2, map = <f8E4M3FN, columns = 256, box = 16 : 128, swizzle = 128>>, #kernel.argument<address, binding = 1, value = 0>, #kernel.argument<address, binding = 2, value = 0>, #kernel.argument<address, binding = 3, value = 0>, #kernel.argument<address, binding = 4, value = 0>, #kernel.argument<address, binding = 5, value = 0>, #kernel.argument<address, binding = 6, value = 0>, #kernel.argument<address, binding = 7, value = 0>, #kernel.argument<address, binding = 8, value = 0>, #kernel.argument<address, binding = 9, value = 0>, #kernel.argument<address, binding = 10, value = 0>, #kernel.argument<rows, binding = -1, value = 2>, #kernel.argument<word, binding = -1, value = 128>, #kernel.argument<word, binding = -1, value = 256>, #kernel.argument<word, binding = -1, value = 1092616192>] most 264
// CHECK-LABEL: func.func private @quantize_rows_2
// CHECK-NEXT: kernel.run_template "quantizeRows" values [8] arguments [#kernel.argument<address, binding = 0, value = 0>, #kernel.argument<address, binding = 1, value = 0>, #kernel.argument<word, binding = -1, value = 1>, #kernel.argument<address, binding = 2, value = 0>, #kernel.argument<address, binding = 3, value = 0>, #kernel.argument<rows, binding = -1, value = 2>, #kernel.argument<word, binding = -1, value = 128>] most 0
// CHECK-LABEL: func.func private @expert_linear_0
// CHECK-SAME: kernel.hits = 6 : i64
// CHECK-NEXT: kernel.run_template "expertProduct" values [8, 10, 0, 1] arguments [#kernel.argument<map, binding = 0, value = 2, map = <f8E4M3FN, columns = 128, box = 8 : 128, swizzle = 128>>{{.*}} few <most = 8, tile = 1, tiles = 4>
// CHECK-NEXT: kernel.run_template "expertProduct" values [16, 8, 0, 1] arguments [#kernel.argument<map, binding = 0, value = 2, map = <f8E4M3FN, columns = 128, box = 16 : 128, swizzle = 128>>, #kernel.argument<address, binding = 1, value = 0>, #kernel.argument<address, binding = 2, value = 0>, #kernel.argument<address, binding = 3, value = 0>, #kernel.argument<address, binding = 2, value = 0>, #kernel.argument<address, binding = 3, value = 0>, #kernel.argument<address, binding = 1, value = 0>, #kernel.argument<address, binding = 4, value = 0>, #kernel.argument<address, binding = 5, value = 0>, #kernel.argument<address, binding = 6, value = 0>, #kernel.argument<address, binding = 7, value = 0>, #kernel.argument<rows, binding = -1, value = 2>, #kernel.argument<word, binding = -1, value = 256>, #kernel.argument<word, binding = -1, value = 128>, #kernel.argument<word, binding = -1, value = 0>] most 264
// CHECK-LABEL: func.func private @gate_up_1
// CHECK-NEXT: kernel.run_template "expertProduct" values [8, 10, 1, 1] {{.*}}, #kernel.argument<word, binding = -1, value = 2139095040>] most 264 few
// CHECK-NEXT: kernel.run_template "expertProduct" values [16, 8, 1, 1] arguments [{{.*}}, #kernel.argument<word, binding = -1, value = 2139095040>] most 264{{$}}
// CHECK-LABEL: func.func private @expert_linear_1
}

// -----

!x = tensor<?x256xbf16, #v4.rows<tokens>>
!w = tensor<4x128x128xi8, #v4.tiles<f4E2M1FN, wide>>
!s = tensor<4x128x8xf8E8M0FNU, #v4.tiles<f8E8M0FNU, rows>>

module attributes {v4.envelope = #v4.envelope<tokens = 512, sequences = 2, context = 4096, draft = 1>, v4.target = #kernel.target<"cuda:sm_90a", cpu = "sm_90a", features = [], vector_bits = 128, limits = <threads = 1024, shared_bytes = 232448, registers = 65536, processors = 132>>} {

ml_program.global private @w(#ml_program.extern<!w>) : !w
// Two layers have the fact, one of the last function's does not: a form is that of all weights of a function.
// CHECK: @first({{.*}}) : tensor<4x128x8xf8E8M0FNU, #v4.tiles<f8E8M0FNU, rows>> {v4.needed_forms = ["e4m3_per_128"], v4.proven_forms = ["e4m3_per_128"]}
ml_program.global private @first(#ml_program.extern<!s>) : !s {v4.proven_forms = ["e4m3_per_128"]}
// CHECK: @second({{.*}}) : tensor<4x128x8xf8E8M0FNU, #v4.tiles<f8E8M0FNU, rows>> {v4.needed_forms
ml_program.global private @second(#ml_program.extern<!s>) : !s {v4.proven_forms = ["e4m3_per_128"]}
// CHECK: @third({{.*}}) : tensor<4x128x8xf8E8M0FNU, #v4.tiles<f8E8M0FNU, rows>> {v4.proven_forms
ml_program.global private @third(#ml_program.extern<!s>) : !s {v4.proven_forms = ["e4m3_per_128"]}
// CHECK: @fourth({{.*}}) : tensor<4x128x8xf8E8M0FNU, #v4.tiles<f8E8M0FNU, rows>>{{$}}
ml_program.global private @fourth(#ml_program.extern<!s>) : !s

func.func private @layer(%x: !x, %w: !w, %s: !s, %o: tensor<?x2xi32, #v4.rows<tokens>>, %r: tensor<?x5xi32, #v4.rows<one>>) {
  %y = v4.expert_linear %x, %w scales %s order %o, %r, %r : !x, !w scales !s order tensor<?x2xi32, #v4.rows<tokens>>, tensor<?x5xi32, #v4.rows<one>> -> tensor<?x2x128xbf16, #v4.rows<tokens>>
  return
}

func.func private @other_layer(%x: !x, %w: !w, %s: !s, %o: tensor<?x2xi32, #v4.rows<tokens>>, %r: tensor<?x5xi32, #v4.rows<one>>) {
  %y = v4.expert_linear %x, %w scales %s order %o, %r, %r : !x, !w scales !s order tensor<?x2xi32, #v4.rows<tokens>>, tensor<?x5xi32, #v4.rows<one>> -> tensor<?x2x128xbf16, #v4.rows<tokens>>
  return
}

func.func @main(%x: !x, %o: tensor<?x2xi32, #v4.rows<tokens>>, %r: tensor<?x5xi32, #v4.rows<one>>) {
  %w = ml_program.global_load_const @w : !w
  %a = ml_program.global_load_const @first : !s
  %b = ml_program.global_load_const @second : !s
  %c = ml_program.global_load_const @third : !s
  %d = ml_program.global_load_const @fourth : !s
  call @layer(%x, %w, %a, %o, %r) : (!x, !w, !s, tensor<?x2xi32, #v4.rows<tokens>>, tensor<?x5xi32, #v4.rows<one>>) -> ()
  call @layer(%x, %w, %b, %o, %r) : (!x, !w, !s, tensor<?x2xi32, #v4.rows<tokens>>, tensor<?x5xi32, #v4.rows<one>>) -> ()
  call @other_layer(%x, %w, %c, %o, %r) : (!x, !w, !s, tensor<?x2xi32, #v4.rows<tokens>>, tensor<?x5xi32, #v4.rows<one>>) -> ()
  call @other_layer(%x, %w, %d, %o, %r) : (!x, !w, !s, tensor<?x2xi32, #v4.rows<tokens>>, tensor<?x5xi32, #v4.rows<one>>) -> ()
  return
}
// An expert has many rows in a full step, few in a decode.
// CHECK-LABEL: func.func private @expert_linear_0
// CHECK-NEXT: kernel.run_template "expertProduct" values [8, 10, 0, 0] {{.*}} few <most = 8, tile = 1, tiles = 2>
// CHECK-NEXT: kernel.run_template "expertProduct" values [16, 8, 0, 0] {{.*}} few <most = 64, tile = 1, tiles = 2>
// CHECK-NEXT: kernel.run_template "expertProduct" values [64, 10, 0, 0]
// CHECK-LABEL: func.func private @expert_linear_1
// CHECK-NEXT: kernel.run_template "expertProduct" values [8, 10, 0, 1] {{.*}} few <most = 8, tile = 1, tiles = 2>
// CHECK-NEXT: kernel.run_template "expertProduct" values [16, 8, 0, 1] {{.*}} few <most = 64, tile = 1, tiles = 2>
// CHECK-NEXT: kernel.run_template "expertProduct" values [64, 10, 0, 1]
}

// -----

// expected-error @below {{v4-choose-gpu-kernels: module has no v4.target with limits, expected that of a GPU}}
module {}
