//===- Engine.cpp - A mapped, checked plan, ready for sessions ------------===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/exec/Engine.h"

#include "runtime/plan/PlanTarget.h"

using namespace v4;

Status Engine::open(const std::string &path, const plan::LoadOptions &options, const Host &host,
                    std::unique_ptr<Engine> &out) {
  std::unique_ptr<Engine> engine(new Engine);
  engine->host = host;
  V4_RETURN_IF_ERROR(plan::loadPlan(path, options, engine->loaded));
  V4_RETURN_IF_ERROR(options.madeUpWeights ? plan::makeUpWeights(engine->loaded)
                                           : plan::attachWeights(options.weights, options, engine->loaded));
  uint32_t count = engine->program().weights()->size();
  engine->weights.reserve(count);
  for (uint32_t i = 0; i < count; ++i)
    engine->weights.push_back(engine->loaded.weight(i));
  host.log("engine: ", path, " is plan ", engine->loaded.planHash().hex());
  out = std::move(engine);
  return Status();
}

Status Engine::loadCode(const SessionOptions &options) {
  std::lock_guard<std::mutex> lock(codeMutex);
  if (device || gpu)
    return Status();
  if (plan::isForGpu(program())) {
    SessionOptions resolved = options;
    V4_RETURN_IF_ERROR(resolveSessionOptions({loaded.name(), &program(), nullptr, nullptr, {}, nullptr}, resolved));
    SessionMemory memory = deviceMemory(program(), resolved);
    std::unique_ptr<CudaDevice> fresh(new CudaDevice);
    V4_RETURN_IF_ERROR(
        fresh->load(loaded, kCudaLibrary, {memory.arenaBytes, memory.pageBytes + memory.stateBytes, memory.stepBytes}));
    gpu = std::move(fresh);
    return Status();
  }
  std::unique_ptr<CpuDevice> fresh(new CpuDevice);
  V4_RETURN_IF_ERROR(fresh->load(loaded));
  device = std::move(fresh);
  return Status();
}

Status Engine::createSession(const SessionOptions &options, std::unique_ptr<Session> &out) {
  if (loaded.hasNoWeights() && !loaded.hasMadeUpWeights())
    return unsupported(loaded.name(), ": was compiled with --weights=none and cannot run; compile it from a checkpoint "
                                      "with --weights=embed or external, or measure its speed with v4-bench "
                                      "--made-up-weights");
  V4_RETURN_IF_ERROR(loadCode(options));
  RunnableProgram runnable{loaded.name(), &program(), weights.data(), nullptr, loaded.planHash(), gpu.get()};
  if (gpu)
    runnable.weights = gpu->weights();
  else
    runnable.kernels = device->kernels();
  return Session::create(runnable, options, host, out);
}
