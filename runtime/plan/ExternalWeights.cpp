//===- ExternalWeights.cpp - Weights in a file of their own -----*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/plan/PlanLoader.h"
#include "runtime/plan/PlanValidator.h"

#include <algorithm>

using namespace v4;
using namespace v4::plan;

static constexpr uint64_t kHashedBytes = sizeof(WeightsHeader) - kHashBytes;

static Status checkWeightsHeader(const std::string &name, Bytes file) {
  if (file.size < sizeof(WeightsHeader))
    return invalidInput(name, ": has ", file.size, " bytes, a file of weights has at least ", sizeof(WeightsHeader),
                        "; copy or build it again");
  const WeightsHeader &header = *reinterpret_cast<const WeightsHeader *>(file.data);
  if (std::memcmp(header.magic, kWeightsMagic, sizeof(kWeightsMagic)) != 0)
    return invalidInput(name, ": begins with '", escapeText({header.magic, sizeof(header.magic)}),
                        "', a file of weights with '", escapeText({kWeightsMagic, sizeof(kWeightsMagic)}),
                        "'; is this a .v4weights file from v4-compile?");
  if (header.formatVersion != kWeightsVersion)
    return invalidInput(name, ": format version ", header.formatVersion, ", this runtime reads ", kWeightsVersion,
                        "; rebuild it with a matching v4-compile");
  if (std::memcmp(header.headerHash, hashBytes(&header, kHashedBytes).bytes, kHashBytes) != 0)
    return invalidInput(name, ": header does not match its hash, the file is damaged; copy or build it again");
  if (header.fileBytes != file.size)
    return invalidInput(name, ": ", file.size < header.fileBytes ? "truncated" : "too long", ", the file has ",
                        file.size, " bytes, its header says ", header.fileBytes, "; copy or build it again");
  return Status();
}

/// REQUIRES: checkWeightsHeader() passed.
static Status checkPlace(const std::string &name, Bytes file, const Plan &plan) {
  const WeightsHeader &header = *reinterpret_cast<const WeightsHeader *>(file.data);
  if (std::memcmp(header.planHash, plan.header().planHash, kHashBytes) != 0) {
    Digest owner;
    std::memcpy(owner.bytes, header.planHash, sizeof(owner.bytes));
    return invalidInput(name, ": belongs to plan ", owner.hex(), ", not to ", plan.name(), ", which is plan ",
                        plan.planHash().hex(), "; name the file that was compiled with it");
  }
  if (header.weightsOffset != kWeightsAlignment || header.weightsBytes != plan.weightsBytes() ||
      file.size != kWeightsAlignment + header.weightsBytes)
    return invalidInput(name, ": weights are ", header.weightsBytes, " bytes at ", header.weightsOffset, ", expected ",
                        plan.weightsBytes(), " at ", kWeightsAlignment, " to the end of the file; build it again");
  const uint8_t *begin = file.data + sizeof(WeightsHeader), *end = file.data + kWeightsAlignment;
  if (const uint8_t *bad = std::find_if(begin, end, [](uint8_t byte) { return byte != 0; }); bad != end)
    return invalidInput(name, ": byte ", static_cast<uint64_t>(bad - file.data), " behind the header is ", *bad,
                        ", expected 0, the file is damaged; copy or build it again");
  return Status();
}

std::string plan::weightsPathOf(const std::string &planPath) {
  size_t name = planPath.find_last_of('/') + 1, dot = planPath.find_last_of('.');
  bool hasSuffix = dot != std::string::npos && dot > name;
  return planPath.substr(0, hasSuffix ? dot : planPath.size()) + ".v4weights";
}

Status plan::attachWeights(const std::string &given, const LoadOptions &options, Plan &plan) {
  if (!plan.hasExternalWeights()) {
    if (given.empty())
      return Status();
    return invalidInput(plan.name(),
                        plan.hasNoWeights() ? ": was compiled with --weights=none and takes no weights"
                                            : ": holds its weights itself",
                        ", expected no weights file; leave '", given, "' out");
  }
  std::string path = given.empty() ? weightsPathOf(plan.name()) : given;
  MappedFile mapping;
  Status opened = MappedFile::open(path, options.mode, mapping);
  if (!opened.isOk())
    return invalidInput(opened.message(), ", expected the weights of ", plan.name(),
                        "; put them there or name their file");
  Bytes file{mapping.data(), mapping.size()};
  V4_RETURN_IF_ERROR(checkWeightsHeader(path, file));
  V4_RETURN_IF_ERROR(checkPlace(path, file, plan));
  plan.weightsMapping = std::move(mapping);
  plan.weightsSection = {file.data + kWeightsAlignment, file.size - kWeightsAlignment};
  plan.weightsPath = path;
  return Status();
}
