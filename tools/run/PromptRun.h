//===- PromptRun.h - One prompt, and what follows it ------------*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef V4_TOOLS_RUN_PROMPTRUN_H
#define V4_TOOLS_RUN_PROMPTRUN_H

#include "tools/NpyFile.h"
#include "tools/run/ProbeFiles.h"
#include "tools/run/RunFlags.h"
#include "tools/run/Speculation.h"
#include "tools/run/TraceFile.h"

#include <memory>
#include <optional>

namespace v4 {

/// One prompt from its first token to its last row of output.
class PromptRun {
public:
  /// `trace` hears all launches and lives longer; may be null.
  PromptRun(const RunFlags &flags, api::Engine &engine, TraceFile *trace);
  void execute();
  void report() const;

private:
  void readForced();
  void checkContext() const;
  v4_session_options sessionOptions() const;
  uint64_t outputRows() const { return prompt.size() + count; }
  void readPrompt();
  void resume();
  void save();
  void prefill();
  void generate();
  void speculate();
  void checkDraft() const;
  void feedPickedForMtp();
  void feed(const int32_t *tokens, uint64_t n, bool wantLast);
  void collect(uint64_t first, uint64_t rows);
  int32_t pick();
  void announce(int32_t token);

  const RunFlags &flags;
  TraceFile *const trace;
  const v4_engine_info info;
  std::vector<int32_t> prompt, forced;
  uint64_t base = 0; ///< Tokens of the loaded state: row 0 of every output is that of this position.
  uint64_t count;    ///< Tokens behind the prompt.
  bool forcing;
  bool wantMtp;
  bool wantAllRows;
  std::unique_ptr<ProbeFiles> probes; ///< Outlives the session that calls it.
  std::optional<NpyFile> logitsFile, mtpFile;
  std::optional<api::Session> session;
  std::optional<api::Sequence> sequence;
  std::optional<api::Sampler> sampler;
  std::optional<Speculation> speculation; ///< With --draft.

  std::vector<int32_t> generated;
  bool sawEos = false;
  double prefillSeconds = 0, decodeSeconds = 0;
  uint64_t decodeSteps = 0; ///< Tokens fed behind the prompt.
  uint64_t lastRow = 0;     ///< Of the session's logits: that of the last token.
};

} // namespace v4

#endif // V4_TOOLS_RUN_PROMPTRUN_H
