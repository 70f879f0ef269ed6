//===- PlanLoader.h - A fully checked view of an engine plan ----*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// loadPlan checks everything that a step relies on, in the order of Format.h:
// container, signature, hashes, FlatBuffer structure, meaning (PlanValidator.h). Whoever
// holds a Plan may index, multiply and follow references without a check. Code
// stays bytes here: only a device that runs a step maps it.
//
// A Plan is immutable; threads may share it. Pointers that it hands out live as
// long as it does.
//
//===----------------------------------------------------------------------===//

#ifndef V4_RUNTIME_PLAN_PLANLOADER_H
#define V4_RUNTIME_PLAN_PLANLOADER_H

#include "runtime/base/AddressRange.h"
#include "runtime/base/Hash.h"
#include "runtime/base/MappedFile.h"
#include "runtime/plan/Format.h"
#include "runtime/plan/Signature.h"
#include "runtime/plan/plan_generated.h"

#include <optional>

namespace v4::plan {

struct LoadOptions {
  LoadMode mode = LoadMode::Map;
  std::string weights;                ///< Of attachWeights(): "" = beside the plan.
  bool madeUpWeights = false;         ///< makeUpWeights() instead of attachWeights().
  std::optional<PublicKey> publicKey; ///< Refuse plans that are not signed with it.
};

class Plan {
public:
  /// The path it was loaded from: the start of every message about it.
  const std::string &name() const { return path; }
  const Header &header() const { return *fileHeader; }
  /// Every vector and every string is present (maybe empty).
  const fb::Program &program() const { return *root; }
  /// The ELF object, without the seal that follows it in the section.
  Bytes code() const {
    Bytes sealed = section(SectionKind::Code);
    return {sealed.data, sealed.size - kHashBytes};
  }
  /// Of weights and tables: those of the plan's file, or those that attachWeights() found or makeUpWeights() made, or
  /// none.
  Bytes section(SectionKind kind) const {
    return kind == SectionKind::Weights  ? weightsSection
           : kind == SectionKind::Tables ? tablesSection
                                         : sectionIn(file, kind);
  }
  bool hasExternalWeights() const { return fileHeader->requiredFeatures & kFeatureExternalWeights; }
  /// Compiled with --weights=none: it can be read, and run only for its speed, with made-up weights.
  bool hasNoWeights() const { return fileHeader->requiredFeatures & kFeatureNoWeights; }
  bool hasMadeUpWeights() const { return madeUp.data(); }
  /// Bytes of the weights section wherever it lies, also where it was left out.
  uint64_t weightsBytes() const { return weightsEnd; }
  uint64_t tablesBytes() const { return tablesEnd; }
  /// Address of weights[index], 4096-aligned; null when its section is not here.
  const uint8_t *weight(uint32_t index) const {
    const fb::Weight *w = root->weights()->Get(index);
    Bytes bytes = section(w->in_tables() ? SectionKind::Tables : SectionKind::Weights);
    return bytes.size ? bytes.data + w->offset() : nullptr;
  }
  Digest planHash() const;
  /// The key that the plan is signed with; its signature was checked.
  std::optional<PublicKey> signer() const;

  /// InvalidInput unless the code was compiled for this metadata. A device calls it before it maps code; reading a
  /// plan needs no trust in its code.
  Status checkSeal() const;
  /// Compares every chunk of the weights section with its hash: reads all weights. CheckFailed names the first tensor
  /// of the first chunk that differs.
  Status verifyWeights() const;

private:
  friend Status loadPlan(const std::string &path, const LoadOptions &options, Plan &out);
  friend Status checkPlan(const std::string &name, Bytes file, Plan &out, const PublicKey *demanded);
  friend Status attachWeights(const std::string &path, const LoadOptions &options, Plan &plan);
  friend Status makeUpWeights(Plan &plan);

  Bytes sectionIn(Bytes bytes, SectionKind kind) const {
    const Section &place = fileHeader->sections[static_cast<uint32_t>(kind)];
    return {bytes.data + place.offset, place.bytes};
  }

  std::string path;
  MappedFile mapping;
  Bytes file;
  MappedFile weightsMapping; ///< Of external weights.
  std::string weightsPath;   ///< The file that holds the weights, for messages.
  Bytes weightsSection, tablesSection;
  AddressRange madeUp; ///< Both, when makeUpWeights() made them.
  uint64_t weightsEnd = 0, tablesEnd = 0;
  const Header *fileHeader = nullptr;
  const fb::Program *root = nullptr;
};

/// InvalidInput when the file cannot be read, is damaged or is of another version.
Status loadPlan(const std::string &path, const LoadOptions &options, Plan &out);

/// The same for bytes that outlive `out`; `file.data` is 64-byte aligned. `demanded`: null, or the key that the plan
/// must be signed with.
Status checkPlan(const std::string &name, Bytes file, Plan &out, const PublicKey *demanded = nullptr);

/// Maps the weights of a plan that has them in a file of their own: `path`, or with "" the one beside the plan. Does
/// nothing for a plan that holds its weights or has none, unless a path is given: then InvalidInput. InvalidInput also
/// when the file is missing, damaged or belongs to another plan.
Status attachWeights(const std::string &path, const LoadOptions &options, Plan &plan);

/// Gives a plan of --weights=none weights and tables of pseudo-random values, in memory of this process: what it then
/// computes is finite, takes the time of the real model and means nothing. InvalidInput for any other plan; Unsupported
/// where they do not fit.
Status makeUpWeights(Plan &plan);

/// <plan stem>.v4weights
std::string weightsPathOf(const std::string &planPath);

/// What any version of the format says about itself.
struct Summary {
  uint32_t formatVersion = 0;
  uint32_t abiVersion = 0;
  uint64_t requiredFeatures = 0;
  uint64_t fileBytes = 0;
  /// Null unless this runtime reads formatVersion; points into the file.
  const Header *header = nullptr;
};

/// Reads the header alone; fails when the file is no plan, or not of the size or the hash that its header says.
Status summarizePlan(const std::string &name, Bytes file, Summary &out);

} // namespace v4::plan

#endif // V4_RUNTIME_PLAN_PLANLOADER_H
