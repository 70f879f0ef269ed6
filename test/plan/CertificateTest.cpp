//===- CertificateTest.cpp - Certificates: the file and the comparison ----===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tools/certify/Comparison.h"

#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <iterator>
#include <unistd.h>

using namespace v4;
using namespace v4::certify;
using plan::fb::ElementType;

namespace {

ProbeRecord someProbe(const std::string &name, ElementType element, uint32_t values) {
  ProbeRecord probe;
  probe.name = name;
  probe.element = element;
  probe.rowValues = values;
  probe.width = 2;
  probe.rms = 0.5;
  for (uint32_t position = 0; position < 8; ++position) {
    probe.rows.push_back({position < 2 ? 0u : 1u, position < 2 ? position : position - 2, 1000 + position, 0.5f});
    probe.sketch.insert(probe.sketch.end(), {0.25f * static_cast<float>(position), 1.0f});
  }
  return probe;
}

Certificate someCertificate() {
  Certificate certificate;
  certificate.plan.bytes[0] = 1;
  certificate.config.bytes[0] = 2;
  certificate.seed = 77;
  certificate.target = "cpu:x86-64-v3";
  certificate.device = "A processor";
  certificate.stretches = {{2, 2, 0}, {130, 4, 16}};
  certificate.weights = {{1, 10}, {2, 20}};
  certificate.probes = {
      someProbe("embed.streams", ElementType::BF16, 8), someProbe("layers.0.streams", ElementType::BF16, 8),
      someProbe("layers.2.index_topk", ElementType::I32, 4), someProbe("logits", ElementType::F32, 32)};
  return certificate;
}

class CertificateTest : public testing::Test {
protected:
  void SetUp() override { path = testing::TempDir() + "certificate-" + std::to_string(getpid()) + ".v4cert"; }
  void TearDown() override { unlink(path.c_str()); }

  std::string bytes() const {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  }
  StatusCode readBack(const std::string &text, Certificate &out) const {
    std::ofstream(path, std::ios::binary) << text;
    return readCertificate(path, out).code();
  }

