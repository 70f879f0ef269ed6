//===- CubinImage.cpp - Whether an image of a GPU's code is whole ---------===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/plan/CubinImage.h"

#include <cstring>
#include <elf.h>

using namespace v4;
using namespace v4::plan;

namespace {

class CubinImage {
public:
  CubinImage(const std::string &planName, const std::string &field, const fb::Block &block, Bytes bytes)
      : planName(planName), field(field), offset(block.image_offset()), bytes(bytes) {}

  Status check() {
    if (bytes.size < sizeof(header))
      return fail("is shorter than the ", sizeof(header), " bytes of an ELF header");
    std::memcpy(&header, bytes.data, sizeof(header));
    const unsigned char expected[] = {ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB};
    if (std::memcmp(header.e_ident, expected, sizeof(expected)) != 0)
      return fail("is no 64-bit little-endian ELF object");
    if (header.e_type != ET_EXEC || header.e_machine != kCudaMachine)
      return fail("has ELF type ", header.e_type, " for machine ", header.e_machine, ", expected ", ET_EXEC, " for ",
                  kCudaMachine, ", an executable for CUDA");
    V4_RETURN_IF_ERROR(checkTables());
    V4_RETURN_IF_ERROR(checkSegments());
    return checkSections();
  }

private:
  template <typename... Parts>
  Status fail(const Parts &...parts) const {
    return invalidInput(planName, ": ", field, ".image at ", offset, " of ", bytes.size, " bytes ", parts...,
                        "; compile the plan again");
  }
  bool holds(uint64_t begin, uint64_t count) const { return begin <= bytes.size && count <= bytes.size - begin; }

  Status checkTables() const {
    if (header.e_phnum && header.e_phentsize != sizeof(Elf64_Phdr))
      return fail("has program headers of ", header.e_phentsize, " bytes, expected ", sizeof(Elf64_Phdr));
    if (!holds(header.e_phoff, uint64_t(header.e_phnum) * sizeof(Elf64_Phdr)))
      return fail("does not hold its ", header.e_phnum, " program headers at ", header.e_phoff);
    if (header.e_shnum == 0 || header.e_shentsize != sizeof(Elf64_Shdr))
      return fail("has ", header.e_shnum, " section headers of ", header.e_shentsize, " bytes, expected at least 1 of ",
                  sizeof(Elf64_Shdr));
    if (!holds(header.e_shoff, uint64_t(header.e_shnum) * sizeof(Elf64_Shdr)))
      return fail("does not hold its ", header.e_shnum, " section headers at ", header.e_shoff);
    if (header.e_shstrndx >= header.e_shnum)
      return fail("has the names of its sections in section ", header.e_shstrndx, ", expected less than ",
                  header.e_shnum);
    return Status();
  }

  Status checkSegments() const {
    for (uint64_t i = 0; i < header.e_phnum; ++i) {
      Elf64_Phdr segment;
      std::memcpy(&segment, bytes.data + header.e_phoff + i * sizeof(segment), sizeof(segment));
      if (!holds(segment.p_offset, segment.p_filesz))
        return fail("does not hold its segment ", i, " of ", segment.p_filesz, " bytes at ", segment.p_offset);
    }
    return Status();
  }

  Status checkSections() const {
    for (uint64_t i = 0; i < header.e_shnum; ++i) {
      Elf64_Shdr section;
      std::memcpy(&section, bytes.data + header.e_shoff + i * sizeof(section), sizeof(section));
      bool isInFile = section.sh_type != SHT_NULL && section.sh_type != SHT_NOBITS;
      if (isInFile && !holds(section.sh_offset, section.sh_size))
        return fail("does not hold its section ", i, " of ", section.sh_size, " bytes at ", section.sh_offset);
    }
    return Status();
  }

  const std::string &planName;
  const std::string &field;
  uint64_t offset;
  Bytes bytes;
  Elf64_Ehdr header = {};
};

} // namespace

Status plan::checkCubin(const std::string &planName, const std::string &field, const fb::Block &block, Bytes image) {
  return CubinImage(planName, field, block, image).check();
}
