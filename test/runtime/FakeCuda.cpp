//===- FakeCuda.cpp - A CUDA driver whose GPU is this process -------------===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A library with the calls of CudaDriver.h: memory of the GPU is the heap, kernels are host
// code. An image whose last byte of e_ident says x86-64 is a shared object that poses as a
// cubin and brings its own, and has any instance of a template; for others the function of
// the same name in the object V4_FAKE_CUDA_CODE runs, after the cubin was seen to have it,
// or where it is an instance of a template that one (FakeTemplates.h). An object with a table
// of FakeLanes.h runs with the threads of the launch. Everything is finished when a call
// returns, but for what stands behind a function of the host (FakeStream.cpp) and copies to
// the host: these read at once and write when a stream is waited for. A copy from pinned memory may be read as late:
// that wait fails when the memory has changed, or gone, since it was asked for. Threads may share it.
//
//   V4_FAKE_CUDA_FAIL=call:n    the n-th call of that name fails with 999
//   V4_FAKE_CUDA_BYTES=n        memory of the GPU, default 8 GiB
//   V4_FAKE_CUDA_ARCH=100       compute capability 10.0, default 90
//   V4_FAKE_CUDA_CLUSTER=n      blocks of a cluster that fits the GPU, default 8
//   V4_FAKE_CUDA_SPOIL=function launches of it change nothing
//   V4_FAKE_CUDA_COUNTS=file    gets a line per call that can fail, with how often it came, when the process ends
//   V4_FAKE_CUDA_QUEUE=n        calls that a stream keeps before one of them waits, default 1024
//   V4_FAKE_CUDA_LOG=file       gets a line per launch, per allocation, and per copy to the host
//
//===----------------------------------------------------------------------===//

#include "FakeDriver.h"
#include "runtime/device/CudaDriver.h"

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <dlfcn.h>
#include <elf.h>
#include <list>
#include <map>
#include <string>
#include <sys/mman.h>
#include <thread>
#include <unistd.h>
#include <vector>

using namespace v4::test;

