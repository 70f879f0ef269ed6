//===- LinkObjects.cpp - Objects to one shared object ------------------------===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "codegen/cpu/LinkObjects.h"

#include "lld/Common/Driver.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/raw_ostream.h"

#include <mutex>

LLD_HAS_DRIVER(elf)

namespace v4 {
namespace {

/// A folder for the linker's input, removed with everything in it.
class ScratchFolder {
public:
  ~ScratchFolder() {
    if (!path.empty())
      llvm::sys::fs::remove_directories(path);
  }

  llvm::Error create() {
    if (std::error_code code = llvm::sys::fs::createUniqueDirectory("v4-link", path))
      return llvm::createStringError(code, "folder for the linker: %s", code.message().c_str());
    return llvm::Error::success();
  }

  std::string file(llvm::StringRef name) const {
    llvm::SmallString<128> full(path);
    llvm::sys::path::append(full, name);
    return full.str().str();
  }

  llvm::Error write(llvm::StringRef name, llvm::StringRef content) const {
    std::error_code code;
    llvm::raw_fd_ostream os(file(name), code);
    if (!code)
      os << content;
    os.close();
    if (!code)
      code = os.error();
    os.clear_error();
    return code ? llvm::createStringError(code, "%s: %s", file(name).c_str(), code.message().c_str())
                : llvm::Error::success();
  }

private:
  llvm::SmallString<128> path;
};

std::string exportList(llvm::ArrayRef<std::string> symbols) {
  std::string text = "{ global:";
  for (const std::string &symbol : symbols)
    text += " " + symbol + ";";
  return text + " local: *; };\n";
}

llvm::Error runLinker(const ScratchFolder &folder, llvm::ArrayRef<std::string> inputs) {
  std::vector<std::string> arguments{"ld.lld",         "-shared",          "-z",
                                     "defs",           "-z",               "noexecstack",
                                     "--build-id=none", "-s",              "--gc-sections",
                                     "--threads=1",    "--hash-style=gnu", "--version-script=" + folder.file("exports"),
                                     "-o",             folder.file("kernels.so")};
  arguments.insert(arguments.end(), inputs.begin(), inputs.end());
  std::vector<const char *> pointers;
  for (const std::string &argument : arguments)
    pointers.push_back(argument.c_str());
  std::string messages;
  llvm::raw_string_ostream os(messages);
  static std::mutex linker;
  std::lock_guard<std::mutex> lock(linker);
  lld::Result result = lld::lldMain(pointers, os, os, {{lld::Gnu, &lld::elf::link}});
  if (result.retCode == 0)
    return llvm::Error::success();
  return llvm::createStringError(llvm::inconvertibleErrorCode(), "kernels do not link: %s", messages.c_str());
}

} // namespace

llvm::Expected<std::vector<char>> linkObjects(llvm::ArrayRef<std::pair<std::string, llvm::ArrayRef<char>>> objects,
                                              llvm::ArrayRef<std::string> symbols) {
  ScratchFolder folder;
  if (llvm::Error error = folder.create())
    return std::move(error);
  if (llvm::Error error = folder.write("exports", exportList(symbols)))
    return std::move(error);
  std::vector<std::string> inputs;
  for (const auto &[name, bytes] : objects) {
    if (llvm::Error error = folder.write(name + ".o", llvm::StringRef(bytes.data(), bytes.size())))
      return std::move(error);
    inputs.push_back(folder.file(name + ".o"));
  }
  if (llvm::Error error = runLinker(folder, inputs))
    return std::move(error);
  auto linked = llvm::MemoryBuffer::getFile(folder.file("kernels.so"), false, false);
  if (!linked)
    return llvm::createStringError(linked.getError(), "linked kernels cannot be read: %s",
                                   linked.getError().message().c_str());
  return std::vector<char>((*linked)->getBufferStart(), (*linked)->getBufferEnd());
}

} // namespace v4
