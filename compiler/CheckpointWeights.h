//===- CheckpointWeights.h - A plan's bytes from a checkpoint  -*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef V4_COMPILER_CHECKPOINTWEIGHTS_H
#define V4_COMPILER_CHECKPOINTWEIGHTS_H

#include "codegen/plan/WeightImage.h"
#include "compiler/import/Safetensors.h"

namespace v4 {

/// Weights of a plan, straight from the mapped checkpoint, which must outlive it.
class CheckpointWeights : public codegen::WeightSource {
public:
  explicit CheckpointWeights(const Checkpoint &checkpoint) : checkpoint(checkpoint) {}

  llvm::Expected<llvm::ArrayRef<uint8_t>> bytes(llvm::StringRef name) override;
  void release(llvm::ArrayRef<uint8_t> bytes) override;
  std::string identity() override;
  bool isSparse() override;

private:
  const Checkpoint &checkpoint;
};

} // namespace v4

#endif // V4_COMPILER_CHECKPOINTWEIGHTS_H
