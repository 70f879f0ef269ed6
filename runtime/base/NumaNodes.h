//===- NumaNodes.h - Memory spread over the nodes of a machine --*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Weights that are copied lie on all nodes in turn, page by page: every node's
// memory then serves its share of each launch, whichever thread reads it. First
// touch by the thread that will read would be faster still, but holds only while
// all sessions of an engine have the same number of threads, pinned in the same
// order; weights belong to the engine. Mapped weights lie where the page cache
// has them, so a machine with several nodes wants --load=copy.
//
//===----------------------------------------------------------------------===//

#ifndef V4_RUNTIME_BASE_NUMANODES_H
#define V4_RUNTIME_BASE_NUMANODES_H

#include <cstdint>
#include <string_view>

namespace v4 {

/// Bit n for each node n < 64 of a list like "0-2,5"; 0 when it is none.
uint64_t parseNodeList(std::string_view list);

/// Memory of the range that is not yet in use will come from all nodes in turn. A wish: a machine with one node, or a
/// kernel that refuses, changes nothing.
void spreadOverNodes(void *memory, uint64_t bytes);

} // namespace v4

#endif // V4_RUNTIME_BASE_NUMANODES_H
