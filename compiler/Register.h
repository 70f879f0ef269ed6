//===- Register.h - Everything that IR tools know ---------------*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// One list of dialects, extensions, passes and pipelines, so that v4-opt and
// v4-compile accept the same IR. A program that links this library also links
// the three static registration archives of MLIR (tools/CMakeLists.txt).
//
//===----------------------------------------------------------------------===//

#ifndef V4_COMPILER_REGISTER_H
#define V4_COMPILER_REGISTER_H

namespace mlir {
class DialectRegistry;
} // namespace mlir

namespace v4 {

/// Adds upstream dialects and extensions, v4, kernel, plan and the external
/// models of their interfaces to the registry, and enters all passes and
/// pipelines into MLIR's global tables. Passes are entered once per process,
/// however often and from however many threads this is called.
void registerEverything(mlir::DialectRegistry &registry);

} // namespace v4

#endif // V4_COMPILER_REGISTER_H
