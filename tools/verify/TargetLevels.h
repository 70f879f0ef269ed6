//===- TargetLevels.h - Targets that plans are made for ---------*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef V4_TOOLS_VERIFY_TARGETLEVELS_H
#define V4_TOOLS_VERIFY_TARGETLEVELS_H

#include <string>
#include <vector>

namespace v4::verify {

/// CPU features of a target (none for a GPU) in the order of a plan, those of lower levels first; null for an unknown
/// name. The compiler's own lists are codegen/cpu/CpuTarget.cpp and codegen/cuda/CudaTarget.cpp, which this tool does
/// not link; test/e2e/verify.py compares them.
const std::vector<std::string> *featuresOfLevel(const std::string &name);

/// "cpu:x86-64-v3, ...".
std::string levelNames();

} // namespace v4::verify

#endif // V4_TOOLS_VERIFY_TARGETLEVELS_H
