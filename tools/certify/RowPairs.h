//===- RowPairs.h - The rows that two records have in common ----*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef V4_TOOLS_CERTIFY_ROWPAIRS_H
#define V4_TOOLS_CERTIFY_ROWPAIRS_H

#include "tools/certify/Certificate.h"

#include <algorithm>
#include <cmath>

namespace v4::certify {

/// The rows of one stretch in both records, position by position.
class RowPairs {
public:
  RowPairs(const ProbeRecord &recorded, const ProbeRecord &fresh, uint32_t stretch) : a(fresh), b(recorded) {
    size_t i = 0, j = 0;
    auto key = [](const Row &row) { return std::pair(row.stretch, row.position); };
    for (; i < a.rows.size() && j < b.rows.size();) {
      if (key(a.rows[i]) == key(b.rows[j])) {
        if (a.rows[i].stretch == stretch)
          pairs.push_back({i, j});
        ++i, ++j;
      } else {
        ++(key(a.rows[i]) < key(b.rows[j]) ? i : j);
      }
    }
    auto count = [&](const std::vector<Row> &rows) {
      return static_cast<uint64_t>(
          std::count_if(rows.begin(), rows.end(), [&](const Row &r) { return r.stretch == stretch; }));
    };
    unmatched = count(a.rows) + count(b.rows) - 2 * pairs.size();
  }

  size_t size() const { return pairs.size(); }
  uint64_t alone() const { return unmatched; }
  const Row &mine(size_t i) const { return a.rows[pairs[i].first]; }
  const Row &golden(size_t i) const { return b.rows[pairs[i].second]; }
  bool isSame(size_t i) const { return mine(i).hash == golden(i).hash; }
  /// Mean square of the difference, as the sketches estimate it.
  double squareOf(size_t i) const {
    const float *x = a.sketch.data() + pairs[i].first * a.width, *y = b.sketch.data() + pairs[i].second * b.width;
    double sum = 0;
    for (uint32_t k = 0; k < a.width; ++k)
      sum += (static_cast<double>(x[k]) - y[k]) * (static_cast<double>(x[k]) - y[k]);
    return sum / a.width;
  }
  double goldenSquare(size_t i) const {
    const float *y = b.sketch.data() + pairs[i].second * b.width;
    double sum = 0;
    for (uint32_t k = 0; k < b.width; ++k)
      sum += static_cast<double>(y[k]) * y[k];
    return sum / b.width;
  }
  bool isSet() const { return b.element == plan::fb::ElementType::I32; }
  /// Of numbers: RMS of the difference over the golden row's scale. Of sets: entries that only one of them has.
  double magnitude(size_t i) const {
    if (isSame(i))
      return 0;
    return isSet() ? squareOf(i) : std::sqrt(squareOf(i)) / static_cast<double>(golden(i).scale);
  }

private:
  const ProbeRecord &a, &b;
  std::vector<std::pair<size_t, size_t>> pairs;
  uint64_t unmatched = 0;
};

/// A NaN makes it one; 0 of nothing.
inline double median(std::vector<double> values) {
  if (values.empty())
    return 0;
  for (double value : values)
    if (std::isnan(value))
      return value;
  auto middle = values.begin() + static_cast<ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

} // namespace v4::certify

#endif // V4_TOOLS_CERTIFY_ROWPAIRS_H
