//===- LowerToLlvm.cpp - Kernel functions to the LLVM dialect ----------------===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "codegen/cpu/LowerToLlvm.h"
#include "codegen/cpu/CpuPasses.h"

#include "mlir/Conversion/ArithToLLVM/ArithToLLVM.h"
#include "mlir/Conversion/ControlFlowToLLVM/ControlFlowToLLVM.h"
#include "mlir/Conversion/FuncToLLVM/ConvertFuncToLLVMPass.h"
#include "mlir/Conversion/IndexToLLVM/IndexToLLVM.h"
#include "mlir/Conversion/MathToLLVM/MathToLLVM.h"
#include "mlir/Conversion/MemRefToLLVM/MemRefToLLVM.h"
#include "mlir/Conversion/ReconcileUnrealizedCasts/ReconcileUnrealizedCasts.h"
#include "mlir/Conversion/SCFToControlFlow/SCFToControlFlow.h"
#include "mlir/Conversion/UBToLLVM/UBToLLVM.h"
#include "mlir/Conversion/VectorToLLVM/ConvertVectorToLLVMPass.h"
#include "mlir/Conversion/AffineToStandard/AffineToStandard.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/Transforms/Passes.h"
#include "mlir/Dialect/ControlFlow/IR/ControlFlow.h"
#include "mlir/Dialect/Index/IR/IndexDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/MemRef/Transforms/Passes.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/UB/IR/UBOps.h"
#include "mlir/IR/Verifier.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Transforms/Passes.h"

using namespace mlir;

namespace v4 {
namespace {

/// Alignment of scratch: a full vector register, so that its accesses never
/// cross a cache line.
constexpr int64_t kScratchAlignment = 64;

/// Scratch is static, so one copy at function entry serves every iteration; an
/// alloca left in a loop would grow the stack with each round.
void hoistScratch(func::FuncOp kernel) {
  Block &entry = kernel.getBody().front();
  SmallVector<memref::AllocaOp> allocas;
  kernel.walk([&](memref::AllocaOp op) { allocas.push_back(op); });
  for (memref::AllocaOp op : llvm::reverse(allocas)) {
    op->moveBefore(&entry, entry.begin());
    if (!op.getAlignment())
      op.setAlignment(kScratchAlignment);
  }
}

void buildPipeline(OpPassManager &pm, const CpuLevel &level) {
  ExpandFloatFormatsPassOptions formats;
  formats.vectorBits = level.vectorBits;
  pm.addNestedPass<func::FuncOp>(createExpandCacheAccessPass());
  // Formats before canonicalize: unpack + decode are expanded as one.
  pm.addNestedPass<func::FuncOp>(createExpandFloatFormatsPass(formats));
  pm.addNestedPass<func::FuncOp>(createExpandMathPass());
  pm.addPass(createCanonicalizerPass());
  pm.addPass(createCSEPass());
  pm.addPass(arith::createArithExpandOpsPass());
  pm.addPass(memref::createExpandStridedMetadataPass());
  pm.addPass(createLowerAffinePass());
  pm.addPass(createSCFToControlFlowPass());
  pm.addPass(createConvertVectorToLLVMPass());
  pm.addPass(createConvertMathToLLVMPass());
  pm.addPass(createArithToLLVMConversionPass());
  pm.addPass(createConvertIndexToLLVMPass());
  pm.addPass(createFinalizeMemRefToLLVMConversionPass());
  pm.addPass(createConvertFuncToLLVMPass());
  pm.addPass(createConvertControlFlowToLLVMPass());
  pm.addPass(createUBToLLVMConversionPass());
  pm.addPass(createReconcileUnrealizedCastsPass());
  pm.addPass(createCanonicalizerPass());
  pm.addPass(createCSEPass());
}

/// Builds the function of KernelAbi.h around a lowered body.
class KernelWrapper {
public:
  KernelWrapper(LLVM::LLVMFuncOp body, ArrayRef<Type> types)
      : body(body), types(types), builder(body->getContext()), loc(body.getLoc()),
        pointer(LLVM::LLVMPointerType::get(body->getContext())), i64(builder.getI64Type()) {}

