// RUN: v4-opt --v4-decompose --split-input-file %s | FileCheck %s

// Sixteen heads make four workgroups of a token; step fields are token slots, slot rows, slot starts, positions and
// the places of caches.

// CHECK-LABEL: func.func @window
// CHECK: kernel.launch @attention_0 grid <rows = 1, tile = 1, tiles = 4> (%{{.*}}, %{{.*}}, %{{.*}}, %{{.*}}) writes [] step
// CHECK-NOT: v4.attention
func.func @window(%q: tensor<?x16x256xbf16, #v4.rows<tokens>>, %kv: tensor<?x256xbf16, #v4.rows<tokens>>,
                  %ring: !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64>,
                  %sink: tensor<16xf32>) -> tensor<?x16x256xbf16, #v4.rows<tokens>> {
  %o = v4.attention %q, %kv, %ring sink %sink window 128 offset 0 : tensor<?x16x256xbf16, #v4.rows<tokens>>, tensor<?x256xbf16, #v4.rows<tokens>>, !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64> sink tensor<16xf32> -> tensor<?x16x256xbf16, #v4.rows<tokens>>
  return %o : tensor<?x16x256xbf16, #v4.rows<tokens>>
}

// All scratch is in front of the loop over workgroups; sums of sixteen dot products live in registers.
// CHECK-LABEL: func.func private @attention_0
// CHECK-SAME: kernel.entry
// CHECK-SAME: kernel.op = "attention"
// CHECK: memref.alloca() {alignment = 64 : i64} : memref<1024xf32>
// CHECK: memref.alloca() {alignment = 64 : i64} : memref<4096xf32>
// CHECK: scf.for
// CHECK: kernel.cache_load
// CHECK: kernel.decode %{{.*}} as f8E4M3FN : vector<16xi8> -> vector<16xf32>
// CHECK-COUNT-16: math.fma {{.*}} : vector<16xf32>
// CHECK: math.exp {{.*}} : vector<16xf32>

// -----

// Selected rows: without the list there would be no reading of page_offsets per row.

// CHECK-LABEL: func.func @selected
// CHECK: kernel.launch @attention_0 grid <rows = 1, tile = 1, tiles = 2>
func.func @selected(%q: tensor<?x8x256xbf16, #v4.rows<tokens>>, %kv: tensor<?x256xbf16, #v4.rows<tokens>>,
                    %ring: !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64>,
                    %rows: !v4.cache<page, ratio = 4, kv_compact, rows = 32, values = 256, rope = 64>,
                    %i: tensor<?x16xi32, #v4.rows<tokens>>) -> tensor<?x8x256xbf16, #v4.rows<tokens>> {
  %o = v4.attention %q, %kv, %ring rows %rows selected %i window 128 offset 0 : tensor<?x8x256xbf16, #v4.rows<tokens>>, tensor<?x256xbf16, #v4.rows<tokens>>, !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64> rows !v4.cache<page, ratio = 4, kv_compact, rows = 32, values = 256, rope = 64> selected tensor<?x16xi32, #v4.rows<tokens>> -> tensor<?x8x256xbf16, #v4.rows<tokens>>
  return %o : tensor<?x8x256xbf16, #v4.rows<tokens>>
}

// CHECK-LABEL: func.func private @attention_0
// CHECK-SAME: memref<?xi64>
// CHECK: scf.if
// CHECK: scf.if
