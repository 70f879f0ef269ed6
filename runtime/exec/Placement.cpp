//===- Placement.cpp - Where the buffers of a session lie -----------------===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/exec/Placement.h"

#include "runtime/base/AvailableMemory.h"
#include "runtime/kv/BlockPool.h"

#include <cstring>

using namespace v4;

static constexpr uint64_t kPackedAlignment = 64;
static constexpr uint64_t kGuardedAlignment = 4;
static constexpr uint64_t kMaxPlacementBytes = uint64_t(1) << 46;
/// Where memory is short.
static constexpr std::string_view kAdvice = "lower the session's tokens, sequences or context";

Placement::~Placement() {
  if (hostMemory)
    owner.release(owner.user, hostMemory, payloadBytes);
}

void Placement::swap(Placement &other) {
  std::swap(blocks, other.blocks);
  std::swap(payloadBytes, other.payloadBytes);
  std::swap(range, other.range);
  std::swap(hostMemory, other.hostMemory);
  std::swap(owner, other.owner);
  std::swap(pinned, other.pinned);
}

static Status checkBytes(std::string_view what, uint64_t bytes, uint64_t most) {
  uint64_t bound = most ? most : availableMemory();
  if (bytes <= bound)
    return Status();
  return unsupported(what, ": needs ", bytes, " bytes, ", bound, most ? " are allowed" : " are available",
                     "; free memory or ", kAdvice);
}

Status Placement::create(std::string_view what, const std::vector<uint64_t> &sizes, const Options &options,
                         const Host &host, Placement &out) {
  Placement placement;
  uint64_t alignment = options.guarded ? kGuardedAlignment : kPackedAlignment;
  for (uint64_t size : sizes) {
    uint64_t bytes = size < kMaxPlacementBytes ? alignUp(size, alignment) : kMaxPlacementBytes;
    placement.payloadBytes += bytes;
    if (placement.payloadBytes >= kMaxPlacementBytes)
      return unsupported(what, ": needs more than ", kMaxPlacementBytes, " bytes; ", kAdvice);
    placement.blocks.push_back({nullptr, bytes});
  }
  V4_RETURN_IF_ERROR(checkBytes(what, placement.payloadBytes, options.mostBytes));
  V4_RETURN_IF_ERROR(options.pinnedFor ? placement.placePinned(what, *options.pinnedFor)
                     : options.guarded ? placement.placeGuarded(what)
                                       : placement.placePacked(what, host));
  out = std::move(placement);
  return Status();
}

Status Placement::placePacked(std::string_view what, const Host &host) {
  uint8_t *start = nullptr;
  if (host.allocate) {
    owner = host;
    hostMemory = host.allocate(host.user, payloadBytes, kPackedAlignment);
    if (!hostMemory)
      return unsupported(what, ": the allocator hook gave no memory for ", payloadBytes, " bytes; ", kAdvice);
    start = static_cast<uint8_t *>(hostMemory);
    // As memory from the system is: what a session reads never depends on who gave the memory.
    std::memset(start, 0, payloadBytes);
  } else {
    V4_RETURN_IF_ERROR(AddressRange::map(what, payloadBytes, range));
    // What v4-inspect --memory says is in use from here on, and no step meets a page for the first time.
    V4_RETURN_IF_ERROR(range.populate(what));
    start = range.data();
  }
  placeFrom(start);
  return Status();
}

Status Placement::placePinned(std::string_view what, DeviceMemory &device) {
  V4_RETURN_IF_ERROR(DeviceBlock::createPinned(device, what, kAdvice, payloadBytes, pinned));
  placeFrom(pinned.data());
  return Status();
}

/// One block behind the other.
void Placement::placeFrom(uint8_t *start) {
  for (Block &block : blocks) {
    block.start = start;
    start += block.bytes;
  }
}

Status Placement::placeGuarded(std::string_view what) {
  uint64_t total = 0;
  for (const Block &block : blocks)
    total += alignUp(block.bytes, kMemoryPageBytes) + kMemoryPageBytes;
  V4_RETURN_IF_ERROR(AddressRange::reserve(what, total, range));
  uint64_t offset = 0;
  for (Block &block : blocks) {
    uint64_t accessible = alignUp(block.bytes, kMemoryPageBytes);
    if (accessible)
      V4_RETURN_IF_ERROR(range.commit(what, offset, accessible));
    block.start = range.data() + offset + accessible - block.bytes;
    offset += accessible + kMemoryPageBytes;
  }
  poison();
  return Status();
}

void Placement::poison() {
  for (const Block &block : blocks)
    if (block.bytes)
      std::memset(block.start, kPoison, block.bytes);
}
