//===- SignatureTest.cpp - Signed plans, and keys as text -----------------===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "test/plan/FakePlan.h"

#include <gtest/gtest.h>

using namespace v4;
using namespace v4::plan;
using namespace v4::plan::test;

namespace {

PlanBytes signedPlan() {
  FakePlan fake;
  fake.isSigned = true;
  return fake.build();
}

PublicKey keyOf(uint8_t seed) {
  PublicKey key;
  std::memcpy(key.bytes, signHeader(Header(), seed).publicKey, sizeof(key.bytes));
  return key;
}

std::string load(PlanBytes &file, const PublicKey *demanded = nullptr) {
  Plan plan;
  Status status = checkPlan("engine.v4plan", file.view(), plan, demanded);
  EXPECT_TRUE(status.isOk() || status.code() == StatusCode::InvalidInput);
  return status.message();
}

TEST(Signature, signedPlansLoad) {
  PlanBytes file = signedPlan();
  EXPECT_EQ(file.section(SectionKind::Metadata).offset, 320u);
  Plan plan;
  PublicKey key = keyOf(1);
  ASSERT_EQ(checkPlan("engine.v4plan", file.view(), plan, &key).message(), "");
  ASSERT_TRUE(plan.signer());
  EXPECT_EQ(plan.signer()->hex(), key.hex());
  EXPECT_EQ(load(file), "");
}

TEST(Signature, unsignedPlansHaveNoSigner) {
  PlanBytes file = FakePlan().build();
  Plan plan;
  ASSERT_TRUE(checkPlan("engine.v4plan", file.view(), plan).isOk());
  EXPECT_FALSE(plan.signer());
}

TEST(Signature, demandedKey) {
  PublicKey one = keyOf(1), two = keyOf(2);
  PlanBytes file = signedPlan(), plain = FakePlan().build();
  EXPECT_EQ(load(plain, &one), "engine.v4plan: is not signed, expected a signature with the key " + one.hex() +
                                   "; build it with v4-compile --sign-key");
  EXPECT_EQ(load(file, &two), "engine.v4plan: is signed with the key " + one.hex() + ", expected " + two.hex() +
                                  "; use a plan of that signer, or pass the key of this one if you trust it");
  file.sign(2);
  EXPECT_EQ(load(file, &two), "");
}

TEST(Signature, messageIsTheDomainAndTheHeader) {
  PlanBytes file = signedPlan();
  uint8_t message[224] = "v4c engine plan, signature 1";
  std::memcpy(message + 32, file.data(), 192);
  EXPECT_EQ(crypto_sign_verify_detached(file.data() + 224, message, sizeof(message), file.data() + 192), 0);
}

TEST(Signature, everyByteOfTheBlock) {
  PlanBytes file = signedPlan();
  for (uint64_t i = sizeof(Header); i < sizeof(Header) + sizeof(SignatureBlock); ++i) {
    file[i] ^= 0x40;
    EXPECT_NE(load(file), "") << "byte " << i;
    file[i] ^= 0x40;
  }
}

TEST(Signature, changesBehindTheSigner) {
  // All hashes are right: only the signature tells.
  std::string changed = "its signature is not that of the key " + keyOf(1).hex() +
                        " over this plan, the file was changed behind the signer's back; get it from the signer again";
  for (SectionKind kind : {SectionKind::Metadata, SectionKind::Code, SectionKind::Tables, SectionKind::Hashes}) {
    PlanBytes file = signedPlan();
    file.sectionData(kind)[0] ^= 1;
    file.rehash();
    EXPECT_EQ(load(file), "engine.v4plan: " + changed);
  }
  // The stripped signature needs other offsets, which the header's hash and whoever demands a key see.
  PlanBytes file = signedPlan();
  file.header().requiredFeatures = 0;
  file.rehashHeader();
  EXPECT_NE(load(file).find("section metadata begins at 320, expected 192"), std::string::npos);
}

TEST(Signature, endsWithinTheBlock) {
  PlanBytes file = signedPlan(), shorter(300);
  std::memcpy(shorter.data(), file.data(), 300);
  shorter.header().fileBytes = 300;
  shorter.rehashHeader();
  EXPECT_EQ(load(shorter), "engine.v4plan: ends within its signature; copy or build it again");
}

TEST(Signature, keysAsText) {
  const std::string digits = "000102030405060708090a0b0c0d0e0f101112131415161718191A1B1C1D1E1F";
  uint8_t key[32];
  for (const std::string &text : {digits, digits + "\n", "# ours\n\n" + digits + "  # here\r\n# end"}) {
    ASSERT_EQ(parseKey("key", text, KeyKind::Secret, key).message(), "") << text;
    for (unsigned i = 0; i < 32; ++i)
      EXPECT_EQ(key[i], i);
  }
  const char *hint = ", expected 64 hex digits; v4-compile --make-key writes such files";
  auto message = [&](const std::string &text) { return parseKey("key", text, KeyKind::Secret, key).message(); };
  EXPECT_EQ(message(""), std::string("key: its key has 0 digits") + hint);
  EXPECT_EQ(message("#" + digits), std::string("key: its key has 0 digits") + hint);
  EXPECT_EQ(message(digits.substr(1)), std::string("key: its key has 63 digits") + hint);
  EXPECT_EQ(message(digits + "0"), std::string("key: character 65 of its key is one too many") + hint);
  EXPECT_EQ(message("12g4"), std::string("key: character 3 of its key is no hex digit") + hint);
  EXPECT_EQ(message("# public key of a maker\n" + digits).find("key: is a public key, expected a secret one"), 0u);
  EXPECT_EQ(parseKey("key", "# secret key of a maker\n" + digits, KeyKind::Public, key).message(),
            "key: is a secret key, expected the public one; name the file with .pub");
  EXPECT_EQ(parseKey("key", "# public key of a maker\n" + digits, KeyKind::Public, key).message(), "");
  EXPECT_EQ(message(digits + "\n" + digits), "key: has more than one line, expected one key of 64 hex digits");
}

} // namespace
