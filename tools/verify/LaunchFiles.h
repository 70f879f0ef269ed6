//===- LaunchFiles.h - What a launch read and wrote, as .npy files ---*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef V4_TOOLS_VERIFY_LAUNCHFILES_H
#define V4_TOOLS_VERIFY_LAUNCHFILES_H

#include "runtime/exec/Trace.h"
#include "runtime/plan/PlanLoader.h"

#include <nlohmann/json.hpp>

namespace v4::verify {

/// Launches [begin, end) of the traced step, each in DIR/launch-<index>. One thread.
class LaunchFiles {
public:
  LaunchFiles(const plan::fb::Program &program, std::string folder, uint32_t begin, uint32_t end)
      : program(program), folder(std::move(folder)), begin(begin), end(end) {}

  TraceSink sink() { return {this, receive}; }
  /// One object per launch that ran. Files are named by their path in the folder.
  const nlohmann::ordered_json &list() const { return launches; }
  /// What went wrong with a file, since no exception may pass through a step.
  const std::string &error() const { return failure; }

private:
  static void receive(void *self, const LaunchSpan &span);
  void add(const LaunchSpan &span);
  nlohmann::ordered_json addBinding(const LaunchSpan &span, uint32_t index, const std::string &place);
  void writeBuffer(const LaunchSpan &span, uint32_t index, const plan::fb::Buffer &buffer, const std::string &path);
  void writeStepField(const LaunchSpan &span, uint32_t index, uint32_t field, const std::string &path);
  /// The first `bytes` of binding `index`, until the next call.
  const void *readBinding(const LaunchSpan &span, uint32_t index, uint64_t bytes);

  const plan::fb::Program &program;
  std::string folder;
  uint32_t begin, end;
  nlohmann::ordered_json launches = nlohmann::ordered_json::array();
  std::vector<uint8_t> fromDevice;
  std::string failure;
};

} // namespace v4::verify

#endif // V4_TOOLS_VERIFY_LAUNCHFILES_H
