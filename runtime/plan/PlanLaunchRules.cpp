//===- PlanLaunchRules.cpp - Rules for launches and lifetimes -------------===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/plan/KernelAbi.h"
#include "runtime/plan/PlanRules.h"
#include "runtime/plan/PlanText.h"

#include <algorithm>

using namespace v4;
using namespace v4::plan;

namespace {

/// Workgroups of one launch at the envelope stay countable.
constexpr uint64_t kMaxWorkgroups = uint64_t(1) << 40;
/// Of all launches: launches may share one vector of bindings, and those of a phase are sorted.
constexpr uint64_t kMaxAllBindings = 1u << 20;

} // namespace

//===----------------------------------------------------------------------===//
// Launches
//===----------------------------------------------------------------------===//

Status PlanRules::checkLaunches() {
  written.assign(program.buffers()->size(), Written());
  uint32_t count = program.launches()->size();
  if (!program.launches()->Get(0)->barrier())
    return fail("launches[0].barrier is false, expected true: no phase is in front of it");
  for (uint32_t begin = 0, end = 1; begin < count; begin = end++) {
    while (end < count && !program.launches()->Get(end)->barrier())
      ++end;
    V4_RETURN_IF_ERROR(checkPhase(begin, end));
  }
  return Status();
}

Status PlanRules::checkPhase(uint32_t begin, uint32_t end) {
  fb::LaunchGroup group = program.launches()->Get(begin)->group();
  for (uint32_t i = begin; i < end; ++i) {
    phaseOf.push_back(begin);
    V4_RETURN_IF_ERROR(checkLaunch(i));
    if (fb::LaunchGroup other = program.launches()->Get(i)->group(); other != group)
      return fail(at("launches", i, "group"), " is ", fb::EnumNameLaunchGroup(other), ", expected ",
                  fb::EnumNameLaunchGroup(group), ", the group of its phase, which begins with launches[", begin, "]");
  }
  V4_RETURN_IF_ERROR(checkConflicts(begin, end));
  for (uint32_t i = begin; i < end; ++i)
    V4_RETURN_IF_ERROR(checkReads(i));
  // Only now: launches of a phase never read what one of them writes.
  for (uint32_t i = begin; i < end; ++i)
    for (const fb::Binding *binding : *program.launches()->Get(i)->bindings())
      if (binding->kind() == fb::BindingKind::Buffer && binding->access() == fb::Access::Out) {
        Written &writers = written[binding->index()];
        if (!writers.isWritten)
          writers.first = i;
        writers.isWritten = true;
        writers.byMain |= group == fb::LaunchGroup::Main;
        writers.byMtp |= group == fb::LaunchGroup::Mtp;
      }
  return Status();
}

/// A GPU counts the blocks of a launch in 31 bits, unless its kernel bounds them.
static uint64_t mostWorkgroups(const fb::Block *block) {
  bool counted = block && !(block->call() && block->call()->most_blocks());
  return counted ? uint64_t(INT32_MAX) : kMaxWorkgroups;
}

static uint64_t rowTilesOf(uint64_t rows, uint64_t tile) { return rows / tile + (rows % tile != 0); }

/// The workgroups of a tile of rows are whole clusters.
Status PlanRules::checkWhole(const std::string &field, uint64_t tiles, const fb::Block *block) {
  if (!block || tiles % block->cluster() == 0)
    return Status();
  return fail(field, " is ", tiles, ", expected a multiple of the cluster of ", block->cluster());
}

/// Whichever of its kernel's variants runs the launch.
Status PlanRules::checkWorkgroups(uint32_t index) {
  const fb::Launch &launch = *program.launches()->Get(index);
  const fb::Kernel &kernel = *program.kernels()->Get(launch.kernel());
  V4_RETURN_IF_ERROR(expectRange(at("launches", index, "row_tile"), launch.row_tile(), 1, kMaxBytes));
  uint64_t rows = rowCapacity(launch.rows(), envelopeLimits(program));
  V4_RETURN_IF_ERROR(expectRange(at("launches", index, "tiles"), launch.tiles(), 1,
                                 mostWorkgroups(kernel.block()) / rowTilesOf(rows, launch.row_tile())));
  V4_RETURN_IF_ERROR(checkWhole(at("launches", index, "tiles"), launch.tiles(), kernel.block()));
  V4_RETURN_IF_ERROR(spend(at("launches", index, "kernel"), variantCount(kernel)));
  for (uint32_t v = 0; v < variantCount(kernel); ++v) {
    const fb::Variant &variant = *kernel.variants()->Get(v);
    uint64_t tiles = rowTilesOf(std::min<uint64_t>(rows, variant.most_rows()), variant.row_tile());
    std::string field = joinText("launches[", index, "]: kernels[", launch.kernel(), "].variants[", v, "].tiles");
    V4_RETURN_IF_ERROR(expectRange(field, variant.tiles(), 1, mostWorkgroups(variant.block()) / tiles));
    V4_RETURN_IF_ERROR(checkWhole(field, variant.tiles(), variant.block()));
  }
  return Status();
}

