//===- ModelConfigTest.cpp - config.json, right and wrong -------*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "TestCheckpoint.h"

#include "compiler/import/ModelConfig.h"

#include "llvm/ADT/STLExtras.h"

using namespace v4;
using namespace v4::test;
using nlohmann::json;

namespace {

json goodConfig() { return json::parse(readFile(std::string(V4_REFERENCE_DIR) + "/setA/main.config.json")); }

std::string parseMessage(const json &config) { return messageOf(parseModelConfig(config.dump(), "c/config.json")); }

std::string messageWith(const char *key, const json &value) {
  json config = goodConfig();
  config[json::json_pointer(key)] = value;
  return parseMessage(config);
}

ModelConfig parsed(const json &config) { return llvm::cantFail(parseModelConfig(config.dump(), "config.json")); }

} // namespace

TEST(ModelConfig, ReadsEveryDimension) {
  ModelConfig c = parsed(goodConfig());
  EXPECT_EQ(c.vocab, 512);
  EXPECT_EQ(c.hidden, 256);
  EXPECT_EQ(c.layers, 8);
  EXPECT_EQ(c.heads, 8);
  EXPECT_EQ(c.headDim, 256);
  EXPECT_EQ(c.bodyDim(), 192);
  EXPECT_EQ(c.groups * c.groupRank, 256);
  EXPECT_EQ(c.window, 128);
  EXPECT_EQ(c.indexTopK, 16);
  EXPECT_EQ(c.experts, 16);
  EXPECT_EQ(c.activeExperts, 4);
  EXPECT_EQ(c.eos, 1);
  EXPECT_EQ(c.ratios, (std::vector<int64_t>{0, 0, 4, 128, 4, 128, 4, 128}));
  EXPECT_TRUE(c.declaresMtp);
  EXPECT_FALSE(c.foreignDraftStages);
  EXPECT_TRUE(c.routesByHash(2));
  EXPECT_FALSE(c.routesByHash(3));
  EXPECT_EQ(c.yarn.originalContext, 256);
}

TEST(ModelConfig, OptionalAndUnusedKeys) {
  json config = goodConfig();
  for (const char *key : {"expert_dtype", "quantization_config", "torch_dtype", "bos_token_id", "architectures",
                          "transformers_version", "initializer_range", "use_cache", "attention_bias"})
    config.erase(key);
  config["a_new_key"] = {{"nested", true}};
  EXPECT_EQ(parseMessage(config), "");
}

TEST(ModelConfig, DraftStages) {
  json config = goodConfig();
  config["compress_ratios"] = {0, 0, 4, 128, 4, 128, 4, 128, 0, 0, 0};
  ModelConfig c = parsed(config);
  EXPECT_TRUE(c.foreignDraftStages);
  EXPECT_FALSE(c.declaresMtp);
  EXPECT_EQ(c.ratios.size(), 8u);
  config["num_nextn_predict_layers"] = 0;
  config["compress_ratios"] = {0, 0, 4, 128, 4, 128, 4, 128};
  EXPECT_FALSE(parsed(config).declaresMtp);
}

TEST(ModelConfig, EveryNeededKeyIsRequired) {
  for (const char *key : {"vocab_size",
                          "hidden_size",
                          "num_hidden_layers",
                          "num_attention_heads",
                          "num_key_value_heads",
                          "head_dim",
                          "qk_rope_head_dim",
                          "q_lora_rank",
                          "o_groups",
                          "o_lora_rank",
                          "sliding_window",
                          "compress_ratios",
                          "compress_rope_theta",
                          "rope_theta",
                          "rope_scaling",
                          "max_position_embeddings",
                          "index_n_heads",
                          "index_head_dim",
                          "index_topk",
                          "n_routed_experts",
                          "num_experts_per_tok",
                          "n_shared_experts",
                          "moe_intermediate_size",
                          "num_hash_layers",
                          "scoring_func",
                          "topk_method",
                          "norm_topk_prob",
                          "routed_scaling_factor",
                          "swiglu_limit",
                          "hc_mult",
                          "hc_sinkhorn_iters",
                          "hc_eps",
                          "num_nextn_predict_layers",
                          "rms_norm_eps",
                          "hidden_act",
                          "eos_token_id",
                          "model_type"}) {
    json config = goodConfig();
    ASSERT_EQ(config.erase(key), 1u) << key;
    expectMessage(parseMessage(config), {"c/config.json", std::string("'") + key + "'", "missing"});
  }
  for (const char *key : {"factor", "beta_fast", "beta_slow", "original_max_position_embeddings", "type"}) {
    json config = goodConfig();
    ASSERT_EQ(config["rope_scaling"].erase(key), 1u) << key;
    expectMessage(parseMessage(config), {std::string("rope_scaling.") + key, "missing"});
  }
}

