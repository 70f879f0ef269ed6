//===- MachineFile.h - A measured machine as a device -----------*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef V4_TOOLS_INSPECT_MACHINEFILE_H
#define V4_TOOLS_INSPECT_MACHINEFILE_H

#include "runtime/base/Status.h"
#include "tools/inspect/Devices.h"

namespace v4::inspect {

/// Reads what `v4-bench --machine -o json` printed: the row "machine" of a list, or that row alone. Medians count. The
/// bytes of memory are not known.
Status readMachine(const std::string &path, Device &out);

} // namespace v4::inspect

#endif // V4_TOOLS_INSPECT_MACHINEFILE_H
