//===- CudaToolkit.cpp - nvcc and ptxas of a CUDA toolkit -----------------===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "codegen/cuda/CudaToolkit.h"

#include "llvm/ADT/SmallString.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/Process.h"
#include "llvm/Support/Program.h"
#include "llvm/Support/Regex.h"
#include "llvm/Support/Signals.h"

#include <sys/mman.h>
#include <unistd.h>

using namespace v4;
using namespace llvm;

/// Where CMake found it, or empty.
#ifndef V4_PTXAS
#define V4_PTXAS ""
#endif

namespace {

/// A file of its own in the folder for temporary ones, removed at the end.
class ScratchFile {
public:
  explicit ScratchFile(StringRef suffix) {
    SmallString<128> made;
    if (sys::fs::createTemporaryFile("v4-kernel", suffix, made))
      return;
    path = std::string(made);
    sys::RemoveFileOnSignal(path);
  }
  ~ScratchFile() {
    if (path.empty())
      return;
    sys::fs::remove(path);
    sys::DontRemoveFileOnSignal(path);
  }
  ScratchFile(const ScratchFile &) = delete;
  ScratchFile &operator=(const ScratchFile &) = delete;

  bool write(StringRef text) const {
    std::error_code code;
    raw_fd_ostream os(path, code);
    os << text;
    os.close();
    bool written = !code && !os.has_error();
    os.clear_error();
    return written;
  }
  std::string read() const {
    auto buffer = MemoryBuffer::getFile(path, /*IsText=*/false, /*RequiresNullTerminator=*/false);
    return buffer ? (*buffer)->getBuffer().str() : std::string();
  }

  std::string path; ///< Empty when it could not be made.
};

/// What programs that are run here can read by name, though no folder has it: whoever is killed leaves nothing.
class MemoryFile {
public:
  explicit MemoryFile(StringRef text) : file(memfd_create("v4-kernel", MFD_CLOEXEC)) {
    if (file < 0)
      return;
    raw_fd_ostream os(file, /*shouldClose=*/false, /*unbuffered=*/true);
    os << text;
    if (!os.has_error())
      path = ("/proc/" + Twine(getpid()) + "/fd/" + Twine(file)).str();
    os.clear_error();
  }
  ~MemoryFile() {
    if (file >= 0)
      close(file);
  }
  MemoryFile(const MemoryFile &) = delete;
  MemoryFile &operator=(const MemoryFile &) = delete;

  std::string path; ///< Empty when it could not be made.

private:
  int file;
};

/// The number in front of, or behind, the text that `pattern` describes.
uint64_t numberIn(StringRef text, StringRef pattern) {
  SmallVector<StringRef, 2> matches;
  uint64_t value = 0;
  if (Regex(pattern).match(text, &matches))
    (void)matches[1].getAsInteger(10, value);
  return value;
}

/// The line of a tool's output that says what is wrong: the first one about an error, else the first.
StringRef errorLine(StringRef said) {
  SmallVector<StringRef> lines;
  said.trim().split(lines, '\n');
  for (StringRef line : lines)
    if (line.contains_insensitive("error") || line.contains_insensitive("fatal"))
      return line.trim();
  return lines.front().trim();
}

Error makeError(const Twine &message) { return createStringError(inconvertibleErrorCode(), message); }

} // namespace

CubinReport v4::parseCubinReport(StringRef text) {
  CubinReport report;
  report.registers = numberIn(text, "Used ([0-9]+) registers");
  report.stackBytes = numberIn(text, "([0-9]+) bytes stack frame");
  report.spillBytes = numberIn(text, "([0-9]+) bytes spill stores") + numberIn(text, "([0-9]+) bytes spill loads");
  report.sharedBytes = numberIn(text, "([0-9]+) bytes smem");
  return report;
}

std::optional<CudaToolkit> CudaToolkit::in(StringRef folder) {
  CudaToolkit toolkit;
  for (auto [name, path] : {std::pair("ptxas", &toolkit.ptxas), std::pair("nvcc", &toolkit.nvcc)}) {
    SmallString<128> place(folder);
    sys::path::append(place, name);
    if (sys::fs::can_execute(place))
      *path = std::string(place);
  }
  return toolkit.ptxas.empty() ? std::nullopt : std::optional(toolkit);
}

