//===- AddTensorRates.cpp - What products on a GPU are compared with ------===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "passes/Passes.h"
#include "passes/schedule/ProgramIndex.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"

using namespace mlir;

namespace v4 {
#define GEN_PASS_DEF_ADDTENSORRATESPASS
#include "passes/Passes.h.inc"

namespace {

/// An instance of the template `tensorRate`.
struct RateKernel {
  StringLiteral symbol, op;
  int64_t bf16; ///< Its first argument: 0 = e4m3.
};
constexpr RateKernel kKernels[] = {{"fp8_tensor_rate_0", "fp8_tensor_rate", 0},
                                   {"bf16_tensor_rate_0", "bf16_tensor_rate", 1}};

/// Groups of 128 threads of a block: while one waits the other's products run.
constexpr int64_t kGroups = 2;
/// Of a block in a round: 16 products of each group, each of 64 x 256 over 32 bytes of K (TensorRateShape.h).
int64_t flopsOf(const RateKernel &kernel) { return 2 * kGroups * 16 * 64 * 256 * (kernel.bf16 ? 16 : 32); }

/// Bindings: a number for each thread of each block. Rows of a launch are rounds.
void createFunction(ModuleOp module, Location loc, const RateKernel &kernel) {
  OpBuilder builder = OpBuilder::atBlockEnd(module.getBody());
  MLIRContext *context = module.getContext();
  Type place = builder.getIndexType(), numbers = MemRefType::get({ShapedType::kDynamic}, builder.getF32Type());
  auto function =
      func::FuncOp::create(builder, loc, kernel.symbol, builder.getFunctionType({place, place, numbers}, {}));
  function.setPrivate();
  function->setAttr("kernel.entry", builder.getUnitAttr());
  function->setAttr("kernel.op", builder.getStringAttr(kernel.op));
  builder.setInsertionPointToStart(function.addEntryBlock());
  Attribute arguments[] = {kernel::ArgumentAttr::get(context, kernel::ArgumentKind::Address, 0, 0, {}),
                           kernel::ArgumentAttr::get(context, kernel::ArgumentKind::Rows, -1, 1, {})};
  kernel::RunTemplateOp::create(builder, loc, "tensorRate", ArrayRef<int64_t>{kernel.bf16, kGroups},
                                builder.getArrayAttr(arguments), /*most=*/0, /*few=*/nullptr);
  func::ReturnOp::create(builder, loc);
}

/// Its cost is that of one block in one round: no launch has it.
void createKernel(OpBuilder &builder, Location loc, const RateKernel &kernel) {
  auto cost = plan::CostAttr::get(builder.getContext(), plan::CostKind::DotFlops, plan::CostUnit::One, flopsOf(kernel),
                                  /*ratio=*/1, /*most=*/0);
  plan::KernelOp::create(builder, loc, kernel.symbol, kernel.op, /*bindings=*/1, /*stack_bytes=*/nullptr,
                         builder.getArrayAttr({cost}), /*hits=*/-1, /*block=*/nullptr, /*variants=*/nullptr);
}

struct AddTensorRates : public impl::AddTensorRatesPassBase<AddTensorRates> {
  void runOnOperation() override {
    FailureOr<plan::ProgramOp> program = findProgram(getOperation());
    if (failed(program))
      return signalPassFailure();
    ProgramIndex index(*program);
    if (!takesHopperKernels(index, "v4-add-tensor-rates", "rates are not measured"))
      return markAllAnalysesPreserved();
    OpBuilder builder(&getContext());
    builder.setInsertionPointAfter(index.kernels.back());
    for (const RateKernel &kernel : kKernels) {
      createFunction(getOperation(), program->getLoc(), kernel);
      createKernel(builder, program->getLoc(), kernel);
    }
  }
};

} // namespace
} // namespace v4
