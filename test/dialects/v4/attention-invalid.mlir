// One case per constraint of V4AttentionOps.td; a function has the name of the label.
// RUN: v4-opt %s -split-input-file -verify-diagnostics

func.func @compress_c1(%a: tensor<?x512xf32, #v4.rows<chunks4>>, %ape: tensor<4x512xf32>, %s: !v4.cache<state, ratio = 1, f32, rows = 8, values = 1024, rope = 0>) {
  // expected-error @below {{'v4.compress' op values has rows chunks4, expected tokens, one row per token}}
  v4.compress %a, %a, %ape, %s ratio 4 : tensor<?x512xf32, #v4.rows<chunks4>>, tensor<4x512xf32>, !v4.cache<state, ratio = 1, f32, rows = 8, values = 1024, rope = 0> -> tensor<?x256xbf16, #v4.rows<chunks4>>
  return
}

// -----

func.func @compress_c1(%a: tensor<?x2x256xf32, #v4.rows<tokens>>, %ape: tensor<4x512xf32>, %s: !v4.cache<state, ratio = 1, f32, rows = 8, values = 1024, rope = 0>) {
  // expected-error @below {{'v4.compress' op values has rank 3, expected 2, [T, values]}}
  v4.compress %a, %a, %ape, %s ratio 4 : tensor<?x2x256xf32, #v4.rows<tokens>>, tensor<4x512xf32>, !v4.cache<state, ratio = 1, f32, rows = 8, values = 1024, rope = 0> -> tensor<?x256xbf16, #v4.rows<chunks4>>
  return
}

// -----

func.func @compress_c2(%a: tensor<?x512xf32, #v4.rows<tokens>>, %ape: tensor<4x512xf32>, %s: !v4.cache<state, ratio = 1, f32, rows = 8, values = 1024, rope = 0>) {
  // expected-error @below {{'v4.compress' op ratio = 8, expected 4 or 128}}
  v4.compress %a, %a, %ape, %s ratio 8 : tensor<?x512xf32, #v4.rows<tokens>>, tensor<4x512xf32>, !v4.cache<state, ratio = 1, f32, rows = 8, values = 1024, rope = 0> -> tensor<?x256xbf16, #v4.rows<chunks4>>
  return
}

// -----

func.func @compress_c2(%a: tensor<?x512xf32, #v4.rows<tokens>>, %ape: tensor<4x512xf32>, %s: !v4.cache<state, ratio = 1, f32, rows = 8, values = 1024, rope = 0>) {
  // expected-error @below {{'v4.compress' op result has rows chunks4, expected chunks128, one row per chunk of ratio 128}}
  v4.compress %a, %a, %ape, %s ratio 128 : tensor<?x512xf32, #v4.rows<tokens>>, tensor<4x512xf32>, !v4.cache<state, ratio = 1, f32, rows = 8, values = 1024, rope = 0> -> tensor<?x256xbf16, #v4.rows<chunks4>>
  return
}

// -----

func.func @compress_c3(%a: tensor<?x512xf32, #v4.rows<tokens>>, %ape: tensor<8x512xf32>, %s: !v4.cache<state, ratio = 1, f32, rows = 8, values = 1024, rope = 0>) {
  // expected-error @below {{'v4.compress' op ape has shape 8x512, expected 4x512, one row per token of a chunk}}
  v4.compress %a, %a, %ape, %s ratio 4 : tensor<?x512xf32, #v4.rows<tokens>>, tensor<8x512xf32>, !v4.cache<state, ratio = 1, f32, rows = 8, values = 1024, rope = 0> -> tensor<?x256xbf16, #v4.rows<chunks4>>
  return
}

// -----

func.func @compress_c3(%a: tensor<?x512xf32, #v4.rows<tokens>>, %ape: tensor<4x512xf32>, %s: !v4.cache<state, ratio = 1, f32, rows = 8, values = 1024, rope = 0>) {
  // expected-error @below {{'v4.compress' op result has shape ?x512, expected ?x256, half the width of values}}
  v4.compress %a, %a, %ape, %s ratio 4 : tensor<?x512xf32, #v4.rows<tokens>>, tensor<4x512xf32>, !v4.cache<state, ratio = 1, f32, rows = 8, values = 1024, rope = 0> -> tensor<?x512xbf16, #v4.rows<chunks4>>
  return
}

