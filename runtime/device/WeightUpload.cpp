//===- WeightUpload.cpp - Weights on their way to a GPU -------------------===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/device/WeightUpload.h"

#include "runtime/base/AddressRange.h"
#include "runtime/base/ThreadPool.h"

#include <algorithm>
#include <cstring>
#include <pthread.h>

using namespace v4;

/// That of the device's own allocations.
static constexpr uint64_t kWeightAlignment = 256;

uint64_t WeightUpload::add(const uint8_t *from, uint64_t count) {
  uint64_t offset = bytes();
  parts.push_back({from, offset, count, offset + alignUp(count, kWeightAlignment)});
  return offset;
}

/// Bytes [begin, end) of the device's memory.
void WeightUpload::gather(uint64_t begin, uint64_t end, uint8_t *out) const {
  auto part = std::upper_bound(parts.begin(), parts.end(), begin,
                               [](uint64_t position, const Part &part) { return position < part.end; });
  for (; begin < end; ++part) {
    uint64_t stop = std::min(part->end, end);
    uint64_t padding = std::clamp(part->offset + part->bytes, begin, stop);
    if (begin < padding)
      std::memcpy(out, part->from + (begin - part->offset), padding - begin);
    std::memset(out + (padding - begin), 0, stop - padding);
    out += stop - begin;
    begin = stop;
  }
}

/// What one thread has. A buffer has a stream of its own, which tells when it is free.
struct WeightUpload::Lane {
  explicit Lane(WeightUpload &upload) : upload(upload) {}
  ~Lane();
  Lane(const Lane &) = delete;

  Status open();
  Status copyPieces();
  static void *enter(void *lane);

  static constexpr size_t kBuffers = 2;
  WeightUpload &upload;
  void *memory[kBuffers] = {};
  CudaHandle streams[kBuffers] = {};
  pthread_t thread = {};
  Status status;
};

/// Behind a failure, what was asked for before may still read the buffers.
WeightUpload::Lane::~Lane() {
  const CudaDriver &driver = upload.driver;
  for (CudaHandle stream : streams)
    if (stream && !status.isOk())
      driver.finishStream(stream);
  for (void *buffer : memory)
    if (buffer)
      driver.releasePinned(buffer);
  for (CudaHandle stream : streams)
    if (stream)
      driver.destroyStream(stream);
}

Status WeightUpload::Lane::open() {
  const CudaDriver &driver = upload.driver;
  V4_RETURN_IF_ERROR(upload.check("cuCtxSetCurrent", driver.useContext(upload.context)));
  for (size_t i = 0; i < kBuffers; ++i) {
    V4_RETURN_IF_ERROR(upload.check("cuStreamCreate", driver.createStream(&streams[i], kCudaStreamNonBlocking)));
    V4_RETURN_IF_ERROR(upload.check("cuMemAllocHost", driver.allocatePinned(&memory[i], upload.pieceBytes)));
  }
  return Status();
}

Status WeightUpload::Lane::copyPieces() {
  const CudaDriver &driver = upload.driver;
  V4_RETURN_IF_ERROR(open());
  for (size_t turn = 0; !upload.failed; ++turn) {
    uint64_t begin = upload.nextPiece++ * upload.pieceBytes;
    if (begin >= upload.bytes())
      break;
    uint64_t end = std::min(begin + upload.pieceBytes, upload.bytes());
    CudaHandle stream = streams[turn % kBuffers];
    void *buffer = memory[turn % kBuffers];
    V4_RETURN_IF_ERROR(upload.check("cuStreamSynchronize", driver.finishStream(stream)));
    upload.gather(begin, end, static_cast<uint8_t *>(buffer));
    CudaResult result = driver.copy(upload.target + begin, reinterpret_cast<CudaAddress>(buffer), end - begin, stream);
    V4_RETURN_IF_ERROR(upload.check("cuMemcpyAsync", result));
  }
  for (CudaHandle stream : streams)
    V4_RETURN_IF_ERROR(upload.check("cuStreamSynchronize", driver.finishStream(stream)));
  return Status();
}

void *WeightUpload::Lane::enter(void *lane) {
  Lane &self = *static_cast<Lane *>(lane);
  self.status = self.copyPieces();
  if (!self.status.isOk())
    self.upload.failed = true;
  return nullptr;
}

/// The caller is the first lane. Where no thread can be started, fewer do the work.
Status WeightUpload::run(CudaAddress to, const Options &options) {
  target = to;
  pieceBytes = std::min(options.pieceBytes, std::max<uint64_t>(bytes(), 1));
  nextPiece = 0;
  uint64_t pieces = (bytes() + pieceBytes - 1) / pieceBytes;
  if (!pieces)
    return Status();
  uint64_t count = std::max<uint64_t>(1, std::min<uint64_t>({pieces, options.mostThreads, availableCpus()}));
  std::vector<std::unique_ptr<Lane>> lanes;
  lanes.emplace_back(new Lane(*this));
  while (lanes.size() < count) {
    std::unique_ptr<Lane> lane(new Lane(*this));
    if (pthread_create(&lane->thread, nullptr, Lane::enter, lane.get()))
      break;
    lanes.push_back(std::move(lane));
  }
  Lane::enter(lanes[0].get());
  for (size_t i = 1; i < lanes.size(); ++i)
    pthread_join(lanes[i]->thread, nullptr);
  for (const auto &lane : lanes)
    V4_RETURN_IF_ERROR(std::move(lane->status));
  return Status();
}
