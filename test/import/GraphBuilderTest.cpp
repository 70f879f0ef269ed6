//===- GraphBuilderTest.cpp - Modules of the import phase -------*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "TestCheckpoint.h"

#include "compiler/import/GraphBuilder.h"
#include "compiler/import/Import.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/MLProgram/IR/MLProgram.h"
#include "mlir/IR/Verifier.h"
#include "mlir/Parser/Parser.h"

#include <set>

using namespace mlir;
using namespace v4;
using namespace v4::test;

namespace {

class GraphBuilderTest : public ::testing::Test {
protected:
  GraphBuilderTest() : context(MLIRContext::Threading::DISABLED) {
    context.loadDialect<V4Dialect, func::FuncDialect, ml_program::MLProgramDialect>();
    options.envelope = EnvelopeAttr::get(&context, 512, 8, 4096, 1);
  }

  /// The module of a checkpoint, verified.
  OwningOpRef<ModuleOp> build(const std::string &path) {
    ImportedCheckpoint c = llvm::cantFail(importCheckpoint(path));
    OwningOpRef<ModuleOp> module = llvm::cantFail(buildGraph(context, c.config, c.inventory, options));
    EXPECT_TRUE(succeeded(verify(*module))) << path;
    return module;
  }

  static std::string text(ModuleOp module) {
    std::string out;
    llvm::raw_string_ostream stream(out);
    module.print(stream);
    return out;
  }

  template <typename Op>
  static int count(Operation *root) {
    int n = 0;
    root->walk([&](Op) { ++n; });
    return n;
  }

  static std::vector<std::string> functions(ModuleOp module) {
    std::vector<std::string> names;
    for (auto func : module.getOps<func::FuncOp>())
      names.push_back(func.getSymName().str());
    return names;
  }

  static std::vector<std::string> pools(ModuleOp module) {
    std::vector<std::string> names;
    auto main = module.lookupSymbol<func::FuncOp>("main");
    for (unsigned i = 0; i < main.getNumArguments(); ++i)
      names.push_back(main.getArgAttrOfType<StringAttr>(i, "v4.pool").str());
    return names;
  }

  MLIRContext context;
  GraphOptions options;
};

using Names = std::vector<std::string>;

std::string tiny() { return madeCheckpoint("--preset tiny"); }
std::string swa() {
  return madeCheckpoint(
      "--preset tiny --set num_hidden_layers=2 --set num_hash_layers=1 --set 'compress_ratios=[0,0,0]'");
}
std::string hca() {
  return madeCheckpoint(
      "--preset tiny --set num_hidden_layers=1 --set num_hash_layers=0 --set 'compress_ratios=[128,0]'");
}

} // namespace

TEST_F(GraphBuilderTest, LayersOfAKindShareAFunction) {
  OwningOpRef<ModuleOp> module = build(tiny());
  // Ratios 0 0 4 128 4 128 4 128, the first three layers route by hash.
  EXPECT_EQ(functions(*module),
            (Names{"layer_swa_hash", "layer_csa_hash", "layer_hca", "layer_csa", "layer_mtp", "mtp", "main"}));
  auto main = module->lookupSymbol<func::FuncOp>("main");
  int layer = 0;
  main.walk([&](func::CallOp call) {
    if (call->hasAttr("v4.group"))
      return;
    EXPECT_EQ(call->getAttrOfType<IntegerAttr>("v4.layer").getInt(), layer);
    EXPECT_EQ(call->getAttrOfType<StringAttr>("v4.prefix").getValue(), "layers." + std::to_string(layer));
    ++layer;
  });
  EXPECT_EQ(layer, 8);
  EXPECT_EQ(count<RopeTableOp>(main), 4);
}

TEST_F(GraphBuilderTest, ModuleAttributes) {
  options.options = DictionaryAttr::get(
      &context, {NamedAttribute(StringAttr::get(&context, "optimization"), StringAttr::get(&context, "2"))});
  OwningOpRef<ModuleOp> module = build(tiny());
  auto model = (*module)->getAttrOfType<ModelAttr>("v4.model");
  ASSERT_TRUE(model);
  EXPECT_EQ(model.getVocab(), 512);
  EXPECT_TRUE(model.getMtp());
  EXPECT_EQ((*module)->getAttr("v4.envelope"), options.envelope);
  EXPECT_EQ((*module)->getAttr("v4.options"), options.options);
  EXPECT_EQ((*module)->getAttrOfType<StringAttr>("v4.manifest").size(), 64u);
}

