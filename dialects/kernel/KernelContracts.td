//===- KernelContracts.td - Contracts of tuned kernels -----*- tablegen -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A contract op is the whole body of a kernel: what is computed, from which bindings,
// over which workgroups. passes/lower chooses it for a v4 op, codegen/<target> has an
// emitter for it (ExpandContracts there), and neither knows the other. Its meaning is
// that of the v4 op it was chosen for; bits may differ from the decomposition's, but
// never with the number of rows of a step.
//
//===----------------------------------------------------------------------===//

#ifndef KERNEL_CONTRACTS_TD
#define KERNEL_CONTRACTS_TD

class Kernel_Flat<list<Type> elements> : MemRefRankOf<elements, [1]>;
def Kernel_FlatI32 : Kernel_Flat<[I32]>;
def Kernel_FlatI64 : Kernel_Flat<[I64]>;
def Kernel_FlatBf16 : Kernel_Flat<[BF16]>;
def Kernel_FlatF32 : Kernel_Flat<[F32]>;
def Kernel_FlatReal : Kernel_Flat<[BF16, F32]>;
def Kernel_FlatPanels : Kernel_Flat<[BF16, F32, I8]>;

// Every contract starts with the range of workgroups, its grid and the step's counts.
class Kernel_Contract<string mnemonic, list<Trait> traits = []>
    : Kernel_Op<mnemonic, !listconcat(traits, [MemoryEffects<[MemRead, MemWrite]>])>;

def Kernel_PanelLinearOp : Kernel_Contract<"panel_linear"> {
  let summary = "v4.linear and v4.grouped_linear on a weight in panels";
  let description = [{
    `out[i, n] = sum_k x[i, group(n) * columns + k] * w[n, k]` for inputs i of the workgroup's rows, `inner` inputs to a
    row of the step, each x_stride values apart; group(n) = n / (rows / groups). Workgroup tile p is panel p.

    The sum of an output: blocks of 64 columns (f4E2M1FN: 32) from zero, in order, pairs of columns at a time with the
    target's dot product; each block's sum times its scale is added to the total by one fma.

    (C1) columns is a multiple of 64. (C2) groups divide rows, and more than one group has a multiple of 32 rows each.
    (C3) f8E4M3FN and f4E2M1FN have scales, others none. (C4) grid.tiles is the number of panels.
  }];
  let arguments = (ins Index:$begin, Index:$end, Kernel_GridAttr:$grid, Kernel_FlatI64:$counts, Kernel_FlatBf16:$x,
                       Kernel_FlatPanels:$weight, Optional<Kernel_Bytes>:$scales, Kernel_FlatReal:$out,
                       TypeAttr:$format, I64Attr:$rows, I64Attr:$columns, I64Attr:$x_stride, I64Attr:$inner,
                       I64Attr:$groups);
  let assemblyFormat = "`range` $begin $end `grid` $grid `counts` $counts `x` $x `weight` $weight (`scales` $scales^)? `out` $out attr-dict `:` type($counts) `,` type($x) `,` type($weight) (`scales` type($scales)^)? `,` type($out)";
  let hasVerifier = 1;
}

def Kernel_PanelExpertsOp : Kernel_Contract<"panel_experts"> {
  let summary = "v4.expert_linear on a stack of weights in panels";
  let description = [{
    Workgroup tile p is panel p of every expert that is hit. `order`, `offsets` and `hits` are those of v4.dispatch;
    assignment a reads input row a / active when `shared_input`, else row a. Sums as in kernel.panel_linear.

    (C1) columns is a multiple of 64. (C2) f8E4M3FN and f4E2M1FN have scales, others none. (C3) grid.tiles is the number
    of panels.
  }];
  let arguments = (ins Index:$begin, Index:$end, Kernel_GridAttr:$grid, Kernel_FlatI64:$counts, Kernel_FlatBf16:$x,
                       Kernel_FlatPanels:$weight, Optional<Kernel_Bytes>:$scales, Kernel_FlatI32:$order,
                       Kernel_FlatI32:$offsets, Kernel_FlatI32:$hits, Kernel_FlatReal:$out,
                       TypeAttr:$format, I64Attr:$rows, I64Attr:$columns, I64Attr:$active, UnitAttr:$shared_input);
  let assemblyFormat = "`range` $begin $end `grid` $grid `counts` $counts `x` $x `weight` $weight (`scales` $scales^)? `order` $order $offsets $hits `out` $out attr-dict `:` type($counts) `,` type($x) `,` type($weight) (`scales` type($scales)^)? `order` type($order) `,` type($offsets) `,` type($hits) `,` type($out)";
  let hasVerifier = 1;
}

