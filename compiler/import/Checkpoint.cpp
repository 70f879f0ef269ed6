//===- Checkpoint.cpp - Index and shards of a checkpoint --------*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compiler/import/ImportError.h"
#include "compiler/import/JsonText.h"
#include "compiler/import/Safetensors.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/SHA256.h"

using namespace llvm;
using nlohmann::json;
using v4::Checkpoint;
using v4::StoredTensor;

static constexpr StringLiteral kIndexName = "model.safetensors.index.json";
static constexpr StringLiteral kSingleName = "model.safetensors";
static constexpr size_t kIndexBytesLimit = 1u << 30;

Expected<std::unique_ptr<Checkpoint>> v4::Checkpoint::open(StringRef directory) {
  if (!sys::fs::is_directory(directory))
    return inputError(directory + ": no such directory");
  auto checkpoint = std::make_unique<Checkpoint>();
  checkpoint->root = directory.str();
  std::string index = checkpoint->pathOf(kIndexName);
  if (!sys::fs::exists(index)) {
    if (Error error = checkpoint->openSingle())
      return error;
    return checkpoint;
  }
  Expected<InputFile> file = InputFile::open(index);
  if (!file)
    return file.takeError();
  if (Error error = checkpoint->openSharded(*file))
    return error;
  return checkpoint;
}

std::unique_ptr<Checkpoint> v4::Checkpoint::withoutTensors(StringRef configPath) {
  auto checkpoint = std::make_unique<Checkpoint>();
  checkpoint->root = configPath.str();
  checkpoint->declared = true;
  return checkpoint;
}

bool v4::Checkpoint::hasTensors(StringRef directory) {
  SmallString<256> index(directory), single(directory);
  sys::path::append(index, kIndexName);
  sys::path::append(single, kSingleName);
  return sys::fs::exists(index) || sys::fs::exists(single);
}

std::string v4::Checkpoint::pathOf(StringRef file) const {
  if (declared)
    return root;
  SmallString<256> path(root);
  sys::path::append(path, file);
  return path.str().str();
}

Error v4::Checkpoint::openSingle() {
  if (!sys::fs::exists(pathOf(kSingleName)))
    return inputError(root + ": holds neither " + kIndexName + " nor " + kSingleName +
                      ", expected a checkpoint in safetensors format");
  Expected<Tensors> tensors = openShard(kSingleName);
  if (!tensors)
    return tensors.takeError();
  byName = std::move(*tensors);
  return Error::success();
}

Expected<Checkpoint::Tensors> v4::Checkpoint::openShard(StringRef name) {
  Expected<InputFile> file = InputFile::open(pathOf(name));
  if (!file)
    return file.takeError();
  Expected<Tensors> tensors = parseSafetensors(file->bytes(), pathOf(name));
  if (!tensors)
    return tensors.takeError();
  for (auto &entry : *tensors)
    entry.second.shard = shards.size();
  shards.push_back({name.str(), std::move(*file)});
  return tensors;
}

Error v4::Checkpoint::openSharded(const InputFile &index) {
  std::string path = pathOf(kIndexName);
  if (index.bytes().size() > kIndexBytesLimit)
    return inputError(path + ": the file has " + Twine(index.bytes().size()) + " bytes, expected at most " +
                      Twine(kIndexBytesLimit));
  Expected<json> root = parseJson(index.text(), path);
  if (!root)
    return root.takeError();
  auto map = root->find("weight_map");
  if (map == root->end() || !map->is_object())
    return inputError(path + ": key 'weight_map' is " + (map == root->end() ? "missing" : "no object") +
                      ", expected an object from tensor names to shards");

  std::map<std::string, Tensors> shardTensors;
  for (const auto &[name, value] : map->items()) {
    std::string shard = value.is_string() ? value.get<std::string>() : "";
    // A shard lies beside its index: a path could leave the directory.
    if (shard.empty() || shard.find_first_of(std::string("/\0", 2)) != std::string::npos)
      return inputError(path + ": weight_map['" + name + "'] is " + jsonExcerpt(value) +
                        ", expected the name of a file beside the index");
    auto [it, isNew] = shardTensors.try_emplace(shard);
    if (isNew) {
      if (!sys::fs::exists(pathOf(shard)))
        return inputError(pathOf(shard) + ": no such file, but " + kIndexName + " says that it holds tensor '" + name +
                          "'");
      Expected<Tensors> tensors = openShard(shard);
      if (!tensors)
        return tensors.takeError();
      it->second = std::move(*tensors);
    }
    auto found = it->second.find(name);
    if (found == it->second.end())
      return inputError(pathOf(shard) + ": tensor '" + name + "' is missing, but " + kIndexName +
                        " says that this file holds it");
    byName.emplace(name, std::move(found->second));
  }
  return Error::success();
}

std::vector<std::string> v4::Checkpoint::files() const {
  std::vector<std::string> paths;
  for (const Shard &shard : shards)
    paths.push_back(pathOf(shard.name));
  return paths;
}

ArrayRef<uint8_t> v4::Checkpoint::shardAround(const uint8_t *byte) const {
  for (const Shard &shard : shards)
    if (ArrayRef<uint8_t> bytes = shard.file.bytes(); byte >= bytes.begin() && byte < bytes.end())
      return bytes;
  return {};
}

const StoredTensor *v4::Checkpoint::find(StringRef name) const {
  auto it = byName.find(std::string_view(name));
  return it == byName.end() ? nullptr : &it->second;
}

std::string v4::Checkpoint::manifest(const Tensors &tensors) {
  SHA256 hash;
  std::string line;
  for (const auto &[name, tensor] : tensors) {
    line.assign(name).append(" ").append(tensor.dtype).append(" ");
    for (auto [i, dim] : enumerate(tensor.shape))
      line.append(i ? "x" : "").append(std::to_string(dim));
    hash.update(line.append("\n"));
  }
  return toHex(hash.final(), /*LowerCase=*/true);
}
