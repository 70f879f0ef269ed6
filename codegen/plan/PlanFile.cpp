//===- PlanFile.cpp - The sections of a plan, sealed and written  -*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "codegen/plan/PlanFile.h"

#include "codegen/plan/ChunkJournal.h"
#include "runtime/plan/Format.h"
#include "runtime/plan/plan_generated.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SmallString.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/MathExtras.h"
#include "llvm/Support/Path.h"

#include <cstring>

using namespace llvm;
using namespace v4;
using namespace v4::codegen;
using plan::SectionKind;

static Error makeError(const Twine &message) { return createStringError(inconvertibleErrorCode(), message); }

/// As the runtime looks for it (ExternalWeights.cpp): a name's leading dot begins no suffix.
std::string codegen::weightsPathOf(StringRef planPath) {
  StringRef name = sys::path::filename(planPath);
  size_t dot = name.rfind('.');
  size_t suffix = dot == StringRef::npos || dot == 0 ? 0 : name.size() - dot;
  return (planPath.drop_back(suffix) + ".v4weights").str();
}

static void copyHash(const Hash &hash, uint8_t *out) { std::memcpy(out, hash.data(), hash.size()); }

static std::vector<uint8_t> joinHashes(ArrayRef<Hash> hashes) {
  std::vector<uint8_t> bytes;
  for (const Hash &hash : hashes)
    bytes.insert(bytes.end(), hash.begin(), hash.end());
  return bytes;
}

template <typename T>
static ArrayRef<uint8_t> bytesOf(const T &value) {
  return ArrayRef<uint8_t>(reinterpret_cast<const uint8_t *>(&value), sizeof(T));
}

/// What a reader must know of kernels: that some have a call, or variants.
static uint64_t kernelFeatures(ArrayRef<uint8_t> metadata) {
  uint64_t features = 0;
  auto add = [&](const plan::fb::Block *block) { features |= block && block->call() ? plan::kFeatureCalls : 0; };
  for (const plan::fb::Kernel *kernel : *plan::fb::GetProgram(metadata.data())->kernels()) {
    add(kernel->block());
    for (uint32_t i = 0; kernel->variants() && i < kernel->variants()->size(); ++i) {
      features |= plan::kFeatureVariants;
      add(kernel->variants()->Get(i)->block());
    }
  }
  return features;
}

/// And of launches that sample.
static uint64_t samplingFeatures(ArrayRef<uint8_t> metadata) {
  bool has = any_of(*plan::fb::GetProgram(metadata.data())->launches(), [](const plan::fb::Launch *launch) {
    return launch->group() == plan::fb::LaunchGroup::Sample || launch->group() == plan::fb::LaunchGroup::MtpSample;
  });
  return has ? plan::kFeatureSampling : 0;
}

namespace {

/// One plan on its way to the disk.
class PlanFile {
public:
  PlanFile(PlanContents &contents, WeightSource *source, const PlanFileOptions &options)
      : contents(contents), source(source), options(options), image(contents.weights.weights) {}

  Error write(StringRef path);

private:
  bool isHere() const { return options.placement == WeightPlacement::Embed; }
  bool isExternal() const { return options.placement == WeightPlacement::External; }
  Error prepare();
  void placeSections(ArrayRef<uint64_t> sizes);
  uint64_t offsetOf(SectionKind kind) const { return header.sections[static_cast<uint32_t>(kind)].offset; }
  Error writeWeights(StringRef path, PartialFile &file, uint64_t fileBytes, uint64_t offset);
  Hash identity() const;
  Error seal();
  Error writeSections(PartialFile &file);
  Error commitExternal(PartialFile &file);

  PlanContents &contents;
  WeightSource *source;
  const PlanFileOptions &options;
  const WeightImage &image;
  plan::Header header = {};
  plan::SignatureBlock signature = {};
  std::vector<uint8_t> metadata, code, tables, hashes;
  ChunkJournal journal;
};

} // namespace

Error PlanFile::prepare() {
  if (source)
    if (Error error = contents.weights.checkSources(*source))
      return error;
  Expected<std::vector<uint8_t>> written = contents.metadata();
  if (!written)
    return written.takeError();
  metadata = std::move(*written);
  bool none = options.placement == WeightPlacement::None;
  tables.resize(none ? 0 : contents.weights.tables.bytes);
  if (!none)
    if (Error error = contents.weights.tables.assemble(0, tables))
      return error;
  hashes.resize(none ? 0 : divideCeil(image.bytes, plan::kHashChunkBytes) * plan::kHashBytes);
  std::memcpy(header.magic, plan::kMagic, sizeof(header.magic));
  header.formatVersion = plan::kFormatVersion;
  header.abiVersion = plan::kAbiVersion;
  header.sectionCount = plan::kSectionCount;
  header.requiredFeatures = isHere() ? 0 : isExternal() ? plan::kFeatureExternalWeights : plan::kFeatureNoWeights;
  header.requiredFeatures |= kernelFeatures(metadata) | samplingFeatures(metadata);
  if (options.sign)
    header.requiredFeatures |= plan::kFeatureSigned;
  placeSections({metadata.size(), contents.object.size() + plan::kHashBytes, tables.size(), hashes.size(),
                 isHere() ? image.bytes : 0});
  return Error::success();
}

