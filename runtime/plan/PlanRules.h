//===- PlanRules.h - Rules of the validator, by subject ---------*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Internal to PlanValidator.cpp and the Plan...Rules.cpp.
// Rules run in the order of declaration; each may rely on those before it.
//
//===----------------------------------------------------------------------===//

#ifndef V4_RUNTIME_PLAN_PLANRULES_H
#define V4_RUNTIME_PLAN_PLANRULES_H

#include "runtime/plan/PlanCall.h"
#include "runtime/plan/PlanMemory.h"
#include "runtime/plan/PlanValidator.h"

namespace v4::plan {

class PlanRules {
public:
  PlanRules(const std::string &name, const fb::Program &program) : name(name), program(program) {}

  // PlanValidator.cpp
  Status checkVectors();
  Status checkGeneral();
  Status checkModel();
  Status checkKernels();
  /// Of a plan for a GPU: how blocks look, and that their code lies in the `codeBytes` of the code section.
  Status checkBlocks(uint64_t codeBytes);

  // PlanCostRules.cpp
  Status checkParts();

  // PlanValidator.cpp
  /// REQUIRES: names of buffers, weights and pools were checked.
  Status checkUniqueNames();

  // PlanMemoryRules.cpp
  Status checkBuffers();
  Status checkWeights(uint64_t tablesBytes, uint64_t weightsBytes);
  Status checkPools();

  // PlanLaunchRules.cpp
  Status checkLaunches();
  Status checkSlots();
  Status checkProbes();
  Status checkLogits();

  // PlanSamplingRules.cpp
  /// REQUIRES: launches and logits were checked.
  Status checkSampling();

private:
  /// Where in the metadata a rule looks: "buffers[3].slot".
  template <typename... Parts>
  Status fail(const Parts &...parts) const {
    return invalidInput(name, ": ", parts..., "; rebuild the plan with v4-compile");
  }
  /// `value` lies in [low, high].
  Status expectRange(const std::string &field, uint64_t value, uint64_t low, uint64_t high) const;
  template <typename Enum>
  Status expectEnum(const std::string &field, Enum value) const {
    return expectRange(field, static_cast<uint64_t>(value), 0, static_cast<uint64_t>(Enum::MAX));
  }
  Status expectPresent(const std::string &field, const void *value) const;
  /// FlatBuffers' verifier aligns the length of a vector, not its elements of 8 bytes.
  Status expectAligned(const std::string &field, const uint8_t *elements) const;
  /// `count` further elements are looked at.
  Status spend(const std::string &field, uint64_t count);
  Status checkString(const std::string &field, const flatbuffers::String *text, bool mayBeEmpty = false);
  Status checkName(const std::string &field, const flatbuffers::String *text);
  Status checkShape(const std::string &field, const flatbuffers::Vector<uint64_t> *shape, uint64_t least);

  Status checkSize(const std::string &field, const fb::Buffer &buffer);
  Status checkArena();
  Status checkRing(uint32_t i, const fb::Pool &pool);
  Status checkRings();
  Status checkRowBytes(const std::string &field, const fb::Pool &pool);
  Status checkPoolPlaces(fb::PoolKind kind, const char *field, uint64_t bytes);
  Status checkWeightPlaces(bool inTables, uint64_t sectionBytes);

  Status checkVariants(uint32_t kernel);
  Status checkCluster(const std::string &field, const fb::Block &block);
  Status checkBlock(const std::string &field, uint32_t kernel, const fb::Block &block, uint64_t codeBytes);
  Status checkCall(const std::string &field, uint32_t kernel, const fb::Call &call);
  Status checkArgument(const std::string &field, uint32_t kernel, const fb::Argument &argument);
  Status checkMap(const std::string &field, const fb::Argument &map);
  Status checkMaps(uint32_t launch, const fb::Block *block);
  Status checkWhole(const std::string &field, uint64_t tiles, const fb::Block *block);
  Status checkWorkgroups(uint32_t launch);
  Status checkLaunch(uint32_t index);
  Status checkCosts(uint32_t kernel);
  Status checkTerm(const std::string &field, fb::CostUnit unit, uint64_t ratio, uint64_t count);
  Status checkHits(uint32_t launch);
  Status checkBinding(uint32_t launch, uint32_t binding);
  Status checkPoolUse(uint32_t launch, const std::string &field, const fb::Binding &binding);
  Status checkBufferUse(uint32_t launch, const std::string &field, const fb::Binding &binding);
  Status checkPhase(uint32_t begin, uint32_t end);
  Status checkReads(uint32_t launch);
  Status checkConflicts(uint32_t begin, uint32_t end);
  Status checkLogitsBuffer(const char *field, uint64_t buffer, fb::LaunchGroup group);
  Status checkSampleLaunch(uint32_t launch, uint64_t logits);

  /// Which launches have written a buffer so far.
  struct Written {
    bool byMain = false;
    bool byMtp = false;
    uint32_t first = 0; ///< The first of them, of any group; of meaning when `isWritten`.
    bool isWritten = false;
  };

  const std::string &name;
  const fb::Program &program;
  std::vector<Written> written;
  std::vector<uint32_t> phaseOf; ///< By launch.
  uint64_t spent = 0;
  uint64_t bindingCount = 0; ///< Of all launches so far.
};

inline std::string at(const char *vector, uint64_t index, const char *field) {
  return joinText(vector, "[", index, "].", field);
}

} // namespace v4::plan

#endif // V4_RUNTIME_PLAN_PLANRULES_H
