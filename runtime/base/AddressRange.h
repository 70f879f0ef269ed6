//===- AddressRange.h - Reserved addresses, committed as needed -*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Owns a range of anonymous memory. Reserving costs no memory, so that a range
// can be as large as a session's limits allow and never moves. From 2 MiB on it is
// aligned to large memory pages and asks for them: cache rows that a kernel
// gathers lie far apart. Movable; calls are not synchronised.
//
//===----------------------------------------------------------------------===//

#ifndef V4_RUNTIME_BASE_ADDRESSRANGE_H
#define V4_RUNTIME_BASE_ADDRESSRANGE_H

#include "runtime/base/Status.h"

namespace v4 {

/// Granularity of protection on x86-64.
inline constexpr uint64_t kMemoryPageBytes = 4096;

/// A large memory page: one entry of the address translation for what takes 512 of the others.
inline constexpr uint64_t kLargePageBytes = uint64_t(2) << 20;

inline constexpr uint64_t alignUp(uint64_t value, uint64_t alignment) {
  return (value + alignment - 1) / alignment * alignment;
}

class AddressRange {
public:
  AddressRange() = default;
  ~AddressRange();
  AddressRange(AddressRange &&other) noexcept { swap(other); }
  AddressRange &operator=(AddressRange &&other) noexcept {
    swap(other);
    return *this;
  }

  /// Inaccessible until committed. `what` names the user in messages.
  static Status reserve(std::string_view what, uint64_t bytes, AddressRange &out);
  /// Readable, writable, zero; memory is taken when it is touched.
  static Status map(std::string_view what, uint64_t bytes, AddressRange &out);

  /// Takes all memory of a mapped range now: later writes fault no more, and what does not fit fails here.
  Status populate(std::string_view what);
  /// Makes [offset, offset + bytes) readable and writable, widened to memory pages.
  Status commit(std::string_view what, uint64_t offset, uint64_t bytes);

  uint8_t *data() const { return start; }
  uint64_t size() const { return byteCount; }

private:
  void swap(AddressRange &other) {
    std::swap(start, other.start);
    std::swap(byteCount, other.byteCount);
  }

  uint8_t *start = nullptr;
  uint64_t byteCount = 0;
};

/// A zero-initialised array of fixed length, backed by memory page by page as it is touched.
template <typename T>
class LazyArray {
  static_assert(std::is_trivially_copyable_v<T> && std::is_trivially_destructible_v<T>, "elements are raw memory");

public:
  static Status create(std::string_view what, uint64_t count, LazyArray &out) {
    if (count > (uint64_t(1) << 46) / sizeof(T))
      return unsupported(what, ": ", count, " entries do not fit the address space; lower the session's limits");
    out.count = count;
    return AddressRange::map(what, count * sizeof(T), out.range);
  }
  T *data() const { return reinterpret_cast<T *>(range.data()); }
  T &operator[](uint64_t index) const { return data()[index]; }
  uint64_t size() const { return count; }

private:
  AddressRange range;
  uint64_t count = 0;
};

} // namespace v4

#endif // V4_RUNTIME_BASE_ADDRESSRANGE_H
