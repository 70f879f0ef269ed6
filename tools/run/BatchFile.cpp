//===- BatchFile.cpp - Requests of a JSONL file ---------------------------===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tools/run/BatchFile.h"

#include "tools/run/TextFile.h"

#include <nlohmann/json.hpp>

#include <cstdio>
#include <map>
#include <optional>
#include <set>

using namespace v4;
using Json = nlohmann::json;

namespace {

/// A value as part of a message: short, and in plain characters.
std::string shown(const Json &value) {
  std::string text = value.dump(-1, ' ', /*ensure_ascii=*/true, Json::error_handler_t::replace);
  return text.size() <= 40 ? text : text.substr(0, 37) + "...";
}

/// Levels of brackets in a line; two have a meaning.
constexpr int kMostDepth = 16;

/// Reads the keys of one line.
class LineReader {
public:
  LineReader(std::string where, const std::string &text, uint32_t vocabulary)
      : where(std::move(where)), vocabulary(vocabulary) {
    std::set<std::string> keys;
    std::string twice;
    bool deep = false;
    auto note = [&](int depth, Json::parse_event_t event, Json &parsed) {
      // Levels that cannot mean anything are not built up: taking them down again would need stack for each.
      if (depth > kMostDepth)
        return deep = true, false;
      if (event == Json::parse_event_t::key && depth == 1 && !keys.insert(parsed.get<std::string>()).second)
        twice = shown(parsed);
      return true;
    };
    try {
      line = Json::parse(text, note);
    } catch (const Json::parse_error &error) {
      fail("no JSON at byte " + std::to_string(error.byte) + ", expected one object a line");
    } catch (const Json::exception &) {
      fail("has a number that no double holds, expected numbers of at most 1e308");
    }
    if (deep)
      fail("has more than " + std::to_string(kMostDepth) + " levels of brackets, expected one object a line");
    if (!line.is_object())
      fail("is " + shown(line) + ", expected an object");
    if (!twice.empty())
      fail("has the key " + twice + " twice, expected it once");
  }

  BatchRequest read(const BatchRequest &defaults) {
    BatchRequest request = defaults;
    request.where = where;
    readId(request.id);
    readTokens(request.tokens);
    readInteger("n", 0, INT32_MAX, request.count);
    readInteger("draft", 0, UINT32_MAX, request.draft);
    readNumber("temperature", request.sampling.temperature);
    readNumber("top_p", request.sampling.top_p);
    readNumber("min_p", request.sampling.min_p);
    readInteger("top_k", 0, UINT32_MAX, request.sampling.top_k);
    readInteger("seed", 0, UINT64_MAX, request.sampling.seed);
    readInteger("priority", INT32_MIN, INT32_MAX, request.priority);
    readSwitch("ignore_eos", request.ignoreEos);
    readSwitch("logits_sha256", request.wantHash);
    if (!line.empty())
      fail("has the key " + shown(line.begin().key()) +
           ", expected id, tokens, n, temperature, top_p, top_k, min_p, seed, draft, ignore_eos, priority or "
           "logits_sha256");
    return request;
  }

private:
  [[noreturn]] void fail(const std::string &what) const { throw InputError(where + ": " + what); }

  /// Takes a value out of the line; null when there is none.
  std::optional<Json> take(const char *key) {
    auto at = line.find(key);
    if (at == line.end())
      return std::nullopt;
    Json value = std::move(*at);
    line.erase(at);
    return value;
  }

  void readId(std::string &id) {
    std::optional<Json> value = take("id");
    if (!value)
      fail("has no id, expected a string or an integer");
    if (!value->is_string() && !value->is_number_integer())
      fail("id is " + shown(*value) + ", expected a string or an integer");
    id = value->dump();
  }

  void readTokens(std::vector<int32_t> &tokens) {
    std::optional<Json> value = take("tokens");
    if (!value)
      fail("has no tokens, expected an array of token ids");
    if (!value->is_array() || value->empty())
      fail("tokens is " + shown(*value) + ", expected an array of at least 1 token id");
    for (const Json &token : *value) {
      if (!token.is_number_unsigned() || token.get<uint64_t>() >= vocabulary)
        fail("token id " + shown(token) + " at index " + std::to_string(tokens.size()) +
             " is outside the vocabulary, 0 to " + std::to_string(vocabulary - 1));
      tokens.push_back(static_cast<int32_t>(token.get<uint64_t>()));
    }
  }

  /// `least` is negative for signed values alone.
  template <typename T>
  void readInteger(const char *key, int64_t least, uint64_t most, T &out) {
    std::optional<Json> value = take(key);
    if (!value)
      return;
    bool fits = value->is_number_unsigned() ? value->get<uint64_t>() <= most
                                            : value->is_number_integer() && value->get<int64_t>() >= least;
    if (!fits)
      fail(std::string(key) + " is " + shown(*value) + ", expected an integer from " + std::to_string(least) + " to " +
           std::to_string(most));
    out = value->get<T>();
  }

  void readNumber(const char *key, float &out) {
    std::optional<Json> value = take(key);
    if (value && !value->is_number())
      fail(std::string(key) + " is " + shown(*value) + ", expected a number");
    if (value)
      out = value->get<float>();
  }

  void readSwitch(const char *key, bool &out) {
    std::optional<Json> value = take(key);
    if (value && !value->is_boolean())
      fail(std::string(key) + " is " + shown(*value) + ", expected true or false");
    if (value)
      out = value->get<bool>();
  }

  std::string where;
  uint32_t vocabulary;
  Json line;
};

} // namespace

std::vector<BatchRequest> v4::readBatchFile(const std::string &path, const BatchRequest &defaults,
                                            uint32_t vocabulary) {
  std::string text = readTextFile(path, size_t(1) << 30, "a file of requests");
  std::vector<BatchRequest> requests;
  std::map<std::string, uint64_t> lineOf;
  uint64_t number = 0;
  for (size_t begin = 0; begin < text.size();) {
    size_t end = std::min(text.find('\n', begin), text.size());
    std::string line = text.substr(begin, end - begin);
    begin = end + 1;
    ++number;
    if (line.find_first_not_of(" \t\r") == std::string::npos)
      continue;
    std::string where = path + ":" + std::to_string(number);
    requests.push_back(LineReader(where, line, vocabulary).read(defaults));
    auto [other, isNew] = lineOf.emplace(requests.back().id, number);
    if (!isNew)
      throw InputError(where + ": id " + shown(Json::parse(requests.back().id)) + " is that of line " +
                       std::to_string(other->second) + " too, expected one of its own");
  }
  if (requests.empty())
    throw InputError(path + ": has 0 requests, expected at least 1");
  return requests;
}
