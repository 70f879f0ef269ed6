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
plan.program attributes {envelope = #v4.envelope<tokens = 16, sequences = 2, context = 256, draft = 1>, logits = @l, model = #v4.model<vocab = 512, hidden = 256, layers = 1, window = 128, eos = 1, mtp = true, digest = "00">, mtp_logits = @m, options = {}, producer = "v4c", target = #kernel.target<"cpu:x86-64-v3", cpu = "x86-64-v3", features = ["avx2"], vector_bits = 256>, page_bytes = 0 : i64, slots = 2 : i64, state_bytes = 84736 : i64} {
  plan.pool @win {group = "main", offset = 0 : i64, type = !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64>}
  plan.pool @old {group = "mtp", offset = 42368 : i64, type = !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64>}
  plan.weight @w {bytes = 512 : i64, element = bf16, in_tables = false, layout = "row_major", recipe = "copy", shape = array<i64: 256>, sources = ["n"]}
  plan.kernel @first {bindings = 1 : i64, op = "first"}
  plan.kernel @step {bindings = 3 : i64, op = "step"}
  plan.kernel @keep {bindings = 2 : i64, op = "keep"}
  plan.buffer @a {bytes = [#plan.size<512, 1, 0, 0>], element = bf16, first_launch = 0 : i64, last_launch = 2 : i64, row_shape = array<i64: 256>, rows = 1 : i64, slot = 0 : i64}
  plan.buffer @b {bytes = [#plan.size<512, 1, 0, 0>], element = bf16, first_launch = 1 : i64, last_launch = 2 : i64, row_shape = array<i64: 256>, rows = 1 : i64, slot = 1 : i64}
  plan.buffer @l {bytes = [#plan.size<2048, 1, 0, 0>], element = f32, first_launch = 3 : i64, last_launch = 5 : i64, row_shape = array<i64: 512>, rows = 5 : i64, slot = 0 : i64}
  plan.buffer @m {bytes = [#plan.size<2048, 1, 0, 0>], element = f32, first_launch = 4 : i64, last_launch = 5 : i64, row_shape = array<i64: 512>, rows = 5 : i64, slot = 1 : i64}
  plan.launch @first grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<buffer, out, @a>] {group = "main", layer = 0 : i64}
  plan.launch @step grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<buffer, in, @a>, #plan.binding<weight, in, @w>, #plan.binding<buffer, out, @b>] {group = "main", layer = 0 : i64}
  plan.launch @step grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<buffer, in, @a>, #plan.binding<buffer, in, @b>, #plan.binding<pool, out, @win>] {group = "main", layer = 0 : i64}
  plan.launch @first grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<buffer, out, @l>] {group = "main", layer = 0 : i64}
  plan.launch @keep grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<pool, in, @old>, #plan.binding<buffer, out, @m>] {group = "mtp", layer = 1 : i64}
  plan.launch @first grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<step, in, @step, 1>] {group = "mtp", layer = 0 : i64}
  plan.probe "x" of @a after 0
}

// -----

// One program.
// expected-error @+1 {{has 0 plan.program ops, expected one; run --v4-build-program first}}
module {
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
plan.program attributes {envelope = #v4.envelope<tokens = 16, sequences = 2, context = 256, draft = 1>, logits = @l, model = #v4.model<vocab = 512, hidden = 256, layers = 1, window = 128, eos = 1, mtp = true, digest = "00">, mtp_logits = @m, options = {}, producer = "v4c", target = #kernel.target<"cpu:x86-64-v3", cpu = "x86-64-v3", features = ["avx2"], vector_bits = 256>, page_bytes = 0 : i64, state_bytes = 84736 : i64} {
  plan.pool @win {group = "main", offset = 0 : i64, type = !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64>}
  plan.pool @old {group = "mtp", offset = 42368 : i64, type = !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64>}
  plan.weight @w {bytes = 512 : i64, element = bf16, in_tables = false, layout = "row_major", recipe = "copy", shape = array<i64: 256>, sources = ["n"]}
  plan.kernel @first {bindings = 1 : i64, op = "first"}
  plan.kernel @step {bindings = 3 : i64, op = "step"}
  plan.kernel @keep {bindings = 2 : i64, op = "keep"}
  plan.buffer @a {bytes = [#plan.size<512, 1, 0, 0>], element = bf16, first_launch = 0 : i64, last_launch = 2 : i64, row_shape = array<i64: 256>, rows = 1 : i64, slot = 0 : i64}
  plan.buffer @b {bytes = [#plan.size<512, 1, 0, 0>], element = bf16, first_launch = 1 : i64, last_launch = 2 : i64, row_shape = array<i64: 256>, rows = 1 : i64, slot = 1 : i64}
  plan.buffer @l {bytes = [#plan.size<2048, 1, 0, 0>], element = f32, first_launch = 3 : i64, last_launch = 5 : i64, row_shape = array<i64: 512>, rows = 5 : i64, slot = 0 : i64}
  plan.buffer @m {bytes = [#plan.size<2048, 1, 0, 0>], element = f32, first_launch = 4 : i64, last_launch = 5 : i64, row_shape = array<i64: 512>, rows = 5 : i64, slot = 1 : i64}
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
  plan.pool @win {group = "main", offset = 0 : i64, type = !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64>}
  plan.pool @old {group = "mtp", offset = 42368 : i64, type = !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64>}
  plan.weight @w {bytes = 512 : i64, element = bf16, in_tables = false, layout = "row_major", recipe = "copy", shape = array<i64: 256>, sources = ["n"]}
  plan.kernel @first {bindings = 1 : i64, op = "first"}
  plan.kernel @step {bindings = 3 : i64, op = "step"}
  plan.kernel @keep {bindings = 2 : i64, op = "keep"}
  plan.buffer @a {bytes = [#plan.size<512, 1, 0, 0>], element = bf16, first_launch = 0 : i64, last_launch = 2 : i64, row_shape = array<i64: 256>, rows = 1 : i64, slot = 0 : i64}
  plan.buffer @b {bytes = [#plan.size<512, 1, 0, 0>], element = bf16, first_launch = 1 : i64, last_launch = 2 : i64, row_shape = array<i64: 256>, rows = 1 : i64, slot = 1 : i64}
  plan.buffer @l {bytes = [#plan.size<2048, 1, 0, 0>], element = f32, first_launch = 3 : i64, last_launch = 5 : i64, row_shape = array<i64: 512>, rows = 5 : i64, slot = 0 : i64}
  plan.buffer @m {bytes = [#plan.size<2048, 1, 0, 0>], element = f32, first_launch = 4 : i64, last_launch = 5 : i64, row_shape = array<i64: 512>, rows = 5 : i64, slot = 1 : i64}
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
plan.program attributes {envelope = #v4.envelope<tokens = 16, sequences = 2, context = 256, draft = 1>, logits = @l, model = #v4.model<vocab = 512, hidden = 256, layers = 1, window = 128, eos = 1, mtp = true, digest = "00">, mtp_logits = @m, options = {}, producer = "v4c", target = #kernel.target<"cpu:x86-64-v3", cpu = "x86-64-v3", features = ["avx2"], vector_bits = 256>, page_bytes = 0 : i64, slots = 2 : i64, state_bytes = 84736 : i64} {
  plan.pool @win {group = "main", offset = 0 : i64, type = !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64>}
  plan.pool @old {group = "mtp", offset = 42368 : i64, type = !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64>}
  plan.weight @w {bytes = 512 : i64, element = bf16, in_tables = false, layout = "row_major", recipe = "copy", shape = array<i64: 256>, sources = ["n"]}
  plan.kernel @first {bindings = 1 : i64, op = "first"}
  plan.kernel @step {bindings = 3 : i64, op = "step"}
  plan.kernel @keep {bindings = 2 : i64, op = "keep"}
  // expected-error @+1 {{'ghost' has no kernel function of its name}}
  plan.kernel @ghost {bindings = 1 : i64, op = "ghost"}
  plan.buffer @a {bytes = [#plan.size<512, 1, 0, 0>], element = bf16, first_launch = 0 : i64, last_launch = 2 : i64, row_shape = array<i64: 256>, rows = 1 : i64, slot = 0 : i64}
  plan.buffer @b {bytes = [#plan.size<512, 1, 0, 0>], element = bf16, first_launch = 1 : i64, last_launch = 2 : i64, row_shape = array<i64: 256>, rows = 1 : i64, slot = 1 : i64}
  plan.buffer @l {bytes = [#plan.size<2048, 1, 0, 0>], element = f32, first_launch = 3 : i64, last_launch = 5 : i64, row_shape = array<i64: 512>, rows = 5 : i64, slot = 0 : i64}
  plan.buffer @m {bytes = [#plan.size<2048, 1, 0, 0>], element = f32, first_launch = 4 : i64, last_launch = 5 : i64, row_shape = array<i64: 512>, rows = 5 : i64, slot = 1 : i64}
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
func.func @first(%begin: index, %end: index, %0: memref<?xi8>, %1: memref<?xi8>) attributes {kernel.entry, kernel.op = "first"} {
  return
}
func.func @step(%begin: index, %end: index, %0: memref<?xi8>, %1: memref<?xi8>, %2: memref<?xi8>) attributes {kernel.entry, kernel.op = "step"} {
  return
}
func.func @keep(%begin: index, %end: index, %0: memref<?xi8>, %1: memref<?xi8>) attributes {kernel.entry, kernel.op = "keep"} {
  return
}
plan.program attributes {envelope = #v4.envelope<tokens = 16, sequences = 2, context = 256, draft = 1>, logits = @l, model = #v4.model<vocab = 512, hidden = 256, layers = 1, window = 128, eos = 1, mtp = true, digest = "00">, mtp_logits = @m, options = {}, producer = "v4c", target = #kernel.target<"cpu:x86-64-v3", cpu = "x86-64-v3", features = ["avx2"], vector_bits = 256>, page_bytes = 0 : i64, slots = 2 : i64, state_bytes = 84736 : i64} {
  plan.pool @win {group = "main", offset = 0 : i64, type = !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64>}
  plan.pool @old {group = "mtp", offset = 42368 : i64, type = !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64>}
  plan.weight @w {bytes = 512 : i64, element = bf16, in_tables = false, layout = "row_major", recipe = "copy", shape = array<i64: 256>, sources = ["n"]}
  // expected-error @+1 {{'first' has 1 bindings, its function takes 4 arguments, expected two more than bindings}}
  plan.kernel @first {bindings = 1 : i64, op = "first"}
  plan.kernel @step {bindings = 3 : i64, op = "step"}
  plan.kernel @keep {bindings = 2 : i64, op = "keep"}
  plan.buffer @a {bytes = [#plan.size<512, 1, 0, 0>], element = bf16, first_launch = 0 : i64, last_launch = 2 : i64, row_shape = array<i64: 256>, rows = 1 : i64, slot = 0 : i64}
  plan.buffer @b {bytes = [#plan.size<512, 1, 0, 0>], element = bf16, first_launch = 1 : i64, last_launch = 2 : i64, row_shape = array<i64: 256>, rows = 1 : i64, slot = 1 : i64}
  plan.buffer @l {bytes = [#plan.size<2048, 1, 0, 0>], element = f32, first_launch = 3 : i64, last_launch = 5 : i64, row_shape = array<i64: 512>, rows = 5 : i64, slot = 0 : i64}
  plan.buffer @m {bytes = [#plan.size<2048, 1, 0, 0>], element = f32, first_launch = 4 : i64, last_launch = 5 : i64, row_shape = array<i64: 512>, rows = 5 : i64, slot = 1 : i64}
  plan.launch @first grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<buffer, out, @a>] {group = "main", layer = 0 : i64}
  plan.launch @step grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<buffer, in, @a>, #plan.binding<weight, in, @w>, #plan.binding<buffer, out, @b>] {group = "main", layer = 0 : i64}
  plan.launch @step grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<buffer, in, @a>, #plan.binding<buffer, in, @b>, #plan.binding<pool, out, @win>] {group = "main", layer = 0 : i64}
  plan.launch @first grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<buffer, out, @l>] {group = "main", layer = 0 : i64}
  plan.launch @keep grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<pool, in, @old>, #plan.binding<buffer, out, @m>] {group = "mtp", layer = 1 : i64}
  plan.launch @first grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<step, in, @step, 1>] {group = "mtp", layer = 0 : i64}
  plan.probe "x" of @a after 0
}

// -----

// One rank so far.
func.func @first(%begin: index, %end: index, %0: memref<?xi8>) attributes {kernel.entry, kernel.op = "first"} {
  return
}
func.func @step(%begin: index, %end: index, %0: memref<?xi8>, %1: memref<?xi8>, %2: memref<?xi8>) attributes {kernel.entry, kernel.op = "step"} {
  return
}
func.func @keep(%begin: index, %end: index, %0: memref<?xi8>, %1: memref<?xi8>) attributes {kernel.entry, kernel.op = "keep"} {
  return
}
plan.program attributes {envelope = #v4.envelope<tokens = 16, sequences = 2, context = 256, draft = 1>, logits = @l, model = #v4.model<vocab = 512, hidden = 256, layers = 1, window = 128, eos = 1, mtp = true, digest = "00">, mtp_logits = @m, options = {}, producer = "v4c", target = #kernel.target<"cpu:x86-64-v3", cpu = "x86-64-v3", features = ["avx2"], vector_bits = 256>, page_bytes = 0 : i64, slots = 2 : i64, state_bytes = 84736 : i64} {
  plan.pool @win {group = "main", offset = 0 : i64, type = !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64>}
  plan.pool @old {group = "mtp", offset = 42368 : i64, type = !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64>}
  // expected-error @+1 {{has rank 1, expected 0}}
  plan.weight @w {bytes = 512 : i64, element = bf16, in_tables = false, layout = "row_major", rank = 1 : i64, recipe = "copy", shape = array<i64: 256>, sources = ["n"]}
  plan.kernel @first {bindings = 1 : i64, op = "first"}
  plan.kernel @step {bindings = 3 : i64, op = "step"}
  plan.kernel @keep {bindings = 2 : i64, op = "keep"}
  plan.buffer @a {bytes = [#plan.size<512, 1, 0, 0>], element = bf16, first_launch = 0 : i64, last_launch = 2 : i64, row_shape = array<i64: 256>, rows = 1 : i64, slot = 0 : i64}
  plan.buffer @b {bytes = [#plan.size<512, 1, 0, 0>], element = bf16, first_launch = 1 : i64, last_launch = 2 : i64, row_shape = array<i64: 256>, rows = 1 : i64, slot = 1 : i64}
  plan.buffer @l {bytes = [#plan.size<2048, 1, 0, 0>], element = f32, first_launch = 3 : i64, last_launch = 5 : i64, row_shape = array<i64: 512>, rows = 5 : i64, slot = 0 : i64}
  plan.buffer @m {bytes = [#plan.size<2048, 1, 0, 0>], element = f32, first_launch = 4 : i64, last_launch = 5 : i64, row_shape = array<i64: 512>, rows = 5 : i64, slot = 1 : i64}
  plan.launch @first grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<buffer, out, @a>] {group = "main", layer = 0 : i64}
  plan.launch @step grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<buffer, in, @a>, #plan.binding<weight, in, @w>, #plan.binding<buffer, out, @b>] {group = "main", layer = 0 : i64}
  plan.launch @step grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<buffer, in, @a>, #plan.binding<buffer, in, @b>, #plan.binding<pool, out, @win>] {group = "main", layer = 0 : i64}
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
plan.program attributes {envelope = #v4.envelope<tokens = 16, sequences = 2, context = 256, draft = 1>, logits = @l, model = #v4.model<vocab = 512, hidden = 256, layers = 1, window = 128, eos = 1, mtp = true, digest = "00">, mtp_logits = @m, options = {}, producer = "v4c", target = #kernel.target<"cpu:x86-64-v3", cpu = "x86-64-v3", features = ["avx2"], vector_bits = 256>, page_bytes = 0 : i64, slots = 2 : i64, state_bytes = 84736 : i64} {
  plan.pool @win {group = "main", offset = 0 : i64, type = !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64>}
  plan.pool @old {group = "mtp", offset = 42368 : i64, type = !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64>}
  plan.weight @w {bytes = 512 : i64, element = bf16, in_tables = false, layout = "row_major", recipe = "copy", shape = array<i64: 256>, sources = ["n"]}
  plan.kernel @first {bindings = 1 : i64, op = "first"}
  plan.kernel @step {bindings = 3 : i64, op = "step"}
  plan.kernel @keep {bindings = 2 : i64, op = "keep"}
  plan.buffer @a {bytes = [#plan.size<512, 1, 0, 0>], element = bf16, first_launch = 0 : i64, last_launch = 2 : i64, row_shape = array<i64: 256>, rows = 1 : i64, slot = 0 : i64}
  plan.buffer @b {bytes = [#plan.size<512, 1, 0, 0>], element = bf16, first_launch = 1 : i64, last_launch = 2 : i64, row_shape = array<i64: 256>, rows = 1 : i64, slot = 1 : i64}
  plan.buffer @l {bytes = [#plan.size<2048, 1, 0, 0>], element = f32, first_launch = 3 : i64, last_launch = 5 : i64, row_shape = array<i64: 512>, rows = 5 : i64, slot = 0 : i64}
  plan.buffer @m {bytes = [#plan.size<2048, 1, 0, 0>], element = f32, first_launch = 4 : i64, last_launch = 5 : i64, row_shape = array<i64: 512>, rows = 5 : i64, slot = 1 : i64}
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
plan.program attributes {envelope = #v4.envelope<tokens = 16, sequences = 2, context = 256, draft = 1>, logits = @l, model = #v4.model<vocab = 512, hidden = 256, layers = 1, window = 128, eos = 1, mtp = true, digest = "00">, mtp_logits = @m, options = {}, producer = "v4c", target = #kernel.target<"cpu:x86-64-v3", cpu = "x86-64-v3", features = ["avx2"], vector_bits = 256>, page_bytes = 0 : i64, slots = 2 : i64, state_bytes = 84736 : i64} {
  plan.pool @win {group = "main", offset = 0 : i64, type = !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64>}
  plan.pool @old {group = "mtp", offset = 42368 : i64, type = !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64>}
  plan.weight @w {bytes = 512 : i64, element = bf16, in_tables = false, layout = "row_major", recipe = "copy", shape = array<i64: 256>, sources = ["n"]}
  plan.kernel @first {bindings = 1 : i64, op = "first"}
  plan.kernel @step {bindings = 3 : i64, op = "step"}
  plan.kernel @keep {bindings = 2 : i64, op = "keep"}
  plan.buffer @a {bytes = [#plan.size<512, 1, 0, 0>], element = bf16, first_launch = 0 : i64, last_launch = 2 : i64, row_shape = array<i64: 256>, rows = 1 : i64, slot = 0 : i64}
  plan.buffer @b {bytes = [#plan.size<512, 1, 0, 0>], element = bf16, first_launch = 1 : i64, last_launch = 2 : i64, row_shape = array<i64: 256>, rows = 1 : i64, slot = 1 : i64}
  plan.buffer @l {bytes = [#plan.size<2048, 1, 0, 0>], element = f32, first_launch = 3 : i64, last_launch = 5 : i64, row_shape = array<i64: 512>, rows = 5 : i64, slot = 0 : i64}
  plan.buffer @m {bytes = [#plan.size<2048, 1, 0, 0>], element = f32, first_launch = 4 : i64, last_launch = 5 : i64, row_shape = array<i64: 512>, rows = 5 : i64, slot = 1 : i64}
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

// Logits have the vocabulary's width.
func.func @first(%begin: index, %end: index, %0: memref<?xi8>) attributes {kernel.entry, kernel.op = "first"} {
  return
}
func.func @step(%begin: index, %end: index, %0: memref<?xi8>, %1: memref<?xi8>, %2: memref<?xi8>) attributes {kernel.entry, kernel.op = "step"} {
  return
}
func.func @keep(%begin: index, %end: index, %0: memref<?xi8>, %1: memref<?xi8>) attributes {kernel.entry, kernel.op = "keep"} {
  return
}
plan.program attributes {envelope = #v4.envelope<tokens = 16, sequences = 2, context = 256, draft = 1>, logits = @l, model = #v4.model<vocab = 512, hidden = 256, layers = 1, window = 128, eos = 1, mtp = true, digest = "00">, mtp_logits = @m, options = {}, producer = "v4c", target = #kernel.target<"cpu:x86-64-v3", cpu = "x86-64-v3", features = ["avx2"], vector_bits = 256>, page_bytes = 0 : i64, slots = 2 : i64, state_bytes = 84736 : i64} {
  plan.pool @win {group = "main", offset = 0 : i64, type = !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64>}
  plan.pool @old {group = "mtp", offset = 42368 : i64, type = !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64>}
  plan.weight @w {bytes = 512 : i64, element = bf16, in_tables = false, layout = "row_major", recipe = "copy", shape = array<i64: 256>, sources = ["n"]}
  plan.kernel @first {bindings = 1 : i64, op = "first"}
  plan.kernel @step {bindings = 3 : i64, op = "step"}
  plan.kernel @keep {bindings = 2 : i64, op = "keep"}
  plan.buffer @a {bytes = [#plan.size<512, 1, 0, 0>], element = bf16, first_launch = 0 : i64, last_launch = 2 : i64, row_shape = array<i64: 256>, rows = 1 : i64, slot = 0 : i64}
  plan.buffer @b {bytes = [#plan.size<512, 1, 0, 0>], element = bf16, first_launch = 1 : i64, last_launch = 2 : i64, row_shape = array<i64: 256>, rows = 1 : i64, slot = 1 : i64}
  // expected-error @+1 {{'l' is named by logits, expected rows of shape [512], the vocabulary}}
  plan.buffer @l {bytes = [#plan.size<2048, 1, 0, 0>], element = f32, first_launch = 3 : i64, last_launch = 5 : i64, row_shape = array<i64: 500>, rows = 5 : i64, slot = 0 : i64}
  plan.buffer @m {bytes = [#plan.size<2048, 1, 0, 0>], element = f32, first_launch = 4 : i64, last_launch = 5 : i64, row_shape = array<i64: 512>, rows = 5 : i64, slot = 1 : i64}
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
plan.program attributes {envelope = #v4.envelope<tokens = 16, sequences = 2, context = 256, draft = 1>, logits = @l, model = #v4.model<vocab = 512, hidden = 256, layers = 1, window = 128, eos = 1, mtp = true, digest = "00">, mtp_logits = @m, options = {}, producer = "v4c", target = #kernel.target<"cpu:x86-64-v3", cpu = "x86-64-v3", features = ["avx2"], vector_bits = 256>, page_bytes = 0 : i64, slots = 2 : i64, state_bytes = 84736 : i64} {
  plan.pool @win {group = "main", offset = 0 : i64, type = !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64>}
  plan.pool @old {group = "mtp", offset = 42368 : i64, type = !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64>}
  plan.weight @w {bytes = 512 : i64, element = bf16, in_tables = false, layout = "row_major", recipe = "copy", shape = array<i64: 256>, sources = ["n"]}
  plan.kernel @first {bindings = 1 : i64, op = "first"}
  plan.kernel @step {bindings = 3 : i64, op = "step"}
  plan.kernel @keep {bindings = 2 : i64, op = "keep"}
  plan.buffer @a {bytes = [#plan.size<512, 1, 0, 0>], element = bf16, first_launch = 0 : i64, last_launch = 2 : i64, row_shape = array<i64: 256>, rows = 1 : i64, slot = 0 : i64}
  plan.buffer @b {bytes = [#plan.size<512, 1, 0, 0>], element = bf16, first_launch = 1 : i64, last_launch = 2 : i64, row_shape = array<i64: 256>, rows = 1 : i64, slot = 1 : i64}
  // expected-error @+1 {{'l' is named by logits and lives until launch 4, expected the last one, 5}}
  plan.buffer @l {bytes = [#plan.size<2048, 1, 0, 0>], element = f32, first_launch = 3 : i64, last_launch = 4 : i64, row_shape = array<i64: 512>, rows = 5 : i64, slot = 0 : i64}
  plan.buffer @m {bytes = [#plan.size<2048, 1, 0, 0>], element = f32, first_launch = 4 : i64, last_launch = 5 : i64, row_shape = array<i64: 512>, rows = 5 : i64, slot = 1 : i64}
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
plan.program attributes {envelope = #v4.envelope<tokens = 16, sequences = 2, context = 256, draft = 1>, logits = @m, model = #v4.model<vocab = 512, hidden = 256, layers = 1, window = 128, eos = 1, mtp = true, digest = "00">, mtp_logits = @m, options = {}, producer = "v4c", target = #kernel.target<"cpu:x86-64-v3", cpu = "x86-64-v3", features = ["avx2"], vector_bits = 256>, page_bytes = 0 : i64, slots = 2 : i64, state_bytes = 84736 : i64} {
  plan.pool @win {group = "main", offset = 0 : i64, type = !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64>}
  plan.pool @old {group = "mtp", offset = 42368 : i64, type = !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64>}
  plan.weight @w {bytes = 512 : i64, element = bf16, in_tables = false, layout = "row_major", recipe = "copy", shape = array<i64: 256>, sources = ["n"]}
  plan.kernel @first {bindings = 1 : i64, op = "first"}
  plan.kernel @step {bindings = 3 : i64, op = "step"}
  plan.kernel @keep {bindings = 2 : i64, op = "keep"}
  plan.buffer @a {bytes = [#plan.size<512, 1, 0, 0>], element = bf16, first_launch = 0 : i64, last_launch = 2 : i64, row_shape = array<i64: 256>, rows = 1 : i64, slot = 0 : i64}
  plan.buffer @b {bytes = [#plan.size<512, 1, 0, 0>], element = bf16, first_launch = 1 : i64, last_launch = 2 : i64, row_shape = array<i64: 256>, rows = 1 : i64, slot = 1 : i64}
  plan.buffer @l {bytes = [#plan.size<2048, 1, 0, 0>], element = f32, first_launch = 3 : i64, last_launch = 5 : i64, row_shape = array<i64: 512>, rows = 5 : i64, slot = 0 : i64}
  // expected-error @+1 {{'m' is named by logits, but no launch of group main writes it}}
  plan.buffer @m {bytes = [#plan.size<2048, 1, 0, 0>], element = f32, first_launch = 4 : i64, last_launch = 5 : i64, row_shape = array<i64: 512>, rows = 5 : i64, slot = 1 : i64}
  plan.launch @first grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<buffer, out, @a>] {group = "main", layer = 0 : i64}
  plan.launch @step grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<buffer, in, @a>, #plan.binding<weight, in, @w>, #plan.binding<buffer, out, @b>] {group = "main", layer = 0 : i64}
  plan.launch @step grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<buffer, in, @a>, #plan.binding<buffer, in, @b>, #plan.binding<pool, out, @win>] {group = "main", layer = 0 : i64}
  plan.launch @first grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<buffer, out, @l>] {group = "main", layer = 0 : i64}
  plan.launch @keep grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<pool, in, @old>, #plan.binding<buffer, out, @m>] {group = "mtp", layer = 1 : i64}
  plan.launch @first grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<step, in, @step, 1>] {group = "mtp", layer = 0 : i64}
  plan.probe "x" of @a after 0
}

// -----

// A model with an MTP block has MTP logits.
func.func @first(%begin: index, %end: index, %0: memref<?xi8>) attributes {kernel.entry, kernel.op = "first"} {
  return
}
func.func @step(%begin: index, %end: index, %0: memref<?xi8>, %1: memref<?xi8>, %2: memref<?xi8>) attributes {kernel.entry, kernel.op = "step"} {
  return
}
func.func @keep(%begin: index, %end: index, %0: memref<?xi8>, %1: memref<?xi8>) attributes {kernel.entry, kernel.op = "keep"} {
  return
}
// expected-error @+1 {{has no mtp_logits, but the model has an MTP block}}
plan.program attributes {envelope = #v4.envelope<tokens = 16, sequences = 2, context = 256, draft = 1>, logits = @l, model = #v4.model<vocab = 512, hidden = 256, layers = 1, window = 128, eos = 1, mtp = true, digest = "00">, options = {}, producer = "v4c", target = #kernel.target<"cpu:x86-64-v3", cpu = "x86-64-v3", features = ["avx2"], vector_bits = 256>, page_bytes = 0 : i64, slots = 2 : i64, state_bytes = 84736 : i64} {
  plan.pool @win {group = "main", offset = 0 : i64, type = !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64>}
  plan.pool @old {group = "mtp", offset = 42368 : i64, type = !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64>}
  plan.weight @w {bytes = 512 : i64, element = bf16, in_tables = false, layout = "row_major", recipe = "copy", shape = array<i64: 256>, sources = ["n"]}
  plan.kernel @first {bindings = 1 : i64, op = "first"}
  plan.kernel @step {bindings = 3 : i64, op = "step"}
  plan.kernel @keep {bindings = 2 : i64, op = "keep"}
  plan.buffer @a {bytes = [#plan.size<512, 1, 0, 0>], element = bf16, first_launch = 0 : i64, last_launch = 2 : i64, row_shape = array<i64: 256>, rows = 1 : i64, slot = 0 : i64}
  plan.buffer @b {bytes = [#plan.size<512, 1, 0, 0>], element = bf16, first_launch = 1 : i64, last_launch = 2 : i64, row_shape = array<i64: 256>, rows = 1 : i64, slot = 1 : i64}
  plan.buffer @l {bytes = [#plan.size<2048, 1, 0, 0>], element = f32, first_launch = 3 : i64, last_launch = 5 : i64, row_shape = array<i64: 512>, rows = 5 : i64, slot = 0 : i64}
  plan.buffer @m {bytes = [#plan.size<2048, 1, 0, 0>], element = f32, first_launch = 4 : i64, last_launch = 5 : i64, row_shape = array<i64: 512>, rows = 5 : i64, slot = 1 : i64}
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
plan.program attributes {envelope = #v4.envelope<tokens = 16, sequences = 2, context = 256, draft = 1>, logits = @l, model = #v4.model<vocab = 512, hidden = 256, layers = 1, window = 128, eos = 1, mtp = false, digest = "00">, options = {}, producer = "v4c", target = #kernel.target<"cpu:x86-64-v3", cpu = "x86-64-v3", features = ["avx2"], vector_bits = 256>, page_bytes = 0 : i64, slots = 2 : i64, state_bytes = 84736 : i64} {
  plan.pool @win {group = "main", offset = 0 : i64, type = !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64>}
  plan.pool @old {group = "mtp", offset = 42368 : i64, type = !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64>}
  plan.weight @w {bytes = 512 : i64, element = bf16, in_tables = false, layout = "row_major", recipe = "copy", shape = array<i64: 256>, sources = ["n"]}
  plan.kernel @first {bindings = 1 : i64, op = "first"}
  plan.kernel @step {bindings = 3 : i64, op = "step"}
  plan.kernel @keep {bindings = 2 : i64, op = "keep"}
  plan.buffer @a {bytes = [#plan.size<512, 1, 0, 0>], element = bf16, first_launch = 0 : i64, last_launch = 2 : i64, row_shape = array<i64: 256>, rows = 1 : i64, slot = 0 : i64}
  plan.buffer @b {bytes = [#plan.size<512, 1, 0, 0>], element = bf16, first_launch = 1 : i64, last_launch = 2 : i64, row_shape = array<i64: 256>, rows = 1 : i64, slot = 1 : i64}
  plan.buffer @l {bytes = [#plan.size<2048, 1, 0, 0>], element = f32, first_launch = 3 : i64, last_launch = 5 : i64, row_shape = array<i64: 512>, rows = 5 : i64, slot = 0 : i64}
  plan.buffer @m {bytes = [#plan.size<2048, 1, 0, 0>], element = f32, first_launch = 4 : i64, last_launch = 5 : i64, row_shape = array<i64: 512>, rows = 5 : i64, slot = 1 : i64}
  plan.launch @first grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<buffer, out, @a>] {group = "main", layer = 0 : i64}
  plan.launch @step grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<buffer, in, @a>, #plan.binding<weight, in, @w>, #plan.binding<buffer, out, @b>] {group = "main", layer = 0 : i64}
  plan.launch @step grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<buffer, in, @a>, #plan.binding<buffer, in, @b>, #plan.binding<pool, out, @win>] {group = "main", layer = 0 : i64}
  plan.launch @first grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<buffer, out, @l>] {group = "main", layer = 0 : i64}
  // expected-error @+1 {{has group 'mtp', but the model has no MTP block}}
  plan.launch @keep grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<pool, in, @old>, #plan.binding<buffer, out, @m>] {group = "mtp", layer = 1 : i64}
  plan.launch @first grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<step, in, @step, 1>] {group = "mtp", layer = 0 : i64}
  plan.probe "x" of @a after 0
}
