// RUN: v4-opt --v4-verify-plan -split-input-file -verify-diagnostics %s

// Without an MTP block too.
func.func @head(%begin: index, %end: index, %0: memref<?xi8>) attributes {kernel.entry, kernel.op = "head"} {
  return
}
func.func @pick(%begin: index, %end: index, %0: memref<?xi8>, %1: memref<?xi8>) attributes {kernel.entry, kernel.op = "pick"} {
  return
}
plan.program attributes {envelope = #v4.envelope<tokens = 16, sequences = 2, context = 256, draft = 1>, logits = @l, model = #v4.model<vocab = 512, hidden = 256, layers = 1, window = 128, eos = 1, mtp = false, digest = "00">, options = {}, producer = "v4c", target = #kernel.target<"cpu:x86-64-v3", cpu = "x86-64-v3", features = ["avx2"], vector_bits = 256>, page_bytes = 0 : i64, slots = 2 : i64, state_bytes = 0 : i64} {
  plan.kernel @head {bindings = 1 : i64, op = "head"}
  plan.kernel @pick {bindings = 2 : i64, op = "pick"}
  plan.buffer @l {bytes = [#plan.size<2048, 1, 0, 0>], element = f32, first_launch = 0 : i64, last_launch = 1 : i64, row_shape = array<i64: 512>, rows = 5 : i64, slot = 0 : i64}
  plan.buffer @s {bytes = [#plan.size<48, 1, 0, 0>], element = i32, first_launch = 1 : i64, last_launch = 1 : i64, row_shape = array<i64: 12>, rows = 5 : i64, slot = 1 : i64}
  plan.launch @head grid #kernel.grid<rows = 5, tile = 1, tiles = 1> bindings [#plan.binding<buffer, out, @l>] {group = "main"}
  plan.launch @pick grid #kernel.grid<rows = 5, tile = 1, tiles = 1> bindings [#plan.binding<buffer, in, @l>, #plan.binding<buffer, out, @s>] {group = "sample"}
}

// -----

// A session without the block samples: it has none of the block's logits.
func.func @head(%begin: index, %end: index, %0: memref<?xi8>) attributes {kernel.entry, kernel.op = "head"} {
  return
}
func.func @pick(%begin: index, %end: index, %0: memref<?xi8>, %1: memref<?xi8>) attributes {kernel.entry, kernel.op = "pick"} {
  return
}
plan.program attributes {envelope = #v4.envelope<tokens = 16, sequences = 2, context = 256, draft = 1>, logits = @l, model = #v4.model<vocab = 512, hidden = 256, layers = 1, window = 128, eos = 1, mtp = true, digest = "00">, mtp_logits = @m, options = {}, producer = "v4c", target = #kernel.target<"cpu:x86-64-v3", cpu = "x86-64-v3", features = ["avx2"], vector_bits = 256>, page_bytes = 0 : i64, slots = 3 : i64, state_bytes = 0 : i64} {
  plan.kernel @head {bindings = 1 : i64, op = "head"}
  plan.kernel @pick {bindings = 2 : i64, op = "pick"}
  plan.buffer @l {bytes = [#plan.size<2048, 1, 0, 0>], element = f32, first_launch = 0 : i64, last_launch = 2 : i64, row_shape = array<i64: 512>, rows = 5 : i64, slot = 0 : i64}
  plan.buffer @m {bytes = [#plan.size<2048, 1, 0, 0>], element = f32, first_launch = 1 : i64, last_launch = 2 : i64, row_shape = array<i64: 512>, rows = 5 : i64, slot = 1 : i64}
  plan.buffer @s {bytes = [#plan.size<48, 1, 0, 0>], element = i32, first_launch = 2 : i64, last_launch = 2 : i64, row_shape = array<i64: 12>, rows = 5 : i64, slot = 2 : i64}
  plan.launch @head grid #kernel.grid<rows = 5, tile = 1, tiles = 1> bindings [#plan.binding<buffer, out, @l>] {group = "main"}
  plan.launch @head grid #kernel.grid<rows = 5, tile = 1, tiles = 1> bindings [#plan.binding<buffer, out, @m>] {group = "mtp"}
  // expected-error @below {{of group sample reads 'm', which launch 1 of group mtp writes}}
  plan.launch @pick grid #kernel.grid<rows = 5, tile = 1, tiles = 1> bindings [#plan.binding<buffer, in, @m>, #plan.binding<buffer, out, @s>] {group = "sample"}
}

// -----

// Whether somebody asked for tokens makes no difference to what runs.
func.func @head(%begin: index, %end: index, %0: memref<?xi8>) attributes {kernel.entry, kernel.op = "head"} {
  return
}
func.func @pick(%begin: index, %end: index, %0: memref<?xi8>, %1: memref<?xi8>) attributes {kernel.entry, kernel.op = "pick"} {
  return
}
plan.program attributes {envelope = #v4.envelope<tokens = 16, sequences = 2, context = 256, draft = 1>, logits = @l, model = #v4.model<vocab = 512, hidden = 256, layers = 1, window = 128, eos = 1, mtp = true, digest = "00">, mtp_logits = @m, options = {}, producer = "v4c", target = #kernel.target<"cpu:x86-64-v3", cpu = "x86-64-v3", features = ["avx2"], vector_bits = 256>, page_bytes = 0 : i64, slots = 4 : i64, state_bytes = 0 : i64} {
  plan.kernel @head {bindings = 1 : i64, op = "head"}
  plan.kernel @pick {bindings = 2 : i64, op = "pick"}
  plan.buffer @l {bytes = [#plan.size<2048, 1, 0, 0>], element = f32, first_launch = 0 : i64, last_launch = 3 : i64, row_shape = array<i64: 512>, rows = 5 : i64, slot = 0 : i64}
  plan.buffer @m {bytes = [#plan.size<2048, 1, 0, 0>], element = f32, first_launch = 1 : i64, last_launch = 3 : i64, row_shape = array<i64: 512>, rows = 5 : i64, slot = 1 : i64}
  plan.buffer @s {bytes = [#plan.size<48, 1, 0, 0>], element = i32, first_launch = 2 : i64, last_launch = 3 : i64, row_shape = array<i64: 12>, rows = 5 : i64, slot = 2 : i64}
  plan.buffer @r {bytes = [#plan.size<48, 1, 0, 0>], element = i32, first_launch = 3 : i64, last_launch = 3 : i64, row_shape = array<i64: 12>, rows = 5 : i64, slot = 3 : i64}
  plan.launch @head grid #kernel.grid<rows = 5, tile = 1, tiles = 1> bindings [#plan.binding<buffer, out, @l>] {group = "main"}
  plan.launch @head grid #kernel.grid<rows = 5, tile = 1, tiles = 1> bindings [#plan.binding<buffer, out, @m>] {group = "mtp"}
  plan.launch @pick grid #kernel.grid<rows = 5, tile = 1, tiles = 1> bindings [#plan.binding<buffer, in, @l>, #plan.binding<buffer, out, @s>] {group = "sample"}
  // expected-error @below {{of group mtp reads 's', which launch 2 of group sample writes}}
  plan.launch @pick grid #kernel.grid<rows = 5, tile = 1, tiles = 1> bindings [#plan.binding<buffer, in, @s>, #plan.binding<buffer, out, @r>] {group = "mtp"}
}
