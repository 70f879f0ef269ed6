//===- KernelCacheContracts.td - What writes caches --------*- tablegen -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef KERNEL_CACHE_CONTRACTS_TD
#define KERNEL_CACHE_CONTRACTS_TD

def Kernel_AppendRowsOp : Kernel_Contract<"append_rows", [AttrSizedOperandSegments]> {
  let summary = "v4.append_rows, append_window, save_partial and save_streams";
  let description = [{
    Row i of `x` goes to the row of the pool for slot `slots[i]` and place `places[i]`. Without `ring` that is row
    `places[i]` of the slot's pages; with it, row `(places[i] + offset) mod pool_rows` of its state, unless that number is
    negative or a later token of the step takes the same row. `format` is f8E4M3FN for kv_compact rows, f4E2M1FN for
    index_fp4 rows, else that of x; a row of f32 holds a row of x, then one of `second`. A workgroup is one row.

    (C1) grid.tile and grid.tiles are 1. (C2) format is f8E4M3FN or f4E2M1FN for x of bf16, or x's own. (C3) narrow rows
    have whole runs of 64 (f8E4M3FN, in front of the rotary values) or 32 values. (C4) second comes with f32 rows alone.
    (C5) slot_rows and slot_starts come together; without them offset is 0.
  }];
  let arguments = (ins Index:$begin, Index:$end, Kernel_GridAttr:$grid, Kernel_FlatI64:$counts, Kernel_FlatI32:$slots,
                       Kernel_FlatI32:$places, Kernel_FlatI64:$offsets, Optional<Kernel_FlatI32>:$slot_rows,
                       Optional<Kernel_FlatI32>:$slot_starts, Kernel_FlatReal:$x, Optional<Kernel_FlatF32>:$second,
                       Kernel_Bytes:$pool, TypeAttr:$format, I64Attr:$width, I64Attr:$rope, I64Attr:$pool_rows,
                       I64Attr:$row_bytes, I64Attr:$offset);
  let assemblyFormat = "`range` $begin $end `grid` $grid `step` $counts $slots $places $offsets (`ring` $slot_rows^ $slot_starts)? `x` $x (`second` $second^)? `pool` $pool attr-dict `:` type($counts) `,` type($slots) `,` type($places) `,` type($offsets) (`ring` type($slot_rows)^ `,` type($slot_starts))? `,` type($x) (`second` type($second)^)? `,` type($pool)";
  let hasVerifier = 1;
}

def Kernel_CompressAppendOp : Kernel_Contract<"compress_append"> {
  let summary = "v4.compress_append";
  let description = [{
    A workgroup is one chunk. Channels are pooled 64 at a time, so that the place of a candidate, in the step or in the
    ring, is found once for them; then the steps of kernel.row_chain on `dim` values, then kernel.append_rows.

    (C1) grid.tile and grid.tiles are 1. (C2) ratio is 4 or 128. (C3) dim and rotary are multiples of 16, and the values in
    front of the rotary ones (f4E2M1FN: all) whole runs of the format. (C4) with a Hadamard transform, dim is a power of two
    up to 512. (C5) format is f8E4M3FN or f4E2M1FN.
  }];
  let arguments = (ins Index:$begin, Index:$end, Kernel_GridAttr:$grid, Kernel_FlatI64:$counts, Kernel_FlatI32:$slots,
                       Kernel_FlatI32:$places, Kernel_FlatI32:$slot_rows, Kernel_FlatI32:$slot_starts,
                       Kernel_FlatI64:$states, Kernel_FlatI64:$pages, Kernel_FlatF32:$values, Kernel_FlatF32:$gates,
                       Kernel_FlatF32:$ape, Kernel_Bytes:$state, Kernel_FlatBf16:$weight, Kernel_FlatF32:$table,
                       Kernel_Bytes:$pool, TypeAttr:$format, I64Attr:$ratio, I64Attr:$dim, I64Attr:$rotary, I64Attr:$rope,
                       I64Attr:$ring_rows, I64Attr:$pool_rows, I64Attr:$row_bytes, F32Attr:$eps, UnitAttr:$hadamard);
  let assemblyFormat = "`range` $begin $end `grid` $grid `step` $counts $slots $places $slot_rows $slot_starts $states $pages `of` $values $gates $ape $state `norm` $weight `rope` $table `into` $pool attr-dict `:` type($counts) `,` type($slots) `,` type($places) `,` type($slot_rows) `,` type($slot_starts) `,` type($states) `,` type($pages) `,` type($values) `,` type($gates) `,` type($ape) `,` type($state) `,` type($weight) `,` type($table) `,` type($pool)";
  let hasVerifier = 1;
}

#endif // KERNEL_CACHE_CONTRACTS_TD
