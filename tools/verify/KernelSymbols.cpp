//===- KernelSymbols.cpp - Functions that a code section exports ----------===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tools/verify/KernelSymbols.h"

#include "runtime/plan/CubinImage.h"
#include "runtime/plan/PlanValidator.h"

#include <algorithm>
#include <cstring>
#include <elf.h>

using namespace v4;
using namespace v4::verify;

namespace {

/// Tables of an object that may hold anything.
class ElfObject {
public:
  ElfObject(const std::string &name, plan::Bytes code) : name(name), code(code) {}

  Status readHeader();
  Status readSymbols(std::vector<std::string_view> &out);
  /// The same for a cubin, which must call nothing either. REQUIRES: checkCubin.
  void readCubinHeader();
  Status readCubinSymbols(std::vector<std::string_view> &out);

private:
  template <typename... Parts>
  Status fail(const Parts &...parts) const {
    return checkFailed(name, ": section code: ", parts..., "; rebuild the plan with v4-compile");
  }
  bool holds(uint64_t offset, uint64_t bytes) const { return offset <= code.size && bytes <= code.size - offset; }
  /// REQUIRES: the object holds it.
  template <typename T>
  T at(uint64_t offset) const {
    T value;
    std::memcpy(&value, code.data + offset, sizeof(T));
    return value;
  }
  Status checkTables() const;
  Elf64_Shdr section(uint64_t index) const { return at<Elf64_Shdr>(header.e_shoff + index * sizeof(Elf64_Shdr)); }
  Status readTables(uint32_t type, Elf64_Shdr &symbols, Elf64_Shdr &strings) const;
  bool isExecutable(uint64_t address) const;
  /// The text at `offset` of a string table; empty when it does not end there.
  std::string_view text(const Elf64_Shdr &strings, uint64_t offset) const;

