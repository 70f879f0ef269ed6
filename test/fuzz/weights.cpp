//===- weights.cpp - Foreign files of external weights --------------------===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// An input is the front of the file; its first byte says whether zeros follow up
// to the size that the plan's weights have.
//
//===----------------------------------------------------------------------===//

#include "test/fuzz/PlanParts.h"

#include <cstdlib>

using namespace v4;
using namespace v4::fuzz;
using namespace v4::plan;

namespace {

constexpr size_t kHashed = sizeof(WeightsHeader) - kHashBytes;

const ByteString &planBytes() {
  static const ByteString bytes = [] {
    plan::test::PlanBytes file = plan::test::FakePlan().build();
    PlanParts parts;
    PlanParts::take(file.data(), file.size(), parts);
    parts.header.requiredFeatures = kFeatureExternalWeights;
    parts.sections[static_cast<uint32_t>(SectionKind::Weights)].clear();
    return parts.join(true);
  }();
  return bytes;
}

uint64_t weightsBytes() { return plan::test::kVocab * plan::test::kHidden * 2; }

WeightsHeader goodHeader() {
  WeightsHeader header = {};
  std::memcpy(header.magic, kWeightsMagic, sizeof(header.magic));
  header.formatVersion = kWeightsVersion;
  header.weightsOffset = kWeightsAlignment;
  header.weightsBytes = weightsBytes();
  header.fileBytes = header.weightsOffset + header.weightsBytes;
  Header plan;
  std::memcpy(&plan, planBytes().data(), sizeof(plan));
  std::memcpy(header.planHash, plan.planHash, sizeof(header.planHash));
  std::memcpy(header.headerHash, hashBytes(&header, kHashed).bytes, kHashBytes);
  return header;
}

} // namespace

std::vector<ByteString> fuzz::makeSeeds() {
  WeightsHeader header = goodHeader();
  const uint8_t *bytes = reinterpret_cast<const uint8_t *>(&header);
  ByteString full(bytes, bytes + sizeof(header)), brief;
  full.insert(full.begin(), 1);
  brief = full;
  brief[0] = 0;
  return {full, brief, {0}};
}

extern "C" size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t most, unsigned seed) {
  Choice choice(seed);
  ByteString input(data, data + size);
  if (choice.oneIn(2) && input.size() > 1) {
    ByteString rest(input.begin() + 1, input.end());
    mutateWord(rest, choice);
    std::copy(rest.begin(), rest.end(), input.begin() + 1);
  } else {
    mutateBytes(input, most);
  }
  if (input.size() > sizeof(WeightsHeader) && !choice.oneIn(16))
    std::memcpy(&input[1 + kHashed], hashBytes(&input[1], kHashed).bytes, kHashBytes);
  return put(input, data, size, most);
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static plan::test::PlanBytes file = [] {
    plan::test::PlanBytes copy(planBytes().size());
    std::memcpy(copy.data(), planBytes().data(), copy.size());
    return copy;
  }();
  static const ScratchFile weights("weights");
  Plan plan;
  if (size == 0 || !checkPlan("fuzz.v4plan", file.view(), plan).isOk())
    return 0;
  weights.write(data + 1, size - 1, data[0] ? kWeightsAlignment + weightsBytes() : 0);
  if (!attachWeights(weights.path(), {}, plan).isOk())
    return 0;
  uint64_t sum = plan.verifyWeights().isOk();
  for (uint32_t i = 0; i < plan.program().weights()->size(); ++i)
    sum += plan.weight(i)[plan.program().weights()->Get(i)->bytes() - 1];
  use(sum);
  return 0;
}
