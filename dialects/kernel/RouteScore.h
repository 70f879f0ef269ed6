//===- RouteScore.h - The score of an expert ---------------------- -*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef V4_DIALECTS_KERNEL_ROUTESCORE_H
#define V4_DIALECTS_KERNEL_ROUTESCORE_H

#include "dialects/kernel/BodyBuilder.h"

namespace v4 {

/// sqrt(softplus(logit)), see v4.route.
mlir::Value routeScore(BodyBuilder &k, mlir::Value logit);

} // namespace v4

#endif // V4_DIALECTS_KERNEL_ROUTESCORE_H
