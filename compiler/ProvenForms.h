//===- ProvenForms.h - Facts that choose kernels ----------------*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The plan writer proves facts while it streams weights, when all kernels are made. Those
// that decide which kernel a weight gets are looked at before: of scales alone, a
// sixteenth of their codes.
//
//===----------------------------------------------------------------------===//

#ifndef V4_COMPILER_PROVENFORMS_H
#define V4_COMPILER_PROVENFORMS_H

#include "codegen/plan/WeightImage.h"

#include "mlir/IR/BuiltinOps.h"

namespace v4 {

/// Whether the bytes of a weight would choose a kernel.
bool hasFormsToProve(mlir::ModuleOp module);

/// Sets `v4.proven_forms` on the globals of scales in tiles whose bytes have the facts that they ask for.
llvm::Error proveForms(mlir::ModuleOp module, codegen::WeightSource &source);

} // namespace v4

#endif // V4_COMPILER_PROVENFORMS_H
