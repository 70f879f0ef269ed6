// RUN: not v4-opt --v4-add-sampling -split-input-file %s 2>/dev/null | FileCheck %s
// RUN: v4-opt --v4-add-sampling -split-input-file -verify-diagnostics -o /dev/null %s
// RUN: not v4-opt --v4-add-sampling --v4-plan-arena -split-input-file %s 2>/dev/null | FileCheck %s --check-prefix=ARENA

// One launch for each kind of logits, behind all others; rows of 48 bytes.
// CHECK-LABEL: plan.program
// CHECK: plan.kernel @sample_rows_0 {bindings = 2 : i64, costs = [#plan.cost<activation_bytes, logits, 2048, ratio = 1, most = 0>], op = "sample_rows"}
// CHECK: plan.buffer @samples {bytes = [#plan.size<48, 1, 0, 0>], element = i32, row_shape = array<i64: 12>, rows = 5 : i64}
// CHECK-NEXT: plan.buffer @mtp_samples {bytes = [#plan.size<48, 1, 0, 0>], element = i32
// CHECK: plan.launch @head {{.*}}group = "mtp"
// CHECK-NEXT: plan.launch @sample_rows_0 grid #kernel.grid<rows = 5, tile = 1, tiles = 1> bindings [#plan.binding<buffer, in, @l>, #plan.binding<buffer, out, @samples>] {group = "sample"}
// CHECK-NEXT: plan.launch @sample_rows_0 grid #kernel.grid<rows = 5, tile = 1, tiles = 1> bindings [#plan.binding<buffer, in, @m>, #plan.binding<buffer, out, @mtp_samples>] {group = "mtp_sample"}
// CHECK-NEXT: }
// CHECK: func.func private @sample_rows_0(%{{.*}}: index, %{{.*}}: index, %{{.*}}: memref<?xf32>, %{{.*}}: memref<?xi32>) attributes {kernel.entry, kernel.op = "sample_rows"}
// CHECK-NEXT: kernel.run_template "sampleRows" values [1024] arguments [#kernel.argument<address, binding = 0, value = 0>, #kernel.argument<address, binding = 1, value = 0>, #kernel.argument<rows, binding = -1, value = 1>, #kernel.argument<word, binding = -1, value = 512>] most 0
// CHECK-NEXT: return

