//===- TensorResolver.h - Finds and checks tensors --------------*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef V4_COMPILER_IMPORT_TENSORRESOLVER_H
#define V4_COMPILER_IMPORT_TENSORRESOLVER_H

#include "compiler/import/TensorNames.h"

#include "llvm/ADT/StringSet.h"

namespace v4 {

/// Looks tensors up and checks dtype and shape; keeps the first error, after which
/// requests do nothing. Names are relative to the prefix of begin().
class TensorResolver {
public:
  explicit TensorResolver(const Checkpoint &checkpoint) : checkpoint(checkpoint) {}

  /// `source` is in front of the names of checkpoint tensors, `own` of those of weights.
  void begin(std::string source, std::string own);
  /// The weights since begin().
  WeightSet end() { return std::move(weights); }

  /// `stem`.weight, BF16.
  void bf16(Role role, const std::string &stem, llvm::ArrayRef<int64_t> shape);
  /// A plain F32 tensor without suffix.
  void f32(Role role, const std::string &name, llvm::ArrayRef<int64_t> shape);
  /// `stem`.weight [rows, columns] as FP8 or FP4 with `stem`.scale, or as BF16 without.
  /// Declared checkpoints have FP8 here, and FP4 in stacked().
  void matrix(Role role, const std::string &stem, int64_t rows, int64_t columns);
  /// `stem`.{e}.`leaf` for every expert e, all of one dtype, stacked.
  void stacked(Role role, const std::string &stem, const std::string &leaf, int64_t experts, int64_t rows,
               int64_t columns);
  /// I64 [rows, columns] of distinct expert ids below `experts`.
  void expertTable(Role role, const std::string &name, int64_t rows, int64_t columns, int64_t experts);

  bool used(llvm::StringRef name) const { return usedNames.contains(name); }
  /// Of a checkpoint that is only declared: all tensors that were asked for.
  const Checkpoint::Tensors &declaredTensors() const { return declared; }
  bool failed() const { return !problem.empty(); }
  llvm::Error takeError() const;

private:
  struct Form;
  const StoredTensor *find(const std::string &name, const llvm::Twine &expected);
  /// Files the tensor under those that a declared checkpoint has.
  void declare(const std::string &name, llvm::StringRef dtype, llvm::ArrayRef<int64_t> shape);
  void expect(const std::string &name, const StoredTensor &tensor, llvm::StringRef dtype,
              llvm::ArrayRef<int64_t> shape);
  /// Finds a plain tensor and files it under `role`.
  void plain(Role role, const std::string &name, llvm::StringRef dtype, Element element, llvm::ArrayRef<int64_t> shape);
  /// The weight's name for a tensor's.
  std::string own(const std::string &name) const { return ownPrefix + name.substr(prefix.size()); }
  /// Decides the form of a matrix by its dtype and checks weight and scale.
  bool matrixForm(const std::string &stem, int64_t rows, int64_t columns, Form &form);
  void declareMatrix(const std::string &stem, llvm::StringRef dtype, int64_t rows, int64_t columns);
  void checkTable(const std::string &name, const StoredTensor &tensor, int64_t experts);
  void fail(const llvm::Twine &message);
  void failAt(const std::string &name, const StoredTensor &tensor, const llvm::Twine &what);

  const Checkpoint &checkpoint;
  std::string prefix, ownPrefix;
  WeightSet weights;
  llvm::StringSet<> usedNames;
  Checkpoint::Tensors declared;
  std::string problem;
};

} // namespace v4

#endif // V4_COMPILER_IMPORT_TENSORRESOLVER_H
