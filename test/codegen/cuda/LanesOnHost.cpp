//===- LanesOnHost.cpp - Kernels of a GPU as host code --------------------===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
//   lanes-on-host FOLDER OBJECT
//
// Compiles the LLVM IR that `v4-compile --dump-kernels-to=FOLDER` leaves of every kernel
// without a template, which is what PTX is made of, into a shared object for this machine.
// The intrinsics of the GPU, and every access to memory that the kernel writes, call the
// functions of `v4_lane_calls`, which whoever loads the object fills in (FakeLanes.h).
//
//===----------------------------------------------------------------------===//

#include "codegen/cpu/LinkObjects.h"

#include "llvm/ADT/SmallPtrSet.h"
#include "llvm/Analysis/ValueTracking.h"
#include "llvm/IR/IRBuilder.h"
#include "llvm/IR/InstIterator.h"
#include "llvm/IR/IntrinsicInst.h"
#include "llvm/IR/IntrinsicsNVPTX.h"
#include "llvm/IR/LLVMContext.h"
#include "llvm/IR/LegacyPassManager.h"
#include "llvm/IR/Module.h"
#include "llvm/IR/Verifier.h"
#include "llvm/IRReader/IRReader.h"
#include "llvm/MC/TargetRegistry.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/SourceMgr.h"
#include "llvm/Support/TargetSelect.h"
#include "llvm/Target/TargetMachine.h"
#include "llvm/Target/TargetOptions.h"

#include <algorithm>
#include <fstream>

using namespace llvm;

namespace {

constexpr StringLiteral kTriple = "x86_64-unknown-linux-gnu", kCalls = "v4_lane_calls", kScratch = "v4_scratch";
constexpr unsigned kScratchBytes = 227 << 10, kSharedSpace = 3;

/// Order of FakeLanes.h.
enum Call : unsigned { kThread, kBlock, kBarrier, kBlockBarrier, kExchange, kAccess, kCalls_ };

std::unique_ptr<TargetMachine> createMachine() {
  LLVMInitializeX86TargetInfo();
  LLVMInitializeX86Target();
  LLVMInitializeX86TargetMC();
  LLVMInitializeX86AsmPrinter();
  std::string error;
  const Target *target = TargetRegistry::lookupTarget(Triple(kTriple), error);
  TargetOptions options;
  options.AllowFPOpFusion = FPOpFusion::Strict;
  return std::unique_ptr<TargetMachine>(
      target->createTargetMachine(Triple(kTriple), "x86-64-v3", "", options, Reloc::PIC_));
}

class HostKernel {
public:
  explicit HostKernel(Module &module) : module(module), b(module.getContext()) {}

  /// False when something has no counterpart on the host.
  bool make() {
    for (Function &function : module)
      if (function.getCallingConv() == CallingConv::PTX_Kernel)
        kernel = &function;
    if (!kernel)
      return false;
    calls = new GlobalVariable(module, ArrayType::get(b.getPtrTy(), kCalls_), false, GlobalValue::ExternalLinkage,
                               nullptr, kCalls);
    watchMemory();
    for (Instruction &instruction : make_early_inc_range(instructions(*kernel)))
      if (auto *intrinsic = dyn_cast<IntrinsicInst>(&instruction))
        if (intrinsic->getCalledFunction()->getName().starts_with("llvm.nvvm.") && !replace(*intrinsic))
          return false;
    wrap();
    return !verifyModule(module, &errs());
  }

private:
  Value *call(Call which, Type *result, ArrayRef<Value *> operands) {
    SmallVector<Type *> types;
    for (Value *operand : operands)
      types.push_back(operand->getType());
    Value *place = b.CreateConstInBoundsGEP2_32(calls->getValueType(), calls, 0, which);
    return b.CreateCall(FunctionType::get(result, types, false), b.CreateLoad(b.getPtrTy(), place), operands);
  }

  bool replace(IntrinsicInst &intrinsic) {
    b.SetInsertPoint(&intrinsic);
    Value *value = nullptr;
    switch (intrinsic.getIntrinsicID()) {
    case Intrinsic::nvvm_read_ptx_sreg_tid_x:
      value = call(kThread, b.getInt32Ty(), {});
      break;
    case Intrinsic::nvvm_read_ptx_sreg_ctaid_x:
      value = call(kBlock, b.getInt32Ty(), {});
      break;
    case Intrinsic::nvvm_bar_warp_sync:
      call(kBarrier, b.getVoidTy(), {intrinsic.getArgOperand(0)});
      break;
    case Intrinsic::nvvm_barrier_cta_sync_aligned_all:
      call(kBlockBarrier, b.getVoidTy(), {});
      break;
    case Intrinsic::nvvm_shfl_sync_idx_i32:
    case Intrinsic::nvvm_shfl_sync_idx_f32:
      value = exchange(intrinsic, false);
      break;
    case Intrinsic::nvvm_shfl_sync_bfly_i32:
    case Intrinsic::nvvm_shfl_sync_bfly_f32:
      value = exchange(intrinsic, true);
      break;
    default:
      errs() << kernel->getName() << ": '" << intrinsic << "' has no counterpart on the host\n";
      return false;
    }
    if (value)
      intrinsic.replaceAllUsesWith(value);
    intrinsic.eraseFromParent();
    return true;
  }