Status PlanRules::checkLaunch(uint32_t index) {
  const fb::Launch &launch = *program.launches()->Get(index);
  if (launch.kernel() >= program.kernels()->size())
    return fail(at("launches", index, "kernel"), " is ", launch.kernel(), ", expected less than the ",
                program.kernels()->size(), " kernels");
  V4_RETURN_IF_ERROR(expectEnum(at("launches", index, "group"), launch.group()));
  if (launch.group() != fb::LaunchGroup::Main && launch.group() != fb::LaunchGroup::Sample &&
      !program.model()->has_mtp())
    return fail(at("launches", index, "group"), " is ", groupName(launch.group()), ", but model.has_mtp is false");
  V4_RETURN_IF_ERROR(expectEnum(at("launches", index, "rows"), launch.rows()));
  V4_RETURN_IF_ERROR(checkWorkgroups(index));
  V4_RETURN_IF_ERROR(expectRange(at("launches", index, "rank"), launch.rank(), 0, 0));
  // The MTP block is behind the last layer.
  if (launch.layer() < -1 || launch.layer() > static_cast<int64_t>(program.model()->layers()))
    return fail(at("launches", index, "layer"), " is ", launch.layer(), ", expected -1 to ", program.model()->layers());

  V4_RETURN_IF_ERROR(expectPresent(at("launches", index, "bindings"), launch.bindings()));
  const fb::Kernel &kernel = *program.kernels()->Get(launch.kernel());
  uint32_t expected = kernel.bindings();
  V4_RETURN_IF_ERROR(
      expectRange(at("launches", index, "bindings.size"), launch.bindings()->size(), expected, expected));
  V4_RETURN_IF_ERROR(spend(at("launches", index, "bindings"), launch.bindings()->size() + 1));
  bindingCount += launch.bindings()->size();
  if (bindingCount > kMaxAllBindings)
    return fail(at("launches", index, "bindings"), " is the ", bindingCount, "th of all bindings, expected at most ",
                kMaxAllBindings);
  for (uint32_t b = 0; b < launch.bindings()->size(); ++b)
    V4_RETURN_IF_ERROR(checkBinding(index, b));
  for (uint32_t v = 0; v <= variantCount(kernel); ++v)
    V4_RETURN_IF_ERROR(checkMaps(index, blockOf(kernel, v)));
  return checkHits(index);
}

/// Who counts experts reads the first value of that binding.
Status PlanRules::checkHits(uint32_t index) {
  const fb::Launch &launch = *program.launches()->Get(index);
  int32_t hits = program.kernels()->Get(launch.kernel())->hits();
  if (hits < 0)
    return Status();
  const fb::Binding &binding = *launch.bindings()->Get(static_cast<uint32_t>(hits));
  if (binding.kind() == fb::BindingKind::Buffer &&
      program.buffers()->Get(binding.index())->element() == fb::ElementType::I32)
    return Status();
  return fail("launches[", index, "].bindings[", hits, "] is the hits of its kernel, expected an I32 buffer");
}

Status PlanRules::checkBinding(uint32_t launch, uint32_t index) {
  const fb::Binding &binding = *program.launches()->Get(launch)->bindings()->Get(index);
  std::string field = joinText("launches[", launch, "].bindings[", index, "]");
  V4_RETURN_IF_ERROR(expectEnum(field + ".kind", binding.kind()));
  V4_RETURN_IF_ERROR(expectEnum(field + ".access", binding.access()));
  uint64_t count = 0;
  switch (binding.kind()) {
  case fb::BindingKind::Buffer:
    count = program.buffers()->size();
    break;
  case fb::BindingKind::Weight:
    count = program.weights()->size();
    break;
  case fb::BindingKind::Pool:
    count = program.pools()->size();
    break;
  case fb::BindingKind::Step:
    count = kStepFieldCount;
    break;
  }
  if (binding.index() >= count)
    return fail(field, ".index is ", binding.index(), ", expected less than ", count, " for a ",
                fb::EnumNameBindingKind(binding.kind()));
  bool readOnly = binding.kind() == fb::BindingKind::Weight || binding.kind() == fb::BindingKind::Step;
  if (readOnly && binding.access() != fb::Access::In)
    return fail(field, ".access is Out, a ", fb::EnumNameBindingKind(binding.kind()), " is read only");
  if (binding.kind() == fb::BindingKind::Pool)
    return checkPoolUse(launch, field, binding);
  return binding.kind() == fb::BindingKind::Buffer ? checkBufferUse(launch, field, binding) : Status();
}

