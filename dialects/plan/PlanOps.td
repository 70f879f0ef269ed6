//===- PlanOps.td - The plan schema as ops ------------------*- tablegen -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// One op per table of runtime/plan/plan.fbs, same field names. Symbols take the
// place of indices. The order of ops of one kind is the order of the vector.
//
//===----------------------------------------------------------------------===//

#ifndef PLAN_OPS_TD
#define PLAN_OPS_TD

include "mlir/IR/OpBase.td"
include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/EnumAttr.td"
include "mlir/IR/BuiltinAttributeInterfaces.td"
include "mlir/IR/RegionKindInterface.td"
include "mlir/IR/SymbolInterfaces.td"

def Plan_Dialect : Dialect {
  let name = "plan";
  let cppNamespace = "::v4::plan";
  let summary = "when kernels run and where their bytes live: a 1:1 image of plan.fbs";
  let description = [{
    `plan.program` holds the vectors of the schema as ops. Nothing here computes: a launch names a kernel,
    workgroups and bindings, and every size and address is an attribute.

    Constraints that need the whole program (lifetimes in a slot are disjoint, offsets do not overlap, every
    value is written before it is read) are the business of `--v4-verify-plan`; the verifiers here check what
    one op says and what its symbols name.
  }];
  let useDefaultAttributePrinterParser = 1;
}

class Plan_Op<string mnemonic, list<Trait> traits = []> : Op<Plan_Dialect, mnemonic, traits>;

//===----------------------------------------------------------------------===//
// Attributes
//===----------------------------------------------------------------------===//

class Plan_Enum<string name, string summary, list<I32EnumAttrCase> cases> : I32EnumAttr<name, summary, cases> {
  let cppNamespace = "::v4::plan";
  let genSpecializedAttr = 0;
}
// Values are those of the schema.
def Plan_BindingKind : Plan_Enum<"BindingKind", "what a binding points to", [
    I32EnumAttrCase<"Buffer", 0, "buffer">, I32EnumAttrCase<"Weight", 1, "weight">,
    I32EnumAttrCase<"Pool", 2, "pool">, I32EnumAttrCase<"Step", 3, "step">]>;
def Plan_Access : Plan_Enum<"Access", "what a kernel does with a binding", [
    I32EnumAttrCase<"In", 0, "in">, I32EnumAttrCase<"Out", 1, "out">]>;

def Plan_SizeAttr : AttrDef<Plan_Dialect, "Size"> {
  let mnemonic = "size";
  let summary = "coefficient * tokens^t * sequences^s * context^c";
  let description = [{
    A buffer's capacity in bytes is a sum of these, e.g. `#plan.size<512, 1, 0, 0>` for 512 bytes per token.

    (C1) the coefficient is at least 1. (C2) powers are 0 .. 3.
  }];
  let parameters = (ins "int64_t":$coefficient, "int64_t":$tokens_power, "int64_t":$sequences_power, "int64_t":$context_power);
  let assemblyFormat = "`<` $coefficient `,` $tokens_power `,` $sequences_power `,` $context_power `>`";
  let genVerifyDecl = 1;
}

def Plan_BindingAttr : AttrDef<Plan_Dialect, "Binding"> {
  let mnemonic = "binding";
  let summary = "one argument of a launch";
  let description = [{
    `#plan.binding<buffer, in, @b12>`; a step field is named by its StepField value:
    `#plan.binding<step, in, @step, 3>`.

    (C1) weights and step fields are read only. (C2) the field of a step binding is 0 .. 12, that of others 0.
  }];
  let parameters = (ins EnumParameter<Plan_BindingKind>:$kind, EnumParameter<Plan_Access>:$access,
                        "::mlir::FlatSymbolRefAttr":$symbol, DefaultValuedParameter<"int64_t", "0">:$field);
  let assemblyFormat = "`<` $kind `,` $access `,` $symbol (`,` $field^)? `>`";
  let genVerifyDecl = 1;
}

