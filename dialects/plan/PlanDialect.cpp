//===- PlanDialect.cpp - Registration and attributes ------------*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialects/plan/PlanDialect.h"
#include "dialects/kernel/KernelDialect.h"

#include "mlir/IR/DialectImplementation.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/TypeSwitch.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;

namespace {
/// Fields of the step block (kStepFieldCount of runtime/plan/KernelAbi.h).
constexpr int64_t kStepFields = 13;
} // namespace

#include "dialects/plan/PlanDialect.cpp.inc"
#include "dialects/plan/PlanEnums.cpp.inc"
#define GET_ATTRDEF_CLASSES
#include "dialects/plan/PlanAttrs.cpp.inc"
#define GET_OP_CLASSES
#include "dialects/plan/PlanOps.cpp.inc"

void v4::plan::PlanDialect::initialize() {
  addAttributes<
#define GET_ATTRDEF_LIST
#include "dialects/plan/PlanAttrs.cpp.inc"
      >();
  addOperations<
#define GET_OP_LIST
#include "dialects/plan/PlanOps.cpp.inc"
      >();
}

LogicalResult v4::plan::SizeAttr::verify(llvm::function_ref<InFlightDiagnostic()> emitError, int64_t coefficient,
                                         int64_t tokensPower, int64_t sequencesPower, int64_t contextPower) {
  // size_c1
  if (coefficient < 1)
    return emitError() << "size coefficient = " << coefficient << ", expected at least 1";
  // size_c2
  for (int64_t power : {tokensPower, sequencesPower, contextPower})
    if (power < 0 || power > 3)
      return emitError() << "size power = " << power << ", expected 0 to 3";
  return success();
}

LogicalResult v4::plan::CostAttr::verify(llvm::function_ref<InFlightDiagnostic()> emitError, CostKind, CostUnit,
                                         int64_t count, int64_t ratio, int64_t most) {
  // cost_c1
  if (count < 1 || ratio < 1 || most < 0)
    return emitError() << "cost has count " << count << ", ratio " << ratio << " and most " << most
                       << ", expected at least 1, 1 and 0";
  return success();
}

/// Of a block on any GPU (PlanBlockRules.cpp has the same).
static constexpr int64_t kMaxBlockThreads = 1024, kMaxBlockSharedBytes = 227 << 10, kMaxThreadRegisters = 255,
                         kMaxBlockRegisters = 65536;

LogicalResult v4::plan::BlockAttr::verify(llvm::function_ref<InFlightDiagnostic()> emitError, int64_t threads,
                                          int64_t sharedBytes, int64_t cluster, int64_t registers, int64_t imageOffset,
                                          int64_t imageBytes, CallAttr call) {
  // block_c1
  if (imageOffset < 0 || imageBytes < 1)
    return emitError() << "block has an image of " << imageBytes << " bytes at " << imageOffset
                       << ", expected at least 1 byte at 0 or behind";
  // block_c2
  if (threads < 1 || threads > kMaxBlockThreads)
    return emitError() << "block has " << threads << " threads, expected 1 to " << kMaxBlockThreads;
  if (sharedBytes < 0 || sharedBytes > kMaxBlockSharedBytes)
    return emitError() << "block has " << sharedBytes << " shared bytes, expected 0 to " << kMaxBlockSharedBytes;
  if (registers < 0 || registers > kMaxThreadRegisters || threads * registers > kMaxBlockRegisters)
    return emitError() << "block has " << threads << " threads of " << registers << " registers, expected at most "
                       << kMaxThreadRegisters << " each and " << kMaxBlockRegisters << " together";
  // block_c3
  if (cluster != 1 && cluster != 2 && cluster != 4 && cluster != 8)
    return emitError() << "block has cluster " << cluster << ", expected 1, 2, 4 or 8";
  if (cluster != 1 && !call)
    return emitError() << "block has cluster " << cluster << " and no call, expected cluster 1";
  if (cluster != 1 && call.getMost() % cluster != 0)
    return emitError() << "block has a call of most = " << call.getMost() << ", expected a multiple of the cluster of "
                       << cluster;
  return success();
}

/// Of a function and its arguments on any GPU (PlanCallRules.cpp has the same).
static constexpr size_t kMaxArguments = 64, kMaxName = 200;
static constexpr uint64_t kMaxArgumentBytes = 4096, kMapBytes = 128, kMapAlignment = 64;

/// A symbol in an image, and a name in messages.
static bool isPlainName(StringRef name) {
  auto isPlain = [](char c) { return llvm::isAlnum(c) || c == '_' || c == '.' || c == '-' || c == '$'; };
  return !name.empty() && name.size() <= kMaxName && llvm::all_of(name, isPlain) && name[0] != '.' && name[0] != '-';
}

