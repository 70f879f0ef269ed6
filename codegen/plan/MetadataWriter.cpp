//===- MetadataWriter.cpp - One function per table of plan.fbs ------------===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "codegen/plan/MetadataWriter.h"

#include "codegen/plan/PartsWriter.h"
#include "codegen/plan/SourceFold.h"
#include "dialects/kernel/KernelDialect.h"
#include "dialects/v4/V4Dialect.h"

#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSwitch.h"

using namespace llvm;
using namespace v4;
using namespace v4::codegen;
namespace fb = v4::plan::fb;

namespace {

using flatbuffers::Offset;
template <typename Table>
using TableVector = Offset<flatbuffers::Vector<Offset<Table>>>;
/// Where the symbols of one kind of op are in their vector.
using Indices = DenseMap<StringRef, uint32_t>;

/// Walks one program. The first problem is kept in `error`; what is written after it is thrown away.
class MetadataWriter {
public:
  MetadataWriter(plan::ProgramOp program, ArrayRef<WeightPlace> places) : program(program), places(places) {}

  Expected<std::vector<uint8_t>> run();

private:
  TableVector<fb::Option> writeOptions();
  Offset<fb::Target> writeTarget();
  Offset<fb::Model> writeModel();
  Offset<fb::Envelope> writeEnvelope();
  TableVector<fb::Buffer> writeBuffers();
  TableVector<fb::Weight> writeWeights();
  TableVector<fb::Pool> writePools();
  TableVector<fb::Kernel> writeKernels();
  Offset<fb::Block> block(plan::BlockAttr attr);
  TableVector<fb::Variant> variants(plan::KernelOp op);
  Offset<fb::Call> call(plan::CallAttr attr);
  fb::Argument argument(kernel::ArgumentAttr attr);
  TableVector<fb::Launch> writeLaunches();
  TableVector<fb::Probe> writeProbes();

  template <typename OpT>
  Indices indexSymbols() {
    Indices indices;
    for (OpT op : program.getBody().front().getOps<OpT>())
      indices.try_emplace(op.getSymName(), static_cast<uint32_t>(indices.size()));
    return indices;
  }
  /// One table per op of a kind, in op order.
  template <typename Table, typename OpT>
  TableVector<Table> writeOps(function_ref<Offset<Table>(OpT)> write) {
    std::vector<Offset<Table>> tables;
    for (OpT op : program.getBody().front().getOps<OpT>())
      tables.push_back(write(op));
    return builder.CreateVector(tables);
  }

  Offset<flatbuffers::String> string(StringRef text) { return builder.CreateString(text.data(), text.size()); }
  /// Strings that many tables repeat.
  Offset<flatbuffers::String> shared(StringRef text) { return builder.CreateSharedString(text.data(), text.size()); }
  Offset<flatbuffers::Vector<uint64_t>> shape(ArrayRef<int64_t> dimensions) {
    return builder.CreateVector(std::vector<uint64_t>(dimensions.begin(), dimensions.end()));
  }

  void fail(const Twine &message) {
    if (error.empty())
      error = message.str();
  }
  /// An attribute that a pass sets late.
  uint64_t required(mlir::Operation *op, std::optional<uint64_t> value, StringRef attribute, StringRef setBy);
  uint64_t index(const Indices &indices, mlir::FlatSymbolRefAttr symbol, StringRef user);
  fb::ElementType element(mlir::Operation *op, mlir::Type type);
  fb::LaunchGroup group(mlir::Operation *op, StringRef name);
  fb::Binding binding(plan::BindingAttr attr);
  Offset<flatbuffers::Vector<const fb::CostTerm *>> costs(plan::KernelOp op);

