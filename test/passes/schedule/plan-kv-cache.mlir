// RUN: v4-opt --v4-plan-kv-cache -split-input-file %s | FileCheck %s

// Pools of the group main first, 64-aligned, in plan order: 32 * 584 = 18688, + 584 -> 19328, + 32 * 68 = 2176 -> 21504.
// CHECK: plan.program
// CHECK-SAME: page_bytes = 21504 : i64
// CHECK-SAME: state_bytes = 151040 : i64
// CHECK: plan.pool @mtp.window {{.*}}offset = 75648 : i64
// CHECK: plan.pool @layers.2.rows {{.*}}offset = 0 : i64
// CHECK: plan.pool @layers.3.rows {{.*}}offset = 18688 : i64
// CHECK: plan.pool @layers.2.keys {{.*}}offset = 19328 : i64
// CHECK: plan.pool @streams {{.*}}offset = 0 : i64
// CHECK: plan.pool @layers.2.window {{.*}}offset = 256 : i64
plan.program attributes {envelope = #v4.envelope<tokens = 16, sequences = 2, context = 256, draft = 1>, logits = @l, model = #v4.model<vocab = 512, hidden = 256, layers = 1, window = 128, eos = 1, mtp = false, digest = "00">, options = {}, producer = "v4c", target = #kernel.target<"cpu:x86-64-v3", cpu = "x86-64-v3", features = ["avx2"], vector_bits = 256>} {
  plan.pool @mtp.window {group = "mtp", type = !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 512, rope = 64>}
  plan.pool @layers.2.rows {group = "main", type = !v4.cache<page, ratio = 4, kv_compact, rows = 32, values = 512, rope = 64>}
  plan.pool @layers.3.rows {group = "main", type = !v4.cache<page, ratio = 128, kv_compact, rows = 1, values = 512, rope = 64>}
  plan.pool @layers.2.keys {group = "main", type = !v4.cache<page, ratio = 4, index_fp4, rows = 32, values = 128, rope = 0>}
  plan.pool @streams {group = "main", type = !v4.cache<state, ratio = 0, bf16, rows = 1, values = 100, rope = 0>}
  plan.pool @layers.2.window {group = "main", type = !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 512, rope = 64>}
  plan.kernel @first {bindings = 1 : i64, op = "first"}
  plan.buffer @l {bytes = [#plan.size<2048, 1, 0, 0>], element = f32, row_shape = array<i64: 512>, rows = 5 : i64}
}

// -----

// Without pools pages and states are empty.
// CHECK: plan.program
// CHECK-SAME: page_bytes = 0 : i64
// CHECK-SAME: state_bytes = 0 : i64
plan.program attributes {envelope = #v4.envelope<tokens = 16, sequences = 2, context = 256, draft = 1>, logits = @l, model = #v4.model<vocab = 512, hidden = 256, layers = 1, window = 128, eos = 1, mtp = false, digest = "00">, options = {}, producer = "v4c", target = #kernel.target<"cpu:x86-64-v3", cpu = "x86-64-v3", features = ["avx2"], vector_bits = 256>} {
  plan.kernel @first {bindings = 1 : i64, op = "first"}
  plan.buffer @l {bytes = [#plan.size<2048, 1, 0, 0>], element = f32, row_shape = array<i64: 512>, rows = 5 : i64}
}
