//===- Report.h - Rows as a table, as CSV, as JSON ------------*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef V4_TOOLS_BENCH_REPORT_H
#define V4_TOOLS_BENCH_REPORT_H

#include "tools/bench/Beside.h"
#include "tools/bench/ColdStart.h"

#include <nlohmann/json.hpp>

namespace v4::bench {

using Json = nlohmann::ordered_json;

Json jsonOf(const Row &row);
Json jsonOf(const BesideRow &row);
Json jsonOf(const ColdStart &cold, const ColdOptions &options);
Json jsonOf(const std::vector<MachineSpeed> &speeds, const char *dotName, unsigned threads);
/// Of --machine, of a plan for a GPU; null where nothing was measured.
Json jsonOf(const GpuRuns &runs);
/// Launches by falling time and their sum.
Json jsonOf(const Profile &profile, const Test &test);

/// A list of flat objects with equal keys; objects inside become columns of their own.
void printTable(const Json &rows);
void printCsv(const Json &rows);

/// The launches of a profile and what the sum leaves of the step, for people.
void printProfile(const Profile &profile, const Test &test);

} // namespace v4::bench

#endif // V4_TOOLS_BENCH_REPORT_H
