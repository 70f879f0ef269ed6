// RUN: v4-opt --v4-verify-plan -split-input-file -verify-diagnostics %s

// A sound plan.
func.func @first(%begin: index, %end: index, %0: memref<?xi8>) attributes {kernel.entry, kernel.op = "first"} {
  return
}
func.func @step(%begin: index, %end: index, %0: memref<?xi8>, %1: memref<?xi8>, %2: memref<?xi8>) attributes {kernel.entry, kernel.op = "step"} {
  return
}
func.func @keep(%begin: index, %end: index, %0: memref<?xi8>, %1: memref<?xi8>) attributes {kernel.entry, kernel.op = "keep"} {
  return
}
plan.program attributes {envelope = #v4.envelope<tokens = 16, sequences = 2, context = 256, draft = 1>, logits = @l, model = #v4.model<vocab = 512, hidden = 256, layers = 1, window = 128, eos = 1, mtp = true, digest = "00">, mtp_logits = @m, options = {}, producer = "v4c", target = #kernel.target<"cpu:x86-64-v3", cpu = "x86-64-v3", features = ["avx2"], vector_bits = 256>, page_bytes = 0 : i64, slots = 2 : i64, state_bytes = 86784 : i64} {
  plan.pool "win" {group = "main", offset = 0 : i64, type = !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64>}
  plan.pool "old" {group = "mtp", offset = 43392 : i64, type = !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64>}
  plan.weight "w" {bytes = 512 : i64, element = bf16, in_tables = false, layout = "row_major", recipe = "copy", shape = array<i64: 256>, sources = ["n"]}
  plan.kernel "first" {bindings = 1 : i64, op = "first"}
  plan.kernel "step" {bindings = 3 : i64, op = "step"}
  plan.kernel "keep" {bindings = 2 : i64, op = "keep"}
  plan.buffer "a" {bytes = [#plan.size<512, 1, 0, 0>], element = bf16, first_launch = 0 : i64, last_launch = 2 : i64, row_shape = array<i64: 256>, rows = 1 : i64, slot = 0 : i64}
  plan.buffer "b" {bytes = [#plan.size<512, 1, 0, 0>], element = bf16, first_launch = 1 : i64, last_launch = 2 : i64, row_shape = array<i64: 256>, rows = 1 : i64, slot = 1 : i64}
  plan.buffer "l" {bytes = [#plan.size<2048, 1, 0, 0>], element = f32, first_launch = 3 : i64, last_launch = 5 : i64, row_shape = array<i64: 512>, rows = 5 : i64, slot = 0 : i64}
  plan.buffer "m" {bytes = [#plan.size<2048, 1, 0, 0>], element = f32, first_launch = 4 : i64, last_launch = 5 : i64, row_shape = array<i64: 512>, rows = 5 : i64, slot = 1 : i64}
  plan.launch @first grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<buffer, out, @a>] {group = "main", layer = 0 : i64}
  plan.launch @step grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<buffer, in, @a>, #plan.binding<weight, in, @w>, #plan.binding<buffer, out, @b>] {group = "main", layer = 0 : i64}
  plan.launch @step grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<buffer, in, @a>, #plan.binding<buffer, in, @b>, #plan.binding<pool, out, @win>] {group = "main", layer = 0 : i64}
  plan.launch @first grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<buffer, out, @l>] {group = "main", layer = 0 : i64}
  plan.launch @keep grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<pool, in, @old>, #plan.binding<buffer, out, @m>] {group = "mtp", layer = 1 : i64}
  plan.launch @first grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<step, in, @step, 1>] {group = "mtp", layer = 0 : i64}
  plan.probe "x" of @a after 0
}

// -----

// No arena yet.
func.func @first(%begin: index, %end: index, %0: memref<?xi8>) attributes {kernel.entry, kernel.op = "first"} {
  return
}
func.func @step(%begin: index, %end: index, %0: memref<?xi8>, %1: memref<?xi8>, %2: memref<?xi8>) attributes {kernel.entry, kernel.op = "step"} {
  return
}
func.func @keep(%begin: index, %end: index, %0: memref<?xi8>, %1: memref<?xi8>) attributes {kernel.entry, kernel.op = "keep"} {
  return
}
// expected-error @+1 {{has no slots; run --v4-plan-arena first}}
plan.program attributes {envelope = #v4.envelope<tokens = 16, sequences = 2, context = 256, draft = 1>, logits = @l, model = #v4.model<vocab = 512, hidden = 256, layers = 1, window = 128, eos = 1, mtp = true, digest = "00">, mtp_logits = @m, options = {}, producer = "v4c", target = #kernel.target<"cpu:x86-64-v3", cpu = "x86-64-v3", features = ["avx2"], vector_bits = 256>, page_bytes = 0 : i64, state_bytes = 86784 : i64} {
  plan.pool "win" {group = "main", offset = 0 : i64, type = !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64>}
  plan.pool "old" {group = "mtp", offset = 43392 : i64, type = !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64>}
  plan.weight "w" {bytes = 512 : i64, element = bf16, in_tables = false, layout = "row_major", recipe = "copy", shape = array<i64: 256>, sources = ["n"]}
  plan.kernel "first" {bindings = 1 : i64, op = "first"}
  plan.kernel "step" {bindings = 3 : i64, op = "step"}
  plan.kernel "keep" {bindings = 2 : i64, op = "keep"}
  plan.buffer "a" {bytes = [#plan.size<512, 1, 0, 0>], element = bf16, first_launch = 0 : i64, last_launch = 2 : i64, row_shape = array<i64: 256>, rows = 1 : i64, slot = 0 : i64}
  plan.buffer "b" {bytes = [#plan.size<512, 1, 0, 0>], element = bf16, first_launch = 1 : i64, last_launch = 2 : i64, row_shape = array<i64: 256>, rows = 1 : i64, slot = 1 : i64}
  plan.buffer "l" {bytes = [#plan.size<2048, 1, 0, 0>], element = f32, first_launch = 3 : i64, last_launch = 5 : i64, row_shape = array<i64: 512>, rows = 5 : i64, slot = 0 : i64}
  plan.buffer "m" {bytes = [#plan.size<2048, 1, 0, 0>], element = f32, first_launch = 4 : i64, last_launch = 5 : i64, row_shape = array<i64: 512>, rows = 5 : i64, slot = 1 : i64}
  plan.launch @first grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<buffer, out, @a>] {group = "main", layer = 0 : i64}
  plan.launch @step grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<buffer, in, @a>, #plan.binding<weight, in, @w>, #plan.binding<buffer, out, @b>] {group = "main", layer = 0 : i64}
  plan.launch @step grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<buffer, in, @a>, #plan.binding<buffer, in, @b>, #plan.binding<pool, out, @win>] {group = "main", layer = 0 : i64}
  plan.launch @first grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<buffer, out, @l>] {group = "main", layer = 0 : i64}
  plan.launch @keep grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<pool, in, @old>, #plan.binding<buffer, out, @m>] {group = "mtp", layer = 1 : i64}
  plan.launch @first grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<step, in, @step, 1>] {group = "mtp", layer = 0 : i64}
  plan.probe "x" of @a after 0
}

// -----

// No cache layout yet.
func.func @first(%begin: index, %end: index, %0: memref<?xi8>) attributes {kernel.entry, kernel.op = "first"} {
  return
}
func.func @step(%begin: index, %end: index, %0: memref<?xi8>, %1: memref<?xi8>, %2: memref<?xi8>) attributes {kernel.entry, kernel.op = "step"} {
  return
}
func.func @keep(%begin: index, %end: index, %0: memref<?xi8>, %1: memref<?xi8>) attributes {kernel.entry, kernel.op = "keep"} {
  return
}
// expected-error @+1 {{has no page_bytes and state_bytes; run --v4-plan-kv-cache first}}
plan.program attributes {envelope = #v4.envelope<tokens = 16, sequences = 2, context = 256, draft = 1>, logits = @l, model = #v4.model<vocab = 512, hidden = 256, layers = 1, window = 128, eos = 1, mtp = true, digest = "00">, mtp_logits = @m, options = {}, producer = "v4c", target = #kernel.target<"cpu:x86-64-v3", cpu = "x86-64-v3", features = ["avx2"], vector_bits = 256>, slots = 2 : i64} {
  plan.pool "win" {group = "main", offset = 0 : i64, type = !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64>}
  plan.pool "old" {group = "mtp", offset = 43392 : i64, type = !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64>}
  plan.weight "w" {bytes = 512 : i64, element = bf16, in_tables = false, layout = "row_major", recipe = "copy", shape = array<i64: 256>, sources = ["n"]}
  plan.kernel "first" {bindings = 1 : i64, op = "first"}
  plan.kernel "step" {bindings = 3 : i64, op = "step"}
  plan.kernel "keep" {bindings = 2 : i64, op = "keep"}
  plan.buffer "a" {bytes = [#plan.size<512, 1, 0, 0>], element = bf16, first_launch = 0 : i64, last_launch = 2 : i64, row_shape = array<i64: 256>, rows = 1 : i64, slot = 0 : i64}
  plan.buffer "b" {bytes = [#plan.size<512, 1, 0, 0>], element = bf16, first_launch = 1 : i64, last_launch = 2 : i64, row_shape = array<i64: 256>, rows = 1 : i64, slot = 1 : i64}
  plan.buffer "l" {bytes = [#plan.size<2048, 1, 0, 0>], element = f32, first_launch = 3 : i64, last_launch = 5 : i64, row_shape = array<i64: 512>, rows = 5 : i64, slot = 0 : i64}
  plan.buffer "m" {bytes = [#plan.size<2048, 1, 0, 0>], element = f32, first_launch = 4 : i64, last_launch = 5 : i64, row_shape = array<i64: 512>, rows = 5 : i64, slot = 1 : i64}
  plan.launch @first grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<buffer, out, @a>] {group = "main", layer = 0 : i64}
  plan.launch @step grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<buffer, in, @a>, #plan.binding<weight, in, @w>, #plan.binding<buffer, out, @b>] {group = "main", layer = 0 : i64}
  plan.launch @step grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<buffer, in, @a>, #plan.binding<buffer, in, @b>, #plan.binding<pool, out, @win>] {group = "main", layer = 0 : i64}
  plan.launch @first grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<buffer, out, @l>] {group = "main", layer = 0 : i64}
  plan.launch @keep grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<pool, in, @old>, #plan.binding<buffer, out, @m>] {group = "mtp", layer = 1 : i64}
  plan.launch @first grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<step, in, @step, 1>] {group = "mtp", layer = 0 : i64}
  plan.probe "x" of @a after 0
}

// -----

// An envelope holds at least one token.
func.func @first(%begin: index, %end: index, %0: memref<?xi8>) attributes {kernel.entry, kernel.op = "first"} {
  return
}
func.func @step(%begin: index, %end: index, %0: memref<?xi8>, %1: memref<?xi8>, %2: memref<?xi8>) attributes {kernel.entry, kernel.op = "step"} {
  return
}
func.func @keep(%begin: index, %end: index, %0: memref<?xi8>, %1: memref<?xi8>) attributes {kernel.entry, kernel.op = "keep"} {
  return
}
// expected-error @+1 {{expected at least 1 token, 1 sequence, a context of 1 and a draft of 0}}
plan.program attributes {envelope = #v4.envelope<tokens = 0, sequences = 2, context = 256, draft = 1>, logits = @l, model = #v4.model<vocab = 512, hidden = 256, layers = 1, window = 128, eos = 1, mtp = true, digest = "00">, mtp_logits = @m, options = {}, producer = "v4c", target = #kernel.target<"cpu:x86-64-v3", cpu = "x86-64-v3", features = ["avx2"], vector_bits = 256>, page_bytes = 0 : i64, slots = 2 : i64, state_bytes = 86784 : i64} {
  plan.pool "win" {group = "main", offset = 0 : i64, type = !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64>}
  plan.pool "old" {group = "mtp", offset = 43392 : i64, type = !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64>}
  plan.weight "w" {bytes = 512 : i64, element = bf16, in_tables = false, layout = "row_major", recipe = "copy", shape = array<i64: 256>, sources = ["n"]}
  plan.kernel "first" {bindings = 1 : i64, op = "first"}
  plan.kernel "step" {bindings = 3 : i64, op = "step"}
  plan.kernel "keep" {bindings = 2 : i64, op = "keep"}
  plan.buffer "a" {bytes = [#plan.size<512, 1, 0, 0>], element = bf16, first_launch = 0 : i64, last_launch = 2 : i64, row_shape = array<i64: 256>, rows = 1 : i64, slot = 0 : i64}
  plan.buffer "b" {bytes = [#plan.size<512, 1, 0, 0>], element = bf16, first_launch = 1 : i64, last_launch = 2 : i64, row_shape = array<i64: 256>, rows = 1 : i64, slot = 1 : i64}
  plan.buffer "l" {bytes = [#plan.size<2048, 1, 0, 0>], element = f32, first_launch = 3 : i64, last_launch = 5 : i64, row_shape = array<i64: 512>, rows = 5 : i64, slot = 0 : i64}
  plan.buffer "m" {bytes = [#plan.size<2048, 1, 0, 0>], element = f32, first_launch = 4 : i64, last_launch = 5 : i64, row_shape = array<i64: 512>, rows = 5 : i64, slot = 1 : i64}
  plan.launch @first grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<buffer, out, @a>] {group = "main", layer = 0 : i64}
  plan.launch @step grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<buffer, in, @a>, #plan.binding<weight, in, @w>, #plan.binding<buffer, out, @b>] {group = "main", layer = 0 : i64}
  plan.launch @step grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<buffer, in, @a>, #plan.binding<buffer, in, @b>, #plan.binding<pool, out, @win>] {group = "main", layer = 0 : i64}
  plan.launch @first grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<buffer, out, @l>] {group = "main", layer = 0 : i64}
  plan.launch @keep grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<pool, in, @old>, #plan.binding<buffer, out, @m>] {group = "mtp", layer = 1 : i64}
  plan.launch @first grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<step, in, @step, 1>] {group = "mtp", layer = 0 : i64}
  plan.probe "x" of @a after 0
}

// -----

// Kernels have code.
func.func @first(%begin: index, %end: index, %0: memref<?xi8>) attributes {kernel.entry, kernel.op = "first"} {
  return
}
func.func @step(%begin: index, %end: index, %0: memref<?xi8>, %1: memref<?xi8>, %2: memref<?xi8>) attributes {kernel.entry, kernel.op = "step"} {
  return
}
func.func @keep(%begin: index, %end: index, %0: memref<?xi8>, %1: memref<?xi8>) attributes {kernel.entry, kernel.op = "keep"} {
  return
}
plan.program attributes {envelope = #v4.envelope<tokens = 16, sequences = 2, context = 256, draft = 1>, logits = @l, model = #v4.model<vocab = 512, hidden = 256, layers = 1, window = 128, eos = 1, mtp = true, digest = "00">, mtp_logits = @m, options = {}, producer = "v4c", target = #kernel.target<"cpu:x86-64-v3", cpu = "x86-64-v3", features = ["avx2"], vector_bits = 256>, page_bytes = 0 : i64, slots = 2 : i64, state_bytes = 86784 : i64} {
  plan.pool "win" {group = "main", offset = 0 : i64, type = !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64>}
  plan.pool "old" {group = "mtp", offset = 43392 : i64, type = !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64>}
  plan.weight "w" {bytes = 512 : i64, element = bf16, in_tables = false, layout = "row_major", recipe = "copy", shape = array<i64: 256>, sources = ["n"]}
  plan.kernel "first" {bindings = 1 : i64, op = "first"}
  plan.kernel "step" {bindings = 3 : i64, op = "step"}
  plan.kernel "keep" {bindings = 2 : i64, op = "keep"}
  // expected-error @+1 {{'ghost' has no kernel function of its name}}
  plan.kernel "ghost" {bindings = 0 : i64, op = "ghost"}
  plan.buffer "a" {bytes = [#plan.size<512, 1, 0, 0>], element = bf16, first_launch = 0 : i64, last_launch = 2 : i64, row_shape = array<i64: 256>, rows = 1 : i64, slot = 0 : i64}
  plan.buffer "b" {bytes = [#plan.size<512, 1, 0, 0>], element = bf16, first_launch = 1 : i64, last_launch = 2 : i64, row_shape = array<i64: 256>, rows = 1 : i64, slot = 1 : i64}
  plan.buffer "l" {bytes = [#plan.size<2048, 1, 0, 0>], element = f32, first_launch = 3 : i64, last_launch = 5 : i64, row_shape = array<i64: 512>, rows = 5 : i64, slot = 0 : i64}
  plan.buffer "m" {bytes = [#plan.size<2048, 1, 0, 0>], element = f32, first_launch = 4 : i64, last_launch = 5 : i64, row_shape = array<i64: 512>, rows = 5 : i64, slot = 1 : i64}
  plan.launch @first grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<buffer, out, @a>] {group = "main", layer = 0 : i64}
  plan.launch @step grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<buffer, in, @a>, #plan.binding<weight, in, @w>, #plan.binding<buffer, out, @b>] {group = "main", layer = 0 : i64}
  plan.launch @step grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<buffer, in, @a>, #plan.binding<buffer, in, @b>, #plan.binding<pool, out, @win>] {group = "main", layer = 0 : i64}
  plan.launch @first grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<buffer, out, @l>] {group = "main", layer = 0 : i64}
  plan.launch @keep grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<pool, in, @old>, #plan.binding<buffer, out, @m>] {group = "mtp", layer = 1 : i64}
  plan.launch @first grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<step, in, @step, 1>] {group = "mtp", layer = 0 : i64}
  plan.probe "x" of @a after 0
}

// -----

// ... that takes as many bindings.
// expected-error @+1 {{'first' has 2 bindings, its function takes 3 arguments}}
func.func @first(%begin: index, %end: index, %0: memref<?xi8>) attributes {kernel.entry, kernel.op = "first"} {
  return
}
func.func @step(%begin: index, %end: index, %0: memref<?xi8>, %1: memref<?xi8>, %2: memref<?xi8>) attributes {kernel.entry, kernel.op = "step"} {
  return
}
func.func @keep(%begin: index, %end: index, %0: memref<?xi8>, %1: memref<?xi8>) attributes {kernel.entry, kernel.op = "keep"} {
  return
}
plan.program attributes {envelope = #v4.envelope<tokens = 16, sequences = 2, context = 256, draft = 1>, logits = @l, model = #v4.model<vocab = 512, hidden = 256, layers = 1, window = 128, eos = 1, mtp = true, digest = "00">, mtp_logits = @m, options = {}, producer = "v4c", target = #kernel.target<"cpu:x86-64-v3", cpu = "x86-64-v3", features = ["avx2"], vector_bits = 256>, page_bytes = 0 : i64, slots = 2 : i64, state_bytes = 86784 : i64} {
  plan.pool "win" {group = "main", offset = 0 : i64, type = !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64>}
  plan.pool "old" {group = "mtp", offset = 43392 : i64, type = !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64>}
  plan.weight "w" {bytes = 512 : i64, element = bf16, in_tables = false, layout = "row_major", recipe = "copy", shape = array<i64: 256>, sources = ["n"]}
  plan.kernel "first" {bindings = 2 : i64, op = "first"}
  plan.kernel "step" {bindings = 3 : i64, op = "step"}
  plan.kernel "keep" {bindings = 2 : i64, op = "keep"}
  plan.buffer "a" {bytes = [#plan.size<512, 1, 0, 0>], element = bf16, first_launch = 0 : i64, last_launch = 2 : i64, row_shape = array<i64: 256>, rows = 1 : i64, slot = 0 : i64}
  plan.buffer "b" {bytes = [#plan.size<512, 1, 0, 0>], element = bf16, first_launch = 1 : i64, last_launch = 2 : i64, row_shape = array<i64: 256>, rows = 1 : i64, slot = 1 : i64}
  plan.buffer "l" {bytes = [#plan.size<2048, 1, 0, 0>], element = f32, first_launch = 3 : i64, last_launch = 5 : i64, row_shape = array<i64: 512>, rows = 5 : i64, slot = 0 : i64}
  plan.buffer "m" {bytes = [#plan.size<2048, 1, 0, 0>], element = f32, first_launch = 4 : i64, last_launch = 5 : i64, row_shape = array<i64: 512>, rows = 5 : i64, slot = 1 : i64}
  plan.launch @first grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<buffer, out, @a>] {group = "main", layer = 0 : i64}
  plan.launch @step grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<buffer, in, @a>, #plan.binding<weight, in, @w>, #plan.binding<buffer, out, @b>] {group = "main", layer = 0 : i64}
  plan.launch @step grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<buffer, in, @a>, #plan.binding<buffer, in, @b>, #plan.binding<pool, out, @win>] {group = "main", layer = 0 : i64}
  plan.launch @first grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<buffer, out, @l>] {group = "main", layer = 0 : i64}
  plan.launch @keep grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<pool, in, @old>, #plan.binding<buffer, out, @m>] {group = "mtp", layer = 1 : i64}
  plan.launch @first grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<step, in, @step, 1>] {group = "mtp", layer = 0 : i64}
  plan.probe "x" of @a after 0
}

// -----

// Sizes are sums of terms.
func.func @first(%begin: index, %end: index, %0: memref<?xi8>) attributes {kernel.entry, kernel.op = "first"} {
  return
}
func.func @step(%begin: index, %end: index, %0: memref<?xi8>, %1: memref<?xi8>, %2: memref<?xi8>) attributes {kernel.entry, kernel.op = "step"} {
  return
}
func.func @keep(%begin: index, %end: index, %0: memref<?xi8>, %1: memref<?xi8>) attributes {kernel.entry, kernel.op = "keep"} {
  return
}
plan.program attributes {envelope = #v4.envelope<tokens = 16, sequences = 2, context = 256, draft = 1>, logits = @l, model = #v4.model<vocab = 512, hidden = 256, layers = 1, window = 128, eos = 1, mtp = true, digest = "00">, mtp_logits = @m, options = {}, producer = "v4c", target = #kernel.target<"cpu:x86-64-v3", cpu = "x86-64-v3", features = ["avx2"], vector_bits = 256>, page_bytes = 0 : i64, slots = 2 : i64, state_bytes = 86784 : i64} {
  plan.pool "win" {group = "main", offset = 0 : i64, type = !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64>}
  plan.pool "old" {group = "mtp", offset = 43392 : i64, type = !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64>}
  plan.weight "w" {bytes = 512 : i64, element = bf16, in_tables = false, layout = "row_major", recipe = "copy", shape = array<i64: 256>, sources = ["n"]}
  plan.kernel "first" {bindings = 1 : i64, op = "first"}
  plan.kernel "step" {bindings = 3 : i64, op = "step"}
  plan.kernel "keep" {bindings = 2 : i64, op = "keep"}
  // expected-error @+1 {{'a' has the size 3 : i64, expected a #plan.size}}
  plan.buffer "a" {bytes = [3 : i64], element = bf16, first_launch = 0 : i64, last_launch = 2 : i64, row_shape = array<i64: 256>, rows = 1 : i64, slot = 0 : i64}
  plan.buffer "b" {bytes = [#plan.size<512, 1, 0, 0>], element = bf16, first_launch = 1 : i64, last_launch = 2 : i64, row_shape = array<i64: 256>, rows = 1 : i64, slot = 1 : i64}
  plan.buffer "l" {bytes = [#plan.size<2048, 1, 0, 0>], element = f32, first_launch = 3 : i64, last_launch = 5 : i64, row_shape = array<i64: 512>, rows = 5 : i64, slot = 0 : i64}
  plan.buffer "m" {bytes = [#plan.size<2048, 1, 0, 0>], element = f32, first_launch = 4 : i64, last_launch = 5 : i64, row_shape = array<i64: 512>, rows = 5 : i64, slot = 1 : i64}
  plan.launch @first grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<buffer, out, @a>] {group = "main", layer = 0 : i64}
  plan.launch @step grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<buffer, in, @a>, #plan.binding<weight, in, @w>, #plan.binding<buffer, out, @b>] {group = "main", layer = 0 : i64}
  plan.launch @step grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<buffer, in, @a>, #plan.binding<buffer, in, @b>, #plan.binding<pool, out, @win>] {group = "main", layer = 0 : i64}
  plan.launch @first grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<buffer, out, @l>] {group = "main", layer = 0 : i64}
  plan.launch @keep grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<pool, in, @old>, #plan.binding<buffer, out, @m>] {group = "mtp", layer = 1 : i64}
  plan.launch @first grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<step, in, @step, 1>] {group = "mtp", layer = 0 : i64}
  plan.probe "x" of @a after 0
}

// -----

// Powers are small.
func.func @first(%begin: index, %end: index, %0: memref<?xi8>) attributes {kernel.entry, kernel.op = "first"} {
  return
}
func.func @step(%begin: index, %end: index, %0: memref<?xi8>, %1: memref<?xi8>, %2: memref<?xi8>) attributes {kernel.entry, kernel.op = "step"} {
  return
}
func.func @keep(%begin: index, %end: index, %0: memref<?xi8>, %1: memref<?xi8>) attributes {kernel.entry, kernel.op = "keep"} {
  return
}
plan.program attributes {envelope = #v4.envelope<tokens = 16, sequences = 2, context = 256, draft = 1>, logits = @l, model = #v4.model<vocab = 512, hidden = 256, layers = 1, window = 128, eos = 1, mtp = true, digest = "00">, mtp_logits = @m, options = {}, producer = "v4c", target = #kernel.target<"cpu:x86-64-v3", cpu = "x86-64-v3", features = ["avx2"], vector_bits = 256>, page_bytes = 0 : i64, slots = 2 : i64, state_bytes = 86784 : i64} {
  plan.pool "win" {group = "main", offset = 0 : i64, type = !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64>}
  plan.pool "old" {group = "mtp", offset = 43392 : i64, type = !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64>}
  plan.weight "w" {bytes = 512 : i64, element = bf16, in_tables = false, layout = "row_major", recipe = "copy", shape = array<i64: 256>, sources = ["n"]}
  plan.kernel "first" {bindings = 1 : i64, op = "first"}
  plan.kernel "step" {bindings = 3 : i64, op = "step"}
  plan.kernel "keep" {bindings = 2 : i64, op = "keep"}
  // expected-error @+1 {{'a' has the power 3 in #plan.size<512, 3, 0, 0>, expected 0 to 2}}
  plan.buffer "a" {bytes = [#plan.size<512, 3, 0, 0>], element = bf16, first_launch = 0 : i64, last_launch = 2 : i64, row_shape = array<i64: 256>, rows = 1 : i64, slot = 0 : i64}
  plan.buffer "b" {bytes = [#plan.size<512, 1, 0, 0>], element = bf16, first_launch = 1 : i64, last_launch = 2 : i64, row_shape = array<i64: 256>, rows = 1 : i64, slot = 1 : i64}
  plan.buffer "l" {bytes = [#plan.size<2048, 1, 0, 0>], element = f32, first_launch = 3 : i64, last_launch = 5 : i64, row_shape = array<i64: 512>, rows = 5 : i64, slot = 0 : i64}
  plan.buffer "m" {bytes = [#plan.size<2048, 1, 0, 0>], element = f32, first_launch = 4 : i64, last_launch = 5 : i64, row_shape = array<i64: 512>, rows = 5 : i64, slot = 1 : i64}
  plan.launch @first grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<buffer, out, @a>] {group = "main", layer = 0 : i64}
  plan.launch @step grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<buffer, in, @a>, #plan.binding<weight, in, @w>, #plan.binding<buffer, out, @b>] {group = "main", layer = 0 : i64}
  plan.launch @step grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<buffer, in, @a>, #plan.binding<buffer, in, @b>, #plan.binding<pool, out, @win>] {group = "main", layer = 0 : i64}
  plan.launch @first grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<buffer, out, @l>] {group = "main", layer = 0 : i64}
  plan.launch @keep grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<pool, in, @old>, #plan.binding<buffer, out, @m>] {group = "mtp", layer = 1 : i64}
  plan.launch @first grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<step, in, @step, 1>] {group = "mtp", layer = 0 : i64}
  plan.probe "x" of @a after 0
}

// -----

// Sizes hold what the shape needs.
func.func @first(%begin: index, %end: index, %0: memref<?xi8>) attributes {kernel.entry, kernel.op = "first"} {
  return
}
func.func @step(%begin: index, %end: index, %0: memref<?xi8>, %1: memref<?xi8>, %2: memref<?xi8>) attributes {kernel.entry, kernel.op = "step"} {
  return
}
func.func @keep(%begin: index, %end: index, %0: memref<?xi8>, %1: memref<?xi8>) attributes {kernel.entry, kernel.op = "keep"} {
  return
}
plan.program attributes {envelope = #v4.envelope<tokens = 16, sequences = 2, context = 256, draft = 1>, logits = @l, model = #v4.model<vocab = 512, hidden = 256, layers = 1, window = 128, eos = 1, mtp = true, digest = "00">, mtp_logits = @m, options = {}, producer = "v4c", target = #kernel.target<"cpu:x86-64-v3", cpu = "x86-64-v3", features = ["avx2"], vector_bits = 256>, page_bytes = 0 : i64, slots = 2 : i64, state_bytes = 86784 : i64} {
  plan.pool "win" {group = "main", offset = 0 : i64, type = !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64>}
  plan.pool "old" {group = "mtp", offset = 43392 : i64, type = !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64>}
  plan.weight "w" {bytes = 512 : i64, element = bf16, in_tables = false, layout = "row_major", recipe = "copy", shape = array<i64: 256>, sources = ["n"]}
  plan.kernel "first" {bindings = 1 : i64, op = "first"}
  plan.kernel "step" {bindings = 3 : i64, op = "step"}
  plan.kernel "keep" {bindings = 2 : i64, op = "keep"}
  // expected-error @+1 {{'a' has 8176 bytes for 16 tokens, 2 sequences and a context of 256, expected at least 8192}}
  plan.buffer "a" {bytes = [#plan.size<511, 1, 0, 0>], element = bf16, first_launch = 0 : i64, last_launch = 2 : i64, row_shape = array<i64: 256>, rows = 1 : i64, slot = 0 : i64}
  plan.buffer "b" {bytes = [#plan.size<512, 1, 0, 0>], element = bf16, first_launch = 1 : i64, last_launch = 2 : i64, row_shape = array<i64: 256>, rows = 1 : i64, slot = 1 : i64}
  plan.buffer "l" {bytes = [#plan.size<2048, 1, 0, 0>], element = f32, first_launch = 3 : i64, last_launch = 5 : i64, row_shape = array<i64: 512>, rows = 5 : i64, slot = 0 : i64}
  plan.buffer "m" {bytes = [#plan.size<2048, 1, 0, 0>], element = f32, first_launch = 4 : i64, last_launch = 5 : i64, row_shape = array<i64: 512>, rows = 5 : i64, slot = 1 : i64}
  plan.launch @first grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<buffer, out, @a>] {group = "main", layer = 0 : i64}
  plan.launch @step grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<buffer, in, @a>, #plan.binding<weight, in, @w>, #plan.binding<buffer, out, @b>] {group = "main", layer = 0 : i64}
  plan.launch @step grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<buffer, in, @a>, #plan.binding<buffer, in, @b>, #plan.binding<pool, out, @win>] {group = "main", layer = 0 : i64}
  plan.launch @first grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<buffer, out, @l>] {group = "main", layer = 0 : i64}
  plan.launch @keep grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<pool, in, @old>, #plan.binding<buffer, out, @m>] {group = "mtp", layer = 1 : i64}
  plan.launch @first grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<step, in, @step, 1>] {group = "mtp", layer = 0 : i64}
  plan.probe "x" of @a after 0
}

// -----

// ... in the smallest session too.
func.func @first(%begin: index, %end: index, %0: memref<?xi8>) attributes {kernel.entry, kernel.op = "first"} {
  return
}
func.func @step(%begin: index, %end: index, %0: memref<?xi8>, %1: memref<?xi8>, %2: memref<?xi8>) attributes {kernel.entry, kernel.op = "step"} {
  return
}
func.func @keep(%begin: index, %end: index, %0: memref<?xi8>, %1: memref<?xi8>) attributes {kernel.entry, kernel.op = "keep"} {
  return
}
plan.program attributes {envelope = #v4.envelope<tokens = 16, sequences = 2, context = 256, draft = 1>, logits = @l, model = #v4.model<vocab = 512, hidden = 256, layers = 1, window = 128, eos = 1, mtp = true, digest = "00">, mtp_logits = @m, options = {}, producer = "v4c", target = #kernel.target<"cpu:x86-64-v3", cpu = "x86-64-v3", features = ["avx2"], vector_bits = 256>, page_bytes = 0 : i64, slots = 2 : i64, state_bytes = 86784 : i64} {
  plan.pool "win" {group = "main", offset = 0 : i64, type = !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64>}
  plan.pool "old" {group = "mtp", offset = 43392 : i64, type = !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64>}
  plan.weight "w" {bytes = 512 : i64, element = bf16, in_tables = false, layout = "row_major", recipe = "copy", shape = array<i64: 256>, sources = ["n"]}
  plan.kernel "first" {bindings = 1 : i64, op = "first"}
  plan.kernel "step" {bindings = 3 : i64, op = "step"}
  plan.kernel "keep" {bindings = 2 : i64, op = "keep"}
  // expected-error @+1 {{'a' has 256 bytes for 1 tokens, 1 sequences and a context of 1, expected at least 512}}
  plan.buffer "a" {bytes = [#plan.size<256, 2, 0, 0>], element = bf16, first_launch = 0 : i64, last_launch = 2 : i64, row_shape = array<i64: 256>, rows = 1 : i64, slot = 0 : i64}
  plan.buffer "b" {bytes = [#plan.size<512, 1, 0, 0>], element = bf16, first_launch = 1 : i64, last_launch = 2 : i64, row_shape = array<i64: 256>, rows = 1 : i64, slot = 1 : i64}
  plan.buffer "l" {bytes = [#plan.size<2048, 1, 0, 0>], element = f32, first_launch = 3 : i64, last_launch = 5 : i64, row_shape = array<i64: 512>, rows = 5 : i64, slot = 0 : i64}
  plan.buffer "m" {bytes = [#plan.size<2048, 1, 0, 0>], element = f32, first_launch = 4 : i64, last_launch = 5 : i64, row_shape = array<i64: 512>, rows = 5 : i64, slot = 1 : i64}
  plan.launch @first grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<buffer, out, @a>] {group = "main", layer = 0 : i64}
  plan.launch @step grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<buffer, in, @a>, #plan.binding<weight, in, @w>, #plan.binding<buffer, out, @b>] {group = "main", layer = 0 : i64}
  plan.launch @step grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<buffer, in, @a>, #plan.binding<buffer, in, @b>, #plan.binding<pool, out, @win>] {group = "main", layer = 0 : i64}
  plan.launch @first grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<buffer, out, @l>] {group = "main", layer = 0 : i64}
  plan.launch @keep grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<pool, in, @old>, #plan.binding<buffer, out, @m>] {group = "mtp", layer = 1 : i64}
  plan.launch @first grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<step, in, @step, 1>] {group = "mtp", layer = 0 : i64}
  plan.probe "x" of @a after 0
}

// -----

// Index rows count as well: 64 of them in a context of 256.
func.func @first(%begin: index, %end: index, %0: memref<?xi8>) attributes {kernel.entry, kernel.op = "first"} {
  return
}
func.func @step(%begin: index, %end: index, %0: memref<?xi8>, %1: memref<?xi8>, %2: memref<?xi8>) attributes {kernel.entry, kernel.op = "step"} {
  return
}
func.func @keep(%begin: index, %end: index, %0: memref<?xi8>, %1: memref<?xi8>) attributes {kernel.entry, kernel.op = "keep"} {
  return
}
plan.program attributes {envelope = #v4.envelope<tokens = 16, sequences = 2, context = 256, draft = 1>, logits = @l, model = #v4.model<vocab = 512, hidden = 256, layers = 1, window = 128, eos = 1, mtp = true, digest = "00">, mtp_logits = @m, options = {}, producer = "v4c", target = #kernel.target<"cpu:x86-64-v3", cpu = "x86-64-v3", features = ["avx2"], vector_bits = 256>, page_bytes = 0 : i64, slots = 2 : i64, state_bytes = 86784 : i64} {
  plan.pool "win" {group = "main", offset = 0 : i64, type = !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64>}
  plan.pool "old" {group = "mtp", offset = 43392 : i64, type = !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64>}
  plan.weight "w" {bytes = 512 : i64, element = bf16, in_tables = false, layout = "row_major", recipe = "copy", shape = array<i64: 256>, sources = ["n"]}
  plan.kernel "first" {bindings = 1 : i64, op = "first"}
  plan.kernel "step" {bindings = 3 : i64, op = "step"}
  plan.kernel "keep" {bindings = 2 : i64, op = "keep"}
  // expected-error @+1 {{'a' has 1 bytes for 1 tokens, 1 sequences and a context of 1, expected at least 64}}
  plan.buffer "a" {bytes = [#plan.size<1, 1, 0, 1>, #plan.size<0, 1, 0, 0>], element = f32, first_launch = 0 : i64, last_launch = 2 : i64, row_shape = array<i64: 0>, rows = 1 : i64, slot = 0 : i64}
  plan.buffer "b" {bytes = [#plan.size<512, 1, 0, 0>], element = bf16, first_launch = 1 : i64, last_launch = 2 : i64, row_shape = array<i64: 256>, rows = 1 : i64, slot = 1 : i64}
  plan.buffer "l" {bytes = [#plan.size<2048, 1, 0, 0>], element = f32, first_launch = 3 : i64, last_launch = 5 : i64, row_shape = array<i64: 512>, rows = 5 : i64, slot = 0 : i64}
  plan.buffer "m" {bytes = [#plan.size<2048, 1, 0, 0>], element = f32, first_launch = 4 : i64, last_launch = 5 : i64, row_shape = array<i64: 512>, rows = 5 : i64, slot = 1 : i64}
  plan.launch @first grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<buffer, out, @a>] {group = "main", layer = 0 : i64}
  plan.launch @step grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<buffer, in, @a>, #plan.binding<weight, in, @w>, #plan.binding<buffer, out, @b>] {group = "main", layer = 0 : i64}
  plan.launch @step grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<buffer, in, @a>, #plan.binding<buffer, in, @b>, #plan.binding<pool, out, @win>] {group = "main", layer = 0 : i64}
  plan.launch @first grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<buffer, out, @l>] {group = "main", layer = 0 : i64}
  plan.launch @keep grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<pool, in, @old>, #plan.binding<buffer, out, @m>] {group = "mtp", layer = 1 : i64}
  plan.launch @first grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<step, in, @step, 1>] {group = "mtp", layer = 0 : i64}
  plan.probe "x" of @a after 0
}

// -----

// Slots are counted.
func.func @first(%begin: index, %end: index, %0: memref<?xi8>) attributes {kernel.entry, kernel.op = "first"} {
  return
}
func.func @step(%begin: index, %end: index, %0: memref<?xi8>, %1: memref<?xi8>, %2: memref<?xi8>) attributes {kernel.entry, kernel.op = "step"} {
  return
}
func.func @keep(%begin: index, %end: index, %0: memref<?xi8>, %1: memref<?xi8>) attributes {kernel.entry, kernel.op = "keep"} {
  return
}
plan.program attributes {envelope = #v4.envelope<tokens = 16, sequences = 2, context = 256, draft = 1>, logits = @l, model = #v4.model<vocab = 512, hidden = 256, layers = 1, window = 128, eos = 1, mtp = true, digest = "00">, mtp_logits = @m, options = {}, producer = "v4c", target = #kernel.target<"cpu:x86-64-v3", cpu = "x86-64-v3", features = ["avx2"], vector_bits = 256>, page_bytes = 0 : i64, slots = 2 : i64, state_bytes = 86784 : i64} {
  plan.pool "win" {group = "main", offset = 0 : i64, type = !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64>}
  plan.pool "old" {group = "mtp", offset = 43392 : i64, type = !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64>}
  plan.weight "w" {bytes = 512 : i64, element = bf16, in_tables = false, layout = "row_major", recipe = "copy", shape = array<i64: 256>, sources = ["n"]}
  plan.kernel "first" {bindings = 1 : i64, op = "first"}
  plan.kernel "step" {bindings = 3 : i64, op = "step"}
  plan.kernel "keep" {bindings = 2 : i64, op = "keep"}
  // expected-error @+1 {{'a' is in slot 2, expected less than 2}}
  plan.buffer "a" {bytes = [#plan.size<512, 1, 0, 0>], element = bf16, first_launch = 0 : i64, last_launch = 2 : i64, row_shape = array<i64: 256>, rows = 1 : i64, slot = 2 : i64}
  plan.buffer "b" {bytes = [#plan.size<512, 1, 0, 0>], element = bf16, first_launch = 1 : i64, last_launch = 2 : i64, row_shape = array<i64: 256>, rows = 1 : i64, slot = 1 : i64}
  plan.buffer "l" {bytes = [#plan.size<2048, 1, 0, 0>], element = f32, first_launch = 3 : i64, last_launch = 5 : i64, row_shape = array<i64: 512>, rows = 5 : i64, slot = 0 : i64}
  plan.buffer "m" {bytes = [#plan.size<2048, 1, 0, 0>], element = f32, first_launch = 4 : i64, last_launch = 5 : i64, row_shape = array<i64: 512>, rows = 5 : i64, slot = 1 : i64}
  plan.launch @first grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<buffer, out, @a>] {group = "main", layer = 0 : i64}
  plan.launch @step grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<buffer, in, @a>, #plan.binding<weight, in, @w>, #plan.binding<buffer, out, @b>] {group = "main", layer = 0 : i64}
  plan.launch @step grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<buffer, in, @a>, #plan.binding<buffer, in, @b>, #plan.binding<pool, out, @win>] {group = "main", layer = 0 : i64}
  plan.launch @first grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<buffer, out, @l>] {group = "main", layer = 0 : i64}
  plan.launch @keep grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<pool, in, @old>, #plan.binding<buffer, out, @m>] {group = "mtp", layer = 1 : i64}
  plan.launch @first grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<step, in, @step, 1>] {group = "mtp", layer = 0 : i64}
  plan.probe "x" of @a after 0
}

// -----

// Lives are inside the schedule.
func.func @first(%begin: index, %end: index, %0: memref<?xi8>) attributes {kernel.entry, kernel.op = "first"} {
  return
}
func.func @step(%begin: index, %end: index, %0: memref<?xi8>, %1: memref<?xi8>, %2: memref<?xi8>) attributes {kernel.entry, kernel.op = "step"} {
  return
}
func.func @keep(%begin: index, %end: index, %0: memref<?xi8>, %1: memref<?xi8>) attributes {kernel.entry, kernel.op = "keep"} {
  return
}
plan.program attributes {envelope = #v4.envelope<tokens = 16, sequences = 2, context = 256, draft = 1>, logits = @l, model = #v4.model<vocab = 512, hidden = 256, layers = 1, window = 128, eos = 1, mtp = true, digest = "00">, mtp_logits = @m, options = {}, producer = "v4c", target = #kernel.target<"cpu:x86-64-v3", cpu = "x86-64-v3", features = ["avx2"], vector_bits = 256>, page_bytes = 0 : i64, slots = 2 : i64, state_bytes = 86784 : i64} {
  plan.pool "win" {group = "main", offset = 0 : i64, type = !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64>}
  plan.pool "old" {group = "mtp", offset = 43392 : i64, type = !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64>}
  plan.weight "w" {bytes = 512 : i64, element = bf16, in_tables = false, layout = "row_major", recipe = "copy", shape = array<i64: 256>, sources = ["n"]}
  plan.kernel "first" {bindings = 1 : i64, op = "first"}
  plan.kernel "step" {bindings = 3 : i64, op = "step"}
  plan.kernel "keep" {bindings = 2 : i64, op = "keep"}
  // expected-error @+1 {{'a' lives from launch 0 to 6, expected an interval below 6}}
  plan.buffer "a" {bytes = [#plan.size<512, 1, 0, 0>], element = bf16, first_launch = 0 : i64, last_launch = 6 : i64, row_shape = array<i64: 256>, rows = 1 : i64, slot = 0 : i64}
  plan.buffer "b" {bytes = [#plan.size<512, 1, 0, 0>], element = bf16, first_launch = 1 : i64, last_launch = 2 : i64, row_shape = array<i64: 256>, rows = 1 : i64, slot = 1 : i64}
  plan.buffer "l" {bytes = [#plan.size<2048, 1, 0, 0>], element = f32, first_launch = 3 : i64, last_launch = 5 : i64, row_shape = array<i64: 512>, rows = 5 : i64, slot = 0 : i64}
  plan.buffer "m" {bytes = [#plan.size<2048, 1, 0, 0>], element = f32, first_launch = 4 : i64, last_launch = 5 : i64, row_shape = array<i64: 512>, rows = 5 : i64, slot = 1 : i64}
  plan.launch @first grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<buffer, out, @a>] {group = "main", layer = 0 : i64}
  plan.launch @step grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<buffer, in, @a>, #plan.binding<weight, in, @w>, #plan.binding<buffer, out, @b>] {group = "main", layer = 0 : i64}
  plan.launch @step grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<buffer, in, @a>, #plan.binding<buffer, in, @b>, #plan.binding<pool, out, @win>] {group = "main", layer = 0 : i64}
  plan.launch @first grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<buffer, out, @l>] {group = "main", layer = 0 : i64}
  plan.launch @keep grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<pool, in, @old>, #plan.binding<buffer, out, @m>] {group = "mtp", layer = 1 : i64}
  plan.launch @first grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<step, in, @step, 1>] {group = "mtp", layer = 0 : i64}
  plan.probe "x" of @a after 0
}

// -----

// Two live buffers never share.
func.func @first(%begin: index, %end: index, %0: memref<?xi8>) attributes {kernel.entry, kernel.op = "first"} {
  return
}
func.func @step(%begin: index, %end: index, %0: memref<?xi8>, %1: memref<?xi8>, %2: memref<?xi8>) attributes {kernel.entry, kernel.op = "step"} {
  return
}
func.func @keep(%begin: index, %end: index, %0: memref<?xi8>, %1: memref<?xi8>) attributes {kernel.entry, kernel.op = "keep"} {
  return
}
plan.program attributes {envelope = #v4.envelope<tokens = 16, sequences = 2, context = 256, draft = 1>, logits = @l, model = #v4.model<vocab = 512, hidden = 256, layers = 1, window = 128, eos = 1, mtp = true, digest = "00">, mtp_logits = @m, options = {}, producer = "v4c", target = #kernel.target<"cpu:x86-64-v3", cpu = "x86-64-v3", features = ["avx2"], vector_bits = 256>, page_bytes = 0 : i64, slots = 2 : i64, state_bytes = 86784 : i64} {
  plan.pool "win" {group = "main", offset = 0 : i64, type = !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64>}
  plan.pool "old" {group = "mtp", offset = 43392 : i64, type = !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64>}
  plan.weight "w" {bytes = 512 : i64, element = bf16, in_tables = false, layout = "row_major", recipe = "copy", shape = array<i64: 256>, sources = ["n"]}
  plan.kernel "first" {bindings = 1 : i64, op = "first"}
  plan.kernel "step" {bindings = 3 : i64, op = "step"}
  plan.kernel "keep" {bindings = 2 : i64, op = "keep"}
  plan.buffer "a" {bytes = [#plan.size<512, 1, 0, 0>], element = bf16, first_launch = 0 : i64, last_launch = 2 : i64, row_shape = array<i64: 256>, rows = 1 : i64, slot = 0 : i64}
  // expected-error @+1 {{'b' lives from launch 1, but 'a' has slot 0 until launch 2}}
  plan.buffer "b" {bytes = [#plan.size<512, 1, 0, 0>], element = bf16, first_launch = 1 : i64, last_launch = 2 : i64, row_shape = array<i64: 256>, rows = 1 : i64, slot = 0 : i64}
  plan.buffer "l" {bytes = [#plan.size<2048, 1, 0, 0>], element = f32, first_launch = 3 : i64, last_launch = 5 : i64, row_shape = array<i64: 512>, rows = 5 : i64, slot = 0 : i64}
  plan.buffer "m" {bytes = [#plan.size<2048, 1, 0, 0>], element = f32, first_launch = 4 : i64, last_launch = 5 : i64, row_shape = array<i64: 512>, rows = 5 : i64, slot = 1 : i64}
  plan.launch @first grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<buffer, out, @a>] {group = "main", layer = 0 : i64}
  plan.launch @step grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<buffer, in, @a>, #plan.binding<weight, in, @w>, #plan.binding<buffer, out, @b>] {group = "main", layer = 0 : i64}
  plan.launch @step grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<buffer, in, @a>, #plan.binding<buffer, in, @b>, #plan.binding<pool, out, @win>] {group = "main", layer = 0 : i64}
  plan.launch @first grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<buffer, out, @l>] {group = "main", layer = 0 : i64}
  plan.launch @keep grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<pool, in, @old>, #plan.binding<buffer, out, @m>] {group = "mtp", layer = 1 : i64}
  plan.launch @first grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<step, in, @step, 1>] {group = "mtp", layer = 0 : i64}
  plan.probe "x" of @a after 0
}

// -----

// Weights have the bytes of their shape.
func.func @first(%begin: index, %end: index, %0: memref<?xi8>) attributes {kernel.entry, kernel.op = "first"} {
  return
}
func.func @step(%begin: index, %end: index, %0: memref<?xi8>, %1: memref<?xi8>, %2: memref<?xi8>) attributes {kernel.entry, kernel.op = "step"} {
  return
}
func.func @keep(%begin: index, %end: index, %0: memref<?xi8>, %1: memref<?xi8>) attributes {kernel.entry, kernel.op = "keep"} {
  return
}
plan.program attributes {envelope = #v4.envelope<tokens = 16, sequences = 2, context = 256, draft = 1>, logits = @l, model = #v4.model<vocab = 512, hidden = 256, layers = 1, window = 128, eos = 1, mtp = true, digest = "00">, mtp_logits = @m, options = {}, producer = "v4c", target = #kernel.target<"cpu:x86-64-v3", cpu = "x86-64-v3", features = ["avx2"], vector_bits = 256>, page_bytes = 0 : i64, slots = 2 : i64, state_bytes = 86784 : i64} {
  plan.pool "win" {group = "main", offset = 0 : i64, type = !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64>}
  plan.pool "old" {group = "mtp", offset = 43392 : i64, type = !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64>}
  // expected-error @+1 {{'w' has 500 bytes, expected 512 for its element and shape}}
  plan.weight "w" {bytes = 500 : i64, element = bf16, in_tables = false, layout = "row_major", recipe = "copy", shape = array<i64: 256>, sources = ["n"]}
  plan.kernel "first" {bindings = 1 : i64, op = "first"}
  plan.kernel "step" {bindings = 3 : i64, op = "step"}
  plan.kernel "keep" {bindings = 2 : i64, op = "keep"}
  plan.buffer "a" {bytes = [#plan.size<512, 1, 0, 0>], element = bf16, first_launch = 0 : i64, last_launch = 2 : i64, row_shape = array<i64: 256>, rows = 1 : i64, slot = 0 : i64}
  plan.buffer "b" {bytes = [#plan.size<512, 1, 0, 0>], element = bf16, first_launch = 1 : i64, last_launch = 2 : i64, row_shape = array<i64: 256>, rows = 1 : i64, slot = 1 : i64}
  plan.buffer "l" {bytes = [#plan.size<2048, 1, 0, 0>], element = f32, first_launch = 3 : i64, last_launch = 5 : i64, row_shape = array<i64: 512>, rows = 5 : i64, slot = 0 : i64}
  plan.buffer "m" {bytes = [#plan.size<2048, 1, 0, 0>], element = f32, first_launch = 4 : i64, last_launch = 5 : i64, row_shape = array<i64: 512>, rows = 5 : i64, slot = 1 : i64}
  plan.launch @first grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<buffer, out, @a>] {group = "main", layer = 0 : i64}
  plan.launch @step grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<buffer, in, @a>, #plan.binding<weight, in, @w>, #plan.binding<buffer, out, @b>] {group = "main", layer = 0 : i64}
  plan.launch @step grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<buffer, in, @a>, #plan.binding<buffer, in, @b>, #plan.binding<pool, out, @win>] {group = "main", layer = 0 : i64}
  plan.launch @first grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<buffer, out, @l>] {group = "main", layer = 0 : i64}
  plan.launch @keep grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<pool, in, @old>, #plan.binding<buffer, out, @m>] {group = "mtp", layer = 1 : i64}
  plan.launch @first grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<step, in, @step, 1>] {group = "mtp", layer = 0 : i64}
  plan.probe "x" of @a after 0
}

// -----

// Recipes are known.
func.func @first(%begin: index, %end: index, %0: memref<?xi8>) attributes {kernel.entry, kernel.op = "first"} {
  return
}
func.func @step(%begin: index, %end: index, %0: memref<?xi8>, %1: memref<?xi8>, %2: memref<?xi8>) attributes {kernel.entry, kernel.op = "step"} {
  return
}
func.func @keep(%begin: index, %end: index, %0: memref<?xi8>, %1: memref<?xi8>) attributes {kernel.entry, kernel.op = "keep"} {
  return
}
plan.program attributes {envelope = #v4.envelope<tokens = 16, sequences = 2, context = 256, draft = 1>, logits = @l, model = #v4.model<vocab = 512, hidden = 256, layers = 1, window = 128, eos = 1, mtp = true, digest = "00">, mtp_logits = @m, options = {}, producer = "v4c", target = #kernel.target<"cpu:x86-64-v3", cpu = "x86-64-v3", features = ["avx2"], vector_bits = 256>, page_bytes = 0 : i64, slots = 2 : i64, state_bytes = 86784 : i64} {
  plan.pool "win" {group = "main", offset = 0 : i64, type = !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64>}
  plan.pool "old" {group = "mtp", offset = 43392 : i64, type = !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64>}
  // expected-error @+1 {{'w' has recipe 'transpose', expected copy or i64_to_i32}}
  plan.weight "w" {bytes = 512 : i64, element = bf16, in_tables = false, layout = "row_major", recipe = "transpose", shape = array<i64: 256>, sources = ["n"]}
  plan.kernel "first" {bindings = 1 : i64, op = "first"}
  plan.kernel "step" {bindings = 3 : i64, op = "step"}
  plan.kernel "keep" {bindings = 2 : i64, op = "keep"}
  plan.buffer "a" {bytes = [#plan.size<512, 1, 0, 0>], element = bf16, first_launch = 0 : i64, last_launch = 2 : i64, row_shape = array<i64: 256>, rows = 1 : i64, slot = 0 : i64}
  plan.buffer "b" {bytes = [#plan.size<512, 1, 0, 0>], element = bf16, first_launch = 1 : i64, last_launch = 2 : i64, row_shape = array<i64: 256>, rows = 1 : i64, slot = 1 : i64}
  plan.buffer "l" {bytes = [#plan.size<2048, 1, 0, 0>], element = f32, first_launch = 3 : i64, last_launch = 5 : i64, row_shape = array<i64: 512>, rows = 5 : i64, slot = 0 : i64}
  plan.buffer "m" {bytes = [#plan.size<2048, 1, 0, 0>], element = f32, first_launch = 4 : i64, last_launch = 5 : i64, row_shape = array<i64: 512>, rows = 5 : i64, slot = 1 : i64}
  plan.launch @first grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<buffer, out, @a>] {group = "main", layer = 0 : i64}
  plan.launch @step grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<buffer, in, @a>, #plan.binding<weight, in, @w>, #plan.binding<buffer, out, @b>] {group = "main", layer = 0 : i64}
  plan.launch @step grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<buffer, in, @a>, #plan.binding<buffer, in, @b>, #plan.binding<pool, out, @win>] {group = "main", layer = 0 : i64}
  plan.launch @first grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<buffer, out, @l>] {group = "main", layer = 0 : i64}
  plan.launch @keep grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<pool, in, @old>, #plan.binding<buffer, out, @m>] {group = "mtp", layer = 1 : i64}
  plan.launch @first grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<step, in, @step, 1>] {group = "mtp", layer = 0 : i64}
  plan.probe "x" of @a after 0
}

// -----

// Sources are named.
func.func @first(%begin: index, %end: index, %0: memref<?xi8>) attributes {kernel.entry, kernel.op = "first"} {
  return
}
func.func @step(%begin: index, %end: index, %0: memref<?xi8>, %1: memref<?xi8>, %2: memref<?xi8>) attributes {kernel.entry, kernel.op = "step"} {
  return
}
func.func @keep(%begin: index, %end: index, %0: memref<?xi8>, %1: memref<?xi8>) attributes {kernel.entry, kernel.op = "keep"} {
  return
}
plan.program attributes {envelope = #v4.envelope<tokens = 16, sequences = 2, context = 256, draft = 1>, logits = @l, model = #v4.model<vocab = 512, hidden = 256, layers = 1, window = 128, eos = 1, mtp = true, digest = "00">, mtp_logits = @m, options = {}, producer = "v4c", target = #kernel.target<"cpu:x86-64-v3", cpu = "x86-64-v3", features = ["avx2"], vector_bits = 256>, page_bytes = 0 : i64, slots = 2 : i64, state_bytes = 86784 : i64} {
  plan.pool "win" {group = "main", offset = 0 : i64, type = !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64>}
  plan.pool "old" {group = "mtp", offset = 43392 : i64, type = !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64>}
  // expected-error @+1 {{'w' has no sources}}
  plan.weight "w" {bytes = 512 : i64, element = bf16, in_tables = false, layout = "row_major", recipe = "copy", shape = array<i64: 256>, sources = []}
  plan.kernel "first" {bindings = 1 : i64, op = "first"}
  plan.kernel "step" {bindings = 3 : i64, op = "step"}
  plan.kernel "keep" {bindings = 2 : i64, op = "keep"}
  plan.buffer "a" {bytes = [#plan.size<512, 1, 0, 0>], element = bf16, first_launch = 0 : i64, last_launch = 2 : i64, row_shape = array<i64: 256>, rows = 1 : i64, slot = 0 : i64}
  plan.buffer "b" {bytes = [#plan.size<512, 1, 0, 0>], element = bf16, first_launch = 1 : i64, last_launch = 2 : i64, row_shape = array<i64: 256>, rows = 1 : i64, slot = 1 : i64}
  plan.buffer "l" {bytes = [#plan.size<2048, 1, 0, 0>], element = f32, first_launch = 3 : i64, last_launch = 5 : i64, row_shape = array<i64: 512>, rows = 5 : i64, slot = 0 : i64}
  plan.buffer "m" {bytes = [#plan.size<2048, 1, 0, 0>], element = f32, first_launch = 4 : i64, last_launch = 5 : i64, row_shape = array<i64: 512>, rows = 5 : i64, slot = 1 : i64}
  plan.launch @first grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<buffer, out, @a>] {group = "main", layer = 0 : i64}
  plan.launch @step grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<buffer, in, @a>, #plan.binding<weight, in, @w>, #plan.binding<buffer, out, @b>] {group = "main", layer = 0 : i64}
  plan.launch @step grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<buffer, in, @a>, #plan.binding<buffer, in, @b>, #plan.binding<pool, out, @win>] {group = "main", layer = 0 : i64}
  plan.launch @first grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<buffer, out, @l>] {group = "main", layer = 0 : i64}
  plan.launch @keep grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<pool, in, @old>, #plan.binding<buffer, out, @m>] {group = "mtp", layer = 1 : i64}
  plan.launch @first grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<step, in, @step, 1>] {group = "mtp", layer = 0 : i64}
  plan.probe "x" of @a after 0
}

// -----

// Indices are in the section that a load hashes.
func.func @first(%begin: index, %end: index, %0: memref<?xi8>) attributes {kernel.entry, kernel.op = "first"} {
  return
}
func.func @step(%begin: index, %end: index, %0: memref<?xi8>, %1: memref<?xi8>, %2: memref<?xi8>) attributes {kernel.entry, kernel.op = "step"} {
  return
}
func.func @keep(%begin: index, %end: index, %0: memref<?xi8>, %1: memref<?xi8>) attributes {kernel.entry, kernel.op = "keep"} {
  return
}
plan.program attributes {envelope = #v4.envelope<tokens = 16, sequences = 2, context = 256, draft = 1>, logits = @l, model = #v4.model<vocab = 512, hidden = 256, layers = 1, window = 128, eos = 1, mtp = true, digest = "00">, mtp_logits = @m, options = {}, producer = "v4c", target = #kernel.target<"cpu:x86-64-v3", cpu = "x86-64-v3", features = ["avx2"], vector_bits = 256>, page_bytes = 0 : i64, slots = 2 : i64, state_bytes = 86784 : i64} {
  plan.pool "win" {group = "main", offset = 0 : i64, type = !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64>}
  plan.pool "old" {group = "mtp", offset = 43392 : i64, type = !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64>}
  // expected-error @+1 {{expected exactly index tables there}}
  plan.weight "w" {bytes = 1024 : i64, element = i32, in_tables = false, layout = "row_major", recipe = "copy", shape = array<i64: 256>, sources = ["n"]}
  plan.kernel "first" {bindings = 1 : i64, op = "first"}
  plan.kernel "step" {bindings = 3 : i64, op = "step"}
  plan.kernel "keep" {bindings = 2 : i64, op = "keep"}
  plan.buffer "a" {bytes = [#plan.size<512, 1, 0, 0>], element = bf16, first_launch = 0 : i64, last_launch = 2 : i64, row_shape = array<i64: 256>, rows = 1 : i64, slot = 0 : i64}
  plan.buffer "b" {bytes = [#plan.size<512, 1, 0, 0>], element = bf16, first_launch = 1 : i64, last_launch = 2 : i64, row_shape = array<i64: 256>, rows = 1 : i64, slot = 1 : i64}
  plan.buffer "l" {bytes = [#plan.size<2048, 1, 0, 0>], element = f32, first_launch = 3 : i64, last_launch = 5 : i64, row_shape = array<i64: 512>, rows = 5 : i64, slot = 0 : i64}
  plan.buffer "m" {bytes = [#plan.size<2048, 1, 0, 0>], element = f32, first_launch = 4 : i64, last_launch = 5 : i64, row_shape = array<i64: 512>, rows = 5 : i64, slot = 1 : i64}
  plan.launch @first grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<buffer, out, @a>] {group = "main", layer = 0 : i64}
  plan.launch @step grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<buffer, in, @a>, #plan.binding<weight, in, @w>, #plan.binding<buffer, out, @b>] {group = "main", layer = 0 : i64}
  plan.launch @step grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<buffer, in, @a>, #plan.binding<buffer, in, @b>, #plan.binding<pool, out, @win>] {group = "main", layer = 0 : i64}
  plan.launch @first grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<buffer, out, @l>] {group = "main", layer = 0 : i64}
  plan.launch @keep grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<pool, in, @old>, #plan.binding<buffer, out, @m>] {group = "mtp", layer = 1 : i64}
  plan.launch @first grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<step, in, @step, 1>] {group = "mtp", layer = 0 : i64}
  plan.probe "x" of @a after 0
}

// -----

// A page covers 128 tokens.
func.func @first(%begin: index, %end: index, %0: memref<?xi8>) attributes {kernel.entry, kernel.op = "first"} {
  return
}
func.func @step(%begin: index, %end: index, %0: memref<?xi8>, %1: memref<?xi8>, %2: memref<?xi8>) attributes {kernel.entry, kernel.op = "step"} {
  return
}
func.func @keep(%begin: index, %end: index, %0: memref<?xi8>, %1: memref<?xi8>) attributes {kernel.entry, kernel.op = "keep"} {
  return
}
plan.program attributes {envelope = #v4.envelope<tokens = 16, sequences = 2, context = 256, draft = 1>, logits = @l, model = #v4.model<vocab = 512, hidden = 256, layers = 1, window = 128, eos = 1, mtp = true, digest = "00">, mtp_logits = @m, options = {}, producer = "v4c", target = #kernel.target<"cpu:x86-64-v3", cpu = "x86-64-v3", features = ["avx2"], vector_bits = 256>, page_bytes = 0 : i64, slots = 2 : i64, state_bytes = 86784 : i64} {
  plan.pool "win" {group = "main", offset = 0 : i64, type = !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64>}
  plan.pool "old" {group = "mtp", offset = 43392 : i64, type = !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64>}
  // expected-error @+1 {{'rows' has 16 rows with ratio 4, expected 128 source tokens in a page}}
  plan.pool "rows" {group = "main", offset = 0 : i64, type = !v4.cache<page, ratio = 4, kv_compact, rows = 16, values = 256, rope = 64>}
  plan.weight "w" {bytes = 512 : i64, element = bf16, in_tables = false, layout = "row_major", recipe = "copy", shape = array<i64: 256>, sources = ["n"]}
  plan.kernel "first" {bindings = 1 : i64, op = "first"}
  plan.kernel "step" {bindings = 3 : i64, op = "step"}
  plan.kernel "keep" {bindings = 2 : i64, op = "keep"}
  plan.buffer "a" {bytes = [#plan.size<512, 1, 0, 0>], element = bf16, first_launch = 0 : i64, last_launch = 2 : i64, row_shape = array<i64: 256>, rows = 1 : i64, slot = 0 : i64}
  plan.buffer "b" {bytes = [#plan.size<512, 1, 0, 0>], element = bf16, first_launch = 1 : i64, last_launch = 2 : i64, row_shape = array<i64: 256>, rows = 1 : i64, slot = 1 : i64}
  plan.buffer "l" {bytes = [#plan.size<2048, 1, 0, 0>], element = f32, first_launch = 3 : i64, last_launch = 5 : i64, row_shape = array<i64: 512>, rows = 5 : i64, slot = 0 : i64}
  plan.buffer "m" {bytes = [#plan.size<2048, 1, 0, 0>], element = f32, first_launch = 4 : i64, last_launch = 5 : i64, row_shape = array<i64: 512>, rows = 5 : i64, slot = 1 : i64}
  plan.launch @first grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<buffer, out, @a>] {group = "main", layer = 0 : i64}
  plan.launch @step grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<buffer, in, @a>, #plan.binding<weight, in, @w>, #plan.binding<buffer, out, @b>] {group = "main", layer = 0 : i64}
  plan.launch @step grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<buffer, in, @a>, #plan.binding<buffer, in, @b>, #plan.binding<pool, out, @win>] {group = "main", layer = 0 : i64}
  plan.launch @first grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<buffer, out, @l>] {group = "main", layer = 0 : i64}
  plan.launch @keep grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<pool, in, @old>, #plan.binding<buffer, out, @m>] {group = "mtp", layer = 1 : i64}
  plan.launch @first grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<step, in, @step, 1>] {group = "mtp", layer = 0 : i64}
  plan.probe "x" of @a after 0
}

// -----

// Pools have aligned offsets.
func.func @first(%begin: index, %end: index, %0: memref<?xi8>) attributes {kernel.entry, kernel.op = "first"} {
  return
}
func.func @step(%begin: index, %end: index, %0: memref<?xi8>, %1: memref<?xi8>, %2: memref<?xi8>) attributes {kernel.entry, kernel.op = "step"} {
  return
}
func.func @keep(%begin: index, %end: index, %0: memref<?xi8>, %1: memref<?xi8>) attributes {kernel.entry, kernel.op = "keep"} {
  return
}
plan.program attributes {envelope = #v4.envelope<tokens = 16, sequences = 2, context = 256, draft = 1>, logits = @l, model = #v4.model<vocab = 512, hidden = 256, layers = 1, window = 128, eos = 1, mtp = true, digest = "00">, mtp_logits = @m, options = {}, producer = "v4c", target = #kernel.target<"cpu:x86-64-v3", cpu = "x86-64-v3", features = ["avx2"], vector_bits = 256>, page_bytes = 0 : i64, slots = 2 : i64, state_bytes = 86784 : i64} {
  // expected-error @+1 {{'win' has no offset that is a multiple of 64}}
  plan.pool "win" {group = "main", offset = 32 : i64, type = !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64>}
  plan.pool "old" {group = "mtp", offset = 43392 : i64, type = !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64>}
  plan.weight "w" {bytes = 512 : i64, element = bf16, in_tables = false, layout = "row_major", recipe = "copy", shape = array<i64: 256>, sources = ["n"]}
  plan.kernel "first" {bindings = 1 : i64, op = "first"}
  plan.kernel "step" {bindings = 3 : i64, op = "step"}
  plan.kernel "keep" {bindings = 2 : i64, op = "keep"}
  plan.buffer "a" {bytes = [#plan.size<512, 1, 0, 0>], element = bf16, first_launch = 0 : i64, last_launch = 2 : i64, row_shape = array<i64: 256>, rows = 1 : i64, slot = 0 : i64}
  plan.buffer "b" {bytes = [#plan.size<512, 1, 0, 0>], element = bf16, first_launch = 1 : i64, last_launch = 2 : i64, row_shape = array<i64: 256>, rows = 1 : i64, slot = 1 : i64}
  plan.buffer "l" {bytes = [#plan.size<2048, 1, 0, 0>], element = f32, first_launch = 3 : i64, last_launch = 5 : i64, row_shape = array<i64: 512>, rows = 5 : i64, slot = 0 : i64}
  plan.buffer "m" {bytes = [#plan.size<2048, 1, 0, 0>], element = f32, first_launch = 4 : i64, last_launch = 5 : i64, row_shape = array<i64: 512>, rows = 5 : i64, slot = 1 : i64}
  plan.launch @first grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<buffer, out, @a>] {group = "main", layer = 0 : i64}
  plan.launch @step grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<buffer, in, @a>, #plan.binding<weight, in, @w>, #plan.binding<buffer, out, @b>] {group = "main", layer = 0 : i64}
  plan.launch @step grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<buffer, in, @a>, #plan.binding<buffer, in, @b>, #plan.binding<pool, out, @win>] {group = "main", layer = 0 : i64}
  plan.launch @first grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<buffer, out, @l>] {group = "main", layer = 0 : i64}
  plan.launch @keep grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<pool, in, @old>, #plan.binding<buffer, out, @m>] {group = "mtp", layer = 1 : i64}
  plan.launch @first grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<step, in, @step, 1>] {group = "mtp", layer = 0 : i64}
  plan.probe "x" of @a after 0
}

// -----

// Pools do not overlap.
func.func @first(%begin: index, %end: index, %0: memref<?xi8>) attributes {kernel.entry, kernel.op = "first"} {
  return
}
func.func @step(%begin: index, %end: index, %0: memref<?xi8>, %1: memref<?xi8>, %2: memref<?xi8>) attributes {kernel.entry, kernel.op = "step"} {
  return
}
func.func @keep(%begin: index, %end: index, %0: memref<?xi8>, %1: memref<?xi8>) attributes {kernel.entry, kernel.op = "keep"} {
  return
}
plan.program attributes {envelope = #v4.envelope<tokens = 16, sequences = 2, context = 256, draft = 1>, logits = @l, model = #v4.model<vocab = 512, hidden = 256, layers = 1, window = 128, eos = 1, mtp = true, digest = "00">, mtp_logits = @m, options = {}, producer = "v4c", target = #kernel.target<"cpu:x86-64-v3", cpu = "x86-64-v3", features = ["avx2"], vector_bits = 256>, page_bytes = 0 : i64, slots = 2 : i64, state_bytes = 86784 : i64} {
  plan.pool "win" {group = "main", offset = 0 : i64, type = !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64>}
  // expected-error @+1 {{'old' is at offset 64, inside the pool that ends at 43344}}
  plan.pool "old" {group = "mtp", offset = 64 : i64, type = !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64>}
  plan.weight "w" {bytes = 512 : i64, element = bf16, in_tables = false, layout = "row_major", recipe = "copy", shape = array<i64: 256>, sources = ["n"]}
  plan.kernel "first" {bindings = 1 : i64, op = "first"}
  plan.kernel "step" {bindings = 3 : i64, op = "step"}
  plan.kernel "keep" {bindings = 2 : i64, op = "keep"}
  plan.buffer "a" {bytes = [#plan.size<512, 1, 0, 0>], element = bf16, first_launch = 0 : i64, last_launch = 2 : i64, row_shape = array<i64: 256>, rows = 1 : i64, slot = 0 : i64}
  plan.buffer "b" {bytes = [#plan.size<512, 1, 0, 0>], element = bf16, first_launch = 1 : i64, last_launch = 2 : i64, row_shape = array<i64: 256>, rows = 1 : i64, slot = 1 : i64}
  plan.buffer "l" {bytes = [#plan.size<2048, 1, 0, 0>], element = f32, first_launch = 3 : i64, last_launch = 5 : i64, row_shape = array<i64: 512>, rows = 5 : i64, slot = 0 : i64}
  plan.buffer "m" {bytes = [#plan.size<2048, 1, 0, 0>], element = f32, first_launch = 4 : i64, last_launch = 5 : i64, row_shape = array<i64: 512>, rows = 5 : i64, slot = 1 : i64}
  plan.launch @first grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<buffer, out, @a>] {group = "main", layer = 0 : i64}
  plan.launch @step grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<buffer, in, @a>, #plan.binding<weight, in, @w>, #plan.binding<buffer, out, @b>] {group = "main", layer = 0 : i64}
  plan.launch @step grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<buffer, in, @a>, #plan.binding<buffer, in, @b>, #plan.binding<pool, out, @win>] {group = "main", layer = 0 : i64}
  plan.launch @first grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<buffer, out, @l>] {group = "main", layer = 0 : i64}
  plan.launch @keep grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<pool, in, @old>, #plan.binding<buffer, out, @m>] {group = "mtp", layer = 1 : i64}
  plan.launch @first grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<step, in, @step, 1>] {group = "mtp", layer = 0 : i64}
  plan.probe "x" of @a after 0
}

// -----

// Pools end in their block.
func.func @first(%begin: index, %end: index, %0: memref<?xi8>) attributes {kernel.entry, kernel.op = "first"} {
  return
}
func.func @step(%begin: index, %end: index, %0: memref<?xi8>, %1: memref<?xi8>, %2: memref<?xi8>) attributes {kernel.entry, kernel.op = "step"} {
  return
}
func.func @keep(%begin: index, %end: index, %0: memref<?xi8>, %1: memref<?xi8>) attributes {kernel.entry, kernel.op = "keep"} {
  return
}
plan.program attributes {envelope = #v4.envelope<tokens = 16, sequences = 2, context = 256, draft = 1>, logits = @l, model = #v4.model<vocab = 512, hidden = 256, layers = 1, window = 128, eos = 1, mtp = true, digest = "00">, mtp_logits = @m, options = {}, producer = "v4c", target = #kernel.target<"cpu:x86-64-v3", cpu = "x86-64-v3", features = ["avx2"], vector_bits = 256>, page_bytes = 0 : i64, slots = 2 : i64, state_bytes = 43392 : i64} {
  plan.pool "win" {group = "main", offset = 0 : i64, type = !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64>}
  // expected-error @+1 {{'old' has 43344 bytes at offset 43392, expected to end within state_bytes = 43392}}
  plan.pool "old" {group = "mtp", offset = 43392 : i64, type = !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64>}
  plan.weight "w" {bytes = 512 : i64, element = bf16, in_tables = false, layout = "row_major", recipe = "copy", shape = array<i64: 256>, sources = ["n"]}
  plan.kernel "first" {bindings = 1 : i64, op = "first"}
  plan.kernel "step" {bindings = 3 : i64, op = "step"}
  plan.kernel "keep" {bindings = 2 : i64, op = "keep"}
  plan.buffer "a" {bytes = [#plan.size<512, 1, 0, 0>], element = bf16, first_launch = 0 : i64, last_launch = 2 : i64, row_shape = array<i64: 256>, rows = 1 : i64, slot = 0 : i64}
  plan.buffer "b" {bytes = [#plan.size<512, 1, 0, 0>], element = bf16, first_launch = 1 : i64, last_launch = 2 : i64, row_shape = array<i64: 256>, rows = 1 : i64, slot = 1 : i64}
  plan.buffer "l" {bytes = [#plan.size<2048, 1, 0, 0>], element = f32, first_launch = 3 : i64, last_launch = 5 : i64, row_shape = array<i64: 512>, rows = 5 : i64, slot = 0 : i64}
  plan.buffer "m" {bytes = [#plan.size<2048, 1, 0, 0>], element = f32, first_launch = 4 : i64, last_launch = 5 : i64, row_shape = array<i64: 512>, rows = 5 : i64, slot = 1 : i64}
  plan.launch @first grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<buffer, out, @a>] {group = "main", layer = 0 : i64}
  plan.launch @step grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<buffer, in, @a>, #plan.binding<weight, in, @w>, #plan.binding<buffer, out, @b>] {group = "main", layer = 0 : i64}
  plan.launch @step grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<buffer, in, @a>, #plan.binding<buffer, in, @b>, #plan.binding<pool, out, @win>] {group = "main", layer = 0 : i64}
  plan.launch @first grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<buffer, out, @l>] {group = "main", layer = 0 : i64}
  plan.launch @keep grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<pool, in, @old>, #plan.binding<buffer, out, @m>] {group = "mtp", layer = 1 : i64}
  plan.launch @first grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<step, in, @step, 1>] {group = "mtp", layer = 0 : i64}
  plan.probe "x" of @a after 0
}

// -----

// Groups are main and mtp.
func.func @first(%begin: index, %end: index, %0: memref<?xi8>) attributes {kernel.entry, kernel.op = "first"} {
  return
}
func.func @step(%begin: index, %end: index, %0: memref<?xi8>, %1: memref<?xi8>, %2: memref<?xi8>) attributes {kernel.entry, kernel.op = "step"} {
  return
}
func.func @keep(%begin: index, %end: index, %0: memref<?xi8>, %1: memref<?xi8>) attributes {kernel.entry, kernel.op = "keep"} {
  return
}
plan.program attributes {envelope = #v4.envelope<tokens = 16, sequences = 2, context = 256, draft = 1>, logits = @l, model = #v4.model<vocab = 512, hidden = 256, layers = 1, window = 128, eos = 1, mtp = true, digest = "00">, mtp_logits = @m, options = {}, producer = "v4c", target = #kernel.target<"cpu:x86-64-v3", cpu = "x86-64-v3", features = ["avx2"], vector_bits = 256>, page_bytes = 0 : i64, slots = 2 : i64, state_bytes = 86784 : i64} {
  // expected-error @+1 {{has group 'draft', expected main or mtp}}
  plan.pool "win" {group = "draft", offset = 0 : i64, type = !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64>}
  plan.pool "old" {group = "mtp", offset = 43392 : i64, type = !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64>}
  plan.weight "w" {bytes = 512 : i64, element = bf16, in_tables = false, layout = "row_major", recipe = "copy", shape = array<i64: 256>, sources = ["n"]}
  plan.kernel "first" {bindings = 1 : i64, op = "first"}
  plan.kernel "step" {bindings = 3 : i64, op = "step"}
  plan.kernel "keep" {bindings = 2 : i64, op = "keep"}
  plan.buffer "a" {bytes = [#plan.size<512, 1, 0, 0>], element = bf16, first_launch = 0 : i64, last_launch = 2 : i64, row_shape = array<i64: 256>, rows = 1 : i64, slot = 0 : i64}
  plan.buffer "b" {bytes = [#plan.size<512, 1, 0, 0>], element = bf16, first_launch = 1 : i64, last_launch = 2 : i64, row_shape = array<i64: 256>, rows = 1 : i64, slot = 1 : i64}
  plan.buffer "l" {bytes = [#plan.size<2048, 1, 0, 0>], element = f32, first_launch = 3 : i64, last_launch = 5 : i64, row_shape = array<i64: 512>, rows = 5 : i64, slot = 0 : i64}
  plan.buffer "m" {bytes = [#plan.size<2048, 1, 0, 0>], element = f32, first_launch = 4 : i64, last_launch = 5 : i64, row_shape = array<i64: 512>, rows = 5 : i64, slot = 1 : i64}
  plan.launch @first grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<buffer, out, @a>] {group = "main", layer = 0 : i64}
  plan.launch @step grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<buffer, in, @a>, #plan.binding<weight, in, @w>, #plan.binding<buffer, out, @b>] {group = "main", layer = 0 : i64}
  plan.launch @step grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<buffer, in, @a>, #plan.binding<buffer, in, @b>, #plan.binding<pool, out, @win>] {group = "main", layer = 0 : i64}
  plan.launch @first grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<buffer, out, @l>] {group = "main", layer = 0 : i64}
  plan.launch @keep grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<pool, in, @old>, #plan.binding<buffer, out, @m>] {group = "mtp", layer = 1 : i64}
  plan.launch @first grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<step, in, @step, 1>] {group = "mtp", layer = 0 : i64}
  plan.probe "x" of @a after 0
}

// -----

// Launches name kernels.
func.func @first(%begin: index, %end: index, %0: memref<?xi8>) attributes {kernel.entry, kernel.op = "first"} {
  return
}
func.func @step(%begin: index, %end: index, %0: memref<?xi8>, %1: memref<?xi8>, %2: memref<?xi8>) attributes {kernel.entry, kernel.op = "step"} {
  return
}
func.func @keep(%begin: index, %end: index, %0: memref<?xi8>, %1: memref<?xi8>) attributes {kernel.entry, kernel.op = "keep"} {
  return
}
plan.program attributes {envelope = #v4.envelope<tokens = 16, sequences = 2, context = 256, draft = 1>, logits = @l, model = #v4.model<vocab = 512, hidden = 256, layers = 1, window = 128, eos = 1, mtp = true, digest = "00">, mtp_logits = @m, options = {}, producer = "v4c", target = #kernel.target<"cpu:x86-64-v3", cpu = "x86-64-v3", features = ["avx2"], vector_bits = 256>, page_bytes = 0 : i64, slots = 2 : i64, state_bytes = 86784 : i64} {
  plan.pool "win" {group = "main", offset = 0 : i64, type = !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64>}
  plan.pool "old" {group = "mtp", offset = 43392 : i64, type = !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64>}
  plan.weight "w" {bytes = 512 : i64, element = bf16, in_tables = false, layout = "row_major", recipe = "copy", shape = array<i64: 256>, sources = ["n"]}
  plan.kernel "first" {bindings = 1 : i64, op = "first"}
  plan.kernel "step" {bindings = 3 : i64, op = "step"}
  plan.kernel "keep" {bindings = 2 : i64, op = "keep"}
  plan.buffer "a" {bytes = [#plan.size<512, 1, 0, 0>], element = bf16, first_launch = 0 : i64, last_launch = 2 : i64, row_shape = array<i64: 256>, rows = 1 : i64, slot = 0 : i64}
  plan.buffer "b" {bytes = [#plan.size<512, 1, 0, 0>], element = bf16, first_launch = 1 : i64, last_launch = 2 : i64, row_shape = array<i64: 256>, rows = 1 : i64, slot = 1 : i64}
  plan.buffer "l" {bytes = [#plan.size<2048, 1, 0, 0>], element = f32, first_launch = 3 : i64, last_launch = 5 : i64, row_shape = array<i64: 512>, rows = 5 : i64, slot = 0 : i64}
  plan.buffer "m" {bytes = [#plan.size<2048, 1, 0, 0>], element = f32, first_launch = 4 : i64, last_launch = 5 : i64, row_shape = array<i64: 512>, rows = 5 : i64, slot = 1 : i64}
  // expected-error @+1 {{launches 'a', which is no plan.kernel}}
  plan.launch @a grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<buffer, out, @a>] {group = "main", layer = 0 : i64}
  plan.launch @step grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<buffer, in, @a>, #plan.binding<weight, in, @w>, #plan.binding<buffer, out, @b>] {group = "main", layer = 0 : i64}
  plan.launch @step grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<buffer, in, @a>, #plan.binding<buffer, in, @b>, #plan.binding<pool, out, @win>] {group = "main", layer = 0 : i64}
  plan.launch @first grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<buffer, out, @l>] {group = "main", layer = 0 : i64}
  plan.launch @keep grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<pool, in, @old>, #plan.binding<buffer, out, @m>] {group = "mtp", layer = 1 : i64}
  plan.launch @first grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<step, in, @step, 1>] {group = "mtp", layer = 0 : i64}
  plan.probe "x" of @a after 0
}

// -----

// Launches have all bindings.
func.func @first(%begin: index, %end: index, %0: memref<?xi8>) attributes {kernel.entry, kernel.op = "first"} {
  return
}
func.func @step(%begin: index, %end: index, %0: memref<?xi8>, %1: memref<?xi8>, %2: memref<?xi8>) attributes {kernel.entry, kernel.op = "step"} {
  return
}
func.func @keep(%begin: index, %end: index, %0: memref<?xi8>, %1: memref<?xi8>) attributes {kernel.entry, kernel.op = "keep"} {
  return
}
plan.program attributes {envelope = #v4.envelope<tokens = 16, sequences = 2, context = 256, draft = 1>, logits = @l, model = #v4.model<vocab = 512, hidden = 256, layers = 1, window = 128, eos = 1, mtp = true, digest = "00">, mtp_logits = @m, options = {}, producer = "v4c", target = #kernel.target<"cpu:x86-64-v3", cpu = "x86-64-v3", features = ["avx2"], vector_bits = 256>, page_bytes = 0 : i64, slots = 2 : i64, state_bytes = 86784 : i64} {
  plan.pool "win" {group = "main", offset = 0 : i64, type = !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64>}
  plan.pool "old" {group = "mtp", offset = 43392 : i64, type = !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64>}
  plan.weight "w" {bytes = 512 : i64, element = bf16, in_tables = false, layout = "row_major", recipe = "copy", shape = array<i64: 256>, sources = ["n"]}
  plan.kernel "first" {bindings = 1 : i64, op = "first"}
  plan.kernel "step" {bindings = 3 : i64, op = "step"}
  plan.kernel "keep" {bindings = 2 : i64, op = "keep"}
  plan.buffer "a" {bytes = [#plan.size<512, 1, 0, 0>], element = bf16, first_launch = 0 : i64, last_launch = 2 : i64, row_shape = array<i64: 256>, rows = 1 : i64, slot = 0 : i64}
  plan.buffer "b" {bytes = [#plan.size<512, 1, 0, 0>], element = bf16, first_launch = 1 : i64, last_launch = 2 : i64, row_shape = array<i64: 256>, rows = 1 : i64, slot = 1 : i64}
  plan.buffer "l" {bytes = [#plan.size<2048, 1, 0, 0>], element = f32, first_launch = 3 : i64, last_launch = 5 : i64, row_shape = array<i64: 512>, rows = 5 : i64, slot = 0 : i64}
  plan.buffer "m" {bytes = [#plan.size<2048, 1, 0, 0>], element = f32, first_launch = 4 : i64, last_launch = 5 : i64, row_shape = array<i64: 512>, rows = 5 : i64, slot = 1 : i64}
  // expected-error @+1 {{has 2 bindings, 'first' takes 1}}
  plan.launch @first grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<buffer, out, @a>, #plan.binding<weight, in, @w>] {group = "main", layer = 0 : i64}
  plan.launch @step grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<buffer, in, @a>, #plan.binding<weight, in, @w>, #plan.binding<buffer, out, @b>] {group = "main", layer = 0 : i64}
  plan.launch @step grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<buffer, in, @a>, #plan.binding<buffer, in, @b>, #plan.binding<pool, out, @win>] {group = "main", layer = 0 : i64}
  plan.launch @first grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<buffer, out, @l>] {group = "main", layer = 0 : i64}
  plan.launch @keep grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<pool, in, @old>, #plan.binding<buffer, out, @m>] {group = "mtp", layer = 1 : i64}
  plan.launch @first grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<step, in, @step, 1>] {group = "mtp", layer = 0 : i64}
  plan.probe "x" of @a after 0
}

// -----

// Layers are those of the model.
func.func @first(%begin: index, %end: index, %0: memref<?xi8>) attributes {kernel.entry, kernel.op = "first"} {
  return
}
func.func @step(%begin: index, %end: index, %0: memref<?xi8>, %1: memref<?xi8>, %2: memref<?xi8>) attributes {kernel.entry, kernel.op = "step"} {
  return
}
func.func @keep(%begin: index, %end: index, %0: memref<?xi8>, %1: memref<?xi8>) attributes {kernel.entry, kernel.op = "keep"} {
  return
}
plan.program attributes {envelope = #v4.envelope<tokens = 16, sequences = 2, context = 256, draft = 1>, logits = @l, model = #v4.model<vocab = 512, hidden = 256, layers = 1, window = 128, eos = 1, mtp = true, digest = "00">, mtp_logits = @m, options = {}, producer = "v4c", target = #kernel.target<"cpu:x86-64-v3", cpu = "x86-64-v3", features = ["avx2"], vector_bits = 256>, page_bytes = 0 : i64, slots = 2 : i64, state_bytes = 86784 : i64} {
  plan.pool "win" {group = "main", offset = 0 : i64, type = !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64>}
  plan.pool "old" {group = "mtp", offset = 43392 : i64, type = !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64>}
  plan.weight "w" {bytes = 512 : i64, element = bf16, in_tables = false, layout = "row_major", recipe = "copy", shape = array<i64: 256>, sources = ["n"]}
  plan.kernel "first" {bindings = 1 : i64, op = "first"}
  plan.kernel "step" {bindings = 3 : i64, op = "step"}
  plan.kernel "keep" {bindings = 2 : i64, op = "keep"}
  plan.buffer "a" {bytes = [#plan.size<512, 1, 0, 0>], element = bf16, first_launch = 0 : i64, last_launch = 2 : i64, row_shape = array<i64: 256>, rows = 1 : i64, slot = 0 : i64}
  plan.buffer "b" {bytes = [#plan.size<512, 1, 0, 0>], element = bf16, first_launch = 1 : i64, last_launch = 2 : i64, row_shape = array<i64: 256>, rows = 1 : i64, slot = 1 : i64}
  plan.buffer "l" {bytes = [#plan.size<2048, 1, 0, 0>], element = f32, first_launch = 3 : i64, last_launch = 5 : i64, row_shape = array<i64: 512>, rows = 5 : i64, slot = 0 : i64}
  plan.buffer "m" {bytes = [#plan.size<2048, 1, 0, 0>], element = f32, first_launch = 4 : i64, last_launch = 5 : i64, row_shape = array<i64: 512>, rows = 5 : i64, slot = 1 : i64}
  // expected-error @+1 {{has layer 2, expected -1 to 1}}
  plan.launch @first grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<buffer, out, @a>] {group = "main", layer = 2 : i64}
  plan.launch @step grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<buffer, in, @a>, #plan.binding<weight, in, @w>, #plan.binding<buffer, out, @b>] {group = "main", layer = 0 : i64}
  plan.launch @step grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<buffer, in, @a>, #plan.binding<buffer, in, @b>, #plan.binding<pool, out, @win>] {group = "main", layer = 0 : i64}
  plan.launch @first grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<buffer, out, @l>] {group = "main", layer = 0 : i64}
  plan.launch @keep grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<pool, in, @old>, #plan.binding<buffer, out, @m>] {group = "mtp", layer = 1 : i64}
  plan.launch @first grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<step, in, @step, 1>] {group = "mtp", layer = 0 : i64}
  plan.probe "x" of @a after 0
}

// -----

// Step fields are those of the ABI.
func.func @first(%begin: index, %end: index, %0: memref<?xi8>) attributes {kernel.entry, kernel.op = "first"} {
  return
}
func.func @step(%begin: index, %end: index, %0: memref<?xi8>, %1: memref<?xi8>, %2: memref<?xi8>) attributes {kernel.entry, kernel.op = "step"} {
  return
}
func.func @keep(%begin: index, %end: index, %0: memref<?xi8>, %1: memref<?xi8>) attributes {kernel.entry, kernel.op = "keep"} {
  return
}
plan.program attributes {envelope = #v4.envelope<tokens = 16, sequences = 2, context = 256, draft = 1>, logits = @l, model = #v4.model<vocab = 512, hidden = 256, layers = 1, window = 128, eos = 1, mtp = true, digest = "00">, mtp_logits = @m, options = {}, producer = "v4c", target = #kernel.target<"cpu:x86-64-v3", cpu = "x86-64-v3", features = ["avx2"], vector_bits = 256>, page_bytes = 0 : i64, slots = 2 : i64, state_bytes = 86784 : i64} {
  plan.pool "win" {group = "main", offset = 0 : i64, type = !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64>}
  plan.pool "old" {group = "mtp", offset = 43392 : i64, type = !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64>}
  plan.weight "w" {bytes = 512 : i64, element = bf16, in_tables = false, layout = "row_major", recipe = "copy", shape = array<i64: 256>, sources = ["n"]}
  plan.kernel "first" {bindings = 1 : i64, op = "first"}
  plan.kernel "step" {bindings = 3 : i64, op = "step"}
  plan.kernel "keep" {bindings = 2 : i64, op = "keep"}
  plan.buffer "a" {bytes = [#plan.size<512, 1, 0, 0>], element = bf16, first_launch = 0 : i64, last_launch = 2 : i64, row_shape = array<i64: 256>, rows = 1 : i64, slot = 0 : i64}
  plan.buffer "b" {bytes = [#plan.size<512, 1, 0, 0>], element = bf16, first_launch = 1 : i64, last_launch = 2 : i64, row_shape = array<i64: 256>, rows = 1 : i64, slot = 1 : i64}
  plan.buffer "l" {bytes = [#plan.size<2048, 1, 0, 0>], element = f32, first_launch = 3 : i64, last_launch = 5 : i64, row_shape = array<i64: 512>, rows = 5 : i64, slot = 0 : i64}
  plan.buffer "m" {bytes = [#plan.size<2048, 1, 0, 0>], element = f32, first_launch = 4 : i64, last_launch = 5 : i64, row_shape = array<i64: 512>, rows = 5 : i64, slot = 1 : i64}
  plan.launch @first grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<buffer, out, @a>] {group = "main", layer = 0 : i64}
  plan.launch @step grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<buffer, in, @a>, #plan.binding<weight, in, @w>, #plan.binding<buffer, out, @b>] {group = "main", layer = 0 : i64}
  plan.launch @step grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<buffer, in, @a>, #plan.binding<buffer, in, @b>, #plan.binding<pool, out, @win>] {group = "main", layer = 0 : i64}
  plan.launch @first grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<buffer, out, @l>] {group = "main", layer = 0 : i64}
  plan.launch @keep grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<pool, in, @old>, #plan.binding<buffer, out, @m>] {group = "mtp", layer = 1 : i64}
  // expected-error @+1 {{binds step field 13, expected less than 13}}
  plan.launch @first grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<step, in, @step, 13>] {group = "mtp", layer = 0 : i64}
  plan.probe "x" of @a after 0
}

// -----

// Weights are read only.
func.func @first(%begin: index, %end: index, %0: memref<?xi8>) attributes {kernel.entry, kernel.op = "first"} {
  return
}
func.func @step(%begin: index, %end: index, %0: memref<?xi8>, %1: memref<?xi8>, %2: memref<?xi8>) attributes {kernel.entry, kernel.op = "step"} {
  return
}
func.func @keep(%begin: index, %end: index, %0: memref<?xi8>, %1: memref<?xi8>) attributes {kernel.entry, kernel.op = "keep"} {
  return
}
plan.program attributes {envelope = #v4.envelope<tokens = 16, sequences = 2, context = 256, draft = 1>, logits = @l, model = #v4.model<vocab = 512, hidden = 256, layers = 1, window = 128, eos = 1, mtp = true, digest = "00">, mtp_logits = @m, options = {}, producer = "v4c", target = #kernel.target<"cpu:x86-64-v3", cpu = "x86-64-v3", features = ["avx2"], vector_bits = 256>, page_bytes = 0 : i64, slots = 2 : i64, state_bytes = 86784 : i64} {
  plan.pool "win" {group = "main", offset = 0 : i64, type = !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64>}
  plan.pool "old" {group = "mtp", offset = 43392 : i64, type = !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64>}
  plan.weight "w" {bytes = 512 : i64, element = bf16, in_tables = false, layout = "row_major", recipe = "copy", shape = array<i64: 256>, sources = ["n"]}
  plan.kernel "first" {bindings = 1 : i64, op = "first"}
  plan.kernel "step" {bindings = 3 : i64, op = "step"}
  plan.kernel "keep" {bindings = 2 : i64, op = "keep"}
  plan.buffer "a" {bytes = [#plan.size<512, 1, 0, 0>], element = bf16, first_launch = 0 : i64, last_launch = 2 : i64, row_shape = array<i64: 256>, rows = 1 : i64, slot = 0 : i64}
  plan.buffer "b" {bytes = [#plan.size<512, 1, 0, 0>], element = bf16, first_launch = 1 : i64, last_launch = 2 : i64, row_shape = array<i64: 256>, rows = 1 : i64, slot = 1 : i64}
  plan.buffer "l" {bytes = [#plan.size<2048, 1, 0, 0>], element = f32, first_launch = 3 : i64, last_launch = 5 : i64, row_shape = array<i64: 512>, rows = 5 : i64, slot = 0 : i64}
  plan.buffer "m" {bytes = [#plan.size<2048, 1, 0, 0>], element = f32, first_launch = 4 : i64, last_launch = 5 : i64, row_shape = array<i64: 512>, rows = 5 : i64, slot = 1 : i64}
  plan.launch @first grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<buffer, out, @a>] {group = "main", layer = 0 : i64}
  // expected-error @+1 {{expected weights and step fields to be read only}}
  plan.launch @step grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<buffer, in, @a>, #plan.binding<weight, out, @w>, #plan.binding<buffer, out, @b>] {group = "main", layer = 0 : i64}
  plan.launch @step grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<buffer, in, @a>, #plan.binding<buffer, in, @b>, #plan.binding<pool, out, @win>] {group = "main", layer = 0 : i64}
  plan.launch @first grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<buffer, out, @l>] {group = "main", layer = 0 : i64}
  plan.launch @keep grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<pool, in, @old>, #plan.binding<buffer, out, @m>] {group = "mtp", layer = 1 : i64}
  plan.launch @first grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<step, in, @step, 1>] {group = "mtp", layer = 0 : i64}
  plan.probe "x" of @a after 0
}

// -----

// A weight is no buffer.
func.func @first(%begin: index, %end: index, %0: memref<?xi8>) attributes {kernel.entry, kernel.op = "first"} {
  return
}
func.func @step(%begin: index, %end: index, %0: memref<?xi8>, %1: memref<?xi8>, %2: memref<?xi8>) attributes {kernel.entry, kernel.op = "step"} {
  return
}
func.func @keep(%begin: index, %end: index, %0: memref<?xi8>, %1: memref<?xi8>) attributes {kernel.entry, kernel.op = "keep"} {
  return
}
plan.program attributes {envelope = #v4.envelope<tokens = 16, sequences = 2, context = 256, draft = 1>, logits = @l, model = #v4.model<vocab = 512, hidden = 256, layers = 1, window = 128, eos = 1, mtp = true, digest = "00">, mtp_logits = @m, options = {}, producer = "v4c", target = #kernel.target<"cpu:x86-64-v3", cpu = "x86-64-v3", features = ["avx2"], vector_bits = 256>, page_bytes = 0 : i64, slots = 2 : i64, state_bytes = 86784 : i64} {
  plan.pool "win" {group = "main", offset = 0 : i64, type = !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64>}
  plan.pool "old" {group = "mtp", offset = 43392 : i64, type = !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64>}
  plan.weight "w" {bytes = 512 : i64, element = bf16, in_tables = false, layout = "row_major", recipe = "copy", shape = array<i64: 256>, sources = ["n"]}
  plan.kernel "first" {bindings = 1 : i64, op = "first"}
  plan.kernel "step" {bindings = 3 : i64, op = "step"}
  plan.kernel "keep" {bindings = 2 : i64, op = "keep"}
  plan.buffer "a" {bytes = [#plan.size<512, 1, 0, 0>], element = bf16, first_launch = 0 : i64, last_launch = 2 : i64, row_shape = array<i64: 256>, rows = 1 : i64, slot = 0 : i64}
  plan.buffer "b" {bytes = [#plan.size<512, 1, 0, 0>], element = bf16, first_launch = 1 : i64, last_launch = 2 : i64, row_shape = array<i64: 256>, rows = 1 : i64, slot = 1 : i64}
  plan.buffer "l" {bytes = [#plan.size<2048, 1, 0, 0>], element = f32, first_launch = 3 : i64, last_launch = 5 : i64, row_shape = array<i64: 512>, rows = 5 : i64, slot = 0 : i64}
  plan.buffer "m" {bytes = [#plan.size<2048, 1, 0, 0>], element = f32, first_launch = 4 : i64, last_launch = 5 : i64, row_shape = array<i64: 512>, rows = 5 : i64, slot = 1 : i64}
  plan.launch @first grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<buffer, out, @a>] {group = "main", layer = 0 : i64}
  // expected-error @+1 {{binds @w, which is no plan.buffer}}
  plan.launch @step grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<buffer, in, @w>, #plan.binding<weight, in, @w>, #plan.binding<buffer, out, @b>] {group = "main", layer = 0 : i64}
  plan.launch @step grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<buffer, in, @a>, #plan.binding<buffer, in, @b>, #plan.binding<pool, out, @win>] {group = "main", layer = 0 : i64}
  plan.launch @first grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<buffer, out, @l>] {group = "main", layer = 0 : i64}
  plan.launch @keep grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<pool, in, @old>, #plan.binding<buffer, out, @m>] {group = "mtp", layer = 1 : i64}
  plan.launch @first grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<step, in, @step, 1>] {group = "mtp", layer = 0 : i64}
  plan.probe "x" of @a after 0
}

// -----

// One writer per buffer.
func.func @first(%begin: index, %end: index, %0: memref<?xi8>) attributes {kernel.entry, kernel.op = "first"} {
  return
}
func.func @step(%begin: index, %end: index, %0: memref<?xi8>, %1: memref<?xi8>, %2: memref<?xi8>) attributes {kernel.entry, kernel.op = "step"} {
  return
}
func.func @keep(%begin: index, %end: index, %0: memref<?xi8>, %1: memref<?xi8>) attributes {kernel.entry, kernel.op = "keep"} {
  return
}
plan.program attributes {envelope = #v4.envelope<tokens = 16, sequences = 2, context = 256, draft = 1>, logits = @l, model = #v4.model<vocab = 512, hidden = 256, layers = 1, window = 128, eos = 1, mtp = true, digest = "00">, mtp_logits = @m, options = {}, producer = "v4c", target = #kernel.target<"cpu:x86-64-v3", cpu = "x86-64-v3", features = ["avx2"], vector_bits = 256>, page_bytes = 0 : i64, slots = 2 : i64, state_bytes = 86784 : i64} {
  plan.pool "win" {group = "main", offset = 0 : i64, type = !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64>}
  plan.pool "old" {group = "mtp", offset = 43392 : i64, type = !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64>}
  plan.weight "w" {bytes = 512 : i64, element = bf16, in_tables = false, layout = "row_major", recipe = "copy", shape = array<i64: 256>, sources = ["n"]}
  plan.kernel "first" {bindings = 1 : i64, op = "first"}
  plan.kernel "step" {bindings = 3 : i64, op = "step"}
  plan.kernel "keep" {bindings = 2 : i64, op = "keep"}
  plan.buffer "a" {bytes = [#plan.size<512, 1, 0, 0>], element = bf16, first_launch = 0 : i64, last_launch = 2 : i64, row_shape = array<i64: 256>, rows = 1 : i64, slot = 0 : i64}
  plan.buffer "b" {bytes = [#plan.size<512, 1, 0, 0>], element = bf16, first_launch = 1 : i64, last_launch = 2 : i64, row_shape = array<i64: 256>, rows = 1 : i64, slot = 1 : i64}
  plan.buffer "l" {bytes = [#plan.size<2048, 1, 0, 0>], element = f32, first_launch = 3 : i64, last_launch = 5 : i64, row_shape = array<i64: 512>, rows = 5 : i64, slot = 0 : i64}
  plan.buffer "m" {bytes = [#plan.size<2048, 1, 0, 0>], element = f32, first_launch = 4 : i64, last_launch = 5 : i64, row_shape = array<i64: 512>, rows = 5 : i64, slot = 1 : i64}
  plan.launch @first grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<buffer, out, @a>] {group = "main", layer = 0 : i64}
  plan.launch @step grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<buffer, in, @a>, #plan.binding<weight, in, @w>, #plan.binding<buffer, out, @b>] {group = "main", layer = 0 : i64}
  // expected-error @+1 {{writes 'b', which launch 1 writes too; expected one writer per buffer}}
  plan.launch @step grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<buffer, in, @a>, #plan.binding<buffer, out, @b>, #plan.binding<pool, out, @win>] {group = "main", layer = 0 : i64}
  plan.launch @first grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<buffer, out, @l>] {group = "main", layer = 0 : i64}
  plan.launch @keep grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<pool, in, @old>, #plan.binding<buffer, out, @m>] {group = "mtp", layer = 1 : i64}
  plan.launch @first grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<step, in, @step, 1>] {group = "mtp", layer = 0 : i64}
  plan.probe "x" of @a after 0
}

// -----

// Nothing is read before it is written.
func.func @first(%begin: index, %end: index, %0: memref<?xi8>) attributes {kernel.entry, kernel.op = "first"} {
  return
}
func.func @step(%begin: index, %end: index, %0: memref<?xi8>, %1: memref<?xi8>, %2: memref<?xi8>) attributes {kernel.entry, kernel.op = "step"} {
  return
}
func.func @keep(%begin: index, %end: index, %0: memref<?xi8>, %1: memref<?xi8>) attributes {kernel.entry, kernel.op = "keep"} {
  return
}
plan.program attributes {envelope = #v4.envelope<tokens = 16, sequences = 2, context = 256, draft = 1>, logits = @l, model = #v4.model<vocab = 512, hidden = 256, layers = 1, window = 128, eos = 1, mtp = true, digest = "00">, mtp_logits = @m, options = {}, producer = "v4c", target = #kernel.target<"cpu:x86-64-v3", cpu = "x86-64-v3", features = ["avx2"], vector_bits = 256>, page_bytes = 0 : i64, slots = 2 : i64, state_bytes = 86784 : i64} {
  plan.pool "win" {group = "main", offset = 0 : i64, type = !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64>}
  plan.pool "old" {group = "mtp", offset = 43392 : i64, type = !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64>}
  plan.weight "w" {bytes = 512 : i64, element = bf16, in_tables = false, layout = "row_major", recipe = "copy", shape = array<i64: 256>, sources = ["n"]}
  plan.kernel "first" {bindings = 1 : i64, op = "first"}
  plan.kernel "step" {bindings = 3 : i64, op = "step"}
  plan.kernel "keep" {bindings = 2 : i64, op = "keep"}
  plan.buffer "a" {bytes = [#plan.size<512, 1, 0, 0>], element = bf16, first_launch = 0 : i64, last_launch = 2 : i64, row_shape = array<i64: 256>, rows = 1 : i64, slot = 0 : i64}
  plan.buffer "b" {bytes = [#plan.size<512, 1, 0, 0>], element = bf16, first_launch = 1 : i64, last_launch = 2 : i64, row_shape = array<i64: 256>, rows = 1 : i64, slot = 1 : i64}
  plan.buffer "l" {bytes = [#plan.size<2048, 1, 0, 0>], element = f32, first_launch = 3 : i64, last_launch = 5 : i64, row_shape = array<i64: 512>, rows = 5 : i64, slot = 0 : i64}
  plan.buffer "m" {bytes = [#plan.size<2048, 1, 0, 0>], element = f32, first_launch = 4 : i64, last_launch = 5 : i64, row_shape = array<i64: 512>, rows = 5 : i64, slot = 1 : i64}
  // expected-error @+1 {{reads 'a', which no launch in front of it writes}}
  plan.launch @step grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<buffer, in, @a>, #plan.binding<weight, in, @w>, #plan.binding<buffer, out, @a>] {group = "main", layer = 0 : i64}
  plan.launch @step grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<buffer, in, @a>, #plan.binding<weight, in, @w>, #plan.binding<buffer, out, @b>] {group = "main", layer = 0 : i64}
  plan.launch @step grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<buffer, in, @a>, #plan.binding<buffer, in, @b>, #plan.binding<pool, out, @win>] {group = "main", layer = 0 : i64}
  plan.launch @first grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<buffer, out, @l>] {group = "main", layer = 0 : i64}
  plan.launch @keep grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<pool, in, @old>, #plan.binding<buffer, out, @m>] {group = "mtp", layer = 1 : i64}
  plan.launch @first grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<step, in, @step, 1>] {group = "mtp", layer = 0 : i64}
  plan.probe "x" of @a after 0
}

// -----

// Uses are within the life.
func.func @first(%begin: index, %end: index, %0: memref<?xi8>) attributes {kernel.entry, kernel.op = "first"} {
  return
}
func.func @step(%begin: index, %end: index, %0: memref<?xi8>, %1: memref<?xi8>, %2: memref<?xi8>) attributes {kernel.entry, kernel.op = "step"} {
  return
}
func.func @keep(%begin: index, %end: index, %0: memref<?xi8>, %1: memref<?xi8>) attributes {kernel.entry, kernel.op = "keep"} {
  return
}
plan.program attributes {envelope = #v4.envelope<tokens = 16, sequences = 2, context = 256, draft = 1>, logits = @l, model = #v4.model<vocab = 512, hidden = 256, layers = 1, window = 128, eos = 1, mtp = true, digest = "00">, mtp_logits = @m, options = {}, producer = "v4c", target = #kernel.target<"cpu:x86-64-v3", cpu = "x86-64-v3", features = ["avx2"], vector_bits = 256>, page_bytes = 0 : i64, slots = 2 : i64, state_bytes = 86784 : i64} {
  plan.pool "win" {group = "main", offset = 0 : i64, type = !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64>}
  plan.pool "old" {group = "mtp", offset = 43392 : i64, type = !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64>}
  plan.weight "w" {bytes = 512 : i64, element = bf16, in_tables = false, layout = "row_major", recipe = "copy", shape = array<i64: 256>, sources = ["n"]}
  plan.kernel "first" {bindings = 1 : i64, op = "first"}
  plan.kernel "step" {bindings = 3 : i64, op = "step"}
  plan.kernel "keep" {bindings = 2 : i64, op = "keep"}
  plan.buffer "a" {bytes = [#plan.size<512, 1, 0, 0>], element = bf16, first_launch = 0 : i64, last_launch = 1 : i64, row_shape = array<i64: 256>, rows = 1 : i64, slot = 0 : i64}
  plan.buffer "b" {bytes = [#plan.size<512, 1, 0, 0>], element = bf16, first_launch = 1 : i64, last_launch = 2 : i64, row_shape = array<i64: 256>, rows = 1 : i64, slot = 1 : i64}
  plan.buffer "l" {bytes = [#plan.size<2048, 1, 0, 0>], element = f32, first_launch = 3 : i64, last_launch = 5 : i64, row_shape = array<i64: 512>, rows = 5 : i64, slot = 0 : i64}
  plan.buffer "m" {bytes = [#plan.size<2048, 1, 0, 0>], element = f32, first_launch = 4 : i64, last_launch = 5 : i64, row_shape = array<i64: 512>, rows = 5 : i64, slot = 1 : i64}
  plan.launch @first grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<buffer, out, @a>] {group = "main", layer = 0 : i64}
  plan.launch @step grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<buffer, in, @a>, #plan.binding<weight, in, @w>, #plan.binding<buffer, out, @b>] {group = "main", layer = 0 : i64}
  // expected-error @+1 {{is launch 2 and uses 'a', which lives from launch 0 to 1}}
  plan.launch @step grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<buffer, in, @a>, #plan.binding<buffer, in, @b>, #plan.binding<pool, out, @win>] {group = "main", layer = 0 : i64}
  plan.launch @first grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<buffer, out, @l>] {group = "main", layer = 0 : i64}
  plan.launch @keep grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<pool, in, @old>, #plan.binding<buffer, out, @m>] {group = "mtp", layer = 1 : i64}
  plan.launch @first grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<step, in, @step, 1>] {group = "mtp", layer = 0 : i64}
  plan.probe "x" of @a after 0
}

// -----

// Main launches need no MTP value.
func.func @first(%begin: index, %end: index, %0: memref<?xi8>) attributes {kernel.entry, kernel.op = "first"} {
  return
}
func.func @step(%begin: index, %end: index, %0: memref<?xi8>, %1: memref<?xi8>, %2: memref<?xi8>) attributes {kernel.entry, kernel.op = "step"} {
  return
}
func.func @keep(%begin: index, %end: index, %0: memref<?xi8>, %1: memref<?xi8>) attributes {kernel.entry, kernel.op = "keep"} {
  return
}
plan.program attributes {envelope = #v4.envelope<tokens = 16, sequences = 2, context = 256, draft = 1>, logits = @l, model = #v4.model<vocab = 512, hidden = 256, layers = 1, window = 128, eos = 1, mtp = true, digest = "00">, mtp_logits = @m, options = {}, producer = "v4c", target = #kernel.target<"cpu:x86-64-v3", cpu = "x86-64-v3", features = ["avx2"], vector_bits = 256>, page_bytes = 0 : i64, slots = 2 : i64, state_bytes = 86784 : i64} {
  plan.pool "win" {group = "main", offset = 0 : i64, type = !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64>}
  plan.pool "old" {group = "mtp", offset = 43392 : i64, type = !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64>}
  plan.weight "w" {bytes = 512 : i64, element = bf16, in_tables = false, layout = "row_major", recipe = "copy", shape = array<i64: 256>, sources = ["n"]}
  plan.kernel "first" {bindings = 1 : i64, op = "first"}
  plan.kernel "step" {bindings = 3 : i64, op = "step"}
  plan.kernel "keep" {bindings = 2 : i64, op = "keep"}
  plan.buffer "a" {bytes = [#plan.size<512, 1, 0, 0>], element = bf16, first_launch = 0 : i64, last_launch = 2 : i64, row_shape = array<i64: 256>, rows = 1 : i64, slot = 0 : i64}
  plan.buffer "b" {bytes = [#plan.size<512, 1, 0, 0>], element = bf16, first_launch = 1 : i64, last_launch = 2 : i64, row_shape = array<i64: 256>, rows = 1 : i64, slot = 1 : i64}
  plan.buffer "l" {bytes = [#plan.size<2048, 1, 0, 0>], element = f32, first_launch = 3 : i64, last_launch = 5 : i64, row_shape = array<i64: 512>, rows = 5 : i64, slot = 0 : i64}
  plan.buffer "m" {bytes = [#plan.size<2048, 1, 0, 0>], element = f32, first_launch = 4 : i64, last_launch = 5 : i64, row_shape = array<i64: 512>, rows = 5 : i64, slot = 1 : i64}
  plan.launch @first grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<buffer, out, @a>] {group = "main", layer = 0 : i64}
  plan.launch @step grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<buffer, in, @a>, #plan.binding<weight, in, @w>, #plan.binding<buffer, out, @b>] {group = "mtp", layer = 0 : i64}
  // expected-error @+1 {{of group main reads 'b', which launch 1 of group mtp writes}}
  plan.launch @step grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<buffer, in, @a>, #plan.binding<buffer, in, @b>, #plan.binding<pool, out, @win>] {group = "main", layer = 0 : i64}
  plan.launch @first grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<buffer, out, @l>] {group = "main", layer = 0 : i64}
  plan.launch @keep grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<pool, in, @old>, #plan.binding<buffer, out, @m>] {group = "mtp", layer = 1 : i64}
  plan.launch @first grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<step, in, @step, 1>] {group = "mtp", layer = 0 : i64}
  plan.probe "x" of @a after 0
}

// -----

// ... and no MTP pool.
func.func @first(%begin: index, %end: index, %0: memref<?xi8>) attributes {kernel.entry, kernel.op = "first"} {
  return
}
func.func @step(%begin: index, %end: index, %0: memref<?xi8>, %1: memref<?xi8>, %2: memref<?xi8>) attributes {kernel.entry, kernel.op = "step"} {
  return
}
func.func @keep(%begin: index, %end: index, %0: memref<?xi8>, %1: memref<?xi8>) attributes {kernel.entry, kernel.op = "keep"} {
  return
}
plan.program attributes {envelope = #v4.envelope<tokens = 16, sequences = 2, context = 256, draft = 1>, logits = @l, model = #v4.model<vocab = 512, hidden = 256, layers = 1, window = 128, eos = 1, mtp = true, digest = "00">, mtp_logits = @m, options = {}, producer = "v4c", target = #kernel.target<"cpu:x86-64-v3", cpu = "x86-64-v3", features = ["avx2"], vector_bits = 256>, page_bytes = 0 : i64, slots = 2 : i64, state_bytes = 86784 : i64} {
  plan.pool "win" {group = "main", offset = 0 : i64, type = !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64>}
  plan.pool "old" {group = "mtp", offset = 43392 : i64, type = !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64>}
  plan.weight "w" {bytes = 512 : i64, element = bf16, in_tables = false, layout = "row_major", recipe = "copy", shape = array<i64: 256>, sources = ["n"]}
  plan.kernel "first" {bindings = 1 : i64, op = "first"}
  plan.kernel "step" {bindings = 3 : i64, op = "step"}
  plan.kernel "keep" {bindings = 2 : i64, op = "keep"}
  plan.buffer "a" {bytes = [#plan.size<512, 1, 0, 0>], element = bf16, first_launch = 0 : i64, last_launch = 2 : i64, row_shape = array<i64: 256>, rows = 1 : i64, slot = 0 : i64}
  plan.buffer "b" {bytes = [#plan.size<512, 1, 0, 0>], element = bf16, first_launch = 1 : i64, last_launch = 2 : i64, row_shape = array<i64: 256>, rows = 1 : i64, slot = 1 : i64}
  plan.buffer "l" {bytes = [#plan.size<2048, 1, 0, 0>], element = f32, first_launch = 3 : i64, last_launch = 5 : i64, row_shape = array<i64: 512>, rows = 5 : i64, slot = 0 : i64}
  plan.buffer "m" {bytes = [#plan.size<2048, 1, 0, 0>], element = f32, first_launch = 4 : i64, last_launch = 5 : i64, row_shape = array<i64: 512>, rows = 5 : i64, slot = 1 : i64}
  plan.launch @first grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<buffer, out, @a>] {group = "main", layer = 0 : i64}
  plan.launch @step grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<buffer, in, @a>, #plan.binding<weight, in, @w>, #plan.binding<buffer, out, @b>] {group = "main", layer = 0 : i64}
  // expected-error @+1 {{of group main writes 'old', a pool of group mtp}}
  plan.launch @step grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<buffer, in, @a>, #plan.binding<buffer, in, @b>, #plan.binding<pool, out, @old>] {group = "main", layer = 0 : i64}
  plan.launch @first grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<buffer, out, @l>] {group = "main", layer = 0 : i64}
  plan.launch @keep grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<pool, in, @old>, #plan.binding<buffer, out, @m>] {group = "mtp", layer = 1 : i64}
  plan.launch @first grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<step, in, @step, 1>] {group = "mtp", layer = 0 : i64}
  plan.probe "x" of @a after 0
}

// -----

// MTP launches write no main pool; reading one is fine.
func.func @first(%begin: index, %end: index, %0: memref<?xi8>) attributes {kernel.entry, kernel.op = "first"} {
  return
}
func.func @step(%begin: index, %end: index, %0: memref<?xi8>, %1: memref<?xi8>, %2: memref<?xi8>) attributes {kernel.entry, kernel.op = "step"} {
  return
}
func.func @keep(%begin: index, %end: index, %0: memref<?xi8>, %1: memref<?xi8>) attributes {kernel.entry, kernel.op = "keep"} {
  return
}
plan.program attributes {envelope = #v4.envelope<tokens = 16, sequences = 2, context = 256, draft = 1>, logits = @l, model = #v4.model<vocab = 512, hidden = 256, layers = 1, window = 128, eos = 1, mtp = true, digest = "00">, mtp_logits = @m, options = {}, producer = "v4c", target = #kernel.target<"cpu:x86-64-v3", cpu = "x86-64-v3", features = ["avx2"], vector_bits = 256>, page_bytes = 0 : i64, slots = 2 : i64, state_bytes = 86784 : i64} {
  plan.pool "win" {group = "main", offset = 0 : i64, type = !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64>}
  plan.pool "old" {group = "mtp", offset = 43392 : i64, type = !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64>}
  plan.weight "w" {bytes = 512 : i64, element = bf16, in_tables = false, layout = "row_major", recipe = "copy", shape = array<i64: 256>, sources = ["n"]}
  plan.kernel "first" {bindings = 1 : i64, op = "first"}
  plan.kernel "step" {bindings = 3 : i64, op = "step"}
  plan.kernel "keep" {bindings = 2 : i64, op = "keep"}
  plan.buffer "a" {bytes = [#plan.size<512, 1, 0, 0>], element = bf16, first_launch = 0 : i64, last_launch = 2 : i64, row_shape = array<i64: 256>, rows = 1 : i64, slot = 0 : i64}
  plan.buffer "b" {bytes = [#plan.size<512, 1, 0, 0>], element = bf16, first_launch = 1 : i64, last_launch = 2 : i64, row_shape = array<i64: 256>, rows = 1 : i64, slot = 1 : i64}
  plan.buffer "l" {bytes = [#plan.size<2048, 1, 0, 0>], element = f32, first_launch = 3 : i64, last_launch = 5 : i64, row_shape = array<i64: 512>, rows = 5 : i64, slot = 0 : i64}
  plan.buffer "m" {bytes = [#plan.size<2048, 1, 0, 0>], element = f32, first_launch = 4 : i64, last_launch = 5 : i64, row_shape = array<i64: 512>, rows = 5 : i64, slot = 1 : i64}
  plan.launch @first grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<buffer, out, @a>] {group = "main", layer = 0 : i64}
  plan.launch @step grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<buffer, in, @a>, #plan.binding<weight, in, @w>, #plan.binding<buffer, out, @b>] {group = "main", layer = 0 : i64}
  plan.launch @step grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<buffer, in, @a>, #plan.binding<buffer, in, @b>, #plan.binding<pool, out, @win>] {group = "main", layer = 0 : i64}
  plan.launch @first grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<buffer, out, @l>] {group = "main", layer = 0 : i64}
  // expected-error @+1 {{of group mtp writes 'win', a pool of group main}}
  plan.launch @step grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<pool, in, @win>, #plan.binding<buffer, out, @m>, #plan.binding<pool, out, @win>] {group = "mtp", layer = 1 : i64}
  plan.launch @first grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<step, in, @step, 1>] {group = "mtp", layer = 0 : i64}
  plan.probe "x" of @a after 0
}

// -----

// A launch reads or writes a pool, never both.
func.func @first(%begin: index, %end: index, %0: memref<?xi8>) attributes {kernel.entry, kernel.op = "first"} {
  return
}
func.func @step(%begin: index, %end: index, %0: memref<?xi8>, %1: memref<?xi8>, %2: memref<?xi8>) attributes {kernel.entry, kernel.op = "step"} {
  return
}
func.func @keep(%begin: index, %end: index, %0: memref<?xi8>, %1: memref<?xi8>) attributes {kernel.entry, kernel.op = "keep"} {
  return
}
plan.program attributes {envelope = #v4.envelope<tokens = 16, sequences = 2, context = 256, draft = 1>, logits = @l, model = #v4.model<vocab = 512, hidden = 256, layers = 1, window = 128, eos = 1, mtp = true, digest = "00">, mtp_logits = @m, options = {}, producer = "v4c", target = #kernel.target<"cpu:x86-64-v3", cpu = "x86-64-v3", features = ["avx2"], vector_bits = 256>, page_bytes = 0 : i64, slots = 2 : i64, state_bytes = 86784 : i64} {
  plan.pool "win" {group = "main", offset = 0 : i64, type = !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64>}
  plan.pool "old" {group = "mtp", offset = 43392 : i64, type = !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64>}
  plan.weight "w" {bytes = 512 : i64, element = bf16, in_tables = false, layout = "row_major", recipe = "copy", shape = array<i64: 256>, sources = ["n"]}
  plan.kernel "first" {bindings = 1 : i64, op = "first"}
  plan.kernel "step" {bindings = 3 : i64, op = "step"}
  plan.kernel "keep" {bindings = 2 : i64, op = "keep"}
  plan.buffer "a" {bytes = [#plan.size<512, 1, 0, 0>], element = bf16, first_launch = 0 : i64, last_launch = 2 : i64, row_shape = array<i64: 256>, rows = 1 : i64, slot = 0 : i64}
  plan.buffer "b" {bytes = [#plan.size<512, 1, 0, 0>], element = bf16, first_launch = 1 : i64, last_launch = 2 : i64, row_shape = array<i64: 256>, rows = 1 : i64, slot = 1 : i64}
  plan.buffer "l" {bytes = [#plan.size<2048, 1, 0, 0>], element = f32, first_launch = 3 : i64, last_launch = 5 : i64, row_shape = array<i64: 512>, rows = 5 : i64, slot = 0 : i64}
  plan.buffer "m" {bytes = [#plan.size<2048, 1, 0, 0>], element = f32, first_launch = 4 : i64, last_launch = 5 : i64, row_shape = array<i64: 512>, rows = 5 : i64, slot = 1 : i64}
  plan.launch @first grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<buffer, out, @a>] {group = "main", layer = 0 : i64}
  plan.launch @step grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<buffer, in, @a>, #plan.binding<weight, in, @w>, #plan.binding<buffer, out, @b>] {group = "main", layer = 0 : i64}
  // expected-error @+1 {{binds @win twice and writes it, expected a pool or buffer to be read or written}}
  plan.launch @step grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<buffer, in, @a>, #plan.binding<pool, in, @win>, #plan.binding<pool, out, @win>] {group = "main", layer = 0 : i64}
  plan.launch @first grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<buffer, out, @l>] {group = "main", layer = 0 : i64}
  plan.launch @keep grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<pool, in, @old>, #plan.binding<buffer, out, @m>] {group = "mtp", layer = 1 : i64}
  plan.launch @first grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<step, in, @step, 1>] {group = "mtp", layer = 0 : i64}
  plan.probe "x" of @a after 0
}

// -----

// Probes have names of their own.
func.func @first(%begin: index, %end: index, %0: memref<?xi8>) attributes {kernel.entry, kernel.op = "first"} {
  return
}
func.func @step(%begin: index, %end: index, %0: memref<?xi8>, %1: memref<?xi8>, %2: memref<?xi8>) attributes {kernel.entry, kernel.op = "step"} {
  return
}
func.func @keep(%begin: index, %end: index, %0: memref<?xi8>, %1: memref<?xi8>) attributes {kernel.entry, kernel.op = "keep"} {
  return
}
plan.program attributes {envelope = #v4.envelope<tokens = 16, sequences = 2, context = 256, draft = 1>, logits = @l, model = #v4.model<vocab = 512, hidden = 256, layers = 1, window = 128, eos = 1, mtp = true, digest = "00">, mtp_logits = @m, options = {}, producer = "v4c", target = #kernel.target<"cpu:x86-64-v3", cpu = "x86-64-v3", features = ["avx2"], vector_bits = 256>, page_bytes = 0 : i64, slots = 2 : i64, state_bytes = 86784 : i64} {
  plan.pool "win" {group = "main", offset = 0 : i64, type = !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64>}
  plan.pool "old" {group = "mtp", offset = 43392 : i64, type = !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64>}
  plan.weight "w" {bytes = 512 : i64, element = bf16, in_tables = false, layout = "row_major", recipe = "copy", shape = array<i64: 256>, sources = ["n"]}
  plan.kernel "first" {bindings = 1 : i64, op = "first"}
  plan.kernel "step" {bindings = 3 : i64, op = "step"}
  plan.kernel "keep" {bindings = 2 : i64, op = "keep"}
  plan.buffer "a" {bytes = [#plan.size<512, 1, 0, 0>], element = bf16, first_launch = 0 : i64, last_launch = 2 : i64, row_shape = array<i64: 256>, rows = 1 : i64, slot = 0 : i64}
  plan.buffer "b" {bytes = [#plan.size<512, 1, 0, 0>], element = bf16, first_launch = 1 : i64, last_launch = 2 : i64, row_shape = array<i64: 256>, rows = 1 : i64, slot = 1 : i64}
  plan.buffer "l" {bytes = [#plan.size<2048, 1, 0, 0>], element = f32, first_launch = 3 : i64, last_launch = 5 : i64, row_shape = array<i64: 512>, rows = 5 : i64, slot = 0 : i64}
  plan.buffer "m" {bytes = [#plan.size<2048, 1, 0, 0>], element = f32, first_launch = 4 : i64, last_launch = 5 : i64, row_shape = array<i64: 512>, rows = 5 : i64, slot = 1 : i64}
  plan.launch @first grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<buffer, out, @a>] {group = "main", layer = 0 : i64}
  plan.launch @step grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<buffer, in, @a>, #plan.binding<weight, in, @w>, #plan.binding<buffer, out, @b>] {group = "main", layer = 0 : i64}
  plan.launch @step grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<buffer, in, @a>, #plan.binding<buffer, in, @b>, #plan.binding<pool, out, @win>] {group = "main", layer = 0 : i64}
  plan.launch @first grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<buffer, out, @l>] {group = "main", layer = 0 : i64}
  plan.launch @keep grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<pool, in, @old>, #plan.binding<buffer, out, @m>] {group = "mtp", layer = 1 : i64}
  plan.launch @first grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<step, in, @step, 1>] {group = "mtp", layer = 0 : i64}
  plan.probe "x" of @a after 0
  // expected-error @+1 {{'x' appears twice}}
  plan.probe "x" of @b after 1
}

// -----

// Probes copy what is alive.
func.func @first(%begin: index, %end: index, %0: memref<?xi8>) attributes {kernel.entry, kernel.op = "first"} {
  return
}
func.func @step(%begin: index, %end: index, %0: memref<?xi8>, %1: memref<?xi8>, %2: memref<?xi8>) attributes {kernel.entry, kernel.op = "step"} {
  return
}
func.func @keep(%begin: index, %end: index, %0: memref<?xi8>, %1: memref<?xi8>) attributes {kernel.entry, kernel.op = "keep"} {
  return
}
plan.program attributes {envelope = #v4.envelope<tokens = 16, sequences = 2, context = 256, draft = 1>, logits = @l, model = #v4.model<vocab = 512, hidden = 256, layers = 1, window = 128, eos = 1, mtp = true, digest = "00">, mtp_logits = @m, options = {}, producer = "v4c", target = #kernel.target<"cpu:x86-64-v3", cpu = "x86-64-v3", features = ["avx2"], vector_bits = 256>, page_bytes = 0 : i64, slots = 2 : i64, state_bytes = 86784 : i64} {
  plan.pool "win" {group = "main", offset = 0 : i64, type = !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64>}
  plan.pool "old" {group = "mtp", offset = 43392 : i64, type = !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64>}
  plan.weight "w" {bytes = 512 : i64, element = bf16, in_tables = false, layout = "row_major", recipe = "copy", shape = array<i64: 256>, sources = ["n"]}
  plan.kernel "first" {bindings = 1 : i64, op = "first"}
  plan.kernel "step" {bindings = 3 : i64, op = "step"}
  plan.kernel "keep" {bindings = 2 : i64, op = "keep"}
  plan.buffer "a" {bytes = [#plan.size<512, 1, 0, 0>], element = bf16, first_launch = 0 : i64, last_launch = 2 : i64, row_shape = array<i64: 256>, rows = 1 : i64, slot = 0 : i64}
  plan.buffer "b" {bytes = [#plan.size<512, 1, 0, 0>], element = bf16, first_launch = 1 : i64, last_launch = 2 : i64, row_shape = array<i64: 256>, rows = 1 : i64, slot = 1 : i64}
  plan.buffer "l" {bytes = [#plan.size<2048, 1, 0, 0>], element = f32, first_launch = 3 : i64, last_launch = 5 : i64, row_shape = array<i64: 512>, rows = 5 : i64, slot = 0 : i64}
  plan.buffer "m" {bytes = [#plan.size<2048, 1, 0, 0>], element = f32, first_launch = 4 : i64, last_launch = 5 : i64, row_shape = array<i64: 512>, rows = 5 : i64, slot = 1 : i64}
  plan.launch @first grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<buffer, out, @a>] {group = "main", layer = 0 : i64}
  plan.launch @step grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<buffer, in, @a>, #plan.binding<weight, in, @w>, #plan.binding<buffer, out, @b>] {group = "main", layer = 0 : i64}
  plan.launch @step grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<buffer, in, @a>, #plan.binding<buffer, in, @b>, #plan.binding<pool, out, @win>] {group = "main", layer = 0 : i64}
  plan.launch @first grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<buffer, out, @l>] {group = "main", layer = 0 : i64}
  plan.launch @keep grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<pool, in, @old>, #plan.binding<buffer, out, @m>] {group = "mtp", layer = 1 : i64}
  plan.launch @first grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<step, in, @step, 1>] {group = "mtp", layer = 0 : i64}
  // expected-error @+1 {{'x' copies behind launch 3, but 'a' lives from launch 0 to 2}}
  plan.probe "x" of @a after 3
}

// -----

// Logits are f32 rows of the vocabulary.
func.func @first(%begin: index, %end: index, %0: memref<?xi8>) attributes {kernel.entry, kernel.op = "first"} {
  return
}
func.func @step(%begin: index, %end: index, %0: memref<?xi8>, %1: memref<?xi8>, %2: memref<?xi8>) attributes {kernel.entry, kernel.op = "step"} {
  return
}
func.func @keep(%begin: index, %end: index, %0: memref<?xi8>, %1: memref<?xi8>) attributes {kernel.entry, kernel.op = "keep"} {
  return
}
plan.program attributes {envelope = #v4.envelope<tokens = 16, sequences = 2, context = 256, draft = 1>, logits = @a, model = #v4.model<vocab = 512, hidden = 256, layers = 1, window = 128, eos = 1, mtp = true, digest = "00">, mtp_logits = @m, options = {}, producer = "v4c", target = #kernel.target<"cpu:x86-64-v3", cpu = "x86-64-v3", features = ["avx2"], vector_bits = 256>, page_bytes = 0 : i64, slots = 2 : i64, state_bytes = 86784 : i64} {
  plan.pool "win" {group = "main", offset = 0 : i64, type = !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64>}
  plan.pool "old" {group = "mtp", offset = 43392 : i64, type = !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64>}
  plan.weight "w" {bytes = 512 : i64, element = bf16, in_tables = false, layout = "row_major", recipe = "copy", shape = array<i64: 256>, sources = ["n"]}
  plan.kernel "first" {bindings = 1 : i64, op = "first"}
  plan.kernel "step" {bindings = 3 : i64, op = "step"}
  plan.kernel "keep" {bindings = 2 : i64, op = "keep"}
  // expected-error @+1 {{'a' is named by logits, expected f32 rows of logits with shape [512]}}
  plan.buffer "a" {bytes = [#plan.size<512, 1, 0, 0>], element = bf16, first_launch = 0 : i64, last_launch = 2 : i64, row_shape = array<i64: 256>, rows = 1 : i64, slot = 0 : i64}
  plan.buffer "b" {bytes = [#plan.size<512, 1, 0, 0>], element = bf16, first_launch = 1 : i64, last_launch = 2 : i64, row_shape = array<i64: 256>, rows = 1 : i64, slot = 1 : i64}
  plan.buffer "l" {bytes = [#plan.size<2048, 1, 0, 0>], element = f32, first_launch = 3 : i64, last_launch = 5 : i64, row_shape = array<i64: 512>, rows = 5 : i64, slot = 0 : i64}
  plan.buffer "m" {bytes = [#plan.size<2048, 1, 0, 0>], element = f32, first_launch = 4 : i64, last_launch = 5 : i64, row_shape = array<i64: 512>, rows = 5 : i64, slot = 1 : i64}
  plan.launch @first grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<buffer, out, @a>] {group = "main", layer = 0 : i64}
  plan.launch @step grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<buffer, in, @a>, #plan.binding<weight, in, @w>, #plan.binding<buffer, out, @b>] {group = "main", layer = 0 : i64}
  plan.launch @step grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<buffer, in, @a>, #plan.binding<buffer, in, @b>, #plan.binding<pool, out, @win>] {group = "main", layer = 0 : i64}
  plan.launch @first grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<buffer, out, @l>] {group = "main", layer = 0 : i64}
  plan.launch @keep grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<pool, in, @old>, #plan.binding<buffer, out, @m>] {group = "mtp", layer = 1 : i64}
  plan.launch @first grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<step, in, @step, 1>] {group = "mtp", layer = 0 : i64}
  plan.probe "x" of @a after 0
}

// -----

// Logits live to the end.
func.func @first(%begin: index, %end: index, %0: memref<?xi8>) attributes {kernel.entry, kernel.op = "first"} {
  return
}
func.func @step(%begin: index, %end: index, %0: memref<?xi8>, %1: memref<?xi8>, %2: memref<?xi8>) attributes {kernel.entry, kernel.op = "step"} {
  return
}
func.func @keep(%begin: index, %end: index, %0: memref<?xi8>, %1: memref<?xi8>) attributes {kernel.entry, kernel.op = "keep"} {
  return
}
plan.program attributes {envelope = #v4.envelope<tokens = 16, sequences = 2, context = 256, draft = 1>, logits = @l, model = #v4.model<vocab = 512, hidden = 256, layers = 1, window = 128, eos = 1, mtp = true, digest = "00">, mtp_logits = @m, options = {}, producer = "v4c", target = #kernel.target<"cpu:x86-64-v3", cpu = "x86-64-v3", features = ["avx2"], vector_bits = 256>, page_bytes = 0 : i64, slots = 2 : i64, state_bytes = 86784 : i64} {
  plan.pool "win" {group = "main", offset = 0 : i64, type = !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64>}
  plan.pool "old" {group = "mtp", offset = 43392 : i64, type = !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64>}
  plan.weight "w" {bytes = 512 : i64, element = bf16, in_tables = false, layout = "row_major", recipe = "copy", shape = array<i64: 256>, sources = ["n"]}
  plan.kernel "first" {bindings = 1 : i64, op = "first"}
  plan.kernel "step" {bindings = 3 : i64, op = "step"}
  plan.kernel "keep" {bindings = 2 : i64, op = "keep"}
  plan.buffer "a" {bytes = [#plan.size<512, 1, 0, 0>], element = bf16, first_launch = 0 : i64, last_launch = 2 : i64, row_shape = array<i64: 256>, rows = 1 : i64, slot = 0 : i64}
  plan.buffer "b" {bytes = [#plan.size<512, 1, 0, 0>], element = bf16, first_launch = 1 : i64, last_launch = 2 : i64, row_shape = array<i64: 256>, rows = 1 : i64, slot = 1 : i64}
  // expected-error @+1 {{'l' is named by logits and lives until launch 4, expected the last one, 5}}
  plan.buffer "l" {bytes = [#plan.size<2048, 1, 0, 0>], element = f32, first_launch = 3 : i64, last_launch = 4 : i64, row_shape = array<i64: 512>, rows = 5 : i64, slot = 0 : i64}
  plan.buffer "m" {bytes = [#plan.size<2048, 1, 0, 0>], element = f32, first_launch = 4 : i64, last_launch = 5 : i64, row_shape = array<i64: 512>, rows = 5 : i64, slot = 1 : i64}
  plan.launch @first grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<buffer, out, @a>] {group = "main", layer = 0 : i64}
  plan.launch @step grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<buffer, in, @a>, #plan.binding<weight, in, @w>, #plan.binding<buffer, out, @b>] {group = "main", layer = 0 : i64}
  plan.launch @step grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<buffer, in, @a>, #plan.binding<buffer, in, @b>, #plan.binding<pool, out, @win>] {group = "main", layer = 0 : i64}
  plan.launch @first grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<buffer, out, @l>] {group = "main", layer = 0 : i64}
  plan.launch @keep grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<pool, in, @old>, #plan.binding<buffer, out, @m>] {group = "mtp", layer = 1 : i64}
  plan.launch @first grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<step, in, @step, 1>] {group = "mtp", layer = 0 : i64}
  plan.probe "x" of @a after 0
}

// -----

// Main logits come from a main launch.
func.func @first(%begin: index, %end: index, %0: memref<?xi8>) attributes {kernel.entry, kernel.op = "first"} {
  return
}
func.func @step(%begin: index, %end: index, %0: memref<?xi8>, %1: memref<?xi8>, %2: memref<?xi8>) attributes {kernel.entry, kernel.op = "step"} {
  return
}
func.func @keep(%begin: index, %end: index, %0: memref<?xi8>, %1: memref<?xi8>) attributes {kernel.entry, kernel.op = "keep"} {
  return
}
plan.program attributes {envelope = #v4.envelope<tokens = 16, sequences = 2, context = 256, draft = 1>, logits = @m, model = #v4.model<vocab = 512, hidden = 256, layers = 1, window = 128, eos = 1, mtp = true, digest = "00">, mtp_logits = @m, options = {}, producer = "v4c", target = #kernel.target<"cpu:x86-64-v3", cpu = "x86-64-v3", features = ["avx2"], vector_bits = 256>, page_bytes = 0 : i64, slots = 2 : i64, state_bytes = 86784 : i64} {
  plan.pool "win" {group = "main", offset = 0 : i64, type = !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64>}
  plan.pool "old" {group = "mtp", offset = 43392 : i64, type = !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64>}
  plan.weight "w" {bytes = 512 : i64, element = bf16, in_tables = false, layout = "row_major", recipe = "copy", shape = array<i64: 256>, sources = ["n"]}
  plan.kernel "first" {bindings = 1 : i64, op = "first"}
  plan.kernel "step" {bindings = 3 : i64, op = "step"}
  plan.kernel "keep" {bindings = 2 : i64, op = "keep"}
  plan.buffer "a" {bytes = [#plan.size<512, 1, 0, 0>], element = bf16, first_launch = 0 : i64, last_launch = 2 : i64, row_shape = array<i64: 256>, rows = 1 : i64, slot = 0 : i64}
  plan.buffer "b" {bytes = [#plan.size<512, 1, 0, 0>], element = bf16, first_launch = 1 : i64, last_launch = 2 : i64, row_shape = array<i64: 256>, rows = 1 : i64, slot = 1 : i64}
  plan.buffer "l" {bytes = [#plan.size<2048, 1, 0, 0>], element = f32, first_launch = 3 : i64, last_launch = 5 : i64, row_shape = array<i64: 512>, rows = 5 : i64, slot = 0 : i64}
  // expected-error @+1 {{'m' is named by logits, but no launch of group main writes it}}
  plan.buffer "m" {bytes = [#plan.size<2048, 1, 0, 0>], element = f32, first_launch = 4 : i64, last_launch = 5 : i64, row_shape = array<i64: 512>, rows = 5 : i64, slot = 1 : i64}
  plan.launch @first grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<buffer, out, @a>] {group = "main", layer = 0 : i64}
  plan.launch @step grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<buffer, in, @a>, #plan.binding<weight, in, @w>, #plan.binding<buffer, out, @b>] {group = "main", layer = 0 : i64}
  plan.launch @step grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<buffer, in, @a>, #plan.binding<buffer, in, @b>, #plan.binding<pool, out, @win>] {group = "main", layer = 0 : i64}
  plan.launch @first grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<buffer, out, @l>] {group = "main", layer = 0 : i64}
  plan.launch @keep grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<pool, in, @old>, #plan.binding<buffer, out, @m>] {group = "mtp", layer = 1 : i64}
  plan.launch @first grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<step, in, @step, 1>] {group = "mtp", layer = 0 : i64}
  plan.probe "x" of @a after 0
}

// -----

// Without an MTP block there are no MTP launches.
func.func @first(%begin: index, %end: index, %0: memref<?xi8>) attributes {kernel.entry, kernel.op = "first"} {
  return
}
func.func @step(%begin: index, %end: index, %0: memref<?xi8>, %1: memref<?xi8>, %2: memref<?xi8>) attributes {kernel.entry, kernel.op = "step"} {
  return
}
func.func @keep(%begin: index, %end: index, %0: memref<?xi8>, %1: memref<?xi8>) attributes {kernel.entry, kernel.op = "keep"} {
  return
}
plan.program attributes {envelope = #v4.envelope<tokens = 16, sequences = 2, context = 256, draft = 1>, logits = @l, model = #v4.model<vocab = 512, hidden = 256, layers = 1, window = 128, eos = 1, mtp = false, digest = "00">, options = {}, producer = "v4c", target = #kernel.target<"cpu:x86-64-v3", cpu = "x86-64-v3", features = ["avx2"], vector_bits = 256>, page_bytes = 0 : i64, slots = 2 : i64, state_bytes = 86784 : i64} {
  plan.pool "win" {group = "main", offset = 0 : i64, type = !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64>}
  plan.pool "old" {group = "mtp", offset = 43392 : i64, type = !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64>}
  plan.weight "w" {bytes = 512 : i64, element = bf16, in_tables = false, layout = "row_major", recipe = "copy", shape = array<i64: 256>, sources = ["n"]}
  plan.kernel "first" {bindings = 1 : i64, op = "first"}
  plan.kernel "step" {bindings = 3 : i64, op = "step"}
  plan.kernel "keep" {bindings = 2 : i64, op = "keep"}
  plan.buffer "a" {bytes = [#plan.size<512, 1, 0, 0>], element = bf16, first_launch = 0 : i64, last_launch = 2 : i64, row_shape = array<i64: 256>, rows = 1 : i64, slot = 0 : i64}
  plan.buffer "b" {bytes = [#plan.size<512, 1, 0, 0>], element = bf16, first_launch = 1 : i64, last_launch = 2 : i64, row_shape = array<i64: 256>, rows = 1 : i64, slot = 1 : i64}
  plan.buffer "l" {bytes = [#plan.size<2048, 1, 0, 0>], element = f32, first_launch = 3 : i64, last_launch = 5 : i64, row_shape = array<i64: 512>, rows = 5 : i64, slot = 0 : i64}
  plan.buffer "m" {bytes = [#plan.size<2048, 1, 0, 0>], element = f32, first_launch = 4 : i64, last_launch = 5 : i64, row_shape = array<i64: 512>, rows = 5 : i64, slot = 1 : i64}
  plan.launch @first grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<buffer, out, @a>] {group = "main", layer = 0 : i64}
  plan.launch @step grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<buffer, in, @a>, #plan.binding<weight, in, @w>, #plan.binding<buffer, out, @b>] {group = "main", layer = 0 : i64}
  plan.launch @step grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<buffer, in, @a>, #plan.binding<buffer, in, @b>, #plan.binding<pool, out, @win>] {group = "main", layer = 0 : i64}
  plan.launch @first grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<buffer, out, @l>] {group = "main", layer = 0 : i64}
  // expected-error @+1 {{has group 'mtp', but the model has no MTP block}}
  plan.launch @keep grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<pool, in, @old>, #plan.binding<buffer, out, @m>] {group = "mtp", layer = 1 : i64}
  plan.launch @first grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<step, in, @step, 1>] {group = "mtp", layer = 0 : i64}
  plan.probe "x" of @a after 0
}
