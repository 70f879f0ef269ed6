// One case per constraint of KernelAttentionContracts.td; a function has the name of the label.
// RUN: v4-opt %s -split-input-file -verify-diagnostics

func.func @attend_c1(%begin: index, %end: index, %counts: memref<?xi64>, %positions: memref<?xi32>, %slots: memref<?xi32>, %slot_rows: memref<?xi32>, %starts: memref<?xi32>, %states: memref<?xi64>,
                 %pages: memref<?xi64>, %q: memref<?xbf16>, %kv: memref<?xbf16>, %ring: memref<?xi8>, %rows: memref<?xi8>, %sink: memref<?xf32>, %selected: memref<?xi32>, %table: memref<?xf32>, %out: memref<?xbf16>, %scores: memref<?xf32>, %numbers: memref<?xi32>) {
  // expected-error @below {{'kernel.attend' op heads have 576 values with 64 rotary ones, expected at most 512, the rotary ones even and the others a multiple of 64}}
  kernel.attend range %begin %end grid <rows = 1, tile = 2, tiles = 4> step %counts %positions %slots %slot_rows %starts %states q %q kv %kv ring %ring sink %sink rows %rows pages %pages selected %selected table %table out %out {dim = 576 : i64, heads = 64 : i64, offset = 0 : i64, ratio = 4 : i64, ring_rows = 129 : i64, rope = 64 : i64, row_bytes = 584 : i64, top_k = 512 : i64, window = 128 : i64} : memref<?xi64>, memref<?xi32>, memref<?xi32>, memref<?xi32>, memref<?xi32>, memref<?xi64>, memref<?xbf16>, memref<?xbf16>, memref<?xi8> sink memref<?xf32> rows memref<?xi8> pages memref<?xi64> selected memref<?xi32> table memref<?xf32>, memref<?xbf16>
  return
}

// -----

func.func @attend_c1(%begin: index, %end: index, %counts: memref<?xi64>, %positions: memref<?xi32>, %slots: memref<?xi32>, %slot_rows: memref<?xi32>, %starts: memref<?xi32>, %states: memref<?xi64>,
                 %pages: memref<?xi64>, %q: memref<?xbf16>, %kv: memref<?xbf16>, %ring: memref<?xi8>, %rows: memref<?xi8>, %sink: memref<?xf32>, %selected: memref<?xi32>, %table: memref<?xf32>, %out: memref<?xbf16>, %scores: memref<?xf32>, %numbers: memref<?xi32>) {
  // expected-error @below {{'kernel.attend' op heads have 500 values with 64 rotary ones, expected at most 512, the rotary ones even and the others a multiple of 64}}
  kernel.attend range %begin %end grid <rows = 1, tile = 2, tiles = 4> step %counts %positions %slots %slot_rows %starts %states q %q kv %kv ring %ring sink %sink rows %rows pages %pages selected %selected table %table out %out {dim = 500 : i64, heads = 64 : i64, offset = 0 : i64, ratio = 4 : i64, ring_rows = 129 : i64, rope = 64 : i64, row_bytes = 584 : i64, top_k = 512 : i64, window = 128 : i64} : memref<?xi64>, memref<?xi32>, memref<?xi32>, memref<?xi32>, memref<?xi32>, memref<?xi64>, memref<?xbf16>, memref<?xbf16>, memref<?xi8> sink memref<?xf32> rows memref<?xi8> pages memref<?xi64> selected memref<?xi32> table memref<?xf32>, memref<?xbf16>
  return
}

// -----

func.func @attend_c2(%begin: index, %end: index, %counts: memref<?xi64>, %positions: memref<?xi32>, %slots: memref<?xi32>, %slot_rows: memref<?xi32>, %starts: memref<?xi32>, %states: memref<?xi64>,
                 %pages: memref<?xi64>, %q: memref<?xbf16>, %kv: memref<?xbf16>, %ring: memref<?xi8>, %rows: memref<?xi8>, %sink: memref<?xf32>, %selected: memref<?xi32>, %table: memref<?xf32>, %out: memref<?xbf16>, %scores: memref<?xf32>, %numbers: memref<?xi32>) {
  // expected-error @below {{'kernel.attend' op ratio = 4 with rows and without pages, expected rows and pages exactly when ratio is not 0}}
  kernel.attend range %begin %end grid <rows = 1, tile = 2, tiles = 4> step %counts %positions %slots %slot_rows %starts %states q %q kv %kv ring %ring sink %sink rows %rows selected %selected table %table out %out {dim = 512 : i64, heads = 64 : i64, offset = 0 : i64, ratio = 4 : i64, ring_rows = 129 : i64, rope = 64 : i64, row_bytes = 584 : i64, top_k = 512 : i64, window = 128 : i64} : memref<?xi64>, memref<?xi32>, memref<?xi32>, memref<?xi32>, memref<?xi32>, memref<?xi64>, memref<?xbf16>, memref<?xbf16>, memref<?xi8> sink memref<?xf32> rows memref<?xi8> selected memref<?xi32> table memref<?xf32>, memref<?xbf16>
  return
}

