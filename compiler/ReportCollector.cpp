//===- ReportCollector.cpp - Fills a CompileReport --------------*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compiler/ReportCollector.h"

#include "dialects/kernel/KernelDialect.h"
#include "dialects/plan/PlanDialect.h"
#include "dialects/v4/V4Dialect.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/SymbolTable.h"
#include "mlir/Pass/Pass.h"
#include "mlir/Pass/PassInstrumentation.h"

using namespace mlir;
using namespace v4;
using Clock = std::chrono::steady_clock;

static double secondsSince(Clock::time_point begin) { return std::chrono::duration<double>(Clock::now() - begin).count(); }

namespace {

/// Passes and their times; adaptors, which have no flag, are left out.
class PassWatch : public PassInstrumentation {
public:
  explicit PassWatch(ReportCollector &collector) : collector(collector) {}
  void runBeforePass(Pass *, Operation *) override { begins.push_back(Clock::now()); }
  void runAfterPass(Pass *pass, Operation *) override { end(pass); }
  void runAfterPassFailed(Pass *pass, Operation *) override { end(pass); }

private:
  void end(Pass *pass) {
    double seconds = secondsSince(begins.pop_back_val());
    if (!pass->getArgument().empty())
      collector.pass(pass->getArgument(), seconds);
  }
  ReportCollector &collector;
  SmallVector<Clock::time_point> begins;
};

} // namespace

/// A name for people: of the op where it has one, else of the place in the model.
static std::string placeOf(Location location) {
  if (auto name = dyn_cast<NameLoc>(location))
    return name.getName().str();
  if (auto file = dyn_cast<FileLineColLoc>(location))
    return (file.getFilename().getValue() + ":" + Twine(file.getLine())).str();
  return "";
}

void ReportCollector::options(ModuleOp module) {
  auto list = module->getAttrOfType<DictionaryAttr>("v4.options");
  auto text = [&](StringRef name) {
    auto value = list ? list.getAs<StringAttr>(name) : StringAttr();
    return value ? value.getValue() : StringRef();
  };
  if (auto target = module->getAttrOfType<kernel::TargetAttr>("v4.target"))
    report.target = target.getName().str();
  unsigned level = 2;
  (void)text("optimization").getAsInteger(10, level);
  report.optimization = level;
  report.quantize = text("quantize").str();
  SmallVector<StringRef> disabled;
  text("disable-pass").split(disabled, ',', -1, /*KeepEmpty=*/false);
  for (StringRef name : disabled)
    report.disabledPasses.push_back(name.str());
}

void ReportCollector::remark(Diagnostic &diagnostic) {
  std::string text = diagnostic.str();
  auto [pass, rest] = StringRef(text).split(": ");
  if (!pass.starts_with("v4-") || rest.empty())
    return;
  auto [what, reason] = rest.split(": ");
  report.remarks.push_back({pass.str(), placeOf(diagnostic.getLocation()), what.str(), reason.str()});
}

void ReportCollector::beginPhase(StringRef name) {
  report.phases.push_back({name.str(), 0});
  phaseBegin = Clock::now();
}

void ReportCollector::endPhase() { report.phases.back().seconds = secondsSince(phaseBegin); }

void ReportCollector::watch(PassManager &pm) { pm.addInstrumentation(std::make_unique<PassWatch>(*this)); }

void ReportCollector::pass(StringRef flag, double seconds) {
  const std::string &phase = report.phases.back().name;
  // A pass on functions runs once for each.
  if (report.passes.empty() || report.passes.back().flag != flag || report.passes.back().phase != phase)
    report.passes.push_back({phase, flag.str(), 0});
  report.passes.back().seconds += seconds;
}

/// The contract op, or the template, that is the whole of a tuned kernel's body, or "".
static std::string contractOf(func::FuncOp kernel) {
  if (auto run = dyn_cast<kernel::RunTemplateOp>(kernel.getBody().front().front()))
    return run.getName().str();
  for (Operation &op : kernel.getBody().front())
    // Contracts begin with the range of workgroups, as the kernel itself does.
    if (isa<kernel::KernelDialect>(op.getDialect()) && op.getNumResults() == 0 && op.getNumOperands() >= 2 &&
        op.getOperand(0) == kernel.getArgument(0) && op.getOperand(1) == kernel.getArgument(1))
      return op.getName().getStringRef().str();
  return "";
}

void ReportCollector::module(ModuleOp module) {
  for (auto function : module.getOps<func::FuncOp>())
    if (auto op = function->getAttrOfType<StringAttr>("kernel.op");
        op && function->hasAttr("kernel.entry") && report.phases.back().name == "lower")
      report.kernels.push_back({function.getSymName().str(), op.str(), contractOf(function), 0});
  for (auto program : module.getOps<plan::ProgramOp>()) {
    for (auto launch : program.getBody().front().getOps<plan::LaunchOp>())
      for (CompileReport::Kernel &kernel : report.kernels)
        kernel.launches += kernel.symbol == launch.getKernel();
    for (auto weight : program.getBody().front().getOps<plan::WeightOp>())
      if (weight.getLayout() != "row_major") {
        std::string element;
        llvm::raw_string_ostream(element) << weight.getElement();
        report.packedWeights.push_back({weight.getSymName().str(), element, weight.getLayout().str(),
                                        int64_t(weight.getBytes())});
      }
  }
}

void ReportCollector::quantized(ArrayRef<codegen::QuantizedWeight> weights) {
  for (const codegen::QuantizedWeight &weight : weights) {
    codegen::RoundingError all = weight.error();
    auto worst = std::max_element(weight.tensors.begin(), weight.tensors.end(), [](const auto &a, const auto &b) {
      return a.second.relativeRms() < b.second.relativeRms();
    });
    report.quantized.push_back({weight.name, weight.format, int64_t(weight.tensors.size()), worst->first, all.maxAbs,
                                all.relativeRms()});
  }
}
