//===- BlockBuilder.h - Values and steps of a function ----------*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What @main, @mtp and the layer functions have in common: types, weights by role,
// and the steps that occur in more than one of them.
//
//===----------------------------------------------------------------------===//

#ifndef V4_COMPILER_IMPORT_BLOCKBUILDER_H
#define V4_COMPILER_IMPORT_BLOCKBUILDER_H

#include "compiler/import/GraphBuilder.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "llvm/Support/Regex.h"

namespace v4 {

/// The model whose module is being built.
struct GraphContext {
  mlir::MLIRContext &context;
  const ModelConfig &config;
  const TensorInventory &inventory;
  const GraphOptions &options;
  llvm::Regex probes;
  /// Test only: whether what is being built is of the layer that the planted mistake is for.
  mutable bool isPlantedHere = true;

  bool planted(llvm::StringRef mistake) const { return isPlantedHere && options.plantedMistake == mistake; }
  bool wantsProbe(const llvm::Twine &name) const { return options.probes.empty() || probes.match(name.str()); }

  //===--------------------------------------------------------------------===//
  // Types
  //===--------------------------------------------------------------------===//

  /// tensor<?x`tail`x`element`, #v4.rows<`space`>>
  mlir::RankedTensorType rows(RowSpace space, llvm::ArrayRef<int64_t> tail, mlir::Type element) const;
  mlir::RankedTensorType tokens(llvm::ArrayRef<int64_t> tail, mlir::Type element) const {
    return rows(RowSpace::Tokens, tail, element);
  }
  mlir::RankedTensorType streams() const { return tokens({config.streams, config.hidden}, bf16()); }
  mlir::RankedTensorType ropeTable(RowSpace space) const { return rows(space, {2, config.ropeDim / 2}, f32()); }
  mlir::RankedTensorType weight(const Weight &weight) const;
  mlir::Type bf16() const { return mlir::BFloat16Type::get(&context); }
  mlir::Type f32() const { return mlir::Float32Type::get(&context); }
  mlir::Type i32() const { return mlir::IntegerType::get(&context, 32); }

  /// Types of a weight set's arguments: by role, weight before scale.
  void appendTypes(const WeightSet &weights, llvm::SmallVectorImpl<mlir::Type> &types) const;
};

/// The rows of finished chunks of a ratio.
inline RowSpace chunksOf(int64_t ratio) { return ratio == 4 ? RowSpace::Chunks4 : RowSpace::Chunks128; }

/// Builds one function.
class BlockBuilder {
public:
  explicit BlockBuilder(const GraphContext &g) : g(g), c(g.config), b(mlir::UnknownLoc::get(&g.context), &g.context) {}

protected:
  /// Takes the next arguments of `function`, from `index` on, as the values of `weights`.
  void bindArguments(const WeightSet &weights, mlir::func::FuncOp function, unsigned &index);
  mlir::Value value(Role role) const { return bound.at(role).weight; }

  //===--------------------------------------------------------------------===//
  // Steps
  //===--------------------------------------------------------------------===//

  /// x [.., K] times the weight of `role`, as [.., tail]. The input of a narrow weight is
  /// quantized, once per value. bf16 result, or f32 when `wide`.
  mlir::Value linear(mlir::Value x, Role role, llvm::ArrayRef<int64_t> tail, bool wide = false);
  /// x as the matrix product with a narrow weight sees it.
  mlir::Value quantizeInput(mlir::Value x);
  mlir::Value quantize(mlir::Value x, QuantFormat format, int64_t block, int64_t prefix);
  mlir::Value rmsNorm(mlir::Value x, Role role);
  mlir::Value ropeTable(RowSpace space, bool compressed, int64_t offset);
  /// The head: rows that want logits, streams reduced, norm, vocabulary.
  mlir::Value logits(mlir::Value streams);

  /// Marks `op` for the decomposition when this mistake is planted.
  void plant(mlir::Operation *op, llvm::StringRef mistake);
  llvm::APFloat f32Value(double value) const { return llvm::APFloat(float(value)); }
  void locate(const llvm::Twine &name);
  mlir::func::FuncOp function(mlir::ModuleOp module, llvm::StringRef name, mlir::FunctionType type);

  struct Bound {
    mlir::Value weight, scale; ///< The scale is null for weights that have none.
  };

  const GraphContext &g;
  const ModelConfig &c;
  mlir::ImplicitLocOpBuilder b;
  std::map<Role, Bound> bound;

private:
  llvm::DenseMap<mlir::Value, mlir::Value> quantizedInputs;
};

} // namespace v4

#endif // V4_COMPILER_IMPORT_BLOCKBUILDER_H