/// Each argument at the next multiple of its size, a map at one of kMapAlignment.
static uint64_t argumentBytes(ArrayAttr arguments) {
  uint64_t end = 0;
  for (auto argument : arguments.getAsRange<v4::kernel::ArgumentAttr>()) {
    bool isMap = argument.getKind() == v4::kernel::ArgumentKind::Map;
    uint64_t bytes = isMap ? kMapBytes : argument.getKind() == v4::kernel::ArgumentKind::Address ? 8 : 4;
    end = llvm::alignTo(end, isMap ? kMapAlignment : bytes) + bytes;
  }
  return end;
}

LogicalResult v4::plan::VariantAttr::verify(llvm::function_ref<InFlightDiagnostic()> emitError, int64_t mostRows,
                                            int64_t tile, int64_t tiles, BlockAttr block) {
  // variant_c1
  if (mostRows < 1 || mostRows > INT32_MAX || tile < 1 || tiles < 1)
    return emitError() << "variant has most_rows = " << mostRows << ", tile = " << tile << " and tiles = " << tiles
                       << ", expected at least 1, and most_rows at most " << INT32_MAX;
  // variant_c2
  if (tiles % block.getCluster() != 0)
    return emitError() << "variant has tiles = " << tiles << ", expected a multiple of its cluster of "
                       << block.getCluster();
  return success();
}

LogicalResult v4::plan::CallAttr::verify(llvm::function_ref<InFlightDiagnostic()> emitError, StringRef function,
                                         int64_t most, ArrayAttr arguments) {
  // call_c1
  if (arguments.empty() || arguments.size() > kMaxArguments)
    return emitError() << "call of '" << function << "' has " << arguments.size() << " arguments, expected 1 to "
                       << kMaxArguments;
  for (Attribute argument : arguments)
    if (!isa<kernel::ArgumentAttr>(argument))
      return emitError() << "call of '" << function << "' has the argument " << argument
                         << ", expected a #kernel.argument";
  if (uint64_t bytes = argumentBytes(arguments); bytes > kMaxArgumentBytes)
    return emitError() << "call of '" << function << "' has arguments of " << bytes << " bytes, expected at most "
                       << kMaxArgumentBytes;
  // call_c2
  if (most < 0 || most > INT32_MAX)
    return emitError() << "call of '" << function << "' has at most " << most << " blocks, expected 0 to " << INT32_MAX;
  // call_c3
  if (!isPlainName(function))
    return emitError() << "call of '" << function << "', expected a name of at most " << kMaxName
                       << " letters, digits, '_', '.', '-' and '$', the first no '.' or '-'";
  return success();
}

LogicalResult v4::plan::WorkAttr::verify(llvm::function_ref<InFlightDiagnostic()> emitError, Arithmetic, CostUnit,
                                         int64_t products, int64_t ratio, int64_t most) {
  // work_c1
  if (products < 1 || ratio < 1 || most < 0)
    return emitError() << "work has products " << products << ", ratio " << ratio << " and most " << most
                       << ", expected at least 1, 1 and 0";
  return success();
}

LogicalResult v4::plan::PartAttr::verify(llvm::function_ref<InFlightDiagnostic()> emitError, StringRef name,
                                         StringRef group, int64_t parameters, int64_t active, int64_t storedBytes,
                                         ArrayAttr work) {
  // part_c1
  if (active < 0 || parameters < active || storedBytes < 0)
    return emitError() << "part '" << name << "' has " << parameters << " parameters, " << active
                       << " of them active, in " << storedBytes
                       << " bytes, expected none negative and at most all active";
  // part_c2
  for (Attribute term : work)
    if (!isa<WorkAttr>(term))
      return emitError() << "part '" << name << "' has the work " << term << ", expected a #plan.work";
  // part_c3
  if (group != "main" && group != "mtp")
    return emitError() << "part '" << name << "' has the group '" << group << "', expected main or mtp";
  return success();
}

LogicalResult v4::plan::BindingAttr::verify(llvm::function_ref<InFlightDiagnostic()> emitError, BindingKind kind,
                                            Access access, FlatSymbolRefAttr symbol, int64_t field) {
  // binding_c1
  if (access == Access::Out && (kind == BindingKind::Weight || kind == BindingKind::Step))
    return emitError() << stringifyBindingKind(kind) << " binding is out, expected in: launches only read it";
  // binding_c2
  int64_t last = kind == BindingKind::Step ? kStepFields - 1 : 0;
  if (field < 0 || field > last)
    return emitError() << stringifyBindingKind(kind) << " binding has field " << field << ", expected "
                       << (last == 0 ? "0" : "0 to 12");
  return success();
}
