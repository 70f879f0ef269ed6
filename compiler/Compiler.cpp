//===- Compiler.cpp - From a checkpoint to an engine plan -------*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compiler/Compiler.h"

#include "codegen/Target.h"
#include "codegen/plan/PlanWriter.h"
#include "compiler/CheckpointWeights.h"
#include "compiler/ModelInput.h"
#include "compiler/Pipeline.h"
#include "compiler/ProvenForms.h"
#include "compiler/Register.h"
#include "compiler/ReportCollector.h"
#include "compiler/import/GraphBuilder.h"
#include "compiler/import/ImportError.h"
#include "passes/Passes.h"
#include "passes/quant/WeightFormats.h"

#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/Regex.h"
#include "llvm/Support/SourceMgr.h"
#include "llvm/Support/ToolOutputFile.h"
#include "mlir/IR/Verifier.h"
#include "mlir/Parser/Parser.h"

using namespace mlir;
using namespace v4;

namespace {

/// Errors of MLIR in the form of all others. Remarks are for v4-opt.
LogicalResult printError(Diagnostic &diagnostic) {
  if (diagnostic.getSeverity() != DiagnosticSeverity::Error)
    return success();
  llvm::errs() << "v4-compile: error: ";
  if (auto place = dyn_cast<FileLineColLoc>(diagnostic.getLocation()))
    llvm::errs() << place.getFilename().getValue() << ':' << place.getLine() << ':' << place.getColumn() << ": ";
  else if (!isa<UnknownLoc>(diagnostic.getLocation()))
    llvm::errs() << diagnostic.getLocation() << ": ";
  llvm::errs() << diagnostic << '\n';
  return success();
}

/// One compilation: the state that phases hand on.
class Compilation {
public:
  explicit Compilation(const CompileOptions &options)
      : options(options), registry(makeRegistry()), context(registry, MLIRContext::Threading::DISABLED) {
    context.loadAllAvailableDialects();
    // Nobody reads the note, and it verifies and prints the whole module for every remark.
    context.printOpOnDiagnostic(false);
    if (options.report)
      collector.emplace(*options.report);
    context.getDiagEngine().registerHandler([this](Diagnostic &diagnostic) {
      if (collector && diagnostic.getSeverity() == DiagnosticSeverity::Remark)
        collector->remark(diagnostic);
      return printError(diagnostic);
    });
  }

  ExitCode run();

private:
  static DialectRegistry makeRegistry() {
    DialectRegistry registry;
    registerEverything(registry);
    return registry;
  }
  ExitCode importCheckpoint();
  ExitCode readModule();
  ExitCode checkToolchain(kernel::TargetAttr target);
  /// Says what is missing, unless it is nothing.
  static ExitCode lacks(const std::string &missing);
  ExitCode resolveOptions(ModelConfig &config, GraphOptions &graph);
  ExitCode checkManifest();
  ExitCode runPhases();
  ExitCode proveForms();
  ExitCode writePlan();
  ExitCode writeModule(const std::string &path);
  ExitCode dumpPhase(Phase phase);
  ExitCode fail(llvm::Error error) {
    llvm::errs() << "v4-compile: error: " << llvm::toString(std::move(error)) << '\n';
    return kBadInput;
  }
  ExitCode fail(const llvm::Twine &message) {
    llvm::errs() << "v4-compile: error: " << message << '\n';
    return kBadInput;
  }

  /// Says in the module which phase is the last one that ran.
  void mark(Phase phase) {
    (*module)->setAttr("v4.phase", StringAttr::get(&context, phaseName(phase)));
  }
  void report(const std::string &file) {
    if (!resolved.empty())
      llvm::errs() << "v4-compile: wrote " << file << ": " << resolved << '\n';
  }

