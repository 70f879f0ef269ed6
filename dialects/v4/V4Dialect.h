//===- V4Dialect.h - The v4 dialect -----------------------------*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The one header of dialects/v4 that other folders include.
//
//===----------------------------------------------------------------------===//

#ifndef V4_DIALECTS_V4_V4DIALECT_H
#define V4_DIALECTS_V4_V4DIALECT_H

#include "dialects/kernel/PanelLayout.h"
#include "dialects/kernel/TileLayout.h"

#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/IR/TensorEncoding.h"
#include "mlir/Interfaces/InferTypeOpInterface.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

namespace v4 {
/// Owns the kernel function while an op decomposes; passes/lower/KernelEmitter.h.
class KernelEmitter;
/// Where ops add the products that they form; dialects/v4/V4Cost.h.
class ProductCount;

/// The resource behind all cache effects: reads and writes keep their order.
struct CacheState : mlir::SideEffects::Resource::Base<CacheState> {
  llvm::StringRef getName() final { return "v4.cache"; }
};

/// Whether the leading dimension of a tensor counts rows of the step.
bool hasRows(mlir::RankedTensorType type);
/// Whether a tensor is [rows, n, ...] with static dimensions behind the rows.
bool isRowsTensor(mlir::RankedTensorType type);
/// Whether a tensor is a weight in panels.
bool isPanels(mlir::RankedTensorType type);
/// Whether a tensor is a weight in tiles.
bool isTiles(mlir::RankedTensorType type);
/// Layout of a tensor in panels. REQUIRES: isPanels.
PanelFormat panelFormatOf(mlir::RankedTensorType type);
/// Whether a tensor holds two narrow elements in each byte.
bool isPacked(mlir::RankedTensorType type);
} // namespace v4

#include "dialects/v4/V4Dialect.h.inc"
#include "dialects/v4/V4Enums.h.inc"
#include "dialects/v4/V4Interfaces.h.inc"
#define GET_ATTRDEF_CLASSES
#include "dialects/v4/V4Attrs.h.inc"
#define GET_TYPEDEF_CLASSES
#include "dialects/v4/V4Types.h.inc"
#define GET_OP_CLASSES
#include "dialects/v4/V4Ops.h.inc"

namespace v4 {
/// The rows that the leading dimension of a tensor counts; REQUIRES a #v4.rows encoding.
inline RowSpace rowsOf(mlir::Type type) {
  return mlir::cast<RowsAttr>(mlir::cast<mlir::RankedTensorType>(type).getEncoding()).getSpace();
}
} // namespace v4

#endif // V4_DIALECTS_V4_V4DIALECT_H
