//===- CountAllocations.cpp - Counts calls of the allocator ---------------===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Preloaded into a tool, this counts malloc, calloc, realloc and
// aligned_alloc, and writes the count to the file named by V4_ALLOCATIONS at
// exit. operator new ends in malloc, so it is counted too.
//
// It forwards to the C library's own entry points, which exist beside the
// public names; dlsym would allocate before there is an allocator.
//
//===----------------------------------------------------------------------===//

#include <atomic>
#include <cstdio>
#include <cstdlib>

extern "C" {
void *__libc_malloc(size_t);
void *__libc_calloc(size_t, size_t);
void *__libc_realloc(void *, size_t);
void *__libc_memalign(size_t, size_t);
}

static std::atomic<unsigned long> count;

extern "C" {

void *malloc(size_t bytes) {
  count.fetch_add(1, std::memory_order_relaxed);
  return __libc_malloc(bytes);
}

void *calloc(size_t items, size_t bytes) {
  count.fetch_add(1, std::memory_order_relaxed);
  return __libc_calloc(items, bytes);
}

void *realloc(void *old, size_t bytes) {
  count.fetch_add(1, std::memory_order_relaxed);
  return __libc_realloc(old, bytes);
}

void *aligned_alloc(size_t alignment, size_t bytes) {
  count.fetch_add(1, std::memory_order_relaxed);
  return __libc_memalign(alignment, bytes);
}

int posix_memalign(void **out, size_t alignment, size_t bytes) {
  count.fetch_add(1, std::memory_order_relaxed);
  *out = __libc_memalign(alignment, bytes);
  return *out ? 0 : 12; // ENOMEM
}
}

__attribute__((destructor)) static void report() {
  const unsigned long total = count.load();
  const char *path = getenv("V4_ALLOCATIONS");
  if (!path)
    return;
  if (FILE *out = fopen(path, "w")) {
    fprintf(out, "%lu\n", total);
    fclose(out);
  }
}
