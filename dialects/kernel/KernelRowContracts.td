//===- KernelRowContracts.td - Tuned steps on rows ---------*- tablegen -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef KERNEL_ROW_CONTRACTS_TD
#define KERNEL_ROW_CONTRACTS_TD

def Kernel_RowChainOp : Kernel_Contract<"row_chain", [AttrSizedOperandSegments]> {
  let summary = "v4.row_chain, and v4.rms_norm, head_norm, rope, hadamard and quantize alone";
  let description = [{
    A workgroup is one run of `width` values, grid.tiles of them to a row of the step. Steps as in v4.row_chain; `rotary`
    is the number of rotated values, 0 for none; `quantize` the block of the quantization, 0 for none, of fp8 or fp4.
    Sums of squares take four vectors of 16 lanes in turns.

    (C1) grid.tile is 1. (C2) width, rotary and prefix are multiples of 16. (C3) the block is a multiple of 16 that divides
    prefix; without a Hadamard transform the values that rotate are whole blocks or behind the prefix. (C4) with a Hadamard
    transform, width is a power of two up to 512.
  }];
  let arguments = (ins Index:$begin, Index:$end, Kernel_GridAttr:$grid, Kernel_FlatI64:$counts, Kernel_FlatBf16:$x,
                       Optional<Kernel_FlatBf16>:$weight, Optional<Kernel_FlatF32>:$table, Kernel_FlatBf16:$out,
                       Optional<Kernel_FlatBf16>:$keep, I64Attr:$width, I64Attr:$rotary, I64Attr:$quantize,
                       I64Attr:$prefix, OptionalAttr<F32Attr>:$eps, UnitAttr:$inverse, UnitAttr:$hadamard,
                       UnitAttr:$fp8);
  let assemblyFormat = "`range` $begin $end `grid` $grid `counts` $counts `x` $x (`weight` $weight^)? (`table` $table^)? `out` $out (`keep` $keep^)? attr-dict `:` type($counts) `,` type($x) (`weight` type($weight)^)? (`table` type($table)^)? `,` type($out) (`keep` type($keep)^)?";
  let hasVerifier = 1;
}

def Kernel_SwigluOp : Kernel_Contract<"swiglu"> {
  let summary = "v4.swiglu and v4.swiglu_quantize";
  let description = [{
    A workgroup is one run of `width` values, grid.tiles of them to a row of the step. `quantize` adds fp8 in blocks of 128.
    Without `limit` nothing is clamped.

    (C1) grid.tile is 1. (C2) width is a multiple of 16, with `quantize` of 128.
  }];
  let arguments = (ins Index:$begin, Index:$end, Kernel_GridAttr:$grid, Kernel_FlatI64:$counts, Kernel_FlatBf16:$gate,
                       Kernel_FlatBf16:$up, Optional<Kernel_FlatF32>:$weights, Kernel_FlatBf16:$out, I64Attr:$width,
                       OptionalAttr<F32Attr>:$limit, UnitAttr:$quantize);
  let assemblyFormat = "`range` $begin $end `grid` $grid `counts` $counts `x` $gate $up (`weights` $weights^)? `out` $out attr-dict `:` type($counts) `,` type($gate) `,` type($up) (`weights` type($weights)^)? `,` type($out)";
  let hasVerifier = 1;
}

#endif // KERNEL_ROW_CONTRACTS_TD
