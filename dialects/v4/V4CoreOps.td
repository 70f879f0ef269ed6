//===- V4CoreOps.td - Embedding, norms, linear, mHC, heads -*- tablegen -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Notation: T rows of the step, C streams, d hidden size, K input width, N
// output width, R rotary width. bf16(x) rounds to nearest, ties to even. Sums
// are f32. A label (C1) in a description is checked in V4CoreOps.cpp or
// V4StreamOps.cpp, behind a comment like `// rms_norm_c1`, and has a test function
// of that name in test/dialects/v4/core-invalid.mlir.
//
//===----------------------------------------------------------------------===//

#ifndef V4_CORE_OPS_TD
#define V4_CORE_OPS_TD

include "dialects/v4/V4Types.td"

def V4_EmbedOp : V4_Op<"embed", [Pure, DeclareOpInterfaceMethods<V4_CostOpInterface, ["getActiveShare"]>]> {
  let summary = "embedding rows of the step's token ids, copied into every stream";
  let description = [{
    `out[t] = table[token_ids[t]]`, or `out[t, j] = table[token_ids[t]]` for every
    stream j when the result has rank 3.

    (C1) the last dimension of the result is the table's. (C2) the result has rank 2 or 3
    and rows `tokens`.

    ```mlir
    %x = v4.embed %table : tensor<512x256xbf16> -> tensor<?x4x256xbf16, #v4.rows<tokens>>
    ```
  }];
  let arguments = (ins V4_BF16Weight:$table);
  let results = (outs V4_BF16Rows:$result);
  let assemblyFormat = "$table attr-dict `:` type($table) `->` type($result)";
  let hasVerifier = 1;
}

def V4_RmsNormOp : V4_Op<"rms_norm", [Pure, V4_TakesWeights, AllTypesMatch<["x", "result"]>]> {
  let summary = "root-mean-square norm over the last dimension, with a weight";
  let description = [{
    `bf16(w * (x / sqrt(mean(x^2) + eps)))` in f32. (C1) the weight has the width of x.

    ```mlir
    %y = v4.rms_norm %x, %w eps 1.0e-06 : tensor<?x256xbf16, #v4.rows<tokens>>, tensor<256xbf16>
    ```
  }];
  let arguments = (ins V4_BF16Rows:$x, V4_BF16Weight:$weight, F32Attr:$eps);
  let results = (outs V4_BF16Rows:$result);
  let assemblyFormat = "$x `,` $weight `eps` $eps attr-dict `:` type($x) `,` type($weight)";
  let hasVerifier = 1;
}

def V4_HeadNormOp : V4_Op<"head_norm", [Pure, AllTypesMatch<["x", "result"]>]> {
  let summary = "weightless norm of every query head, in the reference's bf16 steps";
  let description = [{
    Over the last dimension: `m = bf16(mean(bf16(x * x)))`, `i = bf16(1 / sqrt(bf16(m + eps)))`,
    `out = bf16(x * i)`.

    ```mlir
    %y = v4.head_norm %q eps 1.0e-06 : tensor<?x8x256xbf16, #v4.rows<tokens>>
    ```
  }];
  let arguments = (ins V4_BF16Rows:$x, F32Attr:$eps);
  let results = (outs V4_BF16Rows:$result);
  let assemblyFormat = "$x `eps` $eps attr-dict `:` type($x)";
}

def V4_QuantizeOp : V4_Op<"quantize", [Pure, AllTypesMatch<["x", "result"]>]> {
  let summary = "activation quantization as the reference simulates it";
  let description = [{
    Splits the first `prefix` values of the last dimension into runs of `block` and
    replaces each run by its dequantized value q * s, which is exactly a bf16; values
    behind the prefix pass through.
    fp8: `amax = max(|x|, 1e-4)`, `s = pow2ceil(amax * f32(1/448))`, `q = e4m3(clamp(x / s, -448, 448))`.
    fp4: `amax = max(|x|, 6 * 2^-126)`, `s = pow2ceil(amax * f32(1/6))`, `q = e2m1(clamp(x / s, -6, 6))`.
    Both round to nearest, ties to even.

    (C1) `prefix` is 0 .. width of x. (C2) `block` is at least 1 and divides `prefix`.

    ```mlir
    %y = v4.quantize %x fp8 block 64 prefix 192 : tensor<?x256xbf16, #v4.rows<tokens>>
    ```
  }];
  let arguments = (ins V4_BF16Rows:$x, V4_QuantFormatAttr:$format, I64Attr:$block, I64Attr:$prefix);
  let results = (outs V4_BF16Rows:$result);
  let assemblyFormat = "$x $format `block` $block `prefix` $prefix attr-dict `:` type($x)";
  let hasVerifier = 1;
}

