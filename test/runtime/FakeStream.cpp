//===- FakeStream.cpp - What the played driver has not begun yet ----------===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Of FakeCuda.cpp. As long as no function of the host is in the stream, work is done when it
// is asked for. From such a function on it is queued, and done in order when somebody waits,
// or as far as a full queue asks for: a GPU that begins as late as it may. What fails then is
// told by the next wait.
//
//===----------------------------------------------------------------------===//

#include "FakeDriver.h"

#include <condition_variable>
#include <deque>
#include <utility>

using namespace v4::test;

namespace {

struct Item {
  std::function<bool()> work;
  void (*host)(void *) = nullptr; ///< Instead of work.
  void *user = nullptr;
};

std::deque<Item> queued;
bool running = false; ///< A thread does what is queued.
bool failedLate = false;
std::condition_variable_any emptied;

/// In order, until at most `left` are queued.
void finish(size_t left) {
  emptied.wait(fakeMutex, [] { return !running; });
  running = true;
  for (; queued.size() > left; queued.pop_front()) {
    Item &item = queued.front(); // stays where it is when others are added
    if (!item.host) {
      failedLate |= !item.work();
      continue;
    }
    // As a thread of the driver does: whoever is to end the function may call meanwhile.
    int depth = std::exchange(fakeDepth, 0);
    fakeMutex.unlock();
    item.host(item.user);
    fakeMutex.lock();
    fakeDepth = depth;
  }
  running = false;
  emptied.notify_all();
}

void add(Item item) {
  if (size_t most = numberOf("V4_FAKE_CUDA_QUEUE", 1024); queued.size() >= most)
    finish(most - 1);
  queued.push_back(std::move(item));
}

} // namespace

bool v4::test::runOrQueue(std::function<bool()> work) {
  if (queued.empty())
    return work();
  add({std::move(work)});
  return true;
}

bool v4::test::finishQueued() {
  finish(0);
  return !std::exchange(failedLate, false);
}

extern "C" {

int cuLaunchHostFunc(void *stream, void (*function)(void *), void *user) {
  Lock lock;
  if (fails("cuLaunchHostFunc") || !isFakeStream(stream))
    return kFailure;
  add({nullptr, function, user});
  return 0;
}
}
