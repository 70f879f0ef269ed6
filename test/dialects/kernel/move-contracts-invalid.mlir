// One failing op per labelled constraint of KernelMoveContracts.td and KernelCacheContracts.td.
// RUN: v4-opt %s -split-input-file -verify-diagnostics

func.func @gather_rows_c1(%b: index, %e: index, %n: memref<?xi64>, %i: memref<?xi32>, %x: memref<?xbf16>, %f: memref<?xf32>, %p: memref<?xi8>, %q: memref<?xi8>) {
  // expected-error @below {{'kernel.gather_rows' op grid has tile = 2, expected 1}}
  kernel.gather_rows range %b %e grid <rows = 1, tile = 2, tiles = 1> step %n %i from %x out %x {width = 256, copies = 4} : memref<?xi64>, memref<?xi32>, memref<?xbf16>, memref<?xbf16>
  return
}

// -----

func.func @gather_rows_c2(%b: index, %e: index, %n: memref<?xi64>, %i: memref<?xi32>, %x: memref<?xbf16>, %f: memref<?xf32>, %p: memref<?xi8>, %q: memref<?xi8>) {
  // expected-error @below {{'kernel.gather_rows' op cuts 256 values into 3 parts, expected a divisor}}
  kernel.gather_rows range %b %e grid <rows = 1, tile = 1, tiles = 3> step %n %i from %x out %x {width = 256, copies = 4} : memref<?xi64>, memref<?xi32>, memref<?xbf16>, memref<?xbf16>
  return
}

// -----

func.func @gather_rows_c3(%b: index, %e: index, %n: memref<?xi64>, %i: memref<?xi32>, %x: memref<?xbf16>, %f: memref<?xf32>, %p: memref<?xi8>, %q: memref<?xi8>) {
  // expected-error @below {{'kernel.gather_rows' op copies = 0, expected at least 1}}
  kernel.gather_rows range %b %e grid <rows = 1, tile = 1, tiles = 1> step %n %i from %x out %x {width = 256, copies = 0} : memref<?xi64>, memref<?xi32>, memref<?xbf16>, memref<?xbf16>
  return
}

// -----

func.func @previous_rows_c1(%b: index, %e: index, %n: memref<?xi64>, %i: memref<?xi32>, %x: memref<?xbf16>, %f: memref<?xf32>, %p: memref<?xi8>, %q: memref<?xi8>) {
  // expected-error @below {{'kernel.previous_rows' op grid has tile = 2, expected 1}}
  kernel.previous_rows range %b %e grid <rows = 1, tile = 2, tiles = 1> step %n %i %i %i %n x %x pool %p out %x {width = 1024, ring_rows = 2} : memref<?xi64>, memref<?xi32>, memref<?xi32>, memref<?xi32>, memref<?xi64>, memref<?xbf16>, memref<?xi8>, memref<?xbf16>
  return
}

// -----

func.func @previous_rows_c2(%b: index, %e: index, %n: memref<?xi64>, %i: memref<?xi32>, %x: memref<?xbf16>, %f: memref<?xf32>, %p: memref<?xi8>, %q: memref<?xi8>) {
  // expected-error @below {{'kernel.previous_rows' op cuts 1024 values into 3 parts, expected a divisor}}
  kernel.previous_rows range %b %e grid <rows = 1, tile = 1, tiles = 3> step %n %i %i %i %n x %x pool %p out %x {width = 1024, ring_rows = 2} : memref<?xi64>, memref<?xi32>, memref<?xi32>, memref<?xi32>, memref<?xi64>, memref<?xbf16>, memref<?xi8>, memref<?xbf16>
  return
}

// -----

func.func @previous_rows_c3(%b: index, %e: index, %n: memref<?xi64>, %i: memref<?xi32>, %x: memref<?xbf16>, %f: memref<?xf32>, %p: memref<?xi8>, %q: memref<?xi8>) {
  // expected-error @below {{'kernel.previous_rows' op ring_rows = 0, expected at least 1}}
  kernel.previous_rows range %b %e grid <rows = 1, tile = 1, tiles = 2> step %n %i %i %i %n x %x pool %p out %x {width = 1024, ring_rows = 0} : memref<?xi64>, memref<?xi32>, memref<?xi32>, memref<?xi32>, memref<?xi64>, memref<?xbf16>, memref<?xi8>, memref<?xbf16>
  return
}

