//===- Numerics.h - A plan's results against its certificate ----*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The only check that maps a plan's code: it runs the plan.
//
//===----------------------------------------------------------------------===//

#ifndef V4_TOOLS_VERIFY_NUMERICS_H
#define V4_TOOLS_VERIFY_NUMERICS_H

#include "tools/certify/Comparison.h"
#include "tools/certify/PlainRun.h"
#include "tools/verify/Checks.h"

#include <nlohmann/json.hpp>

namespace v4::verify {

struct NumericsOptions {
  std::string plan;
  std::string weights;     ///< File of external weights; "" = beside the plan.
  std::string certificate; ///< File.
  std::string bisect;      ///< Folder for a repro; "" = none.
  unsigned threads = 0;
};

/// What was compared, for the report.
struct NumericsReport {
  certify::Certificate recorded;
  certify::Comparison comparison;
  certify::PlainRun plain;
  std::string target; ///< Of the plan.
  double seconds = 0;
};

/// Runs the certificate's input and adds a check to `checks`. Unsupported: no certificate, or this machine cannot run
/// the plan. InvalidInput: the certificate is damaged, or of another model.
Status checkNumerics(const NumericsOptions &options, std::vector<Check> &checks, NumericsReport &out);

/// Every measure, for --json.
nlohmann::ordered_json viewNumerics(const NumericsReport &report);
/// One line for people.
std::string summarize(const NumericsReport &report);

} // namespace v4::verify

#endif // V4_TOOLS_VERIFY_NUMERICS_H
