//===- Hash.cpp - BLAKE2b-256 through libsodium -----------------*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/base/Hash.h"

#include <sodium.h>

using namespace v4;

static_assert(sizeof(crypto_generichash_state) <= 384, "Hasher::state is too small");

static crypto_generichash_state *stateOf(unsigned char *bytes) {
  return reinterpret_cast<crypto_generichash_state *>(bytes);
}

Hasher::Hasher() {
  // Picks the vector implementation; thread-safe and cheap after the first call. A
  // failure (no random source) leaves the portable one, which serves as well.
  static const int ready = sodium_init();
  (void)ready;
  crypto_generichash_init(stateOf(state), nullptr, 0, sizeof(Digest));
}

void Hasher::update(const void *data, size_t size) {
  crypto_generichash_update(stateOf(state), static_cast<const unsigned char *>(data), size);
}

Digest Hasher::finish() {
  Digest digest;
  crypto_generichash_final(stateOf(state), digest.bytes, sizeof(digest.bytes));
  return digest;
}

Digest v4::hashBytes(const void *data, size_t size) {
  Hasher hasher;
  hasher.update(data, size);
  return hasher.finish();
}

std::string Digest::hex() const {
  static const char digits[] = "0123456789abcdef";
  std::string text;
  for (uint8_t byte : bytes) {
    text += digits[byte >> 4];
    text += digits[byte & 15];
  }
  return text;
}
