//===- MtpFunction.h - The MTP block ----------------------------*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef V4_COMPILER_IMPORT_MTPFUNCTION_H
#define V4_COMPILER_IMPORT_MTPFUNCTION_H

#include "compiler/import/LayerFunctions.h"

namespace v4 {

/// The MTP block as a layer shape. REQUIRES: the inventory has one.
LayerShape mtpLayer(const GraphContext &g);

/// Pools of the MTP block, as `window` and `streams`.
llvm::SmallVector<LayerPool> mtpPools(const GraphContext &g, const LayerShape &shape);

/// Builds @mtp. Arguments: streams of the main model, embedding and head, weights of the
/// block's head and of its layer, pools. Result: MTP logits.
class MtpFunction : public BlockBuilder {
public:
  using BlockBuilder::BlockBuilder;
  mlir::func::FuncOp build(mlir::ModuleOp module, LayerFunctions &layers);

private:
  /// Streams of position i mixed with the embedding of token i + 1.
  mlir::Value inputStreams(mlir::Value streams, mlir::Value pool);
  mlir::FunctionType typeOf(const LayerShape &shape) const;
};

} // namespace v4

#endif // V4_COMPILER_IMPORT_MTPFUNCTION_H
