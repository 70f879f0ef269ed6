//===- FakePlan.h - A small plan built in memory ----------------*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Two sequences, eight tokens, one layer: every table of the schema has entries,
// every rule of the validator something to look at. Tests change `program` (the
// object form of the schema) or the finished bytes.
//
//   launch 0  embed    step.token_ids, weight embed           -> hidden
//   launch 1  store    hidden, step.page_offsets              -> pools rows, window
//   launch 2  attend   hidden, pools rows, window, table ids  -> mixed
//   launch 3  head     mixed, step.logits_rows, weight embed  -> logits
//   launch 4  mtp_head mixed (group mtp)                      -> mtp_logits
//
//===----------------------------------------------------------------------===//

#ifndef V4_TEST_PLAN_FAKEPLAN_H
#define V4_TEST_PLAN_FAKEPLAN_H

#include "runtime/plan/KernelAbi.h"
#include "runtime/plan/PlanLoader.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <sodium.h>
#include <vector>

namespace v4::plan::test {

inline constexpr uint32_t kVocab = 16;
inline constexpr uint32_t kHidden = 64;

/// As the maker of signed fake plans signs. Another `seed` is another maker.
inline SignatureBlock signHeader(const Header &header, uint8_t seed = 1) {
  uint8_t seeds[crypto_sign_SEEDBYTES], secret[crypto_sign_SECRETKEYBYTES];
  std::memset(seeds, seed, sizeof(seeds));
  SignatureBlock block = {};
  crypto_sign_seed_keypair(block.publicKey, secret, seeds);
  SignedMessage message;
  message.header = header;
  crypto_sign_detached(block.signature, nullptr, reinterpret_cast<const uint8_t *>(&message), sizeof(message), secret);
  return block;
}

/// A file in memory, aligned as a mapping is.
class PlanBytes {
public:
  explicit PlanBytes(uint64_t size) : count(size) {
    uint64_t rounded = (size + 4095) / 4096 * 4096;
    bytes.reset(static_cast<uint8_t *>(std::aligned_alloc(4096, rounded ? rounded : 4096)));
    std::memset(bytes.get(), 0, rounded);
  }
  uint8_t *data() { return bytes.get(); }
  uint64_t size() const { return count; }
  uint8_t &operator[](uint64_t index) { return bytes.get()[index]; }
  Header &header() { return *reinterpret_cast<Header *>(bytes.get()); }
  Section &section(SectionKind kind) { return header().sections[static_cast<uint32_t>(kind)]; }
  uint8_t *sectionData(SectionKind kind) { return data() + section(kind).offset; }
  Bytes view() const { return {bytes.get(), count}; }

  /// Makes hashes and seal agree with the contents again.
  void rehash() {
    Digest metadata = hashSection(SectionKind::Metadata);
    Section &code = section(SectionKind::Code);
    std::memcpy(data() + code.offset + code.bytes - kHashBytes, metadata.bytes, kHashBytes);
    Hasher all;
    for (SectionKind kind : {SectionKind::Metadata, SectionKind::Code, SectionKind::Tables, SectionKind::Hashes})
      all.update(hashSection(kind));
    std::memcpy(header().planHash, all.finish().bytes, kHashBytes);
    rehashHeader();
  }
  void rehashHeader() {
    std::memcpy(header().headerHash, hashBytes(data(), sizeof(Header) - kHashBytes).bytes, kHashBytes);
  }
  /// REQUIRES: the file has room for the block.
  void sign(uint8_t seed = 1) {
    SignatureBlock block = signHeader(header(), seed);
    std::memcpy(data() + sizeof(Header), &block, sizeof(block));
  }

private:
  struct Free {
    void operator()(uint8_t *pointer) const { std::free(pointer); }
  };
  Digest hashSection(SectionKind kind) { return hashBytes(sectionData(kind), section(kind).bytes); }