namespace {

constexpr int kNoMemory = 2, kNotFound = 500;
constexpr uint16_t kCudaMachine = 190;

/// Arguments of a launch; tensor maps lie on such borders.
struct alignas(64) Line {
  uint8_t bytes[64];
};

struct Module {
  const uint8_t *image;
  bool isPosing;
  void *host;
  bool hasThreads; ///< The host's object has FakeLanes.h's table.
  int file;        ///< Of the host's object: its path must name nothing else while it is loaded.
  /// What was asked for by name, alive as long as the module.
  std::list<FakeFunction> functions = {};
};

/// A copy to the host that nobody has waited for.
struct Reading {
  void *to;
  std::vector<uint8_t> bytes;
};

std::map<std::string, int> calls;

struct CountsAtTheEnd {
  ~CountsAtTheEnd() {
    const char *path = std::getenv("V4_FAKE_CUDA_COUNTS");
    if (FILE *file = path ? std::fopen(path, "w") : nullptr) {
      for (const auto &[name, count] : calls)
        std::fprintf(file, "%s %d\n", name.c_str(), count);
      std::fclose(file);
    }
  }
} countsAtTheEnd;

/// A copy from pinned memory that nobody has waited for.
struct Upload {
  const uint8_t *from;
  std::vector<uint8_t> bytes;
};

using Blocks = std::map<void *, size_t>;
Blocks allocations, pinned;
std::list<Reading> readings;
std::list<Upload> uploads;
size_t allocated = 0, readBytes = 0, pageableCopies = 0;
bool retained = false;

size_t memoryBytes() { return numberOf("V4_FAKE_CUDA_BYTES", uint64_t(8) << 30); }

void note(const char *format, const char *text, uint64_t number) {
  if (const char *path = std::getenv("V4_FAKE_CUDA_LOG"))
    if (FILE *file = std::fopen(path, "a")) {
      std::fprintf(file, format, text, static_cast<unsigned long long>(number));
      std::fclose(file);
    }
}

uint64_t sizeOf(const Elf64_Ehdr &header) { return header.e_shoff + uint64_t(header.e_shnum) * header.e_shentsize; }

/// Bytes from `address` to the end of its block.
uint64_t bytesFrom(const Blocks &blocks, uint64_t address) {
  auto behind = blocks.upper_bound(reinterpret_cast<void *>(address));
  if (behind == blocks.begin())
    return 0;
  auto &block = *std::prev(behind);
  uint64_t end = reinterpret_cast<uint64_t>(block.first) + block.second;
  return address < end ? end - address : 0;
}

bool isOnGpu(uint64_t address) { return bytesFrom(allocations, address) != 0; }
bool isPinned(uint64_t address) { return bytesFrom(pinned, address) != 0; }

/// Whether what copies may read only now is still what they read.
bool areUploadsSound() {
  return std::all_of(uploads.begin(), uploads.end(), [](const Upload &upload) {
    return bytesFrom(pinned, reinterpret_cast<uint64_t>(upload.from)) >= upload.bytes.size() &&
           std::memcmp(upload.from, upload.bytes.data(), upload.bytes.size()) == 0;
  });
}

/// What is copied to the host is there when it was waited for.
void copyNow(void *to, const uint8_t *from, size_t bytes) {
  if (isOnGpu(reinterpret_cast<uint64_t>(to)) || !isOnGpu(reinterpret_cast<uint64_t>(from))) {
    std::memmove(to, from, bytes);
    return;
  }
  readBytes += bytes;
  note("%s %llu\n", "read", bytes);
  readings.push_back({to, {from, from + bytes}});
}

/// Whether a cubin has a global function of this name.
bool hasFunction(const uint8_t *image, const char *name) {
  auto &header = *reinterpret_cast<const Elf64_Ehdr *>(image);
  auto *sections = reinterpret_cast<const Elf64_Shdr *>(image + header.e_shoff);
  for (int i = 0; i < header.e_shnum; ++i) {
    if (sections[i].sh_type != SHT_SYMTAB)
      continue;
    auto *symbols = reinterpret_cast<const Elf64_Sym *>(image + sections[i].sh_offset);
    auto *strings = reinterpret_cast<const char *>(image + sections[sections[i].sh_link].sh_offset);
    for (uint64_t s = 0; s < sections[i].sh_size / sizeof(Elf64_Sym); ++s)
      if (ELF64_ST_TYPE(symbols[s].st_info) == STT_FUNC && std::strcmp(strings + symbols[s].st_name, name) == 0)
        return true;
  }
  return false;
}

void *openObject(const uint8_t *image, int &file) {
  file = memfd_create("fake-cuda", 0);
  Elf64_Ehdr header = *reinterpret_cast<const Elf64_Ehdr *>(image);
  uint64_t bytes = sizeOf(header);
  header.e_type = ET_DYN;
  header.e_machine = EM_X86_64;
  header.e_ident[EI_NIDENT - 1] = 0;
  if (write(file, image, bytes) != static_cast<ssize_t>(bytes) ||
      pwrite(file, &header, sizeof(header), 0) != sizeof(header))
    return nullptr;
  return dlopen(("/proc/self/fd/" + std::to_string(file)).c_str(), RTLD_NOW | RTLD_LOCAL);
}

/// False when the object has no table.
bool fillLaneCalls(void *host) {
  void *table = host ? dlsym(host, kLaneCallsName) : nullptr;
  if (table)
    std::memcpy(table, &kLaneCalls, sizeof(kLaneCalls));
  return table != nullptr;
}

} // namespace

std::mutex v4::test::fakeMutex;
thread_local int v4::test::fakeDepth = 0;
uint64_t v4::test::fakeWaits = 0;

bool v4::test::fails(const char *name) {
  int number = ++calls[name];
  const char *asked = std::getenv("V4_FAKE_CUDA_FAIL");
  return asked && std::string(asked) == name + (":" + std::to_string(number));
}

uint64_t v4::test::numberOf(const char *variable, uint64_t usual) {
  const char *text = std::getenv(variable);
  return text ? std::strtoull(text, nullptr, 10) : usual;
}

bool v4::test::isFakeStream(const void *stream) { return stream == &calls; }

bool v4::test::runFake(FakeFunction &kernel, const FakeLaunch &launch) {
  if (!launch.blocks || !launch.threads || launch.threads > 1024 || launch.sharedBytes > kernel.sharedBytes)
    return false;
  note("%s %llu\n", kernel.name.c_str(), launch.blocks);
  const char *spoilt = std::getenv("V4_FAKE_CUDA_SPOIL");
  if (spoilt && kernel.name == spoilt)
    return true;
  if (kernel.play)
    return kernel.play(launch);
  auto *values = reinterpret_cast<void *const *>(launch.arguments);
  if (kernel.runThreads) {
    std::string error = runLanes(kernel.runThreads, values, launch.blocks, launch.threads);
    if (!error.empty())
      std::fprintf(stderr, "%s: %s\n", kernel.name.c_str(), error.c_str());
    return error.empty();
  }
  auto end = reinterpret_cast<int64_t>(values[launch.bytes / sizeof(void *) - 1]);
  FakeArguments arguments{values};
  if (kernel.run)
    kernel.run(&arguments, 0, std::min<int64_t>(end, launch.blocks));
  return true;
}