TEST(ModelConfig, WrongTypes) {
  expectMessage(messageWith("/hidden_size", "256"), {"hidden_size", "\"256\"", "integer"});
  expectMessage(messageWith("/hidden_size", 256.5), {"hidden_size", "256.5", "integer"});
  expectMessage(messageWith("/hidden_size", nullptr), {"hidden_size", "null"});
  expectMessage(messageWith("/hidden_size", true), {"hidden_size", "true"});
  expectMessage(messageWith("/rope_theta", "big"), {"rope_theta", "\"big\"", "number"});
  expectMessage(messageWith("/norm_topk_prob", 1), {"norm_topk_prob", "true or false"});
  expectMessage(messageWith("/compress_ratios", 4), {"compress_ratios", "list"});
  expectMessage(messageWith("/rope_scaling", nullptr), {"rope_scaling", "null", "object"});
  expectMessage(messageWith("/eos_token_id", json::array({1, 2})), {"eos_token_id", "[1,2]"});
}

TEST(ModelConfig, BrokenConstraints) {
  expectMessage(messageWith("/hidden_size", 200), {"hidden_size is 200", "multiple of 128"});
  expectMessage(messageWith("/q_lora_rank", 64), {"q_lora_rank is 64", "multiple of 128"});
  expectMessage(messageWith("/moe_intermediate_size", 100), {"moe_intermediate_size is 100", "128"});
  expectMessage(messageWith("/o_lora_rank", 96), {"o_lora_rank is 96", "o_groups (2)", "128"});
  expectMessage(messageWith("/head_dim", 100), {"head_dim is 100", "qk_rope_head_dim (64)", "64"});
  expectMessage(messageWith("/head_dim", 64), {"head_dim is 64", "positive multiple of 64"});
  expectMessage(messageWith("/qk_rope_head_dim", 63), {"qk_rope_head_dim is 63", "multiple of 2"});
  expectMessage(messageWith("/index_head_dim", 96), {"index_head_dim is 96", "power of two"});
  expectMessage(messageWith("/index_head_dim", 16), {"index_head_dim is 16"});
  expectMessage(messageWith("/index_head_dim", 32), {"index_head_dim is 32", "qk_rope_head_dim (64)"});
  expectMessage(messageWith("/o_groups", 3), {"o_groups is 3", "num_attention_heads (8)"});
  expectMessage(messageWith("/num_experts_per_tok", 17), {"num_experts_per_tok is 17", "1 to 16"});
  expectMessage(messageWith("/index_topk", 0), {"index_topk is 0"});
  expectMessage(messageWith("/sliding_window", 0), {"sliding_window is 0"});
  expectMessage(messageWith("/num_key_value_heads", 2), {"num_key_value_heads is 2", "1"});
  expectMessage(messageWith("/n_shared_experts", 2), {"n_shared_experts is 2"});
  expectMessage(messageWith("/hc_mult", 1), {"hc_mult is 1", "2 to 4"});
  expectMessage(messageWith("/hc_mult", 5), {"hc_mult is 5", "2 to 4"});
  expectMessage(messageWith("/hc_sinkhorn_iters", 0), {"hc_sinkhorn_iters is 0"});
  expectMessage(messageWith("/eos_token_id", 512), {"eos_token_id is 512", "0 to 511"});
}

TEST(ModelConfig, Ratios) {
  expectMessage(messageWith("/compress_ratios/2", 8), {"compress_ratios[2] is 8", "0, 4 or 128"});
  expectMessage(messageWith("/compress_ratios/2", "4"), {"compress_ratios[2]", "\"4\""});
  expectMessage(messageWith("/compress_ratios/2", 4.0), {"compress_ratios[2] is 4.0", "integer"});
  expectMessage(messageWith("/compress_ratios/8", 4), {"compress_ratios[8] is 4", "0", "MTP"});
  expectMessage(messageWith("/compress_ratios", json::array({0, 4})), {"compress_ratios has 2 entries", "at least 9"});
  expectMessage(messageWith("/compress_ratios", json::array({0, 0, 4, 128, 4, 128, 4, 128})), {"8 entries", "9"});
}

