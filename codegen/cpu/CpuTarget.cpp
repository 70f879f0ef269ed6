//===- CpuTarget.cpp - x86-64 levels and their attribute -------------------------===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "codegen/cpu/CpuTarget.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/TargetParser/Host.h"

#include <sys/syscall.h>
#include <unistd.h>

using namespace mlir;

namespace v4 {
namespace {

constexpr CpuFeature kV3Features[] = {
    {"sse4.2", "sse4_2"}, {"popcnt", "popcnt"}, {"cx16", "cx16"}, {"movbe", "movbe"}, {"avx", "avx"},
    {"avx2", "avx2"},     {"bmi", "bmi1"},      {"bmi2", "bmi2"}, {"f16c", "f16c"},   {"fma", "fma"},
};
// Kernels do without lzcnt: some kernels of Linux hide its flag ("abm") on machines that have it, and a plan
// must not be refused for an instruction that it does not need.
constexpr llvm::StringLiteral kWithoutLzcnt = "-lzcnt";
constexpr CpuFeature kV4Features[] = {
    {"avx512f", "avx512f"},   {"avx512bw", "avx512bw"}, {"avx512cd", "avx512cd"},
    {"avx512dq", "avx512dq"}, {"avx512vl", "avx512vl"},
};
constexpr CpuFeature kV4Bf16Features[] = {
    {"avx512bf16", "avx512_bf16"},
    {"avx512vnni", "avx512_vnni"},
    {"avx512ifma", "avx512ifma"},
    {"avx512vbmi", "avx512vbmi"},
    {"avx512vbmi2", "avx512_vbmi2"},
    {"avx512bitalg", "avx512_bitalg"},
    {"avx512vpopcntdq", "avx512_vpopcntdq"},
};
constexpr llvm::StringLiteral kV4Bf16 =
    "-lzcnt,+avx512bf16,+avx512vnni,+avx512ifma,+avx512vbmi,+avx512vbmi2,+avx512bitalg,+avx512vpopcntdq";
constexpr CpuFeature kV4AmxFeatures[] = {{"amx-tile", "amx_tile"}, {"amx-bf16", "amx_bf16"}};
constexpr llvm::StringLiteral kV4Amx = "-lzcnt,+avx512bf16,+avx512vnni,+avx512ifma,+avx512vbmi,+avx512vbmi2,"
                                       "+avx512bitalg,+avx512vpopcntdq,+amx-tile,+amx-bf16";

const CpuLevel kLevels[] = {
    {"cpu:x86-64-v3", "x86-64-v3", kWithoutLzcnt, kV3Features, 256},
    {"cpu:x86-64-v4", "x86-64-v4", kWithoutLzcnt, kV4Features, 512},
    {"cpu:x86-64-v4-bf16", "x86-64-v4", kV4Bf16, kV4Bf16Features, 512},
    {"cpu:x86-64-v4-amx", "x86-64-v4", kV4Amx, kV4AmxFeatures, 512},
};

} // namespace

kernel::TargetAttr describeCpuLevel(const CpuLevel &level, MLIRContext *context) {
  SmallVector<StringAttr> features;
  for (const CpuLevel &below : kLevels) {
    for (const CpuFeature &feature : below.features)
      features.push_back(StringAttr::get(context, feature.cpuinfoName));
    if (&below == &level)
      break;
  }
  return kernel::TargetAttr::get(context, level.name, level.cpu, features, level.vectorBits, /*limits=*/nullptr);
}

/// Linux gives a process the state of tile registers when it asks. Some sandboxes refuse.
static bool tilesMayBeUsed() {
  constexpr long kRequestPermission = 0x1023, kTileData = 18;
  return syscall(SYS_arch_prctl, kRequestPermission, kTileData) == 0;
}

llvm::ArrayRef<CpuLevel> cpuLevels() { return kLevels; }

const CpuLevel *findCpuLevel(StringRef name) {
  for (const CpuLevel &level : kLevels)
    if (level.name == name)
      return &level;
  return nullptr;
}

const CpuLevel *hostCpuLevel() {
  auto host = llvm::sys::getHostCPUFeatures();
  const CpuLevel *best = nullptr;
  for (const CpuLevel &level : kLevels) {
    if (!llvm::all_of(level.features, [&](const CpuFeature &feature) { return host.lookup(feature.llvmName); }))
      break;
    if (level.hasTiles() && !tilesMayBeUsed())
      break;
    best = &level;
  }
  return best;
}

FailureOr<kernel::TargetAttr> describeHost(Location loc) {
  if (const CpuLevel *level = hostCpuLevel())
    return describeCpuLevel(*level, loc.getContext());
  return emitError(loc) << "target 'cpu': this machine is below the lowest level, " << kLevels[0].name
                        << " (avx2, fma, f16c, bmi2); name the target of the machine that will run the plan";
}

std::string listCpuLevels() {
  const CpuLevel *host = hostCpuLevel();
  std::string text;
  for (const CpuLevel &level : kLevels) {
    text += (level.name + (&level == host ? "  (cpu on this machine)" : "") + "\n").str();
    text += "    adds " +
            llvm::join(llvm::map_range(level.features, [](const CpuFeature &f) { return f.cpuinfoName; }), " ") + "\n";
  }
  return text;
}

} // namespace v4
