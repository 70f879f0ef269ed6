// RUN: v4-opt %s | v4-opt | FileCheck %s

// CHECK-LABEL: func.func @linear
// CHECK-NEXT: kernel.run_template "bf16Linear" values [64, 1, 8, 1] arguments [#kernel.argument<map, binding = 0, value = 2, map = <bf16, columns = 256, box = 64 : 64, swizzle = 128>>, #kernel.argument<address, binding = 1, value = 0>, #kernel.argument<rows, binding = -1, value = 2>, #kernel.argument<word, binding = -1, value = 4294967295>] most 132
func.func @linear(%begin: index, %end: index, %x: memref<?xbf16>, %y: memref<?xf32>) attributes {kernel.entry} {
  kernel.run_template "bf16Linear" values [64, 1, 8, 1] arguments [#kernel.argument<map, binding = 0, value = 2, map = <bf16, columns = 256, box = 64 : 64, swizzle = 128>>, #kernel.argument<address, binding = 1, value = 0>, #kernel.argument<rows, binding = -1, value = 2>, #kernel.argument<word, binding = -1, value = 4294967295>] most 132
  return
}

// A map of words as they are.
// CHECK: kernel.value = #kernel.map<f32, columns = 4, box = 1 : 64, swizzle = 0>
func.func private @map() attributes {kernel.value = #kernel.map<f32, columns = 4, box = 1 : 64, swizzle = 0>}