// -----

func.func @attend_c3(%begin: index, %end: index, %counts: memref<?xi64>, %positions: memref<?xi32>, %slots: memref<?xi32>, %slot_rows: memref<?xi32>, %starts: memref<?xi32>, %states: memref<?xi64>,
                 %pages: memref<?xi64>, %q: memref<?xbf16>, %kv: memref<?xbf16>, %ring: memref<?xi8>, %rows: memref<?xi8>, %sink: memref<?xf32>, %selected: memref<?xi32>, %table: memref<?xf32>, %out: memref<?xbf16>, %scores: memref<?xf32>, %numbers: memref<?xi32>) {
  // expected-error @below {{'kernel.attend' op top_k = 512 without selected, expected selected exactly when top_k is not 0}}
  kernel.attend range %begin %end grid <rows = 1, tile = 2, tiles = 4> step %counts %positions %slots %slot_rows %starts %states q %q kv %kv ring %ring sink %sink rows %rows pages %pages table %table out %out {dim = 512 : i64, heads = 64 : i64, offset = 0 : i64, ratio = 4 : i64, ring_rows = 129 : i64, rope = 64 : i64, row_bytes = 584 : i64, top_k = 512 : i64, window = 128 : i64} : memref<?xi64>, memref<?xi32>, memref<?xi32>, memref<?xi32>, memref<?xi32>, memref<?xi64>, memref<?xbf16>, memref<?xbf16>, memref<?xi8> sink memref<?xf32> rows memref<?xi8> pages memref<?xi64> table memref<?xf32>, memref<?xbf16>
  return
}

// -----

func.func @attend_c4(%begin: index, %end: index, %counts: memref<?xi64>, %positions: memref<?xi32>, %slots: memref<?xi32>, %slot_rows: memref<?xi32>, %starts: memref<?xi32>, %states: memref<?xi64>,
                 %pages: memref<?xi64>, %q: memref<?xbf16>, %kv: memref<?xbf16>, %ring: memref<?xi8>, %rows: memref<?xi8>, %sink: memref<?xf32>, %selected: memref<?xi32>, %table: memref<?xf32>, %out: memref<?xbf16>, %scores: memref<?xf32>, %numbers: memref<?xi32>) {
  // expected-error @below {{'kernel.attend' op grid has tile = 4 and tiles = 4 for 64 heads, expected at most 2 tokens and 4 tiles, one per 16 heads}}
  kernel.attend range %begin %end grid <rows = 1, tile = 4, tiles = 4> step %counts %positions %slots %slot_rows %starts %states q %q kv %kv ring %ring sink %sink rows %rows pages %pages selected %selected table %table out %out {dim = 512 : i64, heads = 64 : i64, offset = 0 : i64, ratio = 4 : i64, ring_rows = 129 : i64, rope = 64 : i64, row_bytes = 584 : i64, top_k = 512 : i64, window = 128 : i64} : memref<?xi64>, memref<?xi32>, memref<?xi32>, memref<?xi32>, memref<?xi32>, memref<?xi64>, memref<?xbf16>, memref<?xbf16>, memref<?xi8> sink memref<?xf32> rows memref<?xi8> pages memref<?xi64> selected memref<?xi32> table memref<?xf32>, memref<?xbf16>
  return
}

// -----

func.func @index_candidates_c1(%begin: index, %end: index, %counts: memref<?xi64>, %positions: memref<?xi32>, %slots: memref<?xi32>, %slot_rows: memref<?xi32>, %starts: memref<?xi32>, %states: memref<?xi64>,
                 %pages: memref<?xi64>, %q: memref<?xbf16>, %kv: memref<?xbf16>, %ring: memref<?xi8>, %rows: memref<?xi8>, %sink: memref<?xf32>, %selected: memref<?xi32>, %table: memref<?xf32>, %out: memref<?xbf16>, %scores: memref<?xf32>, %numbers: memref<?xi32>) {
  // expected-error @below {{'kernel.index_candidates' op keys have 96 values, expected 32, 64 or 128}}
  kernel.index_candidates range %begin %end grid <rows = 1, tile = 4, tiles = 8> step %counts %positions %slots %slot_rows %pages q %q weights %kv keys %rows out %scores %numbers {dim = 96 : i64, heads = 64 : i64, row_bytes = 68 : i64, top_k = 512 : i64} : memref<?xi64>, memref<?xi32>, memref<?xi32>, memref<?xi32>, memref<?xi64>, memref<?xbf16>, memref<?xbf16>, memref<?xi8>, memref<?xf32>, memref<?xi32>
  return
}

