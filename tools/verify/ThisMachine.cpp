//===- ThisMachine.cpp - Can it run here? ---------------------------------===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/base/AvailableMemory.h"
#include "runtime/base/ThreadPool.h"
#include "runtime/device/CpuFeatures.h"
#include "runtime/device/CudaDevice.h"
#include "runtime/plan/PlanTarget.h"
#include "tools/verify/Checks.h"

#include <algorithm>
#include <unistd.h>

using namespace v4;
using namespace v4::plan;
using namespace v4::verify;

namespace {

/// Of a plan for a GPU, that one's.
Status readAvailable(const Plan &plan, uint64_t &out) {
  out = availableMemory();
  return isForGpu(plan.program()) ? CudaDevice::readFreeBytes(plan.name(), *plan.program().target(), out) : Status();
}

void checkFeatures(const Plan &plan, Check &check) {
  if (isForGpu(plan.program())) {
    check.add(CudaDevice::checkGpu(plan.name(), *plan.program().target()));
    return;
  }
  std::string features;
  Status status = readCpuFeatures(features);
  check.add(status.isOk() ? checkCpuFeatures(plan.name(), *plan.program().target(), features) : std::move(status));
}

/// Weights count too: what does not fit is read from the disk again for every token.
void checkMemory(const Plan &plan, const Limits &limits, unsigned threads, Check &check) {
  const fb::Program &program = plan.program();
  Limits held = heldLimits(program, limits);
  uint64_t files = plan.weightsBytes() + plan.tablesBytes() + plan.code().size;
  uint64_t arena = arenaOf(program, held).bytes + stepBytes(held);
  uint64_t cache = cacheBytes(program, held.context, held.sequences).value_or(kMaxBytes);
  uint64_t stacks = isForGpu(program) ? 0 : threads * stackBytes(program);
  uint64_t total = files + arena + cache + stacks, available = 0;
  if (Status status = readAvailable(plan, available); !status.isOk()) {
    if (check.holds()) // else of the same GPU, told already
      check.add(status);
    return;
  }
  if (total > available)
    check.add(unsupported(plan.name(), ": a session of context ", limits.context, ", sequences ", limits.sequences,
                          " and tokens ", limits.tokens, " takes ", total, " bytes (weights, tables and code ", files,
                          ", arena ", arena, ", cache ", cache, ", stacks ", stacks, "), ",
                          isForGpu(program) ? "its GPU" : "this machine", " has ", available,
                          " available; ask for less with --here=context:N,sequences:N,tokens:N"));
}

/// Whether weights are where the runtime looks for them.
void checkWeightsThere(const Plan &plan, Check &check) {
  if (plan.hasNoWeights())
    check.add(unsupported(plan.name(),
                          ": was compiled with --weights=none and cannot run; compile it from a checkpoint "
                          "with --weights=embed or external"));
  bool attached = !plan.hasExternalWeights();
  for (uint32_t i = 0; i < plan.program().weights()->size(); ++i)
    attached |= !plan.program().weights()->Get(i)->in_tables() && plan.weight(i);
  std::string path = weightsPathOf(plan.name());
  if (!attached && access(path.c_str(), R_OK) != 0)
    check.add(unsupported(plan.name(), ": its weights are no file that can be read at ", path,
                          ", expected them beside the plan; put them there, or run with --weights=FILE"));
}

void checkThreads(const Plan &plan, unsigned threads, Check &check) {
  unsigned cpus = availableCpus();
  if (threads > cpus)
    check.add(unsupported(plan.name(), ": --threads=", threads, ", this process may use ", cpus,
                          " CPUs; ask for at most that many"));
  std::unique_ptr<ThreadPool> pool;
  check.add(ThreadPool::create(threads, stackBytes(plan.program()), pool));
}

} // namespace

Check verify::checkHere(const Plan &plan, const Limits &limits, unsigned threads) {
  Check check{"here", {}, StatusCode::Unsupported};
  unsigned count = threads ? threads : std::min(availableCpus(), ThreadPool::kMaxThreads);
  checkFeatures(plan, check);
  checkMemory(plan, limits, count, check);
  checkWeightsThere(plan, check);
  checkThreads(plan, count, check);
  return check;
}
