//===- Probe.h - Named values that leave a step -----------------*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef V4_RUNTIME_EXEC_PROBE_H
#define V4_RUNTIME_EXEC_PROBE_H

#include "runtime/plan/plan_generated.h"

#include <string_view>

namespace v4 {

/// What a probe's rows look like in a session.
struct ProbeShape {
  std::string_view name;
  plan::fb::ElementType element;
  plan::fb::RowSpace rows;
  plan::fb::LaunchGroup group;
  const uint64_t *shape; ///< Dimensions of one row.
  uint32_t rank;
  uint64_t rowBytes;
};

/// One probe's rows of one step; everything is valid during the call only.
struct ProbeRows {
  const ProbeShape *shape;
  const void *data;
  uint64_t rowCount;
  /// Token row of each row; null when row r is token row r.
  const int32_t *tokenRows;
  /// Of the token rows of the step.
  const int32_t *positions;
  const int32_t *slots;
};

struct ProbeSink {
  void *user = nullptr;
  void (*receive)(void *user, const ProbeRows &rows) = nullptr;
};

} // namespace v4

#endif // V4_RUNTIME_EXEC_PROBE_H
