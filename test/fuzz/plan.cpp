//===- plan.cpp - Foreign plans, loaded and read --------------------------===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Whoever can compute a hash gets any bytes behind the hashes: so does the mutator.
// What loads must be safe for all that reads plans.
//
//===----------------------------------------------------------------------===//

#include "runtime/plan/PlanText.h"
#include "test/fuzz/PlanParts.h"
#include "tools/MemoryView.h"
#include "tools/inspect/CostView.h"
#include "tools/inspect/PlanViews.h"
#include "tools/verify/Checks.h"

using namespace v4;
using namespace v4::fuzz;
using namespace v4::plan;
using v4::plan::test::FakePlan;
using v4::plan::test::PlanBytes;

namespace {

/// Metadata that grows further shows nothing more.
constexpr size_t kMostBytes = 64 << 10;

ByteString seedOf(const FakePlan &fake, uint64_t features) {
  PlanBytes file = fake.build();
  PlanParts parts;
  PlanParts::take(file.data(), file.size(), parts);
  parts.header.requiredFeatures = features;
  parts.sections[static_cast<uint32_t>(SectionKind::Weights)].clear();
  if (features & kFeatureNoWeights)
    for (SectionKind kind : {SectionKind::Tables, SectionKind::Hashes})
      parts.sections[static_cast<uint32_t>(kind)].clear();
  return parts.join(true);
}

/// With counts, parts and an object that has symbols to look for.
FakePlan fullPlan() {
  FakePlan fake;
  fb::ProgramT &p = fake.program;
  p.kernels[0]->costs.push_back(fb::CostTerm(fb::CostKind::DotFlops, fb::CostUnit::Tokens, 1, 0, 128));
  p.kernels[2]->costs.push_back(fb::CostTerm(fb::CostKind::CacheBytes, fb::CostUnit::Visible, 4, 512, 584));
  auto part = std::make_unique<fb::PartT>();
  part->name = "attention";
  part->parameters = part->active_parameters = 1024;
  part->stored_bytes = 2048;
  part->work.push_back(fb::WorkTerm(fb::Arithmetic::BF16, fb::CostUnit::Window, 1, 32, 64));
  p.parts.push_back(std::move(part));
  p.pools[2]->period = 4;
  p.pools[2]->history = 8;
  p.target->name = "cpu:x86-64-v3";
  return fake;
}

/// The typed change of a plan that loads: others may share their contents endlessly.
bool changeTyped(const uint8_t *data, size_t size, PlanParts &parts, Choice &choice) {
  PlanBytes file(size);
  std::memcpy(file.data(), data, size);
  Plan plan;
  if (!checkPlan("fuzz.v4plan", file.view(), plan).isOk())
    return false;
  fb::ProgramT program;
  plan.program().UnPackTo(&program);
  for (uint64_t i = 0, count = 1 + choice.below(3); i < count; ++i)
    if (program.model && program.envelope && program.target)
      changeProgram(program, choice);
  flatbuffers::FlatBufferBuilder builder;
  fb::FinishProgramBuffer(builder, fb::CreateProgram(builder, &program));
  parts.sections[0].assign(builder.GetBufferPointer(), builder.GetBufferPointer() + builder.GetSize());
  return true;
}

ByteString mutate(const uint8_t *data, size_t size, Choice &choice) {
  ByteString file(data, data + size);
  PlanParts parts;
  if (choice.oneIn(16) || !PlanParts::take(data, size, parts)) {
    mutateBytes(file, kMostBytes);
    if (choice.oneIn(2))
      rehash(file);
    return file;
  }
  switch (choice.below(8)) {
  case 0: { // The header alone.
    ByteString header(file.begin(), file.begin() + sizeof(Header));
    mutateWord(header, choice);
    std::copy(header.begin(), header.end(), file.begin());
    rehash(file);
    return file;
  }
  case 1:
    parts.header.requiredFeatures = choice.below(kKnownFeatures + 1);
    break;
  case 2:
    mutateBytes(parts.sections[1 + choice.below(4)], 8192);
    break;
  case 3:
    mutateBytes(parts.sections[0], kMostBytes / 2);
    break;
  case 4:
    mutateWord(parts.sections[0], choice);
    break;
  default:
    if (!changeTyped(data, size, parts, choice))
      mutateWord(parts.sections[0], choice);
  }
  return parts.join(!choice.oneIn(16));
}

void readViews(const Plan &plan) {
  const fb::Program &program = plan.program();
  uint64_t sum = printPlan(plan).size();
  for (const inspect::Json &view : {inspect::viewProgram(program), inspect::viewKernels(program),
                                    inspect::viewSchedule(program), inspect::viewWeights(program)})
    sum += view.dump(-1, ' ', false, inspect::Json::error_handler_t::replace).size();
  for (const Limits &limits : {envelopeLimits(program), Limits{1, 1, 1}})
    sum += viewMemory(plan, limits).size();
  inspect::Json costs;
  use(sum + inspect::addCostViews(plan, program.envelope()->max_context(), nullptr, costs).isOk());
}

} // namespace

std::vector<ByteString> fuzz::makeSeeds() {
  std::vector<ByteString> seeds;
  for (const FakePlan &fake : {FakePlan(), fullPlan()})
    for (uint64_t features : {kFeatureExternalWeights, kFeatureNoWeights, kFeatureNoWeights | kFeatureSigned})
      seeds.push_back(seedOf(fake, features));
  return seeds;
}

extern "C" size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t most, unsigned seed) {
  Choice choice(seed);
  return put(mutate(data, size, choice), data, size, most);
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  PlanBytes file(size);
  if (size)
    std::memcpy(file.data(), data, size);
  Summary summary;
  if (summarizePlan("fuzz.v4plan", file.view(), summary).isOk())
    use(inspect::viewSummary(summary).size());
  Plan plan;
  if (!checkPlan("fuzz.v4plan", file.view(), plan).isOk())
    return 0;
  use(plan.checkSeal().isOk() + plan.verifyWeights().isOk() + verify::checkClosedWorld(plan).problems.size());
  readViews(plan);
  return 0;
}
