//===- AddSampling.cpp - Launches that pick tokens on a GPU ---------------===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "passes/Passes.h"
#include "passes/schedule/BufferSize.h"
#include "passes/schedule/ProgramIndex.h"
#include "runtime/plan/SampleRows.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"

using namespace mlir;

namespace v4 {
#define GEN_PASS_DEF_ADDSAMPLINGPASS
#include "passes/Passes.h.inc"

namespace {

constexpr StringLiteral kKernelName = "sample_rows_0";
/// i32 words of a row that is asked for.
constexpr int64_t kWords = sizeof(plan::SampleRow) / 4;
/// What the kernel is made for: many threads wait for memory together.
constexpr int64_t kThreads = 1024;

class SamplingBuilder {
public:
  SamplingBuilder(ModuleOp module, ProgramIndex &index)
      : module(module), index(index), program(index.program), builder(module.getContext()) {}

  void run() {
    createFunction();
    createKernel();
    createLaunch("samples", program.getLogitsAttr(), "sample");
    if (FlatSymbolRefAttr logits = program.getMtpLogitsAttr())
      createLaunch("mtp_samples", logits, "mtp_sample");
  }

private:
  int64_t vocabulary() { return cast<ModelAttr>(program.getModel()).getVocab(); }

  /// Bindings: logits, rows.
  void createFunction() {
    auto flat = [&](Type element) { return MemRefType::get({ShapedType::kDynamic}, element); };
    Type place = builder.getIndexType();
    Location loc = program.getLoc();
    builder.setInsertionPointToEnd(module.getBody());
    auto function = func::FuncOp::create(
        builder, loc, kKernelName,
        builder.getFunctionType({place, place, flat(builder.getF32Type()), flat(builder.getI32Type())}, {}));
    function.setPrivate();
    function->setAttr("kernel.entry", builder.getUnitAttr());
    function->setAttr("kernel.op", builder.getStringAttr("sample_rows"));
    builder.setInsertionPointToStart(function.addEntryBlock());
    using Kind = kernel::ArgumentKind;
    SmallVector<Attribute> arguments;
    const std::tuple<Kind, int64_t, int64_t> parameters[] = {
        {Kind::Address, 0, 0}, {Kind::Address, 1, 0}, {Kind::Rows, -1, 1}, {Kind::Word, -1, vocabulary()}};
    for (auto [kind, binding, value] : parameters)
      arguments.push_back(kernel::ArgumentAttr::get(module.getContext(), kind, binding, value, {}));
    kernel::RunTemplateOp::create(builder, loc, "sampleRows", ArrayRef<int64_t>{kThreads},
                                  builder.getArrayAttr(arguments), /*most=*/0, /*few=*/nullptr);
    func::ReturnOp::create(builder, loc);
  }

  /// Reads each row once, and more often from the processor's cache.
  void createKernel() {
    builder.setInsertionPointAfter(index.kernels.back());
    auto cost = plan::CostAttr::get(module.getContext(), plan::CostKind::ActivationBytes, plan::CostUnit::Logits,
                                    4 * vocabulary(), /*ratio=*/1, /*most=*/0);
    plan::KernelOp::create(builder, program.getLoc(), kKernelName, "sample_rows", /*bindings=*/2,
                           /*stack_bytes=*/nullptr, builder.getArrayAttr({cost}), /*hits=*/-1, /*block=*/nullptr,
                           /*variants=*/nullptr);
  }

  void createLaunch(StringRef rows, FlatSymbolRefAttr logits, StringRef group) {
    MLIRContext *context = module.getContext();
    auto type = RankedTensorType::get({ShapedType::kDynamic, kWords}, builder.getI32Type(),
                                      RowsAttr::get(context, RowSpace::Logits));
    std::optional<SmallVector<plan::SizeAttr>> terms = bufferTerms(type, envelopeOf(program));
    SmallVector<Attribute> bytes(terms->begin(), terms->end());
    builder.setInsertionPointAfter(lastBuffer ? lastBuffer : index.buffers.back());
    lastBuffer =
        plan::BufferOp::create(builder, program.getLoc(), rows, type.getElementType(), uint64_t(RowSpace::Logits),
                               ArrayRef<int64_t>{kWords}, builder.getArrayAttr(bytes), /*slot=*/nullptr,
                               /*first_launch=*/nullptr, /*last_launch=*/nullptr);
    auto bind = [&](plan::Access access, FlatSymbolRefAttr symbol) {
      return plan::BindingAttr::get(context, plan::BindingKind::Buffer, access, symbol, 0);
    };
    builder.setInsertionPointAfter(lastLaunch ? lastLaunch : index.launches.back());
    lastLaunch = plan::LaunchOp::create(
        builder, program.getLoc(), kKernelName, kernel::GridAttr::get(context, int64_t(RowSpace::Logits), 1, 1),
        builder.getArrayAttr(
            {bind(plan::Access::In, logits), bind(plan::Access::Out, FlatSymbolRefAttr::get(context, rows))}),
        group, /*layer=*/-1);
  }

  ModuleOp module;
  ProgramIndex &index;
  plan::ProgramOp program;
  OpBuilder builder;
  plan::BufferOp lastBuffer;
  plan::LaunchOp lastLaunch;
};

struct AddSampling : public impl::AddSamplingPassBase<AddSampling> {
  void runOnOperation() override {
    FailureOr<plan::ProgramOp> program = findProgram(getOperation());
    if (failed(program))
      return signalPassFailure();
    ProgramIndex index(*program);
    if (!takesHopperKernels(index, "v4-add-sampling", "logits go to the host"))
      return markAllAnalysesPreserved();
    if (program->getSlots()) {
      program->emitOpError() << "has arena slots already; run --v4-add-sampling before --v4-plan-arena";
      return signalPassFailure();
    }
    SamplingBuilder(getOperation(), index).run();
  }
};

} // namespace
} // namespace v4
