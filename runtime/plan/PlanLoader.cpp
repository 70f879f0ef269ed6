//===- PlanLoader.cpp - Container checks of an engine plan ------*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/plan/PlanLoader.h"

#include "runtime/plan/PlanCall.h"
#include "runtime/plan/PlanSampling.h"
#include "runtime/plan/PlanValidator.h"

#include <algorithm>

using namespace v4;
using namespace v4::plan;

namespace {

constexpr uint64_t kMaxMetadataBytes = 256u << 20;
/// Far above any real plan (a table per expert tensor would be 70,000), and low enough to end soon: lists of all of
/// them that the validator makes stay below 64 MiB.
constexpr unsigned kMaxTables = 1'000'000;
constexpr unsigned kMaxDepth = 16;
/// Bound of offsets in sections that are not in the file.
constexpr uint64_t kMostDetachedBytes = uint64_t(1) << 48;
constexpr const char *kRebuild = "; rebuild the plan with v4-compile";
constexpr const char *kSectionNames[kSectionCount] = {"metadata", "code", "tables", "hashes", "weights"};
constexpr uint64_t kHeaderHashedBytes = sizeof(Header) - kHashBytes;

/// Checks of one file, in the order in which they are made.
class Container {
public:
  Container(const std::string &name, Bytes file) : name(name), file(file) {}

  Status checkHeader();
  Status checkSections();
  Status checkSignature(const PublicKey *demanded);
  Status checkDetached();
  Status checkHashCount(uint64_t weights);
  Status checkHashes();
  Status checkGaps();
  Status checkFeature(uint64_t bit, const char *what, bool has);
  Status parse(const fb::Program *&out);

private:
  const Header &header() const { return *reinterpret_cast<const Header *>(file.data); }
  bool isHere() const { return !(header().requiredFeatures & (kFeatureExternalWeights | kFeatureNoWeights)); }
  Bytes section(SectionKind kind) const {
    const Section &s = header().sections[static_cast<uint32_t>(kind)];
    return {file.data + s.offset, s.bytes};
  }

