//===- Launches.h - What each launch wrote, against a record ----*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// For two devices that run the same plan: --numerics says that one is wrong, this
// says which kernels are. As --numerics, it runs the plan.
//
//===----------------------------------------------------------------------===//

#ifndef V4_TOOLS_VERIFY_LAUNCHES_H
#define V4_TOOLS_VERIFY_LAUNCHES_H

#include "tools/certify/LaunchComparison.h"
#include "tools/verify/Checks.h"

#include <nlohmann/json.hpp>

namespace v4::verify {

struct LaunchesOptions {
  std::string plan;
  std::string weights; ///< File of external weights; "" = beside the plan.
  std::string file;    ///< Of the record.
  uint32_t prompt = 0; ///< Tokens of the longer prompt of the input that is recorded; 0 = 140.
};

/// Runs the plan and writes `file`; `summary` gets one line for people.
Status recordLaunches(const LaunchesOptions &options, std::string &summary);

/// Runs the input of `file` and adds a check to `checks`; `view` is for --json. Unsupported: no such file, or this
/// machine cannot run the plan. InvalidInput: the file is damaged, or of another plan.
Status checkLaunches(const LaunchesOptions &options, std::vector<Check> &checks, nlohmann::ordered_json &view);

} // namespace v4::verify

#endif // V4_TOOLS_VERIFY_LAUNCHES_H
