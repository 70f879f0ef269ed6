//===- Passes.td - All passes of v4c -----------------------*- tablegen -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Grouped by stage under a banner, in the order of the flow; inside a stage in
// the order of its pipeline. One name in four places: record FooBarPass, file
// <stage>/FooBar.cpp, flag --v4-foo-bar, test test/passes/<stage>/foo-bar.mlir.
//
//===----------------------------------------------------------------------===//

#ifndef V4_PASSES_TD
#define V4_PASSES_TD

include "mlir/Pass/PassBase.td"

//===----------------------------------------------------------------------===//
// graph: v4 to v4, the structure of the model
//===----------------------------------------------------------------------===//

def VerifyImportedPass : Pass<"v4-verify-imported", "::mlir::ModuleOp"> {
  let summary = "check what every pass may assume of an imported graph";
  let description = [{
    Entry contract of the graph stage; changes nothing. A later pass relies on:

    - the module attributes `v4.model`, `v4.envelope`, `v4.target`, `v4.options` (strings) and `v4.manifest`;
    - `@main`: arguments are caches, each with a `v4.pool` name of its own and an optional `v4.group` and `v4.reach`; results are
      the logits and, exactly when the model has an MTP block, the MTP logits (f32, [rows<logits>, vocabulary]);
    - every other function is private, has one block, is called from nowhere in a circle, and its tensor arguments are
      rows of the step or weights of static shape;
    - every `ml_program.global` is extern, of static shape, with `v4.sources` and a known `v4.recipe`;
    - no dialect but v4, func and ml_program.
  }];
}

def CountWorkPass : Pass<"v4-count-work", "::mlir::ModuleOp"> {
  let summary = "count parameters and products of the model, op by op";
  let description = [{
    Walks `@main` and the functions that it calls, before anything is fused, and asks every op through
    V4_CostOpInterface which products it forms. A weight counts once, for the first op that takes it. Sets the module
    attributes `v4.parts`, an array of #plan.part in order of first use, and `v4.experts_per_token`, which
    `--v4-build-program` hands to the plan. Parts are named after weights ("attn.compressor." is "compressors"), or by
    the op where it has none. An op without the interface forms no products. Changes nothing else, nothing in a module
    without `@main`.
  }];
  let dependentDialects = ["::v4::plan::PlanDialect"];
}

def FuseMoeDispatchPass : Pass<"v4-fuse-moe-dispatch", "::mlir::func::FuncOp"> {
  let summary = "gate and up products, SwiGLU and its quantization in one kernel over the experts that are hit";
  let description = [{
    Both products of a swiglu, routed (v4.expert_linear) or shared (v4.linear), become v4.gate_up with the route weight
    and the clamp in its epilogue; a v4.quantize that is the only user of the result comes with them. Products with
    another user, of other inputs or with weights of another type stay.

    ```mlir
    %a = v4.linear %x, %w1 ...
    %b = v4.linear %x, %w3 ...
    %h = v4.swiglu %a, %b limit 1.0e+01 : ...
    %q = v4.quantize %h fp8 block 128 prefix 128 : ...
    ```
    becomes
    ```mlir
    %q = v4.gate_up %x, %w1, %w3 limit 1.0e+01 quantized : ...
    ```
  }];
}

def FuseProjectionsPass : Pass<"v4-fuse-projections", "::mlir::func::FuncOp"> {
  let summary = "projections of one input become one kernel";
  let description = [{
    All v4.linear of one value with weights of one element type become v4.projections: wq_a and wkv read the quantized
    input, the compressors', the indexer's and the router's weights the plain one.

    ```mlir
    %a = v4.linear %x, %v : ...
    %b = v4.linear %x, %w : ...
    ```
    becomes
    ```mlir
    %a, %b = v4.projections %x, [%v, %w] : ...
    ```
  }];
}