/// Sessions without the MTP block keep nothing of its pools.
Status PlanRules::checkPoolUse(uint32_t launch, const std::string &field, const fb::Binding &binding) {
  bool main = program.launches()->Get(launch)->group() == fb::LaunchGroup::Main;
  if (!main || program.pools()->Get(binding.index())->group() == fb::LaunchGroup::Main)
    return Status();
  return fail(field, " is pools[", binding.index(), "] of group mtp, expected one of the launch's group main");
}

Status PlanRules::checkBufferUse(uint32_t launch, const std::string &field, const fb::Binding &binding) {
  const fb::Buffer &buffer = *program.buffers()->Get(binding.index());
  if (launch < buffer.first_launch() || launch > buffer.last_launch())
    return fail(field, " uses buffers[", binding.index(), "], which lives in launches ", buffer.first_launch(), " to ",
                buffer.last_launch());
  return Status();
}

Status PlanRules::checkReads(uint32_t index) {
  const fb::Launch &launch = *program.launches()->Get(index);
  // A step without MTP runs the main launches alone: they cannot read what MTP launches write. What one of the other
  // groups writes, no launch reads.
  bool mtp = launch.group() != fb::LaunchGroup::Main && launch.group() != fb::LaunchGroup::Sample;
  for (uint32_t b = 0; b < launch.bindings()->size(); ++b) {
    const fb::Binding &binding = *launch.bindings()->Get(b);
    if (binding.kind() != fb::BindingKind::Buffer || binding.access() == fb::Access::Out)
      continue;
    const Written &writers = written[binding.index()];
    if (!writers.byMain && !(mtp && writers.byMtp))
      return fail("launches[", index, "].bindings[", b, "] reads buffers[", binding.index(),
                  "], which no launch before it in its group writes");
  }
  return Status();
}

/// Ranges of all launches of a phase run in any order: what one writes, no other may see.
Status PlanRules::checkConflicts(uint32_t begin, uint32_t end) {
  struct Use {
    const fb::Binding *binding;
    uint32_t launch;
  };
  std::vector<Use> uses;
  for (uint32_t i = begin; i < end; ++i)
    for (const fb::Binding *binding : *program.launches()->Get(i)->bindings())
      if (binding->kind() == fb::BindingKind::Buffer || binding->kind() == fb::BindingKind::Pool)
        uses.push_back({binding, i});
  std::sort(uses.begin(), uses.end(), [](const Use &a, const Use &b) {
    if (a.binding->kind() != b.binding->kind())
      return a.binding->kind() < b.binding->kind();
    return a.binding->index() != b.binding->index() ? a.binding->index() < b.binding->index() : a.launch < b.launch;
  });
  // A writer among several users of one thing has a neighbour of the same thing.
  for (size_t i = 1; i < uses.size(); ++i) {
    const fb::Binding &a = *uses[i - 1].binding, &b = *uses[i].binding;
    if (a.kind() != b.kind() || a.index() != b.index())
      continue;
    if (a.access() != fb::Access::Out && b.access() != fb::Access::Out)
      continue;
    uint32_t writer = a.access() == fb::Access::Out ? uses[i - 1].launch : uses[i].launch;
    uint32_t other = a.access() == fb::Access::Out ? uses[i].launch : uses[i - 1].launch;
    if (writer == other)
      return fail("launches[", writer, "] writes ", fb::EnumNameBindingKind(a.kind()), " ", a.index(),
                  " and binds it a second time, expected one binding");
    return fail("launches[", writer, "] writes ", fb::EnumNameBindingKind(a.kind()), " ", a.index(),
                ", which launches[", other, "] of the same phase binds too, expected a barrier between them");
  }
  return Status();
}

//===----------------------------------------------------------------------===//
// Lifetimes
//===----------------------------------------------------------------------===//