// -----

func.func @compress_c3(%a: tensor<?x511xf32, #v4.rows<tokens>>, %ape: tensor<4x511xf32>, %s: !v4.cache<state, ratio = 1, f32, rows = 8, values = 1024, rope = 0>) {
  // expected-error @below {{'v4.compress' op values has 511 values, expected an even number: two halves overlap at ratio 4}}
  v4.compress %a, %a, %ape, %s ratio 4 : tensor<?x511xf32, #v4.rows<tokens>>, tensor<4x511xf32>, !v4.cache<state, ratio = 1, f32, rows = 8, values = 1024, rope = 0> -> tensor<?x255xbf16, #v4.rows<chunks4>>
  return
}

// -----

func.func @compress_c4(%a: tensor<?x512xf32, #v4.rows<tokens>>, %ape: tensor<4x512xf32>, %s: !v4.cache<state, ratio = 1, bf16, rows = 8, values = 1024, rope = 0>) {
  // expected-error @below {{'v4.compress' op state is a state pool of bf16 rows, expected a state pool of f32 rows}}
  v4.compress %a, %a, %ape, %s ratio 4 : tensor<?x512xf32, #v4.rows<tokens>>, tensor<4x512xf32>, !v4.cache<state, ratio = 1, bf16, rows = 8, values = 1024, rope = 0> -> tensor<?x256xbf16, #v4.rows<chunks4>>
  return
}

// -----

func.func @compress_c4(%a: tensor<?x512xf32, #v4.rows<tokens>>, %ape: tensor<4x512xf32>, %s: !v4.cache<state, ratio = 1, f32, rows = 8, values = 512, rope = 0>) {
  // expected-error @below {{'v4.compress' op state has 512 values per row, expected 1024, the width of values and gates}}
  v4.compress %a, %a, %ape, %s ratio 4 : tensor<?x512xf32, #v4.rows<tokens>>, tensor<4x512xf32>, !v4.cache<state, ratio = 1, f32, rows = 8, values = 512, rope = 0> -> tensor<?x256xbf16, #v4.rows<chunks4>>
  return
}

// -----

func.func @compress_c4(%a: tensor<?x512xf32, #v4.rows<tokens>>, %ape: tensor<4x512xf32>, %s: !v4.cache<state, ratio = 1, f32, rows = 7, values = 1024, rope = 0>) {
  // expected-error @below {{'v4.compress' op state has 7 rows, expected at least 8, the tokens that a chunk of ratio 4 reaches back}}
  v4.compress %a, %a, %ape, %s ratio 4 : tensor<?x512xf32, #v4.rows<tokens>>, tensor<4x512xf32>, !v4.cache<state, ratio = 1, f32, rows = 7, values = 1024, rope = 0> -> tensor<?x256xbf16, #v4.rows<chunks4>>
  return
}

// -----

func.func @save_partial_c1(%a: tensor<?x512xf32, #v4.rows<tokens>>, %s: !v4.cache<state, ratio = 1, f32, rows = 4, values = 1024, rope = 0>) {
  // expected-error @below {{'v4.save_partial' op state has 4 rows, expected at least 8 for ratio 4 or 128 for ratio 128}}
  v4.save_partial %a, %a, %s : tensor<?x512xf32, #v4.rows<tokens>>, !v4.cache<state, ratio = 1, f32, rows = 4, values = 1024, rope = 0>
  return
}

// -----

func.func @save_partial_c1(%a: tensor<?x512xf32, #v4.rows<tokens>>, %s: !v4.cache<state, ratio = 1, f32, rows = 8, values = 512, rope = 0>) {
  // expected-error @below {{'v4.save_partial' op state has 512 values per row, expected 1024, the width of values and gates}}
  v4.save_partial %a, %a, %s : tensor<?x512xf32, #v4.rows<tokens>>, !v4.cache<state, ratio = 1, f32, rows = 8, values = 512, rope = 0>
  return
}

// -----

