//===- TemplateInstance.cpp - A kernel that is made of a template ---------===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "codegen/cuda/TemplateInstance.h"
#include "codegen/cuda/KernelTemplates.h"
#include "codegen/cuda/kernels/ExpertShape.h"
#include "dialects/kernel/TileLayout.h"

using namespace mlir;

namespace v4 {

// The layout that weights get and the one that kernels read.
static_assert(kTileRows == cuda::kTileRows && kTileRowBytes == cuda::kBlockK && kTileBytes == cuda::kTileBytes);
static_assert(kFp4TileColumns == cuda::kBlockK && kTileRows * kFp4TileRowBytes == cuda::kFp4CodeBytes &&
              kTileRows * kFp4ScaleRowBytes == cuda::kFp4ScaleBytes);

llvm::SmallVector<kernel::RunTemplateOp> templatesOf(func::FuncOp kernel) {
  llvm::SmallVector<kernel::RunTemplateOp> ops;
  if (kernel.isExternal())
    return ops;
  for (Operation &op : kernel.getBody().front()) {
    auto run = dyn_cast<kernel::RunTemplateOp>(op);
    if (!run)
      break;
    ops.push_back(run);
  }
  return ops;
}

/// The kind of argument that a parameter of this C++ type takes; Word stands for Rows too.
static kernel::ArgumentKind kindOf(StringRef type) {
  if (type.contains("TensorMap"))
    return kernel::ArgumentKind::Map;
  return type.ends_with("*") ? kernel::ArgumentKind::Address : kernel::ArgumentKind::Word;
}

static LogicalResult checkArguments(kernel::RunTemplateOp op, const cuda::KernelTemplate &known) {
  if (op.getValues().size() != known.templateParameters.size())
    return op.emitOpError() << "has " << op.getValues().size() << " template arguments, expected "
                            << known.templateParameters.size() << " for '" << op.getName() << "'";
  if (op.getArguments().size() != known.parameters.size())
    return op.emitOpError() << "has " << op.getArguments().size() << " arguments, expected " << known.parameters.size()
                            << " for '" << op.getName() << "'";
  for (auto [parameter, attribute] : llvm::zip(known.parameters, op.getArguments())) {
    kernel::ArgumentKind kind = cast<kernel::ArgumentAttr>(attribute).getKind(), wanted = kindOf(parameter.type);
    bool fits = kind == wanted || (kind == kernel::ArgumentKind::Rows && wanted == kernel::ArgumentKind::Word);
    if (!fits)
      return op.emitOpError() << "gives parameter '" << parameter.name << "' of '" << op.getName() << "' the argument "
                              << attribute << ", expected one for type '" << parameter.type << "'";
  }
  return success();
}

/// The grids that the op names are whole clusters; that of a kernel is in its launches (LaunchOp).
static LogicalResult checkGrids(kernel::RunTemplateOp op, int64_t cluster) {
  if (static_cast<int64_t>(op.getMost()) % cluster != 0)
    return op.emitOpError() << "has at most " << static_cast<int64_t>(op.getMost())
                            << " blocks, expected a multiple of the cluster of " << cluster << " of '" << op.getName()
                            << "'";
  if (kernel::FewRowsAttr few = op.getFewAttr(); few && few.getTiles() % cluster != 0)
    return op.emitOpError() << "has tiles = " << few.getTiles() << ", expected a multiple of the cluster of " << cluster
                            << " of '" << op.getName() << "'";
  return success();
}

FailureOr<TemplateInstance> instantiate(kernel::RunTemplateOp op, const CudaArch &arch) {
  const cuda::KernelTemplate *known = cuda::findKernelTemplate(std::string(op.getName()));
  if (!known)
    return op.emitOpError() << "names '" << op.getName() << "', expected a template of codegen/cuda/kernels";
  if (failed(checkArguments(op, *known)))
    return failure();
  if (!op.getFew() && op->getNextNode() != op->getBlock()->getTerminator())
    return op.emitOpError() << "is followed by other ops, expected it to be all that its kernel does";
  SmallVector<int> values(op.getValues());
  TemplateInstance instance;
  instance.function = cuda::functionName(*known, values.data());
  // In brackets: what lies beside the file that nvcc reads, in a folder for everybody's files, is not looked at.
  instance.source = "#include <" + std::string(known->header) + ">\n" + cuda::functionText(*known, values.data());
  instance.threads = known->threads(values.data());
  instance.sharedBytes = known->sharedBytes(values.data());
  instance.cluster = cuda::clusterOf(*known, values.data());
  if (instance.threads < 1 || instance.threads > kCudaBlockThreads || instance.sharedBytes < 0 ||
      instance.sharedBytes > arch.sharedBytes)
    return op.emitOpError() << "asks for " << instance.threads << " threads and " << instance.sharedBytes
                            << " shared bytes, expected at most " << kCudaBlockThreads << " and " << arch.sharedBytes
                            << ", those of '" << arch.name << "'";
  if (instance.cluster < 1 || instance.cluster > kCudaClusterBlocks || !llvm::isPowerOf2_64(instance.cluster))
    return op.emitOpError() << "asks for clusters of " << instance.cluster << " blocks, expected 1, 2, 4 or "
                            << kCudaClusterBlocks;
  if (failed(checkGrids(op, instance.cluster)))
    return failure();
  return instance;
}

} // namespace v4
