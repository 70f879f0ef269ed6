//===- VerifyPlan.cpp - Exit contract of the schedule stage -----*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The rules of runtime/plan/PlanValidator.h that relate ops to each other or to
// the envelope; what one op can check is in dialects/plan. What is stricter than
// the runtime (one writer per buffer, pools and groups) keeps the promise that a
// step's bits do not depend on what else runs.
//
//===----------------------------------------------------------------------===//

#include "passes/Passes.h"
#include "passes/schedule/BufferSize.h"
#include "passes/schedule/LaunchPhases.h"
#include "passes/schedule/ProgramIndex.h"

#include "llvm/ADT/StringSet.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;

namespace v4 {
#define GEN_PASS_DEF_VERIFYPLANPASS
#include "passes/Passes.h.inc"

namespace {

// Limits of the runtime's validator.
constexpr int64_t kMaxPower = 2;
constexpr int64_t kMaxBindings = 256;

/// The launch that makes a buffer.
struct Writer {
  plan::LaunchOp launch;
  uint64_t index = 0;
};

class PlanChecker {
public:
  PlanChecker(ModuleOp module, ProgramIndex &index)
      : module(module), index(index), program(index.program), limits(limitsOf(envelopeOf(index.program))) {}

  LogicalResult run() {
    return success(succeeded(checkProgram()) && succeeded(checkKernels()) && succeeded(checkBuffers()) &&
                   succeeded(checkSlots()) && succeeded(checkWeights()) && succeeded(checkPools()) &&
                   succeeded(checkLaunches()) && succeeded(checkProbes()) && succeeded(checkAllLogits()));
  }

private:
  LogicalResult checkProgram();
  LogicalResult checkKernels();
  LogicalResult checkBuffers();
  LogicalResult checkSize(plan::BufferOp buffer);
  LogicalResult checkSlots();
  LogicalResult checkWeights();
  LogicalResult checkPools();
  LogicalResult checkPoolPlaces(PoolKind kind, std::optional<uint64_t> bytes, llvm::StringRef field);
  LogicalResult checkLaunches();
  LogicalResult checkLaunch(plan::LaunchOp launch, uint64_t position);
  LogicalResult checkBufferUse(plan::LaunchOp launch, uint64_t position, plan::BindingAttr binding);
  LogicalResult checkPoolUse(plan::LaunchOp launch, plan::BindingAttr binding);
  LogicalResult checkProbes();
  LogicalResult checkAllLogits();
  LogicalResult checkLogits(FlatSymbolRefAttr symbol, llvm::StringRef field, llvm::StringRef group);

