//===- TensorNamesTest.cpp - Tensors by role, right and wrong ---*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "TestCheckpoint.h"

#include "compiler/import/Import.h"

using namespace v4;
using namespace v4::test;
using nlohmann::json;

namespace {

constexpr char kIndex[] = "model.safetensors.index.json";
constexpr char kWkv[] = "layers.0.attn.wkv.weight";

ImportedCheckpoint imported(const std::string &path) { return llvm::cantFail(importCheckpoint(path)); }

std::string importMessage(const std::string &path) { return messageOf(importCheckpoint(path)); }

/// The message after a change of one field of one tensor of the one-layer model.
std::string messageWith(const std::string &tensor, const std::function<void(json &)> &edit) {
  CheckpointCopy copy(csaCheckpoint());
  copy.editHeader(tensor, [&](json &header) { edit(header[tensor]); });
  return importMessage(copy.path());
}

/// The message without a tensor.
std::string messageWithout(const std::string &tensor) {
  CheckpointCopy copy(csaCheckpoint());
  copy.editJson(kIndex, [&](json &index) { index["weight_map"].erase(tensor); });
  return importMessage(copy.path());
}

std::string joined(const std::vector<std::string> &lines) {
  std::string text;
  for (const std::string &line : lines)
    text += line + "\n";
  return text;
}

} // namespace

TEST(TensorNames, FindsEveryRole) {
  ImportedCheckpoint c = imported(csaCheckpoint());
  EXPECT_TRUE(c.inventory.warnings.empty()) << joined(c.inventory.warnings);
  ASSERT_EQ(c.inventory.layers.size(), 1u);
  ASSERT_TRUE(c.inventory.mtp.has_value());
  const WeightSet &layer = c.inventory.layers[0];
  const RoleWeight &query = layer.at(Role::QueryUp);
  EXPECT_EQ(query.weight.name, "layers.0.attn.wq_b.weight");
  EXPECT_EQ(query.weight.element, Element::FP8);
  EXPECT_EQ(query.weight.shape, (llvm::SmallVector<int64_t, 4>{2048, 128}));
  EXPECT_EQ(query.scale->shape, (llvm::SmallVector<int64_t, 4>{16, 1}));
  const RoleWeight &down = layer.at(Role::ExpertDown);
  EXPECT_EQ(down.weight.name, "layers.0.ffn.experts.w2.weight");
  EXPECT_EQ(down.weight.element, Element::FP4);
  EXPECT_EQ(down.weight.shape, (llvm::SmallVector<int64_t, 4>{16, 256, 64}));
  EXPECT_EQ(down.scale->shape, (llvm::SmallVector<int64_t, 4>{16, 256, 4}));
  EXPECT_EQ(down.weight.sources[15], "layers.0.ffn.experts.15.w2.weight");
  EXPECT_EQ(layer.count(Role::RouterTable), 0u);
  EXPECT_EQ(layer.count(Role::IndexQuery), 1u);
  EXPECT_EQ(c.inventory.mtp->layer.count(Role::CompressorNorm), 0u);
  EXPECT_EQ(c.inventory.mtp->head.at(Role::FinalNorm).weight.name, "mtp.0.norm.weight");
  EXPECT_EQ(c.inventory.manifest, c.checkpoint->manifest());
}

TEST(TensorNames, HashLayersHaveTables) {
  ImportedCheckpoint c = imported(madeCheckpoint(
      "--preset tiny --set num_hidden_layers=2 --set num_hash_layers=1 --set 'compress_ratios=[0,0,0]'"));
  const Weight &table = c.inventory.layers[0].at(Role::RouterTable).weight;
  EXPECT_TRUE(table.isTable);
  EXPECT_EQ(table.element, Element::I32);
  EXPECT_EQ(table.shape, (llvm::SmallVector<int64_t, 4>{512, 4}));
  EXPECT_EQ(c.inventory.layers[0].count(Role::RouterBias), 0u);
  EXPECT_EQ(c.inventory.layers[1].count(Role::RouterBias), 1u);
}

TEST(TensorNames, MoreHashLayersThanLayers) {
  ImportedCheckpoint c =
      imported(madeCheckpoint("--preset tiny --set num_hidden_layers=1 --set num_hash_layers=1 "
                           "--set num_nextn_predict_layers=0"));
  EXPECT_EQ(c.inventory.layers[0].count(Role::RouterTable), 1u);
  EXPECT_FALSE(c.inventory.mtp.has_value());
  EXPECT_TRUE(c.inventory.warnings.empty()) << joined(c.inventory.warnings);
}

