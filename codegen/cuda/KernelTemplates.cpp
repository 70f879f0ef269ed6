//===- KernelTemplates.cpp - Table of kernel templates ----------*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "codegen/cuda/KernelTemplates.h"
#include "codegen/cuda/kernels/AttendShape.h"
#include "codegen/cuda/kernels/DispatchShape.h"
#include "codegen/cuda/kernels/ExpertShape.h"
#include "codegen/cuda/kernels/Fp8LinearShape.h"
#include "codegen/cuda/kernels/IndexShape.h"
#include "codegen/cuda/kernels/SampleShape.h"
#include "codegen/cuda/kernels/SplitLinearShape.h"
#include "codegen/cuda/kernels/TensorRateShape.h"
#include "codegen/cuda/kernels/WideLinearShape.h"

#include <cstring>

using namespace v4::cuda;

static KernelTemplate fp8Linear() {
  return {"fp8Linear",
          "codegen/cuda/kernels/Fp8Linear.h",
          {"TOKENS", "GROUPS", "STAGES"},
          {{"x", "const __grid_constant__ v4::cuda::TensorMap"},
           {"xs", "const float *"},
           {"weight", "const unsigned char *"},
           {"ws", "const unsigned char *"},
           {"out", "unsigned short *"},
           {"tokens", "int"},
           {"rows", "int"},
           {"columns", "int"}},
          [](const int *v) { return fp8LinearThreads(v[1]); },
          [](const int *v) -> int64_t { return fp8LinearSharedBytes(v[0], v[1], v[2]); }};
}

static KernelTemplate bf16Linear() {
  return {"bf16Linear",
          "codegen/cuda/kernels/Bf16Linear.h",
          {"TOKENS", "GROUPS", "STAGES", "OUT32"},
          {{"x", "const __grid_constant__ v4::cuda::TensorMap"},
           {"weight", "const unsigned char *"},
           {"out", "void *"},
           {"tokens", "int"},
           {"rows", "int"},
           {"columns", "int"},
           {"groupRows", "int"}},
          [](const int *v) { return fp8LinearThreads(v[1]); },
          [](const int *v) -> int64_t { return fp8LinearSharedBytes(v[0], v[1], v[2]); }};
}

/// `whole` in parts of K: as many as its last template parameter says, and as many blocks in a cluster.
template <int SPLITS>
static KernelTemplate inParts(KernelTemplate whole, const char *name) {
  whole.name = name;
  whole.header = "codegen/cuda/kernels/SplitLinear.h";
  whole.templateParameters.push_back("SPLITS");
  whole.sharedBytes = [](const int *v) -> int64_t { return splitLinearSharedBytes(v[0], v[1], v[2]); };
  whole.cluster = [](const int *v) { return v[SPLITS]; };
  return whole;
}

static KernelTemplate wideLinear() {
  return {"wideLinear",
          "codegen/cuda/kernels/WideLinear.h",
          {"TOKENS", "GROUPS", "STAGES"},
          {{"x", "const __grid_constant__ v4::cuda::TensorMap"},
           {"weight", "const unsigned char *"},
           {"ws", "const unsigned char *"},
           {"out", "unsigned short *"},
           {"tokens", "int"},
           {"rows", "int"},
           {"columns", "int"},
           {"groupRows", "int"}},
          [](const int *v) { return fp8LinearThreads(v[1]); },
          [](const int *v) -> int64_t { return wideLinearSharedBytes(v[0], v[1], v[2]); }};
}

static KernelTemplate quantizeRows() {
  return {"quantizeRows",
          "codegen/cuda/kernels/QuantizeRows.h",
          {"WARPS"},
          {{"x", "const unsigned short *"},
           {"order", "const int *"},
           {"active", "int"},
           {"codes", "unsigned char *"},
           {"scales", "float *"},
           {"rows", "int"},
           {"columns", "int"}},
          [](const int *v) { return 32 * v[0]; },
          [](const int *) -> int64_t { return 0; }};
}

