//===- module.cpp - Foreign modules ---------------------------------------===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What --compile-from reads: parsed, verified and printed. MLIR itself is not
// sanitized; our dialects are. Seeds are the modules of test/dialects.
//
//===----------------------------------------------------------------------===//

#include "dialects/kernel/KernelDialect.h"
#include "dialects/plan/PlanDialect.h"
#include "dialects/v4/V4Dialect.h"
#include "test/fuzz/FuzzTarget.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/MLProgram/IR/MLProgram.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/Parser/Parser.h"

#include <optional>

using namespace v4;
using namespace v4::fuzz;

namespace {

/// A context keeps every attribute and type that it has seen.
constexpr unsigned kInputsPerContext = 2000;

class Context {
public:
  Context() : context(mlir::MLIRContext::Threading::DISABLED) {
    context.loadDialect<V4Dialect, kernel::KernelDialect, plan::PlanDialect, mlir::func::FuncDialect,
                        mlir::arith::ArithDialect, mlir::tensor::TensorDialect, mlir::ml_program::MLProgramDialect>();
    context.printOpOnDiagnostic(false);
    context.getDiagEngine().registerHandler([](mlir::Diagnostic &diagnostic) { use(diagnostic.str().size()); });
  }
  mlir::MLIRContext context;
};

} // namespace

/// An allocator of LLVM is half in a header, compiled here, half in a library that does not know of poison: memory that
/// our half poisons would be reported as soon as MLIR hands it out.
extern "C" const char *__asan_default_options() { return "allow_user_poisoning=0"; }

std::vector<ByteString> fuzz::makeSeeds() { return {bytesOf("module {\n}\n")}; }

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static std::optional<Context> kept;
  static unsigned inputs = 0;
  if (inputs++ % kInputsPerContext == 0)
    kept.emplace();
  // As the file that --compile-from reads, it ends in a NUL: the lexer looks at that byte.
  std::string text(data, data + size);
  auto module = mlir::parseSourceString<mlir::ModuleOp>(text, &kept->context);
  if (!module)
    return 0;
  text.clear();
  llvm::raw_string_ostream out(text);
  module->print(out);
  use(text.size());
  return 0;
}
