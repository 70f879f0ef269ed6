//===- index.cpp - Foreign indices of shards ------------------------------===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compiler/import/Safetensors.h"
#include "test/fuzz/FuzzTarget.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <unistd.h>

using namespace v4;
using namespace v4::fuzz;

namespace {

/// A checkpoint whose index changes.
class Folder {
public:
  Folder() : root(std::filesystem::temp_directory_path() / ("v4-fuzz-index-" + std::to_string(getpid()))) {
    std::filesystem::create_directories(root);
    const std::string json = "{\"a\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[0,4]}}";
    uint64_t length = json.size();
    std::ofstream shard(root / "s", std::ios::binary);
    shard.write(reinterpret_cast<const char *>(&length), sizeof(length)) << json << "1234";
  }
  ~Folder() { std::filesystem::remove_all(root); }
  void writeIndex(const uint8_t *data, size_t size) const {
    std::ofstream index(root / "model.safetensors.index.json", std::ios::binary);
    index.write(reinterpret_cast<const char *>(data), static_cast<std::streamsize>(size));
  }

  const std::filesystem::path root;
};

} // namespace

std::vector<ByteString> fuzz::makeSeeds() {
  return {bytesOf("{\"metadata\":{\"total_size\":4},\"weight_map\":{\"a\":\"s\"}}"),
          bytesOf("{\"weight_map\":{\"b\":\"s\"}}"), bytesOf("{\"weight_map\":{\"a\":\"../s\"}}"),
          bytesOf("{\"weight_map\":{\"a\":1,\"\\u0000\":\"s\\u0000\"}}")};
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static const Folder folder;
  folder.writeIndex(data, size);
  auto opened = Checkpoint::open(folder.root.string());
  if (!opened) {
    use(llvm::toString(opened.takeError()).size());
    return 0;
  }
  use((*opened)->manifest().size());
  for (const std::string &file : (*opened)->files())
    if (std::filesystem::path(file).parent_path() != folder.root)
      std::abort();
  return 0;
}
