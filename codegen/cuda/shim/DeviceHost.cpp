//===- DeviceHost.cpp - Fibers, barriers and copies -------------*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "codegen/cuda/shim/DeviceHost.h"

#include <ucontext.h>

#include <algorithm>
#include <memory>
#include <random>
#include <vector>

namespace v4::cuda::shim {
namespace {

constexpr size_t kStackBytes = 128 << 10;

struct Fiber {
  ucontext_t context;
  std::unique_ptr<char[]> stack{new char[kStackBytes]};
  Product products[16];
  int productCount = 0;
  int arrived = 0; ///< Times that it came to a rendezvous.
  bool done = false;
};

struct Block {
  std::vector<Fiber> fibers;
  std::vector<unsigned char> shared;
  std::vector<std::function<void()>> copies;
  ucontext_t scheduler;
  const std::function<void()> *body;
  int running = 0, index = 0, grid = 0;
  bool moved = false; ///< Whether anything happened since the last round.
};
Block *current;

void enter() {
  (*current->body)();
  current->fibers[current->running].done = current->moved = true;
  swapcontext(&current->fibers[current->running].context, &current->scheduler);
}

/// One turn for each thread that is not done; false when there is none.
bool turn(Block &b, std::vector<int> &order, std::mt19937 &random) {
  bool any = false;
  std::shuffle(order.begin(), order.end(), random);
  for (int t : order)
    if (!b.fibers[t].done) {
      any = true;
      b.running = t;
      swapcontext(&b.scheduler, &b.fibers[t].context);
    }
  return any;
}

bool runBlock(Block &b, std::mt19937 &random) {
  std::vector<int> order;
  for (size_t t = 0; t < b.fibers.size(); ++t) {
    Fiber &f = b.fibers[t];
    order.push_back(t);
    getcontext(&f.context);
    f.context.uc_stack.ss_sp = f.stack.get();
    f.context.uc_stack.ss_size = kStackBytes;
    f.context.uc_link = nullptr;
    makecontext(&f.context, enter, 0);
  }
  while (turn(b, order, random)) {
    if (!b.copies.empty()) {
      std::swap(b.copies[random() % b.copies.size()], b.copies.back());
      std::function<void()> copy = std::move(b.copies.back());
      b.copies.pop_back();
      copy();
    } else if (!b.moved)
      return false;
    b.moved = false;
  }
  return b.copies.empty();
}

} // namespace

bool launch(int grid, int threads, int sharedBytes, unsigned seed, const std::function<void()> &body) {
  std::mt19937 random(seed);
  for (int i = 0; i < grid; ++i) {
    Block b;
    b.fibers = std::vector<Fiber>(threads);
    b.shared.assign(1024 + sharedBytes, 0xff); // NaN in every format
    b.body = &body;
    b.index = i;
    b.grid = grid;
    current = &b;
    if (!runBlock(b, random))
      return false;
  }
  return true;
}

int thread() { return current->running; }
int block() { return current->index; }
int blocks() { return current->grid; }
unsigned char *shared(unsigned address) { return &current->shared.at(address); }
void pause() { swapcontext(&current->fibers[current->running].context, &current->scheduler); }
void later(std::function<void()> copy) {
  current->moved = true;
  current->copies.push_back(std::move(copy));
}

void rendezvous(int first, int count) {
  if (count < 0)
    count = current->fibers.size();
  // A thread meets different partners (warp, group, block) in one order, so counts of arrivals tell who is there.
  int mine = ++current->fibers[current->running].arrived;
  current->moved = true;
  for (int t = first; t < first + count; ++t)
    while (current->fibers[t].arrived < mine)
      pause();
}

void arrive(unsigned barrier, int arrivals, int bytes) {
  Mbarrier state;
  std::memcpy(&state, shared(barrier), sizeof state);
  state.pending -= arrivals;
  state.bytes += bytes;
  if (state.pending == 0 && state.bytes == 0) {
    state.pending = state.arrivals;
    state.phase ^= 1;
  }
  std::memcpy(shared(barrier), &state, sizeof state);
  current->moved = true;
}

float e4m3Value(unsigned char code) {
  int exponent = code >> 3 & 15, mantissa = code & 7;
  if ((code & 127) == 127)
    return NAN;
  float value = exponent ? std::ldexp(float(8 + mantissa), exponent - 10) : std::ldexp(float(mantissa), -9);
  return code & 128 ? -value : value;
}

Product *products(int &count) {
  Fiber &f = current->fibers[current->running];
  count = f.productCount;
  return f.products + count;
}
void setProducts(int count) { current->fibers[current->running].productCount = count; }

float tileValue(uint64_t descriptor, int row, int k) {
  static const std::vector<float> values = [] {
    std::vector<float> v;
    for (int code = 0; code < 256; ++code)
      v.push_back(e4m3Value(code));
    return v;
  }();
  unsigned address = ((descriptor & 0x3fff) << 4) + row / 8 * ((descriptor >> 32 & 0x3fff) << 4) + row % 8 * 128 + k;
  return values[*shared(address ^ (address >> 7 & 7) << 4)];
}

} // namespace v4::cuda::shim

void v4::cuda::tensorCopy(unsigned to, const TensorMap *map, int column, int row, unsigned barrier) {
  shim::later([=] {
    for (int r = 0; r < map->boxRows; ++r)
      for (int c = 0; c < 128; ++c) {
        unsigned address = to + r * 128 + c;
        bool inside = row + r < map->rows && column + c < map->columns;
        *shim::shared(address ^ (address >> 7 & 7) << 4) =
            inside ? map->base[size_t(row + r) * map->columns + column + c] : 0;
      }
    shim::arrive(barrier, 0, -map->boxRows * 128);
  });
}
