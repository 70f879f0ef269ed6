//===- SourceFold.h - Names of stacked tensors, short and long --- -*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A module lists every checkpoint tensor of a weight; a plan names the tensors of a
// stack at once (SourceNames.h), since the real model has 69,187.
//
//===----------------------------------------------------------------------===//

#ifndef V4_CODEGEN_PLAN_SOURCEFOLD_H
#define V4_CODEGEN_PLAN_SOURCEFOLD_H

#include "mlir/IR/BuiltinAttributes.h"

#include <string>
#include <vector>

namespace v4::codegen {

/// The strings of `sources`; runs of at least two names that differ in one ascending number become "a.{0..255}.b".
std::vector<std::string> foldSources(mlir::ArrayAttr sources);

/// Every tensor, whether the module names it alone or in a fold. Entries that are no strings are left out.
std::vector<std::string> expandSources(mlir::ArrayAttr sources);

} // namespace v4::codegen

#endif // V4_CODEGEN_PLAN_SOURCEFOLD_H
