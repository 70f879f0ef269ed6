//===- LimitsFlag.cpp - Limits of a session on the command line -----------===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tools/inspect/LimitsFlag.h"

#include <algorithm>

using namespace v4;
using namespace v4::plan;

Status inspect::parseLimits(const char *name, const std::string &flag, const fb::Program &program, Limits &out) {
  out = envelopeLimits(program);
  if (flag == kEnvelope)
    return Status();
  const std::pair<const char *, uint64_t *> keys[] = {
      {"context", &out.context}, {"sequences", &out.sequences}, {"tokens", &out.tokens}};
  bool given[std::size(keys)] = {};
  for (size_t begin = 0; begin <= flag.size();) {
    size_t end = std::min(flag.find(',', begin), flag.size());
    std::string entry = flag.substr(begin, end - begin);
    begin = end + 1;
    size_t colon = entry.find(':');
    auto key = std::find_if(std::begin(keys), std::end(keys), [&](const auto &k) {
      return colon != std::string::npos && entry.substr(0, colon) == k.first;
    });
    std::string digits = colon == std::string::npos ? "" : entry.substr(colon + 1);
    bool plain = !digits.empty() && digits.size() <= 12 && digits.find_first_not_of("0123456789") == std::string::npos;
    if (key == std::end(keys) || !plain)
      return invalidInput(name, ": '", entry, "' is not understood, expected context:N, sequences:N or tokens:N");
    if (std::exchange(given[key - keys], true))
      return invalidInput(name, ": ", key->first, " is given twice in '", flag, "', expected once; leave one out");
    uint64_t value = std::stoull(digits);
    if (value < 1 || value > *key->second)
      return invalidInput(name, ": ", key->first, " is ", value, ", this plan allows 1 to ", *key->second,
                          "; compile it with a larger --max-", key->first);
    *key->second = value;
  }
  return Status();
}
