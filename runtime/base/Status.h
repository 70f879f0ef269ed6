//===- Status.h - Outcome of a call that can fail ---------------*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// One pointer: null is success, else a code and one sentence. The sentence says
// where, what is wrong, the value, what was expected and what to do; it starts
// in lower case and has no final period. Nothing here throws.
//
//===----------------------------------------------------------------------===//

#ifndef V4_RUNTIME_BASE_STATUS_H
#define V4_RUNTIME_BASE_STATUS_H

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace v4 {

/// The values are the exit codes of the tools.
enum class StatusCode : int {
  Ok = 0,
  /// The caller's input, flags or files are wrong, a damaged or unreadable file included.
  InvalidInput = 1,
  /// A comparison that was asked for did not hold (weights against their hashes).
  CheckFailed = 2,
  /// The input is fine, this machine cannot run it: CPU feature, memory, threads.
  Unsupported = 3,
  /// A defect of this software.
  Internal = 4,
};

class [[nodiscard]] Status {
public:
  Status() = default;
  Status(StatusCode code, std::string message) : detail(new Detail{code, std::move(message)}) {}

  bool isOk() const { return !detail; }
  StatusCode code() const { return detail ? detail->code : StatusCode::Ok; }
  int exitCode() const { return static_cast<int>(code()); }
  /// Empty on success; lives as long as the Status.
  const std::string &message() const {
    static const std::string empty;
    return detail ? detail->message : empty;
  }

private:
  struct Detail {
    StatusCode code;
    std::string message;
  };
  std::unique_ptr<Detail> detail;
};
static_assert(sizeof(Status) == sizeof(void *), "a Status is returned in a register");

namespace detail {
inline void append(std::string &out, std::string_view text) { out += text; }
template <typename T>
std::enable_if_t<std::is_integral_v<T>> append(std::string &out, T value) {
  out += std::to_string(value);
}
} // namespace detail

/// Concatenates strings and integers.
template <typename... Parts>
std::string joinText(const Parts &...parts) {
  std::string out;
  (detail::append(out, parts), ...);
  return out;
}
template <typename... Parts>
Status invalidInput(const Parts &...parts) {
  return Status(StatusCode::InvalidInput, joinText(parts...));
}
template <typename... Parts>
Status checkFailed(const Parts &...parts) {
  return Status(StatusCode::CheckFailed, joinText(parts...));
}
template <typename... Parts>
Status unsupported(const Parts &...parts) {
  return Status(StatusCode::Unsupported, joinText(parts...));
}
template <typename... Parts>
Status internalError(const Parts &...parts) {
  return Status(StatusCode::Internal, joinText(parts...));
}

} // namespace v4

/// Returns from the enclosing function when `expression` failed.
#define V4_RETURN_IF_ERROR(expression)                                                                                 \
  do {                                                                                                                 \
    if (::v4::Status v4Status = (expression); !v4Status.isOk())                                                        \
      return v4Status;                                                                                                 \
  } while (false)

#endif // V4_RUNTIME_BASE_STATUS_H
