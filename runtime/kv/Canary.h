//===- Canary.h - Finds bytes of the cache that nobody should have written -*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// For tests and for the search of defects: every block in use carries a seal, with
// a checksum of its bytes, the positions that it holds, the sequence that wrote it
// and a hash of the tokens up to its last position. A step checks all seals
// before and behind its launches, and compares the tokens of its sequences with
// those that their pages were computed for. Each check reads the whole cache.
//
//===----------------------------------------------------------------------===//

#ifndef V4_RUNTIME_KV_CANARY_H
#define V4_RUNTIME_KV_CANARY_H

#include "runtime/kv/KvStore.h"

namespace v4 {

class Canary {
public:
  /// `store` outlives it.
  static Status create(const KvStore &store, uint64_t sequences, Canary &out);

  /// The pages of positions [begin, end) and the state block of a sequence are as they should be now.
  void sealWritten(uint32_t sequence, const int32_t *tokens, uint64_t begin, uint64_t end);
  /// The same of a state block alone, behind `position` tokens.
  void sealState(uint32_t sequence, const int32_t *tokens, uint64_t position);
  /// A page of tokens that no running sequence fed.
  void sealPage(uint32_t block, const int32_t *tokens, uint64_t page, uint32_t owner);
  void sealSnapshot(const Snapshot &snapshot);
  void forgetState(uint32_t sequence) { states[sequence].sealed = false; }

  /// Internal, with the block and what it held, when a sealed byte has changed.
  Status check();
  /// Internal when a page of the sequence was computed for other positions or tokens.
  Status checkOwner(uint32_t sequence, const int32_t *tokens, uint64_t position) const;

private:
  enum class Kind : uint8_t { Page, Snapshot, State };
  struct Seal {
    uint64_t checksum;
    uint64_t tokens; ///< Hash of those in front of `end`.
    uint64_t begin, end;
    uint32_t owner;
    Kind kind;
    bool sealed;
  };

  Status compare(const Seal &seal, const uint8_t *bytes, uint64_t count, uint64_t block) const;

  const KvStore *store = nullptr;
  LazyArray<Seal> blocks; ///< By block.
  LazyArray<Seal> states; ///< By sequence.
};

} // namespace v4

#endif // V4_RUNTIME_KV_CANARY_H
