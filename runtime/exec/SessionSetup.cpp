//===- SessionSetup.cpp - Places and binds what a step needs --------------===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/exec/Session.h"

#include "runtime/plan/PlanCall.h"

#include <algorithm>

using namespace v4;
using namespace v4::plan;

/// Room for the frames around a kernel on a worker's stack.
static constexpr uint64_t kStackReserveBytes = uint64_t(1) << 20;
/// Workgroups of one launch; far beyond any real one.
static constexpr uint64_t kMaxWorkgroups = uint64_t(1) << 40;
/// Thread blocks of one launch on a GPU.
static constexpr uint64_t kMaxBlocks = (uint64_t(1) << 31) - 1;
/// Where buffers of a step do not fit a GPU.
static constexpr std::string_view kStepAdvice = "lower the session's tokens, sequences or context";
/// Of slots in the arena of a GPU; the plan's own.
static constexpr uint64_t kSlotAlignment = 64;

static Status resolveLimit(const RunnableProgram &program, std::string_view field, uint64_t most, uint64_t &value) {
  if (value == 0)
    value = most;
  if (value <= most && most != 0)
    return Status();
  return invalidInput(program.name, ": session option ", field, " = ", value, ", the plan's envelope allows 1 to ",
                      most, "; ask for less or compile the plan with a larger envelope");
}

Status v4::resolveSessionOptions(const RunnableProgram &program, SessionOptions &options) {
  const fb::Envelope *envelope = program.program->envelope();
  V4_RETURN_IF_ERROR(resolveLimit(program, "max_tokens", envelope->max_tokens(), options.maxTokens));
  V4_RETURN_IF_ERROR(resolveLimit(program, "max_sequences", envelope->max_sequences(), options.maxSequences));
  V4_RETURN_IF_ERROR(resolveLimit(program, "max_context", envelope->max_context(), options.maxContext));
  if (options.mtp && program.program->mtp_logits_buffer() < 0)
    return invalidInput(program.name, ": session option mtp is set, the plan has no MTP block; clear it");
  if (program.device && kCanaryDefault)
    options.canary = false; // its checks read the cache from outside; a build that always has them asks for nothing
  if (program.device)
    options.threads = 1; // of the host, which only launches
  if (options.threads == 0)
    options.threads = std::min(availableCpus(), ThreadPool::kMaxThreads);
  return Status();
}

static uint64_t boundedProduct(uint64_t a, uint64_t b) {
  uint64_t product = 0;
  return __builtin_mul_overflow(a, b, &product) ? kMaxBytes : std::min(product, kMaxBytes);
}

SessionMemory v4::deviceMemory(const fb::Program &program, const SessionOptions &options) {
  Limits limits = heldLimits(program, {options.maxTokens, options.maxSequences, options.maxContext});
  KvLimits cache;
  cache.pageBytes = program.page_bytes();
  cache.sequences = options.maxSequences;
  cache.positions = limits.context;
  cache.cacheBytes = options.cacheBytes;
  SessionMemory memory;
  memory.arenaBytes = std::min(arenaOf(program, limits).bytes, kMaxBytes);
  memory.stepBytes = std::min(stepBytes(limits), kMaxBytes);
  memory.pageBytes = boundedProduct(KvStore::mostBlocks(cache), cache.pageBytes);
  memory.stateBytes = boundedProduct(options.maxSequences, program.state_bytes());
  return memory;
}

Session::Session(const RunnableProgram &program, const SessionOptions &options, const Host &host)
    : program(program), options(options), host(host) {}

Status Session::create(const RunnableProgram &program, const SessionOptions &options, const Host &host,
                       std::unique_ptr<Session> &out) {
  SessionOptions resolved = options;
  V4_RETURN_IF_ERROR(resolveSessionOptions(program, resolved));
  std::unique_ptr<Session> session(new Session(program, resolved, host));
  V4_RETURN_IF_ERROR(session->setUp());
  SessionMemory memory = session->memory();
  host.log("session: ", session->threads(), " threads, arena ", memory.arenaBytes, " bytes, step block ",
           memory.stepBytes, " bytes, cache at most ", memory.pageBytes + memory.stateBytes, " bytes");
  out = std::move(session);
  return Status();
}

Limits Session::planLimits() const {
  return heldLimits(*program.program, {options.maxTokens, options.maxSequences, options.maxContext});
}