static KernelTemplate combineRows() {
  return {"combineRows",
          "codegen/cuda/kernels/CombineRows.h",
          {"THREADS"},
          {{"y", "const unsigned short *"},
           {"shared", "const unsigned short *"},
           {"out", "unsigned short *"},
           {"tokens", "int"},
           {"active", "int"},
           {"columns", "int"}},
          [](const int *v) { return v[0]; },
          [](const int *) -> int64_t { return 0; }};
}

static KernelTemplate dispatchRows() {
  return {"dispatchRows",
          "codegen/cuda/kernels/DispatchRows.h",
          {"MOST"},
          {{"counts", "const long long *"},
           {"experts", "const int *"},
           {"order", "int *"},
           {"offsets", "int *"},
           {"hits", "int *"},
           {"active", "int"},
           {"expertCount", "int"}},
          [](const int *) { return kDispatchThreads; },
          [](const int *v) -> int64_t { return dispatchSharedBytes(v[0]); }};
}

static KernelTemplate expertProduct() {
  return {"expertProduct",
          "codegen/cuda/kernels/ExpertProduct.h",
          {"TOKENS", "STAGES", "GATE_UP", "PER32"},
          {{"x", "const __grid_constant__ v4::cuda::TensorMap"},
           {"xs", "const float *"},
           {"first", "const unsigned char *"},
           {"firstScales", "const unsigned char *"},
           {"second", "const unsigned char *"},
           {"secondScales", "const unsigned char *"},
           {"weights", "const float *"},
           {"order", "const int *"},
           {"offsets", "const int *"},
           {"hits", "const int *"},
           {"out", "unsigned short *"},
           {"assignments", "int"},
           {"rows", "int"},
           {"columns", "int"},
           {"limit", "float"}},
          [](const int *) { return expertThreads(); },
          [](const int *v) -> int64_t { return expertSharedBytes(v[0], v[1], v[2]); }};
}

static KernelTemplate attendRows() {
  return {"attendRows",
          "codegen/cuda/kernels/Attend.h",
          {"DIM", "ROPE", "HEAD_TILES"},
          {{"positions", "const int *"},
           {"tokenSlots", "const int *"},
           {"slotRows", "const int *"},
           {"slotStarts", "const int *"},
           {"states", "const long long *"},
           {"q", "const unsigned short *"},
           {"kv", "const unsigned short *"},
           {"ring", "const unsigned char *"},
           {"rows", "const unsigned char *"},
           {"pages", "const long long *"},
           {"counts", "const long long *"},
           {"selected", "const int *"},
           {"sums", "float *"},
           {"numbers", "float *"},
           {"tokens", "int"},
           {"heads", "int"},
           {"window", "int"},
           {"offset", "int"},
           {"ringRows", "int"},
           {"ratio", "int"},
           {"topK", "int"},
           {"splits", "int"},
           {"splitRows", "int"}},
          [](const int *) { return kAttendThreads; },
          [](const int *v) -> int64_t { return attendSharedBytes(v[0], v[2]); }};
}

static KernelTemplate attendMerge() {
  return {"attendMerge",
          "codegen/cuda/kernels/Attend.h",
          {"DIM", "ROPE", "WARPS"},
          {{"positions", "const int *"},
           {"sums", "const float *"},
           {"numbers", "const float *"},
           {"sink", "const float *"},
           {"table", "const float *"},
           {"out", "unsigned short *"},
           {"tokens", "int"},
           {"heads", "int"},
           {"window", "int"},
           {"offset", "int"},
           {"ratio", "int"},
           {"topK", "int"},
           {"splits", "int"},
           {"splitRows", "int"}},
          [](const int *v) { return 32 * v[2]; },
          [](const int *) -> int64_t { return 0; }};
}

static KernelTemplate indexCandidates() {
  return {"indexCandidates",
          "codegen/cuda/kernels/IndexRows.h",
          {"DIM", "HEAD_TILES", "KEEP"},
          {{"positions", "const int *"},
           {"tokenSlots", "const int *"},
           {"pages", "const long long *"},
           {"counts", "const long long *"},
           {"q", "const unsigned short *"},
           {"weights", "const unsigned short *"},
           {"keys", "const unsigned char *"},
           {"scores", "float *"},
           {"rows", "int *"},
           {"tokens", "int"},
           {"heads", "int"},
           {"topK", "int"},
           {"strips", "int"},
           {"stripRows", "int"}},
          [](const int *) { return kBestThreads; },
          [](const int *v) -> int64_t { return indexSharedBytes(v[0], v[1], v[2]); }};
}

