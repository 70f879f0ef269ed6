//===- TokenText.cpp - Token ids in files and flags -----------------------===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tools/run/TokenText.h"

#include "tools/run/TextFile.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>

namespace v4 {
namespace {

/// Foreign text as part of a message: no control character and no stray byte reaches a terminal.
std::string printable(const std::string &text) {
  std::string out;
  for (unsigned char c : text.substr(0, 40)) {
    char escaped[8] = {static_cast<char>(c)};
    if (c < 0x20 || c >= 0x7F)
      std::snprintf(escaped, sizeof(escaped), "\\x%02x", c);
    out += escaped;
  }
  return out;
}

int32_t parseToken(const std::string &where, size_t at, const std::string &word, uint32_t vocabulary) {
  std::string index = std::to_string(at);
  if (word.size() > 20 || word.find_first_not_of("0123456789") != std::string::npos)
    throw InputError(where + ": '" + printable(word) + "' at index " + index +
                     " is no token id, expected decimal numbers separated by commas or white space");
  unsigned long long value = word.size() > 18 ? ~0ull : std::stoull(word);
  if (value >= vocabulary)
    throw InputError(where + ": token id " + word + " at index " + index + " is outside the vocabulary, 0 to " +
                     std::to_string(vocabulary - 1));
  return static_cast<int32_t>(value);
}

} // namespace

std::vector<int32_t> parseTokens(const std::string &where, const std::string &text, uint32_t vocabulary) {
  const char *space = " \t\r\n\f\v", *separators = ", \t\r\n\f\v";
  std::vector<int32_t> tokens;
  size_t begin = text.find_first_not_of(space);
  while (begin != std::string::npos) {
    size_t end = std::min(text.find_first_of(separators, begin), text.size());
    if (begin == end)
      throw InputError(where + ": nothing at index " + std::to_string(tokens.size()) +
                       " in front of a comma, expected a token id; leave the comma out");
    tokens.push_back(parseToken(where, tokens.size(), text.substr(begin, end - begin), vocabulary));
    begin = text.find_first_not_of(space, end);
    if (begin == std::string::npos || text[begin] != ',')
      continue;
    begin = text.find_first_not_of(space, begin + 1);
    if (begin == std::string::npos)
      throw InputError(where + ": nothing behind the last comma, expected a token id; leave the comma out");
  }
  return tokens;
}

std::vector<int32_t> readTokens(const std::string &path, uint32_t vocabulary) {
  return parseTokens(path, readTextFile(path, size_t(256) << 20, "a file of token ids"), vocabulary);
}

} // namespace v4
