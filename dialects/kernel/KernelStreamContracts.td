//===- KernelStreamContracts.td - Tuned hyper-connections --*- tablegen -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef KERNEL_STREAM_CONTRACTS_TD
#define KERNEL_STREAM_CONTRACTS_TD

def Kernel_StreamMixOp : Kernel_Contract<"stream_mix", [AttrSizedOperandSegments]> {
  let summary = "v4.hc_mix and v4.hc_post: new streams, and their products with fn in panels";
  let description = [{
    `streams` C streams of `width` values to a row. With y, post and comb the new streams go to `next`, else the streams
    are those of `from`. With fn (f32 panels of `outputs` rows) the sums go to `mix`, `grid.tiles` parts to a row. Workgroup
    tile p is part p: width / tiles columns of all streams.

    The sum of an output over a part: 16 lanes take every 16th column, streams in order, by fma from zero; then lanes are
    added pairwise at distance 8, 4, 2, 1. Squares: so for each stream, then streams in order.

    (C1) fn and mix come together, as do y, post, comb and next; one of the two groups is there. (C2) tiles divides width;
    with fn, into parts of a multiple of 64 columns, else of 16.
  }];
  let arguments = (ins Index:$begin, Index:$end, Kernel_GridAttr:$grid, Kernel_FlatI64:$counts, Kernel_FlatBf16:$from,
                       Optional<Kernel_FlatF32>:$fn, Optional<Kernel_FlatF32>:$mix, Optional<Kernel_FlatBf16>:$y,
                       Optional<Kernel_FlatF32>:$post, Optional<Kernel_FlatF32>:$comb, Optional<Kernel_FlatBf16>:$next,
                       I64Attr:$streams, I64Attr:$width, I64Attr:$outputs);
  let assemblyFormat = "`range` $begin $end `grid` $grid `counts` $counts `from` $from (`fn` $fn^ $mix)? (`after` $y^ $post $comb $next)? attr-dict `:` type($counts) `,` type($from) (`fn` type($fn)^ `,` type($mix))? (`after` type($y)^ `,` type($post) `,` type($comb) `,` type($next))?";
  let hasVerifier = 1;
}

def Kernel_StreamNormOp : Kernel_Contract<"stream_norm"> {
  let summary = "v4.hc_norm";
  let description = [{
    One workgroup takes grid.tile rows: the gates and the Sinkhorn rounds of up to 16 rows are computed side by side, in the
    lanes of vectors; a division by a sum is a product with its reciprocal. Rows follow one by one.

    (C1) grid.tile is 16 and grid.tiles 1. (C2) width is a multiple of 128.
  }];
  let arguments = (ins Index:$begin, Index:$end, Kernel_GridAttr:$grid, Kernel_FlatI64:$counts, Kernel_FlatF32:$mix,
                       Kernel_FlatBf16:$from, Kernel_FlatF32:$base, Kernel_FlatF32:$scale, Kernel_FlatBf16:$weight,
                       Kernel_FlatBf16:$normed, Kernel_FlatF32:$post, Kernel_FlatF32:$comb,
                       Optional<Kernel_FlatBf16>:$quantized, I64Attr:$streams, I64Attr:$width, I64Attr:$parts,
                       I64Attr:$iterations, F32Attr:$eps, F32Attr:$hc_eps, F32Attr:$norm_eps);
  let assemblyFormat = "`range` $begin $end `grid` $grid `counts` $counts `mix` $mix `from` $from `weights` $base $scale $weight `out` $normed $post $comb ($quantized^)? attr-dict `:` type($counts) `,` type($mix) `,` type($from) `,` type($base) `,` type($scale) `,` type($weight) `,` type($normed) `,` type($post) `,` type($comb) (`,` type($quantized)^)?";
  let hasVerifier = 1;
}

def Kernel_StreamHeadOp : Kernel_Contract<"stream_head"> {
  let summary = "v4.hc_head";
  let description = [{
    One workgroup takes one row: the products of its `streams` streams of `width` values with fn (f32 rows), the gates, and
    their weighted sum. A sum over streams and columns: 16 lanes take every 16th value by fma from zero; then lanes are
    added pairwise at distance 8, 4, 2, 1.

    (C1) grid.tile and grid.tiles are 1. (C2) width is a multiple of 16.
  }];
  let arguments = (ins Index:$begin, Index:$end, Kernel_GridAttr:$grid, Kernel_FlatI64:$counts, Kernel_FlatBf16:$from,
                       Kernel_FlatF32:$fn, Kernel_FlatF32:$base, Kernel_FlatF32:$scale, Kernel_FlatBf16:$out,
                       I64Attr:$streams, I64Attr:$width, F32Attr:$eps, F32Attr:$hc_eps);
  let assemblyFormat = "`range` $begin $end `grid` $grid `counts` $counts `from` $from `weights` $fn $base $scale `out` $out attr-dict `:` type($counts) `,` type($from) `,` type($fn) `,` type($base) `,` type($scale) `,` type($out)";
  let hasVerifier = 1;
}

#endif // KERNEL_STREAM_CONTRACTS_TD
