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

// Layers are those of the model and the MTP block.
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
plan.program attributes {envelope = #v4.envelope<tokens = 16, sequences = 2, context = 256, draft = 1>, logits = @l, model = #v4.model<vocab = 512, hidden = 256, layers = 1, window = 128, eos = 1, mtp = true, digest = "00">, mtp_logits = @m, options = {}, producer = "v4c", target = #kernel.target<"cpu:x86-64-v3", cpu = "x86-64-v3", features = ["avx2"], vector_bits = 256>, page_bytes = 0 : i64, slots = 2 : i64, state_bytes = 84736 : i64} {
  plan.pool @win {group = "main", offset = 0 : i64, type = !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64>}
  plan.pool @old {group = "mtp", offset = 42368 : i64, type = !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64>}
  plan.weight @w {bytes = 512 : i64, element = bf16, in_tables = false, layout = "row_major", recipe = "copy", shape = array<i64: 256>, sources = ["n"]}
  plan.kernel @first {bindings = 1 : i64, op = "first"}
  plan.kernel @step {bindings = 3 : i64, op = "step"}
  plan.kernel @keep {bindings = 2 : i64, op = "keep"}
  plan.buffer @a {bytes = [#plan.size<512, 1, 0, 0>], element = bf16, first_launch = 0 : i64, last_launch = 2 : i64, row_shape = array<i64: 256>, rows = 1 : i64, slot = 0 : i64}
  plan.buffer @b {bytes = [#plan.size<512, 1, 0, 0>], element = bf16, first_launch = 0 : i64, last_launch = 2 : i64, row_shape = array<i64: 256>, rows = 1 : i64, slot = 1 : i64}
  plan.buffer @l {bytes = [#plan.size<2048, 1, 0, 0>], element = f32, first_launch = 3 : i64, last_launch = 5 : i64, row_shape = array<i64: 512>, rows = 5 : i64, slot = 0 : i64}
  plan.buffer @m {bytes = [#plan.size<2048, 1, 0, 0>], element = f32, first_launch = 4 : i64, last_launch = 5 : i64, row_shape = array<i64: 512>, rows = 5 : i64, slot = 1 : i64}
  // expected-error @+1 {{reads 'b', which no launch in front of it writes}}
  plan.launch @step grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<buffer, in, @b>, #plan.binding<weight, in, @w>, #plan.binding<buffer, out, @a>] {group = "main", layer = 0 : i64}
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
plan.program attributes {envelope = #v4.envelope<tokens = 16, sequences = 2, context = 256, draft = 1>, logits = @l, model = #v4.model<vocab = 512, hidden = 256, layers = 1, window = 128, eos = 1, mtp = true, digest = "00">, mtp_logits = @m, options = {}, producer = "v4c", target = #kernel.target<"cpu:x86-64-v3", cpu = "x86-64-v3", features = ["avx2"], vector_bits = 256>, page_bytes = 0 : i64, slots = 2 : i64, state_bytes = 84736 : i64} {
  plan.pool @win {group = "main", offset = 0 : i64, type = !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64>}
  plan.pool @old {group = "mtp", offset = 42368 : i64, type = !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64>}
  plan.weight @w {bytes = 512 : i64, element = bf16, in_tables = false, layout = "row_major", recipe = "copy", shape = array<i64: 256>, sources = ["n"]}
  plan.kernel @first {bindings = 1 : i64, op = "first"}
  plan.kernel @step {bindings = 3 : i64, op = "step"}
  plan.kernel @keep {bindings = 2 : i64, op = "keep"}
  plan.buffer @a {bytes = [#plan.size<512, 1, 0, 0>], element = bf16, first_launch = 0 : i64, last_launch = 1 : i64, row_shape = array<i64: 256>, rows = 1 : i64, slot = 0 : i64}
  plan.buffer @b {bytes = [#plan.size<512, 1, 0, 0>], element = bf16, first_launch = 1 : i64, last_launch = 2 : i64, row_shape = array<i64: 256>, rows = 1 : i64, slot = 1 : i64}
  plan.buffer @l {bytes = [#plan.size<2048, 1, 0, 0>], element = f32, first_launch = 3 : i64, last_launch = 5 : i64, row_shape = array<i64: 512>, rows = 5 : i64, slot = 0 : i64}
  plan.buffer @m {bytes = [#plan.size<2048, 1, 0, 0>], element = f32, first_launch = 4 : i64, last_launch = 5 : i64, row_shape = array<i64: 512>, rows = 5 : i64, slot = 1 : i64}
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
  plan.launch @step grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<buffer, in, @a>, #plan.binding<weight, in, @w>, #plan.binding<buffer, out, @b>] {group = "mtp", layer = 0 : i64}
  // expected-error @+1 {{of group main reads 'b', which launch 1 of group mtp writes}}
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
  plan.launch @step grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<buffer, in, @a>, #plan.binding<weight, in, @w>, #plan.binding<buffer, out, @b>] {group = "mtp_step", layer = 0 : i64}
  // expected-error @+1 {{of group main reads 'b', which launch 1 of group mtp_step writes}}
  plan.launch @step grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<buffer, in, @a>, #plan.binding<buffer, in, @b>, #plan.binding<pool, out, @win>] {group = "main", layer = 0 : i64}
  plan.launch @first grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<buffer, out, @l>] {group = "main", layer = 0 : i64}
  plan.launch @keep grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<pool, in, @old>, #plan.binding<buffer, out, @m>] {group = "mtp", layer = 1 : i64}
  plan.launch @first grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<step, in, @step, 1>] {group = "mtp", layer = 0 : i64}
  plan.probe "x" of @a after 0
}

// -----

// ... no MTP pool to write
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
  // expected-error @+1 {{of group main writes 'old', a pool of group mtp}}
  plan.launch @step grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<buffer, in, @a>, #plan.binding<buffer, in, @b>, #plan.binding<pool, out, @old>] {group = "main", layer = 0 : i64}
  plan.launch @first grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<buffer, out, @l>] {group = "main", layer = 0 : i64}
  plan.launch @keep grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<pool, in, @old>, #plan.binding<buffer, out, @m>] {group = "mtp", layer = 1 : i64}
  plan.launch @first grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<step, in, @step, 1>] {group = "mtp", layer = 0 : i64}
  plan.probe "x" of @a after 0
}

// -----

// ... and none to read.
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
  // expected-error @+1 {{of group main reads 'old', a pool of group mtp}}
  plan.launch @step grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<buffer, in, @a>, #plan.binding<buffer, in, @b>, #plan.binding<pool, in, @old>] {group = "main", layer = 0 : i64}
  plan.launch @first grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<buffer, out, @l>] {group = "main", layer = 0 : i64}
  plan.launch @keep grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<pool, in, @old>, #plan.binding<buffer, out, @m>] {group = "mtp", layer = 1 : i64}
  plan.launch @first grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<step, in, @step, 1>] {group = "mtp", layer = 0 : i64}
  plan.probe "x" of @a after 0
}

// -----

// MTP launches write no main pool.
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
  // expected-error @+1 {{of group mtp writes 'win', a pool of group main}}
  plan.launch @step grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<pool, in, @old>, #plan.binding<buffer, out, @m>, #plan.binding<pool, out, @win>] {group = "mtp", layer = 1 : i64}
  plan.launch @first grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<step, in, @step, 1>] {group = "mtp", layer = 0 : i64}
  plan.probe "x" of @a after 0
}

// -----

// Reading one is fine.
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
  plan.launch @keep grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<pool, in, @win>, #plan.binding<buffer, out, @m>] {group = "mtp", layer = 1 : i64}
  plan.launch @first grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<step, in, @step, 1>] {group = "mtp", layer = 0 : i64}
  plan.probe "x" of @a after 0
}
