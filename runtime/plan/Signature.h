//===- Signature.h - Who made a plan ----------------------------*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Ed25519 over the header of a plan (Format.h, SignedMessage). Keys are 32 bytes;
// as text they are 64 hex digits. A file of one key has these digits on a line of
// their own; blank lines, and what follows a #, say nothing.
//
//===----------------------------------------------------------------------===//

#ifndef V4_RUNTIME_PLAN_SIGNATURE_H
#define V4_RUNTIME_PLAN_SIGNATURE_H

#include "runtime/base/Status.h"
#include "runtime/plan/Format.h"

namespace v4::plan {

struct Bytes {
  const uint8_t *data = nullptr;
  uint64_t size = 0;
};

struct PublicKey {
  uint8_t bytes[32];

  bool operator==(const PublicKey &other) const;
  bool operator!=(const PublicKey &other) const { return !(*this == other); }
  std::string hex() const;
};

enum class KeyKind { Public, Secret };

/// The key in a file's text. InvalidInput, beginning with `name` and never quoting the text (it may be a secret),
/// unless it is one line of 64 hex digits, and when the first line says that it is a key of the other kind.
Status parseKey(const std::string &name, std::string_view text, KeyKind kind, uint8_t (&out)[32]);

/// Reads such a file.
Status readPublicKey(const std::string &path, PublicKey &out);

/// InvalidInput unless the plan's signature is right and, when a key is demanded, made with it. REQUIRES: the header of
/// `file` was checked and says that the plan is signed; the file has room for the block.
Status checkSignature(const std::string &name, Bytes file, const PublicKey *demanded);

} // namespace v4::plan

#endif // V4_RUNTIME_PLAN_SIGNATURE_H
