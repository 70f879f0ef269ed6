//===- FakePlan.cpp - A small legal plan for tests of the runtime ---------===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "FakePlan.h"

#include "runtime/base/Hash.h"
#include "runtime/plan/Format.h"

#include <cstring>

using namespace v4;
using namespace v4::plan;
using namespace v4::test;

extern "C" {
void fake_scan(const v4_kernel_args *, int64_t, int64_t);
void fake_append(const v4_kernel_args *, int64_t, int64_t);
void fake_save(const v4_kernel_args *, int64_t, int64_t);
void fake_logits(const v4_kernel_args *, int64_t, int64_t);
void fake_mtp_scan(const v4_kernel_args *, int64_t, int64_t);
void fake_mtp(const v4_kernel_args *, int64_t, int64_t);
void fake_mtp_save(const v4_kernel_args *, int64_t, int64_t);
}

namespace {

enum BufferIndex : uint32_t { kHash = 0, kStreams = 1, kLogits = 2, kMtpLogits = 3, kMtpSums = 4, kTwin = 5 };
/// With `sampling`, behind all others; it goes without `twinLogits`.
constexpr uint32_t kSamples = 5, kMtpSamples = 6, kSampleKernel = 7;
enum PoolIndex : uint32_t {
  kCoarsePool,
  kRowPool,
  kStatePool,
  kWindowPool,
  kPartialPool,
  kMtpStreamsPool,
  kMtpWindowPool
};
enum KernelIndex : uint32_t { kScan, kAppend, kSave, kLogitsKernel, kMtpScan, kMtp, kMtpSave };
using Builder = flatbuffers::FlatBufferBuilder;

fb::Binding step(StepField field) {
  return fb::Binding(fb::BindingKind::Step, fb::Access::In, static_cast<uint32_t>(field));
}
fb::Binding in(uint32_t buffer) { return fb::Binding(fb::BindingKind::Buffer, fb::Access::In, buffer); }
fb::Binding out(uint32_t buffer) { return fb::Binding(fb::BindingKind::Buffer, fb::Access::Out, buffer); }
fb::Binding pool(fb::Access access, uint32_t index) { return fb::Binding(fb::BindingKind::Pool, access, index); }

auto buffer(Builder &b, const char *name, fb::ElementType element, fb::RowSpace rows, uint64_t width,
            uint64_t bytesPerToken, uint32_t first, uint32_t last, uint32_t slot) {
  std::vector<uint64_t> shape{width};
  std::vector<fb::SizeTerm> terms{fb::SizeTerm(bytesPerToken, 1, 0, 0)};
  return fb::CreateBuffer(b, b.CreateString(name), element, rows, b.CreateVector(shape), b.CreateVectorOfStructs(terms),
                          slot, first, last);
}

auto buffers(Builder &b, bool twin, bool sampling) {
  uint32_t block = twin ? 6 : 5, last = block + (sampling ? 4 : 2);
  std::vector<flatbuffers::Offset<fb::Buffer>> list{
      buffer(b, "hash", fb::ElementType::I32, fb::RowSpace::Tokens, 1, 4, 0, last, 0),
      buffer(b, "streams", fb::ElementType::BF16, fb::RowSpace::Tokens, 2, 4, 0, 0, 1),
      buffer(b, "logits", fb::ElementType::F32, fb::RowSpace::Logits, kVocabulary, 4 * kVocabulary, 2, last, 2),
      buffer(b, "mtp_logits", fb::ElementType::F32, fb::RowSpace::Logits, kVocabulary, 4 * kVocabulary, block, last, 3),
      buffer(b, "mtp_sums", fb::ElementType::I32, fb::RowSpace::Tokens, 1, 4, block - 1, last, 4),
  };
  if (twin)
    list.push_back(
        buffer(b, "twin_logits", fb::ElementType::F32, fb::RowSpace::Logits, kVocabulary, 4 * kVocabulary, 3, 3, 5));
  for (uint32_t launch = last - 1; sampling && launch <= last; ++launch)
    list.push_back(buffer(b, launch < last ? "samples" : "mtp_samples", fb::ElementType::I32, fb::RowSpace::Logits, 12,
                          48, launch, launch, 5));
  return b.CreateVector(list);
}

/// Where the state ends that pools() lays out.
constexpr uint64_t kStateBytes = 1344;

auto pools(Builder &b) {
  auto page = [&](const char *name, uint32_t ratio, uint32_t rows, uint64_t offset) {
    return fb::CreatePool(b, b.CreateString(name), fb::PoolKind::Page, fb::RowEncoding::F32, ratio, rows, 1, 4, offset);
  };
  auto state = [&](const char *name, fb::LaunchGroup group, uint32_t rows, uint64_t offset, uint32_t period,
                   uint32_t history, uint32_t lag) {
    return fb::CreatePool(b, b.CreateString(name), fb::PoolKind::State, fb::RowEncoding::F32, 1, rows, 1, 4, offset,
                          group, 0, period, history, lag);
  };
  return b.CreateVector(std::vector<flatbuffers::Offset<fb::Pool>>{
      page("layers.1.rows", 128, 1, 0),
      page("layers.0.rows", 4, 32, 64),
      state("layers.0.state", fb::LaunchGroup::Main, 4, 0, 1, 1, 0),
      state("layers.0.window", fb::LaunchGroup::Main, 131, 64, 1, 127, 0),
      state("layers.0.partial", fb::LaunchGroup::Main, 10, 640, 4, 4, 0),
      state("mtp.0.streams", fb::LaunchGroup::Mtp, 4, 704, 1, 1, 0),
      state("mtp.0.window", fb::LaunchGroup::Mtp, 131, 768, 1, 128, 1),
  });
}

/// All bindings, then the workgroups as two words: a launch of it has one for each row.
auto callOf(Builder &b, const std::string &function, uint32_t bindings) {
  auto argument = [](fb::ArgumentKind kind, uint32_t binding, uint32_t value) {
    return fb::Argument(kind, fb::ElementType::I8, 0, 0, 0, 0, binding, value);
  };
  std::vector<fb::Argument> list;
  for (uint32_t i = 0; i < bindings; ++i)
    list.push_back(argument(fb::ArgumentKind::Address, i, 0));
  list.push_back(argument(fb::ArgumentKind::Rows, 0, 1));
  list.push_back(argument(fb::ArgumentKind::Word, 0, 0));
  auto name = b.CreateString(function);
  return fb::CreateCall(b, name, 0, b.CreateVectorOfStructs(list));
}

/// Two more kernels that do the same, with as many blocks as there are sequences.
auto variantsOf(Builder &b, uint32_t bindings, const FakeOptions &options) {
  auto make = [&](uint32_t most, const char *function) {
    auto call = callOf(b, function, bindings);
    auto block = fb::CreateBlock(b, 1, 0, options.cluster, 32, 0, options.imageBytes, call);
    return fb::CreateVariant(b, most, most, most * options.cluster, block);
  };
  return b.CreateVector(
      std::vector<flatbuffers::Offset<fb::Variant>>{make(1, "fake_save_one"), make(2, "fake_save_two")});
}

/// sampleRows of codegen/cuda/kernels; of few threads, which are quick to play.
auto sampleCall(Builder &b) {
  auto argument = [](fb::ArgumentKind kind, uint32_t binding, uint32_t value) {
    return fb::Argument(kind, fb::ElementType::I8, 0, 0, 0, 0, binding, value);
  };
  std::vector<fb::Argument> list{argument(fb::ArgumentKind::Address, 0, 0), argument(fb::ArgumentKind::Address, 1, 0),
                                 argument(fb::ArgumentKind::Rows, 0, 1),
                                 argument(fb::ArgumentKind::Word, 0, kVocabulary)};
  auto name = b.CreateString("sampleRows_64");
  return fb::CreateCall(b, name, 0, b.CreateVectorOfStructs(list));
}

/// tensorRate of codegen/cuda/kernels: of e4m3 or bf16, with the operations of one block and round.
auto rateKernel(Builder &b, bool bf16, uint64_t imageBytes) {
  std::vector<fb::Argument> list{fb::Argument(fb::ArgumentKind::Address, fb::ElementType::I8, 0, 0, 0, 0, 0, 0),
                                 fb::Argument(fb::ArgumentKind::Rows, fb::ElementType::I8, 0, 0, 0, 0, 0, 1)};
  auto function = b.CreateString(bf16 ? "tensorRate_1_2" : "tensorRate_0_2");
  auto call = fb::CreateCall(b, function, 0, b.CreateVectorOfStructs(list));
  auto block = fb::CreateBlock(b, 256, 49152, 1, 154, 0, imageBytes, call);
  auto name = b.CreateString(bf16 ? "bf16_tensor_rate_0" : "fp8_tensor_rate_0");
  auto op = b.CreateString(bf16 ? "bf16_tensor_rate" : "fp8_tensor_rate");
  std::vector<fb::CostTerm> costs{
      fb::CostTerm(fb::CostKind::DotFlops, fb::CostUnit::One, 1, 0, bf16 ? 1 << 24 : 1 << 25)};
  return fb::CreateKernel(b, name, op, 1, 0, b.CreateVectorOfStructs(costs), -1, block);
}

auto kernels(Builder &b, const FakeOptions &options) {
  auto make = [&](std::string symbol, uint32_t bindings) {
    auto call = flatbuffers::Offset<fb::Call>();
    auto variants = flatbuffers::Offset<flatbuffers::Vector<flatbuffers::Offset<fb::Variant>>>();
    if (options.calls && symbol == "fake_save") {
      call = callOf(b, symbol, bindings);
      if (options.variants)
        variants = variantsOf(b, bindings, options);
      symbol = "save_0"; // the image has no function of that name
    }
    auto name = b.CreateString(symbol), op = b.CreateString("fake");
    // The kernel in the middle asks for more shared memory than blocks have without asking.
    uint64_t shared = symbol == "fake_logits" ? 64 << 10 : 0;
    uint64_t imageBytes =
        symbol == "fake_mtp_save" && options.lastImageBytes ? options.lastImageBytes : options.imageBytes;
    uint32_t cluster = call.IsNull() ? 1 : options.cluster;
    auto block =
        imageBytes ? fb::CreateBlock(b, 1, shared, cluster, 32, 0, imageBytes, call) : flatbuffers::Offset<fb::Block>();
    return fb::CreateKernel(b, name, op, bindings, 128, 0, -1, block, variants);
  };
  std::vector<flatbuffers::Offset<fb::Kernel>> list{
      make(options.firstSymbol, 9), make("fake_append", 10), make("fake_save", 5),    make("fake_logits", 8),
      make("fake_mtp_scan", 8),     make("fake_mtp", 3),     make("fake_mtp_save", 5)};
  if (options.sampling) {
    auto call = sampleCall(b);
    auto block = fb::CreateBlock(b, 64, 67744, 1, 32, 0, options.imageBytes, call);
    auto name = b.CreateString("sample_rows_0"), op = b.CreateString("sample_rows");
    list.push_back(fb::CreateKernel(b, name, op, 2, 0, 0, -1, block));
  }
  for (int bf16 = 0; bf16 < 2 && options.rates; ++bf16)
    list.push_back(rateKernel(b, bf16, options.imageBytes));
  return b.CreateVector(list);
}

auto launches(Builder &b, const FakeOptions &options) {
  bool twin = options.twinLogits, sampling = options.sampling;
  auto make = [&](uint32_t kernel, fb::LaunchGroup group, fb::RowSpace rows, uint64_t tiles,
                  const std::vector<fb::Binding> &bindings, bool barrier = true) {
    return fb::CreateLaunch(b, kernel, group, rows, 1, tiles, b.CreateVectorOfStructs(bindings), 0, 0, barrier);
  };
  auto logits = [&](uint32_t result, bool barrier) {
    using F = StepField;
    return make(kLogitsKernel, fb::LaunchGroup::Main, fb::RowSpace::Logits, 2,
                {step(F::LogitsRows), step(F::TokenSlots), step(F::Positions), step(F::PageOffsets), step(F::Counts),
                 in(kHash), pool(fb::Access::In, kRowPool), out(result)},
                barrier);
  };
  using F = StepField;
  fb::Binding weight(fb::BindingKind::Weight, fb::Access::In, 0);
  std::vector<flatbuffers::Offset<fb::Launch>> list{
      make(kScan, fb::LaunchGroup::Main, fb::RowSpace::Sequences, 1,
           {step(F::TokenIds), step(F::SlotRows), step(F::StateOffsets), step(F::Positions), weight,
            pool(fb::Access::Out, kStatePool), pool(fb::Access::Out, kWindowPool), out(kHash), out(kStreams)}),
      make(kAppend, fb::LaunchGroup::Main, fb::RowSpace::Chunks4, 1,
           {step(F::Chunks4Slots), step(F::Chunks4Indices), step(F::SlotRows), step(F::SlotStarts),
            step(F::PageOffsets), step(F::Counts), step(F::StateOffsets), in(kHash), pool(fb::Access::In, kPartialPool),
            pool(fb::Access::Out, kRowPool)}),
      logits(kLogits, true),
  };
  if (twin)
    list.push_back(logits(kTwin, false));
  list.push_back(make(
      kSave, fb::LaunchGroup::Main, fb::RowSpace::Sequences, options.cluster,
      {step(F::SlotRows), step(F::Positions), step(F::StateOffsets), in(kHash), pool(fb::Access::Out, kPartialPool)}));
  list.push_back(make(kMtpScan, fb::LaunchGroup::Mtp, fb::RowSpace::Sequences, 1,
                      {step(F::TokenIds), step(F::SlotRows), step(F::StateOffsets), step(F::Positions), in(kHash),
                       pool(fb::Access::In, kMtpStreamsPool), pool(fb::Access::Out, kMtpWindowPool), out(kMtpSums)}));
  list.push_back(
      make(kMtp, fb::LaunchGroup::Mtp, fb::RowSpace::Logits, 1, {step(F::LogitsRows), in(kMtpSums), out(kMtpLogits)}));
  // The streams of a draft's position are not known: the block's own take their place.
  for (auto [group, streams] :
       {std::pair(fb::LaunchGroup::MtpStep, kHash), std::pair(fb::LaunchGroup::MtpDraft, kMtpSums)})
    list.push_back(make(kMtpSave, group, fb::RowSpace::Sequences, 1,
                        {step(F::SlotRows), step(F::Positions), step(F::StateOffsets), in(streams),
                         pool(fb::Access::Out, kMtpStreamsPool)}));
  if (sampling) {
    list.push_back(make(kSampleKernel, fb::LaunchGroup::Sample, fb::RowSpace::Logits, 1, {in(kLogits), out(kSamples)}));
    list.push_back(
        make(kSampleKernel, fb::LaunchGroup::MtpSample, fb::RowSpace::Logits, 1, {in(kMtpLogits), out(kMtpSamples)}));
  }
  return b.CreateVector(list);
}

auto probes(Builder &b, bool twin) {
  std::vector<flatbuffers::Offset<fb::Probe>> list{
      fb::CreateProbe(b, b.CreateString("layers.0.streams"), kStreams, 0),
      fb::CreateProbe(b, b.CreateString("logits"), kLogits, 2),
      fb::CreateProbe(b, b.CreateString("mtp_logits"), kMtpLogits, twin ? 6 : 5),
  };
  if (twin)
    list.push_back(fb::CreateProbe(b, b.CreateString("twin_logits"), kTwin, 3));
  return b.CreateVector(list);
}

auto weights(Builder &b) {
  std::vector<uint64_t> shape{1};
  std::vector<flatbuffers::Offset<flatbuffers::String>> sources{b.CreateString("weight")};
  return b.CreateVector(std::vector<flatbuffers::Offset<fb::Weight>>{
      fb::CreateWeight(b, b.CreateString("weight"), fb::ElementType::I32, b.CreateVector(shape),
                       b.CreateString("row_major"), false, 0, 4, b.CreateVector(sources), 0, b.CreateString("copy"))});
}

auto target(Builder &b, const std::vector<std::string> &features, bool gpu) {
  return fb::CreateTarget(b, b.CreateString(gpu ? "cuda:sm_90a" : "cpu:x86-64-v3"), b.CreateVectorOfStrings(features));
}

} // namespace