Status Session::setUp() {
  const fb::Program &plan = *program.program;
  vocabulary = plan.model()->vocab_size();
  positionLimit = planLimits().context;
  if (positionLimit > INT32_MAX)
    return unsupported(program.name, ": ", positionLimit, " positions a sequence, this runtime counts to ", INT32_MAX,
                       "; lower the session's max_context");
  V4_RETURN_IF_ERROR(checkDeviceOptions());
  V4_RETURN_IF_ERROR(placeBuffers());
  V4_RETURN_IF_ERROR(StepBlock::create(planLimits(), placement(), host, steps));
  V4_RETURN_IF_ERROR(createCache());
  if (program.device)
    V4_RETURN_IF_ERROR(DeviceBlock::create(*program.device, "step block", kStepAdvice, steps.bytes(), deviceSteps));
  V4_RETURN_IF_ERROR(bindLaunches());
  V4_RETURN_IF_ERROR(placeLogits());
  if (options.plainLaunches)
    graphs.turnOff();
  V4_RETURN_IF_ERROR(LazyArray<BatchEntry>::create("batch", options.maxSequences, entries));
  V4_RETURN_IF_ERROR(LazyArray<Sequence>::create("sequences", options.maxSequences, sequences));
  V4_RETURN_IF_ERROR(LazyArray<int32_t>::create("tokens", options.maxSequences * positionLimit, history));
  // On a GPU stacks of kernels are its own.
  uint64_t stack = program.device ? 0 : stackBytes(plan);
  return ThreadPool::create(options.threads, stack + kStackReserveBytes, pool);
}

/// On a GPU they are copied when they are asked for.
Status Session::placeLogits() {
  const fb::Program &plan = *program.program;
  logitsBase = reinterpret_cast<const float *>(bufferAddresses[plan.logits_buffer()]);
  if (plan.mtp_logits_buffer() >= 0)
    mtpLogitsBase = reinterpret_cast<const float *>(bufferAddresses[static_cast<size_t>(plan.mtp_logits_buffer())]);
  if (!program.device)
    return Status();
  uint64_t values = rowCapacity(fb::RowSpace::Logits, planLimits()) * vocabulary;
  V4_RETURN_IF_ERROR(LazyArray<float>::create("logits", values, hostLogits));
  logitsBase = hostLogits.data();
  if (options.mtp)
    V4_RETURN_IF_ERROR(LazyArray<float>::create("logits", values, hostMtpLogits));
  mtpLogitsBase = options.mtp ? hostMtpLogits.data() : nullptr;
  if (!samplesOnDevice())
    return Status();
  return DeviceBlock::createPinned(*program.device, "rows to sample", kStepAdvice, sampleCapacity() * sizeof(SampleRow),
                                   askedRows);
}

/// Guards are pages of this process, and seals are checked by it.
Status Session::checkDeviceOptions() const {
  if (!program.device || (!options.debugPlacement && !options.canary))
    return Status();
  return unsupported(program.name, ": session option ", options.debugPlacement ? "debug_placement" : "canary",
                     " is set, a plan for a GPU runs without; clear it");
}

/// Slots of the arena, or every buffer on its own in debug placement.
Status Session::placeBuffers() {
  const auto &buffers = *program.program->buffers();
  std::vector<uint64_t> sizes(options.debugPlacement ? buffers.size() : program.program->slots());
  for (uint32_t i = 0; i < buffers.size(); ++i) {
    uint64_t bytes = bufferBytes(*buffers[i], planLimits());
    if (bytes >= kMaxBytes)
      return unsupported(program.name, ": buffers[", i, "] needs more than ", kMaxBytes,
                         " bytes; lower the session's tokens, sequences or context");
    uint64_t &size = sizes[options.debugPlacement ? i : buffers[i]->slot()];
    size = std::max(size, bytes);
  }
  if (program.device)
    return placeOnDevice(sizes);
  V4_RETURN_IF_ERROR(Placement::create("arena", sizes, placement(), host, arena));
  for (uint32_t i = 0; i < buffers.size(); ++i)
    bufferAddresses.push_back(arena.at(options.debugPlacement ? i : buffers[i]->slot()));
  return Status();
}

Status Session::placeOnDevice(const std::vector<uint64_t> &sizes) {
  std::vector<uint64_t> offsets;
  uint64_t total = 0;
  for (uint64_t size : sizes) {
    offsets.push_back(total);
    total += alignUp(size, kSlotAlignment);
  }
  V4_RETURN_IF_ERROR(DeviceBlock::create(*program.device, "arena", kStepAdvice, total, deviceArena));
  for (const fb::Buffer *buffer : *program.program->buffers())
    bufferAddresses.push_back(deviceArena.data() + offsets[buffer->slot()]);
  return Status();
}

Status Session::createCache() {
  KvLimits limits;
  limits.pageBytes = program.program->page_bytes();
  limits.stateBytes = program.program->state_bytes();
  limits.sequences = options.maxSequences;
  limits.positions = positionLimit;
  limits.cacheBytes = options.cacheBytes;
  limits.guarded = options.debugPlacement;
  limits.device = program.device;
  limits.rings = stateRings(*program.program, options.mtp);
  V4_RETURN_IF_ERROR(KvStore::create(limits, cache));
  caching = !options.forgetPrefixes && limits.pageBytes != 0;
  if (options.canary)
    V4_RETURN_IF_ERROR(Canary::create(cache, options.maxSequences, canary));
  return PrefixTree::create(cache, options.hashBits, tree);
}