// Logits of both live to the end: what is asked of them lies elsewhere. The rows may share one place.
// ARENA: plan.buffer @l {{.*}}last_launch = 3 : i64{{.*}}slot = [[L:[0-9]+]] : i64
// ARENA-NOT: slot = [[L]] : i64
// ARENA: plan.launch
plan.program attributes {envelope = #v4.envelope<tokens = 16, sequences = 2, context = 256, draft = 1>, logits = @l, mtp_logits = @m, model = #v4.model<vocab = 512, hidden = 256, layers = 1, window = 128, eos = 1, mtp = true, digest = "00">, options = {}, producer = "v4c", target = #kernel.target<"cuda:sm_90a", cpu = "sm_90a", features = [], vector_bits = 128, limits = <threads = 1024, shared_bytes = 232448, registers = 65536, processors = 132>>} {
  plan.kernel @head {bindings = 1 : i64, op = "head"}
  plan.buffer @l {bytes = [#plan.size<2048, 1, 0, 0>], element = f32, row_shape = array<i64: 512>, rows = 5 : i64}
  plan.buffer @m {bytes = [#plan.size<2048, 1, 0, 0>], element = f32, row_shape = array<i64: 512>, rows = 5 : i64}
  plan.launch @head grid #kernel.grid<rows = 5, tile = 1, tiles = 1> bindings [#plan.binding<buffer, out, @l>] {group = "main", layer = -1 : i64}
  plan.launch @head grid #kernel.grid<rows = 5, tile = 1, tiles = 1> bindings [#plan.binding<buffer, out, @m>] {group = "mtp", layer = 1 : i64}
}

// -----

// Without the MTP block, the launch of the model's logits alone.
// CHECK-LABEL: plan.program
// CHECK-NOT: mtp_samples
// CHECK: {group = "sample"}
// CHECK-NEXT: }
plan.program attributes {envelope = #v4.envelope<tokens = 16, sequences = 2, context = 256, draft = 1>, logits = @l, model = #v4.model<vocab = 512, hidden = 256, layers = 1, window = 128, eos = 1, mtp = false, digest = "00">, options = {}, producer = "v4c", target = #kernel.target<"cuda:sm_90a", cpu = "sm_90a", features = [], vector_bits = 128, limits = <threads = 1024, shared_bytes = 232448, registers = 65536, processors = 132>>} {
  plan.kernel @head {bindings = 1 : i64, op = "head"}
  plan.buffer @l {bytes = [#plan.size<2048, 1, 0, 0>], element = f32, row_shape = array<i64: 512>, rows = 5 : i64}
  plan.launch @head grid #kernel.grid<rows = 5, tile = 1, tiles = 1> bindings [#plan.binding<buffer, out, @l>] {group = "main", layer = -1 : i64}
}

// -----

// Near miss: another GPU.
// CHECK-LABEL: plan.program
// CHECK-NOT: sample
// expected-remark @below {{v4-add-sampling: its kernels are made for sm_90a; logits go to the host}}
plan.program attributes {envelope = #v4.envelope<tokens = 16, sequences = 2, context = 256, draft = 1>, logits = @l, model = #v4.model<vocab = 512, hidden = 256, layers = 1, window = 128, eos = 1, mtp = false, digest = "00">, options = {}, producer = "v4c", target = #kernel.target<"cuda:sm_100a", cpu = "sm_100a", features = [], vector_bits = 128, limits = <threads = 1024, shared_bytes = 232448, registers = 65536, processors = 132>>} {
  plan.kernel @head {bindings = 1 : i64, op = "head"}
  plan.buffer @l {bytes = [#plan.size<2048, 1, 0, 0>], element = f32, row_shape = array<i64: 512>, rows = 5 : i64}
  plan.launch @head grid #kernel.grid<rows = 5, tile = 1, tiles = 1> bindings [#plan.binding<buffer, out, @l>] {group = "main", layer = -1 : i64}
}

// -----

// Near miss: no launch.
// CHECK-LABEL: plan.program
// CHECK-NOT: sample
// expected-remark @below {{v4-add-sampling: the program has no launch; logits go to the host}}
plan.program attributes {envelope = #v4.envelope<tokens = 16, sequences = 2, context = 256, draft = 1>, logits = @l, model = #v4.model<vocab = 512, hidden = 256, layers = 1, window = 128, eos = 1, mtp = false, digest = "00">, options = {}, producer = "v4c", target = #kernel.target<"cuda:sm_90a", cpu = "sm_90a", features = [], vector_bits = 128, limits = <threads = 1024, shared_bytes = 232448, registers = 65536, processors = 132>>} {
  plan.buffer @l {bytes = [#plan.size<2048, 1, 0, 0>], element = f32, row_shape = array<i64: 512>, rows = 5 : i64}
}

// -----

// The arena has no place for its rows any more.
// expected-error @below {{'plan.program' op has arena slots already; run --v4-add-sampling before --v4-plan-arena}}
plan.program attributes {envelope = #v4.envelope<tokens = 16, sequences = 2, context = 256, draft = 1>, logits = @l, model = #v4.model<vocab = 512, hidden = 256, layers = 1, window = 128, eos = 1, mtp = false, digest = "00">, options = {}, producer = "v4c", slots = 1 : i64, target = #kernel.target<"cuda:sm_90a", cpu = "sm_90a", features = [], vector_bits = 128, limits = <threads = 1024, shared_bytes = 232448, registers = 65536, processors = 132>>} {
  plan.kernel @head {bindings = 1 : i64, op = "head"}
  plan.buffer @l {bytes = [#plan.size<2048, 1, 0, 0>], element = f32, row_shape = array<i64: 512>, rows = 5 : i64}
  plan.launch @head grid #kernel.grid<rows = 5, tile = 1, tiles = 1> bindings [#plan.binding<buffer, out, @l>] {group = "main", layer = -1 : i64}
}