  plan::ProgramOp program;
  ArrayRef<WeightPlace> places;
  flatbuffers::FlatBufferBuilder builder{1 << 20};
  Indices buffers, weights, pools, kernels;
  std::string error;
};

std::string describe(mlir::Operation *op) {
  auto name = op->getAttrOfType<mlir::StringAttr>(mlir::SymbolTable::getSymbolAttrName());
  return ("'" + op->getName().getStringRef() + "'" + (name ? " @" + name.getValue() : Twine())).str();
}

//===----------------------------------------------------------------------===//
// Building blocks
//===----------------------------------------------------------------------===//

uint64_t MetadataWriter::required(mlir::Operation *op, std::optional<uint64_t> value, StringRef attribute,
                                  StringRef setBy) {
  if (!value)
    fail(describe(op) + " has no attribute '" + attribute + "'; run " + setBy + " before writing the plan");
  return value.value_or(0);
}

uint64_t MetadataWriter::index(const Indices &indices, mlir::FlatSymbolRefAttr symbol, StringRef user) {
  auto found = indices.find(symbol.getValue());
  if (found != indices.end())
    return found->second;
  fail(user + " refers to @" + symbol.getValue() + ", which the program does not define as such");
  return 0;
}

fb::ElementType MetadataWriter::element(mlir::Operation *op, mlir::Type type) {
  std::optional<fb::ElementType> element = elementOf(type);
  if (!element)
    fail(describe(op) + " has an element type that the schema lacks, expected i8, i32, i64, bf16, f32, f8E4M3FN, "
                        "f8E8M0FNU or f4E2M1FN");
  return element.value_or(fb::ElementType::I8);
}

fb::LaunchGroup MetadataWriter::group(mlir::Operation *op, StringRef name) {
  auto found = llvm::StringSwitch<std::optional<fb::LaunchGroup>>(name)
                   .Case("main", fb::LaunchGroup::Main)
                   .Case("mtp", fb::LaunchGroup::Mtp)
                   .Case("mtp_step", fb::LaunchGroup::MtpStep)
                   .Case("mtp_draft", fb::LaunchGroup::MtpDraft)
                   .Case("sample", fb::LaunchGroup::Sample)
                   .Case("mtp_sample", fb::LaunchGroup::MtpSample)
                   .Default(std::nullopt);
  if (!found)
    fail(describe(op) + " has the group '" + name + "', expected main, mtp, mtp_step, mtp_draft, sample or mtp_sample");
  return found.value_or(fb::LaunchGroup::Main);
}

//===----------------------------------------------------------------------===//
// Tables
//===----------------------------------------------------------------------===//

TableVector<fb::Option> MetadataWriter::writeOptions() {
  std::vector<Offset<fb::Option>> tables;
  // A dictionary is sorted by name.
  for (mlir::NamedAttribute option : program.getOptions()) {
    auto value = dyn_cast<mlir::StringAttr>(option.getValue());
    if (!value)
      fail("'plan.program' option '" + option.getName().getValue() + "' is no string");
    Offset<flatbuffers::String> name = string(option.getName().getValue());
    tables.push_back(fb::CreateOption(builder, name, string(value ? value.getValue() : "")));
  }
  return builder.CreateVector(tables);
}

Offset<fb::Target> MetadataWriter::writeTarget() {
  auto target = dyn_cast<kernel::TargetAttr>(program.getTarget());
  if (!target) {
    fail("'plan.program' attribute 'target' is no #kernel.target");
    return {};
  }
  std::vector<Offset<flatbuffers::String>> features;
  for (mlir::StringAttr feature : target.getFeatures())
    features.push_back(string(feature.getValue()));
  Offset<flatbuffers::String> name = string(target.getName());
  return fb::CreateTarget(builder, name, builder.CreateVector(features));
}

Offset<fb::Model> MetadataWriter::writeModel() {
  auto model = dyn_cast<ModelAttr>(program.getModel());
  std::string digest;
  if (!model || !tryGetFromHex(model.getDigest(), digest) || digest.size() != 32) {
    fail("'plan.program' attribute 'model' is no #v4.model with a digest of 64 hex digits");
    return {};
  }
  auto digestBytes = builder.CreateVector(reinterpret_cast<const uint8_t *>(digest.data()), digest.size());
  return fb::CreateModel(builder, model.getVocab(), model.getHidden(), model.getLayers(), model.getEos(),
                         model.getWindow(), model.getMtp(), digestBytes);
}

Offset<fb::Envelope> MetadataWriter::writeEnvelope() {
  auto envelope = dyn_cast<EnvelopeAttr>(program.getEnvelope());
  if (!envelope) {
    fail("'plan.program' attribute 'envelope' is no #v4.envelope");
    return {};
  }
  return fb::CreateEnvelope(builder, envelope.getTokens(), envelope.getSequences(), envelope.getMaxContext(),
                            envelope.getDraft());
}

TableVector<fb::Buffer> MetadataWriter::writeBuffers() {
  return writeOps<fb::Buffer, plan::BufferOp>([&](plan::BufferOp op) {
    std::vector<fb::SizeTerm> terms;
    for (mlir::Attribute attr : op.getBytes()) {
      auto size = dyn_cast<plan::SizeAttr>(attr);
      if (size)
        terms.emplace_back(size.getCoefficient(), size.getTokensPower(), size.getSequencesPower(),
                           size.getContextPower());
      else
        fail(describe(op) + " has an attribute 'bytes' with an entry that is no #plan.size");
    }
    Offset<flatbuffers::String> name = string(op.getSymName());
    auto rowShape = shape(op.getRowShape());
    auto bytes = builder.CreateVectorOfStructs(terms);
    uint64_t slot = required(op, op.getSlot(), "slot", "--v4-plan-arena");
    uint64_t first = required(op, op.getFirstLaunch(), "first_launch", "--v4-plan-arena");
    uint64_t last = required(op, op.getLastLaunch(), "last_launch", "--v4-plan-arena");
    return fb::CreateBuffer(builder, name, element(op, op.getElement()), static_cast<fb::RowSpace>(op.getRows()),
                            rowShape, bytes, slot, first, last, op.getRank());
  });
}

TableVector<fb::Weight> MetadataWriter::writeWeights() {
  size_t next = 0;
  // No facts take as much room as some.
  builder.ForceDefaults(true);
  auto tables = writeOps<fb::Weight, plan::WeightOp>([&](plan::WeightOp op) {
    const WeightPlace &place = places[next++];
    std::vector<Offset<flatbuffers::String>> sources;
    for (const std::string &source : foldSources(op.getSources()))
      sources.push_back(shared(source));
    Offset<flatbuffers::String> name = string(op.getSymName());
    auto dimensions = shape(op.getShape());
    Offset<flatbuffers::String> layout = shared(op.getLayout());
    Offset<flatbuffers::String> recipe = shared(op.getRecipe());
    return fb::CreateWeight(builder, name, element(op, op.getElement()), dimensions, layout, op.getInTables(),
                            place.offset, op.getBytes(), builder.CreateVector(sources), op.getRank(), recipe,
                            place.exactForms);
  });
  builder.ForceDefaults(false);
  return tables;
}

TableVector<fb::Pool> MetadataWriter::writePools() {
  return writeOps<fb::Pool, plan::PoolOp>([&](plan::PoolOp op) -> Offset<fb::Pool> {
    auto type = dyn_cast<CacheType>(op.getType());
    if (!type) {
      fail(describe(op) + " has an attribute 'type' that is no !v4.cache");
      return {};
    }
    static constexpr int64_t none[] = {0, 0, 0};
    ArrayRef<int64_t> reach = op.getReach().value_or(ArrayRef<int64_t>(none));
    return fb::CreatePool(builder, string(op.getSymName()), static_cast<fb::PoolKind>(type.getKind()),
                          static_cast<fb::RowEncoding>(type.getEncoding()), type.getRatio(), type.getRows(),
                          type.getValues(), type.getRowBytes(),
                          required(op, op.getOffset(), "offset", "--v4-plan-kv-cache"), group(op, op.getGroup()),
                          op.getRank(), reach[0], reach[1], reach[2]);
  });
}

Offset<flatbuffers::Vector<const fb::CostTerm *>> MetadataWriter::costs(plan::KernelOp op) {
  std::vector<fb::CostTerm> terms;
  if (std::optional<mlir::ArrayAttr> list = op.getCosts())
    for (auto cost : list->getAsRange<plan::CostAttr>())
      terms.emplace_back(static_cast<fb::CostKind>(cost.getKind()), static_cast<fb::CostUnit>(cost.getUnit()),
                         cost.getRatio(), cost.getMost(), cost.getCount());
  return builder.CreateVectorOfStructs(terms);
}

TableVector<fb::Kernel> MetadataWriter::writeKernels() {
  return writeOps<fb::Kernel, plan::KernelOp>([&](plan::KernelOp op) {
    Offset<flatbuffers::String> symbol = string(op.getSymName());
    Offset<flatbuffers::String> name = shared(op.getOp());
    auto blockAttr = dyn_cast_or_null<plan::BlockAttr>(op.getBlock().value_or(mlir::Attribute()));
    Offset<fb::Block> own = block(blockAttr);
    TableVector<fb::Variant> others = variants(op);
    return fb::CreateKernel(builder, symbol, name, op.getBindings(),
                            required(op, op.getStackBytes(), "stack_bytes", "code generation"), costs(op),
                            static_cast<int64_t>(op.getHits()), own, others);
  });
}

TableVector<fb::Variant> MetadataWriter::variants(plan::KernelOp op) {
  std::vector<Offset<fb::Variant>> tables;
  if (std::optional<mlir::ArrayAttr> list = op.getVariants())
    for (auto variant : list->getAsRange<plan::VariantAttr>()) {
      Offset<fb::Block> variantBlock = block(variant.getBlock());
      tables.push_back(
          fb::CreateVariant(builder, variant.getMostRows(), variant.getTile(), variant.getTiles(), variantBlock));
    }
  // Plans without variants stay as they were.
  return tables.empty() ? TableVector<fb::Variant>() : builder.CreateVector(tables);
}

Offset<fb::Block> MetadataWriter::block(plan::BlockAttr attr) {
  if (!attr)
    return 0;
  Offset<fb::Call> called = call(attr.getCall());
  return fb::CreateBlock(builder, attr.getThreads(), attr.getSharedBytes(), attr.getCluster(), attr.getRegisters(),
                         attr.getImageOffset(), attr.getImageBytes(), called);
}

Offset<fb::Call> MetadataWriter::call(plan::CallAttr attr) {
  if (!attr)
    return 0;
  std::vector<fb::Argument> arguments;
  for (auto entry : attr.getArguments().getAsRange<kernel::ArgumentAttr>())
    arguments.push_back(argument(entry));
  Offset<flatbuffers::String> function = shared(attr.getFunction());
  return fb::CreateCall(builder, function, attr.getMost(), builder.CreateVectorOfStructs(arguments));
}

fb::Argument MetadataWriter::argument(kernel::ArgumentAttr attr) {
  auto kind = static_cast<fb::ArgumentKind>(attr.getKind());
  auto binding = static_cast<uint32_t>(std::max<int64_t>(attr.getBinding(), 0));
  auto value = static_cast<uint32_t>(attr.getValue());
  kernel::MapAttr map = attr.getMap();
  if (!map)
    return fb::Argument(kind, fb::ElementType::I8, 0, 0, 0, 0, binding, value);
  return fb::Argument(kind, element(program, map.getElement()), map.getSwizzle(), map.getBoxRows(), map.getBoxColumns(),
                      map.getColumns(), binding, value);
}

fb::Binding MetadataWriter::binding(plan::BindingAttr attr) {
  uint64_t target = 0;
  switch (attr.getKind()) {
  case plan::BindingKind::Buffer:
    target = index(buffers, attr.getSymbol(), "a buffer binding of 'plan.launch'");
    break;
  case plan::BindingKind::Weight:
    target = index(weights, attr.getSymbol(), "a weight binding of 'plan.launch'");
    break;
  case plan::BindingKind::Pool:
    target = index(pools, attr.getSymbol(), "a pool binding of 'plan.launch'");
    break;
  case plan::BindingKind::Step:
    target = attr.getField();
    break;
  }
  return fb::Binding(static_cast<fb::BindingKind>(attr.getKind()), static_cast<fb::Access>(attr.getAccess()), target);
}

TableVector<fb::Launch> MetadataWriter::writeLaunches() {
  return writeOps<fb::Launch, plan::LaunchOp>([&](plan::LaunchOp op) -> Offset<fb::Launch> {
    auto grid = dyn_cast<kernel::GridAttr>(op.getGrid());
    if (!grid) {
      fail(describe(op) + " has an attribute 'grid' that is no #kernel.grid");
      return {};
    }
    std::vector<fb::Binding> bindings;
    for (mlir::Attribute attr : op.getBindings()) {
      auto entry = dyn_cast<plan::BindingAttr>(attr);
      if (entry)
        bindings.push_back(binding(entry));
      else
        fail(describe(op) + " has a binding that is no #plan.binding");
    }
    return fb::CreateLaunch(builder, index(kernels, op.getKernelAttr(), "'plan.launch'"), group(op, op.getGroup()),
                            static_cast<fb::RowSpace>(grid.getRows()), grid.getTile(), grid.getTiles(),
                            builder.CreateVectorOfStructs(bindings), op.getLayer(), op.getRank(), op.getBarrier());
  });
}

TableVector<fb::Probe> MetadataWriter::writeProbes() {
  return writeOps<fb::Probe, plan::ProbeOp>([&](plan::ProbeOp op) {
    uint64_t buffer = index(buffers, op.getBufferAttr(), "'plan.probe'");
    return fb::CreateProbe(builder, string(op.getName()), buffer, op.getAfterLaunch());
  });
}

Expected<std::vector<uint8_t>> MetadataWriter::run() {
  buffers = indexSymbols<plan::BufferOp>();
  weights = indexSymbols<plan::WeightOp>();
  pools = indexSymbols<plan::PoolOp>();
  kernels = indexSymbols<plan::KernelOp>();
  Offset<flatbuffers::String> producer = string(program.getProducer());
  auto options = writeOptions();
  auto target = writeTarget();
  auto model = writeModel();
  auto envelope = writeEnvelope();
  auto bufferTables = writeBuffers();
  auto weightTables = writeWeights();
  auto poolTables = writePools();
  auto kernelTables = writeKernels();
  auto launches = writeLaunches();
  auto probes = writeProbes();
  auto parts = writeParts(program, builder);
  uint64_t slots = required(program, program.getSlots(), "slots", "--v4-plan-arena");
  uint64_t pageBytes = required(program, program.getPageBytes(), "page_bytes", "--v4-plan-kv-cache");
  uint64_t stateBytes = required(program, program.getStateBytes(), "state_bytes", "--v4-plan-kv-cache");
  uint64_t logits = index(buffers, program.getLogitsAttr(), "'plan.program' attribute 'logits'");
  int64_t mtpLogits = -1;
  if (mlir::FlatSymbolRefAttr symbol = program.getMtpLogitsAttr())
    mtpLogits = static_cast<int64_t>(index(buffers, symbol, "'plan.program' attribute 'mtp_logits'"));
  if (!error.empty())
    return createStringError(inconvertibleErrorCode(), error);
  fb::FinishProgramBuffer(builder, fb::CreateProgram(builder, producer, options, target, model, envelope, bufferTables,
                                                     weightTables, poolTables, kernelTables, launches, probes, slots,
                                                     pageBytes, stateBytes, logits, mtpLogits, parts,
                                                     program.getExpertsPerToken().value_or(0)));
  return std::vector<uint8_t>(builder.GetBufferPointer(), builder.GetBufferPointer() + builder.GetSize());
}

} // namespace

std::optional<fb::ElementType> codegen::elementOf(mlir::Type type) {
  if (type.isInteger(8))
    return fb::ElementType::I8;
  if (type.isInteger(32))
    return fb::ElementType::I32;
  if (type.isInteger(64))
    return fb::ElementType::I64;
  if (type.isBF16())
    return fb::ElementType::BF16;
  if (type.isF32())
    return fb::ElementType::F32;
  if (isa<mlir::Float8E4M3FNType>(type))
    return fb::ElementType::F8E4M3;
  if (isa<mlir::Float8E8M0FNUType>(type))
    return fb::ElementType::F8E8M0;
  if (isa<mlir::Float4E2M1FNType>(type))
    return fb::ElementType::F4E2M1;
  return std::nullopt;
}

Expected<std::vector<uint8_t>> codegen::writeMetadata(plan::ProgramOp program, ArrayRef<WeightPlace> places) {
  return MetadataWriter(program, places).run();
}
