//===- Comparison.h - Does a run agree with a certificate? ------*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The same plan must give the same bits: hashes are compared. Another plan of
// the same model and weights (another CPU level, other passes) may round
// elsewhere: sketches and RMS are compared with the golden limits for free
// rounding of test/reference/README.md.
//
//===----------------------------------------------------------------------===//

#ifndef V4_TOOLS_CERTIFY_COMPARISON_H
#define V4_TOOLS_CERTIFY_COMPARISON_H

#include "tools/certify/Certificate.h"

namespace v4::certify {

/// Where a probe's rows of one stretch differ.
struct Difference {
  uint64_t rows = 0;      ///< Compared.
  uint64_t different = 0; ///< Of those, with other bits.
  uint32_t position = 0;  ///< First one with other bits, or beyond the limit where values are compared.
  double magnitude = 0;   ///< There: RMS of the difference over the row's scale; of sets, entries that only one has.
};

/// One property of one probe in one stretch, and its bound.
struct Measure {
  std::string probe;
  uint32_t stretch = 0;
  std::string property; ///< "rows with other bits", "rel_median", "sketch L2", "RMS", "recall", ...
  double value = 0;
  double limit = 0;
  bool atLeast = false; ///< `limit` is a lower bound.
  Difference difference;

  /// A NaN never holds.
  bool holds() const { return atLeast ? value >= limit : value <= limit; }
};

struct Comparison {
  bool isExact = false;             ///< Bits were compared.
  std::vector<Measure> measures;    ///< In the order in which a step completes the probes.
  std::vector<std::string> missing; ///< Probes of the certificate that the plan does not offer.

  /// The first that does not hold; null when all do.
  const Measure *firstFailure() const;
};

/// InvalidInput unless both are of the same model, weights and input. `path` is the certificate's.
Status checkKinship(const std::string &path, const Certificate &recorded, const Certificate &fresh);

/// REQUIRES: checkKinship holds. `layers` are those of the model without the MTP block.
Comparison compare(const Certificate &recorded, const Certificate &fresh, uint32_t layers);

/// One sentence about a measure that does not hold.
std::string describe(const Measure &measure, const Certificate &recorded);

} // namespace v4::certify

#endif // V4_TOOLS_CERTIFY_COMPARISON_H
