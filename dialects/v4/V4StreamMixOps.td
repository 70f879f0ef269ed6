//===- V4StreamMixOps.td - Fused hyper-connections ---------*- tablegen -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What v4-fuse-hyper-connections makes of hc_post, hc_pre, rms_norm and quantize.
// Two ops, because the products with fn are sums over all columns of a token, which
// several workgroups share, and everything behind needs those sums:
//
//   streams, y, post, comb --hc_mix--> new streams, sums by parts of the columns
//   sums, new streams      --hc_norm-> normed x, quantized x, post, comb
//
//===----------------------------------------------------------------------===//

#ifndef V4_STREAM_MIX_OPS_TD
#define V4_STREAM_MIX_OPS_TD

include "dialects/v4/V4Types.td"

def V4_HcMixOp : V4_Op<"hc_mix", [Pure, AttrSizedOperandSegments]> {
  let summary = "hc_post of a sub-layer and the products with fn of the next one";
  let description = [{
    X' = the result of `v4.hc_post` on (y, X, post, comb), or X itself without `after`. The d columns are cut into P
    parts of equal width; N = rows of fn. For row t and part p, sums over the part's columns of all streams:
    `mix[t, p, n] = sum fn[n, j * d + c] * X'_j[c]` for n < N, `mix[t, p, N] = sum X'_j[c]^2`. Entries behind N are zero.

    (C1) streams is [T, C, d], C is 2..4. (C2) fn is [N, C*d]. (C3) mix is [T, P, W], W the smallest multiple of 16 above N,
    P divides d; its rows are those of streams. (C4) `after` and the second result come together; y, post, comb as in
    v4.hc_post, the result has the type of streams.

    ```mlir
    %m = v4.hc_mix %s, %fn : tensor<?x4x256xbf16, #v4.rows<tokens>>, tensor<24x1024xf32> -> tensor<?x1x32xf32, #v4.rows<tokens>>
    %k, %n = v4.hc_mix %s, %fn after %y, %post, %comb : tensor<?x4x256xbf16, #v4.rows<tokens>>, tensor<24x1024xf32> after tensor<?x256xbf16, #v4.rows<tokens>>, tensor<?x4xf32, #v4.rows<tokens>>, tensor<?x4x4xf32, #v4.rows<tokens>> -> tensor<?x1x32xf32, #v4.rows<tokens>>, tensor<?x4x256xbf16, #v4.rows<tokens>>
    ```
  }];
  let arguments = (ins V4_BF16Rows:$streams, V4_F32Weight:$fn, Optional<V4_BF16Rows>:$y, Optional<V4_F32Rows>:$post,
                       Optional<V4_F32Rows>:$comb);
  let results = (outs V4_F32Rows:$mix, Optional<V4_BF16Rows>:$next);
  let assemblyFormat = [{
    $streams `,` $fn (`after` $y^ `,` $post `,` $comb)? attr-dict
    `:` type($streams) `,` type($fn) (`after` type($y)^ `,` type($post) `,` type($comb))? `->` type($mix) (`,` type($next)^)?
  }];
  let hasVerifier = 1;
  let extraClassDeclaration = [{
    /// W of a matrix with `rows` rows.
    static int64_t mixWidth(int64_t rows) { return rows / 16 * 16 + 16; }
    /// P for streams of width d: parts of 256 columns are 96 KiB of fn, small enough for a cache beside them
    /// and many enough to share among threads.
    static int64_t partsOf(int64_t d) { return d % 256 == 0 ? d / 256 : d % 128 == 0 ? d / 128 : 1; }
  }];
}

def V4_HcNormOp : V4_Op<"hc_norm", [Pure]> {
  let summary = "the rest of hc_pre, rms_norm and quantize in one pass over the streams";
  let description = [{
    With mix summed over its parts in order, `m_n = mix_n / sqrt(mix_N / (C*d) + eps)`: post, comb and x as in `v4.hc_pre`;
    `normed = rms_norm(x, weight)` with norm_eps; `quantized = quantize fp8 block 128` of normed over the full width, where
    there is a fourth result.

    (C1) streams is [T, C, d], C is 2..4. (C2) mix is [T, P, W] with W as in v4.hc_mix for N = (2+C)C. (C3) base is [N],
    scale [3], weight [d], iterations at least 1. (C4) normed and quantized are [T, d], post [T, C], comb [T, C, C] with
    the rows of streams; quantized needs d to be a multiple of 128.

    ```mlir
    %n, %p, %c, %q = v4.hc_norm %m, %s, %base, %scale, %w iterations 20 eps 1.0e-06 hc_eps 1.0e-06 norm_eps 1.0e-06 : tensor<?x1x32xf32, #v4.rows<tokens>>, tensor<?x4x256xbf16, #v4.rows<tokens>>, tensor<24xf32>, tensor<3xf32>, tensor<256xbf16> -> tensor<?x256xbf16, #v4.rows<tokens>>, tensor<?x4xf32, #v4.rows<tokens>>, tensor<?x4x4xf32, #v4.rows<tokens>>, tensor<?x256xbf16, #v4.rows<tokens>>
    ```
  }];
  let arguments = (ins V4_F32Rows:$mix, V4_BF16Rows:$streams, V4_F32Weight:$base, V4_F32Weight:$scale,
                       V4_BF16Weight:$weight, I64Attr:$iterations, F32Attr:$eps, F32Attr:$hc_eps, F32Attr:$norm_eps);
  let results = (outs V4_BF16Rows:$normed, V4_F32Rows:$post, V4_F32Rows:$comb, Optional<V4_BF16Rows>:$quantized);
  let assemblyFormat = [{
    $mix `,` $streams `,` $base `,` $scale `,` $weight `iterations` $iterations `eps` $eps `hc_eps` $hc_eps `norm_eps` $norm_eps attr-dict
    `:` type($mix) `,` type($streams) `,` type($base) `,` type($scale) `,` type($weight) `->` type($normed) `,` type($post) `,` type($comb) (`,` type($quantized)^)?
  }];
  let hasVerifier = 1;
}

#endif // V4_STREAM_MIX_OPS_TD
