//===- ProgressBar.h - How far the weights are, on a terminal - -*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef V4_TOOLS_COMPILE_PROGRESSBAR_H
#define V4_TOOLS_COMPILE_PROGRESSBAR_H

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <string>

namespace v4 {

/// One line that is drawn over itself a few times a second and gone in the end.
class ProgressBar {
public:
  explicit ProgressBar(std::FILE *out) : out(out) {}
  ~ProgressBar() { clear(); }

  void update(uint64_t done, uint64_t total) {
    auto now = Clock::now();
    if (begin == Clock::time_point()) {
      begin = now;
      kept = done;
    }
    if (done == total)
      return clear();
    if (now - drawn < std::chrono::milliseconds(100))
      return;
    drawn = now;
    isVisible = true;
    std::fputs(("\r" + line(done, total, kept, std::chrono::duration<double>(now - begin).count())).c_str(), out);
    std::fflush(out);
  }

  /// 30 cells, the share, bytes per second and the time that the rest takes at this rate. `kept` bytes were there at
  /// the first call, `seconds` ago: an interrupted run had written them.
  static std::string line(uint64_t done, uint64_t total, uint64_t kept, double seconds) {
    constexpr size_t cells = 30;
    size_t filled = total ? size_t(double(done) / double(total) * cells) : cells;
    double rate = seconds > 0 ? double(done - kept) / seconds : 0;
    char text[160];
    std::snprintf(text, sizeof(text), "weights [%s%s] %3.0f %%  %.1f of %.1f GB, %.2f GB/s, %s left ",
                  std::string(filled, '#').c_str(), std::string(cells - filled, '.').c_str(),
                  total ? 100.0 * double(done) / double(total) : 100.0, double(done) / 1e9, double(total) / 1e9,
                  rate / 1e9, rate > 0 ? time(double(total - done) / rate).c_str() : "-");
    return text;
  }

  /// "7 s", "3:05", "1:02:03".
  static std::string time(double seconds) {
    auto whole = static_cast<unsigned long long>(seconds < 1e9 ? seconds + 0.5 : 1e9);
    char text[40];
    if (whole < 60)
      std::snprintf(text, sizeof(text), "%llu s", whole);
    else if (whole < 3600)
      std::snprintf(text, sizeof(text), "%llu:%02llu", whole / 60, whole % 60);
    else
      std::snprintf(text, sizeof(text), "%llu:%02llu:%02llu", whole / 3600, whole / 60 % 60, whole % 60);
    return text;
  }

private:
  using Clock = std::chrono::steady_clock;

  void clear() {
    if (isVisible)
      std::fputs("\r\033[K", out);
    isVisible = false;
  }

  std::FILE *out;
  Clock::time_point begin, drawn;
  uint64_t kept = 0; ///< Bytes done at the first call.
  bool isVisible = false;
};

} // namespace v4

#endif // V4_TOOLS_COMPILE_PROGRESSBAR_H
