//===- PlanProgram.cpp - Verifier of the whole program ----------*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Each check carries the label of its constraint in PlanOps.td.
//
//===----------------------------------------------------------------------===//

#include "dialects/plan/PlanDialect.h"

#include "dialects/kernel/KernelDialect.h"
#include "dialects/v4/V4Dialect.h"

using namespace mlir;
using namespace v4::plan;

namespace {
LogicalResult checkAttributes(ProgramOp program) {
  if (!isa<v4::kernel::TargetAttr>(program.getTarget()))
    return program.emitOpError() << "target is " << program.getTarget() << ", expected a #kernel.target";
  if (!isa<v4::ModelAttr>(program.getModel()))
    return program.emitOpError() << "model is " << program.getModel() << ", expected a #v4.model";
  if (!isa<v4::EnvelopeAttr>(program.getEnvelope()))
    return program.emitOpError() << "envelope is " << program.getEnvelope() << ", expected a #v4.envelope";
  for (NamedAttribute option : program.getOptions())
    if (!isa<StringAttr>(option.getValue()))
      return program.emitOpError() << "option '" << option.getName().strref() << "' is " << option.getValue()
                                   << ", expected a string";
  return success();
}
} // namespace

LogicalResult ProgramOp::verify() {
  // program_c1
  if (failed(checkAttributes(*this)))
    return failure();
  // program_c6
  if (std::optional<ArrayAttr> parts = getParts())
    for (Attribute part : *parts)
      if (!isa<PartAttr>(part))
        return emitOpError() << "parts has the entry " << part << ", expected a #plan.part";
  // program_c4
  int64_t slots = getSlots().value_or(0), pageBytes = getPageBytes().value_or(0),
          stateBytes = getStateBytes().value_or(0);
  if (slots < 0)
    return emitOpError() << "slots = " << slots << ", expected at least 0";
  if (pageBytes < 0 || pageBytes % 64 != 0)
    return emitOpError() << "page_bytes = " << pageBytes << ", expected a multiple of 64, at least 0";
  if (stateBytes < 0 || stateBytes % 64 != 0)
    return emitOpError() << "state_bytes = " << stateBytes << ", expected a multiple of 64, at least 0";
  return success();
}

namespace {
LogicalResult checkLogits(ProgramOp program, StringRef name, FlatSymbolRefAttr symbol) {
  auto buffer = dyn_cast_or_null<BufferOp>(SymbolTable::lookupSymbolIn(program, symbol));
  if (!buffer)
    return program.emitOpError() << name << " is " << symbol << ", expected the name of a plan.buffer";
  if (!buffer.getElement().isF32() || buffer.getRows() != static_cast<uint64_t>(v4::RowSpace::Logits))
    return program.emitOpError() << name << " is " << symbol << ", a buffer of " << buffer.getElement() << " with rows "
                                 << buffer.getRows() << ", expected f32 with rows 5, logits";
  return success();
}

LogicalResult checkBuffer(ProgramOp program, BufferOp buffer, int64_t launches) {
  int64_t slot = buffer.getSlot().value_or(-1), last = buffer.getLastLaunch().value_or(-1);
  if (program.getSlots() && slot >= static_cast<int64_t>(*program.getSlots()))
    return buffer.emitOpError() << "slot = " << slot << ", expected less than " << *program.getSlots()
                                << ", the slots of the program";
  if (last >= launches)
    return buffer.emitOpError() << "last_launch = " << last << ", expected less than " << launches
                                << ", the launches of the program";
  return success();
}

LogicalResult checkProbe(ProbeOp probe, int64_t launches) {
  int64_t after = probe.getAfterLaunch();
  if (after >= 0 && after < launches)
    return success();
  return probe.emitOpError() << "after_launch = " << after << ", expected 0 to " << launches - 1
                             << ", the launches of the program";
}

LogicalResult checkBlock(ProgramOp program, KernelOp kernel) {
  StringRef target = cast<v4::kernel::TargetAttr>(program.getTarget()).getName();
  bool isGpu = target.starts_with("cuda:");
  if (kernel.getBlock().has_value() == (isGpu && kernel.getStackBytes()))
    return success();
  return kernel.emitOpError() << (kernel.getBlock() ? "has a block" : "has no block") << ", expected "
                              << (!isGpu              ? "none"
                                  : kernel.getBlock() ? "stack_bytes beside it"
                                                      : "one beside its stack_bytes")
                              << " for target '" << target << "'";
}
} // namespace

LogicalResult ProgramOp::verifyRegions() {
  Block &body = getBody().front();
  // program_c2
  for (Operation &child : body)
    if (!isa_and_nonnull<PlanDialect>(child.getDialect()))
      return emitOpError() << "contains '" << child.getName() << "', expected ops of plan only";
  // program_c3
  if (failed(checkLogits(*this, "logits", getLogitsAttr())))
    return failure();
  if (getMtpLogits() && failed(checkLogits(*this, "mtp_logits", getMtpLogitsAttr())))
    return failure();
  // program_c5
  auto launchOps = body.getOps<LaunchOp>();
  int64_t launches = std::distance(launchOps.begin(), launchOps.end());
  for (BufferOp buffer : body.getOps<BufferOp>())
    if (failed(checkBuffer(*this, buffer, launches)))
      return failure();
  for (ProbeOp probe : body.getOps<ProbeOp>())
    if (failed(checkProbe(probe, launches)))
      return failure();
  // program_c7
  for (KernelOp kernel : body.getOps<KernelOp>())
    if (failed(checkBlock(*this, kernel)))
      return failure();
  return success();
}
