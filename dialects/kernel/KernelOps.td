//===- KernelOps.td - Tile-level ops and kernel contracts --*- tablegen -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef KERNEL_OPS_TD
#define KERNEL_OPS_TD

include "mlir/IR/OpBase.td"
include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/EnumAttr.td"
include "mlir/IR/SymbolInterfaces.td"
include "mlir/IR/CommonTypeConstraints.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

def Kernel_Dialect : Dialect {
  let name = "kernel";
  let cppNamespace = "::v4::kernel";
  let summary = "how one kernel computes";
  let description = [{
    A kernel is a `func.func` with the attribute `kernel.entry`: arguments are
    `%begin, %end : index` (the range of workgroups), then one memref per binding; no
    results. Its body is upstream `scf`, `memref`, `vector`, `arith`, `math` and the few
    tile-level ops below that upstream lacks. `kernel.launch` connects kernels to the
    values of a layer until dialects/plan takes over.

    Bodies work on memrefs and fixed 16-lane vectors rather than on tensors: the
    order of every sum is then visible in the IR, no bufferization can insert an
    allocation, and nothing depends on a loop vectoriser's mood.
  }];
  let useDefaultAttributePrinterParser = 1;
}

class Kernel_Op<string mnemonic, list<Trait> traits = []> : Op<Kernel_Dialect, mnemonic, traits>;

//===----------------------------------------------------------------------===//
// Attributes
//===----------------------------------------------------------------------===//

def Kernel_LimitsAttr : AttrDef<Kernel_Dialect, "Limits"> {
  let mnemonic = "limits";
  let summary = "what a GPU offers a thread block";
  let description = [{
    `#kernel.limits<threads = 1024, shared_bytes = 232448, registers = 65536, processors = 132>`: threads and bytes of
    shared memory that one thread block may have, 32-bit registers that it shares, and the multiprocessors of the
    largest device of the target.

    (C1) all are at least 1.
  }];
  let parameters = (ins "int64_t":$threads, "int64_t":$shared_bytes, "int64_t":$registers, "int64_t":$processors);
  let assemblyFormat = "`<` `threads` `=` $threads `,` `shared_bytes` `=` $shared_bytes `,` `registers` `=` $registers `,` `processors` `=` $processors `>`";
  let genVerifyDecl = 1;
}

def Kernel_TargetAttr : AttrDef<Kernel_Dialect, "Target"> {
  let mnemonic = "target";
  let summary = "hardware facts that passes read";
  let description = [{
    `#kernel.target<"cpu:x86-64-v4-bf16", cpu = "znver4", features = ["avx512f"], vector_bits = 512>`. `cpu` is
    LLVM's processor name, `features` are the CPU flags a machine must have, in the spelling of
    /proc/cpuinfo. A GPU has `limits` too, and no features:
    `#kernel.target<"cuda:sm_90a", cpu = "sm_90a", features = [], vector_bits = 128, limits = <threads = 1024, ...>>`.
  }];
  let parameters = (ins StringRefParameter<"name on the command line">:$name, StringRefParameter<"LLVM processor">:$cpu,
                        ArrayRefParameter<"::mlir::StringAttr">:$features, "int64_t":$vector_bits,
                        OptionalParameter<"::v4::kernel::LimitsAttr">:$limits);
  let assemblyFormat = "`<` $name `,` `cpu` `=` $cpu `,` `features` `=` custom<Features>($features) `,` `vector_bits` `=` $vector_bits (`,` `limits` `=` $limits^)? `>`";
}

