//===- V4MoeOps.td - Routing and experts -------------------*- tablegen -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// E experts, A active per token, F expert width. An assignment is a pair (token
// row t, slot a); its index is t * A + a.
//
//===----------------------------------------------------------------------===//

#ifndef V4_MOE_OPS_TD
#define V4_MOE_OPS_TD

include "dialects/v4/V4Types.td"

def V4_RouteOp : V4_Op<"route", [Pure, V4_TakesWeights]> {
  let summary = "learned routing: experts with the largest biased scores";
  let description = [{
    `s = sqrt(softplus(l))`, `softplus(l) = log(1 + e^l)`, l for l > 20. Experts: the A largest of
    `s + bias` (ties: lower expert), stored ascending. `weights = s_e / sum_selected(s) * factor`; without
    `normalize` just `s_e * factor`.

    (C1) logits are [T, E] f32, bias [E]. (C2) experts and weights are [T, A] with A <= E.

    ```mlir
    %e, %w = v4.route %l, %bias factor 1.5 normalize : tensor<?x16xf32, #v4.rows<tokens>>, tensor<16xf32> -> tensor<?x4xi32, #v4.rows<tokens>>, tensor<?x4xf32, #v4.rows<tokens>>
    ```
  }];
  let arguments = (ins V4_F32Rows:$logits, V4_F32Weight:$bias, F32Attr:$factor, UnitAttr:$normalize);
  let results = (outs V4_I32Rows:$experts, V4_F32Rows:$weights);
  let assemblyFormat = "$logits `,` $bias `factor` $factor (`normalize` $normalize^)? attr-dict `:` type($logits) `,` type($bias) `->` type($experts) `,` type($weights)";
  let hasVerifier = 1;
}

def V4_HashRouteOp : V4_Op<"hash_route", [Pure, V4_TakesWeights]> {
  let summary = "hash routing: experts from a table indexed by token id";
  let description = [{
    Experts are `table[token_ids[t]]`, stored ascending; weights as in v4.route.

    (C1) logits are [T, E] f32, the table is [V, A] i32. (C2) experts and weights are [T, A].

    ```mlir
    %e, %w = v4.hash_route %l, %table factor 1.5 normalize : tensor<?x16xf32, #v4.rows<tokens>>, tensor<512x4xi32> -> tensor<?x4xi32, #v4.rows<tokens>>, tensor<?x4xf32, #v4.rows<tokens>>
    ```
  }];
  let arguments = (ins V4_F32Rows:$logits, V4_I32Weight:$table, F32Attr:$factor, UnitAttr:$normalize);
  let results = (outs V4_I32Rows:$experts, V4_F32Rows:$weights);
  let assemblyFormat = "$logits `,` $table `factor` $factor (`normalize` $normalize^)? attr-dict `:` type($logits) `,` type($table) `->` type($experts) `,` type($weights)";
  let hasVerifier = 1;
}

def V4_DispatchOp : V4_Op<"dispatch", [Pure]> {
  let summary = "assignments sorted by expert, stably";
  let description = [{
    `offsets[e] .. offsets[e+1]` is expert e's run in `order`, a permutation of the assignments of the step
    (ascending within a run). `hits[0]` is the number of experts with a non-empty run, `hits[1..]` those experts,
    ascending.

    (C1) experts is [T, A]; order is [T, A] with the same rows; offsets and hits are [1, E + 1] with rows `one`.

    ```mlir
    %order, %offsets, %hits = v4.dispatch %e : tensor<?x4xi32, #v4.rows<tokens>> -> tensor<?x4xi32, #v4.rows<tokens>>, tensor<?x17xi32, #v4.rows<one>>, tensor<?x17xi32, #v4.rows<one>>
    ```
  }];
  let arguments = (ins V4_I32Rows:$experts);
  let results = (outs V4_I32Rows:$order, V4_I32Rows:$offsets, V4_I32Rows:$hits);
  let assemblyFormat = "$experts attr-dict `:` type($experts) `->` type($order) `,` type($offsets) `,` type($hits)";
  let hasVerifier = 1;
}

