//===- KernelAbi.h - Calling convention of plan kernels ---------*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A kernel is a leaf function over a range of workgroups:
//
//   void k(const v4_kernel_args *args, int64_t begin, int64_t end);
//
// It computes workgroups [begin, end), calls nothing, allocates nothing, knows
// no threads. Every value it reads or writes comes through `args->bindings`, in
// the order of the launch's bindings in the plan: arena buffers, weights, cache
// pools and fields of the step block are all plain pointers.
//
// On a GPU it is a global function of a cubin, and each workgroup is one thread block:
//
//   void k(void *binding0, ..., void *bindingN, int64_t end);
//
// Block b computes workgroup b; blocks from `end` on do nothing. Bindings are device
// addresses. Kernels that are instances of a template get what their Call in plan.fbs says
// instead, and share all work among the blocks of a launch, however many these are.
//
// Ranges of one launch run concurrently and in any order, and so do those of all
// launches of a phase (Launch.barrier in plan.fbs); a phase starts when all
// ranges of the previous one are finished. What a kernel writes is bound by no
// other binding of the phase.
//
//===----------------------------------------------------------------------===//

#ifndef V4_RUNTIME_PLAN_KERNELABI_H
#define V4_RUNTIME_PLAN_KERNELABI_H

#include <cstdint>

extern "C" {

/// What a kernel receives. `bindings[i]` is the address of binding i: 64-byte
/// aligned for buffers and weights, 4-byte aligned in debug placement.
typedef struct v4_kernel_args {
  void *const *bindings;
} v4_kernel_args;

typedef void (*v4_kernel_fn)(const v4_kernel_args *args, int64_t begin, int64_t end);
}

namespace v4::plan {

/// Entries of the step field `counts`, all i64. The leading dimension of a
/// buffer is one of them (RowSpace in plan.fbs names them in this order).
enum StepCount : int64_t {
  kCountOne = 0,       ///< Always 1.
  kCountTokens = 1,    ///< T: rows of the ragged batch.
  kCountSequences = 2, ///< S: sequences with at least one token in this step.
  kCountChunks4 = 3,   ///< Ratio-4 chunks whose last token is in this step.
  kCountChunks128 = 4, ///< Ratio-128 chunks whose last token is in this step.
  kCountLogits = 5,    ///< Rows that want logits.
  kCountPages = 6,     ///< Row stride of `page_offsets`: pages of a full context.
  kCountIndexRows = 7, ///< Row stride of index score buffers: ratio-4 rows of a full context, a multiple of 16.
  kCountEntries = 8,
};

/// The step block: per-step arrays at addresses that never change in a session.
/// A "slot" is the index of a sequence within the step, 0 <= slot < S. The
/// tokens of one slot are consecutive rows, in order of position. Capacities are
/// those of the session: T up to max_tokens, S up to max_sequences.
///
///   field               type     shape              content
///   counts              i64      [8]                StepCount
///   token_ids           i32      [T]                vocabulary ids
///   positions           i32      [T]                absolute position of the row's token, from 0
///   token_slots         i32      [T]                slot of the row's sequence
///   slot_rows           i32      [S + 1]            first row of each slot; entry S is T
///   slot_starts         i32      [S]                position of the slot's first row
///   page_offsets        i64      [S, counts[Pages]] byte offset of page p from the page base
///   state_offsets       i64      [S]                byte offset of the slot's state block from the state base
///   chunks4_slots       i32      [chunks4]          slot of each finished ratio-4 chunk, slots ascending
///   chunks4_indices     i32      [chunks4]          chunk number c (covers positions 4c .. 4c+3)
///   chunks128_slots     i32      [chunks128]        the same for ratio 128
///   chunks128_indices   i32      [chunks128]
///   logits_rows         i32      [logits]           token rows that want logits, ascending
///
/// Buffer rows beyond the counts are never read. A chunk's page is
/// page_offsets[slot][c * ratio / 128], its row in the page's pool slice is
/// c mod (128 / ratio). The row of a position in a ring of a state block is
/// position mod the ring's rows (for the window of the MTP block, that of its slot, one less).
enum class StepField : uint8_t {
  Counts = 0,
  TokenIds = 1,
  Positions = 2,
  TokenSlots = 3,
  SlotRows = 4,
  SlotStarts = 5,
  PageOffsets = 6,
  StateOffsets = 7,
  Chunks4Slots = 8,
  Chunks4Indices = 9,
  Chunks128Slots = 10,
  Chunks128Indices = 11,
  LogitsRows = 12,
};
inline constexpr uint8_t kStepFieldCount = 13;

/// Row encodings of cache pools. All are lossless for the values they hold.
///
/// KvCompact (D values, the last R rotary): N = D - R e4m3 codes, then R bf16,
///   then N/64 e8m0 scales, zero-padded to a multiple of 8: 584 bytes for 512/64.
/// IndexFp4 (DI values): DI/2 bytes of e2m1 pairs (low nibble = even column),
///   then DI/32 e8m0 scales, padded to a multiple of 4: 68 bytes for 128.
/// F32 (n values): 4n bytes.   Bf16 (n values): 2n bytes.
inline constexpr uint64_t kvCompactRowBytes(uint64_t headDim, uint64_t ropeDim) {
  uint64_t n = headDim - ropeDim;
  return (n + 2 * ropeDim + n / 64 + 7) / 8 * 8;
}
inline constexpr uint64_t indexFp4RowBytes(uint64_t indexHeadDim) {
  return (indexHeadDim / 2 + indexHeadDim / 32 + 3) / 4 * 4;
}

} // namespace v4::plan

#endif // V4_RUNTIME_PLAN_KERNELABI_H
