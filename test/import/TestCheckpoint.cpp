//===- TestCheckpoint.cpp - Checkpoints for tests ---------------*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "TestCheckpoint.h"

#include "llvm/Support/Endian.h"

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>

#include <unistd.h>

namespace fs = std::filesystem;
using namespace v4::test;
using nlohmann::json;

static constexpr char kPython[] = V4_TEST_PYTHON;
static constexpr char kReference[] = V4_REFERENCE_DIR;

namespace {

/// Removed when the process ends.
struct Scratch {
  Scratch() {
    fs::path pattern = fs::temp_directory_path() / "v4-import-test-XXXXXX";
    std::string text = pattern.string();
    if (char *made = mkdtemp(text.data()))
      path = made;
  }
  ~Scratch() {
    std::error_code ignored;
    fs::remove_all(path, ignored);
  }
  std::string fresh() { return path + "/" + std::to_string(count++); }
  std::string path;
  int count = 0;
};

Scratch &scratch() {
  static Scratch directory;
  return directory;
}

} // namespace

std::string v4::test::runCommand(const std::string &command) {
  std::string output;
  FILE *pipe = popen(command.c_str(), "r");
  EXPECT_NE(pipe, nullptr) << command;
  if (!pipe)
    return output;
  char buffer[4096];
  while (size_t n = fread(buffer, 1, sizeof buffer, pipe))
    output.append(buffer, n);
  EXPECT_EQ(pclose(pipe), 0) << command;
  return output;
}

std::string v4::test::madeCheckpoint(const std::string &arguments) {
  static std::map<std::string, std::string> made;
  std::string &path = made[arguments];
  if (path.empty()) {
    path = scratch().fresh();
    runCommand(std::string(kPython) + " " + kReference + "/make_checkpoint.py --seed 1 --out " + path + " " +
               arguments);
  }
  return path;
}

std::string v4::test::csaCheckpoint() {
  return madeCheckpoint(
      "--preset tiny --set num_hidden_layers=1 --set num_hash_layers=0 --set 'compress_ratios=[4,0]'");
}

std::string v4::test::bf16Checkpoint() {
  static std::string path;
  if (path.empty()) {
    std::string source = csaCheckpoint();
    path = scratch().fresh();
    runCommand(std::string(kPython) + " " + kReference + "/to_bf16.py " + source + " " + path);
  }
  return path;
}

CheckpointCopy::CheckpointCopy(const std::string &source) : directory(scratch().fresh()) {
  fs::copy(source, directory, fs::copy_options::recursive);
}

CheckpointCopy::~CheckpointCopy() {
  std::error_code ignored;
  fs::remove_all(directory, ignored);
}

std::string v4::test::readFile(const std::string &path) {
  std::ifstream in(path, std::ios::binary);
  std::stringstream text;
  text << in.rdbuf();
  return text.str();
}

void v4::test::writeFile(const std::string &path, const std::string &bytes) {
  std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
}

void CheckpointCopy::editJson(const std::string &name, const std::function<void(json &)> &edit) const {
  json value = json::parse(readFile(file(name)));
  edit(value);
  writeFile(file(name), value.dump());
}

std::string CheckpointCopy::shardOf(const std::string &tensor) const {
  json index = json::parse(readFile(file("model.safetensors.index.json")));
  return file(index["weight_map"][tensor].get<std::string>());
}

void CheckpointCopy::editHeader(const std::string &tensor, const std::function<void(json &)> &edit) const {
  std::string path = shardOf(tensor), bytes = readFile(path);
  uint64_t length = llvm::support::endian::read64le(bytes.data());
  json header = json::parse(bytes.substr(8, length));
  edit(header);
  std::string text = header.dump(), prefix(8, '\0');
  llvm::support::endian::write64le(prefix.data(), text.size());
  writeFile(path, prefix + text + bytes.substr(8 + length));
}

void CheckpointCopy::patch(const std::string &tensor, uint64_t offset, const std::string &patch) const {
  std::string path = shardOf(tensor), bytes = readFile(path);
  uint64_t length = llvm::support::endian::read64le(bytes.data());
  json header = json::parse(bytes.substr(8, length));
  bytes.replace(8 + length + header[tensor]["data_offsets"][0].get<uint64_t>() + offset, patch.size(), patch);
  writeFile(path, bytes);
}

void v4::test::expectMessage(const std::string &message, const std::vector<std::string> &parts) {
  EXPECT_FALSE(message.empty()) << "expected an error";
  EXPECT_EQ(message.find('\n'), std::string::npos) << message;
  EXPECT_NE(message.empty() ? '.' : message.back(), '.') << message;
  for (const std::string &part : parts)
    EXPECT_NE(message.find(part), std::string::npos) << "'" << part << "' is not in: " << message;
}
