//===- KernelSymbols.h - Functions that a code section exports --*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Reads the symbol table of an ELF object as bytes: nothing is mapped, nothing is
// trusted, every offset is compared with the size of the section.
//
//===----------------------------------------------------------------------===//

#ifndef V4_TOOLS_VERIFY_KERNELSYMBOLS_H
#define V4_TOOLS_VERIFY_KERNELSYMBOLS_H

#include "runtime/plan/PlanLoader.h"

#include <string_view>
#include <vector>

namespace v4::verify {

/// Sorted names of the functions of the dynamic symbol table whose address lies in an executable segment. They point
/// into `code`. CheckFailed, the sentence beginning with `name`, when it is no x86-64 shared object.
Status readKernelSymbols(const std::string &name, plan::Bytes code, std::vector<std::string_view> &out);

/// The same for the cubin of `block`, which is `field` of the metadata: sorted names of the functions that it exports.
/// InvalidInput when it is no cubin, CheckFailed when it calls what it does not hold.
Status readCubinSymbols(const plan::Plan &plan, const std::string &field, const plan::fb::Block &block,
                        std::vector<std::string_view> &out);

} // namespace v4::verify

#endif // V4_TOOLS_VERIFY_KERNELSYMBOLS_H
