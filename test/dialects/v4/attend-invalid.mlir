// One case per constraint of V4AttendOps.td; a function has the name of the label.
// RUN: v4-opt %s -split-input-file -verify-diagnostics

func.func @attend_c1(%q: tensor<?x8x256xbf16, #v4.rows<tokens>>, %kv: tensor<?x128xbf16, #v4.rows<tokens>>, %ring: !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64>, %t: tensor<?x2x32xf32, #v4.rows<tokens>>) {
  // expected-error @below {{'v4.attend' op kv has shape ?x128, expected ?x256, one row of the width of q per token}}
  v4.attend %q, %kv, %ring back %t window 128 offset 0 : tensor<?x8x256xbf16, #v4.rows<tokens>>, tensor<?x128xbf16, #v4.rows<tokens>>, !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64> back tensor<?x2x32xf32, #v4.rows<tokens>> -> tensor<?x8x256xbf16, #v4.rows<tokens>>
  return
}

// -----

func.func @attend_c2(%q: tensor<?x8x256xbf16, #v4.rows<tokens>>, %kv: tensor<?x256xbf16, #v4.rows<tokens>>, %ring: !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64>, %t: tensor<?x2x32xf32, #v4.rows<tokens>>, %sink: tensor<4xf32>) {
  // expected-error @below {{'v4.attend' op sink has 4 values, expected 8, one per head of q}}
  v4.attend %q, %kv, %ring back %t sink %sink window 128 offset 0 : tensor<?x8x256xbf16, #v4.rows<tokens>>, tensor<?x256xbf16, #v4.rows<tokens>>, !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64> back tensor<?x2x32xf32, #v4.rows<tokens>> sink tensor<4xf32> -> tensor<?x8x256xbf16, #v4.rows<tokens>>
  return
}

// -----

func.func @attend_c3(%q: tensor<?x8x256xbf16, #v4.rows<tokens>>, %kv: tensor<?x256xbf16, #v4.rows<tokens>>, %ring: !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64>, %t: tensor<?x2x32xf32, #v4.rows<tokens>>) {
  // expected-error @below {{'v4.attend' op ring has 129 rows, expected at least 200, the window}}
  v4.attend %q, %kv, %ring back %t window 200 offset 0 : tensor<?x8x256xbf16, #v4.rows<tokens>>, tensor<?x256xbf16, #v4.rows<tokens>>, !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64> back tensor<?x2x32xf32, #v4.rows<tokens>> -> tensor<?x8x256xbf16, #v4.rows<tokens>>
  return
}

// -----

func.func @attend_c4(%q: tensor<?x8x256xbf16, #v4.rows<tokens>>, %kv: tensor<?x256xbf16, #v4.rows<tokens>>, %ring: !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64>, %t: tensor<?x2x32xf32, #v4.rows<tokens>>, %rows: !v4.cache<page, ratio = 4, kv_compact, rows = 32, values = 320, rope = 64>, %sel: tensor<?x16xi32, #v4.rows<tokens>>) {
  // expected-error @below {{'v4.attend' op rows has 320 values per row, expected 256, the width of q}}
  v4.attend %q, %kv, %ring back %t rows %rows selected %sel window 128 offset 0 : tensor<?x8x256xbf16, #v4.rows<tokens>>, tensor<?x256xbf16, #v4.rows<tokens>>, !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64> back tensor<?x2x32xf32, #v4.rows<tokens>> rows !v4.cache<page, ratio = 4, kv_compact, rows = 32, values = 320, rope = 64> selected tensor<?x16xi32, #v4.rows<tokens>> -> tensor<?x8x256xbf16, #v4.rows<tokens>>
  return
}

// -----

func.func @attend_c5(%q: tensor<?x8x256xbf16, #v4.rows<tokens>>, %kv: tensor<?x256xbf16, #v4.rows<tokens>>, %ring: !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64>, %t: tensor<?x2x32xf32, #v4.rows<tokens>>, %rows: !v4.cache<page, ratio = 4, kv_compact, rows = 32, values = 256, rope = 64>) {
  // expected-error @below {{'v4.attend' op rows of ratio 4 come without selected, expected the rows of the indexer}}
  v4.attend %q, %kv, %ring back %t rows %rows window 128 offset 0 : tensor<?x8x256xbf16, #v4.rows<tokens>>, tensor<?x256xbf16, #v4.rows<tokens>>, !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64> back tensor<?x2x32xf32, #v4.rows<tokens>> rows !v4.cache<page, ratio = 4, kv_compact, rows = 32, values = 256, rope = 64> -> tensor<?x8x256xbf16, #v4.rows<tokens>>
  return
}

