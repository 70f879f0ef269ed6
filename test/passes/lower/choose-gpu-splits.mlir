// Products whose sums have several blocks: which, and how many. Bits follow from the weight's shape alone.
// RUN: v4-opt %s --v4-choose-gpu-kernels -split-input-file | FileCheck %s

module attributes {v4.envelope = #v4.envelope<tokens = 512, sequences = 2, context = 4096, draft = 1>, v4.target = #kernel.target<"cuda:sm_90a", cpu = "sm_90a", features = [], vector_bits = 128, limits = <threads = 1024, shared_bytes = 232448, registers = 65536, processors = 132>>} {

// 16 row tiles: eight parts of four blocks of K.
// CHECK-LABEL: func.func @rows1024
// CHECK: kernel.launch @linear_0 grid <rows = 1, tile = 64, tiles = 128>
func.func @rows1024(%x: tensor<?x4096xbf16, #v4.rows<tokens>>, %w: tensor<1024x4096xf8E4M3FN, #v4.tiles<f8E4M3FN, rows>>, %s: tensor<8x32xf8E8M0FNU>) -> tensor<?x1024xbf16, #v4.rows<tokens>> {
  %a = v4.linear %x, %w scales %s : tensor<?x4096xbf16, #v4.rows<tokens>>, tensor<1024x4096xf8E4M3FN, #v4.tiles<f8E4M3FN, rows>>, tensor<8x32xf8E8M0FNU> -> tensor<?x1024xbf16, #v4.rows<tokens>>
  return %a : tensor<?x1024xbf16, #v4.rows<tokens>>
}

// 32 row tiles: four parts.
// CHECK-LABEL: func.func @rows2048
// CHECK: kernel.launch @linear_1 grid <rows = 1, tile = 64, tiles = 128>
func.func @rows2048(%x: tensor<?x4096xbf16, #v4.rows<tokens>>, %w: tensor<2048x4096xf8E4M3FN, #v4.tiles<f8E4M3FN, rows>>, %s: tensor<16x32xf8E8M0FNU>) -> tensor<?x2048xbf16, #v4.rows<tokens>> {
  %a = v4.linear %x, %w scales %s : tensor<?x4096xbf16, #v4.rows<tokens>>, tensor<2048x4096xf8E4M3FN, #v4.tiles<f8E4M3FN, rows>>, tensor<16x32xf8E8M0FNU> -> tensor<?x2048xbf16, #v4.rows<tokens>>
  return %a : tensor<?x2048xbf16, #v4.rows<tokens>>
}

// Near miss: 64 row tiles are as many blocks.
// CHECK-LABEL: func.func @rows4096
// CHECK: kernel.launch @linear_2 grid <rows = 1, tile = 128, tiles = 32>
func.func @rows4096(%x: tensor<?x4096xbf16, #v4.rows<tokens>>, %w: tensor<4096x4096xf8E4M3FN, #v4.tiles<f8E4M3FN, rows>>, %s: tensor<32x32xf8E8M0FNU>) -> tensor<?x4096xbf16, #v4.rows<tokens>> {
  %a = v4.linear %x, %w scales %s : tensor<?x4096xbf16, #v4.rows<tokens>>, tensor<4096x4096xf8E4M3FN, #v4.tiles<f8E4M3FN, rows>>, tensor<32x32xf8E8M0FNU> -> tensor<?x4096xbf16, #v4.rows<tokens>>
  return %a : tensor<?x4096xbf16, #v4.rows<tokens>>
}

// At most eight parts: until 192 rows, tiles of 16 tokens fill more of the device than those of 64.
// CHECK-LABEL: func.func @rows256
// CHECK: kernel.launch @linear_3 grid <rows = 1, tile = 64, tiles = 32>
func.func @rows256(%x: tensor<?x4096xbf16, #v4.rows<tokens>>, %w: tensor<256x4096xbf16, #v4.tiles<bf16, rows>>) -> tensor<?x256xf32, #v4.rows<tokens>> {
  %a = v4.linear %x, %w : tensor<?x4096xbf16, #v4.rows<tokens>>, tensor<256x4096xbf16, #v4.tiles<bf16, rows>> -> tensor<?x256xf32, #v4.rows<tokens>>
  return %a : tensor<?x256xf32, #v4.rows<tokens>>
}

// 20 tiles in each row: four parts of five.
// CHECK-LABEL: func.func @columns1280
// CHECK: kernel.launch @linear_4 grid <rows = 1, tile = 64, tiles = 32>
func.func @columns1280(%x: tensor<?x1280xbf16, #v4.rows<tokens>>, %w: tensor<512x1280xbf16, #v4.tiles<bf16, rows>>) -> tensor<?x512xbf16, #v4.rows<tokens>> {
  %a = v4.linear %x, %w : tensor<?x1280xbf16, #v4.rows<tokens>>, tensor<512x1280xbf16, #v4.tiles<bf16, rows>> -> tensor<?x512xbf16, #v4.rows<tokens>>
  return %a : tensor<?x512xbf16, #v4.rows<tokens>>
}

// Near miss: nine tiles in each row have no halves.
// CHECK-LABEL: func.func @odd_columns
// CHECK: kernel.launch @linear_5 grid <rows = 1, tile = 64, tiles = 8>
func.func @odd_columns(%x: tensor<?x1152xbf16, #v4.rows<tokens>>, %w: tensor<512x1152xf8E4M3FN, #v4.tiles<f8E4M3FN, rows>>, %s: tensor<4x9xf8E8M0FNU>) -> tensor<?x512xbf16, #v4.rows<tokens>> {
  %a = v4.linear %x, %w scales %s : tensor<?x1152xbf16, #v4.rows<tokens>>, tensor<512x1152xf8E4M3FN, #v4.tiles<f8E4M3FN, rows>>, tensor<4x9xf8E8M0FNU> -> tensor<?x512xbf16, #v4.rows<tokens>>
  return %a : tensor<?x512xbf16, #v4.rows<tokens>>
}

// Near miss: half of six tiles is less than a part has.
// CHECK-LABEL: func.func @few_columns
// CHECK: kernel.launch @linear_6 grid <rows = 1, tile = 64, tiles = 8>
func.func @few_columns(%x: tensor<?x768xbf16, #v4.rows<tokens>>, %w: tensor<512x768xf8E4M3FN, #v4.tiles<f8E4M3FN, rows>>, %s: tensor<4x6xf8E8M0FNU>) -> tensor<?x512xbf16, #v4.rows<tokens>> {
  %a = v4.linear %x, %w scales %s : tensor<?x768xbf16, #v4.rows<tokens>>, tensor<512x768xf8E4M3FN, #v4.tiles<f8E4M3FN, rows>>, tensor<4x6xf8E8M0FNU> -> tensor<?x512xbf16, #v4.rows<tokens>>
  return %a : tensor<?x512xbf16, #v4.rows<tokens>>
}

// Two rows of x for each row of the launch, of which a tile has half as many.
// CHECK-LABEL: func.func @inner_rows
// CHECK: kernel.launch @linear_7 grid <rows = 1, tile = 32, tiles = 128>
func.func @inner_rows(%x: tensor<?x2x4096xbf16, #v4.rows<tokens>>, %w: tensor<1024x4096xf8E4M3FN, #v4.tiles<f8E4M3FN, rows>>, %s: tensor<8x32xf8E8M0FNU>) -> tensor<?x2x1024xbf16, #v4.rows<tokens>> {
  %a = v4.linear %x, %w scales %s : tensor<?x2x4096xbf16, #v4.rows<tokens>>, tensor<1024x4096xf8E4M3FN, #v4.tiles<f8E4M3FN, rows>>, tensor<8x32xf8E8M0FNU> -> tensor<?x2x1024xbf16, #v4.rows<tokens>>
  return %a : tensor<?x2x1024xbf16, #v4.rows<tokens>>
}

// More inner rows than a tile of 16 has: the larger one is for all launches.
// CHECK-LABEL: func.func @many_inner_rows
// CHECK: kernel.launch @linear_8 grid <rows = 1, tile = 2, tiles = 128>
func.func @many_inner_rows(%x: tensor<?x24x4096xbf16, #v4.rows<tokens>>, %w: tensor<1024x4096xf8E4M3FN, #v4.tiles<f8E4M3FN, rows>>, %s: tensor<8x32xf8E8M0FNU>) -> tensor<?x24x1024xbf16, #v4.rows<tokens>> {
  %a = v4.linear %x, %w scales %s : tensor<?x24x4096xbf16, #v4.rows<tokens>>, tensor<1024x4096xf8E4M3FN, #v4.tiles<f8E4M3FN, rows>>, tensor<8x32xf8E8M0FNU> -> tensor<?x24x1024xbf16, #v4.rows<tokens>>
  return %a : tensor<?x24x1024xbf16, #v4.rows<tokens>>
}

// Groups of rows with columns of their own: 16 tiles in each row of a group, so four parts.
// CHECK-LABEL: func.func @grouped
// CHECK: kernel.launch @grouped_linear_0 grid <rows = 1, tile = 64, tiles = 16>
func.func @grouped(%x: tensor<?x4x512xbf16, #v4.rows<tokens>>, %w: tensor<256x1024xbf16, #v4.tiles<bf16, rows>>) -> tensor<?x256xbf16, #v4.rows<tokens>> {
  %a = v4.grouped_linear %x, %w groups 2 : tensor<?x4x512xbf16, #v4.rows<tokens>>, tensor<256x1024xbf16, #v4.tiles<bf16, rows>> -> tensor<?x256xbf16, #v4.rows<tokens>>
  return %a : tensor<?x256xbf16, #v4.rows<tokens>>
}

// Near miss: no kernel widens a weight in parts.
// CHECK-LABEL: func.func @grouped_scales
// CHECK: kernel.launch @grouped_linear_1 grid <rows = 1, tile = 64, tiles = 4>
func.func @grouped_scales(%x: tensor<?x4x512xbf16, #v4.rows<tokens>>, %w: tensor<256x1024xf8E4M3FN, #v4.tiles<f8E4M3FN, wide>>, %s: tensor<2x8xf8E8M0FNU>) -> tensor<?x256xbf16, #v4.rows<tokens>> {
  %a = v4.grouped_linear %x, %w scales %s groups 2 : tensor<?x4x512xbf16, #v4.rows<tokens>>, tensor<256x1024xf8E4M3FN, #v4.tiles<f8E4M3FN, wide>>, tensor<2x8xf8E8M0FNU> -> tensor<?x256xbf16, #v4.rows<tokens>>
  return %a : tensor<?x256xbf16, #v4.rows<tokens>>
}

// CHECK-LABEL: func.func private @linear_0
// CHECK-NEXT: "splitFp8Linear" values [16, 1, 9, 8] {{.*}} most 0 few <most = 16, tile = 16, tiles = 128>
// CHECK-NEXT: "splitFp8Linear" values [64, 1, 5, 8] {{.*}} most 0{{$}}
// CHECK-NEXT: return
// CHECK-LABEL: func.func private @linear_1
// CHECK-NEXT: "splitFp8Linear" values [16, 1, 9, 4] {{.*}} most 0 few <most = 16, tile = 16, tiles = 128>
// CHECK-LABEL: func.func private @linear_2
// CHECK-NEXT: "fp8Linear" values [8, 1, 20]
// CHECK-LABEL: func.func private @linear_3
// CHECK-NEXT: "splitBf16Linear" values [16, 1, 9, 1, 8] {{.*}} most 0 few <most = 192, tile = 16, tiles = 32>
// CHECK-NEXT: "splitBf16Linear" values [64, 1, 5, 1, 8] {{.*}} most 0{{$}}
// CHECK-NEXT: return
// CHECK-LABEL: func.func private @linear_4
// CHECK-NEXT: "splitBf16Linear" values [16, 1, 9, 0, 4]
// CHECK-LABEL: func.func private @linear_5
// CHECK-NEXT: "fp8Linear" values [8, 1, 20]
// CHECK-LABEL: func.func private @linear_6
// CHECK-NEXT: "fp8Linear" values [8, 1, 20]
// CHECK-LABEL: func.func private @linear_7
// CHECK-NEXT: "splitFp8Linear" values [16, 1, 9, 8] {{.*}}<rows, binding = -1, value = 2>{{.*}} most 0 few <most = 8, tile = 8, tiles = 128>
// CHECK-NEXT: "splitFp8Linear" values [64, 1, 5, 8] {{.*}} most 0{{$}}
// CHECK-NEXT: return
// CHECK-LABEL: func.func private @linear_8
// CHECK-NEXT: "splitFp8Linear" values [64, 1, 5, 8] {{.*}}<rows, binding = -1, value = 24>{{.*}} most 0{{$}}
// CHECK-NEXT: return
// CHECK-LABEL: func.func private @grouped_linear_0
// CHECK-NEXT: "splitBf16Linear" values [16, 1, 9, 0, 4] {{.*}}<bf16, columns = 2048, box = 16 : 64, {{.*}}<word, binding = -1, value = 128>] most 0 few <most = 384, tile = 16, tiles = 16>
// CHECK-NEXT: "splitBf16Linear" values [64, 1, 5, 0, 4] {{.*}} most 0{{$}}
// CHECK-NEXT: return
// CHECK-LABEL: func.func private @grouped_linear_1
// CHECK-NEXT: "wideLinear" values [8, 1, 20]
}

