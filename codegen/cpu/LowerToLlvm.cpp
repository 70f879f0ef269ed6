//===- LowerToLlvm.cpp - Kernel functions to the LLVM dialect ----------------===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "codegen/cpu/LowerToLlvm.h"
#include "codegen/cpu/CpuPasses.h"

#include "mlir/Conversion/AffineToStandard/AffineToStandard.h"
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

void buildPipeline(OpPassManager &pm, int64_t vectorBits) {
  ExpandFloatFormatsPassOptions formats;
  formats.vectorBits = vectorBits;
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

/// What two bindings write never overlaps, so LLVM may keep loaded values
/// across stores. Of alignment only that of the element is true in debug
/// placement, and loads carry that already.
void annotatePointers(const LoweredBody &body) {
  unsigned index = 2;
  for (MemRefType type : body.bindings) {
    LLVM::LLVMFuncOp function = body.function;
    function.setArgAttr(index + 1, LLVM::LLVMDialect::getNoAliasAttrName(), UnitAttr::get(function.getContext()));
    index += 3 + 2 * type.getRank();
  }
}

/// The function of KernelAbi.h.
void buildEntry(const LoweredBody &body) {
  LLVM::LLVMFuncOp function = body.function;
  OpBuilder builder(function);
  Location loc = function.getLoc();
  Type pointer = LLVM::LLVMPointerType::get(builder.getContext()), i64 = builder.getI64Type();
  auto type = LLVM::LLVMFunctionType::get(LLVM::LLVMVoidType::get(builder.getContext()), {pointer, i64, i64});
  auto entry = LLVM::LLVMFuncOp::create(builder, loc, body.name, type);
  builder.setInsertionPointToStart(entry.addEntryBlock(builder));
  // v4_kernel_args has one member, the array of binding addresses.
  Value bindings = LLVM::LoadOp::create(builder, loc, pointer, entry.getArgument(0), 8, false, false, true);
  SmallVector<Value> addresses;
  for (size_t i = 0; i < body.bindings.size(); ++i) {
    Value slot = LLVM::GEPOp::create(builder, loc, pointer, pointer, bindings, ArrayRef<LLVM::GEPArg>{int32_t(i)});
    addresses.push_back(LLVM::LoadOp::create(builder, loc, pointer, slot, 8, false, false, true));
  }
  callBody(builder, body, entry.getArgument(1), entry.getArgument(2), addresses);
  LLVM::ReturnOp::create(builder, loc, ValueRange());
}

} // namespace

void callBody(OpBuilder &builder, const LoweredBody &body, Value begin, Value end, ArrayRef<Value> addresses) {
  Location loc = begin.getLoc();
  auto constant = [&](int64_t value) -> Value {
    return LLVM::ConstantOp::create(builder, loc, builder.getI64Type(), builder.getI64IntegerAttr(value));
  };
  SmallVector<Value> arguments{begin, end};
  for (auto [address, type] : llvm::zip_equal(addresses, body.bindings)) {
    arguments.append({address, address, constant(0)});
    // The leading extent is never read (verifyKernelForm); any number will do.
    for (int64_t size : MemRefType(type).getShape())
      arguments.push_back(constant(ShapedType::isDynamic(size) ? int64_t(1) << 40 : size));
    auto [strides, offset] = MemRefType(type).getStridesAndOffset();
    for (int64_t stride : strides)
      arguments.push_back(constant(stride));
  }
  LLVM::CallOp::create(builder, loc, body.function, arguments);
}

FailureOr<LoweredBody> lowerBody(ModuleOp module, int64_t vectorBits) {
  auto kernels = module.getOps<func::FuncOp>();
  if (kernels.empty())
    return module.emitError("has no kernel, expected one function");
  func::FuncOp kernel = *kernels.begin();
  LoweredBody body;
  body.name = kernel.getSymName().str();
  for (Type type : kernel.getArgumentTypes().drop_front(2))
    body.bindings.push_back(cast<MemRefType>(type));
  hoistScratch(kernel);
  PassManager pm(module.getContext());
  buildPipeline(pm, vectorBits);
  // Once, at the end: behind each of two dozen passes it takes as long as the passes.
  pm.enableVerifier(false);
  if (failed(pm.run(module)) || failed(verify(module)))
    return failure();
  body.function = module.lookupSymbol<LLVM::LLVMFuncOp>(body.name);
  if (!body.function)
    return module.emitError("kernel '") << body.name << "' did not become an LLVM function";
  // Inlined and dropped by LLVM: nothing of the memref descriptors is left.
  body.function.setSymName(body.name + "_body");
  body.function.setLinkage(LLVM::Linkage::Internal);
  body.function.setAlwaysInline(true);
  annotatePointers(body);
  return body;
}

void registerKernelBodyDialects(DialectRegistry &registry) {
  registry.insert<affine::AffineDialect, arith::ArithDialect, cf::ControlFlowDialect, func::FuncDialect,
                  index::IndexDialect, kernel::KernelDialect, LLVM::LLVMDialect, math::MathDialect,
                  memref::MemRefDialect, scf::SCFDialect, ub::UBDialect, vector::VectorDialect>();
}

LogicalResult lowerToLlvm(ModuleOp module, const CpuLevel &level) {
  ExpandContractsPassOptions contracts;
  contracts.level = level.name.str();
  PassManager pm(module.getContext());
  pm.addNestedPass<func::FuncOp>(createExpandContractsPass(contracts));
  if (failed(pm.run(module)))
    return failure();
  FailureOr<LoweredBody> body = lowerBody(module, level.vectorBits);
  if (failed(body))
    return failure();
  buildEntry(*body);
  return success();
}

} // namespace v4
