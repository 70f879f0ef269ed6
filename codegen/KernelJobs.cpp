//===- KernelJobs.cpp - Kernels compiled side by side ---------------------===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "codegen/KernelJobs.h"
#include "codegen/cpu/LowerToLlvm.h"

#include "mlir/Bytecode/BytecodeWriter.h"
#include "mlir/IR/AsmState.h"
#include "mlir/Parser/Parser.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/ThreadPool.h"

using namespace mlir;

namespace v4 {

/// The kernel alone in a module, without locations: they would make the dump
/// and the object depend on where the module was built.
static std::string serialize(func::FuncOp kernel) {
  OpBuilder builder(kernel.getContext());
  OwningOpRef<ModuleOp> module = ModuleOp::create(builder.getUnknownLoc());
  func::FuncOp copy = kernel.clone();
  module->push_back(copy);
  for (NamedAttribute attribute : llvm::to_vector(copy->getDiscardableAttrs()))
    if (attribute.getName() != "kernel.entry" && attribute.getName() != "kernel.op")
      copy->removeDiscardableAttr(attribute.getName());
  copy.setPublic();
  copy.removeArgAttrsAttr();
  module->walk([&](Operation *op) { op->setLoc(builder.getUnknownLoc()); });
  std::string bytes;
  llvm::raw_string_ostream os(bytes);
  if (failed(writeBytecodeToFile(*module, os)))
    bytes.clear();
  return bytes;
}

bool dumpText(KernelJob &job, StringRef folder, StringRef suffix, StringRef text) {
  llvm::SmallString<256> path(folder);
  llvm::sys::path::append(path, job.name + suffix);
  std::error_code code;
  llvm::raw_fd_ostream os(path, code);
  if (!code) {
    os << text;
    os.close();
    code = os.error();
    os.clear_error();
  }
  if (code)
    job.error = (path + ": " + code.message() + "; --dump-kernels-to needs a folder that can be written").str();
  return !code;
}

bool dumpModule(KernelJob &job, StringRef folder, ModuleOp module) {
  std::string text;
  llvm::raw_string_ostream(text) << module;
  return dumpText(job, folder, ".mlir", text);
}

bool withKernelModule(KernelJob &job, llvm::function_ref<bool(ModuleOp)> compile) {
  DialectRegistry registry;
  registerKernelBodyDialects(registry);
  MLIRContext context(registry, MLIRContext::Threading::DISABLED);
  ScopedDiagnosticHandler handler(&context, [&](Diagnostic &diagnostic) {
    if (diagnostic.getSeverity() == DiagnosticSeverity::Error && job.error.empty())
      job.error = diagnostic.str();
    return success();
  });
  OwningOpRef<ModuleOp> module = parseSourceString<ModuleOp>(job.bytecode, &context);
  return module && compile(*module);
}

LogicalResult runKernelJobs(ArrayRef<func::FuncOp> kernels, unsigned threads,
                            llvm::function_ref<bool(KernelJob &, size_t)> compile) {
  std::vector<KernelJob> jobs;
  for (func::FuncOp kernel : kernels)
    jobs.push_back({kernel.getSymName().str(), serialize(kernel), ""});
  std::vector<char> done(jobs.size());
  auto run = [&](size_t i) { done[i] = compile(jobs[i], i); };
  if (threads <= 1) {
    for (size_t i = 0; i < jobs.size(); ++i)
      run(i);
  } else {
    // The largest first: none is left alone at the end.
    SmallVector<size_t> order = llvm::to_vector(llvm::seq<size_t>(0, jobs.size()));
    llvm::stable_sort(order, [&](size_t a, size_t b) { return jobs[a].bytecode.size() > jobs[b].bytecode.size(); });
    llvm::StdThreadPool pool(llvm::hardware_concurrency(threads));
    for (size_t i : order)
      pool.async([&run, i] { run(i); });
    pool.wait();
  }
  // What stops many kernels, a full disk say, is told once.
  llvm::MapVector<StringRef, SmallVector<size_t>> failed;
  for (size_t i = 0; i < jobs.size(); ++i)
    if (!done[i])
      failed[jobs[i].error].push_back(i);
  for (auto &[error, which] : failed) {
    InFlightDiagnostic told = func::FuncOp(kernels[which.front()]).emitError("kernel '")
                              << jobs[which.front()].name << "'";
    if (which.size() > 1)
      told << " and " << which.size() - 1 << " more do not compile: " << error;
    else
      told << " does not compile: " << error;
  }
  return success(failed.empty());
}

} // namespace v4
