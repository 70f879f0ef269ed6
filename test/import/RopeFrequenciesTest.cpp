//===- RopeFrequenciesTest.cpp - Rotary frequencies, bit for bit *- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "TestCheckpoint.h"

#include "compiler/import/RopeFrequencies.h"

#include <cstring>
#include <sstream>

using namespace v4;
using namespace v4::test;

namespace {

struct Setting {
  double base;
  int64_t dim;
  YarnScaling yarn; ///< factor 0: without.
};

std::vector<Setting> settings() {
  std::vector<Setting> list;
  for (double base : {10000.0, 160000.0, 500000.0, 1234.5})
    for (int64_t dim : {2, 6, 32, 64, 128})
      for (YarnScaling yarn : {YarnScaling{0, 32, 1, 1}, YarnScaling{16, 32, 1, 65536}, YarnScaling{16, 32, 1, 256},
                               YarnScaling{40, 64, 2, 4096}, YarnScaling{2.5, 1, 1, 6}, YarnScaling{8, 1, 32, 1000000}})
        list.push_back({base, dim, yarn});
  return list;
}

} // namespace

TEST(RopeFrequencies, EqualTheReference) {
  std::string input;
  for (const Setting &s : settings()) {
    std::ostringstream line;
    line.precision(17);
    line << s.base << ' ' << s.dim << ' ' << s.yarn.factor << ' ' << s.yarn.betaFast << ' ' << s.yarn.betaSlow << ' '
         << s.yarn.originalContext << "\\n";
    input += line.str();
  }
  std::istringstream output(runCommand(
      "printf '" + input + "' | " V4_TEST_PYTHON " " V4_IMPORT_TEST_DIR "/rope_frequencies.py " V4_REFERENCE_DIR));
  for (const Setting &s : settings()) {
    std::vector<float> freqs = ropeFrequencies(s.base, s.dim, s.yarn.factor ? &s.yarn : nullptr);
    ASSERT_EQ(freqs.size(), size_t(s.dim / 2));
    for (size_t j = 0; j < freqs.size(); ++j) {
      uint32_t expected = 0, bits = 0;
      output >> expected;
      std::memcpy(&bits, &freqs[j], 4);
      EXPECT_EQ(bits, expected) << "base " << s.base << ", dim " << s.dim << ", factor " << s.yarn.factor << ", j "
                                << j;
    }
  }
  EXPECT_TRUE(bool(output));
}
