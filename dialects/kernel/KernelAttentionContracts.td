//===- KernelAttentionContracts.td - Attention and indexer -*- tablegen -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef KERNEL_ATTENTION_CONTRACTS_TD
#define KERNEL_ATTENTION_CONTRACTS_TD

def Kernel_AttendOp : Kernel_Contract<"attend", [AttrSizedOperandSegments]> {
  let summary = "v4.attention and v4.attend on kv_compact rows";
  let description = [{
    A workgroup is `grid.tile` tokens and 8 heads. Rows are walked in blocks that start at absolute positions (window) or
    at fixed places of the list of compressed rows; a block is decoded once for all tokens of the workgroup that see it.
    Where the target multiplies pairs of bf16, probabilities are rounded to bf16 before they meet the values; the total
    that divides takes them unrounded.

    `ratio` is that of `rows`, 0 without; `selected` holds top_k indices per token. With `table`, outputs are rounded to
    bf16 and then turned back by its angles, as v4.rope does.

    (C1) 64 divides dim - rope, rope is even, dim is at most 512. (C2) rows and pages come together, exactly when ratio
    is not 0. (C3) selected is present exactly when top_k is not 0. (C4) grid.tiles is ceil(heads / 8), grid.tile at most 4.
  }];
  let arguments = (ins Index:$begin, Index:$end, Kernel_GridAttr:$grid, Kernel_FlatI64:$counts, Kernel_FlatI32:$positions,
                       Kernel_FlatI32:$token_slots, Kernel_FlatI32:$slot_rows, Kernel_FlatI32:$slot_starts,
                       Kernel_FlatI64:$states, Kernel_FlatBf16:$q, Kernel_FlatBf16:$kv, Kernel_Bytes:$ring,
                       Optional<Kernel_FlatF32>:$sink, Optional<Kernel_Bytes>:$rows, Optional<Kernel_FlatI64>:$pages,
                       Optional<Kernel_FlatI32>:$selected, Optional<Kernel_FlatF32>:$table, Kernel_FlatBf16:$out,
                       I64Attr:$heads, I64Attr:$dim, I64Attr:$rope, I64Attr:$row_bytes, I64Attr:$window, I64Attr:$offset,
                       I64Attr:$ring_rows, I64Attr:$ratio, I64Attr:$top_k);
  let assemblyFormat = [{
    `range` $begin $end `grid` $grid `step` $counts $positions $token_slots $slot_rows $slot_starts $states `q` $q
    `kv` $kv `ring` $ring (`sink` $sink^)? (`rows` $rows^)? (`pages` $pages^)? (`selected` $selected^)?
    (`table` $table^)? `out` $out attr-dict `:` type($counts) `,` type($positions) `,` type($token_slots) `,`
    type($slot_rows) `,` type($slot_starts) `,` type($states) `,` type($q) `,` type($kv) `,` type($ring)
    (`sink` type($sink)^)? (`rows` type($rows)^)? (`pages` type($pages)^)? (`selected` type($selected)^)?
    (`table` type($table)^)? `,` type($out)
  }];
  let hasVerifier = 1;
}

def Kernel_IndexCandidatesOp : Kernel_Contract<"index_candidates"> {
  let summary = "v4.index_candidates on index_fp4 keys";
  let description = [{
    A workgroup is `grid.tile` tokens and one strip, `grid.tiles` are all. A page of keys is decoded once for the tokens
    of a workgroup; dot products are chains over pairs of columns, then rounded to bf16, cut at zero, weighted and
    rounded, and added head by head, as in v4.index_scores.

    (C1) dim is 32, 64 or 128. (C2) top_k is at least 1. (C3) grid.tile is at most 4.
  }];
  let arguments = (ins Index:$begin, Index:$end, Kernel_GridAttr:$grid, Kernel_FlatI64:$counts, Kernel_FlatI32:$positions,
                       Kernel_FlatI32:$token_slots, Kernel_FlatI32:$slot_rows, Kernel_FlatI64:$pages, Kernel_FlatBf16:$q,
                       Kernel_FlatBf16:$weights, Kernel_Bytes:$keys, Kernel_FlatF32:$scores, Kernel_FlatI32:$rows,
                       I64Attr:$heads, I64Attr:$dim, I64Attr:$row_bytes, I64Attr:$top_k);
  let assemblyFormat = [{
    `range` $begin $end `grid` $grid `step` $counts $positions $token_slots $slot_rows $pages `q` $q `weights` $weights
    `keys` $keys `out` $scores $rows attr-dict `:` type($counts) `,` type($positions) `,` type($token_slots) `,`
    type($slot_rows) `,` type($pages) `,` type($q) `,` type($weights) `,` type($keys) `,` type($scores) `,` type($rows)
  }];
  let hasVerifier = 1;
}

def Kernel_SelectCandidatesOp : Kernel_Contract<"select_candidates"> {
  let summary = "v4.select_candidates";
  let description = [{
    A workgroup is one token. `scores` and `rows` are [T, strips, top_k]; a strip ends with its first row of -1.

    (C1) strips and top_k are at least 1. (C2) grid.tile and grid.tiles are 1.
  }];
  let arguments = (ins Index:$begin, Index:$end, Kernel_GridAttr:$grid, Kernel_FlatI64:$counts, Kernel_FlatI32:$positions,
                       Kernel_FlatF32:$scores, Kernel_FlatI32:$rows, Kernel_FlatI32:$out, I64Attr:$strips, I64Attr:$top_k);
  let assemblyFormat = [{
    `range` $begin $end `grid` $grid `step` $counts $positions `of` $scores $rows `out` $out attr-dict `:`
    type($counts) `,` type($positions) `,` type($scores) `,` type($rows) `,` type($out)
  }];
  let hasVerifier = 1;
}

#endif // KERNEL_ATTENTION_CONTRACTS_TD