def Plan_CostKind : Plan_Enum<"CostKind", "what a launch spends", [
    I32EnumAttrCase<"DotFlops", 0, "dot_flops">, I32EnumAttrCase<"FmaFlops", 1, "fma_flops">,
    I32EnumAttrCase<"WeightBytes", 2, "weight_bytes">, I32EnumAttrCase<"CacheBytes", 3, "cache_bytes">,
    I32EnumAttrCase<"ActivationBytes", 4, "activation_bytes">]>;
def Plan_CostUnit : Plan_Enum<"CostUnit", "what a step has more or less of", [
    I32EnumAttrCase<"One", 0, "one">, I32EnumAttrCase<"Tokens", 1, "tokens">,
    I32EnumAttrCase<"Sequences", 2, "sequences">, I32EnumAttrCase<"Chunks4", 3, "chunks4">,
    I32EnumAttrCase<"Chunks128", 4, "chunks128">, I32EnumAttrCase<"Logits", 5, "logits">,
    I32EnumAttrCase<"Hits", 6, "hits">, I32EnumAttrCase<"Window", 7, "window">,
    I32EnumAttrCase<"WindowUnion", 8, "window_union">, I32EnumAttrCase<"Visible", 9, "visible">,
    I32EnumAttrCase<"VisibleUnion", 10, "visible_union">]>;

def Plan_CostAttr : AttrDef<Plan_Dialect, "Cost"> {
  let mnemonic = "cost";
  let summary = "a part of what a launch costs";
  let description = [{
    `#plan.cost<weight_bytes, hits, 4096, ratio = 1, most = 0>`: `count` of `kind` for each `unit` of the step. Units up to `logits` are the
    step's counts; `hits` are the experts that some token goes to. The others count cache rows: `window` the last `most`
    positions of each token, `visible` the min(finished rows of `ratio` tokens, `most`) of each token, their unions each
    row once per sequence. `most` = 0 is no bound.

    (C1) the count is at least 1, ratio at least 1, most at least 0.
  }];
  let parameters = (ins EnumParameter<Plan_CostKind>:$kind, EnumParameter<Plan_CostUnit>:$unit, "int64_t":$count,
                        "int64_t":$ratio, "int64_t":$most);
  let assemblyFormat = "`<` $kind `,` $unit `,` $count `,` `ratio` `=` $ratio `,` `most` `=` $most `>`";
  let genVerifyDecl = 1;
}

def Plan_CallAttr : AttrDef<Plan_Dialect, "Call"> {
  let mnemonic = "call";
  let summary = "how the function of a template is called";
  let description = [{
    Table Call: `#plan.call<"bf16Linear_64_1_8_1", most = 132, arguments = [#kernel.argument<...>]>`. The image has the
    function under this name; a launch runs it with at most `most` blocks, 0 = one per workgroup.

    (C1) arguments are #kernel.argument, 1 to 64 of at most 4096 bytes. (C2) most is 0 to 2^31 - 1. (C3) the function has
    a plain name.
  }];
  let parameters = (ins StringRefParameter<"name in the image">:$function, "int64_t":$most, "::mlir::ArrayAttr":$arguments);
  let assemblyFormat = "`<` $function `,` `most` `=` $most `,` `arguments` `=` $arguments `>`";
  let genVerifyDecl = 1;
}