func.func @save_partial_c1(%a: tensor<?x512xf32, #v4.rows<logits>>, %s: !v4.cache<state, ratio = 1, f32, rows = 8, values = 1024, rope = 0>) {
  // expected-error @below {{'v4.save_partial' op values has rows logits, expected tokens, one row per token}}
  v4.save_partial %a, %a, %s : tensor<?x512xf32, #v4.rows<logits>>, !v4.cache<state, ratio = 1, f32, rows = 8, values = 1024, rope = 0>
  return
}

// -----

func.func @append_rows_c1(%x: tensor<?x256xbf16, #v4.rows<tokens>>, %c: !v4.cache<page, ratio = 4, kv_compact, rows = 32, values = 256, rope = 64>) {
  // expected-error @below {{'v4.append_rows' op x has rows tokens, expected chunks4 or chunks128}}
  v4.append_rows %x, %c : tensor<?x256xbf16, #v4.rows<tokens>>, !v4.cache<page, ratio = 4, kv_compact, rows = 32, values = 256, rope = 64>
  return
}

// -----

func.func @append_rows_c1(%x: tensor<?x256xbf16, #v4.rows<chunks4>>, %c: !v4.cache<page, ratio = 128, kv_compact, rows = 1, values = 256, rope = 64>) {
  // expected-error @below {{'v4.append_rows' op cache is a page pool of ratio 128, expected a page pool of ratio 4, the rows of x}}
  v4.append_rows %x, %c : tensor<?x256xbf16, #v4.rows<chunks4>>, !v4.cache<page, ratio = 128, kv_compact, rows = 1, values = 256, rope = 64>
  return
}

// -----

func.func @append_rows_c1(%x: tensor<?x256xbf16, #v4.rows<chunks4>>, %c: !v4.cache<page, ratio = 4, kv_compact, rows = 32, values = 512, rope = 64>) {
  // expected-error @below {{'v4.append_rows' op cache has 512 values per row, expected 256, the width of x}}
  v4.append_rows %x, %c : tensor<?x256xbf16, #v4.rows<chunks4>>, !v4.cache<page, ratio = 4, kv_compact, rows = 32, values = 512, rope = 64>
  return
}

// -----

func.func @append_rows_c2(%x: tensor<?x256xbf16, #v4.rows<chunks4>>, %c: !v4.cache<page, ratio = 4, bf16, rows = 32, values = 256, rope = 0>) {
  // expected-error @below {{'v4.append_rows' op cache has bf16 rows, expected kv_compact or index_fp4}}
  v4.append_rows %x, %c : tensor<?x256xbf16, #v4.rows<chunks4>>, !v4.cache<page, ratio = 4, bf16, rows = 32, values = 256, rope = 0>
  return
}

// -----

func.func @append_window_c1(%x: tensor<?x256xbf16, #v4.rows<tokens>>, %c: !v4.cache<page, ratio = 4, kv_compact, rows = 32, values = 256, rope = 64>) {
  // expected-error @below {{'v4.append_window' op cache is a page pool of kv_compact rows, expected a state pool of kv_compact rows}}
  v4.append_window %x, %c offset 0 : tensor<?x256xbf16, #v4.rows<tokens>>, !v4.cache<page, ratio = 4, kv_compact, rows = 32, values = 256, rope = 64>
  return
}

// -----

func.func @append_window_c1(%x: tensor<?x256xbf16, #v4.rows<tokens>>, %c: !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 512, rope = 64>) {
  // expected-error @below {{'v4.append_window' op cache has 512 values per row, expected 256, the width of x}}
  v4.append_window %x, %c offset 0 : tensor<?x256xbf16, #v4.rows<tokens>>, !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 512, rope = 64>
  return
}

// -----

func.func @append_window_c1(%x: tensor<?x256xbf16, #v4.rows<tokens>>, %c: !v4.cache<state, ratio = 0, kv_compact, rows = 129, values = 256, rope = 64>) {
  // expected-error @below {{'v4.append_window' op cache has ratio 0, expected 1: a window row is one token}}
  v4.append_window %x, %c offset 0 : tensor<?x256xbf16, #v4.rows<tokens>>, !v4.cache<state, ratio = 0, kv_compact, rows = 129, values = 256, rope = 64>
  return
}

// -----

func.func @append_window_c2(%x: tensor<?x256xbf16, #v4.rows<chunks4>>, %c: !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64>) {
  // expected-error @below {{'v4.append_window' op x has rows chunks4, expected tokens, a window row is one token}}
  v4.append_window %x, %c offset 0 : tensor<?x256xbf16, #v4.rows<chunks4>>, !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64>
  return
}

