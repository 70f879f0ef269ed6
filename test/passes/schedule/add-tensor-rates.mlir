// RUN: v4-opt --v4-add-tensor-rates -split-input-file -verify-diagnostics %s | FileCheck %s

// Behind all other kernels; no launch has them.
// CHECK-LABEL: plan.program
// CHECK: plan.kernel @head
// CHECK-NEXT: plan.kernel @fp8_tensor_rate_0 {bindings = 1 : i64, costs = [#plan.cost<dot_flops, one, 33554432, ratio = 1, most = 0>], op = "fp8_tensor_rate"}
// CHECK-NEXT: plan.kernel @bf16_tensor_rate_0 {bindings = 1 : i64, costs = [#plan.cost<dot_flops, one, 16777216, ratio = 1, most = 0>], op = "bf16_tensor_rate"}
// CHECK-NEXT: plan.buffer @l
// CHECK-NEXT: plan.launch @head {{.*}}{group = "main"}
// CHECK-NEXT: }
// CHECK: func.func private @fp8_tensor_rate_0(%{{.*}}: index, %{{.*}}: index, %{{.*}}: memref<?xf32>) attributes {kernel.entry, kernel.op = "fp8_tensor_rate"}
// CHECK-NEXT: kernel.run_template "tensorRate" values [0, 2] arguments [#kernel.argument<address, binding = 0, value = 0>, #kernel.argument<rows, binding = -1, value = 1>] most 0
// CHECK-NEXT: return
// CHECK: func.func private @bf16_tensor_rate_0
// CHECK-NEXT: kernel.run_template "tensorRate" values [1, 2]
plan.program attributes {envelope = #v4.envelope<tokens = 16, sequences = 2, context = 256, draft = 1>, logits = @l, model = #v4.model<vocab = 512, hidden = 256, layers = 1, window = 128, eos = 1, mtp = false, digest = "00">, options = {}, producer = "v4c", target = #kernel.target<"cuda:sm_90a", cpu = "sm_90a", features = [], vector_bits = 128, limits = <threads = 1024, shared_bytes = 232448, registers = 65536, processors = 132>>} {
  plan.kernel @head {bindings = 1 : i64, op = "head"}
  plan.buffer @l {bytes = [#plan.size<2048, 1, 0, 0>], element = f32, row_shape = array<i64: 512>, rows = 5 : i64}
  plan.launch @head grid #kernel.grid<rows = 5, tile = 1, tiles = 1> bindings [#plan.binding<buffer, out, @l>] {group = "main", layer = -1 : i64}
}

// -----

// Near miss: another GPU.
// CHECK-LABEL: plan.program
// CHECK-NOT: tensor_rate
// expected-remark @below {{v4-add-tensor-rates: its kernels are made for sm_90a; rates are not measured}}
plan.program attributes {envelope = #v4.envelope<tokens = 16, sequences = 2, context = 256, draft = 1>, logits = @l, model = #v4.model<vocab = 512, hidden = 256, layers = 1, window = 128, eos = 1, mtp = false, digest = "00">, options = {}, producer = "v4c", target = #kernel.target<"cuda:sm_100a", cpu = "sm_100a", features = [], vector_bits = 128, limits = <threads = 1024, shared_bytes = 232448, registers = 65536, processors = 132>>} {
  plan.kernel @head {bindings = 1 : i64, op = "head"}
  plan.buffer @l {bytes = [#plan.size<2048, 1, 0, 0>], element = f32, row_shape = array<i64: 512>, rows = 5 : i64}
  plan.launch @head grid #kernel.grid<rows = 5, tile = 1, tiles = 1> bindings [#plan.binding<buffer, out, @l>] {group = "main", layer = -1 : i64}
}

// -----

// Near miss: no launch.
// CHECK-LABEL: plan.program
// CHECK-NOT: tensor_rate
// expected-remark @below {{v4-add-tensor-rates: the program has no launch; rates are not measured}}
plan.program attributes {envelope = #v4.envelope<tokens = 16, sequences = 2, context = 256, draft = 1>, logits = @l, model = #v4.model<vocab = 512, hidden = 256, layers = 1, window = 128, eos = 1, mtp = false, digest = "00">, options = {}, producer = "v4c", target = #kernel.target<"cuda:sm_90a", cpu = "sm_90a", features = [], vector_bits = 128, limits = <threads = 1024, shared_bytes = 232448, registers = 65536, processors = 132>>} {
  plan.buffer @l {bytes = [#plan.size<2048, 1, 0, 0>], element = f32, row_shape = array<i64: 512>, rows = 5 : i64}
}