  std::unique_ptr<uint8_t, Free> bytes;
  uint64_t count;
};

/// A plan from a file, or no bytes when it cannot be read.
inline PlanBytes readPlan(const char *path) {
  std::ifstream in(path, std::ios::binary | std::ios::ate);
  PlanBytes file(in ? static_cast<uint64_t>(in.tellg()) : 0);
  in.seekg(0);
  in.read(reinterpret_cast<char *>(file.data()), static_cast<std::streamsize>(file.size()));
  return in ? std::move(file) : PlanBytes(0);
}

/// What a test may change before it builds the file.
struct FakePlan {
  fb::ProgramT program;
  std::vector<uint8_t> code = {0x7F, 'E', 'L', 'F', 2, 1, 1, 0};
  std::vector<uint8_t> tables = std::vector<uint8_t>(kVocab * 4, 3);
  std::vector<uint8_t> weights = std::vector<uint8_t>(kVocab * kHidden * 2, 7);
  bool isSigned = false;

  FakePlan();
  /// The launches behind all others that pick tokens: 5 of the model, 6 of the MTP block.
  void addSampling();
  std::vector<uint8_t> metadata() const {
    flatbuffers::FlatBufferBuilder builder;
    fb::FinishProgramBuffer(builder, fb::CreateProgram(builder, &program));
    return {builder.GetBufferPointer(), builder.GetBufferPointer() + builder.GetSize()};
  }
  PlanBytes build() const { return build(metadata()); }
  PlanBytes build(const std::vector<uint8_t> &metadata) const;

private:
  void addBuffer(const char *name, fb::ElementType element, fb::RowSpace rows, uint64_t width, uint64_t bytesPerRow,
                 uint32_t slot, uint32_t first, uint32_t last);
  void addWeight(const char *name, fb::ElementType element, std::vector<uint64_t> shape, bool inTables, uint64_t bytes);
  void addPool(const char *name, fb::PoolKind kind, fb::RowEncoding encoding, uint32_t ratio, uint32_t rows,
               uint32_t values, uint64_t rowBytes, uint64_t offset);
  void addLaunch(const char *symbol, fb::LaunchGroup group, fb::RowSpace rows, std::vector<fb::Binding> bindings);
};

inline fb::Binding bind(fb::BindingKind kind, fb::Access access, uint32_t index) { return {kind, access, index}; }

inline void FakePlan::addBuffer(const char *name, fb::ElementType element, fb::RowSpace rows, uint64_t width,
                                uint64_t bytesPerRow, uint32_t slot, uint32_t first, uint32_t last) {
  auto buffer = std::make_unique<fb::BufferT>();
  buffer->name = name;
  buffer->element = element;
  buffer->rows = rows;
  buffer->row_shape = {width};
  buffer->bytes = {fb::SizeTerm(bytesPerRow, 1, 0, 0), fb::SizeTerm(64, 0, 0, 0)};
  buffer->slot = slot;
  buffer->first_launch = first;
  buffer->last_launch = last;
  program.buffers.push_back(std::move(buffer));
}

inline void FakePlan::addWeight(const char *name, fb::ElementType element, std::vector<uint64_t> shape, bool inTables,
                                uint64_t bytes) {
  auto weight = std::make_unique<fb::WeightT>();
  weight->name = name;
  weight->element = element;
  weight->shape = std::move(shape);
  weight->layout = "row_major";
  weight->in_tables = inTables;
  weight->offset = 0;
  weight->bytes = bytes;
  weight->sources = {std::string("checkpoint.") + name};
  weight->recipe = inTables ? "i64_to_i32" : "copy";
  program.weights.push_back(std::move(weight));
}

inline void FakePlan::addPool(const char *name, fb::PoolKind kind, fb::RowEncoding encoding, uint32_t ratio,
                              uint32_t rows, uint32_t values, uint64_t rowBytes, uint64_t offset) {
  auto pool = std::make_unique<fb::PoolT>();
  pool->name = name;
  pool->kind = kind;
  pool->encoding = encoding;
  pool->ratio = ratio;
  pool->rows = rows;
  pool->row_values = values;
  pool->row_bytes = rowBytes;
  pool->offset = offset;
  program.pools.push_back(std::move(pool));
}

inline void FakePlan::addLaunch(const char *symbol, fb::LaunchGroup group, fb::RowSpace rows,
                                std::vector<fb::Binding> bindings) {
  auto kernel = std::make_unique<fb::KernelT>();
  kernel->symbol = symbol;
  kernel->op = symbol;
  kernel->bindings = static_cast<uint32_t>(bindings.size());
  kernel->stack_bytes = 1024;
  auto launch = std::make_unique<fb::LaunchT>();
  launch->kernel = static_cast<uint32_t>(program.kernels.size());
  launch->group = group;
  launch->rows = rows;
  launch->row_tile = 4;
  launch->tiles = 2;
  launch->bindings = std::move(bindings);
  launch->layer = 0;
  program.kernels.push_back(std::move(kernel));
  program.launches.push_back(std::move(launch));
}

inline FakePlan::FakePlan() {
  using Kind = fb::BindingKind;
  using fb::Access;
  auto step = [](StepField field) { return bind(Kind::Step, Access::In, static_cast<uint32_t>(field)); };
  program.producer = "v4c fake";
  auto option = std::make_unique<fb::OptionT>();
  option->name = "max-tokens";
  option->value = "8";
  program.options.push_back(std::move(option));
  program.target = std::make_unique<fb::TargetT>();
  program.target->name = "cpu:x86-64-v3";
  program.target->features = {"avx2", "fma"};
  program.model = std::make_unique<fb::ModelT>();
  program.model->vocab_size = kVocab;
  program.model->hidden_size = kHidden;
  program.model->layers = 1;
  program.model->window = 32;
  program.model->has_mtp = true;
  program.model->config_sha256.assign(32, 0xAB);
  program.envelope = std::make_unique<fb::EnvelopeT>();
  program.envelope->max_tokens = 8;
  program.envelope->max_sequences = 2;
  program.envelope->max_context = 256;
  program.envelope->max_draft = 1;

  addBuffer("hidden", fb::ElementType::BF16, fb::RowSpace::Tokens, kHidden, 2 * kHidden, 0, 0, 2);
  addBuffer("mixed", fb::ElementType::F32, fb::RowSpace::Tokens, kHidden, 4 * kHidden, 1, 2, 4);
  addBuffer("logits", fb::ElementType::F32, fb::RowSpace::Logits, kVocab, 4 * kVocab, 0, 3, 4);
  addBuffer("mtp_logits", fb::ElementType::F32, fb::RowSpace::Logits, kVocab, 4 * kVocab, 2, 4, 4);
  program.slots = 3;
  program.logits_buffer = 2;
  program.mtp_logits_buffer = 3;
  addWeight("embed", fb::ElementType::BF16, {kVocab, kHidden}, false, kVocab * kHidden * 2);
  addWeight("ids", fb::ElementType::I32, {kVocab}, true, kVocab * 4);
  addPool("layers.0.rows", fb::PoolKind::Page, fb::RowEncoding::KvCompact, 4, 32, 512, 584, 0);
  addPool("layers.0.keys", fb::PoolKind::Page, fb::RowEncoding::IndexFp4, 4, 32, 128, 68, 32 * 584);
  addPool("layers.0.window", fb::PoolKind::State, fb::RowEncoding::F32, 1, 33, 64, 256, 0);
  program.page_bytes = 32 * 584 + 32 * 68;
  program.state_bytes = 33 * 256;

  addLaunch("embed_0", fb::LaunchGroup::Main, fb::RowSpace::Tokens,
            {step(StepField::TokenIds), bind(Kind::Weight, Access::In, 0), bind(Kind::Buffer, Access::Out, 0)});
  addLaunch("store_0", fb::LaunchGroup::Main, fb::RowSpace::Chunks4,
            {bind(Kind::Buffer, Access::In, 0), step(StepField::PageOffsets), bind(Kind::Pool, Access::Out, 0),
             bind(Kind::Pool, Access::Out, 2)});
  addLaunch("attend_0", fb::LaunchGroup::Main, fb::RowSpace::Tokens,
            {bind(Kind::Buffer, Access::In, 0), bind(Kind::Pool, Access::In, 0), bind(Kind::Pool, Access::In, 2),
             bind(Kind::Weight, Access::In, 1), bind(Kind::Buffer, Access::Out, 1)});
  addLaunch("head_0", fb::LaunchGroup::Main, fb::RowSpace::Logits,
            {bind(Kind::Buffer, Access::In, 1), step(StepField::LogitsRows), bind(Kind::Weight, Access::In, 0),
             bind(Kind::Buffer, Access::Out, 2)});
  addLaunch("mtp_head_0", fb::LaunchGroup::Mtp, fb::RowSpace::Logits,
            {bind(Kind::Buffer, Access::In, 1), bind(Kind::Buffer, Access::Out, 3)});
  auto probe = std::make_unique<fb::ProbeT>();
  probe->name = "layers.0.streams";
  probe->buffer = 1;
  probe->after_launch = 2;
  program.probes.push_back(std::move(probe));
}

inline void FakePlan::addSampling() {
  using Kind = fb::BindingKind;
  for (uint32_t i = 0; i < 2; ++i) {
    uint32_t launch = 5 + i, rows = static_cast<uint32_t>(program.buffers.size());
    addBuffer(i ? "mtp_samples" : "samples", fb::ElementType::I32, fb::RowSpace::Logits, 12, 48, 3, launch, launch);
    addLaunch(i ? "mtp_sample_0" : "sample_0", i ? fb::LaunchGroup::MtpSample : fb::LaunchGroup::Sample,
              fb::RowSpace::Logits,
              {bind(Kind::Buffer, fb::Access::In, 2 + i), bind(Kind::Buffer, fb::Access::Out, rows)});
    program.launches.back()->row_tile = program.launches.back()->tiles = 1;
  }
  program.slots = 4;
  for (uint32_t logits : {program.logits_buffer, static_cast<uint32_t>(program.mtp_logits_buffer)})
    program.buffers[logits]->last_launch = 6;
}

inline PlanBytes FakePlan::build(const std::vector<uint8_t> &metadata) const {
  std::vector<uint8_t> sealed = code;
  sealed.resize(code.size() + kHashBytes);
  std::vector<uint8_t> hashes;
  for (uint64_t begin = 0; begin < weights.size(); begin += kHashChunkBytes) {
    Digest digest = hashBytes(weights.data() + begin, std::min<uint64_t>(kHashChunkBytes, weights.size() - begin));
    hashes.insert(hashes.end(), digest.bytes, digest.bytes + kHashBytes);
  }
  const std::vector<uint8_t> *contents[] = {&metadata, &sealed, &tables, &hashes, &weights};
  const uint64_t alignments[] = {kMetadataAlignment, kSectionAlignment, kSectionAlignment, kSectionAlignment,
                                 kWeightsAlignment};
  Section sections[kSectionCount] = {};
  uint64_t features = isSigned ? kFeatureSigned : 0;
  for (const auto &kernel : program.kernels) {
    features |= kernel && kernel->block && kernel->block->call ? kFeatureCalls : 0;
    for (size_t i = 0; kernel && i < kernel->variants.size(); ++i) {
      const auto &block = kernel->variants[i]->block;
      features |= kFeatureVariants | (block && block->call ? kFeatureCalls : 0);
    }
  }
  for (const auto &launch : program.launches)
    if (launch && launch->group >= fb::LaunchGroup::Sample)
      features |= kFeatureSampling;
  uint64_t end = headerBytes(features);
  for (uint32_t i = 0; i < kSectionCount; ++i) {
    if (contents[i]->empty())
      continue;
    sections[i] = {(end + alignments[i] - 1) / alignments[i] * alignments[i], contents[i]->size()};
    end = sections[i].offset + sections[i].bytes;
  }
  PlanBytes file(end);
  Header &header = file.header();
  std::memcpy(header.magic, kMagic, sizeof(kMagic));
  header.formatVersion = kFormatVersion;
  header.abiVersion = kAbiVersion;
  header.requiredFeatures = features;
  header.fileBytes = end;
  header.sectionCount = kSectionCount;
  for (uint32_t i = 0; i < kSectionCount; ++i) {
    header.sections[i] = sections[i];
    std::copy(contents[i]->begin(), contents[i]->end(), file.data() + sections[i].offset);
  }
  file.rehash();
  if (isSigned)
    file.sign();
  return file;
}

} // namespace v4::plan::test

#endif // V4_TEST_PLAN_FAKEPLAN_H
