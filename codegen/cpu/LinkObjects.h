//===- LinkObjects.h - Objects to one shared object ------------*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef V4_CODEGEN_CPU_LINKOBJECTS_H
#define V4_CODEGEN_CPU_LINKOBJECTS_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/Support/Error.h"

#include <string>
#include <vector>

namespace v4 {

/// Links `objects` (name, bytes) in process and returns the shared object. It
/// exports `symbols` and nothing else, needs no library, and depends on the
/// objects and their order alone. An undefined symbol is an error.
/// The linker keeps global state and resets every command line option of LLVM
/// to its default: one call at a time, after all code generation.
llvm::Expected<std::vector<char>> linkObjects(llvm::ArrayRef<std::pair<std::string, llvm::ArrayRef<char>>> objects,
                                              llvm::ArrayRef<std::string> symbols);

} // namespace v4

#endif // V4_CODEGEN_CPU_LINKOBJECTS_H
