//===- CompileKernels.cpp - Kernel functions to one shared object --------------===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "codegen/cpu/CompileKernels.h"
#include "codegen/KernelJobs.h"
#include "codegen/cpu/EmitObject.h"
#include "codegen/cpu/KernelCache.h"
#include "codegen/cpu/LinkObjects.h"
#include "codegen/cpu/LowerToLlvm.h"

using namespace mlir;

namespace v4 {

namespace {

/// Lowers and compiles one kernel.
bool compileJob(KernelJob &job, const CpuLevel &level, StringRef dumpDirectory, KernelObject &out) {
  bool dump = !dumpDirectory.empty();
  return withKernelModule(job, [&](ModuleOp module) {
    if ((dump && !dumpModule(job, dumpDirectory, module)) || failed(lowerToLlvm(module, level)))
      return false;
    FailureOr<KernelObject> object = emitObject(module, level, dump);
    if (failed(object))
      return false;
    out = std::move(*object);
    return !dump ||
           (dumpText(job, dumpDirectory, ".ll", out.llvmIr) && dumpText(job, dumpDirectory, ".s", out.assembly));
  });
}

/// The same, unless its code is known.
bool runJob(KernelJob &job, const CpuLevel &level, const KernelCache &cache, KernelObject &out) {
  if (!cache.enabled())
    return compileJob(job, level, "", out);
  std::string key = cache.keyOf(job.bytecode, level.name);
  if (std::optional<KernelObject> known = cache.find(key)) {
    out = std::move(*known);
    return true;
  }
  if (!compileJob(job, level, "", out))
    return false;
  cache.keep(key, out);
  return true;
}

FailureOr<CompiledKernels> link(ArrayRef<func::FuncOp> kernels, ArrayRef<KernelObject> code) {
  CompiledKernels result;
  std::vector<std::pair<std::string, ArrayRef<char>>> objects;
  std::vector<std::string> symbols;
  for (auto [kernel, object] : llvm::zip_equal(kernels, code)) {
    symbols.push_back(func::FuncOp(kernel).getSymName().str());
    objects.push_back({symbols.back(), object.bytes});
    result.stackBytes.push_back(object.stackBytes);
  }
  llvm::Expected<std::vector<char>> linked = linkObjects(objects, symbols);
  if (!linked)
    return func::FuncOp(kernels.front()).emitError(llvm::toString(linked.takeError()));
  result.object = std::move(*linked);
  return result;
}

} // namespace

FailureOr<CompiledKernels> compileKernelFunctions(ArrayRef<func::FuncOp> kernels, const CpuLevel &level,
                                                  const CompileKernelsOptions &options) {
  bool valid = true;
  for (func::FuncOp kernel : kernels)
    valid &= succeeded(verifyKernelForm(kernel));
  if (!valid)
    return failure();
  KernelCache cache(options.cacheDirectory);
  std::vector<KernelObject> code(kernels.size());
  LogicalResult compiled = runKernelJobs(kernels, options.threads, [&](KernelJob &job, size_t i) {
    if (options.dumpDirectory.empty())
      return runJob(job, level, cache, code[i]);
    return compileJob(job, level, options.dumpDirectory, code[i]);
  });
  if (failed(compiled))
    return failure();
  return link(kernels, code);
}

} // namespace v4