// -----

func.func @sum_rows_c1(%b: index, %e: index, %n: memref<?xi64>, %i: memref<?xi32>, %x: memref<?xbf16>, %f: memref<?xf32>, %p: memref<?xi8>, %q: memref<?xi8>) {
  // expected-error @below {{'kernel.sum_rows' op grid has tiles = 6, expected a multiple of inner = 4}}
  kernel.sum_rows range %b %e grid <rows = 1, tile = 1, tiles = 6> counts %n x %x y %x out %x {width = 1024, inner = 4, terms = 6} : memref<?xi64>, memref<?xbf16> y memref<?xbf16>, memref<?xbf16>
  return
}

// -----

func.func @sum_rows_c2(%b: index, %e: index, %n: memref<?xi64>, %i: memref<?xi32>, %x: memref<?xbf16>, %f: memref<?xf32>, %p: memref<?xi8>, %q: memref<?xi8>) {
  // expected-error @below {{'kernel.sum_rows' op terms = 0, expected at least 1}}
  kernel.sum_rows range %b %e grid <rows = 1, tile = 1, tiles = 4> counts %n x %x y %x out %x {width = 1024, inner = 4, terms = 0} : memref<?xi64>, memref<?xbf16> y memref<?xbf16>, memref<?xbf16>
  return
}

// -----

func.func @sum_rows_c3(%b: index, %e: index, %n: memref<?xi64>, %i: memref<?xi32>, %x: memref<?xbf16>, %f: memref<?xf32>, %p: memref<?xi8>, %q: memref<?xi8>) {
  // expected-error @below {{'kernel.sum_rows' op has neither y nor factor, expected one of them}}
  kernel.sum_rows range %b %e grid <rows = 1, tile = 1, tiles = 4> counts %n x %x out %x {width = 1024, inner = 4, terms = 6} : memref<?xi64>, memref<?xbf16>, memref<?xbf16>
  return
}

// -----

func.func @rope_table_c1(%b: index, %e: index, %n: memref<?xi64>, %i: memref<?xi32>, %x: memref<?xbf16>, %f: memref<?xf32>, %p: memref<?xi8>, %q: memref<?xi8>) {
  // expected-error @below {{'kernel.rope_table' op grid has tile = 1, tiles = 2, expected 1 and 1: a workgroup is one row}}
  kernel.rope_table range %b %e grid <rows = 3, tile = 1, tiles = 2> step %n %i out %f {freqs = dense<1.0> : tensor<2xf32>, stride = 4, offset = 0} : memref<?xi64>, memref<?xi32>, memref<?xf32>
  return
}

// -----

func.func @rope_table_c2(%b: index, %e: index, %n: memref<?xi64>, %i: memref<?xi32>, %x: memref<?xbf16>, %f: memref<?xf32>, %p: memref<?xi8>, %q: memref<?xi8>) {
  // expected-error @below {{'kernel.rope_table' op stride = 0, expected at least 1}}
  kernel.rope_table range %b %e grid <rows = 3, tile = 1, tiles = 1> step %n %i out %f {freqs = dense<1.0> : tensor<2xf32>, stride = 0, offset = 0} : memref<?xi64>, memref<?xi32>, memref<?xf32>
  return
}

// -----

func.func @route_c1(%b: index, %e: index, %n: memref<?xi64>, %i: memref<?xi32>, %x: memref<?xbf16>, %f: memref<?xf32>, %p: memref<?xi8>, %q: memref<?xi8>) {
  // expected-error @below {{'kernel.route' op grid has tile = 2, tiles = 1, expected 1 and 1: a workgroup is one row}}
  kernel.route range %b %e grid <rows = 1, tile = 2, tiles = 1> counts %n logits %f bias %f out %i %f {count = 16, active = 6, factor = 1.5 : f32} : memref<?xi64>, memref<?xf32> bias memref<?xf32>, memref<?xi32>, memref<?xf32>
  return
}