TEST(TensorNames, Bf16WhereFp8IsUsual) {
  ImportedCheckpoint c = imported(bf16Checkpoint());
  EXPECT_TRUE(c.inventory.warnings.empty()) << joined(c.inventory.warnings);
  for (Role role : {Role::QueryUp, Role::OutputDown, Role::ExpertGate, Role::SharedDown}) {
    EXPECT_EQ(c.inventory.layers[0].at(role).weight.element, Element::BF16);
    EXPECT_FALSE(c.inventory.layers[0].at(role).isNarrow());
    EXPECT_EQ(c.inventory.layers[0].at(role).weight.narrowable, role == Role::ExpertGate ? "experts" : "linear");
  }
  EXPECT_EQ(c.inventory.layers[0].at(Role::Router).weight.narrowable, "");
  EXPECT_EQ(c.inventory.layers[0].at(Role::ExpertDown).weight.shape, (llvm::SmallVector<int64_t, 4>{16, 256, 128}));
}

TEST(TensorNames, DraftStagesAreIgnoredWithOneWarning) {
  std::string stages = madeCheckpoint("--preset tiny --set num_hidden_layers=1 --set num_hash_layers=0 "
                                      "--set num_nextn_predict_layers=3 --set 'compress_ratios=[128,0,0,0]'");
  ImportedCheckpoint c = imported(stages);
  EXPECT_FALSE(c.inventory.mtp.has_value());
  ASSERT_EQ(c.inventory.warnings.size(), 1u) << joined(c.inventory.warnings);
  expectMessage(c.inventory.warnings[0], {"mtp.1", "MTP is off"});
  // The tensors alone decide too.
  CheckpointCopy copy(stages);
  copy.editJson("config.json", [](json &config) {
    config["num_nextn_predict_layers"] = 1;
    config["compress_ratios"] = {128, 0};
  });
  EXPECT_FALSE(imported(copy.path()).inventory.mtp.has_value());
}

TEST(TensorNames, NoMtpTensors) {
  CheckpointCopy copy(csaCheckpoint());
  copy.editJson(kIndex, [](json &index) {
    json kept = json::object();
    for (auto &[name, shard] : index["weight_map"].items())
      if (name.rfind("mtp.", 0) != 0)
        kept[name] = shard;
    index["weight_map"] = kept;
  });
  ImportedCheckpoint c = imported(copy.path());
  EXPECT_FALSE(c.inventory.mtp.has_value());
  ASSERT_EQ(c.inventory.warnings.size(), 1u);
  expectMessage(c.inventory.warnings[0], {"num_nextn_predict_layers", "MTP is off"});
}

TEST(TensorNames, ExtraTensorsAreCountedOnce) {
  CheckpointCopy copy(csaCheckpoint());
  copy.editHeader("norm.weight", [](json &header) {
    for (const char *name : {"extra.a", "extra.b", "mtp.0.emb.tok_emb.weight", "mtp.0.head.weight"})
      header[name] = {{"dtype", "I8"}, {"shape", {0}}, {"data_offsets", {0, 0}}};
  });
  copy.editJson(kIndex, [](json &index) {
    json &map = index["weight_map"];
    for (const char *name : {"extra.a", "extra.b", "mtp.0.emb.tok_emb.weight", "mtp.0.head.weight"})
      map[name] = map["norm.weight"];
  });
  ImportedCheckpoint c = imported(copy.path());
  ASSERT_EQ(c.inventory.warnings.size(), 1u) << joined(c.inventory.warnings);
  expectMessage(c.inventory.warnings[0], {"2 tensors", "'extra.a'"});
}

TEST(TensorNames, MissingTensors) {
  for (const char *tensor :
       {"embed.weight", "head.weight", "norm.weight", "hc_head_fn", "layers.0.attn.attn_sink", kWkv,
        "layers.0.attn.wkv.scale", "layers.0.attn.indexer.wq_b.scale", "layers.0.ffn.gate.bias",
        "layers.0.ffn.experts.7.w3.weight", "layers.0.ffn.experts.7.w3.scale", "layers.0.hc_ffn_scale",
        "mtp.0.enorm.weight", "mtp.0.ffn.experts.0.w1.weight"})
    expectMessage(messageWithout(tensor), {std::string("'") + tensor + "' is missing", "expected"});
}

