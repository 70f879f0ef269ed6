//===- TestCheckpoint.h - Checkpoints for tests -----------------*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef V4_TEST_IMPORT_TESTCHECKPOINT_H
#define V4_TEST_IMPORT_TESTCHECKPOINT_H

#include "compiler/import/ImportError.h"

#include "gtest/gtest.h"
#include <nlohmann/json.hpp>

#include <functional>
#include <string>
#include <vector>

namespace v4::test {

/// Directory of a checkpoint that test/reference/make_checkpoint.py wrote for these
/// arguments; made once per process.
std::string madeCheckpoint(const std::string &arguments);

/// The one-layer models of the golden set and the small ones beside them.
std::string csaCheckpoint();
std::string bf16Checkpoint();

/// A writable copy of a checkpoint that disappears with the object.
class CheckpointCopy {
public:
  explicit CheckpointCopy(const std::string &source);
  ~CheckpointCopy();

  const std::string &path() const { return directory; }
  std::string file(const std::string &name) const { return directory + "/" + name; }
  /// Rewrites a JSON file of the directory.
  void editJson(const std::string &name, const std::function<void(nlohmann::json &)> &edit) const;
  /// Rewrites the header of the shard that holds `tensor`; the data stays.
  void editHeader(const std::string &tensor, const std::function<void(nlohmann::json &)> &edit) const;
  /// Overwrites bytes of a tensor's data.
  void patch(const std::string &tensor, uint64_t offset, const std::string &bytes) const;
  std::string shardOf(const std::string &tensor) const;

private:
  std::string directory;
};

std::string readFile(const std::string &path);
void writeFile(const std::string &path, const std::string &bytes);
/// Standard output of a command; the test fails when the command does.
std::string runCommand(const std::string &command);

/// The message of an error result; empty for a value.
template <typename T>
std::string messageOf(llvm::Expected<T> result) {
  return result ? std::string() : llvm::toString(result.takeError());
}

/// Expects every part in `message`, and that it is one sentence.
void expectMessage(const std::string &message, const std::vector<std::string> &parts);

} // namespace v4::test

#endif // V4_TEST_IMPORT_TESTCHECKPOINT_H
