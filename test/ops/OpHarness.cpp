//===- OpHarness.cpp - Runs v4 ops in native code ---------------*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "test/ops/OpHarness.h"

#include "codegen/cpu/CompileKernels.h"
#include "codegen/plan/PanelPacker.h"
#include "passes/Passes.h"
#include "passes/lower/Decompositions.h"

#include "llvm/ADT/DenseMap.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"
#include "gtest/gtest.h"

#include <dlfcn.h>
#include <optional>
#include <sys/mman.h>
#include <unistd.h>

using namespace v4;
using namespace v4::test;

//===----------------------------------------------------------------------===//
// Steps
//===----------------------------------------------------------------------===//

Sequences::Sequences(int64_t count, int64_t context, int64_t pageBytes, int64_t stateBytes)
    : count(count), pagesPerSequence((context + 127) / 128), pageBytes(pageBytes), stateBytes(stateBytes) {}

int64_t Sequences::pageOffset(int64_t sequence, int64_t page) const {
  // Pages of the sequences interleave, backwards.
  return (count * pagesPerSequence - 1 - (page * count + sequence)) * pageBytes;
}

static void addChunks(const Span &span, int32_t slot, int64_t ratio, std::vector<int32_t> &slots,
                      std::vector<int32_t> &indices) {
  for (int64_t c = span.start / ratio; c < (span.start + span.count) / ratio; ++c) {
    slots.push_back(slot);
    indices.push_back(int32_t(c));
  }
}

Step::Step(const Sequences &sequences, std::vector<Span> spanList) : spans(std::move(spanList)) {
  for (const Span &span : spans) {
    auto slot = int32_t(&span - spans.data());
    slotRows.push_back(int32_t(positions.size()));
    slotStarts.push_back(int32_t(span.start));
    for (int64_t i = 0; i < span.count; ++i) {
      positions.push_back(int32_t(span.start + i));
      tokenSlots.push_back(slot);
      tokenIds.push_back(int32_t(randomBits(7, uint64_t(span.sequence), uint64_t(span.start + i)) % 64));
    }
    logitsRows.push_back(int32_t(positions.size()) - 1);
    for (int64_t page = 0; page < sequences.pages(); ++page)
      pageOffsets.push_back(sequences.pageOffset(span.sequence, page));
    stateOffsets.push_back(sequences.stateOffset(span.sequence));
    addChunks(span, slot, 4, chunks4Slots, chunks4Indices);
    addChunks(span, slot, 128, chunks128Slots, chunks128Indices);
  }
  slotRows.push_back(int32_t(positions.size()));
  counts = {1,
            int64_t(positions.size()),
            int64_t(spans.size()),
            int64_t(chunks4Slots.size()),
            int64_t(chunks128Slots.size()),
            int64_t(logitsRows.size()),
            sequences.pages(),
            sequences.context() / 4};
}

const void *Step::field(plan::StepField which) const {
  const void *fields[] = {counts.data(),         tokenIds.data(),     positions.data(),      tokenSlots.data(),
                          slotRows.data(),       slotStarts.data(),   pageOffsets.data(),    stateOffsets.data(),
                          chunks4Slots.data(),   chunks4Indices.data(), chunks128Slots.data(), chunks128Indices.data(),
                          logitsRows.data()};
  return fields[size_t(which)];
}

//===----------------------------------------------------------------------===//
// Programs
//===----------------------------------------------------------------------===//

namespace {

/// A value of the function: how many bytes it takes in a step.
struct ValueInfo {
  bool isRows = false;
  int64_t rows = 0;     ///< Row space.
  int64_t rowBytes = 0; ///< Of one row; elements behind a dynamic second dimension count once.
  bool perIndexRow = false;
  std::optional<codegen::PanelMatrix> panels; ///< Of a weight in panels, rows of the whole stack's matrices.
  int64_t matrices = 1;

