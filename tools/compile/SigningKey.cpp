//===- SigningKey.cpp - Secret key of a maker of plans ---------------------===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tools/compile/SigningKey.h"

#include "runtime/base/MappedFile.h"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sodium.h>
#include <sys/stat.h>
#include <unistd.h>

using namespace v4;

static_assert(crypto_sign_SEEDBYTES == 32 && crypto_sign_SECRETKEYBYTES == 64, "keys are Ed25519's");

SigningKey::~SigningKey() { sodium_memzero(secret, sizeof(secret)); }

Status SigningKey::read(const std::string &path) {
  MappedFile file;
  V4_RETURN_IF_ERROR(MappedFile::open(path, LoadMode::Map, file));
  uint8_t seed[32];
  std::string_view text(reinterpret_cast<const char *>(file.data()), file.size());
  V4_RETURN_IF_ERROR(plan::parseKey(path, text, plan::KeyKind::Secret, seed));
  fromSeed(seed);
  sodium_memzero(seed, sizeof(seed));
  return Status();
}

void SigningKey::fromSeed(const uint8_t (&seed)[32]) { crypto_sign_seed_keypair(known.bytes, secret, seed); }

plan::SignatureBlock SigningKey::sign(const plan::Header &header) const {
  plan::SignedMessage message;
  message.header = header;
  plan::SignatureBlock block = {};
  std::memcpy(block.publicKey, known.bytes, sizeof(block.publicKey));
  crypto_sign_detached(block.signature, nullptr, reinterpret_cast<const unsigned char *>(&message), sizeof(message),
                       secret);
  return block;
}

/// A new file with `text`; nothing is left of it when that fails.
static Status writeNewFile(const std::string &path, const std::string &text, mode_t mode) {
  int fd = open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
  if (fd < 0)
    return invalidInput(path, ": cannot be created: ", std::strerror(errno),
                        errno == EEXIST ? "; a key is never overwritten, name another file" : "");
  bool written = write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size()) && fsync(fd) == 0;
  int error = errno;
  if (close(fd) == 0 && written)
    return Status();
  unlink(path.c_str());
  return invalidInput(path, ": cannot be written: ", std::strerror(error));
}

Status v4::makeKeyFiles(const std::string &path) {
  if (sodium_init() < 0)
    return unsupported("this machine gives no random numbers for a key");
  uint8_t seed[32];
  randombytes_buf(seed, sizeof(seed));
  SigningKey key;
  key.fromSeed(seed);
  char digits[65];
  std::string secret = std::string("# secret key of a maker of v4 plans (Ed25519 seed): keep it to yourself\n") +
                       sodium_bin2hex(digits, sizeof(digits), seed, sizeof(seed)) + "\n";
  sodium_memzero(seed, sizeof(seed));
  sodium_memzero(digits, sizeof(digits));
  Status status = writeNewFile(path, secret, S_IRUSR | S_IWUSR);
  sodium_memzero(secret.data(), secret.size());
  if (!status.isOk())
    return status;
  status = writeNewFile(path + ".pub", "# public key of a maker of v4 plans (Ed25519)\n" + key.publicKey().hex() + "\n",
                        0644);
  if (!status.isOk())
    unlink(path.c_str());
  return status;
}
