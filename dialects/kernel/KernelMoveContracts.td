//===- KernelMoveContracts.td - Rows that move, routing ----*- tablegen -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef KERNEL_MOVE_CONTRACTS_TD
#define KERNEL_MOVE_CONTRACTS_TD

def Kernel_GatherRowsOp : Kernel_Contract<"gather_rows"> {
  let summary = "v4.embed and v4.select_logits_rows: rows copied by their number";
  let description = [{
    `out[i, j] = from[rows[i]]` for j < copies, rows of `width` values. Workgroup tile p is part p of the columns.

    (C1) grid.tile is 1. (C2) grid.tiles divides width. (C3) copies is at least 1.
  }];
  let arguments = (ins Index:$begin, Index:$end, Kernel_GridAttr:$grid, Kernel_FlatI64:$counts, Kernel_FlatI32:$rows,
                       Kernel_FlatBf16:$from, Kernel_FlatBf16:$out, I64Attr:$width, I64Attr:$copies);
  let assemblyFormat = "`range` $begin $end `grid` $grid `step` $counts $rows `from` $from `out` $out attr-dict `:` type($counts) `,` type($rows) `,` type($from) `,` type($out)";
  let hasVerifier = 1;
}

def Kernel_PreviousRowsOp : Kernel_Contract<"previous_rows"> {
  let summary = "v4.previous_streams";
  let description = [{
    Row i of `out` is row i - 1 of `x` when that is of the same sequence, else the bf16 row of the position before in the
    sequence's ring of `ring_rows` rows, zero at position 0. Rows have `width` values; workgroup tile p is part p of the
    columns.

    (C1) grid.tile is 1. (C2) grid.tiles divides width. (C3) ring_rows is at least 1.
  }];
  let arguments = (ins Index:$begin, Index:$end, Kernel_GridAttr:$grid, Kernel_FlatI64:$counts, Kernel_FlatI32:$positions,
                       Kernel_FlatI32:$token_slots, Kernel_FlatI32:$slot_rows, Kernel_FlatI64:$states, Kernel_FlatBf16:$x,
                       Kernel_Bytes:$pool, Kernel_FlatBf16:$out, I64Attr:$width, I64Attr:$ring_rows);
  let assemblyFormat = "`range` $begin $end `grid` $grid `step` $counts $positions $token_slots $slot_rows $states `x` $x `pool` $pool `out` $out attr-dict `:` type($counts) `,` type($positions) `,` type($token_slots) `,` type($slot_rows) `,` type($states) `,` type($x) `,` type($pool) `,` type($out)";
  let hasVerifier = 1;
}

def Kernel_SumRowsOp : Kernel_Contract<"sum_rows"> {
  let summary = "v4.combine, v4.mtp_mix and v4.scale";
  let description = [{
    With s = `((x[i, j, 0] + x[i, j, 1]) + ...) + x[i, j, terms - 1]`: `out[i, j] = bf16(s + y[i])` or `bf16(s * factor)`
    for j < inner, rows of `width` values. Workgroup tile j * parts + p is part p of the columns of row (i, j).

    (C1) grid.tile is 1, inner divides grid.tiles, and the parts divide width. (C2) terms is at least 1. (C3) there is y or
    factor, not both.
  }];
  let arguments = (ins Index:$begin, Index:$end, Kernel_GridAttr:$grid, Kernel_FlatI64:$counts, Kernel_FlatBf16:$x,
                       Optional<Kernel_FlatBf16>:$y, Kernel_FlatBf16:$out, I64Attr:$width, I64Attr:$inner, I64Attr:$terms,
                       OptionalAttr<F32Attr>:$factor);
  let assemblyFormat = "`range` $begin $end `grid` $grid `counts` $counts `x` $x (`y` $y^)? `out` $out attr-dict `:` type($counts) `,` type($x) (`y` type($y)^)? `,` type($out)";
  let hasVerifier = 1;
}

def Kernel_RopeTableOp : Kernel_Contract<"rope_table"> {
  let summary = "v4.rope_table";
  let description = [{
    The position of row i is `places[i] * stride + offset`. A workgroup is one row.

    (C1) grid.tile and grid.tiles are 1. (C2) stride is at least 1.
  }];
  let arguments = (ins Index:$begin, Index:$end, Kernel_GridAttr:$grid, Kernel_FlatI64:$counts, Kernel_FlatI32:$places,
                       Kernel_FlatF32:$out, ElementsAttr:$freqs, I64Attr:$stride, I64Attr:$offset);
  let assemblyFormat = "`range` $begin $end `grid` $grid `step` $counts $places `out` $out attr-dict `:` type($counts) `,` type($places) `,` type($out)";
  let hasVerifier = 1;
}

def Kernel_RouteOp : Kernel_Contract<"route", [AttrSizedOperandSegments]> {
  let summary = "v4.route and v4.hash_route";
  let description = [{
    With `bias` the `active` experts of the largest biased scores, found in that many rounds over 16 experts at a time;
    with `table` (and the token's id) those of its row, clamped to the experts there are. Scores of hash routing are
    computed for the chosen experts alone. A workgroup is one token.

    (C1) grid.tile and grid.tiles are 1. (C2) active is 1 .. 16 and at most `count`, the number of experts. (C3) there is
    bias, or ids with table.
  }];
  let arguments = (ins Index:$begin, Index:$end, Kernel_GridAttr:$grid, Kernel_FlatI64:$counts, Kernel_FlatF32:$logits,
                       Optional<Kernel_FlatF32>:$bias, Optional<Kernel_FlatI32>:$ids, Optional<Kernel_FlatI32>:$table,
                       Kernel_FlatI32:$experts, Kernel_FlatF32:$weights, I64Attr:$count, I64Attr:$active, F32Attr:$factor,
                       UnitAttr:$normalize);
  let assemblyFormat = "`range` $begin $end `grid` $grid `counts` $counts `logits` $logits (`bias` $bias^)? (`table` $ids^ $table)? `out` $experts $weights attr-dict `:` type($counts) `,` type($logits) (`bias` type($bias)^)? (`table` type($ids)^ `,` type($table))? `,` type($experts) `,` type($weights)";
  let hasVerifier = 1;
}

def Kernel_DispatchOp : Kernel_Contract<"dispatch"> {
  let summary = "v4.dispatch";
  let description = [{
    One workgroup counts the assignments of each of `count` experts, and places them. The counters are in the result.

    (C1) grid.tile and grid.tiles are 1, grid.rows is 0. (C2) active and count are at least 1.
  }];
  let arguments = (ins Index:$begin, Index:$end, Kernel_GridAttr:$grid, Kernel_FlatI64:$counts, Kernel_FlatI32:$experts,
                       Kernel_FlatI32:$order, Kernel_FlatI32:$offsets, Kernel_FlatI32:$hits, I64Attr:$count,
                       I64Attr:$active);
  let assemblyFormat = "`range` $begin $end `grid` $grid `counts` $counts `of` $experts `out` $order $offsets $hits attr-dict `:` type($counts) `,` type($experts) `,` type($order) `,` type($offsets) `,` type($hits)";
  let hasVerifier = 1;
}

#endif // KERNEL_MOVE_CONTRACTS_TD