void *Session::address(const fb::Binding &binding) const {
  switch (binding.kind()) {
  case fb::BindingKind::Buffer:
    return bufferAddresses[binding.index()];
  case fb::BindingKind::Weight:
    // Kernels take one type of pointer; the plan's verifier proved that no kernel writes a weight.
    return const_cast<uint8_t *>(program.weights[binding.index()]);
  case fb::BindingKind::Pool: {
    const fb::Pool *pool = program.program->pools()->Get(binding.index());
    return (pool->kind() == fb::PoolKind::Page ? cache.pageBase() : cache.stateBase()) + pool->offset();
  }
  case fb::BindingKind::Step: {
    auto *field = static_cast<uint8_t *>(steps.field(static_cast<StepField>(binding.index())));
    // Both hold the fields at the same distances.
    return program.device ? deviceSteps.data() + (field - steps.array<uint8_t>(StepField::Counts)) : field;
  }
  }
  return nullptr;
}

Status Session::bindLaunches() {
  const auto &all = *program.program->launches();
  size_t total = 0;
  for (const fb::Launch *launch : all)
    total += launch->bindings()->size();
  // Launches point into it: it must not grow.
  bindings.reserve(total);
  launches.reserve(all.size());
  calls.reserve(all.size());
  for (uint32_t i = 0; i < all.size(); ++i)
    if (isBound(*all[i])) {
      if (isSampling(all[i]->group()))
        sampleLaunches[all[i]->group() == fb::LaunchGroup::MtpSample] = static_cast<int64_t>(launches.size());
      V4_RETURN_IF_ERROR(bindLaunch(i, *all[i]));
    }
  return Status();
}

/// Those of its kernel's variants, then its own, for all other counts of rows.
Status Session::addCuts(uint32_t index, const fb::Launch &launch) {
  const fb::Kernel &kernel = *program.program->kernels()->Get(launch.kernel());
  uint64_t rows = rowCapacity(launch.rows(), planLimits()), most = program.device ? kMaxBlocks : kMaxWorkgroups;
  auto add = [&](uint64_t mostRows, uint64_t rowTile, uint64_t tiles) {
    cuts.push_back({static_cast<int64_t>(mostRows), static_cast<int64_t>(rowTile), static_cast<int64_t>(tiles)});
    uint64_t groups = (std::min(rows, mostRows) + rowTile - 1) / rowTile;
    return !__builtin_mul_overflow(groups, tiles, &groups) && groups <= most;
  };
  bool fits = true;
  for (uint32_t v = 0; v < variantCount(kernel); ++v) {
    const fb::Variant &variant = *kernel.variants()->Get(v);
    fits &= add(variant.most_rows(), variant.row_tile(), variant.tiles());
  }
  fits &= add(INT64_MAX, launch.row_tile(), launch.tiles());
  return fits ? Status()
              : unsupported(program.name, ": launches[", index, "] has more than ", most,
                            " workgroups; lower the session's tokens");
}

/// The host samples with no kernel.
bool Session::isBound(const fb::Launch &launch) const {
  bool isMain = launch.group() == fb::LaunchGroup::Main || launch.group() == fb::LaunchGroup::Sample;
  return (isMain || options.mtp) && (program.device || !isSampling(launch.group()));
}

Status Session::bindLaunch(uint32_t index, const fb::Launch &launch) {
  auto firstCut = static_cast<uint32_t>(cuts.size());
  V4_RETURN_IF_ERROR(addCuts(index, launch));
  auto count = static_cast<uint32_t>(launches.size());
  // A phase has one group, so that what is left out is always a whole phase.
  if (launch.barrier())
    phases.push_back({count, count, static_cast<uint32_t>(probes.size()), 0, launch.group()});
  calls.push_back(
      {program.device ? nullptr : program.kernels[launch.kernel()], {bindings.data() + bindings.size()}, 0});
  for (const fb::Binding *binding : *launch.bindings())
    bindings.push_back(address(*binding));
  launches.push_back({index, launch.kernel(), static_cast<uint8_t>(launch.rows()),
                      static_cast<uint32_t>(cuts.size()) - firstCut - 1, firstCut});
  addProbes(index, launch);
  phases.back().end = count + 1;
  phases.back().probeEnd = static_cast<uint32_t>(probes.size());
  return Status();
}

uint64_t Session::rowBytes(const fb::Buffer &buffer) const {
  uint64_t bits = bitsOf(buffer.element());
  for (uint64_t dimension : *buffer.row_shape())
    bits *= dimension ? dimension : indexRowsOf(positionLimit);
  return bits / 8;
}

void Session::addProbes(uint32_t launchIndex, const fb::Launch &launch) {
  if (!options.probes.receive)
    return;
  for (const fb::Probe *probe : *program.program->probes()) {
    if (probe->after_launch() != launchIndex)
      continue;
    const fb::Buffer &buffer = *program.program->buffers()->Get(probe->buffer());
    std::vector<uint64_t> &shape = probeShapes.emplace_back();
    for (uint64_t dimension : *buffer.row_shape())
      shape.push_back(dimension ? dimension : indexRowsOf(positionLimit));
    ProbeShape description{
        probe->name()->string_view(),        buffer.element(), buffer.rows(), launch.group(), shape.data(),
        static_cast<uint32_t>(shape.size()), rowBytes(buffer)};
    probes.push_back({description, bufferAddresses[probe->buffer()]});
  }
}