flatbuffers::DetachedBuffer test::buildFakeMetadata(const FakeOptions &options) {
  Builder b;
  auto producer = b.CreateString("fake");
  auto flags = b.CreateVector(std::vector<flatbuffers::Offset<fb::Option>>{});
  auto targetTable = target(b, options.features, options.imageBytes != 0);
  auto model = fb::CreateModel(b, kVocabulary, 8, 1, 31, 128, true, b.CreateVector(std::vector<uint8_t>(32)));
  auto envelope = fb::CreateEnvelope(b, options.maxTokens, options.maxSequences, options.maxContext, options.maxDraft);
  auto bufferList = buffers(b, options.twinLogits, options.sampling);
  auto weightList = weights(b);
  auto poolList = pools(b);
  auto kernelList = kernels(b, options);
  auto launchList = launches(b, options);
  auto probeList = probes(b, options.twinLogits);
  b.Finish(fb::CreateProgram(b, producer, flags, targetTable, model, envelope, bufferList, weightList, poolList,
                             kernelList, launchList, probeList, options.twinLogits || options.sampling ? 6 : 5, 192,
                             kStateBytes, kLogits, kMtpLogits),
           fb::ProgramIdentifier());
  return b.Release();
}

std::vector<uint8_t> test::buildFakePlan(const FakeOptions &options, const std::vector<uint8_t> &object) {
  flatbuffers::DetachedBuffer metadata = buildFakeMetadata(options);
  Digest metadataHash = hashBytes(metadata.data(), metadata.size());
  // The code section ends with the hash of the metadata that it was compiled for.
  std::vector<uint8_t> code = object;
  code.insert(code.end(), metadataHash.bytes, metadataHash.bytes + kHashBytes);
  uint32_t weight = kWeight;
  Digest weightHash = hashBytes(&weight, sizeof(weight));

  Header header = {};
  std::memcpy(header.magic, kMagic, sizeof(kMagic));
  header.formatVersion = kFormatVersion;
  header.abiVersion = kAbiVersion;
  header.sectionCount = kSectionCount;
  header.requiredFeatures = (options.calls || options.sampling || options.rates ? kFeatureCalls : 0) |
                            (options.variants ? kFeatureVariants : 0) | (options.sampling ? kFeatureSampling : 0);
  std::vector<uint8_t> file(sizeof(Header));
  Hasher all;
  auto append = [&](SectionKind kind, const void *data, uint64_t bytes, uint64_t alignment) {
    if (kind != SectionKind::Weights)
      all.update(hashBytes(data, bytes));
    if (bytes == 0)
      return;
    file.resize(alignUp(file.size(), alignment));
    header.sections[static_cast<uint32_t>(kind)] = {file.size(), bytes};
    const uint8_t *begin = static_cast<const uint8_t *>(data);
    file.insert(file.end(), begin, begin + bytes);
  };
  append(SectionKind::Metadata, metadata.data(), metadata.size(), kMetadataAlignment);
  append(SectionKind::Code, code.data(), code.size(), kSectionAlignment);
  append(SectionKind::Tables, nullptr, 0, kSectionAlignment);
  append(SectionKind::Hashes, weightHash.bytes, kHashBytes, kSectionAlignment);
  append(SectionKind::Weights, &weight, sizeof(weight), kWeightsAlignment);
  header.fileBytes = file.size();
  std::memcpy(header.planHash, all.finish().bytes, kHashBytes);
  std::memcpy(header.headerHash, hashBytes(&header, sizeof(Header) - kHashBytes).bytes, kHashBytes);
  std::memcpy(file.data(), &header, sizeof(header));
  return file;
}

