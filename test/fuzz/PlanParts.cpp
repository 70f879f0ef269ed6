//===- PlanParts.cpp - A plan taken apart and put together ----------------===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "test/fuzz/PlanParts.h"

#include <algorithm>

using namespace v4;
using namespace v4::fuzz;
using namespace v4::plan;

bool PlanParts::take(const uint8_t *data, size_t size, PlanParts &out) {
  if (size < sizeof(Header))
    return false;
  std::memcpy(&out.header, data, sizeof(Header));
  for (uint32_t i = 0; i < kSectionCount; ++i) {
    const Section &place = out.header.sections[i];
    if (place.offset > size || place.bytes > size - place.offset)
      return false;
    out.sections[i].assign(data + place.offset, data + place.offset + place.bytes);
  }
  return true;
}

static uint64_t alignmentOf(uint32_t section) {
  if (section == static_cast<uint32_t>(SectionKind::Metadata))
    return kMetadataAlignment;
  return section == static_cast<uint32_t>(SectionKind::Weights) ? kWeightsAlignment : kSectionAlignment;
}

ByteString PlanParts::join(bool seal) const {
  Header placed = header;
  ByteString file(headerBytes(header.requiredFeatures));
  const ByteString &metadata = sections[0];
  for (uint32_t i = 0; i < kSectionCount; ++i) {
    placed.sections[i] = {};
    if (sections[i].empty())
      continue;
    file.resize((file.size() + alignmentOf(i) - 1) / alignmentOf(i) * alignmentOf(i));
    placed.sections[i] = {file.size(), sections[i].size()};
    file.insert(file.end(), sections[i].begin(), sections[i].end());
    if (seal && i == static_cast<uint32_t>(SectionKind::Code) && sections[i].size() >= kHashBytes)
      std::memcpy(&file[file.size() - kHashBytes], hashBytes(metadata.data(), metadata.size()).bytes, kHashBytes);
  }
  placed.fileBytes = file.size();
  std::memcpy(file.data(), &placed, sizeof(placed));
  rehash(file);
  return file;
}

void fuzz::rehash(ByteString &file) {
  Header header;
  if (file.size() < sizeof(header))
    return;
  std::memcpy(&header, file.data(), sizeof(header));
  Hasher all;
  for (uint32_t i = 0; i < static_cast<uint32_t>(SectionKind::Weights); ++i) {
    const Section &place = header.sections[i];
    if (place.offset <= file.size() && place.bytes <= file.size() - place.offset)
      all.update(hashBytes(file.data() + place.offset, place.bytes));
  }
  std::memcpy(header.planHash, all.finish().bytes, kHashBytes);
  std::memcpy(header.headerHash, hashBytes(&header, sizeof(header) - kHashBytes).bytes, kHashBytes);
  std::memcpy(file.data(), &header, sizeof(header));
  SignatureBlock block = plan::test::signHeader(header);
  if (header.requiredFeatures & kFeatureSigned && file.size() >= sizeof(header) + sizeof(block))
    std::memcpy(&file[sizeof(header)], &block, sizeof(block));
}
