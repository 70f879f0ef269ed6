//===- ClosedWorld.cpp - All that the envelope allows ---------------------===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/plan/PlanCall.h"
#include "runtime/plan/PlanState.h"
#include "tools/verify/Checks.h"
#include "tools/verify/KernelSymbols.h"
#include "tools/verify/TargetLevels.h"

#include <algorithm>
#include <map>

using namespace v4;
using namespace v4::plan;
using namespace v4::verify;

namespace {

constexpr uint64_t kMaxRingChecks = uint64_t(1) << 24;

void checkTarget(const Plan &plan, Check &check) {
  const fb::Target &target = *plan.program().target();
  std::string name = target.name()->str();
  const std::vector<std::string> *features = featuresOfLevel(name);
  if (!features) {
    check.add(checkFailed(plan.name(), ": target '", name, "' is unknown, expected ", levelNames(),
                          "; use a newer v4-verify"));
    return;
  }
  std::vector<std::string> listed;
  for (const flatbuffers::String *feature : *target.features())
    listed.push_back(feature->str());
  if (listed != *features)
    check.add(checkFailed(plan.name(), ": target.features differ from those of '", name,
                          "', expected the level's own; rebuild the plan with v4-compile"));
}

/// Names of the functions of the code section, or of the images of a plan for a GPU, by where they lie.
class ExportedSymbols {
public:
  explicit ExportedSymbols(const Plan &plan) : plan(plan) {}

  /// Each object is read once.
  Status find(uint32_t index, uint32_t variant, bool &found) {
    const fb::Kernel &kernel = *plan.program().kernels()->Get(index);
    const fb::Block *block = blockOf(kernel, variant);
    Place place = block ? Place(block->image_offset(), block->image_bytes()) : Place();
    auto [entry, isNew] = objects.try_emplace(place);
    if (isNew)
      V4_RETURN_IF_ERROR(block
                             ? readCubinSymbols(plan, blockField(plan.program(), index, variant), *block, entry->second)
                             : readKernelSymbols(plan.name(), plan.code(), entry->second));
    found = std::binary_search(entry->second.begin(), entry->second.end(), functionOf(kernel, variant));
    return Status();
  }

private:
  using Place = std::pair<uint64_t, uint64_t>; ///< Offset and bytes in the code section.

