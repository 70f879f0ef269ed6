//===- make-fake-plan.cpp - Writes FakePlan into a file -------------------===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// make-fake-plan KERNELS.so OUT.v4plan
//
//===----------------------------------------------------------------------===//

#include "FakePlan.h"

#include <cstdio>
#include <fstream>
#include <iterator>

int main(int argc, char **argv) {
  if (argc != 3) {
    std::fprintf(stderr, "usage: make-fake-plan KERNELS.so OUT.v4plan\n");
    return 1;
  }
  std::ifstream in(argv[1], std::ios::binary);
  std::vector<uint8_t> object{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
  v4::test::FakeOptions options;
  options.maxDraft = 3;
  std::vector<uint8_t> file = v4::test::buildFakePlan(options, object);
  std::ofstream out(argv[2], std::ios::binary);
  out.write(reinterpret_cast<const char *>(file.data()), static_cast<std::streamsize>(file.size()));
  out.close();
  return !object.empty() && out ? 0 : 1;
}
