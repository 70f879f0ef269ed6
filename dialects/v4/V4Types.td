//===- V4Types.td - Types and attributes of v4 -------------*- tablegen -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef V4_TYPES_TD
#define V4_TYPES_TD

include "dialects/v4/V4Dialect.td"
include "dialects/v4/V4Interfaces.td"
include "mlir/IR/CommonTypeConstraints.td"
include "mlir/IR/CommonAttrConstraints.td"
include "mlir/IR/BuiltinAttributeInterfaces.td"
include "mlir/IR/TensorEncoding.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

//===----------------------------------------------------------------------===//
// Enums
//===----------------------------------------------------------------------===//

// The values are those of RowSpace in runtime/plan/plan.fbs.
def V4_RowSpace : I32EnumAttr<"RowSpace", "rows of a step that a leading dimension counts", [
    I32EnumAttrCase<"One", 0, "one">, I32EnumAttrCase<"Tokens", 1, "tokens">,
    I32EnumAttrCase<"Sequences", 2, "sequences">, I32EnumAttrCase<"Chunks4", 3, "chunks4">,
    I32EnumAttrCase<"Chunks128", 4, "chunks128">, I32EnumAttrCase<"Logits", 5, "logits">]> {
  let cppNamespace = "::v4";
  let genSpecializedAttr = 0;
}

// The values are those of RowEncoding in runtime/plan/plan.fbs.
def V4_RowEncoding : I32EnumAttr<"RowEncoding", "stored form of a cache row", [
    I32EnumAttrCase<"KvCompact", 0, "kv_compact">, I32EnumAttrCase<"IndexFp4", 1, "index_fp4">,
    I32EnumAttrCase<"F32", 2, "f32">, I32EnumAttrCase<"Bf16", 3, "bf16">]> {
  let cppNamespace = "::v4";
  let genSpecializedAttr = 0;
}

def V4_PoolKind : I32EnumAttr<"PoolKind", "where a pool lives", [
    I32EnumAttrCase<"Page", 0, "page">, I32EnumAttrCase<"State", 1, "state">]> {
  let cppNamespace = "::v4";
  let genSpecializedAttr = 0;
}

def V4_QuantFormat : I32EnumAttr<"QuantFormat", "format of an activation quantization", [
    I32EnumAttrCase<"Fp8", 0, "fp8">, I32EnumAttrCase<"Fp4", 1, "fp4">]> {
  let cppNamespace = "::v4";
  let genSpecializedAttr = 0;
}
def V4_QuantFormatAttr : EnumAttr<V4_Dialect, V4_QuantFormat, "format"> {
  let assemblyFormat = "$value";
}

def V4_TileForm : I32EnumAttr<"TileForm", "order of the bytes of a tile", [
    I32EnumAttrCase<"Rows", 0, "rows">, I32EnumAttrCase<"Wide", 1, "wide">]> {
  let cppNamespace = "::v4";
  let genSpecializedAttr = 0;
}

//===----------------------------------------------------------------------===//
// Attributes
//===----------------------------------------------------------------------===//

class V4_Attr<string name, string attrMnemonic, list<Trait> traits = []> : AttrDef<V4_Dialect, name, traits> {
  let mnemonic = attrMnemonic;
}

def V4_RowsAttr : V4_Attr<"Rows", "rows", [DeclareAttrInterfaceMethods<VerifiableTensorEncoding>]> {
  let summary = "tensor encoding: which rows of the step the leading dimension counts";
  let description = [{
    `tensor<?x4096xbf16, #v4.rows<tokens>>` has one row per token of the step,
    `#v4.rows<chunks4>` one per ratio-4 chunk that the step finishes,
    `#v4.rows<logits>` one per row that wants logits.

    (C1) the tensor has a leading dimension and it is dynamic.
  }];
  let parameters = (ins EnumParameter<V4_RowSpace>:$space);
  let assemblyFormat = "`<` $space `>`";
}

def V4_PackedAttr : V4_Attr<"Packed", "packed", [DeclareAttrInterfaceMethods<VerifiableTensorEncoding>]> {
  let summary = "tensor encoding: narrow elements packed into i8";
  let description = [{
    `tensor<16x128x64xi8, #v4.packed<f4E2M1FN>>` holds 16 x 128 x 128 values,
    two to a byte along the last dimension, the even column in the low nibble.

    (C1) the packed element is f4E2M1FN. (C2) the elements of the tensor are i8.
  }];
  let parameters = (ins "::mlir::Type":$element);
  let assemblyFormat = "`<` $element `>`";
  let genVerifyDecl = 1;
}

