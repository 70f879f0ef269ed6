//===- PlainRun.h - The input again, as sessions run it ---------*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Probes are read between launches, so that a GPU replays no recorded step while
// they are. Nobody serves with probes: what is compared must be what is served.
//
//===----------------------------------------------------------------------===//

#ifndef V4_TOOLS_CERTIFY_PLAINRUN_H
#define V4_TOOLS_CERTIFY_PLAINRUN_H

#include "tools/certify/CertifiedRun.h"

namespace v4::certify {

/// Logits of a run without probes against those of one with them.
struct PlainRun {
  uint64_t steps = 0;
  uint64_t replayed = 0; ///< Of them by one call of the driver; 0 on a CPU.
  uint64_t rows = 0;
  uint64_t different = 0; ///< Of them, with other bits.
  uint32_t stretch = 0;   ///< Of the first different one.
  uint32_t position = 0;
};

/// Runs the input of `probed` again. REQUIRES: that is what certifyRun gave of this engine.
Status comparePlainRun(Engine &engine, const Certificate &probed, unsigned threads, PlainRun &out);

} // namespace v4::certify

#endif // V4_TOOLS_CERTIFY_PLAINRUN_H
