//===- EmitRows.cpp - Norm, rope, Hadamard, quantization, SwiGLU -*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A run of values is read once for the sum of squares of its norm and once more for
// everything behind, which stays in registers for a block of the quantization. Only a
// Hadamard transform, which needs all values at once, goes through a scratch buffer.
//
//===----------------------------------------------------------------------===//

#include "codegen/cpu/ContractEmitters.h"
#include "codegen/cpu/RowLanes.h"

using namespace mlir;
using namespace v4;

namespace {

using Values = BodyBuilder::Values;

class RowChain {
public:
  RowChain(kernel::RowChainOp op, const CpuLevel &level) : k(op, level), op(op), width(op.getWidth()) {
    if (op.getHadamard())
      transformed = k.scratch(width, k.f32());
  }

  void emit() {
    int64_t tiles = op.getGrid().getTiles();
    k.workgroups(op.getBegin(), op.getEnd(), op.getGrid(), op.getCounts(), [&](Value row, Value, Value tile) {
      this->row = row;
      at = k.mul(k.add(k.mul(row, tiles), tile), width);
      inverse = op.getEps() ? (op.getWeight() ? inverseRms() : inverseHead()) : Value();
      if (op.getHadamard())
        return transform();
      // Regions of equal treatment: [0, plain), [plain, width), cut at the prefix.
      int64_t plain = width - op.getRotary(), prefix = op.getQuantize() ? op.getPrefix() : 0;
      region(0, std::min(plain, prefix));
      region(std::min(plain, prefix), std::max(plain, prefix));
      region(std::max(plain, prefix), width);
    });
  }

private:
  //===--------------------------------------------------------------------===//
  // Norms
  //===--------------------------------------------------------------------===//

  Value input(Value i) { return k.load(op.getX(), k.add(at, i), kLanes); }

  Value inverseRms() {
    Value squares = sumOfLanes(k, width, [&](Value i, Value total) {
      Value x = input(i);
      return k.fma(x, x, total);
    });
    Value mean = k.div(squares, k.real(float(width)));
    return k.splat(k.div(k.real(1), k.sqrt(k.add(mean, k.real(op.getEps()->convertToFloat())))), kLanes);
  }

  /// The reference's bf16 steps.
  Value inverseHead() {
    Value squares = sumOfLanes(k, width, [&](Value i, Value total) {
      Value x = input(i);
      return k.add(total, k.roundBf16(k.mul(x, x)));
    });
    Value mean = k.roundBf16(k.div(squares, k.real(float(width))));
    Value shifted = k.roundBf16(k.add(mean, k.real(op.getEps()->convertToFloat())));
    return k.splat(k.roundBf16(k.div(k.real(1), k.sqrt(shifted))), kLanes);
  }

  /// Values [i, i + 16) behind the norm; kept if asked for.
  Value normed(Value i) {
    Value x = input(i);
    if (!inverse)
      return x;
    x = k.mul(x, inverse);
    if (op.getWeight())
      x = k.mul(k.load(op.getWeight(), i, kLanes), x);
    x = k.roundBf16(x);
    if (op.getKeep())
      storeExact(k, x, op.getKeep(), k.add(at, i));
    return x;
  }

  //===--------------------------------------------------------------------===//
  // Rotation and Hadamard transform
  //===--------------------------------------------------------------------===//

  /// Eight cosines or sines, each twice.
  Value twice(Value from) {
    Value eight = k.load(op.getTable(), from, 8);
    return k.shuffle(eight, eight, {0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7});
  }

  /// Pairs of values [i, i + 16) turned; i is behind the values that do not rotate.
  Value rotated(Value x, Value i) {
    int64_t pairs = op.getRotary() / 2;
    Value pair = k.div(k.sub(i, k.index(width - op.getRotary())), 2);
    Value cosines = k.add(k.mul(row, 2 * pairs), pair);
    Value cosine = twice(cosines), sine = twice(k.add(cosines, pairs));
    // Even lanes: a cos - b sin, odd lanes: a sin + b cos, as one product and one fma from the even value.
    SmallVector<int64_t> negative;
    for (int64_t lane = 0; lane < kLanes; ++lane)
      negative.push_back(lane % 2 == (op.getInverse() ? 1 : 0) ? 0x80000000 : 0);
    Value signs = k.constants(k.b.getI32Type(), negative);
    Value flipped = arith::XOrIOp::create(k.b, k.loc, k.bitcast(sine, k.b.getI32Type(), kLanes), signs);
    Value turn = k.bitcast(flipped, k.f32(), kLanes);
    SmallVector<int64_t> even, odd, evenFirst, oddFirst;
    for (int64_t lane = 0; lane < kLanes; ++lane) {
      even.push_back(lane & ~1);
      odd.push_back(lane | 1);
      evenFirst.push_back(lane % 2 ? lane + kLanes : lane);
      oddFirst.push_back(lane % 2 ? lane : lane + kLanes);
    }
    Value a = k.shuffle(x, x, even), b = k.shuffle(x, x, odd);
    Value fromA = k.shuffle(cosine, turn, evenFirst), fromB = k.shuffle(cosine, turn, oddFirst);
    return k.roundBf16(k.fma(a, fromA, k.mul(b, fromB)));
  }