def V4_PanelsAttr : V4_Attr<"Panels", "panels", [DeclareAttrInterfaceMethods<VerifiableTensorEncoding>]> {
  let summary = "tensor encoding: a weight in the panels that tuned kernels read";
  let description = [{
    `tensor<512x256xbf16, #v4.panels<bf16>>` is a weight [N, K] (or a stack [E, N, K]) whose bytes are reordered: panels
    of 32 rows one after the other, in a panel blocks of 64 columns, in a block the order that dialects/kernel/PanelLayout.h
    states. Rows behind N are zero. Shape and element type stay those of the values (i8 for two f4E2M1FN codes to a
    byte, as in #v4.packed), so that ops check them as before. A tensor of f8E8M0FNU is the scales [N, K/32] of such
    an FP4 weight.

    (C1) the element is f4E2M1FN, f8E4M3FN, f8E8M0FNU, bf16 or f32. (C2) the tensor holds that element, or i8 for
    f4E2M1FN. (C3) the tensor has rank 2 or 3, and a row of it covers a multiple of 64 columns.
  }];
  let parameters = (ins "::mlir::Type":$element);
  let assemblyFormat = "`<` $element `>`";
  let genVerifyDecl = 1;
}

def V4_TilesAttr : V4_Attr<"Tiles", "tiles", [DeclareAttrInterfaceMethods<VerifiableTensorEncoding>]> {
  let summary = "tensor encoding: a weight in the tiles that tensor cores of a GPU read";
  let description = [{
    `tensor<512x256xbf16, #v4.tiles<bf16, rows>>` is a weight [N, K] whose bytes are reordered: tiles of 64 rows and 128
    bytes, those of the same rows one behind the other, in a tile the order that dialects/kernel/TileLayout.h states for
    its form: `rows` for shared memory, `wide` for registers, where the codes become wider. Rows behind N are zero. Shape
    and element type stay those of the values.

    `tensor<16x128x128xi8, #v4.tiles<f4E2M1FN, wide>>` is a stack [E, N, K/2] of codes in tiles of 64 rows and 128
    columns, and `tensor<16x128x8xf8E8M0FNU, #v4.tiles<f8E8M0FNU, rows>>` their scales [E, N, K/32] in the same tiles.

    (C1) the element is bf16 or f8E8M0FNU in rows, f4E2M1FN in wide, or f8E4M3FN in either. (C2) the tensor holds that
    element, or i8 for f4E2M1FN. (C3) the tensor has rank 2, of f4E2M1FN and f8E8M0FNU rank 3, and a row of it covers a
    multiple of the columns of a tile.
  }];
  let parameters = (ins "::mlir::Type":$element, EnumParameter<V4_TileForm>:$form);
  let assemblyFormat = "`<` $element `,` $form `>`";
  let genVerifyDecl = 1;
}

def V4_EnvelopeAttr : V4_Attr<"Envelope", "envelope"> {
  let summary = "limits of a plan: tokens per step, sequences, context, draft depth";
  let description = [{
    (C1) tokens, sequences and context are 1 .. 2^31 - 1, draft is 0 .. 2^31 - 1.
  }];
  let parameters = (ins "int64_t":$tokens, "int64_t":$sequences, "int64_t":$max_context, "int64_t":$draft);
  let assemblyFormat = "`<` `tokens` `=` $tokens `,` `sequences` `=` $sequences `,` `context` `=` $max_context `,` `draft` `=` $draft `>`";
  let genVerifyDecl = 1;
}

def V4_ModelAttr : V4_Attr<"Model", "model"> {
  let summary = "dimensions that the runtime needs of a model";
  let description = [{
    (C1) vocab, hidden, layers and window are 1 .. 2^31 - 1. (C2) eos is a token id below vocab.
    (C3) the digest is hexadecimal, two digits to a byte.
  }];
  let parameters = (ins "int64_t":$vocab, "int64_t":$hidden, "int64_t":$layers, "int64_t":$window, "int64_t":$eos,
                        "bool":$mtp, StringRefParameter<"SHA-256 of the resolved dimensions, hex">:$digest);
  let assemblyFormat = "`<` `vocab` `=` $vocab `,` `hidden` `=` $hidden `,` `layers` `=` $layers `,` `window` `=` $window `,` `eos` `=` $eos `,` `mtp` `=` $mtp `,` `digest` `=` $digest `>`";
  let genVerifyDecl = 1;
}

//===----------------------------------------------------------------------===//
// Types
//===----------------------------------------------------------------------===//

def V4_CacheType : TypeDef<V4_Dialect, "Cache"> {
  let mnemonic = "cache";
  let summary = "one pool of the KV cache of one layer";
  let description = [{
    `!v4.cache<page, ratio = 4, kv_compact, rows = 32, values = 512, rope = 64>`: 32
    rows in every 128-token page, one per 4 source tokens.
    `!v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 512, rope = 64>`: a ring
    of 129 rows in the sequence's state block (a window of 128 and one draft).
    `rope` is the number of rotary values at the end of a kv_compact row, else 0.
    Row encodings and ring slots: runtime/plan/KernelAbi.h.

    (C1) rows and values are 1 .. 2^31 - 1. (C2) a page pool has 128 / ratio rows, and ratio divides 128;
    a state pool has ratio 0 (its rows hold no position) or 1. (C3) rope of kv_compact is even, less than
    values, and values - rope is a multiple of 64; rope of other encodings is 0. (C4) values of index_fp4 are
    a multiple of 32.
  }];
  let parameters = (ins EnumParameter<V4_PoolKind>:$kind, "int64_t":$ratio,
                        EnumParameter<V4_RowEncoding>:$encoding, "int64_t":$rows, "int64_t":$values,
                        "int64_t":$rope);
  let assemblyFormat = "`<` $kind `,` `ratio` `=` $ratio `,` $encoding `,` `rows` `=` $rows `,` `values` `=` $values `,` `rope` `=` $rope `>`";
  let genVerifyDecl = 1;
  let extraClassDeclaration = [{
    /// Stored bytes of one row.
    int64_t getRowBytes();
  }];
}

//===----------------------------------------------------------------------===//
// Constraints and effects
//===----------------------------------------------------------------------===//

// A tensor with one of the row encodings: [rows, n, ...], where everything behind the rows is static.
class V4_RowsOf<list<Type> elements> : Type<
    And<[RankedTensorOf<elements>.predicate,
         CPred<"::v4::isRowsTensor(::llvm::cast<::mlir::RankedTensorType>($_self))">]>,
    "tensor [rows, n, ...] with a #v4.rows encoding of " # !interleave(!foreach(t, elements, t.summary), " or "),
    "::mlir::RankedTensorType">;

// Index scores: the second dimension is the index rows of the session's context.
def V4_ScoreRows : Type<
    And<[RankedTensorOf<[F32]>.predicate,
         CPred<"::v4::hasRows(::llvm::cast<::mlir::RankedTensorType>($_self))">]>,
    "tensor [rows, index rows] with a #v4.rows encoding of 32-bit float", "::mlir::RankedTensorType">;

def V4_BF16Rows : V4_RowsOf<[BF16]>;
def V4_F32Rows : V4_RowsOf<[F32]>;
def V4_I32Rows : V4_RowsOf<[I32]>;
def V4_FloatRows : V4_RowsOf<[BF16, F32]>;

// A weight: static shape, no row encoding.
class V4_WeightOf<list<Type> elements> : Type<
    And<[StaticShapeTensorOf<elements>.predicate,
         Neg<CPred<"::llvm::isa_and_nonnull<::v4::RowsAttr>(::llvm::cast<::mlir::RankedTensorType>($_self).getEncoding())">>]>,
    "weight tensor of " # !interleave(!foreach(t, elements, t.summary), " or "),
    "::mlir::RankedTensorType">;

def V4_BF16Weight : V4_WeightOf<[BF16]>;
def V4_F32Weight : V4_WeightOf<[F32]>;
def V4_I32Weight : V4_WeightOf<[I32]>;
// Wide or narrow; i8 is never a number here, always packed codes.
def V4_Matrix : Type<
    And<[V4_WeightOf<[BF16, F32, F8E4M3FN, I8]>.predicate,
         CPred<"::v4::isPacked(::llvm::cast<::mlir::RankedTensorType>($_self)) == ::llvm::cast<::mlir::RankedTensorType>($_self).getElementType().isInteger(8)">]>,
    "weight tensor of bfloat16, 32-bit float, f8E4M3FN or #v4.packed i8", "::mlir::RankedTensorType">;
def V4_Scales : V4_WeightOf<[F8E8M0FNU]>;

def V4_CacheState : Resource<"::v4::CacheState">;
def V4_CacheRead : Arg<V4_CacheType, "pool that is read", [MemRead<V4_CacheState>]>;
def V4_CacheWrite : Arg<V4_CacheType, "pool that is written", [MemWrite<V4_CacheState>]>;

#endif // V4_TYPES_TD
