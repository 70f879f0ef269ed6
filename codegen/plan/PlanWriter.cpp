//===- PlanWriter.cpp - Container of a plan -------------------------------===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "codegen/plan/PlanWriter.h"

#include "codegen/plan/MetadataWriter.h"
#include "dialects/plan/PlanDialect.h"
#include "runtime/plan/Format.h"

#include "mlir/IR/AsmState.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/DialectResourceBlobManager.h"
#include "llvm/Support/MathExtras.h"

#include <cstring>

using namespace llvm;
using namespace v4;
using namespace v4::codegen;

static Error makeError(const Twine &message) { return createStringError(inconvertibleErrorCode(), message); }

static Expected<plan::ProgramOp> findProgram(mlir::ModuleOp module) {
  auto programs = llvm::to_vector(module.getOps<plan::ProgramOp>());
  if (programs.size() == 1)
    return programs.front();
  return makeError("the module has " + Twine(programs.size()) +
                   " 'plan.program' ops, expected 1; run the schedule phase before writing a plan");
}

static Expected<ArrayRef<uint8_t>> findCode(plan::ProgramOp program) {
  auto codes = llvm::to_vector(program.getBody().front().getOps<plan::CodeOp>());
  if (codes.size() != 1)
    return makeError("'plan.program' has " + Twine(codes.size()) +
                     " 'plan.code' ops, expected 1; run the codegen phase before writing a plan");
  ArrayRef<char> bytes;
  if (auto resource = dyn_cast<mlir::DenseResourceElementsAttr>(codes.front().getObject())) {
    if (mlir::AsmResourceBlob *blob = resource.getRawHandle().getBlob())
      bytes = blob->getData();
  } else if (auto dense = dyn_cast<mlir::DenseElementsAttr>(codes.front().getObject())) {
    if (!dense.isSplat())
      bytes = dense.getRawData();
  }
  if (bytes.empty())
    return makeError("'plan.code' has no bytes, expected an object as dense or dense_resource i8 elements");
  return ArrayRef<uint8_t>(reinterpret_cast<const uint8_t *>(bytes.data()), bytes.size());
}

namespace {

/// Both images and the place of every plan.weight in its own.
struct Weights {
  WeightImage tables;
  WeightImage weights;
  std::vector<uint64_t> offsets;
};

} // namespace

/// The layout "panels" of a weight; none for "row_major".
static Expected<std::optional<PanelMatrix>> panelsOf(plan::WeightOp op) {
  if (op.getLayout() == "row_major")
    return std::optional<PanelMatrix>();
  mlir::Type element = op.getElement();
  int64_t columns = op.getShape().back();
  auto matrix = [&](PanelFormat format, int64_t width) { return std::optional<PanelMatrix>({format, 0, width}); };
  bool fits = op.getLayout() == "panels" && op.getRecipe() == "copy";
  if (fits && isa<mlir::Float8E8M0FNUType>(element) && columns % 2 == 0)
    return matrix(PanelFormat::E2M1Scales, columns * 32);
  if (fits && columns % kPanelColumns == 0) {
    if (element.isBF16())
      return matrix(PanelFormat::Bf16, columns);
    if (element.isF32())
      return matrix(PanelFormat::F32, columns);
    if (isa<mlir::Float8E4M3FNType>(element))
      return matrix(PanelFormat::E4M3, columns);
    if (isa<mlir::Float4E2M1FNType>(element))
      return matrix(PanelFormat::E2M1, columns);
  }
  return makeError("weight '" + op.getSymName() + "' has the layout '" + op.getLayout() +
                   "', expected row_major, or panels of bf16, f32, f8E4M3FN or f4E2M1FN in blocks of 64 columns");
}

static Error placeWeights(plan::ProgramOp program, WeightSource &source, Weights &out) {
  for (plan::WeightOp op : program.getBody().front().getOps<plan::WeightOp>()) {
    if (op.getRecipe() != "copy" && op.getRecipe() != "i64_to_i32")
      return makeError("weight '" + op.getSymName() + "' has the recipe '" + op.getRecipe() +
                       "', expected copy or i64_to_i32");
    SmallVector<StringRef> tensors;
    for (mlir::Attribute attr : op.getSources()) {
      auto name = dyn_cast<mlir::StringAttr>(attr);
      if (!name)
        return makeError("weight '" + op.getSymName() + "' has a source that is no string");
      tensors.push_back(name.getValue());
    }
    Recipe recipe = op.getRecipe() == "copy" ? Recipe::Copy : Recipe::I64ToI32;
    WeightImage &image = op.getInTables() ? out.tables : out.weights;
    Expected<std::optional<PanelMatrix>> panels = panelsOf(op);
    if (!panels)
      return panels.takeError();
    Expected<uint64_t> offset = image.add(op.getSymName(), op.getBytes(), tensors, recipe, source, *panels);
    if (!offset)
      return offset.takeError();
    out.offsets.push_back(*offset);
  }
  return Error::success();
}

