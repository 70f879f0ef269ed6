//===- PlanOps.cpp - Verifiers of the tables of a program ----*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Each check carries the label of its constraint in PlanOps.td.
//
//===----------------------------------------------------------------------===//

#include "dialects/plan/PlanDialect.h"

#include "dialects/kernel/KernelDialect.h"
#include "dialects/v4/V4Dialect.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace v4::plan;

namespace {
/// Attributes with a name, for messages.
using NamedNumber = std::pair<StringRef, std::optional<int64_t>>;

LogicalResult checkNotNegative(Operation *op, ArrayRef<NamedNumber> numbers) {
  for (auto [name, value] : numbers)
    if (value && *value < 0)
      return op->emitOpError() << name << " = " << *value << ", expected at least 0";
  return success();
}

/// The element types of plan.fbs.
LogicalResult checkElement(Operation *op, Type element) {
  if (element.isInteger(8) || element.isInteger(32) || element.isInteger(64) ||
      isa<BFloat16Type, Float32Type, Float8E4M3FNType, Float8E8M0FNUType, Float4E2M1FNType>(element))
    return success();
  return op->emitOpError() << "element is " << element
                           << ", expected i8, i32, i64, bf16, f32, f8E4M3FN, f8E8M0FNU or f4E2M1FN";
}

LogicalResult checkGroup(Operation *op, StringRef group, bool launches) {
  static const StringRef others[] = {"mtp_step", "mtp_draft", "sample", "mtp_sample"};
  if (group == "main" || group == "mtp" || (launches && llvm::is_contained(others, group)))
    return success();
  return op->emitOpError() << "group is '" << group << "', expected 'main'"
                           << (launches ? ", 'mtp', 'mtp_step', 'mtp_draft', 'sample' or 'mtp_sample'" : " or 'mtp'");
}

template <typename Expected>
LogicalResult checkKind(Operation *op, StringRef name, Attribute attribute, StringRef expected) {
  if (isa<Expected>(attribute))
    return success();
  return op->emitOpError() << name << " is " << attribute << ", expected " << expected;
}
} // namespace

//===----------------------------------------------------------------------===//
// Memory
//===----------------------------------------------------------------------===//

/// Of a buffer: what an address space holds, so that bits of a row can be counted.
static constexpr int64_t kMostRowElements = int64_t(1) << 46;

LogicalResult BufferOp::verify() {
  // buffer_c1
  if (failed(checkElement(*this, getElement())))
    return failure();
  // buffer_c2
  int64_t rows = getRows();
  if (rows < 0 || rows > 5)
    return emitOpError() << "rows = " << rows << " is no row space, expected 0 to 5";
  int64_t elements = 1;
  for (int64_t dim : getRowShape()) {
    if (dim < 0)
      return emitOpError() << "row_shape has dimension " << dim << ", expected at least 0";
    if (llvm::MulOverflow(elements, dim, elements) || elements > kMostRowElements)
      return emitOpError() << "row_shape has more than " << kMostRowElements << " elements up to dimension " << dim
                           << ", expected no more than memory can hold";
  }
  if (failed(checkNotNegative(*this, {{"rank", getRank()}})))
    return failure();
  // buffer_c3
  if (getBytes().empty())
    return emitOpError() << "bytes is empty, expected at least one #plan.size";
  for (Attribute term : getBytes())
    if (failed(checkKind<SizeAttr>(*this, "a term of bytes", term, "a #plan.size")))
      return failure();
  // buffer_c4
  if (failed(checkNotNegative(*this, {{"slot", getSlot()}, {"first_launch", getFirstLaunch()}})))
    return failure();
  if (getFirstLaunch().has_value() != getLastLaunch().has_value())
    return emitOpError() << "has only one of first_launch and last_launch, expected both ends of its lifetime";
  int64_t first = getFirstLaunch().value_or(0), last = getLastLaunch().value_or(0);
  if (last < first)
    return emitOpError() << "last_launch = " << last << ", expected at least " << first << ", first_launch";
  return success();
}

namespace {
/// Bytes of row-major elements, rounded up; INT64_MAX when there is no such number.
int64_t rowMajorBytes(ArrayRef<int64_t> shape, Type element) {
  int64_t bits = element.getIntOrFloatBitWidth();
  for (int64_t dim : shape)
    if (llvm::MulOverflow(bits, dim, bits))
      return INT64_MAX;
  return bits / 8 + (bits % 8 != 0);
}

LogicalResult checkSources(WeightOp op) {
  if (op.getSources().empty())
    return op.emitOpError() << "sources is empty, expected at least one checkpoint tensor";
  for (Attribute source : op.getSources())
    if (!isa<StringAttr>(source) || cast<StringAttr>(source).empty())
      return op.emitOpError() << "a source is " << source << ", expected the name of a checkpoint tensor";
  return success();
}
} // namespace

