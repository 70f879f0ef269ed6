//===- FakeKernels.cpp - Kernels of a made-up model -----------------------===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Shaped like real ones (state, pages, ragged rows, an MTP part), computed in
// integers so that a test can predict every bit. Compiled into the tests and, as
// the code section of FakePlan, into a shared object.
//
//   hash(p)     = hash(p - 1) * 31 + token(p) * weight + 7      in the state block
//   row(c)      = hash(4c + 3)                                  in the page pool
//   logits(p,v) = mix of hash(p), sum of row(c) for 4c + 3 <= p, and v
//
//===----------------------------------------------------------------------===//

#include "runtime/plan/KernelAbi.h"

#define V4_KERNEL extern "C" __attribute__((visibility("default"))) void

template <typename T>
static T *bound(const v4_kernel_args *args, int index) {
  return static_cast<T *>(args->bindings[index]);
}

/// One workgroup per slot: token_ids, slot_rows, state_offsets, weight, state (out), hash (out), streams (out).
V4_KERNEL fake_scan(const v4_kernel_args *args, int64_t begin, int64_t end) {
  const int32_t *tokens = bound<int32_t>(args, 0);
  const int32_t *slotRows = bound<int32_t>(args, 1);
  const int64_t *stateOffsets = bound<int64_t>(args, 2);
  uint32_t weight = *bound<uint32_t>(args, 3);
  for (int64_t slot = begin; slot < end; ++slot) {
    uint32_t *state = reinterpret_cast<uint32_t *>(bound<char>(args, 4) + stateOffsets[slot]);
    for (int32_t row = slotRows[slot]; row < slotRows[slot + 1]; ++row) {
      *state = *state * 31 + static_cast<uint32_t>(tokens[row]) * weight + 7;
      bound<uint32_t>(args, 5)[row] = *state;
      bound<uint16_t>(args, 6)[2 * row] = static_cast<uint16_t>(0x3F80 + tokens[row]);
      bound<uint16_t>(args, 6)[2 * row + 1] = 0;
    }
  }
}

/// One workgroup per finished chunk: chunks4_slots, chunks4_indices, slot_rows, slot_starts, page_offsets, counts,
/// hash, page pool (out).
V4_KERNEL fake_append(const v4_kernel_args *args, int64_t begin, int64_t end) {
  for (int64_t i = begin; i < end; ++i) {
    int32_t slot = bound<int32_t>(args, 0)[i];
    int32_t chunk = bound<int32_t>(args, 1)[i];
    int32_t row = bound<int32_t>(args, 2)[slot] + 4 * chunk + 3 - bound<int32_t>(args, 3)[slot];
    int64_t pages = bound<int64_t>(args, 5)[v4::plan::kCountPages];
    int64_t offset = bound<int64_t>(args, 4)[slot * pages + chunk / 32];
    reinterpret_cast<uint32_t *>(bound<char>(args, 7) + offset)[chunk % 32] = bound<uint32_t>(args, 6)[row];
  }
}

/// Two tiles of 16 vocabulary entries per row: logits_rows, token_slots, positions, page_offsets, counts, hash, page
/// pool, logits (out).
V4_KERNEL fake_logits(const v4_kernel_args *args, int64_t begin, int64_t end) {
  int64_t pages = bound<int64_t>(args, 4)[v4::plan::kCountPages];
  for (int64_t group = begin; group < end; ++group) {
    int32_t row = bound<int32_t>(args, 0)[group / 2];
    int32_t slot = bound<int32_t>(args, 1)[row];
    uint32_t sum = 0;
    for (int32_t chunk = 0; chunk < (bound<int32_t>(args, 2)[row] + 1) / 4; ++chunk) {
      int64_t offset = bound<int64_t>(args, 3)[slot * pages + chunk / 32];
      sum += reinterpret_cast<uint32_t *>(bound<char>(args, 6) + offset)[chunk % 32];
    }
    for (uint32_t v = static_cast<uint32_t>(group % 2) * 16, e = v + 16; v < e; ++v) {
      uint32_t mixed = bound<uint32_t>(args, 5)[row] * 2654435761u + sum * (v + 1) + v * 40503u;
      bound<float>(args, 7)[(group / 2) * 32 + v] = static_cast<float>(mixed >> 12) / 1024;
    }
  }
}

/// One workgroup per row: logits_rows, hash, mtp logits (out).
V4_KERNEL fake_mtp(const v4_kernel_args *args, int64_t begin, int64_t end) {
  for (int64_t i = begin; i < end; ++i)
    for (uint32_t v = 0; v < 32; ++v)
      bound<float>(args, 2)[i * 32 + v] =
          static_cast<float>(bound<uint32_t>(args, 1)[bound<int32_t>(args, 0)[i]] >> 8) - static_cast<float>(v);
}