FakeProgram::FakeProgram(const FakeOptions &options)
    : metadata(buildFakeMetadata(options)), weights{reinterpret_cast<const uint8_t *>(&kWeight)},
      kernels{fake_scan, fake_append, fake_save, fake_logits, fake_mtp_scan, fake_mtp, fake_mtp_save} {
  program.name = "fake.v4plan";
  program.program = fb::GetProgram(metadata.data());
  program.weights = weights.data();
  program.kernels = kernels.data();
}

/// m(p) of FakeKernels.cpp for all tokens.
static std::vector<uint32_t> mixedHashes(const std::vector<int32_t> &tokens) {
  std::vector<uint32_t> hashes, mixed;
  uint32_t hash = 0, window = 0;
  for (size_t p = 0; p < tokens.size(); ++p) {
    hash = hash * 31 + static_cast<uint32_t>(tokens[p]) * kWeight + 7;
    hashes.push_back(hash);
    window += hash - (p >= 128 ? hashes[p - 128] : 0);
    mixed.push_back(hash + 3 * window);
  }
  return mixed;
}

std::vector<float> test::expectedLogits(const std::vector<int32_t> &tokens) {
  std::vector<uint32_t> mixed = mixedHashes(tokens);
  uint32_t sum = 0;
  for (size_t chunk = 0; 4 * chunk + 3 < tokens.size(); ++chunk)
    for (size_t j = chunk ? 0 : 4; j < 8; ++j)
      sum += static_cast<uint32_t>(j + 1) * mixed[4 * chunk + j - 4];
  std::vector<float> logits(kVocabulary);
  for (uint32_t v = 0; v < kVocabulary; ++v)
    logits[v] = static_cast<float>((mixed.back() * 2654435761u + sum * (v + 1) + v * 40503u) >> 12) / 1024;
  return logits;
}

