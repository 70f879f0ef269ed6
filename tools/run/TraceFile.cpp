//===- TraceFile.cpp - When each launch ran, as a trace -------------------===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tools/run/TraceFile.h"

#include "tools/NpyFile.h"

#include <cinttypes>
#include <fcntl.h>
#include <utility>

namespace v4 {

namespace {

constexpr int kStepTrack = 1, kLaunchTrack = 2;
constexpr const char *kTracks[] = {nullptr, "steps", "launches"};

/// Names of a plan are ASCII or at least UTF-8; quotes, backslashes and control characters must not end the string.
void printName(std::FILE *file, const char *name, size_t length) {
  for (size_t i = 0; i < length; ++i) {
    unsigned char c = static_cast<unsigned char>(name[i]);
    if (c < 0x20 || c == '"' || c == '\\')
      std::fprintf(file, "\\u%04x", c);
    else
      std::fputc(c, file);
  }
}

double microseconds(int64_t nanoseconds) { return static_cast<double>(nanoseconds) * 1e-3; }

} // namespace

TraceFile::TraceFile(std::string path) : path(std::move(path)) {
  // The stream has a descriptor of its own, so that it can be closed in front of the file.
  int copy = part.descriptor() < 0 ? -1 : fcntl(part.descriptor(), F_DUPFD_CLOEXEC, 0);
  file = copy < 0 ? nullptr : fdopen(copy, "w");
  if (!file)
    fail("cannot be created");
  std::fprintf(file, "{\"displayTimeUnit\":\"ns\",\"traceEvents\":[\n");
  for (int track : {kStepTrack, kLaunchTrack})
    std::fprintf(file, "%s{\"ph\":\"M\",\"pid\":1,\"tid\":%d,\"name\":\"thread_name\",\"args\":{\"name\":\"%s\"}}",
                 track == kStepTrack ? "" : ",\n", track, kTracks[track]);
}

TraceFile::~TraceFile() {
  if (file)
    std::fclose(file);
}

void TraceFile::listen(v4_session_options &options) {
  options.trace = receive;
  options.trace_user = this;
}

void TraceFile::receive(void *self, const v4_launch_span *span) {
  TraceFile &trace = *static_cast<TraceFile *>(self);
  if (!trace.any)
    trace.origin = span->begin_nanoseconds;
  if (!trace.any || span->step != trace.step) {
    trace.endStep();
    trace.step = span->step;
    trace.stepBegin = span->begin_nanoseconds;
    trace.stepLaunches = 0;
  }
  trace.any = true;
  trace.tokens = span->tokens;
  trace.stepEnd = span->end_nanoseconds;
  ++trace.stepLaunches;
  trace.event(span->kernel, span->kernel_length, kLaunchTrack, span->begin_nanoseconds, span->end_nanoseconds);
  std::fprintf(trace.file, ",\"args\":{\"op\":\"");
  printName(trace.file, span->op, span->op_length);
  std::fprintf(trace.file,
               "\",\"step\":%" PRIu64 ",\"launch\":%" PRIu32 ",\"layer\":%" PRId32 ",\"workgroups\":%" PRId64 "}}",
               span->step, span->launch, span->layer, span->workgroups);
}

/// Begins an event; the caller writes its arguments and the closing brace.
void TraceFile::event(const char *name, size_t length, int track, int64_t begin, int64_t end) {
  std::fprintf(file, ",\n{\"ph\":\"X\",\"pid\":1,\"tid\":%d,\"ts\":%.3f,\"dur\":%.3f,\"name\":\"", track,
               microseconds(begin - origin), microseconds(end - begin));
  printName(file, name, length);
  std::fputc('"', file);
}

void TraceFile::endStep() {
  if (!stepLaunches)
    return;
  event("step", 4, kStepTrack, stepBegin, stepEnd);
  std::fprintf(file, ",\"args\":{\"step\":%" PRIu64 ",\"tokens\":%" PRIu64 ",\"launches\":%" PRIu64 "}}", step, tokens,
               stepLaunches);
}

void TraceFile::finish() {
  endStep();
  std::fprintf(file, "\n]}\n");
  bool written = std::fflush(file) == 0 && !std::ferror(file);
  written &= std::fclose(std::exchange(file, nullptr)) == 0;
  if (!written || !part.finish())
    fail("cannot be written");
}

void TraceFile::fail(const char *what) {
  throw InputError(path + ": " + what + " (" + std::strerror(errno) + "); choose another place");
}

} // namespace v4
