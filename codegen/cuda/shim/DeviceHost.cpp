//===- DeviceHost.cpp - Fibers, barriers and copies -------------*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "codegen/cuda/shim/DeviceHost.h"
#include "codegen/cuda/shim/Place.h"

#include <algorithm>
#include <array>
#include <memory>
#include <random>
#include <stdexcept>
#include <vector>

namespace v4::cuda::shim {
namespace {

constexpr size_t kStackBytes = 128 << 10;

void enter();

struct Fiber {
  Place place;
  std::unique_ptr<char[]> stack{new char[kStackBytes]};
  Product products[2][16]; ///< Of this and of the last round.
  int productCount, productRound;
  int arrived[kMeetings]; ///< Times that it came to a rendezvous.
  bool done;
  int late; ///< Turns that it will miss.
  struct {
    int kind, first, end, mine;
  } meeting; ///< That it waits for: threads `first` to `end` of the cluster have come `mine` times.

  void begin() {
    productCount = productRound = late = 0;
    std::fill(std::begin(arrived), std::end(arrived), 0);
    done = false;
    meeting = {};
    place = {};
    getcontext(&place.context);
    place.context.uc_stack.ss_sp = stack.get();
    place.context.uc_stack.ss_size = kStackBytes;
    place.context.uc_link = nullptr;
    makecontext(&place.context, enter, 0);
  }
};

/// Blocks that run together, one behind the other in the lists.
struct Cluster {
  int threads; ///< Of a block.
  std::vector<Fiber> fibers;
  std::vector<std::array<std::array<uint32_t, 8>, 2>> words; ///< That threads gave to their warp, twice.
  std::vector<std::vector<unsigned char>> shared;            ///< By block.
  std::vector<std::pair<int, std::function<void()>>> copies; ///< With the block that asked.
  Place scheduler;
  const std::function<void()> *body;
  int index = 0, grid = 0;      ///< The first block, and how many there are.
  int running = 0, rank = 0;    ///< The thread, and its block: kernels ask all the time.
  unsigned char *own = nullptr; ///< The shared memory of that.
  bool moved = false;           ///< Whether anything happened since the last round.