// -----

func.func @attend_c6(%q: tensor<?x8x256xbf16, #v4.rows<tokens>>, %kv: tensor<?x256xbf16, #v4.rows<tokens>>, %ring: !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64>, %t: tensor<?x2x32xf32, #v4.rows<tokens>>) {
  // expected-error @below {{'v4.attend' op window = 0, expected at least 1}}
  v4.attend %q, %kv, %ring back %t window 0 offset 0 : tensor<?x8x256xbf16, #v4.rows<tokens>>, tensor<?x256xbf16, #v4.rows<tokens>>, !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64> back tensor<?x2x32xf32, #v4.rows<tokens>> -> tensor<?x8x256xbf16, #v4.rows<tokens>>
  return
}

// -----

func.func @attend_c7(%q: tensor<?x8x256xbf16, #v4.rows<tokens>>, %kv: tensor<?x256xbf16, #v4.rows<tokens>>, %ring: !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64>, %t: tensor<?x2x16xf32, #v4.rows<tokens>>) {
  // expected-error @below {{'v4.attend' op table has shape ?x2x16, expected ?x2x32, cosines and sines of the rotary values}}
  v4.attend %q, %kv, %ring back %t window 128 offset 0 : tensor<?x8x256xbf16, #v4.rows<tokens>>, tensor<?x256xbf16, #v4.rows<tokens>>, !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64> back tensor<?x2x16xf32, #v4.rows<tokens>> -> tensor<?x8x256xbf16, #v4.rows<tokens>>
  return
}

// -----

func.func @index_candidates_c1(%q: tensor<?x8x128xbf16, #v4.rows<tokens>>, %w: tensor<?x7xbf16, #v4.rows<tokens>>, %keys: !v4.cache<page, ratio = 4, index_fp4, rows = 32, values = 128, rope = 0>) {
  // expected-error @below {{'v4.index_candidates' op weights has shape ?x7, expected ?x8, one per head of q}}
  v4.index_candidates %q, %w, %keys : tensor<?x8x128xbf16, #v4.rows<tokens>>, tensor<?x7xbf16, #v4.rows<tokens>>, !v4.cache<page, ratio = 4, index_fp4, rows = 32, values = 128, rope = 0> -> tensor<?x8x16xf32, #v4.rows<tokens>>, tensor<?x8x16xi32, #v4.rows<tokens>>
  return
}

// -----

func.func @index_candidates_c2(%q: tensor<?x8x128xbf16, #v4.rows<tokens>>, %w: tensor<?x8xbf16, #v4.rows<tokens>>, %keys: !v4.cache<page, ratio = 4, index_fp4, rows = 32, values = 64, rope = 0>) {
  // expected-error @below {{'v4.index_candidates' op keys has 64 values per row, expected 128, the width of q}}
  v4.index_candidates %q, %w, %keys : tensor<?x8x128xbf16, #v4.rows<tokens>>, tensor<?x8xbf16, #v4.rows<tokens>>, !v4.cache<page, ratio = 4, index_fp4, rows = 32, values = 64, rope = 0> -> tensor<?x8x16xf32, #v4.rows<tokens>>, tensor<?x8x16xi32, #v4.rows<tokens>>
  return
}

// -----

func.func @index_candidates_c3(%q: tensor<?x8x128xbf16, #v4.rows<tokens>>, %w: tensor<?x8xbf16, #v4.rows<tokens>>, %keys: !v4.cache<page, ratio = 4, index_fp4, rows = 32, values = 128, rope = 0>) {
  // expected-error @below {{'v4.index_candidates' op rows has shape ?x8x15, expected ?x8x16, the shape of scores}}
  v4.index_candidates %q, %w, %keys : tensor<?x8x128xbf16, #v4.rows<tokens>>, tensor<?x8xbf16, #v4.rows<tokens>>, !v4.cache<page, ratio = 4, index_fp4, rows = 32, values = 128, rope = 0> -> tensor<?x8x16xf32, #v4.rows<tokens>>, tensor<?x8x15xi32, #v4.rows<tokens>>
  return
}

// -----

func.func @select_candidates_c1(%s: tensor<?x8x16xf32, #v4.rows<tokens>>, %r: tensor<?x8x16xi32, #v4.rows<tokens>>) {
  // expected-error @below {{'v4.select_candidates' op result has shape ?x17, expected ?x16, the k of scores}}
  v4.select_candidates %s, %r : tensor<?x8x16xf32, #v4.rows<tokens>>, tensor<?x8x16xi32, #v4.rows<tokens>> -> tensor<?x17xi32, #v4.rows<tokens>>
  return
}