  ModuleOp module;
  ProgramIndex &index;
  plan::ProgramOp program;
  SessionLimits limits;
  llvm::DenseMap<Operation *, Writer> writers;
};

template <typename OpT>
InFlightDiagnostic fail(OpT op) {
  return op.emitOpError() << "'" << op.getSymName() << "' ";
}

LogicalResult checkRank(Operation *op, int64_t rank) {
  if (rank == 0)
    return success();
  return op->emitOpError() << "has rank " << rank << ", expected 0";
}

//===----------------------------------------------------------------------===//
// Program and kernels
//===----------------------------------------------------------------------===//

LogicalResult PlanChecker::checkProgram() {
  if (!program.getSlots())
    return program.emitOpError() << "has no slots; run --v4-plan-arena first";
  if (!program.getPageBytes() || !program.getStateBytes())
    return program.emitOpError() << "has no page_bytes and state_bytes; run --v4-plan-kv-cache first";
  return success();
}

LogicalResult PlanChecker::checkKernels() {
  SymbolTable functions(module);
  for (plan::KernelOp kernel : index.kernels) {
    if (static_cast<int64_t>(kernel.getBindings()) > kMaxBindings)
      return fail(kernel) << "has " << kernel.getBindings() << " bindings, expected at most " << kMaxBindings;
    auto function = functions.lookup<func::FuncOp>(kernel.getSymName());
    if (!function || !function->hasAttr("kernel.entry"))
      return fail(kernel) << "has no kernel function of its name";
    if (function.getNumArguments() != kernel.getBindings() + 2)
      return fail(kernel) << "has " << kernel.getBindings() << " bindings, its function takes "
                          << function.getNumArguments() << " arguments, expected two more than bindings";
  }
  return success();
}

//===----------------------------------------------------------------------===//
// Buffers
//===----------------------------------------------------------------------===//

LogicalResult PlanChecker::checkSize(plan::BufferOp buffer) {
  for (auto term : buffer.getBytes().getAsRange<plan::SizeAttr>())
    for (int64_t power : {term.getTokensPower(), term.getSequencesPower(), term.getContextPower()})
      if (power > kMaxPower)
        return fail(buffer) << "has the power " << power << " in " << term << ", expected 0 to " << kMaxPower;
  // Terms grow at least as fast as the rows do: what holds at both ends of the envelope holds between them.
  for (SessionLimits session : {limits, SessionLimits{1, 1, 1}}) {
    std::optional<uint64_t> bytes = evaluateTerms(buffer.getBytes(), session);
    std::optional<uint64_t> payload = payloadBytes(buffer, session);
    if (!bytes || !payload)
      return fail(buffer) << "reaches " << kMaxPlanBytes << " bytes at the envelope";
    if (*bytes < *payload)
      return fail(buffer) << "has " << *bytes << " bytes for " << session.tokens << " tokens, " << session.sequences
                          << " sequences and a context of " << session.context << ", expected at least " << *payload;
  }
  return success();
}

LogicalResult PlanChecker::checkBuffers() {
  for (plan::BufferOp buffer : index.buffers) {
    if (failed(checkSize(buffer)) || failed(checkRank(buffer, buffer.getRank())))
      return failure();
    if (!buffer.getSlot() || !buffer.getFirstLaunch() || !buffer.getLastLaunch())
      return fail(buffer) << "has no slot and lifetime; run --v4-plan-arena first";
  }
  return success();
}

LogicalResult PlanChecker::checkSlots() {
  SmallVector<int64_t> phases = phasesOf(index.launches);
  SmallVector<plan::BufferOp> order(index.buffers);
  llvm::stable_sort(order, [](plan::BufferOp a, plan::BufferOp b) {
    return std::make_pair(*a.getSlot(), *a.getFirstLaunch()) < std::make_pair(*b.getSlot(), *b.getFirstLaunch());
  });
  for (size_t i = 1; i < order.size(); ++i) {
    plan::BufferOp a = order[i - 1], b = order[i];
    // What an earlier launch of the same phase uses may still be in use.
    if (*a.getSlot() == *b.getSlot() && phases[*b.getFirstLaunch()] <= phases[*a.getLastLaunch()])
      return fail(b) << "lives from launch " << *b.getFirstLaunch() << ", but '" << a.getSymName() << "' has slot "
                     << *a.getSlot() << " until launch " << *a.getLastLaunch();
  }
  return success();
}

//===----------------------------------------------------------------------===//
// Weights and pools
//===----------------------------------------------------------------------===//

LogicalResult PlanChecker::checkWeights() {
  for (plan::WeightOp weight : index.weights) {
    bool integers = weight.getElement().isInteger(32) || weight.getElement().isInteger(64);
    if (weight.getInTables() != integers)
      return fail(weight) << "has in_tables = " << weight.getInTables() << " and element " << weight.getElement()
                          << ", expected exactly index tables there";
    if (failed(checkRank(weight, weight.getRank())))
      return failure();
  }
  return success();
}

LogicalResult PlanChecker::checkPools() {
  for (plan::PoolOp pool : index.pools) {
    if (failed(checkRank(pool, pool.getRank())))
      return failure();
    if (!pool.getOffset())
      return fail(pool) << "has no offset; run --v4-plan-kv-cache first";
  }
  return success(succeeded(checkPoolPlaces(PoolKind::Page, program.getPageBytes(), "page_bytes")) &&
                 succeeded(checkPoolPlaces(PoolKind::State, program.getStateBytes(), "state_bytes")));
}

LogicalResult PlanChecker::checkPoolPlaces(PoolKind kind, std::optional<uint64_t> bytes, llvm::StringRef field) {
  SmallVector<plan::PoolOp> order;
  for (plan::PoolOp pool : index.pools)
    if (cast<CacheType>(pool.getType()).getKind() == kind)
      order.push_back(pool);
  llvm::stable_sort(order, [](plan::PoolOp a, plan::PoolOp b) { return *a.getOffset() < *b.getOffset(); });
  uint64_t end = 0;
  for (plan::PoolOp pool : order) {
    auto type = cast<CacheType>(pool.getType());
    uint64_t size = llvm::SaturatingMultiply<uint64_t>(type.getRows(), type.getRowBytes());
    if (*pool.getOffset() < end)
      return fail(pool) << "is at offset " << *pool.getOffset() << ", inside the pool that ends at " << end;
    if (size > *bytes || *pool.getOffset() > *bytes - size)
      return fail(pool) << "has " << size << " bytes at offset " << *pool.getOffset() << ", expected to end within "
                        << field << " = " << *bytes;
    end = *pool.getOffset() + size;
  }
  return success();
}

//===----------------------------------------------------------------------===//
// Launches
//===----------------------------------------------------------------------===//

LogicalResult PlanChecker::checkLaunches() {
  for (auto [position, launch] : llvm::enumerate(index.launches))
    if (failed(checkLaunch(launch, position)))
      return failure();
  return verifyPhases(index.launches);
}

LogicalResult PlanChecker::checkLaunch(plan::LaunchOp launch, uint64_t position) {
  if (failed(checkRank(launch, launch.getRank())))
    return failure();
  auto model = cast<ModelAttr>(program.getModel());
  if (launch.getGroup() != "main" && launch.getGroup() != "sample" && !model.getMtp())
    return launch.emitOpError() << "has group '" << launch.getGroup() << "', but the model has no MTP block";
  if (auto layer = static_cast<int64_t>(launch.getLayer()); layer > model.getLayers())
    return launch.emitOpError() << "has layer " << layer << ", expected -1 to " << model.getLayers();
  for (auto binding : launch.getBindings().getAsRange<plan::BindingAttr>()) {
    if (binding.getKind() == plan::BindingKind::Buffer && failed(checkBufferUse(launch, position, binding)))
      return failure();
    if (binding.getKind() == plan::BindingKind::Pool && failed(checkPoolUse(launch, binding)))
      return failure();
  }
  return success();
}

LogicalResult PlanChecker::checkBufferUse(plan::LaunchOp launch, uint64_t position, plan::BindingAttr binding) {
  auto buffer = index.lookup<plan::BufferOp>(binding.getSymbol());
  if (position < *buffer.getFirstLaunch() || position > *buffer.getLastLaunch())
    return launch.emitOpError() << "is launch " << position << " and uses '" << buffer.getSymName()
                                << "', which lives from launch " << *buffer.getFirstLaunch() << " to "
                                << *buffer.getLastLaunch();
  auto writer = writers.find(buffer);
  if (binding.getAccess() == plan::Access::Out) {
    if (writer != writers.end())
      return launch.emitOpError() << "writes '" << buffer.getSymName() << "', which launch " << writer->second.index
                                  << " writes too; expected one writer per buffer";
    writers[buffer] = {launch, position};
    return success();
  }
  if (writer == writers.end())
    return launch.emitOpError() << "reads '" << buffer.getSymName() << "', which no launch in front of it writes";
  // A step without MTP runs the main launches alone, and no step those of drafts, nor a draft those of steps. What
  // samples is in neither.
  llvm::StringRef group = launch.getGroup(), made = writer->second.launch.getGroup();
  bool isMain = group == "main" || group == "sample";
  if ((isMain && made != "main") || (made != "main" && made != "mtp"))
    return launch.emitOpError() << "of group " << group << " reads '" << buffer.getSymName() << "', which launch "
                                << writer->second.index << " of group " << made << " writes";
  return success();
}

LogicalResult PlanChecker::checkPoolUse(plan::LaunchOp launch, plan::BindingAttr binding) {
  auto pool = index.lookup<plan::PoolOp>(binding.getSymbol());
  // What main launches see must not depend on whether MTP launches ran, in this step or an earlier one.
  bool write = binding.getAccess() == plan::Access::Out;
  bool same = (pool.getGroup() == "main") == (launch.getGroup() == "main");
  if (!same && (write || launch.getGroup() == "main"))
    return launch.emitOpError() << "of group " << launch.getGroup() << (write ? " writes '" : " reads '")
                                << pool.getSymName() << "', a pool of group " << pool.getGroup();
  return success();
}

//===----------------------------------------------------------------------===//
// Probes and logits
//===----------------------------------------------------------------------===//

LogicalResult PlanChecker::checkProbes() {
  llvm::StringSet<> names;
  for (plan::ProbeOp probe : index.probes) {
    if (!names.insert(probe.getName()).second)
      return probe.emitOpError() << "'" << probe.getName() << "' appears twice, expected names of their own";
    auto buffer = index.lookup<plan::BufferOp>(probe.getBufferAttr());
    if (probe.getAfterLaunch() < *buffer.getFirstLaunch() || probe.getAfterLaunch() > *buffer.getLastLaunch())
      return probe.emitOpError() << "'" << probe.getName() << "' copies behind launch " << probe.getAfterLaunch()
                                 << ", but '" << buffer.getSymName() << "' lives from launch "
                                 << *buffer.getFirstLaunch() << " to " << *buffer.getLastLaunch();
  }
  return success();
}

LogicalResult PlanChecker::checkAllLogits() {
  if (failed(checkLogits(program.getLogitsAttr(), "logits", "main")))
    return failure();
  FlatSymbolRefAttr mtp = program.getMtpLogitsAttr();
  if (static_cast<bool>(mtp) != cast<ModelAttr>(program.getModel()).getMtp())
    return program.emitOpError() << (mtp ? "has mtp_logits, but the model has no MTP block"
                                         : "has no mtp_logits, but the model has an MTP block");
  return mtp ? checkLogits(mtp, "mtp_logits", "mtp") : success();
}

LogicalResult PlanChecker::checkLogits(FlatSymbolRefAttr symbol, llvm::StringRef field, llvm::StringRef group) {
  auto buffer = index.lookup<plan::BufferOp>(symbol);
  int64_t vocab = cast<ModelAttr>(program.getModel()).getVocab();
  if (buffer.getRowShape() != ArrayRef<int64_t>(vocab))
    return fail(buffer) << "is named by " << field << ", expected rows of shape [" << vocab << "], the vocabulary";
  auto writer = writers.find(buffer);
  if (writer == writers.end() || writer->second.launch.getGroup() != group)
    return fail(buffer) << "is named by " << field << ", but no launch of group " << group << " writes it";
  // Callers read logits when the step is over.
  if (*buffer.getLastLaunch() + 1 != index.launches.size())
    return fail(buffer) << "is named by " << field << " and lives until launch " << *buffer.getLastLaunch()
                        << ", expected the last one, " << index.launches.size() - 1;
  return success();
}

struct VerifyPlan : public impl::VerifyPlanPassBase<VerifyPlan> {
  void runOnOperation() override {
    FailureOr<plan::ProgramOp> program = findProgram(getOperation());
    if (failed(program))
      return signalPassFailure();
    ProgramIndex index(*program);
    if (failed(PlanChecker(getOperation(), index).run()))
      return signalPassFailure();
    markAllAnalysesPreserved();
  }
};

} // namespace
} // namespace v4
