//===- KernelDialect.cpp - Registration and attributes ----------*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialects/kernel/KernelDialect.h"

#include "mlir/IR/DialectImplementation.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;

/// A list in brackets that may be empty, which ODS's own list may not.
static ParseResult parseFeatures(AsmParser &parser, SmallVector<StringAttr> &features) {
  return parser.parseCommaSeparatedList(AsmParser::Delimiter::Square,
                                        [&] { return parser.parseAttribute(features.emplace_back()); });
}

static void printFeatures(AsmPrinter &printer, ArrayRef<StringAttr> features) {
  printer << '[';
  llvm::interleaveComma(features, printer);
  printer << ']';
}

#include "dialects/kernel/KernelDialect.cpp.inc"
#include "dialects/kernel/KernelEnums.cpp.inc"
#define GET_ATTRDEF_CLASSES
#include "dialects/kernel/KernelAttrs.cpp.inc"
#define GET_OP_CLASSES
#include "dialects/kernel/KernelOps.cpp.inc"

void v4::kernel::KernelDialect::initialize() {
  addAttributes<
#define GET_ATTRDEF_LIST
#include "dialects/kernel/KernelAttrs.cpp.inc"
      >();
  addOperations<
#define GET_OP_LIST
#include "dialects/kernel/KernelOps.cpp.inc"
      >();
}

LogicalResult v4::kernel::LimitsAttr::verify(llvm::function_ref<InFlightDiagnostic()> emitError, int64_t threads,
                                             int64_t sharedBytes, int64_t registers, int64_t processors) {
  // limits_c1
  if (threads < 1 || sharedBytes < 1 || registers < 1 || processors < 1)
    return emitError() << "limits are " << threads << " threads, " << sharedBytes << " shared bytes, " << registers
                       << " registers and " << processors << " processors, expected at least 1 of each";
  return success();
}

LogicalResult v4::kernel::GridAttr::verify(llvm::function_ref<InFlightDiagnostic()> emitError, int64_t rows,
                                           int64_t tile, int64_t tiles) {
  // grid_c1
  if (rows < 0 || rows > 5)
    return emitError() << "grid rows = " << rows << " is no row space, expected 0 to 5";
  // grid_c2
  if (tile < 1 || tiles < 1)
    return emitError() << "grid tile = " << tile << " and tiles = " << tiles << ", expected at least 1";
  return success();
}