TEST(ModelConfig, Numbers) {
  expectMessage(messageWith("/hidden_size", -256), {"hidden_size is -256"});
  expectMessage(messageWith("/hidden_size", uint64_t(-1)), {"hidden_size is 18446744073709551615"});
  expectMessage(messageWith("/vocab_size", int64_t(1) << 62), {"vocab_size"});
  expectMessage(messageWith("/rms_norm_eps", 0), {"rms_norm_eps is 0"});
  expectMessage(messageWith("/rms_norm_eps", -1e-6), {"rms_norm_eps is -1e-06"});
  expectMessage(messageWith("/rope_theta", 1), {"rope_theta is 1"});
  expectMessage(messageWith("/rope_theta", 1e300), {"rope_theta is 1e+300"});
  expectMessage(messageWith("/swiglu_limit", -1), {"swiglu_limit is -1"});
  expectMessage(messageWith("/rope_scaling/factor", 0), {"rope_scaling.factor is 0"});
  EXPECT_EQ(messageWith("/rope_scaling/factor", 2.5), "");
  std::string text = goodConfig().dump();
  auto replaced = [&](const std::string &value) {
    std::string copy = text, key = "\"routed_scaling_factor\":1.5";
    copy.replace(copy.find(key), key.size(), "\"routed_scaling_factor\":" + value);
    return messageOf(parseModelConfig(copy, "c/config.json"));
  };
  expectMessage(replaced("NaN"), {"c/config.json", "not valid JSON at byte"});
  for (const char *word : {"NaN", "Infinity", "-Infinity"})
    expectMessage(replaced(word), {"not valid JSON at byte", "NaN and Infinity are not JSON, expected a finite number"});
  EXPECT_EQ(replaced("never").find("NaN"), std::string::npos);
  expectMessage(replaced("1e999"), {"too large"});
}

TEST(ModelConfig, MoreHashLayersThanLayers) {
  EXPECT_EQ(messageWith("/num_hash_layers", 8), "");
  expectMessage(messageWith("/num_hash_layers", 9), {"num_hash_layers is 9, expected at most num_hidden_layers (8)"});
}

TEST(ModelConfig, UnsupportedKinds) {
  expectMessage(messageWith("/model_type", "llama"), {"model_type is \"llama\"", "deepseek_v4"});
  expectMessage(messageWith("/hidden_act", "gelu"), {"hidden_act is \"gelu\"", "silu"});
  expectMessage(messageWith("/scoring_func", "softmax"), {"scoring_func", "sqrtsoftplus"});
  expectMessage(messageWith("/topk_method", "greedy"), {"topk_method", "noaux_tc"});
  expectMessage(messageWith("/rope_scaling/type", "linear"), {"rope_scaling.type", "yarn"});
  expectMessage(messageWith("/attention_bias", true), {"attention_bias", "false"});
  expectMessage(messageWith("/tie_word_embeddings", true), {"tie_word_embeddings", "false"});
  EXPECT_EQ(messageWith("/attention_bias", nullptr), "");
  EXPECT_EQ(messageWith("/tie_word_embeddings", nullptr), "");
  expectMessage(messageWith("/quantization_config/weight_block_size", json::array({64, 64})),
                {"quantization_config.weight_block_size is [64,64]", "[128,128]"});
  expectMessage(messageWith("/quantization_config/quant_method", "awq"), {"quant_method", "fp8"});
}

TEST(ModelConfig, BadJson) {
  auto message = [](const std::string &text) { return messageOf(parseModelConfig(text, "c/config.json")); };
  expectMessage(message(""), {"c/config.json", "not valid JSON"});
  expectMessage(message("{\"hidden_size\": "), {"not valid JSON at byte"});
  expectMessage(message("[1]"), {"an array", "expected an object"});
  expectMessage(message("7"), {"a single value"});
  expectMessage(message(std::string(200000, '[')), {"nested deeper than 32"});
  expectMessage(message("{\"a\": 1, \"a\": 2}"), {"key 'a' occurs twice"});
  expectMessage(message("{\"a\": \"\xff\"}"), {"not valid JSON"});
  expectMessage(message(std::string("{\"a\": \"\0\"}", 10)), {"not valid JSON"});
  expectMessage(messageOf(readModelConfig("/nonexistent/config.json")), {"/nonexistent/config.json", "cannot be read"});
  expectMessage(messageOf(readModelConfig("/tmp")), {"/tmp", "regular file"});
}

TEST(ModelConfig, DigestNamesTheDimensions) {
  ModelConfig c = parsed(goodConfig());
  EXPECT_EQ(modelDigest(c, true).size(), 64u);
  EXPECT_EQ(modelDigest(c, true), modelDigest(c, true));
  EXPECT_NE(modelDigest(c, true), modelDigest(c, false));
  json config = goodConfig();
  config["index_topk"] = 17;
  EXPECT_NE(modelDigest(c, true), modelDigest(parsed(config), true));
  // Keys that change no arithmetic change no digest.
  config = goodConfig();
  config["transformers_version"] = "5";
  EXPECT_EQ(modelDigest(c, true), modelDigest(parsed(config), true));
}
