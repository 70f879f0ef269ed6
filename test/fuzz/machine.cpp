//===- machine.cpp - Foreign figures of a machine -------------------------===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "test/fuzz/FuzzTarget.h"
#include "tools/inspect/MachineFile.h"

#include <cmath>
#include <cstdlib>

using namespace v4;
using namespace v4::fuzz;

std::vector<ByteString> fuzz::makeSeeds() {
  std::string row = R"({"test":"machine","threads":2,"read_bytes_per_second":{"median":2e10,"min":1e10,"max":3e10},)"
                    R"("dot":"bf16","dot_flops_per_second":{"median":4e11},"fma_flops_per_second":{"median":1e11}})";
  return {
      bytesOf(row), bytesOf("[" + row + "]"), bytesOf("[{\"test\":\"pp512\"}, " + row + "]"),
      bytesOf(R"({"test":"machine","read_bytes_per_second":{"median":2e10},"tile_flops_per_second":{"median":1e12}})"),
      bytesOf(R"({"test":"machine","read_bytes_per_second":{"median":)" + std::string(64, '[') + std::string(64, ']') +
              "}}")};
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static const ScratchFile file("machine");
  file.write(data, size, size);
  inspect::Device device = {};
  if (!inspect::readMachine(file.path(), device).isOk())
    return 0;
  // Times are quotients by these.
  for (double rate : {device.bytesPerSecond, device.bf16FlopsPerSecond, device.f32FlopsPerSecond})
    if (!std::isfinite(rate) || rate < 1)
      std::abort();
  return 0;
}
