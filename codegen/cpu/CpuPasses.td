//===- CpuPasses.td - Passes of the CPU back end ---------*- tablegen -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Rewrites that name a CPU live here rather than in passes/. Order in the
// pipeline: expansions first (any order), then LowerToLlvm.cpp.
//
//===----------------------------------------------------------------------===//

#ifndef CPU_PASSES_TD
#define CPU_PASSES_TD

include "mlir/Pass/PassBase.td"

def CompileKernelsPass : Pass<"v4-compile-kernels", "::mlir::ModuleOp"> {
  let summary = "compile all kernels into one shared object";
  let description = [{
    Each function with `kernel.entry` is compiled for the module's target in a context of its own; the
    linked object becomes `plan.code`, each plan.kernel gets `stack_bytes`, the functions are erased. Does
    nothing to a module without kernels.
  }];
  let options = [
    Option<"threads", "threads", "unsigned", "1", "Kernels compiled at the same time; changes no byte of the code">,
    Option<"dumpKernelsTo", "dump-kernels-to", "std::string", "\"\"",
           "Existing folder that gets <kernel>.mlir, <kernel>.ll and <kernel>.s">,
  ];
  let dependentDialects = ["::v4::kernel::KernelDialect"];
}

def ExpandContractsPass : Pass<"v4-expand-contracts", "::mlir::func::FuncOp"> {
  let summary = "write the code of tuned kernels for a CPU level";
  let description = [{
    Each contract op (dialects/kernel/KernelContracts.td) becomes loops over memrefs and vectors, with instructions of
    the level where they are faster: on a level with avx512bf16 products are vdpbf16ps and narrow codes are looked up in
    registers. Runs first: the other expansions see plain code.
  }];
  let options = [Option<"level", "level", "std::string", "\"cpu:x86-64-v3\"", "CPU level, as in --list-targets">];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::vector::VectorDialect", "::mlir::scf::SCFDialect",
                           "::mlir::memref::MemRefDialect", "::mlir::math::MathDialect", "::mlir::LLVM::LLVMDialect"];
}

def ExpandCacheAccessPass : Pass<"v4-expand-cache-access", "::mlir::func::FuncOp"> {
  let summary = "turn cache loads and stores into byte vector accesses";
  let description = [{
    ```mlir
    %v = kernel.cache_load %pool[%o] : memref<?xi8> -> vector<16xbf16>
    // becomes
    %b = vector.load %pool[%o] : memref<?xi8>, vector<32xi8>
    %v = vector.bitcast %b : vector<32xi8> to vector<16xbf16>
    ```
    Byte vectors carry an alignment of 1, which is all that cache rows promise.
  }];
  let dependentDialects = ["::mlir::vector::VectorDialect"];
}

def ExpandFloatFormatsPass : Pass<"v4-expand-float-formats", "::mlir::func::FuncOp"> {
  let summary = "turn narrow float conversions into exact integer and f32 code";
  let description = [{
    Expands kernel.unpack, kernel.decode, kernel.encode and arith.truncf from f32 to bf16, for scalars and
    vectors of any width. Every result is exact or correctly rounded on every CPU level: no
    instruction that flushes denormals, no library call.

    ```mlir
    %v = kernel.decode %c as f8E8M0FNU : i8 -> f32
    // becomes, for codes other than 0 (2^-127) and 255 (NaN),
    %w = arith.extui %c : i8 to i32
    %s = arith.shli %w, %c23 : i32
    %v = arith.bitcast %s : i32 to f32
    ```
  }];
  let options = [
    Option<"vectorBits", "vector-bits", "int64_t", "256",
           "Vector registers of the CPU; 512 looks e2m1 values up in a register">,
  ];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::vector::VectorDialect",
                           "::mlir::LLVM::LLVMDialect" /* table look-up intrinsic */];
}

def ExpandMathPass : Pass<"v4-expand-math", "::mlir::func::FuncOp"> {
  let summary = "turn elementary functions into polynomials of fused multiply-adds";
  let description = [{
    Expands math.exp and math.log1p (f32), math.sin and math.cos (f32 and f64), for scalars and vectors of any
    width, into arith and math.fma: the same bits on every CPU level, no libm.

    | op | error, ulp | range |
    |---|---|---|
    | exp | 0.88 | all, subnormal results included |
    | log1p | 0.51 | all |
    | sin, cos of f32 | correctly rounded in all cases tested | absolute value <= 2^30 |
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::math::MathDialect"];
}

#endif // CPU_PASSES_TD
