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
plan.program attributes {envelope = #v4.envelope<tokens = 16, sequences = 2, context = 256, draft = 1>, logits = @l, model = #v4.model<vocab = 512, hidden = 256, layers = 1, window = 128, eos = 1, mtp = true, digest = "00">, mtp_logits = @m, options = {}, producer = "v4c", target = #kernel.target<"cpu:x86-64-v3", cpu = "x86-64-v3", features = ["avx2"], vector_bits = 256>, page_bytes = 0 : i64, slots = 2 : i64, state_bytes = 84736 : i64} {
  plan.pool @win {group = "main", offset = 0 : i64, type = !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64>}
  plan.pool @old {group = "mtp", offset = 42368 : i64, type = !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64>}
  plan.weight @w {bytes = 512 : i64, element = bf16, in_tables = false, layout = "row_major", recipe = "copy", shape = array<i64: 256>, sources = ["n"]}
  plan.kernel @first {bindings = 1 : i64, op = "first"}
  plan.kernel @step {bindings = 3 : i64, op = "step"}
  plan.kernel @keep {bindings = 2 : i64, op = "keep"}
  // expected-error @+1 {{'a' has the power 3 in #plan.size<512, 3, 0, 0>, expected 0 to 2}}
  plan.buffer @a {bytes = [#plan.size<512, 3, 0, 0>], element = bf16, first_launch = 0 : i64, last_launch = 2 : i64, row_shape = array<i64: 256>, rows = 1 : i64, slot = 0 : i64}
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
plan.program attributes {envelope = #v4.envelope<tokens = 16, sequences = 2, context = 256, draft = 1>, logits = @l, model = #v4.model<vocab = 512, hidden = 256, layers = 1, window = 128, eos = 1, mtp = true, digest = "00">, mtp_logits = @m, options = {}, producer = "v4c", target = #kernel.target<"cpu:x86-64-v3", cpu = "x86-64-v3", features = ["avx2"], vector_bits = 256>, page_bytes = 0 : i64, slots = 2 : i64, state_bytes = 84736 : i64} {
  plan.pool @win {group = "main", offset = 0 : i64, type = !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64>}
  plan.pool @old {group = "mtp", offset = 42368 : i64, type = !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64>}
  plan.weight @w {bytes = 512 : i64, element = bf16, in_tables = false, layout = "row_major", recipe = "copy", shape = array<i64: 256>, sources = ["n"]}
  plan.kernel @first {bindings = 1 : i64, op = "first"}
  plan.kernel @step {bindings = 3 : i64, op = "step"}
  plan.kernel @keep {bindings = 2 : i64, op = "keep"}
  // expected-error @+1 {{'a' has 8176 bytes for 16 tokens, 2 sequences and a context of 256, expected at least 8192}}
  plan.buffer @a {bytes = [#plan.size<511, 1, 0, 0>], element = bf16, first_launch = 0 : i64, last_launch = 2 : i64, row_shape = array<i64: 256>, rows = 1 : i64, slot = 0 : i64}
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
plan.program attributes {envelope = #v4.envelope<tokens = 16, sequences = 2, context = 256, draft = 1>, logits = @l, model = #v4.model<vocab = 512, hidden = 256, layers = 1, window = 128, eos = 1, mtp = true, digest = "00">, mtp_logits = @m, options = {}, producer = "v4c", target = #kernel.target<"cpu:x86-64-v3", cpu = "x86-64-v3", features = ["avx2"], vector_bits = 256>, page_bytes = 0 : i64, slots = 2 : i64, state_bytes = 84736 : i64} {
  plan.pool @win {group = "main", offset = 0 : i64, type = !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64>}
  plan.pool @old {group = "mtp", offset = 42368 : i64, type = !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64>}
  plan.weight @w {bytes = 512 : i64, element = bf16, in_tables = false, layout = "row_major", recipe = "copy", shape = array<i64: 256>, sources = ["n"]}
  plan.kernel @first {bindings = 1 : i64, op = "first"}
  plan.kernel @step {bindings = 3 : i64, op = "step"}
  plan.kernel @keep {bindings = 2 : i64, op = "keep"}
  // expected-error @+1 {{'a' has 256 bytes for 1 tokens, 1 sequences and a context of 1, expected at least 512}}
  plan.buffer @a {bytes = [#plan.size<256, 2, 0, 0>], element = bf16, first_launch = 0 : i64, last_launch = 2 : i64, row_shape = array<i64: 256>, rows = 1 : i64, slot = 0 : i64}
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

// Index rows count as well: 64 of them in a context of 256, but never less than 16.
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
  // expected-error @+1 {{'a' has 1 bytes for 1 tokens, 1 sequences and a context of 1, expected at least 64}}
  plan.buffer @a {bytes = [#plan.size<1, 1, 0, 1>], element = f32, first_launch = 0 : i64, last_launch = 2 : i64, row_shape = array<i64: 0>, rows = 1 : i64, slot = 0 : i64}
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

// Sizes stay below 2^46.
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
  // expected-error @+1 {{'a' reaches 70368744177664 bytes at the envelope}}
  plan.buffer @a {bytes = [#plan.size<17592186044416, 1, 0, 0>], element = bf16, first_launch = 0 : i64, last_launch = 2 : i64, row_shape = array<i64: 256>, rows = 1 : i64, slot = 0 : i64}
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

// Every buffer has a place.
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
  // expected-error @+1 {{'a' has no slot and lifetime; run --v4-plan-arena first}}
  plan.buffer @a {bytes = [#plan.size<512, 1, 0, 0>], element = bf16, row_shape = array<i64: 256>, rows = 1 : i64}
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
plan.program attributes {envelope = #v4.envelope<tokens = 16, sequences = 2, context = 256, draft = 1>, logits = @l, model = #v4.model<vocab = 512, hidden = 256, layers = 1, window = 128, eos = 1, mtp = true, digest = "00">, mtp_logits = @m, options = {}, producer = "v4c", target = #kernel.target<"cpu:x86-64-v3", cpu = "x86-64-v3", features = ["avx2"], vector_bits = 256>, page_bytes = 0 : i64, slots = 2 : i64, state_bytes = 84736 : i64} {
  plan.pool @win {group = "main", offset = 0 : i64, type = !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64>}
  plan.pool @old {group = "mtp", offset = 42368 : i64, type = !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64>}
  plan.weight @w {bytes = 512 : i64, element = bf16, in_tables = false, layout = "row_major", recipe = "copy", shape = array<i64: 256>, sources = ["n"]}
  plan.kernel @first {bindings = 1 : i64, op = "first"}
  plan.kernel @step {bindings = 3 : i64, op = "step"}
  plan.kernel @keep {bindings = 2 : i64, op = "keep"}
  plan.buffer @a {bytes = [#plan.size<512, 1, 0, 0>], element = bf16, first_launch = 0 : i64, last_launch = 2 : i64, row_shape = array<i64: 256>, rows = 1 : i64, slot = 0 : i64}
  // expected-error @+1 {{'b' lives from launch 1, but 'a' has slot 0 until launch 2}}
  plan.buffer @b {bytes = [#plan.size<512, 1, 0, 0>], element = bf16, first_launch = 1 : i64, last_launch = 2 : i64, row_shape = array<i64: 256>, rows = 1 : i64, slot = 0 : i64}
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
plan.program attributes {envelope = #v4.envelope<tokens = 16, sequences = 2, context = 256, draft = 1>, logits = @l, model = #v4.model<vocab = 512, hidden = 256, layers = 1, window = 128, eos = 1, mtp = true, digest = "00">, mtp_logits = @m, options = {}, producer = "v4c", target = #kernel.target<"cpu:x86-64-v3", cpu = "x86-64-v3", features = ["avx2"], vector_bits = 256>, page_bytes = 0 : i64, slots = 2 : i64, state_bytes = 84736 : i64} {
  plan.pool @win {group = "main", offset = 0 : i64, type = !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64>}
  plan.pool @old {group = "mtp", offset = 42368 : i64, type = !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64>}
  // expected-error @+1 {{expected exactly index tables there}}
  plan.weight @w {bytes = 1024 : i64, element = i32, in_tables = false, layout = "row_major", recipe = "copy", shape = array<i64: 256>, sources = ["n"]}
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

// Every pool has a place.
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
  // expected-error @+1 {{'win' has no offset; run --v4-plan-kv-cache first}}
  plan.pool @win {group = "main", type = !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64>}
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
plan.program attributes {envelope = #v4.envelope<tokens = 16, sequences = 2, context = 256, draft = 1>, logits = @l, model = #v4.model<vocab = 512, hidden = 256, layers = 1, window = 128, eos = 1, mtp = true, digest = "00">, mtp_logits = @m, options = {}, producer = "v4c", target = #kernel.target<"cpu:x86-64-v3", cpu = "x86-64-v3", features = ["avx2"], vector_bits = 256>, page_bytes = 0 : i64, slots = 2 : i64, state_bytes = 84736 : i64} {
  plan.pool @win {group = "main", offset = 0 : i64, type = !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64>}
  // expected-error @+1 {{'old' is at offset 64, inside the pool that ends at 42312}}
  plan.pool @old {group = "mtp", offset = 64 : i64, type = !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64>}
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
plan.program attributes {envelope = #v4.envelope<tokens = 16, sequences = 2, context = 256, draft = 1>, logits = @l, model = #v4.model<vocab = 512, hidden = 256, layers = 1, window = 128, eos = 1, mtp = true, digest = "00">, mtp_logits = @m, options = {}, producer = "v4c", target = #kernel.target<"cpu:x86-64-v3", cpu = "x86-64-v3", features = ["avx2"], vector_bits = 256>, page_bytes = 0 : i64, slots = 2 : i64, state_bytes = 42368 : i64} {
  plan.pool @win {group = "main", offset = 0 : i64, type = !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64>}
  // expected-error @+1 {{'old' has 42312 bytes at offset 42368, expected to end within state_bytes = 42368}}
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
