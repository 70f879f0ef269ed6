//===- RouteScore.cpp - The score of an expert -------------------- -*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialects/kernel/RouteScore.h"

using namespace mlir;
using namespace v4;

Value v4::routeScore(BodyBuilder &k, Value logit) {
  int64_t lanes = k.lanesOf(logit);
  Value bounded = k.minimum(logit, k.real(30, lanes)); // e^l stays finite where it is not used
  Value soft = math::Log1pOp::create(k.b, k.loc, k.exp(bounded));
  return k.sqrt(k.select(k.less(k.real(20, lanes), logit), logit, soft));
}
