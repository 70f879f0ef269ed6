//===- OptionStructs.h - Structs that grow with the library ------- -*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Option and info structs of the C API begin with struct_size: a caller may know
// fewer fields than the library, or more.
//
//===----------------------------------------------------------------------===//

#ifndef V4_RUNTIME_API_OPTIONSTRUCTS_H
#define V4_RUNTIME_API_OPTIONSTRUCTS_H

#include "runtime/base/Status.h"
#include "runtime/include/v4/runtime.h"

#include <algorithm>
#include <cstring>

namespace v4 {

/// Reads a caller's options, of an older or newer layout, over the defaults in `known`.
template <typename T>
Status readOptions(const T *given, std::string_view name, T &known) {
  if (!given)
    return Status();
  size_t size = given->struct_size;
  if (size < sizeof(size_t) || size > (size_t(1) << 16))
    return invalidInput(name, ".struct_size = ", size, ", expected ", sizeof(T),
                        "; set the struct with its _init function");
  const char *bytes = reinterpret_cast<const char *>(given);
  for (size_t i = sizeof(T); i < size; ++i)
    if (bytes[i])
      return invalidInput(name, " sets a field at byte ", i, " that version ", V4_RUNTIME_VERSION,
                          " does not know; use a newer library");
  std::memcpy(&known, given, std::min(size, sizeof(T)));
  known.struct_size = sizeof(T);
  return Status();
}

/// Copies the part of `value` that the caller's struct has room for.
template <typename T>
Status writeInfo(const T &value, std::string_view name, T *out) {
  size_t size = out->struct_size;
  if (size < sizeof(size_t))
    return invalidInput(name, ".struct_size = ", size, ", expected ", sizeof(T),
                        "; set the struct with its _init function");
  std::memcpy(out, &value, std::min(size, sizeof(T)));
  out->struct_size = size;
  return Status();
}

template <typename T>
void initStruct(T *value) {
  std::memset(static_cast<void *>(value), 0, sizeof(T));
  value->struct_size = sizeof(T);
}

} // namespace v4

#endif // V4_RUNTIME_API_OPTIONSTRUCTS_H
