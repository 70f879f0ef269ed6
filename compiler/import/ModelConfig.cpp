//===- ModelConfig.cpp - Typed shape of a model -----------------*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compiler/import/ModelConfig.h"

#include "compiler/import/ConfigReader.h"
#include "compiler/import/ImportError.h"
#include "compiler/import/JsonText.h"
#include "compiler/import/InputFile.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/MathExtras.h"
#include "llvm/Support/SHA256.h"

using namespace llvm;
using nlohmann::json;
using v4::ConfigReader;
using v4::ModelConfig;

// Upper bounds. They are far above every published model and keep products of
// dimensions, byte counts included, below 2^63.
static constexpr int64_t kWidthLimit = 1 << 17;
static constexpr int64_t kCountLimit = 1 << 12;
static constexpr int64_t kVocabLimit = 1 << 24;
static constexpr int64_t kPositionLimit = INT32_MAX;
// config.json of the published models has 2 KB.
static constexpr size_t kConfigBytesLimit = 16u << 20;

namespace {

void readKind(ConfigReader &r) {
  r.literal("model_type", "deepseek_v4");
  r.literal("hidden_act", "silu");
  r.literal("scoring_func", "sqrtsoftplus");
  r.literal("topk_method", "noaux_tc");
  r.absentOrFalse("attention_bias", "there are no biases in this architecture");
  r.absentOrFalse("tie_word_embeddings", "the head is a tensor of its own");
}

void readAttention(ConfigReader &r, ModelConfig &c) {
  c.heads = r.integer("num_attention_heads", 1, kCountLimit);
  r.integer("num_key_value_heads", 1, 1);
  c.headDim = r.integer("head_dim", 1, kWidthLimit);
  c.ropeDim = r.multiple("qk_rope_head_dim", 2, kWidthLimit);
  c.queryRank = r.multiple("q_lora_rank", 128, kWidthLimit);
  c.groups = r.integer("o_groups", 1, kCountLimit);
  c.groupRank = r.integer("o_lora_rank", 1, kWidthLimit);
  c.window = r.integer("sliding_window", 1, kWidthLimit);
  c.indexHeads = r.integer("index_n_heads", 1, kCountLimit);
  c.indexDim = r.integer("index_head_dim", 32, kCountLimit);
  c.indexTopK = r.integer("index_topk", 1, kWidthLimit);
}

void readExperts(ConfigReader &r, ModelConfig &c) {
  c.experts = r.integer("n_routed_experts", 1, kCountLimit);
  c.activeExperts = r.integer("num_experts_per_tok", 1, c.experts);
  r.integer("n_shared_experts", 1, 1);
  c.expertWidth = r.multiple("moe_intermediate_size", 128, kWidthLimit);
  c.hashLayers = r.integer("num_hash_layers", 0, kCountLimit);
  c.normalizeRoutes = r.boolean("norm_topk_prob");
  c.routedScaling = r.real("routed_scaling_factor", 1e-6, 1e6);
  c.swigluLimit = r.real("swiglu_limit", 0, 1e30);
}

void readModel(ConfigReader &r, ModelConfig &c) {
  c.vocab = r.integer("vocab_size", 1, kVocabLimit);
  c.hidden = r.multiple("hidden_size", 128, kWidthLimit);
  c.layers = r.integer("num_hidden_layers", 1, kCountLimit);
  c.maxPositions = r.integer("max_position_embeddings", 1, kPositionLimit);
  c.eos = r.integer("eos_token_id", 0, c.vocab - 1);
  c.rmsEps = r.real("rms_norm_eps", 1e-30, 1);
  c.streams = r.integer("hc_mult", 2, 4);
  c.sinkhornIterations = r.integer("hc_sinkhorn_iters", 1, kCountLimit);
  c.hcEps = r.real("hc_eps", 0, 1);
}

void readYarn(ConfigReader &outer, StringRef file, ModelConfig &c) {
  const json *scaling = outer.member("rope_scaling");
  if (!scaling)
    return;
  if (!scaling->is_object())
    return outer.wrong("rope_scaling", *scaling, "an object with the YaRN parameters");
  ConfigReader r(*scaling, file.str(), "rope_scaling.");
  // Newer writers call the same key rope_type.
  r.literal(r.has("type") || !r.has("rope_type") ? "type" : "rope_type", "yarn");
  c.yarn.factor = r.real("factor", 1e-6, 1e6);
  c.yarn.betaFast = r.real("beta_fast", 1e-6, 1e6);
  c.yarn.betaSlow = r.real("beta_slow", 1e-6, 1e6);
  c.yarn.originalContext = r.integer("original_max_position_embeddings", 1, kPositionLimit);
  if (Error error = r.take())
    outer.fail(toString(std::move(error)));
}

void readRope(ConfigReader &r, StringRef file, ModelConfig &c) {
  // The ramp divides by ln(theta).
  c.ropeTheta = r.real("rope_theta", 1.001, 1e30);
  c.compressRopeTheta = r.real("compress_rope_theta", 1.001, 1e30);
  readYarn(r, file, c);
}

void readRatios(ConfigReader &r, ModelConfig &c) {
  int64_t mtpBlocks = r.integer("num_nextn_predict_layers", 0, kCountLimit);
  const json *list = r.member("compress_ratios");
  if (!list || r.failed())
    return;
  if (!list->is_array())
    return r.wrong("compress_ratios", *list, "a list of 0, 4 and 128");
  int64_t entries = list->size(), needed = c.layers + (mtpBlocks > 0);
  if (entries < needed)
    return r.fail(Twine("compress_ratios has ") + Twine(entries) + " entries, expected at least " + Twine(needed) +
                  " (num_hidden_layers = " + Twine(c.layers) + ", num_nextn_predict_layers = " + Twine(mtpBlocks) +
                  ")");
  c.foreignDraftStages = entries > c.layers + 1;
  c.declaresMtp = mtpBlocks > 0 && !c.foreignDraftStages;
  for (int64_t i = 0; i < c.layers + c.declaresMtp; ++i) {
    const json &entry = (*list)[i];
    std::string key = "compress_ratios[" + std::to_string(i) + "]";
    bool isMtp = i == c.layers;
    if (entry != 0 && (isMtp || (entry != 4 && entry != 128)))
      return r.wrong(key, entry, isMtp ? "0 (the MTP block attends to its window only)" : "0, 4 or 128");
    if (!entry.is_number_integer())
      return r.wrong(key, entry, "an integer");
    if (!isMtp)
      c.ratios.push_back(entry.get<int64_t>());
  }
}

// The block formats of a quantized checkpoint; what a tensor really holds is decided by
// its dtype, so a checkpoint without this section is complete.
void checkQuantization(ConfigReader &outer, const json &root, StringRef file) {
  auto it = root.find("quantization_config");
  if (it == root.end() || it->is_null())
    return;
  if (!it->is_object())
    return outer.wrong("quantization_config", *it, "an object");
  ConfigReader r(*it, file.str(), "quantization_config.");
  static constexpr std::pair<const char *, const char *> kinds[] = {
      {"quant_method", "fp8"}, {"fmt", "e4m3"}, {"scale_fmt", "ue8m0"}, {"activation_scheme", "dynamic"}};
  for (auto [key, expected] : kinds)
    if (r.has(key))
      r.literal(key, expected);
  if (r.has("weight_block_size") && *r.member("weight_block_size") != json::array({128, 128}))
    r.wrong("weight_block_size", *r.member("weight_block_size"), "[128,128]");
  if (Error error = r.take())
    outer.fail(toString(std::move(error)));
}

// Constraints between values.
void checkRelations(ConfigReader &r, const ModelConfig &c) {
  if (r.failed())
    return;
  if (c.bodyDim() < 64 || c.bodyDim() % 64 != 0)
    r.wrong("head_dim", c.headDim, "qk_rope_head_dim (" + Twine(c.ropeDim) + ") plus a positive multiple of 64");
  if (c.heads % c.groups != 0)
    r.wrong("o_groups", c.groups, "a divisor of num_attention_heads (" + Twine(c.heads) + ")");
  if (c.groups * c.groupRank % 128 != 0 || c.groups * c.groupRank > kWidthLimit)
    r.wrong("o_lora_rank", c.groupRank,
            "a value whose product with o_groups (" + Twine(c.groups) + ") is a multiple of 128 up to " +
                Twine(kWidthLimit));
  if (c.heads * c.headDim > 8 * kWidthLimit)
    r.wrong("head_dim", c.headDim,
            "at most " + Twine(8 * kWidthLimit / c.heads) + " (num_attention_heads = " + Twine(c.heads) + ")");
  if (c.hashLayers > c.layers)
    r.wrong("num_hash_layers", c.hashLayers, "at most num_hidden_layers (" + Twine(c.layers) + ")");
  if (!isPowerOf2_64(c.indexDim))
    r.wrong("index_head_dim", c.indexDim, "a power of two of at least 32");
  if (is_contained(c.ratios, 4) && c.ropeDim > c.indexDim)
    r.wrong("index_head_dim", c.indexDim, "at least qk_rope_head_dim (" + Twine(c.ropeDim) + ")");
}

} // namespace

