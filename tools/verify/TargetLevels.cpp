//===- TargetLevels.cpp - Targets that plans are made for -----------------===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tools/verify/TargetLevels.h"

#include "runtime/plan/PlanTarget.h"

using namespace v4;

namespace {

using Level = std::pair<std::string, std::vector<std::string>>;

const std::vector<Level> &levels() {
  static const std::vector<Level> list = [] {
    std::vector<Level> adds = {
        {"cpu:x86-64-v3", {"sse4_2", "popcnt", "cx16", "movbe", "avx", "avx2", "bmi1", "bmi2", "f16c", "fma"}},
        {"cpu:x86-64-v4", {"avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl"}},
        {"cpu:x86-64-v4-bf16",
         {"avx512_bf16", "avx512_vnni", "avx512ifma", "avx512vbmi", "avx512_vbmi2", "avx512_bitalg",
          "avx512_vpopcntdq"}},
        {"cpu:x86-64-v4-amx", {"amx_tile", "amx_bf16"}}};
    for (size_t i = 1; i < adds.size(); ++i)
      adds[i].second.insert(adds[i].second.begin(), adds[i - 1].second.begin(), adds[i - 1].second.end());
    // A GPU architecture says all with its name.
    for (std::string_view name : plan::kCudaTargets)
      adds.push_back({std::string(name), {}});
    return adds;
  }();
  return list;
}

} // namespace

const std::vector<std::string> *verify::featuresOfLevel(const std::string &name) {
  for (const Level &level : levels())
    if (level.first == name)
      return &level.second;
  return nullptr;
}

std::string verify::levelNames() {
  std::string text;
  for (const Level &level : levels())
    text += (text.empty() ? "" : ", ") + level.first;
  return text;
}