  const std::string &name;
  Bytes file;
};

/// Compares the range with itself, one byte apart: as fast as memory.
bool isZero(const uint8_t *begin, const uint8_t *end) {
  return begin == end || (*begin == 0 && std::memcmp(begin, begin + 1, static_cast<size_t>(end - begin - 1)) == 0);
}

bool sameBytes(const uint8_t *bytes, const Digest &digest) { return std::memcmp(bytes, digest.bytes, kHashBytes) == 0; }

uint64_t alignmentOf(uint32_t section) {
  if (section == static_cast<uint32_t>(SectionKind::Metadata))
    return kMetadataAlignment;
  return section == static_cast<uint32_t>(SectionKind::Weights) ? kWeightsAlignment : kSectionAlignment;
}

Status Container::checkHeader() {
  Summary summary;
  V4_RETURN_IF_ERROR(summarizePlan(name, file, summary));
  if (!summary.header)
    return invalidInput(name, ": format version ", summary.formatVersion, ", this runtime reads ", kOldestFormatVersion,
                        " to ", kFormatVersion, "; rebuild the plan with a matching v4-compile");
  const Header &h = header();
  if (h.abiVersion != kAbiVersion)
    return invalidInput(name, ": kernel ABI ", h.abiVersion, ", this runtime calls ABI ", kAbiVersion,
                        "; rebuild the plan with a matching v4-compile");
  if (uint64_t unknown = h.requiredFeatures & ~kKnownFeatures)
    return invalidInput(name, ": header.requiredFeatures has bits ", unknown,
                        " that this runtime does not know (it knows ", kKnownFeatures, "); use a newer runtime");
  if (h.sectionCount != kSectionCount)
    return invalidInput(name, ": header.sectionCount is ", h.sectionCount, ", expected ", kSectionCount, kRebuild);
  if (h.reserved0 != 0 || h.reserved1 != 0)
    return invalidInput(name, ": header's reserved fields are ", h.reserved0, " and ", h.reserved1, ", expected 0",
                        kRebuild);
  return Status();
}

Status Container::checkSections() {
  uint64_t end = headerBytes(header().requiredFeatures);
  if (end > file.size)
    return invalidInput(name, ": ends within its signature; copy or build it again");
  for (uint32_t i = 0; i < kSectionCount; ++i) {
    const Section &s = header().sections[i];
    if (s.bytes == 0) {
      if (s.offset != 0)
        return invalidInput(name, ": empty section ", kSectionNames[i], " has offset ", s.offset, ", expected 0",
                            kRebuild);
      continue;
    }
    // `end` is at most the file's size, so rounding it up cannot overflow.
    uint64_t begin = (end + alignmentOf(i) - 1) / alignmentOf(i) * alignmentOf(i);
    if (s.offset != begin)
      return invalidInput(name, ": section ", kSectionNames[i], " begins at ", s.offset, ", expected ", begin,
                          " (aligned to ", alignmentOf(i), " behind the section before)", kRebuild);
    if (begin > file.size || s.bytes > file.size - begin)
      return invalidInput(name, ": section ", kSectionNames[i], " has ", s.bytes, " bytes at ", begin,
                          ", the file ends at ", file.size, kRebuild);
    end = begin + s.bytes;
  }
  if (end != file.size)
    return invalidInput(name, ": sections end at ", end, ", the file at ", file.size, kRebuild);
  if (section(SectionKind::Code).size < kHashBytes)
    return invalidInput(name, ": section code has ", section(SectionKind::Code).size,
                        " bytes, expected at least the seal of ", kHashBytes, kRebuild);
  return isHere() ? checkHashCount(section(SectionKind::Weights).size) : checkDetached();
}

/// Weights that lie elsewhere are not here too; a plan without weights has nothing that comes from a checkpoint.
Status Container::checkDetached() {
  bool none = header().requiredFeatures & kFeatureNoWeights;
  if (none && header().requiredFeatures & kFeatureExternalWeights)
    return invalidInput(name, ": header.requiredFeatures is ", header().requiredFeatures,
                        ", weights are either in a file of their own or left out", kRebuild);
  for (SectionKind kind : {SectionKind::Tables, SectionKind::Hashes, SectionKind::Weights})
    if (section(kind).size != 0 && (none || kind == SectionKind::Weights))
      return invalidInput(name, ": section ", kSectionNames[static_cast<uint32_t>(kind)], " has ", section(kind).size,
                          " bytes, expected 0 in a plan whose weights are not in its file", kRebuild);
  return Status();
}

Status Container::checkHashCount(uint64_t weights) {
  uint64_t hashes = (weights / kHashChunkBytes + (weights % kHashChunkBytes != 0)) * kHashBytes;
  if (section(SectionKind::Hashes).size != hashes)
    return invalidInput(name, ": section hashes has ", section(SectionKind::Hashes).size, " bytes, expected ", hashes,
                        " for ", weights, " bytes of weights", kRebuild);
  return Status();
}

Status Container::checkGaps() {
  const uint8_t *end = file.data + headerBytes(header().requiredFeatures);
  for (uint32_t i = 0; i < kSectionCount; ++i) {
    const Section &s = header().sections[i];
    if (s.bytes == 0)
      continue;
    const uint8_t *begin = file.data + s.offset;
    if (!isZero(end, begin)) {
      const uint8_t *bad = std::find_if(end, begin, [](uint8_t byte) { return byte != 0; });
      return invalidInput(name, ": byte ", static_cast<uint64_t>(bad - file.data), " in front of section ",
                          kSectionNames[i], " is ", *bad, ", expected 0, the file is damaged; copy or build it again");
    }
    end = begin + s.bytes;
  }
  return Status();
}

/// A runtime that does not know a part of the plan must refuse it, and learns of it by the bit alone.
Status Container::checkFeature(uint64_t bit, const char *what, bool has) {
  if (has == ((header().requiredFeatures & bit) != 0))
    return Status();
  return invalidInput(name, ": header.requiredFeatures is ", header().requiredFeatures, has ? ", a " : ", no ", what,
                      ", expected bit ", bit, has ? "" : " not", " to be set", kRebuild);
}

Status Container::checkSignature(const PublicKey *demanded) {
  if (header().requiredFeatures & kFeatureSigned)
    return plan::checkSignature(name, file, demanded);
  if (!demanded)
    return Status();
  return invalidInput(name, ": is not signed, expected a signature with the key ", demanded->hex(),
                      "; build it with v4-compile --sign-key");
}

Status Container::checkHashes() {
  Hasher all;
  for (SectionKind kind : {SectionKind::Metadata, SectionKind::Code, SectionKind::Tables, SectionKind::Hashes})
    all.update(hashBytes(section(kind).data, section(kind).size));
  if (!sameBytes(header().planHash, all.finish()))
    return invalidInput(name, ": metadata, code, tables and hashes do not match the plan's hash, the file is damaged; "
                              "copy or build it again");
  return Status();
}

/// Where the last tensor of the section of tables or weights ends. REQUIRES: the program is valid.
uint64_t endOfTensors(const fb::Program &program, bool inTables) {
  uint64_t end = 0;
  for (const fb::Weight *weight : *program.weights())
    if (weight->in_tables() == inTables)
      end = std::max(end, weight->offset() + weight->bytes());
  return end;
}

Status Container::parse(const fb::Program *&out) {
  Bytes metadata = section(SectionKind::Metadata);
  if (metadata.size < 8 || metadata.size > kMaxMetadataBytes)
    return invalidInput(name, ": section metadata has ", metadata.size, " bytes, expected 8 to ", kMaxMetadataBytes,
                        kRebuild);
  if (!fb::ProgramBufferHasIdentifier(metadata.data))
    return invalidInput(name, ": metadata has the identifier '",
                        escapeText({reinterpret_cast<const char *>(metadata.data) + 4, 4}), "', expected '",
                        fb::ProgramIdentifier(), "'", kRebuild);
  flatbuffers::Verifier verifier(metadata.data, metadata.size, kMaxDepth, kMaxTables);
  if (!fb::VerifyProgramBuffer(verifier))
    return invalidInput(name, ": metadata is not a well-formed FlatBuffer of ", metadata.size, " bytes", kRebuild);
  out = fb::GetProgram(metadata.data);
  bool none = header().requiredFeatures & kFeatureNoWeights;
  V4_RETURN_IF_ERROR(validateProgram(name, *out, section(SectionKind::Code).size - kHashBytes,
                                     none ? kMostDetachedBytes : section(SectionKind::Tables).size,
                                     isHere() ? section(SectionKind::Weights).size : kMostDetachedBytes));
  V4_RETURN_IF_ERROR(checkFeature(kFeatureCalls, "kernel has a call", hasCalls(*out)));
  V4_RETURN_IF_ERROR(checkFeature(kFeatureVariants, "kernel has variants", hasVariants(*out)));
  V4_RETURN_IF_ERROR(checkFeature(kFeatureSampling, "launch is of the group sample", hasSampling(*out)));
  return isHere() || none ? Status() : checkHashCount(endOfTensors(*out, /*inTables=*/false));
}

} // namespace

