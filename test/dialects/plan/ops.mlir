// Every op and attribute of plan, printed and parsed again.
// RUN: v4-opt %s | v4-opt | FileCheck %s
// RUN: v4-opt %s --mlir-print-op-generic | v4-opt | FileCheck %s

// CHECK: plan.program attributes {
// CHECK-SAME: logits = @logits
// CHECK-SAME: mtp_logits = @mtp_logits
// CHECK-SAME: page_bytes = 64 : i64
plan.program attributes {
  producer = "v4c 0.1.0", options = {threads = "2"},
  target = #kernel.target<"cpu:x86-64-v3", cpu = "x86-64-v3", features = ["avx2"], vector_bits = 256>,
  model = #v4.model<vocab = 512, hidden = 256, layers = 1, window = 128, eos = 1, mtp = true, digest = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef">,
  envelope = #v4.envelope<tokens = 256, sequences = 4, context = 4096, draft = 1>,
  logits = @logits, mtp_logits = @mtp_logits, slots = 2 : i64, page_bytes = 64 : i64, state_bytes = 51904 : i64
} {
  // CHECK: plan.buffer @x {bytes = [#plan.size<512, 1, 0, 0>], element = bf16, first_launch = 0 : i64, last_launch = 1 : i64, row_shape = array<i64: 256>, rows = 1 : i64, slot = 0 : i64}
  plan.buffer @x {element = bf16, rows = 1 : i64, row_shape = array<i64: 256>, bytes = [#plan.size<512, 1, 0, 0>], slot = 0 : i64, first_launch = 0 : i64, last_launch = 1 : i64}
  // CHECK: plan.buffer @scores {bytes = [#plan.size<4, 1, 0, 1>, #plan.size<64, 0, 0, 0>], element = f32, row_shape = array<i64: 0>, rows = 1 : i64}
  plan.buffer @scores {element = f32, rows = 1 : i64, row_shape = array<i64: 0>, bytes = [#plan.size<4, 1, 0, 1>, #plan.size<64, 0, 0, 0>]}
  plan.buffer @logits {element = f32, rows = 5 : i64, row_shape = array<i64: 512>, bytes = [#plan.size<2048, 1, 0, 0>], slot = 1 : i64, first_launch = 1 : i64, last_launch = 1 : i64}
  plan.buffer @mtp_logits {element = f32, rows = 5 : i64, row_shape = array<i64: 512>, bytes = [#plan.size<2048, 1, 0, 0>]}
  // CHECK: plan.weight @norm {bytes = 512 : i64, element = bf16, in_tables = false, layout = "row_major", recipe = "copy", shape = array<i64: 256>, sources = ["norm.weight"]}
  plan.weight @norm {element = bf16, shape = array<i64: 256>, layout = "row_major", in_tables = false, bytes = 512 : i64, sources = ["norm.weight"], recipe = "copy"}
  // CHECK: plan.weight @scales {bytes = 64 : i64, element = f8E8M0FNU, exact_forms = ["normal_scales", "e4m3_per_128"], in_tables = false, layout = "row_major", recipe = "quantize_e2m1_scales", shape = array<i64: 8, 8>, sources = ["w.weight"]}
  plan.weight @scales {element = f8E8M0FNU, shape = array<i64: 8, 8>, layout = "row_major", in_tables = false, bytes = 64 : i64, sources = ["w.weight"], recipe = "quantize_e2m1_scales", exact_forms = ["normal_scales", "e4m3_per_128"]}
  // CHECK: plan.weight @codes {{.*}} element = f4E2M1FN
  plan.weight @codes {element = f4E2M1FN, shape = array<i64: 2, 3>, layout = "row_major", in_tables = true, bytes = 3 : i64, sources = ["a", "b"], recipe = "i64_to_i32"}
  // CHECK: plan.pool @layers.0.window {group = "main", offset = 0 : i64, reach = array<i64: 1, 127, 0>, type = !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64>}
  plan.pool @layers.0.window {type = !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64>, group = "main", offset = 0 : i64, reach = array<i64: 1, 127, 0>}
  // CHECK: plan.kernel @rms_norm_0 {bindings = 4 : i64, op = "rms_norm", stack_bytes = 64 : i64}
  plan.kernel @rms_norm_0 {op = "rms_norm", bindings = 4 : i64, stack_bytes = 64 : i64}
  // CHECK: plan.kernel @attention_0 {bindings = 3 : i64, costs = [#plan.cost<cache_bytes, visible_union, 328, ratio = 4, most = 16>], hits = 1 : i64, op = "attention"}
  plan.kernel @attention_0 {op = "attention", bindings = 3 : i64, costs = [#plan.cost<cache_bytes, visible_union, 328, ratio = 4, most = 16>], hits = 1 : i64}
  // CHECK: plan.launch @attention_0 grid #kernel.grid<rows = 1, tile = 1, tiles = 8> bindings [#plan.binding<pool, in, @layers.0.window>, #plan.binding<buffer, out, @x>, #plan.binding<step, in, @step>] {group = "main", layer = 0 : i64}
  plan.launch @attention_0 grid #kernel.grid<rows = 1, tile = 1, tiles = 8> bindings [#plan.binding<pool, in, @layers.0.window>, #plan.binding<buffer, out, @x>, #plan.binding<step, in, @step, 0>] {group = "main", layer = 0 : i64}
  // CHECK: plan.launch @rms_norm_0 grid #kernel.grid<rows = 5, tile = 4, tiles = 1> bindings [#plan.binding<buffer, in, @x>, #plan.binding<weight, in, @norm>, #plan.binding<buffer, out, @logits>, #plan.binding<step, in, @step, 12>] {group = "mtp"}
  plan.launch @rms_norm_0 grid #kernel.grid<rows = 5, tile = 4, tiles = 1> bindings [#plan.binding<buffer, in, @x>, #plan.binding<weight, in, @norm>, #plan.binding<buffer, out, @logits>, #plan.binding<step, in, @step, 12>] {group = "mtp"}
  // CHECK: plan.probe "logits" of @logits after 1
  plan.probe "logits" of @logits after 1
  // CHECK: plan.collective "sum" @x
  plan.collective "sum" @x
  // CHECK: plan.code dense<[127, 69, 76, 70]> : tensor<4xi8>
  plan.code dense<[127, 69, 76, 70]> : tensor<4xi8>
}

// Before memory is planned.
// CHECK: plan.program attributes {
// CHECK-NOT: slots
plan.program attributes {
  producer = "", options = {},
  target = #kernel.target<"cpu:x86-64-v3", cpu = "x86-64-v3", features = [], vector_bits = 256>,
  model = #v4.model<vocab = 512, hidden = 256, layers = 1, window = 128, eos = 1, mtp = false, digest = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef">,
  envelope = #v4.envelope<tokens = 256, sequences = 4, context = 4096, draft = 0>,
  logits = @logits
} {
  plan.buffer @logits {element = f32, rows = 5 : i64, row_shape = array<i64: 512>, bytes = [#plan.size<2048, 1, 0, 0>]}
}

// A kernel for a GPU that is an instance of a template.
// CHECK: plan.kernel @linear_0 {bindings = 3 : i64, block = #plan.block<threads = 160, shared_bytes = 1024, cluster = 4, registers = 40, image = 0 : 64, call = <"bf16Linear_64_1_8_1", most = 132, arguments = [#kernel.argument<map, binding = 0, value = 1, map = <bf16, columns = 256, box = 64 : 64, swizzle = 128>>, #kernel.argument<word, binding = -1, value = 256>]>>, op = "linear", stack_bytes = 0 : i64}
plan.program attributes {producer = "", options = {}, target = #kernel.target<"cuda:sm_90a", cpu = "sm_90a", features = [], vector_bits = 128, limits = <threads = 1024, shared_bytes = 232448, registers = 65536, processors = 132>>, model = #v4.model<vocab = 512, hidden = 256, layers = 1, window = 128, eos = 1, mtp = false, digest = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef">, envelope = #v4.envelope<tokens = 256, sequences = 4, context = 4096, draft = 0>, logits = @logits} {
  plan.buffer @logits {element = f32, rows = 5 : i64, row_shape = array<i64: 512>, bytes = [#plan.size<2048, 1, 0, 0>]}
  plan.kernel @linear_0 {bindings = 3 : i64, block = #plan.block<threads = 160, shared_bytes = 1024, cluster = 4, registers = 40, image = 0 : 64, call = <"bf16Linear_64_1_8_1", most = 132, arguments = [#kernel.argument<map, binding = 0, value = 1, map = <bf16, columns = 256, box = 64 : 64, swizzle = 128>>, #kernel.argument<word, binding = -1, value = 256>]>>, op = "linear", stack_bytes = 0 : i64}
}

// A kernel with another for few rows.
// CHECK: plan.kernel @k {bindings = 1 : i64, block = #plan.block<threads = 32, shared_bytes = 0, cluster = 1, registers = 8, image = 0 : 64>, op = "scale", stack_bytes = 0 : i64, variants = [#plan.variant<most_rows = 8, tile = 8, tiles = 1, block = <threads = 32, shared_bytes = 0, cluster = 1, registers = 8, image = 0 : 64>>]}
plan.program attributes {producer = "", options = {}, target = #kernel.target<"cuda:sm_90a", cpu = "sm_90a", features = [], vector_bits = 128, limits = <threads = 1024, shared_bytes = 232448, registers = 65536, processors = 132>>, model = #v4.model<vocab = 512, hidden = 256, layers = 1, window = 128, eos = 1, mtp = false, digest = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef">, envelope = #v4.envelope<tokens = 256, sequences = 4, context = 4096, draft = 0>, logits = @logits} {
  plan.buffer @logits {element = f32, rows = 5 : i64, row_shape = array<i64: 512>, bytes = [#plan.size<2048, 1, 0, 0>]}
  plan.kernel @k {bindings = 1 : i64, block = #plan.block<threads = 32, shared_bytes = 0, cluster = 1, registers = 8, image = 0 : 64>, op = "scale", stack_bytes = 0 : i64, variants = [#plan.variant<most_rows = 8, tile = 8, tiles = 1, block = #plan.block<threads = 32, shared_bytes = 0, cluster = 1, registers = 8, image = 0 : 64>>]}
}