  const Plan &plan;
  std::map<Place, std::vector<std::string_view>> objects;
};

/// Where the function has its name from.
std::string fieldOf(const fb::Program &program, uint32_t index, uint32_t variant) {
  const fb::Block *block = blockOf(*program.kernels()->Get(index), variant);
  return block && block->call() ? blockField(program, index, variant) + ".call.function"
                                : joinText("kernels[", index, "].symbol");
}

/// Of a kernel and its variants: a launch may run any of them.
bool checkFunctions(const Plan &plan, uint32_t index, ExportedSymbols &exported, bool &missing, Check &check) {
  const fb::Kernel &kernel = *plan.program().kernels()->Get(index);
  for (uint32_t v = 0; v <= variantCount(kernel); ++v) {
    bool found = false;
    if (Status status = exported.find(index, v, found); !status.isOk()) {
      check.add(status);
      return false;
    }
    missing |= !found;
    if (!found)
      check.add(checkFailed(plan.name(), ": ", fieldOf(plan.program(), index, v), " '", functionOf(kernel, v),
                            "' is no function of section code; rebuild the plan with v4-compile"));
  }
  return true;
}

void checkKernels(const Plan &plan, Check &check) {
  ExportedSymbols exported(plan);
  const fb::Program &program = plan.program();
  std::vector<bool> missing(program.kernels()->size());
  for (uint32_t i = 0; i < program.kernels()->size(); ++i) {
    bool lacks = false;
    if (!checkFunctions(plan, i, exported, lacks, check))
      return;
    missing[i] = lacks;
  }
  for (uint32_t i = 0; i < program.launches()->size(); ++i)
    if (uint32_t kernel = program.launches()->Get(i)->kernel(); missing[kernel])
      check.add(checkFailed(plan.name(), ": launches[", i, "] runs kernels[", kernel,
                            "], which the plan does not hold; rebuild the plan with v4-compile"));
}

/// Sessions of the least and the most that the envelope allows. Positions reach beyond the context by a draft.
std::vector<Limits> corners(const fb::Program &program) {
  Limits most = envelopeLimits(program);
  uint64_t positions = heldLimits(program, most).context;
  std::vector<Limits> list;
  for (uint64_t tokens : {uint64_t(1), most.tokens})
    for (uint64_t sequences : {uint64_t(1), most.sequences})
      for (uint64_t context : {uint64_t(1), positions})
        list.push_back({tokens, sequences, context});
  return list;
}

std::string textOf(const Limits &limits) {
  return joinText("tokens ", limits.tokens, ", sequences ", limits.sequences, ", positions ", limits.context);
}

void checkSizes(const Plan &plan, const Limits &limits, Check &check) {
  const fb::Program &program = plan.program();
  for (uint32_t i = 0; i < program.buffers()->size(); ++i) {
    const fb::Buffer &buffer = *program.buffers()->Get(i);
    std::optional<uint64_t> bytes = evaluateTerms(buffer, limits), payload = payloadBytes(buffer, limits);
    if (!bytes || !payload)
      check.add(checkFailed(plan.name(), ": buffers[", i, "].bytes at ", textOf(limits), " reach ", kMaxBytes,
                            " bytes, expected less; compile the plan with a smaller envelope"));
  }
  if (!cacheBytes(program, limits.context, limits.sequences))
    check.add(checkFailed(plan.name(), ": the cache at ", textOf(limits), " reaches ", kMaxBytes,
                          " bytes, expected less; compile the plan with a smaller envelope"));
  if (limits.context > INT32_MAX)
    check.add(checkFailed(plan.name(), ": ", limits.context, " positions a sequence, the step block counts to ",
                          INT32_MAX, "; compile the plan with a smaller --max-context"));
}

/// A session may take back as many tokens as the envelope says that drafts are deep.
void checkDrafts(const Plan &plan, Check &check) {
  const fb::Program &program = plan.program();
  uint64_t depth = program.envelope()->max_draft();
  if (!program.model()->has_mtp() || depth == 0)
    return;
  std::vector<StateRing> rings = stateRings(program, true);
  uint64_t reach = 1;
  for (const StateRing &ring : rings)
    reach = std::max(reach, 2 * (ring.rows + ring.period));
  // Real rings are far smaller; absurd ones must not take long.
  reach = std::min(reach, kMaxRingChecks / (rings.size() + 1));
  for (uint64_t fed = depth + 1; fed <= reach; ++fed)
    if (!holdsState(rings, fed, fed - depth)) {
      check.add(checkFailed(plan.name(), ": state rings cannot take back ", depth, " tokens at position ", fed,
                            ", envelope.max_draft says they can; rebuild the plan with v4-compile"));
      return;
    }
}

/// Every group of launches that a session can ask for is there.
void checkGroups(const Plan &plan, Check &check) {
  const fb::Program &program = plan.program();
  auto expect = [&](fb::LaunchGroup group, const char *name) {
    for (const fb::Launch *launch : *program.launches())
      if (launch->group() == group)
        return;
    check.add(checkFailed(plan.name(), ": no launch has the group ", name,
                          ", expected one: a step needs it; rebuild the plan with v4-compile"));
  };
  expect(fb::LaunchGroup::Main, "main");
  if (program.mtp_logits_buffer() >= 0)
    expect(fb::LaunchGroup::Mtp, "mtp");
}

} // namespace

Check verify::checkClosedWorld(const Plan &plan) {
  Check check{"closed-world", {}};
  checkTarget(plan, check);
  checkKernels(plan, check);
  for (const Limits &limits : corners(plan.program()))
    checkSizes(plan, limits, check);
  checkDrafts(plan, check);
  checkGroups(plan, check);
  return check;
}
