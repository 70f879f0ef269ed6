//===- Register.cpp - Everything that IR tools know -------------*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compiler/Register.h"

#include "codegen/cpu/CpuPasses.h"
#include "dialects/kernel/KernelDialect.h"
#include "dialects/plan/PlanDialect.h"
#include "dialects/v4/V4Dialect.h"
#include "passes/Passes.h"
#include "passes/lower/Decompositions.h"

#include "mlir/IR/DialectRegistry.h"
#include "mlir/InitAllDialects.h"
#include "mlir/InitAllExtensions.h"
#include "mlir/InitAllPasses.h"

#include <mutex>

void v4::registerEverything(mlir::DialectRegistry &registry) {
  mlir::registerAllDialects(registry);
  mlir::registerAllExtensions(registry);
  registerDecompositions(registry);
  registry.insert<V4Dialect, kernel::KernelDialect, plan::PlanDialect>();

  static std::once_flag passesOnce;
  std::call_once(passesOnce, [] {
    mlir::registerAllPasses();
    registerPasses();
    registerCpuPasses();
    registerPipelines();
  });
}
