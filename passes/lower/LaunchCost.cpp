//===- LaunchCost.cpp - What a launch of an op spends ---------------------===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "passes/lower/LaunchCost.h"

#include "dialects/v4/V4Shapes.h"

#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace v4;
using plan::CostKind;
using plan::CostUnit;

namespace {

/// Terms of one op; equal ones add up.
class CostTable {
public:
  void add(CostKind kind, CostUnit unit, int64_t count, int64_t ratio = 1, int64_t most = 0) {
    terms[{static_cast<int>(kind), static_cast<int>(unit), ratio, most}] += count;
  }
  /// 2 operations for each multiply-accumulate.
  void dots(CostUnit unit, int64_t products, int64_t ratio = 1, int64_t most = 0) {
    add(CostKind::DotFlops, unit, timesOf(2, products), ratio, most);
  }
  /// Replaces what the default says of one kind.
  void clear(CostKind kind) {
    terms.remove_if([&](const auto &term) { return std::get<0>(term.first) == static_cast<int>(kind); });
  }
  ArrayAttr attribute(MLIRContext *context) const {
    SmallVector<Attribute> list;
    for (auto [term, count] : terms)
      if (auto [kind, unit, ratio, most] = term; count > 0)
        list.push_back(plan::CostAttr::get(context, static_cast<CostKind>(kind), static_cast<CostUnit>(unit), count,
                                           ratio, most));
    return ArrayAttr::get(context, list);
  }

private:
  llvm::MapVector<std::tuple<int, int, int64_t, int64_t>, int64_t> terms;
};

/// Bytes of the static dimensions.
int64_t bytesOf(RankedTensorType type) {
  int64_t bits = type.getElementTypeBitWidth();
  for (int64_t dimension : type.getShape())
    if (!ShapedType::isDynamic(dimension))
      bits = timesOf(bits, dimension);
  return llvm::divideCeil(bits, 8);
}

/// Values of one row.
int64_t rowElements(Value value) {
  int64_t elements = 1;
  for (int64_t dimension : tensorOf(value).getShape().drop_front())
    elements = timesOf(elements, dimension);
  return elements;
}

/// The rows of a value are counted by the step, or it is a weight.
bool isActivation(RankedTensorType type) { return isa_and_nonnull<RowsAttr>(type.getEncoding()); }
CostUnit rowUnit(Value value) { return static_cast<CostUnit>(rowsOf(tensorOf(value))); }

void addDefaults(Operation *op, CostTable &costs) {
  auto add = [&](Value value) {
    auto type = dyn_cast<RankedTensorType>(value.getType());
    if (!type)
      return;
    if (!isActivation(type))
      costs.add(CostKind::WeightBytes, CostUnit::One, bytesOf(type));
    else if (type.getNumDynamicDims() <= 1) // index scores: those who know them say how many there are
      costs.add(CostKind::ActivationBytes, rowUnit(value), bytesOf(type));
  };
  llvm::for_each(op->getOperands(), add);
  llvm::for_each(op->getResults(), add);
}

//===----------------------------------------------------------------------===//
// Ops
//===----------------------------------------------------------------------===//

void addEmbed(EmbedOp op, CostTable &costs) {
  costs.clear(CostKind::WeightBytes);
  costs.add(CostKind::WeightBytes, CostUnit::Tokens, 2 * widthOf(op.getTable()));
}

void addHashRoute(HashRouteOp op, CostTable &costs) {
  costs.clear(CostKind::WeightBytes);
  costs.add(CostKind::WeightBytes, CostUnit::Tokens, 4 * widthOf(op.getTable()));
}

/// Products of one row with [N, K], or with [groups, N, K].
void addLinear(Operation *op, Value weight, CostTable &costs) {
  costs.dots(rowUnit(op->getResult(0)), timesOf(rowElements(op->getResult(0)), inputWidthOf(tensorOf(weight))));
}

/// The matrices of the experts that are hit, and one product per assignment.
void addExpertLinear(ExpertLinearOp op, CostTable &costs) {
  costs.clear(CostKind::WeightBytes);
  int64_t experts = dimOf(op.getWeight(), 0);
  int64_t bytes = bytesOf(tensorOf(op.getWeight())) / experts;
  if (op.getScales())
    bytes += bytesOf(tensorOf(op.getScales())) / experts;
  costs.add(CostKind::WeightBytes, CostUnit::Hits, bytes);
  costs.dots(CostUnit::Tokens, timesOf(rowElements(op.getResult()), inputWidthOf(tensorOf(op.getWeight()))));
}

void addGateUp(GateUpOp op, CostTable &costs) {
  int64_t products = timesOf(2, timesOf(rowElements(op.getResult()), inputWidthOf(tensorOf(op.getGate()))));
  costs.dots(rowUnit(op.getResult()), products);
  if (!op.getOrder())
    return;
  costs.clear(CostKind::WeightBytes);
  int64_t experts = dimOf(op.getGate(), 0), bytes = 2 * bytesOf(tensorOf(op.getGate())) / experts;
  if (op.getGateScales())
    bytes += 2 * bytesOf(tensorOf(op.getGateScales())) / experts;
  costs.add(CostKind::WeightBytes, CostUnit::Hits, bytes);
}

void addProjections(ProjectionsOp op, CostTable &costs) {
  for (auto [weight, result] : llvm::zip(op.getWeights(), op.getResults()))
    costs.dots(rowUnit(result), timesOf(rowElements(result), inputWidthOf(tensorOf(weight))));
}

/// What scoring takes, whatever becomes of the scores. A token that sees no more rows than it selects needs none.
template <typename Op> void addScoring(Op op, CostTable &costs) {
  int64_t heads = dimOf(op.getQ(), 1);
  costs.dots(CostUnit::Visible, timesOf(heads, widthOf(op.getQ())), 4);
  costs.add(CostKind::FmaFlops, CostUnit::Visible, 3 * heads, 4);
  costs.add(CostKind::CacheBytes, CostUnit::VisibleUnion, cast<CacheType>(op.getKeys().getType()).getRowBytes(), 4);
}

void addIndexScores(IndexScoresOp op, CostTable &costs) {
  addScoring(op, costs);
  costs.add(CostKind::ActivationBytes, CostUnit::Visible, 4, 4);
}

/// Candidates are at most the scores, whatever their buffers could hold.
void addCandidates(IndexCandidatesOp op, CostTable &costs) {
  costs.clear(CostKind::ActivationBytes);
  costs.add(CostKind::ActivationBytes, CostUnit::Tokens, 2 * (rowElements(op.getQ()) + rowElements(op.getWeights())));
  addScoring(op, costs);
  costs.add(CostKind::ActivationBytes, CostUnit::Visible, 8, 4);
}

void addSelect(SelectCandidatesOp op, CostTable &costs) {
  costs.clear(CostKind::ActivationBytes);
  costs.add(CostKind::ActivationBytes, CostUnit::Tokens, 4 * widthOf(op.getResult()));
  costs.add(CostKind::ActivationBytes, CostUnit::Visible, 8, 4);
}

void addTopK(TopKOp op, CostTable &costs) { costs.add(CostKind::ActivationBytes, CostUnit::Visible, 4, 4); }

/// Scores and weighted sum: two products of the head's width for every head and row.
template <typename Op> void addAttention(Op op, CostTable &costs) {
  int64_t products = timesOf(2 * dimOf(op.getQ(), 1), widthOf(op.getQ()));
  auto window = static_cast<int64_t>(op.getWindow());
  costs.dots(CostUnit::Window, products, 1, window);
  costs.add(CostKind::CacheBytes, CostUnit::WindowUnion, cast<CacheType>(op.getRing().getType()).getRowBytes(), 1,
            window);
  if (!op.getRows())
    return;
  auto pool = cast<CacheType>(op.getRows().getType());
  int64_t most = op.getSelected() ? widthOf(op.getSelected()) : 0;
  costs.dots(CostUnit::Visible, products, pool.getRatio(), most);
  costs.add(CostKind::CacheBytes, CostUnit::VisibleUnion, pool.getRowBytes(), pool.getRatio(), most);
}

/// Rows that are written to a cache.
void addAppend(Value rows, Type cache, CostTable &costs) {
  costs.add(CostKind::CacheBytes, rowUnit(rows), cast<CacheType>(cache).getRowBytes());
}

/// The rows that want logits, read and written.
void addSelectLogits(SelectLogitsRowsOp op, CostTable &costs) {
  costs.clear(CostKind::ActivationBytes);
  costs.add(CostKind::ActivationBytes, CostUnit::Logits, 2 * bytesOf(tensorOf(op.getResult())));
}

/// The last row of each sequence.
void addSaveStreams(SaveStreamsOp op, CostTable &costs) {
  int64_t bytes = bytesOf(tensorOf(op.getX()));
  costs.clear(CostKind::ActivationBytes);
  costs.add(CostKind::ActivationBytes, CostUnit::Sequences, bytes);
  costs.add(CostKind::CacheBytes, CostUnit::Sequences, bytes);
}

/// A step without a finished chunk reads nothing; a chunk reads values and gates of its tokens, in the step or the ring,
/// each half once for ratio 4, where the other half belongs to the next chunk.
void addCompressAppend(CompressAppendOp op, CostTable &costs) {
  CostUnit chunks = rowUnit(op.getTable());
  costs.clear(CostKind::ActivationBytes);
  costs.add(CostKind::ActivationBytes, chunks, timesOf(2 * op.getRatio(), bytesOf(tensorOf(op.getValues()))));
  costs.add(CostKind::ActivationBytes, chunks, bytesOf(tensorOf(op.getTable())));
  addAppend(op.getTable(), op.getCache().getType(), costs);
}

/// A few f32 outputs over all streams of a token.
void addStreamMix(Value fn, CostTable &costs) {
  costs.add(CostKind::FmaFlops, CostUnit::Tokens, timesOf(2, timesOf(dimOf(fn, 0), widthOf(fn))));
}

void addOp(Operation *op, CostTable &costs) {
  llvm::TypeSwitch<Operation *>(op)
      .Case([&](EmbedOp op) { addEmbed(op, costs); })
      .Case([&](HashRouteOp op) { addHashRoute(op, costs); })
      .Case<LinearOp, GroupedLinearOp>([&](auto op) { addLinear(op, op.getWeight(), costs); })
      .Case([&](ExpertLinearOp op) { addExpertLinear(op, costs); })
      .Case([&](GateUpOp op) { addGateUp(op, costs); })
      .Case([&](ProjectionsOp op) { addProjections(op, costs); })
      .Case([&](IndexScoresOp op) { addIndexScores(op, costs); })
      .Case([&](TopKOp op) { addTopK(op, costs); })
      .Case([&](IndexCandidatesOp op) { addCandidates(op, costs); })
      .Case([&](SelectCandidatesOp op) { addSelect(op, costs); })
      .Case<AttentionOp, AttendOp>([&](auto op) { addAttention(op, costs); })
      .Case<AppendRowsOp, AppendWindowOp>([&](auto op) { addAppend(op.getX(), op.getCache().getType(), costs); })
      .Case([&](CompressAppendOp op) { addCompressAppend(op, costs); })
      .Case([&](SelectLogitsRowsOp op) { addSelectLogits(op, costs); })
      .Case([&](SaveStreamsOp op) { addSaveStreams(op, costs); })
      .Case<HcPreOp, HcHeadOp, HcMixOp>([&](auto op) { addStreamMix(op.getFn(), costs); });
}

} // namespace

void v4::setLaunchCost(Operation *op, func::FuncOp kernel, ValueRange inputs) {
  CostTable costs;
  addDefaults(op, costs);
  addOp(op, costs);
  kernel->setAttr(kCostsName, costs.attribute(op->getContext()));
  // Fused ops that go to experts name theirs here.
  Value hits;
  if (auto linear = dyn_cast<ExpertLinearOp>(op))
    hits = linear.getHits();
  if (auto fused = dyn_cast<GateUpOp>(op))
    hits = fused.getHits();
  if (hits)
    kernel->setAttr(kHitsName, Builder(op).getI64IntegerAttr(std::distance(inputs.begin(), llvm::find(inputs, hits))));
}
