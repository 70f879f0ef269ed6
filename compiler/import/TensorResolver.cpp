//===- TensorResolver.cpp - Finds and checks tensors ------------*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compiler/import/TensorResolver.h"

#include "compiler/import/ImportError.h"

#include "llvm/Support/Endian.h"
#include "llvm/Support/MathExtras.h"

using namespace llvm;
using v4::StoredTensor;
using v4::TensorResolver;

/// How a matrix is stored.
struct v4::TensorResolver::Form {
  StringRef dtype;
  Element element = Element::BF16;
  SmallVector<int64_t, 4> shape, scaleShape; ///< No scale when empty.
};

void v4::TensorResolver::declare(const std::string &name, StringRef dtype, ArrayRef<int64_t> shape) {
  if (checkpoint.isDeclared())
    declared[name] = {dtype.str(), SmallVector<int64_t, 4>(shape), {}, 0};
}

void v4::TensorResolver::declareMatrix(const std::string &stem, StringRef dtype, int64_t rows, int64_t columns) {
  bool fp4 = dtype == "I8";
  declare(stem + ".weight", dtype, {rows, fp4 ? columns / 2 : columns});
  declare(stem + ".scale", "F8_E8M0",
          {fp4 ? rows : divideCeilSigned(rows, 128), fp4 ? columns / 32 : divideCeilSigned(columns, 128)});
}

void v4::TensorResolver::begin(std::string source, std::string own) {
  prefix = std::move(source);
  ownPrefix = std::move(own);
  weights.clear();
}

void v4::TensorResolver::bf16(Role role, const std::string &stem, ArrayRef<int64_t> shape) {
  plain(role, prefix + stem + ".weight", "BF16", Element::BF16, shape);
}

void v4::TensorResolver::f32(Role role, const std::string &name, ArrayRef<int64_t> shape) {
  plain(role, prefix + name, "F32", Element::F32, shape);
}

void v4::TensorResolver::matrix(Role role, const std::string &stem, int64_t rows, int64_t columns) {
  Form form;
  std::string path = prefix + stem;
  declareMatrix(path, "F8_E4M3", rows, columns);
  if (failed() || !matrixForm(path, rows, columns, form))
    return;
  RoleWeight &entry = weights[role];
  entry.weight = {own(path + ".weight"), form.element, form.shape, {path + ".weight"}};
  if (form.scaleShape.empty())
    entry.weight.narrowable = "linear";
  else
    entry.scale = Weight{own(path + ".scale"), Element::E8M0, form.scaleShape, {path + ".scale"}};
}

void v4::TensorResolver::stacked(Role role, const std::string &stem, const std::string &leaf, int64_t experts,
                                 int64_t rows, int64_t columns) {
  Form first;
  std::vector<std::string> sources, scales;
  for (int64_t e = 0; e < experts && !failed(); ++e) {
    std::string path = prefix + stem + "." + std::to_string(e) + "." + leaf;
    Form form;
    declareMatrix(path, "I8", rows, columns);
    if (!matrixForm(path, rows, columns, form))
      return;
    if (e == 0)
      first = form;
    if (form.dtype != first.dtype)
      return failAt(path + ".weight", *find(path + ".weight", ""),
                    "has dtype " + form.dtype + ", expected " + first.dtype +
                        " as expert 0: the experts of a layer share one dtype");
    sources.push_back(path + ".weight");
    scales.push_back(path + ".scale");
  }
  if (failed())
    return;
  RoleWeight &entry = weights[role];
  std::string name = ownPrefix + stem + "." + leaf;
  first.shape.insert(first.shape.begin(), experts);
  entry.weight = {name + ".weight", first.element, first.shape, std::move(sources)};
  if (first.scaleShape.empty()) {
    entry.weight.narrowable = "experts";
    return;
  }
  first.scaleShape.insert(first.scaleShape.begin(), experts);
  entry.scale = Weight{name + ".scale", Element::E8M0, first.scaleShape, std::move(scales)};
}

void v4::TensorResolver::expertTable(Role role, const std::string &name, int64_t rows, int64_t columns,
                                     int64_t experts) {
  plain(role, prefix + name, "I64", Element::I32, {rows, columns});
  if (failed())
    return;
  weights[role].weight.isTable = true;
  if (!checkpoint.isDeclared())
    checkTable(prefix + name, *checkpoint.find(prefix + name), experts);
}

