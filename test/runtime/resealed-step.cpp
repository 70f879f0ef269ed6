//===- resealed-step.cpp - Steps of damaged plans that pass as good -------===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// resealed-step PLAN
//
// Damages each byte of the metadata in three ways, makes every hash and the code's
// seal right again, and runs a prompt and one more token on what is accepted.
// Kernels are left out, in their place stands a function that touches nothing:
// what a kernel reads is in its code, and the seal is what ties that to metadata
// (Format.h). All around them - arena, step block, pages, probes, logits - is the
// runtime's own, and the sanitizers watch it.
//
//===----------------------------------------------------------------------===//

#include "runtime/exec/Session.h"
#include "test/plan/FakePlan.h"

#include <csignal>
#include <cstdio>
#include <random>
#include <unistd.h>

using namespace v4;
using namespace v4::plan;
using v4::plan::test::PlanBytes;

namespace {

constexpr unsigned kSecondsPerCase = 20;

struct Case {
  unsigned long long byte;
  unsigned value;
};
Case current = {};
volatile unsigned sink = 0;

void timeOut(int) {
  char text[120];
  int length = std::snprintf(text, sizeof(text), "resealed-step: metadata byte %llu = %u runs for more than %u s\n",
                             current.byte, current.value, kSecondsPerCase);
  _exit(write(2, text, static_cast<size_t>(length)) < 0 ? 5 : 6);
}

void standIn(const v4_kernel_args *, int64_t begin, int64_t end) { sink = sink + static_cast<unsigned>(end - begin); }

void readRow(const float *row, uint64_t values) {
  for (uint64_t i = 0; row && i < values; ++i) {
    unsigned bits;
    std::memcpy(&bits, row + i, sizeof(bits));
    sink = sink + bits;
  }
}

void receiveProbe(void *, const ProbeRows &rows) {
  const uint8_t *bytes = static_cast<const uint8_t *>(rows.data);
  for (uint64_t i = 0, e = rows.rowCount * rows.shape->rowBytes; i < e; ++i)
    sink = sink + bytes[i];
}

/// The session asks for little, so that a case takes a millisecond; a plan that allows less is refused here.
SessionOptions smallSession(const fb::Program &program) {
  SessionOptions options;
  options.maxTokens = 3;
  options.maxSequences = 1;
  options.maxContext = 8;
  options.threads = 1;
  // A damaged size is refused instead of taken: filling what the machine has would take seconds a case.
  options.fixedBytes = uint64_t(64) << 20;
  options.mtp = program.model()->has_mtp();
  options.probes.receive = receiveProbe;
  return options;
}

Status feed(Session &session, Sequence *sequence, const std::vector<int32_t> &tokens, uint64_t vocabulary) {
  session.batch()[0] = {sequence, tokens.data(), tokens.size(), tokens.size()};
  V4_RETURN_IF_ERROR(session.step(1));
  for (uint64_t row = 0; row < session.logitsCount(); ++row) {
    readRow(session.logits(row), vocabulary);
    readRow(session.mtpLogits(row), vocabulary);
  }
  return Status();
}

Status run(const Plan &plan) {
  const fb::Program &program = plan.program();
  std::vector<const uint8_t *> weights;
  for (uint32_t i = 0; i < program.weights()->size(); ++i)
    weights.push_back(plan.weight(i));
  std::vector<v4_kernel_fn> kernels(program.kernels()->size(), standIn);
  V4_RETURN_IF_ERROR(plan.checkSeal());
  std::unique_ptr<Session> session;
  RunnableProgram runnable{plan.name(), &program, weights.data(), kernels.data()};
  V4_RETURN_IF_ERROR(Session::create(runnable, smallSession(program), {}, session));
  Sequence *sequence = nullptr;
  V4_RETURN_IF_ERROR(session->createSequence(sequence));
  V4_RETURN_IF_ERROR(feed(*session, sequence, {0, 0, 0}, program.model()->vocab_size()));
  return feed(*session, sequence, {0}, program.model()->vocab_size());
}

struct Counts {
  unsigned long long refused = 0, noSession = 0, ran = 0;
};

void tryCase(PlanBytes &file, Counts &counts) {
  file.rehash();
  alarm(kSecondsPerCase);
  Plan plan;
  if (!checkPlan("engine.v4plan", file.view(), plan).isOk())
    ++counts.refused;
  else if (run(plan).isOk())
    ++counts.ran;
  else
    ++counts.noSession;
  alarm(0);
}

Counts damageMetadata(PlanBytes &file) {
  Section metadata = file.section(SectionKind::Metadata);
  std::mt19937 random(1);
  Counts counts;
  for (uint64_t i = 0; i < metadata.bytes; ++i) {
    uint8_t old = file[metadata.offset + i];
    for (unsigned value : {old ^ (1u << random() % 8), old ^ 0xFFu, static_cast<unsigned>(random() % 256)}) {
      file[metadata.offset + i] = static_cast<uint8_t>(value);
      current = {i, value};
      tryCase(file, counts);
    }
    file[metadata.offset + i] = old;
  }
  return counts;
}

} // namespace

int main(int argc, char **argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: resealed-step PLAN\n");
    return 1;
  }
  PlanBytes file = v4::plan::test::readPlan(argv[1]);
  Plan good;
  Status status = checkPlan(argv[1], file.view(), good);
  if (status.isOk())
    status = run(good);
  if (!status.isOk()) {
    std::fprintf(stderr, "resealed-step: %s\n", status.message().c_str());
    return 1;
  }
  std::signal(SIGALRM, timeOut);
  Counts counts = damageMetadata(file);
  std::printf("refused %llu, no step %llu, ran %llu\n", counts.refused, counts.noSession, counts.ran);
  // Names and sources, for example, may change freely: so the loop did reach the steps.
  return counts.ran < file.section(SectionKind::Metadata).bytes / 4;
}