  const CompileOptions &options;
  std::string resolved;
  DialectRegistry registry;
  MLIRContext context;
  OwningOpRef<ModuleOp> module;
  std::unique_ptr<Checkpoint> checkpoint;
  std::optional<ReportCollector> collector;
};

/// Seen before anything is computed, and only by compilations that get as far as code.
ExitCode Compilation::checkToolchain(kernel::TargetAttr target) {
  return lacks(options.compileTo < Phase::Codegen ? "" : missingToolchain(target.getName()));
}

ExitCode Compilation::lacks(const std::string &missing) {
  if (missing.empty())
    return kOk;
  llvm::errs() << "v4-compile: error: " << missing << '\n';
  return kCannotRunHere;
}

ExitCode Compilation::resolveOptions(ModelConfig &config, GraphOptions &graph) {
  auto target = resolveTarget(options.target, UnknownLoc::get(&context));
  if (failed(target))
    return kBadInput;
  if (ExitCode code = checkToolchain(*target))
    return code;
  int64_t context64 = options.maxContext ? *options.maxContext : std::min(config.maxPositions, kDefaultContext);
  if (context64 > config.maxPositions)
    return fail("--max-context=" + llvm::Twine(context64) + " is beyond the model's max_position_embeddings = " +
                llvm::Twine(config.maxPositions) + "; ask for at most that");
  Builder b(&context);
  graph.envelope = EnvelopeAttr::get(&context, options.maxTokens, options.maxSequences, context64, options.maxDraft);
  graph.target = *target;
  std::string disabled = llvm::join(options.disabledPasses, ",");
  SmallVector<NamedAttribute> resolved{b.getNamedAttr("disable-pass", b.getStringAttr(disabled)),
                                       b.getNamedAttr("optimization", b.getStringAttr(std::to_string(options.optimization))),
                                       b.getNamedAttr("probes", b.getStringAttr(options.probes))};
  if (!options.quantize.empty())
    resolved.push_back(b.getNamedAttr("quantize", b.getStringAttr(options.quantize)));
  if (!options.shrink.empty())
    resolved.push_back(b.getNamedAttr("shrink", b.getStringAttr(options.shrink)));
  if (!options.plantedMistake.empty())
    resolved.push_back(b.getNamedAttr("plant-mistake", b.getStringAttr(options.plantedMistake)));
  graph.options = b.getDictionaryAttr(resolved);
  graph.probes = options.probes;
  // "no_sink@3" is in layer 3 alone.
  std::tie(graph.plantedMistake, graph.plantedLayer) = StringRef(options.plantedMistake).split('@');
  return kOk;
}

ExitCode Compilation::importCheckpoint() {
  auto input = openModel({options.input, options.shrink, options.weights});
  if (!input)
    return fail(input.takeError());
  GraphOptions graph;
  if (ExitCode code = resolveOptions(input->config, graph))
    return code;
  for (const std::string &warning : input->inventory.warnings)
    llvm::errs() << "v4-compile: warning: " << warning << '\n';
  auto built = buildGraph(context, input->config, input->inventory, graph);
  if (!built)
    return fail(built.takeError());
  checkpoint = std::move(input->checkpoint);
  module = std::move(*built);
  mark(Phase::Import);
  if (failed(verify(*module)))
    return kDefect;
  // What the defaults resolved to; said at the end, so that an error stays one sentence.
  resolved = ("target " + cast<kernel::TargetAttr>(graph.target).getName() + ", context " +
              llvm::Twine(graph.envelope.getMaxContext()) + ", " + llvm::Twine(options.maxTokens) +
              " tokens a step, " + llvm::Twine(options.maxSequences) + " sequences").str();
  return kOk;
}

ExitCode Compilation::readModule() {
  if (!llvm::sys::fs::exists(options.input))
    return fail(options.input + ": no such file, expected a module that --compile-to wrote");
  module = parseSourceFile<ModuleOp>(options.input, ParserConfig(&context));
  if (!module)
    return kBadInput;
  auto phase = (*module)->getAttrOfType<StringAttr>("v4.phase");
  if (!phase || phase.getValue() != phaseName(*options.compileFrom))
    return fail(options.input + ": the module's attribute v4.phase is " + (phase ? phase.getValue() : "absent") +
                ", expected " + phaseName(*options.compileFrom) + " as --compile-from says; name the phase that wrote it");
  if (options.checkpoint.empty()) {
    if (options.compileTo == Phase::Plan && options.weights != codegen::WeightPlacement::None)
      return fail(options.input + ": a plan needs weights; pass --checkpoint=DIR, or --weights=none");
    return kOk;
  }
  auto opened = openCheckpoint(options.checkpoint);
  if (!opened)
    return fail(opened.takeError());
  checkpoint = std::move(*opened);
  return checkManifest();
}

ExitCode Compilation::checkManifest() {
  auto expected = (*module)->getAttrOfType<StringAttr>("v4.manifest");
  if (!expected)
    return fail(options.input + ": the module has no attribute v4.manifest, expected one that --compile-to wrote");
  std::string found = checkpoint->manifest();
  if (expected.getValue() == found)
    return kOk;
  return fail(options.checkpoint + ": manifest " + found + " differs from the module's " + expected.getValue() +
              "; pass the checkpoint that the module was imported from");
}

ExitCode Compilation::writeModule(const std::string &path) {
  std::error_code error;
  llvm::ToolOutputFile file(path.empty() ? "-" : path, error, llvm::sys::fs::OF_None);
  if (error)
    return fail(path + ": cannot be written: " + error.message() + "; check the folder and its permissions");
  module->print(file.os());
  file.os() << '\n';
  file.os().flush();
  if (file.os().has_error()) {
    std::string reason = file.os().error().message();
    file.os().clear_error();
    return fail(path + ": cannot be written: " + reason);
  }
  file.keep();
  return kOk;
}

ExitCode Compilation::dumpPhase(Phase phase) {
  if (options.dumpPhasesTo.empty())
    return kOk;
  if (std::error_code error = llvm::sys::fs::create_directories(options.dumpPhasesTo))
    return fail(options.dumpPhasesTo + ": cannot be created: " + error.message());
  llvm::SmallString<256> path(options.dumpPhasesTo);
  llvm::sys::path::append(path, llvm::Twine(int(phase)) + "-" + phaseName(phase) + ".mlir");
  return writeModule(std::string(path));
}

/// Kernels are chosen by facts about bytes that are there to be looked at.
ExitCode Compilation::proveForms() {
  if (options.weights == codegen::WeightPlacement::None)
    return kOk;
  if (!checkpoint) {
    if (hasFormsToProve(*module))
      llvm::errs()
          << "v4-compile: warning: " << options.input << ": without --checkpoint=DIR nothing is known of the "
          << "weights' values, so experts get the kernels that are exact for any; pass it to let them choose\n";
    return kOk;
  }
  CheckpointWeights weights(*checkpoint);
  llvm::Error error = v4::proveForms(*module, weights);
  return error ? fail(std::move(error)) : kOk;
}

ExitCode Compilation::runPhases() {
  Phase first = options.compileFrom ? *options.compileFrom : Phase::Import;
  auto target = (*module)->getAttrOfType<kernel::TargetAttr>("v4.target");
  if (options.compileFrom && first < Phase::Codegen && target)
    if (ExitCode code = checkToolchain(target))
      return code;
  for (int phase = int(first) + 1; phase <= int(options.compileTo) && phase < int(Phase::Plan); ++phase) {
    mark(Phase(phase));
    if (Phase(phase) == Phase::Codegen)
      if (ExitCode code = lacks(missingTranslator(*module)))
        return code;
    if (collector)
      collector->beginPhase(phaseName(Phase(phase)));
    if (Phase(phase) == Phase::Lower)
      if (ExitCode code = proveForms())
        return code;
    // IR from outside that a stage refuses is the user's; IR of our own is a defect.
    if (failed(runPhase(Phase(phase), *module, options, collector ? &*collector : nullptr)) || failed(verify(*module)))
      return options.compileFrom ? kBadInput : kDefect;
    if (collector) {
      collector->endPhase();
      if (Phase(phase) == Phase::Lower || Phase(phase) == Phase::Schedule)
        collector->module(*module);
    }
    if (ExitCode code = dumpPhase(Phase(phase)))
      return code;
  }
  return kOk;
}

ExitCode Compilation::writePlan() {
  std::unique_ptr<CheckpointWeights> weights(checkpoint ? new CheckpointWeights(*checkpoint) : nullptr);
  std::vector<codegen::QuantizedWeight> quantized;
  if (collector)
    collector->beginPhase(phaseName(Phase::Plan));
  auto note = [](const std::string &text) { llvm::errs() << "v4-compile: " << text << '\n'; };
  codegen::PlanWriterOptions writer{
      {unsigned(options.threads), options.progress, options.weights, options.resume, note, options.sign},
      &quantized};
  if (llvm::Error error = codegen::writePlan(*module, weights.get(), options.output, writer))
    return fail(std::move(error));
  if (collector) {
    collector->endPhase();
    collector->quantized(quantized);
  }
  report(options.output);
  return kOk;
}

ExitCode Compilation::run() {
  if (!options.dumpKernelsTo.empty())
    if (std::error_code error = llvm::sys::fs::create_directories(options.dumpKernelsTo);
        error || !llvm::sys::fs::is_directory(options.dumpKernelsTo))
      return fail(options.dumpKernelsTo + ": cannot be created: " + (error ? error.message() : "it is a file") +
                  "; give --dump-kernels-to another folder");
  if (!options.kernelCache.empty())
    if (std::error_code error = llvm::sys::fs::create_directories(options.kernelCache);
        error || !llvm::sys::fs::is_directory(options.kernelCache))
      return fail(options.kernelCache + ": cannot be created: " + (error ? error.message() : "it is a file") +
                  "; give --kernel-cache another folder");
  if (collector)
    collector->beginPhase(phaseName(Phase::Import));
  if (ExitCode code = options.compileFrom ? readModule() : importCheckpoint())
    return code;
  if (collector) {
    collector->endPhase();
    collector->options(*module);
  }
  if (!options.compileFrom)
    if (ExitCode code = dumpPhase(Phase::Import))
      return code;
  if (ExitCode code = runPhases())
    return code;
  return options.compileTo == Phase::Plan ? writePlan() : writeModule(options.output);
}

/// Mistakes of the user that need no file to be seen.
llvm::Error checkOptions(const CompileOptions &options) {
  auto range = [](llvm::StringRef flag, int64_t value, int64_t low, int64_t high) -> llvm::Error {
    if (value >= low && value <= high)
      return llvm::Error::success();
    return inputError((flag.size() == 1 ? "-" : "--") + flag + (flag.size() == 1 ? " " : "=") + llvm::Twine(value) + " is outside " + llvm::Twine(low) + " to " + llvm::Twine(high));
  };
  if (llvm::Error error = range("max-tokens", options.maxTokens, 1, 65536))
    return error;
  if (llvm::Error error = range("max-sequences", options.maxSequences, 1, 65536))
    return error;
  if (llvm::Error error = range("max-draft", options.maxDraft, 0, 8))
    return error;
  if (options.maxContext)
    if (llvm::Error error = range("max-context", *options.maxContext, 1, 1 << 24))
      return error;
  if (llvm::Error error = range("j", options.threads, 1, 1024))
    return error;
  for (const std::string &name : options.disabledPasses)
    if (!llvm::is_contained(optionalPasses(), name))
      return inputError("--disable-pass=" + name + " names no optional pass, expected one of: " + llvm::join(optionalPasses(), ", "));
  if (!options.quantize.empty())
    if (auto formats = parseWeightFormats(options.quantize); !formats)
      return inputError("--quantize: " + llvm::toString(formats.takeError()));
  std::string why;
  if (!llvm::Regex(options.probes).isValid(why))
    return inputError("--probes=" + options.probes + " is no regular expression: " + why);
  return llvm::Error::success();
}

} // namespace

ExitCode v4::compile(const CompileOptions &options) {
  if (llvm::Error error = checkOptions(options)) {
    llvm::errs() << "v4-compile: error: " << llvm::toString(std::move(error)) << '\n';
    return kBadInput;
  }
  return Compilation(options).run();
}
