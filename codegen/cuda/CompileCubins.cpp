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

/// What launches of a kernel run, all of them or those of few rows.
struct KernelPart {
  kernel::RunTemplateOp run; ///< Null in a kernel made of no template.
  size_t job;
};
using KernelParts = SmallVector<KernelPart, 1>; ///< Of a kernel: its variants, then itself.

/// How launches call the function that kernels share; none of other kernels.
plan::CallAttr callOf(const KernelPart &part, const CubinJob &job) {
  if (!job.instance)
    return {};
  kernel::RunTemplateOp run = part.run;
  return plan::CallAttr::get(run.getContext(), job.instance->function, run.getMost(), run.getArguments());
}

/// Puts the images one behind the other.
class CubinJoin {
public:
  CubinJoin(MLIRContext *context, ArrayRef<CubinJob> jobs, ArrayRef<CubinKernel> code)
      : context(context), jobs(jobs), code(code) {
    for (const CubinKernel &image : code) {
      result.object.resize(llvm::alignTo(result.object.size(), plan::kImageAlignment));
      offsets.push_back(result.object.size());
      result.object.insert(result.object.end(), image.bytes.begin(), image.bytes.end());
    }
  }

  void add(const KernelParts &parts) {
    SmallVector<Attribute> variants;
    uint64_t stackBytes = 0;
    for (const KernelPart &part : parts) {
      stackBytes = std::max(stackBytes, code[part.job].stackBytes);
      kernel::RunTemplateOp run = part.run;
      if (kernel::FewRowsAttr few = run ? run.getFewAttr() : kernel::FewRowsAttr())
        variants.push_back(
            plan::VariantAttr::get(context, few.getMost(), few.getTile(), few.getTiles(), blockOf(part)));
    }
    result.stackBytes.push_back(stackBytes);
    result.blocks.push_back(blockOf(parts.back()));
    result.variants.push_back(variants.empty() ? ArrayAttr() : ArrayAttr::get(context, variants));
  }

  CompiledKernels result;

private:
  plan::BlockAttr blockOf(const KernelPart &part) const {
    const CubinKernel &image = code[part.job];
    int64_t cluster = jobs[part.job].instance ? jobs[part.job].instance->cluster : 1;
    return plan::BlockAttr::get(context, image.threads, image.sharedBytes, cluster, image.registers, offsets[part.job],
                                image.bytes.size(), callOf(part, jobs[part.job]));
  }

  MLIRContext *context;
  ArrayRef<CubinJob> jobs;
  ArrayRef<CubinKernel> code;
  std::vector<size_t> offsets;
};

/// One job per kernel, and one for all of a template's instance.
class CubinJobs {
public:
  explicit CubinJobs(const CudaArch &arch) : arch(arch) {}

  LogicalResult add(func::FuncOp kernel) {
    KernelParts &of = parts.emplace_back();
    SmallVector<kernel::RunTemplateOp> runs = templatesOf(kernel);
    if (runs.empty()) {
      of.push_back({{}, jobs.size()});
      jobs.push_back({kernel, std::nullopt});
      return verifyKernelForm(kernel);
    }
    for (kernel::RunTemplateOp run : runs) {
      FailureOr<TemplateInstance> instance = instantiate(run, arch);
      if (failed(instance))
        return failure();
      size_t job = instances.try_emplace(instance->function, jobs.size()).first->second;
      of.push_back({run, job});
      if (job == jobs.size())
        jobs.push_back({kernel, std::move(*instance)});
    }
    return success();
  }

  std::vector<CubinJob> jobs;
  std::vector<KernelParts> parts; ///< By kernel.

private:
  const CudaArch &arch;
  llvm::StringMap<size_t> instances;
};

} // namespace

FailureOr<CompiledKernels> compileCubins(ArrayRef<func::FuncOp> kernels, const CudaArch &arch,
                                         const CompileKernelsOptions &options) {
  CubinJobs planned(arch);
  bool valid = true;
  for (func::FuncOp kernel : kernels)
    valid &= succeeded(planned.add(kernel));
  if (!valid)
    return failure();
  ArrayRef<CubinJob> jobs = planned.jobs;
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
  CubinJoin join(first.getContext(), jobs, code);
  for (const KernelParts &parts : planned.parts)
    join.add(parts);
  return std::move(join.result);
}

} // namespace v4
