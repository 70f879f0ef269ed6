//===- Certificate.h - What a plan computed on a fixed input ----*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The side file <plan stem>.v4cert: for every probe of a plan, what its rows
// were when a fixed, seeded input ran. A row has a hash, to compare bits, and a
// sketch, to compare values that another rounding changes a little: projections
// on vectors of random signs, so that the mean square of the difference of two
// sketches is that of the rows.
//
//===----------------------------------------------------------------------===//

#ifndef V4_TOOLS_CERTIFY_CERTIFICATE_H
#define V4_TOOLS_CERTIFY_CERTIFICATE_H

#include "runtime/plan/PlanLoader.h"

#include <string>
#include <vector>

namespace v4::certify {

/// One sequence of the input: `prompt` tokens in steps as large as they may be, the last `logits` of them with logits,
/// then `decode` tokens one by one.
struct Stretch {
  uint32_t prompt = 0;
  uint32_t logits = 0;
  uint32_t decode = 0;

  uint64_t positions() const { return uint64_t(prompt) + decode; }
};

/// One row of a probe: what the position of the stretch gave.
struct Row {
  uint32_t stretch = 0;
  uint32_t position = 0;
  uint64_t hash = 0; ///< Of the row's bytes.
  float scale = 0;   ///< Logits: standard deviation; other numbers: RMS; i32: entries that are not -1.
};

struct ProbeRecord {
  std::string name;
  plan::fb::ElementType element = plan::fb::ElementType::F32; ///< BF16, F32 or I32.
  uint32_t rowValues = 0;
  uint32_t width = 0;        ///< Numbers in a row's sketch.
  Digest digest{};           ///< Of all bytes: over the hashes of the rows, in their order.
  double rms = 0;            ///< Of all values.
  std::vector<Row> rows;     ///< By stretch and position, ascending.
  std::vector<float> sketch; ///< [rows][width]. i32 rows count as sets: the projection of a set's indicator.
};

/// A few bytes of one weight, by its name and form: plans of the same weights agree where they have the form in common.
struct WeightSample {
  uint64_t form = 0;
  uint64_t content = 0;

  bool operator<(const WeightSample &other) const { return form < other.form; }
};

struct Certificate {
  Digest plan{};
  Digest config{}; ///< Of the model's dimensions.
  uint64_t seed = 0;
  std::string target; ///< cpu:x86-64-v4-bf16
  std::string device; ///< Processor that it ran on.
  std::vector<Stretch> stretches;
  std::vector<WeightSample> weights; ///< By form, ascending.
  std::vector<ProbeRecord> probes;   ///< In the order in which a step completes them.
};

inline constexpr uint32_t kMaxWidth = 16;

/// <plan stem>.v4cert
std::string certificatePathOf(const std::string &planPath);

/// Writes the file, whole or not at all.
Status writeCertificate(const std::string &path, const Certificate &certificate);
/// Unsupported when there is no such file, InvalidInput when it is damaged or of another version. Whoever holds what it
/// gives may index by it: rows are ascending and inside their stretches, sketches have their sizes.
Status readCertificate(const std::string &path, Certificate &out);

} // namespace v4::certify

#endif // V4_TOOLS_CERTIFY_CERTIFICATE_H