TEST_F(GraphBuilderTest, WeightsNameTheirSources) {
  OwningOpRef<ModuleOp> module = build(tiny());
  ImportedCheckpoint c = llvm::cantFail(importCheckpoint(tiny()));
  std::set<std::string> sources;
  for (auto global : module->getOps<ml_program::GlobalOp>()) {
    auto names = global->getAttrOfType<ArrayAttr>("v4.sources").getAsValueRange<StringAttr>();
    for (StringRef name : names) {
      EXPECT_NE(c.checkpoint->find(name), nullptr) << name.str();
      EXPECT_TRUE(sources.insert(name.str()).second) << name.str();
    }
    bool isTable = global->hasAttr("v4.table");
    EXPECT_EQ(global->getAttrOfType<StringAttr>("v4.recipe").getValue(), isTable ? "i64_to_i32" : "copy");
  }
  EXPECT_EQ(sources.size(), c.checkpoint->tensors().size());
  auto experts = module->lookupSymbol<ml_program::GlobalOp>("layers.2.ffn.experts.w1.weight");
  ASSERT_TRUE(experts);
  EXPECT_EQ(cast<RankedTensorType>(experts.getType()).getEncoding(),
            PackedAttr::get(&context, Float4E2M1FNType::get(&context)));
}

TEST_F(GraphBuilderTest, Pools) {
  EXPECT_EQ(pools(*build(csaCheckpoint())),
            (Names{"layers.0.window", "layers.0.rows", "layers.0.partial", "layers.0.index_keys",
                   "layers.0.index_partial", "mtp.0.window", "mtp.0.streams"}));
  EXPECT_EQ(pools(*build(hca())),
            (Names{"layers.0.window", "layers.0.rows", "layers.0.partial", "mtp.0.window", "mtp.0.streams"}));
  EXPECT_EQ(pools(*build(swa())), (Names{"layers.0.window", "layers.1.window", "mtp.0.window", "mtp.0.streams"}));
  options.envelope = EnvelopeAttr::get(&context, 512, 8, 4096, 3);
  OwningOpRef<ModuleOp> module = build(csaCheckpoint());
  auto main = module->lookupSymbol<func::FuncOp>("main");
  EXPECT_EQ(main.getArgument(0).getType(),
            CacheType::get(&context, PoolKind::State, 1, RowEncoding::KvCompact, 131, 256, 64));
  EXPECT_EQ(main.getArgument(1).getType(),
            CacheType::get(&context, PoolKind::Page, 4, RowEncoding::KvCompact, 32, 256, 64));
  EXPECT_EQ(main.getArgument(2).getType(), CacheType::get(&context, PoolKind::State, 1, RowEncoding::F32, 10, 1024, 0));
  EXPECT_EQ(main.getArgument(3).getType(),
            CacheType::get(&context, PoolKind::Page, 4, RowEncoding::IndexFp4, 32, 128, 0));
  EXPECT_EQ(main.getArgAttrOfType<StringAttr>(5, "v4.group").getValue(), "mtp");
  EXPECT_FALSE(main.getArgAttr(4, "v4.group"));
}

/// What a step reads of each ring, and room for the drafts that are taken back.
TEST_F(GraphBuilderTest, RingsReachBackBehindDrafts) {
  using Reach = std::vector<int64_t>;
  for (int64_t draft : {0, 1, 3}) {
    options.envelope = EnvelopeAttr::get(&context, 512, 8, 4096, draft);
    OwningOpRef<ModuleOp> csa = build(csaCheckpoint()), dense = build(hca());
    auto expectRing = [](ModuleOp module, unsigned argument, int64_t rows, const Reach &reach) {
      auto main = module.lookupSymbol<func::FuncOp>("main");
      EXPECT_EQ(cast<CacheType>(main.getArgument(argument).getType()).getRows(), rows);
      auto found = main.getArgAttrOfType<DenseI64ArrayAttr>(argument, "v4.reach");
      EXPECT_EQ(found ? Reach(found.asArrayRef()) : Reach(), reach);
    };
    expectRing(*csa, 0, 128 + draft, {1, 127, 0});
    expectRing(*csa, 1, 32, {});
    expectRing(*csa, 2, 7 + std::max<int64_t>(1, draft), {4, 4, 0});
    expectRing(*csa, 4, 7 + std::max<int64_t>(1, draft), {4, 4, 0});
    expectRing(*csa, 5, 128 + draft, {1, 128, 1});
    expectRing(*csa, 6, 1 + draft, {1, 1, 0});
    expectRing(*dense, 2, 127 + std::max<int64_t>(1, draft), {128, 0, 0});
  }
}

