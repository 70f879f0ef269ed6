//===- ProvenForms.cpp - Facts that choose kernels --------------*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compiler/ProvenForms.h"

#include "codegen/plan/ExactForms.h"
#include "dialects/plan/PlanDialect.h"
#include "dialects/v4/V4Dialect.h"

#include "mlir/Dialect/MLProgram/IR/MLProgram.h"

using namespace mlir;
using namespace v4;
using plan::ExactForm;

static bool asksFor(ml_program::GlobalOp global, ExactForm form) {
  auto wanted = global->getAttrOfType<ArrayAttr>("v4.exact_forms");
  return wanted && llvm::is_contained(wanted, StringAttr::get(global.getContext(), plan::stringifyExactForm(form)));
}

/// Scales that a kernel may read in either form: no other fact chooses one.
static bool mayChoose(ml_program::GlobalOp global) {
  auto type = dyn_cast<RankedTensorType>(global.getType());
  auto recipe = global->getAttrOfType<StringAttr>("v4.recipe");
  return type && isTiles(type) && isa<Float8E8M0FNUType>(type.getElementType()) && recipe && recipe == "copy" &&
         asksFor(global, ExactForm::E4M3Per128) && global->getAttrOfType<ArrayAttr>("v4.sources");
}

static llvm::Expected<bool> holds(ml_program::GlobalOp global, codegen::WeightSource &source) {
  auto form = static_cast<uint32_t>(ExactForm::E4M3Per128);
  auto rowBytes = static_cast<uint64_t>(cast<RankedTensorType>(global.getType()).getShape().back());
  for (StringAttr name : global->getAttrOfType<ArrayAttr>("v4.sources").getAsRange<StringAttr>()) {
    llvm::Expected<ArrayRef<uint8_t>> bytes = source.bytes(name.getValue());
    if (!bytes)
      return bytes.takeError();
    bool whole = bytes->size() % rowBytes == 0 && codegen::exactForms(form, *bytes, rowBytes) == form;
    source.release(*bytes);
    if (!whole)
      return false;
  }
  return true;
}

bool v4::hasFormsToProve(ModuleOp module) { return llvm::any_of(module.getOps<ml_program::GlobalOp>(), mayChoose); }

llvm::Error v4::proveForms(ModuleOp module, codegen::WeightSource &source) {
  Builder b(module.getContext());
  for (auto global : module.getOps<ml_program::GlobalOp>()) {
    if (!mayChoose(global))
      continue;
    llvm::Expected<bool> proven = holds(global, source);
    if (!proven)
      return proven.takeError();
    if (*proven)
      global->setAttr("v4.proven_forms", b.getStrArrayAttr({plan::stringifyExactForm(ExactForm::E4M3Per128)}));
  }
  return llvm::Error::success();
}