  void run(int thread) {
    running = thread;
    rank = thread / threads;
    own = shared[rank].data();
  }
};
Cluster *current;

/// Whether all are there whom it waits for.
bool canRun(const Cluster &c, Fiber &fiber) {
  auto &m = fiber.meeting;
  while (m.first < m.end && c.fibers[m.first].arrived[m.kind] >= m.mine)
    ++m.first;
  return m.first == m.end;
}

/// Nobody may read the shared memory of a block whose threads are done.
void forgetShared(Cluster &c) {
  auto first = c.fibers.begin() + c.rank * c.threads;
  if (std::all_of(first, first + c.threads, [](const Fiber &f) { return f.done; }))
    std::fill(c.shared[c.rank].begin(), c.shared[c.rank].end(), 0xff);
}

void enter() {
  (*current->body)();
  current->fibers[current->running].done = current->moved = true;
  forgetShared(*current);
  go(current->fibers[current->running].place, current->scheduler);
}

/// One turn for each thread that is not done; false when there is none.
bool turn(Cluster &b, std::vector<int> &order, std::mt19937 &random) {
  bool any = false;
  std::shuffle(order.begin(), order.end(), random);
  for (int t : order)
    if (!b.fibers[t].done) {
      any = true;
      // Now and then a thread falls behind: whoever does not wait for it runs on.
      if (b.fibers[t].late == 0 && random() % 4096 == 0)
        b.fibers[t].late = random() % 32;
      if (b.fibers[t].late) {
        --b.fibers[t].late;
        b.moved = true;
        continue;
      }
      if (!canRun(b, b.fibers[t]))
        continue;
      b.run(t);
      go(b.scheduler, b.fibers[t].place);
    }
  return any;
}

bool runCluster(Cluster &b, std::mt19937 &random) {
  std::vector<int> order;
  for (size_t t = 0; t < b.fibers.size(); ++t) {
    order.push_back(t);
    b.fibers[t].begin();
  }
  while (turn(b, order, random)) {
    if (b.copies.empty() && !b.moved)
      return false;
    for (size_t i = 0; i < b.shared.size() && !b.copies.empty(); ++i) {
      std::swap(b.copies[random() % b.copies.size()], b.copies.back());
      auto [rank, copy] = std::move(b.copies.back());
      b.copies.pop_back();
      b.run(rank * b.threads);
      copy();
    }
    b.moved = false;
  }
  return b.copies.empty();
}

} // namespace

bool launch(int grid, int threads, int sharedBytes, unsigned seed, const std::function<void()> &body, int cluster) {
  std::mt19937 random(seed);
  if (grid % cluster != 0)
    return false;
  static std::vector<Fiber> idle; // Stacks cost more than what most kernels do on them.
  Cluster c;
  c.threads = threads;
  c.fibers = std::move(idle);
  c.fibers.resize(threads * cluster);
  c.words.resize(threads * cluster);
  c.body = &body;
  c.grid = grid;
  current = &c;
  bool whole = true;
  for (c.index = 0; c.index < grid && whole; c.index += cluster) {
    c.shared.assign(cluster, std::vector<unsigned char>(1024 + sharedBytes, 0xff)); // NaN in every format
    whole = runCluster(c, random);
  }
  idle = std::move(c.fibers);
  return whole;
}

int thread() { return current->running - current->rank * current->threads; }
int block() { return current->index + current->rank; }
int blocks() { return current->grid; }
unsigned char *shared(unsigned address) {
  if (address >= current->shared[0].size())
    throw std::out_of_range("an address behind the shared memory of a block");
  return current->own + address;
}
unsigned char *sharedOfRank(unsigned address, int rank) { return &current->shared.at(rank).at(address); }
void pause() { go(current->fibers[current->running].place, current->scheduler); }
void later(std::function<void()> copy) {
  current->moved = true;
  current->copies.emplace_back(current->rank, std::move(copy));
}

void rendezvous(int kind, int first, int count) {
  if (count < 0)
    count = kind == kCluster ? int(current->fibers.size()) : current->threads;
  if (kind != kCluster)
    first += current->rank * current->threads;
  Fiber &fiber = current->fibers[current->running];
  fiber.meeting = {kind, first, first + count, ++fiber.arrived[kind]};
  current->moved = true;
  if (!canRun(*current, fiber))
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

void beginProducts() {
  Fiber &f = current->fibers[current->running];
  f.productRound ^= 1;
  f.productCount = 0;
}

Product &nextProduct() {
  Fiber &f = current->fibers[current->running];
  return f.products[f.productRound][f.productCount++];
}

const Product *products(int thread, int &count) {
  // All threads of a group are in one round; who is ahead fills the other half.
  const Fiber &mine = current->fibers[current->running];
  count = mine.productCount;
  return current->fibers[current->rank * current->threads + thread].products[mine.productRound];
}

void tileRow(uint64_t descriptor, int row, int columns, float *values) {
  unsigned begin = ((descriptor & 0x3fff) << 4) + row / 8 * ((descriptor >> 32 & 0x3fff) << 4) + row % 8 * 128;
  for (int chunk = 0; chunk < 2; ++chunk) {
    unsigned address = begin + chunk * 16;
    const unsigned char *at = shared(address ^ (address >> 7 & 7) << 4);
    for (int i = 0; i < columns / 2; ++i)
      *values++ = columns == 32 ? e4m3Value(at[i]) : bf16Value(at[2 * i] | at[2 * i + 1] << 8);
  }
}

void leftRow(const Product &product, int number, int row, float *values) {
  if (!product.inRegisters)
    return tileRow(product.a, row, product.columns, values);
  bool isBf16 = product.columns == 16;
  for (int k = 0; k < product.columns; ++k) {
    int count, lane = row % 8 * 4 + (isBf16 ? k % 8 / 2 : k % 16 / 4);
    const Product &theirs = products(thread() / 32 * 32 + lane, count)[number];
    values[k] = isBf16 ? bf16Value(theirs.registers[row / 8 % 2 + k / 8 * 2] >> k % 2 * 16 & 0xffff)
                       : e4m3Value(theirs.registers[row / 8 % 2 + k / 16 * 2] >> k % 4 * 8);
  }
}

WarpWords::WarpWords(std::initializer_list<uint32_t> mine) {
  int running = current->running;
  // Who waits for this meeting has left the one before the last.
  parity = current->fibers[running].arrived[kWarp] & 1;
  std::copy(mine.begin(), mine.end(), current->words[running][parity].begin());
  first = reinterpret_cast<Slots *>(&current->words[running - thread() % 32]);
  rendezvous(kWarp, thread() / 32 * 32, 32);
}

} // namespace v4::cuda::shim

void v4::cuda::tensorCopy(unsigned to, const TensorMap *map, int column, int row, unsigned barrier) {
  int width = map->boxWords ? map->boxWords * 4 : 128, size = map->boxWords ? 4 : map->elementBytes;
  shim::later([=] {
    for (int r = 0; r < map->boxRows; ++r)
      for (int c = 0; c < width; ++c) {
        unsigned address = to + r * width + c;
        size_t at = size_t(column) * size + c, stride = size_t(map->columns) * size;
        bool inside = row + r < map->rows && at < stride;
        *shim::shared(map->boxWords ? address : address ^ (address >> 7 & 7) << 4) =
            inside ? map->base[size_t(row + r) * stride + at] : 0;
      }
    shim::arrive(barrier, 0, -map->boxRows * width);
  });
}

static void loadMatricesAs(unsigned (&parts)[4], unsigned address, bool transposed) {
  using namespace v4::cuda;
  shim::WarpWords rows({address});
  int lane = threadInBlock() % 32;
  for (int j = 0; j < 4; ++j) {
    uint16_t pair[2];
    for (int i = 0; i < 2; ++i) {
      int row = transposed ? lane % 4 * 2 + i : lane / 4, column = transposed ? lane / 4 : lane % 4 * 2 + i;
      pair[i] = sharedAt<uint16_t>(rows.of(j * 8 + row, 0) + column * 2);
    }
    parts[j] = pair[0] | uint32_t(pair[1]) << 16;
  }
}

void v4::cuda::loadMatrices(unsigned (&parts)[4], unsigned address) { loadMatricesAs(parts, address, false); }
void v4::cuda::loadMatricesTransposed(unsigned (&parts)[4], unsigned address) { loadMatricesAs(parts, address, true); }

void v4::cuda::mmaBf16(float (&sums)[4], const unsigned (&a)[4], unsigned b0, unsigned b1) {
  shim::WarpWords words({a[0], a[1], a[2], a[3], b0, b1});
  int lane = threadInBlock() % 32;
  auto half = [](uint32_t word, int k) { return bf16Value(k % 2 ? word >> 16 : word & 0xffff); };
  for (int i = 0; i < 4; ++i) {
    double sum = sums[i];
    for (int k = 0; k < 16; ++k)
      sum += double(half(words.of(lane / 4 * 4 + k % 8 / 2, i / 2 + k / 8 * 2), k)) *
             half(words.of((lane % 4 * 2 + i % 2) * 4 + k % 8 / 2, 4 + k / 8), k);
    sums[i] = float(sum);
  }
}
