// Which numbers of rows a product has instances for.
// RUN: v4-opt %s --v4-choose-gpu-kernels -split-input-file | FileCheck %s

!x = tensor<?x256xbf16, #v4.rows<tokens>>
!q = tensor<?x64x512xbf16, #v4.rows<tokens>>
!ring = !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 512, rope = 64>
!rows = !v4.cache<page, ratio = 4, kv_compact, rows = 32, values = 512, rope = 64>

module attributes {v4.envelope = #v4.envelope<tokens = 512, sequences = 2, context = 4096, draft = 1>, v4.target = #kernel.target<"cuda:sm_90a", cpu = "sm_90a", features = [], vector_bits = 128, limits = <threads = 1024, shared_bytes = 232448, registers = 65536, processors = 132>>} {

// 256 row tiles: one tile of 128 tokens has a block for 128 of 132 processors.
// CHECK-LABEL: func.func @wide
// CHECK: kernel.launch @linear_0 grid <rows = 1, tile = 128, tiles = 128>
func.func @wide(%x: !x, %w: tensor<16384x256xbf16, #v4.tiles<bf16, rows>>) -> tensor<?x16384xbf16, #v4.rows<tokens>> {
  %a = v4.linear %x, %w : !x, tensor<16384x256xbf16, #v4.tiles<bf16, rows>> -> tensor<?x16384xbf16, #v4.rows<tokens>>
  return %a : tensor<?x16384xbf16, #v4.rows<tokens>>
}

// 64 row tiles, of which two are beside each other: four tiles of 128 tokens, those of more than 384, are enough.
// CHECK-LABEL: func.func @middle
// CHECK: kernel.launch @linear_1 grid <rows = 1, tile = 128, tiles = 32>
func.func @middle(%x: !x, %w: tensor<4096x256xf8E4M3FN, #v4.tiles<f8E4M3FN, rows>>, %s: tensor<32x2xf8E8M0FNU>) -> tensor<?x4096xbf16, #v4.rows<tokens>> {
  %a = v4.linear %x, %w scales %s : !x, tensor<4096x256xf8E4M3FN, #v4.tiles<f8E4M3FN, rows>>, tensor<32x2xf8E8M0FNU> -> tensor<?x4096xbf16, #v4.rows<tokens>>
  return %a : tensor<?x4096xbf16, #v4.rows<tokens>>
}

// Near miss: of a narrow weight no step has tiles of 128 tokens for most processors.
// CHECK-LABEL: func.func @narrow
// CHECK: kernel.launch @linear_2 grid <rows = 1, tile = 64, tiles = 16>
func.func @narrow(%x: !x, %w: tensor<1024x256xbf16, #v4.tiles<bf16, rows>>) -> tensor<?x1024xbf16, #v4.rows<tokens>> {
  %a = v4.linear %x, %w : !x, tensor<1024x256xbf16, #v4.tiles<bf16, rows>> -> tensor<?x1024xbf16, #v4.rows<tokens>>
  return %a : tensor<?x1024xbf16, #v4.rows<tokens>>
}

// Groups of 128 rows: two row tiles of each are beside each other.
// CHECK-LABEL: func.func @groups
// CHECK: kernel.launch @grouped_linear_0 grid <rows = 1, tile = 64, tiles = 64>
func.func @groups(%x: tensor<?x64x128xbf16, #v4.rows<tokens>>, %w: tensor<8192x128xf8E4M3FN, #v4.tiles<f8E4M3FN, wide>>, %s: tensor<64x1xf8E8M0FNU>) -> tensor<?x8192xbf16, #v4.rows<tokens>> {
  %a = v4.grouped_linear %x, %w scales %s groups 64 : tensor<?x64x128xbf16, #v4.rows<tokens>>, tensor<8192x128xf8E4M3FN, #v4.tiles<f8E4M3FN, wide>>, tensor<64x1xf8E8M0FNU> -> tensor<?x8192xbf16, #v4.rows<tokens>>
  return %a : tensor<?x8192xbf16, #v4.rows<tokens>>
}

// Near miss: of 64. A block has row tiles of one group alone.
// CHECK-LABEL: func.func @narrow_groups
// CHECK: kernel.launch @grouped_linear_1 grid <rows = 1, tile = 64, tiles = 128>
func.func @narrow_groups(%x: tensor<?x128x128xbf16, #v4.rows<tokens>>, %w: tensor<8192x128xf8E4M3FN, #v4.tiles<f8E4M3FN, wide>>, %s: tensor<64x1xf8E8M0FNU>) -> tensor<?x8192xbf16, #v4.rows<tokens>> {
  %a = v4.grouped_linear %x, %w scales %s groups 128 : tensor<?x128x128xbf16, #v4.rows<tokens>>, tensor<8192x128xf8E4M3FN, #v4.tiles<f8E4M3FN, wide>>, tensor<64x1xf8E8M0FNU> -> tensor<?x8192xbf16, #v4.rows<tokens>>
  return %a : tensor<?x8192xbf16, #v4.rows<tokens>>
}

// A launch over one row alone.
// CHECK-LABEL: func.func @one
// CHECK: kernel.launch @linear_3 grid <rows = 0, tile = 8, tiles = 2>
func.func @one(%x: tensor<?x256xbf16, #v4.rows<one>>, %w: tensor<128x256xbf16, #v4.tiles<bf16, rows>>) -> tensor<?x128xbf16, #v4.rows<one>> {
  %a = v4.linear %x, %w : tensor<?x256xbf16, #v4.rows<one>>, tensor<128x256xbf16, #v4.tiles<bf16, rows>> -> tensor<?x128xbf16, #v4.rows<one>>
  return %a : tensor<?x128xbf16, #v4.rows<one>>
}

// Rows that are 64 of the product: tiles of 64 for one row of the launch, of 128 for two.
// CHECK-LABEL: func.func @many_inner
// CHECK: kernel.launch @linear_4 grid <rows = 1, tile = 2, tiles = 8>
func.func @many_inner(%x: tensor<?x64x256xbf16, #v4.rows<tokens>>, %w: tensor<1024x256xbf16, #v4.tiles<bf16, rows>>) -> tensor<?x64x1024xbf16, #v4.rows<tokens>> {
  %a = v4.linear %x, %w : tensor<?x64x256xbf16, #v4.rows<tokens>>, tensor<1024x256xbf16, #v4.tiles<bf16, rows>> -> tensor<?x64x1024xbf16, #v4.rows<tokens>>
  return %a : tensor<?x64x1024xbf16, #v4.rows<tokens>>
}

// 64 heads: with three splits, 88 tokens have two blocks of four tiles of heads for each processor.
// CHECK-LABEL: func.func @attention
// CHECK: kernel.launch @attend_rows_0 grid <rows = 1, tile = 1, tiles = 3>
func.func @attention(%q: !q, %kv: tensor<?x512xbf16, #v4.rows<tokens>>, %ring: !ring, %table: tensor<?x2x32xf32, #v4.rows<tokens>>, %sink: tensor<64xf32>, %rows: !rows, %sel: tensor<?x512xi32, #v4.rows<tokens>>) -> !q {
  %o = v4.attend %q, %kv, %ring back %table sink %sink rows %rows selected %sel window 128 offset 0 : !q, tensor<?x512xbf16, #v4.rows<tokens>>, !ring back tensor<?x2x32xf32, #v4.rows<tokens>> sink tensor<64xf32> rows !rows selected tensor<?x512xi32, #v4.rows<tokens>> -> !q
  return %o : !q
}

// CHECK-LABEL: func.func private @attend_rows_0
// CHECK-NEXT: kernel.run_template "attendRows" values [512, 64, 1] {{.*}} few <most = 88, tile = 1, tiles = 12>
// CHECK-NEXT: kernel.run_template "attendRows" values [512, 64, 4] {{.*}} most 0{{$}}
// CHECK-LABEL: func.func private @linear_0
// CHECK-NEXT: values [8, 1, 20, 0] {{.*}} few <most = 8, tile = 8, tiles = 256>
// CHECK-NEXT: values [16, 1, 18, 0] {{.*}} few <most = 16, tile = 16, tiles = 256>
// CHECK-NEXT: values [64, 1, 12, 0] {{.*}} few <most = 64, tile = 64, tiles = 256>
// CHECK-NEXT: values [128, 2, 6, 0] {{.*}} most 132{{$}}
// CHECK-LABEL: func.func private @linear_1
// CHECK-NEXT: "fp8Linear" values [8, 1, 20] {{.*}} few <most = 8, tile = 8, tiles = 64>
// CHECK-NEXT: "fp8Linear" values [16, 1, 18] {{.*}} few <most = 16, tile = 16, tiles = 64>
// CHECK-NEXT: "fp8Linear" values [64, 1, 12] {{.*}} few <most = 384, tile = 64, tiles = 64>
// CHECK-NEXT: "fp8Linear" values [128, 2, 6] {{.*}} most 132{{$}}
// CHECK-LABEL: func.func private @linear_2
// CHECK-NEXT: values [8, 1, 20, 0]
// CHECK-NEXT: values [16, 1, 18, 0]
// CHECK-NEXT: values [64, 1, 12, 0] {{.*}} most 132{{$}}
// CHECK-NEXT: return
// CHECK-LABEL: func.func private @grouped_linear_0
// CHECK: values [64, 1, 8] {{.*}} few <most = 64, tile = 64, tiles = 128>
// CHECK-NEXT: values [64, 2, 6] {{.*}} most 132{{$}}
// CHECK-LABEL: func.func private @grouped_linear_1
// CHECK: values [16, 1, 18] {{.*}} few <most = 16, tile = 16, tiles = 128>
// CHECK-NEXT: values [64, 1, 8] {{.*}} most 132{{$}}
// CHECK-NEXT: return
// CHECK-LABEL: func.func private @linear_3
// CHECK-NEXT: values [8, 1, 20, 0] {{.*}} most 132{{$}}
// CHECK-NEXT: return
// CHECK-LABEL: func.func private @linear_4
// CHECK-NEXT: values [64, 1, 12, 0] {{.*}} few <most = 24, tile = 1, tiles = 16>
// CHECK-NEXT: values [128, 2, 6, 0] {{.*}} most 132{{$}}
}

// -----

// Steps of at most eight tokens: one instance.
!x = tensor<?x256xbf16, #v4.rows<tokens>>
!w = tensor<128x256xbf16, #v4.tiles<bf16, rows>>

module attributes {v4.envelope = #v4.envelope<tokens = 8, sequences = 2, context = 4096, draft = 1>, v4.target = #kernel.target<"cuda:sm_90a", cpu = "sm_90a", features = [], vector_bits = 128, limits = <threads = 1024, shared_bytes = 232448, registers = 65536, processors = 132>>} {

// CHECK-LABEL: func.func @small_envelope
// CHECK: kernel.launch @linear_0 grid <rows = 1, tile = 8, tiles = 2>
func.func @small_envelope(%x: !x, %w: !w) -> tensor<?x128xbf16, #v4.rows<tokens>> {
  %a = v4.linear %x, %w : !x, !w -> tensor<?x128xbf16, #v4.rows<tokens>>
  return %a : tensor<?x128xbf16, #v4.rows<tokens>>
}
// CHECK-LABEL: func.func private @linear_0
// CHECK-NEXT: values [8, 1, 20, 0] {{.*}} most 132{{$}}
// CHECK-NEXT: return
}
