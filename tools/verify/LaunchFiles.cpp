//===- LaunchFiles.cpp - What a launch read and wrote, as .npy files ------===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tools/verify/LaunchFiles.h"

#include "runtime/plan/KernelAbi.h"
#include "runtime/plan/PlanCall.h"
#include "runtime/plan/PlanMemory.h"
#include "runtime/plan/PlanText.h"
#include "tools/NpyFile.h"
#include "tools/inspect/PlanViews.h"

using namespace v4;
using namespace v4::verify;
using Json = nlohmann::ordered_json;
namespace fb = v4::plan::fb;

namespace {

/// NumPy's type of an element; narrow floats stay bytes, FP4 pairs of codes.
struct NpyType {
  const char *name;
  uint64_t bytes;
};

NpyType npyType(fb::ElementType element) {
  switch (element) {
  case fb::ElementType::I8:
    return {"|i1", 1};
  case fb::ElementType::I32:
    return {"<i4", 4};
  case fb::ElementType::I64:
    return {"<i8", 8};
  case fb::ElementType::F32:
  case fb::ElementType::BF16: // widened
    return {"<f4", 4};
  default:
    return {"|u1", 1};
  }
}

std::vector<float> widened(const void *data, uint64_t count) {
  std::vector<float> wide(count);
  for (uint64_t i = 0; i < count; ++i) {
    uint16_t half;
    std::memcpy(&half, static_cast<const char *>(data) + 2 * i, sizeof(half));
    uint32_t bits = static_cast<uint32_t>(half) << 16;
    std::memcpy(&wide[i], &bits, sizeof(bits));
  }
  return wide;
}

std::string fileName(std::string name) {
  for (char &c : name)
    if (!std::isalnum(static_cast<unsigned char>(c)) && c != '.' && c != '-' && c != '_')
      c = '_';
  return name.substr(0, 120);
}

void makeFolder(const std::string &path) {
  if (mkdir(path.c_str(), 0755) != 0 && errno != EEXIST)
    throw InputError(path + ": cannot be created (" + std::strerror(errno) + "); choose another folder");
}

} // namespace

void LaunchFiles::receive(void *self, const LaunchSpan &span) {
  LaunchFiles &files = *static_cast<LaunchFiles *>(self);
  if (span.launch < files.begin || span.launch >= files.end || !files.failure.empty())
    return;
  try {
    files.add(span);
  } catch (const std::exception &error) {
    files.failure = error.what();
  }
}

void LaunchFiles::add(const LaunchSpan &span) {
  const fb::Launch &launch = *program.launches()->Get(span.launch);
  const fb::Kernel &kernel = *program.kernels()->Get(launch.kernel());
  std::string place = joinText("launch-", span.launch);
  makeFolder(folder + "/" + place);
  Json bindings = Json::array();
  for (uint32_t i = 0; i < launch.bindings()->size(); ++i)
    bindings.push_back(addBinding(span, i, place));
  launches.push_back({{"launch", span.launch},
                      {"kernel", kernel.symbol()->str()},
                      {"function", plan::functionOf(kernel, span.variant)},
                      {"op", kernel.op()->str()},
                      {"layer", launch.layer()},
                      {"workgroups", span.workgroups},
                      {"bindings", bindings}});
}

Json LaunchFiles::addBinding(const LaunchSpan &span, uint32_t index, const std::string &place) {
  const fb::Binding &binding = *program.launches()->Get(span.launch)->bindings()->Get(index);
  std::string name = inspect::bindingName(program, binding);
  const char *access = binding.access() == fb::Access::Out ? "out" : "in";
  Json view = {{"name", name}, {"access", access}};
  std::string path = joinText(place, "/", index, ".", access, ".", fileName(name), ".npy");
  switch (binding.kind()) {
  case fb::BindingKind::Buffer: {
    const fb::Buffer &buffer = *program.buffers()->Get(binding.index());
    view["element"] = plan::elementName(buffer.element());
    writeBuffer(span, index, buffer, folder + "/" + path);
    view["file"] = path;
    break;
  }
  case fb::BindingKind::Step:
    writeStepField(span, index, binding.index(), folder + "/" + path);
    view["file"] = path;
    break;
  case fb::BindingKind::Weight: {
    const fb::Weight &weight = *program.weights()->Get(binding.index());
    view["weight"] = {{"layout", weight.layout()->str()}, {"offset", weight.offset()}, {"bytes", weight.bytes()}};
    break;
  }
  case fb::BindingKind::Pool:
    view["pool"] = true;
    break;
  }
  return view;
}

