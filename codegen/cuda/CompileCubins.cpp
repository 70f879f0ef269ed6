//===- CompileCubins.cpp - Kernel functions to cubins ---------------------===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "codegen/cuda/CompileCubins.h"
#include "codegen/KernelJobs.h"
#include "codegen/cpu/KernelCache.h"
#include "codegen/cpu/LowerToLlvm.h"
#include "codegen/cuda/CudaToolkit.h"
#include "codegen/cuda/EmitPtx.h"
#include "codegen/cuda/LowerToNvvm.h"

#include "runtime/plan/Format.h"
#include "llvm/Support/Endian.h"

using namespace mlir;

namespace v4 {
namespace {

/// A cubin and what its launches must know.
struct CubinKernel {
  std::vector<char> bytes;
  uint64_t sharedBytes = 0; ///< Dynamic.
  uint64_t stackBytes = 0;
  uint64_t registers = 0;
};

/// What all jobs read.
struct Toolchain {
  CudaToolkit toolkit;
  const CudaArch &arch;
  StringRef dumpDirectory;
  KernelCache cache;
  std::string cacheTarget; ///< Architecture and ptxas.
};

bool compileJob(KernelJob &job, const Toolchain &with, CubinKernel &out) {
  bool dump = !with.dumpDirectory.empty();
  std::string ptx;
  bool compiled = withKernelModule(job, [&](ModuleOp module) {
    if ((dump && !dumpModule(job, with.dumpDirectory, module)) || failed(lowerToNvvm(module)))
      return false;
    FailureOr<PtxKernel> kernel = emitPtx(module, with.arch, dump);
    if (failed(kernel))
      return false;
    ptx = std::move(kernel->ptx);
    out.sharedBytes = kernel->sharedBytes;
    return !dump ||
           (dumpText(job, with.dumpDirectory, ".ll", kernel->llvmIr) && dumpText(job, with.dumpDirectory, ".ptx", ptx));
  });
  if (!compiled)
    return false;
  llvm::Expected<Cubin> cubin = with.toolkit.assemble(ptx, with.arch);
  if (!cubin) {
    job.error = llvm::toString(cubin.takeError());
    return false;
  }
  if (!with.dumpDirectory.empty() && !dumpText(job, with.dumpDirectory, ".ptxas", cubin->reportText))
    return false;
  out.bytes = std::move(cubin->bytes);
  out.stackBytes = cubin->report.stackBytes;
  out.registers = cubin->report.registers;
  return true;
}

/// In front of a cubin in the cache.
constexpr size_t kCachedWords = 2;

KernelObject pack(const CubinKernel &kernel) {
  KernelObject object;
  object.stackBytes = kernel.stackBytes;
  object.bytes.resize(kCachedWords * 8);
  llvm::support::endian::write64le(object.bytes.data(), kernel.sharedBytes);
  llvm::support::endian::write64le(object.bytes.data() + 8, kernel.registers);
  object.bytes.append(kernel.bytes.begin(), kernel.bytes.end());
  return object;
}

bool unpack(const KernelObject &object, CubinKernel &out) {
  if (object.bytes.size() <= kCachedWords * 8)
    return false;
  out.stackBytes = object.stackBytes;
  out.sharedBytes = llvm::support::endian::read64le(object.bytes.data());
  out.registers = llvm::support::endian::read64le(object.bytes.data() + 8);
  out.bytes.assign(object.bytes.begin() + kCachedWords * 8, object.bytes.end());
  return true;
}

/// The same, unless its code is known.
bool runJob(KernelJob &job, const Toolchain &with, CubinKernel &out) {
  if (!with.cache.enabled() || !with.dumpDirectory.empty())
    return compileJob(job, with, out);
  std::string key = with.cache.keyOf(job.bytecode, with.cacheTarget);
  std::optional<KernelObject> known = with.cache.find(key);
  if (known && unpack(*known, out))
    return true;
  if (!compileJob(job, with, out))
    return false;
  with.cache.keep(key, pack(out));
  return true;
}

CompiledKernels join(ArrayRef<CubinKernel> kernels, MLIRContext *context) {
  CompiledKernels result;
  for (const CubinKernel &kernel : kernels) {
    result.object.resize(llvm::alignTo(result.object.size(), plan::kImageAlignment));
    result.stackBytes.push_back(kernel.stackBytes);
    result.blocks.push_back(plan::BlockAttr::get(context, kBlockThreads, kernel.sharedBytes, /*cluster=*/1,
                                                 kernel.registers, result.object.size(), kernel.bytes.size()));
    result.object.insert(result.object.end(), kernel.bytes.begin(), kernel.bytes.end());
  }
  return result;
}

} // namespace

FailureOr<CompiledKernels> compileCubins(ArrayRef<func::FuncOp> kernels, const CudaArch &arch,
                                         const CompileKernelsOptions &options) {
  bool valid = true;
  for (func::FuncOp kernel : kernels)
    valid &= succeeded(verifyKernelForm(kernel));
  if (!valid)
    return failure();
  std::optional<CudaToolkit> toolkit = CudaToolkit::find();
  if (!toolkit)
    return func::FuncOp(kernels.front()).emitError(missingToolchain(arch.name));
  // Code of an assembler that does not say what it is is not kept.
  std::string version = options.cacheDirectory.empty() ? "" : toolkit->version();
  KernelCache cache(version.empty() ? StringRef() : StringRef(options.cacheDirectory));
  Toolchain with{*toolkit, arch, options.dumpDirectory, cache, arch.name.str() + "\n" + version};
  std::vector<CubinKernel> code(kernels.size());
  LogicalResult compiled =
      runKernelJobs(kernels, options.threads, [&](KernelJob &job, size_t i) { return runJob(job, with, code[i]); });
  if (failed(compiled))
    return failure();
  return join(code, func::FuncOp(kernels.front()).getContext());
}

} // namespace v4
