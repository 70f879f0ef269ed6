//===- CpuBody.h - Vocabulary of tuned CPU kernels --------------*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// BodyBuilder plus what depends on the level: instructions without a portable op, and
// products of bf16 pairs. A "pair vector" holds, for 16 output rows, the weights of two
// neighbouring columns. With avx512bf16 it is one vector<32xbf16> and a product one
// vdpbf16ps; other levels hold the two columns as vector<16xf32> each and use two fmas.
//
//===----------------------------------------------------------------------===//

#ifndef V4_CODEGEN_CPU_CPUBODY_H
#define V4_CODEGEN_CPU_CPUBODY_H

#include "codegen/cpu/CpuTarget.h"
#include "dialects/kernel/BodyBuilder.h"

namespace v4 {

class CpuBody : public BodyBuilder {
public:
  /// Emits in front of `op`.
  CpuBody(mlir::Operation *op, const CpuLevel &level);

  const CpuLevel &level;
  /// Whether vdpbf16ps, vpermb and vpermi2b are there.
  bool hasBf16() const { return bf16Level; }
  bool hasTiles() const { return level.hasTiles(); }
  bool has512() const { return level.vectorBits == 512; }

  /// The loop of KernelEmitter::workgroups over [begin, end) of `grid`.
  void workgroups(Value begin, Value end, kernel::GridAttr grid, Value counts,
                  llvm::function_ref<void(Value rowBegin, Value rowEnd, Value tile)> body);
  /// The same, all tiles [tileBegin, tileEnd) of a row tile that are in [begin, end) at once.
  void workgroupRuns(Value begin, Value end, kernel::GridAttr grid, Value counts,
                     llvm::function_ref<void(Value rowBegin, Value rowEnd, Value tileBegin, Value tileEnd)> body);

  Value intrinsic(llvm::StringRef name, mlir::Type result, mlir::ValueRange arguments);
  Value bitcast(Value vector, mlir::Type element, int64_t lanes);
  Value shuffle(Value a, Value b, llvm::ArrayRef<int64_t> mask);
  /// A vector constant of integers.
  Value constants(mlir::Type element, llvm::ArrayRef<int64_t> values);
  Value lanesOfInteger(mlir::Type element, int64_t value, int64_t lanes);
  Value shiftLeft(Value vector, int64_t bits);
  Value shiftRight(Value vector, int64_t bits); ///< logical
  Value bitAnd(Value vector, int64_t mask);
  Value bitOr(Value a, Value b);
  /// Loads of `memory` behind this read what stores in front of it have written, whatever the optimiser knows of them.
  void keepStores(Value memory);
  /// `lanes` elements as they are in memory (bf16 stays bf16).
  Value loadRaw(Value memory, Value at, int64_t lanes);
  void storeRaw(Value vector, Value memory, Value at);
  /// f32 of an e8m0 code or of a vector of them.
  Value scaleOf(Value codes);

  //===--------------------------------------------------------------------===//
  // Pair vectors
  //===--------------------------------------------------------------------===//

  /// One value with avx512bf16, two (even, odd column) otherwise.
  using Pair = llvm::SmallVector<Value, 2>;

  /// What a scratch buffer of pair vectors holds; a pair vector is 32 of them.
  mlir::Type pairElement() { return hasBf16() ? mlir::Type(b.getBF16Type()) : mlir::Type(b.getF32Type()); }
  Pair loadPair(Value buffer, Value at);
  void storePair(const Pair &pair, Value buffer, Value at);
  /// Pair of the bf16, or without products of these the f32, at `at` and `at + 1`, in all lanes.
  Pair broadcastPair(Value x, Value at);
  /// total + a_even * b_even + a_odd * b_odd; the target's own rounding.
  Value dot(const Pair &a, const Pair &b, Value total);
  /// 32 bf16 in pair order: row r's two columns at 2r, 2r + 1.
  Pair pairOfBf16(Value bf16s);
  /// 64 e4m3 codes in the byte order of PanelLayout.h: pair vectors of the low and the high 16 rows.
  /// REQUIRES: hasBf16().
  std::pair<Pair, Pair> pairsOfE4M3(Value codes);
  /// For other levels in two steps, since a conversion of f16 that reads memory takes one port where one that reads a
  /// register takes two: stores the codes as 64 f16, each its value divided by kE4M3Factor. What is stored stays out of
  /// registers where keepStores() lies in between. The vectors have rows in the order of the bytes: the first ones
  /// 0..3, 16..19, 4..7, 20..23, the second those 8 further.
  void storeSmallE4M3(Value codes, Value halves, Value at);
  std::pair<Pair, Pair> loadSmallE4M3(Value halves, Value at);
  /// The biases of f16 and e4m3 differ by 8.
  static constexpr float kE4M3Factor = 256;
  /// Columns 2j and 2j + 1 of the 8 columns in 16 dwords of e2m1 nibbles, see PanelLayout.h.
  Pair pairOfE2M1(Value dwords, int64_t j);
  /// The same as 32 words of bf16 bits, with `exponents` added to the exponent of all but zeros, whose sign is dropped
  /// unless `exponents` is 0. REQUIRES: has512().
  Value wordsOfE2M1(Value dwords, int64_t j, int64_t exponents);

private:
  Pair wordsToPair(Value bf16s);
  Value halfOfE4M3(Value words);
  Value realsOfE2M1(Value dwords, int64_t nibble);

  bool bf16Level;
};

} // namespace v4

#endif // V4_CODEGEN_CPU_CPUBODY_H
