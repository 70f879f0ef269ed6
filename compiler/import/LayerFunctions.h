//===- LayerFunctions.h - One function per kind of layer --------*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef V4_COMPILER_IMPORT_LAYERFUNCTIONS_H
#define V4_COMPILER_IMPORT_LAYERFUNCTIONS_H

#include "compiler/import/BlockBuilder.h"

namespace v4 {

/// A layer of the model, or that of the MTP block.
struct LayerShape {
  int64_t ratio = 0;
  bool hash = false;
  bool isMtp = false; ///< Its slots lag the tokens by one position.
  const WeightSet *weights = nullptr;
  std::string name; ///< Prefix of its probes: "layers.2".

  int64_t offset() const { return isMtp ? -1 : 0; }
};

/// A cache pool of a layer, by the name behind the layer's: "window", "rows", ...
struct LayerPool {
  llvm::StringRef name;
  CacheType type;
  llvm::SmallVector<int64_t, 3> reach; ///< Of a ring: period, history and lag (plan.pool).
};

/// Pools in the order of layer function arguments.
llvm::SmallVector<LayerPool> layerPools(const GraphContext &g, const LayerShape &shape);

/// Builds and shares layer functions. Arguments: streams, rope table of the tokens, rope
/// table of the finished chunks (ratio 4 and 128), weights by role (weight before scale),
/// pools. Result: streams.
class LayerFunctions {
public:
  LayerFunctions(const GraphContext &g, mlir::ModuleOp module) : g(g), module(module) {}

  /// The function of layers of this shape. Layers share one unless types, routing,
  /// offset or wanted probes differ, or one has a planted mistake.
  mlir::func::FuncOp get(const LayerShape &shape);

private:
  mlir::FunctionType typeOf(const LayerShape &shape) const;
  std::string newName(const LayerShape &shape);

  using Key = std::tuple<const void *, int64_t, bool, bool, bool, std::vector<std::string>>;

  const GraphContext &g;
  mlir::ModuleOp module;
  std::map<Key, mlir::func::FuncOp> functions;
};

} // namespace v4

#endif // V4_COMPILER_IMPORT_LAYERFUNCTIONS_H