def V4_ExpertLinearOp : V4_Op<"expert_linear", [Pure, DeclareOpInterfaceMethods<V4_CostOpInterface, ["countProducts", "getActiveShare"]>, AllTypesMatch<["offsets", "hits"]>]> {
  let summary = "matrix product of every assignment with its expert's weight";
  let description = [{
    `out[t, a, n] = bf16(sum_k x[t(, a), k] * w[e, n, k])` for e = expert of assignment (t, a), visited through
    the dispatch. x is [T, K] (one input for all assignments of a token) or [T, A, K].
    Weights are [E, N, K/2] i8 (#v4.packed<f4E2M1FN>) with scales [E, N, K/32], or [E, N, K] bf16 or f8E4M3FN
    with scales [E, N/128, K/128].

    (C1) x's width is K. (C2) the result is [T, A, N]. (C3) scales as above. (C4) order is [T, A], offsets and
    hits [1, E + 1].

    ```mlir
    %y = v4.expert_linear %x, %w scales %s order %order, %offsets, %hits : tensor<?x256xbf16, #v4.rows<tokens>>, tensor<16x128x128xi8, #v4.packed<f4E2M1FN>> scales tensor<16x128x8xf8E8M0FNU> order tensor<?x4xi32, #v4.rows<tokens>>, tensor<?x17xi32, #v4.rows<one>> -> tensor<?x4x128xbf16, #v4.rows<tokens>>
    ```
  }];
  let arguments = (ins V4_BF16Rows:$x, V4_Matrix:$weight, Optional<V4_Scales>:$scales, V4_I32Rows:$order,
                       V4_I32Rows:$offsets, V4_I32Rows:$hits);
  let results = (outs V4_BF16Rows:$result);
  let assemblyFormat = "$x `,` $weight (`scales` $scales^)? `order` $order `,` $offsets `,` $hits attr-dict `:` type($x) `,` type($weight) (`scales` type($scales)^)? `order` type($order) `,` type($offsets) `->` type($result)";
  let hasVerifier = 1;
}

def V4_SwigluOp : V4_Op<"swiglu", [Pure, AllTypesMatch<["gate", "up", "result"]>]> {
  let summary = "clamped SwiGLU, with the route weight where there is one";
  let description = [{
    `a = min(gate, limit)`, `b = clamp(up, -limit, limit)`, `out = bf16(w * (a / (1 + e^-a) * b))` in f32; w is
    `weights[t, a]` or absent. Without `limit` (or limit <= 0) nothing is clamped.

    (C1) with weights [T, A], gate is [T, A, F].

    ```mlir
    %h = v4.swiglu %a, %b weights %w limit 1.0e+01 : tensor<?x4x128xbf16, #v4.rows<tokens>>, tensor<?x4xf32, #v4.rows<tokens>>
    ```
  }];
  let arguments = (ins V4_BF16Rows:$gate, V4_BF16Rows:$up, Optional<V4_F32Rows>:$weights, OptionalAttr<F32Attr>:$limit);
  let results = (outs V4_BF16Rows:$result);
  let assemblyFormat = "$gate `,` $up (`weights` $weights^)? (`limit` $limit^)? attr-dict `:` type($gate) (`,` type($weights)^)?";
  let hasVerifier = 1;
}

def V4_CombineOp : V4_Op<"combine", [Pure, AllTypesMatch<["shared", "result"]>]> {
  let summary = "sum of a token's expert outputs and the shared expert's";
  let description = [{
    `out = bf16(((y_0 + y_1) + ... + y_{A-1}) + shared)`, slots in ascending order, f32.

    (C1) experts is [T, A, d] for shared [T, d].

    ```mlir
    %y = v4.combine %e, %s : tensor<?x4x256xbf16, #v4.rows<tokens>>, tensor<?x256xbf16, #v4.rows<tokens>>
    ```
  }];
  let arguments = (ins V4_BF16Rows:$experts, V4_BF16Rows:$shared);
  let results = (outs V4_BF16Rows:$result);
  let assemblyFormat = "$experts `,` $shared attr-dict `:` type($experts) `,` type($shared)";
  let hasVerifier = 1;
}

#endif // V4_MOE_OPS_TD