// -----

func.func @index_scores_c1(%q: tensor<?x128xbf16, #v4.rows<tokens>>, %w: tensor<?x8xbf16, #v4.rows<tokens>>, %c: !v4.cache<page, ratio = 4, index_fp4, rows = 32, values = 128, rope = 0>) {
  // expected-error @below {{'v4.index_scores' op q has rank 2, expected 3, [T, heads, values]}}
  v4.index_scores %q, %w, %c : tensor<?x128xbf16, #v4.rows<tokens>>, tensor<?x8xbf16, #v4.rows<tokens>>, !v4.cache<page, ratio = 4, index_fp4, rows = 32, values = 128, rope = 0> -> tensor<?x?xf32, #v4.rows<tokens>>
  return
}

// -----

func.func @index_scores_c1(%q: tensor<?x8x128xbf16, #v4.rows<tokens>>, %w: tensor<?x4xbf16, #v4.rows<tokens>>, %c: !v4.cache<page, ratio = 4, index_fp4, rows = 32, values = 128, rope = 0>) {
  // expected-error @below {{'v4.index_scores' op weights has shape ?x4, expected ?x8, one per head of q}}
  v4.index_scores %q, %w, %c : tensor<?x8x128xbf16, #v4.rows<tokens>>, tensor<?x4xbf16, #v4.rows<tokens>>, !v4.cache<page, ratio = 4, index_fp4, rows = 32, values = 128, rope = 0> -> tensor<?x?xf32, #v4.rows<tokens>>
  return
}

// -----

func.func @index_scores_c2(%q: tensor<?x8x128xbf16, #v4.rows<tokens>>, %w: tensor<?x8xbf16, #v4.rows<tokens>>, %c: !v4.cache<page, ratio = 4, kv_compact, rows = 32, values = 128, rope = 64>) {
  // expected-error @below {{'v4.index_scores' op keys is a page pool of kv_compact rows, expected a page pool of index_fp4 rows}}
  v4.index_scores %q, %w, %c : tensor<?x8x128xbf16, #v4.rows<tokens>>, tensor<?x8xbf16, #v4.rows<tokens>>, !v4.cache<page, ratio = 4, kv_compact, rows = 32, values = 128, rope = 64> -> tensor<?x?xf32, #v4.rows<tokens>>
  return
}

// -----

func.func @index_scores_c2(%q: tensor<?x8x128xbf16, #v4.rows<tokens>>, %w: tensor<?x8xbf16, #v4.rows<tokens>>, %c: !v4.cache<page, ratio = 4, index_fp4, rows = 32, values = 64, rope = 0>) {
  // expected-error @below {{'v4.index_scores' op keys has 64 values per row, expected 128, the width of q}}
  v4.index_scores %q, %w, %c : tensor<?x8x128xbf16, #v4.rows<tokens>>, tensor<?x8xbf16, #v4.rows<tokens>>, !v4.cache<page, ratio = 4, index_fp4, rows = 32, values = 64, rope = 0> -> tensor<?x?xf32, #v4.rows<tokens>>
  return
}

// -----

func.func @index_scores_c2(%q: tensor<?x8x128xbf16, #v4.rows<tokens>>, %w: tensor<?x8xbf16, #v4.rows<tokens>>, %c: !v4.cache<page, ratio = 128, index_fp4, rows = 1, values = 128, rope = 0>) {
  // expected-error @below {{'v4.index_scores' op keys has ratio 128, expected 4}}
  v4.index_scores %q, %w, %c : tensor<?x8x128xbf16, #v4.rows<tokens>>, tensor<?x8xbf16, #v4.rows<tokens>>, !v4.cache<page, ratio = 128, index_fp4, rows = 1, values = 128, rope = 0> -> tensor<?x?xf32, #v4.rows<tokens>>
  return
}

// -----

