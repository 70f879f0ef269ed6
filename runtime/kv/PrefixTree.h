//===- PrefixTree.h - Pages and snapshots that sequences share --*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The tree of all full pages that a session may use again. A node is one page:
// its 128 token ids behind those of its parent. It may carry a snapshot of the
// state at its end; a sequence can begin behind such a node and nowhere else.
//
//   root ── page 0 ── page 1* ── page 2 ── page 3*        * with a snapshot
//                        └────── page 2'*
//
// A node is named by the block of its page. Nodes are found by a 128-bit hash of
// the parent's hash and the ids; parent and ids are then compared, so that a
// collision costs time and nothing else.
//
// Eviction takes snapshots: the least recently used first, where one at a
// multiple of 128 * 2^k counts as younger the larger k is, and one at the end of
// a prompt or a turn as younger still. A page goes as soon as no sequence holds
// it and no snapshot lies behind it. All of it is O(1) for each page and
// snapshot; nothing is allocated after `create`.
//
//===----------------------------------------------------------------------===//

#ifndef V4_RUNTIME_KV_PREFIXTREE_H
#define V4_RUNTIME_KV_PREFIXTREE_H

#include "runtime/kv/KvStore.h"

namespace v4 {

class PrefixTree {
public:
  /// Parent of first pages; no node.
  static constexpr uint32_t kRoot = UINT32_MAX;
  static constexpr uint64_t kTokens = plan::kPageTokens;

  /// `store` outlives the tree. `hashBits` < 128 is for tests that want collisions.
  static Status create(KvStore &store, unsigned hashBits, PrefixTree &out);

  /// The node behind `parent` with these kTokens ids; kRoot when there is none.
  uint32_t find(uint32_t parent, const int32_t *ids) const;
  /// Makes a node of a full page, which gets one holder more. REQUIRES: find gives kRoot; `block` is no node.
  void insert(uint32_t parent, const int32_t *ids, uint32_t block);

  bool contains(uint32_t block) const { return nodes[block].depth != 0; }
  bool hasSnapshot(uint32_t node) const { return nodes[node].snapshot.position != 0; }
  const Snapshot &snapshotOf(uint32_t node) const { return nodes[node].snapshot; }
  /// Makes room for a snapshot of `blocks` blocks, at the cost of those that count as older. False: not worth it.
  bool makeRoom(uint32_t node, uint64_t blocks);
  /// The tree owns `snapshot` from now on. REQUIRES: no snapshot there yet.
  void keepSnapshot(uint32_t node, const Snapshot &snapshot);
  /// It was used now. `turn`: it lies at the end of a prompt or a turn.
  void touch(uint32_t node, bool turn);

  /// Drops the oldest snapshot and the pages that were kept for it. False when there is none.
  bool evict();
  /// A sequence that ended or went on from `node` has left it: drops pages that are of no use to anybody.
  void leave(uint32_t node);

  const int32_t *idsOf(uint32_t node) const { return nodes[node].ids; }
  uint32_t parentOf(uint32_t node) const { return nodes[node].parent; }
  uint64_t nodeCount() const { return count; }
  uint64_t snapshotCount() const { return snapshots; }
  /// Calls visit(node) for every node with a snapshot, oldest first within each level.
  template <typename Visit>
  void forEachSnapshot(Visit visit) const {
    for (const List &list : lists)
      for (uint32_t node = list.oldest; node != kRoot; node = nodes[node].younger)
        visit(node);
  }

private:
  /// Levels 0 to 7 are k of 128 * 2^k, the last one is for turns.
  static constexpr unsigned kLevels = 9, kTurn = 8;

  struct Key {
    uint64_t high, low;
  };
  struct Node {
    Key key;
    uint32_t parent;
    uint32_t children;
    uint32_t nextInBucket; ///< Plus 1; 0 ends the list.
    uint32_t depth;        ///< Pages from the root, this one included; 0 = no node.
    Snapshot snapshot;     ///< Of position 0: none.
    uint64_t used;         ///< Clock of the last use of the snapshot.
    uint32_t older, younger;
    uint32_t level;
    int32_t ids[kTokens];
  };
  struct List {
    uint32_t oldest = kRoot, youngest = kRoot;
  };

  Key keyOf(uint32_t parent, const int32_t *ids) const;
  uint32_t &bucketOf(const Key &key) const { return buckets[key.low % buckets.size()]; }
  uint64_t ageOf(uint32_t node) const;
  unsigned oldestLevel() const;
  void link(uint32_t node);
  void unlink(uint32_t node);
  void remove(uint32_t node);

  KvStore *store = nullptr;
  Key mask = {0, 0};
  LazyArray<Node> nodes;       ///< By block.
  LazyArray<uint32_t> buckets; ///< First node plus 1; 0 = none.
  List lists[kLevels];
  uint64_t clock = 0;
  uint64_t count = 0;
  uint64_t snapshots = 0;
};

} // namespace v4

#endif // V4_RUNTIME_KV_PREFIXTREE_H
