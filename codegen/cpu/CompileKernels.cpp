//===- CompileKernels.cpp - Kernel functions to one shared object --------------===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "codegen/cpu/CompileKernels.h"
#include "codegen/cpu/CpuPasses.h"
#include "codegen/cpu/EmitObject.h"
#include "codegen/cpu/KernelCache.h"
#include "codegen/cpu/LinkObjects.h"
#include "codegen/cpu/LowerToLlvm.h"

#include "dialects/plan/PlanDialect.h"
#include "mlir/Bytecode/BytecodeWriter.h"
#include "mlir/IR/AsmState.h"
#include "mlir/Parser/Parser.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/ThreadPool.h"

using namespace mlir;

namespace v4 {

#define GEN_PASS_DEF_COMPILEKERNELSPASS
#include "codegen/cpu/CpuPasses.h.inc"

namespace {

/// A kernel on its way through a worker thread.
struct KernelJob {
  std::string name;
  std::string bytecode;
  std::optional<KernelObject> object;
  std::string error; ///< What went wrong, as one line.
};

/// The kernel alone in a module, without locations: they would make the dump
/// and the object depend on where the module was built.
std::string serialize(func::FuncOp kernel) {
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

LogicalResult writeText(StringRef folder, StringRef name, StringRef text, std::string &error) {
  llvm::SmallString<256> path(folder);
  llvm::sys::path::append(path, name);
  std::error_code code;
  llvm::raw_fd_ostream os(path, code);
  if (!code) {
    os << text;
    os.close();
    code = os.error();
    os.clear_error();
  }
  if (!code)
    return success();
  error = (path + ": " + code.message() + "; --dump-kernels-to needs an existing folder").str();
  return failure();
}

LogicalResult dumpTexts(const KernelJob &job, ModuleOp module, StringRef folder, std::string &error) {
  std::string text;
  llvm::raw_string_ostream(text) << module;
  return writeText(folder, job.name + ".mlir", text, error);
}

/// Lowers and compiles one kernel. Touches nothing but `job`.
void compileJob(KernelJob &job, const CpuLevel &level, StringRef dumpDirectory) {
  DialectRegistry registry;
  registerKernelBodyDialects(registry);
  MLIRContext context(registry, MLIRContext::Threading::DISABLED);
  ScopedDiagnosticHandler handler(&context, [&](Diagnostic &diagnostic) {
    if (diagnostic.getSeverity() == DiagnosticSeverity::Error && job.error.empty())
      job.error = diagnostic.str();
    return success();
  });
  OwningOpRef<ModuleOp> module = parseSourceString<ModuleOp>(job.bytecode, &context);
  bool dump = !dumpDirectory.empty();
  if (!module || (dump && failed(dumpTexts(job, *module, dumpDirectory, job.error))))
    return;
  if (failed(lowerToLlvm(*module, level)))
    return;
  FailureOr<KernelObject> object = emitObject(*module, level, dump);
  if (failed(object))
    return;
  if (dump && (failed(writeText(dumpDirectory, job.name + ".ll", object->llvmIr, job.error)) ||
               failed(writeText(dumpDirectory, job.name + ".s", object->assembly, job.error))))
    return;
  job.object = std::move(*object);
}

/// The same, unless its code is known.
void runJob(KernelJob &job, const CpuLevel &level, const KernelCache &cache) {
  if (!cache.enabled())
    return compileJob(job, level, "");
  std::string key = cache.keyOf(job.bytecode, level);
  job.object = cache.find(key);
  if (job.object)
    return;
  compileJob(job, level, "");
  if (job.object)
    cache.keep(key, *job.object);
}

std::vector<KernelJob> makeJobs(ArrayRef<func::FuncOp> kernels) {
  std::vector<KernelJob> jobs;
  for (func::FuncOp kernel : kernels)
    jobs.push_back({kernel.getSymName().str(), serialize(kernel), std::nullopt, ""});
  return jobs;
}

void runJobs(std::vector<KernelJob> &jobs, const CpuLevel &level, const CompileKernelsOptions &options) {
  KernelCache cache(options.cacheDirectory);
  auto run = [&](KernelJob &job) {
    if (options.dumpDirectory.empty())
      runJob(job, level, cache);
    else
      compileJob(job, level, options.dumpDirectory);
  };
  if (options.threads <= 1) {
    for (KernelJob &job : jobs)
      run(job);
    return;
  }
  // The largest first: none is left alone at the end.
  SmallVector<KernelJob *> order(llvm::make_pointer_range(jobs));
  llvm::stable_sort(order, [](KernelJob *a, KernelJob *b) { return a->bytecode.size() > b->bytecode.size(); });
  llvm::StdThreadPool pool(llvm::hardware_concurrency(options.threads));
  for (KernelJob *job : order)
    pool.async([&run, job] { run(*job); });
  pool.wait();
}

FailureOr<CompiledKernels> link(ArrayRef<func::FuncOp> kernels, ArrayRef<KernelJob> jobs) {
  CompiledKernels result;
  std::vector<std::pair<std::string, ArrayRef<char>>> objects;
  std::vector<std::string> symbols;
  for (const KernelJob &job : jobs) {
    objects.push_back({job.name, job.object->bytes});
    symbols.push_back(job.name);
    result.stackBytes.push_back(job.object->stackBytes);
  }
  llvm::Expected<std::vector<char>> linked = linkObjects(objects, symbols);
  if (!linked)
    return func::FuncOp(kernels.front()).emitError(llvm::toString(linked.takeError()));
  result.object = std::move(*linked);
  return result;
}

const CpuLevel *findLevel(ModuleOp module, plan::ProgramOp program) {
  Attribute target = module->getAttr("v4.target");
  if (program)
    target = program.getTarget();
  auto cpu = dyn_cast_or_null<kernel::TargetAttr>(target);
  const CpuLevel *level = cpu ? findCpuLevel(cpu.getName()) : nullptr;
  if (!level)
    module.emitError("target is ") << target << ", expected a #kernel.target of the CPU (see --list-targets)";
  return level;
}

/// The plan.kernel of each function; all must exist.
FailureOr<SmallVector<plan::KernelOp>> findEntries(plan::ProgramOp program, ArrayRef<func::FuncOp> kernels) {
  SymbolTable symbols(program);
  SmallVector<plan::KernelOp> entries;
  for (func::FuncOp kernel : kernels) {
    entries.push_back(symbols.lookup<plan::KernelOp>(kernel.getSymName()));
    if (!entries.back())
      return kernel.emitError("kernel '") << kernel.getSymName() << "' has no plan.kernel of that name";
  }
  return entries;
}

/// Puts the code into the program and the stack sizes into its kernels.
void attachCode(plan::ProgramOp program, ArrayRef<plan::KernelOp> entries, const CompiledKernels &code) {
  OpBuilder builder = OpBuilder::atBlockEnd(&program.getBody().front());
  for (auto [entry, stackBytes] : llvm::zip_equal(entries, code.stackBytes))
    plan::KernelOp(entry).setStackBytes(stackBytes);
  auto type = RankedTensorType::get({int64_t(code.object.size())}, builder.getI8Type());
  // Inline hex, not a resource: reading a resource back renames its key, so the module would not round-trip.
  auto object = DenseElementsAttr::getFromRawBuffer(type, code.object);
  plan::CodeOp::create(builder, program.getLoc(), cast<ElementsAttr>(object));
}

class CompileKernels : public impl::CompileKernelsPassBase<CompileKernels> {
public:
  using CompileKernelsPassBase::CompileKernelsPassBase;

  void runOnOperation() override {
    CompileKernelsOptions options;
    options.threads = threads;
    options.dumpDirectory = dumpKernelsTo;
    if (failed(compileKernels(getOperation(), options)))
      signalPassFailure();
  }
};

} // namespace

FailureOr<CompiledKernels> compileKernelFunctions(ArrayRef<func::FuncOp> kernels, const CpuLevel &level,
                                                  const CompileKernelsOptions &options) {
  bool valid = true;
  for (func::FuncOp kernel : kernels)
    valid &= succeeded(verifyKernelForm(kernel));
  if (!valid)
    return failure();
  std::vector<KernelJob> jobs = makeJobs(kernels);
  runJobs(jobs, level, options);
  for (auto [kernel, job] : llvm::zip_equal(kernels, jobs))
    if (!job.object) {
      func::FuncOp(kernel).emitError("kernel '") << job.name << "' does not compile: " << job.error;
      valid = false;
    }
  if (!valid)
    return failure();
  return link(kernels, jobs);
}

LogicalResult compileKernels(ModuleOp module, const CompileKernelsOptions &options) {
  SmallVector<func::FuncOp> kernels;
  for (auto function : module.getOps<func::FuncOp>())
    if (function->hasAttr("kernel.entry"))
      kernels.push_back(function);
  if (kernels.empty())
    return success();
  auto programs = module.getOps<plan::ProgramOp>();
  plan::ProgramOp program = programs.empty() ? plan::ProgramOp() : *programs.begin();
  if (!program)
    return module.emitError("module has kernels but no plan.program to hold their code; run the schedule passes first");
  const CpuLevel *level = findLevel(module, program);
  if (!level)
    return failure();
  FailureOr<SmallVector<plan::KernelOp>> entries = findEntries(program, kernels);
  if (failed(entries))
    return failure();
  FailureOr<CompiledKernels> code = compileKernelFunctions(kernels, *level, options);
  if (failed(code))
    return failure();
  attachCode(program, *entries, *code);
  for (func::FuncOp kernel : kernels)
    kernel.erase();
  return success();
}

} // namespace v4
