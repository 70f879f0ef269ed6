//===- EmulatedCpu.cpp - Runs bf16 and tile instructions anywhere ---------===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Preloaded into a tool, this lets plans of cpu:x86-64-v4-bf16 and -amx run on a machine
// that has AVX-512 alone: an instruction that the CPU does not know raises SIGILL, and
// the handler computes what it stands for (about a microsecond each). /proc/cpuinfo
// names the features then, and the request for tile registers is granted.
//
// Instructions that the CPU has run on the CPU. So the tests of these levels mean
// something on every machine with AVX-512, and their speed means nothing.
//
//===----------------------------------------------------------------------===//

#include "test/emulation/RunInstruction.h"

#include <cerrno>
#include <csignal>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

#include <dlfcn.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

using namespace v4::emulation;

// The model that takes no memory at its first use, in a handler.
static thread_local Tiles tiles __attribute__((tls_model("initial-exec")));

static void handle(int signal, siginfo_t *, void *context) {
  // The rounding of the thread comes back from the frame.
  SignalFrame frame(*static_cast<ucontext_t *>(context));
  if (runInstruction(frame, tiles))
    return;
  const uint8_t *at = frame.instruction();
  std::fprintf(stderr, "emulated_cpu: cannot play the instruction %02x %02x %02x %02x %02x %02x %02x %02x\n", at[0],
               at[1], at[2], at[3], at[4], at[5], at[6], at[7]);
  std::signal(signal, SIG_DFL); // the instruction raises it again
}

using SetAction = int (*)(int, const struct sigaction *, struct sigaction *);

static int setAction(int number, const struct sigaction *action, struct sigaction *before) {
  static SetAction next = reinterpret_cast<SetAction>(dlsym(RTLD_NEXT, "sigaction"));
  return next(number, action, before);
}

__attribute__((constructor)) static void install() {
  struct sigaction action = {};
  action.sa_sigaction = handle;
  action.sa_flags = SA_SIGINFO | SA_NODEFER;
  setAction(SIGILL, &action, nullptr);
}

//===----------------------------------------------------------------------===//
// What the process sees of its machine
//===----------------------------------------------------------------------===//

using Open = std::FILE *(*)(const char *, const char *);

/// The machine's own file, each line of flags with what is played added.
static std::FILE *openCpuInfo(Open open) {
  std::FILE *real = open("/proc/cpuinfo", "re");
  int copy = memfd_create("cpuinfo", MFD_CLOEXEC);
  std::FILE *file = copy < 0 ? nullptr : fdopen(copy, "w+");
  if (!real || !file)
    return real;
  char *line = nullptr;
  size_t capacity = 0;
  while (getline(&line, &capacity, real) > 0) {
    std::string text = line;
    if (text.rfind("flags", 0) == 0) {
      text.pop_back();
      for (const char *feature : {" avx512_bf16", " amx_bf16", " amx_tile"})
        if ((text + " ").find(feature + std::string(" ")) == std::string::npos)
          text += feature;
      text += "\n";
    }
    std::fputs(text.c_str(), file);
  }
  std::free(line);
  std::fclose(real);
  std::rewind(file);
  return file;
}

extern "C" {

std::FILE *fopen(const char *path, const char *mode) {
  static Open next = reinterpret_cast<Open>(dlsym(RTLD_NEXT, "fopen"));
  return std::strcmp(path, "/proc/cpuinfo") == 0 ? openCpuInfo(next) : next(path, mode);
}

/// A linker in the process prints its stack at every SIGILL: nobody takes this one away.
int sigaction(int number, const struct sigaction *action, struct sigaction *before) {
  return setAction(number, number == SIGILL ? nullptr : action, before);
}

long syscall(long number, ...) {
  constexpr long kRequestPermission = 0x1023;
  va_list list;
  va_start(list, number);
  long a = va_arg(list, long), b = va_arg(list, long), c = va_arg(list, long), d = va_arg(list, long);
  long e = va_arg(list, long), f = va_arg(list, long);
  va_end(list);
  if (number == SYS_arch_prctl && a == kRequestPermission)
    return 0;
  register long r10 asm("r10") = d, r8 asm("r8") = e, r9 asm("r9") = f;
  long result;
  asm volatile("syscall"
               : "=a"(result)
               : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
               : "rcx", "r11", "memory");
  if (result < 0 && result > -4096) {
    errno = static_cast<int>(-result);
    return -1;
  }
  return result;
}
}
