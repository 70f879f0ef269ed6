// One case per constraint of KernelTemplateOps.td; a function has the name of the label.
// RUN: v4-opt %s -split-input-file -verify-diagnostics

// expected-error @below {{map has elements of 'f16', expected bf16, f32 or f8E4M3FN}}
func.func private @map_c1() attributes {kernel.value = #kernel.map<f16, columns = 64, box = 64 : 64, swizzle = 128>}

// -----

// expected-error @below {{map has 0 columns of 'bf16', expected 1 to 2147483647 in a multiple of 16 bytes}}
func.func private @map_c2() attributes {kernel.value = #kernel.map<bf16, columns = 0, box = 64 : 64, swizzle = 128>}

// -----

// expected-error @below {{map has 100 columns of 'bf16', expected 1 to 2147483647 in a multiple of 16 bytes}}
func.func private @map_c2() attributes {kernel.value = #kernel.map<bf16, columns = 100, box = 64 : 64, swizzle = 128>}

// -----

// expected-error @below {{map has a box of 257 : 64, expected 1 to 256 each, and rows of a multiple of 16 bytes}}
func.func private @map_c3() attributes {kernel.value = #kernel.map<bf16, columns = 64, box = 257 : 64, swizzle = 128>}

// -----

// expected-error @below {{map has a box of 8 : 4, expected 1 to 256 each, and rows of a multiple of 16 bytes}}
func.func private @map_c3() attributes {kernel.value = #kernel.map<bf16, columns = 64, box = 8 : 4, swizzle = 0>}

// -----

// expected-error @below {{map has swizzle 64 and a box of rows of 128 bytes, expected 0, or 128 for as many bytes}}
func.func private @map_c4() attributes {kernel.value = #kernel.map<bf16, columns = 64, box = 8 : 64, swizzle = 64>}

// -----

// expected-error @below {{map has swizzle 128 and a box of rows of 64 bytes, expected 0, or 128 for as many bytes}}
func.func private @map_c4() attributes {kernel.value = #kernel.map<bf16, columns = 64, box = 8 : 32, swizzle = 128>}

// -----

// expected-error @below {{address argument has binding -1, expected at least 0}}
func.func private @argument_c1() attributes {kernel.value = #kernel.argument<address, binding = -1, value = 0>}

// -----

// expected-error @below {{word argument has binding 0, expected -1, none}}
func.func private @argument_c1() attributes {kernel.value = #kernel.argument<word, binding = 0, value = 1>}

// -----

// expected-error @below {{rows argument has value 0, expected 1 to 1024}}
func.func private @argument_c2() attributes {kernel.value = #kernel.argument<rows, binding = -1, value = 0>}

// -----

// expected-error @below {{rows argument has value 1025, expected 1 to 1024}}
func.func private @argument_c2() attributes {kernel.value = #kernel.argument<rows, binding = -1, value = 1025>}

// -----

// expected-error @below {{word argument has value 4294967296, expected 0 to 4294967295}}
func.func private @argument_c2() attributes {kernel.value = #kernel.argument<word, binding = -1, value = 4294967296>}

// -----

// expected-error @below {{address argument has value 1, expected 0 to 0}}
func.func private @argument_c2() attributes {kernel.value = #kernel.argument<address, binding = 0, value = 1>}

// -----

// expected-error @below {{map argument has no #kernel.map, expected one of a map alone}}
func.func private @argument_c3() attributes {kernel.value = #kernel.argument<map, binding = 0, value = 1>}

// -----

// expected-error @below {{rows argument has a #kernel.map, expected one of a map alone}}
func.func private @argument_c3() attributes {kernel.value = #kernel.argument<rows, binding = -1, value = 1, map = <bf16, columns = 64, box = 8 : 64, swizzle = 128>>}

// -----

func.func @run_template_c1(%begin: index, %end: index, %x: memref<?xbf16>) attributes {kernel.entry} {
  // expected-error @below {{'kernel.run_template' op argument 0 is 1 : i64, expected a #kernel.argument}}
  kernel.run_template "t" values [] arguments [1 : i64] most 0
  return
}

// -----

func.func @run_template_c2(%begin: index, %end: index, %x: memref<?xbf16>) attributes {kernel.entry} {
  // expected-error @below {{'kernel.run_template' op argument 0 has binding 1, expected one of the 1 of its kernel}}
  kernel.run_template "t" values [] arguments [#kernel.argument<address, binding = 1, value = 0>] most 0
  return
}

// -----

func.func @run_template_c3(%begin: index, %end: index, %x: memref<?xbf16>) attributes {kernel.entry} {
  // expected-error @below {{'kernel.run_template' op has the template argument -1, expected 0 to 1048576}}
  kernel.run_template "t" values [-1] arguments [] most 0
  return
}

// -----

func.func @run_template_c3(%begin: index, %end: index, %x: memref<?xbf16>) attributes {kernel.entry} {
  // expected-error @below {{'kernel.run_template' op has at most -1 blocks, expected at least 0}}
  kernel.run_template "t" values [] arguments [] most -1
  return
}

// -----

func.func @run_template_c4(%begin: index, %end: index, %x: memref<?xbf16>) attributes {kernel.entry} {
  // expected-error @below {{'kernel.run_template' op is for all rows and has an instance behind it, expected none}}
  kernel.run_template "t" values [] arguments [] most 0
  kernel.run_template "t" values [] arguments [] most 0
  return
}

// -----

func.func @run_template_c4(%begin: index, %end: index, %x: memref<?xbf16>) attributes {kernel.entry} {
  // expected-error @below {{'kernel.run_template' op is for few rows and has no instance of 't' behind it, expected one for more}}
  kernel.run_template "t" values [] arguments [] most 0 few <most = 8, tile = 8, tiles = 1>
  return
}

// -----

func.func @run_template_c4(%begin: index, %end: index, %x: memref<?xbf16>) attributes {kernel.entry} {
  // expected-error @below {{'kernel.run_template' op is for few rows and has no instance of 't' behind it, expected one for more}}
  kernel.run_template "t" values [] arguments [] most 0 few <most = 8, tile = 8, tiles = 1>
  kernel.run_template "u" values [] arguments [] most 0
  return
}

// -----

func.func @run_template_c4(%begin: index, %end: index, %x: memref<?xbf16>) attributes {kernel.entry} {
  kernel.run_template "t" values [] arguments [] most 0 few <most = 8, tile = 8, tiles = 1>
  // expected-error @below {{'kernel.run_template' op is for at most 8 rows, expected more than the 8 of the instance in front of it}}
  kernel.run_template "t" values [] arguments [] most 0 few <most = 8, tile = 4, tiles = 1>
  kernel.run_template "t" values [] arguments [] most 0
  return
}

// -----

// expected-error @below {{few_rows has most = 0, tile = 8 and tiles = 1, expected at least 1, and most at most 2147483647}}
func.func private @few_rows_c1() attributes {kernel.value = #kernel.few_rows<most = 0, tile = 8, tiles = 1>}

// -----

// expected-error @below {{few_rows has most = 2147483648, tile = 8 and tiles = 1, expected at least 1, and most at most 2147483647}}
func.func private @few_rows_c1() attributes {kernel.value = #kernel.few_rows<most = 2147483648, tile = 8, tiles = 1>}

// -----

// expected-error @below {{few_rows has most = 8, tile = 0 and tiles = 1, expected at least 1, and most at most 2147483647}}
func.func private @few_rows_c1() attributes {kernel.value = #kernel.few_rows<most = 8, tile = 0, tiles = 1>}

// -----

// expected-error @below {{few_rows has most = 8, tile = 8 and tiles = 0, expected at least 1, and most at most 2147483647}}
func.func private @few_rows_c1() attributes {kernel.value = #kernel.few_rows<most = 8, tile = 8, tiles = 0>}
