//===- EmitPtx.cpp - LLVM dialect to PTX ----------------------------------===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "codegen/cuda/EmitPtx.h"
#include "codegen/OptimiseModule.h"
#include "codegen/cuda/SpreadLanes.h"

#include "mlir/Target/LLVMIR/Dialect/Builtin/BuiltinToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/LLVMIR/LLVMToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Export.h"
#include "llvm/IR/DiagnosticInfo.h"
#include "llvm/IR/DiagnosticPrinter.h"
#include "llvm/IR/IRBuilder.h"
#include "llvm/IR/IntrinsicInst.h"
#include "llvm/IR/LLVMContext.h"
#include "llvm/IR/LegacyPassManager.h"
#include "llvm/IR/Module.h"
#include "llvm/IR/Verifier.h"
#include "llvm/MC/TargetRegistry.h"
#include "llvm/Support/TargetSelect.h"
#include "llvm/Target/TargetMachine.h"
#include "llvm/Target/TargetOptions.h"

#include <mutex>

using namespace mlir;

namespace v4 {
namespace {

constexpr llvm::StringLiteral kTriple = "nvptx64-nvidia-cuda";

/// Name of a block's dynamic shared memory.
constexpr llvm::StringLiteral kScratch = "v4_scratch";
constexpr unsigned kSharedSpace = 3;
constexpr uint64_t kScratchAlignment = 64;

void initializeBackend() {
  static std::once_flag once;
  std::call_once(once, [] {
    LLVMInitializeNVPTXTargetInfo();
    LLVMInitializeNVPTXTarget();
    LLVMInitializeNVPTXTargetMC();
    LLVMInitializeNVPTXAsmPrinter();
  });
}

/// Collects the errors of LLVM while it compiles one kernel.
class ErrorText : public llvm::DiagnosticHandler {
public:
  explicit ErrorText(std::string &errors) : errors(errors) {}

