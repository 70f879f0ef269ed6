//===- AttentionTile.h - What a workgroup of attention covers ---*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Numbers that the choice of a tuned kernel and its emitters agree on.
//
//===----------------------------------------------------------------------===//

#ifndef V4_DIALECTS_KERNEL_ATTENTIONTILE_H
#define V4_DIALECTS_KERNEL_ATTENTIONTILE_H

#include <cstdint>

namespace v4 {

/// Heads of a group: two columns of each fill a vector.
inline constexpr int64_t kAttentionHeads = 8;
/// Groups of a workgroup. Its rows are decoded once for all of them, which costs as much as two groups' sums; a step of
/// one token still has a workgroup per 16 heads to share out.
inline constexpr int64_t kAttentionGroups = 2;
inline constexpr int64_t kAttentionTileHeads = kAttentionGroups * kAttentionHeads;
/// Tokens of a workgroup: neighbours see almost the same rows of the window.
inline constexpr int64_t kAttentionTokens = 2;
/// Tokens of a workgroup of the indexer, whose keys are decoded once for all of them.
inline constexpr int64_t kIndexTokens = 4;
/// Widest head: bounds the stack.
inline constexpr int64_t kAttentionMaxDim = 512;

/// Strips that the compressed rows of a token are cut into: what a step of one token has to share out.
inline constexpr int64_t kIndexStrips = 8;

} // namespace v4

#endif // V4_DIALECTS_KERNEL_ATTENTIONTILE_H
