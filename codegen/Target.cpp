//===- Target.cpp - The list of targets -----------------------------------===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "codegen/Target.h"
#include "codegen/cpu/CompileKernels.h"
#include "codegen/cpu/CpuPasses.h"
#include "codegen/cpu/CpuTarget.h"
#include "codegen/cuda/CompileCubins.h"
#include "codegen/cuda/CudaTarget.h"
#include "codegen/cuda/CudaToolkit.h"

#include "llvm/ADT/StringExtras.h"

using namespace mlir;

namespace v4 {

#define GEN_PASS_DEF_COMPILEKERNELSPASS
#include "codegen/cpu/CpuPasses.h.inc"

FailureOr<kernel::TargetAttr> resolveTarget(StringRef name, Location loc) {
  if (name == "cpu")
    return describeHost(loc);
  if (const CpuLevel *level = findCpuLevel(name))
    return describeCpuLevel(*level, loc.getContext());
  if (const CudaArch *arch = findCudaArch(name))
    return describeCudaArch(*arch, loc.getContext());
  SmallVector<StringRef> names{"cpu"};
  for (const CpuLevel &level : cpuLevels())
    names.push_back(level.name);
  for (const CudaArch &arch : cudaArchs())
    names.push_back(arch.name);
  return emitError(loc) << "target '" << name << "' is unknown, expected " << llvm::join(names, ", ");
}

std::string listTargets() { return listCpuLevels() + listCudaArchs(); }

std::string missingToolchain(StringRef name) {
  if (!findCudaArch(name) || CudaToolkit::find())
    return "";
  return ("target '" + name +
          "' needs ptxas of a CUDA toolkit, found none at $CUDA_HOME/bin or $CUDA_PATH/bin (where neither is set: "
          "in $PATH, or where this v4-compile was built); install a toolkit or set CUDA_HOME to one")
      .str();
}

std::string missingTranslator(ModuleOp module) {
  std::string missing;
  module.walk([&](kernel::RunTemplateOp op) {
    std::optional<CudaToolkit> toolkit = CudaToolkit::find();
    if (toolkit && !toolkit->hasNvcc())
      missing = "kernels made of a template, as '" + op->getParentOfType<func::FuncOp>().getSymName().str() +
                "', need nvcc of a CUDA toolkit, found none beside ptxas in " + toolkit->folder().str() +
                "; set CUDA_HOME to a toolkit with both, or leave templates out: "
                "--disable-pass=v4-choose-gpu-kernels";
    return WalkResult::interrupt();
  });
  return missing;
}

namespace {

FailureOr<CompiledKernels> compileFor(ModuleOp module, plan::ProgramOp program, ArrayRef<func::FuncOp> kernels,
                                      const CompileKernelsOptions &options) {
  Attribute attribute = program.getTarget();
  auto target = dyn_cast_or_null<kernel::TargetAttr>(attribute);
  if (const CpuLevel *level = target ? findCpuLevel(target.getName()) : nullptr)
    return compileKernelFunctions(kernels, *level, options);
  if (const CudaArch *arch = target ? findCudaArch(target.getName()) : nullptr)
    return compileCubins(kernels, *arch, options);
  return module.emitError("target is ") << attribute << ", expected a #kernel.target of --list-targets";
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

/// Puts the code into the program, and what a launch must know of it into its kernels.
void attachCode(plan::ProgramOp program, ArrayRef<plan::KernelOp> entries, const CompiledKernels &code) {
  OpBuilder builder = OpBuilder::atBlockEnd(&program.getBody().front());
  for (auto [i, entry] : llvm::enumerate(entries)) {
    plan::KernelOp(entry).setStackBytes(code.stackBytes[i]);
    if (code.blocks.empty())
      continue;
    plan::KernelOp(entry).setBlockAttr(code.blocks[i]);
    if (code.variants[i])
      plan::KernelOp(entry).setVariantsAttr(code.variants[i]);
  }
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
  FailureOr<SmallVector<plan::KernelOp>> entries = findEntries(program, kernels);
  if (failed(entries))
    return failure();
  FailureOr<CompiledKernels> code = compileFor(module, program, kernels, options);
  if (failed(code))
    return failure();
  attachCode(program, *entries, *code);
  for (func::FuncOp kernel : kernels)
    kernel.erase();
  return success();
}

} // namespace v4
