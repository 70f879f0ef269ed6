//===- FakeLanes.h - Kernels spread over lanes, played ----------*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Of FakeCuda.cpp: blocks whose threads are fibers. Between two points where threads meet
// they run one after the other, in an order that differs each time, and accesses of two of
// them to one byte, of which one writes, must have a barrier between them: of all threads
// of the block or, when both are of one half of a warp, of those. Whoever meets names who
// else does, and all of these must come to the same meeting.
//
//===----------------------------------------------------------------------===//
#ifndef V4_TEST_RUNTIME_FAKELANES_H
#define V4_TEST_RUNTIME_FAKELANES_H

#include <cstdint>
#include <string>

namespace v4::test {

/// What kernels call; test/codegen/cuda/LanesOnHost.cpp knows the order.
struct LaneCalls {
  uint32_t (*thread)();
  uint32_t (*block)();
  void (*barrier)(uint32_t mask); ///< Of lanes of the warp, as all masks.
  void (*blockBarrier)();
  /// As shfl.sync; `segments` is its last operand but for the mask.
  uint32_t (*exchange)(uint32_t mask, uint32_t word, uint32_t other, uint32_t segments, uint32_t isXor);
  void (*access)(uint64_t address, uint32_t bytes, uint32_t writes);
};
extern const LaneCalls kLaneCalls;
inline constexpr const char *kLaneCallsName = "v4_lane_calls";

/// Takes the arguments of a launch, 8 bytes each.
using LaneKernel = void (*)(void *const *arguments);

/// Empty, or what the threads did that they must not.
std::string runLanes(LaneKernel kernel, void *const *arguments, unsigned blocks, unsigned threads);

} // namespace v4::test

#endif // V4_TEST_RUNTIME_FAKELANES_H
