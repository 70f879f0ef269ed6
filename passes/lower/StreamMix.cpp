//===- StreamMix.cpp - Gates and Sinkhorn rounds of one token ---*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "passes/lower/StreamMix.h"

using namespace mlir;
using namespace v4;

Value StreamMix::inverse(KernelEmitter &k, Value squares, int64_t n, float eps) {
  return k.div(k.real(1), k.sqrt(k.add(k.div(squares, k.real(float(n))), k.real(eps))));
}

/// sigmoid(m_j * scale_which + base_j)
Value StreamMix::gate(int64_t j, int64_t which) {
  return k.sigmoid(k.fma(k.load(mix, k.index(j)), k.load(scale, k.index(which)), k.load(base, k.index(j))));
}

StreamMix::Values StreamMix::pre() {
  Values weights;
  for (int64_t j = 0; j < count; ++j)
    weights.push_back(k.add(gate(j, 0), k.real(hcEps)));
  return weights;
}

void StreamMix::storePost(Value to, Value at) {
  for (int64_t j = 0; j < count; ++j)
    k.store(k.mul(k.real(2), gate(count + j, 1)), to, k.add(at, j));
}

void StreamMix::reduce(ValueRange weights, Value streams, Value token, int64_t d, Value to, Value at) {
  k.lanes(d, [&](Value i, int64_t width) {
    Value total = k.real(0, width);
    for (int64_t j = 0; j < count; ++j) {
      Value x = k.load(streams, k.add(k.add(k.mul(token, count * d), j * d), i), width);
      total = k.fma(k.splat(weights[j], width), x, total);
    }
    k.store(total, to, k.add(at, i));
  });
}

/// Divides every row (or column) by its sum + eps.
StreamMix::Values StreamMix::normalize(const Values &t, bool rows) {
  Values out(t.size());
  for (int64_t a = 0; a < count; ++a) {
    auto at = [&](int64_t other) { return rows ? a * count + other : other * count + a; };
    Value total = t[at(0)];
    for (int64_t other = 1; other < count; ++other)
      total = k.add(total, t[at(other)]);
    total = k.add(total, k.real(hcEps));
    for (int64_t other = 0; other < count; ++other)
      out[at(other)] = k.div(t[at(other)], total);
  }
  return out;
}

/// Softmax of every row, plus eps.
StreamMix::Values StreamMix::softmaxRows(const Values &t) {
  Values out(t.size());
  for (int64_t i = 0; i < count; ++i) {
    Value most = t[i * count];
    for (int64_t j = 1; j < count; ++j)
      most = k.maximum(t[i * count + j], most);
    Value total;
    for (int64_t j = 0; j < count; ++j) {
      out[i * count + j] = k.exp(k.sub(t[i * count + j], most));
      total = j ? k.add(total, out[i * count + j]) : out[i * count + j];
    }
    for (int64_t j = 0; j < count; ++j)
      out[i * count + j] = k.add(k.div(out[i * count + j], total), k.real(hcEps));
  }
  return out;
}

StreamMix::Values StreamMix::sinkhorn(int64_t iterations) {
  Values t;
  Value factor = k.load(scale, k.index(2));
  for (int64_t i = 0; i < count * count; ++i) {
    Value at = k.index(2 * count + i);
    t.push_back(k.fma(k.load(mix, at), factor, k.load(base, at)));
  }
  t = normalize(softmaxRows(t), /*rows=*/false);
  return k.loop(k.index(1), k.index(iterations), 1, t, [&](Value, ValueRange carried) {
    return normalize(normalize(Values(carried), /*rows=*/true), /*rows=*/false);
  });
}

/// In every element what `combine` makes of those of its row (or column), in their order.
Value StreamMix::fold(Value t, bool rows, function_ref<Value(Value, Value)> combine) {
  Value total;
  for (int64_t other = 0; other < count; ++other) {
    SmallVector<int64_t> from;
    for (int64_t i = 0; i < count * count; ++i)
      from.push_back(rows ? i / count * count + other : other * count + i % count);
    Value next = vector::ShuffleOp::create(k.b, k.loc, t, t, from);
    total = other ? combine(total, next) : next;
  }
  return total;
}

/// sinkhorn() with T in one vector: the same operations on the same numbers.
Value StreamMix::sinkhornVector(int64_t iterations) {
  Value eps = k.real(hcEps, kLanes), at = k.index(2 * count);
  auto sum = [&](Value t, bool rows) { return fold(t, rows, [&](Value a, Value b) { return k.add(a, b); }); };
  auto normalized = [&](Value t, bool rows) { return k.div(t, k.add(sum(t, rows), eps)); };
  Value t = k.fma(k.load(mix, at, kLanes), k.splat(k.load(scale, k.index(2)), kLanes), k.load(base, at, kLanes));
  Value most = fold(t, true, [&](Value a, Value b) { return k.maximum(b, a); });
  Value powers = k.exp(k.sub(t, most));
  t = normalized(k.add(k.div(powers, sum(powers, true)), eps), false);
  return k.loop(k.index(1), k.index(iterations), 1, ValueRange{t},
                [&](Value, ValueRange carried) { return Values{normalized(normalized(carried[0], true), false)}; })[0];
}

void StreamMix::storeSinkhorn(int64_t iterations, Value to, Value at) {
  if (count * count == kLanes)
    return k.store(sinkhornVector(iterations), to, at);
  for (auto [i, value] : llvm::enumerate(sinkhorn(iterations)))
    k.store(value, to, k.add(at, int64_t(i)));
}

void StreamUpdate::emit(Value token, Value begin, int64_t columns) {
  auto scalars = [&](Value memory, int64_t n) {
    KernelEmitter::Values values;
    for (int64_t i = 0; i < n; ++i)
      values.push_back(k.load(memory, k.add(k.mul(token, n), i)));
    return values;
  };
  KernelEmitter::Values posts = scalars(post, count), combs = scalars(comb, count * count);
  k.lanes(columns, [&](Value within, int64_t lanes) {
    Value column = k.add(begin, within), first = k.add(k.mul(token, count * width), column);
    Value out = k.load(y, k.add(k.mul(token, width), column), lanes);
    KernelEmitter::Values x;
    for (int64_t i = 0; i < count; ++i)
      x.push_back(k.load(streams, k.add(first, i * width), lanes));
    for (int64_t j = 0; j < count; ++j) {
      Value total = k.mul(k.splat(posts[j], lanes), out);
      for (int64_t i = 0; i < count; ++i)
        total = k.fma(k.splat(combs[transposed ? j * count + i : i * count + j], lanes), x[i], total);
      k.store(total, next, k.add(first, j * width));
    }
  });
}