/// One type for both sides of a call. In the driver's CUlaunchConfig and CUlaunchAttribute things lie here:
static_assert(offsetof(v4::CudaLaunchConfig, block) == 12 && offsetof(v4::CudaLaunchConfig, sharedBytes) == 24);
static_assert(offsetof(v4::CudaLaunchConfig, stream) == 32 && offsetof(v4::CudaLaunchConfig, attributes) == 40);
static_assert(offsetof(v4::CudaLaunchConfig, attributeCount) == 48 && sizeof(v4::CudaLaunchConfig) == 56);
static_assert(offsetof(v4::CudaClusterAttribute, cluster) == 8 && sizeof(v4::CudaClusterAttribute) == 72);

extern "C" {

int cuInit(unsigned) {
  Lock lock;
  return fails("cuInit") ? kFailure : 0;
}

int cuDeviceGetCount(int *count) {
  Lock lock;
  *count = static_cast<int>(numberOf("V4_FAKE_CUDA_DEVICES", 1));
  return fails("cuDeviceGetCount") ? kFailure : 0;
}

int cuDeviceGet(int *device, int index) {
  Lock lock;
  *device = index;
  return fails("cuDeviceGet") ? kFailure : 0;
}

int cuDeviceGetName(char *name, int length, int) {
  Lock lock;
  std::snprintf(name, static_cast<size_t>(length), "%s", "Fake H200");
  return fails("cuDeviceGetName") ? kFailure : 0;
}

int cuDeviceGetAttribute(int *value, int attribute, int) {
  Lock lock;
  uint64_t arch = numberOf("V4_FAKE_CUDA_ARCH", 90);
  *value = static_cast<int>(attribute == 75 ? arch / 10 : attribute == 76 ? arch % 10 : 1); // 1 processor
  return fails("cuDeviceGetAttribute") ? kFailure : 0;
}

int cuDevicePrimaryCtxRetain(void **context, int) {
  Lock lock;
  if (fails("cuDevicePrimaryCtxRetain"))
    return kFailure;
  retained = true;
  *context = &retained;
  return 0;
}

int cuDevicePrimaryCtxRelease_v2(int) {
  Lock lock;
  retained = false;
  return 0;
}

int cuCtxSetCurrent(void *) {
  Lock lock;
  return fails("cuCtxSetCurrent") ? kFailure : 0;
}

int cuMemGetInfo_v2(size_t *available, size_t *all) {
  Lock lock;
  *all = memoryBytes();
  *available = *all - allocated;
  return fails("cuMemGetInfo_v2") ? kFailure : 0;
}

int cuMemAlloc_v2(uint64_t *address, size_t bytes) {
  Lock lock;
  if (fails("cuMemAlloc_v2"))
    return kFailure;
  if (bytes > memoryBytes() - allocated)
    return kNoMemory;
  // As the driver does, and with contents that nobody may rely on.
  void *memory = std::aligned_alloc(256, (bytes + 255) / 256 * 256);
  std::memset(memory, 0xA5, bytes);
  allocations[memory] = bytes;
  allocated += bytes;
  note("%s %llu\n", "allocate", bytes);
  *address = reinterpret_cast<uint64_t>(memory);
  return 0;
}

int cuMemFree_v2(uint64_t address) {
  Lock lock;
  auto found = allocations.find(reinterpret_cast<void *>(address));
  if (found == allocations.end())
    return kFailure;
  allocated -= found->second;
  std::free(found->first);
  allocations.erase(found);
  return 0;
}

int cuMemAllocHost_v2(void **memory, size_t bytes) {
  Lock lock;
  *memory = nullptr;
  if (fails("cuMemAllocHost_v2"))
    return kFailure;
  *memory = std::aligned_alloc(4096, (bytes + 4095) / 4096 * 4096);
  std::memset(*memory, 0xA5, bytes);
  pinned[*memory] = bytes;
  return 0;
}

int cuMemFreeHost(void *memory) {
  Lock lock;
  pinned.erase(memory);
  std::free(memory);
  return 0;
}

int cuMemcpyAsync(uint64_t to, uint64_t from, size_t bytes, void *) {
  Lock lock;
  if (fails("cuMemcpyAsync"))
    return kFailure;
  auto *source = reinterpret_cast<const uint8_t *>(from);
  if (!isOnGpu(to) || !isOnGpu(from)) {
    bool isPageable = !isPinned(isOnGpu(to) ? from : to);
    pageableCopies += isPageable;
    if (isPageable && !finishQueued()) // as the driver may: through memory of its own
      return kFailure;
  }
  if (isOnGpu(to) && isPinned(from))
    uploads.push_back({source, {source, source + bytes}});
  runOrQueue([=] {
    copyNow(reinterpret_cast<void *>(to), source, bytes);
    return true;
  });
  return 0;
}

int cuMemsetD8Async(uint64_t to, unsigned char value, size_t bytes, void *) {
  Lock lock;
  if (fails("cuMemsetD8Async"))
    return kFailure;
  runOrQueue([=] { return std::memset(reinterpret_cast<void *>(to), value, bytes) != nullptr; });
  return 0;
}

int cuStreamCreate(void **stream, unsigned) {
  Lock lock;
  *stream = nullptr;
  if (fails("cuStreamCreate"))
    return kFailure;
  *stream = &calls;
  return 0;
}

int cuStreamDestroy_v2(void *) { return 0; }

int cuStreamSynchronize(void *) {
  Lock lock;
  bool failed = fails("cuStreamSynchronize");
  failed |= !finishQueued() || !areUploadsSound();
  for (const Reading &reading : readings)
    if (!failed)
      std::memcpy(reading.to, reading.bytes.data(), reading.bytes.size());
  readings.clear();
  uploads.clear();
  fakeWaits += !failed;
  return failed ? kFailure : 0;
}

int cuModuleLoadData(void **module, const void *image) {
  Lock lock;
  if (fails("cuModuleLoadData"))
    return kFailure;
  auto *bytes = static_cast<const uint8_t *>(image);
  auto &header = *reinterpret_cast<const Elf64_Ehdr *>(bytes);
  if (std::memcmp(bytes, ELFMAG, SELFMAG) != 0 || header.e_machine != kCudaMachine)
    return kFailure;
  const char *code = std::getenv("V4_FAKE_CUDA_CODE");
  bool isPosing = header.e_ident[EI_NIDENT - 1] == EM_X86_64;
  int file = -1;
  void *host = isPosing ? openObject(bytes, file) : code ? dlopen(code, RTLD_NOW | RTLD_LOCAL) : nullptr;
  *module = new Module{bytes, isPosing, host, fillLaneCalls(host), file, {}};
  return 0;
}

int cuModuleUnload(void *module) {
  Lock lock;
  auto *loaded = static_cast<Module *>(module);
  if (loaded->host)
    dlclose(loaded->host);
  if (loaded->file >= 0)
    close(loaded->file);
  delete loaded;
  return 0;
}

int cuModuleGetFunction(void **function, void *module, const char *name) {
  Lock lock;
  if (fails("cuModuleGetFunction"))
    return kFailure;
  auto &loaded = *static_cast<Module *>(module);
  void *host = loaded.host ? dlsym(loaded.host, name) : nullptr;
  // Without code the GPU is idle.
  auto play = loaded.host && !host ? findFakeTemplate(name) : nullptr;
  if (loaded.isPosing ? !host && !play : !hasFunction(loaded.image, name))
    return kNotFound;
  auto run = loaded.hasThreads ? nullptr : reinterpret_cast<FakeKernel>(host);
  auto runThreads = loaded.hasThreads ? reinterpret_cast<LaneKernel>(host) : nullptr;
  *function = &loaded.functions.emplace_back(FakeFunction{name, run, runThreads, play});
  return 0;
}

int cuFuncSetAttribute(void *function, int attribute, int value) {
  Lock lock;
  if (fails("cuFuncSetAttribute") || attribute != 8 || value > 227 << 10)
    return kFailure;
  static_cast<FakeFunction *>(function)->sharedBytes = static_cast<uint64_t>(value);
  return 0;
}

int cuOccupancyMaxActiveClusters(int *clusters, void *function, const v4::CudaLaunchConfig *config) {
  Lock lock;
  *clusters = 0;
  if (fails("cuOccupancyMaxActiveClusters") || config->attributeCount != 1 || config->attributes->id != 4)
    return kFailure;
  const unsigned *cluster = config->attributes->cluster;
  bool sound = cluster[0] > 1 && cluster[0] <= 8 && cluster[1] == 1 && cluster[2] == 1;
  sound = sound && config->grid[0] % cluster[0] == 0 && config->block[0] >= 1 && config->block[0] <= 1024;
  if (!sound || config->sharedBytes > static_cast<FakeFunction *>(function)->sharedBytes)
    return kFailure;
  *clusters = cluster[0] > numberOf("V4_FAKE_CUDA_CLUSTER", 8) ? 0 : 16;
  return 0;
}

/// Refuses what the driver's interface forbids for two dimensions without interleaving.
int cuTensorMapEncodeTiled(void *map, int type, unsigned rank, void *address, const uint64_t *sizes,
                           const uint64_t *strides, const unsigned *box, const unsigned *steps, int interleave,
                           int swizzle, int promotion, int fill) {
  Lock lock;
  uint64_t bytes = type == 0 ? 1 : type == 7 ? 4 : type == 9 ? 2 : 0, place = reinterpret_cast<uint64_t>(address);
  bool sound = bytes && rank == 2 && interleave == 0 && promotion >= 0 && promotion <= 3 && fill == 0;
  sound = sound && reinterpret_cast<uint64_t>(map) % 64 == 0 && place % 16 == 0 && steps[0] == 1 && steps[1] == 1;
  for (int i = 0; i < 2 && sound; ++i)
    sound = sizes[i] && sizes[i] <= uint64_t(1) << 32 && box[i] && box[i] <= 256;
  sound = sound && strides[0] % 16 == 0 && strides[0] < uint64_t(1) << 40 && strides[0] >= sizes[0] * bytes;
  sound = sound && box[0] * bytes % 16 == 0 && (swizzle == 0 || (swizzle == 3 && box[0] * bytes <= 128));
  // Of this driver alone: the matrix lies in one allocation, without gaps.
  sound = sound && strides[0] == sizes[0] * bytes && bytesFrom(allocations, place) >= sizes[1] * strides[0];
  if (fails("cuTensorMapEncodeTiled") || !sound)
    return kFailure;
  FakeMap made;
  made.base = static_cast<const uint8_t *>(address);
  made.rows = sizes[1], made.columns = sizes[0], made.boxRows = box[1], made.boxColumns = box[0];
  made.elementBytes = static_cast<uint32_t>(bytes), made.swizzle = static_cast<uint32_t>(swizzle);
  std::memset(map, 0xA5, 128);
  std::memcpy(map, &made, sizeof(made));
  return 0;
}

int cuLaunchKernel(void *function, unsigned gridX, unsigned gridY, unsigned gridZ, unsigned blockX, unsigned blockY,
                   unsigned blockZ, unsigned sharedBytes, void *, void **, void **extra) {
  // Whoever shares arguments between threads gets those of the other one.
  std::this_thread::yield();
  Lock lock;
  bool sound = gridY == 1 && gridZ == 1 && blockY == 1 && blockZ == 1;
  if (fails("cuLaunchKernel") || !sound)
    return kFailure;
  auto &kernel = *static_cast<FakeFunction *>(function);
  auto *arguments = static_cast<const uint8_t *>(extra[1]);
  // Aligned as tensor maps want it.
  std::vector<Line> kept((*static_cast<const size_t *>(extra[3]) + sizeof(Line) - 1) / sizeof(Line));
  size_t bytes = *static_cast<const size_t *>(extra[3]);
  std::memcpy(kept.data(), arguments, bytes);
  bool isSound = runOrQueue([=, &kernel] {
    return runFake(kernel, {reinterpret_cast<const uint8_t *>(kept.data()), bytes, gridX, blockX, sharedBytes});
  });
  return isSound ? 0 : kFailure;
}

int cuGetErrorString(int result, const char **text) {
  *text = result == kNoMemory ? "out of memory" : result == kNotFound ? "named symbol not found" : "fake failure";
  return 0;
}

/// For tests in this process: what is held, and a fresh count of calls.
size_t fakeCudaAllocated() { return allocated; }
size_t fakeCudaPinned() { return pinned.size(); }
bool fakeCudaRetained() { return retained; }
/// Whether this thread is within a call of the driver.
bool fakeCudaRuns() { return fakeDepth != 0; }
void fakeCudaForgetCalls() {
  calls.clear();
  readBytes = pageableCopies = 0;
}
/// Copied to the host since then.
size_t fakeCudaReadBytes() { return readBytes; }
/// Between the GPU and memory of the host that is not pinned, since then.
size_t fakeCudaPageableCopies() { return pageableCopies; }
int fakeCudaCalls(const char *name) { return calls[name]; }
}