def Plan_BlockAttr : AttrDef<Plan_Dialect, "Block"> {
  let mnemonic = "block";
  let summary = "how a GPU runs a workgroup, and the code it runs";
  let description = [{
    Table Block: `#plan.block<threads = 128, shared_bytes = 4096, cluster = 1, registers = 40, image = 0 : 8192>`. The image is
    `offset : bytes` within the code section; kernels may share one. Kernels made of a template have a `call` too.

    (C1) the image's bytes are at least 1, nothing is negative. (C2) threads are 1 to 1024, shared bytes at most 232448,
    registers at most 255 and 65536 over all threads: no GPU has more. (C3) the code runs in clusters of 1, 2, 4 or 8 blocks,
    all that every GPU with clusters takes. More than 1 is only of a block with a call, whose `most` it divides.
  }];
  let parameters = (ins "int64_t":$threads, "int64_t":$shared_bytes, "int64_t":$cluster, "int64_t":$registers,
                        "int64_t":$image_offset, "int64_t":$image_bytes, OptionalParameter<"::v4::plan::CallAttr">:$call);
  let assemblyFormat = "`<` `threads` `=` $threads `,` `shared_bytes` `=` $shared_bytes `,` `cluster` `=` $cluster `,` `registers` `=` $registers `,` `image` `=` $image_offset `:` $image_bytes (`,` `call` `=` $call^)? `>`";
  let genVerifyDecl = 1;
}

def Plan_VariantAttr : AttrDef<Plan_Dialect, "Variant"> {
  let mnemonic = "variant";
  let summary = "a kernel for launches of few rows";
  let description = [{
    Table Variant: `#plan.variant<most_rows = 8, tile = 8, tiles = 64, block = #plan.block<...>>`. Launches of at most
    `most_rows` rows run `block`, with ceil(rows / tile) * tiles workgroups.

    (C1) the numbers are at least 1, most_rows is at most 2^31 - 1. (C2) workgroups are whole clusters: tiles is a multiple
    of the block's cluster.
  }];
  let parameters = (ins "int64_t":$most_rows, "int64_t":$tile, "int64_t":$tiles, "::v4::plan::BlockAttr":$block);
  let assemblyFormat = "`<` `most_rows` `=` $most_rows `,` `tile` `=` $tile `,` `tiles` `=` $tiles `,` `block` `=` $block `>`";
  let genVerifyDecl = 1;
}

def Plan_Arithmetic : Plan_Enum<"Arithmetic", "the narrowest numbers that products can be formed of", [
    I32EnumAttrCase<"Fp4", 0, "fp4">, I32EnumAttrCase<"Fp8", 1, "fp8">, I32EnumAttrCase<"BF16", 2, "bf16">,
    I32EnumAttrCase<"F32", 3, "f32">]>;

def Plan_WorkAttr : AttrDef<Plan_Dialect, "Work"> {
  let mnemonic = "work";
  let summary = "products that a part of the model forms";
  let description = [{
    `#plan.work<fp8, tokens, 4194304, ratio = 1, most = 0>`: that many multiply-adds for each unit, as in #plan.cost.

    (C1) the products are at least 1, ratio at least 1, most at least 0.
  }];
  let parameters = (ins EnumParameter<Plan_Arithmetic>:$arithmetic, EnumParameter<Plan_CostUnit>:$unit,
                        "int64_t":$products, "int64_t":$ratio, "int64_t":$most);
  let assemblyFormat = "`<` $arithmetic `,` $unit `,` $products `,` `ratio` `=` $ratio `,` `most` `=` $most `>`";
  let genVerifyDecl = 1;
}

def Plan_PartAttr : AttrDef<Plan_Dialect, "Part"> {
  let mnemonic = "part";
  let summary = "a part of the model, counted before anything is fused";
  let description = [{
    Table Part: `#plan.part<"head", "main", parameters = 131072, active = 131072, stored_bytes = 262144, work = [#plan.work<...>]>`.

    (C1) the counts are not negative, active parameters at most all. (C2) the work is #plan.work. (C3) the group is
    "main" or "mtp".
  }];
  let parameters = (ins StringRefParameter<"name">:$name, StringRefParameter<"launch group">:$group,
                        "int64_t":$parameters, "int64_t":$active, "int64_t":$stored_bytes, "::mlir::ArrayAttr":$work);
  let assemblyFormat = "`<` $name `,` $group `,` `parameters` `=` $parameters `,` `active` `=` $active `,` `stored_bytes` `=` $stored_bytes `,` `work` `=` $work `>`";
  let genVerifyDecl = 1;
}

