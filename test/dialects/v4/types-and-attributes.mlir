// Types and attributes of v4, printed and parsed again.
// RUN: v4-opt %s | v4-opt | FileCheck %s

// CHECK: module attributes {
// CHECK-SAME: v4.envelope = #v4.envelope<tokens = 256, sequences = 4, context = 4096, draft = 1>
// CHECK-SAME: v4.model = #v4.model<vocab = 512, hidden = 256, layers = 8, window = 128, eos = 1, mtp = true, digest = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef">
module attributes {
  v4.envelope = #v4.envelope<tokens = 256, sequences = 4, context = 4096, draft = 1>,
  v4.model = #v4.model<vocab = 512, hidden = 256, layers = 8, window = 128, eos = 1, mtp = true, digest = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef">
} {

// CHECK-LABEL: @rows
// CHECK-SAME: tensor<?x4xf32, #v4.rows<one>>
// CHECK-SAME: tensor<?x4xf32, #v4.rows<tokens>>
// CHECK-SAME: tensor<?x4xf32, #v4.rows<sequences>>
// CHECK-SAME: tensor<?x4xf32, #v4.rows<chunks4>>
// CHECK-SAME: tensor<?x4xf32, #v4.rows<chunks128>>
// CHECK-SAME: tensor<?x?xf32, #v4.rows<logits>>
func.func private @rows(tensor<?x4xf32, #v4.rows<one>>, tensor<?x4xf32, #v4.rows<tokens>>, tensor<?x4xf32, #v4.rows<sequences>>,
                        tensor<?x4xf32, #v4.rows<chunks4>>, tensor<?x4xf32, #v4.rows<chunks128>>, tensor<?x?xf32, #v4.rows<logits>>)

// CHECK-LABEL: @packed
// CHECK-SAME: tensor<16x128x64xi8, #v4.packed<f4E2M1FN>>
func.func private @packed(tensor<16x128x64xi8, #v4.packed<f4E2M1FN>>)

// CHECK-LABEL: @cache
// CHECK-SAME: !v4.cache<page, ratio = 4, kv_compact, rows = 32, values = 512, rope = 64>
// CHECK-SAME: !v4.cache<page, ratio = 4, index_fp4, rows = 32, values = 128, rope = 0>
// CHECK-SAME: !v4.cache<page, ratio = 128, kv_compact, rows = 1, values = 512, rope = 64>
// CHECK-SAME: !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 512, rope = 64>
// CHECK-SAME: !v4.cache<state, ratio = 1, f32, rows = 8, values = 2048, rope = 0>
// CHECK-SAME: !v4.cache<state, ratio = 1, bf16, rows = 2, values = 16384, rope = 0>
func.func private @cache(
  !v4.cache<page, ratio = 4, kv_compact, rows = 32, values = 512, rope = 64>,
  !v4.cache<page, ratio = 4, index_fp4, rows = 32, values = 128, rope = 0>,
  !v4.cache<page, ratio = 128, kv_compact, rows = 1, values = 512, rope = 64>,
  !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 512, rope = 64>,
  !v4.cache<state, ratio = 1, f32, rows = 8, values = 2048, rope = 0>,
  !v4.cache<state, ratio = 1, bf16, rows = 2, values = 16384, rope = 0>)
}

// CHECK: func.func private @tiles(tensor<40x64xbf16, #v4.tiles<bf16, rows>>, tensor<40x256xf8E4M3FN, #v4.tiles<f8E4M3FN, wide>>)
func.func private @tiles(tensor<40x64xbf16, #v4.tiles<bf16, rows>>, tensor<40x256xf8E4M3FN, #v4.tiles<f8E4M3FN, wide>>)

// CHECK: func.func private @fp4_tiles(tensor<2x40x64xi8, #v4.tiles<f4E2M1FN, wide>>, tensor<2x40x4xf8E8M0FNU, #v4.tiles<f8E8M0FNU, rows>>)
func.func private @fp4_tiles(tensor<2x40x64xi8, #v4.tiles<f4E2M1FN, wide>>, tensor<2x40x4xf8E8M0FNU, #v4.tiles<f8E8M0FNU, rows>>)
