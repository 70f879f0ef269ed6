//===- LowerToNvvm.cpp - Kernel functions to GPU entry points -------------===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "codegen/cuda/LowerToNvvm.h"
#include "codegen/cpu/LowerToLlvm.h"

using namespace mlir;

namespace v4 {
namespace {

/// Vectors are spelt out by the back end; nothing looks values up in registers.
constexpr int64_t kVectorBits = 128;

/// Blocks from `end` on leave at once.
void buildEntry(const LoweredBody &body) {
  LLVM::LLVMFuncOp function = body.function;
  OpBuilder builder(function);
  Location loc = function.getLoc();
  Type pointer = LLVM::LLVMPointerType::get(builder.getContext()), i64 = builder.getI64Type();
  SmallVector<Type> types(body.bindings.size(), pointer);
  types.push_back(i64);
  auto type = LLVM::LLVMFunctionType::get(LLVM::LLVMVoidType::get(builder.getContext()), types);
  auto entry = LLVM::LLVMFuncOp::create(builder, loc, body.name, type);
  entry.setCConv(LLVM::CConv::PTX_Kernel);
  // Two bindings of a launch never overlap where one is written.
  for (unsigned i = 0; i < body.bindings.size(); ++i)
    entry.setArgAttr(i, LLVM::LLVMDialect::getNoAliasAttrName(), builder.getUnitAttr());
  Block *first = entry.addEntryBlock(builder), *work = new Block, *done = new Block;
  entry.getBody().push_back(work);
  entry.getBody().push_back(done);
  builder.setInsertionPointToStart(first);
  auto block = LLVM::CallIntrinsicOp::create(builder, loc, builder.getI32Type(),
                                             builder.getStringAttr("llvm.nvvm.read.ptx.sreg.ctaid.x"), ValueRange());
  Value begin = LLVM::ZExtOp::create(builder, loc, i64, block->getResult(0));
  Value inside = LLVM::ICmpOp::create(builder, loc, LLVM::ICmpPredicate::slt, begin, entry.getArguments().back());
  LLVM::CondBrOp::create(builder, loc, inside, work, done);
  builder.setInsertionPointToStart(work);
  Value one = LLVM::ConstantOp::create(builder, loc, i64, builder.getI64IntegerAttr(1));
  Value end = LLVM::AddOp::create(builder, loc, begin, one);
  SmallVector<Value> addresses(entry.getArguments().drop_back());
  callBody(builder, body, begin, end, addresses);
  LLVM::BrOp::create(builder, loc, done);
  builder.setInsertionPointToStart(done);
  LLVM::ReturnOp::create(builder, loc, ValueRange());
}

/// Contracts are tuned code of a target; those that have none here must not have been chosen.
LogicalResult verifyNoContract(ModuleOp module) {
  WalkResult result = module.walk([](Operation *op) -> WalkResult {
    if (!isa<kernel::KernelDialect>(op->getDialect()) ||
        isa<kernel::CacheLoadOp, kernel::CacheStoreOp, kernel::UnpackOp, kernel::DecodeOp, kernel::EncodeOp>(op))
      return success();
    return op->emitOpError("has no code for GPUs, expected its decomposition");
  });
  return failure(result.wasInterrupted());
}

} // namespace

LogicalResult lowerToNvvm(ModuleOp module) {
  if (failed(verifyNoContract(module)))
    return failure();
  FailureOr<LoweredBody> body = lowerBody(module, kVectorBits);
  if (failed(body))
    return failure();
  buildEntry(*body);
  return success();
}

} // namespace v4
