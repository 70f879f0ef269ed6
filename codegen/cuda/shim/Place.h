//===- Place.h - Where a fiber goes on --------------------------*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef V4_CODEGEN_CUDA_SHIM_PLACE_H
#define V4_CODEGEN_CUDA_SHIM_PLACE_H

#include <setjmp.h>
#include <ucontext.h>

// AddressSanitizer and ThreadSanitizer follow contexts only, and a fortified C library takes a jump to another stack
// for a mistake.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) || __USE_FORTIFY_LEVEL > 0
#define V4_SHIM_CONTEXTS 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define V4_SHIM_CONTEXTS 1
#endif
#endif

namespace v4::cuda::shim {

/// Where a thread of the block, or the loop that runs them, goes on.
struct Place {
  ucontext_t context;
#ifndef V4_SHIM_CONTEXTS
  jmp_buf jump;
  bool begun = false; ///< From then on `jump` holds: swapcontext asks the system for its mask of signals each time.
#endif
};

/// Leaves `from`, until something goes there again.
inline void go(Place &from, Place &to) {
#ifdef V4_SHIM_CONTEXTS
  swapcontext(&from.context, &to.context);
#else
  from.begun = true;
  if (_setjmp(from.jump))
    return;
  if (to.begun)
    _longjmp(to.jump, 1);
  setcontext(&to.context);
#endif
}

} // namespace v4::cuda::shim

#endif // V4_CODEGEN_CUDA_SHIM_PLACE_H