  size_t bytes(const Step &step) const {
    return size_t((step.counts[size_t(rows)] + 1) * rowBytes * (perIndexRow ? step.counts[plan::kCountIndexRows] : 1));
  }
};

ValueInfo describe(mlir::Type type) {
  ValueInfo info;
  auto tensor = llvm::dyn_cast<mlir::RankedTensorType>(type);
  if (tensor && isPanels(tensor)) {
    PanelFormat format = panelFormatOf(tensor);
    int64_t factor = format == PanelFormat::E2M1 ? 2 : format == PanelFormat::E2M1Scales ? 32 : 1;
    auto shape = tensor.getShape();
    info.panels = codegen::PanelMatrix{format, shape[shape.size() - 2], shape.back() * factor};
    info.matrices = shape.size() == 3 ? shape.front() : 1;
  }
  if (!tensor || !llvm::isa_and_nonnull<RowsAttr>(tensor.getEncoding()))
    return info;
  info.isRows = true;
  info.rows = int64_t(rowsOf(type));
  info.rowBytes = tensor.getElementTypeBitWidth() / 8;
  for (int64_t dim : tensor.getShape().drop_front()) {
    info.perIndexRow |= mlir::ShapedType::isDynamic(dim);
    info.rowBytes *= mlir::ShapedType::isDynamic(dim) ? 1 : dim;
  }
  return info;
}

/// Whether `op` is the whole body of a tuned kernel: those are the ops of the kernel dialect with a grid.
bool isContract(mlir::Operation *op) {
  return llvm::isa_and_nonnull<kernel::KernelDialect>(op->getDialect()) && !llvm::isa<kernel::LaunchOp>(op) &&
         op->hasAttr("grid");
}

/// The packed form of a row-major weight.
std::vector<char> pack(const ValueInfo &info, const void *source) {
  uint64_t bytes = info.panels->bytes(), sourceBytes = info.panels->sourceBytes();
  std::vector<char> packed(bytes * info.matrices);
  for (int64_t i = 0; i < info.matrices; ++i)
    info.panels->pack({static_cast<const uint8_t *>(source) + i * sourceBytes, sourceBytes}, 0,
                      {reinterpret_cast<uint8_t *>(packed.data()) + i * bytes, bytes});
  return packed;
}

/// Loads the shared object from memory; null after a recorded failure. The loader knows objects by their path, so
/// `file` has to stay open as long as the handle.
void *loadObject(const std::vector<char> &object, int &file) {
  file = memfd_create("v4-op-test", MFD_CLOEXEC);
  if (file < 0 || write(file, object.data(), object.size()) != ssize_t(object.size())) {
    ADD_FAILURE() << "cannot write the kernels to memory";
    return nullptr;
  }
  void *handle = dlopen(("/proc/self/fd/" + std::to_string(file)).c_str(), RTLD_NOW | RTLD_LOCAL);
  if (!handle)
    ADD_FAILURE() << dlerror();
  return handle;
}

mlir::DialectRegistry makeRegistry() {
  mlir::DialectRegistry registry;
  registry.insert<V4Dialect, kernel::KernelDialect, mlir::func::FuncDialect, mlir::arith::ArithDialect,
                  mlir::math::MathDialect, mlir::memref::MemRefDialect, mlir::scf::SCFDialect,
                  mlir::vector::VectorDialect>();
  registerDecompositions(registry);
  return registry;
}

} // namespace

struct OpProgram::Launch {
  v4_kernel_fn function;
  int64_t rows, tile, tiles;
  std::vector<size_t> values; ///< Indices into Impl::values.
  std::vector<int64_t> step;
};

struct OpProgram::Impl {
  int file = -1;
  void *handle = nullptr;
  std::vector<ValueInfo> values; ///< Arguments first.
  std::vector<size_t> returned;  ///< Value of each result.
  size_t arguments = 0;
  std::vector<Launch> launches;

  ~Impl() {
    if (handle)
      dlclose(handle);
    if (file >= 0)
      close(file);
  }
  void collect(mlir::func::FuncOp function);
};

void OpProgram::Impl::collect(mlir::func::FuncOp function) {
  llvm::DenseMap<mlir::Value, size_t> numbers;
  auto number = [&](mlir::Value value) {
    auto [entry, isNew] = numbers.try_emplace(value, values.size());
    if (isNew)
      values.push_back(describe(value.getType()));
    return entry->second;
  };
  for (mlir::Value argument : function.getArguments())
    number(argument);
  arguments = values.size();
  function.walk([&](kernel::LaunchOp op) {
    auto grid = op.getGrid();
    Launch launch{v4_kernel_fn(dlsym(handle, op.getKernel().str().c_str())), grid.getRows(), grid.getTile(),
                  grid.getTiles(), {}, std::vector<int64_t>(op.getStep().begin(), op.getStep().end())};
    EXPECT_NE(launch.function, nullptr) << op.getKernel().str();
    for (mlir::Value value : op->getOperands())
      launch.values.push_back(number(value));
    for (mlir::Value value : op->getResults())
      launch.values.push_back(number(value));
    launches.push_back(std::move(launch));
  });
  for (mlir::Value value : function.getBody().front().getTerminator()->getOperands())
    returned.push_back(number(value));
}

OpProgram::OpProgram(std::unique_ptr<Impl> impl) : impl(std::move(impl)) {}

OpProgram::~OpProgram() = default;