Status plan::summarizePlan(const std::string &name, Bytes file, Summary &out) {
  if (file.size < sizeof(Header))
    return invalidInput(name, ": has ", file.size, " bytes, an engine plan has at least ", sizeof(Header),
                        "; copy or build it again");
  const Header &header = *reinterpret_cast<const Header *>(file.data);
  if (std::memcmp(header.magic, kMagic, sizeof(kMagic)) != 0)
    return invalidInput(name, ": begins with '", escapeText({header.magic, sizeof(header.magic)}),
                        "', an engine plan with '", escapeText({kMagic, sizeof(kMagic)}),
                        "'; is this a file from v4-compile?");
  out.formatVersion = header.formatVersion;
  out.abiVersion = header.abiVersion;
  out.requiredFeatures = header.requiredFeatures;
  out.fileBytes = header.fileBytes;
  bool readable = header.formatVersion >= kOldestFormatVersion && header.formatVersion <= kFormatVersion;
  if (readable && !sameBytes(header.headerHash, hashBytes(&header, kHeaderHashedBytes)))
    return invalidInput(name, ": header does not match its hash, the file is damaged; copy or build it again");
  if (header.fileBytes != file.size)
    return invalidInput(name, ": ", file.size < header.fileBytes ? "truncated" : "too long", ", the file has ",
                        file.size, " bytes, its header says ", header.fileBytes, "; copy or build it again");
  out.header = readable ? &header : nullptr;
  return Status();
}

