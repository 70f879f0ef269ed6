//===- Numerics.cpp - A plan's results against its certificate ------------===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tools/verify/Numerics.h"

#include "runtime/base/Clock.h"
#include "tools/certify/CertifiedRun.h"
#include "tools/verify/Repro.h"

#include <cstdio>

using namespace v4;
using namespace v4::verify;

Status verify::checkNumerics(const NumericsOptions &options, std::vector<Check> &checks, NumericsReport &out) {
  int64_t begin = monotonicNanoseconds();
  V4_RETURN_IF_ERROR(certify::readCertificate(options.certificate, out.recorded));
  plan::LoadOptions load;
  load.weights = options.weights;
  std::unique_ptr<Engine> engine;
  V4_RETURN_IF_ERROR(Engine::open(options.plan, load, {}, engine));
  const certify::Certificate &recorded = out.recorded;
  // The same plan has the same probes and input; of another one the input may not fit.
  certify::Certificate fresh;
  V4_RETURN_IF_ERROR(certify::describePlan(*engine, fresh));
  V4_RETURN_IF_ERROR(certify::checkKinship(options.certificate, recorded, fresh));
  V4_RETURN_IF_ERROR(certify::certifyRun(*engine, recorded.seed, recorded.stretches, options.threads, fresh));
  out.comparison = certify::compare(recorded, fresh, engine->program().model()->layers());
  out.target = fresh.target;
  Check check{"numerics", {}};
  if (out.comparison.measures.empty())
    return invalidInput(options.plan, ": offers none of the ", recorded.probes.size(), " probes of ",
                        options.certificate, "; compile the plan without --probes");
  if (const certify::Measure *failure = out.comparison.firstFailure()) {
    check.problems.push_back(joinText(options.plan, ": ", certify::describe(*failure, recorded),
                                      out.comparison.isExact ? "; check --weights, then compare the machine with "
                                                             : "; compare with the plan that was certified, of ",
                                      out.comparison.isExact ? recorded.device : recorded.target));
    if (!options.bisect.empty())
      V4_RETURN_IF_ERROR(writeRepro({options, *engine, recorded, *failure, check.problems[0]}));
  }
  V4_RETURN_IF_ERROR(certify::comparePlainRun(*engine, fresh, options.threads, out.plain));
  if (out.plain.different)
    check.problems.push_back(joinText(options.plan, ": without probes ", out.plain.different, " of ", out.plain.rows,
                                      " rows of logits have other bits than with them, the first at position ",
                                      out.plain.position, " of sequence ", out.plain.stretch, "; ", out.plain.replayed,
                                      " of ", out.plain.steps,
                                      " steps were replayed as a graph: compare with v4-bench --plain-launches"));
  out.seconds = static_cast<double>(monotonicNanoseconds() - begin) * 1e-9;
  checks.push_back(std::move(check));
  return Status();
}

nlohmann::ordered_json verify::viewNumerics(const NumericsReport &report) {
  using Json = nlohmann::ordered_json;
  Json measures = Json::array();
  for (const certify::Measure &m : report.comparison.measures)
    measures.push_back({{"probe", m.probe},
                        {"sequence", m.stretch},
                        {"property", m.property},
                        {"value", m.value},
                        {m.atLeast ? "at_least" : "at_most", m.limit},
                        {"ok", m.holds()},
                        {"rows", m.difference.rows},
                        {"different_rows", m.difference.different},
                        {"position", m.difference.different ? Json(m.difference.position) : Json()},
                        {"magnitude", m.difference.magnitude}});
  Json sequences = Json::array();
  for (const certify::Stretch &stretch : report.recorded.stretches)
    sequences.push_back({{"prompt", stretch.prompt}, {"decode", stretch.decode}});
  return {{"compared", report.comparison.isExact ? "bits" : "values"},
          {"target", report.target},
          {"recorded_target", report.recorded.target},
          {"recorded_device", report.recorded.device},
          {"recorded_plan", report.recorded.plan.hex()},
          {"seconds", report.seconds},
          {"sequences", sequences},
          {"probes_not_offered", report.comparison.missing},
          {"without_probes",
           {{"steps", report.plain.steps},
            {"replayed_steps", report.plain.replayed},
            {"rows", report.plain.rows},
            {"different_rows", report.plain.different}}},
          {"measures", measures}};
}

std::string verify::summarize(const NumericsReport &report) {
  size_t failed = 0;
  for (const certify::Measure &m : report.comparison.measures)
    failed += !m.holds();
  char seconds[32];
  std::snprintf(seconds, sizeof(seconds), "%.1f", report.seconds);
  return joinText("compared      ", report.comparison.isExact ? "bits" : "values within the golden limits", ": ",
                  report.comparison.measures.size(), " properties, ", failed, " do not hold, ",
                  report.comparison.missing.size(), " probes not offered; recorded with ", report.recorded.target,
                  " on ", report.recorded.device, "; ", seconds, " s");
}
