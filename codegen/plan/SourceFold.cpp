//===- SourceFold.cpp - Names of stacked tensors, short and long - -*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "codegen/plan/SourceFold.h"

#include "runtime/plan/SourceNames.h"

#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringExtras.h"

using namespace llvm;
using namespace v4;

/// The fold "head{from..to}tail" of names[begin] and those behind it, and how many they are; one name for none.
static std::pair<std::string, size_t> foldAt(ArrayRef<StringRef> names, size_t begin) {
  if (begin + 1 == names.size())
    return {names[begin].str(), 1};
  // The number is the first place where the two names differ, with the digits in front of it.
  StringRef name = names[begin], next = names[begin + 1];
  size_t open = 0;
  while (open < name.size() && open < next.size() && name[open] == next[open])
    ++open;
  while (open > 0 && isDigit(name[open - 1]))
    --open;
  StringRef head = name.take_front(open), digits = name.drop_front(open).take_while(isDigit);
  StringRef tail = name.drop_front(open + digits.size());
  uint32_t from;
  if (digits.getAsInteger(10, from))
    return {name.str(), 1};
  size_t count = 1;
  while (begin + count < names.size() && names[begin + count] == (head + Twine(from + count) + tail).str())
    ++count;
  if (count == 1)
    return {name.str(), 1};
  std::string fold = (head + "{" + Twine(from) + ".." + Twine(from + count - 1) + "}" + tail).str();
  // Numbers beyond the format's bound, or braces of the tensor's own: such names stay as they are.
  return v4::plan::SourceNames(fold).size() == count ? std::pair(fold, count) : std::pair(name.str(), size_t(1));
}

std::vector<std::string> codegen::foldSources(mlir::ArrayAttr sources) {
  SmallVector<StringRef> names;
  for (mlir::StringAttr source : sources.getAsRange<mlir::StringAttr>())
    names.push_back(source.getValue());
  std::vector<std::string> folds;
  for (size_t i = 0; i < names.size();) {
    auto [fold, count] = foldAt(names, i);
    folds.push_back(std::move(fold));
    i += count;
  }
  return folds;
}

std::vector<std::string> codegen::expandSources(mlir::ArrayAttr sources) {
  std::vector<std::string> names;
  for (mlir::Attribute source : sources)
    if (auto text = dyn_cast<mlir::StringAttr>(source)) {
      v4::plan::SourceNames fold(std::string_view(text.getValue()));
      for (uint64_t i = 0; i < fold.size(); ++i)
        names.push_back(fold.name(i));
    }
  return names;
}
