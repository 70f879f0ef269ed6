//===- Hooks.cpp - Probes and traces in the C layout ----------------------===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/api/Handles.h"
#include "runtime/api/OptionStructs.h"

namespace v4 {

/// Hands a probe to the caller in the C layout. `user` is the v4_session.
static void forwardProbe(void *user, const ProbeRows &rows) {
  const v4_session *session = static_cast<const v4_session *>(user);
  v4_probe_rows value;
  initStruct(&value);
  value.name = rows.shape->name.data();
  value.name_length = rows.shape->name.size();
  value.element = static_cast<v4_element>(rows.shape->element);
  value.rows = static_cast<v4_rows>(rows.shape->rows);
  value.is_mtp = rows.shape->group != plan::fb::LaunchGroup::Main;
  value.rank = rows.shape->rank;
  value.shape = rows.shape->shape;
  value.row_count = rows.rowCount;
  value.row_bytes = rows.shape->rowBytes;
  value.data = rows.data;
  value.token_rows = rows.tokenRows;
  value.positions = rows.positions;
  value.slots = rows.slots;
  session->options.probe(session->options.probe_user, &value);
}

/// Hands the span of a launch to the caller. `user` is the v4_session.
static void forwardSpan(void *user, const LaunchSpan &span) {
  const v4_session *session = static_cast<const v4_session *>(user);
  const plan::fb::Program &program = session->engine->program();
  const plan::fb::Launch &launch = *program.launches()->Get(span.launch);
  const plan::fb::Kernel &kernel = *program.kernels()->Get(launch.kernel());
  v4_launch_span value;
  initStruct(&value);
  value.kernel = kernel.symbol()->c_str();
  value.kernel_length = kernel.symbol()->size();
  value.op = kernel.op()->c_str();
  value.op_length = kernel.op()->size();
  value.step = span.step;
  value.tokens = static_cast<uint64_t>(span.counts[plan::kCountTokens]);
  value.workgroups = span.workgroups;
  value.begin_nanoseconds = span.beginNanoseconds;
  value.end_nanoseconds = span.endNanoseconds;
  value.launch = span.launch;
  value.layer = launch.layer();
  session->options.trace(session->options.trace_user, &value);
}

SessionOptions withHooks(SessionOptions options, v4_session &session) {
  if (session.options.probe)
    options.probes = {&session, forwardProbe};
  return options;
}

void installTrace(v4_session &session) {
  if (session.options.trace)
    session.session->setTrace({&session, forwardSpan});
}

} // namespace v4
