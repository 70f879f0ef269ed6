//===- PlanValidator.h - What a plan means ----------------------*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A FlatBuffer that passes its structural verifier can still say anything. These
// rules are all that the executor, the cache and v4-inspect rely on, so that none
// of them checks anything again:
//
//   1. every vector and string is present; strings are UTF-8 without control
//      characters; symbols are unique
//   2. every index is in range, every enum has a known value
//   3. sizes: products and sums fit; at the envelope a buffer holds its rows
//   4. weights lie in their section, pools in their page or state block, aligned,
//      without overlap
//   5. buffers that share a slot have disjoint lifetimes; every use lies in the
//      lifetime, behind the launch that wrote the value
//   6. a launch reads no pool and no buffer that it writes
//   7. kernels of a plan for a GPU say how their blocks look, and their code lies in
//      the code section; those of a plan for a CPU don't. Every count of rows that the
//      envelope allows has one variant of a kernel that runs it, or the kernel itself
//
// The work is bounded by the size of the metadata, also where many tables share
// one vector.
//
//===----------------------------------------------------------------------===//

#ifndef V4_RUNTIME_PLAN_PLANVALIDATOR_H
#define V4_RUNTIME_PLAN_PLANVALIDATOR_H

#include "runtime/base/Status.h"
#include "runtime/plan/plan_generated.h"

namespace v4::plan {

/// REQUIRES: `program` passed fb::VerifyProgramBuffer.
/// Bytes are those of the sections that the program points into; code is without the seal.
Status validateProgram(const std::string &name, const fb::Program &program, uint64_t codeBytes, uint64_t tablesBytes,
                       uint64_t weightsBytes);

/// Quotes, backslashes and bytes outside printable ASCII as a backslash and two hex digits, as in MLIR.
std::string escapeText(std::string_view text);

} // namespace v4::plan

#endif // V4_RUNTIME_PLAN_PLANVALIDATOR_H