  const std::string &name;
  plan::Bytes code;
  Elf64_Ehdr header = {};
};

Status ElfObject::readHeader() {
  if (code.size < sizeof(header))
    return fail("has ", code.size, " bytes, expected an ELF object of at least ", sizeof(header));
  header = at<Elf64_Ehdr>(0);
  const unsigned char expected[] = {ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB};
  if (std::memcmp(header.e_ident, expected, sizeof(expected)) != 0 || header.e_type != ET_DYN ||
      header.e_machine != EM_X86_64)
    return fail("is no 64-bit little-endian x86-64 shared object");
  return checkTables();
}

void ElfObject::readCubinHeader() { header = at<Elf64_Ehdr>(0); }

Status ElfObject::checkTables() const {
  if (header.e_phentsize != sizeof(Elf64_Phdr) || !holds(header.e_phoff, uint64_t(header.e_phnum) * sizeof(Elf64_Phdr)))
    return fail(header.e_phnum, " segments at ", header.e_phoff, " do not lie in its ", code.size, " bytes");
  if (header.e_shentsize != sizeof(Elf64_Shdr) || !holds(header.e_shoff, uint64_t(header.e_shnum) * sizeof(Elf64_Shdr)))
    return fail(header.e_shnum, " section headers at ", header.e_shoff, " do not lie in its ", code.size, " bytes");
  return Status();
}

Status ElfObject::readTables(uint32_t type, Elf64_Shdr &symbols, Elf64_Shdr &strings) const {
  uint64_t index = 0;
  while (index < header.e_shnum && section(index).sh_type != type)
    ++index;
  if (index == header.e_shnum)
    return fail(type == SHT_DYNSYM ? "has no dynamic symbol table" : "has a cubin without symbol table");
  symbols = section(index);
  if (symbols.sh_link >= header.e_shnum)
    return fail("names of symbols are in section ", symbols.sh_link, ", expected less than ", header.e_shnum);
  strings = section(symbols.sh_link);
  if (symbols.sh_entsize != sizeof(Elf64_Sym) || !holds(symbols.sh_offset, symbols.sh_size) ||
      !holds(strings.sh_offset, strings.sh_size))
    return fail("the symbol table does not lie in its ", code.size, " bytes");
  return Status();
}

bool ElfObject::isExecutable(uint64_t address) const {
  for (uint64_t i = 0; i < header.e_phnum; ++i) {
    auto segment = at<Elf64_Phdr>(header.e_phoff + i * sizeof(Elf64_Phdr));
    if (segment.p_type == PT_LOAD && (segment.p_flags & PF_X) && address >= segment.p_vaddr &&
        address - segment.p_vaddr < segment.p_filesz && holds(segment.p_offset, segment.p_filesz))
      return true;
  }
  return false;
}

std::string_view ElfObject::text(const Elf64_Shdr &strings, uint64_t offset) const {
  if (offset >= strings.sh_size)
    return {};
  const char *begin = reinterpret_cast<const char *>(code.data + strings.sh_offset + offset);
  const void *end = std::memchr(begin, 0, strings.sh_size - offset);
  return end ? std::string_view(begin, static_cast<size_t>(static_cast<const char *>(end) - begin)) : "";
}

Status ElfObject::readSymbols(std::vector<std::string_view> &out) {
  Elf64_Shdr symbols, strings;
  V4_RETURN_IF_ERROR(readTables(SHT_DYNSYM, symbols, strings));
  for (uint64_t i = 0; i < symbols.sh_size / sizeof(Elf64_Sym); ++i) {
    auto symbol = at<Elf64_Sym>(symbols.sh_offset + i * sizeof(Elf64_Sym));
    bool exported = ELF64_ST_TYPE(symbol.st_info) == STT_FUNC && ELF64_ST_BIND(symbol.st_info) == STB_GLOBAL &&
                    symbol.st_shndx != SHN_UNDEF;
    if (exported && isExecutable(symbol.st_value))
      out.push_back(text(strings, symbol.st_name));
  }
  std::sort(out.begin(), out.end());
  return Status();
}

Status ElfObject::readCubinSymbols(std::vector<std::string_view> &out) {
  Elf64_Shdr symbols, strings;
  V4_RETURN_IF_ERROR(readTables(SHT_SYMTAB, symbols, strings));
  for (uint64_t i = 0; i < symbols.sh_size / sizeof(Elf64_Sym); ++i) {
    auto symbol = at<Elf64_Sym>(symbols.sh_offset + i * sizeof(Elf64_Sym));
    if (ELF64_ST_TYPE(symbol.st_info) != STT_FUNC)
      continue;
    if (symbol.st_shndx == SHN_UNDEF)
      return fail("calls '", plan::escapeText(text(strings, symbol.st_name)), "', which no image holds");
    bool here = symbol.st_shndx < header.e_shnum && (section(symbol.st_shndx).sh_flags & SHF_EXECINSTR) &&
                holds(section(symbol.st_shndx).sh_offset, section(symbol.st_shndx).sh_size);
    if (here && ELF64_ST_BIND(symbol.st_info) == STB_GLOBAL)
      out.push_back(text(strings, symbol.st_name));
  }
  std::sort(out.begin(), out.end());
  return Status();
}

} // namespace

Status verify::readCubinSymbols(const plan::Plan &plan, const std::string &field, const plan::fb::Block &block,
                                std::vector<std::string_view> &out) {
  plan::Bytes image = plan::imageOf(plan, block);
  V4_RETURN_IF_ERROR(plan::checkCubin(plan.name(), field, block, image));
  ElfObject object(plan.name(), image);
  object.readCubinHeader();
  return object.readCubinSymbols(out);
}

Status verify::readKernelSymbols(const std::string &name, plan::Bytes code, std::vector<std::string_view> &out) {
  ElfObject object(name, code);
  V4_RETURN_IF_ERROR(object.readHeader());
  return object.readSymbols(out);
}
