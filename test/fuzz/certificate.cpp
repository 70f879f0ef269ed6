//===- certificate.cpp - Foreign certificates -----------------------------===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A file that reads as a certificate is compared with a good one, both ways round: what was read is indexed by.
//
//===----------------------------------------------------------------------===//

#include "test/fuzz/FuzzTarget.h"

#include "runtime/base/Hash.h"
#include "tools/certify/Comparison.h"

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>

using namespace v4;
using namespace v4::certify;
using namespace v4::fuzz;
using plan::fb::ElementType;

namespace {

constexpr size_t kHash = plan::kHashBytes;
constexpr uint32_t kLayers = 4;

ProbeRecord someProbe(const char *name, ElementType element, uint32_t values, uint32_t width) {
  ProbeRecord probe;
  probe.name = name;
  probe.element = element;
  probe.rowValues = values;
  probe.width = width;
  probe.rms = 0.5;
  for (uint32_t position = 0; position < 6; ++position) {
    probe.rows.push_back({position / 3, position % 3, 1000 + position, 0.5f});
    probe.sketch.insert(probe.sketch.end(), width, 0.25f);
  }
  return probe;
}

const Certificate &goodCertificate() {
  static const Certificate good = [] {
    Certificate certificate;
    certificate.seed = 7;
    certificate.target = "cpu:x86-64-v3";
    certificate.device = "A processor";
    certificate.stretches = {{3, 2, 0}, {130, 4, 16}};
    certificate.weights = {{1, 10}, {2, 20}};
    certificate.probes = {someProbe("layers.0.streams", ElementType::BF16, 8, 2),
                          someProbe("layers.2.index_topk", ElementType::I32, 4, 1),
                          someProbe("logits", ElementType::F32, 32, kMaxWidth)};
    return certificate;
  }();
  return good;
}

ByteString written(const Certificate &certificate) {
  ScratchFile file("seed");
  if (!writeCertificate(file.path(), certificate).isOk())
    std::abort();
  std::ifstream in(file.path(), std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

void rehash(ByteString &file) {
  if (file.size() >= kHash)
    std::memcpy(&file[file.size() - kHash], hashBytes(file.data(), file.size() - kHash).bytes, kHash);
}

void compareWith(const Certificate &recorded, const Certificate &fresh) {
  for (const Measure &measure : compare(recorded, fresh, kLayers).measures)
    if (!measure.holds())
      use(describe(measure, recorded).size());
}

} // namespace

std::vector<ByteString> fuzz::makeSeeds() {
  Certificate bare = goodCertificate();
  bare.probes.clear();
  bare.weights.clear();
  return {written(goodCertificate()), written(bare)};
}

extern "C" size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t most, unsigned seed) {
  Choice choice(seed);
  ByteString file(data, data + size);
  if (choice.oneIn(2))
    mutateWord(file, choice);
  else
    mutateBytes(file, most);
  if (!choice.oneIn(16))
    rehash(file);
  return put(file, data, size, most);
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static const ScratchFile file("certificate");
  file.write(data, size, size);
  Certificate read;
  if (!readCertificate(file.path(), read).isOk())
    return 0;
  use(checkKinship("certificate", goodCertificate(), read).isOk());
  compareWith(goodCertificate(), read);
  compareWith(read, goodCertificate());
  compareWith(read, read);
  return 0;
}
