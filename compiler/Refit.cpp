//===- Refit.cpp - A plan with the weights of another checkpoint -*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compiler/Refit.h"

#include "compiler/CheckpointWeights.h"
#include "compiler/ModelInput.h"
#include "compiler/import/ImportError.h"

#include "llvm/Support/raw_ostream.h"

using namespace llvm;
using namespace v4;

/// The dimensions are those that the plan's kernels were made for.
static Error checkModel(const ModelInput &input, const codegen::FinishedPlan &plan, StringRef planName) {
  std::string found = modelDigest(input.config, input.inventory.mtp.has_value());
  if (found == plan.modelDigest())
    return Error::success();
  return inputError(input.checkpoint->directory() + ": the model's dimensions have the digest " +
                    StringRef(found).take_front(16) + ", those of " + planName + " " +
                    StringRef(plan.modelDigest()).take_front(16).str() +
                    "; --refit takes other weights for the same config: compile this checkpoint without it");
}

/// What the config leaves open: FP8, FP4 or wide.
static Error checkTensors(const ModelInput &input, const codegen::FinishedPlan &plan, StringRef planName) {
  for (const codegen::NeededTensor &needed : plan.neededTensors()) {
    const StoredTensor *tensor = input.checkpoint->find(needed.name);
    if (!tensor)
      return inputError(input.checkpoint->directory() + ": tensor '" + needed.name + "' is missing, but weight '" +
                        needed.weight + "' of " + planName + " is made of it; compile this checkpoint without --refit");
    if (tensor->dtype != needed.dtype)
      return inputError(input.checkpoint->pathOf(*tensor) + ": tensor '" + needed.name + "' is " + tensor->dtype +
                        ", weight '" + needed.weight + "' of " + planName + " is made of " + needed.dtype +
                        "; compile this checkpoint without --refit");
  }
  return Error::success();
}

static Error writeRefitted(const CompileOptions &options, const codegen::FinishedPlan &plan, StringRef planName) {
  Expected<ModelInput> input = openModel({options.input, plan.option("shrink"), options.weights});
  if (!input)
    return input.takeError();
  if (Error error = checkModel(*input, plan, planName))
    return error;
  if (Error error = checkTensors(*input, plan, planName))
    return error;
  for (const std::string &warning : input->inventory.warnings)
    errs() << "v4-compile: warning: " << warning << '\n';
  CheckpointWeights weights(*input->checkpoint);
  auto note = [](const std::string &text) { errs() << "v4-compile: " << text << '\n'; };
  return plan.write(weights, options.output,
                    {unsigned(options.threads), options.progress, options.weights, options.resume, note, options.sign});
}

ExitCode v4::refit(const CompileOptions &options, const codegen::FinishedPlan &plan, StringRef planName) {
  if (Error error = writeRefitted(options, plan, planName)) {
    errs() << "v4-compile: error: " << toString(std::move(error)) << '\n';
    return kBadInput;
  }
  errs() << "v4-compile: wrote " << options.output << ": " << planName << " with the weights of " << options.input
         << '\n';
  return kOk;
}
