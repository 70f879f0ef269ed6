//===- KernelCache.cpp - Machine code of kernels seen before --------------===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "codegen/cpu/KernelCache.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Endian.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/SHA256.h"
#include "llvm/Support/raw_ostream.h"

#include <array>
#include <link.h>

using namespace v4;
using llvm::StringRef;

/// A file: this, the digest of the rest, the stack size, the object.
static constexpr StringRef kMagic = "v4-kernel-1\n";
static constexpr size_t kDigestBytes = 32, kStackBytes = 8;

static std::string digestOf(std::initializer_list<StringRef> parts) {
  llvm::SHA256 hash;
  for (StringRef part : parts) {
    char length[8];
    llvm::support::endian::write64le(length, part.size());
    hash.update(StringRef(length, sizeof(length)));
    hash.update(part);
  }
  std::array<uint8_t, 32> digest = hash.final();
  return std::string(digest.begin(), digest.end());
}

/// The build ID among the notes of a loaded program or library, empty without one.
static StringRef buildIdOf(const dl_phdr_info &info) {
  for (int i = 0; i < info.dlpi_phnum; ++i) {
    const ElfW(Phdr) &segment = info.dlpi_phdr[i];
    if (segment.p_type != PT_NOTE)
      continue;
    const char *at = reinterpret_cast<const char *>(info.dlpi_addr + segment.p_vaddr), *end = at + segment.p_memsz;
    while (at + sizeof(ElfW(Nhdr)) <= end) {
      const auto &note = *reinterpret_cast<const ElfW(Nhdr) *>(at);
      const char *name = at + sizeof(note), *content = name + (note.n_namesz + 3) / 4 * 4;
      if (note.n_type == NT_GNU_BUILD_ID && StringRef(name, note.n_namesz) == StringRef("GNU\0", 4))
        return StringRef(content, note.n_descsz);
      at = content + (note.n_descsz + 3) / 4 * 4;
    }
  }
  return "";
}

/// Build IDs of all that is loaded; empty when the program itself has none.
static std::string loadedBuildIds() {
  std::string ids;
  auto visit = [](dl_phdr_info *info, size_t, void *data) {
    auto &all = *static_cast<std::string *>(data);
    if (StringRef(info->dlpi_name).starts_with("linux-vdso"))
      return 0; // the operating system's, has no part in code
    StringRef id = buildIdOf(*info);
    if (all.empty() && id.empty())
      return 1; // the program comes first
    all += id;
    return 0;
  };
  dl_iterate_phdr(visit, &ids);
  return ids;
}

KernelCache::KernelCache(StringRef path) {
  if (path.empty())
    return;
  compiler = loadedBuildIds();
  if (!compiler.empty())
    folder = path.str();
}

std::string KernelCache::keyOf(StringRef ir, StringRef target) const {
  return llvm::toHex(digestOf({compiler, target, ir}), /*LowerCase=*/true);
}

std::optional<KernelObject> KernelCache::find(StringRef key) const {
  llvm::SmallString<256> path(folder);
  llvm::sys::path::append(path, key);
  if (!llvm::sys::fs::is_regular_file(path))
    return std::nullopt; // of a pipe nobody may ever write the other end
  auto buffer = llvm::MemoryBuffer::getFile(path, /*IsText=*/false, /*RequiresNullTerminator=*/false);
  if (!buffer)
    return std::nullopt;
  StringRef text = (*buffer)->getBuffer();
  if (!text.consume_front(kMagic) || text.size() < kDigestBytes + kStackBytes)
    return std::nullopt;
  StringRef digest = text.take_front(kDigestBytes), rest = text.drop_front(kDigestBytes);
  if (digestOf({key, rest}) != digest)
    return std::nullopt;
  KernelObject object;
  object.stackBytes = llvm::support::endian::read64le(rest.data());
  rest = rest.drop_front(kStackBytes);
  object.bytes.assign(rest.begin(), rest.end());
  return object;
}

void KernelCache::keep(StringRef key, const KernelObject &object) const {
  llvm::SmallString<256> path(folder);
  if (llvm::sys::fs::create_directories(path))
    return;
  llvm::sys::path::append(path, key);
  llvm::Expected<llvm::sys::fs::TempFile> file = llvm::sys::fs::TempFile::create(path + "-%%%%%%%%");
  if (!file)
    return llvm::consumeError(file.takeError());
  std::string rest(kStackBytes, '\0');
  llvm::support::endian::write64le(rest.data(), object.stackBytes);
  rest.append(object.bytes.begin(), object.bytes.end());
  llvm::raw_fd_ostream os(file->FD, /*shouldClose=*/false);
  os << kMagic << digestOf({key, rest}) << rest;
  os.flush();
  bool written = !os.has_error();
  os.clear_error();
  llvm::consumeError(written ? file->keep(path) : file->discard());
}