// -----

func.func @route_c2(%b: index, %e: index, %n: memref<?xi64>, %i: memref<?xi32>, %x: memref<?xbf16>, %f: memref<?xf32>, %p: memref<?xi8>, %q: memref<?xi8>) {
  // expected-error @below {{'kernel.route' op chooses 17 of 16 experts, expected 1 to 16 and no more than all}}
  kernel.route range %b %e grid <rows = 1, tile = 1, tiles = 1> counts %n logits %f bias %f out %i %f {count = 16, active = 17, factor = 1.5 : f32} : memref<?xi64>, memref<?xf32> bias memref<?xf32>, memref<?xi32>, memref<?xf32>
  return
}

// -----

func.func @route_c3(%b: index, %e: index, %n: memref<?xi64>, %i: memref<?xi32>, %x: memref<?xbf16>, %f: memref<?xf32>, %p: memref<?xi8>, %q: memref<?xi8>) {
  // expected-error @below {{'kernel.route' op expected a bias, or ids with a table}}
  kernel.route range %b %e grid <rows = 1, tile = 1, tiles = 1> counts %n logits %f out %i %f {count = 16, active = 6, factor = 1.5 : f32} : memref<?xi64>, memref<?xf32>, memref<?xi32>, memref<?xf32>
  return
}

// -----

func.func @dispatch_c1(%b: index, %e: index, %n: memref<?xi64>, %i: memref<?xi32>, %x: memref<?xbf16>, %f: memref<?xf32>, %p: memref<?xi8>, %q: memref<?xi8>) {
  // expected-error @below {{'kernel.dispatch' op grid has rows = 1, expected 0: one workgroup sees all assignments}}
  kernel.dispatch range %b %e grid <rows = 1, tile = 1, tiles = 1> counts %n of %i out %i %i %i {count = 16, active = 6} : memref<?xi64>, memref<?xi32>, memref<?xi32>, memref<?xi32>, memref<?xi32>
  return
}

// -----

func.func @dispatch_c2(%b: index, %e: index, %n: memref<?xi64>, %i: memref<?xi32>, %x: memref<?xbf16>, %f: memref<?xf32>, %p: memref<?xi8>, %q: memref<?xi8>) {
  // expected-error @below {{'kernel.dispatch' op count = 0, expected at least 1}}
  kernel.dispatch range %b %e grid <rows = 0, tile = 1, tiles = 1> counts %n of %i out %i %i %i {count = 0, active = 6} : memref<?xi64>, memref<?xi32>, memref<?xi32>, memref<?xi32>, memref<?xi32>
  return
}

// -----

func.func @append_rows_c1(%b: index, %e: index, %n: memref<?xi64>, %i: memref<?xi32>, %x: memref<?xbf16>, %f: memref<?xf32>, %p: memref<?xi8>, %q: memref<?xi8>) {
  // expected-error @below {{'kernel.append_rows' op grid has tile = 2, tiles = 1, expected 1 and 1: a workgroup is one row}}
  kernel.append_rows range %b %e grid <rows = 3, tile = 2, tiles = 1> step %n %i %i %n x %x pool %p {format = f8E4M3FN, width = 256, rope = 64, pool_rows = 32, row_bytes = 328, offset = 0} : memref<?xi64>, memref<?xi32>, memref<?xi32>, memref<?xi64>, memref<?xbf16>, memref<?xi8>
  return
}

// -----

func.func @append_rows_c2(%b: index, %e: index, %n: memref<?xi64>, %i: memref<?xi32>, %x: memref<?xbf16>, %f: memref<?xf32>, %p: memref<?xi8>, %q: memref<?xi8>) {
  // expected-error @below {{'kernel.append_rows' op stores 'bf16' as 'f32', expected f8E4M3FN or f4E2M1FN for bf16, or the type itself}}
  kernel.append_rows range %b %e grid <rows = 3, tile = 1, tiles = 1> step %n %i %i %n x %x pool %p {format = f32, width = 256, rope = 64, pool_rows = 32, row_bytes = 328, offset = 0} : memref<?xi64>, memref<?xi32>, memref<?xi32>, memref<?xi64>, memref<?xbf16>, memref<?xi8>
  return
}

