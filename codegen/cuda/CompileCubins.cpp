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
#include "codegen/cuda/KernelSources.h"
#include "codegen/cuda/LowerToNvvm.h"
#include "codegen/cuda/TemplateInstance.h"

#include "runtime/plan/Format.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/Support/Endian.h"

using namespace mlir;

namespace v4 {
namespace {

/// A cubin and what its launches must know.
struct CubinKernel {
  std::vector<char> bytes;
  uint64_t threads = 1;
  uint64_t sharedBytes = 0; ///< Dynamic.
  uint64_t stackBytes = 0;
  uint64_t registers = 0;
};

/// What a kernel becomes, once for all that share it.
struct CubinJob {
  func::FuncOp kernel; ///< The first of them.
  std::optional<TemplateInstance> instance;
};

/// What all jobs read.
struct Toolchain {
  CudaToolkit toolkit;
  const CudaArch &arch;
  StringRef dumpDirectory;
  KernelCache cache;
  std::string cacheTarget; ///< Architecture and ptxas.
};

/// PTX to cubin.
bool assembleJob(KernelJob &job, const Toolchain &with, StringRef ptx, CubinKernel &out) {
  bool dump = !with.dumpDirectory.empty();
  if (dump && !dumpText(job, with.dumpDirectory, ".ptx", ptx))
    return false;
  llvm::Expected<Cubin> cubin = with.toolkit.assemble(ptx, with.arch);
  if (!cubin) {
    job.error = llvm::toString(cubin.takeError());
    return false;
  }
  if (dump && !dumpText(job, with.dumpDirectory, ".ptxas", cubin->reportText))
    return false;
  out.bytes = std::move(cubin->bytes);
  out.stackBytes = cubin->report.stackBytes;
  out.registers = cubin->report.registers;
  return true;
}

bool compileBody(KernelJob &job, const Toolchain &with, CubinKernel &out) {
  bool dump = !with.dumpDirectory.empty();
  std::string ptx;
  bool compiled = withKernelModule(job, [&](ModuleOp module) {
    if ((dump && !dumpModule(job, with.dumpDirectory, module)) || failed(lowerToNvvm(module)))
      return false;
    FailureOr<PtxKernel> kernel = emitPtx(module, with.arch, dump);
    if (failed(kernel))
      return false;
    ptx = std::move(kernel->ptx);
    out.threads = kernel->threads;
    out.sharedBytes = kernel->sharedBytes;
    return !dump || dumpText(job, with.dumpDirectory, ".ll", kernel->llvmIr);
  });
  return compiled && assembleJob(job, with, ptx, out);
}

bool compileTemplate(KernelJob &job, const TemplateInstance &instance, const Toolchain &with, CubinKernel &out) {
  if (!with.dumpDirectory.empty() && !dumpText(job, with.dumpDirectory, ".cu", instance.source))
    return false;
  llvm::Expected<std::string> ptx = with.toolkit.translate(withKernelSources(instance.source), with.arch);
  if (!ptx) {
    job.error = llvm::toString(ptx.takeError());
    return false;
  }
  out.threads = instance.threads;
  out.sharedBytes = instance.sharedBytes;
  return assembleJob(job, with, *ptx, out);
}

/// In front of a cubin in the cache.
constexpr size_t kCachedWords = 3;

KernelObject pack(const CubinKernel &kernel) {
  KernelObject object;
  object.stackBytes = kernel.stackBytes;
  object.bytes.resize(kCachedWords * 8);
  llvm::support::endian::write64le(object.bytes.data(), kernel.sharedBytes);
  llvm::support::endian::write64le(object.bytes.data() + 8, kernel.registers);
  llvm::support::endian::write64le(object.bytes.data() + 16, kernel.threads);
  object.bytes.append(kernel.bytes.begin(), kernel.bytes.end());
  return object;
}

bool unpack(const KernelObject &object, CubinKernel &out) {
  if (object.bytes.size() <= kCachedWords * 8)
    return false;
  out.stackBytes = object.stackBytes;
  out.sharedBytes = llvm::support::endian::read64le(object.bytes.data());
  out.registers = llvm::support::endian::read64le(object.bytes.data() + 8);
  out.threads = llvm::support::endian::read64le(object.bytes.data() + 16);
  out.bytes.assign(object.bytes.begin() + kCachedWords * 8, object.bytes.end());
  return true;
}

bool compileJob(KernelJob &job, const CubinJob &what, const Toolchain &with, CubinKernel &out) {
  return what.instance ? compileTemplate(job, *what.instance, with, out) : compileBody(job, with, out);
}

/// The same, unless its code is known.
bool runJob(KernelJob &job, const CubinJob &what, const Toolchain &with, CubinKernel &out) {
  if (what.instance)
    job.name = what.instance->function;
  if (!with.cache.enabled() || !with.dumpDirectory.empty())
    return compileJob(job, what, with, out);
  std::string key = with.cache.keyOf(what.instance ? what.instance->source : job.bytecode, with.cacheTarget);
  std::optional<KernelObject> known = with.cache.find(key);
  if (known && unpack(*known, out))
    return true;
  if (!compileJob(job, what, with, out))
    return false;
  with.cache.keep(key, pack(out));
  return true;
}

/// How the kernel's launches call the function that it shares; none of other kernels.
plan::CallAttr callOf(func::FuncOp kernel, const CubinJob &job) {
  if (!job.instance)
    return {};
  kernel::RunTemplateOp run = templateOf(kernel);
  return plan::CallAttr::get(kernel.getContext(), job.instance->function, run.getMost(), run.getArguments());
}

/// `jobOf` is by kernel.
CompiledKernels join(ArrayRef<func::FuncOp> kernels, ArrayRef<size_t> jobOf, ArrayRef<CubinJob> jobs,
                     ArrayRef<CubinKernel> code) {
  CompiledKernels result;
  std::vector<size_t> offsets;
  for (const CubinKernel &image : code) {
    result.object.resize(llvm::alignTo(result.object.size(), plan::kImageAlignment));
    offsets.push_back(result.object.size());
    result.object.insert(result.object.end(), image.bytes.begin(), image.bytes.end());
  }
  for (auto [kernel, i] : llvm::zip(kernels, jobOf)) {
    result.stackBytes.push_back(code[i].stackBytes);
    result.blocks.push_back(plan::BlockAttr::get(
        func::FuncOp(kernel).getContext(), code[i].threads, code[i].sharedBytes,
        /*cluster=*/1, code[i].registers, offsets[i], code[i].bytes.size(), callOf(kernel, jobs[i])));
  }
  return result;
}

/// One job per kernel, and one for all of a template's instance; `jobOf` is by kernel.
LogicalResult planJobs(ArrayRef<func::FuncOp> kernels, const CudaArch &arch, std::vector<CubinJob> &jobs,
                       std::vector<size_t> &jobOf) {
  llvm::StringMap<size_t> instances;
  bool valid = true;
  for (func::FuncOp kernel : kernels) {
    CubinJob job{kernel, std::nullopt};
    size_t index = jobs.size();
    if (kernel::RunTemplateOp run = templateOf(kernel)) {
      FailureOr<TemplateInstance> instance = instantiate(run, arch);
      valid &= succeeded(instance);
      if (failed(instance))
        continue;
      job.instance = std::move(*instance);
      index = instances.try_emplace(job.instance->function, index).first->second;
    } else {
      valid &= succeeded(verifyKernelForm(kernel));
    }
    jobOf.push_back(index);
    if (index == jobs.size())
      jobs.push_back(std::move(job));
  }
  return success(valid);
}

} // namespace

FailureOr<CompiledKernels> compileCubins(ArrayRef<func::FuncOp> kernels, const CudaArch &arch,
                                         const CompileKernelsOptions &options) {
  std::vector<CubinJob> jobs;
  std::vector<size_t> jobOf;
  if (failed(planJobs(kernels, arch, jobs, jobOf)))
    return failure();
  func::FuncOp first = kernels.front();
  std::optional<CudaToolkit> toolkit = CudaToolkit::find();
  if (!toolkit)
    return first.emitError(missingToolchain(arch.name));
  for (const CubinJob &job : jobs)
    if (job.instance && !toolkit->hasNvcc())
      return func::FuncOp(job.kernel).emitError(missingTranslator(first->getParentOfType<ModuleOp>()));
  // Code of a toolkit that does not say what it is is not kept.
  std::string version = options.cacheDirectory.empty() ? "" : toolkit->version();
  KernelCache cache(version.empty() ? StringRef() : StringRef(options.cacheDirectory));
  Toolchain with{*toolkit, arch, options.dumpDirectory, cache, arch.name.str() + "\n" + version};
  std::vector<CubinKernel> code(jobs.size());
  SmallVector<func::FuncOp> compiled;
  for (const CubinJob &job : jobs)
    compiled.push_back(job.kernel);
  LogicalResult result = runKernelJobs(compiled, options.threads,
                                       [&](KernelJob &job, size_t i) { return runJob(job, jobs[i], with, code[i]); });
  if (failed(result))
    return failure();
  return join(kernels, jobOf, jobs, code);
}

} // namespace v4