  std::string path;
};

TEST_F(CertificateTest, RoundTrip) {
  Certificate written = someCertificate(), read;
  ASSERT_TRUE(writeCertificate(path, written).isOk());
  Status status = readCertificate(path, read);
  ASSERT_TRUE(status.isOk()) << status.message();
  EXPECT_TRUE(read.plan == written.plan && read.config == written.config);
  EXPECT_EQ(read.seed, 77u);
  EXPECT_EQ(read.target, written.target);
  EXPECT_EQ(read.device, written.device);
  ASSERT_EQ(read.stretches.size(), 2u);
  EXPECT_EQ(read.stretches[1].decode, 16u);
  ASSERT_EQ(read.weights.size(), 2u);
  ASSERT_EQ(read.probes.size(), 4u);
  EXPECT_EQ(read.probes[2].name, "layers.2.index_topk");
  EXPECT_EQ(read.probes[2].element, ElementType::I32);
  EXPECT_EQ(read.probes[1].sketch, written.probes[1].sketch);
  EXPECT_EQ(read.probes[1].rows[5].hash, 1005u);
  // The same certificate has the same bytes.
  std::string first = bytes();
  ASSERT_TRUE(writeCertificate(path, read).isOk());
  EXPECT_EQ(first, bytes());
}

TEST_F(CertificateTest, EveryByteAndEveryLengthCounts) {
  ASSERT_TRUE(writeCertificate(path, someCertificate()).isOk());
  std::string good = bytes();
  Certificate out;
  for (size_t i = 0; i < good.size(); ++i) {
    std::string bad = good;
    bad[i] = static_cast<char>(bad[i] ^ 0x10);
    ASSERT_EQ(readBack(bad, out), StatusCode::InvalidInput) << "byte " << i;
    ASSERT_EQ(readBack(good.substr(0, i), out), StatusCode::InvalidInput) << "length " << i;
  }
  EXPECT_EQ(readBack(good + '\0', out), StatusCode::InvalidInput);
  EXPECT_EQ(readBack(good, out), StatusCode::Ok);
}

/// Behind a right checksum wrong bytes may still be a certificate, but one that can be indexed by.
TEST_F(CertificateTest, RehashedBytesDoNoHarm) {
  ASSERT_TRUE(writeCertificate(path, someCertificate()).isOk());
  std::string good = bytes();
  uint64_t end = good.size() - 32, refused = 0;
  for (size_t i = 0; i < end; ++i)
    for (unsigned char bits : {0x01, 0x80, 0xFF}) {
      std::string bad = good;
      bad[i] = static_cast<char>(bad[i] ^ bits);
      Digest digest = hashBytes(bad.data(), end);
      bad.replace(end, 32, reinterpret_cast<const char *>(digest.bytes), 32);
      Certificate out;
      if (readBack(bad, out) != StatusCode::Ok) {
        ++refused;
        continue;
      }
      for (const Measure &measure : compare(someCertificate(), out, 4).measures)
        if (!measure.holds())
          EXPECT_FALSE(describe(measure, someCertificate()).empty());
      for (const Measure &measure : compare(out, someCertificate(), 4).measures)
        if (!measure.holds())
          EXPECT_FALSE(describe(measure, out).empty());
    }
  EXPECT_GT(refused, 300u);
}

TEST_F(CertificateTest, AbsentIsNoMistakeOfTheFile) {
  Certificate out;
  Status status = readCertificate(path + ".absent", out);
  EXPECT_EQ(status.code(), StatusCode::Unsupported);
  EXPECT_NE(status.message().find("--record"), std::string::npos);
}

TEST_F(CertificateTest, NameIsThePlans) {
  EXPECT_EQ(certificatePathOf("a/b.v4plan"), "a/b.v4cert");
  EXPECT_EQ(certificatePathOf("plan"), "plan.v4cert");
}

TEST(CertificateComparison, SamePlanComparesBits) {
  Certificate recorded = someCertificate(), fresh = someCertificate();
  Comparison same = compare(recorded, fresh, 4);
  EXPECT_TRUE(same.isExact);
  EXPECT_EQ(same.measures.size(), 8u);
  EXPECT_EQ(same.firstFailure(), nullptr);
  fresh.probes[3].rows[1].hash++;
  fresh.probes[1].rows[4].hash++;
  fresh.probes[1].sketch[8] += 0.5f;
  Comparison other = compare(recorded, fresh, 4);
  const Measure *first = other.firstFailure();
  ASSERT_NE(first, nullptr);
  EXPECT_EQ(first->probe, "layers.0.streams");
  EXPECT_EQ(first->stretch, 1u);
  EXPECT_EQ(first->difference.position, 2u);
  EXPECT_EQ(first->difference.different, 1u);
  EXPECT_NEAR(first->difference.magnitude, std::sqrt(0.5 * 0.5 / 2) / 0.5, 1e-6);
  std::string sentence = describe(*first, recorded);
  EXPECT_NE(sentence.find("layer 0, probe layers.0.streams"), std::string::npos) << sentence;
  EXPECT_NE(sentence.find("position 2"), std::string::npos) << sentence;
}

TEST(CertificateComparison, OtherPlanComparesValues) {
  Certificate recorded = someCertificate(), fresh = someCertificate();
  fresh.plan.bytes[0]++;
  auto nudge = [&](size_t probe, float by) {
    for (Row &row : fresh.probes[probe].rows)
      row.hash++;
    for (float &value : fresh.probes[probe].sketch)
      value += by;
  };
  nudge(1, 0.01f);
  nudge(3, 0.01f);
  EXPECT_EQ(compare(recorded, fresh, 4).firstFailure(), nullptr);
  nudge(1, 0.5f);
  const Comparison far = compare(recorded, fresh, 4);
  ASSERT_NE(far.firstFailure(), nullptr);
  EXPECT_EQ(far.firstFailure()->probe, "layers.0.streams");
  // The embedding is exact on every level.
  nudge(0, 1e-4f);
  const Comparison embedding = compare(recorded, fresh, 4);
  EXPECT_EQ(embedding.firstFailure()->probe, "embed.streams");
}

TEST(CertificateComparison, NanNeverHolds) {
  Certificate recorded = someCertificate(), fresh = someCertificate();
  fresh.plan.bytes[0]++;
  for (Row &row : fresh.probes[3].rows)
    row.hash++;
  fresh.probes[3].sketch[4] = std::nanf("");
  const Comparison comparison = compare(recorded, fresh, 4);
  ASSERT_NE(comparison.firstFailure(), nullptr);
  EXPECT_EQ(comparison.firstFailure()->probe, "logits");
}

TEST(CertificateComparison, RmsCounts) {
  Certificate recorded = someCertificate(), fresh = someCertificate();
  fresh.plan.bytes[0]++;
  fresh.probes[3].rms *= 1.2;
  const Comparison comparison = compare(recorded, fresh, 4);
  ASSERT_NE(comparison.firstFailure(), nullptr);
  EXPECT_EQ(comparison.firstFailure()->property, "RMS");
}

TEST(CertificateComparison, ForeignIsSaid) {
  Certificate recorded = someCertificate(), fresh = someCertificate();
  EXPECT_TRUE(checkKinship("c", recorded, fresh).isOk());
  fresh.weights[1].content++;
  Status status = checkKinship("c", recorded, fresh);
  EXPECT_EQ(status.code(), StatusCode::InvalidInput);
  EXPECT_NE(status.message().find("other weights: 1 of 2"), std::string::npos) << status.message();
  // Another form says nothing; none in common is not enough.
  fresh.weights[1].form++;
  EXPECT_TRUE(checkKinship("c", recorded, fresh).isOk());
  fresh.weights.clear();
  EXPECT_EQ(checkKinship("c", recorded, fresh).code(), StatusCode::InvalidInput);
  fresh = someCertificate();
  fresh.config.bytes[3]++;
  EXPECT_EQ(checkKinship("c", recorded, fresh).code(), StatusCode::InvalidInput);
}

TEST(CertificateComparison, MissingProbesAreListed) {
  Certificate recorded = someCertificate(), fresh = someCertificate();
  fresh.probes.erase(fresh.probes.begin() + 1);
  Comparison comparison = compare(recorded, fresh, 4);
  EXPECT_EQ(comparison.missing, std::vector<std::string>{"layers.0.streams"});
  EXPECT_EQ(comparison.firstFailure(), nullptr);
}

} // namespace
