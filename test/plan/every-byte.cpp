//===- every-byte.cpp - Every damaged byte of a plan is refused -----------===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// every-byte [PLAN | --signed]
//
// Of one byte at a time, and with hashes left as they were:
//
//                        made-up plan      PLAN, a compiled one
//   header               all 255 values    all 255 values
//   metadata             all 255 values    8 bit flips, 0x00, 0xFF
//   code, tables,
//   hashes               all 255 values    one bit flip
//   gaps in between      0x01, 0x80, 0xFF  -
//   truncation           every size        every size
//
// Each load hashes the code of a compiled plan: all 255 values of each of its bytes
// would take a day, and more values of bytes that nothing but the hash reads show
// nothing more.
//
//===----------------------------------------------------------------------===//

#include "test/plan/FakePlan.h"

#include <cstdio>
#include <vector>

#if defined(__SANITIZE_ADDRESS__)
#define V4_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define V4_ASAN 1
#endif
#endif
#ifdef V4_ASAN
#include <sanitizer/asan_interface.h>
#else
#define ASAN_POISON_MEMORY_REGION(begin, size) ((void)(begin), (void)(size))
#endif

using namespace v4;
using namespace v4::plan;
using namespace v4::plan::test;

namespace {

uint64_t cases = 0, failures = 0;

void expectRefused(Bytes file, const char *what, uint64_t at, unsigned value) {
  ++cases;
  Plan plan;
  Status status = checkPlan("engine.v4plan", file, plan);
  if (status.code() == StatusCode::InvalidInput || ++failures > 20)
    return;
  std::fprintf(stderr, "%s: byte %llu = %u has status %d, expected 1 (InvalidInput)\n", what,
               static_cast<unsigned long long>(at), value, static_cast<int>(status.code()));
}

/// Bytes [begin, end) get every value of `valuesOf(old)` in turn.
template <typename ValuesOf>
void damage(PlanBytes &file, const char *what, uint64_t begin, uint64_t end, ValuesOf valuesOf) {
  for (uint64_t i = begin; i < end; ++i) {
    uint8_t old = file[i];
    for (unsigned value : valuesOf(old)) {
      file[i] = static_cast<uint8_t>(value);
      if (file[i] != old)
        expectRefused(file.view(), what, i, value);
    }
    file[i] = old;
  }
}

std::vector<unsigned> allValues(uint8_t) {
  std::vector<unsigned> values(256);
  for (unsigned i = 0; i < 256; ++i)
    values[i] = i;
  return values;
}

std::vector<unsigned> gapValues(uint8_t) { return {0x01, 0x80, 0xFF}; }

std::vector<unsigned> oneValue(uint8_t old) { return {old ^ (1u << (old % 8))}; }

std::vector<unsigned> someValues(uint8_t old) {
  std::vector<unsigned> values = {0x00, 0xFF};
  for (unsigned bit = 0; bit < 8; ++bit)
    values.push_back(old ^ (1u << bit));
  return values;
}

void damageEverything(PlanBytes &file, bool compiled) {
  uint64_t end = headerBytes(file.header().requiredFeatures);
  damage(file, "header", 0, end, allValues);
  static const char *const names[] = {"metadata", "code", "tables", "hashes"};
  for (uint32_t i = 0; i < 4; ++i) {
    Section section = file.header().sections[i];
    if (!section.bytes)
      continue;
    if (!compiled)
      damage(file, "gap", end, section.offset, gapValues);
    end = section.offset + section.bytes;
    auto *compiledValues = i == 0 ? someValues : oneValue;
    damage(file, names[i], section.offset, end, compiled ? compiledValues : allValues);
  }
}

/// From the longest to the empty one: what is cut off becomes poison that the sanitizer watches.
void truncate(PlanBytes &file) {
  uint64_t allocated = (file.size() + 4095) / 4096 * 4096;
  ASAN_POISON_MEMORY_REGION(file.data() + file.size(), allocated - file.size());
  for (uint64_t size = file.size(); size-- > 0;) {
    ASAN_POISON_MEMORY_REGION(file.data() + size, 1);
    expectRefused({file.data(), size}, "truncation", size, 0);
  }
}

} // namespace

int main(int argc, char **argv) {
  FakePlan fake;
  fake.isSigned = argc > 1 && !std::strcmp(argv[1], "--signed");
  bool compiled = argc > 1 && !fake.isSigned;
  PlanBytes file = compiled ? readPlan(argv[1]) : fake.build();
  Plan good;
  if (Status status = checkPlan("engine.v4plan", file.view(), good); !status.isOk()) {
    std::fprintf(stderr, "every-byte: %s\n", status.message().c_str());
    return 1;
  }
  if (file.section(SectionKind::Metadata).bytes >= 64 << 10) {
    std::fprintf(stderr, "every-byte: metadata has %llu bytes, expected less than 65536: a plan of one layer\n",
                 static_cast<unsigned long long>(file.section(SectionKind::Metadata).bytes));
    return 1;
  }
  damageEverything(file, compiled);
  truncate(file);
  std::printf("%llu cases, %llu failures\n", static_cast<unsigned long long>(cases),
              static_cast<unsigned long long>(failures));
  return failures != 0;
}
