//===- Pipeline.cpp - The phases of a compilation ---------------*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compiler/Pipeline.h"

#include "codegen/Target.h"
#include "compiler/ReportCollector.h"
#include "passes/Passes.h"

#include "mlir/Pass/PassManager.h"

using namespace mlir;

namespace v4 {

namespace {
struct PhaseRecord {
  Phase phase;
  const char *name;
};
// The order of Phase.
constexpr PhaseRecord kPhases[] = {{Phase::Import, "import"},     {Phase::Graph, "graph"},     {Phase::Quant, "quant"},
                                   {Phase::Lower, "lower"},       {Phase::Schedule, "schedule"},
                                   {Phase::Codegen, "codegen"},   {Phase::Plan, "plan"}};
} // namespace

std::vector<std::string> phaseNames() {
  std::vector<std::string> names;
  for (const PhaseRecord &record : kPhases)
    names.push_back(record.name);
  return names;
}

llvm::StringRef phaseName(Phase phase) { return kPhases[int(phase)].name; }

std::optional<Phase> findPhase(llvm::StringRef name) {
  for (const PhaseRecord &record : kPhases)
    if (name == record.name)
      return record.phase;
  return std::nullopt;
}

/// What the module says of its options: a phase that continues from IR must do what the first run would have done.
static std::string resolved(ModuleOp module, StringRef name) {
  auto options = module->getAttrOfType<DictionaryAttr>("v4.options");
  auto value = options ? options.getAs<StringAttr>(name) : StringAttr();
  return value ? value.str() : std::string();
}

static bool isForGpu(ModuleOp module) {
  auto target = module->getAttrOfType<kernel::TargetAttr>("v4.target");
  return target && target.getLimits();
}

static void readOptions(ModuleOp module, StageOptions &options) {
  std::string level = resolved(module, "optimization");
  options.tuned = level != "0";
  options.optional = level != "0" && level != "1";
  SmallVector<StringRef> disabled;
  std::string names = resolved(module, "disable-pass");
  StringRef(names).split(disabled, ',', -1, /*KeepEmpty=*/false);
  SmallVector<std::string> list;
  for (StringRef name : disabled)
    list.push_back(name.str());
  options.disabled = list;
  options.quantize = resolved(module, "quantize");
  options.gpu = isForGpu(module);
}

LogicalResult runPhase(Phase phase, ModuleOp module, const CompileOptions &options, ReportCollector *collector) {
  if (phase == Phase::Codegen)
    return compileKernels(module, CompileKernelsOptions{unsigned(options.threads), options.dumpKernelsTo, options.kernelCache});
  PassManager pm(module.getContext());
  if (collector)
    collector->watch(pm);
  StageOptions stage;
  readOptions(module, stage);
  switch (phase) {
  case Phase::Graph:
    buildGraphPipeline(pm, stage);
    break;
  case Phase::Quant:
    buildQuantPipeline(pm, stage);
    break;
  case Phase::Lower:
    buildLowerPipeline(pm, stage);
    break;
  case Phase::Schedule:
    buildSchedulePipeline(pm, stage);
    break;
  default:
    return success();
  }
  return pm.run(module);
}

} // namespace v4
