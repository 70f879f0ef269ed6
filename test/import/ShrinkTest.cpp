//===- ShrinkTest.cpp - Twins of a model ------------------------*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "TestCheckpoint.h"

#include "compiler/import/Shrink.h"

using namespace v4;
using namespace v4::test;

namespace {

/// Ratios 0 0 4 128 4 128 4 128, the first three layers route by hash, 16 experts of which 4 are active.
ModelConfig mainConfig() {
  return llvm::cantFail(
      parseModelConfig(readFile(std::string(V4_REFERENCE_DIR) + "/setA/main.config.json"), "config.json"));
}

using Layers = std::vector<int64_t>;

Layers shrink(ModelConfig &config, llvm::StringRef text) {
  return llvm::cantFail(shrinkConfig(config, llvm::cantFail(parseShrink(text))));
}

std::string refusal(llvm::StringRef text) {
  ModelConfig config = mainConfig();
  llvm::Expected<ShrinkSpec> spec = parseShrink(text);
  return spec ? messageOf(shrinkConfig(config, *spec)) : messageOf(std::move(spec));
}

} // namespace

TEST(Shrink, KeepsTheFirstLayerOfEachKind) {
  ModelConfig config = mainConfig();
  EXPECT_EQ(shrink(config, "layers:4,experts:6"), (Layers{0, 2, 3, 4}));
  EXPECT_EQ(config.layers, 4);
  EXPECT_EQ(config.experts, 6);
  EXPECT_EQ(config.ratios, (Layers{0, 4, 128, 4}));
  EXPECT_EQ(config.hashLayers, 2);
}

TEST(Shrink, FillsUpWithTheFirstOthers) {
  ModelConfig config = mainConfig();
  EXPECT_EQ(shrink(config, "layers:6"), (Layers{0, 1, 2, 3, 4, 5}));
  EXPECT_EQ(config.experts, 16);
  EXPECT_EQ(config.hashLayers, 3);
}

TEST(Shrink, AllOfItIsTheModel) {
  ModelConfig config = mainConfig(), same = mainConfig();
  EXPECT_EQ(shrink(config, "experts:16,layers:8").size(), 8u);
  EXPECT_EQ(config.ratios, same.ratios);
  EXPECT_EQ(config.hashLayers, same.hashLayers);
}

TEST(Shrink, RefusesWithWhatIsExpected) {
  for (const char *text : {"", "layers", "layers:", "layers:0", "layers:-1", "layers:4,layers:5", "rows:4", "layers:4,",
                           "layers:4;experts:8", "layers:1e3", "layers: 4"})
    EXPECT_NE(refusal(text).find("expected layers:N and experts:N"), std::string::npos)
        << text << ": " << refusal(text);
  EXPECT_NE(refusal("layers:3").find("less than the model's 4 kinds"), std::string::npos) << refusal("layers:3");
  EXPECT_NE(refusal("layers:9").find("more than the model's 8 layers"), std::string::npos) << refusal("layers:9");
  EXPECT_NE(refusal("experts:3").find("outside 4 to 16"), std::string::npos) << refusal("experts:3");
  EXPECT_NE(refusal("experts:17").find("outside 4 to 16"), std::string::npos) << refusal("experts:17");
}
