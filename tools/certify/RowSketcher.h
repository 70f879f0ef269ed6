//===- RowSketcher.h - Hashes and sketches of rows --------------*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef V4_TOOLS_CERTIFY_ROWSKETCHER_H
#define V4_TOOLS_CERTIFY_ROWSKETCHER_H

#include "tools/certify/Certificate.h"

#include <map>

namespace v4::certify {

/// Numbers in a row's sketch: rows of logits are few and are compared one by one.
inline constexpr uint32_t kLogitsWidth = 16, kWidth = 4;

/// A record that rows are still added to.
struct OpenRecord {
  ProbeRecord record;
  Hasher hasher;
  double squares = 0;
};

/// Adds rows to any number of records. One thread.
class RowSketcher {
public:
  /// Rows come by stretch and position, ascending. REQUIRES: `data` has rowValues elements of the record.
  void add(OpenRecord &open, uint32_t stretch, uint32_t position, const uint8_t *data, uint64_t bytes);
  /// Ends the digest.
  static ProbeRecord finish(OpenRecord &&open);

private:
  void sketchNumbers(OpenRecord &open, Row &row, const uint8_t *data);
  void sketchSet(OpenRecord &open, Row &row, const uint8_t *data);

  std::map<std::pair<uint32_t, uint32_t>, std::vector<float>> signTables; ///< By width and row values.
  std::vector<float> values;                                              ///< Of one row.
};

/// The number that element `index` contributes its signs with: bit k is that of projection k.
uint64_t signWord(uint64_t index);

} // namespace v4::certify

#endif // V4_TOOLS_CERTIFY_ROWSKETCHER_H
