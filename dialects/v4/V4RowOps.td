//===- V4RowOps.td - Fused steps on rows -------------------*- tablegen -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What v4-merge-activation-quant and v4-fuse-compressor make of the steps between
// two matrix products. Every rounding point of the single ops stays.
//
//===----------------------------------------------------------------------===//

#ifndef V4_ROW_OPS_TD
#define V4_ROW_OPS_TD

include "dialects/v4/V4Types.td"

def V4_RowChainOp : V4_Op<"row_chain", [Pure, AttrSizedOperandSegments, AllTypesMatch<["x", "result"]>]> {
  let summary = "norm, rotation, Hadamard transform and quantization of a row in one pass";
  let description = [{
    The steps that are spelled, in this order: `norm w eps e` is v4.rms_norm, `eps e` alone v4.head_norm, then v4.rope,
    v4.hadamard, v4.quantize. `keep` adds a second result: the values behind the norm.

    (C1) at least two steps. (C2) a norm's weight comes with eps and has the width of x. (C3) the table is one that
    v4.rope takes. (C4) the width is one that v4.hadamard takes. (C5) format, block and prefix come together, as v4.quantize
    takes them. (C6) keep has x's type and needs a norm.

    ```mlir
    %q, %n = v4.row_chain %x norm %w eps 1.0e-06 quantize fp8 block 128 prefix 256 : tensor<?x256xbf16, #v4.rows<tokens>> norm tensor<256xbf16> keep tensor<?x256xbf16, #v4.rows<tokens>>
    %k = v4.row_chain %x norm %w eps 1.0e-06 rope %t quantize fp8 block 64 prefix 192 : tensor<?x256xbf16, #v4.rows<tokens>> norm tensor<256xbf16> rope tensor<?x2x32xf32, #v4.rows<tokens>>
    ```
  }];
  let arguments = (ins V4_BF16Rows:$x, Optional<V4_BF16Weight>:$weight, Optional<V4_F32Rows>:$table,
                       OptionalAttr<F32Attr>:$eps, UnitAttr:$inverse, UnitAttr:$hadamard,
                       OptionalAttr<V4_QuantFormatAttr>:$format, OptionalAttr<I64Attr>:$block,
                       OptionalAttr<I64Attr>:$prefix);
  let results = (outs V4_BF16Rows:$result, Optional<V4_BF16Rows>:$keep);
  let assemblyFormat = [{
    $x (`norm` $weight^)? (`eps` $eps^)? (`rope` $table^)? (`inverse` $inverse^)? (`hadamard` $hadamard^)?
    (`quantize` $format^ `block` $block `prefix` $prefix)? attr-dict
    `:` type($x) (`norm` type($weight)^)? (`rope` type($table)^)? (`keep` type($keep)^)?
  }];
  let hasVerifier = 1;
}

def V4_SwigluQuantizeOp : V4_Op<"swiglu_quantize", [Pure, AllTypesMatch<["gate", "up", "result"]>]> {
  let summary = "v4.swiglu and the quantization of its result";
  let description = [{
    `quantize fp8 block 128` over the full width of `v4.swiglu`.

    (C1) with weights [T, A], gate is [T, A, F]. (C2) F is a multiple of 128.

    ```mlir
    %h = v4.swiglu_quantize %a, %b weights %w limit 1.0e+01 : tensor<?x4x128xbf16, #v4.rows<tokens>>, tensor<?x4xf32, #v4.rows<tokens>>
    ```
  }];
  let arguments = (ins V4_BF16Rows:$gate, V4_BF16Rows:$up, Optional<V4_F32Rows>:$weights, OptionalAttr<F32Attr>:$limit);
  let results = (outs V4_BF16Rows:$result);
  let assemblyFormat = "$gate `,` $up (`weights` $weights^)? (`limit` $limit^)? attr-dict `:` type($gate) (`,` type($weights)^)?";
  let hasVerifier = 1;
}

def V4_CompressAppendOp : V4_Op<"compress_append", [AllTypesMatch<["values", "gates"]>]> {
  let summary = "v4.compress, norm, rotation, Hadamard transform, quantization and append of a chunk's row";
  let description = [{
    The row of every chunk that the step finishes: `v4.compress` of values, gates, ape and state; then as in v4.row_chain
    with norm, rope, optional hadamard and quantize; then `v4.append_rows` to the cache. The tail of unfinished chunks stays
    with v4.save_partial, because a launch reads or writes a pool and never both.

    (C1) values have rows `tokens`, ratio is 4 or 128. (C2) the weight is [dim], ape [ratio, width of values], which is
    2 dim for ratio 4 and dim for 128. (C3) state as in v4.compress (C4). (C4) the table is [rows of chunks{ratio}, 2, R/2].
    (C5) the cache is a page pool of dim values of this ratio, kv_compact or index_fp4, and the quantization the one that
    makes its rows lossless: fp8 block 64 up to the rotary values, or fp4 block 32.

    ```mlir
    v4.compress_append %a, %g, %ape, %ring norm %w eps 1.0e-06 rope %t into %rows ratio 4 : tensor<?x512xf32, #v4.rows<tokens>>, tensor<4x512xf32>, !v4.cache<state, ratio = 1, f32, rows = 8, values = 1024, rope = 0>, tensor<256xbf16>, tensor<?x2x32xf32, #v4.rows<chunks4>>, !v4.cache<page, ratio = 4, kv_compact, rows = 32, values = 256, rope = 64>
    ```
  }];
  let arguments = (ins V4_F32Rows:$values, V4_F32Rows:$gates, V4_F32Weight:$ape, V4_CacheRead:$state,
                       V4_BF16Weight:$weight, V4_F32Rows:$table, V4_CacheWrite:$cache, F32Attr:$eps, UnitAttr:$hadamard,
                       I64Attr:$ratio);
  let assemblyFormat = [{
    $values `,` $gates `,` $ape `,` $state `norm` $weight `eps` $eps `rope` $table (`hadamard` $hadamard^)? `into` $cache `ratio` $ratio attr-dict
    `:` type($values) `,` type($ape) `,` qualified(type($state)) `,` type($weight) `,` type($table) `,` qualified(type($cache))
  }];
  let hasVerifier = 1;
}

#endif // V4_ROW_OPS_TD
