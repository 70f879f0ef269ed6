//===- safetensors.cpp - Foreign shards -----------------------------------===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compiler/import/Safetensors.h"
#include "test/fuzz/FuzzTarget.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>

using namespace v4;
using namespace v4::fuzz;

/// A shard whose length of the header is right.
static ByteString shardOf(const ByteString &json, const ByteString &data) {
  uint64_t length = json.size();
  const uint8_t *bytes = reinterpret_cast<const uint8_t *>(&length);
  ByteString shard(bytes, bytes + sizeof(length));
  shard.insert(shard.end(), json.begin(), json.end());
  shard.insert(shard.end(), data.begin(), data.end());
  return shard;
}

std::vector<ByteString> fuzz::makeSeeds() {
  std::vector<ByteString> seeds;
  for (const char *json :
       {"{}", "{\"a.weight\":{\"dtype\":\"BF16\",\"shape\":[2,3],\"data_offsets\":[0,12]}}",
        "{\"__metadata__\":{\"format\":\"pt\"},\"b\":{\"dtype\":\"F4\",\"shape\":[4,2],\"data_offsets\":[8,12]},"
        "\"a\":{\"dtype\":\"I64\",\"shape\":[],\"data_offsets\":[0,8]}}"})
    seeds.push_back(shardOf(bytesOf(json), ByteString(std::strlen(json) > 2 ? 12 : 0, 7)));
  return seeds;
}

extern "C" size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t most, unsigned seed) {
  Choice choice(seed);
  ByteString shard(data, data + size);
  uint64_t length = 0;
  if (size >= sizeof(length))
    std::memcpy(&length, data, sizeof(length));
  if (choice.oneIn(8) || size < 8 || length > size - 8) {
    mutateBytes(shard, most);
    return put(shard, data, size, most);
  }
  ByteString json(shard.begin() + 8, shard.begin() + 8 + static_cast<ptrdiff_t>(length));
  ByteString rest(shard.begin() + 8 + static_cast<ptrdiff_t>(length), shard.end());
  if (choice.oneIn(4))
    rest.resize(choice.below(64));
  else
    mutateBytes(json, most);
  return put(shardOf(json, rest), data, size, most);
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  auto tensors = parseSafetensors({data, size}, "fuzz.safetensors");
  if (!tensors) {
    use(llvm::toString(tensors.takeError()).size());
    return 0;
  }
  use(Checkpoint::manifest(*tensors).size());
  for (const auto &[name, tensor] : *tensors)
    if (!tensor.bytes.empty() && (tensor.bytes.begin() < data || tensor.bytes.end() > data + size))
      std::abort();
  return 0;
}
