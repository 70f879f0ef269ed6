//===- CudaGraph.cpp - Launches that a GPU's driver has recorded ----------===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A graph is made node by node. The other way, capturing a stream, would forbid sessions of
// other threads to wait for theirs or to allocate meanwhile, and record what they launch.
//
//===----------------------------------------------------------------------===//

#include "runtime/device/CudaDevice.h"

using namespace v4;

/// Nodes of a phase that wait for the same ones; more of them begin a phase of their own. Bounds the edges of a node.
static constexpr size_t kMostTogether = 64;

/// Where a graph is being made.
struct CudaDevice::GraphPhase {
  std::vector<CudaHandle> before, nodes; ///< Of the phase in front, and of this one.
  uint32_t number = 0;

  /// Only phases with nodes count: a step of few rows leaves some empty.
  void enter(uint32_t next) {
    if (!nodes.empty() && (next != number || nodes.size() == kMostTogether)) {
      before.swap(nodes);
      nodes.clear();
    }
    number = next;
  }
};

CudaGraph::~CudaGraph() {
  if (executable)
    device->drop(executable);
}

Status CudaDevice::record(const std::vector<CudaWork> &works, const std::string &name, CudaGraph &out) {
  std::lock_guard<std::mutex> lock(calls);
  if (!failure.empty())
    return Status(StatusCode::Unsupported, failure);
  V4_RETURN_IF_ERROR(check("cuCtxSetCurrent", driver.useContext(context)));
  CudaHandle graph = nullptr;
  V4_RETURN_IF_ERROR(check("cuGraphCreate", driver.createGraph(&graph, 0)));
  Status status;
  GraphPhase phase;
  size_t launches = 0;
  for (const CudaWork &work : works)
    if (status.isOk() && work.launch.workgroups > 0) {
      phase.enter(work.phase);
      status = addNode(graph, work, phase);
      ++launches;
    }
  CudaHandle executable = nullptr;
  if (status.isOk())
    status = check("cuGraphInstantiateWithFlags", driver.instantiateGraph(&executable, graph, 0));
  driver.destroyGraph(graph); // what runs is a copy
  // Takes the memory that it runs in now, where there is another way to make the launches, not when it runs.
  if (status.isOk())
    status = check("cuGraphUpload", driver.uploadGraph(executable, stream));
  if (!status.isOk()) {
    if (executable)
      driver.destroyExecutable(executable);
    return status;
  }
  out.device = this;
  out.executable = executable;
  out.launches = launches;
  out.name = joinText(name, ", recorded as ", launches, " launches");
  unfinished.expectGraph(out.name);
  return Status();
}

/// Waits for all nodes of the phase in front, which wait for all those in front of them.
Status CudaDevice::addNode(CudaHandle graph, const CudaWork &work, GraphPhase &phase) {
  const Function &function = functionOf(work.kernel, work.launch);
  uint8_t *memory = arguments[0].bytes;
  const char *call = "cuTensorMapEncodeTiled";
  CudaResult result = function.call.write(driver, work.launch, memory);
  if (!result) {
    size_t bytes = function.call.bytes();
    void *packed[] = {kCudaArgumentBuffer, memory, kCudaArgumentBytes, &bytes, kCudaArgumentEnd};
    CudaNode node;
    node.function = function.handle;
    node.grid[0] = function.call.blocks(work.launch.workgroups);
    node.block[0] = function.threads;
    node.sharedBytes = function.sharedBytes;
    node.extra = packed; // copied
    call = "cuGraphAddKernelNode";
    result = driver.addKernelNode(&phase.nodes.emplace_back(), graph, phase.before.data(), phase.before.size(), &node);
  }
  if (!result)
    return Status();
  return unsupported(planName, ": ", nameOf(function, work.number), ": the CUDA driver fails at ",
                     driver.describe(call, result));
}

void CudaDevice::replay(const CudaGraph &graph) {
  std::lock_guard<std::mutex> lock(calls);
  if (!failure.empty())
    return;
  if (CudaResult result = driver.launchGraph(graph.executable, stream))
    return keep("cuGraphLaunch", result, graph.name);
  unfinished.addGraph(graph.name);
}

void CudaDevice::drop(CudaHandle executable) {
  std::lock_guard<std::mutex> lock(calls);
  driver.useContext(context);
  driver.destroyExecutable(executable);
}