def FuseHyperConnectionsPass : Pass<"v4-fuse-hyper-connections", "::mlir::func::FuncOp"> {
  let summary = "two passes over the residual streams between two sub-layers";
  let description = [{
    hc_post of a sub-layer with the products of the next hc_pre, and the rest of that with the norm and the quantization
    behind it: streams are read twice instead of four times. The normed x keeps its users next to the quantized one, the
    new streams theirs. An hc_pre whose x goes elsewhere, a probe for one, stays as it is.

    ```mlir
    %n = v4.hc_post %y, %s, %p, %c : ...
    %x, %post, %comb = v4.hc_pre %n, %fn, %base, %scale iterations 20 eps 1.0e-06 hc_eps 1.0e-06 : ...
    %r = v4.rms_norm %x, %w eps 1.0e-06 : ...
    %q = v4.quantize %r fp8 block 128 prefix 256 : ...
    ```
    becomes
    ```mlir
    %m, %n = v4.hc_mix %s, %fn after %y, %p, %c : ...
    %r, %post, %comb, %q = v4.hc_norm %m, %n, %base, %scale, %w iterations 20 eps 1.0e-06 hc_eps 1.0e-06 norm_eps 1.0e-06 : ...
    ```
  }];
}

def FuseCsaIndexerPass : Pass<"v4-fuse-csa-indexer", "::mlir::func::FuncOp"> {
  let summary = "select compressed rows while they are scored, without a buffer of all scores";
  let description = [{
    Scores that only v4.top_k reads become candidates: every strip of a token's compressed rows keeps its k best, and the
    best of those are selected. Buffers no longer grow with the context. Scores that something else looks at stay.

    ```mlir
    %s = v4.index_scores %q, %w, %keys : ...
    %i = v4.top_k %s : ...
    ```
    becomes
    ```mlir
    %s, %r = v4.index_candidates %q, %w, %keys : ...
    %i = v4.select_candidates %s, %r : ...
    ```
  }];
}

def FuseAttentionPass : Pass<"v4-fuse-attention", "::mlir::func::FuncOp"> {
  let summary = "turn the result of attention back where it is made";
  let description = [{
    Attention and the inverse rotation of its result. A result that something else looks at, a probe for one, keeps both
    ops, as does a rotation of another number of values than the cached rows have.

    ```mlir
    %o = v4.attention %q, %kv, %ring sink %sink window 128 offset 0 : ...
    %r = v4.rope %o, %t inverse : ...
    ```
    becomes
    ```mlir
    %r = v4.attend %q, %kv, %ring back %t sink %sink window 128 offset 0 : ...
    ```
  }];
}

def FuseCompressorPass : Pass<"v4-fuse-compressor", "::mlir::func::FuncOp"> {
  let summary = "pool, norm, rotate, quantize and append a compressed row in one op";
  let description = [{
    All that happens to the row of a finished chunk, from the pooling to its cache, for attention and indexer alike. The
    projections stay matrix products, and v4.save_partial stays behind: it writes the state that the fused op reads. A
    row that something else looks at keeps the single ops.

    ```mlir
    %r = v4.compress %a, %g, %ape, %ring ratio 4 : ...
    v4.save_partial %a, %g, %ring : ...
    %n = v4.rms_norm %r, %w eps 1.0e-06 : ...
    %o = v4.rope %n, %t : ...
    %q = v4.quantize %o fp8 block 64 prefix 192 : ...
    v4.append_rows %q, %rows : ...
    ```
    becomes
    ```mlir
    v4.compress_append %a, %g, %ape, %ring norm %w eps 1.0e-06 rope %t into %rows ratio 4 : ...
    v4.save_partial %a, %g, %ring : ...
    ```
  }];
}