Status PlanRules::checkSlots() {
  std::vector<uint32_t> order(program.buffers()->size());
  for (uint32_t i = 0; i < order.size(); ++i)
    order[i] = i;
  auto buffer = [&](uint32_t i) -> const fb::Buffer & { return *program.buffers()->Get(i); };
  std::sort(order.begin(), order.end(), [&](uint32_t a, uint32_t b) {
    if (buffer(a).slot() != buffer(b).slot())
      return buffer(a).slot() < buffer(b).slot();
    if (buffer(a).first_launch() != buffer(b).first_launch())
      return buffer(a).first_launch() < buffer(b).first_launch();
    return a < b;
  });
  for (size_t i = 1; i < order.size(); ++i) {
    const fb::Buffer &a = buffer(order[i - 1]), &b = buffer(order[i]);
    // A buffer of an earlier launch of the same phase may still be in use.
    if (a.slot() == b.slot() && phaseOf[b.first_launch()] <= phaseOf[a.last_launch()])
      return fail(at("buffers", order[i], "first_launch"), " is ", b.first_launch(), ", but buffers[", order[i - 1],
                  "] lives in the same slot ", a.slot(), " until launch ", a.last_launch());
  }
  return Status();
}

Status PlanRules::checkProbes() {
  std::vector<std::string_view> names;
  for (uint32_t i = 0; i < program.probes()->size(); ++i) {
    const fb::Probe &probe = *program.probes()->Get(i);
    V4_RETURN_IF_ERROR(checkName(at("probes", i, "name"), probe.name()));
    names.emplace_back(probe.name()->data(), probe.name()->size());
    if (probe.buffer() >= program.buffers()->size())
      return fail(at("probes", i, "buffer"), " is ", probe.buffer(), ", expected less than the ",
                  program.buffers()->size(), " buffers");
    const fb::Buffer &buffer = *program.buffers()->Get(probe.buffer());
    V4_RETURN_IF_ERROR(expectRange(at("probes", i, "after_launch"), probe.after_launch(), buffer.first_launch(),
                                   buffer.last_launch()));
    if (const Written &writers = written[probe.buffer()]; !writers.isWritten || writers.first > probe.after_launch())
      return fail(at("probes", i, "after_launch"), " is ", probe.after_launch(),
                  ", but no launch up to it writes buffers[", probe.buffer(), "]");
  }
  std::sort(names.begin(), names.end());
  auto twice = std::adjacent_find(names.begin(), names.end());
  return twice == names.end() ? Status() : fail("the probe '", *twice, "' appears twice, expected unique names");
}

Status PlanRules::checkLogits() {
  V4_RETURN_IF_ERROR(checkLogitsBuffer("logits_buffer", program.logits_buffer(), fb::LaunchGroup::Main));
  if (program.mtp_logits_buffer() == -1)
    return Status();
  if (program.mtp_logits_buffer() < -1 || !program.model()->has_mtp())
    return fail("mtp_logits_buffer is ", program.mtp_logits_buffer(), ", expected -1",
                program.model()->has_mtp() ? " or a buffer" : " because model.has_mtp is false");
  return checkLogitsBuffer("mtp_logits_buffer", static_cast<uint64_t>(program.mtp_logits_buffer()),
                           fb::LaunchGroup::Mtp);
}

Status PlanRules::checkLogitsBuffer(const char *field, uint64_t index, fb::LaunchGroup group) {
  if (index >= program.buffers()->size())
    return fail(field, " is ", index, ", expected less than the ", program.buffers()->size(), " buffers");
  const fb::Buffer &buffer = *program.buffers()->Get(static_cast<uint32_t>(index));
  bool shape = buffer.row_shape()->size() == 1 && buffer.row_shape()->Get(0) == program.model()->vocab_size();
  if (buffer.element() != fb::ElementType::F32 || buffer.rows() != fb::RowSpace::Logits || !shape)
    return fail(field, " is buffers[", index, "] with element ", fb::EnumNameElementType(buffer.element()), ", rows ",
                fb::EnumNameRowSpace(buffer.rows()), " and ", buffer.row_shape()->size(),
                " dimensions, expected F32, Logits and [", program.model()->vocab_size(), "]");
  if (!(group == fb::LaunchGroup::Main ? written[index].byMain : written[index].byMtp))
    return fail(field, " is buffers[", index, "], which no launch of group ", fb::EnumNameLaunchGroup(group),
                " writes");
  // Callers read logits when the step is over.
  uint32_t last = program.launches()->size() - 1;
  if (buffer.last_launch() != last)
    return fail(field, " is buffers[", index, "], which lives until launch ", buffer.last_launch(), ", expected ", last,
                ", the last one");
  return Status();
}
