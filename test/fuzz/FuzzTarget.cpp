//===- FuzzTarget.cpp - Seeds and mutations of all targets ----------------===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "test/fuzz/FuzzTarget.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <fstream>
#include <unistd.h>

using namespace v4;
using namespace v4::fuzz;

uint64_t Choice::value(uint64_t near) {
  static const uint64_t odd[] = {0, 1, 2, 3, 7, 8, 63, 64, 127, 128, 255, 256, 4095, 4096, 65535, 65536};
  switch (below(8)) {
  case 0:
    return odd[below(std::size(odd))];
  case 1:
    return (uint64_t(1) << below(64)) - below(2);
  case 2:
    return ~uint64_t(0) - below(3);
  case 3:
    return 0x7FFFFFFF + below(3);
  case 4:
    return random();
  default:
    return near + below(5) - 2;
  }
}

void fuzz::mutateBytes(ByteString &bytes, size_t most) {
  size_t size = bytes.size();
  bytes.resize(std::max(size, most));
  bytes.resize(LLVMFuzzerMutate(bytes.data(), size, most));
}

void fuzz::mutateWord(ByteString &bytes, Choice &choice) {
  size_t width = size_t(1) << choice.below(4);
  if (bytes.size() < width)
    return;
  size_t at = choice.below(bytes.size() / width) * width;
  uint64_t old = 0;
  std::memcpy(&old, &bytes[at], width);
  uint64_t value = choice.value(old);
  std::memcpy(&bytes[at], &value, width);
}

size_t fuzz::put(const ByteString &bytes, uint8_t *data, size_t size, size_t most) {
  if (bytes.size() > most)
    return size;
  std::copy(bytes.begin(), bytes.end(), data);
  return bytes.size();
}

ScratchFile::ScratchFile(const char *name) {
  const char *folder = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
  place = std::string(folder) + "/v4-fuzz-" + std::to_string(getpid()) + "-" + name;
}

ScratchFile::~ScratchFile() { unlink(place.c_str()); }

void ScratchFile::write(const uint8_t *bytes, size_t count, uint64_t size) const {
  int fd = open(place.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (fd < 0 || ::write(fd, bytes, count) != static_cast<ssize_t>(count) ||
      (size > count && ftruncate(fd, static_cast<off_t>(size)) != 0) || close(fd) != 0) {
    std::perror(place.c_str());
    std::abort();
  }
}

static void writeSeeds(const std::string &folder) {
  std::vector<ByteString> seeds = makeSeeds();
  for (size_t i = 0; i < seeds.size(); ++i) {
    std::ofstream out(folder + "/made-" + std::to_string(i), std::ios::binary);
    out.write(reinterpret_cast<const char *>(seeds[i].data()), static_cast<std::streamsize>(seeds[i].size()));
    if (!out.flush())
      std::exit(1);
  }
}

extern "C" int LLVMFuzzerInitialize(int *, char ***) {
  if (const char *folder = std::getenv("V4_FUZZ_SEEDS")) {
    writeSeeds(folder);
    std::exit(0);
  }
  return 0;
}