TEST(TensorNames, WrongDtypes) {
  auto dtype = [](const char *value) { return [value](json &t) { t["dtype"] = value; }; };
  expectMessage(messageWith("layers.0.attn.attn_sink", dtype("I32")),
                {"safetensors", "'layers.0.attn.attn_sink'", "I32", "F32"});
  expectMessage(messageWith(kWkv, dtype("U8")), {kWkv, "U8", "F8_E4M3"});
  expectMessage(messageWith("layers.0.attn.wkv.scale", dtype("U8")), {"wkv.scale", "U8", "F8_E8M0"});
  expectMessage(messageWith("norm.weight", dtype("F16")), {"norm.weight", "F16", "BF16"});
  // Plausible dtypes with the shape of another one.
  expectMessage(messageWith(kWkv, dtype("I8")), {kWkv, "[256, 256]", "[256, 128]"});
  expectMessage(messageWith("layers.0.ffn.experts.3.w2.weight", dtype("F8_E4M3")),
                {"experts.3.w2", "[256, 64]", "[256, 128]"});
}

TEST(TensorNames, WrongShapes) {
  auto shape = [](json value) { return [value](json &t) { t["shape"] = value; }; };
  expectMessage(messageWith(kWkv, shape({128, 512})), {kWkv, "[128, 512]", "expected [256, 256]", "config.json"});
  expectMessage(messageWith("norm.weight", shape({1, 256})), {"norm.weight", "[1, 256]", "[256]"});
  expectMessage(messageWith("layers.0.attn.wkv.scale", shape({4, 1})), {"wkv.scale", "[4, 1]", "[2, 2]"});
  expectMessage(messageWith("layers.0.ffn.experts.3.w2.weight", shape({64, 256})), {"experts.3.w2", "[64, 256]"});
  CheckpointCopy copy(csaCheckpoint());
  copy.editJson("config.json", [](json &config) { config["hidden_size"] = 384; });
  expectMessage(importMessage(copy.path()), {"'embed.weight'", "[512, 256]", "[512, 384]"});
}

TEST(TensorNames, ExpertsShareOneDtype) {
  CheckpointCopy copy(bf16Checkpoint());
  // Expert 5 becomes FP8 with a scale, in the bytes of its BF16 form: it is right, its company is not.
  std::string stem = "layers.0.ffn.experts.5.w1";
  copy.editHeader(stem + ".weight", [&](json &header) {
    uint64_t begin = header[stem + ".weight"]["data_offsets"][0], middle = begin + 128 * 256,
             end = begin + 2 * 128 * 256;
    header[stem + ".weight"] = {{"dtype", "F8_E4M3"}, {"shape", {128, 256}}, {"data_offsets", {begin, middle}}};
    header[stem + ".scale"] = {{"dtype", "F8_E8M0"}, {"shape", {1, 2}}, {"data_offsets", {middle, middle + 2}}};
    header["filler"] = {{"dtype", "U8"}, {"shape", {end - middle - 2}}, {"data_offsets", {middle + 2, end}}};
  });
  copy.editJson(kIndex,
                [&](json &index) { index["weight_map"][stem + ".scale"] = index["weight_map"][stem + ".weight"]; });
  expectMessage(importMessage(copy.path()), {stem + ".weight", "F8_E4M3", "expected BF16", "share one dtype"});
}

TEST(TensorNames, ScaleBesideBf16) {
  CheckpointCopy copy(bf16Checkpoint());
  copy.editHeader(kWkv, [](json &header) {
    header["layers.0.attn.wkv.scale"] = {{"dtype", "F8_E8M0"}, {"shape", {0}}, {"data_offsets", {0, 0}}};
  });
  copy.editJson(kIndex,
                [](json &index) { index["weight_map"]["layers.0.attn.wkv.scale"] = index["weight_map"][kWkv]; });
  expectMessage(importMessage(copy.path()), {"layers.0.attn.wkv.scale", "BF16", "no scale"});
}

TEST(TensorNames, HashTableContents) {
  std::string swa =
      madeCheckpoint("--preset tiny --set num_hidden_layers=2 --set num_hash_layers=1 --set 'compress_ratios=[0,0,0]'");
  std::string table = "layers.0.ffn.gate.tid2eid";
  {
    CheckpointCopy copy(swa);
    copy.patch(table, 8 * 9, std::string("\x10\0\0\0\0\0\0\0", 8));
    expectMessage(importMessage(copy.path()), {table, "expert 16 in row 2", "0 to 15"});
  }
  {
    CheckpointCopy copy(swa);
    copy.patch(table, 0, std::string(8, '\xff'));
    expectMessage(importMessage(copy.path()), {table, "expert -1 in row 0"});
  }
  CheckpointCopy copy(swa);
  copy.patch(table, 32, std::string(16, '\0'));
  expectMessage(importMessage(copy.path()), {table, "expert 0 twice in row 1"});
}