def Kernel_GridAttr : AttrDef<Kernel_Dialect, "Grid"> {
  let mnemonic = "grid";
  let summary = "number of workgroups: ceil(rows / tile) * tiles";
  let description = [{
    `#kernel.grid<rows = 1, tile = 8, tiles = 64>`: rows is an index into the step counts (RowSpace, StepCount: 0
    one, 1 tokens, 2 sequences, 3 chunks4, 4 chunks128, 5 logits). Workgroup g covers row tile g / tiles
    and tile g mod tiles.

    (C1) rows is 0 .. 5. (C2) tile and tiles are at least 1.
  }];
  let parameters = (ins "int64_t":$rows, "int64_t":$tile, "int64_t":$tiles);
  let assemblyFormat = "`<` `rows` `=` $rows `,` `tile` `=` $tile `,` `tiles` `=` $tiles `>`";
  let genVerifyDecl = 1;
}

def Kernel_Access : I32EnumAttr<"Access", "what a kernel does with a binding", [
    I32EnumAttrCase<"In", 0, "in">, I32EnumAttrCase<"Out", 1, "out">]> {
  let cppNamespace = "::v4::kernel";
}

//===----------------------------------------------------------------------===//
// Launch
//===----------------------------------------------------------------------===//

def Kernel_LaunchOp : Kernel_Op<"launch", [DeclareOpInterfaceMethods<SymbolUserOpInterface>,
                                            DeclareOpInterfaceMethods<MemoryEffectsOpInterface>]> {
  let summary = "runs a kernel over all of its workgroups";
  let description = [{
    Bindings of the kernel in order: the operands (tensors and caches), the results, then the step fields of
    `step` (values of StepField in runtime/plan/KernelAbi.h). `writes` lists the operand indices (caches) that
    the kernel writes; all others are read. A launch without caches has no effects; one with caches reads or
    writes the resource of v4's cache ops, so that mixed IR keeps its order.

    (C1) operands are ranked tensors and caches. (C2) `writes` are ascending indices of caches among the operands.
    (C3) a cache that is written is no other operand. (C4) `step` are StepField values, 0 .. 12.
    (C5) the kernel is a `func.func` with `kernel.entry`. (C6) it has no results, two index arguments and then
    one memref per binding.

    ```mlir
    %y = kernel.launch @rms_norm_0 grid <rows = 1, tile = 1, tiles = 1> (%x, %w) writes [] step [0] : (tensor<?x256xbf16, #v4.rows<tokens>>, tensor<256xbf16>) -> tensor<?x256xbf16, #v4.rows<tokens>>
    ```
  }];
  let arguments = (ins FlatSymbolRefAttr:$kernel, Kernel_GridAttr:$grid, Variadic<AnyType>:$inputs,
                       DenseI64ArrayAttr:$writes, DenseI64ArrayAttr:$step);
  let results = (outs Variadic<AnyRankedTensor>:$outputs);
  let assemblyFormat = "$kernel `grid` $grid ` ` `(` $inputs `)` `writes` $writes `step` $step attr-dict `:` functional-type($inputs, $outputs)";
  let hasVerifier = 1;
}

//===----------------------------------------------------------------------===//
// Float formats
//===----------------------------------------------------------------------===//

def Kernel_ByteVector : FixedVectorOfRankAndType<[1], [I8]>;
def Kernel_Code : AnyTypeOf<[I8, Kernel_ByteVector]>;
def Kernel_Real : AnyTypeOf<[F32, FixedVectorOfRankAndType<[1], [F32]>]>;

def Kernel_UnpackOp : Kernel_Op<"unpack", [Pure]> {
  let summary = "nibbles of packed bytes, low nibble first";
  let description = [{
    `vector<nxi8>` to `vector<2nxi8>`: element 2j is the low nibble of byte j, 2j+1 the high one.

    (C1) there are twice as many codes as bytes.

    ```mlir
    %c = kernel.unpack %b : vector<8xi8> -> vector<16xi8>
    ```
  }];
  let arguments = (ins Kernel_ByteVector:$bytes);
  let results = (outs Kernel_ByteVector:$codes);
  let assemblyFormat = "$bytes attr-dict `:` type($bytes) `->` type($codes)";
  let hasVerifier = 1;
}