def Plan_ExactForm : Plan_Enum<"ExactForm", "a fact about all values of a weight", [
    I32EnumAttrCase<"NoNan", 1, "no_nan">, I32EnumAttrCase<"NormalScales", 2, "normal_scales">,
    I32EnumAttrCase<"E4M3Per128", 4, "e4m3_per_128">]>;

//===----------------------------------------------------------------------===//
// Ops
//===----------------------------------------------------------------------===//

def Plan_ProgramOp : Plan_Op<"program", [NoTerminator, SingleBlock, NoRegionArguments, SymbolTable, IsolatedFromAbove]> {
  let summary = "everything a runtime needs to know";
  let description = [{
    Table Program. Attributes name the fields of Program, Model, Envelope and Target; `model` is a
    #v4.model, `envelope` a #v4.envelope, `target` a #kernel.target, `options` a dictionary of strings.
    `logits` and `mtp_logits` name buffers. Slots and bytes are absent until `--v4-plan-arena` and
    `--v4-plan-kv-cache` have run.

    (C1) target, model, envelope and options have the attributes above. (C2) the body holds ops of this
    dialect. (C3) logits and mtp_logits are f32 buffers of rows `logits`. (C4) slots, page_bytes and
    state_bytes are not negative, the latter two are multiples of 64. (C5) slots of buffers are below `slots`
    and lifetimes and probes are within the launches. (C6) parts are #plan.part. (C7) for a target cuda:..., a
    kernel has a block when it has stack_bytes, both from code generation; for others it has none.

    ```mlir
    plan.program attributes {producer = "v4c 0.1.0", options = {}, target = #kernel.target<...>, model = #v4.model<...>, envelope = #v4.envelope<...>, logits = @b7} { ... }
    ```
  }];
  let arguments = (ins StrAttr:$producer, DictionaryAttr:$options, AnyAttr:$target, AnyAttr:$model, AnyAttr:$envelope,
                       FlatSymbolRefAttr:$logits, OptionalAttr<FlatSymbolRefAttr>:$mtp_logits,
                       OptionalAttr<I64Attr>:$slots, OptionalAttr<I64Attr>:$page_bytes, OptionalAttr<I64Attr>:$state_bytes,
                       OptionalAttr<ArrayAttr>:$parts, OptionalAttr<I64Attr>:$experts_per_token);
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = "attr-dict-with-keyword $body";
  let hasVerifier = 1;
  let hasRegionVerifier = 1;
}

class Plan_Child<string mnemonic, list<Trait> traits = []> : Plan_Op<mnemonic, traits # [HasParent<"ProgramOp">]>;

