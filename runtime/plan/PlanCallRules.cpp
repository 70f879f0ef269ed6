//===- PlanCallRules.cpp - Rules for kernels made of a template -----------===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What a driver asks of tensor maps is checked here, so that none fails in a step, and
// that they stay within their buffers. The verifiers of #kernel.map and
// #kernel.argument have the same limits.
//
//===----------------------------------------------------------------------===//

#include "runtime/plan/PlanRules.h"

using namespace v4;
using namespace v4::plan;

static constexpr uint64_t kMaxArguments = 64;
/// Of all arguments of a function on any GPU.
static constexpr uint64_t kMaxArgumentBytes = 4096;
static constexpr uint64_t kMaxRowsPerRow = 1024;
static constexpr uint64_t kMapUnit = 16; // bytes
static constexpr uint64_t kMaxBox = 256;

uint64_t plan::argumentBytes(fb::ArgumentKind kind) {
  switch (kind) {
  case fb::ArgumentKind::Address:
    return 8;
  case fb::ArgumentKind::Word:
  case fb::ArgumentKind::Rows:
    return 4;
  case fb::ArgumentKind::Map:
    return kMapBytes;
  }
  return 0;
}

uint64_t plan::placeArgument(fb::ArgumentKind kind, uint64_t &end) {
  uint64_t alignment = kind == fb::ArgumentKind::Map ? kMapAlignment : argumentBytes(kind);
  uint64_t place = (end + alignment - 1) / alignment * alignment;
  end = place + argumentBytes(kind);
  return place;
}

bool plan::hasCalls(const fb::Program &program) {
  for (const fb::Kernel *kernel : *program.kernels())
    for (uint32_t variant = 0; variant <= variantCount(*kernel); ++variant)
      if (const fb::Block *block = blockOf(*kernel, variant); block && block->call())
        return true;
  return false;
}

Status PlanRules::checkCall(const std::string &field, uint32_t kernel, const fb::Call &call) {
  V4_RETURN_IF_ERROR(checkName(field + ".function", call.function()));
  V4_RETURN_IF_ERROR(expectRange(field + ".most_blocks", call.most_blocks(), 0, uint64_t(INT32_MAX)));
  V4_RETURN_IF_ERROR(expectPresent(field + ".arguments", call.arguments()));
  V4_RETURN_IF_ERROR(expectRange(field + ".arguments.size", call.arguments()->size(), 1, kMaxArguments));
  V4_RETURN_IF_ERROR(spend(field + ".arguments", call.arguments()->size()));
  uint64_t bytes = 0;
  for (uint32_t i = 0; i < call.arguments()->size(); ++i) {
    const fb::Argument &argument = *call.arguments()->Get(i);
    V4_RETURN_IF_ERROR(checkArgument(joinText(field, ".arguments[", i, "]"), kernel, argument));
    placeArgument(argument.kind(), bytes);
  }
  if (bytes > kMaxArgumentBytes)
    return fail(field, ".arguments have ", bytes, " bytes, expected at most ", kMaxArgumentBytes);
  return Status();
}

Status PlanRules::checkArgument(const std::string &field, uint32_t kernel, const fb::Argument &argument) {
  V4_RETURN_IF_ERROR(expectEnum(field + ".kind", argument.kind()));
  bool isMap = argument.kind() == fb::ArgumentKind::Map;
  uint32_t bindings = program.kernels()->Get(kernel)->bindings();
  if ((isMap || argument.kind() == fb::ArgumentKind::Address) && argument.binding() >= bindings)
    return fail(field, ".binding is ", argument.binding(), ", expected less than the kernel's ", bindings, " bindings");
  // The product with any count of rows fits 32 bits.
  if (isMap || argument.kind() == fb::ArgumentKind::Rows)
    V4_RETURN_IF_ERROR(expectRange(field + ".value", argument.value(), 1, kMaxRowsPerRow));
  return isMap ? checkMap(field, argument) : Status();
}

Status PlanRules::checkMap(const std::string &field, const fb::Argument &map) {
  if (map.element() != fb::ElementType::BF16 && map.element() != fb::ElementType::F32 &&
      map.element() != fb::ElementType::F8E4M3)
    return fail(field, ".element is ", static_cast<int>(map.element()), ", expected BF16, F32 or F8E4M3");
  uint64_t bytes = bitsOf(map.element()) / 8, boxBytes = map.box_columns() * bytes;
  V4_RETURN_IF_ERROR(expectRange(field + ".columns", map.columns(), 1, uint64_t(INT32_MAX)));
  V4_RETURN_IF_ERROR(expectRange(field + ".box_rows", map.box_rows(), 1, kMaxBox));
  V4_RETURN_IF_ERROR(expectRange(field + ".box_columns", map.box_columns(), 1, kMaxBox));
  if (map.columns() * bytes % kMapUnit != 0 || boxBytes % kMapUnit != 0)
    return fail(field, ".columns is ", map.columns(), " and .box_columns ", map.box_columns(),
                ", expected rows of a multiple of ", kMapUnit, " bytes");
  if (map.swizzle() != 0 && (map.swizzle() != kMapSwizzle || boxBytes != kMapSwizzle))
    return fail(field, ".swizzle is ", static_cast<int>(map.swizzle()), " for a box with rows of ", boxBytes,
                " bytes, expected 0, or ", kMapSwizzle, " for as many bytes");
  return Status();
}

/// Whatever a step's count of rows is, its rows of the map are rows of the buffer.
Status PlanRules::checkMaps(uint32_t index, const fb::Block *block) {
  const fb::Launch &launch = *program.launches()->Get(index);
  const fb::Call *call = block ? block->call() : nullptr;
  if (call)
    V4_RETURN_IF_ERROR(spend(at("launches", index, "kernel"), call->arguments()->size()));
  for (uint32_t i = 0; call && i < call->arguments()->size(); ++i) {
    const fb::Argument &map = *call->arguments()->Get(i);
    if (map.kind() != fb::ArgumentKind::Map)
      continue;
    const fb::Binding &binding = *launch.bindings()->Get(map.binding());
    std::string field = joinText("launches[", index, "].bindings[", map.binding(), "]");
    if (binding.kind() != fb::BindingKind::Buffer)
      return fail(field, " is a ", fb::EnumNameBindingKind(binding.kind()),
                  " under a map of its kernel, expected a Buffer");
    const fb::Buffer &buffer = *program.buffers()->Get(binding.index());
    if (buffer.rows() != launch.rows())
      return fail(field, " is under a map of its kernel and has rows ", fb::EnumNameRowSpace(buffer.rows()),
                  ", expected ", fb::EnumNameRowSpace(launch.rows()), ", those of the launch");
    uint64_t bits = bitsOf(buffer.element()), mapped = map.columns() * uint64_t(map.value()) * bitsOf(map.element());
    // The rules for buffers bound this product.
    for (uint64_t dimension : *buffer.row_shape())
      bits *= dimension;
    if (bits < mapped)
      return fail(field, " has ", bits / 8, " bytes a row, a map of its kernel ", mapped / 8, ", expected no more");
  }
  return Status();
}