  Value refined(Value i, bool rotates) {
    Value x = normed(i);
    return rotates ? rotated(x, i) : x;
  }

  void transform() {
    int64_t plain = width - op.getRotary();
    Values parts;
    for (int64_t i = 0; i < width; i += kLanes)
      parts.push_back(withinLanes(refined(k.index(i), i >= plain)));
    for (size_t span = 1; span < parts.size(); span *= 2)
      for (size_t i = 0; i < parts.size(); ++i)
        if (!(i & span)) {
          Value low = parts[i], high = parts[i | span];
          parts[i] = k.add(low, high);
          parts[i | span] = k.sub(low, high);
        }
    Value norm = k.real(float(1.0 / std::sqrt(double(width))), kLanes);
    for (auto [i, part] : llvm::enumerate(parts))
      k.store(k.roundBf16(k.mul(part, norm)), transformed, k.index(int64_t(i) * kLanes));
    int64_t prefix = op.getQuantize() ? op.getPrefix() : 0;
    finish(0, prefix, op.getQuantize(), [&](Value i) { return k.load(transformed, i, kLanes); });
    finish(prefix, width, 0, [&](Value i) { return k.load(transformed, i, kLanes); });
  }

  /// Butterflies of spans 1, 2, 4, 8.
  Value withinLanes(Value x) {
    for (int64_t span = 1; span < kLanes; span *= 2) {
      SmallVector<int64_t> partner, sign;
      for (int64_t lane = 0; lane < kLanes; ++lane) {
        partner.push_back(lane ^ span);
        sign.push_back(lane & span ? 0x80000000 : 0);
      }
      Value bits = k.bitcast(x, k.b.getI32Type(), kLanes);
      Value flipped = arith::XOrIOp::create(k.b, k.loc, bits, k.constants(k.b.getI32Type(), sign));
      x = k.add(k.shuffle(x, x, partner), k.bitcast(flipped, k.f32(), kLanes));
    }
    return x;
  }

  //===--------------------------------------------------------------------===//
  // Quantization
  //===--------------------------------------------------------------------===//

  void region(int64_t begin, int64_t end) {
    bool rotates = begin >= width - int64_t(op.getRotary());
    bool quantizes = op.getQuantize() && end <= int64_t(op.getPrefix());
    finish(begin, end, quantizes ? op.getQuantize() : 0, [&](Value i) { return refined(i, rotates); });
  }

  /// Stores values [begin, end), in blocks of the quantization unless `block` is 0.
  void finish(int64_t begin, int64_t end, int64_t block, function_ref<Value(Value)> values) {
    if (begin >= end)
      return;
    k.loop(k.index(begin), k.index(end), block ? block : kLanes, [&](Value first) {
      Values run;
      for (int64_t i = 0; i < std::max(block, kLanes); i += kLanes)
        run.push_back(values(k.add(first, i)));
      if (block)
        run = RunQuantizer{k, op.getFp8()}.run(run);
      for (auto [i, value] : llvm::enumerate(run))
        storeExact(k, value, op.getOut(), k.add(k.add(at, first), int64_t(i) * kLanes));
    });
  }

  CpuBody k;
  kernel::RowChainOp op;
  int64_t width;
  Value transformed; ///< f32 row behind the Hadamard transform.
  Value row, at;     ///< Row of the step; first element of the run.
  Value inverse;     ///< Factor of the norm in all lanes, or null.
};

} // namespace

void v4::emitRowChain(kernel::RowChainOp op, const CpuLevel &level) { RowChain(op, level).emit(); }

void v4::emitSwiglu(kernel::SwigluOp op, const CpuLevel &level) {
  CpuBody k(op, level);
  int64_t width = op.getWidth(), tiles = op.getGrid().getTiles(), block = op.getQuantize() ? 128 : kLanes;
  float limit = op.getLimit() ? op.getLimit()->convertToFloat() : 0;
  auto hidden = [&](Value at, Value weight) {
    Value gate = k.load(op.getGate(), at, kLanes), up = k.load(op.getUp(), at, kLanes);
    if (limit > 0) {
      Value bound = k.real(limit, kLanes);
      gate = k.minimum(gate, bound);
      up = k.maximum(k.minimum(up, bound), k.real(-limit, kLanes));
    }
    Value one = k.real(1, kLanes);
    Value value = k.mul(k.div(gate, k.add(one, k.exp(arith::NegFOp::create(k.b, k.loc, gate)))), up);
    return k.roundBf16(weight ? k.mul(weight, value) : value);
  };
  k.workgroups(op.getBegin(), op.getEnd(), op.getGrid(), op.getCounts(), [&](Value row, Value, Value tile) {
    Value line = k.add(k.mul(row, tiles), tile), first = k.mul(line, width);
    Value weight = op.getWeights() ? k.splat(k.load(op.getWeights(), line), kLanes) : Value();
    k.loop(k.index(0), k.index(width), block, [&](Value i) {
      Values run;
      for (int64_t j = 0; j < block; j += kLanes)
        run.push_back(hidden(k.add(first, k.add(i, j)), weight));
      if (op.getQuantize())
        run = RunQuantizer{k, /*fp8=*/true}.run(run);
      for (auto [j, value] : llvm::enumerate(run))
        storeExact(k, value, op.getOut(), k.add(first, k.add(i, int64_t(j) * kLanes)));
    });
  });
}
