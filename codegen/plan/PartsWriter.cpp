//===- PartsWriter.cpp - Table Part of plan.fbs ---------------------------===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "codegen/plan/PartsWriter.h"

using namespace v4;
namespace fb = v4::plan::fb;
using flatbuffers::Offset;

namespace {

fb::LaunchGroup groupOf(llvm::StringRef name) { return name == "mtp" ? fb::LaunchGroup::Mtp : fb::LaunchGroup::Main; }

Offset<fb::Part> writePart(plan::PartAttr part, flatbuffers::FlatBufferBuilder &builder) {
  std::vector<fb::WorkTerm> work;
  for (auto term : part.getWork().getAsRange<plan::WorkAttr>())
    work.emplace_back(static_cast<fb::Arithmetic>(term.getArithmetic()), static_cast<fb::CostUnit>(term.getUnit()),
                      term.getRatio(), term.getMost(), term.getProducts());
  auto name = builder.CreateString(part.getName().data(), part.getName().size());
  auto terms = builder.CreateVectorOfStructs(work);
  return fb::CreatePart(builder, name, groupOf(part.getGroup()), part.getParameters(), part.getActive(),
                        part.getStoredBytes(), terms);
}

} // namespace

Offset<flatbuffers::Vector<Offset<fb::Part>>> codegen::writeParts(plan::ProgramOp program,
                                                                  flatbuffers::FlatBufferBuilder &builder) {
  std::vector<Offset<fb::Part>> tables;
  if (std::optional<mlir::ArrayAttr> parts = program.getParts())
    for (auto part : parts->getAsRange<plan::PartAttr>())
      tables.push_back(writePart(part, builder));
  return builder.CreateVector(tables);
}
