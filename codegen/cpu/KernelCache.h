//===- KernelCache.h - Machine code of kernels seen before ------*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A folder with a file for each kernel that was compiled before. The key is all that
// its code depends on: the kernel's own IR, the target, and the build IDs of
// this program and of every library in it, so that another compiler never finds the
// code of this one. Files are written under another name and renamed; one that is
// damaged counts as absent. Whoever wants the space removes files, or the folder.
//
// Any number of threads and processes may use a folder at once.
//
//===----------------------------------------------------------------------===//

#ifndef V4_CODEGEN_CPU_KERNELCACHE_H
#define V4_CODEGEN_CPU_KERNELCACHE_H

#include "codegen/cpu/EmitObject.h"

#include <optional>

namespace v4 {

class KernelCache {
public:
  /// Without a folder, and in a program without a build ID, nothing is ever found or kept.
  explicit KernelCache(llvm::StringRef folder);

  /// Name of the file for a kernel, `ir` being its module without locations.
  std::string keyOf(llvm::StringRef ir, llvm::StringRef target) const;
  std::optional<KernelObject> find(llvm::StringRef key) const;
  /// Silently keeps nothing when the folder cannot be written: the code is there all the same.
  void keep(llvm::StringRef key, const KernelObject &object) const;

  bool enabled() const { return !folder.empty(); }

private:
  std::string folder;
  std::string compiler; ///< Build IDs.
};

} // namespace v4

#endif // V4_CODEGEN_CPU_KERNELCACHE_H
