//===- ImportError.h - Errors of the import ---------------------*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef V4_COMPILER_IMPORT_IMPORTERROR_H
#define V4_COMPILER_IMPORT_IMPORTERROR_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/Twine.h"
#include "llvm/Support/Error.h"

namespace v4 {

/// An error about the user's input: one sentence that names the file, the field or
/// tensor, the value and the expectation.
llvm::Error inputError(const llvm::Twine &message);

/// "[3, 4]", the way a shape is written in messages.
std::string shapeText(llvm::ArrayRef<int64_t> shape);

} // namespace v4

#endif // V4_COMPILER_IMPORT_IMPORTERROR_H
