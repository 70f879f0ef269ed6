//===- KernelSourceText.cpp - A source with what it includes --------------===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "codegen/cuda/KernelSources.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/ADT/Twine.h"

using namespace llvm;
using namespace v4;

namespace {

class SourceText {
public:
  void append(StringRef name, StringRef text);
  std::string take() { return std::move(out); }

private:
  StringSet<> known; ///< Paths whose text is there.
  std::string out;
};

/// What `line` includes, as written; empty when it is another line.
StringRef includedBy(StringRef line) {
  line = line.ltrim();
  if (!line.consume_front("#include") || (line = line.trim()).size() < 2)
    return "";
  return line.drop_front().drop_back();
}

const KernelSource *findSource(StringRef path) {
  for (const KernelSource &source : kernelSources())
    if (path == source.path)
      return &source;
  return nullptr;
}

/// Lines keep the place that they have in their file, for messages.
void SourceText::append(StringRef name, StringRef text) {
  unsigned number = 0;
  out += ("#line 1 \"" + name + "\"\n").str();
  for (StringRef line : split(text, '\n')) {
    ++number;
    const KernelSource *source = findSource(includedBy(line));
    if (!source) {
      out += (line + "\n").str();
      continue;
    }
    if (known.insert(source->path).second)
      append(source->path, source->text);
    out += ("#line " + Twine(number + 1) + " \"" + name + "\"\n").str();
  }
}

} // namespace

std::string v4::withKernelSources(StringRef source) {
  SourceText text;
  text.append("kernel.cu", source);
  return text.take();
}
