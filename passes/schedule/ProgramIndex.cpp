//===- ProgramIndex.cpp - Ops of a plan.program by kind and name -*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "passes/schedule/ProgramIndex.h"

#include "dialects/kernel/KernelDialect.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;

namespace v4 {

ProgramIndex::ProgramIndex(plan::ProgramOp program) : program(program), symbols(program) {
  for (Operation &op : program.getBody().front())
    llvm::TypeSwitch<Operation *>(&op)
        .Case([&](plan::BufferOp buffer) { buffers.push_back(buffer); })
        .Case([&](plan::WeightOp weight) { weights.push_back(weight); })
        .Case([&](plan::PoolOp pool) { pools.push_back(pool); })
        .Case([&](plan::KernelOp kernel) { kernels.push_back(kernel); })
        .Case([&](plan::LaunchOp launch) { launches.push_back(launch); })
        .Case([&](plan::ProbeOp probe) { probes.push_back(probe); });
}

FailureOr<plan::ProgramOp> findProgram(ModuleOp module) {
  auto programs = llvm::to_vector(module.getOps<plan::ProgramOp>());
  if (programs.size() != 1)
    return module.emitOpError() << "has " << programs.size()
                                << " plan.program ops, expected one; run --v4-build-program first";
  return programs[0];
}

bool takesHopperKernels(const ProgramIndex &index, StringRef pass, StringRef otherwise) {
  plan::ProgramOp program = index.program;
  auto target = dyn_cast<kernel::TargetAttr>(program.getTarget());
  bool isHopper = target && target.getCpu() == "sm_90a";
  if (isHopper && !index.launches.empty())
    return true;
  program.emitRemark() << pass << (isHopper ? ": the program has no launch; " : ": its kernels are made for sm_90a; ")
                       << otherwise;
  return false;
}

} // namespace v4