// -----

func.func @append_rows_c3(%b: index, %e: index, %n: memref<?xi64>, %i: memref<?xi32>, %x: memref<?xbf16>, %f: memref<?xf32>, %p: memref<?xi8>, %q: memref<?xi8>) {
  // expected-error @below {{'kernel.append_rows' op values in front of the rotary ones = 176, expected a multiple of 64}}
  kernel.append_rows range %b %e grid <rows = 3, tile = 1, tiles = 1> step %n %i %i %n x %x pool %p {format = f8E4M3FN, width = 240, rope = 64, pool_rows = 32, row_bytes = 328, offset = 0} : memref<?xi64>, memref<?xi32>, memref<?xi32>, memref<?xi64>, memref<?xbf16>, memref<?xi8>
  return
}

// -----

func.func @append_rows_c4(%b: index, %e: index, %n: memref<?xi64>, %i: memref<?xi32>, %x: memref<?xbf16>, %f: memref<?xf32>, %p: memref<?xi8>, %q: memref<?xi8>) {
  // expected-error @below {{'kernel.append_rows' op has a second row of values beside 'bf16', expected f32}}
  kernel.append_rows range %b %e grid <rows = 3, tile = 1, tiles = 1> step %n %i %i %n x %x second %f pool %p {format = f8E4M3FN, width = 256, rope = 64, pool_rows = 32, row_bytes = 328, offset = 0} : memref<?xi64>, memref<?xi32>, memref<?xi32>, memref<?xi64>, memref<?xbf16> second memref<?xf32>, memref<?xi8>
  return
}

// -----

func.func @append_rows_c5(%b: index, %e: index, %n: memref<?xi64>, %i: memref<?xi32>, %x: memref<?xbf16>, %f: memref<?xf32>, %p: memref<?xi8>, %q: memref<?xi8>) {
  // expected-error @below {{'kernel.append_rows' op expected slot_rows and slot_starts, or neither and offset = 0}}
  kernel.append_rows range %b %e grid <rows = 3, tile = 1, tiles = 1> step %n %i %i %n x %x pool %p {format = f8E4M3FN, width = 256, rope = 64, pool_rows = 32, row_bytes = 328, offset = 3} : memref<?xi64>, memref<?xi32>, memref<?xi32>, memref<?xi64>, memref<?xbf16>, memref<?xi8>
  return
}

// -----

func.func @compress_append_c1(%b: index, %e: index, %n: memref<?xi64>, %i: memref<?xi32>, %x: memref<?xbf16>, %f: memref<?xf32>, %p: memref<?xi8>, %q: memref<?xi8>) {
  // expected-error @below {{'kernel.compress_append' op grid has tile = 2, tiles = 1, expected 1 and 1: a workgroup is one row}}
  kernel.compress_append range %b %e grid <rows = 3, tile = 2, tiles = 1> step %n %i %i %i %i %n %n of %f %f %f %p norm %x rope %f into %q {format = f8E4M3FN, ratio = 4, dim = 256, rotary = 64, rope = 64, ring_rows = 8, pool_rows = 32, row_bytes = 328, eps = 1.0e-06 : f32} : memref<?xi64>, memref<?xi32>, memref<?xi32>, memref<?xi32>, memref<?xi32>, memref<?xi64>, memref<?xi64>, memref<?xf32>, memref<?xf32>, memref<?xf32>, memref<?xi8>, memref<?xbf16>, memref<?xf32>, memref<?xi8>
  return
}

// -----

