//===- PanelDirect.cpp - Products with weights decoded in registers -------===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "codegen/cpu/PanelMatmul.h"

using namespace mlir;
using namespace v4;

/// Sums over all columns, as `chains` gives them.
PanelMatmul::Values PanelMatmul::directSums(Panels panels, int64_t inputs, Value begin, Offset offset) {
  Values zeros(2 * inputs * panels.size(), k.real(0, kLanes));
  SmallVector<Value> offsets;
  if (!wide) {
    for (int64_t i = 0; i < inputs; ++i)
      offsets.push_back(offset(k.add(begin, i)));
    return chains(panels, k.index(0), k.index(columns), offsets, zeros, Value());
  }
  return k.loop(k.index(0), k.index(columns), kWideColumns, zeros, [&](Value from, ValueRange carried) {
    Value to = k.minIndex(k.add(from, kWideColumns), k.index(columns));
    Value wideBegin = widen(inputs, kWideColumns, begin, from, to, offset);
    offsets.clear();
    for (int64_t i = 0; i < inputs; ++i)
      offsets.push_back(k.add(wideBegin, i * kWideColumns));
    return chains(panels, from, to, offsets, carried, Value());
  });
}

void PanelMatmul::direct(Panels panels, int64_t inputs, Value begin, Offset offset, Store store) {
  Values sums = directSums(panels, inputs, begin, offset);
  for (auto [which, panel] : llvm::enumerate(panels))
    for (int64_t i = 0; i < inputs; ++i) {
      int64_t at = 2 * (which * inputs + i);
      auto [low, high] = inRowOrder(sums[at], sums[at + 1]);
      store(k.index(which), k.add(begin, i), low, high);
    }
}

/// The direct form for `inputs` or more of them, up to `most`, as `count` says.
void PanelMatmul::directByCount(Panels panels, int64_t inputs, int64_t most, Value count, Value begin, Offset offset,
                                Store store) {
  if (inputs == most)
    return direct(panels, inputs, begin, offset, store);
  k.ifElse(
      k.less(count, k.index(inputs + 1)),
      [&] {
        direct(panels, inputs, begin, offset, store);
        return Values();
      },
      [&] {
        directByCount(panels, inputs + 1, most, count, begin, offset, store);
        return Values();
      });
}

/// The direct form for at most kManyDirectInputs inputs: behind the last one it is computed again, and stored where it
/// was.
void PanelMatmul::directWithRepeats(const Panel &panel, Value begin, Value end, Offset offset, Store store) {
  auto within = [&](Value input) { return k.minIndex(input, k.add(end, -1)); };
  direct(
      panel, kManyDirectInputs, begin, [&](Value input) { return offset(within(input)); },
      [&](Value which, Value input, Value low, Value high) { store(which, within(input), low, high); });
}
