//===- EmulationTest.cpp - Emulated instructions against the CPU's --------===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Every instruction stands behind one that is undefined, whose handler skips it and
// computes the next: so it is emulated on every machine. Where the CPU knows it too (with
// or without a flag that says so), it then runs as it is, and the registers must agree.
// Where it does not, products of small whole numbers tell, which are exact.
//
//===----------------------------------------------------------------------===//

#include "test/emulation/RunInstruction.h"

#include <gtest/gtest.h>

#include <csetjmp>
#include <csignal>
#include <cstring>
#include <random>

using namespace v4::emulation;

namespace {

constexpr unsigned kUndefinedBytes = 2;

/// zmm1 to zmm3, zmm17 and zmm18; k1; what memory operands read.
struct State {
  Vector registers[5];
  uint64_t mask;
  alignas(64) Vector memory[8];
};

Tiles tiles;
sigjmp_buf noSuchInstruction;

void emulate(int, siginfo_t *, void *context) {
  SignalFrame frame(*static_cast<ucontext_t *>(context));
  frame.skip(kUndefinedBytes);
  if (!runInstruction(frame, tiles))
    siglongjmp(noSuchInstruction, 1);
}

void giveUp(int) { siglongjmp(noSuchInstruction, 1); }

/// False when an instruction is neither emulated nor known to the CPU.
template <typename Run>
bool runs(bool emulated, Run run) {
  struct sigaction action = {};
  if (emulated)
    action.sa_sigaction = emulate;
  else
    action.sa_handler = giveUp;
  action.sa_flags = emulated ? SA_SIGINFO : 0;
  struct sigaction before;
  sigaction(SIGILL, &action, &before);
  bool done = sigsetjmp(noSuchInstruction, 1) == 0;
  if (done)
    run(emulated);
  sigaction(SIGILL, &before, nullptr);
  return done;
}

#define V4_LOAD                                                                                                        \
  "vmovups (%0), %%zmm1\n vmovups 64(%0), %%zmm2\n vmovups 128(%0), %%zmm3\n vmovups 192(%0), %%zmm17\n"               \
  "vmovups 256(%0), %%zmm18\n kmovq 320(%0), %%k1\n"
#define V4_STORE                                                                                                       \
  "vmovups %%zmm1, (%0)\n vmovups %%zmm2, 64(%0)\n vmovups %%zmm3, 128(%0)\n vmovups %%zmm17, 192(%0)\n"               \
  "vmovups %%zmm18, 256(%0)\n"
#define V4_RUN(before, text)                                                                                           \
  asm volatile(V4_LOAD before text "\n" V4_STORE                                                                       \
               :                                                                                                       \
               : "r"(state.registers), "r"(state.memory), "r"(uint64_t(16))                                            \
               : "memory", "xmm1", "xmm2", "xmm3", "k1", "xmm17", "xmm18")

/// A function that runs one instruction on a state. Memory is at %1; %2 is 16.
#define V4_INSTRUCTION(name, text)                                                                                     \
  __attribute__((target("avx512f,avx512bw"), noinline)) void name(State &state, bool emulated) {                       \
    if (emulated)                                                                                                      \
      V4_RUN("ud2\n", text);                                                                                           \
    else                                                                                                               \
      V4_RUN("", text);                                                                                                \
  }

V4_INSTRUCTION(dot, "vdpbf16ps %%zmm3, %%zmm2, %%zmm1")
V4_INSTRUCTION(dotHigh, "vdpbf16ps %%zmm17, %%zmm18, %%zmm17")
V4_INSTRUCTION(dotMasked, "vdpbf16ps 64(%1), %%ymm17, %%ymm1 %{%%k1%}%{z%}")
V4_INSTRUCTION(dotMerged, "vdpbf16ps 128(%1,%2,4), %%zmm2, %%zmm18 %{%%k1%}")
V4_INSTRUCTION(dotBroadcast, "vdpbf16ps 12(%1)%{1to16%}, %%zmm2, %%zmm18")
V4_INSTRUCTION(dotFar, "vdpbf16ps 260(%1), %%xmm2, %%xmm3")
V4_INSTRUCTION(narrowTwo, "vcvtne2ps2bf16 %%zmm3, %%zmm2, %%zmm1")
V4_INSTRUCTION(narrowTwoMasked, "vcvtne2ps2bf16 32(%1), %%ymm18, %%ymm17 %{%%k1%}")
V4_INSTRUCTION(narrowOne, "vcvtneps2bf16 %%zmm3, %%ymm1")
V4_INSTRUCTION(narrowOneMasked, "vcvtneps2bf16 %%zmm17, %%ymm18 %{%%k1%}%{z%}")
V4_INSTRUCTION(narrowMemory, "vcvtneps2bf16y 64(%1), %%xmm2")

struct Case {
  const char *name;
  void (*run)(State &, bool);
};
const Case kVectors[] = {{"dot", dot},
                         {"dotHigh", dotHigh},
                         {"dotMasked", dotMasked},
                         {"dotMerged", dotMerged},
                         {"dotBroadcast", dotBroadcast},
                         {"dotFar", dotFar},
                         {"narrowTwo", narrowTwo},
                         {"narrowTwoMasked", narrowTwoMasked},
                         {"narrowOne", narrowOne},
                         {"narrowOneMasked", narrowOneMasked},
                         {"narrowMemory", narrowMemory}};

/// Every bit pattern is as likely: numbers of all sizes, subnormals, infinities, NaNs; or small whole numbers.
void fill(State &state, std::mt19937 &random, bool whole) {
  auto vector = [&](Vector &v) {
    for (unsigned i = 0; i < 32; ++i) {
      float value = static_cast<float>(static_cast<int>(random() % 17) - 8);
      v.w[i] = whole ? narrow(value) : static_cast<uint16_t>(random());
    }
  };
  for (Vector &v : state.registers)
    vector(v);
  for (Vector &v : state.memory)
    vector(v);
  state.mask = random() | uint64_t(random()) << 32;
}

/// NaNs of a sum may be those of either operand.
bool agree(const State &left, const State &right) {
  for (unsigned r = 0; r < 5; ++r)
    for (unsigned i = 0; i < 16; ++i) {
      float a = left.registers[r].f[i], b = right.registers[r].f[i];
      if (left.registers[r].d[i] != right.registers[r].d[i] && !(a != a && b != b))
        return false;
    }
  return true;
}

class Emulation : public testing::Test {
  void SetUp() override {
    if (!__builtin_cpu_supports("avx512bw"))
      GTEST_SKIP() << "no AVX-512 here";
  }
};

TEST_F(Emulation, VectorsGiveTheBitsOfTheCpu) {
  std::mt19937 random(1);
  for (const Case &c : kVectors)
    for (int round = 0; round < 500; ++round) {
      State start;
      fill(start, random, round % 4 == 0);
      State emulated = start, native = start;
      ASSERT_TRUE(runs(true, [&](bool e) { c.run(emulated, e); })) << c.name;
      if (!runs(false, [&](bool e) { c.run(native, e); }))
        GTEST_SKIP() << "no AVX512-BF16 here";
      ASSERT_TRUE(agree(emulated, native)) << c.name << ", round " << round;
    }
}

TEST_F(Emulation, DotsOfWholeNumbersAreExact) {
  std::mt19937 random(2);
  State state;
  fill(state, random, true);
  for (unsigned i = 0; i < 16; ++i)
    state.registers[0].f[i] = static_cast<float>(i);
  State start = state;
  ASSERT_TRUE(runs(true, [&](bool e) { dot(state, e); }));
  for (unsigned i = 0; i < 16; ++i) {
    const Vector *from = start.registers;
    float sum =
        widen(from[1].w[2 * i]) * widen(from[2].w[2 * i]) + widen(from[1].w[2 * i + 1]) * widen(from[2].w[2 * i + 1]);
    EXPECT_EQ(state.registers[0].f[i], static_cast<float>(i) + sum) << i;
  }
}

//===----------------------------------------------------------------------===//
// Tiles
//===----------------------------------------------------------------------===//

struct TileState {
  alignas(64) uint8_t configuration[64];
  float sums[16][16];
  uint16_t left[16][40], right[16][32]; ///< Rows of 32 bf16; those of `left` lie further apart.
};

#define V4_TILES(u)                                                                                                    \
  asm volatile(u "ldtilecfg (%0)\n" u "tileloadd (%1,%2,1), %%tmm1\n" u "tileloadd (%3,%4,1), %%tmm2\n" u              \
                 "tileloaddt1 (%5,%2,1), %%tmm6\n" u "tdpbf16ps %%tmm6, %%tmm2, %%tmm1\n" u                            \
                 "tilestored %%tmm1, (%1,%2,1)\n" u "tilezero %%tmm1\n" u "tilerelease"                                \
               :                                                                                                       \
               : "r"(s.configuration), "r"(s.sums), "r"(uint64_t(64)), "r"(s.left), "r"(uint64_t(80)), "r"(s.right)    \
               : "memory")

void multiply(TileState &s, bool emulated) {
  if (emulated)
    V4_TILES("ud2\n");
  else
    V4_TILES("");
}

void fillTiles(TileState &s, std::mt19937 &random, unsigned rows, unsigned pairs, unsigned columns) {
  std::memset(&s, 0, sizeof(s));
  s.configuration[0] = 1;
  unsigned shapes[3][3] = {{1, rows, columns * 4}, {2, rows, pairs * 4}, {6, pairs, columns * 4}};
  for (auto [tile, height, bytes] : shapes) {
    s.configuration[48 + tile] = static_cast<uint8_t>(height);
    s.configuration[16 + 2 * tile] = static_cast<uint8_t>(bytes);
  }
  auto value = [&] { return static_cast<float>(static_cast<int>(random() % 17) - 8); };
  for (auto &row : s.sums)
    for (float &v : row)
      v = value();
  for (auto &row : s.left)
    for (uint16_t &v : row)
      v = narrow(value());
  for (auto &row : s.right)
    for (uint16_t &v : row)
      v = narrow(value());
}

TEST_F(Emulation, TilesMultiplyAndLeaveTheRest) {
  std::mt19937 random(3);
  for (auto [rows, pairs, columns] : {std::array<unsigned, 3>{16, 16, 16}, {1, 16, 16}, {5, 3, 7}, {16, 1, 1}}) {
    TileState state;
    fillTiles(state, random, rows, pairs, columns);
    TileState start = state, native = state;
    ASSERT_TRUE(runs(true, [&](bool e) { multiply(state, e); }));
    for (unsigned r = 0; r < 16; ++r)
      for (unsigned c = 0; c < 16; ++c) {
        float sum = start.sums[r][c];
        for (unsigned k = 0; r < rows && c < columns && k < 2 * pairs; ++k)
          sum += widen(start.left[r][k]) * widen(start.right[k / 2][2 * c + k % 2]);
        ASSERT_EQ(state.sums[r][c], sum) << rows << " x " << pairs << " x " << columns << " at " << r << ", " << c;
      }
    // Where the system gives no tiles the CPU raises it too.
    if (runs(false, [&](bool e) { multiply(native, e); }))
      EXPECT_EQ(std::memcmp(&state, &native, sizeof(state)), 0);
  }
}

TEST_F(Emulation, OtherInstructionsAreNotTaken) {
  EXPECT_FALSE(runs(true, [](bool) { asm volatile("ud2\nud2"); }));
  EXPECT_FALSE(runs(true, [](bool) { asm volatile("ud2\nvfmadd231ps %%zmm1, %%zmm2, %%zmm3" ::: "xmm3"); }));
}

} // namespace
