//===- plan.cpp - Foreign plans, loaded and read --------------------------===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Whoever can compute a hash gets any bytes behind the hashes: so does the mutator.
// What loads must be safe for all that reads plans.
//
//===----------------------------------------------------------------------===//

#include "runtime/plan/PlanText.h"
#include "test/fuzz/PlanParts.h"
#include "tools/MemoryView.h"
#include "tools/inspect/CostView.h"
#include "tools/inspect/PlanViews.h"
#include "tools/verify/Checks.h"

#include <algorithm>
#include <elf.h>

using namespace v4;
using namespace v4::fuzz;
using namespace v4::plan;
using v4::plan::test::FakePlan;
using v4::plan::test::PlanBytes;

namespace {

/// Metadata that grows further shows nothing more.
constexpr size_t kMostBytes = 64 << 10;

ByteString seedOf(const FakePlan &fake, uint64_t features) {
  PlanBytes file = fake.build();
  PlanParts parts;
  PlanParts::take(file.data(), file.size(), parts);
  parts.header.requiredFeatures |= features;
  parts.sections[static_cast<uint32_t>(SectionKind::Weights)].clear();
  if (features & kFeatureNoWeights)
    for (SectionKind kind : {SectionKind::Tables, SectionKind::Hashes})
      parts.sections[static_cast<uint32_t>(kind)].clear();
  return parts.join(true);
}

/// With counts, parts and an object that has symbols to look for.
FakePlan fullPlan() {
  FakePlan fake;
  fb::ProgramT &p = fake.program;
  p.kernels[0]->costs.push_back(fb::CostTerm(fb::CostKind::DotFlops, fb::CostUnit::Tokens, 1, 0, 128));
  p.kernels[2]->costs.push_back(fb::CostTerm(fb::CostKind::CacheBytes, fb::CostUnit::Visible, 4, 512, 584));
  auto part = std::make_unique<fb::PartT>();
  part->name = "attention";
  part->parameters = part->active_parameters = 1024;
  part->stored_bytes = 2048;
  part->work.push_back(fb::WorkTerm(fb::Arithmetic::BF16, fb::CostUnit::Window, 1, 32, 64));
  p.parts.push_back(std::move(part));
  p.pools[2]->period = 4;
  p.pools[2]->history = 8;
  p.target->name = "cpu:x86-64-v3";
  return fake;
}

/// The typed change of a plan that loads: others may share their contents endlessly.
bool changeTyped(const uint8_t *data, size_t size, PlanParts &parts, Choice &choice) {
  PlanBytes file(size);
  std::memcpy(file.data(), data, size);
  Plan plan;
  if (!checkPlan("fuzz.v4plan", file.view(), plan).isOk())
    return false;
  fb::ProgramT program;
  plan.program().UnPackTo(&program);
  for (uint64_t i = 0, count = 1 + choice.below(3); i < count; ++i)
    if (program.model && program.envelope && program.target)
      changeProgram(program, choice);
  flatbuffers::FlatBufferBuilder builder;
  fb::FinishProgramBuffer(builder, fb::CreateProgram(builder, &program));
  parts.header.requiredFeatures &= ~(kFeatureCalls | kFeatureVariants | kFeatureSampling);
  auto hasCall = [](const auto &holder) { return holder && holder->block && holder->block->call; };
  for (const auto &kernel : program.kernels) {
    bool inVariants = kernel && std::any_of(kernel->variants.begin(), kernel->variants.end(), hasCall);
    if (hasCall(kernel) || inVariants)
      parts.header.requiredFeatures |= kFeatureCalls;
    if (kernel && !kernel->variants.empty())
      parts.header.requiredFeatures |= kFeatureVariants;
  }
  for (const auto &launch : program.launches)
    if (launch && launch->group >= fb::LaunchGroup::Sample)
      parts.header.requiredFeatures |= kFeatureSampling;
  parts.sections[0].assign(builder.GetBufferPointer(), builder.GetBufferPointer() + builder.GetSize());
  return true;
}

ByteString mutate(const uint8_t *data, size_t size, Choice &choice) {
  ByteString file(data, data + size);
  PlanParts parts;
  if (choice.oneIn(16) || !PlanParts::take(data, size, parts)) {
    mutateBytes(file, kMostBytes);
    if (choice.oneIn(2))
      rehash(file);
    return file;
  }
  switch (choice.below(8)) {
  case 0: { // The header alone.
    ByteString header(file.begin(), file.begin() + sizeof(Header));
    mutateWord(header, choice);
    std::copy(header.begin(), header.end(), file.begin());
    rehash(file);
    return file;
  }
  case 1:
    parts.header.requiredFeatures = choice.below(kKnownFeatures + 1);
    break;
  case 2: // The code as often as all others: images of kernels are in it.
    mutateBytes(parts.sections[choice.oneIn(2) ? static_cast<uint32_t>(SectionKind::Code) : 1 + choice.below(4)], 8192);
    break;
  case 3:
    mutateBytes(parts.sections[0], kMostBytes / 2);
    break;
  case 4:
    mutateWord(parts.sections[0], choice);
    break;
  default:
    if (!changeTyped(data, size, parts, choice))
      mutateWord(parts.sections[0], choice);
  }
  return parts.join(!choice.oneIn(16));
}

void readViews(const Plan &plan) {
  const fb::Program &program = plan.program();
  uint64_t sum = printPlan(plan).size();
  for (const inspect::Json &view : {inspect::viewProgram(program), inspect::viewKernels(program),
                                    inspect::viewSchedule(program), inspect::viewWeights(program)})
    sum += view.dump(-1, ' ', false, inspect::Json::error_handler_t::replace).size();
  for (const Limits &limits : {envelopeLimits(program), Limits{1, 1, 1}})
    sum += viewMemory(plan, limits).size();
  inspect::Json costs;
  use(sum + inspect::addCostViews(plan, program.envelope()->max_context(), nullptr, costs).isOk());
}

/// An executable for GPUs with a global function for each name, all of the same 64 bytes.
std::vector<uint8_t> smallCubin(const std::vector<std::string> &names) {
  constexpr size_t kSections = 4, kTables = sizeof(Elf64_Ehdr);
  Elf64_Ehdr header = {};
  std::memcpy(header.e_ident, ELFMAG, SELFMAG);
  header.e_ident[EI_CLASS] = ELFCLASS64;
  header.e_ident[EI_DATA] = ELFDATA2LSB;
  header.e_type = ET_EXEC;
  header.e_machine = 190;
  header.e_shoff = kTables;
  header.e_shentsize = sizeof(Elf64_Shdr);
  header.e_shnum = kSections;
  std::vector<Elf64_Sym> symbols(1);
  std::string strings(1, '\0');
  for (const std::string &name : names) {
    Elf64_Sym symbol = {};
    symbol.st_name = static_cast<uint32_t>(strings.size());
    symbol.st_info = ELF64_ST_INFO(STB_GLOBAL, STT_FUNC);
    symbol.st_shndx = 1;
    symbols.push_back(symbol);
    strings += name + '\0';
  }
  Elf64_Shdr tables[kSections] = {};
  auto place = [&](Elf64_Shdr &section, uint32_t type, uint64_t bytes, const Elf64_Shdr *behind) {
    section.sh_type = type;
    section.sh_offset = behind ? behind->sh_offset + behind->sh_size : kTables + sizeof(tables);
    section.sh_size = bytes;
  };
  place(tables[1], SHT_PROGBITS, 64, nullptr);
  tables[1].sh_flags = SHF_EXECINSTR;
  place(tables[2], SHT_SYMTAB, symbols.size() * sizeof(Elf64_Sym), &tables[1]);
  tables[2].sh_entsize = sizeof(Elf64_Sym);
  tables[2].sh_link = 3;
  place(tables[3], SHT_STRTAB, strings.size(), &tables[2]);
  std::vector<uint8_t> bytes(tables[3].sh_offset + tables[3].sh_size);
  std::memcpy(bytes.data(), &header, sizeof(header));
  std::memcpy(bytes.data() + kTables, tables, sizeof(tables));
  std::memcpy(bytes.data() + tables[2].sh_offset, symbols.data(), tables[2].sh_size);
  std::memcpy(bytes.data() + tables[3].sh_offset, strings.data(), strings.size());
  return bytes;
}

/// For a GPU: all kernels in one image.
FakePlan gpuPlan() {
  FakePlan fake = fullPlan();
  fake.program.target->name = "cuda:sm_90a";
  std::vector<std::string> names;
  for (auto &kernel : fake.program.kernels)
    names.push_back(kernel->symbol);
  fake.code = smallCubin(names);
  for (auto &kernel : fake.program.kernels) {
    kernel->block = std::make_unique<fb::BlockT>();
    kernel->block->threads = 128;
    kernel->block->image_bytes = fake.code.size();
  }
  fb::KernelT &kernel = *fake.program.kernels[1];
  fb::VariantT &variant = *kernel.variants.emplace_back(std::make_unique<fb::VariantT>());
  variant.most_rows = 2;
  variant.row_tile = variant.tiles = 1;
  variant.block = std::make_unique<fb::BlockT>(*kernel.block);
  return fake;
}

} // namespace

std::vector<ByteString> fuzz::makeSeeds() {
  std::vector<ByteString> seeds;
  for (const FakePlan &fake : {FakePlan(), fullPlan(), gpuPlan()})
    for (uint64_t features : {kFeatureExternalWeights, kFeatureNoWeights, kFeatureNoWeights | kFeatureSigned})
      seeds.push_back(seedOf(fake, features));
  return seeds;
}

extern "C" size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t most, unsigned seed) {
  Choice choice(seed);
  return put(mutate(data, size, choice), data, size, most);
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  PlanBytes file(size);
  if (size)
    std::memcpy(file.data(), data, size);
  Summary summary;
  if (summarizePlan("fuzz.v4plan", file.view(), summary).isOk())
    use(inspect::viewSummary(summary).size());
  Plan plan;
  if (!checkPlan("fuzz.v4plan", file.view(), plan).isOk())
    return 0;
  use(plan.checkSeal().isOk() + plan.verifyWeights().isOk() + verify::checkClosedWorld(plan).problems.size());
  readViews(plan);
  return 0;
}