def MergeActivationQuantPass : Pass<"v4-merge-activation-quant", "::mlir::func::FuncOp"> {
  let summary = "one quantization for all users, in the same pass over a row as the steps in front of it";
  let description = [{
    Equal quantizations of a value become one. A quantization, a Hadamard transform or a rotation then takes the steps in
    front of it along (norm, rope, hadamard), as long as nothing else uses what they give; a norm may have other users,
    for whom its values are kept. A quantization behind v4.swiglu goes into it.

    ```mlir
    %n = v4.rms_norm %x, %w eps 1.0e-06 : ...
    %q = v4.quantize %n fp8 block 128 prefix 256 : ...
    %h = v4.swiglu %a, %b limit 1.0e+01 : ...
    %r = v4.quantize %h fp8 block 128 prefix 128 : ...
    ```
    becomes
    ```mlir
    %q = v4.row_chain %x norm %w eps 1.0e-06 quantize fp8 block 128 prefix 256 : ...
    %r = v4.swiglu_quantize %a, %b limit 1.0e+01 : ...
    ```
  }];
}

//===----------------------------------------------------------------------===//
// quant: v4 to v4, number formats and layouts
//===----------------------------------------------------------------------===//

def QuantizeWeightsPass : Pass<"v4-quantize-weights", "::mlir::ModuleOp"> {
  let summary = "store wide matrices in the checkpoint format's usual FP8 or FP4";
  let description = [{
    Optional; run only by `v4-compile --quantize=experts:fp4,linear:fp8`, as the first pass of all: what follows sees the
    graph that a narrow checkpoint would give. A bf16 weight that the importer marked `v4.narrowable` ("experts" or
    "linear") becomes f8E4M3FN with a scale per 128 x 128 block, or f4E2M1FN with one per row and 32 columns; layer
    functions take the scales behind it, and the input of its products is quantized, except that of
    `v4.grouped_linear`. The codes are made when the plan is written. Narrow weights stay as they are, so does a weight
    with columns that are no multiple of 128. A remark says for every marked weight what became of it.

    ```mlir
    ml_program.global private @w.weight(#extern) : tensor<128x256xbf16> {v4.narrowable = "linear", v4.recipe = "copy", v4.sources = ["w.weight"]}
    %y = v4.linear %x, %w : tensor<?x256xbf16, #v4.rows<tokens>>, tensor<128x256xbf16> -> tensor<?x128xbf16, #v4.rows<tokens>>
    ```
    becomes
    ```mlir
    ml_program.global private @w.weight(#extern1) : tensor<128x256xf8E4M3FN> {v4.recipe = "quantize_e4m3", v4.sources = ["w.weight"]}
    ml_program.global private @w.scale(#extern2) : tensor<1x2xf8E8M0FNU> {v4.recipe = "quantize_e4m3_scales", v4.sources = ["w.weight"]}
    %q = v4.quantize %x fp8 block 128 prefix 256 : tensor<?x256xbf16, #v4.rows<tokens>>
    %y = v4.linear %q, %w scales %s : tensor<?x256xbf16, #v4.rows<tokens>>, tensor<128x256xf8E4M3FN>, tensor<1x2xf8E8M0FNU> -> tensor<?x128xbf16, #v4.rows<tokens>>
    ```
  }];
  let options = [
    Option<"formats", "formats", "std::string", /*default=*/"\"experts:fp4,linear:fp8\"",
           "Format per kind of weight: experts:fp4,linear:fp8; a kind that is not named stays wide">
  ];
}

