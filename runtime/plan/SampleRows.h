//===- SampleRows.h - Arithmetic of sampling --------------------*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What the host and kernels of GPUs must agree on to pick the same token of the same row of
// logits. Both compile this file: it includes nothing, and rounds nowhere but in one
// difference and one product of doubles, which every compiler and processor rounds alike.
//
// The weight of a logit is exp((logit - largest) / temperature) as an integer, in units of
// 2^-b. Sums of integers do not depend on an order, and b is such that the sum over a
// vocabulary fits 64 bits. A weight is off by less than 2^-28 of itself and one unit: b is
// 46 for 131,072 tokens, where what lies below 2^-46 of the best token is never drawn.
//
// Candidates are the logits above -infinity. The temperature comes first; then top-k, top-p
// and min-p each narrow what the one before left, the first two in the order of entries: by
// falling logit, then by rising token. Then one of what is left is drawn: the first in the
// order of tokens with which the sum of weights exceeds random / 2^64 of their total.
//
//===----------------------------------------------------------------------===//

#ifndef V4_RUNTIME_PLAN_SAMPLEROWS_H
#define V4_RUNTIME_PLAN_SAMPLEROWS_H

#ifdef __CUDACC__
#define V4_SAMPLE __device__ __forceinline__
#else
#define V4_SAMPLE inline
#endif

namespace v4::plan {

using SampleWord = unsigned long long;

/// What is asked of one row, and the answer. As it is: the largest logit of the first row.
struct SampleRow {
  unsigned row = 0;         ///< Of the logits.
  unsigned topK = 1;        ///< Keep so many; 0 keeps all. 1 is the best alone, whatever else is asked for.
  double scale = 0;         ///< kSampleLog2E / temperature.
  SampleWord topP = 0;      ///< Keep the fewest that have this share, in units of 2^-64; 0 keeps all.
  SampleWord minWeight = 0; ///< Keep those of at least this weight.
  SampleWord random = 0;    ///< Evenly spread over all values.
  int token = 0;            ///< Answer; -1 when no logit is a number above -infinity.
  int notFinite = -1;       ///< Answer: the lowest token whose logit is not finite; -1 when there is none.
};
static_assert(sizeof(SampleRow) == 48, "kernels read it");

/// 2^32 / ln(2).
constexpr double kSampleLog2E = 6196328018.7194805;

/// Weights of a vocabulary count in units of 2^-b; this is b.
V4_SAMPLE int sampleBits(unsigned vocabulary) {
  int bits = 0;
  while ((SampleWord(1) << bits) < vocabulary)
    ++bits;
  return 63 - bits;
}

/// High half of the product.
V4_SAMPLE unsigned sampleHigh(unsigned a, unsigned b) { return unsigned(SampleWord(a) * b >> 32); }
V4_SAMPLE SampleWord sampleHigh64(SampleWord a, SampleWord b) {
  SampleWord low = unsigned(a), high = a >> 32, otherLow = unsigned(b), otherHigh = b >> 32;
  SampleWord middle = high * otherLow + (low * otherLow >> 32);
  return high * otherHigh + (middle >> 32) + ((low * otherHigh + unsigned(middle)) >> 32);
}

/// 2^(32 - f / 2^32): a polynomial of the fraction, off by less than 5. Exact for f = 0.
V4_SAMPLE SampleWord samplePower(unsigned f) {
  unsigned p = 0xf6f0u - sampleHigh(0x1059u, f);
  p = 0xa10e7u - sampleHigh(p, f);
  p = 0x575e97u - sampleHigh(p, f);
  p = 0x2765492u - sampleHigh(p, f);
  p = 0xe358450u - sampleHigh(p, f);
  p = 0x3d7f7bfeu - sampleHigh(p, f);
  p = 0xb17217f8u - sampleHigh(p, f);
  return (SampleWord(1) << 32) - sampleHigh(p, f);
}

/// REQUIRES: logit <= largest, both finite.
V4_SAMPLE SampleWord sampleWeight(double largest, double logit, double scale, int bits) {
  double below = (largest - logit) * scale; // powers of two that it is below the largest, in units of 2^-32
  if (below >= 64.0 * 4294967296.0)
    return 0;
  SampleWord fixed = SampleWord(below);
  return samplePower(unsigned(fixed)) << (bits - 32) >> (fixed >> 32);
}

/// The least number that is at least the share of `total`.
V4_SAMPLE SampleWord sampleShare(SampleWord total, SampleWord share) {
  return sampleHigh64(total, share) + (total * share != 0);
}

/// The better candidate has the greater entry, and no two are equal. Of the bits of a logit that is a number.
V4_SAMPLE unsigned sampleKey(unsigned bits) {
  if (bits == 0x80000000u) // -0 is 0
    bits = 0;
  return bits >> 31 ? ~bits : bits | 0x80000000u;
}
/// A logit with this key: any of them has the same weight.
V4_SAMPLE unsigned sampleBitsOfKey(unsigned key) { return key >> 31 ? key & 0x7fffffffu : ~key; }
V4_SAMPLE SampleWord sampleEntry(unsigned bits, unsigned token) {
  return SampleWord(sampleKey(bits)) << 32 | (0xffffffffu - token);
}
V4_SAMPLE int sampleToken(SampleWord entry) { return int(0xffffffffu - unsigned(entry)); }

} // namespace v4::plan

#endif // V4_RUNTIME_PLAN_SAMPLEROWS_H
