//===- SafetensorsTest.cpp - Shards and index, right and wrong --*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "TestCheckpoint.h"

#include "compiler/import/Safetensors.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Endian.h"

#include <filesystem>

using namespace v4;
using namespace v4::test;
using nlohmann::json;

namespace {

std::string shard(const std::string &header, size_t dataBytes) {
  std::string bytes(8, '\0');
  llvm::support::endian::write64le(bytes.data(), header.size());
  return bytes + header + std::string(dataBytes, '\1');
}

std::string parseMessage(const std::string &bytes) {
  return messageOf(parseSafetensors(llvm::arrayRefFromStringRef(bytes), "s.safetensors"));
}

std::string headerMessage(const std::string &header, size_t dataBytes) {
  return parseMessage(shard(header, dataBytes));
}

std::string oneTensor(const std::string &dtype, const std::string &shape, const std::string &offsets) {
  return "{\"t\":{\"dtype\":" + dtype + ",\"shape\":" + shape + ",\"data_offsets\":" + offsets + "}}";
}

std::string openMessage(const std::string &path) { return messageOf(Checkpoint::open(path)); }

constexpr char kIndex[] = "model.safetensors.index.json";
constexpr char kNorm[] = "layers.0.attn_norm.weight";

} // namespace

TEST(Safetensors, ReadsTensors) {
  std::string bytes = shard("{\"__metadata__\":{\"format\":\"pt\"},"
                            "\"b\":{\"dtype\":\"BF16\",\"shape\":[2,3],\"data_offsets\":[4,16]},"
                            "\"a\":{\"dtype\":\"F32\",\"shape\":[],\"data_offsets\":[0,4]},"
                            "\"empty\":{\"dtype\":\"I64\",\"shape\":[0,5],\"data_offsets\":[4,4]},"
                            "\"nibbles\":{\"dtype\":\"F4\",\"shape\":[4],\"data_offsets\":[16,18]}}   ",
                            18);
  auto tensors = parseSafetensors(llvm::arrayRefFromStringRef(bytes), "s");
  ASSERT_TRUE(bool(tensors)) << llvm::toString(tensors.takeError());
  EXPECT_EQ(tensors->size(), 4u);
  const StoredTensor &b = tensors->at("b");
  EXPECT_EQ(b.dtype, "BF16");
  EXPECT_EQ(b.shape, (llvm::SmallVector<int64_t, 4>{2, 3}));
  EXPECT_EQ(b.bytes.size(), 12u);
  EXPECT_EQ(reinterpret_cast<const char *>(b.bytes.data()), bytes.data() + bytes.size() - 14);
}

TEST(Safetensors, BadLengths) {
  expectMessage(parseMessage(""), {"s.safetensors", "0 bytes"});
  expectMessage(parseMessage("1234567"), {"7 bytes"});
  expectMessage(parseMessage(std::string(64, '\xff')), {"18446744073709551615", "56 follow"});
  expectMessage(parseMessage(shard("{}", 0).substr(0, 9)), {"2 bytes", "1 follow"});
  std::string huge = shard("{}", 0);
  llvm::support::endian::write64le(huge.data(), 100000001);
  expectMessage(parseMessage(huge), {"100000001"});
}

TEST(Safetensors, BadHeaders) {
  expectMessage(headerMessage("{{{{", 0), {"s.safetensors: header", "not valid JSON"});
  expectMessage(headerMessage("[]", 0), {"an array"});
  expectMessage(headerMessage("{\"t\":3}", 0), {"'t'", "is 3"});
  expectMessage(headerMessage("{\"t\xff\":3}", 0), {"not valid JSON"});
  expectMessage(headerMessage(std::string(100000, '['), 0), {"nested"});
  std::string entry = "{\"dtype\":\"I8\",\"shape\":[1],\"data_offsets\":[0,1]}";
  expectMessage(headerMessage("{\"t\":" + entry + ",\"t\":" + entry + "}", 1), {"'t'", "twice"});
  expectMessage(headerMessage("{\"t\":{\"shape\":[1],\"data_offsets\":[0,1]}}", 1), {"'t'", "dtype none"});
  expectMessage(headerMessage("{\"t\":{\"dtype\":\"I8\",\"data_offsets\":[0,1]}}", 1), {"'t'", "shape none"});
  expectMessage(headerMessage("{\"t\":{\"dtype\":\"I8\",\"shape\":[1]}}", 1), {"'t'", "data_offsets none"});
}

TEST(Safetensors, BadEntries) {
  expectMessage(headerMessage(oneTensor("\"Q7\"", "[1]", "[0,1]"), 1), {"'t'", "\"Q7\""});
  expectMessage(headerMessage(oneTensor("7", "[1]", "[0,1]"), 1), {"'t'", "dtype 7"});
  expectMessage(headerMessage(oneTensor("\"I8\"", "\"big\"", "[0,1]"), 1), {"'t'", "\"big\""});
  expectMessage(headerMessage(oneTensor("\"I8\"", "[-1]", "[0,1]"), 1), {"'t'", "[-1]"});
  expectMessage(headerMessage(oneTensor("\"I8\"", "[1.0]", "[0,1]"), 1), {"'t'", "[1.0]"});
  expectMessage(headerMessage(oneTensor("\"I8\"", "[1,1,1,1,1,1,1,1,1]", "[0,1]"), 1), {"'t'", "at most 8"});
  expectMessage(headerMessage(oneTensor("\"I8\"", "[1]", "[0]"), 1), {"'t'", "[0]", "begin <= end"});
  expectMessage(headerMessage(oneTensor("\"I8\"", "[1]", "[-1,0]"), 1), {"'t'", "[-1,0]"});
  expectMessage(headerMessage(oneTensor("\"I8\"", "[1]", "[1,0]"), 1), {"'t'", "[1,0]"});
  expectMessage(headerMessage(oneTensor("\"I8\"", "[2]", "[0,2]"), 1), {"'t'", "ends at byte 2", "only 1"});
  expectMessage(headerMessage(oneTensor("\"I8\"", "[1]", "[18446744073709551614,18446744073709551615]"), 1), {"'t'"});
  expectMessage(headerMessage(oneTensor("\"F32\"", "[1]", "[0,2]"), 2), {"'t'", "2 bytes", "expected 4"});
  expectMessage(headerMessage(oneTensor("\"F4\"", "[3]", "[0,2]"), 2), {"'t'", "whole number"});
  expectMessage(headerMessage(oneTensor("\"I8\"", "[1099511627776,1099511627776]", "[0,1]"), 1), {"'t'", "1 bytes"});
  expectMessage(headerMessage(oneTensor("\"I64\"", "[2305843009213693952]", "[0,0]"), 0), {"'t'"});
}