def Kernel_DecodeOp : Kernel_Op<"decode", [Pure]> {
  let summary = "exact value of narrow float codes";
  let description = [{
    f8E4M3FN (subnormals and NaN included), f8E8M0FNU (255 is NaN, 0 is 2^-127) or f4E2M1FN (one code per i8, upper
    nibble ignored) to f32.

    (C1) the format is one of these. (C2) codes and values have the same length, or both are scalars.

    ```mlir
    %v = kernel.decode %c as f8E4M3FN : vector<16xi8> -> vector<16xf32>
    ```
  }];
  let arguments = (ins Kernel_Code:$codes, TypeAttr:$format);
  let results = (outs Kernel_Real:$values);
  let assemblyFormat = "$codes `as` $format attr-dict `:` type($codes) `->` type($values)";
  let hasVerifier = 1;
}

def Kernel_EncodeOp : Kernel_Op<"encode", [Pure]> {
  let summary = "nearest narrow float code, ties to even, saturating";
  let description = [{
    f32 to f8E4M3FN (clamped to +-448) or f4E2M1FN (clamped to +-6, one code per i8).

    (C1) the format is one of these. (C2) codes and values have the same length, or both are scalars.

    ```mlir
    %c = kernel.encode %v as f4E2M1FN : vector<16xf32> -> vector<16xi8>
    ```
  }];
  let arguments = (ins Kernel_Real:$values, TypeAttr:$format);
  let results = (outs Kernel_Code:$codes);
  let assemblyFormat = "$values `as` $format attr-dict `:` type($values) `->` type($codes)";
  let hasVerifier = 1;
}

//===----------------------------------------------------------------------===//
// Cache
//===----------------------------------------------------------------------===//

def Kernel_Bytes : MemRefRankOf<[I8], [1]>;
// What has a whole number of bytes and one layout on every target.
def Kernel_Stored : AnyTypeOf<[I8, I16, I32, I64, BF16, F32,
                               FixedVectorOfRankAndType<[1], [I8, I16, I32, I64, BF16, F32]>]>;

def Kernel_CacheLoadOp : Kernel_Op<"cache_load", [MemoryEffects<[MemRead]>]> {
  let summary = "values at a byte offset of a cache pool";
  let description = [{
    The offset is the sum of what the page table gives and the place within the row. REQUIRES: it is a multiple of an
    element's bytes, as the rows' formats make it (KernelAbi.h).

    ```mlir
    %v = kernel.cache_load %pool[%offset] : memref<?xi8> -> vector<16xbf16>
    ```
  }];
  let arguments = (ins Kernel_Bytes:$pool, Index:$offset);
  let results = (outs Kernel_Stored:$value);
  let assemblyFormat = "$pool `[` $offset `]` attr-dict `:` type($pool) `->` type($value)";
}

def Kernel_CacheStoreOp : Kernel_Op<"cache_store", [MemoryEffects<[MemWrite]>]> {
  let summary = "store at a byte offset of a cache pool";
  let description = [{
    ```mlir
    kernel.cache_store %v, %pool[%offset] : vector<16xi8>, memref<?xi8>
    ```
  }];
  let arguments = (ins Kernel_Stored:$value, Kernel_Bytes:$pool, Index:$offset);
  let assemblyFormat = "$value `,` $pool `[` $offset `]` attr-dict `:` type($value) `,` type($pool)";
}

//===----------------------------------------------------------------------===//
// Contracts of tuned kernels
//===----------------------------------------------------------------------===//

include "dialects/kernel/KernelContracts.td"
include "dialects/kernel/KernelAttentionContracts.td"
include "dialects/kernel/KernelMoveContracts.td"
include "dialects/kernel/KernelCacheContracts.td"

//===----------------------------------------------------------------------===//
// Kernels made of a template
//===----------------------------------------------------------------------===//

include "dialects/kernel/KernelTemplateOps.td"

#endif // KERNEL_OPS_TD
