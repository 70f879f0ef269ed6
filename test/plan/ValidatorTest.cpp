//===- ValidatorTest.cpp - Each rule about what a plan means --------------===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "test/plan/FakePlan.h"

#include <functional>
#include <gtest/gtest.h>

using namespace v4;
using namespace v4::plan;
using namespace v4::plan::test;

namespace {

using Change = std::function<void(fb::ProgramT &)>;

struct Case {
  const char *name;
  Change change;
  const char *message; ///< Between "engine.v4plan: " and "; rebuild the plan with v4-compile".
};

std::string load(const FakePlan &fake) {
  PlanBytes file = fake.build();
  Plan plan;
  return checkPlan("engine.v4plan", file.view(), plan).message();
}

fb::Binding &at(fb::ProgramT &p, size_t launch, size_t binding) { return p.launches[launch]->bindings[binding]; }

/// Makes a plan for a GPU of it; the block of the first kernel.
fb::BlockT &onGpu(fb::ProgramT &p) {
  p.target->name = "cuda:sm_90a";
  for (auto &kernel : p.kernels) {
    kernel->block = std::make_unique<fb::BlockT>();
    kernel->block->threads = 1;
    kernel->block->image_bytes = 8;
  }
  return *p.kernels[0]->block;
}

using Kind = fb::ArgumentKind;
using Element = fb::ElementType;

/// Of BF16, whatever the buffer holds.
fb::Argument map(uint32_t columns, uint16_t boxRows, uint16_t boxColumns, uint8_t swizzle = 0) {
  return fb::Argument(Kind::Map, Element::BF16, swizzle, boxRows, boxColumns, columns, 0, 1);
}
fb::Argument plain(Kind kind, uint32_t binding, uint32_t value) {
  return fb::Argument(kind, Element::I8, 0, 0, 0, 0, binding, value);
}

/// Gives the kernel of a launch a call with one argument.
fb::CallT &calling(fb::ProgramT &p, const fb::Argument &argument, size_t launch = 0) {
  onGpu(p);
  fb::BlockT &block = *p.kernels[p.launches[launch]->kernel]->block;
  block.call = std::make_unique<fb::CallT>();
  block.call->function = "f";
  block.call->arguments = {argument};
  return *block.call;
}

/// The first launch runs clusters, and has so many workgroups for each tile of rows.
fb::BlockT &clustered(fb::ProgramT &p, uint32_t cluster, uint64_t tiles) {
  calling(p, plain(Kind::Word, 0, 0));
  p.launches[0]->tiles = tiles;
  fb::BlockT &block = *p.kernels[p.launches[0]->kernel]->block;
  block.cluster = cluster;
  return block;
}

/// Gives the kernel of a launch another variant, like itself, for up to so many rows.
fb::VariantT &varying(fb::ProgramT &p, uint32_t mostRows, size_t launch = 0) {
  fb::KernelT &kernel = *p.kernels[p.launches[launch]->kernel];
  if (!kernel.block)
    onGpu(p);
  fb::VariantT &variant = *kernel.variants.emplace_back(std::make_unique<fb::VariantT>());
  variant.most_rows = mostRows;
  variant.row_tile = variant.tiles = 1;
  variant.block = std::make_unique<fb::BlockT>(*kernel.block);
  return variant;
}

const Case kCases[] = {
    // Presence, names, strings
    {"target", [](auto &p) { p.target.reset(); }, "target is missing"},
    {"model", [](auto &p) { p.model.reset(); }, "model is missing"},
    {"envelope", [](auto &p) { p.envelope.reset(); }, "envelope is missing"},
    {"noLaunches", [](auto &p) { p.launches.clear(); }, "launches.size is 0, expected 1 to 16777216"},
    {"utf8", [](auto &p) { p.producer = "v4c \xC3"; },
     "producer has byte 195 at 4, expected UTF-8 without control characters"},
    {"overlongUtf8", [](auto &p) { p.producer = "\xE0\x80\x80"; },
     "producer has byte 224 at 0, expected UTF-8 without control characters"},
    {"control", [](auto &p) { p.target->features[0] = "avx\n"; },
     "target.features[0] has byte 10 at 3, expected UTF-8 without control characters"},
    {"emptyName", [](auto &p) { p.buffers[0]->name = ""; }, "buffers[0].name.size is 0, expected 1 to 65536"},
    {"pathAsName", [](auto &p) { p.probes[0]->name = "../x"; },
     "probes[0].name is '../x', expected at most 200 letters, digits, '_', '.', '-' and '$', the first no '.' or '-'"},
    {"sameName", [](auto &p) { p.pools[0]->name = "embed"; }, "the name 'embed' appears twice, expected unique names"},
    // Blocks of a plan for a GPU
    {"blockOnACpu", [](auto &p) { p.kernels[1]->block = std::make_unique<fb::BlockT>(); },
     "kernels[1].block is there, but the target is 'cpu:x86-64-v3'"},
    {"noBlock", [](auto &p) { p.target->name = "cuda:sm_90a"; },
     "kernels[0].block is missing, but the target is 'cuda:sm_90a'"},
    {"threads", [](auto &p) { onGpu(p).threads = 0; }, "kernels[0].block.threads is 0, expected 1 to 1024"},
    {"manyThreads", [](auto &p) { onGpu(p).threads = 1025; }, "kernels[0].block.threads is 1025, expected 1 to 1024"},
    {"shared", [](auto &p) { onGpu(p).shared_bytes = 232449; },
     "kernels[0].block.shared_bytes is 232449, expected 0 to 232448"},
    {"noCluster", [](auto &p) { onGpu(p).cluster = 0; },
     "kernels[0].block.cluster is 0, expected 1, 2, 4 or 8"},
    {"cluster", [](auto &p) { onGpu(p).cluster = 16; }, "kernels[0].block.cluster is 16, expected 1, 2, 4 or 8"},
    {"clusterWithoutACall", [](auto &p) { onGpu(p).cluster = 2; },
     "kernels[0].block.cluster is 2, expected 1 of a kernel without a call"},
    {"blocksOfClusters", [](auto &p) { clustered(p, 8, 8).call->most_blocks = 132; },
     "kernels[0].block.call.most_blocks is 132, expected a multiple of the cluster of 8"},
    {"tilesOfClusters", [](auto &p) { clustered(p, 8, 12); },
     "launches[0].tiles is 12, expected a multiple of the cluster of 8"},
    {"registersOfTheBlock", [](auto &p) { onGpu(p).threads = 1024, p.kernels[0]->block->registers = 65; },
     "kernels[0].block.registers is 65, of 1024 threads 66560, expected at most 65536"},
    {"registers", [](auto &p) { onGpu(p).registers = 256; }, "kernels[0].block.registers is 256, expected 0 to 255"},
    {"noImage", [](auto &p) { onGpu(p).image_bytes = 0; }, "kernels[0].block.image_bytes is 0, expected 1 to 8"},
    {"imageBehindTheEnd", [](auto &p) { onGpu(p).image_offset = uint64_t(1) << 40; },
     "kernels[0].block.image_offset is 1099511627776, expected 0 to 0"},
    {"unalignedImage", [](auto &p) { onGpu(p).image_offset = 1, p.kernels[0]->block->image_bytes = 4; },
     "kernels[0].block.image_offset is 1, expected a multiple of 64"},
    // Calls of a plan for a GPU
    {"callName", [](auto &p) { calling(p, plain(Kind::Word, 0, 0)).function = ""; },
     "kernels[0].block.call.function.size is 0, expected 1 to 65536"},
    {"callBlocks", [](auto &p) { calling(p, plain(Kind::Word, 0, 0)).most_blocks = 1u << 31; },
     "kernels[0].block.call.most_blocks is 2147483648, expected 0 to 2147483647"},
    {"blocksOfALaunch", [](auto &p) { onGpu(p), p.launches[0]->tiles = uint64_t(1) << 31; },
     "launches[0].tiles is 2147483648, expected 1 to 1073741823"},
    {"noArguments", [](auto &p) { calling(p, plain(Kind::Word, 0, 0)).arguments.clear(); },
     "kernels[0].block.call.arguments.size is 0, expected 1 to 64"},
    {"manyArguments", [](auto &p) { calling(p, plain(Kind::Word, 0, 0)).arguments.resize(65); },
     "kernels[0].block.call.arguments.size is 65, expected 1 to 64"},
    {"manyArgumentBytes", [](auto &p) { calling(p, map(8, 1, 8)).arguments.resize(33, map(8, 1, 8)); },
     "kernels[0].block.call.arguments have 4224 bytes, expected at most 4096"},
    {"argumentKind", [](auto &p) { calling(p, plain(static_cast<Kind>(4), 0, 0)); },
     "kernels[0].block.call.arguments[0].kind is 4, expected 0 to 3"},
    {"argumentBinding", [](auto &p) { calling(p, plain(Kind::Address, 9, 0)); },
     "kernels[0].block.call.arguments[0].binding is 9, expected less than the kernel's 3 bindings"},
    {"argumentRows", [](auto &p) { calling(p, plain(Kind::Rows, 0, 0)); },
     "kernels[0].block.call.arguments[0].value is 0, expected 1 to 1024"},
    {"argumentManyRows", [](auto &p) { calling(p, plain(Kind::Rows, 0, 1025)); },
     "kernels[0].block.call.arguments[0].value is 1025, expected 1 to 1024"},
    {"mapElement",
     [](auto &p) { calling(p, fb::Argument(Kind::Map, Element::I8, 0, 1, 16, 16, 0, 1)); },
     "kernels[0].block.call.arguments[0].element is 0, expected BF16, F32 or F8E4M3"},
    {"mapColumns", [](auto &p) { calling(p, map(0, 1, 8)); },
     "kernels[0].block.call.arguments[0].columns is 0, expected 1 to 2147483647"},
    {"mapBoxRows", [](auto &p) { calling(p, map(8, 257, 8)); },
     "kernels[0].block.call.arguments[0].box_rows is 257, expected 1 to 256"},
    {"mapBoxColumns", [](auto &p) { calling(p, map(8, 1, 0)); },
     "kernels[0].block.call.arguments[0].box_columns is 0, expected 1 to 256"},
    {"mapUnit", [](auto &p) { calling(p, map(12, 1, 8)); },
     "kernels[0].block.call.arguments[0].columns is 12 and .box_columns 8, expected rows of a multiple of 16 bytes"},
    {"mapSwizzle", [](auto &p) { calling(p, map(64, 8, 32, 128)); },
     "kernels[0].block.call.arguments[0].swizzle is 128 for a box with rows of 64 bytes, expected 0, or 128 for as "
     "many bytes"},
    {"mapOfAStep", [](auto &p) { calling(p, map(8, 1, 8)); },
     "launches[0].bindings[0] is a Step under a map of its kernel, expected a Buffer"},
    {"mapRows", [](auto &p) { calling(p, map(8, 1, 8), 3); },
     "launches[3].bindings[0] is under a map of its kernel and has rows Tokens, expected Logits, those of the launch"},
    {"mapWidth", [](auto &p) { calling(p, map(kHidden + 8, 1, 8), 2); },
     "launches[2].bindings[0] has 128 bytes a row, a map of its kernel 144, expected no more"},
    // Variants of a kernel for a GPU
    {"variantsOnACpu",
     [](auto &p) { varying(p, 1), p.target->name = "cpu:x86-64-v3", p.kernels[0]->block.reset(); },
     "kernels[0].variants.size is 1, expected 0 to 0"},
    {"manyVariants",
     [](auto &p) {
       for (uint32_t i = 1; i < 18; ++i)
         varying(p, i);
     },
     "kernels[0].variants.size is 17, expected 0 to 16"},
    {"noRows", [](auto &p) { varying(p, 0); }, "kernels[0].variants[0].most_rows is 0, expected 1 to 2147483647"},
    {"sameRows", [](auto &p) { varying(p, 3), varying(p, 3); },
     "kernels[0].variants[1].most_rows is 3, expected 4 to 2147483647"},
    {"fallingRows", [](auto &p) { varying(p, 3), varying(p, 2); },
     "kernels[0].variants[1].most_rows is 2, expected 4 to 2147483647"},
    {"noRowTile", [](auto &p) { varying(p, 3).row_tile = 0; },
     "kernels[0].variants[0].row_tile is 0, expected 1 to 70368744177664"},
    {"variantWithoutABlock", [](auto &p) { varying(p, 3).block.reset(); }, "kernels[0].variants[0].block is missing"},
    {"variantThreads", [](auto &p) { varying(p, 1), varying(p, 3).block->threads = 0; },
     "kernels[0].variants[1].block.threads is 0, expected 1 to 1024"},
    {"variantCluster", [](auto &p) { clustered(p, 8, 8), varying(p, 3).block->cluster = 4; },
     "kernels[0].variants[0].block.cluster is 4, expected 8, that of the kernel"},
    {"variantTilesOfClusters", [](auto &p) { clustered(p, 8, 8), varying(p, 3).tiles = 4; },
     "launches[0]: kernels[0].variants[0].tiles is 4, expected a multiple of the cluster of 8"},
    {"variantBinding",
     [](auto &p) { calling(p, plain(Kind::Address, 0, 0)), varying(p, 3).block->call->arguments[0] = plain(Kind::Address, 9, 0); },
     "kernels[0].variants[0].block.call.arguments[0].binding is 9, expected less than the kernel's 3 bindings"},
    {"variantMap", [](auto &p) { calling(p, map(8, 1, 8), 2), varying(p, 3, 2).block->call->arguments[0] = map(kHidden + 8, 1, 8); },
     "launches[2].bindings[0] has 128 bytes a row, a map of its kernel 144, expected no more"},
    {"noTiles", [](auto &p) { varying(p, 3).tiles = 0; },
     "launches[0]: kernels[0].variants[0].tiles is 0, expected 1 to 715827882"},
    {"manyTiles", [](auto &p) { varying(p, 1u << 20).tiles = uint64_t(1) << 31; },
     "launches[0]: kernels[0].variants[0].tiles is 2147483648, expected 1 to 268435455"},
    // Model and envelope
    {"vocab", [](auto &p) { p.model->vocab_size = 0; }, "model.vocab_size is 0, expected 1 to 268435456"},
    {"eos", [](auto &p) { p.model->eos_token_id = kVocab; }, "model.eos_token_id is 16, expected 0 to 15"},
    {"digest", [](auto &p) { p.model->config_sha256.pop_back(); }, "model.config_sha256.size is 31, expected 32 to 32"},
    {"tokens", [](auto &p) { p.envelope->max_tokens = 0; }, "envelope.max_tokens is 0, expected 1 to 1048576"},
    {"context", [](auto &p) { p.envelope->max_context = 1u << 31; },
     "envelope.max_context is 2147483648, expected 1 to 1073741824"},
    {"cacheOverflow", [](auto &p) { p.page_bytes = uint64_t(1) << 63; },
     "page_bytes is 9223372036854775808 and state_bytes 8448, too much for the envelope's 2 sequences of 256 tokens"},
    // Kernels
    {"symbol", [](auto &p) { p.kernels[0]->symbol = "a b"; },
     "kernels[0].symbol is 'a b', expected at most 200 letters, digits, '_', '.', '-' and '$', the first no '.' or "
     "'-'"},
    {"stack", [](auto &p) { p.kernels[1]->stack_bytes = 1u << 30; },
     "kernels[1].stack_bytes is 1073741824, expected 0 to 67108864"},
    // Buffers
    {"element", [](auto &p) { p.buffers[0]->element = static_cast<fb::ElementType>(8); },
     "buffers[0].element is 8, expected 0 to 7"},
    {"rows", [](auto &p) { p.buffers[0]->rows = static_cast<fb::RowSpace>(6); },
     "buffers[0].rows is 6, expected 0 to 5"},
    {"power", [](auto &p) { p.buffers[0]->bytes[0] = fb::SizeTerm(1, 0, 3, 0); },
     "buffers[0].bytes has a power of 3, expected at most 2"},
    {"noTerms", [](auto &p) { p.buffers[0]->bytes.clear(); }, "buffers[0].bytes.size is 0, expected 1 to 32"},
    {"hugeTerm", [](auto &p) { p.buffers[0]->bytes[0] = fb::SizeTerm(~uint64_t(0), 2, 2, 2); },
     "buffers[0].bytes reaches 70368744177664 bytes at the envelope"},
    {"smallTerm", [](auto &p) { p.buffers[0]->bytes[0] = fb::SizeTerm(100, 1, 0, 0); },
     "buffers[0].bytes is 864 at the envelope, expected at least 1024 for 8 rows"},
    {"hugeShape",
     [](auto &p) {
       p.buffers[0]->row_shape = {1ull << 40, 1ull << 40};
     },
     "buffers[0].bytes: rows of the buffer's shape reach 70368744177664 bytes at the envelope"},
    {"rank", [](auto &p) { p.buffers[0]->row_shape.assign(9, 1); }, "buffers[0].row_shape.size is 9, expected 0 to 8"},
    {"slot", [](auto &p) { p.buffers[1]->slot = 3; }, "buffers[1].slot is 3, expected less than slots = 3"},
    {"slots", [](auto &p) { p.slots = 5; }, "slots is 5, expected 0 to 4"},
    {"lastLaunch", [](auto &p) { p.buffers[1]->last_launch = 5; }, "buffers[1].last_launch is 5, expected 0 to 4"},
    {"firstLaunch", [](auto &p) { p.buffers[0]->first_launch = 3; }, "buffers[0].first_launch is 3, expected 0 to 2"},
    {"bufferRank", [](auto &p) { p.buffers[0]->rank = 1; }, "buffers[0].rank is 1, expected 0 to 0"},
    {"sharedSlot", [](auto &p) { p.buffers[1]->slot = 0; },
     "buffers[1].first_launch is 2, but buffers[0] lives in the same slot 0 until launch 2"},
    {"arena",
     [](auto &p) {
       // Each fits, their sum does not.
       for (int i = 0; i < 2; ++i)
         p.buffers[i]->bytes.push_back(fb::SizeTerm(uint64_t(3) << 44, 0, 0, 0));
     },
     "buffers[1].bytes: the slots up to it reach 70368744177664 bytes at the envelope"},
    // Weights
    {"exactForms", [](auto &p) { p.weights[0]->exact_forms = 8; }, "weights[0].exact_forms is 8, expected 0 to 7"},
    {"weightOffset", [](auto &p) { p.weights[0]->offset = 64; },
     "weights[0].offset is 64, expected a multiple of 4096"},
    {"weightEnd", [](auto &p) { p.weights[0]->bytes = 4096; },
     "weights[0].bytes is 4096 at offset 0, expected to end within the 2048 bytes of its section"},
    {"weightWrap", [](auto &p) { p.weights[0]->offset = ~uint64_t(4095); },
     "weights[0].bytes is 2048 at offset 18446744073709547520, expected to end within the 2048 bytes of its section"},
    {"weightShape",
     [](auto &p) {
       p.weights[0]->shape = {1ull << 33, 1ull << 33};
     },
     "weights[0].bytes is 2048, too little for its shape"},
    {"weightOverlap",
     [](auto &p) {
       p.weights[1]->in_tables = false;
       p.weights[1]->bytes = 64;
     },
     "weights[1].offset is 0, inside weights[0], which ends at 2048"},
    // Pools
    {"rowBytes", [](auto &p) { p.pools[0]->row_bytes = 592; },
     "pools[0].row_bytes is 592, no kv_compact row of 512 values has that size"},
    {"fp4RowBytes", [](auto &p) { p.pools[1]->row_bytes = 64; },
     "pools[1].row_bytes is 64, expected 68 for 128 values"},
    {"pageRows", [](auto &p) { p.pools[0]->rows = 31; },
     "pools[0].rows is 31 with ratio 4, expected 128 source tokens in a page"},
    {"pageRatio", [](auto &p) { p.pools[0]->ratio = 0; }, "pools[0].ratio is 0, expected 1 to 128"},
    {"poolOffset", [](auto &p) { p.pools[1]->offset += 4; }, "pools[1].offset is 18692, expected a multiple of 64"},
    {"poolEnd", [](auto &p) { p.page_bytes -= 64; },
     "pools[1].offset is 18688 with 2176 bytes, expected to end within page_bytes = 20800"},
    {"poolOverlap", [](auto &p) { p.pools[1]->offset -= 64; },
     "pools[1].offset is 18624, inside pools[0], which ends at 18688"},
    {"stateBytesWithoutPools", [](auto &p) { p.state_bytes = 1 << 20; },
     "state_bytes is 1048576, its 1 pools need at most 12544 with padding"},
    {"pageBytes", [](auto &p) { p.page_bytes += 4; }, "page_bytes is 20868, expected a multiple of 64"},
    // Launches
    {"kernel", [](auto &p) { p.launches[0]->kernel = 5; }, "launches[0].kernel is 5, expected less than the 5 kernels"},
    {"bindingCount", [](auto &p) { p.launches[0]->bindings.pop_back(); },
     "launches[0].bindings.size is 2, expected 3 to 3"},
    {"rowTile", [](auto &p) { p.launches[0]->row_tile = 0; },
     "launches[0].row_tile is 0, expected 1 to 70368744177664"},
    {"tiles", [](auto &p) { p.launches[0]->tiles = ~uint64_t(0); },
     "launches[0].tiles is 18446744073709551615, expected 1 to 549755813888"},
    {"layer", [](auto &p) { p.launches[0]->layer = -2; }, "launches[0].layer is -2, expected -1 to 1"},
    {"layerBehindMtp", [](auto &p) { p.launches[4]->layer = 2; }, "launches[4].layer is 2, expected -1 to 1"},
    {"mainBindsMtpPool", [](auto &p) { p.pools[2]->group = fb::LaunchGroup::Mtp; },
     "launches[1].bindings[3] is pools[2] of group mtp, expected one of the launch's group main"},
    {"poolWithoutMtp",
     [](auto &p) {
       p.model->has_mtp = false;
       p.pools[2]->group = fb::LaunchGroup::Mtp;
     },
     "pools[2].group is mtp, but model.has_mtp is false"},
    {"rings",
     [](auto &p) {
       p.pools[2]->rows = 1u << 24;
       p.pools.push_back(std::make_unique<fb::PoolT>(*p.pools[2]));
       p.pools[3]->name = "layers.0.more";
     },
     "pools: 2 rings of up to 16777216 rows, expected a product of at most 16777216"},
    {"poolGroup", [](auto &p) { p.pools[0]->group = fb::LaunchGroup::MtpDraft; },
     "pools[0].group is mtp_draft, expected main or mtp"},
    {"draftWithoutMtp",
     [](auto &p) {
       p.model->has_mtp = false;
       p.launches[4]->group = fb::LaunchGroup::MtpDraft;
     },
     "launches[4].group is mtp_draft, but model.has_mtp is false"},
    {"onlyDraftsWrite", [](auto &p) { p.launches[4]->group = fb::LaunchGroup::MtpDraft; },
     "mtp_logits_buffer is buffers[3], which no launch of group Mtp writes"},
    {"mtpWithoutMtp", [](auto &p) { p.model->has_mtp = false; },
     "launches[4].group is mtp, but model.has_mtp is false"},
    {"bindingKind", [](auto &p) { at(p, 0, 0) = bind(static_cast<fb::BindingKind>(4), fb::Access::In, 0); },
     "launches[0].bindings[0].kind is 4, expected 0 to 3"},
    {"bindingIndex", [](auto &p) { at(p, 0, 1) = bind(fb::BindingKind::Weight, fb::Access::In, 2); },
     "launches[0].bindings[1].index is 2, expected less than 2 for a Weight"},
    {"stepField", [](auto &p) { at(p, 0, 0) = bind(fb::BindingKind::Step, fb::Access::In, 13); },
     "launches[0].bindings[0].index is 13, expected less than 13 for a Step"},
    {"writesWeight", [](auto &p) { at(p, 0, 1) = bind(fb::BindingKind::Weight, fb::Access::Out, 0); },
     "launches[0].bindings[1].access is Out, a Weight is read only"},
    {"readsAndWritesPool", [](auto &p) { at(p, 2, 1) = bind(fb::BindingKind::Pool, fb::Access::Out, 2); },
     "launches[2] writes Pool 2 and binds it a second time, expected one binding"},
    {"useAfterLife", [](auto &p) { at(p, 3, 0) = bind(fb::BindingKind::Buffer, fb::Access::In, 0); },
     "launches[3].bindings[0] uses buffers[0], which lives in launches 0 to 2"},
    {"readBeforeWrite", [](auto &p) { at(p, 0, 2) = bind(fb::BindingKind::Buffer, fb::Access::In, 0); },
     "launches[0].bindings[2] reads buffers[0], which no launch before it in its group writes"},
    {"mainReadsMtp", [](auto &p) { p.launches[2]->group = fb::LaunchGroup::Mtp; },
     "launches[3].bindings[0] reads buffers[1], which no launch before it in its group writes"},
    // Probes and logits
    {"probeBuffer", [](auto &p) { p.probes[0]->buffer = 4; },
     "probes[0].buffer is 4, expected less than the 4 buffers"},
    {"probeDead", [](auto &p) { p.probes[0]->after_launch = 1; }, "probes[0].after_launch is 1, expected 2 to 4"},
    {"probeUnwritten",
     [](auto &p) {
       p.buffers[1]->first_launch = 1;
       p.probes[0]->after_launch = 1;
     },
     "probes[0].after_launch is 1, but no launch up to it writes buffers[1]"},
    {"logits", [](auto &p) { p.logits_buffer = 1; },
     "logits_buffer is buffers[1] with element F32, rows Tokens and 1 dimensions, expected F32, Logits and [16]"},
    {"logitsAlive", [](auto &p) { p.buffers[2]->last_launch = 3; },
     "logits_buffer is buffers[2], which lives until launch 3, expected 4, the last one"},
    {"mtpLogits", [](auto &p) { p.mtp_logits_buffer = -7; }, "mtp_logits_buffer is -7, expected -1 or a buffer"},
};

TEST(Validator, mapsWithinTheirBuffers) {
  FakePlan fake;
  calling(fake.program, map(kHidden, 64, 64, 128), 2);
  EXPECT_EQ(load(fake), "");
}

TEST(Validator, variants) {
  FakePlan fake;
  calling(fake.program, map(kHidden, 64, 64, 128), 2);
  varying(fake.program, 1, 2).block->call->arguments[0] = map(kHidden, 8, 64, 128);
  varying(fake.program, 8, 2);
  varying(fake.program, 1u << 20, 2); // more rows than a step has
  EXPECT_EQ(load(fake), "");
}

TEST(Validator, clusters) {
  FakePlan fake;
  clustered(fake.program, 8, 16).call->most_blocks = 128;
  varying(fake.program, 3).tiles = 8;
  EXPECT_EQ(load(fake), "");
}

TEST(Validator, acceptsTheFakePlan) { EXPECT_EQ(load(FakePlan()), ""); }

TEST(Validator, refusesEachMistake) {
  for (const Case &mistake : kCases) {
    FakePlan fake;
    mistake.change(fake.program);
    EXPECT_EQ(load(fake), joinText("engine.v4plan: ", mistake.message, "; rebuild the plan with v4-compile"))
        << mistake.name;
  }
}

TEST(Validator, missingVector) {
  // A field is missing when its entry of the table's field list is 0.
  FakePlan fake;
  std::vector<uint8_t> metadata = fake.metadata();
  auto *table = const_cast<uint8_t *>(reinterpret_cast<const uint8_t *>(fb::GetProgram(metadata.data())));
  int32_t toFields;
  std::memcpy(&toFields, table, sizeof(toFields));
  std::memset(table - toFields + fb::Program::VT_POOLS, 0, 2);
  PlanBytes file = fake.build(metadata);
  Plan plan;
  EXPECT_EQ(checkPlan("engine.v4plan", file.view(), plan).message(),
            "engine.v4plan: pools is missing; rebuild the plan with v4-compile");
}

TEST(Validator, sharedContentsEndSoon) {
  // Many tables that share one long string: small on disk, endless to look at.
  FakePlan fake;
  std::string text(60000, 'x');
  flatbuffers::FlatBufferBuilder builder;
  auto shared = builder.CreateString(text);
  std::vector<flatbuffers::Offset<fb::Option>> options;
  for (int i = 0; i < 100000; ++i)
    options.push_back(fb::CreateOption(builder, shared, shared));
  auto vector = builder.CreateVector(options);
  auto target =
      fb::CreateTarget(builder, shared, builder.CreateVector(std::vector<flatbuffers::Offset<flatbuffers::String>>()));
  auto model = fb::CreateModel(builder, &*fake.program.model);
  auto envelope = fb::CreateEnvelope(builder, &*fake.program.envelope);
  auto none = builder.CreateVector(std::vector<flatbuffers::Offset<fb::Buffer>>());
  auto launch = fb::CreateLaunch(builder);
  auto launches = builder.CreateVector(&launch, 1);
  fb::FinishProgramBuffer(builder, fb::CreateProgram(builder, shared, vector, target, model, envelope, none, none.o,
                                                     none.o, none.o, launches, none.o));
  PlanBytes file = fake.build({builder.GetBufferPointer(), builder.GetBufferPointer() + builder.GetSize()});
  Plan plan;
  std::string message = checkPlan("engine.v4plan", file.view(), plan).message();
  EXPECT_NE(message.find("the plan repeats its contents more than"), std::string::npos) << message;
}

} // namespace
