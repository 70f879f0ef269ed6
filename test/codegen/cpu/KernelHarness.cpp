//===- KernelHarness.cpp - Compiles kernels and calls them --------------===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "KernelHarness.h"

#include "codegen/cpu/LowerToLlvm.h"
#include "mlir/Parser/Parser.h"
#include "runtime/plan/KernelAbi.h"
#include "test/emulation/HighestLevel.h"
#include <gtest/gtest.h>

#include <dlfcn.h>
#include <sys/mman.h>
#include <unistd.h>

namespace v4test {

using namespace mlir;

Compilation compileText(const std::string &text, const v4::CpuLevel &level, unsigned threads) {
  Compilation result;
  DialectRegistry registry;
  v4::registerKernelBodyDialects(registry);
  MLIRContext context(registry);
  ScopedDiagnosticHandler handler(&context, [&](Diagnostic &diagnostic) { result.errors += diagnostic.str() + "\n"; });
  OwningOpRef<ModuleOp> module = parseSourceString<ModuleOp>(text, &context);
  if (!module)
    return result;
  SmallVector<func::FuncOp> kernels(module->getOps<func::FuncOp>());
  v4::CompileKernelsOptions options;
  options.threads = threads;
  auto code = v4::compileKernelFunctions(kernels, level, options);
  if (succeeded(code))
    result.code = std::move(*code);
  return result;
}

LoadedKernels::LoadedKernels(const std::vector<char> &object) {
  int file = memfd_create("kernels", MFD_CLOEXEC);
  if (file < 0 || write(file, object.data(), object.size()) != ssize_t(object.size()))
    return;
  library = dlopen(("/proc/self/fd/" + std::to_string(file)).c_str(), RTLD_NOW | RTLD_LOCAL);
  close(file);
}

LoadedKernels::~LoadedKernels() {
  if (library)
    dlclose(library);
}

bool LoadedKernels::run(const std::string &name, const std::vector<void *> &bindings, int64_t begin,
                        int64_t end) const {
  auto kernel = reinterpret_cast<v4_kernel_fn>(dlsym(library, name.c_str()));
  if (!kernel)
    return false;
  v4_kernel_args args{bindings.data()};
  kernel(&args, begin, end);
  return true;
}

std::vector<const v4::CpuLevel *> runnableLevels() {
  std::vector<const v4::CpuLevel *> levels;
  const v4::CpuLevel *best = v4::test::highestLevel();
  for (const v4::CpuLevel &level : v4::cpuLevels())
    if (best && &level <= best)
      levels.push_back(&level);
  return levels;
}

std::string laneType(const std::string &element, unsigned lanes) {
  return lanes == 1 ? element : "vector<" + std::to_string(lanes) + "x" + element + ">";
}

std::string mapKernel(const std::string &name, const std::string &from, const std::string &to, unsigned lanes,
                      const std::string &body) {
  // Two nibbles per byte, when the body unpacks.
  unsigned outputs = body.find("kernel.unpack") == std::string::npos ? lanes : 2 * lanes;
  std::string in = "memref<?x" + std::to_string(lanes) + "x" + from + ">";
  std::string out = "memref<?x" + std::to_string(outputs) + "x" + to + ">";
  std::string load = lanes == 1 ? "memref.load %x[%g, %c0] : " + in
                                : "vector.load %x[%g, %c0] : " + in + ", " + laneType(from, lanes);
  std::string store = outputs == 1 ? "memref.store %r, %y[%g, %c0] : " + out
                                   : "vector.store %r, %y[%g, %c0] : " + out + ", " + laneType(to, outputs);
  return "func.func @" + name + "(%begin: index, %end: index, %x: " + in + ", %y: " + out +
         ") attributes {kernel.entry} {\n"
         "  %c0 = arith.constant 0 : index\n  %c1 = arith.constant 1 : index\n"
         "  scf.for %g = %begin to %end step %c1 {\n    %v = " +
         load + "\n    " + body + "\n    " + store + "\n  }\n  return\n}\n";
}

std::string unaryKernel(const std::string &name, const std::string &op, const std::string &type, unsigned lanes) {
  return mapKernel(name, type, type, lanes, "%r = " + op + " %v : " + laneType(type, lanes));
}

std::vector<char> mapBytes(const std::string &text, const std::string &name, int64_t groups, const void *input,
                           size_t outputBytes) {
  std::vector<char> first;
  for (const v4::CpuLevel *level : runnableLevels()) {
    Compilation compiled = compileText(text, *level);
    EXPECT_EQ(compiled.errors, "");
    LoadedKernels kernels(compiled.code.object);
    std::vector<char> output(outputBytes, 0x55);
    if (!kernels.isLoaded() || !kernels.run(name, {const_cast<void *>(input), output.data()}, 0, groups)) {
      ADD_FAILURE() << name << " does not run on " << level->name.str();
      return {};
    }
    if (first.empty())
      first = output;
    EXPECT_TRUE(first == output) << name << ": other bits on " << level->name.str();
  }
  return first;
}

} // namespace v4test
