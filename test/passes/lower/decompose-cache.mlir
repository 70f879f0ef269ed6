// RUN: v4-opt --v4-decompose %s | FileCheck %s

// Operand 1, the pool, is written; chunk rows go by chunks, ring rows by tokens.

// CHECK-LABEL: func.func @append
// CHECK: kernel.launch @append_rows_0 grid <rows = 3, tile = 1, tiles = 1> (%{{.*}}, %{{.*}}) writes [1] step [8, 9
// CHECK: kernel.launch @append_rows_1 grid <rows = 4, tile = 1, tiles = 1> (%{{.*}}, %{{.*}}) writes [1] step [10, 11
// CHECK: kernel.launch @append_rows_2 grid <rows = 3, tile = 1, tiles = 1> (%{{.*}}, %{{.*}}) writes [1] step [8, 9
// CHECK: kernel.launch @append_window_0 grid <rows = 1, tile = 1, tiles = 1> (%{{.*}}, %{{.*}}) writes [1]
// CHECK: kernel.launch @save_partial_0 grid <rows = 1, tile = 1, tiles = 1> (%{{.*}}, %{{.*}}, %{{.*}}) writes [2]
func.func @append(%x4: tensor<?x256xbf16, #v4.rows<chunks4>>, %x128: tensor<?x256xbf16, #v4.rows<chunks128>>,
                  %k: tensor<?x128xbf16, #v4.rows<chunks4>>, %kv: tensor<?x256xbf16, #v4.rows<tokens>>,
                  %a: tensor<?x512xf32, #v4.rows<tokens>>,
                  %rows4: !v4.cache<page, ratio = 4, kv_compact, rows = 32, values = 256, rope = 64>,
                  %rows128: !v4.cache<page, ratio = 128, kv_compact, rows = 1, values = 256, rope = 64>,
                  %keys: !v4.cache<page, ratio = 4, index_fp4, rows = 32, values = 128, rope = 0>,
                  %ring: !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64>,
                  %partial: !v4.cache<state, ratio = 1, f32, rows = 8, values = 1024, rope = 0>) {
  v4.append_rows %x4, %rows4 : tensor<?x256xbf16, #v4.rows<chunks4>>, !v4.cache<page, ratio = 4, kv_compact, rows = 32, values = 256, rope = 64>
  v4.append_rows %x128, %rows128 : tensor<?x256xbf16, #v4.rows<chunks128>>, !v4.cache<page, ratio = 128, kv_compact, rows = 1, values = 256, rope = 64>
  v4.append_rows %k, %keys : tensor<?x128xbf16, #v4.rows<chunks4>>, !v4.cache<page, ratio = 4, index_fp4, rows = 32, values = 128, rope = 0>
  v4.append_window %kv, %ring offset 0 : tensor<?x256xbf16, #v4.rows<tokens>>, !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64>
  v4.save_partial %a, %a, %partial : tensor<?x512xf32, #v4.rows<tokens>>, !v4.cache<state, ratio = 1, f32, rows = 8, values = 1024, rope = 0>
  return
}

// CHECK-LABEL: func.func private @append_rows_0
// CHECK: kernel.encode %{{.*}} as f8E4M3FN
// CHECK: kernel.cache_store %{{.*}} : vector<16xbf16>, memref<?xi8>
// CHECK-LABEL: func.func private @append_rows_2
// CHECK: kernel.encode %{{.*}} as f4E2M1FN
// CHECK: kernel.cache_store %{{.*}} : vector<8xi8>, memref<?xi8>
