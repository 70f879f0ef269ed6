//===- CudaCall.cpp - What a kernel's function on a GPU gets --------------===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/device/CudaCall.h"

#include <algorithm>
#include <cstring>

using namespace v4;
using namespace v4::plan;

CudaCall::CudaCall(const fb::Call *call, uint32_t bindings) : bindings(bindings), isTemplate(call != nullptr) {
  if (!call) {
    size = (bindings + 1) * sizeof(void *);
    return;
  }
  mostBlocks = call->most_blocks();
  for (const fb::Argument *argument : *call->arguments())
    places.push_back({*argument, placeArgument(argument->kind(), size)});
}

unsigned CudaCall::blocks(int64_t workgroups) const {
  return static_cast<unsigned>(mostBlocks ? std::min<int64_t>(workgroups, mostBlocks) : workgroups);
}

CudaResult CudaCall::write(const CudaDriver &driver, const CudaLaunch &launch, uint8_t *memory) const {
  if (!isTemplate) {
    std::memcpy(memory, launch.bindings, bindings * sizeof(void *));
    std::memcpy(memory + bindings * sizeof(void *), &launch.workgroups, sizeof(launch.workgroups));
    return 0;
  }
  for (const Place &place : places)
    if (CudaResult result = writeOne(driver, launch, place, memory + place.offset))
      return result;
  return 0;
}

static int elementOf(fb::ElementType element) {
  return element == fb::ElementType::BF16  ? kCudaMapBf16
         : element == fb::ElementType::F32 ? kCudaMapF32
                                           : kCudaMapBytes;
}

static uint64_t bytesOf(fb::ElementType element) {
  return element == fb::ElementType::BF16 ? 2 : element == fb::ElementType::F32 ? 4 : 1;
}

CudaResult CudaCall::writeOne(const CudaDriver &driver, const CudaLaunch &launch, const Place &place,
                              uint8_t *memory) const {
  const fb::Argument &argument = place.argument;
  // Fits: the validator bounds the value.
  uint32_t rows = static_cast<uint32_t>(launch.rows) * argument.value();
  switch (argument.kind()) {
  case fb::ArgumentKind::Address:
    std::memcpy(memory, &launch.bindings[argument.binding()], sizeof(void *));
    return 0;
  case fb::ArgumentKind::Word: {
    uint32_t word = argument.value();
    std::memcpy(memory, &word, sizeof(word));
    return 0;
  }
  case fb::ArgumentKind::Rows:
    std::memcpy(memory, &rows, sizeof(rows));
    return 0;
  case fb::ArgumentKind::Map:
    break;
  }
  // Innermost first, as the driver counts dimensions.
  uint64_t sizes[] = {argument.columns(), rows}, stride = argument.columns() * bytesOf(argument.element());
  unsigned box[] = {argument.box_columns(), argument.box_rows()}, steps[] = {1, 1};
  return driver.encodeMap(memory, elementOf(argument.element()), 2, launch.bindings[argument.binding()], sizes, &stride,
                          box, steps, /*interleave=*/0, argument.swizzle() ? kCudaMapSwizzle128 : 0, kCudaMapPromote256,
                          /*fill with NaN=*/0);
}
