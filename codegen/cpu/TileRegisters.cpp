//===- TileRegisters.cpp - Tiles of AMX ---------------------*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "codegen/cpu/TileRegisters.h"

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"

using namespace mlir;
using namespace v4;

/// Of the operand of ldtilecfg: bytes of a row of tile i at 16 + 2i, rows at 48 + i.
static constexpr int64_t kConfigurationBytes = 64, kRowBytesAt = 16, kRowsAt = 48, kTiles = 8;

/// Elements of `memory` in bytes.
static int64_t bytesOf(Value memory, int64_t elements) {
  return elements * cast<MemRefType>(memory.getType()).getElementTypeBitWidth() / 8;
}

TileRegisters::TileRegisters(CpuBody &k, int64_t weightTile) : k(k), weightTile(weightTile) {
  configuration = k.scratch(kConfigurationBytes, k.i8());
}

void TileRegisters::configure(Value rows) {
  SmallVector<int64_t> fixed(kConfigurationBytes, 0), varies(kConfigurationBytes, 0);
  fixed[0] = 1; // The palette of eight tiles.
  for (int64_t tile = 0; tile < kTiles; ++tile) {
    fixed[kRowBytesAt + 2 * tile] = 64;
    if (tile < weightTile)
      varies[kRowsAt + tile] = 1;
    else
      fixed[kRowsAt + tile] = kTileRows;
  }
  Value byte = arith::IndexCastOp::create(k.b, k.loc, k.i8(), rows);
  Value all = k.splat(byte, kConfigurationBytes);
  Value operand = k.select(k.constants(k.b.getI1Type(), varies), all, k.constants(k.i8(), fixed));
  k.storeRaw(operand, configuration, k.index(0));
  call("llvm.x86.ldtilecfg", pointer(address(configuration, k.index(0))));
}

void TileRegisters::zero(int64_t tile) { call("llvm.x86.tilezero", number(tile)); }

void TileRegisters::load(int64_t tile, Value memory, Value at, int64_t stride) {
  loadFrom(tile, address(memory, at), bytesOf(memory, stride));
}

void TileRegisters::loadFrom(int64_t tile, Value address, int64_t strideBytes) {
  call("llvm.x86.tileloadd64", {number(tile), pointer(address), bytes(strideBytes)});
}

void TileRegisters::store(int64_t tile, Value memory, int64_t at, int64_t stride) {
  call("llvm.x86.tilestored64", {number(tile), pointer(address(memory, k.index(at))), bytes(bytesOf(memory, stride))});
}

void TileRegisters::dot(int64_t sums, int64_t inputs, int64_t weights) {
  call("llvm.x86.tdpbf16ps", {number(sums), number(inputs), number(weights)});
}

void TileRegisters::release() { call("llvm.x86.tilerelease", {}); }

Value TileRegisters::address(Value memory, Value at) {
  Value base = memref::ExtractAlignedPointerAsIndexOp::create(k.b, k.loc, memory);
  int64_t size = cast<MemRefType>(memory.getType()).getElementTypeBitWidth() / 8;
  return arith::IndexCastOp::create(k.b, k.loc, k.b.getI64Type(), k.add(base, k.mul(at, size)));
}

Value TileRegisters::pointer(Value address) {
  return LLVM::IntToPtrOp::create(k.b, k.loc, LLVM::LLVMPointerType::get(k.b.getContext()), address);
}

Value TileRegisters::number(int64_t tile) { return arith::ConstantOp::create(k.b, k.loc, k.b.getI8IntegerAttr(tile)); }

Value TileRegisters::bytes(int64_t value) {
  return arith::ConstantOp::create(k.b, k.loc, k.b.getI64IntegerAttr(value));
}

void TileRegisters::call(StringRef name, ValueRange arguments) {
  LLVM::CallIntrinsicOp::create(k.b, k.loc, k.b.getStringAttr(name), arguments);
}
