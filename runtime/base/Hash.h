//===- Hash.h - BLAKE2b-256 -------------------------------------*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef V4_RUNTIME_BASE_HASH_H
#define V4_RUNTIME_BASE_HASH_H

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>

namespace v4 {

struct Digest {
  uint8_t bytes[32];

  bool operator==(const Digest &other) const { return std::memcmp(bytes, other.bytes, sizeof(bytes)) == 0; }
  bool operator!=(const Digest &other) const { return !(*this == other); }
  std::string hex() const;
};

/// Incremental; one thread at a time. `finish` may be called once.
class Hasher {
public:
  Hasher();
  void update(const void *data, size_t size);
  void update(const Digest &digest) { update(digest.bytes, sizeof(digest.bytes)); }
  Digest finish();

private:
  /// Room for libsodium's state, whose type stays out of this header.
  alignas(64) unsigned char state[384];
};

Digest hashBytes(const void *data, size_t size);

} // namespace v4

#endif // V4_RUNTIME_BASE_HASH_H