StringRef CudaToolkit::folder() const { return sys::path::parent_path(ptxas); }

std::optional<CudaToolkit> CudaToolkit::find() {
  // What nvcc would add to its flags: code depends on what a plan says alone.
  for (const char *variable : {"NVCC_PREPEND_FLAGS", "NVCC_APPEND_FLAGS"})
    unsetenv(variable);
  for (const char *variable : {"CUDA_HOME", "CUDA_PATH"})
    if (std::optional<std::string> home = sys::Process::GetEnv(variable); home && !home->empty()) {
      SmallString<128> path(*home);
      sys::path::append(path, "bin");
      return in(path);
    }
  std::optional<CudaToolkit> first, second;
  if (ErrorOr<std::string> path = sys::findProgramByName("ptxas"))
    first = in(sys::path::parent_path(*path));
  if (!StringRef(V4_PTXAS).empty())
    second = in(sys::path::parent_path(V4_PTXAS));
  // One that is whole, if there is one.
  return !first || (second && second->hasNvcc() && !first->hasNvcc()) ? second : first;
}

std::string CudaToolkit::version() const {
  std::string all;
  for (StringRef program : {StringRef(ptxas), StringRef(nvcc)}) {
    if (program.empty())
      continue;
    ScratchFile text("txt");
    std::optional<StringRef> redirects[] = {StringRef(), StringRef(text.path), StringRef(text.path)};
    if (text.path.empty() || sys::ExecuteAndWait(program, {program, "--version"}, std::nullopt, redirects) != 0)
      return "";
    all += text.read();
  }
  return all;
}

static Error noRoom() {
  return makeError("no file can be written in the folder for temporary files; set TMPDIR to one with room");
}

/// Runs a program whose output goes to `said`; what went wrong, or nothing.
static Error run(ArrayRef<StringRef> command, std::string &said, StringRef advice) {
  ScratchFile text("txt");
  if (text.path.empty())
    return noRoom();
  std::optional<StringRef> redirects[] = {StringRef(), StringRef(text.path), StringRef(text.path)};
  std::string why;
  int code = sys::ExecuteAndWait(command[0], command, std::nullopt, redirects, 0, 0, &why);
  said = text.read();
  if (code == 0)
    return Error::success();
  return makeError(command[0] + " fails: " + (why.empty() ? errorLine(said) : StringRef(why)) + "; " + advice);
}

Expected<std::string> CudaToolkit::translate(StringRef source, const CudaArch &arch) const {
  MemoryFile input(source);
  ScratchFile output("ptx");
  if (input.path.empty())
    return makeError("a kernel's source cannot be handed to " + nvcc + ": memfd_create or a write to it fails; see " +
                     "that this system allows files in memory and has some left");
  if (output.path.empty())
    return noRoom();
  std::string target = ("-arch=" + arch.sm).str(), said;
  StringRef command[] = {nvcc, "-std=c++17", target, "-ptx", "--fmad=false", "-x", "cu", "-o", output.path, input.path};
  if (Error error = run(command, said, "see that its host compiler is installed"))
    return std::move(error);
  std::string ptx = output.read();
  if (ptx.empty())
    return makeError(nvcc + " writes no PTX");
  return ptx;
}

Expected<Cubin> CudaToolkit::assemble(StringRef ptx, const CudaArch &arch) const {
  ScratchFile input("ptx"), output("cubin");
  if (input.path.empty() || output.path.empty() || !input.write(ptx))
    return noRoom();
  // Products and sums stay two roundings: the bits are those of the PTX.
  std::string target = ("-arch=" + arch.sm).str(), said;
  StringRef command[] = {ptxas, target, "-v", "-O3", "--fmad=false", "-o", output.path, input.path};
  if (Error error = run(command, said, "--dump-kernels-to=DIR keeps the PTX"))
    return std::move(error);
  Cubin cubin;
  std::string bytes = output.read();
  cubin.bytes.assign(bytes.begin(), bytes.end());
  cubin.report = parseCubinReport(said);
  cubin.reportText = std::move(said);
  if (cubin.bytes.empty())
    return makeError(ptxas + " writes an empty cubin");
  return cubin;
}