def V4_ScaleOp : V4_Op<"scale", [Pure, AllTypesMatch<["x", "result"]>]> {
  let summary = "product with a constant, rounded to bf16";
  let description = [{
    `bf16(x * factor)`.

    ```mlir
    %y = v4.scale %x by 3.125000e-02 : tensor<?x8xbf16, #v4.rows<tokens>>
    ```
  }];
  let arguments = (ins V4_BF16Rows:$x, F32Attr:$factor);
  let results = (outs V4_BF16Rows:$result);
  let assemblyFormat = "$x `by` $factor attr-dict `:` type($x)";
}

def V4_LinearOp : V4_Op<"linear", [Pure, V4_FormsProducts]> {
  let summary = "matrix product with a weight stored [out, in]";
  let description = [{
    `out[..., n] = sum_k x[..., k] * w[n, k]`, f32 accumulation, rounded to bf16 when the
    result is bf16. An f8E4M3FN weight has one e8m0 scale per 128 x 128 block
    (`scales[n / 128, k / 128]`), an i8 weight (#v4.packed<f4E2M1FN>) one per row and 32
    columns; bf16 and f32 weights have none. Activation quantization is a separate op in front.

    (C1) the input width is x's last dimension (twice the i8 width). (C2) the result has x's rows and
    leading dimensions, and what follows them multiplies to the output width: [T, N], or [T, H, D] with
    N = H * D for a head view of the same elements. (C3) narrow weights have
    scales of the block grid's shape, bf16 and f32 weights none.

    ```mlir
    %y = v4.linear %x, %w scales %s : tensor<?x256xbf16, #v4.rows<tokens>>, tensor<128x256xf8E4M3FN>, tensor<1x2xf8E8M0FNU> -> tensor<?x128xbf16, #v4.rows<tokens>>
    %l = v4.linear %x, %g : tensor<?x256xbf16, #v4.rows<tokens>>, tensor<16x256xbf16> -> tensor<?x16xf32, #v4.rows<tokens>>
    ```
  }];
  let arguments = (ins V4_BF16Rows:$x, V4_Matrix:$weight, Optional<V4_Scales>:$scales);
  let results = (outs V4_FloatRows:$result);
  let assemblyFormat = "$x `,` $weight (`scales` $scales^)? attr-dict `:` type($x) `,` type($weight) (`,` type($scales)^)? `->` type($result)";
  let hasVerifier = 1;
}

def V4_GroupedLinearOp : V4_Op<"grouped_linear", [Pure, V4_FormsProducts]> {
  let summary = "block-diagonal projection of the concatenated heads of each group";
  let description = [{
    x [T, H, D] is G rows of H*D/G values; `out[t, g*Ro + r] = bf16(sum_k w[g*Ro + r, k] * x[t, g, k])`.
    The input is not quantized; narrow weights are dequantized (exactly).

    (C1) `groups` divides H and the weight's rows. (C2) the weight's input width is H*D/G.
    (C3) the result is [T, G*Ro]. (C4) scales as in v4.linear (C3).

    ```mlir
    %u = v4.grouped_linear %o, %w scales %s groups 2 : tensor<?x8x256xbf16, #v4.rows<tokens>>, tensor<256x1024xf8E4M3FN>, tensor<2x8xf8E8M0FNU> -> tensor<?x256xbf16, #v4.rows<tokens>>
    ```
  }];
  let arguments = (ins V4_BF16Rows:$x, V4_Matrix:$weight, Optional<V4_Scales>:$scales, I64Attr:$groups);
  let results = (outs V4_BF16Rows:$result);
  let assemblyFormat = "$x `,` $weight (`scales` $scales^)? `groups` $groups attr-dict `:` type($x) `,` type($weight) (`,` type($scales)^)? `->` type($result)";
  let hasVerifier = 1;
}

def V4_RopeTableOp : V4_Op<"rope_table", [Pure]> {
  let summary = "cosines and sines of the rotary angles of every row";
  let description = [{
    `angle = f32(position + offset) * f32(freqs[j])` (one f32 product), result [rows, 2, R/2]: cosines, then sines,
    each correctly rounded to f32. The position of a row is ambient: the token's position for
    rows `tokens`, `c * r` for row c of `chunks4` and `chunks128`. YaRN is folded into `freqs`, a dense attribute because those print every
    bit of an f32.

    (C1) the result is [rows, 2, size of freqs]. (C2) rows are tokens, chunks4 or chunks128.

    ```mlir
    %t = v4.rope_table freqs dense<[1.0, 0.5]> : tensor<2xf32> offset 0 -> tensor<?x2x2xf32, #v4.rows<tokens>>
    ```
  }];
  let arguments = (ins FloatElementsAttr<32>:$freqs, I64Attr:$offset);
  let results = (outs V4_F32Rows:$result);
  let assemblyFormat = "`freqs` $freqs `offset` $offset attr-dict `->` type($result)";
  let hasVerifier = 1;
}

def V4_RopeOp : V4_Op<"rope", [Pure, AllTypesMatch<["x", "result"]>]> {
  let summary = "rotation of the trailing values of the last dimension by interleaved pairs";
  let description = [{
    The last R values of x rotate as pairs (2j, 2j+1): `(a, b) -> (a cos - b sin, a sin + b cos)`
    in f32 (products rounded before the sum is of no consequence; one fma is used), rounded to
    bf16; `inverse` negates the sine. The leading values pass through.

    (C1) the table is [rows of x, 2, R/2]. (C2) R is at most the width of x.

    ```mlir
    %y = v4.rope %x, %t inverse : tensor<?x8x256xbf16, #v4.rows<tokens>>, tensor<?x2x32xf32, #v4.rows<tokens>>
    ```
  }];
  let arguments = (ins V4_BF16Rows:$x, V4_F32Rows:$table, UnitAttr:$inverse);
  let results = (outs V4_BF16Rows:$result);
  let assemblyFormat = "$x `,` $table (`inverse` $inverse^)? attr-dict `:` type($x) `,` type($table)";
  let hasVerifier = 1;
}

def V4_HadamardOp : V4_Op<"hadamard", [Pure, AllTypesMatch<["x", "result"]>]> {
  let summary = "orthonormal Walsh-Hadamard transform of the last dimension";
  let description = [{
    `out_i = bf16(n^-1/2 * sum_j (-1)^popcount(i & j) x_j)`, Sylvester order, f32 butterflies from
    span 1 upwards, one multiplication by f32(n^-1/2) at the end.

    (C1) the width is a power of two.

    ```mlir
    %y = v4.hadamard %x : tensor<?x8x128xbf16, #v4.rows<tokens>>
    ```
  }];
  let arguments = (ins V4_BF16Rows:$x);
  let results = (outs V4_BF16Rows:$result);
  let assemblyFormat = "$x attr-dict `:` type($x)";
  let hasVerifier = 1;
}

def V4_HcPreOp : V4_Op<"hc_pre", [Pure, V4_FormsProducts]> {
  let summary = "hyper-connection mix in front of a sub-layer, Sinkhorn included";
  let description = [{
    z = the C streams of a token, concatenated. `m = (fn z) / sqrt(mean(z^2) + eps)`;
    `pre_j = sigmoid(m_j scale_0 + base_j) + hc_eps`; `post_j = 2 sigmoid(m_{C+j} scale_1 + base_{C+j})`;
    `T_ij = m_{2C+iC+j} scale_2 + base_{2C+iC+j}`, softmax over j, `+ hc_eps`, then columns
    divided by their sum + hc_eps; then `iterations - 1` times rows, then columns.
    Results: `x = bf16(sum_j pre_j X_j)` [T, d], post [T, C] f32, comb [T, C, C] f32.

    (C1) fn is [(2+C)C, C*d], base [(2+C)C], scale [3]. (C2) the results have the shapes above and
    the rows of streams. (C3) streams is [T, C, d], C is 2..4 and iterations at least 1.

    ```mlir
    %x, %post, %comb = v4.hc_pre %s, %fn, %base, %scale iterations 20 eps 1.0e-06 hc_eps 1.0e-06 : tensor<?x4x256xbf16, #v4.rows<tokens>>, tensor<24x1024xf32>, tensor<24xf32>, tensor<3xf32> -> tensor<?x256xbf16, #v4.rows<tokens>>, tensor<?x4xf32, #v4.rows<tokens>>, tensor<?x4x4xf32, #v4.rows<tokens>>
    ```
  }];
  let arguments = (ins V4_BF16Rows:$streams, V4_F32Weight:$fn, V4_F32Weight:$base, V4_F32Weight:$scale,
                       I64Attr:$iterations, F32Attr:$eps, F32Attr:$hc_eps);
  let results = (outs V4_BF16Rows:$x, V4_F32Rows:$post, V4_F32Rows:$comb);
  let assemblyFormat = "$streams `,` $fn `,` $base `,` $scale `iterations` $iterations `eps` $eps `hc_eps` $hc_eps attr-dict `:` type($streams) `,` type($fn) `,` type($base) `,` type($scale) `->` type($x) `,` type($post) `,` type($comb)";
  let hasVerifier = 1;
}

def V4_HcPostOp : V4_Op<"hc_post", [Pure, DeclareOpInterfaceMethods<V4_CostOpInterface, ["countProducts", "getPartName"]>, AllTypesMatch<["streams", "result"]>]> {
  let summary = "new residual streams behind a sub-layer";
  let description = [{
    `out_j = bf16(post_j y + sum_i comb_ij X_i)`; the source stream i is the row of comb.

    (C1) y is [T, d], post [T, C], comb [T, C, C] for streams [T, C, d], all with the same rows.

    ```mlir
    %n = v4.hc_post %y, %s, %post, %comb : tensor<?x256xbf16, #v4.rows<tokens>>, tensor<?x4x256xbf16, #v4.rows<tokens>>, tensor<?x4xf32, #v4.rows<tokens>>, tensor<?x4x4xf32, #v4.rows<tokens>>
    ```
  }];
  let arguments = (ins V4_BF16Rows:$y, V4_BF16Rows:$streams, V4_F32Rows:$post, V4_F32Rows:$comb);
  let results = (outs V4_BF16Rows:$result);
  let assemblyFormat = "$y `,` $streams `,` $post `,` $comb attr-dict `:` type($y) `,` type($streams) `,` type($post) `,` type($comb)";
  let hasVerifier = 1;
}

def V4_HcHeadOp : V4_Op<"hc_head", [Pure, V4_FormsProducts]> {
  let summary = "reduction of the streams in front of a head";
  let description = [{
    `m = (fn z) / sqrt(mean(z^2) + eps)`, `pre_j = sigmoid(m_j scale + base_j) + hc_eps`,
    `x = bf16(sum_j pre_j X_j)`.

    (C1) fn is [C, C*d], base [C], scale [1] for streams [rows, C, d]. (C2) the result is [rows of streams, d].

    ```mlir
    %x = v4.hc_head %s, %fn, %base, %scale eps 1.0e-06 hc_eps 1.0e-06 : tensor<?x4x256xbf16, #v4.rows<logits>>, tensor<4x1024xf32>, tensor<4xf32>, tensor<1xf32> -> tensor<?x256xbf16, #v4.rows<logits>>
    ```
  }];
  let arguments = (ins V4_BF16Rows:$streams, V4_F32Weight:$fn, V4_F32Weight:$base, V4_F32Weight:$scale,
                       F32Attr:$eps, F32Attr:$hc_eps);
  let results = (outs V4_BF16Rows:$x);
  let assemblyFormat = "$streams `,` $fn `,` $base `,` $scale `eps` $eps `hc_eps` $hc_eps attr-dict `:` type($streams) `,` type($fn) `,` type($base) `,` type($scale) `->` type($x)";
  let hasVerifier = 1;
}

def V4_SelectLogitsRowsOp : V4_Op<"select_logits_rows", [Pure]> {
  let summary = "rows that want logits";
  let description = [{
    `out[i] = x[logits_rows[i]]`. (C1) x has rows `tokens`, the result rows `logits` and x's other dimensions.

    ```mlir
    %l = v4.select_logits_rows %s : tensor<?x4x256xbf16, #v4.rows<tokens>> -> tensor<?x4x256xbf16, #v4.rows<logits>>
    ```
  }];
  let arguments = (ins V4_BF16Rows:$x);
  let results = (outs V4_BF16Rows:$result);
  let assemblyFormat = "$x attr-dict `:` type($x) `->` type($result)";
  let hasVerifier = 1;
}

def V4_PreviousStreamsOp : V4_Op<"previous_streams", [AllTypesMatch<["x", "result"]>]> {
  let summary = "residual streams of the token in front of each token";
  let description = [{
    Row t of the result is the streams of the same sequence's previous position: row t-1 of the
    step, or, for the first row of a slot, row `(position - 1) mod rows` of the ring; zero at position 0.
    This pairs streams of i with token i+1 for MTP slot i = position - 1.

    (C1) the cache is a state pool of bf16 and ratio 1 with rows of C*d values, x is [T, C, d] with rows `tokens`.

    ```mlir
    %p = v4.previous_streams %s, %c : tensor<?x4x256xbf16, #v4.rows<tokens>>, !v4.cache<state, ratio = 1, bf16, rows = 2, values = 1024, rope = 0>
    ```
  }];
  let arguments = (ins V4_BF16Rows:$x, V4_CacheRead:$cache);
  let results = (outs V4_BF16Rows:$result);
  let assemblyFormat = "$x `,` $cache attr-dict `:` type($x) `,` qualified(type($cache))";
  let hasVerifier = 1;
}

def V4_SaveStreamsOp : V4_Op<"save_streams", []> {
  let summary = "keep the streams of each sequence's last tokens of the step";
  let description = [{
    Writes the streams of each slot's last min(n, rows) rows into the ring at position mod rows, for
    `v4.previous_streams` of the next step, also when tokens of this one are taken back. (C1) the cache is as there.

    ```mlir
    v4.save_streams %s, %c : tensor<?x4x256xbf16, #v4.rows<tokens>>, !v4.cache<state, ratio = 1, bf16, rows = 2, values = 1024, rope = 0>
    ```
  }];
  let arguments = (ins V4_BF16Rows:$x, V4_CacheWrite:$cache);
  let assemblyFormat = "$x `,` $cache attr-dict `:` type($x) `,` qualified(type($cache))";
  let hasVerifier = 1;
}

def V4_MtpMixOp : V4_Op<"mtp_mix", [Pure, AllTypesMatch<["streams", "result"]>]> {
  let summary = "input streams of the MTP block";
  let description = [{
    `out[t, j] = bf16(e[t] + n[t, j])`. (C1) e is [T, d] for streams [T, C, d] with the same rows.

    ```mlir
    %x = v4.mtp_mix %e, %n : tensor<?x256xbf16, #v4.rows<tokens>>, tensor<?x4x256xbf16, #v4.rows<tokens>>
    ```
  }];
  let arguments = (ins V4_BF16Rows:$e, V4_BF16Rows:$streams);
  let results = (outs V4_BF16Rows:$result);
  let assemblyFormat = "$e `,` $streams attr-dict `:` type($e) `,` type($streams)";
  let hasVerifier = 1;
}

def V4_ProbeOp : V4_Op<"probe", [MemoryEffects<[MemWrite]>]> {
  let summary = "names a value that the runtime can copy out";
  let description = [{
    The full name is `<prefix of the call>.<name>` where the calling `func.call` carries the
    attribute `v4.prefix` ("layers.3"), else just the name. Never changes a bit of any result.

    ```mlir
    v4.probe "streams" %s : tensor<?x4x256xbf16, #v4.rows<tokens>>
    ```
  }];
  let arguments = (ins StrAttr:$name, AnyRankedTensor:$value);
  let assemblyFormat = "$name $value attr-dict `:` type($value)";
}

#endif // V4_CORE_OPS_TD
