//===- KernelContracts.h - Which v4 ops have a tuned kernel -----*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// To give an op a tuned kernel: a contract op in dialects/kernel (KernelContracts.td
// or a file beside it), an entry here from a Choose<Family>.cpp of this folder, an
// emitter in codegen/<target>, and a differential test against the decomposition.
//
//===----------------------------------------------------------------------===//

#ifndef V4_PASSES_LOWER_KERNELCONTRACTS_H
#define V4_PASSES_LOWER_KERNELCONTRACTS_H

#include "passes/lower/KernelEmitter.h"

#include "llvm/ADT/StringMap.h"

#include <string>

namespace v4 {

struct KernelContract {
  /// Why `op` cannot have the kernel, as the end of a sentence; empty when it can.
  std::string (*declines)(mlir::Operation *op);
  /// Sets the grid and writes the contract op. REQUIRES: declines(op) is empty.
  void (*write)(mlir::Operation *op, KernelEmitter &k);

  /// What `declines` says, and no to a planted mistake: it lives in the decomposition.
  std::string reasonAgainst(mlir::Operation *op) const {
    return op->hasAttr("v4.planted") ? "it carries a planted mistake" : declines(op);
  }
};

/// By op name, "v4.linear".
using KernelContracts = llvm::StringMap<KernelContract>;

void addLinearContracts(KernelContracts &contracts);
void addStreamContracts(KernelContracts &contracts);
void addRowContracts(KernelContracts &contracts);
void addAttentionContracts(KernelContracts &contracts);
void addIndexerContracts(KernelContracts &contracts);
void addMoveContracts(KernelContracts &contracts);
void addCacheContracts(KernelContracts &contracts);

} // namespace v4

#endif // V4_PASSES_LOWER_KERNELCONTRACTS_H
