//===- NumaNodes.cpp - Memory spread over the nodes of a machine ----------===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/base/NumaNodes.h"

#include <algorithm>
#include <cstdio>
#include <sys/syscall.h>
#include <unistd.h>

using namespace v4;

/// Of the kernel's mempolicy.h, which libc does not have.
static constexpr int kPolicyInterleave = 3;
static constexpr unsigned kMaskBits = 64;

/// Reads digits at the front of `list`; false when there are none or the number is no node.
static bool takeNode(std::string_view &list, unsigned &node) {
  size_t digits = std::min(list.find_first_not_of("0123456789"), list.size());
  if (digits == 0 || digits > 4)
    return false;
  node = 0;
  for (char digit : list.substr(0, digits))
    node = node * 10 + static_cast<unsigned>(digit - '0');
  list.remove_prefix(digits);
  return true;
}

uint64_t v4::parseNodeList(std::string_view list) {
  uint64_t mask = 0;
  while (!list.empty() && list.back() == '\n')
    list.remove_suffix(1);
  while (!list.empty()) {
    unsigned first = 0, last = 0;
    if (!takeNode(list, first))
      return 0;
    last = first;
    if (!list.empty() && list.front() == '-') {
      list.remove_prefix(1);
      if (!takeNode(list, last))
        return 0;
    }
    for (unsigned node = first; node <= std::min(last, kMaskBits - 1); ++node)
      mask |= uint64_t(1) << node;
    if (list.empty())
      return mask;
    if (list.front() != ',')
      return 0;
    list.remove_prefix(1);
  }
  return 0;
}

void v4::spreadOverNodes(void *memory, uint64_t bytes) {
  std::FILE *file = std::fopen("/sys/devices/system/node/has_memory", "re");
  if (!file)
    return;
  char text[256];
  size_t length = std::fread(text, 1, sizeof(text), file);
  std::fclose(file);
  uint64_t nodes = parseNodeList({text, length});
  if ((nodes & (nodes - 1)) == 0)
    return;
  // The kernel takes one bit less than it is told.
  syscall(SYS_mbind, memory, bytes, kPolicyInterleave, &nodes, kMaskBits + 1, 0);
}
