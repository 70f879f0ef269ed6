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

CudaGraph::~CudaGraph() {
  if (executable)
    device->drop(executable);
}

Status CudaDevice::record(const std::vector<CudaWork> &works, const std::string &name, CudaGraph &out) {
  std::lock_guard<std::mutex> lock(calls);
  if (!failure.empty())
    return Status(StatusCode::Unsupported, failure);
  V4_RETURN_IF_ERROR(check("cuCtxSetCurrent", driver.useContext(context)));
  CudaHandle graph = nullptr, last = nullptr;
  V4_RETURN_IF_ERROR(check("cuGraphCreate", driver.createGraph(&graph, 0)));
  Status status;
  size_t launches = 0;
  for (const CudaWork &work : works)
    if (status.isOk() && work.launch.workgroups > 0) {
      status = addNode(graph, work, last);
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

/// In the order of plain launches: a node waits for the one in front.
Status CudaDevice::addNode(CudaHandle graph, const CudaWork &work, CudaHandle &last) {
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
    CudaHandle before = last;
    call = "cuGraphAddKernelNode";
    result = driver.addKernelNode(&last, graph, &before, before ? 1 : 0, &node);
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
