//===- LayerBody.h - Steps of one layer -------------------------*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef V4_COMPILER_IMPORT_LAYERBODY_H
#define V4_COMPILER_IMPORT_LAYERBODY_H

#include "compiler/import/LayerFunctions.h"

namespace v4 {

/// Fills one layer function; the sub-layers are in GraphAttention.cpp, GraphCompressor.cpp
/// and GraphMoe.cpp.
class LayerBody : public BlockBuilder {
public:
  LayerBody(const GraphContext &g, const LayerShape &shape, llvm::ArrayRef<std::string> probes)
      : BlockBuilder(g), shape(shape), probes(probes) {}

  mlir::func::FuncOp build(mlir::ModuleOp module, llvm::StringRef name, mlir::FunctionType type);

private:
  struct HyperRoles {
    Role fn, base, scale, norm;
  };
  /// Mixes the streams, runs `subLayer` on the normed result and mixes it back in.
  mlir::Value subLayer(mlir::Value streams, HyperRoles roles, mlir::Value (LayerBody::*subLayer)(mlir::Value));

  //===--------------------------------------------------------------------===//
  // Attention
  //===--------------------------------------------------------------------===//

  mlir::Value attention(mlir::Value x);
  mlir::Value queries(mlir::Value latent);
  mlir::Value windowRows(mlir::Value x);
  mlir::Value attend(mlir::Value q, mlir::Value kv, mlir::Value selected);
  mlir::Value output(mlir::Value heads);
  mlir::Value rope(mlir::Value x, mlir::Value table, bool inverse = false);
  mlir::Value quantizeRow(mlir::Value row);

  //===--------------------------------------------------------------------===//
  // Compressors and indexer
  //===--------------------------------------------------------------------===//

  struct CompressorRoles {
    Role phase, value, gate, norm;
  };
  void compressRows(mlir::Value x);
  void compressIndexKeys(mlir::Value x);
  /// Pooled, normed and rotated rows of the chunks that the step finishes; keeps the
  /// unfinished ones in `partial`.
  mlir::Value compress(mlir::Value x, CompressorRoles roles, int64_t dim, mlir::Value partial);
  mlir::Value selectRows(mlir::Value x, mlir::Value latent);
  mlir::Value rotateAndQuantizeIndex(mlir::Value x);

  //===--------------------------------------------------------------------===//
  // Experts
  //===--------------------------------------------------------------------===//

  struct Dispatch {
    mlir::Value weights, order, offsets, hits;
  };
  mlir::Value moe(mlir::Value x);
  Dispatch route(mlir::Value x);
  mlir::Value routedExperts(mlir::Value x, const Dispatch &dispatch);
  mlir::Value sharedExpert(mlir::Value x);
  mlir::Value expertLinear(mlir::Value x, Role role, int64_t width, const Dispatch &dispatch);
  mlir::Value swiglu(mlir::Value gate, mlir::Value up, mlir::Value weights);

  void probe(llvm::StringRef name, mlir::Value value);

  const LayerShape &shape;
  llvm::ArrayRef<std::string> probes;
  mlir::Value tokenTable, chunkTable;
  std::map<std::string, mlir::Value> pools;
};

} // namespace v4

#endif // V4_COMPILER_IMPORT_LAYERBODY_H
