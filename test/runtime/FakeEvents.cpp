//===- FakeEvents.cpp - Events of the driver that is played ---------------===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Of FakeCuda.cpp: an event notes the time at which the stream comes to it, as a rule the
// one at which it is recorded. It is over when a stream was waited for since; until then its time
// is refused as the driver does, and so are handles that are none.
//
//===----------------------------------------------------------------------===//

#include "FakeDriver.h"

#include <chrono>
#include <list>

using namespace v4::test;

namespace {

constexpr int kNotReady = 600;

struct Event {
  int64_t nanoseconds = -1; ///< Of the monotonic clock; -1 = never recorded.
  uint64_t waits = 0;       ///< When it was recorded.
};

std::list<Event> events;

Event *find(const void *handle) {
  for (Event &event : events)
    if (&event == handle)
      return &event;
  return nullptr;
}

bool recordNow(const void *handle) {
  Event *event = find(handle);
  if (!event)
    return false;
  auto now = std::chrono::steady_clock::now().time_since_epoch();
  event->nanoseconds = std::chrono::duration_cast<std::chrono::nanoseconds>(now).count();
  event->waits = fakeWaits;
  return true;
}

} // namespace

extern "C" {

int cuEventCreate(void **event, unsigned flags) {
  Lock lock;
  *event = nullptr;
  if (fails("cuEventCreate") || flags)
    return kFailure;
  *event = &events.emplace_back();
  return 0;
}

int cuEventDestroy_v2(void *handle) {
  Lock lock;
  Event *found = find(handle);
  if (!found)
    return kFailure;
  events.remove_if([&](const Event &event) { return &event == found; });
  return 0;
}

int cuEventRecord(void *handle, void *stream) {
  Lock lock;
  if (fails("cuEventRecord") || !find(handle) || !isFakeStream(stream))
    return kFailure;
  return runOrQueue([=] { return recordNow(handle); }) ? 0 : kFailure;
}

int cuEventElapsedTime(float *milliseconds, void *begin, void *end) {
  Lock lock;
  Event *from = find(begin), *to = find(end);
  if (fails("cuEventElapsedTime") || !from || !to || from->nanoseconds < 0 || to->nanoseconds < 0)
    return kFailure;
  if (from->waits == fakeWaits || to->waits == fakeWaits)
    return kNotReady;
  *milliseconds = static_cast<float>(static_cast<double>(to->nanoseconds - from->nanoseconds) * 1e-6);
  return 0;
}

/// For tests in this process: events that are held.
size_t fakeCudaEvents() { return events.size(); }
}