void PlanFile::placeSections(ArrayRef<uint64_t> sizes) {
  uint64_t end = plan::headerBytes(header.requiredFeatures);
  for (auto [index, bytes] : enumerate(sizes)) {
    if (bytes == 0)
      continue;
    uint64_t alignment = index == static_cast<size_t>(SectionKind::Metadata)  ? plan::kMetadataAlignment
                         : index == static_cast<size_t>(SectionKind::Weights) ? plan::kWeightsAlignment
                                                                              : plan::kSectionAlignment;
    header.sections[index] = {alignTo(end, alignment), bytes};
    end = header.sections[index].offset + bytes;
  }
  header.fileBytes = end;
}

/// Of all that decides the bytes of chunks, and of the file that they are in.
Hash PlanFile::identity() const {
  std::vector<Hash> parts = {hashBytes(metadata), hashBytes(contents.object), hashBytes(tables),
                             hashBytes(arrayRefFromStringRef(source->identity())), hashBytes(bytesOf(header))};
  return hashBytes(joinHashes(parts));
}

Error PlanFile::writeWeights(StringRef path, PartialFile &file, uint64_t fileBytes, uint64_t offset) {
  // Without weights there is nothing to go on with.
  file.keepOnFailure = options.resume && options.placement != WeightPlacement::None;
  if (Error error = file.open(path, fileBytes, source && !source->isSparse()))
    return error;
  if (options.placement == WeightPlacement::None)
    return Error::success();
  if (options.resume) {
    Expected<std::string> found = journal.open(file, identity(), contents.weights.weights);
    if (!found)
      return found.takeError();
    if (options.note && !found->empty())
      options.note(*found);
  }
  ChunkWriter writer{image, file, offset, *source, options.resume ? &journal : nullptr};
  Expected<std::vector<Hash>> chunks = writer.write(options.threads, options.progress);
  if (!chunks)
    return chunks.takeError();
  hashes = joinHashes(*chunks);
  return Error::success();
}

Error PlanFile::seal() {
  Expected<std::vector<uint8_t>> final = contents.metadata();
  if (!final)
    return final.takeError();
  if (final->size() != metadata.size())
    return makeError("the metadata has " + Twine(final->size()) + " bytes with facts, " + Twine(metadata.size()) +
                     " without; the sections are placed for the latter: a defect of the writer");
  metadata = std::move(*final);
  code.assign(contents.object.begin(), contents.object.end());
  Hash seal = hashBytes(metadata);
  code.insert(code.end(), seal.begin(), seal.end());
  Hash planHash = hashBytes(joinHashes({seal, hashBytes(code), hashBytes(tables), hashBytes(hashes)}));
  copyHash(planHash, header.planHash);
  copyHash(hashBytes(bytesOf(header).drop_back(plan::kHashBytes)), header.headerHash);
  if (options.sign)
    signature = options.sign(header);
  return Error::success();
}

Error PlanFile::writeSections(PartialFile &file) {
  ArrayRef<uint8_t> signatureBytes = options.sign ? bytesOf(signature) : ArrayRef<uint8_t>();
  std::pair<uint64_t, ArrayRef<uint8_t>> parts[] = {{0, bytesOf(header)},
                                                    {sizeof(header), signatureBytes},
                                                    {offsetOf(SectionKind::Metadata), metadata},
                                                    {offsetOf(SectionKind::Code), code},
                                                    {offsetOf(SectionKind::Tables), tables},
                                                    {offsetOf(SectionKind::Hashes), hashes}};
  for (auto &[offset, bytes] : parts)
    if (!bytes.empty())
      if (Error error = file.write(offset, bytes))
        return error;
  return Error::success();
}

Error PlanFile::commitExternal(PartialFile &file) {
  plan::WeightsHeader own = {};
  std::memcpy(own.magic, plan::kWeightsMagic, sizeof(own.magic));
  own.formatVersion = plan::kWeightsVersion;
  own.weightsOffset = plan::kWeightsAlignment;
  own.weightsBytes = image.bytes;
  own.fileBytes = own.weightsOffset + own.weightsBytes;
  std::memcpy(own.planHash, header.planHash, sizeof(own.planHash));
  copyHash(hashBytes(bytesOf(own).drop_back(plan::kHashBytes)), own.headerHash);
  if (Error error = file.write(0, bytesOf(own)))
    return error;
  return file.commit();
}

Error PlanFile::write(StringRef path) {
  if (Error error = prepare())
    return error;
  PartialFile planFile, weightsFile;
  bool external = isExternal();
  std::string weightsPath = external ? weightsPathOf(path) : "";
  if (external && weightsPath == path)
    return makeError(path + ": is the name of the plan's weights, expected a plan's; name it .v4plan");
  if (external)
    if (Error error = planFile.open(path, header.fileBytes, /*checkRoom=*/false))
      return error;
  Error written =
      external ? writeWeights(weightsPath, weightsFile, plan::kWeightsAlignment + image.bytes, plan::kWeightsAlignment)
               : writeWeights(path, planFile, header.fileBytes, offsetOf(SectionKind::Weights));
  if (written)
    return written;
  if (Error error = seal())
    return error;
  if (Error error = writeSections(planFile))
    return error;
  // The weights first: a plan that is there has them, unless another took their place.
  if (external)
    if (Error error = commitExternal(weightsFile))
      return error;
  if (Error error = planFile.commit())
    return error;
  journal.remove();
  return Error::success();
}

Error codegen::writePlanFile(PlanContents &contents, WeightSource *source, StringRef path,
                             const PlanFileOptions &options) {
  return PlanFile(contents, source, options).write(path);
}