LogicalResult WeightOp::verify() {
  // weight_c1
  if (failed(checkElement(*this, getElement())))
    return failure();
  // weight_c2
  for (int64_t dim : getShape())
    if (dim < 1)
      return emitOpError() << "shape has dimension " << dim << ", expected at least 1";
  int64_t bytes = getBytes();
  if (bytes < 1)
    return emitOpError() << "bytes = " << bytes << ", expected at least 1";
  if (failed(checkNotNegative(*this, {{"rank", getRank()}})))
    return failure();
  // weight_c3
  int64_t expected = rowMajorBytes(getShape(), getElement());
  if (getLayout() == "row_major" && bytes != expected)
    return emitOpError() << "bytes = " << bytes << ", expected " << expected << ", those of shape and element";
  // weight_c4
  if (failed(checkSources(*this)))
    return failure();
  // weight_c5
  static const StringRef recipes[] = {"copy",          "i64_to_i32",          "quantize_e4m3", "quantize_e4m3_scales",
                                      "quantize_e2m1", "quantize_e2m1_scales"};
  if (!llvm::is_contained(recipes, getRecipe()))
    return emitOpError() << "recipe is '" << getRecipe() << "', expected one of "
                         << llvm::join(ArrayRef(recipes), ", ");
  // weight_c6
  if (ArrayAttr forms = getExactFormsAttr())
    for (Attribute form : forms)
      if (auto name = dyn_cast<StringAttr>(form); !name || !symbolizeExactForm(name.getValue()))
        return emitOpError() << "exact_forms has " << form << ", expected no_nan, normal_scales or e4m3_per_128";
  // weight_c7
  if (ArrayAttr forms = getNeededFormsAttr())
    for (Attribute form : forms)
      if (!getExactFormsAttr() || !llvm::is_contained(getExactFormsAttr(), form))
        return emitOpError() << "needed_forms has " << form << ", expected one of exact_forms";
  return success();
}

static LogicalResult checkReach(PoolOp op) {
  std::optional<ArrayRef<int64_t>> reach = op.getReach();
  if (!reach)
    return success();
  auto type = cast<v4::CacheType>(op.getType());
  if (type.getKind() != v4::PoolKind::State)
    return op.emitOpError() << "is a page pool with a reach, expected none: pages keep all rows";
  if (reach->size() != 3)
    return op.emitOpError() << "reach has " << reach->size() << " values, expected period, history and lag";
  int64_t period = (*reach)[0], history = (*reach)[1], lag = (*reach)[2];
  if (period < 1 || 128 % period != 0 || history < 0 || lag < 0 || lag > 1)
    return op.emitOpError() << "reach is " << period << ", " << history << ", " << lag
                            << ", expected a divisor of 128, at least 0, and 0 or 1";
  if (history > type.getRows() + lag + 1 - period)
    return op.emitOpError() << "reach is " << period << ", " << history << ", " << lag << ", more than its "
                            << type.getRows() << " rows hold";
  return success();
}

LogicalResult PoolOp::verify() {
  // pool_c1
  if (!isa<v4::CacheType>(getType()))
    return emitOpError() << "type is " << getType() << ", expected a !v4.cache";
  // pool_c2
  if (failed(checkGroup(*this, getGroup(), /*launches=*/false)))
    return failure();
  // pool_c3
  if (failed(checkNotNegative(*this, {{"offset", getOffset()}, {"rank", getRank()}})))
    return failure();
  if (getOffset() && *getOffset() % 64 != 0)
    return emitOpError() << "offset = " << *getOffset() << ", expected a multiple of 64";
  // pool_c4
  return checkReach(*this);
}

//===----------------------------------------------------------------------===//
// Schedule
//===----------------------------------------------------------------------===//

static LogicalResult checkCall(KernelOp kernel, BlockAttr block) {
  CallAttr call = block.getCall();
  if (!call)
    return success();
  for (auto argument : call.getArguments().getAsRange<v4::kernel::ArgumentAttr>())
    if (argument.getBinding() >= static_cast<int64_t>(kernel.getBindings()))
      return kernel.emitOpError() << "calls '" << call.getFunction() << "' with binding " << argument.getBinding()
                                  << ", expected one of its " << static_cast<int64_t>(kernel.getBindings());
  return success();
}

/// Of a kernel (PlanBlockRules.cpp has the same).
static constexpr size_t kMaxVariants = 16;