std::vector<float> test::expectedMtpLogits(const std::vector<int32_t> &tokens) { return expectedDraft(tokens, 0); }

std::vector<float> test::expectedDraft(const std::vector<int32_t> &tokens, size_t drafts) {
  // Of drafts but the last, the streams are the sum of the row.
  std::vector<uint32_t> streams = mixedHashes(tokens), slots;
  uint32_t sum = 0;
  for (size_t p = 1; p < tokens.size(); ++p) {
    slots.push_back(streams[p - 1] + 13 * static_cast<uint32_t>(tokens[p]));
    sum = 0;
    for (size_t q = p > 128 ? p - 128 : 0; q < p; ++q)
      sum += slots[q];
    if (p + drafts >= tokens.size())
      streams[p] = sum;
  }
  std::vector<float> logits(kVocabulary);
  for (uint32_t v = 0; v < kVocabulary; ++v)
    logits[v] = static_cast<float>(sum >> 8) - static_cast<float>(v);
  return logits;
}

std::vector<int32_t> test::somePrompt(size_t length, uint32_t seed) {
  std::vector<int32_t> tokens(length);
  for (int32_t &token : tokens) {
    seed = seed * 1664525u + 1013904223u;
    token = static_cast<int32_t>((seed >> 16) % kVocabulary);
  }
  return tokens;
}
