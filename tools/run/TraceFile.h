//===- TraceFile.h - When each launch ran, as a trace -----------*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Trace event JSON, which Perfetto and chrome://tracing read: one track with the
// steps, one with their launches. Times are microseconds since the first launch.
//
//===----------------------------------------------------------------------===//

#ifndef V4_TOOLS_RUN_TRACEFILE_H
#define V4_TOOLS_RUN_TRACEFILE_H

#include "tools/PartFile.h"

#include <v4/runtime.h>

#include <cstdio>
#include <string>

namespace v4 {

class TraceFile {
public:
  /// Writes beside `path`, or into it when it is no regular file. Throws InputError when that cannot be created.
  explicit TraceFile(std::string path);
  TraceFile(const TraceFile &) = delete;
  TraceFile &operator=(const TraceFile &) = delete;
  ~TraceFile();

  /// Hears every launch of the sessions made with `options`.
  void listen(v4_session_options &options);
  /// Ends the document and puts it in its place; throws InputError when it could not be written. Without this call
  /// what was there stays.
  void finish();

private:
  static void receive(void *self, const v4_launch_span *span);
  void event(const char *name, size_t length, int track, int64_t begin, int64_t end);
  void endStep();
  [[noreturn]] void fail(const char *what);

  std::string path;
  PartFile part{path};
  std::FILE *file = nullptr;
  bool any = false;
  int64_t origin = 0; ///< Of all times.
  uint64_t step = 0, tokens = 0, stepLaunches = 0;
  int64_t stepBegin = 0, stepEnd = 0;
};

} // namespace v4

#endif // V4_TOOLS_RUN_TRACEFILE_H
