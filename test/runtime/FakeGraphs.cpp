//===- FakeGraphs.cpp - Graphs of the driver that is played ---------------===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Of FakeCuda.cpp. A graph is copied when it is instantiated, arguments when a node is
// made. Of nodes that wait for no other the youngest runs first: an order that nobody asked
// for is not kept. Handles that are none, or no longer, are refused.
//
//===----------------------------------------------------------------------===//

#include "FakeDriver.h"
#include "runtime/device/CudaDriver.h"

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <list>
#include <set>
#include <vector>

using namespace v4::test;

namespace {

struct Node {
  FakeFunction *function;
  unsigned blocks, threads, sharedBytes;
  std::vector<uint64_t> arguments;
  size_t bytes;
  std::vector<size_t> before; ///< Indices of nodes.
  void *handle;
};
using Graph = std::vector<Node>;

/// One type for both sides of a call. In the driver's CUDA_KERNEL_NODE_PARAMS_v2 things lie here:
using NodeParameters = v4::CudaNode;
static_assert(offsetof(NodeParameters, grid) == 8 && offsetof(NodeParameters, block) == 20);
static_assert(offsetof(NodeParameters, sharedBytes) == 32 && offsetof(NodeParameters, parameters) == 40);
static_assert(offsetof(NodeParameters, extra) == 48 && offsetof(NodeParameters, kernel) == 56);
static_assert(offsetof(NodeParameters, context) == 64 && sizeof(NodeParameters) == 72);

std::list<Graph> graphs, executables;
size_t mostReady = 0;
std::set<const Graph *> uploaded; ///< Of the executables.

Graph *find(std::list<Graph> &all, const void *handle) {
  for (Graph &graph : all)
    if (&graph == handle)
      return &graph;
  return nullptr;
}

int destroy(std::list<Graph> &all, const void *handle) {
  Graph *found = find(all, handle);
  if (!found)
    return kFailure;
  all.remove_if([&](const Graph &graph) { return &graph == found; });
  return 0;
}

/// Fills `before`; false when one of the handles is no node of the graph.
bool findNodes(const Graph &graph, void *const *handles, size_t count, std::vector<size_t> &before) {
  for (size_t i = 0; i < count; ++i) {
    auto at = std::find_if(graph.begin(), graph.end(), [&](const Node &node) { return node.handle == handles[i]; });
    if (at == graph.end())
      return false;
    before.push_back(static_cast<size_t>(at - graph.begin()));
  }
  return true;
}

/// Keys 1 and 2 are the arguments and where the number of their bytes is; 0 is the end.
bool isList(void *const *extra) {
  return extra && extra[0] == reinterpret_cast<void *>(1) && extra[1] && extra[2] == reinterpret_cast<void *>(2) &&
         extra[3] && !extra[4];
}

bool run(const Graph &graph) {
  std::vector<bool> done(graph.size());
  auto isReady = [&](const Node &node) {
    return std::all_of(node.before.begin(), node.before.end(), [&](size_t i) { return done[i]; });
  };
  mostReady = 0;
  for (size_t ran = 0; ran < graph.size(); ++ran) {
    size_t ready = 0;
    for (size_t i = 0; i < graph.size(); ++i)
      ready += !done[i] && isReady(graph[i]);
    mostReady = std::max(mostReady, ready);
    size_t next = graph.size() - 1;
    while (done[next] || !isReady(graph[next]))
      --next;
    const Node &node = graph[next];
    done[next] = true;
    if (!runFake(*node.function, {reinterpret_cast<const uint8_t *>(node.arguments.data()), node.bytes, node.blocks,
                                  node.threads, node.sharedBytes}))
      return false;
  }
  return true;
}

} // namespace

extern "C" {

int cuGraphCreate(void **graph, unsigned flags) {
  Lock lock;
  if (fails("cuGraphCreate") || flags)
    return kFailure;
  *graph = &graphs.emplace_back();
  return 0;
}

int cuGraphDestroy(void *graph) {
  Lock lock;
  return destroy(graphs, graph);
}

int cuGraphAddKernelNode_v2(void **handle, void *graph, void *const *before, size_t count,
                            const NodeParameters *parameters) {
  Lock lock;
  Graph *to = find(graphs, graph);
  Node node{};
  bool sound = to && findNodes(*to, before, count, node.before) && parameters->function && !parameters->parameters;
  sound = sound && isList(parameters->extra) && parameters->grid[1] == 1 && parameters->grid[2] == 1;
  if (fails("cuGraphAddKernelNode_v2") || !sound || parameters->block[1] != 1 || parameters->block[2] != 1)
    return kFailure;
  node.function = static_cast<FakeFunction *>(parameters->function);
  node.blocks = parameters->grid[0], node.threads = parameters->block[0], node.sharedBytes = parameters->sharedBytes;
  node.bytes = *static_cast<const size_t *>(parameters->extra[3]);
  node.arguments.resize((node.bytes + 7) / 8);
  std::memcpy(node.arguments.data(), parameters->extra[1], node.bytes);
  static uint64_t made = 0;
  *handle = node.handle = reinterpret_cast<void *>(++made);
  to->push_back(std::move(node));
  return 0;
}

int cuGraphInstantiateWithFlags(void **executable, void *graph, unsigned long long flags) {
  Lock lock;
  Graph *from = find(graphs, graph);
  if (fails("cuGraphInstantiateWithFlags") || !from || flags)
    return kFailure;
  *executable = &executables.emplace_back(*from);
  return 0;
}

int cuGraphUpload(void *executable, void *stream) {
  Lock lock;
  Graph *graph = find(executables, executable);
  if (fails("cuGraphUpload") || !graph || !isFakeStream(stream))
    return kFailure;
  uploaded.insert(graph);
  return 0;
}

/// What was not uploaded would need memory now.
int cuGraphLaunch(void *executable, void *stream) {
  Lock lock;
  Graph *graph = find(executables, executable);
  if (fails("cuGraphLaunch") || !uploaded.count(graph) || !isFakeStream(stream))
    return kFailure;
  return runOrQueue([=] { return run(*graph); }) ? 0 : kFailure;
}

int cuGraphExecDestroy(void *executable) {
  Lock lock;
  uploaded.erase(static_cast<const Graph *>(executable));
  return destroy(executables, executable);
}

/// For tests in this process: nodes of the last graph that could run side by side, and graphs of both kinds that are
/// held.
size_t fakeCudaWidth() { return mostReady; }
size_t fakeCudaGraphs() { return graphs.size() + executables.size(); }
}
