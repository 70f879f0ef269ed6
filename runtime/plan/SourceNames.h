//===- SourceNames.h - Many checkpoint tensors by one name ------*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A stacked weight has a checkpoint tensor per expert. A plan names them at once:
//
//   layers.2.ffn.experts.{0..255}.w1.weight
//
// is layers.2.ffn.experts.0.w1.weight, ...1..., up to 255. Numbers are decimal,
// without leading zeros; one pair of braces to a name. Anything else is one tensor.
//
//===----------------------------------------------------------------------===//

#ifndef V4_RUNTIME_PLAN_SOURCENAMES_H
#define V4_RUNTIME_PLAN_SOURCENAMES_H

#include <charconv>
#include <cstdint>
#include <string>
#include <string_view>

namespace v4::plan {

class SourceNames {
public:
  explicit SourceNames(std::string_view text) : head(text) {
    size_t open = text.find('{'), dots = text.find("..", open), close = text.find('}', open);
    uint32_t from = 0, to = 0;
    if (open == text.npos || dots == text.npos || close == text.npos || dots > close ||
        !read(text.substr(open + 1, dots - open - 1), from) || !read(text.substr(dots + 2, close - dots - 2), to) ||
        to < from)
      return;
    head = text.substr(0, open);
    tail = text.substr(close + 1);
    first = from;
    count = uint64_t(to) - from + 1;
    isRange = true;
  }

  /// Tensors, at least 1.
  uint64_t size() const { return count; }
  /// Name of tensor `index` of size().
  std::string name(uint64_t index) const {
    std::string text(head);
    return isRange ? text.append(std::to_string(first + index)).append(tail) : text;
  }

private:
  static constexpr uint32_t kMostIndex = 65535;

  static bool read(std::string_view digits, uint32_t &value) {
    auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    return error == std::errc() && end == digits.data() + digits.size() && value <= kMostIndex &&
           (digits.size() == 1 || digits[0] != '0');
  }

  std::string_view head, tail;
  uint32_t first = 0;
  uint64_t count = 1;
  bool isRange = false;
};

} // namespace v4::plan

#endif // V4_RUNTIME_PLAN_SOURCENAMES_H
