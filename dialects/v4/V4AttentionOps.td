//===- V4AttentionOps.td - Compressor, indexer, attention --*- tablegen -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// CSA: compressed sparse attention, ratio 4: the window plus rows that the
// indexer selects. HCA: heavily compressed attention, ratio 128: the window plus
// all finished rows. Window-only layers have ratio 0.
//
// Cached state is read before it is written: within a step an op takes rows of
// this step from its tensor operand and older ones from the cache; the ops that
// write come behind all readers in program order.
//
//===----------------------------------------------------------------------===//

#ifndef V4_ATTENTION_OPS_TD
#define V4_ATTENTION_OPS_TD

include "dialects/v4/V4Types.td"

def V4_CompressOp : V4_Op<"compress", [V4_TakesWeights, AllTypesMatch<["values", "gates"]>]> {
  let summary = "gated softmax pooling of the chunks that the step finishes";
  let description = [{
    values, gates [T, w*dim] f32 of this step; older tokens of a chunk come from the ring in the
    state block. `g_t = gates_t + ape[t mod r]`. Per channel k < dim:
    ratio 128 (w = 1): softmax over the 128 tokens of chunk c of g, weighted sum of values.
    ratio 4 (w = 2, overlap): 8 candidates: tokens of chunk c-1 with channel k of the first half,
    then tokens of chunk c with channel dim + k; chunk 0 has no predecessor.
    All in f32, `p = exp(g - max)`, `sum(p * a) / sum(p)`, rounded to bf16. Rows are in order of
    chunks{ratio} of the step block.

    (C1) values, gates have the same type with rows `tokens`. (C2) ratio is 4 or 128 and the result has
    rows chunks4 or chunks128. (C3) ape is [ratio, width of values], which is 2 dim for ratio 4
    and dim for 128. (C4) the state is an f32 state pool of at least 8 (ratio 4) or 128 rows of
    2 * width values: values, then gates (without ape).

    ```mlir
    %r = v4.compress %a, %g, %ape, %ring ratio 4 : tensor<?x512xf32, #v4.rows<tokens>>, tensor<4x512xf32>, !v4.cache<state, ratio = 1, f32, rows = 8, values = 1024, rope = 0> -> tensor<?x256xbf16, #v4.rows<chunks4>>
    ```
  }];
  let arguments = (ins V4_F32Rows:$values, V4_F32Rows:$gates, V4_F32Weight:$ape, V4_CacheRead:$state, I64Attr:$ratio);
  let results = (outs V4_BF16Rows:$result);
  let assemblyFormat = "$values `,` $gates `,` $ape `,` $state `ratio` $ratio attr-dict `:` type($values) `,` type($ape) `,` qualified(type($state)) `->` type($result)";
  let hasVerifier = 1;
}

def V4_SavePartialOp : V4_Op<"save_partial", [AllTypesMatch<["values", "gates"]>]> {
  let summary = "keep the last compressor inputs of every sequence";
  let description = [{
    Writes values and gates of each slot's last min(n, rows) tokens into the ring at
    position mod rows. (C1) the state is one that v4.compress reads for this width, values have rows `tokens`.

    ```mlir
    v4.save_partial %a, %g, %ring : tensor<?x512xf32, #v4.rows<tokens>>, !v4.cache<state, ratio = 1, f32, rows = 8, values = 1024, rope = 0>
    ```
  }];
  let arguments = (ins V4_F32Rows:$values, V4_F32Rows:$gates, V4_CacheWrite:$state);
  let assemblyFormat = "$values `,` $gates `,` $state attr-dict `:` type($values) `,` qualified(type($state))";
  let hasVerifier = 1;
}

def V4_AppendRowsOp : V4_Op<"append_rows", []> {
  let summary = "append finished compressed rows to the sequence's pages";
  let description = [{
    Row c of a slot goes to page `c * ratio / 128`, row `c mod (128 / ratio)`, encoded as the pool
    says; lossless because kv_compact rows went through `v4.quantize fp8 block 64` and index_fp4
    rows through `v4.quantize fp4 block 32`: the scale is derived again from the values (any
    power of two that represents the run exactly gives the same values back).

    (C1) the cache is a page pool of x's width whose ratio is that of x's rows (chunks4, chunks128).
    (C2) its encoding is kv_compact or index_fp4.

    ```mlir
    v4.append_rows %r, %rows : tensor<?x256xbf16, #v4.rows<chunks4>>, !v4.cache<page, ratio = 4, kv_compact, rows = 32, values = 256, rope = 64>
    ```
  }];
  let arguments = (ins V4_BF16Rows:$x, V4_CacheWrite:$cache);
  let assemblyFormat = "$x `,` $cache attr-dict `:` type($x) `,` qualified(type($cache))";
  let hasVerifier = 1;
}

def V4_AppendWindowOp : V4_Op<"append_window", []> {
  let summary = "keep the last window rows of every sequence";
  let description = [{
    Writes each slot's last min(n, ring rows) KV rows into the ring at `(position + offset) mod rows`;
    rows whose `position + offset` is negative are skipped (MTP slots lag one position: offset -1).

    (C1) the cache is a kv_compact state pool of x's width, ratio 1. (C2) x has rows `tokens`.

    ```mlir
    v4.append_window %kv, %ring offset 0 : tensor<?x256xbf16, #v4.rows<tokens>>, !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64>
    ```
  }];
  let arguments = (ins V4_BF16Rows:$x, V4_CacheWrite:$cache, I64Attr:$offset);
  let assemblyFormat = "$x `,` $cache `offset` $offset attr-dict `:` type($x) `,` qualified(type($cache))";
  let hasVerifier = 1;
}