// -----

// Another device, and steps of one row: other cuts, the same parts.
module attributes {v4.envelope = #v4.envelope<tokens = 512, sequences = 2, context = 4096, draft = 1>, v4.target = #kernel.target<"cuda:sm_90a", cpu = "sm_90a", features = [], vector_bits = 128, limits = <threads = 1024, shared_bytes = 232448, registers = 65536, processors = 2>>} {
// CHECK-LABEL: func.func @two_processors
// CHECK: kernel.launch @linear_0 grid <rows = 1, tile = 64, tiles = 128>
func.func @two_processors(%x: tensor<?x4096xbf16, #v4.rows<tokens>>, %w: tensor<1024x4096xf8E4M3FN, #v4.tiles<f8E4M3FN, rows>>, %s: tensor<8x32xf8E8M0FNU>) -> tensor<?x1024xbf16, #v4.rows<tokens>> {
  %a = v4.linear %x, %w scales %s : tensor<?x4096xbf16, #v4.rows<tokens>>, tensor<1024x4096xf8E4M3FN, #v4.tiles<f8E4M3FN, rows>>, tensor<8x32xf8E8M0FNU> -> tensor<?x1024xbf16, #v4.rows<tokens>>
  return %a : tensor<?x1024xbf16, #v4.rows<tokens>>
}
// CHECK-LABEL: func.func @one_row
// CHECK: kernel.launch @linear_1 grid <rows = 0, tile = 16, tiles = 128>
func.func @one_row(%x: tensor<?x4096xbf16, #v4.rows<one>>, %w: tensor<1024x4096xf8E4M3FN, #v4.tiles<f8E4M3FN, rows>>, %s: tensor<8x32xf8E8M0FNU>) -> tensor<?x1024xbf16, #v4.rows<one>> {
  %a = v4.linear %x, %w scales %s : tensor<?x4096xbf16, #v4.rows<one>>, tensor<1024x4096xf8E4M3FN, #v4.tiles<f8E4M3FN, rows>>, tensor<8x32xf8E8M0FNU> -> tensor<?x1024xbf16, #v4.rows<one>>
  return %a : tensor<?x1024xbf16, #v4.rows<one>>
}

// CHECK-LABEL: func.func private @linear_0
// CHECK-NEXT: "splitFp8Linear" values [16, 1, 9, 8]
// CHECK-NEXT: "splitFp8Linear" values [64, 1, 5, 8] {{.*}} most 0{{$}}
// CHECK-LABEL: func.func private @linear_1
// CHECK-NEXT: "splitFp8Linear" values [16, 1, 9, 8] {{.*}} most 0{{$}}
}
