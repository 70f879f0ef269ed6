//===- PlanWriter.cpp - Container of a plan -------------------------------===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "codegen/plan/PlanWriter.h"

#include "codegen/plan/MetadataWriter.h"
#include "codegen/plan/SourceFold.h"
#include "dialects/plan/PlanDialect.h"

#include "mlir/IR/AsmState.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/DialectResourceBlobManager.h"
#include "llvm/Support/FormatVariadic.h"

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

/// fb::ExactForm bits of names.
static uint32_t formsOf(mlir::ArrayAttr names) {
  uint32_t forms = 0;
  if (names)
    for (auto name : names.getAsRange<mlir::StringAttr>())
      forms |= static_cast<uint32_t>(*plan::symbolizeExactForm(name.getValue()));
  return forms;
}

static Expected<StoredWeight> describe(plan::WeightOp op) {
  StoredWeight weight;
  weight.name = op.getSymName().str();
  if (std::optional<plan::fb::ElementType> element = elementOf(op.getElement()))
    weight.element = *element;
  else
    return makeError("weight '" + weight.name + "' has an element type that the schema lacks");
  weight.shape = op.getShape().vec();
  weight.layout = op.getLayout().str();
  weight.recipe = op.getRecipe().str();
  weight.sources = expandSources(op.getSources());
  weight.bytes = static_cast<uint64_t>(op.getBytes());
  weight.inTables = op.getInTables();
  weight.wantedForms = formsOf(op.getExactFormsAttr());
  weight.neededForms = formsOf(op.getNeededFormsAttr());
  return weight;
}

static Error placeWeights(plan::ProgramOp program, WeightSource *source, PlacedWeights &out) {
  for (plan::WeightOp op : program.getBody().front().getOps<plan::WeightOp>()) {
    Expected<StoredWeight> weight = describe(op);
    if (!weight)
      return weight.takeError();
    if (Error error = out.add(*weight, source))
      return error;
  }
  return Error::success();
}

/// Says what quantization changed. REQUIRES: all weights are written.
static std::vector<QuantizedWeight> reportQuantized(plan::ProgramOp program, const PlacedWeights &weights) {
  std::vector<QuantizedWeight> report;
  auto ops = program.getBody().front().getOps<plan::WeightOp>();
  for (auto [op, entry] : zip(ops, weights.entries)) {
    ArrayRef<Piece> pieces = weights.pieces(entry);
    if (pieces.empty() || pieces.front().findings->stripes.empty())
      continue;
    QuantizedWeight weight{op.getSymName().str(), op.getRecipe().drop_front(StringRef("quantize_").size()).str(), {}};
    for (const Piece &piece : pieces) {
      RoundingError error;
      for (const RoundingError &stripe : piece.findings->stripes)
        error.add(stripe);
      weight.tensors.emplace_back(piece.name, error);
    }
    RoundingError all = weight.error();
    op.emitRemark() << "v4-quantize-weights: '" << weight.name << "' as " << weight.format << " has the largest error "
                    << formatv("{0:e3}", all.maxAbs).str() << " and a relative RMS error of "
                    << formatv("{0:e3}", all.relativeRms()).str();
    report.push_back(std::move(weight));
  }
  return report;
}

Error codegen::writePlan(mlir::ModuleOp module, WeightSource *source, StringRef path,
                         const PlanWriterOptions &options) {
  Expected<plan::ProgramOp> program = findProgram(module);
  if (!program)
    return program.takeError();
  Expected<ArrayRef<uint8_t>> object = findCode(*program);
  if (!object)
    return object.takeError();
  PlanContents contents;
  contents.object = *object;
  if (Error error =
          placeWeights(*program, options.placement == WeightPlacement::None ? nullptr : source, contents.weights))
    return error;
  contents.metadata = [&]() -> Expected<std::vector<uint8_t>> {
    if (Error error = contents.weights.checkNeeded())
      return error;
    std::vector<WeightPlace> places;
    for (const PlacedWeights::Entry &entry : contents.weights.entries)
      places.push_back({entry.offset, contents.weights.exactForms(entry)});
    return writeMetadata(*program, places);
  };
  if (Error error = writePlanFile(contents, source, path, options))
    return error;
  std::vector<QuantizedWeight> quantized = reportQuantized(*program, contents.weights);
  if (options.quantized)
    *options.quantized = std::move(quantized);
  return Error::success();
}