static LogicalResult checkVariants(KernelOp kernel) {
  std::optional<ArrayAttr> variants = kernel.getVariants();
  if (!variants)
    return success();
  if (!kernel.getBlock() || variants->empty() || variants->size() > kMaxVariants)
    return kernel.emitOpError() << "has " << variants->size() << " variants and "
                                << (kernel.getBlock() ? "a block" : "no block") << ", expected 1 to " << kMaxVariants
                                << " beside a block, or no list of them";
  int64_t previous = 0;
  for (Attribute attribute : *variants) {
    if (failed(checkKind<VariantAttr>(kernel, "a variant", attribute, "a #plan.variant")))
      return failure();
    auto variant = cast<VariantAttr>(attribute);
    if (variant.getMostRows() <= previous)
      return kernel.emitOpError() << "has a variant for at most " << variant.getMostRows()
                                  << " rows, expected more than the " << previous << " of the one in front of it";
    previous = variant.getMostRows();
    if (failed(checkCall(kernel, variant.getBlock())))
      return failure();
    // kernel_c5
    if (auto block = cast<BlockAttr>(*kernel.getBlock()); variant.getBlock().getCluster() != block.getCluster())
      return kernel.emitOpError() << "has a variant with cluster " << variant.getBlock().getCluster() << ", expected "
                                  << block.getCluster() << ", that of its block";
  }
  return success();
}

LogicalResult KernelOp::verify() {
  // kernel_c1
  int64_t bindings = getBindings();
  if (bindings < 1)
    return emitOpError() << "bindings = " << bindings << ", expected at least 1";
  if (failed(checkNotNegative(*this, {{"stack_bytes", getStackBytes()}})))
    return failure();
  // kernel_c2
  if (std::optional<ArrayAttr> costs = getCosts())
    for (Attribute cost : *costs)
      if (failed(checkKind<CostAttr>(*this, "a cost", cost, "a #plan.cost")))
        return failure();
  if (auto hits = static_cast<int64_t>(getHits()); hits < -1 || hits >= bindings)
    return emitOpError() << "hits = " << hits << ", expected one of its " << bindings << " bindings, or -1 for none";
  // kernel_c3
  if (std::optional<Attribute> block = getBlock())
    if (failed(checkKind<BlockAttr>(*this, "block", *block, "a #plan.block")) ||
        failed(checkCall(*this, cast<BlockAttr>(*block))))
      return failure();
  // kernel_c4
  return checkVariants(*this);
}

LogicalResult LaunchOp::verify() {
  // launch_c1
  if (failed(checkKind<v4::kernel::GridAttr>(*this, "grid", getGrid(), "a #kernel.grid")))
    return failure();
  for (Attribute binding : getBindings())
    if (failed(checkKind<BindingAttr>(*this, "a binding", binding, "a #plan.binding")))
      return failure();
  // launch_c2
  int64_t layer = getLayer();
  if (failed(checkGroup(*this, getGroup(), /*launches=*/true)))
    return failure();
  if (layer < -1)
    return emitOpError() << "layer = " << layer << ", expected a layer, or -1 for none";
  if (failed(checkNotNegative(*this, {{"rank", getRank()}})))
    return failure();
  // launch_c6
  llvm::SmallDenseMap<StringAttr, int> bound;
  for (auto binding : getBindings().getAsRange<BindingAttr>())
    if (binding.getKind() != BindingKind::Step)
      ++bound[binding.getSymbol().getAttr()];
  for (auto binding : getBindings().getAsRange<BindingAttr>())
    if (binding.getAccess() == Access::Out && bound[binding.getSymbol().getAttr()] != 1)
      return emitOpError() << "writes " << binding.getSymbol() << ", which is bound "
                           << bound[binding.getSymbol().getAttr()]
                           << " times, expected once: ranges of workgroups run concurrently";
  return success();
}

namespace {
/// Whether a symbol names what a binding of this kind points to.
bool isTargetOf(BindingKind kind, Operation *target) {
  switch (kind) {
  case BindingKind::Buffer:
    return isa_and_nonnull<BufferOp>(target);
  case BindingKind::Weight:
    return isa_and_nonnull<WeightOp>(target);
  case BindingKind::Pool:
    return isa_and_nonnull<PoolOp>(target);
  case BindingKind::Step:
    return true;
  }
  return false;
}
} // namespace

