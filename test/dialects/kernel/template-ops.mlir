// RUN: v4-opt %s | v4-opt | FileCheck %s

// CHECK-LABEL: func.func @linear
// CHECK-NEXT: kernel.run_template "bf16Linear" values [64, 1, 8, 1] arguments [#kernel.argument<map, binding = 0, value = 2, map = <bf16, columns = 256, box = 64 : 64, swizzle = 128>>, #kernel.argument<address, binding = 1, value = 0>, #kernel.argument<rows, binding = -1, value = 2>, #kernel.argument<word, binding = -1, value = 4294967295>] most 132
func.func @linear(%begin: index, %end: index, %x: memref<?xbf16>, %y: memref<?xf32>) attributes {kernel.entry} {
  kernel.run_template "bf16Linear" values [64, 1, 8, 1] arguments [#kernel.argument<map, binding = 0, value = 2, map = <bf16, columns = 256, box = 64 : 64, swizzle = 128>>, #kernel.argument<address, binding = 1, value = 0>, #kernel.argument<rows, binding = -1, value = 2>, #kernel.argument<word, binding = -1, value = 4294967295>] most 132
  return
}

// Instances for few rows, then the one for all others.
// CHECK-LABEL: func.func @cuts
// CHECK-NEXT: kernel.run_template "t" values [8] arguments [] most 0 few <most = 8, tile = 8, tiles = 4>
// CHECK-NEXT: kernel.run_template "t" values [16] arguments [] most 132 few <most = 16, tile = 16, tiles = 4> {a}
// CHECK-NEXT: kernel.run_template "t" values [64] arguments [] most 132
// CHECK-NEXT: return
func.func @cuts(%begin: index, %end: index, %x: memref<?xbf16>) attributes {kernel.entry} {
  kernel.run_template "t" values [8] arguments [] most 0 few <most = 8, tile = 8, tiles = 4>
  kernel.run_template "t" values [16] arguments [] most 132 few <most = 16, tile = 16, tiles = 4> {a}
  kernel.run_template "t" values [64] arguments [] most 132
  return
}

// A map of words as they are.
// CHECK: kernel.value = #kernel.map<f32, columns = 4, box = 1 : 64, swizzle = 0>
func.func private @map() attributes {kernel.value = #kernel.map<f32, columns = 4, box = 1 : 64, swizzle = 0>}