def Kernel_PanelProjectionsOp : Kernel_Contract<"panel_projections", [AttrSizedOperandSegments]> {
  let summary = "v4.projections on weights in panels";
  let description = [{
    Workgroup tiles are the panels of weight 0, then those of weight 1, and so on; sums as in kernel.panel_linear.

    (C1) columns is a multiple of 64. (C2) there is one out and one entry of rows for each weight. (C3) f8E4M3FN and
    f4E2M1FN have scales for each weight, others none. (C4) grid.tiles is the number of all panels.
  }];
  let arguments = (ins Index:$begin, Index:$end, Kernel_GridAttr:$grid, Kernel_FlatI64:$counts, Kernel_FlatBf16:$x,
                       Variadic<Kernel_FlatPanels>:$weights, Variadic<Kernel_Bytes>:$scales,
                       Variadic<Kernel_FlatReal>:$outs, TypeAttr:$format, DenseI64ArrayAttr:$rows, I64Attr:$columns);
  let assemblyFormat = "`range` $begin $end `grid` $grid `counts` $counts `x` $x `weights` `(` $weights `)` (`scales` `(` $scales^ `)`)? `outs` `(` $outs `)` attr-dict `:` type($counts) `,` type($x) `weights` `(` type($weights) `)` (`scales` `(` type($scales)^ `)`)? `outs` `(` type($outs) `)`";
  let hasVerifier = 1;
}

def Kernel_PanelGateUpOp : Kernel_Contract<"panel_gate_up", [AttrSizedOperandSegments]> {
  let summary = "v4.gate_up on weights in panels";
  let description = [{
    Workgroup tile p is columns 128p .. 128p + 127 of the result, for the rows of its row tile. With experts, the tiles of
    128p are 8p .. 8p + 7, and tile 8p + s does every eighth of the experts that are hit, from the one at s on: a step of
    one token then has work for more cores than there are tiles. Sums as in kernel.panel_linear, each rounded to bf16; the epilogue is that of v4.swiglu and v4.quantize.

    (C1) columns is a multiple of 64. (C2) rows is a multiple of 128, grid.tiles one for each 128 rows, 8 with experts. (C3) f8E4M3FN
    and f4E2M1FN have scales, others none. (C4) order, offsets and hits come together. (C5) grid.tile is at most 192, for
    which the stack has room.
  }];
  let arguments = (ins Index:$begin, Index:$end, Kernel_GridAttr:$grid, Kernel_FlatI64:$counts, Kernel_FlatBf16:$x,
                       Kernel_FlatPanels:$gate, Kernel_FlatPanels:$up, Optional<Kernel_Bytes>:$gate_scales,
                       Optional<Kernel_Bytes>:$up_scales, Optional<Kernel_FlatF32>:$weights,
                       Optional<Kernel_FlatI32>:$order, Optional<Kernel_FlatI32>:$offsets,
                       Optional<Kernel_FlatI32>:$hits, Kernel_FlatBf16:$out, TypeAttr:$format, I64Attr:$rows,
                       I64Attr:$columns, I64Attr:$active, OptionalAttr<F32Attr>:$limit, UnitAttr:$quantized);
  let assemblyFormat = "`range` $begin $end `grid` $grid `counts` $counts `x` $x `gate` $gate `up` $up (`scales` $gate_scales^ $up_scales)? (`weights` $weights^)? (`order` $order^ $offsets $hits)? `out` $out attr-dict `:` type($counts) `,` type($x) `,` type($gate) `,` type($up) (`scales` type($gate_scales)^ type($up_scales))? (`weights` type($weights)^)? (`order` type($order)^ type($offsets) type($hits))? `out` type($out)";
  let hasVerifier = 1;
}

include "dialects/kernel/KernelStreamContracts.td"
include "dialects/kernel/KernelRowContracts.td"

#endif // KERNEL_CONTRACTS_TD
