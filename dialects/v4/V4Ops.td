//===- V4Ops.td - All of v4, for TableGen ------------------*- tablegen -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef V4_OPS_TD
#define V4_OPS_TD

include "dialects/v4/V4CoreOps.td"
include "dialects/v4/V4AttentionOps.td"
include "dialects/v4/V4AttendOps.td"
include "dialects/v4/V4MoeOps.td"
include "dialects/v4/V4FusedOps.td"
include "dialects/v4/V4StreamMixOps.td"
include "dialects/v4/V4RowOps.td"

#endif // V4_OPS_TD
