//===- PanelForms.cpp - A form for the number of inputs ---------*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "codegen/cpu/PanelMatmul.h"
#include "codegen/cpu/PanelTiles.h"

using namespace mlir;
using namespace v4;

void PanelMatmul::whenAtMost(Value count, int64_t most, function_ref<void()> then, function_ref<void()> otherwise) {
  auto without = [](function_ref<void()> body) {
    body();
    return Values();
  };
  k.ifElse(
      k.less(count, k.index(most + 1)), [&] { return without(then); }, [&] { return without(otherwise); });
}

/// More than kPairInputs inputs, at most mostDirectInputs().
void PanelMatmul::runDirect(const Panel &panel, Value begin, Value end, Offset offset, StorePanel storeOne) {
  Value count = k.sub(end, begin);
  auto store = [&](Value, Value input, Value low, Value high) { storeOne(input, low, high); };
  auto few = [&] { directByCount(panel, kPairInputs + 1, kDirectInputs, count, begin, offset, store); };
  if (!k.has512())
    return few();
  whenAtMost(count, kDirectInputs, few, [&] { directWithRepeats(panel, begin, end, offset, store); });
}

void PanelMatmul::run(const Panel &first, const Panel &second, Value begin, Value end, Offset offset, Store store) {
  if (tiles)
    return tiles->runPair(first, second, begin, end, offset, store);
  Value count = k.sub(end, begin);
  // Code for one panel, run for either.
  auto each = [&](void (PanelMatmul::*form)(const Panel &, Value, Value, Offset, StorePanel)) {
    k.loop(k.index(0), k.index(2), 1, [&](Value which) {
      (this->*form)(either(which, first, second), begin, end, offset,
                    [&](Value input, Value low, Value high) { store(which, input, low, high); });
    });
  };
  auto many = [&] {
    if (bufferedPanels() == 1)
      return each(&PanelMatmul::bufferOne);
    buffered({first, second, k.index(2), begin, end}, offset, store);
  };
  whenAtMost(
      count, kPairInputs,
      [&] {
        directByCount({first, second}, 1, kPairInputs, count, begin, offset, store);
      },
      [&] {
        whenAtMost(
            count, mostDirectInputs(), [&] { each(&PanelMatmul::runDirect); }, many);
      });
}

/// One or two inputs, with tiles at most kTileRows.
void PanelMatmul::runPairs(Value matrix, Value firstPanel, Value endPanel, Value begin, Value end, Offset offset,
                           StoreOne store) {
  Value count = k.sub(end, begin), half = k.div(k.add(k.sub(endPanel, firstPanel), 1), 2);
  k.loop(k.index(0), half, 1, [&](Value i) {
    // Without a second half, the last panel of the first one again: its lines are in L1, its results the same.
    Value first = k.add(firstPanel, i), other = k.add(first, half);
    Value second = k.select(k.less(other, endPanel), other, first);
    auto storePair = [&](Value which, Value input, Value low, Value high) {
      store(k.select(k.less(which, k.index(1)), first, second), input, low, high);
    };
    if (tiles)
      tiles->runPair(panel(matrix, first), panel(matrix, second), begin, end, offset, storePair);
    else
      directByCount({panel(matrix, first), panel(matrix, second)}, 1, kPairInputs, count, begin, offset, storePair);
  });
}

/// More than mostDirectInputs().
void PanelMatmul::runBuffered(Value matrix, Value firstPanel, Value endPanel, Value begin, Value end, Offset offset,
                              StoreOne store) {
  int64_t together = bufferedPanels();
  k.loop(firstPanel, endPanel, together, [&](Value number) {
    Value panels = k.minIndex(k.sub(endPanel, number), k.index(together));
    Value last = k.add(number, k.add(panels, -1));
    buffered({panel(matrix, number), panel(matrix, last), panels, begin, end}, offset,
             [&](Value which, Value input, Value low, Value high) { store(k.add(number, which), input, low, high); });
  });
}

void PanelMatmul::run(Value matrix, Value firstPanel, Value endPanel, Value begin, Value end, Offset offset,
                      StoreOne store) {
  Value count = k.sub(end, begin);
  auto pairs = [&] { runPairs(matrix, firstPanel, endPanel, begin, end, offset, store); };
  if (tiles)
    return whenAtMost(count, kTileRows, pairs,
                      [&] { runBlocks(matrix, firstPanel, endPanel, begin, end, offset, store); });
  auto each = [&] {
    k.loop(firstPanel, endPanel, 1, [&](Value number) {
      runDirect(panel(matrix, number), begin, end, offset,
                [&](Value input, Value low, Value high) { store(number, input, low, high); });
    });
  };
  whenAtMost(count, kPairInputs, pairs, [&] {
    whenAtMost(count, mostDirectInputs(), each,
               [&] { runBuffered(matrix, firstPanel, endPanel, begin, end, offset, store); });
  });
}

void PanelMatmul::runBlocks(Value matrix, Value firstPanel, Value endPanel, Value begin, Value end, Offset offset,
                            StoreOne store) {
  tiles->runBlocks(matrix, firstPanel, endPanel, begin, end, offset, store);
}
