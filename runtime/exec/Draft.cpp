//===- Draft.cpp - The MTP block ahead of the model ----------------===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A draft writes rows of the block's own rings, behind what is live at the
// sequence's position: rings have max_draft rows more than a step reads. The
// next step writes them anew before it reads them.
//
//===----------------------------------------------------------------------===//

#include "runtime/exec/Session.h"

#include <algorithm>

using namespace v4;
using namespace v4::plan;

Status Session::draft(uint64_t count) {
  V4_RETURN_IF_ERROR(checkDraft(count));
  V4_RETURN_IF_ERROR(awaitRun());
  V4_RETURN_IF_ERROR(makeEvents());
  if (options.canary)
    V4_RETURN_IF_ERROR(checkSeals(count));
  if (options.debugPlacement)
    arena.poison();
  for (uint64_t i = 0; i < count; ++i) {
    entries[i].logitsCount = 1;
    entries[i].sequence->position += static_cast<int64_t>(entries[i].sequence->drafted);
  }
  steps.fill(entries.data(), count, cache);
  drafted = true;
  uploadSteps();
  runPhases(true);
  Status run = finishRun(true);
  for (uint64_t i = 0; i < count; ++i) {
    Sequence &sequence = *entries[i].sequence;
    sequence.position -= static_cast<int64_t>(sequence.drafted);
    uint64_t seen = static_cast<uint64_t>(sequence.position) + ++sequence.drafted;
    sequence.fed = std::max(sequence.fed, seen);
    if (options.canary)
      canary.sealState(sequence.index, tokens(sequence), static_cast<uint64_t>(sequence.position));
  }
  return options.canary && run.isOk() ? canary.check() : std::move(run);
}

Status Session::checkDraft(uint64_t count) {
  if (!options.mtp)
    return invalidInput("draft: the session does not run the MTP block; create it with the option mtp");
  if (count == 0 || count > options.maxSequences)
    return invalidInput("draft: ", count, " sequences, expected 1 to ", options.maxSequences,
                        " (the session's max_sequences)");
  ++stepNumber;
  for (uint64_t slot = 0; slot < count; ++slot) {
    entries[slot].logitsCount = 0;
    V4_RETURN_IF_ERROR(checkEntry(entries[slot], slot, "draft"));
    V4_RETURN_IF_ERROR(checkDraftEntry(entries[slot], slot));
    entries[slot].sequence->lastStep = stepNumber;
  }
  if (count > options.maxTokens)
    return invalidInput("draft: ", count, " tokens, the session takes ", options.maxTokens, " at once");
  return Status();
}

Status Session::checkDraftEntry(const BatchEntry &entry, uint64_t slot) const {
  const Sequence &sequence = *entry.sequence;
  uint64_t most = program.program->envelope()->max_draft();
  if (entry.tokenCount != 1)
    return invalidInput("draft: batch entry ", slot, " has ", entry.tokenCount, " tokens, expected 1");
  if (sequence.position == 0)
    return invalidInput("draft: batch entry ", slot, " is a sequence without tokens, expected a prompt; step it first");
  if (sequence.drafted >= most)
    return invalidInput("draft: batch entry ", slot, " has ", sequence.drafted, " drafts, the plan allows ", most,
                        "; step or take back, or compile the plan with a larger --max-draft");
  if (static_cast<uint64_t>(sequence.position) + sequence.drafted >= positionLimit)
    return invalidInput("draft: batch entry ", slot, " is at position ", sequence.position, " + ", sequence.drafted,
                        ", the session has ", positionLimit, " positions; use a longer context");
  uint64_t position = static_cast<uint64_t>(sequence.position), seen = position + sequence.drafted + 1;
  if (!cache.holdsState(std::max(sequence.fed, seen), position))
    return invalidInput("draft: batch entry ", slot, " at position ", position, ": the plan's rings keep no ",
                        sequence.drafted + 1, " drafts; compile it again with this v4-compile");
  return Status();
}