std::unique_ptr<OpProgram> OpProgram::compile(const std::string &text, const std::string &level, Kernels kind) {
  mlir::MLIRContext context(makeRegistry(), mlir::MLIRContext::Threading::DISABLED);
  auto module = mlir::parseSourceString<mlir::ModuleOp>(text, &context);
  mlir::PassManager passes(&context);
  if (kind == Kernels::Tuned)
    passes.addPass(createChooseKernelsPass());
  passes.addPass(createDecomposePass());
  mlir::ScopedDiagnosticHandler remarks(&context, [](mlir::Diagnostic &diagnostic) {
    return mlir::success(diagnostic.getSeverity() == mlir::DiagnosticSeverity::Remark);
  });
  bool lowered = module && succeeded(passes.run(*module)), tuned = false;
  if (lowered)
    module->walk([&](mlir::Operation *op) { tuned |= isContract(op); });
  if (!lowered || tuned != (kind == Kernels::Tuned)) {
    ADD_FAILURE() << "cannot lower\n" << text;
    return nullptr;
  }
  std::vector<mlir::func::FuncOp> kernels, functions;
  for (auto function : module->getOps<mlir::func::FuncOp>())
    (function->hasAttr("kernel.entry") ? kernels : functions).push_back(function);
  const CpuLevel *target = level.empty() ? test::highestLevel() : findCpuLevel(level);
  if (!target || functions.size() != 1) {
    ADD_FAILURE() << "expected one function and a CPU level that this machine has";
    return nullptr;
  }
  CompileKernelsOptions options;
  options.threads = 2;
  if (const char *folder = std::getenv("V4_DUMP"))
    options.dumpDirectory = folder;
  if (const char *folder = std::getenv("V4_TEST_KERNEL_CACHE"))
    options.cacheDirectory = folder;
  auto compiled = compileKernelFunctions(kernels, *target, options);
  if (failed(compiled)) {
    ADD_FAILURE() << "cannot compile\n" << text;
    return nullptr;
  }
  auto impl = std::make_unique<Impl>();
  if (!(impl->handle = loadObject(compiled->object, impl->file)))
    return nullptr;
  impl->collect(functions.front());
  return std::unique_ptr<OpProgram>(new OpProgram(std::move(impl)));
}

void OpProgram::run(const Step &step, const std::vector<const void *> &arguments, const std::vector<void *> &results,
                    int64_t parts) const {
  ASSERT_EQ(arguments.size(), impl->arguments);
  ASSERT_EQ(results.size(), impl->returned.size());
  std::vector<void *> addresses(impl->values.size());
  std::vector<std::vector<char>> temporaries;
  std::vector<std::vector<char>> packed;
  for (size_t i = 0; i < arguments.size(); ++i) {
    addresses[i] = const_cast<void *>(arguments[i]);
    if (impl->values[i].panels)
      addresses[i] = packed.emplace_back(pack(impl->values[i], arguments[i])).data();
  }
  for (size_t i = 0; i < results.size(); ++i)
    addresses[impl->returned[i]] = results[i];
  for (size_t i = arguments.size(); i < addresses.size(); ++i)
    if (!addresses[i])
      addresses[i] = temporaries.emplace_back(impl->values[i].bytes(step), char(0xAA)).data();

  for (const Launch &launch : impl->launches) {
    std::vector<void *> bindings;
    for (size_t value : launch.values)
      bindings.push_back(addresses[value]);
    for (int64_t field : launch.step)
      bindings.push_back(const_cast<void *>(step.field(plan::StepField(field))));
    v4_kernel_args args{bindings.data()};
    int64_t groups = (step.counts[size_t(launch.rows)] + launch.tile - 1) / launch.tile * launch.tiles;
    for (int64_t part = parts; part-- > 0;)
      launch.function(&args, groups * part / parts, groups * (part + 1) / parts);
  }
}

//===----------------------------------------------------------------------===//
// Numbers
//===----------------------------------------------------------------------===//

float v4::test::fromE4m3(uint8_t code) {
  int exponent = (code >> 3) & 15, mantissa = code & 7;
  float magnitude = exponent ? std::ldexp(float(8 + mantissa), exponent - 10) : std::ldexp(float(mantissa), -9);
  if ((code & 127) == 127)
    magnitude = NAN;
  return code & 128 ? -magnitude : magnitude;
}

float v4::test::fromE2m1(uint8_t code) {
  static const float values[] = {0, 0.5f, 1, 1.5f, 2, 3, 4, 6};
  return code & 8 ? -values[code & 7] : values[code & 7];
}

uint64_t v4::test::randomBits(uint64_t stream, uint64_t a, uint64_t b, uint64_t c) {
  // The finisher of a well-known 64-bit mixer, once per word of the key.
  uint64_t state = 0x9E3779B97F4A7C15u;
  for (uint64_t word : {stream, a, b, c}) {
    state += word * 0xD1B54A32D192ED03u + 0x9E3779B97F4A7C15u;
    state = (state ^ (state >> 30)) * 0xBF58476D1CE4E5B9u;
    state = (state ^ (state >> 27)) * 0x94D049BB133111EBu;
    state ^= state >> 31;
  }
  return state;
}

float v4::test::randomReal(uint64_t stream, uint64_t a, uint64_t b, uint64_t c) {
  return float(int64_t(randomBits(stream, a, b, c) >> 40) - (1 << 23)) / float(1 << 23);
}
