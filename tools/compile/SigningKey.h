//===- SigningKey.h - Secret key of a maker of plans ------------*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A key file has the 32 bytes of an Ed25519 seed as text (Signature.h). The tools
// that check plans need the public half alone.
//
//===----------------------------------------------------------------------===//

#ifndef V4_TOOLS_COMPILE_SIGNINGKEY_H
#define V4_TOOLS_COMPILE_SIGNINGKEY_H

#include "runtime/plan/Signature.h"

namespace v4 {

/// Forgets the key when it goes.
class SigningKey {
public:
  SigningKey() = default;
  SigningKey(const SigningKey &) = delete;
  SigningKey &operator=(const SigningKey &) = delete;
  ~SigningKey();

  Status read(const std::string &path);
  void fromSeed(const uint8_t (&seed)[32]);
  /// REQUIRES: a key was read.
  plan::SignatureBlock sign(const plan::Header &header) const;
  plan::PublicKey publicKey() const { return known; }

private:
  uint8_t secret[64] = {};
  plan::PublicKey known = {};
};

/// Writes a new secret key into `path`, which only its owner may read, and the public one into `path`.pub. Overwrites
/// nothing.
Status makeKeyFiles(const std::string &path);

} // namespace v4

#endif // V4_TOOLS_COMPILE_SIGNINGKEY_H