// -----

func.func @index_candidates_c2(%begin: index, %end: index, %counts: memref<?xi64>, %positions: memref<?xi32>, %slots: memref<?xi32>, %slot_rows: memref<?xi32>, %starts: memref<?xi32>, %states: memref<?xi64>,
                 %pages: memref<?xi64>, %q: memref<?xbf16>, %kv: memref<?xbf16>, %ring: memref<?xi8>, %rows: memref<?xi8>, %sink: memref<?xf32>, %selected: memref<?xi32>, %table: memref<?xf32>, %out: memref<?xbf16>, %scores: memref<?xf32>, %numbers: memref<?xi32>) {
  // expected-error @below {{'kernel.index_candidates' op heads = 64, top_k = 0, expected at least 1 of each}}
  kernel.index_candidates range %begin %end grid <rows = 1, tile = 4, tiles = 8> step %counts %positions %slots %slot_rows %pages q %q weights %kv keys %rows out %scores %numbers {dim = 128 : i64, heads = 64 : i64, row_bytes = 68 : i64, top_k = 0 : i64} : memref<?xi64>, memref<?xi32>, memref<?xi32>, memref<?xi32>, memref<?xi64>, memref<?xbf16>, memref<?xbf16>, memref<?xi8>, memref<?xf32>, memref<?xi32>
  return
}

// -----

func.func @index_candidates_c3(%begin: index, %end: index, %counts: memref<?xi64>, %positions: memref<?xi32>, %slots: memref<?xi32>, %slot_rows: memref<?xi32>, %starts: memref<?xi32>, %states: memref<?xi64>,
                 %pages: memref<?xi64>, %q: memref<?xbf16>, %kv: memref<?xbf16>, %ring: memref<?xi8>, %rows: memref<?xi8>, %sink: memref<?xf32>, %selected: memref<?xi32>, %table: memref<?xf32>, %out: memref<?xbf16>, %scores: memref<?xf32>, %numbers: memref<?xi32>) {
  // expected-error @below {{'kernel.index_candidates' op grid has tile = 8, expected at most 4 tokens}}
  kernel.index_candidates range %begin %end grid <rows = 1, tile = 8, tiles = 8> step %counts %positions %slots %slot_rows %pages q %q weights %kv keys %rows out %scores %numbers {dim = 128 : i64, heads = 64 : i64, row_bytes = 68 : i64, top_k = 512 : i64} : memref<?xi64>, memref<?xi32>, memref<?xi32>, memref<?xi32>, memref<?xi64>, memref<?xbf16>, memref<?xbf16>, memref<?xi8>, memref<?xf32>, memref<?xi32>
  return
}

// -----

func.func @select_candidates_c1(%begin: index, %end: index, %counts: memref<?xi64>, %positions: memref<?xi32>, %slots: memref<?xi32>, %slot_rows: memref<?xi32>, %starts: memref<?xi32>, %states: memref<?xi64>,
                 %pages: memref<?xi64>, %q: memref<?xbf16>, %kv: memref<?xbf16>, %ring: memref<?xi8>, %rows: memref<?xi8>, %sink: memref<?xf32>, %selected: memref<?xi32>, %table: memref<?xf32>, %out: memref<?xbf16>, %scores: memref<?xf32>, %numbers: memref<?xi32>) {
  // expected-error @below {{'kernel.select_candidates' op strips = 0, top_k = 512, expected at least 1 of each}}
  kernel.select_candidates range %begin %end grid <rows = 1, tile = 1, tiles = 1> step %counts %positions of %scores %numbers out %selected {strips = 0 : i64, top_k = 512 : i64} : memref<?xi64>, memref<?xi32>, memref<?xf32>, memref<?xi32>, memref<?xi32>
  return
}

// -----

func.func @select_candidates_c2(%begin: index, %end: index, %counts: memref<?xi64>, %positions: memref<?xi32>, %slots: memref<?xi32>, %slot_rows: memref<?xi32>, %starts: memref<?xi32>, %states: memref<?xi64>,
                 %pages: memref<?xi64>, %q: memref<?xbf16>, %kv: memref<?xbf16>, %ring: memref<?xi8>, %rows: memref<?xi8>, %sink: memref<?xf32>, %selected: memref<?xi32>, %table: memref<?xf32>, %out: memref<?xbf16>, %scores: memref<?xf32>, %numbers: memref<?xi32>) {
  // expected-error @below {{'kernel.select_candidates' op grid has tile = 4 and tiles = 1, expected one token to a workgroup}}
  kernel.select_candidates range %begin %end grid <rows = 1, tile = 4, tiles = 1> step %counts %positions of %scores %numbers out %selected {strips = 8 : i64, top_k = 512 : i64} : memref<?xi64>, memref<?xi32>, memref<?xf32>, memref<?xi32>, memref<?xi32>
  return
}
