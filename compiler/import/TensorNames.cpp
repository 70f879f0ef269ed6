//===- TensorNames.cpp - Checkpoint tensors by role -------------*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compiler/import/TensorNames.h"

#include "compiler/import/TensorResolver.h"

using namespace llvm;
using v4::ModelConfig;
using v4::Role;
using v4::TensorInventory;
using v4::TensorResolver;
using v4::WeightSet;

namespace {

void addHyperConnection(TensorResolver &r, const ModelConfig &c, const char *stem, Role fn, Role base, Role scale) {
  int64_t rows = (2 + c.streams) * c.streams;
  r.f32(fn, std::string(stem) + "_fn", {rows, c.streams * c.hidden});
  r.f32(base, std::string(stem) + "_base", {rows});
  r.f32(scale, std::string(stem) + "_scale", {3});
}

void addHead(TensorResolver &r, const ModelConfig &c) {
  r.bf16(Role::FinalNorm, "norm", {c.hidden});
  r.f32(Role::HcHeadFn, "hc_head_fn", {c.streams, c.streams * c.hidden});
  r.f32(Role::HcHeadBase, "hc_head_base", {c.streams});
  r.f32(Role::HcHeadScale, "hc_head_scale", {1});
}

void addCompressors(TensorResolver &r, const ModelConfig &c, int64_t ratio) {
  if (ratio == 0)
    return;
  // Ratio 4 overlaps: every token feeds its own chunk and the next one.
  int64_t halves = ratio == 4 ? 2 : 1;
  r.f32(Role::CompressorPhase, "attn.compressor.ape", {ratio, halves * c.headDim});
  r.bf16(Role::CompressorValue, "attn.compressor.wkv", {halves * c.headDim, c.hidden});
  r.bf16(Role::CompressorGate, "attn.compressor.wgate", {halves * c.headDim, c.hidden});
  r.bf16(Role::CompressorNorm, "attn.compressor.norm", {c.headDim});
  if (ratio != 4)
    return;
  r.matrix(Role::IndexQuery, "attn.indexer.wq_b", c.indexHeads * c.indexDim, c.queryRank);
  r.bf16(Role::IndexHeadWeights, "attn.indexer.weights_proj", {c.indexHeads, c.hidden});
  r.f32(Role::IndexPhase, "attn.indexer.compressor.ape", {ratio, halves * c.indexDim});
  r.bf16(Role::IndexValue, "attn.indexer.compressor.wkv", {halves * c.indexDim, c.hidden});
  r.bf16(Role::IndexGate, "attn.indexer.compressor.wgate", {halves * c.indexDim, c.hidden});
  r.bf16(Role::IndexNorm, "attn.indexer.compressor.norm", {c.indexDim});
}

void addAttention(TensorResolver &r, const ModelConfig &c, int64_t ratio) {
  addHyperConnection(r, c, "hc_attn", Role::HcAttnFn, Role::HcAttnBase, Role::HcAttnScale);
  r.bf16(Role::AttnNorm, "attn_norm", {c.hidden});
  r.f32(Role::AttnSink, "attn.attn_sink", {c.heads});
  r.matrix(Role::QueryDown, "attn.wq_a", c.queryRank, c.hidden);
  r.bf16(Role::QueryNorm, "attn.q_norm", {c.queryRank});
  r.matrix(Role::QueryUp, "attn.wq_b", c.heads * c.headDim, c.queryRank);
  r.matrix(Role::KeyValue, "attn.wkv", c.headDim, c.hidden);
  r.bf16(Role::KeyValueNorm, "attn.kv_norm", {c.headDim});
  r.matrix(Role::OutputDown, "attn.wo_a", c.groups * c.groupRank, c.heads * c.headDim / c.groups);
  r.matrix(Role::OutputUp, "attn.wo_b", c.hidden, c.groups * c.groupRank);
  addCompressors(r, c, ratio);
}

void addExperts(TensorResolver &r, const ModelConfig &c, bool hash) {
  addHyperConnection(r, c, "hc_ffn", Role::HcFfnFn, Role::HcFfnBase, Role::HcFfnScale);
  r.bf16(Role::FfnNorm, "ffn_norm", {c.hidden});
  r.bf16(Role::Router, "ffn.gate", {c.experts, c.hidden});
  if (hash)
    r.expertTable(Role::RouterTable, "ffn.gate.tid2eid", c.vocab, c.activeExperts, c.experts);
  else
    r.f32(Role::RouterBias, "ffn.gate.bias", {c.experts});
  r.stacked(Role::ExpertGate, "ffn.experts", "w1", c.experts, c.expertWidth, c.hidden);
  r.stacked(Role::ExpertUp, "ffn.experts", "w3", c.experts, c.expertWidth, c.hidden);
  r.stacked(Role::ExpertDown, "ffn.experts", "w2", c.experts, c.hidden, c.expertWidth);
  r.matrix(Role::SharedGate, "ffn.shared_experts.w1", c.expertWidth, c.hidden);
  r.matrix(Role::SharedUp, "ffn.shared_experts.w3", c.expertWidth, c.hidden);
  r.matrix(Role::SharedDown, "ffn.shared_experts.w2", c.hidden, c.expertWidth);
}

std::string layerPrefix(int64_t index) { return "layers." + std::to_string(index) + "."; }

/// REQUIRES: begin() named the layer.
WeightSet resolveLayer(TensorResolver &r, const ModelConfig &c, int64_t ratio, bool hash) {
  addAttention(r, c, ratio);
  addExperts(r, c, hash);
  return r.end();
}

WeightSet resolveModel(TensorResolver &r, const ModelConfig &c) {
  r.begin("", "");
  r.bf16(Role::Embed, "embed", {c.vocab, c.hidden});
  addHead(r, c);
  r.bf16(Role::Head, "head", {c.vocab, c.hidden});
  return r.end();
}

TensorInventory::Mtp resolveMtp(TensorResolver &r, const ModelConfig &c) {
  TensorInventory::Mtp mtp;
  r.begin("mtp.0.", "mtp.0.");
  addHead(r, c);
  r.bf16(Role::MtpEmbedNorm, "enorm", {c.hidden});
  r.bf16(Role::MtpStreamsNorm, "hnorm", {c.hidden});
  r.matrix(Role::MtpEmbedProjection, "e_proj", c.hidden, c.hidden);
  r.matrix(Role::MtpStreamsProjection, "h_proj", c.hidden, c.hidden);
  mtp.head = r.end();
  r.begin("mtp.0.", "mtp.0.");
  mtp.layer = resolveLayer(r, c, /*ratio=*/0, /*hash=*/false);
  return mtp;
}

bool hasPrefix(const v4::Checkpoint &checkpoint, StringRef prefix) {
  auto it = checkpoint.tensors().lower_bound(std::string_view(prefix));
  return it != checkpoint.tensors().end() && StringRef(it->first).starts_with(prefix);
}

// Draft stages of another kind replace the MTP block in later releases.
bool decideMtp(const ModelConfig &c, const v4::Checkpoint &checkpoint, std::vector<std::string> &warnings) {
  bool stages = hasPrefix(checkpoint, "mtp.1.");
  if (c.foreignDraftStages || stages) {
    warnings.push_back(
        checkpoint.pathOf("config.json") + ": the draft stages (mtp.*) are of a kind that is not supported (" +
        (stages ? "tensors mtp.1.* exist" : "compress_ratios is longer than the layers and one MTP block") +
        "); they are ignored and MTP is off");
    return false;
  }
  if (!c.declaresMtp || checkpoint.isDeclared())
    return c.declaresMtp;
  if (hasPrefix(checkpoint, "mtp.0."))
    return true;
  warnings.push_back(
      checkpoint.pathOf("config.json") +
      ": num_nextn_predict_layers asks for an MTP block, but the checkpoint has no tensors mtp.0.*; MTP is off");
  return false;
}

void warnAboutExtras(const ModelConfig &c, const v4::Checkpoint &checkpoint, const TensorResolver &resolver, bool mtp,
                     std::vector<std::string> &warnings) {
  size_t extras = 0;
  std::string first;
  for (const auto &entry : checkpoint.tensors()) {
    StringRef name = entry.first;
    bool isDraft = name.starts_with("mtp.");
    // Repackaged checkpoints repeat the embedding and the head in the MTP block.
    if (resolver.used(name) || (isDraft && (!mtp || name.contains("emb") || name.ends_with("head.weight"))))
      continue;
    if (extras++ == 0)
      first = name.str();
  }
  if (extras > 0)
    warnings.push_back(checkpoint.directory().str() + ": " + std::to_string(extras) +
                       (extras == 1 ? " tensor is" : " tensors are") + " no part of this model and ignored, '" + first +
                       "' first");
}

} // namespace

Expected<TensorInventory> v4::resolveTensors(const ModelConfig &c, const Checkpoint &checkpoint,
                                             ArrayRef<int64_t> layersOf) {
  TensorInventory inventory;
  TensorResolver resolver(checkpoint);
  inventory.model = resolveModel(resolver, c);
  for (int64_t i = 0; i < c.layers && !resolver.failed(); ++i) {
    resolver.begin(layerPrefix(layersOf.empty() || checkpoint.isDeclared() ? i : layersOf[i]), layerPrefix(i));
    inventory.layers.push_back(resolveLayer(resolver, c, c.ratios[i], c.routesByHash(i)));
  }
  bool mtp = decideMtp(c, checkpoint, inventory.warnings);
  if (mtp)
    inventory.mtp = resolveMtp(resolver, c);
  if (Error error = resolver.takeError())
    return error;
  // A twin leaves tensors out on purpose.
  if (layersOf.empty())
    warnAboutExtras(c, checkpoint, resolver, mtp, inventory.warnings);
  inventory.manifest =
      Checkpoint::manifest(checkpoint.isDeclared() ? resolver.declaredTensors() : checkpoint.tensors());
  return inventory;
}
