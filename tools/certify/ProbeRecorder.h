//===- ProbeRecorder.h - Hashes and sketches of probe rows ------*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef V4_TOOLS_CERTIFY_PROBERECORDER_H
#define V4_TOOLS_CERTIFY_PROBERECORDER_H

#include "runtime/exec/Probe.h"
#include "tools/certify/RowSketcher.h"

namespace v4::certify {

/// The sink of a session that feeds one sequence at a time, from its first token to its last. One thread.
class ProbeRecorder {
public:
  /// Records the probes of `program` that have a row per token or per row of logits.
  explicit ProbeRecorder(const plan::fb::Program &program);

  ProbeSink sink() { return {this, receive}; }
  /// The rows that come belong to this stretch, from its position 0 on.
  void begin(uint32_t index) { stretch = index; }
  /// Ends all digests and hands the records out.
  std::vector<ProbeRecord> finish();

private:
  static void receive(void *self, const ProbeRows &rows);
  void add(const ProbeRows &rows);

  uint32_t stretch = 0;
  RowSketcher sketcher;
  std::vector<OpenRecord> records; ///< In the order in which a step completes the probes.
  std::map<std::string, size_t, std::less<>> byName;
};

} // namespace v4::certify

#endif // V4_TOOLS_CERTIFY_PROBERECORDER_H
