//===- PanelMatmul.h - Products of input rows with a panel ------*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The inner part of every tuned matrix product: 32 output rows (one panel) times some
// input rows. Without tile registers (PanelTiles.h has the forms with them) three forms,
// chosen by the number of inputs, with the same tree of sums:
//
//   pair       1 or 2 inputs: as below, but two panels side by side. A chain of one panel
//              has two sums, whose additions wait for each other; four keep a core busy
//              while it waits for memory
//   direct     to 4 inputs, with 512 bits to 8: codes are decoded in registers as they stream by
//   buffered   more: some blocks are decoded to a buffer in L1, then read by eight
//              inputs at a time with all sums in registers
//
// The first two ask for the lines of each stream ahead: far ahead into L2, since hardware
// stops at each 4 KiB, and shortly before their use into L1.
//
// A sum: from zero over a chain of columns, pairs in order, by CpuBody::dot; then
// total = fma(chain, scale, total), chains in order. A chain is 128 columns of an e4m3
// weight (one scale), 32 of e2m1 (one scale per row) and 128 of bf16. Without products of
// bf16 e4m3 weights are decoded to 1/256 of their value, and a chain is multiplied by 256.
//
//===----------------------------------------------------------------------===//

#ifndef V4_CODEGEN_CPU_PANELMATMUL_H
#define V4_CODEGEN_CPU_PANELMATMUL_H

#include "codegen/cpu/CpuBody.h"
#include "dialects/kernel/PanelLayout.h"

#include <memory>

namespace v4 {

class PanelTiles;

class PanelMatmul {
public:
  using Value = mlir::Value;

  /// `format` is the contract's. Allocates scratch: create in front of loops.
  PanelMatmul(CpuBody &k, mlir::Type format, int64_t rows, int64_t columns, int64_t maxInputs);
  ~PanelMatmul();

  /// Another weight of the same format and width.
  void bind(Value otherWeight, Value otherScales, int64_t otherRows) {
    weight = otherWeight;
    scales = otherScales;
    rows = otherRows;
  }

  Value weight; ///< flat memref of panels
  Value scales; ///< flat memref, or null
  Value x;      ///< flat memref of bf16
  /// Elements from one input to the next; 0: they lie anywhere, in whole runs of 64 columns.
  int64_t inputStride = 0;

  /// 32 rows of a weight.
  struct Panel {
    Value number; ///< Of its matrix.
    Value weight, scales;
    Value base;      ///< Element of the panel's first byte in the weight.
    Value scaleBase; ///< The same in the scales.
  };
  /// Panel `number` of matrix `matrix` (null: there is one) of the bound weight.
  Panel panel(Value matrix, Value number);
  /// `first` where `which` is 0: one piece of code for both.
  Panel either(Value which, const Panel &first, const Panel &second);

  /// Element offset of input i in x.
  using Offset = llvm::function_ref<Value(Value input)>;
  /// Receives rows 0..15 and 16..31 of the results of the first panel (`which` is index 0) or the second for input i.
  using Store = llvm::function_ref<void(Value which, Value input, Value low, Value high)>;
  /// The same for one panel at a time.
  using StoreOne = llvm::function_ref<void(Value panel, Value input, Value low, Value high)>;

  /// Two panels times inputs [begin, end). REQUIRES: end - begin is at most maxInputs, with tiles also at most 16.
  void run(const Panel &first, const Panel &second, Value begin, Value end, Offset offset, Store store);

  /// Panels [firstPanel, endPanel) of the bound weight: the first half beside the second one, so that both are streams.
  void run(Value matrix, Value firstPanel, Value endPanel, Value begin, Value end, Offset offset, StoreOne store);

  /// The same for many inputs. REQUIRES: hasTiles().
  void runBlocks(Value matrix, Value firstPanel, Value endPanel, Value begin, Value end, Offset offset, StoreOne store);
  bool hasTiles() const { return tiles != nullptr; }

  /// Stores two halves as 32 consecutive outputs from `at`, those of rows >= `rows` left out.
  void storeRows(Value out, Value at, Value panel, Value low, Value high);

  /// Inputs that share the registers of one pass of the buffered form.
  int64_t inputsPerPass() const;

  /// After the last product of a kernel.
  void finish();

private:
  friend class PanelTiles;
  /// Inputs up to which two panels are streams side by side: their sums and totals fit 32 registers.
  static constexpr int64_t kPairInputs = 2;
  /// Inputs up to which weights are decoded in registers.
  static constexpr int64_t kDirectInputs = 4;
  /// With 32 registers the same holds for twice as many, which is what a step of some decoding sequences has.
  static constexpr int64_t kManyDirectInputs = 8;
  int64_t mostDirectInputs() const { return k.has512() ? kManyDirectInputs : kDirectInputs; }

