//===- RunGraphs.h - Steps that a GPU has recorded --------------*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The launches of a run (a step, or a draft) differ from those of another run of the same
// session by the counts of the step block alone: what they bind lies at addresses that
// never change, and all else that a step brings is memory which kernels read. So runs of
// one shape are the same launches with the same arguments, and a graph of them serves all.
//
// A shape is recorded when it comes a second time. Those that came once are kept apart: most
// prompts have a shape of their own, and may not push out those that decoding comes back
// to. Of either kind the one asked for longest ago makes room. Of one thread at a time, as
// its session.
//
//===----------------------------------------------------------------------===//

#ifndef V4_RUNTIME_EXEC_RUNGRAPHS_H
#define V4_RUNTIME_EXEC_RUNGRAPHS_H

#include "runtime/device/CudaGraph.h"
#include "runtime/plan/KernelAbi.h"

#include <array>

namespace v4 {

/// Everything that the launches of a run depend on, beside the session.
struct RunShape {
  bool isDraft = false;
  std::array<int64_t, plan::kCountEntries> counts{};

  bool operator==(const RunShape &other) const { return isDraft == other.isDraft && counts == other.counts; }
};

/// What became of the runs of a session on a GPU.
struct RunCounts {
  uint64_t runs = 0;
  uint64_t replayed = 0; ///< Of them as a graph.
  uint64_t recorded = 0; ///< Graphs made.
  uint64_t launches = 0; ///< Of kernels, replayed or not.
};

class RunGraphs {
public:
  /// Shapes that came more than once, each with a graph or about to get one.
  static constexpr size_t kMostShapes = 32;
  /// Shapes that came once.
  static constexpr size_t kMostNew = 16;

  /// Where the graph of `shape` is, or is to be recorded; null when the shape is new.
  CudaGraph *find(const RunShape &shape);
  /// Forgets all graphs, and finds none from now on.
  void turnOff();
  bool isOn() const { return on; }

  RunCounts counts;

private:
  struct Shape {
    RunShape shape;
    uint64_t lastUse = 0; ///< 0: there is none.
  };
  struct Entry : Shape {
    CudaGraph graph;
  };

  std::array<Entry, kMostShapes> entries;
  std::array<Shape, kMostNew> cameOnce;
  uint64_t uses = 0;
  bool on = true;
};

} // namespace v4

#endif // V4_RUNTIME_EXEC_RUNGRAPHS_H