static void placeSections(ArrayRef<uint64_t> sizes, plan::Header &header) {
  uint64_t end = sizeof(plan::Header);
  for (auto [index, bytes] : enumerate(sizes)) {
    if (bytes == 0)
      continue;
    uint64_t alignment = index == 0                                                 ? plan::kMetadataAlignment
                         : index == static_cast<size_t>(plan::SectionKind::Weights) ? plan::kWeightsAlignment
                                                                                    : plan::kSectionAlignment;
    header.sections[index] = {alignTo(end, alignment), bytes};
    end = header.sections[index].offset + bytes;
  }
  header.fileBytes = end;
}

static void copyHash(const Hash &hash, uint8_t *out) { std::memcpy(out, hash.data(), hash.size()); }

static Hash hashHashes(ArrayRef<Hash> hashes) {
  std::vector<uint8_t> bytes;
  for (const Hash &hash : hashes)
    bytes.insert(bytes.end(), hash.begin(), hash.end());
  return hashBytes(bytes);
}

Error codegen::writePlan(mlir::ModuleOp module, WeightSource &source, StringRef path,
                         const PlanWriterOptions &options) {
  Expected<plan::ProgramOp> program = findProgram(module);
  if (!program)
    return program.takeError();
  Expected<ArrayRef<uint8_t>> object = findCode(*program);
  if (!object)
    return object.takeError();
  Weights weights;
  if (Error error = placeWeights(*program, source, weights))
    return error;
  Expected<std::vector<uint8_t>> metadata = writeMetadata(*program, weights.offsets);
  if (!metadata)
    return metadata.takeError();

  std::vector<uint8_t> code(object->begin(), object->end());
  Hash seal = hashBytes(*metadata);
  code.insert(code.end(), seal.begin(), seal.end());
  std::vector<uint8_t> tables(weights.tables.bytes);
  if (Error error = weights.tables.assemble(0, tables))
    return error;

  plan::Header header = {};
  std::memcpy(header.magic, plan::kMagic, sizeof(header.magic));
  header.formatVersion = plan::kFormatVersion;
  header.abiVersion = plan::kAbiVersion;
  header.sectionCount = plan::kSectionCount;
  uint64_t hashesBytes = divideCeil(weights.weights.bytes, plan::kHashChunkBytes) * plan::kHashBytes;
  placeSections({metadata->size(), code.size(), tables.size(), hashesBytes, weights.weights.bytes}, header);

  PartialFile file;
  if (Error error = file.open(path, header.fileBytes))
    return error;
  auto offsetOf = [&](plan::SectionKind kind) { return header.sections[static_cast<uint32_t>(kind)].offset; };
  Expected<std::vector<Hash>> chunks =
      writeWeights(weights.weights, file, offsetOf(plan::SectionKind::Weights), options.threads);
  if (!chunks)
    return chunks.takeError();
  std::vector<uint8_t> hashes(hashesBytes);
  for (auto [index, hash] : enumerate(*chunks))
    copyHash(hash, hashes.data() + index * plan::kHashBytes);

  copyHash(hashHashes({seal, hashBytes(code), hashBytes(tables), hashBytes(hashes)}), header.planHash);
  ArrayRef<uint8_t> headerBytes(reinterpret_cast<const uint8_t *>(&header), sizeof(header));
  copyHash(hashBytes(headerBytes.drop_back(plan::kHashBytes)), header.headerHash);
  std::pair<uint64_t, ArrayRef<uint8_t>> parts[] = {{0, headerBytes},
                                                    {offsetOf(plan::SectionKind::Metadata), *metadata},
                                                    {offsetOf(plan::SectionKind::Code), code},
                                                    {offsetOf(plan::SectionKind::Tables), tables},
                                                    {offsetOf(plan::SectionKind::Hashes), hashes}};
  for (auto &[offset, bytes] : parts)
    if (Error error = file.write(offset, bytes))
      return error;
  return file.commit();
}