static KernelTemplate selectCandidates() {
  return {"selectCandidates",
          "codegen/cuda/kernels/IndexRows.h",
          {"KEEP"},
          {{"positions", "const int *"},
           {"scores", "const float *"},
           {"rows", "const int *"},
           {"selected", "int *"},
           {"tokens", "int"},
           {"topK", "int"},
           {"strips", "int"},
           {"stripRows", "int"}},
          [](const int *) { return kBestThreads; },
          [](const int *v) -> int64_t { return bestRowsBytes(v[0]); }};
}

static KernelTemplate sampleRows() {
  return {"sampleRows",
          "codegen/cuda/kernels/SampleRows.h",
          {"THREADS"},
          {{"logits", "const float *"}, {"rows", "v4::plan::SampleRow *"}, {"count", "int"}, {"vocabulary", "int"}},
          [](const int *v) { return v[0]; },
          [](const int *) -> int64_t { return sampleSharedBytes(); }};
}

static KernelTemplate tensorRate() {
  return {"tensorRate",
          "codegen/cuda/kernels/TensorRate.h",
          {"BF16", "GROUPS"},
          {{"out", "float *"}, {"rounds", "int"}},
          [](const int *v) { return tensorRateThreads(v[1]); },
          [](const int *v) -> int64_t { return tensorRateSharedBytes(v[1]); }};
}

const std::vector<KernelTemplate> &v4::cuda::kernelTemplates() {
  static const std::vector<KernelTemplate> table = {fp8Linear(),
                                                    bf16Linear(),
                                                    inParts<3>(fp8Linear(), "splitFp8Linear"),
                                                    inParts<4>(bf16Linear(), "splitBf16Linear"),
                                                    wideLinear(),
                                                    quantizeRows(),
                                                    combineRows(),
                                                    dispatchRows(),
                                                    expertProduct(),
                                                    attendRows(),
                                                    attendMerge(),
                                                    indexCandidates(),
                                                    selectCandidates(),
                                                    sampleRows(),
                                                    tensorRate()};
  return table;
}

const KernelTemplate *v4::cuda::findKernelTemplate(std::string_view name) {
  for (const KernelTemplate &entry : kernelTemplates())
    if (name == entry.name)
      return &entry;
  return nullptr;
}

int v4::cuda::clusterOf(const KernelTemplate &kernel, const int *values) {
  return kernel.cluster ? kernel.cluster(values) : 1;
}

std::string v4::cuda::functionName(const KernelTemplate &kernel, const int *values) {
  std::string name = kernel.name;
  for (size_t i = 0; i < kernel.templateParameters.size(); ++i)
    name += "_" + std::to_string(values[i]);
  return name;
}

std::string v4::cuda::functionText(const KernelTemplate &kernel, const int *values) {
  std::string list, parameters, arguments;
  for (size_t i = 0; i < kernel.templateParameters.size(); ++i)
    list += (i ? ", " : "") + std::to_string(values[i]);
  for (const KernelParameter &p : kernel.parameters) {
    const char *comma = parameters.empty() ? "" : ", ";
    parameters += std::string(comma) + p.type + " " + p.name;
    arguments += std::string(comma) + (std::strstr(p.type, "TensorMap") ? "&" : "") + p.name;
  }
  int cluster = clusterOf(kernel, values);
  return "extern \"C\" __global__ void __launch_bounds__(" + std::to_string(kernel.threads(values)) + ", 1) " +
         (cluster > 1 ? "__cluster_dims__(" + std::to_string(cluster) + ", 1, 1) " : "") +
         functionName(kernel, values) + "(" + parameters + ") {\n  v4::cuda::" + kernel.name + "<" + list + ">(" +
         arguments + ");\n}\n";
}