TEST_F(GraphBuilderTest, QuantizationIsSharedAndInFrontOfNarrowWeightsOnly) {
  OwningOpRef<ModuleOp> module = build(csaCheckpoint());
  auto layer = module->lookupSymbol<func::FuncOp>("layer_csa");
  int activations = 0;
  layer.walk([&](QuantizeOp op) { activations += op.getBlock() == 128; });
  // Inputs of attention, of the queries, of the output, of the experts, and of both w2.
  EXPECT_EQ(activations, 6);
  auto fromQuantize = [](Value x) {
    auto op = x.getDefiningOp<QuantizeOp>();
    return op && op.getBlock() == 128;
  };
  layer.walk([&](LinearOp op) { EXPECT_EQ(fromQuantize(op.getX()), bool(op.getScales())); });
  layer.walk([&](GroupedLinearOp op) { EXPECT_FALSE(fromQuantize(op.getX())); });

  OwningOpRef<ModuleOp> wide = build(bf16Checkpoint());
  wide->walk([&](QuantizeOp op) { EXPECT_NE(op.getBlock(), 128u); });
  EXPECT_EQ(count<QuantizeOp>(wide->lookupSymbol("layer_csa")), 4);
  auto kindOf = [&](StringRef name) { return wide->lookupSymbol(name)->getAttrOfType<StringAttr>("v4.narrowable"); };
  EXPECT_EQ(kindOf("layers.0.attn.wo_a.weight").getValue(), "linear");
  EXPECT_EQ(kindOf("layers.0.ffn.experts.w1.weight").getValue(), "experts");
  EXPECT_FALSE(kindOf("layers.0.ffn.gate.weight"));
}

TEST_F(GraphBuilderTest, CachesAreReadBeforeTheyAreWritten) {
  OwningOpRef<ModuleOp> module = build(tiny());
  for (auto func : module->getOps<func::FuncOp>()) {
    llvm::DenseSet<Value> written;
    func.walk([&](Operation *op) {
      // A finished row is visible to the token that finishes it: pages are appended first.
      auto effects = dyn_cast<MemoryEffectOpInterface>(op);
      for (Value operand : op->getOperands()) {
        auto cache = dyn_cast<CacheType>(operand.getType());
        if (!cache || !effects || cache.getKind() == PoolKind::Page)
          continue;
        if (effects.getEffectOnValue<MemoryEffects::Read>(operand))
          EXPECT_FALSE(written.contains(operand)) << op->getName().getStringRef().str();
        if (effects.getEffectOnValue<MemoryEffects::Write>(operand))
          written.insert(operand);
      }
    });
  }
}

TEST_F(GraphBuilderTest, MtpLagsByOnePosition) {
  OwningOpRef<ModuleOp> module = build(hca());
  auto layer = module->lookupSymbol<func::FuncOp>("layer_mtp");
  layer.walk([](AttentionOp op) { EXPECT_EQ(int64_t(op.getOffset()), -1); });
  layer.walk([](AppendWindowOp op) { EXPECT_EQ(int64_t(op.getOffset()), -1); });
  auto mtp = module->lookupSymbol<func::FuncOp>("mtp");
  mtp.walk([](RopeTableOp op) { EXPECT_EQ(int64_t(op.getOffset()), -1); });
  SmallVector<StringRef> saves;
  mtp.walk([&](SaveStreamsOp op) { saves.push_back(op->getAttrOfType<StringAttr>("v4.group").getValue()); });
  EXPECT_EQ(saves, (SmallVector<StringRef>{"mtp_step", "mtp_draft"}));
  mtp.walk([](func::CallOp call) { EXPECT_EQ(call->getAttrOfType<StringAttr>("v4.prefix").getValue(), "layers.1"); });
  EXPECT_EQ(module->lookupSymbol<func::FuncOp>("main").getNumResults(), 2u);
}

