// One case per constraint of KernelAttentionContracts.td; a function has the name of the label.
// RUN: v4-opt %s -split-input-file -verify-diagnostics

func.func @attend_c1(%b: index, %e: index, %c: memref<?xi64>, %i: memref<?xi32>, %q: memref<?xbf16>, %p: memref<?xi8>) {
  // expected-error @below {{'kernel.attend' op heads have 200 values with 64 rotary ones, expected at most 512}}
  kernel.attend range %b %e grid <rows = 1, tile = 4, tiles = 1> step %c %i %i %i %i %c q %q kv %q ring %p out %q {heads = 8, dim = 200, rope = 64, row_bytes = 328, window = 128, offset = 0, ring_rows = 129, ratio = 0, top_k = 0} : memref<?xi64>, memref<?xi32>, memref<?xi32>, memref<?xi32>, memref<?xi32>, memref<?xi64>, memref<?xbf16>, memref<?xbf16>, memref<?xi8>, memref<?xbf16>
  return
}

// -----

func.func @attend_c2(%b: index, %e: index, %c: memref<?xi64>, %i: memref<?xi32>, %q: memref<?xbf16>, %p: memref<?xi8>) {
  // expected-error @below {{'kernel.attend' op ratio = 4 without rows and without pages, expected rows and pages exactly when ratio is not 0}}
  kernel.attend range %b %e grid <rows = 1, tile = 4, tiles = 1> step %c %i %i %i %i %c q %q kv %q ring %p out %q {heads = 8, dim = 256, rope = 64, row_bytes = 328, window = 128, offset = 0, ring_rows = 129, ratio = 4, top_k = 0} : memref<?xi64>, memref<?xi32>, memref<?xi32>, memref<?xi32>, memref<?xi32>, memref<?xi64>, memref<?xbf16>, memref<?xbf16>, memref<?xi8>, memref<?xbf16>
  return
}

// -----

func.func @attend_c3(%b: index, %e: index, %c: memref<?xi64>, %i: memref<?xi32>, %q: memref<?xbf16>, %p: memref<?xi8>) {
  // expected-error @below {{'kernel.attend' op top_k = 64 without selected, expected selected exactly when top_k is not 0}}
  kernel.attend range %b %e grid <rows = 1, tile = 4, tiles = 1> step %c %i %i %i %i %c q %q kv %q ring %p out %q {heads = 8, dim = 256, rope = 64, row_bytes = 328, window = 128, offset = 0, ring_rows = 129, ratio = 0, top_k = 64} : memref<?xi64>, memref<?xi32>, memref<?xi32>, memref<?xi32>, memref<?xi32>, memref<?xi64>, memref<?xbf16>, memref<?xbf16>, memref<?xi8>, memref<?xbf16>
  return
}

// -----

func.func @attend_c4(%b: index, %e: index, %c: memref<?xi64>, %i: memref<?xi32>, %q: memref<?xbf16>, %p: memref<?xi8>) {
  // expected-error @below {{'kernel.attend' op grid has tile = 4 and tiles = 2 for 8 heads, expected at most 4 tokens and 1 tiles, one per 8 heads}}
  kernel.attend range %b %e grid <rows = 1, tile = 4, tiles = 2> step %c %i %i %i %i %c q %q kv %q ring %p out %q {heads = 8, dim = 256, rope = 64, row_bytes = 328, window = 128, offset = 0, ring_rows = 129, ratio = 0, top_k = 0} : memref<?xi64>, memref<?xi32>, memref<?xi32>, memref<?xi32>, memref<?xi32>, memref<?xi64>, memref<?xbf16>, memref<?xbf16>, memref<?xi8>, memref<?xbf16>
  return
}
