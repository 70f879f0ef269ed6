//===- PrefixTree.cpp - Pages and snapshots that sequences share ----------===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/kv/PrefixTree.h"

#include "runtime/base/Hash.h"

#include <algorithm>
#include <cstring>

using namespace v4;

static uint64_t lowBits(unsigned bits) { return bits >= 64 ? UINT64_MAX : (uint64_t(1) << bits) - 1; }

Status PrefixTree::create(KvStore &store, unsigned hashBits, PrefixTree &out) {
  PrefixTree tree;
  tree.store = &store;
  tree.mask = {lowBits(hashBits > 64 ? hashBits - 64 : 0), lowBits(hashBits)};
  V4_RETURN_IF_ERROR(LazyArray<Node>::create("prefix tree", store.maxBlocks(), tree.nodes));
  V4_RETURN_IF_ERROR(
      LazyArray<uint32_t>::create("prefix tree", std::max<uint64_t>(1, 2 * store.maxBlocks()), tree.buckets));
  out = std::move(tree);
  return Status();
}

//===----------------------------------------------------------------------===//
// Nodes
//===----------------------------------------------------------------------===//

PrefixTree::Key PrefixTree::keyOf(uint32_t parent, const int32_t *ids) const {
  Hasher hasher;
  Key start = parent == kRoot ? Key{0, 0} : nodes[parent].key;
  hasher.update(&start, sizeof(start));
  hasher.update(ids, kTokens * sizeof(int32_t));
  Digest digest = hasher.finish();
  Key key;
  std::memcpy(&key, digest.bytes, sizeof(key));
  return {key.high & mask.high, key.low & mask.low};
}

uint32_t PrefixTree::find(uint32_t parent, const int32_t *ids) const {
  Key key = keyOf(parent, ids);
  for (uint32_t next = bucketOf(key); next; next = nodes[next - 1].nextInBucket) {
    const Node &node = nodes[next - 1];
    if (node.key.low == key.low && node.key.high == key.high && node.parent == parent &&
        std::memcmp(node.ids, ids, sizeof(node.ids)) == 0)
      return next - 1;
  }
  return kRoot;
}

void PrefixTree::insert(uint32_t parent, const int32_t *ids, uint32_t block) {
  Node &node = nodes[block];
  node.key = keyOf(parent, ids);
  node.parent = parent;
  node.children = 0;
  node.depth = 1;
  node.snapshot = {};
  std::memcpy(node.ids, ids, sizeof(node.ids));
  if (parent != kRoot) {
    ++nodes[parent].children;
    node.depth += nodes[parent].depth;
  }
  uint32_t &bucket = bucketOf(node.key);
  node.nextInBucket = bucket;
  bucket = block + 1;
  store->hold(block);
  ++count;
}

void PrefixTree::remove(uint32_t block) {
  Node &node = nodes[block];
  uint32_t *link = &bucketOf(node.key);
  while (*link != block + 1)
    link = &nodes[*link - 1].nextInBucket;
  *link = node.nextInBucket;
  if (node.parent != kRoot)
    --nodes[node.parent].children;
  node.depth = 0;
  store->drop(block);
  --count;
}

void PrefixTree::leave(uint32_t node) {
  while (node != kRoot && nodes[node].children == 0 && !hasSnapshot(node) && store->holdersOf(node) == 1) {
    uint32_t parent = nodes[node].parent;
    remove(node);
    node = parent;
  }
}

//===----------------------------------------------------------------------===//
// Snapshots
//===----------------------------------------------------------------------===//

/// When its turn to go comes, on the clock of uses.
uint64_t PrefixTree::ageOf(uint32_t node) const { return nodes[node].used + (uint64_t(4) << nodes[node].level); }

unsigned PrefixTree::oldestLevel() const {
  unsigned oldest = kLevels;
  for (unsigned level = 0; level < kLevels; ++level)
    if (lists[level].oldest != kRoot && (oldest == kLevels || ageOf(lists[level].oldest) < ageOf(lists[oldest].oldest)))
      oldest = level;
  return oldest;
}

bool PrefixTree::makeRoom(uint32_t node, uint64_t blocks) {
  if (blocks > store->maxBlocks())
    return false;
  nodes[node].used = clock + 1;
  nodes[node].level = std::min<unsigned>(__builtin_ctz(nodes[node].depth), kTurn - 1);
  while (blocks > store->availableBlocks()) {
    unsigned level = oldestLevel();
    if (level == kLevels || ageOf(lists[level].oldest) > ageOf(node))
      return false;
    evict();
  }
  return true;
}

void PrefixTree::keepSnapshot(uint32_t node, const Snapshot &snapshot) {
  nodes[node].snapshot = snapshot;
  nodes[node].level = std::min<unsigned>(__builtin_ctz(nodes[node].depth), kTurn - 1);
  ++snapshots;
  link(node);
}

void PrefixTree::touch(uint32_t node, bool turn) {
  unlink(node);
  if (turn)
    nodes[node].level = kTurn;
  link(node);
}

/// Puts the node at the young end of its list.
void PrefixTree::link(uint32_t node) {
  Node &linked = nodes[node];
  List &list = lists[linked.level];
  linked.used = ++clock;
  linked.younger = kRoot;
  linked.older = list.youngest;
  (list.youngest == kRoot ? list.oldest : nodes[list.youngest].younger) = node;
  list.youngest = node;
}

void PrefixTree::unlink(uint32_t node) {
  const Node &linked = nodes[node];
  List &list = lists[linked.level];
  (linked.older == kRoot ? list.oldest : nodes[linked.older].younger) = linked.younger;
  (linked.younger == kRoot ? list.youngest : nodes[linked.younger].older) = linked.older;
}

bool PrefixTree::evict() {
  unsigned level = oldestLevel();
  if (level == kLevels)
    return false;
  uint32_t node = lists[level].oldest;
  unlink(node);
  store->dropSnapshot(nodes[node].snapshot);
  nodes[node].snapshot = {};
  --snapshots;
  leave(node);
  return true;
}
