//===- ReportFile.h - v4-compile --report --------------------- -*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef V4_TOOLS_COMPILE_REPORTFILE_H
#define V4_TOOLS_COMPILE_REPORTFILE_H

#include "compiler/Compiler.h"

namespace v4 {

/// Writes the report as one JSON document to `path`; the error, or "". Keys are only added, never renamed.
/// `options` say what was asked for; memory and cost are read from the plan, if one was written: times as on `device`,
/// none with "".
std::string writeReport(const CompileReport &report, const CompileOptions &options, const std::string &device,
                        const std::string &path);

} // namespace v4

#endif // V4_TOOLS_COMPILE_REPORTFILE_H
