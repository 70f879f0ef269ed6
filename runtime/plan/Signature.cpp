//===- Signature.cpp - Who made a plan ------------------------------------===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/plan/Signature.h"

#include "runtime/base/Hash.h"
#include "runtime/base/MappedFile.h"

#include <algorithm>
#include <sodium.h>

using namespace v4;
using namespace v4::plan;

static_assert(sizeof(PublicKey::bytes) == crypto_sign_PUBLICKEYBYTES, "keys are Ed25519's");
static_assert(sizeof(SignatureBlock::signature) == crypto_sign_BYTES, "signatures are Ed25519's");

/// Far above any key with its comments.
static constexpr uint64_t kMostKeyFile = 64 << 10;

bool PublicKey::operator==(const PublicKey &other) const { return std::memcmp(bytes, other.bytes, sizeof(bytes)) == 0; }

std::string PublicKey::hex() const {
  Digest digest;
  std::memcpy(digest.bytes, bytes, sizeof(bytes));
  return digest.hex();
}

static int digitOf(char c) {
  if (c >= '0' && c <= '9')
    return c - '0';
  if (c >= 'a' && c <= 'f')
    return c - 'a' + 10;
  return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

Status plan::parseKey(const std::string &name, std::string_view text, KeyKind kind, uint8_t (&out)[32]) {
  bool isSecret = kind == KeyKind::Secret;
  std::string_view other = isSecret ? "# public key " : "# secret key ";
  if (text.substr(0, other.size()) == other)
    return invalidInput(name, isSecret ? ": is a public key, expected a secret one; name the file without .pub"
                                       : ": is a secret key, expected the public one; name the file with .pub");
  uint64_t digits = 0, lines = 0;
  while (!text.empty()) {
    std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    line = line.substr(0, line.find('#'));
    while (!line.empty() && (line.back() == ' ' || line.back() == '\t' || line.back() == '\r'))
      line.remove_suffix(1);
    if (line.empty())
      continue;
    if (++lines > 1)
      return invalidInput(name, ": has more than one line, expected one key of 64 hex digits");
    for (char c : line) {
      if (digitOf(c) < 0 || digits == 64)
        return invalidInput(name, ": character ", digits + 1, " of its key is ",
                            digits == 64 ? "one too many" : "no hex digit",
                            ", expected 64 hex digits; v4-compile --make-key writes such files");
      uint8_t &byte = out[digits / 2];
      byte = static_cast<uint8_t>(digits++ % 2 ? byte << 4 | digitOf(c) : digitOf(c));
    }
  }
  if (digits == 64)
    return Status();
  return invalidInput(name, ": its key has ", digits,
                      " digits, expected 64 hex digits; v4-compile --make-key writes such files");
}

Status plan::readPublicKey(const std::string &path, PublicKey &out) {
  MappedFile file;
  V4_RETURN_IF_ERROR(MappedFile::open(path, LoadMode::Map, file));
  if (file.size() > kMostKeyFile)
    return invalidInput(path, ": has ", file.size(), " bytes, expected a key of 64 hex digits");
  return parseKey(path, {reinterpret_cast<const char *>(file.data()), file.size()}, KeyKind::Public, out.bytes);
}

Status plan::checkSignature(const std::string &name, Bytes file, const PublicKey *demanded) {
  SignatureBlock block;
  std::memcpy(&block, file.data + sizeof(Header), sizeof(block));
  PublicKey signer;
  std::memcpy(signer.bytes, block.publicKey, sizeof(signer.bytes));
  if (demanded && signer != *demanded)
    return invalidInput(name, ": is signed with the key ", signer.hex(), ", expected ", demanded->hex(),
                        "; use a plan of that signer, or pass the key of this one if you trust it");
  if (std::any_of(block.reserved, block.reserved + sizeof(block.reserved), [](uint8_t byte) { return byte != 0; }))
    return invalidInput(name,
                        ": the reserved bytes of its signature are not 0, the file is damaged; copy or build it again");
  SignedMessage message;
  std::memcpy(&message.header, file.data, sizeof(message.header));
  if (crypto_sign_verify_detached(block.signature, reinterpret_cast<const unsigned char *>(&message), sizeof(message),
                                  block.publicKey) == 0)
    return Status();
  return invalidInput(name, ": its signature is not that of the key ", signer.hex(),
                      " over this plan, the file was changed behind the signer's back; get it from the signer again");
}
