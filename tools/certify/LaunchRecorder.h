//===- LaunchRecorder.h - Hashes and sketches of launches -------*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What every launch of a traced run wrote, kept as probes are. A kernel may leave
// parts of a buffer unwritten that nobody reads: buffers are cleared in front of
// their launch, so that these parts are the same on every device. Cache pools are
// left out: they hold what no step has written yet.
//
//===----------------------------------------------------------------------===//

#ifndef V4_TOOLS_CERTIFY_LAUNCHRECORDER_H
#define V4_TOOLS_CERTIFY_LAUNCHRECORDER_H

#include "runtime/exec/Trace.h"
#include "tools/certify/CertifiedRun.h"
#include "tools/certify/RowSketcher.h"

#include <tuple>

namespace v4::certify {

/// A step, and the launches that ran in it, in their order.
struct RecordedStep {
  StepRange range;
  std::vector<uint32_t> launches;
};

/// A buffer that one function wrote in one launch. Row i of a step counts as one of its i-th position, whatever the
/// rows are.
struct LaunchRecord {
  uint32_t launch = 0;
  uint32_t binding = 0;
  std::string function;
  ProbeRecord record; ///< Its name is made of the three.
};

struct LaunchRecords {
  std::vector<RecordedStep> steps;
  std::vector<LaunchRecord> outputs; ///< By launch, binding and function, ascending.
};

/// The sink of a session that feeds one sequence at a time. One thread.
class LaunchRecorder {
public:
  explicit LaunchRecorder(const plan::fb::Program &program) : program(program) {}

  TraceSink sink() { return {this, receive, nullptr, clear}; }
  /// The launches that come are those of this step.
  void begin(const StepRange &range) { steps.push_back({range, {}}); }
  /// What went wrong with reading a launch, or nothing.
  const Status &status() const { return failure; }
  LaunchRecords finish();

private:
  using Key = std::tuple<uint32_t, uint32_t, std::string>; ///< Launch, binding, function.

  static void receive(void *self, const LaunchSpan &span) { static_cast<LaunchRecorder *>(self)->add(span); }
  static void clear(void *self, const LaunchSpan &span) { static_cast<LaunchRecorder *>(self)->clearOutputs(span); }
  /// Rows of a buffer that are recorded of this launch, and the numbers and bits of one; no rows where nothing is.
  struct Extent {
    uint64_t rows, values, rowBits;
    uint64_t bytes() const { return rows * rowBits / 8; }
  };
  Extent extentOf(const LaunchSpan &span, const plan::fb::Buffer &buffer) const;
  bool hasWritten(uint32_t buffer) const;
  void clearOutputs(const LaunchSpan &span);
  void add(const LaunchSpan &span);
  void addBuffer(const LaunchSpan &span, uint32_t index, const plan::fb::Buffer &buffer);
  OpenRecord &recordOf(const Key &key, const plan::fb::Buffer &buffer, uint64_t values);

  const plan::fb::Program &program;
  std::vector<RecordedStep> steps;
  std::map<Key, OpenRecord> records;
  RowSketcher sketcher;
  std::vector<uint8_t> bytes;
  std::vector<float> numbers; ///< One row of codes.
  Status failure;
};

/// Runs the input with every launch traced.
Status recordLaunches(Engine &engine, uint64_t seed, const std::vector<Stretch> &stretches, LaunchRecords &out);

} // namespace v4::certify

#endif // V4_TOOLS_CERTIFY_LAUNCHRECORDER_H
