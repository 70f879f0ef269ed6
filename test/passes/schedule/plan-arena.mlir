// RUN: v4-opt --v4-plan-arena -split-input-file %s | FileCheck %s

// A chain: a value may reuse the memory of one that is dead, never that of what its own launch reads. Large buffers are
// placed first; `a`, `b` and `c` then live in their slots before they do.
// CHECK: plan.program
// CHECK-SAME: slots = 2 : i64
// CHECK: plan.buffer @a {{.*}}first_launch = 0 : i64, last_launch = 1 : i64{{.*}}slot = 1 : i64
// CHECK: plan.buffer @b {{.*}}first_launch = 1 : i64, last_launch = 2 : i64{{.*}}slot = 0 : i64
// CHECK: plan.buffer @c {{.*}}first_launch = 2 : i64, last_launch = 3 : i64{{.*}}slot = 1 : i64
// CHECK: plan.buffer @big {{.*}}first_launch = 3 : i64, last_launch = 4 : i64{{.*}}slot = 0 : i64
// CHECK: plan.buffer @unread {{.*}}first_launch = 5 : i64, last_launch = 5 : i64{{.*}}slot = 0 : i64
// CHECK: plan.buffer @l {{.*}}first_launch = 4 : i64, last_launch = 5 : i64{{.*}}slot = 1 : i64
plan.program attributes {envelope = #v4.envelope<tokens = 16, sequences = 2, context = 256, draft = 1>, logits = @l, model = #v4.model<vocab = 512, hidden = 256, layers = 1, window = 128, eos = 1, mtp = false, digest = "00">, options = {}, producer = "v4c", target = #kernel.target<"cpu:x86-64-v3", cpu = "x86-64-v3", features = ["avx2"], vector_bits = 256>} {
  plan.kernel @first {bindings = 1 : i64, op = "first"}
  plan.kernel @step {bindings = 2 : i64, op = "step"}
  plan.kernel @both {bindings = 3 : i64, op = "both"}
  plan.buffer @a {bytes = [#plan.size<512, 1, 0, 0>], element = bf16, row_shape = array<i64: 256>, rows = 1 : i64}
  plan.buffer @b {bytes = [#plan.size<512, 1, 0, 0>], element = bf16, row_shape = array<i64: 256>, rows = 1 : i64}
  plan.buffer @c {bytes = [#plan.size<512, 1, 0, 0>], element = bf16, row_shape = array<i64: 256>, rows = 1 : i64}
  plan.buffer @big {bytes = [#plan.size<4096, 1, 0, 0>], element = bf16, row_shape = array<i64: 256>, rows = 1 : i64}
  plan.buffer @unread {bytes = [#plan.size<64, 1, 0, 0>], element = bf16, row_shape = array<i64: 256>, rows = 1 : i64}
  plan.buffer @l {bytes = [#plan.size<2048, 1, 0, 0>], element = f32, row_shape = array<i64: 512>, rows = 5 : i64}
  plan.launch @first grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<buffer, out, @a>] {group = "main", layer = 0 : i64}
  plan.launch @step grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<buffer, in, @a>, #plan.binding<buffer, out, @b>] {group = "main", layer = 0 : i64}
  plan.launch @step grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<buffer, in, @b>, #plan.binding<buffer, out, @c>] {group = "main", layer = 0 : i64}
  plan.launch @step grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<buffer, in, @c>, #plan.binding<buffer, out, @big>] {group = "main", layer = 0 : i64}
  plan.launch @step grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<buffer, in, @big>, #plan.binding<buffer, out, @l>] {group = "main", layer = 0 : i64}
  plan.launch @first grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<buffer, out, @unread>] {group = "main", layer = 0 : i64}
}

// -----

// A probe copies right behind its launch, which is here one behind the last reader: `p` and `c` must not share.
// CHECK: plan.buffer @p {{.*}}first_launch = 0 : i64, last_launch = 2 : i64{{.*}}slot = [[P:[0-9]+]] : i64
// CHECK-NOT: plan.buffer @c {{.*}}slot = [[P]] : i64
plan.program attributes {envelope = #v4.envelope<tokens = 16, sequences = 2, context = 256, draft = 1>, logits = @l, model = #v4.model<vocab = 512, hidden = 256, layers = 1, window = 128, eos = 1, mtp = false, digest = "00">, options = {}, producer = "v4c", target = #kernel.target<"cpu:x86-64-v3", cpu = "x86-64-v3", features = ["avx2"], vector_bits = 256>} {
  plan.kernel @first {bindings = 1 : i64, op = "first"}
  plan.kernel @step {bindings = 2 : i64, op = "step"}
  plan.buffer @p {bytes = [#plan.size<512, 1, 0, 0>], element = bf16, row_shape = array<i64: 256>, rows = 1 : i64}
  plan.buffer @b {bytes = [#plan.size<512, 1, 0, 0>], element = bf16, row_shape = array<i64: 256>, rows = 1 : i64}
  plan.buffer @c {bytes = [#plan.size<512, 1, 0, 0>], element = bf16, row_shape = array<i64: 256>, rows = 1 : i64}
  plan.buffer @l {bytes = [#plan.size<2048, 1, 0, 0>], element = f32, row_shape = array<i64: 512>, rows = 5 : i64}
  plan.launch @first grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<buffer, out, @p>] {group = "main", layer = 0 : i64}
  plan.launch @step grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<buffer, in, @p>, #plan.binding<buffer, out, @b>] {group = "main", layer = 0 : i64}
  plan.launch @step grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<buffer, in, @b>, #plan.binding<buffer, out, @c>] {group = "main", layer = 0 : i64}
  plan.launch @step grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<buffer, in, @c>, #plan.binding<buffer, out, @l>] {group = "main", layer = 0 : i64}
  plan.probe "x" of @p after 2
}

// -----

// Logits of both groups live to the end, whatever comes behind them.
// CHECK: plan.buffer @l {{.*}}first_launch = 0 : i64, last_launch = 2 : i64
// CHECK: plan.buffer @m {{.*}}first_launch = 1 : i64, last_launch = 2 : i64
plan.program attributes {envelope = #v4.envelope<tokens = 16, sequences = 2, context = 256, draft = 1>, logits = @l, model = #v4.model<vocab = 512, hidden = 256, layers = 1, window = 128, eos = 1, mtp = true, digest = "00">, mtp_logits = @m, options = {}, producer = "v4c", target = #kernel.target<"cpu:x86-64-v3", cpu = "x86-64-v3", features = ["avx2"], vector_bits = 256>} {
  plan.kernel @first {bindings = 1 : i64, op = "first"}
  plan.buffer @l {bytes = [#plan.size<2048, 1, 0, 0>], element = f32, row_shape = array<i64: 512>, rows = 5 : i64}
  plan.buffer @m {bytes = [#plan.size<2048, 1, 0, 0>], element = f32, row_shape = array<i64: 512>, rows = 5 : i64}
  plan.buffer @z {bytes = [#plan.size<4, 1, 0, 0>], element = bf16, row_shape = array<i64: 256>, rows = 1 : i64}
  plan.launch @first grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<buffer, out, @l>] {group = "main", layer = 0 : i64}
  plan.launch @first grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<buffer, out, @m>] {group = "mtp", layer = 0 : i64}
  plan.launch @first grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<buffer, out, @z>] {group = "main", layer = 0 : i64}
}

// -----

// Launch 1 and 2 run together: what 1 reads is in use while 2 writes, so @c may not have the slot of @a, which launch 2
// could have taken behind a barrier.
// CHECK: plan.buffer @a {{.*}}first_launch = 0 : i64, last_launch = 1 : i64{{.*}}slot = [[A:[0-9]+]] : i64
// CHECK-NOT: plan.buffer @c {{.*}}slot = [[A]] : i64
// CHECK: plan.buffer @l {{.*}}
plan.program attributes {envelope = #v4.envelope<tokens = 16, sequences = 2, context = 256, draft = 1>, logits = @l, model = #v4.model<vocab = 512, hidden = 256, layers = 1, window = 128, eos = 1, mtp = false, digest = "00">, options = {}, producer = "v4c", target = #kernel.target<"cpu:x86-64-v3", cpu = "x86-64-v3", features = ["avx2"], vector_bits = 256>} {
  plan.kernel @first {bindings = 1 : i64, op = "first"}
  plan.kernel @step {bindings = 2 : i64, op = "step"}
  plan.kernel @both {bindings = 3 : i64, op = "both"}
  plan.buffer @a {bytes = [#plan.size<512, 1, 0, 0>], element = bf16, row_shape = array<i64: 256>, rows = 1 : i64}
  plan.buffer @b {bytes = [#plan.size<512, 1, 0, 0>], element = bf16, row_shape = array<i64: 256>, rows = 1 : i64}
  plan.buffer @c {bytes = [#plan.size<512, 1, 0, 0>], element = bf16, row_shape = array<i64: 256>, rows = 1 : i64}
  plan.buffer @l {bytes = [#plan.size<2048, 1, 0, 0>], element = f32, row_shape = array<i64: 512>, rows = 5 : i64}
  plan.launch @first grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<buffer, out, @a>] {group = "main", layer = 0 : i64}
  plan.launch @step grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<buffer, in, @a>, #plan.binding<buffer, out, @b>] {group = "main", layer = 0 : i64}
  plan.launch @first grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<buffer, out, @c>] {barrier = false, group = "main", layer = 0 : i64}
  plan.launch @both grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<buffer, in, @b>, #plan.binding<buffer, in, @c>, #plan.binding<buffer, out, @l>] {group = "main", layer = 0 : i64}
}