TEST(Safetensors, OverlapsAndGaps) {
  auto two = [](const char *first, const char *second) {
    return "{\"a\":{\"dtype\":\"I8\",\"shape\":[2],\"data_offsets\":" + std::string(first) +
           "},\"b\":{\"dtype\":\"I8\",\"shape\":[2],\"data_offsets\":" + second + "}}";
  };
  EXPECT_EQ(headerMessage(two("[0,2]", "[2,4]"), 4), "");
  expectMessage(headerMessage(two("[0,2]", "[1,3]"), 3), {"'b'", "overlap"});
  expectMessage(headerMessage(two("[0,2]", "[0,2]"), 2), {"overlap"});
  EXPECT_EQ(headerMessage(two("[0,2]", "[3,5]"), 5), ""); // a dropped tensor's hole
  expectMessage(headerMessage(two("[0,2]", "[2,4]"), 5), {"5 bytes", "end at byte 4"});
}

TEST(Checkpoint, OpensShards) {
  std::string path = csaCheckpoint();
  auto checkpoint = Checkpoint::open(path);
  ASSERT_TRUE(bool(checkpoint)) << llvm::toString(checkpoint.takeError());
  EXPECT_EQ((*checkpoint)->find(kNorm)->shape, (llvm::SmallVector<int64_t, 4>{256}));
  EXPECT_EQ((*checkpoint)->find("layers.0.attn_norm"), nullptr);
  EXPECT_EQ((*checkpoint)->manifest().size(), 64u);
  json manifest = json::parse(readFile(path + "/MANIFEST.json"));
  EXPECT_EQ((*checkpoint)->tensors().size(), manifest["tensors"].get<size_t>());
}

TEST(Checkpoint, SingleFileHasTheManifestOfShards) {
  CheckpointCopy copy(bf16Checkpoint());
  std::string sharded = (*Checkpoint::open(copy.path()))->manifest();
  std::filesystem::rename(copy.file("model-00001-of-00001.safetensors"), copy.file("model.safetensors"));
  std::filesystem::remove(copy.file(kIndex));
  auto single = Checkpoint::open(copy.path());
  ASSERT_TRUE(bool(single)) << llvm::toString(single.takeError());
  EXPECT_EQ((*single)->manifest(), sharded);
}

TEST(Checkpoint, MissingFiles) {
  expectMessage(openMessage("/nonexistent"), {"/nonexistent", "no such directory"});
  CheckpointCopy copy(csaCheckpoint());
  std::string shard = copy.shardOf(kNorm);
  std::filesystem::remove(shard);
  expectMessage(openMessage(copy.path()), {shard, "no such file", kIndex});
  std::filesystem::create_directory(shard);
  expectMessage(openMessage(copy.path()), {shard, "not a regular file"});
  std::filesystem::remove(copy.file(kIndex));
  expectMessage(openMessage(copy.path()), {copy.path(), kIndex, "model.safetensors"});
}

TEST(Checkpoint, BadIndex) {
  CheckpointCopy copy(csaCheckpoint());
  std::string good = readFile(copy.file(kIndex));
  writeFile(copy.file(kIndex), "weights");
  expectMessage(openMessage(copy.path()), {kIndex, "not valid JSON"});
  writeFile(copy.file(kIndex), "{}");
  expectMessage(openMessage(copy.path()), {kIndex, "'weight_map' is missing"});
  writeFile(copy.file(kIndex), "{\"weight_map\":[]}");
  expectMessage(openMessage(copy.path()), {kIndex, "'weight_map' is no object"});
  for (const json &name : {json("../x.safetensors"), json(3), json(""), json(std::string("a\0b", 3))}) {
    writeFile(copy.file(kIndex), good);
    copy.editJson(kIndex, [&](json &index) { index["weight_map"][kNorm] = name; });
    expectMessage(openMessage(copy.path()), {kIndex, kNorm, "beside the index"});
  }
}

TEST(Checkpoint, TensorAbsentFromItsShard) {
  CheckpointCopy copy(csaCheckpoint());
  copy.editJson(kIndex, [&](json &index) { index["weight_map"]["layers.9.x"] = index["weight_map"][kNorm]; });
  expectMessage(openMessage(copy.path()), {"'layers.9.x'", "missing", kIndex});
}

TEST(Checkpoint, TruncatedShard) {
  CheckpointCopy copy(csaCheckpoint());
  std::string shard = copy.shardOf(kNorm), bytes = readFile(shard);
  for (size_t size : {size_t(0), size_t(5), size_t(300), bytes.size() - 4096, bytes.size() - 1}) {
    writeFile(shard, bytes.substr(0, size));
    expectMessage(openMessage(copy.path()), {shard});
  }
}