  void build() {
    std::string name = body.getSymName().str();
    // Inlined and dropped by LLVM: nothing of the memref descriptors is left.
    body.setSymName(name + "_body");
    body.setLinkage(LLVM::Linkage::Internal);
    body.setAlwaysInline(true);
    annotatePointers();

    builder.setInsertionPoint(body);
    auto type = LLVM::LLVMFunctionType::get(LLVM::LLVMVoidType::get(body->getContext()), {pointer, i64, i64});
    auto wrapper = LLVM::LLVMFuncOp::create(builder, loc, name, type);
    builder.setInsertionPointToStart(wrapper.addEntryBlock(builder));
    SmallVector<Value> arguments{wrapper.getArgument(1), wrapper.getArgument(2)};
    // v4_kernel_args has one member, the array of binding addresses.
    Value bindings = LLVM::LoadOp::create(builder, loc, pointer, wrapper.getArgument(0), 8, false, false, true);
    for (auto [i, binding] : llvm::enumerate(types.drop_front(2)))
      appendBinding(arguments, bindings, i, cast<MemRefType>(binding));
    LLVM::CallOp::create(builder, loc, body, arguments);
    LLVM::ReturnOp::create(builder, loc, ValueRange());
  }

private:
  /// What two bindings write never overlaps, so LLVM may keep loaded values
  /// across stores. Of alignment only that of the element is true in debug
  /// placement, and loads carry that already.
  void annotatePointers() {
    unsigned index = 2;
    for (Type type : types.drop_front(2)) {
      body.setArgAttr(index + 1, LLVM::LLVMDialect::getNoAliasAttrName(), builder.getUnitAttr());
      index += 3 + 2 * cast<MemRefType>(type).getRank();
    }
  }

  Value constant(int64_t value) {
    return LLVM::ConstantOp::create(builder, loc, i64, builder.getI64IntegerAttr(value));
  }

  void appendBinding(SmallVectorImpl<Value> &arguments, Value bindings, int64_t i, MemRefType type) {
    Value slot = LLVM::GEPOp::create(builder, loc, pointer, pointer, bindings, ArrayRef<LLVM::GEPArg>{int32_t(i)});
    Value address = LLVM::LoadOp::create(builder, loc, pointer, slot, 8, false, false, true);
    arguments.append({address, address, constant(0)});
    // The leading extent is never read (verifyKernelForm); any number will do.
    for (int64_t size : type.getShape())
      arguments.push_back(constant(ShapedType::isDynamic(size) ? int64_t(1) << 40 : size));
    auto [strides, offset] = type.getStridesAndOffset();
    for (int64_t stride : strides)
      arguments.push_back(constant(stride));
  }

  LLVM::LLVMFuncOp body;
  ArrayRef<Type> types;
  OpBuilder builder;
  Location loc;
  Type pointer, i64;
};

} // namespace

void registerKernelBodyDialects(DialectRegistry &registry) {
  registry.insert<affine::AffineDialect, arith::ArithDialect, cf::ControlFlowDialect, func::FuncDialect,
                  index::IndexDialect, kernel::KernelDialect, LLVM::LLVMDialect, math::MathDialect,
                  memref::MemRefDialect, scf::SCFDialect, ub::UBDialect, vector::VectorDialect>();
}

LogicalResult lowerToLlvm(ModuleOp module, const CpuLevel &level) {
  auto kernel = *module.getOps<func::FuncOp>().begin();
  std::string name = kernel.getSymName().str();
  SmallVector<Type> types(kernel.getArgumentTypes());
  ExpandContractsPassOptions contracts;
  contracts.level = level.name.str();
  PassManager first(module.getContext()), pm(module.getContext());
  first.addNestedPass<func::FuncOp>(createExpandContractsPass(contracts));
  if (failed(first.run(module)))
    return failure();
  hoistScratch(kernel);
  buildPipeline(pm, level);
  // Once, at the end: behind each of two dozen passes it takes as long as the passes.
  pm.enableVerifier(false);
  if (failed(pm.run(module)) || failed(verify(module)))
    return failure();
  auto body = module.lookupSymbol<LLVM::LLVMFuncOp>(name);
  if (!body)
    return module.emitError("kernel '") << name << "' did not become an LLVM function";
  KernelWrapper(body, types).build();
  return success();
}

} // namespace v4
