//===- CpuFeatures.h - What this machine's CPU can do -----------*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef V4_RUNTIME_DEVICE_CPUFEATURES_H
#define V4_RUNTIME_DEVICE_CPUFEATURES_H

#include "runtime/base/Status.h"
#include "runtime/plan/plan_generated.h"

namespace v4 {

/// Features as the kernel reports them (so a feature that the operating system does not enable is absent), as one
/// line of names between spaces.
Status readCpuFeatures(std::string &out);

/// Unsupported, naming every feature of `target` that `features` lacks. Asks the system for tile registers where the
/// target has them.
Status checkCpuFeatures(std::string_view planName, const plan::fb::Target &target, const std::string &features);

} // namespace v4

#endif // V4_RUNTIME_DEVICE_CPUFEATURES_H