def V4_IndexScoresOp : V4_Op<"index_scores", [DeclareOpInterfaceMethods<V4_CostOpInterface, ["countProducts", "getPartName"]>]> {
  let summary = "lightning indexer: score of every visible compressed row for every token";
  let description = [{
    `score(t, c) = bf16(sum_h bf16(relu(bf16(q_{t,h} . key_c)) * w_{t,h}))` for c < floor((t+1)/4), t the
    token's position; other entries are not written. The result's second dimension is dynamic:
    index rows of the session's context.

    (C1) q is [T, HI, DI], w [T, HI]. (C2) the cache is a page pool of DI values, ratio 4, index_fp4
    (or kv_compact where a test plants keys without FP4).
    (C3) the result is [T, ?].

    ```mlir
    %s = v4.index_scores %q, %w, %keys : tensor<?x8x128xbf16, #v4.rows<tokens>>, tensor<?x8xbf16, #v4.rows<tokens>>, !v4.cache<page, ratio = 4, index_fp4, rows = 32, values = 128, rope = 0> -> tensor<?x?xf32, #v4.rows<tokens>>
    ```
  }];
  let arguments = (ins V4_BF16Rows:$q, V4_BF16Rows:$weights, V4_CacheRead:$keys);
  let results = (outs V4_ScoreRows:$result);
  let assemblyFormat = "$q `,` $weights `,` $keys attr-dict `:` type($q) `,` type($weights) `,` qualified(type($keys)) `->` type($result)";
  let hasVerifier = 1;
}

def V4_TopKOp : V4_Op<"top_k", [Pure]> {
  let summary = "indices of the best scores of every token, ascending";
  let description = [{
    Selects the min(k, n) best of the first n = floor((t+1)/4) scores of the token at position t;
    ties go to the lower index. Indices ascending, then -1.

    (C1) scores are [T, ?], the result is [T, k] with k >= 1 and the same rows.

    ```mlir
    %i = v4.top_k %s : tensor<?x?xf32, #v4.rows<tokens>> -> tensor<?x16xi32, #v4.rows<tokens>>
    ```
  }];
  let arguments = (ins V4_ScoreRows:$scores);
  let results = (outs V4_I32Rows:$result);
  let assemblyFormat = "$scores attr-dict `:` type($scores) `->` type($result)";
  let hasVerifier = 1;
}

def V4_AttentionOp : V4_Op<"attention", [AttrSizedOperandSegments, DeclareOpInterfaceMethods<V4_CostOpInterface, ["countProducts", "getPartName"]>]> {
  let summary = "attention over window rows and compressed rows, with a sink";
  let description = [{
    For the token at position p = position + offset: keys and values are the window rows
    `max(0, p - window + 1) .. p` (rows of this step from `kv`, older ones from the ring) and then, of the
    `rows` pool, the entries of `selected` (CSA) or all c < floor((p+1) / ratio) (HCA).
    `s_i = (q . k_i) * D^-1/2`; `o = sum_i e^(s_i - m) k_i / (sum_i e^(s_i - m) + e^(sink - m))`, rounded to bf16.
    One row of keys serves all heads. Without `sink` the last term is absent.
    The order of accumulation is that list, in blocks that start at absolute row indices, so that bits
    do not depend on how a prompt was chunked. A row without keys (p < 0) gives zero.

    (C1) q is [T, H, D], kv [T, D], the result has q's type. (C2) sink is [H]. (C3) the ring is a
    kv_compact state pool of D values with at least `window` rows. (C4) `rows`, when present, is a kv_compact
    page pool of D values. (C5) `selected` is present exactly when `rows` has ratio 4, and is [T, k].
    (C6) `window` is at least 1.

    ```mlir
    %o = v4.attention %q, %kv, %ring sink %sink rows %rows selected %sel window 128 offset 0 : tensor<?x8x256xbf16, #v4.rows<tokens>>, tensor<?x256xbf16, #v4.rows<tokens>>, !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64> sink tensor<8xf32> rows !v4.cache<page, ratio = 4, kv_compact, rows = 32, values = 256, rope = 64> selected tensor<?x16xi32, #v4.rows<tokens>> -> tensor<?x8x256xbf16, #v4.rows<tokens>>
    ```
  }];
  let arguments = (ins V4_BF16Rows:$q, V4_BF16Rows:$kv, V4_CacheRead:$ring, Optional<V4_F32Weight>:$sink,
                       Arg<Optional<V4_CacheType>, "compressed rows", [MemRead<V4_CacheState>]>:$rows,
                       Optional<V4_I32Rows>:$selected, I64Attr:$window, I64Attr:$offset);
  let results = (outs V4_BF16Rows:$result);
  let assemblyFormat = [{
    $q `,` $kv `,` $ring (`sink` $sink^)? (`rows` $rows^)? (`selected` $selected^)? `window` $window `offset` $offset attr-dict
    `:` type($q) `,` type($kv) `,` qualified(type($ring)) (`sink` type($sink)^)? (`rows` qualified(type($rows))^)? (`selected` type($selected)^)? `->` type($result)
  }];
  let hasVerifier = 1;
}

#endif // V4_ATTENTION_OPS_TD
