//===- FakeDriver.h - What the parts of the played driver share -*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef V4_TEST_RUNTIME_FAKEDRIVER_H
#define V4_TEST_RUNTIME_FAKEDRIVER_H

#include "FakeLanes.h"
#include "FakeTemplates.h"

#include <functional>
#include <mutex>

namespace v4::test {

inline constexpr int kFailure = 999;

struct FakeArguments {
  void *const *bindings;
};
using FakeKernel = void (*)(const FakeArguments *, int64_t, int64_t);

struct FakeFunction {
  std::string name;
  FakeKernel run;
  LaneKernel runThreads; ///< The same spread over lanes.
  FakeTemplate play;
  uint64_t sharedBytes = 48 << 10;
};

extern std::mutex fakeMutex;       ///< Of all that the driver knows.
extern thread_local int fakeDepth; ///< Calls of this thread that run.
extern uint64_t fakeWaits;         ///< For streams, that went well.

/// Held by every call.
class Lock {
public:
  Lock() : lock(fakeMutex) { ++fakeDepth; }
  ~Lock() { --fakeDepth; }

private:
  std::lock_guard<std::mutex> lock;
};

/// Counts a call; true when it is the one that fails. REQUIRES: a Lock, here and below.
bool fails(const char *name);
bool isFakeStream(const void *stream);
uint64_t numberOf(const char *variable, uint64_t usual);

// FakeStream.cpp
/// False when `work`, which waits for nothing, was done and failed.
bool runOrQueue(std::function<bool()> work);
/// Does what is queued, by one thread at a time; false when something of it failed.
bool finishQueued();
/// False when the launch is none that a GPU takes.
bool runFake(FakeFunction &kernel, const FakeLaunch &launch);

} // namespace v4::test

#endif // V4_TEST_RUNTIME_FAKEDRIVER_H
