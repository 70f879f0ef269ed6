//===- ConfigReader.cpp - Checked access to config.json ---------*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compiler/import/ConfigReader.h"

#include "compiler/import/ImportError.h"
#include "compiler/import/JsonText.h"

#include <cmath>

using namespace llvm;
using nlohmann::json;

namespace {

std::string numberText(double value) { return json(value).dump(); }

// The value as int64, or false when it does not fit.
bool toInt64(const json &value, int64_t &out) {
  if (value.is_number_unsigned() && value.get<uint64_t>() > uint64_t(INT64_MAX))
    return false;
  out = value.get<int64_t>();
  return true;
}

} // namespace

void v4::ConfigReader::fail(const Twine &message) {
  if (problem.empty())
    problem = message.str();
}

void v4::ConfigReader::wrong(StringRef key, const json &value, const Twine &expected) {
  fail(file + ": " + prefix + key + " is " + jsonExcerpt(value) + ", expected " + expected);
}

Error v4::ConfigReader::take() const { return failed() ? inputError(problem) : Error::success(); }

const json *v4::ConfigReader::member(StringRef key) {
  auto it = object.find(key.str());
  if (it != object.end())
    return &*it;
  fail(file + ": key '" + prefix + key + "' is missing");
  return nullptr;
}

int64_t v4::ConfigReader::integer(StringRef key, int64_t low, int64_t high) {
  const json *value = member(key);
  if (!value)
    return low;
  int64_t number = 0;
  if (!value->is_number_integer())
    wrong(key, *value, "an integer of " + Twine(low) + " to " + Twine(high));
  else if (!toInt64(*value, number) || number < low || number > high)
    wrong(key, *value, Twine(low) + " to " + Twine(high));
  else
    return number;
  return low;
}

int64_t v4::ConfigReader::multiple(StringRef key, int64_t unit, int64_t high) {
  int64_t number = integer(key, 1, high);
  if (!failed() && number % unit != 0)
    wrong(key, number, "a multiple of " + Twine(unit));
  return failed() ? unit : number;
}

double v4::ConfigReader::real(StringRef key, double low, double high) {
  const json *value = member(key);
  if (!value)
    return low;
  std::string range = "a number of " + numberText(low) + " to " + numberText(high);
  if (!value->is_number()) {
    wrong(key, *value, range);
    return low;
  }
  double number = value->get<double>();
  if (std::isfinite(number) && number >= low && number <= high)
    return number;
  wrong(key, *value, range);
  return low;
}

bool v4::ConfigReader::boolean(StringRef key) {
  const json *value = member(key);
  if (!value)
    return false;
  if (value->is_boolean())
    return value->get<bool>();
  wrong(key, *value, "true or false");
  return false;
}

void v4::ConfigReader::literal(StringRef key, StringRef expected) {
  const json *value = member(key);
  if (value && (!value->is_string() || value->get_ref<const std::string &>() != expected))
    wrong(key, *value, "\"" + expected + "\", the only kind that is supported");
}

void v4::ConfigReader::absentOrFalse(StringRef key, StringRef why) {
  auto it = object.find(key.str());
  if (it != object.end() && !it->is_null() && *it != json(false))
    wrong(key, *it, "false (" + why + ")");
}
