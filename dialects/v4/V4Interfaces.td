//===- V4Interfaces.td - Op interfaces of v4 ---------------*- tablegen -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef V4_INTERFACES_TD
#define V4_INTERFACES_TD

include "mlir/IR/OpBase.td"

def V4_DecomposableOpInterface : OpInterface<"DecomposableOpInterface"> {
  let cppNamespace = "::v4";
  let description = [{
    An op that has an executable definition in upstream dialects. Implemented as
    an external model in passes/lower, so that dialects stay free of
    transformations.
  }];
  let methods = [InterfaceMethod<
    /*desc=*/[{
      Emits the body of one workgroup through the emitter, which owns the kernel
      function, its arguments and the loop over workgroups (passes/lower/KernelEmitter.h).
    }],
    /*retTy=*/"::llvm::LogicalResult", /*methodName=*/"decompose",
    /*args=*/(ins "::v4::KernelEmitter &":$emitter)>];
}

def V4_FusedOpInterface : OpInterface<"FusedOpInterface"> {
  let cppNamespace = "::v4";
  let description = [{
    An op that stands for several others, which define it. Lowering puts them in its place when it has no tuned kernel.
  }];
  let methods = [InterfaceMethod<
    /*desc=*/[{ Builds the parts at the builder's place; returns one value per result of the op. }],
    /*retTy=*/"::llvm::SmallVector<::mlir::Value>", /*methodName=*/"toParts", /*args=*/(ins "::mlir::OpBuilder &":$builder)>];
}

def V4_CostOpInterface : OpInterface<"CostOpInterface"> {
  let cppNamespace = "::v4";
  let description = [{
    An op that takes weights or forms products worth counting: linears, scores, attention, stream mixes. What is
    element-wise counts as nothing. From the op alone, never from what some kernel does (dialects/v4/V4Cost.h).
  }];
  let methods = [
    InterfaceMethod<
      /*desc=*/[{ Adds the products that the op forms in one step. }],
      /*retTy=*/"void", /*methodName=*/"countProducts", /*args=*/(ins "::v4::ProductCount &":$count),
      /*methodBody=*/"", /*defaultImplementation=*/"(void)count;">,
    InterfaceMethod<
      /*desc=*/[{ How many of how many equal slices of a weight one token multiplies with; {0, 1} for a look-up. }],
      /*retTy=*/"std::pair<int64_t, int64_t>", /*methodName=*/"getActiveShare", /*args=*/(ins "::mlir::OpOperand &":$weight),
      /*methodBody=*/"", /*defaultImplementation=*/"return {1, 1};">,
    InterfaceMethod<
      /*desc=*/[{ The part of the model that the products belong to; empty: that of the op's first weight. }],
      /*retTy=*/"::llvm::StringRef", /*methodName=*/"getPartName", /*args=*/(ins),
      /*methodBody=*/"", /*defaultImplementation=*/"return {};">];
}

// Takes weights, forms no products.
defvar V4_TakesWeights = DeclareOpInterfaceMethods<V4_CostOpInterface>;
// Forms products.
defvar V4_FormsProducts = DeclareOpInterfaceMethods<V4_CostOpInterface, ["countProducts"]>;

#endif // V4_INTERFACES_TD