  bool handleDiagnostics(const llvm::DiagnosticInfo &info) override {
    if (info.getSeverity() != llvm::DS_Error)
      return true;
    llvm::raw_string_ostream os(errors);
    llvm::DiagnosticPrinterRawOStream printer(os);
    info.print(printer);
    return true;
  }

private:
  std::string &errors;
};

std::unique_ptr<llvm::TargetMachine> createMachine(const CudaArch &arch, std::string &error) {
  const llvm::Target *target = llvm::TargetRegistry::lookupTarget(llvm::Triple(kTriple), error);
  if (!target)
    return nullptr;
  llvm::TargetOptions options;
  // A multiplication and an addition stay two roundings; math.fma is one.
  options.AllowFPOpFusion = llvm::FPOpFusion::Strict;
  return std::unique_ptr<llvm::TargetMachine>(
      target->createTargetMachine(llvm::Triple(kTriple), arch.sm, arch.ptxFeature, options, llvm::Reloc::Static,
                                  std::nullopt, llvm::CodeGenOptLevel::Default));
}

/// What is left of scratch when registers have taken their part, smallest first.
SmallVector<std::pair<llvm::AllocaInst *, uint64_t>> collectScratch(llvm::Module &module) {
  SmallVector<std::pair<llvm::AllocaInst *, uint64_t>> scratch;
  for (llvm::Function &function : module)
    for (llvm::BasicBlock &block : function)
      for (llvm::Instruction &instruction : block)
        if (auto *alloca = llvm::dyn_cast<llvm::AllocaInst>(&instruction))
          if (auto size = alloca->getAllocationSize(module.getDataLayout()))
            scratch.push_back({alloca, llvm::alignTo(size->getFixedValue(), kScratchAlignment)});
  llvm::stable_sort(scratch, [](const auto &a, const auto &b) { return a.second < b.second; });
  return scratch;
}

/// Moves scratch into shared memory: a thread's own stack is memory of the device. Returns the bytes taken.
int64_t placeScratch(llvm::Module &module, int64_t limit) {
  uint64_t offset = 0;
  llvm::GlobalVariable *memory = nullptr;
  llvm::Type *byte = llvm::Type::getInt8Ty(module.getContext());
  for (auto [alloca, bytes] : collectScratch(module)) {
    if (offset + bytes > uint64_t(limit))
      break;
    if (!memory) {
      memory = new llvm::GlobalVariable(module, llvm::ArrayType::get(byte, 0), /*isConstant=*/false,
                                        llvm::GlobalValue::ExternalLinkage, nullptr, kScratch, nullptr,
                                        llvm::GlobalValue::NotThreadLocal, kSharedSpace);
      memory->setAlignment(llvm::Align(kScratchAlignment));
    }
    // The ends of its life belong to a stack.
    for (llvm::User *user : llvm::make_early_inc_range(alloca->users()))
      if (auto *intrinsic = llvm::dyn_cast<llvm::LifetimeIntrinsic>(user))
        intrinsic->eraseFromParent();
    llvm::IRBuilder<> builder(alloca);
    llvm::Value *place = builder.CreateConstInBoundsGEP1_64(byte, memory, offset);
    alloca->replaceAllUsesWith(builder.CreateAddrSpaceCast(place, alloca->getType()));
    alloca->eraseFromParent();
    offset += bytes;
  }
  return int64_t(offset);
}

bool emit(llvm::Module &module, llvm::TargetMachine &machine, std::string &text) {
  llvm::SmallVector<char, 0> bytes;
  llvm::raw_svector_ostream os(bytes);
  llvm::legacy::PassManager passes;
  if (machine.addPassesToEmitFile(passes, os, nullptr, llvm::CodeGenFileType::AssemblyFile))
    return false;
  passes.run(module);
  text.assign(bytes.begin(), bytes.end());
  return true;
}

void annotateFunctions(llvm::Module &module) {
  for (llvm::Function &function : module)
    if (!function.isDeclaration())
      function.addFnAttr(llvm::Attribute::NoUnwind);
}

/// The function that launches call; its body has been inlined.
llvm::Function *entryOf(llvm::Module &module) {
  for (llvm::Function &function : module)
    if (function.getCallingConv() == llvm::CallingConv::PTX_Kernel)
      return &function;
  return nullptr;
}

/// Gives the kernel its threads. Returns what it says about them.
std::string chooseThreads(llvm::Module &module, int64_t sharedLimit, PtxKernel &kernel) {
  llvm::Function *entry = entryOf(module);
  widenMoves(*entry);
  std::string obstacle = findLaneObstacle(*entry, sharedLimit);
  LaneGroups groups;
  if (obstacle.empty()) {
    groups = shareLoops(*entry, sharedLimit);
    kernel.threads = groups.threads();
    placeLaneBarriers(*entry, groups);
  }
  kernel.sharedBytes = placeScratch(module, sharedLimit);
  entry->addFnAttr("nvvm.maxntid", std::to_string(kernel.threads));
  if (!obstacle.empty())
    return "one thread: " + obstacle;
  spreadLanes(*entry, groups);
  return std::to_string(groups.count) + (groups.count == 1 ? " group of " : " groups of ") +
         std::to_string(kSpreadLanes) + " lanes";
}

} // namespace

FailureOr<PtxKernel> emitPtx(ModuleOp module, const CudaArch &arch, bool withText) {
  initializeBackend();
  registerBuiltinDialectTranslation(*module.getContext());
  registerLLVMDialectTranslation(*module.getContext());
  PtxKernel kernel;
  std::string errors;
  llvm::LLVMContext context;
  context.setDiagnosticHandler(std::make_unique<ErrorText>(errors));
  std::unique_ptr<llvm::Module> llvmModule = translateModuleToLLVMIR(module, context, "kernel");
  std::unique_ptr<llvm::TargetMachine> machine = createMachine(arch, errors);
  if (!llvmModule || !machine)
    return module.emitError("LLVM IR cannot be made: ") << errors;
  llvmModule->setTargetTriple(llvm::Triple(kTriple));
  llvmModule->setDataLayout(machine->createDataLayout());
  annotateFunctions(*llvmModule);
  optimiseModule(*llvmModule, *machine, /*vectorise=*/false);
  std::string threads = chooseThreads(*llvmModule, arch.sharedBytes, kernel);
  std::string broken;
  llvm::raw_string_ostream brokenText(broken);
  if (llvm::verifyModule(*llvmModule, &brokenText))
    return module.emitError("LLVM IR of ") << threads << " is broken: " << broken;
  if (kernel.threads > 1)
    optimiseModule(*llvmModule, *machine, /*vectorise=*/false);
  if (withText)
    llvm::raw_string_ostream(kernel.llvmIr) << "; " << threads << "\n" << *llvmModule;
  if (!emit(*llvmModule, *machine, kernel.ptx) || !errors.empty())
    return module.emitError("PTX cannot be made: ") << errors;
  return kernel;
}

} // namespace v4