Expected<ModelConfig> v4::parseModelConfig(StringRef text, StringRef file) {
  Expected<json> root = parseJson(text, file);
  if (!root)
    return root.takeError();
  ConfigReader reader(*root, file.str());
  ModelConfig config;
  readKind(reader);
  readModel(reader, config);
  readAttention(reader, config);
  readExperts(reader, config);
  readRope(reader, file, config);
  readRatios(reader, config);
  checkRelations(reader, config);
  checkQuantization(reader, *root, file);
  if (Error error = reader.take())
    return error;
  return config;
}

Expected<ModelConfig> v4::readModelConfig(StringRef path) {
  Expected<InputFile> file = InputFile::open(path);
  if (!file)
    return file.takeError();
  if (file->bytes().size() > kConfigBytesLimit)
    return inputError(path + ": the file has " + Twine(file->bytes().size()) + " bytes, expected at most " +
                      Twine(kConfigBytesLimit));
  return parseModelConfig(file->text(), path);
}

std::string v4::canonicalJson(const ModelConfig &c, bool mtp) {
  json j = {{"vocab", c.vocab},
            {"hidden", c.hidden},
            {"layers", c.layers},
            {"heads", c.heads},
            {"head_dim", c.headDim},
            {"rope_dim", c.ropeDim},
            {"query_rank", c.queryRank},
            {"groups", c.groups},
            {"group_rank", c.groupRank},
            {"window", c.window},
            {"index_heads", c.indexHeads},
            {"index_dim", c.indexDim},
            {"index_top_k", c.indexTopK},
            {"experts", c.experts},
            {"active_experts", c.activeExperts},
            {"expert_width", c.expertWidth},
            {"hash_layers", c.hashLayers},
            {"streams", c.streams},
            {"sinkhorn_iterations", c.sinkhornIterations},
            {"max_positions", c.maxPositions},
            {"eos", c.eos},
            {"rms_eps", c.rmsEps},
            {"hc_eps", c.hcEps},
            {"routed_scaling", c.routedScaling},
            {"swiglu_limit", c.swigluLimit},
            {"normalize_routes", c.normalizeRoutes},
            {"rope_theta", c.ropeTheta},
            {"compress_rope_theta", c.compressRopeTheta},
            {"yarn_factor", c.yarn.factor},
            {"yarn_beta_fast", c.yarn.betaFast},
            {"yarn_beta_slow", c.yarn.betaSlow},
            {"yarn_original_context", c.yarn.originalContext},
            {"ratios", c.ratios},
            {"mtp", mtp}};
  return j.dump();
}

std::string v4::modelDigest(const ModelConfig &config, bool mtp) {
  std::string text = canonicalJson(config, mtp);
  auto digest = SHA256::hash(arrayRefFromStringRef(text));
  return toHex(digest, /*LowerCase=*/true);
}
