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
//   h(p)        = h(p - 1) * 31 + token(p) * weight + 7                 state ring
//   m(p)        = h(p) + 3 * sum of h over the last 128 positions       window ring
//   row(c)      = sum of (j + 1) * m(4c - 4 + j), j < 8                 partial ring, page pool
//   logits(p,v) = mix of m(p), sum of row(c) for 4c + 3 <= p, and v
//   s(q)        = m(q) + 13 * token(q + 1)                              streams ring
//   mtp(p,v)    = sum of s over the last 128 positions before p         MTP window ring
//
//===----------------------------------------------------------------------===//

#include "runtime/plan/KernelAbi.h"

#define V4_KERNEL extern "C" __attribute__((visibility("default"))) void

/// Rows of the rings: what is read and three drafts.
static constexpr int32_t kStateRows = 4, kWindowRows = 131, kPartialRows = 10;

template <typename T>
static T *bound(const v4_kernel_args *args, int index) {
  return static_cast<T *>(args->bindings[index]);
}

/// The state pool at binding `index` of the slot, whose state offset is at `offset`.
static uint32_t *ring(const v4_kernel_args *args, int index, int64_t offset) {
  return reinterpret_cast<uint32_t *>(bound<char>(args, index) + offset);
}

/// Sum of the ring rows of positions [begin, end) without those before 0.
static uint32_t sumRows(const uint32_t *rows, int32_t begin, int32_t end) {
  uint32_t sum = 0;
  for (int32_t q = begin < 0 ? 0 : begin; q < end; ++q)
    sum += rows[q % kWindowRows];
  return sum;
}

/// One workgroup per slot: token_ids, slot_rows, state_offsets, positions, weight, state (out), window (out), hash
/// (out), streams (out).
V4_KERNEL fake_scan(const v4_kernel_args *args, int64_t begin, int64_t end) {
  const int32_t *tokens = bound<int32_t>(args, 0);
  const int32_t *slotRows = bound<int32_t>(args, 1);
  uint32_t weight = *bound<uint32_t>(args, 4);
  for (int64_t slot = begin; slot < end; ++slot) {
    uint32_t *state = ring(args, 5, bound<int64_t>(args, 2)[slot]);
    uint32_t *window = ring(args, 6, bound<int64_t>(args, 2)[slot]);
    for (int32_t row = slotRows[slot]; row < slotRows[slot + 1]; ++row) {
      int32_t p = bound<int32_t>(args, 3)[row];
      uint32_t before = p ? state[(p - 1) % kStateRows] : 0;
      uint32_t hash = before * 31 + static_cast<uint32_t>(tokens[row]) * weight + 7;
      state[p % kStateRows] = window[p % kWindowRows] = hash;
      bound<uint32_t>(args, 7)[row] = hash + 3 * sumRows(window, p - 127, p + 1);
      bound<uint16_t>(args, 8)[2 * row] = static_cast<uint16_t>(0x3F80 + tokens[row]);
      bound<uint16_t>(args, 8)[2 * row + 1] = 0;
    }
  }
}

/// One workgroup per finished chunk: chunks4_slots, chunks4_indices, slot_rows, slot_starts, page_offsets, counts,
/// state_offsets, hash, partial, page pool (out).
V4_KERNEL fake_append(const v4_kernel_args *args, int64_t begin, int64_t end) {
  for (int64_t i = begin; i < end; ++i) {
    int32_t slot = bound<int32_t>(args, 0)[i];
    int32_t chunk = bound<int32_t>(args, 1)[i];
    int32_t start = bound<int32_t>(args, 3)[slot], first = bound<int32_t>(args, 2)[slot];
    const uint32_t *partial = ring(args, 8, bound<int64_t>(args, 6)[slot]);
    uint32_t sum = 0;
    for (int32_t j = chunk ? 0 : 4; j < 8; ++j) {
      int32_t p = 4 * chunk - 4 + j;
      uint32_t mixed = p < start ? partial[p % kPartialRows] : bound<uint32_t>(args, 7)[first + p - start];
      sum += static_cast<uint32_t>(j + 1) * mixed;
    }
    int64_t pages = bound<int64_t>(args, 5)[v4::plan::kCountPages];
    int64_t offset = bound<int64_t>(args, 4)[slot * pages + chunk / 32];
    reinterpret_cast<uint32_t *>(bound<char>(args, 9) + offset)[chunk % 32] = sum;
  }
}

/// One workgroup per slot: slot_rows, positions, state_offsets, hash, partial (out).
V4_KERNEL fake_save(const v4_kernel_args *args, int64_t begin, int64_t end) {
  const int32_t *slotRows = bound<int32_t>(args, 0);
  for (int64_t slot = begin; slot < end; ++slot)
    for (int32_t row = slotRows[slot]; row < slotRows[slot + 1]; ++row)
      ring(args, 4, bound<int64_t>(args, 2)[slot])[bound<int32_t>(args, 1)[row] % kPartialRows] =
          bound<uint32_t>(args, 3)[row];
}

/// The same, of variants.
V4_KERNEL fake_save_one(const v4_kernel_args *args, int64_t begin, int64_t end) { fake_save(args, begin, end); }
V4_KERNEL fake_save_two(const v4_kernel_args *args, int64_t begin, int64_t end) { fake_save(args, begin, end); }

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

/// One workgroup per slot: token_ids, slot_rows, state_offsets, positions, hash, streams, MTP window (out), mtp sums
/// (out).
V4_KERNEL fake_mtp_scan(const v4_kernel_args *args, int64_t begin, int64_t end) {
  const int32_t *slotRows = bound<int32_t>(args, 1);
  for (int64_t slot = begin; slot < end; ++slot) {
    const uint32_t *streams = ring(args, 5, bound<int64_t>(args, 2)[slot]);
    uint32_t *window = ring(args, 6, bound<int64_t>(args, 2)[slot]);
    for (int32_t row = slotRows[slot]; row < slotRows[slot + 1]; ++row) {
      int32_t p = bound<int32_t>(args, 3)[row];
      if (p) {
        uint32_t before = row > slotRows[slot] ? bound<uint32_t>(args, 4)[row - 1] : streams[(p - 1) % kStateRows];
        window[(p - 1) % kWindowRows] = before + 13 * static_cast<uint32_t>(bound<int32_t>(args, 0)[row]);
      }
      bound<uint32_t>(args, 7)[row] = sumRows(window, p - 128, p);
    }
  }
}

/// One workgroup per slot: slot_rows, positions, state_offsets, hash or mtp sums, streams (out).
V4_KERNEL fake_mtp_save(const v4_kernel_args *args, int64_t begin, int64_t end) {
  const int32_t *slotRows = bound<int32_t>(args, 0);
  for (int64_t slot = begin; slot < end; ++slot)
    for (int32_t row = slotRows[slot]; row < slotRows[slot + 1]; ++row)
      ring(args, 4, bound<int64_t>(args, 2)[slot])[bound<int32_t>(args, 1)[row] % kStateRows] =
          bound<uint32_t>(args, 3)[row];
}

/// One workgroup per row: logits_rows, mtp sums, mtp logits (out).
V4_KERNEL fake_mtp(const v4_kernel_args *args, int64_t begin, int64_t end) {
  for (int64_t i = begin; i < end; ++i)
    for (uint32_t v = 0; v < 32; ++v)
      bound<float>(args, 2)[i * 32 + v] =
          static_cast<float>(bound<uint32_t>(args, 1)[bound<int32_t>(args, 0)[i]] >> 8) - static_cast<float>(v);
}