Error v4::TensorResolver::takeError() const { return failed() ? inputError(problem) : Error::success(); }

void v4::TensorResolver::plain(Role role, const std::string &name, StringRef dtype, Element element,
                               ArrayRef<int64_t> shape) {
  declare(name, dtype, shape);
  const StoredTensor *tensor = find(name, dtype + " " + shapeText(shape));
  if (!tensor)
    return;
  expect(name, *tensor, dtype, shape);
  weights[role].weight = {own(name), element, SmallVector<int64_t, 4>(shape), {name}};
}

bool v4::TensorResolver::matrixForm(const std::string &stem, int64_t rows, int64_t columns, Form &form) {
  std::string name = stem + ".weight", scale = stem + ".scale";
  const StoredTensor *tensor =
      find(name, "a matrix " + shapeText({rows, columns}) + " in FP8, BF16 or FP4 (two columns to a byte)");
  if (!tensor)
    return false;
  if (tensor->dtype == "BF16")
    form = {"BF16", Element::BF16, {rows, columns}, {}};
  else if (tensor->dtype == "F8_E4M3")
    form = {"F8_E4M3", Element::FP8, {rows, columns}, {divideCeilSigned(rows, 128), divideCeilSigned(columns, 128)}};
  else if (tensor->dtype == "I8" && columns % 32 == 0)
    form = {"I8", Element::FP4, {rows, columns / 2}, {rows, columns / 32}};
  else
    failAt(name, *tensor, "has dtype " + Twine(tensor->dtype) + ", expected F8_E4M3, I8 (packed FP4) or BF16");
  if (failed())
    return false;
  expect(name, *tensor, form.dtype, form.shape);
  if (form.scaleShape.empty()) {
    if (const StoredTensor *stray = checkpoint.find(scale))
      failAt(scale, *stray, "stands beside a BF16 weight, expected no scale there");
  } else if (const StoredTensor *blocks = find(scale, "F8_E8M0 " + shapeText(form.scaleShape))) {
    expect(scale, *blocks, "F8_E8M0", form.scaleShape);
  }
  return !failed();
}

const StoredTensor *v4::TensorResolver::find(const std::string &name, const Twine &expected) {
  if (failed())
    return nullptr;
  usedNames.insert(name);
  if (auto found = declared.find(name); found != declared.end())
    return &found->second;
  if (const StoredTensor *tensor = checkpoint.find(name))
    return tensor;
  fail(checkpoint.directory() + ": tensor '" + name + "' is missing, expected " + expected + " (see config.json)");
  return nullptr;
}

void v4::TensorResolver::expect(const std::string &name, const StoredTensor &tensor, StringRef dtype,
                                ArrayRef<int64_t> shape) {
  if (tensor.dtype != dtype)
    failAt(name, tensor, "has dtype " + Twine(tensor.dtype) + ", expected " + dtype);
  if (ArrayRef<int64_t>(tensor.shape) != shape)
    failAt(name, tensor,
           "has shape " + shapeText(tensor.shape) + ", expected " + shapeText(shape) + " (see config.json)");
}

void v4::TensorResolver::checkTable(const std::string &name, const StoredTensor &tensor, int64_t experts) {
  // Kernels use the ids as indices without looking at them again.
  int64_t rows = tensor.shape[0], columns = tensor.shape[1];
  const uint8_t *next = tensor.bytes.data();
  std::vector<int64_t> lastRow(experts, -1);
  for (int64_t row = 0; row < rows; ++row)
    for (int64_t column = 0; column < columns; ++column, next += 8) {
      int64_t id = int64_t(support::endian::read64le(next));
      if (id < 0 || id >= experts)
        return failAt(name, tensor,
                      "names expert " + Twine(id) + " in row " + Twine(row) + ", expected 0 to " + Twine(experts - 1));
      if (lastRow[id] == row)
        return failAt(name, tensor,
                      "names expert " + Twine(id) + " twice in row " + Twine(row) + ", expected distinct experts");
      lastRow[id] = row;
    }
}

void v4::TensorResolver::fail(const Twine &message) {
  if (problem.empty())
    problem = message.str();
}

void v4::TensorResolver::failAt(const std::string &name, const StoredTensor &tensor, const Twine &what) {
  fail(checkpoint.pathOf(tensor) + ": tensor '" + name + "' " + what);
}
