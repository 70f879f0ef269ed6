//===- V4Dialect.cpp - Registration -----------------------------*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialects/v4/V4Dialect.h"

#include "mlir/IR/DialectImplementation.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;

#include "dialects/v4/V4Dialect.cpp.inc"
#include "dialects/v4/V4Enums.cpp.inc"
#include "dialects/v4/V4Interfaces.cpp.inc"
#define GET_ATTRDEF_CLASSES
#include "dialects/v4/V4Attrs.cpp.inc"
#define GET_TYPEDEF_CLASSES
#include "dialects/v4/V4Types.cpp.inc"
#define GET_OP_CLASSES
#include "dialects/v4/V4Ops.cpp.inc"

void v4::V4Dialect::initialize() {
  addAttributes<
#define GET_ATTRDEF_LIST
#include "dialects/v4/V4Attrs.cpp.inc"
      >();
  addTypes<
#define GET_TYPEDEF_LIST
#include "dialects/v4/V4Types.cpp.inc"
      >();
  addOperations<
#define GET_OP_LIST
#include "dialects/v4/V4Ops.cpp.inc"
      >();
}
