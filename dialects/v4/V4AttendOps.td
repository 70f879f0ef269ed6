//===- V4AttendOps.td - Fused attention and indexer --------*- tablegen -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What v4-fuse-attention and v4-fuse-csa-indexer make of the ops in
// V4AttentionOps.td. Rounding points are those of the parts.
//
//===----------------------------------------------------------------------===//

#ifndef V4_ATTEND_OPS_TD
#define V4_ATTEND_OPS_TD

include "dialects/v4/V4Types.td"

def V4_AttendOp : V4_Op<"attend", [AttrSizedOperandSegments]> {
  let summary = "v4.attention, then the inverse v4.rope of its result";
  let description = [{
    `result = rope(attention(q, kv, ring, sink, rows, selected), table) inverse`; what v4.attention gives is rounded to
    bf16 before it is turned back.

    As for v4.attention: (C1) shapes of q, kv and the result, (C2) one sink per head, (C3) the ring, (C4) the pool of
    compressed rows, (C5) selected where the rows have ratio 4, (C6) the window. (C7) the table is [rows of q, 2, R/2],
    and R is the number of rotary values of the ring's rows.

    ```mlir
    %o = v4.attend %q, %kv, %ring back %t sink %sink window 128 offset 0 : tensor<?x8x256xbf16, #v4.rows<tokens>>, tensor<?x256xbf16, #v4.rows<tokens>>, !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64> back tensor<?x2x32xf32, #v4.rows<tokens>> sink tensor<8xf32> -> tensor<?x8x256xbf16, #v4.rows<tokens>>
    ```
  }];
  let arguments = (ins V4_BF16Rows:$q, V4_BF16Rows:$kv, V4_CacheRead:$ring, V4_F32Rows:$table,
                       Optional<V4_F32Weight>:$sink,
                       Arg<Optional<V4_CacheType>, "compressed rows", [MemRead<V4_CacheState>]>:$rows,
                       Optional<V4_I32Rows>:$selected, I64Attr:$window, I64Attr:$offset);
  let results = (outs V4_BF16Rows:$result);
  let assemblyFormat = [{
    $q `,` $kv `,` $ring `back` $table (`sink` $sink^)? (`rows` $rows^)? (`selected` $selected^)? `window` $window
    `offset` $offset attr-dict `:` type($q) `,` type($kv) `,` qualified(type($ring)) `back` type($table)
    (`sink` type($sink)^)? (`rows` qualified(type($rows))^)? (`selected` type($selected)^)? `->` type($result)
  }];
  let hasVerifier = 1;
}

def V4_IndexCandidatesOp : V4_Op<"index_candidates", []> {
  let summary = "scores of v4.index_scores, of which every strip of compressed rows keeps the best";
  let description = [{
    The n = floor((t+1)/4) compressed rows that the token at position t sees are cut into `strips` strips of consecutive
    pages. Of the scores of a strip the k best remain, ties to the lower row; scores[t, s] holds them and rows[t, s]
    their rows, ascending, then one -1 if there are fewer. A token with n <= k selects all that it sees: nothing is written for it. How the
    pages are cut is not specified, so that tokens that are computed together may share the cut.

    The buffers take k entries a strip and token, however long the context is.

    (C1) q is [T, HI, DI], weights [T, HI]. (C2) the cache is a page pool of DI values, ratio 4, index_fp4.
    (C3) scores and rows are [T, strips, k].

    ```mlir
    %s, %r = v4.index_candidates %q, %w, %keys : tensor<?x8x128xbf16, #v4.rows<tokens>>, tensor<?x8xbf16, #v4.rows<tokens>>, !v4.cache<page, ratio = 4, index_fp4, rows = 32, values = 128, rope = 0> -> tensor<?x8x16xf32, #v4.rows<tokens>>, tensor<?x8x16xi32, #v4.rows<tokens>>
    ```
  }];
  let arguments = (ins V4_BF16Rows:$q, V4_BF16Rows:$weights, V4_CacheRead:$keys);
  let results = (outs V4_F32Rows:$scores, V4_I32Rows:$rows);
  let assemblyFormat = "$q `,` $weights `,` $keys attr-dict `:` type($q) `,` type($weights) `,` qualified(type($keys)) `->` type($scores) `,` type($rows)";
  let hasVerifier = 1;
}

def V4_SelectCandidatesOp : V4_Op<"select_candidates", [Pure]> {
  let summary = "v4.top_k over the candidates of all strips";
  let description = [{
    The min(k, n) best of the n = floor((t+1)/4) rows that the token at position t sees, ties to the lower row; ascending,
    then -1. With n <= k these are 0 .. n-1, and no candidate is read.

    (C1) scores and rows are [T, strips, k], the result is [T, k].

    ```mlir
    %i = v4.select_candidates %s, %r : tensor<?x8x16xf32, #v4.rows<tokens>>, tensor<?x8x16xi32, #v4.rows<tokens>> -> tensor<?x16xi32, #v4.rows<tokens>>
    ```
  }];
  let arguments = (ins V4_F32Rows:$scores, V4_I32Rows:$rows);
  let results = (outs V4_I32Rows:$result);
  let assemblyFormat = "$scores `,` $rows attr-dict `:` type($scores) `,` type($rows) `->` type($result)";
  let hasVerifier = 1;
}

#endif // V4_ATTEND_OPS_TD
