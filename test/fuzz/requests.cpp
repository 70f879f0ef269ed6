//===- requests.cpp - Foreign batch files, token files and keys -----------===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The first byte says which of them the rest is: b, t or k.
//
//===----------------------------------------------------------------------===//

#include "runtime/plan/Signature.h"
#include "test/fuzz/FuzzTarget.h"
#include "tools/NpyFile.h"
#include "tools/run/BatchFile.h"
#include "tools/run/TokenText.h"

using namespace v4;
using namespace v4::fuzz;

static constexpr uint32_t kVocabulary = 129280;

std::vector<ByteString> fuzz::makeSeeds() {
  return {bytesOf("b{\"id\":\"a\",\"tokens\":[1,2,3],\"n\":16,\"seed\":7,\"logits_sha256\":true}\n"
                  "{\"id\":2,\"tokens\":[129279],\"temperature\":0.5,\"top_p\":0.9,\"top_k\":3,\"min_p\":1e-2}\n\n"
                  "{\"id\":-3,\"tokens\":[0],\"draft\":1,\"ignore_eos\":false,\"priority\":-1}"),
          bytesOf("b{\"id\":\"\\u00e9\",\"tokens\":[1],\"x\":[[[{}]]]}"), bytesOf("t1,2 , 3\n129279\t0"),
          bytesOf("t7,,"), bytesOf("k# ours\n000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f\n")};
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static const ScratchFile file("requests");
  std::string text(data, data + size);
  if (text.empty())
    return 0;
  uint8_t key[32];
  if (text[0] == 'k') {
    use(plan::parseKey("key", text.substr(1), plan::KeyKind::Public, key).isOk());
    return 0;
  }
  try {
    BatchRequest defaults = {};
    if (text[0] == 't')
      use(parseTokens("tokens", text.substr(1), kVocabulary).size());
    if (text[0] == 'b') {
      file.write(data + 1, size - 1, 0);
      use(readBatchFile(file.path(), defaults, kVocabulary).size());
    }
  } catch (const InputError &error) {
    use(error.what()[0]);
  }
  return 0;
}
