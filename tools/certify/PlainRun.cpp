//===- PlainRun.cpp - The input again, as sessions run it -----------------===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tools/certify/PlainRun.h"

#include <algorithm>

using namespace v4;
using namespace v4::certify;

namespace {

/// The rows of logits that a run with probes gave, in the order in which steps give them.
const std::vector<Row> &rowsOf(const Certificate &probed) {
  static const std::vector<Row> none;
  auto found = std::find_if(probed.probes.begin(), probed.probes.end(),
                            [](const ProbeRecord &record) { return record.name == "logits"; });
  return found == probed.probes.end() ? none : found->rows;
}

uint64_t hashOf(const float *row, uint64_t count) {
  Digest digest = hashBytes(row, count * sizeof(float));
  uint64_t hash;
  std::memcpy(&hash, digest.bytes, sizeof(hash));
  return hash;
}

} // namespace

Status certify::comparePlainRun(Engine &engine, const Certificate &probed, unsigned threads, PlainRun &out) {
  const std::vector<Row> &expected = rowsOf(probed);
  uint64_t vocabulary = engine.program().model()->vocab_size();
  RunOptions options;
  options.threads = threads;
  options.afterStep = [&](Session &session, const StepRange &step, uint64_t logits) {
    ++out.steps;
    out.replayed = session.runCounts().replayed;
    for (uint64_t i = 0; i < logits && out.rows < expected.size(); ++i) {
      const float *values = session.logits(i);
      if (!values)
        V4_RETURN_IF_ERROR(session.deviceStatus());
      const Row &row = expected[out.rows++];
      auto position = static_cast<uint32_t>(step.first + step.count - logits + i);
      bool isSame =
          values && row.stretch == step.stretch && row.position == position && row.hash == hashOf(values, vocabulary);
      if (!isSame && !out.different++)
        out.stretch = step.stretch, out.position = position;
    }
    return Status();
  };
  return runInput(engine, probed.seed, probed.stretches, options);
}
