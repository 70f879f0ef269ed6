//===- main.cpp - Eight tokens behind a prompt ----------------------------===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// Opens a plan, feeds three tokens and prints the eight that follow.
#include <v4/runtime.hpp>

#include <cstdio>

int main(int argc, char **argv) try {
  v4::api::Engine engine(argc > 1 ? argv[1] : "model.v4plan");
  v4::api::Session session = engine.createSession();
  v4::api::Sequence sequence = session.createSequence();
  v4::api::Sampler sampler(engine.info().vocab_size);
  std::vector<int32_t> tokens = {1, 2, 3};
  for (int i = 0; i < 8; ++i) {
    session.step(sequence, tokens.data(), tokens.size(), 1);
    tokens = {session.pick(sampler, 0, sequence.position())};
    std::printf("%d ", tokens[0]);
  }
  std::printf("\n");
} catch (const v4::api::Error &error) {
  std::fprintf(stderr, "%s\n", error.what());
  return error.code();
}
