// RUN: v4-opt %s --v4-compile-kernels -split-input-file -verify-diagnostics

plan.program attributes {producer = "", options = {}, target = #kernel.target<"cuda:sm_90a", cpu = "sm_90a", features = [], vector_bits = 128, limits = <threads = 1024, shared_bytes = 232448, registers = 65536, processors = 132>>, model = #v4.model<vocab = 512, hidden = 256, layers = 1, window = 128, eos = 1, mtp = false, digest = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef">, envelope = #v4.envelope<tokens = 256, sequences = 4, context = 4096, draft = 0>, logits = @logits} {
  plan.buffer @logits {element = f32, rows = 5 : i64, row_shape = array<i64: 512>, bytes = [#plan.size<2048, 1, 0, 0>]}
  plan.kernel @k {op = "linear", bindings = 1 : i64}
}
func.func @k(%begin: index, %end: index, %x: memref<?xbf16>) attributes {kernel.entry, kernel.op = "linear"} {
  // expected-error @below {{'kernel.run_template' op names 'fp9Linear', expected a template of codegen/cuda/kernels}}
  kernel.run_template "fp9Linear" values [] arguments [] most 0
  return
}

// -----

plan.program attributes {producer = "", options = {}, target = #kernel.target<"cuda:sm_90a", cpu = "sm_90a", features = [], vector_bits = 128, limits = <threads = 1024, shared_bytes = 232448, registers = 65536, processors = 132>>, model = #v4.model<vocab = 512, hidden = 256, layers = 1, window = 128, eos = 1, mtp = false, digest = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef">, envelope = #v4.envelope<tokens = 256, sequences = 4, context = 4096, draft = 0>, logits = @logits} {
  plan.buffer @logits {element = f32, rows = 5 : i64, row_shape = array<i64: 512>, bytes = [#plan.size<2048, 1, 0, 0>]}
  plan.kernel @k {op = "linear", bindings = 1 : i64}
}
func.func @k(%begin: index, %end: index, %x: memref<?xbf16>) attributes {kernel.entry, kernel.op = "linear"} {
  // expected-error @below {{'kernel.run_template' op has 2 template arguments, expected 1 for 'combineRows'}}
  kernel.run_template "combineRows" values [256, 1] arguments [] most 0
  return
}

// -----

plan.program attributes {producer = "", options = {}, target = #kernel.target<"cuda:sm_90a", cpu = "sm_90a", features = [], vector_bits = 128, limits = <threads = 1024, shared_bytes = 232448, registers = 65536, processors = 132>>, model = #v4.model<vocab = 512, hidden = 256, layers = 1, window = 128, eos = 1, mtp = false, digest = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef">, envelope = #v4.envelope<tokens = 256, sequences = 4, context = 4096, draft = 0>, logits = @logits} {
  plan.buffer @logits {element = f32, rows = 5 : i64, row_shape = array<i64: 512>, bytes = [#plan.size<2048, 1, 0, 0>]}
  plan.kernel @k {op = "linear", bindings = 1 : i64}
}
func.func @k(%begin: index, %end: index, %x: memref<?xbf16>) attributes {kernel.entry, kernel.op = "linear"} {
  // expected-error @below {{'kernel.run_template' op has 1 arguments, expected 6 for 'combineRows'}}
  kernel.run_template "combineRows" values [256] arguments [#kernel.argument<rows, binding = -1, value = 1>] most 0
  return
}

// -----

plan.program attributes {producer = "", options = {}, target = #kernel.target<"cuda:sm_90a", cpu = "sm_90a", features = [], vector_bits = 128, limits = <threads = 1024, shared_bytes = 232448, registers = 65536, processors = 132>>, model = #v4.model<vocab = 512, hidden = 256, layers = 1, window = 128, eos = 1, mtp = false, digest = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef">, envelope = #v4.envelope<tokens = 256, sequences = 4, context = 4096, draft = 0>, logits = @logits} {
  plan.buffer @logits {element = f32, rows = 5 : i64, row_shape = array<i64: 512>, bytes = [#plan.size<2048, 1, 0, 0>]}
  plan.kernel @k {op = "linear", bindings = 1 : i64}
}
func.func @k(%begin: index, %end: index, %x: memref<?xbf16>) attributes {kernel.entry, kernel.op = "linear"} {
  // expected-error @below {{'kernel.run_template' op gives parameter 'out' of 'combineRows' the argument #kernel.argument<rows, binding = -1, value = 1>, expected one for type 'unsigned short *'}}
  kernel.run_template "combineRows" values [256] arguments [#kernel.argument<address, binding = 0, value = 0>, #kernel.argument<address, binding = 0, value = 0>, #kernel.argument<rows, binding = -1, value = 1>, #kernel.argument<rows, binding = -1, value = 1>, #kernel.argument<word, binding = -1, value = 1>, #kernel.argument<word, binding = -1, value = 1>] most 0
  return
}

// -----

plan.program attributes {producer = "", options = {}, target = #kernel.target<"cuda:sm_90a", cpu = "sm_90a", features = [], vector_bits = 128, limits = <threads = 1024, shared_bytes = 232448, registers = 65536, processors = 132>>, model = #v4.model<vocab = 512, hidden = 256, layers = 1, window = 128, eos = 1, mtp = false, digest = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef">, envelope = #v4.envelope<tokens = 256, sequences = 4, context = 4096, draft = 0>, logits = @logits} {
  plan.buffer @logits {element = f32, rows = 5 : i64, row_shape = array<i64: 512>, bytes = [#plan.size<2048, 1, 0, 0>]}
  plan.kernel @k {op = "linear", bindings = 1 : i64}
}
func.func @k(%begin: index, %end: index, %x: memref<?xbf16>) attributes {kernel.entry, kernel.op = "linear"} {
  // expected-error @below {{'kernel.run_template' op asks for 2048 threads and 0 shared bytes, expected at most 1024 and 232448, those of 'cuda:sm_90a'}}
  kernel.run_template "combineRows" values [2048] arguments [#kernel.argument<address, binding = 0, value = 0>, #kernel.argument<address, binding = 0, value = 0>, #kernel.argument<address, binding = 0, value = 0>, #kernel.argument<rows, binding = -1, value = 1>, #kernel.argument<word, binding = -1, value = 1>, #kernel.argument<word, binding = -1, value = 1>] most 0
  return
}

// -----

plan.program attributes {producer = "", options = {}, target = #kernel.target<"cuda:sm_90a", cpu = "sm_90a", features = [], vector_bits = 128, limits = <threads = 1024, shared_bytes = 232448, registers = 65536, processors = 132>>, model = #v4.model<vocab = 512, hidden = 256, layers = 1, window = 128, eos = 1, mtp = false, digest = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef">, envelope = #v4.envelope<tokens = 256, sequences = 4, context = 4096, draft = 0>, logits = @logits} {
  plan.buffer @logits {element = f32, rows = 5 : i64, row_shape = array<i64: 512>, bytes = [#plan.size<2048, 1, 0, 0>]}
  plan.kernel @k {op = "linear", bindings = 1 : i64}
}
func.func @k(%begin: index, %end: index, %x: memref<?xbf16>) attributes {kernel.entry, kernel.op = "linear"} {
  // expected-error @below {{'kernel.run_template' op is followed by other ops, expected it to be all that its kernel does}}
  kernel.run_template "combineRows" values [256] arguments [#kernel.argument<address, binding = 0, value = 0>, #kernel.argument<address, binding = 0, value = 0>, #kernel.argument<address, binding = 0, value = 0>, #kernel.argument<rows, binding = -1, value = 1>, #kernel.argument<word, binding = -1, value = 1>, #kernel.argument<word, binding = -1, value = 1>] most 0
  %c0 = arith.constant 0 : index
  return
}

// -----

plan.program attributes {producer = "", options = {}, target = #kernel.target<"cuda:sm_90a", cpu = "sm_90a", features = [], vector_bits = 128, limits = <threads = 1024, shared_bytes = 232448, registers = 65536, processors = 132>>, model = #v4.model<vocab = 512, hidden = 256, layers = 1, window = 128, eos = 1, mtp = false, digest = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef">, envelope = #v4.envelope<tokens = 256, sequences = 4, context = 4096, draft = 0>, logits = @logits} {
  plan.buffer @logits {element = f32, rows = 5 : i64, row_shape = array<i64: 512>, bytes = [#plan.size<2048, 1, 0, 0>]}
  plan.kernel @k {op = "linear", bindings = 1 : i64}
}
func.func @k(%begin: index, %end: index, %x: memref<?xbf16>) attributes {kernel.entry, kernel.op = "linear"} {
  // expected-error @below {{'kernel.run_template' op asks for clusters of 16 blocks, expected 1, 2, 4 or 8}}
  kernel.run_template "splitBf16Linear" values [16, 1, 9, 1, 16] arguments [#kernel.argument<map, binding = 0, value = 1, map = <bf16, columns = 2048, box = 16 : 64, swizzle = 128>>, #kernel.argument<address, binding = 0, value = 0>, #kernel.argument<address, binding = 0, value = 0>, #kernel.argument<rows, binding = -1, value = 1>, #kernel.argument<word, binding = -1, value = 64>, #kernel.argument<word, binding = -1, value = 2048>, #kernel.argument<word, binding = -1, value = 64>] most 0
  return
}

// -----

// Few in 32 bits.
plan.program attributes {producer = "", options = {}, target = #kernel.target<"cuda:sm_90a", cpu = "sm_90a", features = [], vector_bits = 128, limits = <threads = 1024, shared_bytes = 232448, registers = 65536, processors = 132>>, model = #v4.model<vocab = 512, hidden = 256, layers = 1, window = 128, eos = 1, mtp = false, digest = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef">, envelope = #v4.envelope<tokens = 256, sequences = 4, context = 4096, draft = 0>, logits = @logits} {
  plan.buffer @logits {element = f32, rows = 5 : i64, row_shape = array<i64: 512>, bytes = [#plan.size<2048, 1, 0, 0>]}
  plan.kernel @k {op = "linear", bindings = 1 : i64}
}
func.func @k(%begin: index, %end: index, %x: memref<?xbf16>) attributes {kernel.entry, kernel.op = "linear"} {
  // expected-error @below {{'kernel.run_template' op asks for 288 threads and 4295017280 shared bytes, expected at most 1024 and 232448, those of 'cuda:sm_90a'}}
  kernel.run_template "splitBf16Linear" values [64, 2, 167668, 1, 8] arguments [#kernel.argument<map, binding = 0, value = 1, map = <bf16, columns = 2048, box = 16 : 64, swizzle = 128>>, #kernel.argument<address, binding = 0, value = 0>, #kernel.argument<address, binding = 0, value = 0>, #kernel.argument<rows, binding = -1, value = 1>, #kernel.argument<word, binding = -1, value = 64>, #kernel.argument<word, binding = -1, value = 2048>, #kernel.argument<word, binding = -1, value = 64>] most 0
  return
}

// -----

plan.program attributes {producer = "", options = {}, target = #kernel.target<"cuda:sm_90a", cpu = "sm_90a", features = [], vector_bits = 128, limits = <threads = 1024, shared_bytes = 232448, registers = 65536, processors = 132>>, model = #v4.model<vocab = 512, hidden = 256, layers = 1, window = 128, eos = 1, mtp = false, digest = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef">, envelope = #v4.envelope<tokens = 256, sequences = 4, context = 4096, draft = 0>, logits = @logits} {
  plan.buffer @logits {element = f32, rows = 5 : i64, row_shape = array<i64: 512>, bytes = [#plan.size<2048, 1, 0, 0>]}
  plan.kernel @k {op = "linear", bindings = 1 : i64}
}
func.func @k(%begin: index, %end: index, %x: memref<?xbf16>) attributes {kernel.entry, kernel.op = "linear"} {
  // expected-error @below {{'kernel.run_template' op asks for clusters of 3 blocks, expected 1, 2, 4 or 8}}
  kernel.run_template "splitBf16Linear" values [16, 1, 9, 1, 3] arguments [#kernel.argument<map, binding = 0, value = 1, map = <bf16, columns = 2048, box = 16 : 64, swizzle = 128>>, #kernel.argument<address, binding = 0, value = 0>, #kernel.argument<address, binding = 0, value = 0>, #kernel.argument<rows, binding = -1, value = 1>, #kernel.argument<word, binding = -1, value = 64>, #kernel.argument<word, binding = -1, value = 2048>, #kernel.argument<word, binding = -1, value = 64>] most 0
  return
}

// -----

plan.program attributes {producer = "", options = {}, target = #kernel.target<"cuda:sm_90a", cpu = "sm_90a", features = [], vector_bits = 128, limits = <threads = 1024, shared_bytes = 232448, registers = 65536, processors = 132>>, model = #v4.model<vocab = 512, hidden = 256, layers = 1, window = 128, eos = 1, mtp = false, digest = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef">, envelope = #v4.envelope<tokens = 256, sequences = 4, context = 4096, draft = 0>, logits = @logits} {
  plan.buffer @logits {element = f32, rows = 5 : i64, row_shape = array<i64: 512>, bytes = [#plan.size<2048, 1, 0, 0>]}
  plan.kernel @k {op = "linear", bindings = 1 : i64}
}
func.func @k(%begin: index, %end: index, %x: memref<?xbf16>) attributes {kernel.entry, kernel.op = "linear"} {
  // expected-error @below {{'kernel.run_template' op has at most 132 blocks, expected a multiple of the cluster of 8 of 'splitBf16Linear'}}
  kernel.run_template "splitBf16Linear" values [16, 1, 9, 1, 8] arguments [#kernel.argument<map, binding = 0, value = 1, map = <bf16, columns = 2048, box = 16 : 64, swizzle = 128>>, #kernel.argument<address, binding = 0, value = 0>, #kernel.argument<address, binding = 0, value = 0>, #kernel.argument<rows, binding = -1, value = 1>, #kernel.argument<word, binding = -1, value = 64>, #kernel.argument<word, binding = -1, value = 2048>, #kernel.argument<word, binding = -1, value = 64>] most 132
  return
}

// -----

plan.program attributes {producer = "", options = {}, target = #kernel.target<"cuda:sm_90a", cpu = "sm_90a", features = [], vector_bits = 128, limits = <threads = 1024, shared_bytes = 232448, registers = 65536, processors = 132>>, model = #v4.model<vocab = 512, hidden = 256, layers = 1, window = 128, eos = 1, mtp = false, digest = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef">, envelope = #v4.envelope<tokens = 256, sequences = 4, context = 4096, draft = 0>, logits = @logits} {
  plan.buffer @logits {element = f32, rows = 5 : i64, row_shape = array<i64: 512>, bytes = [#plan.size<2048, 1, 0, 0>]}
  plan.kernel @k {op = "linear", bindings = 1 : i64}
}
func.func @k(%begin: index, %end: index, %x: memref<?xbf16>) attributes {kernel.entry, kernel.op = "linear"} {
  // expected-error @below {{'kernel.run_template' op has tiles = 4, expected a multiple of the cluster of 8 of 'splitBf16Linear'}}
  kernel.run_template "splitBf16Linear" values [16, 1, 9, 1, 8] arguments [#kernel.argument<map, binding = 0, value = 1, map = <bf16, columns = 2048, box = 16 : 64, swizzle = 128>>, #kernel.argument<address, binding = 0, value = 0>, #kernel.argument<address, binding = 0, value = 0>, #kernel.argument<rows, binding = -1, value = 1>, #kernel.argument<word, binding = -1, value = 64>, #kernel.argument<word, binding = -1, value = 2048>, #kernel.argument<word, binding = -1, value = 64>] most 0 few <most = 16, tile = 16, tiles = 4>
  kernel.run_template "splitBf16Linear" values [16, 1, 9, 1, 8] arguments [#kernel.argument<map, binding = 0, value = 1, map = <bf16, columns = 2048, box = 16 : 64, swizzle = 128>>, #kernel.argument<address, binding = 0, value = 0>, #kernel.argument<address, binding = 0, value = 0>, #kernel.argument<rows, binding = -1, value = 1>, #kernel.argument<word, binding = -1, value = 64>, #kernel.argument<word, binding = -1, value = 2048>, #kernel.argument<word, binding = -1, value = 64>] most 0
  return
}
