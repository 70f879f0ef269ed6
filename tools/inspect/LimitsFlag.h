//===- LimitsFlag.h - Limits of a session on the command line - -*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef V4_TOOLS_INSPECT_LIMITSFLAG_H
#define V4_TOOLS_INSPECT_LIMITSFLAG_H

#include "runtime/base/Status.h"
#include "runtime/plan/PlanMemory.h"

namespace v4::inspect {

/// What `--memory` alone means: the plan's own limits.
inline constexpr const char *kEnvelope = "envelope";

/// "context:N,sequences:M": limits of the session to evaluate, the envelope's where none are given. `name` is the
/// flag's own, for messages.
Status parseLimits(const char *name, const std::string &flag, const plan::fb::Program &program, plan::Limits &out);

} // namespace v4::inspect

#endif // V4_TOOLS_INSPECT_LIMITSFLAG_H
