//===- V4Dialect.td - Dialect record of v4 -----------------*- tablegen -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef V4_DIALECT_TD
#define V4_DIALECT_TD

include "mlir/IR/OpBase.td"
include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/EnumAttr.td"

def V4_Dialect : Dialect {
  let name = "v4";
  let cppNamespace = "::v4";
  let summary = "what a DeepSeek-V4 model computes in one ragged step";
  let description = [{
    One op per step of the model's mathematics, on tensors with value semantics.
    A step is a ragged batch: T tokens of S sequences. Token ids, positions and
    page tables are ambient: they live in the step block (runtime/plan/KernelAbi.h),
    not in SSA values, and the encoding of a tensor's leading dimension says which
    rows of the step it has (`#v4.rows<tokens>`). What outlives a step is a
    `!v4.cache` value, read and written through effects on one resource.

    The dialect says nothing about loops, workgroups or memory (dialects/kernel)
    and nothing about launch order or addresses (dialects/plan).
  }];
  let useDefaultTypePrinterParser = 1;
  let useDefaultAttributePrinterParser = 1;
}

class V4_Op<string mnemonic, list<Trait> traits = []> : Op<V4_Dialect, mnemonic, traits>;

#endif // V4_DIALECT_TD