  using Values = BodyBuilder::Values;
  using Offsets = llvm::ArrayRef<Value>;
  using Panels = llvm::ArrayRef<Panel>;
  using EachPair = llvm::function_ref<void(int64_t pair, const CpuBody::Pair &low, const CpuBody::Pair &high)>;
  using StorePanel = llvm::function_ref<void(Value input, Value low, Value high)>;

  /// Columns of an input that are reals at a time.
  static constexpr int64_t kWideColumns = 512;

  /// Columns of a panel that the buffer holds: of one panel half of a 32 KiB cache.
  int64_t bufferColumns() const { return k.hasBf16() ? 256 : 128; }
  /// Whether weights are decoded by CpuBody::storeSmallE4M3, so that sums are too small, and of rows in its order.
  bool isSmall() const { return format == PanelFormat::E4M3 && !k.hasBf16(); }
  /// Sums of rows 0..15 and 16..31.
  std::pair<Value, Value> inRowOrder(Value first, Value second);
  int64_t chainColumns() const { return format == PanelFormat::E2M1 ? 32 : 128; }
  /// Columns whose weights one iteration of the innermost loop reads: 4 loads of 64 bytes from a stream.
  int64_t stepColumns(bool fromBuffer) const;
  /// First of the scales of `column`'s chain, for both halves of the panel.
  Values scalesAt(const Panel &panel, Value column);
  void fetchAhead(const Panel &panel, Value at);
  /// Pair vectors of stepColumns columns from `column`, from the weight or from the buffer. E2M1 with `exponents`: as
  /// CpuBody::wordsOfE2M1.
  void decode(const Panel &panel, Value column, bool streamed, EachPair each, int64_t exponents = 0);
  void read(Value bufferColumn, EachPair each);
  /// Adds the chains of columns [begin, end) to `totals`: of each panel, of each input at `offsets`, low and high rows.
  Values chains(Panels panels, Value begin, Value end, Offsets offsets, mlir::ValueRange totals, Value bufferBegin);
  Values chain(Panels panels, Value begin, Value end, Offsets offsets, Value bufferBegin);
  Values directSums(Panels panels, int64_t inputs, Value begin, Offset offset);
  void direct(Panels panels, int64_t inputs, Value begin, Offset offset, Store store);
  void directByCount(Panels panels, int64_t inputs, int64_t most, Value count, Value begin, Offset offset, Store store);
  void directWithRepeats(const Panel &panel, Value begin, Value end, Offset offset, Store store);
  // PanelForms.cpp
  void whenAtMost(Value count, int64_t most, llvm::function_ref<void()> then, llvm::function_ref<void()> otherwise);
  void runDirect(const Panel &panel, Value begin, Value end, Offset offset, StorePanel store);
  void runPairs(Value matrix, Value firstPanel, Value endPanel, Value begin, Value end, Offset offset, StoreOne store);
  void runBuffered(Value matrix, Value firstPanel, Value endPanel, Value begin, Value end, Offset offset,
                   StoreOne store);

  // PanelBuffer.cpp
  /// What the buffered form takes at once: inputs [begin, end) and `panels` panels, at most bufferedPanels().
  struct Block {
    Panel first, second;
    Value panels;
    Value begin, end;
  };
  /// Inputs that are widened serve two panels, which fill a 32 KiB cache: measured with one of 48 KiB only. Where
  /// nothing is widened, or few inputs share a pass, a second panel would cost as much and save nothing.
  int64_t bufferedPanels() const { return wide && k.has512() ? 2 : 1; }
  void eachPanel(const Block &block, llvm::function_ref<void(Value which, const Panel &panel)> body);
  Value bufferBegin(Value which, Value columnBegin);
  Value totalsOf(const Block &block, Value which, Value input);
  void buffered(const Block &block, Offset offset, Store store);
  void bufferOne(const Panel &panel, Value begin, Value end, Offset offset, StorePanel store);
  /// Columns [columnBegin, columnEnd) of `inputs` inputs from `first` become reals in `wide`, where a column lies at
  /// that many more than the result, of the next input `stride` further; once here, rather than for every two columns
  /// of a panel. REQUIRES: at most `stride` columns, `stride` at most kWideColumns.
  Value widen(int64_t inputs, int64_t stride, Value first, Value columnBegin, Value columnEnd, Offset offset);
  void fetchInputs(const Block &block, int64_t inputs, Value first, Value columnBegin, Offset offset);
  void pass(const Block &block, int64_t inputs, Value first, Value columnBegin, Value columnEnd, Offset offset);
  void fillBuffer(const Panel &panel, Value begin, Value end, Value bufferBegin);

  CpuBody &k;
  PanelFormat format;
  int64_t rows, columns, maxInputs;
  Value buffer, totals;
  Value wide;                        ///< Inputs as f32, where there is no product of bf16.
  Value halves;                      ///< Where isSmall(): f16 of one step.
  std::unique_ptr<PanelTiles> tiles; ///< With tile registers.
};

} // namespace v4

#endif // V4_CODEGEN_CPU_PANELMATMUL_H