def Plan_BufferOp : Plan_Child<"buffer", [Symbol]> {
  let summary = "a value between launches";
  let description = [{
    Table Buffer. `rows` is a RowSpace value, `bytes` an array of #plan.size. Slot and lifetime are set by
    `--v4-plan-arena`.

    (C1) the element type is one of the schema's. (C2) rows is 0 .. 5, dimensions of row_shape are not negative
    (0: index rows of the session's context), neither is rank. (C3) bytes are #plan.size, at least one.
    (C4) the lifetime has both ends, in order, and the slot is not negative.

    ```mlir
    plan.buffer @b0 {element = bf16, rows = 1 : i64, row_shape = array<i64: 256>, bytes = [#plan.size<512, 1, 0, 0>]}
    ```
  }];
  let arguments = (ins SymbolNameAttr:$sym_name, TypeAttr:$element, I64Attr:$rows, DenseI64ArrayAttr:$row_shape,
                       ArrayAttr:$bytes, OptionalAttr<I64Attr>:$slot, OptionalAttr<I64Attr>:$first_launch,
                       OptionalAttr<I64Attr>:$last_launch, DefaultValuedAttr<I64Attr, "0">:$rank);
  let assemblyFormat = "$sym_name attr-dict";
  let hasVerifier = 1;
}

def Plan_WeightOp : Plan_Child<"weight", [Symbol]> {
  let summary = "a tensor of the weights or tables section";
  let description = [{
    Table Weight. `sources` are checkpoint tensors, concatenated in order after `recipe` was applied to each: "copy"
    (bytes as they are), "i64_to_i32", or, of a bf16 matrix, "quantize_e4m3" (codes; a scale per 128 x 128 block),
    "quantize_e2m1" (codes; a scale per row and 32 columns) and "quantize_e4m3_scales", "quantize_e2m1_scales" (those
    scales, as f8E8M0FNU). Offsets are chosen by the writer, in op order. `exact_forms` asks for facts: the writer
    proves each on the bytes and the plan keeps those that hold ("no_nan", "normal_scales", "e4m3_per_128": plan.fbs).
    Kernels were chosen by those of `needed_forms`: bytes without them are refused.

    (C1) the element type is one of the schema's. (C2) dimensions and bytes are at least 1, rank is not
    negative. (C3) a `row_major` weight has the bytes of its shape. (C4) sources are non-empty strings, at least
    one. (C5) the recipe is one of these. (C6) exact_forms are names of facts. (C7) needed_forms are some of them.

    ```mlir
    plan.weight @norm {element = bf16, shape = array<i64: 256>, layout = "row_major", in_tables = false, bytes = 512 : i64, sources = ["norm.weight"], recipe = "copy"}
    ```
  }];
  let arguments = (ins SymbolNameAttr:$sym_name, TypeAttr:$element, DenseI64ArrayAttr:$shape, StrAttr:$layout,
                       BoolAttr:$in_tables, I64Attr:$bytes, ArrayAttr:$sources, StrAttr:$recipe,
                       OptionalAttr<ArrayAttr>:$exact_forms, OptionalAttr<ArrayAttr>:$needed_forms,
                       DefaultValuedAttr<I64Attr, "0">:$rank);
  let assemblyFormat = "$sym_name attr-dict";
  let hasVerifier = 1;
}

def Plan_PoolOp : Plan_Child<"pool", [Symbol]> {
  let summary = "a part of every cache page or state block";
  let description = [{
    Table Pool. `type` is the !v4.cache it stores; `group` "main" or "mtp". The offset is set by `--v4-plan-kv-cache`.
    `reach` is [period, history, lag] of a state ring: when p tokens are fed, the next step reads the rows of positions
    `max(0, p - p mod period - history) .. p - 1 - lag`. A pool without it is of use as a whole, or not at all.

    (C1) the type is a !v4.cache. (C2) the group is "main" or "mtp". (C3) the offset is a multiple of 64, neither
    it nor rank is negative. (C4) reach is that of a state pool, its period divides 128, lag is 0 or 1 and the rows hold
    the period + history - lag - 1 positions that a step may read.

    ```mlir
    plan.pool @layers.0.window {type = !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64>, group = "main", reach = array<i64: 1, 127, 0>}
    ```
  }];
  let arguments = (ins SymbolNameAttr:$sym_name, TypeAttr:$type, StrAttr:$group, OptionalAttr<I64Attr>:$offset,
                       OptionalAttr<DenseI64ArrayAttr>:$reach, DefaultValuedAttr<I64Attr, "0">:$rank);
  let assemblyFormat = "$sym_name attr-dict";
  let hasVerifier = 1;
}

def Plan_KernelOp : Plan_Child<"kernel", [Symbol]> {
  let summary = "a kernel of the code section";
  let description = [{
    Table Kernel. `stack_bytes` is set by code generation. `costs` are #plan.cost of each launch; `hits` is the binding
    whose first i32 is the number of experts that the step goes to, -1 = none. `block`, set by code generation for a GPU,
    is a #plan.block, and so are `variants`, #plan.variant by rising most_rows: a launch runs the first that takes its
    rows, or else the block.

    (C1) there is at least one binding, stack_bytes is not negative. (C2) costs are #plan.cost, `hits` is a binding or -1.
    (C3) the block is a #plan.block whose call names bindings of the kernel. (C4) variants are #plan.variant beside a
    block, their most_rows rise, and their calls name bindings of the kernel. (C5) all have the block's cluster: the blocks
    of one share a sum, whose bits do not depend on rows.

    ```mlir
    plan.kernel @rms_norm_0 {op = "rms_norm", bindings = 4 : i64}
    ```
  }];
  let arguments = (ins SymbolNameAttr:$sym_name, StrAttr:$op, I64Attr:$bindings, OptionalAttr<I64Attr>:$stack_bytes,
                       OptionalAttr<ArrayAttr>:$costs, DefaultValuedAttr<I64Attr, "-1">:$hits,
                       OptionalAttr<AnyAttr>:$block, OptionalAttr<ArrayAttr>:$variants);
  let assemblyFormat = "$sym_name attr-dict";
  let hasVerifier = 1;
}

def Plan_LaunchOp : Plan_Child<"launch", [DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let summary = "one entry of the launch schedule";
  let description = [{
    Table Launch; `grid` is a #kernel.grid, `bindings` an array of #plan.binding, `group` "main", "mtp" (steps and drafts
    of the MTP block), "mtp_step" (steps alone), "mtp_draft" (drafts alone), "sample" or "mtp_sample" (when tokens are asked
    for).

    (C1) grid and bindings have these attributes. (C2) the group is one of these, layer is at least -1, rank
    is not negative. (C3) the kernel names a plan.kernel. (C4) there are as many bindings as that kernel says.
    (C5) the symbol of a binding names an op of its kind. (C6) what a launch writes is bound once: ranges of
    workgroups run concurrently. (C7) under a map of the kernel's call lies a buffer that has the launch's rows, of at
    least as many bytes. (C8) the tiles of the grid are a multiple of the cluster of the kernel's block.

    A launch with `barrier` starts a phase: it waits for all launches in front of it. One without runs together with the
    launch in front.

    ```mlir
    plan.launch @rms_norm_0 grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<buffer, in, @b0>, #plan.binding<buffer, out, @b1>] {group = "main", layer = 0 : i64}
    ```
  }];
  let arguments = (ins FlatSymbolRefAttr:$kernel, AnyAttr:$grid, ArrayAttr:$bindings, StrAttr:$group,
                       DefaultValuedAttr<I64Attr, "-1">:$layer, DefaultValuedAttr<I64Attr, "0">:$rank,
                       DefaultValuedAttr<BoolAttr, "true">:$barrier);
  let assemblyFormat = "$kernel `grid` $grid `bindings` $bindings attr-dict";
  let hasVerifier = 1;
}

