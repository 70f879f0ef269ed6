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
#include "llvm/Support/FormatVariadic.h"
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
  struct Entry {
    plan::WeightOp op;
    WeightImage *image;
    size_t firstPiece, pieces;
    uint64_t offset;
  };
  std::vector<Entry> entries;
};

} // namespace

static bool isRecipe(plan::WeightOp op, StringRef recipe) { return op.getRecipe() == recipe; }

/// The layout "panels" of a weight; none for "row_major".
static Expected<std::optional<PanelMatrix>> panelsOf(plan::WeightOp op) {
  if (op.getLayout() == "row_major")
    return std::optional<PanelMatrix>();
  mlir::Type element = op.getElement();
  int64_t columns = op.getShape().back();
  auto matrix = [&](PanelFormat format, int64_t width) { return std::optional<PanelMatrix>({format, 0, width}); };
  bool fits = op.getLayout() == "panels" && !isRecipe(op, "i64_to_i32") && !isRecipe(op, "quantize_e4m3_scales");
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

/// The part of a quantized matrix that a weight is; none for other recipes.
static Expected<std::optional<NarrowPart>> narrowPartOf(plan::WeightOp op) {
  StringRef recipe = op.getRecipe();
  if (!recipe.consume_front("quantize_"))
    return std::optional<NarrowPart>();
  bool isScales = recipe.consume_back("_scales"), isE4M3 = recipe == "e4m3";
  mlir::Type element = op.getElement();
  bool fits = isScales ? isa<mlir::Float8E8M0FNUType>(element)
                       : isE4M3 ? isa<mlir::Float8E4M3FNType>(element) : isa<mlir::Float4E2M1FNType>(element);
  int64_t columns = op.getShape().back() * (isScales ? isE4M3 ? 128 : 32 : 1);
  if (!fits || columns % 128 != 0)
    return makeError("weight '" + op.getSymName() + "' has the recipe '" + op.getRecipe() + "' and " +
                     Twine(columns) + " columns, expected codes or scales of that format and a multiple of 128 columns");
  NarrowFormat format = isE4M3 ? NarrowFormat::E4M3 : NarrowFormat::E2M1;
  return std::optional<NarrowPart>({{format, 0, columns}, isScales, op.getLayout() == "panels"});
}

static Expected<WeightForm> formOf(plan::WeightOp op) {
  WeightForm form;
  Expected<std::optional<PanelMatrix>> panels = panelsOf(op);
  if (!panels)
    return panels.takeError();
  Expected<std::optional<NarrowPart>> narrow = narrowPartOf(op);
  if (!narrow)
    return narrow.takeError();
  if (*narrow)
    form.narrow = *narrow;
  else
    form.panels = *panels;
  form.recipe = *narrow ? Recipe::Quantize : isRecipe(op, "i64_to_i32") ? Recipe::I64ToI32 : Recipe::Copy;
  // Facts are about codes and scales of one byte.
  form.rowBytes = static_cast<uint64_t>(op.getShape().back());
  if (mlir::ArrayAttr wanted = op.getExactFormsAttr())
    for (auto name : wanted.getAsRange<mlir::StringAttr>())
      form.wantedForms |= static_cast<uint32_t>(*plan::symbolizeExactForm(name.getValue()));
  if (form.wantedForms && !isa<mlir::Float8E8M0FNUType, mlir::Float8E4M3FNType>(op.getElement()))
    return makeError("weight '" + op.getSymName() + "' asks for exact_forms, expected that of f8E4M3FN and f8E8M0FNU only");
  return form;
}

static Error placeWeights(plan::ProgramOp program, WeightSource &source, Weights &out) {
  for (plan::WeightOp op : program.getBody().front().getOps<plan::WeightOp>()) {
    SmallVector<StringRef> tensors;
    for (mlir::Attribute attr : op.getSources()) {
      auto name = dyn_cast<mlir::StringAttr>(attr);
      if (!name)
        return makeError("weight '" + op.getSymName() + "' has a source that is no string");
      tensors.push_back(name.getValue());
    }
    WeightImage &image = op.getInTables() ? out.tables : out.weights;
    Expected<WeightForm> form = formOf(op);
    if (!form)
      return form.takeError();
    size_t firstPiece = image.pieces.size();
    Expected<uint64_t> offset = image.add(op.getSymName(), op.getBytes(), tensors, *form, source);
    if (!offset)
      return offset.takeError();
    out.entries.push_back({op, &image, firstPiece, tensors.size(), *offset});
  }
  return Error::success();
}

static ArrayRef<Piece> piecesOf(const Weights::Entry &entry) {
  return ArrayRef<Piece>(entry.image->pieces).slice(entry.firstPiece, entry.pieces);
}

/// Places with the facts that no byte written so far disproves.
static std::vector<WeightPlace> placesOf(const Weights &weights) {
  std::vector<WeightPlace> places;
  for (const Weights::Entry &entry : weights.entries) {
    uint32_t forms = ~0u;
    for (const Piece &piece : piecesOf(entry))
      forms &= piece.findings->exactForms;
    places.push_back({entry.offset, forms});
  }
  return places;
}

/// Says what quantization changed. REQUIRES: all weights are written.
static std::vector<QuantizedWeight> reportQuantized(const Weights &weights) {
  std::vector<QuantizedWeight> report;
  for (const Weights::Entry &entry : weights.entries) {
    if (piecesOf(entry).front().findings->stripes.empty())
      continue;
    plan::WeightOp op = entry.op;
    QuantizedWeight weight{op.getSymName().str(), op.getRecipe().drop_front(StringRef("quantize_").size()).str(), {}};
    for (const Piece &piece : piecesOf(entry)) {
      RoundingError error;
      for (const RoundingError &stripe : piece.findings->stripes)
        error.add(stripe);
      weight.tensors.emplace_back(piece.name, error);
    }
    RoundingError all = weight.error();
    op.emitRemark() << "v4-quantize-weights: '" << weight.name << "' as " << weight.format
                          << " has the largest error " << formatv("{0:e3}", all.maxAbs).str()
                          << " and a relative RMS error of " << formatv("{0:e3}", all.relativeRms()).str();
    report.push_back(std::move(weight));
  }
  return report;
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
  // For its size; what is proven of the weights comes last.
  Expected<std::vector<uint8_t>> metadata = writeMetadata(*program, placesOf(weights));
  if (!metadata)
    return metadata.takeError();

  std::vector<uint8_t> tables(weights.tables.bytes);
  if (Error error = weights.tables.assemble(0, tables))
    return error;

  plan::Header header = {};
  std::memcpy(header.magic, plan::kMagic, sizeof(header.magic));
  header.formatVersion = plan::kFormatVersion;
  header.abiVersion = plan::kAbiVersion;
  header.sectionCount = plan::kSectionCount;
  uint64_t hashesBytes = divideCeil(weights.weights.bytes, plan::kHashChunkBytes) * plan::kHashBytes;
  const uint64_t metadataBytes = metadata->size();
  const uint64_t codeBytes = object->size() + plan::kHashBytes;
  placeSections({metadataBytes, codeBytes, tables.size(), hashesBytes, weights.weights.bytes}, header);

  PartialFile file;
  if (Error error = file.open(path, header.fileBytes))
    return error;
  auto offsetOf = [&](plan::SectionKind kind) { return header.sections[static_cast<uint32_t>(kind)].offset; };
  Expected<std::vector<Hash>> chunks =
      writeWeights(weights.weights, file, offsetOf(plan::SectionKind::Weights), options.threads, options.progress);
  if (!chunks)
    return chunks.takeError();
  std::vector<uint8_t> hashes(hashesBytes);
  for (auto [index, hash] : enumerate(*chunks))
    copyHash(hash, hashes.data() + index * plan::kHashBytes);

  metadata = writeMetadata(*program, placesOf(weights));
  if (!metadata)
    return metadata.takeError();
  if (metadata->size() != metadataBytes)
    return makeError("the metadata has " + Twine(metadata->size()) + " bytes with facts, " + Twine(metadataBytes) +
                     " without; the sections are placed for the latter: a defect of the writer");
  std::vector<uint8_t> code(object->begin(), object->end());
  Hash seal = hashBytes(*metadata);
  code.insert(code.end(), seal.begin(), seal.end());
  std::vector<QuantizedWeight> quantized = reportQuantized(weights);
  if (options.quantized)
    *options.quantized = std::move(quantized);

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
