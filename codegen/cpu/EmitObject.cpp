//===- EmitObject.cpp - LLVM dialect to an object file -----------------------===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "codegen/cpu/EmitObject.h"
#include "codegen/OptimiseModule.h"

#include "mlir/Target/LLVMIR/Dialect/Builtin/BuiltinToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/LLVMIR/LLVMToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Export.h"
#include "llvm/IR/DiagnosticInfo.h"
#include "llvm/IR/DiagnosticPrinter.h"
#include "llvm/IR/LLVMContext.h"
#include "llvm/IR/LegacyPassManager.h"
#include "llvm/IR/Module.h"
#include "llvm/MC/TargetRegistry.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/TargetSelect.h"
#include "llvm/Target/TargetMachine.h"
#include "llvm/Target/TargetOptions.h"
#include "llvm/Transforms/Utils/Cloning.h"

#include <mutex>

using namespace mlir;

namespace v4 {
namespace {

constexpr llvm::StringLiteral kTriple = "x86_64-unknown-linux-gnu";

/// Scheduling model for all levels. Changes the order of instructions only.
constexpr llvm::StringLiteral kTuneCpu = "znver4";

/// Return address, saved registers and the realignment of the frame, which the
/// frame size that LLVM reports does not include in full.
constexpr uint64_t kFrameMargin = 192;

/// Loops of kernels address memory by few terms; strength reduction makes a register of each, an eighth of the compile
/// time and decode 2 to 4 % slower. The back end knows no other way to leave a pass out than its command line. The
/// default is set, since lld puts every option back to it.
void leaveStrengthReductionOut() {
  auto option = llvm::cl::getRegisteredOptions().find("disable-lsr");
  if (option != llvm::cl::getRegisteredOptions().end())
    static_cast<llvm::cl::opt<bool> *>(option->second)->setValue(true, /*initial=*/true);
}

void initializeBackend() {
  static std::once_flag once;
  std::call_once(once, [] {
    LLVMInitializeX86TargetInfo();
    LLVMInitializeX86Target();
    LLVMInitializeX86TargetMC();
    LLVMInitializeX86AsmPrinter();
    leaveStrengthReductionOut();
  });
}

/// Collects what LLVM reports while it compiles one kernel.
class BackendReport : public llvm::DiagnosticHandler {
public:
  BackendReport(std::string &errors, uint64_t &frameBytes) : errors(errors), frameBytes(frameBytes) {}

  bool handleDiagnostics(const llvm::DiagnosticInfo &info) override {
    if (auto *stack = llvm::dyn_cast<llvm::DiagnosticInfoStackSize>(&info)) {
      frameBytes = std::max(frameBytes, stack->getStackSize());
      return true;
    }
    if (info.getSeverity() != llvm::DS_Error)
      return true;
    llvm::raw_string_ostream os(errors);
    llvm::DiagnosticPrinterRawOStream printer(os);
    info.print(printer);
    return true;
  }

private:
  std::string &errors;
  uint64_t &frameBytes;
};

std::unique_ptr<llvm::TargetMachine> createMachine(const CpuLevel &level, std::string &error) {
  const llvm::Target *target = llvm::TargetRegistry::lookupTarget(llvm::Triple(kTriple), error);
  if (!target)
    return nullptr;
  llvm::TargetOptions options;
  // A multiplication and an addition stay two roundings; math.fma is one.
  options.AllowFPOpFusion = llvm::FPOpFusion::Strict;
  return std::unique_ptr<llvm::TargetMachine>(
      target->createTargetMachine(llvm::Triple(kTriple), level.cpu, level.llvmFeatures, options, llvm::Reloc::PIC_,
                                  std::nullopt, llvm::CodeGenOptLevel::Default));
}

void annotateFunctions(llvm::Module &module, const CpuLevel &level) {
  for (llvm::Function &function : module) {
    if (function.isDeclaration())
      continue;
    function.addFnAttr("target-cpu", level.cpu);
    if (!level.llvmFeatures.empty())
      function.addFnAttr("target-features", level.llvmFeatures);
    function.addFnAttr("tune-cpu", kTuneCpu);
    function.addFnAttr("prefer-vector-width", level.vectorBits == 512 ? "512" : "256");
    function.addFnAttr("no-builtins");
    // Makes LLVM report the size of every frame (BackendReport).
    function.addFnAttr("warn-stack-size", "0");
    function.addFnAttr(llvm::Attribute::NoUnwind);
  }
}

bool emit(llvm::Module &module, llvm::TargetMachine &machine, llvm::CodeGenFileType type,
          llvm::SmallVectorImpl<char> &bytes) {
  llvm::raw_svector_ostream os(bytes);
  llvm::legacy::PassManager passes;
  if (machine.addPassesToEmitFile(passes, os, nullptr, type))
    return false;
  passes.run(module);
  return true;
}

/// Code generation changes the module, so the text is made first, from a copy.
void emitText(llvm::Module &module, llvm::TargetMachine &machine, KernelObject &object) {
  llvm::raw_string_ostream(object.llvmIr) << module;
  std::unique_ptr<llvm::Module> copy = llvm::CloneModule(module);
  llvm::SmallVector<char, 0> assembly;
  emit(*copy, machine, llvm::CodeGenFileType::AssemblyFile, assembly);
  object.assembly.assign(assembly.begin(), assembly.end());
}

} // namespace

FailureOr<KernelObject> emitObject(ModuleOp module, const CpuLevel &level, bool withText) {
  initializeBackend();
  registerBuiltinDialectTranslation(*module.getContext());
  registerLLVMDialectTranslation(*module.getContext());
  KernelObject object;
  std::string errors;
  uint64_t frameBytes = 0;
  llvm::LLVMContext context;
  context.setDiagnosticHandler(std::make_unique<BackendReport>(errors, frameBytes));
  std::unique_ptr<llvm::Module> llvmModule = translateModuleToLLVMIR(module, context, "kernel");
  std::unique_ptr<llvm::TargetMachine> machine = createMachine(level, errors);
  if (!llvmModule || !machine)
    return module.emitError("LLVM IR cannot be made: ") << errors;
  llvmModule->setTargetTriple(llvm::Triple(kTriple));
  llvmModule->setDataLayout(machine->createDataLayout());
  annotateFunctions(*llvmModule, level);
  optimiseModule(*llvmModule, *machine, /*vectorise=*/true);
  if (withText)
    emitText(*llvmModule, *machine, object);
  if (!emit(*llvmModule, *machine, llvm::CodeGenFileType::ObjectFile, object.bytes) || !errors.empty())
    return module.emitError("machine code cannot be made: ") << errors;
  object.stackBytes = llvm::alignTo(frameBytes + kFrameMargin, 64);
  return object;
}

} // namespace v4
