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

/// Heads of a workgroup. Two columns of each fill a vector; 64 heads make 8 workgroups of one token.
inline constexpr int64_t kAttentionHeads = 8;
/// Tokens of a workgroup: neighbours see almost the same rows, which are decoded once for all of them.
inline constexpr int64_t kAttentionTokens = 4;
/// Widest head: bounds the stack.
inline constexpr int64_t kAttentionMaxDim = 512;

/// Strips that the compressed rows of a token are cut into: what a step of one token has to share out.
inline constexpr int64_t kIndexStrips = 8;

} // namespace v4

#endif // V4_DIALECTS_KERNEL_ATTENTIONTILE_H