TEST_F(GraphBuilderTest, WithoutMtp) {
  OwningOpRef<ModuleOp> module = build(madeCheckpoint("--preset tiny --set num_hidden_layers=1 --set num_hash_layers=1 "
                                                      "--set num_nextn_predict_layers=0"));
  EXPECT_EQ(functions(*module), (Names{"layer_swa_hash", "main"}));
  EXPECT_EQ(module->lookupSymbol<func::FuncOp>("main").getNumResults(), 1u);
  EXPECT_FALSE((*module)->getAttrOfType<ModelAttr>("v4.model").getMtp());
}

TEST_F(GraphBuilderTest, DraftStages) {
  OwningOpRef<ModuleOp> module =
      build(madeCheckpoint("--preset tiny --set num_hidden_layers=1 --set num_hash_layers=0 "
                           "--set num_nextn_predict_layers=3 --set 'compress_ratios=[128,0,0,0]'"));
  EXPECT_EQ(functions(*module), (Names{"layer_hca", "main"}));
}

TEST_F(GraphBuilderTest, OtherDimensions) {
  build(madeCheckpoint(
      "--preset tiny --set num_hidden_layers=3 --set num_attention_heads=6 --set head_dim=192 --set o_groups=3 "
      "--set o_lora_rank=128 --set hidden_size=384 --set n_routed_experts=9 --set num_experts_per_tok=1 "
      "--set sliding_window=33 --set index_topk=8 --set hc_mult=3 --set hc_sinkhorn_iters=1 "
      "--set index_n_heads=3 --set index_head_dim=64 --set qk_rope_head_dim=64 --set vocab_size=300 "
      "--set 'compress_ratios=[128,4,4,0]' --set num_hash_layers=2 --set norm_topk_prob=false"));
}

TEST_F(GraphBuilderTest, ProbesOnRequest) {
  EXPECT_EQ(count<ProbeOp>(*build(csaCheckpoint())), 4 + 3 + 3);
  options.probes = "^$";
  EXPECT_EQ(count<ProbeOp>(*build(csaCheckpoint())), 0);
  options.probes = "^(layers\\.2\\.streams|logits)$";
  OwningOpRef<ModuleOp> module = build(tiny());
  EXPECT_EQ(count<ProbeOp>(*module), 2);
  // Layer 4 has other probes than layer 6, so it has a function of its own.
  options.probes = "^layers\\.4\\.";
  EXPECT_EQ(functions(*build(tiny())), (Names{"layer_swa_hash", "layer_csa_hash", "layer_hca", "layer_csa",
                                              "layer_csa_1", "layer_mtp", "mtp", "main"}));
}

TEST_F(GraphBuilderTest, PrintedModulesReadBack) {
  std::string once = text(*build(tiny())), twice = text(*build(tiny()));
  EXPECT_EQ(once, twice);
  OwningOpRef<ModuleOp> parsed = parseSourceString<ModuleOp>(once, &context);
  ASSERT_TRUE(bool(parsed));
  EXPECT_EQ(text(*parsed), once);
}

TEST_F(GraphBuilderTest, PlantedMistakesChangeTheGraph) {
  std::string right = text(*build(csaCheckpoint()));
  std::set<std::string> wrong;
  for (StringRef mistake : plantedMistakes()) {
    options.plantedMistake = mistake.str();
    std::string changed = text(*build(csaCheckpoint()));
    EXPECT_NE(changed, right) << mistake.str();
    EXPECT_TRUE(wrong.insert(changed).second) << mistake.str();
  }
}

TEST_F(GraphBuilderTest, WrongOptions) {
  ImportedCheckpoint c = llvm::cantFail(importCheckpoint(csaCheckpoint()));
  options.probes = "(";
  expectMessage(messageOf(buildGraph(context, c.config, c.inventory, options)), {"--probes=(", "regular expression"});
  options.probes = "";
  options.plantedMistake = "typo";
  expectMessage(messageOf(buildGraph(context, c.config, c.inventory, options)), {"'typo'", "no_yarn"});
}