const void *LaunchFiles::readBinding(const LaunchSpan &span, uint32_t index, uint64_t bytes) {
  if (!span.device)
    return span.bindings[index];
  fromDevice.resize(bytes);
  copyMemory(span.device, fromDevice.data(), span.bindings[index], bytes);
  if (Status status = span.device->status(); !status.isOk())
    throw InputError(status.message());
  return fromDevice.data();
}

void LaunchFiles::writeBuffer(const LaunchSpan &span, uint32_t index, const fb::Buffer &buffer,
                              const std::string &path) {
  NpyType type = npyType(buffer.element());
  std::vector<uint64_t> shape;
  uint64_t values = 1;
  for (uint64_t dimension : *buffer.row_shape()) {
    shape.push_back(dimension ? dimension : static_cast<uint64_t>(span.counts[plan::kCountIndexRows]));
    values *= shape.back();
  }
  if (buffer.element() == fb::ElementType::F4E2M1 && !shape.empty())
    shape.back() = (shape.back() + 1) / 2;
  auto rows = static_cast<uint64_t>(span.counts[static_cast<size_t>(buffer.rows())]);
  bool isHalf = buffer.element() == fb::ElementType::BF16;
  uint64_t bytes = rows * (isHalf ? sizeof(uint16_t) : type.bytes);
  for (uint64_t dimension : shape)
    bytes *= dimension;
  const void *data = readBinding(span, index, bytes);
  NpyFile file(path, type.name, type.bytes, shape);
  if (isHalf)
    file.write(0, widened(data, rows * values).data(), rows);
  else
    file.write(0, data, rows);
  file.finish(rows);
}

/// Shapes as in KernelAbi.h.
void LaunchFiles::writeStepField(const LaunchSpan &span, uint32_t index, uint32_t field, const std::string &path) {
  using plan::StepField;
  auto count = [&](plan::StepCount which) { return static_cast<uint64_t>(span.counts[which]); };
  uint64_t rows = 0;
  std::vector<uint64_t> shape;
  bool isWide = false;
  switch (static_cast<StepField>(field)) {
  case StepField::Counts:
    rows = plan::kCountEntries, isWide = true;
    break;
  case StepField::TokenIds:
  case StepField::Positions:
  case StepField::TokenSlots:
    rows = count(plan::kCountTokens);
    break;
  case StepField::SlotRows:
    rows = count(plan::kCountSequences) + 1;
    break;
  case StepField::SlotStarts:
    rows = count(plan::kCountSequences);
    break;
  case StepField::PageOffsets:
    rows = count(plan::kCountSequences), isWide = true;
    shape.push_back(count(plan::kCountPages));
    break;
  case StepField::StateOffsets:
    rows = count(plan::kCountSequences), isWide = true;
    break;
  case StepField::Chunks4Slots:
  case StepField::Chunks4Indices:
    rows = count(plan::kCountChunks4);
    break;
  case StepField::Chunks128Slots:
  case StepField::Chunks128Indices:
    rows = count(plan::kCountChunks128);
    break;
  case StepField::LogitsRows:
    rows = count(plan::kCountLogits);
    break;
  }
  uint64_t elementBytes = isWide ? 8 : 4, bytes = rows * elementBytes;
  for (uint64_t dimension : shape)
    bytes *= dimension;
  NpyFile file(path, isWide ? "<i8" : "<i4", elementBytes, shape);
  file.write(0, readBinding(span, index, bytes), rows);
  file.finish(rows);
}