/// Whatever a step's count of rows is, its rows of the map are rows of the buffer.
static LogicalResult checkMap(LaunchOp launch, v4::kernel::ArgumentAttr map, SymbolTableCollection &symbols) {
  auto binding = cast<BindingAttr>(launch.getBindings()[map.getBinding()]);
  auto buffer = symbols.lookupNearestSymbolFrom<BufferOp>(launch, binding.getSymbol());
  if (binding.getKind() != BindingKind::Buffer || !buffer)
    return launch.emitOpError() << "binding " << map.getBinding() << " is under a map of its kernel and a plan."
                                << stringifyBindingKind(binding.getKind()) << ", expected a plan.buffer";
  int64_t rows = cast<v4::kernel::GridAttr>(launch.getGrid()).getRows();
  if (static_cast<int64_t>(buffer.getRows()) != rows)
    return launch.emitOpError() << "binding " << map.getBinding() << " is under a map of its kernel and has rows "
                                << buffer.getRows() << ", expected " << rows << ", those of the launch";
  int64_t bits = buffer.getElement().getIntOrFloatBitWidth();
  for (int64_t dimension : buffer.getRowShape())
    bits *= dimension;
  v4::kernel::MapAttr box = map.getMap();
  int64_t mapped = map.getValue() * box.getColumns() * int64_t(box.getElement().getIntOrFloatBitWidth());
  if (bits < mapped)
    return launch.emitOpError() << "binding " << map.getBinding() << " has " << bits / 8
                                << " bytes a row, a map of its kernel " << mapped / 8 << ", expected no more";
  return success();
}

static LogicalResult checkMapsOf(LaunchOp launch, BlockAttr block, SymbolTableCollection &symbols) {
  if (!block || !block.getCall())
    return success();
  for (auto argument : block.getCall().getArguments().getAsRange<v4::kernel::ArgumentAttr>())
    // What has no such binding is the kernel's own mistake.
    if (argument.getMap() && argument.getBinding() < int64_t(launch.getBindings().size()))
      if (failed(checkMap(launch, argument, symbols)))
        return failure();
  return success();
}

static BlockAttr blockOf(KernelOp kernel) {
  return kernel.getBlock() ? dyn_cast<BlockAttr>(*kernel.getBlock()) : BlockAttr();
}

/// REQUIRES: the launch has the bindings of `kernel`.
static LogicalResult checkMaps(LaunchOp launch, KernelOp kernel, SymbolTableCollection &symbols) {
  if (std::optional<ArrayAttr> variants = kernel.getVariants())
    for (Attribute attribute : *variants)
      if (auto variant = dyn_cast<VariantAttr>(attribute))
        if (failed(checkMapsOf(launch, variant.getBlock(), symbols)))
          return failure();
  return checkMapsOf(launch, blockOf(kernel), symbols);
}

static LogicalResult checkCluster(LaunchOp launch, KernelOp kernel) {
  BlockAttr block = blockOf(kernel);
  auto grid = dyn_cast<v4::kernel::GridAttr>(launch.getGrid());
  if (!block || !grid || grid.getTiles() % block.getCluster() == 0)
    return success();
  return launch.emitOpError() << "has tiles = " << grid.getTiles() << ", expected a multiple of the cluster of "
                              << block.getCluster() << " of its kernel";
}

LogicalResult LaunchOp::verifySymbolUses(SymbolTableCollection &symbols) {
  // launch_c3
  auto kernel = symbols.lookupNearestSymbolFrom<KernelOp>(*this, getKernelAttr());
  if (!kernel)
    return emitOpError() << "kernel is " << getKernelAttr() << ", expected the name of a plan.kernel";
  // launch_c4
  if (getBindings().size() != static_cast<uint64_t>(kernel.getBindings()))
    return emitOpError() << "has " << getBindings().size() << " bindings, expected "
                         << static_cast<int64_t>(kernel.getBindings()) << ", those of kernel " << getKernelAttr();
  // launch_c5
  for (auto [index, binding] : llvm::enumerate(getBindings().getAsRange<BindingAttr>()))
    if (!isTargetOf(binding.getKind(), symbols.lookupNearestSymbolFrom(*this, binding.getSymbol())))
      return emitOpError() << "binding " << index << " is " << binding.getSymbol() << ", expected the name of a plan."
                           << stringifyBindingKind(binding.getKind());
  // launch_c7
  if (failed(checkMaps(*this, kernel, symbols)))
    return failure();
  // launch_c8
  return checkCluster(*this, kernel);
}

LogicalResult ProbeOp::verifySymbolUses(SymbolTableCollection &symbols) {
  // probe_c1
  if (!symbols.lookupNearestSymbolFrom<BufferOp>(*this, getBufferAttr()))
    return emitOpError() << "buffer is " << getBufferAttr() << ", expected the name of a plan.buffer";
  return success();
}