func.func @index_scores_c3(%q: tensor<?x8x128xbf16, #v4.rows<tokens>>, %w: tensor<?x8xbf16, #v4.rows<tokens>>, %c: !v4.cache<page, ratio = 4, index_fp4, rows = 32, values = 128, rope = 0>) {
  // expected-error @below {{'v4.index_scores' op result has shape ?x64, expected ?x?, the index rows of the session's context}}
  v4.index_scores %q, %w, %c : tensor<?x8x128xbf16, #v4.rows<tokens>>, tensor<?x8xbf16, #v4.rows<tokens>>, !v4.cache<page, ratio = 4, index_fp4, rows = 32, values = 128, rope = 0> -> tensor<?x64xf32, #v4.rows<tokens>>
  return
}

// -----

func.func @index_scores_c3(%q: tensor<?x8x128xbf16, #v4.rows<tokens>>, %w: tensor<?x8xbf16, #v4.rows<tokens>>, %c: !v4.cache<page, ratio = 4, index_fp4, rows = 32, values = 128, rope = 0>) {
  // expected-error @below {{'v4.index_scores' op result has rows logits, expected tokens, the rows of q}}
  v4.index_scores %q, %w, %c : tensor<?x8x128xbf16, #v4.rows<tokens>>, tensor<?x8xbf16, #v4.rows<tokens>>, !v4.cache<page, ratio = 4, index_fp4, rows = 32, values = 128, rope = 0> -> tensor<?x?xf32, #v4.rows<logits>>
  return
}

// -----

func.func @top_k_c1(%s: tensor<?x64xf32, #v4.rows<tokens>>) {
  // expected-error @below {{'v4.top_k' op scores has shape ?x64, expected ?x?, the index rows of the session's context}}
  v4.top_k %s : tensor<?x64xf32, #v4.rows<tokens>> -> tensor<?x16xi32, #v4.rows<tokens>>
  return
}

// -----

func.func @top_k_c1(%s: tensor<?x?xf32, #v4.rows<tokens>>) {
  // expected-error @below {{'v4.top_k' op k = 0, the width of result, expected at least 1}}
  v4.top_k %s : tensor<?x?xf32, #v4.rows<tokens>> -> tensor<?x0xi32, #v4.rows<tokens>>
  return
}

// -----

func.func @top_k_c1(%s: tensor<?x?xf32, #v4.rows<tokens>>) {
  // expected-error @below {{'v4.top_k' op result has rows logits, expected tokens, the rows of scores}}
  v4.top_k %s : tensor<?x?xf32, #v4.rows<tokens>> -> tensor<?x16xi32, #v4.rows<logits>>
  return
}

// -----

func.func @attention_c1(%q: tensor<?x256xbf16, #v4.rows<tokens>>, %kv: tensor<?x256xbf16, #v4.rows<tokens>>, %ring: !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64>) {
  // expected-error @below {{'v4.attention' op q has rank 2, expected 3, [T, heads, values]}}
  v4.attention %q, %kv, %ring window 128 offset 0 : tensor<?x256xbf16, #v4.rows<tokens>>, tensor<?x256xbf16, #v4.rows<tokens>>, !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64> -> tensor<?x256xbf16, #v4.rows<tokens>>
  return
}

// -----

func.func @attention_c1(%q: tensor<?x8x256xbf16, #v4.rows<tokens>>, %kv: tensor<?x128xbf16, #v4.rows<tokens>>, %ring: !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64>) {
  // expected-error @below {{'v4.attention' op kv has shape ?x128, expected ?x256, one row of the width of q per token}}
  v4.attention %q, %kv, %ring window 128 offset 0 : tensor<?x8x256xbf16, #v4.rows<tokens>>, tensor<?x128xbf16, #v4.rows<tokens>>, !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64> -> tensor<?x8x256xbf16, #v4.rows<tokens>>
  return
}

// -----

func.func @attention_c1(%q: tensor<?x8x256xbf16, #v4.rows<tokens>>, %kv: tensor<?x256xbf16, #v4.rows<tokens>>, %ring: !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64>) {
  // expected-error @below {{'v4.attention' op result has shape ?x4x256, expected ?x8x256, the shape of q}}
  v4.attention %q, %kv, %ring window 128 offset 0 : tensor<?x8x256xbf16, #v4.rows<tokens>>, tensor<?x256xbf16, #v4.rows<tokens>>, !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64> -> tensor<?x4x256xbf16, #v4.rows<tokens>>
  return
}

// -----

