//===- PlanSamplingRules.cpp - Rules for launches that sample -------------===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The runtime writes their rows and reads the answers, so it relies on what lies where.
//
//===----------------------------------------------------------------------===//

#include "runtime/plan/PlanCall.h"
#include "runtime/plan/PlanRules.h"
#include "runtime/plan/PlanSampling.h"
#include "runtime/plan/PlanText.h"
#include "runtime/plan/SampleRows.h"

using namespace v4;
using namespace v4::plan;

static_assert(kSampleWords * 4 == sizeof(SampleRow), "a row of the buffer is one of these");

bool plan::hasSampling(const fb::Program &program) {
  for (const fb::Launch *launch : *program.launches())
    if (isSampling(launch->group()))
      return true;
  return false;
}

/// Those of the model, then those of the MTP block, if there is one, and nothing else behind.
Status PlanRules::checkSampling() {
  if (!hasSampling(program))
    return Status();
  std::vector<std::pair<fb::LaunchGroup, uint64_t>> expected{{fb::LaunchGroup::Sample, program.logits_buffer()}};
  if (program.mtp_logits_buffer() >= 0)
    expected.push_back({fb::LaunchGroup::MtpSample, static_cast<uint64_t>(program.mtp_logits_buffer())});
  uint32_t count = program.launches()->size(), own = static_cast<uint32_t>(expected.size());
  for (uint32_t i = 0; i < count; ++i) {
    fb::LaunchGroup group = program.launches()->Get(i)->group();
    bool isBehind = i + own >= count;
    if (isBehind ? group == expected[i + own - count].first : !isSampling(group))
      continue;
    return fail(at("launches", i, "group"), " is ", groupName(group), " of ", count,
                " launches, expected the last of all to be ", own == 1 ? "sample" : "sample and mtp_sample");
  }
  for (uint32_t i = 0; i < own; ++i)
    V4_RETURN_IF_ERROR(checkSampleLaunch(count - own + i, expected[i].second));
  return Status();
}

Status PlanRules::checkSampleLaunch(uint32_t index, uint64_t logits) {
  const fb::Launch &launch = *program.launches()->Get(index);
  if (launch.rows() != fb::RowSpace::Logits || launch.row_tile() != 1 || launch.tiles() != 1 || !launch.barrier())
    return fail("launches[", index, "] samples and has rows ", rowSpaceName(launch.rows()), ", row_tile ",
                launch.row_tile(), ", tiles ", launch.tiles(), launch.barrier() ? "" : " and no barrier",
                ", expected logits, 1, 1 and a barrier");
  // They are chosen by the rows of a step, not by those that are asked for.
  if (uint32_t own = variantCount(*program.kernels()->Get(launch.kernel())))
    return fail("launches[", index, "] samples and its kernel has ", own, " variants, expected none");
  V4_RETURN_IF_ERROR(expectRange(at("launches", index, "bindings.size"), launch.bindings()->size(), 2, 2));
  const fb::Binding &in = *launch.bindings()->Get(kSampleLogits), &out = *launch.bindings()->Get(kSampleRows);
  if (in.kind() != fb::BindingKind::Buffer || in.access() != fb::Access::In || in.index() != logits)
    return fail("launches[", index, "].bindings[", kSampleLogits, "] is ", fb::EnumNameBindingKind(in.kind()), " ",
                in.index(), ", expected to read buffers[", logits, "], the logits that it samples");
  const fb::Buffer *buffer = out.kind() == fb::BindingKind::Buffer ? program.buffers()->Get(out.index()) : nullptr;
  bool fits = buffer && out.access() == fb::Access::Out && buffer->element() == fb::ElementType::I32 &&
              buffer->rows() == fb::RowSpace::Logits && buffer->row_shape()->size() == 1 &&
              buffer->row_shape()->Get(0) == kSampleWords;
  if (!fits)
    return fail("launches[", index, "].bindings[", kSampleRows, "] is ", fb::EnumNameBindingKind(out.kind()), " ",
                out.index(), ", expected to write an I32 buffer of Logits rows and [", kSampleWords, "]");
  return Status();
}
