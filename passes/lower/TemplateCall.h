//===- TemplateCall.h - The body of a kernel made of a template -*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A GPU runs a kernel either as its decomposition or as an instance of a template of
// codegen/cuda/kernels. To give an op a template: an entry from a ChooseGpu<Family>.cpp
// of this folder, and an instance in test/runtime/FakeTemplates.cpp, where plans are run
// without a GPU.
//
//===----------------------------------------------------------------------===//

#ifndef V4_PASSES_LOWER_TEMPLATECALL_H
#define V4_PASSES_LOWER_TEMPLATECALL_H

#include "passes/lower/KernelContracts.h"

namespace v4 {

/// Collects the arguments of a template in the order of its parameters. REQUIRES: the kernel's grid was set.
class TemplateCall {
public:
  explicit TemplateCall(KernelEmitter &k) : k(k) {}

  /// Of a binding of the kernel.
  TemplateCall &address(mlir::Value binding);
  /// Its low 32 bits.
  TemplateCall &word(int64_t value);
  /// An i32, `each` for every row of the launch.
  TemplateCall &rows(int64_t each);
  /// `each` rows of `element` for every row of the launch; boxes of `boxRows` rows and 128 bytes.
  TemplateCall &map(mlir::Value binding, mlir::Type element, int64_t each, int64_t columns, int64_t boxRows);

  /// Ends the list: `name` with its template arguments, on at most `most` blocks; of the launches that `few` names, or
  /// all others. REQUIRES: `few` rises, and the last call of a kernel has none.
  void run(llvm::StringRef name, llvm::ArrayRef<int64_t> values, int64_t most, kernel::FewRowsAttr few = {});

private:
  TemplateCall &add(kernel::ArgumentKind kind, int64_t binding, int64_t value, kernel::MapAttr map = {});

  KernelEmitter &k;
  llvm::SmallVector<mlir::Attribute> arguments;
};

/// The target of the module around `op` when it is a GPU, else null.
kernel::TargetAttr gpuTargetOf(mlir::Operation *op);

/// Rows of a launch over `rows` that no step exceeds, as far as the module's envelope says.
int64_t rowBound(mlir::Operation *op, RowSpace rows);

class KernelLaunches;
struct WeightFlows;

/// Products of quantized rows and f8E4M3FN weights: the rows become codes and scales first, once for all products that
/// read them.
class Fp8Products {
public:
  explicit Fp8Products(KernelLaunches &launches) : launches(launches) {}

  /// Whether the op is one whose weight is in tiles.
  static bool covers(mlir::Operation *op);
  /// Replaces it. REQUIRES: covers(op); the ops of a block come in its order.
  void replace(mlir::Operation *op);

private:
  kernel::LaunchOp quantize(LinearOp linear);

  KernelLaunches &launches;
  llvm::DenseMap<mlir::Value, kernel::LaunchOp> quantized;
};

/// Products of quantized rows and the f4E2M1FN weights of the experts that are hit.
class ExpertProducts {
public:
  ExpertProducts(KernelLaunches &launches, const WeightFlows &flows) : launches(launches), flows(flows) {}

  /// Whether the op is one whose weights are in tiles.
  static bool covers(mlir::Operation *op);
  /// Replaces it. REQUIRES: covers(op); the ops of a block come in its order.
  void replace(mlir::Operation *op);

private:
  /// Codes and scales of the rows of `x` in the order of the experts, once for all products that read them.
  kernel::LaunchOp quantize(mlir::Operation *op, mlir::Value x, mlir::Value order);
  kernel::LaunchOp insert(mlir::Operation *op, llvm::StringRef name, llvm::ArrayRef<mlir::Value> inputs,
                          unsigned matrices, float limit);
  /// Whether weights with these scales are exactly e4m3 with one scale per row and 128 columns. If so, that is noted
  /// as needed.
  bool needE4M3(llvm::ArrayRef<mlir::Value> scales);
  void replaceGateUp(GateUpOp op);
  void replaceLinear(ExpertLinearOp op);

  KernelLaunches &launches;
  const WeightFlows &flows;
  llvm::DenseMap<std::pair<mlir::Value, mlir::Value>, kernel::LaunchOp> quantized; ///< By x and order.
  llvm::DenseMap<mlir::Value, mlir::Value> unrounded; ///< What a v4.quantize behind a v4.gate_up reads.
};

/// Whether the op is attention that is turned back, of shapes that templates have.
bool isGpuAttention(mlir::Operation *op);
/// Replaces it by sums over parts of what each token sees, and their merge. REQUIRES: isGpuAttention(op).
void replaceGpuAttention(mlir::Operation *op, KernelLaunches &launches);

/// By op name, as for tuned kernels of CPUs; `declines` looks at the target too.
void addGpuLinearTemplates(KernelContracts &templates);
void addGpuMoeTemplates(KernelContracts &templates);
void addGpuExpertTemplates(KernelContracts &templates);
void addGpuIndexerTemplates(KernelContracts &templates);

} // namespace v4

#endif // V4_PASSES_LOWER_TEMPLATECALL_H