  Value *exchange(IntrinsicInst &intrinsic, bool isXor) {
    Value *word = b.CreateBitCast(intrinsic.getArgOperand(1), b.getInt32Ty());
    Value *got = call(
        kExchange, b.getInt32Ty(),
        {intrinsic.getArgOperand(0), word, intrinsic.getArgOperand(2), intrinsic.getArgOperand(3), b.getInt32(isXor)});
    return b.CreateBitCast(got, intrinsic.getType());
  }

  static SmallVector<const Value *, 4> placesOf(const Value *pointer) {
    SmallVector<const Value *, 4> places;
    getUnderlyingObjects(pointer, places, nullptr, 0);
    return places;
  }

  /// Says of each access to what the kernel writes who touches which bytes.
  void watchMemory() {
    SmallPtrSet<const Value *, 8> written;
    for (Instruction &instruction : instructions(*kernel))
      if (auto *store = dyn_cast<StoreInst>(&instruction))
        for (const Value *place : placesOf(store->getPointerOperand()))
          written.insert(place);
    for (Instruction &instruction : instructions(*kernel)) {
      Value *pointer = getLoadStorePointerOperand(&instruction);
      if (!pointer || none_of(placesOf(pointer), [&](const Value *place) { return written.contains(place); }))
        continue;
      b.SetInsertPoint(&instruction);
      uint64_t size = module.getDataLayout().getTypeStoreSize(getLoadStoreType(&instruction));
      call(kAccess, b.getVoidTy(),
           {b.CreatePtrToInt(pointer, b.getInt64Ty()), b.getInt32(size), b.getInt32(isa<StoreInst>(instruction))});
    }
  }

  /// The kernel takes its arguments from an array.
  void wrap() {
    std::string name = kernel->getName().str();
    kernel->setName(name + "_threads");
    kernel->setCallingConv(CallingConv::C);
    kernel->setLinkage(GlobalValue::InternalLinkage);
    auto *type = FunctionType::get(b.getVoidTy(), {b.getPtrTy()}, false);
    auto *entry = Function::Create(type, GlobalValue::ExternalLinkage, name, module);
    b.SetInsertPoint(BasicBlock::Create(module.getContext(), "", entry));
    SmallVector<Value *> values;
    for (Argument &argument : kernel->args())
      values.push_back(b.CreateLoad(
          argument.getType(), b.CreateConstInBoundsGEP1_64(b.getInt64Ty(), entry->getArg(0), argument.getArgNo())));
    b.CreateCall(kernel, values);
    b.CreateRetVoid();
  }

  Module &module;
  IRBuilder<> b;
  Function *kernel = nullptr;
  GlobalVariable *calls = nullptr;
};

/// What all kernels share: the table of calls and a block's scratch.
std::unique_ptr<Module> sharedModule(LLVMContext &context) {
  auto module = std::make_unique<Module>("shared", context);
  auto define = [&](Type *type, StringRef name, unsigned space) {
    auto *global = new GlobalVariable(*module, type, false, GlobalValue::ExternalLinkage, Constant::getNullValue(type),
                                      name, nullptr, GlobalValue::NotThreadLocal, space);
    global->setAlignment(Align(64));
  };
  define(ArrayType::get(PointerType::get(context, 0), kCalls_), kCalls, 0);
  define(ArrayType::get(Type::getInt8Ty(context), kScratchBytes), kScratch, kSharedSpace);
  return module;
}

SmallVector<char, 0> emit(Module &module, TargetMachine &machine) {
  module.setTargetTriple(Triple(kTriple));
  module.setDataLayout(machine.createDataLayout());
  for (Function &function : module) {
    function.addFnAttr("no-builtins");
    function.removeFnAttr("target-cpu");
    function.removeFnAttr("target-features");
  }
  SmallVector<char, 0> bytes;
  raw_svector_ostream os(bytes);
  legacy::PassManager passes;
  machine.addPassesToEmitFile(passes, os, nullptr, CodeGenFileType::ObjectFile);
  passes.run(module);
  return bytes;
}

std::vector<std::string> filesOf(StringRef folder) {
  std::vector<std::string> files;
  std::error_code error;
  for (sys::fs::directory_iterator file(folder, error), end; file != end && !error; file.increment(error))
    if (sys::path::extension(file->path()) == ".ll")
      files.push_back(file->path());
  std::sort(files.begin(), files.end());
  return files;
}

} // namespace

int main(int argc, char **argv) {
  if (argc != 3) {
    errs() << "usage: lanes-on-host FOLDER OBJECT\n";
    return 1;
  }
  std::unique_ptr<TargetMachine> machine = createMachine();
  LLVMContext context;
  std::vector<std::pair<std::string, SmallVector<char, 0>>> objects;
  std::vector<std::string> symbols{kCalls.str()};
  objects.emplace_back("shared", emit(*sharedModule(context), *machine));
  for (const std::string &file : filesOf(argv[1])) {
    SMDiagnostic error;
    std::unique_ptr<Module> module = parseIRFile(file, error, context);
    if (!module || !HostKernel(*module).make()) {
      error.print(file.c_str(), errs());
      errs() << file << ": cannot be made host code\n";
      return 1;
    }
    symbols.push_back(sys::path::stem(file).str());
    objects.emplace_back(symbols.back(), emit(*module, *machine));
  }
  std::vector<std::pair<std::string, ArrayRef<char>>> views(objects.begin(), objects.end());
  Expected<std::vector<char>> linked = v4::linkObjects(views, symbols);
  if (!linked) {
    errs() << toString(linked.takeError()) << "\n";
    return 1;
  }
  std::ofstream(argv[2], std::ios::binary).write(linked->data(), std::streamsize(linked->size()));
  return 0;
}
