// RUN: v4-opt %s --v4-choose-kernels -verify-diagnostics | FileCheck %s
// RUN: v4-opt %s --v4-choose-kernels --v4-decompose --v4-verify-kernels -o /dev/null

!x = tensor<?x1024xbf16, #v4.rows<tokens>>
!s = tensor<?x4x1024xbf16, #v4.rows<tokens>>
!chunks = tensor<?x96xbf16, #v4.rows<chunks4>>
!pool = !v4.cache<page, ratio = 4, kv_compact, rows = 32, values = 96, rope = 32>
!last = !v4.cache<state, ratio = 1, bf16, rows = 2, values = 4096, rope = 0>

// A row of many columns is work for several threads.
// CHECK-LABEL: func.func @moves
// CHECK: kernel.launch @embed_0 grid <rows = 1, tile = 1, tiles = 2> (%{{.*}}) writes [] step [0, 1]
// CHECK: kernel.launch @mtp_mix_0 grid <rows = 1, tile = 1, tiles = 8>
// CHECK: kernel.launch @scale_0 grid <rows = 1, tile = 1, tiles = 2>
// CHECK: kernel.launch @select_logits_rows_0 grid <rows = 5, tile = 1, tiles = 2> (%{{.*}}) writes [] step [0, 12]
func.func @moves(%t: tensor<64x1024xbf16>, %x: !x) -> (tensor<?x1024xbf16, #v4.rows<logits>>, !s) {
  %e = v4.embed %t : tensor<64x1024xbf16> -> !s
  %m = v4.mtp_mix %x, %e : !x, !s
  %y = v4.scale %x by 5.0e-01 : !x
  %l = v4.select_logits_rows %y : !x -> tensor<?x1024xbf16, #v4.rows<logits>>
  return %l, %m : tensor<?x1024xbf16, #v4.rows<logits>>, !s
}

// CHECK-LABEL: func.func @caches
// CHECK: kernel.launch @append_rows_0 grid <rows = 3, tile = 1, tiles = 1> (%{{.*}}, %{{.*}}) writes [1]
// CHECK: kernel.launch @save_streams_0 grid <rows = 1, tile = 1, tiles = 1> (%{{.*}}, %{{.*}}) writes [1]
func.func @caches(%x: !chunks, %s: !s, %c: !pool, %l: !last) {
  v4.append_rows %x, %c : !chunks, !pool
  v4.save_streams %s, %l : !s, !last
  return
}

// Near miss: more slots than a vector has.
// CHECK-LABEL: func.func @many_experts
// CHECK: v4.hash_route
func.func @many_experts(%l: tensor<?x64xf32, #v4.rows<tokens>>, %t: tensor<512x17xi32>) -> tensor<?x17xi32, #v4.rows<tokens>> {
  // expected-remark @below {{v4-choose-kernels: no tuned kernel: 17 experts of a token are more than 16}}
  %e, %w = v4.hash_route %l, %t factor 1.5 : tensor<?x64xf32, #v4.rows<tokens>>, tensor<512x17xi32> -> tensor<?x17xi32, #v4.rows<tokens>>, tensor<?x17xf32, #v4.rows<tokens>>
  return %e : tensor<?x17xi32, #v4.rows<tokens>>
}

// CHECK: func.func private @embed_0
// CHECK-NEXT: kernel.gather_rows
// CHECK: func.func private @mtp_mix_0
// CHECK-NEXT: kernel.sum_rows {{.*}} {inner = 4 : i64, terms = 1 : i64, width = 1024 : i64}
// CHECK: func.func private @save_streams_0
// CHECK-NEXT: kernel.append_rows {{.*}} ring {{.*}} {format = bf16, offset = 0 : i64, pool_rows = 2 : i64, rope = 0 : i64, row_bytes = 8192 : i64, width = 4096 : i64}