Status plan::checkPlan(const std::string &name, Bytes file, Plan &out, const PublicKey *demanded) {
  Container container(name, file);
  const fb::Program *root = nullptr;
  V4_RETURN_IF_ERROR(container.checkHeader());
  V4_RETURN_IF_ERROR(container.checkSections());
  V4_RETURN_IF_ERROR(container.checkSignature(demanded));
  V4_RETURN_IF_ERROR(container.checkHashes());
  V4_RETURN_IF_ERROR(container.checkGaps());
  V4_RETURN_IF_ERROR(container.parse(root));
  out.path = name;
  out.file = file;
  out.fileHeader = reinterpret_cast<const Header *>(file.data);
  out.root = root;
  out.weightsPath = name;
  out.weightsSection = out.sectionIn(file, SectionKind::Weights);
  out.tablesSection = out.sectionIn(file, SectionKind::Tables);
  // Sections that are here may be longer than their tensors.
  out.weightsEnd = std::max(out.weightsSection.size, endOfTensors(*root, false));
  out.tablesEnd = std::max(out.section(SectionKind::Tables).size, endOfTensors(*root, true));
  return Status();
}

Status plan::loadPlan(const std::string &path, const LoadOptions &options, Plan &out) {
  MappedFile mapping;
  V4_RETURN_IF_ERROR(MappedFile::open(path, options.mode, mapping));
  Plan plan;
  V4_RETURN_IF_ERROR(
      checkPlan(path, {mapping.data(), mapping.size()}, plan, options.publicKey ? &*options.publicKey : nullptr));
  plan.mapping = std::move(mapping);
  out = std::move(plan);
  return Status();
}

Digest Plan::planHash() const {
  Digest digest;
  std::memcpy(digest.bytes, fileHeader->planHash, sizeof(digest.bytes));
  return digest;
}

std::optional<PublicKey> Plan::signer() const {
  if (!(fileHeader->requiredFeatures & kFeatureSigned))
    return std::nullopt;
  PublicKey key;
  std::memcpy(key.bytes, file.data + sizeof(Header), sizeof(key.bytes));
  return key;
}

Status Plan::checkSeal() const {
  Bytes metadata = section(SectionKind::Metadata);
  if (sameBytes(code().data + code().size, hashBytes(metadata.data, metadata.size)))
    return Status();
  return invalidInput(path, ": metadata is not what the code was compiled for (the code's seal differs)", kRebuild);
}

Status Plan::verifyWeights() const {
  if (hasNoWeights())
    return checkFailed(path, ": holds no weights to check (v4-compile --weights=none)");
  Bytes weights = section(SectionKind::Weights);
  if (weights.size != weightsBytes())
    return checkFailed(path, ": its weights are in a file of their own that was not opened");
  const uint8_t *hashes = section(SectionKind::Hashes).data;
  for (uint64_t begin = 0; begin < weights.size; begin += kHashChunkBytes, hashes += kHashBytes) {
    uint64_t end = std::min(begin + kHashChunkBytes, weights.size);
    if (sameBytes(hashes, hashBytes(weights.data + begin, end - begin)))
      continue;
    std::string tensors = "padding";
    for (const fb::Weight *weight : *root->weights())
      if (!weight->in_tables() && weight->offset() < end && begin < weight->offset() + weight->bytes()) {
        tensors = "'" + weight->name()->str() + "'";
        break;
      }
    return checkFailed(weightsPath, ": weights ", begin, " to ", end, " (first tensor ", tensors,
                       ") do not match their hash, the file is damaged; copy or build it again");
  }
  return Status();
}
