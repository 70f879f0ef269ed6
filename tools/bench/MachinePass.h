//===- MachinePass.h - What this machine can do at best ---------*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// One pass takes some 30 ms, so that it can run between measured pieces of work:
// the speed of memory changes within minutes. One thread at a time.
//
//===----------------------------------------------------------------------===//

#ifndef V4_TOOLS_BENCH_MACHINEPASS_H
#define V4_TOOLS_BENCH_MACHINEPASS_H

#include "runtime/base/AddressRange.h"
#include "runtime/base/ThreadPool.h"
#include "runtime/plan/PlanLoader.h"

namespace v4::bench {

struct MachineSpeed {
  double bytesPerSecond = 0;
  double dotFlopsPerSecond = 0; ///< bf16 dot products where the plan's target has them, else as below.
  double fmaFlopsPerSecond = 0; ///< f32 multiply-adds.
  double tileFlopsPerSecond = 0; ///< Products of bf16 tiles where the plan's target has them, else 0.
};

/// The mean of two passes around a measured piece.
MachineSpeed meanOf(const MachineSpeed &a, const MachineSpeed &b);

class MachinePass {
public:
  /// Reads the weights of `plan`, as they are mapped, when there are more than any cache holds, else memory of its own.
  static Status create(const plan::Plan &plan, unsigned threads, std::unique_ptr<MachinePass> &out);

  MachineSpeed run();
  /// "avx512_bf16", "avx512" or "avx2": the dot product that `run` measures.
  const char *dotName() const { return dot.name; }
  /// Memory that is in use for the passes alone.
  uint64_t ownBytes() const { return own.size(); }

private:
  /// A loop over registers and its operations a round.
  struct Arithmetic {
    const char *name;
    void (*loop)(int64_t rounds);
    double flopsPerRound;
  };

  MachinePass() = default;
  double readOnce();
  double computeOnce(const Arithmetic &arithmetic);
  static Arithmetic chooseFma(const std::string &target);
  static Arithmetic chooseDot(const std::string &target);
  static Arithmetic chooseTiles(const std::string &target);

  std::unique_ptr<ThreadPool> pool;
  AddressRange own;
  const uint8_t *memory = nullptr;
  uint64_t memoryBytes = 0;
  uint64_t next = 0; ///< Where the next pass begins to read.
  Arithmetic dot = {}, fma = {}, tiles = {};
};

} // namespace v4::bench

#endif // V4_TOOLS_BENCH_MACHINEPASS_H