func.func @attention_c2(%q: tensor<?x8x256xbf16, #v4.rows<tokens>>, %kv: tensor<?x256xbf16, #v4.rows<tokens>>, %ring: !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64>, %sink: tensor<4xf32>) {
  // expected-error @below {{'v4.attention' op sink has 4 values, expected 8, one per head of q}}
  v4.attention %q, %kv, %ring sink %sink window 128 offset 0 : tensor<?x8x256xbf16, #v4.rows<tokens>>, tensor<?x256xbf16, #v4.rows<tokens>>, !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64> sink tensor<4xf32> -> tensor<?x8x256xbf16, #v4.rows<tokens>>
  return
}

// -----

func.func @attention_c3(%q: tensor<?x8x256xbf16, #v4.rows<tokens>>, %kv: tensor<?x256xbf16, #v4.rows<tokens>>, %ring: !v4.cache<page, ratio = 4, kv_compact, rows = 32, values = 256, rope = 64>) {
  // expected-error @below {{'v4.attention' op ring is a page pool of kv_compact rows, expected a state pool of kv_compact rows}}
  v4.attention %q, %kv, %ring window 128 offset 0 : tensor<?x8x256xbf16, #v4.rows<tokens>>, tensor<?x256xbf16, #v4.rows<tokens>>, !v4.cache<page, ratio = 4, kv_compact, rows = 32, values = 256, rope = 64> -> tensor<?x8x256xbf16, #v4.rows<tokens>>
  return
}

// -----

func.func @attention_c3(%q: tensor<?x8x256xbf16, #v4.rows<tokens>>, %kv: tensor<?x256xbf16, #v4.rows<tokens>>, %ring: !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 512, rope = 64>) {
  // expected-error @below {{'v4.attention' op ring has 512 values per row, expected 256, the width of q}}
  v4.attention %q, %kv, %ring window 128 offset 0 : tensor<?x8x256xbf16, #v4.rows<tokens>>, tensor<?x256xbf16, #v4.rows<tokens>>, !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 512, rope = 64> -> tensor<?x8x256xbf16, #v4.rows<tokens>>
  return
}

// -----

func.func @attention_c3(%q: tensor<?x8x256xbf16, #v4.rows<tokens>>, %kv: tensor<?x256xbf16, #v4.rows<tokens>>, %ring: !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64>) {
  // expected-error @below {{'v4.attention' op ring has 129 rows, expected at least 130, the window}}
  v4.attention %q, %kv, %ring window 130 offset 0 : tensor<?x8x256xbf16, #v4.rows<tokens>>, tensor<?x256xbf16, #v4.rows<tokens>>, !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64> -> tensor<?x8x256xbf16, #v4.rows<tokens>>
  return
}

// -----

func.func @attention_c4(%q: tensor<?x8x256xbf16, #v4.rows<tokens>>, %kv: tensor<?x256xbf16, #v4.rows<tokens>>, %ring: !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64>, %rows: !v4.cache<page, ratio = 128, bf16, rows = 1, values = 256, rope = 0>) {
  // expected-error @below {{'v4.attention' op rows is a page pool of bf16 rows, expected a page pool of kv_compact rows}}
  v4.attention %q, %kv, %ring rows %rows window 128 offset 0 : tensor<?x8x256xbf16, #v4.rows<tokens>>, tensor<?x256xbf16, #v4.rows<tokens>>, !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64> rows !v4.cache<page, ratio = 128, bf16, rows = 1, values = 256, rope = 0> -> tensor<?x8x256xbf16, #v4.rows<tokens>>
  return
}

// -----

func.func @attention_c4(%q: tensor<?x8x256xbf16, #v4.rows<tokens>>, %kv: tensor<?x256xbf16, #v4.rows<tokens>>, %ring: !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64>, %rows: !v4.cache<page, ratio = 128, kv_compact, rows = 1, values = 512, rope = 64>) {
  // expected-error @below {{'v4.attention' op rows has 512 values per row, expected 256, the width of q}}
  v4.attention %q, %kv, %ring rows %rows window 128 offset 0 : tensor<?x8x256xbf16, #v4.rows<tokens>>, tensor<?x256xbf16, #v4.rows<tokens>>, !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64> rows !v4.cache<page, ratio = 128, kv_compact, rows = 1, values = 512, rope = 64> -> tensor<?x8x256xbf16, #v4.rows<tokens>>
  return
}

