//===- UnfinishedWork.h - What a GPU was asked for since the last wait -*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A kernel runs long after it was asked for, and what goes wrong in it is told by whatever
// call comes then: as a rule the one that waits. It is of something that was asked for
// since the last wait which went well; where that is one launch (every launch of a traced
// step is waited for, unless the device times them), of this one. Of one thread at a time.
//
//===----------------------------------------------------------------------===//

#ifndef V4_RUNTIME_DEVICE_UNFINISHEDWORK_H
#define V4_RUNTIME_DEVICE_UNFINISHEDWORK_H

#include "runtime/base/Status.h"

#include <algorithm>
#include <cstdint>
#include <string>

namespace v4 {

class UnfinishedWork {
public:
  /// Launch `number` of the plan; `kernel` outlives this.
  void addLaunch(const std::string &kernel, uint32_t number) { add({&kernel, number}, nullptr); }
  /// Allocates nothing when `name` was expected.
  void addGraph(const std::string &name) { add({}, &name); }
  void expectGraph(const std::string &name) {
    for (Item *item : {&first, &last})
      item->graph.reserve(std::max(item->graph.capacity(), name.size()));
  }

  /// Counts all that was ever added.
  uint64_t mark() const { return added; }
  /// What was added up to `mark` is finished. Work that came meanwhile keeps the rest: too much is named, never too
  /// little.
  void finish(uint64_t mark) {
    if (mark == added)
      finished = added;
  }

  /// "launches[3] of kernel 'a'", "between launches[3] of kernel 'a' and launches[7] of kernel 'b'"; empty without
  /// work.
  std::string describe() const {
    if (finished == added)
      return {};
    return added - finished == 1 ? last.name() : joinText("between ", first.name(), " and ", last.name());
  }

  /// The number of what is no launch of the plan.
  static constexpr uint32_t kNoLaunch = UINT32_MAX;

  static std::string launchName(const std::string &kernel, uint32_t number) {
    return number == kNoLaunch ? "kernel " + kernel : joinText("launches[", number, "] of kernel ", kernel);
  }

private:
  struct Launch {
    const std::string *kernel = nullptr; ///< Null: none, but a graph.
    uint32_t number = 0;
  };
  struct Item {
    Launch launch;
    std::string graph;

    std::string name() const { return launch.kernel ? launchName(*launch.kernel, launch.number) : graph; }
  };

  void add(Launch launch, const std::string *graph) {
    for (Item *item : {&first, &last}) {
      if (item == &first && finished != added)
        continue;
      item->launch = launch;
      if (graph)
        item->graph = *graph;
    }
    ++added;
  }

  Item first, last;
  uint64_t added = 0, finished = 0;
};

} // namespace v4

#endif // V4_RUNTIME_DEVICE_UNFINISHEDWORK_H