func.func @compress_append_c2(%b: index, %e: index, %n: memref<?xi64>, %i: memref<?xi32>, %x: memref<?xbf16>, %f: memref<?xf32>, %p: memref<?xi8>, %q: memref<?xi8>) {
  // expected-error @below {{'kernel.compress_append' op ratio = 8, expected 4 or 128}}
  kernel.compress_append range %b %e grid <rows = 3, tile = 1, tiles = 1> step %n %i %i %i %i %n %n of %f %f %f %p norm %x rope %f into %q {format = f8E4M3FN, ratio = 8, dim = 256, rotary = 64, rope = 64, ring_rows = 8, pool_rows = 32, row_bytes = 328, eps = 1.0e-06 : f32} : memref<?xi64>, memref<?xi32>, memref<?xi32>, memref<?xi32>, memref<?xi32>, memref<?xi64>, memref<?xi64>, memref<?xf32>, memref<?xf32>, memref<?xf32>, memref<?xi8>, memref<?xbf16>, memref<?xf32>, memref<?xi8>
  return
}

// -----

func.func @compress_append_c3(%b: index, %e: index, %n: memref<?xi64>, %i: memref<?xi32>, %x: memref<?xbf16>, %f: memref<?xf32>, %p: memref<?xi8>, %q: memref<?xi8>) {
  // expected-error @below {{'kernel.compress_append' op dim = 200, expected a multiple of 16}}
  kernel.compress_append range %b %e grid <rows = 3, tile = 1, tiles = 1> step %n %i %i %i %i %n %n of %f %f %f %p norm %x rope %f into %q {format = f8E4M3FN, ratio = 4, dim = 200, rotary = 64, rope = 64, ring_rows = 8, pool_rows = 32, row_bytes = 328, eps = 1.0e-06 : f32} : memref<?xi64>, memref<?xi32>, memref<?xi32>, memref<?xi32>, memref<?xi32>, memref<?xi64>, memref<?xi64>, memref<?xf32>, memref<?xf32>, memref<?xf32>, memref<?xi8>, memref<?xbf16>, memref<?xf32>, memref<?xi8>
  return
}

// -----

func.func @compress_append_c4(%b: index, %e: index, %n: memref<?xi64>, %i: memref<?xi32>, %x: memref<?xbf16>, %f: memref<?xf32>, %p: memref<?xi8>, %q: memref<?xi8>) {
  // expected-error @below {{'kernel.compress_append' op transforms 192 values, expected a power of two up to 512}}
  kernel.compress_append range %b %e grid <rows = 3, tile = 1, tiles = 1> step %n %i %i %i %i %n %n of %f %f %f %p norm %x rope %f into %q {format = f8E4M3FN, ratio = 4, dim = 192, rotary = 64, rope = 64, ring_rows = 8, pool_rows = 32, row_bytes = 328, eps = 1.0e-06 : f32, hadamard} : memref<?xi64>, memref<?xi32>, memref<?xi32>, memref<?xi32>, memref<?xi32>, memref<?xi64>, memref<?xi64>, memref<?xf32>, memref<?xf32>, memref<?xf32>, memref<?xi8>, memref<?xbf16>, memref<?xf32>, memref<?xi8>
  return
}

// -----

func.func @compress_append_c5(%b: index, %e: index, %n: memref<?xi64>, %i: memref<?xi32>, %x: memref<?xbf16>, %f: memref<?xf32>, %p: memref<?xi8>, %q: memref<?xi8>) {
  // expected-error @below {{'kernel.compress_append' op stores rows as 'bf16', expected f8E4M3FN or f4E2M1FN}}
  kernel.compress_append range %b %e grid <rows = 3, tile = 1, tiles = 1> step %n %i %i %i %i %n %n of %f %f %f %p norm %x rope %f into %q {format = bf16, ratio = 4, dim = 256, rotary = 64, rope = 64, ring_rows = 8, pool_rows = 32, row_bytes = 328, eps = 1.0e-06 : f32} : memref<?xi64>, memref<?xi32>, memref<?xi32>, memref<?xi32>, memref<?xi32>, memref<?xi64>, memref<?xi64>, memref<?xf32>, memref<?xf32>, memref<?xf32>, memref<?xi8>, memref<?xbf16>, memref<?xf32>, memref<?xi8>
  return
}