def Plan_ProbeOp : Plan_Child<"probe", [DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let summary = "a named value that the runtime can copy out";
  let description = [{
    Table Probe. `after_launch` is the index of the launch that completes the value.

    (C1) the buffer names a plan.buffer.

    ```mlir
    plan.probe "layers.0.streams" of @b3 after 12
    ```
  }];
  let arguments = (ins StrAttr:$name, FlatSymbolRefAttr:$buffer, I64Attr:$after_launch);
  let assemblyFormat = "$name `of` $buffer `after` $after_launch attr-dict";
}

def Plan_CodeOp : Plan_Child<"code"> {
  let summary = "object code of all kernels";
  let description = [{
    The code section: one ELF shared object (cpu), or cubins one behind the other (cuda), as a resource blob.

    ```mlir
    plan.code dense_resource<code> : tensor<8192xi8>
    ```
  }];
  let arguments = (ins ElementsAttr:$object);
  let assemblyFormat = "attr-dict $object";
}

def Plan_CollectiveOp : Plan_Child<"collective"> {
  let summary = "reserved: communication between ranks";
  let description = [{
    Nothing emits it yet: every buffer, pool, weight and launch carries a rank, 0 today. Reductions will be in
    fixed rank order.
  }];
  let arguments = (ins StrAttr:$kind, FlatSymbolRefAttr:$buffer);
  let assemblyFormat = "$kind $buffer attr-dict";
}

#endif // PLAN_OPS_TD
