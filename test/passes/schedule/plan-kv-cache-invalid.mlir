// RUN: v4-opt --v4-plan-kv-cache -split-input-file -verify-diagnostics %s

// A state block has a size that can be allocated.
plan.program attributes {envelope = #v4.envelope<tokens = 16, sequences = 2, context = 256, draft = 1>, logits = @l, model = #v4.model<vocab = 512, hidden = 256, layers = 1, window = 128, eos = 1, mtp = false, digest = "00">, options = {}, producer = "v4c", target = #kernel.target<"cpu:x86-64-v3", cpu = "x86-64-v3", features = ["avx2"], vector_bits = 256>} {
  // expected-error @+1 {{takes its page or state block above 2^40 bytes}}
  plan.pool @p {group = "main", type = !v4.cache<state, ratio = 0, f32, rows = 2147483647, values = 1024, rope = 0>}
  plan.kernel @first {bindings = 1 : i64, op = "first"}
  plan.buffer @l {bytes = [#plan.size<2048, 1, 0, 0>], element = f32, row_shape = array<i64: 512>, rows = 5 : i64}
}
