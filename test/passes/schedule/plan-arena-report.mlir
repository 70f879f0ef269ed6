// RUN: v4-opt --v4-plan-arena=dump-lifetimes -split-input-file -verify-diagnostics %s

// What dump-lifetimes says.
// expected-remark @+1 {{3 buffers of 49152 bytes share 2 slots of 40960 bytes at the envelope}}
plan.program attributes {envelope = #v4.envelope<tokens = 16, sequences = 2, context = 256, draft = 1>, logits = @l, model = #v4.model<vocab = 512, hidden = 256, layers = 1, window = 128, eos = 1, mtp = false, digest = "00">, options = {}, producer = "v4c", target = #kernel.target<"cpu:x86-64-v3", cpu = "x86-64-v3", features = ["avx2"], vector_bits = 256>} {
  plan.kernel @first {bindings = 1 : i64, op = "first"}
  plan.kernel @step {bindings = 2 : i64, op = "step"}
  // expected-remark @+1 {{'a' lives in slot 0 from launch 0 to 1 with 8192 bytes at the envelope}}
  plan.buffer @a {bytes = [#plan.size<512, 1, 0, 0>], element = bf16, row_shape = array<i64: 256>, rows = 1 : i64}
  // expected-remark @+1 {{'l' lives in slot 0 from launch 2 to 2 with 32768 bytes at the envelope}}
  plan.buffer @l {bytes = [#plan.size<2048, 1, 0, 0>], element = f32, row_shape = array<i64: 512>, rows = 5 : i64}
  // expected-remark @+1 {{'b' lives in slot 1 from launch 1 to 2 with 8192 bytes at the envelope}}
  plan.buffer @b {bytes = [#plan.size<512, 1, 0, 0>], element = bf16, row_shape = array<i64: 256>, rows = 1 : i64}
  plan.launch @first grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<buffer, out, @a>] {group = "main", layer = 0 : i64}
  plan.launch @step grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<buffer, in, @a>, #plan.binding<buffer, out, @b>] {group = "main", layer = 0 : i64}
  plan.launch @step grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<buffer, in, @b>, #plan.binding<buffer, out, @l>] {group = "main", layer = 0 : i64}
}

// -----

// No program.
// expected-error @+1 {{has 0 plan.program ops, expected one; run --v4-build-program first}}
module {
}

// -----

// A buffer that nothing writes.
plan.program attributes {envelope = #v4.envelope<tokens = 16, sequences = 2, context = 256, draft = 1>, logits = @l, model = #v4.model<vocab = 512, hidden = 256, layers = 1, window = 128, eos = 1, mtp = false, digest = "00">, options = {}, producer = "v4c", target = #kernel.target<"cpu:x86-64-v3", cpu = "x86-64-v3", features = ["avx2"], vector_bits = 256>} {
  plan.kernel @first {bindings = 1 : i64, op = "first"}
  plan.kernel @step {bindings = 2 : i64, op = "step"}
  plan.buffer @a {bytes = [#plan.size<512, 1, 0, 0>], element = bf16, row_shape = array<i64: 256>, rows = 1 : i64}
  plan.buffer @l {bytes = [#plan.size<2048, 1, 0, 0>], element = f32, row_shape = array<i64: 512>, rows = 5 : i64}
  // expected-error @+1 {{'b' is written by no launch in front of its readers}}
  plan.buffer @b {bytes = [#plan.size<512, 1, 0, 0>], element = bf16, row_shape = array<i64: 256>, rows = 1 : i64}
  plan.launch @first grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<buffer, out, @a>] {group = "main", layer = 0 : i64}
  plan.launch @first grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<buffer, out, @l>] {group = "main", layer = 0 : i64}
}

// -----

// A reader in front of the writer.
plan.program attributes {envelope = #v4.envelope<tokens = 16, sequences = 2, context = 256, draft = 1>, logits = @l, model = #v4.model<vocab = 512, hidden = 256, layers = 1, window = 128, eos = 1, mtp = false, digest = "00">, options = {}, producer = "v4c", target = #kernel.target<"cpu:x86-64-v3", cpu = "x86-64-v3", features = ["avx2"], vector_bits = 256>} {
  plan.kernel @first {bindings = 1 : i64, op = "first"}
  plan.kernel @step {bindings = 2 : i64, op = "step"}
  plan.buffer @a {bytes = [#plan.size<512, 1, 0, 0>], element = bf16, row_shape = array<i64: 256>, rows = 1 : i64}
  plan.buffer @l {bytes = [#plan.size<2048, 1, 0, 0>], element = f32, row_shape = array<i64: 512>, rows = 5 : i64}
  plan.buffer @b {bytes = [#plan.size<512, 1, 0, 0>], element = bf16, row_shape = array<i64: 256>, rows = 1 : i64}
  // expected-error @+1 {{reads @a, which no launch in front of it writes}}
  plan.launch @step grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<buffer, in, @a>, #plan.binding<buffer, out, @b>] {group = "main", layer = 0 : i64}
  plan.launch @first grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<buffer, out, @a>] {group = "main", layer = 0 : i64}
  plan.launch @first grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<buffer, out, @l>] {group = "main", layer = 0 : i64}
}

// -----

// Sizes stay below 2^46.
plan.program attributes {envelope = #v4.envelope<tokens = 16, sequences = 2, context = 256, draft = 1>, logits = @l, model = #v4.model<vocab = 512, hidden = 256, layers = 1, window = 128, eos = 1, mtp = false, digest = "00">, options = {}, producer = "v4c", target = #kernel.target<"cpu:x86-64-v3", cpu = "x86-64-v3", features = ["avx2"], vector_bits = 256>} {
  plan.kernel @first {bindings = 1 : i64, op = "first"}
  // expected-error @+1 {{'l' has no size below 70368744177664 bytes at the envelope}}
  plan.buffer @l {bytes = [#plan.size<35184372088832, 1, 0, 0>], element = f32, row_shape = array<i64: 512>, rows = 5 : i64}
  plan.launch @first grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<buffer, out, @l>] {group = "main", layer = 0 : i64}
}
