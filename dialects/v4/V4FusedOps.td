//===- V4FusedOps.td - Matrix products that share their input -*- tablegen -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Made by passes of the graph stage. Each is defined by the ops it stands for, its
// parts: where it has no tuned kernel, they take its place again.
//
//===----------------------------------------------------------------------===//

#ifndef V4_FUSED_OPS_TD
#define V4_FUSED_OPS_TD

include "dialects/v4/V4Interfaces.td"
include "dialects/v4/V4Types.td"

def V4_ProjectionsOp : V4_Op<"projections", [Pure, AttrSizedOperandSegments,
                                              DeclareOpInterfaceMethods<V4_FusedOpInterface>]> {
  let summary = "several v4.linear of one input";
  let description = [{
    Result i is `v4.linear x, weights[i] scales scales[i]`. Weights are all narrow, each with its scales, or all wide,
    then `scales` is empty.

    (C1) there are at least two weights and one result for each. (C2) there are as many scales as weights, or none.
    (C3) weights have one element type and the width of x. (C4) the result is [T, N] for weight [N, K], with the rows
    of x. (C5) scales as in v4.linear.

    ```mlir
    %a, %b = v4.projections %x, [%v, %w] scales [%s, %t] : tensor<?x256xbf16, #v4.rows<tokens>>, [tensor<128x256xf8E4M3FN>, tensor<256x256xf8E4M3FN>] scales [tensor<1x2xf8E8M0FNU>, tensor<2x2xf8E8M0FNU>] -> tensor<?x128xbf16, #v4.rows<tokens>>, tensor<?x256xbf16, #v4.rows<tokens>>
    ```
  }];
  let arguments = (ins V4_BF16Rows:$x, Variadic<V4_Matrix>:$weights, Variadic<V4_Scales>:$scales);
  let results = (outs Variadic<V4_FloatRows>:$results);
  let assemblyFormat = "$x `,` `[` $weights `]` (`scales` `[` $scales^ `]`)? attr-dict `:` type($x) `,` `[` type($weights) `]` (`scales` `[` type($scales)^ `]`)? `->` type($results)";
  let hasVerifier = 1;
}

def V4_GateUpOp : V4_Op<"gate_up", [Pure, AttrSizedOperandSegments, AllTypesMatch<["gate", "up"]>,
                                     DeclareOpInterfaceMethods<V4_FusedOpInterface>]> {
  let summary = "gate and up projections, clamped SwiGLU and its quantization";
  let description = [{
    `v4.swiglu(x gate, x up) limit` and, when `quantized`, `v4.quantize fp8 block 128` of it. With `order` the products
    are v4.expert_linear over stacked weights [E, F, K] and `weights` are the route's; without it they are v4.linear
    over [F, K].

    (C1) order, offsets and hits come together, with weights of rank 3; otherwise weights have rank 2 and `weights`
    is absent. (C2) gate_scales and up_scales are both there or not. (C3) the result is [T, A, F] with order [T, A],
    else [T, F], with the rows of x. (C4) x's width is K. (C5) scales as in v4.linear. (C6) when `quantized`, F is a
    multiple of 128.

    ```mlir
    %h = v4.gate_up %x, %w1, %w3 scales %s1, %s3 limit 1.0e+01 quantized : tensor<?x256xbf16, #v4.rows<tokens>>, tensor<128x256xf8E4M3FN>, tensor<128x256xf8E4M3FN> scales tensor<1x2xf8E8M0FNU>, tensor<1x2xf8E8M0FNU> -> tensor<?x128xbf16, #v4.rows<tokens>>
    ```
  }];
  let arguments = (ins V4_BF16Rows:$x, V4_Matrix:$gate, V4_Matrix:$up, Optional<V4_Scales>:$gate_scales,
                       Optional<V4_Scales>:$up_scales, Optional<V4_F32Rows>:$weights, Optional<V4_I32Rows>:$order,
                       Optional<V4_I32Rows>:$offsets, Optional<V4_I32Rows>:$hits, OptionalAttr<F32Attr>:$limit,
                       UnitAttr:$quantized);
  let results = (outs V4_BF16Rows:$result);
  let assemblyFormat = "$x `,` $gate `,` $up (`scales` $gate_scales^ `,` $up_scales)? (`weights` $weights^)? (`order` $order^ `,` $offsets `,` $hits)? (`limit` $limit^)? (`quantized` $quantized^)? attr-dict `:` type($x) `,` type($gate) `,` type($up) (`scales` type($gate_scales)^ `,` type($up_scales))? (`weights` type($weights)^)? (`order` type($order)^ `,` type($offsets) `,` type($hits))? `->` type($result)";
  let hasVerifier = 1;
}

#endif // V4_FUSED_OPS_TD
