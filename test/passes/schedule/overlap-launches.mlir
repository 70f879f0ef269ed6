// RUN: not v4-opt --v4-overlap-launches -split-input-file %s 2>/dev/null | FileCheck %s
// RUN: v4-opt --v4-overlap-launches=dump-phases=true -split-input-file -verify-diagnostics -o /dev/null %s

// Positive: both readers of @a run together, @late comes forward to them, and the probe follows its launch.
// CHECK: plan.program
// CHECK: plan.launch @first {{.*}}@a>] {group
// CHECK-NEXT: plan.launch @step {{.*}}@b>] {group
// CHECK-NEXT: plan.launch @step {{.*}}@c>] {barrier = false, group
// CHECK-NEXT: plan.launch @both {{.*}}@l>] {group
// CHECK: plan.probe "late" of @c after 2
// CHECK: plan.probe "end" of @l after 3
// expected-remark @+1 {{4 launches run in 3 phases}}
plan.program attributes {envelope = #v4.envelope<tokens = 16, sequences = 2, context = 256, draft = 1>, logits = @l, model = #v4.model<vocab = 512, hidden = 256, layers = 1, window = 128, eos = 1, mtp = false, digest = "00">, options = {}, producer = "v4c", target = #kernel.target<"cpu:x86-64-v3", cpu = "x86-64-v3", features = ["avx2"], vector_bits = 256>} {
  plan.kernel @first {bindings = 1 : i64, op = "first"}
  plan.kernel @step {bindings = 2 : i64, op = "step"}
  plan.kernel @both {bindings = 2 : i64, op = "both"}
  plan.buffer @a {bytes = [#plan.size<512, 1, 0, 0>], element = bf16, row_shape = array<i64: 256>, rows = 1 : i64}
  plan.buffer @b {bytes = [#plan.size<512, 1, 0, 0>], element = bf16, row_shape = array<i64: 256>, rows = 1 : i64}
  plan.buffer @c {bytes = [#plan.size<512, 1, 0, 0>], element = bf16, row_shape = array<i64: 256>, rows = 1 : i64}
  plan.buffer @l {bytes = [#plan.size<2048, 1, 0, 0>], element = f32, row_shape = array<i64: 512>, rows = 5 : i64}
  plan.launch @first grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<buffer, out, @a>] {group = "main", layer = 0 : i64}
  plan.launch @step grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<buffer, in, @a>, #plan.binding<buffer, out, @b>] {group = "main", layer = 0 : i64}
  plan.launch @both grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<buffer, in, @b>, #plan.binding<buffer, out, @l>] {group = "main", layer = 0 : i64}
  // expected-remark @+1 {{launch 2 runs together with the one in front of it; it was launch 3}}
  plan.launch @step grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<buffer, in, @a>, #plan.binding<buffer, out, @c>] {group = "main", layer = 0 : i64}
  plan.probe "late" of @c after 3
  plan.probe "end" of @l after 2
}

// -----

// Near misses: a pool that one writes and the other reads, in both orders; the next layer; the other group.
// CHECK: plan.program
// CHECK-NOT: barrier
// expected-remark @+1 {{6 launches run in 6 phases}}
plan.program attributes {envelope = #v4.envelope<tokens = 16, sequences = 2, context = 256, draft = 1>, logits = @l, model = #v4.model<vocab = 512, hidden = 256, layers = 1, window = 128, eos = 1, mtp = true, digest = "00">, options = {}, producer = "v4c", target = #kernel.target<"cpu:x86-64-v3", cpu = "x86-64-v3", features = ["avx2"], vector_bits = 256>} {
  plan.pool @win {group = "main", type = !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64>}
  plan.kernel @first {bindings = 1 : i64, op = "first"}
  plan.kernel @step {bindings = 2 : i64, op = "step"}
  plan.buffer @a {bytes = [#plan.size<512, 1, 0, 0>], element = bf16, row_shape = array<i64: 256>, rows = 1 : i64}
  plan.buffer @b {bytes = [#plan.size<512, 1, 0, 0>], element = bf16, row_shape = array<i64: 256>, rows = 1 : i64}
  plan.buffer @c {bytes = [#plan.size<512, 1, 0, 0>], element = bf16, row_shape = array<i64: 256>, rows = 1 : i64}
  plan.buffer @l {bytes = [#plan.size<2048, 1, 0, 0>], element = f32, row_shape = array<i64: 512>, rows = 5 : i64}
  plan.buffer @m {bytes = [#plan.size<2048, 1, 0, 0>], element = f32, row_shape = array<i64: 512>, rows = 5 : i64}
  plan.launch @step grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<pool, in, @win>, #plan.binding<buffer, out, @a>] {group = "main", layer = 0 : i64}
  plan.launch @first grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<pool, out, @win>] {group = "main", layer = 0 : i64}
  plan.launch @step grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<pool, in, @win>, #plan.binding<buffer, out, @b>] {group = "main", layer = 0 : i64}
  plan.launch @first grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<buffer, out, @c>] {group = "main", layer = 1 : i64}
  plan.launch @first grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<buffer, out, @l>] {group = "main", layer = -1 : i64}
  plan.launch @first grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<buffer, out, @m>] {group = "mtp", layer = -1 : i64}
}

// -----

// Negative: slots that were planned for other phases.
// expected-error @+1 {{has arena slots already, which new phases may break; run this pass before --v4-plan-arena}}
plan.program attributes {envelope = #v4.envelope<tokens = 16, sequences = 2, context = 256, draft = 1>, logits = @l, model = #v4.model<vocab = 512, hidden = 256, layers = 1, window = 128, eos = 1, mtp = false, digest = "00">, options = {}, producer = "v4c", slots = 1 : i64, target = #kernel.target<"cpu:x86-64-v3", cpu = "x86-64-v3", features = ["avx2"], vector_bits = 256>} {
  plan.kernel @first {bindings = 1 : i64, op = "first"}
  plan.buffer @l {bytes = [#plan.size<2048, 1, 0, 0>], element = f32, row_shape = array<i64: 512>, rows = 5 : i64}
  plan.launch @first grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<buffer, out, @l>] {group = "main", layer = 0 : i64}
}
