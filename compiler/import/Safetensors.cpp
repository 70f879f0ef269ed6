//===- Safetensors.cpp - Header of one shard --------------------*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Parses untrusted bytes: every length is compared with what is left before it is used.
//
//===----------------------------------------------------------------------===//

#include "compiler/import/Safetensors.h"

#include "compiler/import/ImportError.h"
#include "compiler/import/JsonText.h"

#include "llvm/ADT/StringSwitch.h"
#include "llvm/Support/CheckedArithmetic.h"
#include "llvm/Support/Endian.h"

#include <optional>

using namespace llvm;
using nlohmann::json;
using v4::Checkpoint;
using v4::StoredTensor;

// The limit of the format's own reader.
static constexpr uint64_t kHeaderLimit = 100000000;
static constexpr size_t kRankLimit = 8;

namespace {

// Bits of an element, or 0 for a dtype that the format does not have.
uint64_t bitsOf(StringRef dtype) {
  return StringSwitch<uint64_t>(dtype)
      .Case("F4", 4)
      .Cases({"F6_E2M3", "F6_E3M2"}, 6)
      .Cases({"BOOL", "U8", "I8", "F8_E5M2", "F8_E4M3", "F8_E8M0"}, 8)
      .Cases({"I16", "U16", "F16", "BF16"}, 16)
      .Cases({"I32", "U32", "F32"}, 32)
      .Cases({"I64", "U64", "F64", "C64"}, 64)
      .Default(0);
}

std::optional<uint64_t> unsignedValue(const json &value) {
  if (!value.is_number_unsigned())
    return std::nullopt;
  return value.get<uint64_t>();
}

// One entry of the header: a name and what the file says about it.
class Entry {
public:
  Entry(StringRef file, StringRef name, const json &fields) : file(file), name(name), fields(fields) {}

  // Fills `out`; its bytes lie within `data`.
  Error read(ArrayRef<uint8_t> data, StoredTensor &out) {
    if (!fields.is_object())
      return wrong("is " + v4::jsonExcerpt(fields) + ", expected an object with dtype, shape and data_offsets");
    if (Error error = readType(out))
      return error;
    return readRange(data, out);
  }

private:
  Error wrong(const Twine &what) { return v4::inputError(file + ": tensor '" + name + "' " + what); }

  const json *member(const char *key) {
    auto it = fields.find(key);
    return it == fields.end() ? nullptr : &*it;
  }

  Error readType(StoredTensor &out) {
    const json *dtype = member("dtype"), *shape = member("shape");
    if (!dtype || !dtype->is_string() || !bitsOf(dtype->get_ref<const std::string &>()))
      return wrong("has dtype " + (dtype ? v4::jsonExcerpt(*dtype) : "none") +
                   ", expected one that safetensors defines");
    out.dtype = dtype->get<std::string>();
    if (!shape || !shape->is_array() || shape->size() > kRankLimit)
      return wrong("has shape " + (shape ? v4::jsonExcerpt(*shape) : "none") + ", expected a list of at most " +
                   Twine(kRankLimit) + " sizes");
    for (const json &dim : *shape) {
      std::optional<uint64_t> size = unsignedValue(dim);
      if (!size || *size > uint64_t(INT64_MAX))
        return wrong("has shape " + v4::jsonExcerpt(*shape) + ", expected non-negative integers");
      out.shape.push_back(int64_t(*size));
    }
    return Error::success();
  }

  Error readRange(ArrayRef<uint8_t> data, StoredTensor &out) {
    const json *range = member("data_offsets");
    std::optional<uint64_t> begin, end;
    if (range && range->is_array() && range->size() == 2) {
      begin = unsignedValue((*range)[0]);
      end = unsignedValue((*range)[1]);
    }
    if (!begin || !end || *begin > *end)
      return wrong("has data_offsets " + (range ? v4::jsonExcerpt(*range) : "none") +
                   ", expected [begin, end] with begin <= end");
    if (*end > data.size())
      return wrong("ends at byte " + Twine(*end) + " of the data, but the file holds only " + Twine(data.size()) +
                   "; it is truncated or its header is wrong");
    std::optional<uint64_t> bytes = byteCount(out);
    if (!bytes || *bytes != *end - *begin)
      return wrong("has " + Twine(*end - *begin) + " bytes, expected " +
                   (bytes ? Twine(*bytes).str() : std::string("a whole number of bytes")) + " for " + out.dtype + " " +
                   v4::shapeText(out.shape));
    out.bytes = data.slice(*begin, *end - *begin);
    return Error::success();
  }

  static std::optional<uint64_t> byteCount(const StoredTensor &tensor) {
    std::optional<uint64_t> bits = bitsOf(tensor.dtype);
    for (int64_t dim : tensor.shape)
      if (bits)
        bits = checkedMulUnsigned<uint64_t>(*bits, uint64_t(dim));
    if (!bits || *bits % 8 != 0)
      return std::nullopt;
    return *bits / 8;
  }

  StringRef file, name;
  const json &fields;
};

// No two tensors overlap. A hole is let through, as a tool that drops a tensor from the header leaves one: what is
// missing then has a name in the message of whoever needs it. Data behind the last tensor means a damaged header.
Error checkCoverage(const Checkpoint::Tensors &tensors, ArrayRef<uint8_t> data, StringRef file) {
  std::vector<std::pair<const uint8_t *, const Checkpoint::Tensors::value_type *>> order;
  for (const auto &entry : tensors)
    order.emplace_back(entry.second.bytes.data(), &entry);
  llvm::sort(order, [](auto &a, auto &b) {
    return std::pair(a.first, a.second->second.bytes.size()) < std::pair(b.first, b.second->second.bytes.size());
  });
  const uint8_t *next = data.data();
  for (auto [begin, entry] : order) {
    if (begin < next)
      return v4::inputError(file + ": tensor '" + entry->first + "' starts at byte " + Twine(begin - data.data()) +
                            " of the data, expected at least " + Twine(next - data.data()) + ": tensors overlap");
    next = entry->second.bytes.end();
  }
  if (next != data.end())
    return v4::inputError(file + ": the data has " + Twine(data.size()) + " bytes, but its tensors end at byte " +
                          Twine(next - data.data()));
  return Error::success();
}

} // namespace

Expected<Checkpoint::Tensors> v4::parseSafetensors(ArrayRef<uint8_t> bytes, StringRef file) {
  if (bytes.size() < 8)
    return inputError(file + ": the file has " + Twine(bytes.size()) +
                      " bytes, expected at least the 8 of a safetensors file");
  uint64_t length = support::endian::read64le(bytes.data());
  if (length > bytes.size() - 8)
    return inputError(file + ": the header says it has " + Twine(length) + " bytes, but only " +
                      Twine(bytes.size() - 8) + " follow; the file is truncated or no safetensors file");
  if (length > kHeaderLimit)
    return inputError(file + ": the header has " + Twine(length) + " bytes, expected at most " + Twine(kHeaderLimit));
  StringRef text(reinterpret_cast<const char *>(bytes.data()) + 8, length);
  ArrayRef<uint8_t> data = bytes.drop_front(8 + length);
  Expected<json> header = parseJson(text, (file + ": header").str());
  if (!header)
    return header.takeError();

  Checkpoint::Tensors tensors;
  for (const auto &[name, fields] : header->items())
    if (name != "__metadata__")
      if (Error error = Entry(file, name, fields).read(data, tensors[name]))
        return error;
  if (Error error = checkCoverage(tensors, data, file))
    return error;
  return tensors;
}