def VerifyQuantizedPass : Pass<"v4-verify-quantized", "::mlir::ModuleOp"> {
  let summary = "check that every rounding point of the reference is in place";
  let description = [{
    Exit contract of the quant stage; changes nothing. Block arguments are trusted: the call's other side is checked
    where the value is made.

    - The input of `v4.linear` and `v4.expert_linear` with a narrow weight (f8E4M3FN, or i8 with #v4.packed) comes from
      `v4.quantize fp8 block 128` over the full width; that of a wide weight, and of `v4.grouped_linear`, comes from
      no `v4.quantize`.
    - Rows that are stored as kv_compact come from `v4.quantize fp8 block 64` over all but the rotary values, rows that
      are stored as index_fp4 from `v4.quantize fp4 block 32` over the full width: only then is the stored form lossless.
  }];
}

def PackWeightsPass : Pass<"v4-pack-weights", "::mlir::ModuleOp"> {
  let summary = "give matrices the layout that tuned kernels read";
  let description = [{
    A weight whose every use is a matrix product with a tuned kernel gets the encoding #v4.panels, its scales with it
    when it is f4E2M1FN; layer functions follow in all their calls. Bytes are reordered when the plan is written.
    A remark says for every weight whether it was packed, and why not.

    In a module whose `v4.target` is a GPU the encoding is #v4.tiles, and products are those that a template covers, on
    sm_90a: v4.linear and v4.grouped_linear with bf16 or f8E4M3FN weights, and those of experts with f4E2M1FN weights.

    ```mlir
    ml_program.global private @w(#extern) : tensor<512x256xbf16>
    ```
    becomes
    ```mlir
    ml_program.global private @w(#extern1) : tensor<512x256xbf16, #v4.panels<bf16>>
    ```
  }];
}

def ProveExactFormsPass : Pass<"v4-prove-exact-forms", "::mlir::ModuleOp"> {
  let summary = "ask for facts about weights that let kernels take shorter ways";
  let description = [{
    Optional. IR has no bytes of weights: a global gets the facts that are worth a proof as `v4.exact_forms`, the plan
    writer proves them on all bytes while it streams them, and the plan keeps those that hold (plan.fbs says what each
    means). f8E4M3FN codes: "no_nan". Scales: "normal_scales"; scales of f4E2M1FN codes "e4m3_per_128" too. Facts
    belong to these bytes: other weights for the same program need a new proof.

    ```mlir
    ml_program.global private @w.scale(#extern) : tensor<1x2xf8E8M0FNU> {v4.recipe = "copy", v4.sources = ["w.scale"]}
    ```
    becomes
    ```mlir
    ml_program.global private @w.scale(#extern) : tensor<1x2xf8E8M0FNU> {v4.exact_forms = ["normal_scales"], v4.recipe = "copy", v4.sources = ["w.scale"]}
    ```
  }];
}

//===----------------------------------------------------------------------===//
// lower: v4 to kernel
//===----------------------------------------------------------------------===//

def ChooseKernelsPass : Pass<"v4-choose-kernels", "::mlir::ModuleOp"> {
  let summary = "replace v4 ops that have a tuned kernel by its launch";
  let description = [{
    An op becomes a `kernel.launch` of a kernel function whose body is one contract op when the contract's conditions
    hold; others are left to v4-decompose, with a remark that says why.

    ```mlir
    %y = v4.linear %x, %w : tensor<?x256xbf16, #v4.rows<tokens>>, tensor<512x256xbf16, #v4.panels<bf16>> -> tensor<?x512xf32, #v4.rows<tokens>>
    ```
    becomes
    ```mlir
    %y = kernel.launch @linear_0 grid <rows = 1, tile = 128, tiles = 16> (%x, %w) ...
    func.func @linear_0(...) attributes {kernel.entry, kernel.op = "linear"} { kernel.panel_linear range %begin %end ... }
    ```
  }];
  let dependentDialects = [
    "::mlir::func::FuncDialect", "::mlir::arith::ArithDialect", "::mlir::math::MathDialect",
    "::mlir::memref::MemRefDialect", "::mlir::scf::SCFDialect", "::mlir::vector::VectorDialect",
    "::v4::kernel::KernelDialect", "::v4::plan::PlanDialect"
  ];
}

def ChooseGpuKernelsPass : Pass<"v4-choose-gpu-kernels", "::mlir::ModuleOp"> {
  let summary = "replace v4 ops that a template for GPUs covers by its launch";
  let description = [{
    Of a module whose `v4.target` is a GPU. An op becomes a `kernel.launch` of a kernel function whose body is
    kernel.run_template when the template's conditions hold: one instance, or several by rising rows of a step
    (codegen/cuda/kernels/README.md). Others are left to v4-decompose, with a remark that says why where the op has a
    template at all. Fused ops become their parts, but for v4.gate_up of experts. Matrix products
    want a weight in #v4.tiles; of those with f8E4M3FN weights, v4.linear's input becomes codes and scales in a launch in
    front, and so does that of the experts. Scales of experts whose global has `v4.proven_forms` = ["e4m3_per_128"]
    (the compiler looks at their bytes) take the form with one scale for 128 columns, and get the fact as
    `v4.needed_forms`.

    ```mlir
    %y = v4.linear %x, %w : tensor<?x256xbf16, #v4.rows<tokens>>, tensor<512x256xbf16, #v4.tiles<bf16, rows>> -> tensor<?x512xf32, #v4.rows<tokens>>
    ```
    becomes
    ```mlir
    %y = kernel.launch @linear_0 grid <rows = 1, tile = 16, tiles = 8> (%x, %w) ...
    func.func @linear_0(...) attributes {kernel.entry, kernel.op = "linear"} {
      kernel.run_template "bf16Linear" values [8, 1, 20, 1] ... few <most = 8, tile = 8, tiles = 8>
      kernel.run_template "bf16Linear" values [16, 1, 18, 1] ...
      return
    }
    ```
  }];
  let dependentDialects = [
    "::mlir::func::FuncDialect", "::mlir::arith::ArithDialect", "::mlir::math::MathDialect",
    "::mlir::memref::MemRefDialect", "::mlir::scf::SCFDialect", "::mlir::vector::VectorDialect",
    "::v4::kernel::KernelDialect", "::v4::plan::PlanDialect"
  ];
}

def DecomposePass : Pass<"v4-decompose", "::mlir::ModuleOp"> {
  let summary = "replace every v4 op by a kernel function and its launch";
  let description = [{
    Each op becomes a `kernel.launch` of a kernel function that holds its executable definition; ops of equal name,
    attributes and types share one kernel. `v4.probe` stays.

    ```mlir
    %y = v4.rms_norm %x, %w eps 1.0e-06 : tensor<?x256xbf16, #v4.rows<tokens>>, tensor<256xbf16>
    ```
    becomes
    ```mlir
    %y = kernel.launch @rms_norm_0 grid <rows = 1, tile = 1, tiles = 1> (%x, %w) writes [] step [0] : (tensor<?x256xbf16, #v4.rows<tokens>>, tensor<256xbf16>) -> tensor<?x256xbf16, #v4.rows<tokens>>
    func.func @rms_norm_0(%begin: index, %end: index, %x: memref<?x256xbf16>, ...) attributes {kernel.entry, kernel.op = "rms_norm"}
    ```
  }];
  // What kernel bodies are made of.
  let dependentDialects = [
    "::mlir::func::FuncDialect", "::mlir::arith::ArithDialect", "::mlir::math::MathDialect",
    "::mlir::memref::MemRefDialect", "::mlir::scf::SCFDialect", "::mlir::vector::VectorDialect",
    "::v4::kernel::KernelDialect", "::v4::plan::PlanDialect"
  ];
}

def VerifyKernelsPass : Pass<"v4-verify-kernels", "::mlir::ModuleOp"> {
  let summary = "check that all that is left to compute is in kernels";
  let description = [{
    Exit contract of the lower stage; changes nothing.

    - Outside kernels no v4 op is left but `v4.probe`.
    - A kernel function (`kernel.entry`, `kernel.op`) takes `%begin, %end : index` and memrefs, returns nothing, and
      holds only arith, math, memref, scf, vector and kernel ops: no call, no heap, no `memref.copy` (it becomes a call),
      no global data. A `memref.alloca` is static and in the entry block, so that a loop never grows the stack, and all
      of them together stay below 1 MiB.

    That every `kernel.launch` resolves and fits its kernel is the op's own verifier.
  }];
}

//===----------------------------------------------------------------------===//
// schedule: kernel to plan, launch order and memory
//===----------------------------------------------------------------------===//

def InlineLayersPass : Pass<"v4-inline-layers", "::mlir::ModuleOp"> {
  let summary = "inline every layer call so that @main lists all launches in order";
  let description = [{
    Every `kernel.launch` gets the attributes `group` ("main", "mtp", "mtp_step" or "mtp_draft") and `layer` (-1 outside layers), every
    `v4.probe` its full name. They come from `v4.group`, `v4.layer` and `v4.prefix` of the calls around it, the
    innermost first, or from the launch or probe itself. Functions that are no kernels are erased, @main stays.

    ```mlir
    %y = func.call @swa_layer(%x, %w) {v4.prefix = "layers.2", v4.layer = 2 : i64} : ...
    ```
    becomes
    ```mlir
    %y = kernel.launch @rms_norm_0 grid <rows = 1, tile = 1, tiles = 1> (%x, %w) writes [] step [0] {group = "main", layer = 2 : i64} : ...
    v4.probe "layers.2.streams" %y : ...
    ```
  }];
}

def BuildProgramPass : Pass<"v4-build-program", "::mlir::ModuleOp"> {
  let summary = "turn the launches of @main into one plan.program";
  let description = [{
    Launch order is program order. Each tensor that a launch makes becomes a `plan.buffer`, each global that a launch
    reads a `plan.weight` (in order of first use; unused globals are dropped), each cache argument a `plan.pool`, each
    launched function a `plan.kernel`, each `v4.probe` a `plan.probe`. The module attributes `v4.model`, `v4.envelope`,
    `v4.target` and `v4.options` move to the program, `v4.manifest` stays on the module. @main, globals and
    kernels that are never launched are erased.

    ```mlir
    %y = kernel.launch @rms_norm_0 grid <rows = 1, tile = 1, tiles = 1> (%x, %w) writes [] step [0] {group = "main", layer = 2 : i64} : ...
    ```
    becomes
    ```mlir
    plan.launch @rms_norm_0 grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<buffer, in, @b0>, #plan.binding<weight, in, @layers.2.attn_norm.weight>, #plan.binding<buffer, out, @b1>, #plan.binding<step, in, @step>] {group = "main", layer = 2 : i64}
    ```
  }];
  let dependentDialects = ["::v4::plan::PlanDialect"];
}

def OverlapLaunchesPass : Pass<"v4-overlap-launches", "::mlir::ModuleOp"> {
  let summary = "run independent launches of a layer without a barrier between them";
  let description = [{
    Optional. Two launches depend on each other when one writes a buffer or a pool that the other binds. Within each
    run of launches of one layer and group, those of equal dependency level come together and only the first keeps its
    `barrier`: together they are a phase, which the runtime runs as one parallel loop. So a layer has as many barriers as
    its longest chain of dependent launches, and small launches fill the threads that large ones leave idle. The order
    inside a phase is that of the program; probes follow their launch. Changes no bit of any result.

    ```mlir
    plan.launch @a ... bindings [#plan.binding<buffer, in, @x>, #plan.binding<buffer, out, @y>] {group = "main", layer = 2 : i64}
    plan.launch @b ... bindings [#plan.binding<buffer, in, @x>, #plan.binding<buffer, out, @z>] {barrier = false, group = "main", layer = 2 : i64}
    ```
  }];
  let options = [
    Option<"dumpPhases", "dump-phases", "bool", /*default=*/"false", "Remark every launch that lost its barrier">
  ];
}

def AddSamplingPass : Pass<"v4-add-sampling", "::mlir::ModuleOp"> {
  let summary = "let a plan for a GPU pick tokens where the logits are";
  let description = [{
    Optional. Adds a kernel of the template `sampleRows` and its launches, which are no part of a step: one of the group
    "sample" for the logits and, where there is an MTP block, one of the group "mtp_sample" for its logits. Each has a
    buffer of rows that say what is asked of which logits (runtime/plan/SampleRows.h) and get the answers. Without it a
    session copies logits to the host whenever tokens are picked; the tokens are the same. Changes nothing but a remark
    where the target is not sm_90a.

    ```mlir
    plan.buffer @samples {element = i32, row_shape = array<i64: 12>, rows = 5 : i64, ...}
    plan.launch @sample_rows_0 grid #kernel.grid<rows = 5, tile = 1, tiles = 1> bindings [#plan.binding<buffer, in, @b7>, #plan.binding<buffer, out, @samples>] {group = "sample"}
    ```
  }];
  let dependentDialects = ["::v4::plan::PlanDialect", "::v4::kernel::KernelDialect", "::mlir::func::FuncDialect"];
}

def AddTensorRatesPass : Pass<"v4-add-tensor-rates", "::mlir::ModuleOp"> {
  let summary = "give a plan for a GPU kernels that measure the rate of its tensor cores";
  let description = [{
    Optional. Adds two kernels of the template `tensorRate`, which do nothing but dense products of e4m3 and of bf16 numbers.
    No launch has them: v4-bench runs them and compares the plan's products with the rates that it finds. Their cost is
    that of one block in one round, and the rows of a launch are rounds. Changes nothing but a remark where the target is
    not sm_90a.

    ```mlir
    plan.kernel @fp8_tensor_rate_0 {bindings = 1 : i64, costs = [#plan.cost<dot_flops, one, 33554432, ratio = 1, most = 0>], op = "fp8_tensor_rate"}
    ```
  }];
  let dependentDialects = ["::v4::plan::PlanDialect", "::v4::kernel::KernelDialect", "::mlir::func::FuncDialect"];
}

def PlanArenaPass : Pass<"v4-plan-arena", "::mlir::ModuleOp"> {
  let summary = "share arena slots between buffers whose lifetimes are disjoint";
  let description = [{
    Sets `first_launch`, `last_launch` and `slot` of every `plan.buffer` and `slots` of the program. A buffer lives from
    the launch that writes it to the last one that reads it or is copied out behind; logits live to the end. It holds its
    slot for all of its first and its last phase, whose launches run in any order. Launches of the group "mtp" may be
    skipped at run time; that only shortens lives, so slots stay valid.

    Buffers are placed by falling size at the envelope, each in the smallest slot that is free during its life, else in
    a new one: the arena is the sum of the largest buffers of all slots, so large ones must meet first.
  }];
  let options = [
    Option<"dumpLifetimes", "dump-lifetimes", "bool", /*default=*/"false",
           "Remark slot, lifetime and size of every buffer; off because a real model has thousands">
  ];
}

def PlanKvCachePass : Pass<"v4-plan-kv-cache", "::mlir::ModuleOp"> {
  let summary = "lay the pools out in cache pages and state blocks";
  let description = [{
    Sets the `offset` of every `plan.pool` and `page_bytes` and `state_bytes` of the program. A page covers 128 source tokens
    of one sequence and holds a slice of every page pool; a state block holds every state pool. Slices are 64-aligned,
    those of the group "main" first, so that what they need is a prefix.
  }];
}

def VerifyPlanPass : Pass<"v4-verify-plan", "::mlir::ModuleOp"> {
  let summary = "check everything the plan writer and the runtime rely on";
  let description = [{
    Exit contract of the schedule stage; changes nothing. It mirrors the semantic rules that the runtime applies to a plan
    before it maps code: references resolve, counts match, every buffer has one writer and no reader in front of it,
    buffers of one slot never live at once, sizes hold what the envelope allows, pools do not overlap, a launch reads or
    writes a pool and never both, and nothing of the group "main" needs a value of the group "mtp".
  }];
}

#endif // V4_PASSES_TD