// -----

func.func @attention_c5(%q: tensor<?x8x256xbf16, #v4.rows<tokens>>, %kv: tensor<?x256xbf16, #v4.rows<tokens>>, %ring: !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64>, %rows: !v4.cache<page, ratio = 4, kv_compact, rows = 32, values = 256, rope = 64>) {
  // expected-error @below {{'v4.attention' op rows of ratio 4 come without selected, expected the rows of the indexer}}
  v4.attention %q, %kv, %ring rows %rows window 128 offset 0 : tensor<?x8x256xbf16, #v4.rows<tokens>>, tensor<?x256xbf16, #v4.rows<tokens>>, !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64> rows !v4.cache<page, ratio = 4, kv_compact, rows = 32, values = 256, rope = 64> -> tensor<?x8x256xbf16, #v4.rows<tokens>>
  return
}

// -----

func.func @attention_c5(%q: tensor<?x8x256xbf16, #v4.rows<tokens>>, %kv: tensor<?x256xbf16, #v4.rows<tokens>>, %ring: !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64>, %rows: !v4.cache<page, ratio = 128, kv_compact, rows = 1, values = 256, rope = 64>, %selected: tensor<?x16xi32, #v4.rows<tokens>>) {
  // expected-error @below {{'v4.attention' op selected comes with rows of ratio 128, expected rows of ratio 4}}
  v4.attention %q, %kv, %ring rows %rows selected %selected window 128 offset 0 : tensor<?x8x256xbf16, #v4.rows<tokens>>, tensor<?x256xbf16, #v4.rows<tokens>>, !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64> rows !v4.cache<page, ratio = 128, kv_compact, rows = 1, values = 256, rope = 64> selected tensor<?x16xi32, #v4.rows<tokens>> -> tensor<?x8x256xbf16, #v4.rows<tokens>>
  return
}

// -----

func.func @attention_c5(%q: tensor<?x8x256xbf16, #v4.rows<tokens>>, %kv: tensor<?x256xbf16, #v4.rows<tokens>>, %ring: !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64>, %selected: tensor<?x16xi32, #v4.rows<tokens>>) {
  // expected-error @below {{'v4.attention' op selected comes without rows, expected rows of ratio 4 to select from}}
  v4.attention %q, %kv, %ring selected %selected window 128 offset 0 : tensor<?x8x256xbf16, #v4.rows<tokens>>, tensor<?x256xbf16, #v4.rows<tokens>>, !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64> selected tensor<?x16xi32, #v4.rows<tokens>> -> tensor<?x8x256xbf16, #v4.rows<tokens>>
  return
}

// -----

func.func @attention_c5(%q: tensor<?x8x256xbf16, #v4.rows<tokens>>, %kv: tensor<?x256xbf16, #v4.rows<tokens>>, %ring: !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64>, %rows: !v4.cache<page, ratio = 4, kv_compact, rows = 32, values = 256, rope = 64>, %selected: tensor<?x16xi32, #v4.rows<logits>>) {
  // expected-error @below {{'v4.attention' op selected has rows logits, expected tokens, the rows of q}}
  v4.attention %q, %kv, %ring rows %rows selected %selected window 128 offset 0 : tensor<?x8x256xbf16, #v4.rows<tokens>>, tensor<?x256xbf16, #v4.rows<tokens>>, !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64> rows !v4.cache<page, ratio = 4, kv_compact, rows = 32, values = 256, rope = 64> selected tensor<?x16xi32, #v4.rows<logits>> -> tensor<?x8x256xbf16, #v4.rows<tokens>>
  return
}

// -----

func.func @attention_c6(%q: tensor<?x8x256xbf16, #v4.rows<tokens>>, %kv: tensor<?x256xbf16, #v4.rows<tokens>>, %ring: !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64>) {
  // expected-error @below {{'v4.attention' op window = 0, expected at least 1}}
  v4.attention %q, %kv, %ring window 0 offset 0 : tensor<?x8x256xbf16, #v4.rows<tokens>>, tensor<?x256xbf16, #v4.rows<tokens>>, !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64> -> tensor<?x8x256xbf16, #v4.rows<tokens>>
  return
}
