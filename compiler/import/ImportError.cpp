//===- ImportError.cpp - Errors of the import -------------------*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compiler/import/ImportError.h"

using namespace llvm;

Error v4::inputError(const Twine &message) {
  return make_error<StringError>(message, std::make_error_code(std::errc::invalid_argument));
}

std::string v4::shapeText(ArrayRef<int64_t> shape) {
  std::string text = "[";
  for (int64_t dim : shape)
    text += (text.size() > 1 ? ", " : "") + std::to_string(dim);
  return text + "]";
}
