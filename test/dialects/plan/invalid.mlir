// One case per constraint of PlanOps.td; the module has the name of the label.
// RUN: v4-opt %s -split-input-file -verify-diagnostics

// expected-error @below {{size coefficient = 0, expected at least 1}}
func.func private @size_c1() attributes {plan.value = #plan.size<0, 1, 0, 0>}

// -----

// expected-error @below {{cost has count 0, ratio 1 and most 0, expected at least 1, 1 and 0}}
func.func private @cost_c1() attributes {plan.value = #plan.cost<dot_flops, tokens, 0, ratio = 1, most = 0>}

// -----

// expected-error @below {{call of 'f' has 0 arguments, expected 1 to 64}}
func.func private @call_c1() attributes {plan.value = #plan.call<"f", most = 0, arguments = []>}

// -----

// expected-error @below {{call of 'f' has the argument 1 : i64, expected a #kernel.argument}}
func.func private @call_c1() attributes {plan.value = #plan.call<"f", most = 0, arguments = [1 : i64]>}

// -----

// expected-error @below {{call of 'f' has at most 2147483648 blocks, expected 0 to 2147483647}}
func.func private @call_c2() attributes {plan.value = #plan.call<"f", most = 2147483648, arguments = [#kernel.argument<rows, binding = -1, value = 1>]>}

// -----

// expected-error @below {{call of 'f' has 65 arguments, expected 1 to 64}}
func.func private @call_c1() attributes {plan.value = #plan.call<"f", most = 0, arguments = [#kernel.argument<rows, binding = -1, value = 1>, #kernel.argument<rows, binding = -1, value = 1>, #kernel.argument<rows, binding = -1, value = 1>, #kernel.argument<rows, binding = -1, value = 1>, #kernel.argument<rows, binding = -1, value = 1>, #kernel.argument<rows, binding = -1, value = 1>, #kernel.argument<rows, binding = -1, value = 1>, #kernel.argument<rows, binding = -1, value = 1>, #kernel.argument<rows, binding = -1, value = 1>, #kernel.argument<rows, binding = -1, value = 1>, #kernel.argument<rows, binding = -1, value = 1>, #kernel.argument<rows, binding = -1, value = 1>, #kernel.argument<rows, binding = -1, value = 1>, #kernel.argument<rows, binding = -1, value = 1>, #kernel.argument<rows, binding = -1, value = 1>, #kernel.argument<rows, binding = -1, value = 1>, #kernel.argument<rows, binding = -1, value = 1>, #kernel.argument<rows, binding = -1, value = 1>, #kernel.argument<rows, binding = -1, value = 1>, #kernel.argument<rows, binding = -1, value = 1>, #kernel.argument<rows, binding = -1, value = 1>, #kernel.argument<rows, binding = -1, value = 1>, #kernel.argument<rows, binding = -1, value = 1>, #kernel.argument<rows, binding = -1, value = 1>, #kernel.argument<rows, binding = -1, value = 1>, #kernel.argument<rows, binding = -1, value = 1>, #kernel.argument<rows, binding = -1, value = 1>, #kernel.argument<rows, binding = -1, value = 1>, #kernel.argument<rows, binding = -1, value = 1>, #kernel.argument<rows, binding = -1, value = 1>, #kernel.argument<rows, binding = -1, value = 1>, #kernel.argument<rows, binding = -1, value = 1>, #kernel.argument<rows, binding = -1, value = 1>, #kernel.argument<rows, binding = -1, value = 1>, #kernel.argument<rows, binding = -1, value = 1>, #kernel.argument<rows, binding = -1, value = 1>, #kernel.argument<rows, binding = -1, value = 1>, #kernel.argument<rows, binding = -1, value = 1>, #kernel.argument<rows, binding = -1, value = 1>, #kernel.argument<rows, binding = -1, value = 1>, #kernel.argument<rows, binding = -1, value = 1>, #kernel.argument<rows, binding = -1, value = 1>, #kernel.argument<rows, binding = -1, value = 1>, #kernel.argument<rows, binding = -1, value = 1>, #kernel.argument<rows, binding = -1, value = 1>, #kernel.argument<rows, binding = -1, value = 1>, #kernel.argument<rows, binding = -1, value = 1>, #kernel.argument<rows, binding = -1, value = 1>, #kernel.argument<rows, binding = -1, value = 1>, #kernel.argument<rows, binding = -1, value = 1>, #kernel.argument<rows, binding = -1, value = 1>, #kernel.argument<rows, binding = -1, value = 1>, #kernel.argument<rows, binding = -1, value = 1>, #kernel.argument<rows, binding = -1, value = 1>, #kernel.argument<rows, binding = -1, value = 1>, #kernel.argument<rows, binding = -1, value = 1>, #kernel.argument<rows, binding = -1, value = 1>, #kernel.argument<rows, binding = -1, value = 1>, #kernel.argument<rows, binding = -1, value = 1>, #kernel.argument<rows, binding = -1, value = 1>, #kernel.argument<rows, binding = -1, value = 1>, #kernel.argument<rows, binding = -1, value = 1>, #kernel.argument<rows, binding = -1, value = 1>, #kernel.argument<rows, binding = -1, value = 1>, #kernel.argument<rows, binding = -1, value = 1>]>}

// -----

// expected-error @below {{call of 'f' has arguments of 4224 bytes, expected at most 4096}}
func.func private @call_c1() attributes {plan.value = #plan.call<"f", most = 0, arguments = [#kernel.argument<map, binding = 0, value = 1, map = <bf16, columns = 256, box = 64 : 64, swizzle = 128>>, #kernel.argument<map, binding = 0, value = 1, map = <bf16, columns = 256, box = 64 : 64, swizzle = 128>>, #kernel.argument<map, binding = 0, value = 1, map = <bf16, columns = 256, box = 64 : 64, swizzle = 128>>, #kernel.argument<map, binding = 0, value = 1, map = <bf16, columns = 256, box = 64 : 64, swizzle = 128>>, #kernel.argument<map, binding = 0, value = 1, map = <bf16, columns = 256, box = 64 : 64, swizzle = 128>>, #kernel.argument<map, binding = 0, value = 1, map = <bf16, columns = 256, box = 64 : 64, swizzle = 128>>, #kernel.argument<map, binding = 0, value = 1, map = <bf16, columns = 256, box = 64 : 64, swizzle = 128>>, #kernel.argument<map, binding = 0, value = 1, map = <bf16, columns = 256, box = 64 : 64, swizzle = 128>>, #kernel.argument<map, binding = 0, value = 1, map = <bf16, columns = 256, box = 64 : 64, swizzle = 128>>, #kernel.argument<map, binding = 0, value = 1, map = <bf16, columns = 256, box = 64 : 64, swizzle = 128>>, #kernel.argument<map, binding = 0, value = 1, map = <bf16, columns = 256, box = 64 : 64, swizzle = 128>>, #kernel.argument<map, binding = 0, value = 1, map = <bf16, columns = 256, box = 64 : 64, swizzle = 128>>, #kernel.argument<map, binding = 0, value = 1, map = <bf16, columns = 256, box = 64 : 64, swizzle = 128>>, #kernel.argument<map, binding = 0, value = 1, map = <bf16, columns = 256, box = 64 : 64, swizzle = 128>>, #kernel.argument<map, binding = 0, value = 1, map = <bf16, columns = 256, box = 64 : 64, swizzle = 128>>, #kernel.argument<map, binding = 0, value = 1, map = <bf16, columns = 256, box = 64 : 64, swizzle = 128>>, #kernel.argument<map, binding = 0, value = 1, map = <bf16, columns = 256, box = 64 : 64, swizzle = 128>>, #kernel.argument<map, binding = 0, value = 1, map = <bf16, columns = 256, box = 64 : 64, swizzle = 128>>, #kernel.argument<map, binding = 0, value = 1, map = <bf16, columns = 256, box = 64 : 64, swizzle = 128>>, #kernel.argument<map, binding = 0, value = 1, map = <bf16, columns = 256, box = 64 : 64, swizzle = 128>>, #kernel.argument<map, binding = 0, value = 1, map = <bf16, columns = 256, box = 64 : 64, swizzle = 128>>, #kernel.argument<map, binding = 0, value = 1, map = <bf16, columns = 256, box = 64 : 64, swizzle = 128>>, #kernel.argument<map, binding = 0, value = 1, map = <bf16, columns = 256, box = 64 : 64, swizzle = 128>>, #kernel.argument<map, binding = 0, value = 1, map = <bf16, columns = 256, box = 64 : 64, swizzle = 128>>, #kernel.argument<map, binding = 0, value = 1, map = <bf16, columns = 256, box = 64 : 64, swizzle = 128>>, #kernel.argument<map, binding = 0, value = 1, map = <bf16, columns = 256, box = 64 : 64, swizzle = 128>>, #kernel.argument<map, binding = 0, value = 1, map = <bf16, columns = 256, box = 64 : 64, swizzle = 128>>, #kernel.argument<map, binding = 0, value = 1, map = <bf16, columns = 256, box = 64 : 64, swizzle = 128>>, #kernel.argument<map, binding = 0, value = 1, map = <bf16, columns = 256, box = 64 : 64, swizzle = 128>>, #kernel.argument<map, binding = 0, value = 1, map = <bf16, columns = 256, box = 64 : 64, swizzle = 128>>, #kernel.argument<map, binding = 0, value = 1, map = <bf16, columns = 256, box = 64 : 64, swizzle = 128>>, #kernel.argument<map, binding = 0, value = 1, map = <bf16, columns = 256, box = 64 : 64, swizzle = 128>>, #kernel.argument<map, binding = 0, value = 1, map = <bf16, columns = 256, box = 64 : 64, swizzle = 128>>]>}

// -----

// expected-error @below {{call of '.f', expected a name of at most 200 letters, digits, '_', '.', '-' and '$', the first no '.' or '-'}}
func.func private @call_c3() attributes {plan.value = #plan.call<".f", most = 0, arguments = [#kernel.argument<rows, binding = -1, value = 1>]>}

// -----

// expected-error @below {{variant has most_rows = 0, tile = 8 and tiles = 1, expected at least 1, and most_rows at most 2147483647}}
func.func private @variant_c1() attributes {plan.value = #plan.variant<most_rows = 0, tile = 8, tiles = 1, block = #plan.block<threads = 32, shared_bytes = 0, cluster = 1, registers = 8, image = 0 : 64>>}

// -----

// expected-error @below {{variant has most_rows = 2147483648, tile = 8 and tiles = 1, expected at least 1, and most_rows at most 2147483647}}
func.func private @variant_c1() attributes {plan.value = #plan.variant<most_rows = 2147483648, tile = 8, tiles = 1, block = #plan.block<threads = 32, shared_bytes = 0, cluster = 1, registers = 8, image = 0 : 64>>}

// -----

// expected-error @below {{variant has most_rows = 8, tile = 0 and tiles = 1, expected at least 1, and most_rows at most 2147483647}}
func.func private @variant_c1() attributes {plan.value = #plan.variant<most_rows = 8, tile = 0, tiles = 1, block = #plan.block<threads = 32, shared_bytes = 0, cluster = 1, registers = 8, image = 0 : 64>>}

// -----

// expected-error @below {{variant has most_rows = 8, tile = 8 and tiles = 0, expected at least 1, and most_rows at most 2147483647}}
func.func private @variant_c1() attributes {plan.value = #plan.variant<most_rows = 8, tile = 8, tiles = 0, block = #plan.block<threads = 32, shared_bytes = 0, cluster = 1, registers = 8, image = 0 : 64>>}

// -----

// expected-error @below {{block has an image of 1 bytes at -64, expected at least 1 byte at 0 or behind}}
func.func private @block_c1() attributes {plan.value = #plan.block<threads = 1, shared_bytes = 0, cluster = 1, registers = 1, image = -64 : 1>}

// -----

// expected-error @below {{block has an image of 0 bytes at 0, expected at least 1 byte at 0 or behind}}
func.func private @block_c1() attributes {plan.value = #plan.block<threads = 1, shared_bytes = 0, cluster = 1, registers = 1, image = 0 : 0>}

// -----

// expected-error @below {{block has 0 threads, expected 1 to 1024}}
func.func private @block_c2() attributes {plan.value = #plan.block<threads = 0, shared_bytes = 0, cluster = 1, registers = 1, image = 0 : 1>}

// -----

// expected-error @below {{block has 4294967328 threads, expected 1 to 1024}}
func.func private @block_c2() attributes {plan.value = #plan.block<threads = 4294967328, shared_bytes = 0, cluster = 1, registers = 1, image = 0 : 1>}

// -----

// expected-error @below {{block has 4294967296 shared bytes, expected 0 to 232448}}
func.func private @block_c2() attributes {plan.value = #plan.block<threads = 1, shared_bytes = 4294967296, cluster = 1, registers = 1, image = 0 : 1>}

// -----

// expected-error @below {{block has 1 threads of 256 registers, expected at most 255 each and 65536 together}}
func.func private @block_c2() attributes {plan.value = #plan.block<threads = 1, shared_bytes = 0, cluster = 1, registers = 256, image = 0 : 1>}

// -----

// expected-error @below {{block has 1024 threads of 65 registers, expected at most 255 each and 65536 together}}
func.func private @block_c2() attributes {plan.value = #plan.block<threads = 1024, shared_bytes = 0, cluster = 1, registers = 65, image = 0 : 1>}

// -----

// expected-error @below {{block has cluster 16, expected 1, 2, 4 or 8}}
func.func private @block_c3() attributes {plan.value = #plan.block<threads = 32, shared_bytes = 0, cluster = 16, registers = 8, image = 0 : 64, call = <"f", most = 0, arguments = [#kernel.argument<address, binding = 0, value = 0>]>>}

// -----

// expected-error @below {{block has cluster 2 and no call, expected cluster 1}}
func.func private @block_c3() attributes {plan.value = #plan.block<threads = 1, shared_bytes = 0, cluster = 2, registers = 1, image = 0 : 1>}

// -----

// expected-error @below {{block has a call of most = 132, expected a multiple of the cluster of 8}}
func.func private @block_c3() attributes {plan.value = #plan.block<threads = 32, shared_bytes = 0, cluster = 8, registers = 8, image = 0 : 64, call = <"f", most = 132, arguments = [#kernel.argument<address, binding = 0, value = 0>]>>}

// -----

// expected-error @below {{variant has tiles = 12, expected a multiple of its cluster of 8}}
func.func private @variant_c2() attributes {plan.value = #plan.variant<most_rows = 8, tile = 8, tiles = 12, block = #plan.block<threads = 32, shared_bytes = 0, cluster = 8, registers = 8, image = 0 : 64, call = <"f", most = 0, arguments = [#kernel.argument<address, binding = 0, value = 0>]>>>}

// -----

// expected-error @below {{work has products 0, ratio 1 and most 0, expected at least 1, 1 and 0}}
func.func private @work_c1() attributes {plan.value = #plan.work<fp8, tokens, 0, ratio = 1, most = 0>}

// -----

// expected-error @below {{part 'head' has 1 parameters, 2 of them active, in 4 bytes}}
func.func private @part_c1() attributes {plan.value = #plan.part<"head", "main", parameters = 1, active = 2, stored_bytes = 4, work = []>}

// -----

// expected-error @below {{part 'head' has the work 1 : i64, expected a #plan.work}}
func.func private @part_c2() attributes {plan.value = #plan.part<"head", "main", parameters = 2, active = 2, stored_bytes = 4, work = [1]>}

// -----

// expected-error @below {{part 'head' has the group 'mtp_step', expected main or mtp}}
func.func private @part_c3() attributes {plan.value = #plan.part<"head", "mtp_step", parameters = 2, active = 2, stored_bytes = 4, work = []>}

// -----

// expected-error @below {{size power = 4, expected 0 to 3}}
func.func private @size_c2() attributes {plan.value = #plan.size<4, 4, 0, 0>}

// -----

// expected-error @below {{size power = -1, expected 0 to 3}}
func.func private @size_c2() attributes {plan.value = #plan.size<4, 0, 0, -1>}

// -----

// expected-error @below {{weight binding is out, expected in: launches only read it}}
func.func private @binding_c1() attributes {plan.value = #plan.binding<weight, out, @w>}

// -----

// expected-error @below {{step binding is out, expected in: launches only read it}}
func.func private @binding_c1() attributes {plan.value = #plan.binding<step, out, @step, 1>}

// -----

// expected-error @below {{step binding has field 13, expected 0 to 12}}
func.func private @binding_c2() attributes {plan.value = #plan.binding<step, in, @step, 13>}

// -----

// expected-error @below {{buffer binding has field 1, expected 0}}
func.func private @binding_c2() attributes {plan.value = #plan.binding<buffer, in, @b, 1>}

// -----

module @program_c1 {
  // expected-error @below {{'plan.program' op target is "cpu", expected a #kernel.target}}
  plan.program attributes {producer = "", options = {}, target = "cpu", model = #v4.model<vocab = 512, hidden = 256, layers = 1, window = 128, eos = 1, mtp = false, digest = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef">, envelope = #v4.envelope<tokens = 256, sequences = 4, context = 4096, draft = 0>, logits = @logits} {
    plan.buffer @logits {element = f32, rows = 5 : i64, row_shape = array<i64: 512>, bytes = [#plan.size<2048, 1, 0, 0>]}
  }
}

// -----

module @program_c1 {
  // expected-error @below {{'plan.program' op model is 1 : i64, expected a #v4.model}}
  plan.program attributes {producer = "", options = {}, target = #kernel.target<"cpu", cpu = "x86-64-v3", features = [], vector_bits = 256>, model = 1, envelope = #v4.envelope<tokens = 256, sequences = 4, context = 4096, draft = 0>, logits = @logits} {
    plan.buffer @logits {element = f32, rows = 5 : i64, row_shape = array<i64: 512>, bytes = [#plan.size<2048, 1, 0, 0>]}
  }
}

// -----

module @program_c1 {
  // expected-error @below {{'plan.program' op envelope is unit, expected a #v4.envelope}}
  plan.program attributes {producer = "", options = {}, target = #kernel.target<"cpu", cpu = "x86-64-v3", features = [], vector_bits = 256>, model = #v4.model<vocab = 512, hidden = 256, layers = 1, window = 128, eos = 1, mtp = false, digest = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef">, envelope = unit, logits = @logits} {
    plan.buffer @logits {element = f32, rows = 5 : i64, row_shape = array<i64: 512>, bytes = [#plan.size<2048, 1, 0, 0>]}
  }
}

// -----

module @program_c1 {
  // expected-error @below {{'plan.program' op option 'threads' is 2 : i64, expected a string}}
  plan.program attributes {producer = "", options = {threads = 2}, target = #kernel.target<"cpu", cpu = "x86-64-v3", features = [], vector_bits = 256>, model = #v4.model<vocab = 512, hidden = 256, layers = 1, window = 128, eos = 1, mtp = false, digest = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef">, envelope = #v4.envelope<tokens = 256, sequences = 4, context = 4096, draft = 0>, logits = @logits} {
    plan.buffer @logits {element = f32, rows = 5 : i64, row_shape = array<i64: 512>, bytes = [#plan.size<2048, 1, 0, 0>]}
  }
}

// -----

module @program_c2 {
  // expected-error @below {{'plan.program' op contains 'func.func', expected ops of plan only}}
  plan.program attributes {producer = "", options = {}, target = #kernel.target<"cpu", cpu = "x86-64-v3", features = [], vector_bits = 256>, model = #v4.model<vocab = 512, hidden = 256, layers = 1, window = 128, eos = 1, mtp = false, digest = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef">, envelope = #v4.envelope<tokens = 256, sequences = 4, context = 4096, draft = 0>, logits = @logits} {
    plan.buffer @logits {element = f32, rows = 5 : i64, row_shape = array<i64: 512>, bytes = [#plan.size<2048, 1, 0, 0>]}
    func.func private @f()
  }
}

// -----

module @program_c3 {
  // expected-error @below {{'plan.program' op logits is @missing, expected the name of a plan.buffer}}
  plan.program attributes {producer = "", options = {}, target = #kernel.target<"cpu", cpu = "x86-64-v3", features = [], vector_bits = 256>, model = #v4.model<vocab = 512, hidden = 256, layers = 1, window = 128, eos = 1, mtp = false, digest = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef">, envelope = #v4.envelope<tokens = 256, sequences = 4, context = 4096, draft = 0>, logits = @missing} {
    plan.buffer @logits {element = f32, rows = 5 : i64, row_shape = array<i64: 512>, bytes = [#plan.size<2048, 1, 0, 0>]}
  }
}

// -----

module @program_c3 {
  // expected-error @below {{'plan.program' op logits is @x, a buffer of 'bf16' with rows 1, expected f32 with rows 5, logits}}
  plan.program attributes {producer = "", options = {}, target = #kernel.target<"cpu", cpu = "x86-64-v3", features = [], vector_bits = 256>, model = #v4.model<vocab = 512, hidden = 256, layers = 1, window = 128, eos = 1, mtp = false, digest = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef">, envelope = #v4.envelope<tokens = 256, sequences = 4, context = 4096, draft = 0>, logits = @x} {
    plan.buffer @logits {element = f32, rows = 5 : i64, row_shape = array<i64: 512>, bytes = [#plan.size<2048, 1, 0, 0>]}
    plan.buffer @x {element = bf16, rows = 1 : i64, row_shape = array<i64: 256>, bytes = [#plan.size<512, 1, 0, 0>]}
  }
}

// -----

module @program_c3 {
  // expected-error @below {{'plan.program' op mtp_logits is @missing, expected the name of a plan.buffer}}
  plan.program attributes {producer = "", options = {}, target = #kernel.target<"cpu", cpu = "x86-64-v3", features = [], vector_bits = 256>, model = #v4.model<vocab = 512, hidden = 256, layers = 1, window = 128, eos = 1, mtp = false, digest = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef">, envelope = #v4.envelope<tokens = 256, sequences = 4, context = 4096, draft = 0>, logits = @logits, mtp_logits = @missing} {
    plan.buffer @logits {element = f32, rows = 5 : i64, row_shape = array<i64: 512>, bytes = [#plan.size<2048, 1, 0, 0>]}
  }
}

// -----

module @program_c4 {
  // expected-error @below {{'plan.program' op slots = -1, expected at least 0}}
  plan.program attributes {producer = "", options = {}, target = #kernel.target<"cpu", cpu = "x86-64-v3", features = [], vector_bits = 256>, model = #v4.model<vocab = 512, hidden = 256, layers = 1, window = 128, eos = 1, mtp = false, digest = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef">, envelope = #v4.envelope<tokens = 256, sequences = 4, context = 4096, draft = 0>, logits = @logits, slots = -1 : i64} {
    plan.buffer @logits {element = f32, rows = 5 : i64, row_shape = array<i64: 512>, bytes = [#plan.size<2048, 1, 0, 0>]}
  }
}

// -----

module @program_c4 {
  // expected-error @below {{'plan.program' op page_bytes = 100, expected a multiple of 64, at least 0}}
  plan.program attributes {producer = "", options = {}, target = #kernel.target<"cpu", cpu = "x86-64-v3", features = [], vector_bits = 256>, model = #v4.model<vocab = 512, hidden = 256, layers = 1, window = 128, eos = 1, mtp = false, digest = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef">, envelope = #v4.envelope<tokens = 256, sequences = 4, context = 4096, draft = 0>, logits = @logits, page_bytes = 100 : i64} {
    plan.buffer @logits {element = f32, rows = 5 : i64, row_shape = array<i64: 512>, bytes = [#plan.size<2048, 1, 0, 0>]}
  }
}

// -----

module @program_c4 {
  // expected-error @below {{'plan.program' op state_bytes = -64, expected a multiple of 64, at least 0}}
  plan.program attributes {producer = "", options = {}, target = #kernel.target<"cpu", cpu = "x86-64-v3", features = [], vector_bits = 256>, model = #v4.model<vocab = 512, hidden = 256, layers = 1, window = 128, eos = 1, mtp = false, digest = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef">, envelope = #v4.envelope<tokens = 256, sequences = 4, context = 4096, draft = 0>, logits = @logits, state_bytes = -64 : i64} {
    plan.buffer @logits {element = f32, rows = 5 : i64, row_shape = array<i64: 512>, bytes = [#plan.size<2048, 1, 0, 0>]}
  }
}

// -----

module @program_c6 {
  // expected-error @below {{parts has the entry 1 : i64, expected a #plan.part}}
  plan.program attributes {producer = "", options = {}, target = #kernel.target<"cpu", cpu = "x86-64-v3", features = [], vector_bits = 256>, model = #v4.model<vocab = 512, hidden = 256, layers = 1, window = 128, eos = 1, mtp = false, digest = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef">, envelope = #v4.envelope<tokens = 256, sequences = 4, context = 4096, draft = 0>, logits = @logits, parts = [1]} {
    plan.buffer @logits {element = f32, rows = 5 : i64, row_shape = array<i64: 512>, bytes = [#plan.size<2048, 1, 0, 0>]}
  }
}

// -----

module @program_c5 {
  plan.program attributes {producer = "", options = {}, target = #kernel.target<"cpu", cpu = "x86-64-v3", features = [], vector_bits = 256>, model = #v4.model<vocab = 512, hidden = 256, layers = 1, window = 128, eos = 1, mtp = false, digest = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef">, envelope = #v4.envelope<tokens = 256, sequences = 4, context = 4096, draft = 0>, logits = @logits, slots = 2 : i64} {
    plan.buffer @logits {element = f32, rows = 5 : i64, row_shape = array<i64: 512>, bytes = [#plan.size<2048, 1, 0, 0>]}
    // expected-error @below {{'plan.buffer' op slot = 2, expected less than 2, the slots of the program}}
    plan.buffer @b {element = bf16, rows = 1 : i64, row_shape = array<i64: 256>, bytes = [#plan.size<512, 1, 0, 0>], slot = 2 : i64}
  }
}

// -----

module @program_c5 {
  plan.program attributes {producer = "", options = {}, target = #kernel.target<"cpu", cpu = "x86-64-v3", features = [], vector_bits = 256>, model = #v4.model<vocab = 512, hidden = 256, layers = 1, window = 128, eos = 1, mtp = false, digest = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef">, envelope = #v4.envelope<tokens = 256, sequences = 4, context = 4096, draft = 0>, logits = @logits} {
    plan.buffer @logits {element = f32, rows = 5 : i64, row_shape = array<i64: 512>, bytes = [#plan.size<2048, 1, 0, 0>]}
    plan.kernel @k {op = "scale", bindings = 1 : i64}
    plan.launch @k grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<buffer, out, @logits>] {group = "main"}
    // expected-error @below {{'plan.buffer' op last_launch = 1, expected less than 1, the launches of the program}}
    plan.buffer @b {element = bf16, rows = 1 : i64, row_shape = array<i64: 256>, bytes = [#plan.size<512, 1, 0, 0>], first_launch = 0 : i64, last_launch = 1 : i64}
  }
}

// -----

module @program_c5 {
  plan.program attributes {producer = "", options = {}, target = #kernel.target<"cpu", cpu = "x86-64-v3", features = [], vector_bits = 256>, model = #v4.model<vocab = 512, hidden = 256, layers = 1, window = 128, eos = 1, mtp = false, digest = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef">, envelope = #v4.envelope<tokens = 256, sequences = 4, context = 4096, draft = 0>, logits = @logits} {
    plan.buffer @logits {element = f32, rows = 5 : i64, row_shape = array<i64: 512>, bytes = [#plan.size<2048, 1, 0, 0>]}
    plan.kernel @k {op = "scale", bindings = 1 : i64}
    plan.launch @k grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<buffer, out, @logits>] {group = "main"}
    // expected-error @below {{'plan.probe' op after_launch = 1, expected 0 to 0, the launches of the program}}
    plan.probe "logits" of @logits after 1
  }
}

// -----

module @buffer_c1 {
  plan.program attributes {producer = "", options = {}, target = #kernel.target<"cpu", cpu = "x86-64-v3", features = [], vector_bits = 256>, model = #v4.model<vocab = 512, hidden = 256, layers = 1, window = 128, eos = 1, mtp = false, digest = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef">, envelope = #v4.envelope<tokens = 256, sequences = 4, context = 4096, draft = 0>, logits = @logits} {
    plan.buffer @logits {element = f32, rows = 5 : i64, row_shape = array<i64: 512>, bytes = [#plan.size<2048, 1, 0, 0>]}
    // expected-error @below {{'plan.buffer' op element is 'f16', expected i8, i32, i64, bf16, f32, f8E4M3FN, f8E8M0FNU or f4E2M1FN}}
    plan.buffer @b {element = f16, rows = 1 : i64, row_shape = array<i64: 256>, bytes = [#plan.size<512, 1, 0, 0>]}
  }
}

// -----

module @buffer_c2 {
  plan.program attributes {producer = "", options = {}, target = #kernel.target<"cpu", cpu = "x86-64-v3", features = [], vector_bits = 256>, model = #v4.model<vocab = 512, hidden = 256, layers = 1, window = 128, eos = 1, mtp = false, digest = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef">, envelope = #v4.envelope<tokens = 256, sequences = 4, context = 4096, draft = 0>, logits = @logits} {
    plan.buffer @logits {element = f32, rows = 5 : i64, row_shape = array<i64: 512>, bytes = [#plan.size<2048, 1, 0, 0>]}
    // expected-error @below {{'plan.buffer' op rows = 6 is no row space, expected 0 to 5}}
    plan.buffer @b {element = bf16, rows = 6 : i64, row_shape = array<i64: 256>, bytes = [#plan.size<512, 1, 0, 0>]}
  }
}

// -----

module @buffer_c2 {
  plan.program attributes {producer = "", options = {}, target = #kernel.target<"cpu", cpu = "x86-64-v3", features = [], vector_bits = 256>, model = #v4.model<vocab = 512, hidden = 256, layers = 1, window = 128, eos = 1, mtp = false, digest = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef">, envelope = #v4.envelope<tokens = 256, sequences = 4, context = 4096, draft = 0>, logits = @logits} {
    plan.buffer @logits {element = f32, rows = 5 : i64, row_shape = array<i64: 512>, bytes = [#plan.size<2048, 1, 0, 0>]}
    // expected-error @below {{'plan.buffer' op row_shape has dimension -1, expected at least 0}}
    plan.buffer @b {element = bf16, rows = 1 : i64, row_shape = array<i64: -1>, bytes = [#plan.size<512, 1, 0, 0>]}
  }
}

// -----

module @buffer_c2 {
  plan.program attributes {producer = "", options = {}, target = #kernel.target<"cpu", cpu = "x86-64-v3", features = [], vector_bits = 256>, model = #v4.model<vocab = 512, hidden = 256, layers = 1, window = 128, eos = 1, mtp = false, digest = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef">, envelope = #v4.envelope<tokens = 256, sequences = 4, context = 4096, draft = 0>, logits = @logits} {
    plan.buffer @logits {element = f32, rows = 5 : i64, row_shape = array<i64: 512>, bytes = [#plan.size<2048, 1, 0, 0>]}
    // expected-error @below {{'plan.buffer' op row_shape has more than 70368744177664 elements up to dimension 4294967296, expected no more than memory can hold}}
    plan.buffer @b {element = bf16, rows = 1 : i64, row_shape = array<i64: 4294967296, 4294967296>, bytes = [#plan.size<512, 1, 0, 0>]}
  }
}

// -----

module @buffer_c2 {
  plan.program attributes {producer = "", options = {}, target = #kernel.target<"cpu", cpu = "x86-64-v3", features = [], vector_bits = 256>, model = #v4.model<vocab = 512, hidden = 256, layers = 1, window = 128, eos = 1, mtp = false, digest = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef">, envelope = #v4.envelope<tokens = 256, sequences = 4, context = 4096, draft = 0>, logits = @logits} {
    plan.buffer @logits {element = f32, rows = 5 : i64, row_shape = array<i64: 512>, bytes = [#plan.size<2048, 1, 0, 0>]}
    // expected-error @below {{'plan.buffer' op rank = -1, expected at least 0}}
    plan.buffer @b {element = bf16, rows = 1 : i64, row_shape = array<i64: 256>, bytes = [#plan.size<512, 1, 0, 0>], rank = -1 : i64}
  }
}

// -----

module @buffer_c3 {
  plan.program attributes {producer = "", options = {}, target = #kernel.target<"cpu", cpu = "x86-64-v3", features = [], vector_bits = 256>, model = #v4.model<vocab = 512, hidden = 256, layers = 1, window = 128, eos = 1, mtp = false, digest = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef">, envelope = #v4.envelope<tokens = 256, sequences = 4, context = 4096, draft = 0>, logits = @logits} {
    plan.buffer @logits {element = f32, rows = 5 : i64, row_shape = array<i64: 512>, bytes = [#plan.size<2048, 1, 0, 0>]}
    // expected-error @below {{'plan.buffer' op bytes is empty, expected at least one #plan.size}}
    plan.buffer @b {element = bf16, rows = 1 : i64, row_shape = array<i64: 256>, bytes = []}
  }
}

// -----

module @buffer_c3 {
  plan.program attributes {producer = "", options = {}, target = #kernel.target<"cpu", cpu = "x86-64-v3", features = [], vector_bits = 256>, model = #v4.model<vocab = 512, hidden = 256, layers = 1, window = 128, eos = 1, mtp = false, digest = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef">, envelope = #v4.envelope<tokens = 256, sequences = 4, context = 4096, draft = 0>, logits = @logits} {
    plan.buffer @logits {element = f32, rows = 5 : i64, row_shape = array<i64: 512>, bytes = [#plan.size<2048, 1, 0, 0>]}
    // expected-error @below {{'plan.buffer' op a term of bytes is 512 : i64, expected a #plan.size}}
    plan.buffer @b {element = bf16, rows = 1 : i64, row_shape = array<i64: 256>, bytes = [512]}
  }
}

// -----

module @buffer_c4 {
  plan.program attributes {producer = "", options = {}, target = #kernel.target<"cpu", cpu = "x86-64-v3", features = [], vector_bits = 256>, model = #v4.model<vocab = 512, hidden = 256, layers = 1, window = 128, eos = 1, mtp = false, digest = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef">, envelope = #v4.envelope<tokens = 256, sequences = 4, context = 4096, draft = 0>, logits = @logits} {
    plan.buffer @logits {element = f32, rows = 5 : i64, row_shape = array<i64: 512>, bytes = [#plan.size<2048, 1, 0, 0>]}
    // expected-error @below {{'plan.buffer' op has only one of first_launch and last_launch, expected both ends of its lifetime}}
    plan.buffer @b {element = bf16, rows = 1 : i64, row_shape = array<i64: 256>, bytes = [#plan.size<512, 1, 0, 0>], first_launch = 0 : i64}
  }
}

// -----

module @buffer_c4 {
  plan.program attributes {producer = "", options = {}, target = #kernel.target<"cpu", cpu = "x86-64-v3", features = [], vector_bits = 256>, model = #v4.model<vocab = 512, hidden = 256, layers = 1, window = 128, eos = 1, mtp = false, digest = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef">, envelope = #v4.envelope<tokens = 256, sequences = 4, context = 4096, draft = 0>, logits = @logits} {
    plan.buffer @logits {element = f32, rows = 5 : i64, row_shape = array<i64: 512>, bytes = [#plan.size<2048, 1, 0, 0>]}
    // expected-error @below {{'plan.buffer' op last_launch = 0, expected at least 1, first_launch}}
    plan.buffer @b {element = bf16, rows = 1 : i64, row_shape = array<i64: 256>, bytes = [#plan.size<512, 1, 0, 0>], first_launch = 1 : i64, last_launch = 0 : i64}
  }
}

// -----

module @buffer_c4 {
  plan.program attributes {producer = "", options = {}, target = #kernel.target<"cpu", cpu = "x86-64-v3", features = [], vector_bits = 256>, model = #v4.model<vocab = 512, hidden = 256, layers = 1, window = 128, eos = 1, mtp = false, digest = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef">, envelope = #v4.envelope<tokens = 256, sequences = 4, context = 4096, draft = 0>, logits = @logits} {
    plan.buffer @logits {element = f32, rows = 5 : i64, row_shape = array<i64: 512>, bytes = [#plan.size<2048, 1, 0, 0>]}
    // expected-error @below {{'plan.buffer' op slot = -1, expected at least 0}}
    plan.buffer @b {element = bf16, rows = 1 : i64, row_shape = array<i64: 256>, bytes = [#plan.size<512, 1, 0, 0>], slot = -1 : i64}
  }
}

// -----

module @weight_c1 {
  plan.program attributes {producer = "", options = {}, target = #kernel.target<"cpu", cpu = "x86-64-v3", features = [], vector_bits = 256>, model = #v4.model<vocab = 512, hidden = 256, layers = 1, window = 128, eos = 1, mtp = false, digest = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef">, envelope = #v4.envelope<tokens = 256, sequences = 4, context = 4096, draft = 0>, logits = @logits} {
    plan.buffer @logits {element = f32, rows = 5 : i64, row_shape = array<i64: 512>, bytes = [#plan.size<2048, 1, 0, 0>]}
    // expected-error @below {{'plan.weight' op element is 'i1', expected i8, i32, i64, bf16, f32, f8E4M3FN, f8E8M0FNU or f4E2M1FN}}
    plan.weight @w {element = i1, shape = array<i64: 256>, layout = "row_major", in_tables = false, bytes = 512 : i64, sources = ["a"], recipe = "copy"}
  }
}

// -----

module @weight_c2 {
  plan.program attributes {producer = "", options = {}, target = #kernel.target<"cpu", cpu = "x86-64-v3", features = [], vector_bits = 256>, model = #v4.model<vocab = 512, hidden = 256, layers = 1, window = 128, eos = 1, mtp = false, digest = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef">, envelope = #v4.envelope<tokens = 256, sequences = 4, context = 4096, draft = 0>, logits = @logits} {
    plan.buffer @logits {element = f32, rows = 5 : i64, row_shape = array<i64: 512>, bytes = [#plan.size<2048, 1, 0, 0>]}
    // expected-error @below {{'plan.weight' op shape has dimension 0, expected at least 1}}
    plan.weight @w {element = bf16, shape = array<i64: 0>, layout = "row_major", in_tables = false, bytes = 512 : i64, sources = ["a"], recipe = "copy"}
  }
}

// -----

module @weight_c2 {
  plan.program attributes {producer = "", options = {}, target = #kernel.target<"cpu", cpu = "x86-64-v3", features = [], vector_bits = 256>, model = #v4.model<vocab = 512, hidden = 256, layers = 1, window = 128, eos = 1, mtp = false, digest = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef">, envelope = #v4.envelope<tokens = 256, sequences = 4, context = 4096, draft = 0>, logits = @logits} {
    plan.buffer @logits {element = f32, rows = 5 : i64, row_shape = array<i64: 512>, bytes = [#plan.size<2048, 1, 0, 0>]}
    // expected-error @below {{'plan.weight' op bytes = 0, expected at least 1}}
    plan.weight @w {element = bf16, shape = array<i64: 256>, layout = "row_major", in_tables = false, bytes = 0 : i64, sources = ["a"], recipe = "copy"}
  }
}

// -----

module @weight_c2 {
  plan.program attributes {producer = "", options = {}, target = #kernel.target<"cpu", cpu = "x86-64-v3", features = [], vector_bits = 256>, model = #v4.model<vocab = 512, hidden = 256, layers = 1, window = 128, eos = 1, mtp = false, digest = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef">, envelope = #v4.envelope<tokens = 256, sequences = 4, context = 4096, draft = 0>, logits = @logits} {
    plan.buffer @logits {element = f32, rows = 5 : i64, row_shape = array<i64: 512>, bytes = [#plan.size<2048, 1, 0, 0>]}
    // expected-error @below {{'plan.weight' op rank = -1, expected at least 0}}
    plan.weight @w {element = bf16, shape = array<i64: 256>, layout = "row_major", in_tables = false, bytes = 512 : i64, sources = ["a"], recipe = "copy", rank = -1 : i64}
  }
}

// -----

module @weight_c3 {
  plan.program attributes {producer = "", options = {}, target = #kernel.target<"cpu", cpu = "x86-64-v3", features = [], vector_bits = 256>, model = #v4.model<vocab = 512, hidden = 256, layers = 1, window = 128, eos = 1, mtp = false, digest = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef">, envelope = #v4.envelope<tokens = 256, sequences = 4, context = 4096, draft = 0>, logits = @logits} {
    plan.buffer @logits {element = f32, rows = 5 : i64, row_shape = array<i64: 512>, bytes = [#plan.size<2048, 1, 0, 0>]}
    // expected-error @below {{'plan.weight' op bytes = 256, expected 512, those of shape and element}}
    plan.weight @w {element = bf16, shape = array<i64: 256>, layout = "row_major", in_tables = false, bytes = 256 : i64, sources = ["a"], recipe = "copy"}
  }
}

// -----

module @weight_c3 {
  plan.program attributes {producer = "", options = {}, target = #kernel.target<"cpu", cpu = "x86-64-v3", features = [], vector_bits = 256>, model = #v4.model<vocab = 512, hidden = 256, layers = 1, window = 128, eos = 1, mtp = false, digest = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef">, envelope = #v4.envelope<tokens = 256, sequences = 4, context = 4096, draft = 0>, logits = @logits} {
    plan.buffer @logits {element = f32, rows = 5 : i64, row_shape = array<i64: 512>, bytes = [#plan.size<2048, 1, 0, 0>]}
    // expected-error @below {{'plan.weight' op bytes = 512, expected 9223372036854775807, those of shape and element}}
    plan.weight @w {element = bf16, shape = array<i64: 4611686018427387904, 4611686018427387904>, layout = "row_major", in_tables = false, bytes = 512 : i64, sources = ["a"], recipe = "copy"}
  }
}

// -----

module @weight_c4 {
  plan.program attributes {producer = "", options = {}, target = #kernel.target<"cpu", cpu = "x86-64-v3", features = [], vector_bits = 256>, model = #v4.model<vocab = 512, hidden = 256, layers = 1, window = 128, eos = 1, mtp = false, digest = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef">, envelope = #v4.envelope<tokens = 256, sequences = 4, context = 4096, draft = 0>, logits = @logits} {
    plan.buffer @logits {element = f32, rows = 5 : i64, row_shape = array<i64: 512>, bytes = [#plan.size<2048, 1, 0, 0>]}
    // expected-error @below {{'plan.weight' op sources is empty, expected at least one checkpoint tensor}}
    plan.weight @w {element = bf16, shape = array<i64: 256>, layout = "row_major", in_tables = false, bytes = 512 : i64, sources = [], recipe = "copy"}
  }
}

// -----

module @weight_c4 {
  plan.program attributes {producer = "", options = {}, target = #kernel.target<"cpu", cpu = "x86-64-v3", features = [], vector_bits = 256>, model = #v4.model<vocab = 512, hidden = 256, layers = 1, window = 128, eos = 1, mtp = false, digest = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef">, envelope = #v4.envelope<tokens = 256, sequences = 4, context = 4096, draft = 0>, logits = @logits} {
    plan.buffer @logits {element = f32, rows = 5 : i64, row_shape = array<i64: 512>, bytes = [#plan.size<2048, 1, 0, 0>]}
    // expected-error @below {{'plan.weight' op a source is 1 : i64, expected the name of a checkpoint tensor}}
    plan.weight @w {element = bf16, shape = array<i64: 256>, layout = "row_major", in_tables = false, bytes = 512 : i64, sources = [1], recipe = "copy"}
  }
}

// -----

module @weight_c5 {
  plan.program attributes {producer = "", options = {}, target = #kernel.target<"cpu", cpu = "x86-64-v3", features = [], vector_bits = 256>, model = #v4.model<vocab = 512, hidden = 256, layers = 1, window = 128, eos = 1, mtp = false, digest = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef">, envelope = #v4.envelope<tokens = 256, sequences = 4, context = 4096, draft = 0>, logits = @logits} {
    plan.buffer @logits {element = f32, rows = 5 : i64, row_shape = array<i64: 512>, bytes = [#plan.size<2048, 1, 0, 0>]}
    // expected-error @below {{'plan.weight' op recipe is 'shuffle', expected one of copy, i64_to_i32, quantize_e4m3, quantize_e4m3_scales, quantize_e2m1, quantize_e2m1_scales}}
    plan.weight @w {element = bf16, shape = array<i64: 256>, layout = "row_major", in_tables = false, bytes = 512 : i64, sources = ["a"], recipe = "shuffle"}
  }
}

// -----

module @weight_c6 {
  plan.program attributes {producer = "", options = {}, target = #kernel.target<"cpu", cpu = "x86-64-v3", features = [], vector_bits = 256>, model = #v4.model<vocab = 512, hidden = 256, layers = 1, window = 128, eos = 1, mtp = false, digest = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef">, envelope = #v4.envelope<tokens = 256, sequences = 4, context = 4096, draft = 0>, logits = @logits} {
    plan.buffer @logits {element = f32, rows = 5 : i64, row_shape = array<i64: 512>, bytes = [#plan.size<2048, 1, 0, 0>]}
    // expected-error @below {{'plan.weight' op exact_forms has "no_zero", expected no_nan, normal_scales or e4m3_per_128}}
    plan.weight @w {element = bf16, shape = array<i64: 256>, layout = "row_major", in_tables = false, bytes = 512 : i64, sources = ["a"], recipe = "copy", exact_forms = ["no_nan", "no_zero"]}
  }
}

// -----

module @weight_c7 {
  plan.program attributes {producer = "", options = {}, target = #kernel.target<"cpu", cpu = "x86-64-v3", features = [], vector_bits = 256>, model = #v4.model<vocab = 512, hidden = 256, layers = 1, window = 128, eos = 1, mtp = false, digest = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef">, envelope = #v4.envelope<tokens = 256, sequences = 4, context = 4096, draft = 0>, logits = @logits} {
    plan.buffer @logits {element = f32, rows = 5 : i64, row_shape = array<i64: 512>, bytes = [#plan.size<2048, 1, 0, 0>]}
    // expected-error @below {{'plan.weight' op needed_forms has "e4m3_per_128", expected one of exact_forms}}
    plan.weight @w {element = bf16, shape = array<i64: 256>, layout = "row_major", in_tables = false, bytes = 512 : i64, sources = ["a"], recipe = "copy", exact_forms = ["no_nan"], needed_forms = ["e4m3_per_128"]}
  }
}

// -----

module @pool_c1 {
  plan.program attributes {producer = "", options = {}, target = #kernel.target<"cpu", cpu = "x86-64-v3", features = [], vector_bits = 256>, model = #v4.model<vocab = 512, hidden = 256, layers = 1, window = 128, eos = 1, mtp = false, digest = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef">, envelope = #v4.envelope<tokens = 256, sequences = 4, context = 4096, draft = 0>, logits = @logits} {
    plan.buffer @logits {element = f32, rows = 5 : i64, row_shape = array<i64: 512>, bytes = [#plan.size<2048, 1, 0, 0>]}
    // expected-error @below {{'plan.pool' op type is 'f32', expected a !v4.cache}}
    plan.pool @p {type = f32, group = "main"}
  }
}

// -----

module @pool_c2 {
  plan.program attributes {producer = "", options = {}, target = #kernel.target<"cpu", cpu = "x86-64-v3", features = [], vector_bits = 256>, model = #v4.model<vocab = 512, hidden = 256, layers = 1, window = 128, eos = 1, mtp = false, digest = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef">, envelope = #v4.envelope<tokens = 256, sequences = 4, context = 4096, draft = 0>, logits = @logits} {
    plan.buffer @logits {element = f32, rows = 5 : i64, row_shape = array<i64: 512>, bytes = [#plan.size<2048, 1, 0, 0>]}
    // expected-error @below {{'plan.pool' op group is 'draft', expected 'main' or 'mtp'}}
    plan.pool @p {type = !v4.cache<state, ratio = 1, f32, rows = 1, values = 16, rope = 0>, group = "draft"}
  }
}

// -----

module @pool_c3 {
  plan.program attributes {producer = "", options = {}, target = #kernel.target<"cpu", cpu = "x86-64-v3", features = [], vector_bits = 256>, model = #v4.model<vocab = 512, hidden = 256, layers = 1, window = 128, eos = 1, mtp = false, digest = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef">, envelope = #v4.envelope<tokens = 256, sequences = 4, context = 4096, draft = 0>, logits = @logits} {
    plan.buffer @logits {element = f32, rows = 5 : i64, row_shape = array<i64: 512>, bytes = [#plan.size<2048, 1, 0, 0>]}
    // expected-error @below {{'plan.pool' op offset = 32, expected a multiple of 64}}
    plan.pool @p {type = !v4.cache<state, ratio = 1, f32, rows = 1, values = 16, rope = 0>, group = "main", offset = 32 : i64}
  }
}

// -----

module @pool_c3 {
  plan.program attributes {producer = "", options = {}, target = #kernel.target<"cpu", cpu = "x86-64-v3", features = [], vector_bits = 256>, model = #v4.model<vocab = 512, hidden = 256, layers = 1, window = 128, eos = 1, mtp = false, digest = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef">, envelope = #v4.envelope<tokens = 256, sequences = 4, context = 4096, draft = 0>, logits = @logits} {
    plan.buffer @logits {element = f32, rows = 5 : i64, row_shape = array<i64: 512>, bytes = [#plan.size<2048, 1, 0, 0>]}
    // expected-error @below {{'plan.pool' op offset = -64, expected at least 0}}
    plan.pool @p {type = !v4.cache<state, ratio = 1, f32, rows = 1, values = 16, rope = 0>, group = "main", offset = -64 : i64}
  }
}

// -----

module @pool_c4 {
  plan.program attributes {producer = "", options = {}, target = #kernel.target<"cpu", cpu = "x86-64-v3", features = [], vector_bits = 256>, model = #v4.model<vocab = 512, hidden = 256, layers = 1, window = 128, eos = 1, mtp = false, digest = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef">, envelope = #v4.envelope<tokens = 256, sequences = 4, context = 4096, draft = 0>, logits = @logits} {
    plan.buffer @logits {element = f32, rows = 5 : i64, row_shape = array<i64: 512>, bytes = [#plan.size<2048, 1, 0, 0>]}
    // expected-error @below {{'plan.pool' op is a page pool with a reach, expected none: pages keep all rows}}
    plan.pool @p {type = !v4.cache<page, ratio = 4, f32, rows = 32, values = 16, rope = 0>, group = "main", reach = array<i64: 1, 0, 0>}
  }
}

// -----

module @pool_c4 {
  plan.program attributes {producer = "", options = {}, target = #kernel.target<"cpu", cpu = "x86-64-v3", features = [], vector_bits = 256>, model = #v4.model<vocab = 512, hidden = 256, layers = 1, window = 128, eos = 1, mtp = false, digest = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef">, envelope = #v4.envelope<tokens = 256, sequences = 4, context = 4096, draft = 0>, logits = @logits} {
    plan.buffer @logits {element = f32, rows = 5 : i64, row_shape = array<i64: 512>, bytes = [#plan.size<2048, 1, 0, 0>]}
    // expected-error @below {{'plan.pool' op reach has 2 values, expected period, history and lag}}
    plan.pool @p {type = !v4.cache<state, ratio = 1, f32, rows = 10, values = 16, rope = 0>, group = "main", reach = array<i64: 1, 0>}
  }
}

// -----

module @pool_c4 {
  plan.program attributes {producer = "", options = {}, target = #kernel.target<"cpu", cpu = "x86-64-v3", features = [], vector_bits = 256>, model = #v4.model<vocab = 512, hidden = 256, layers = 1, window = 128, eos = 1, mtp = false, digest = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef">, envelope = #v4.envelope<tokens = 256, sequences = 4, context = 4096, draft = 0>, logits = @logits} {
    plan.buffer @logits {element = f32, rows = 5 : i64, row_shape = array<i64: 512>, bytes = [#plan.size<2048, 1, 0, 0>]}
    // expected-error @below {{'plan.pool' op reach is 3, 0, 0, expected a divisor of 128, at least 0, and 0 or 1}}
    plan.pool @p {type = !v4.cache<state, ratio = 1, f32, rows = 10, values = 16, rope = 0>, group = "main", reach = array<i64: 3, 0, 0>}
  }
}

// -----

module @pool_c4 {
  plan.program attributes {producer = "", options = {}, target = #kernel.target<"cpu", cpu = "x86-64-v3", features = [], vector_bits = 256>, model = #v4.model<vocab = 512, hidden = 256, layers = 1, window = 128, eos = 1, mtp = false, digest = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef">, envelope = #v4.envelope<tokens = 256, sequences = 4, context = 4096, draft = 0>, logits = @logits} {
    plan.buffer @logits {element = f32, rows = 5 : i64, row_shape = array<i64: 512>, bytes = [#plan.size<2048, 1, 0, 0>]}
    // expected-error @below {{'plan.pool' op reach is 1, 0, 2, expected a divisor of 128, at least 0, and 0 or 1}}
    plan.pool @p {type = !v4.cache<state, ratio = 1, f32, rows = 10, values = 16, rope = 0>, group = "main", reach = array<i64: 1, 0, 2>}
  }
}

// -----

module @pool_c4 {
  plan.program attributes {producer = "", options = {}, target = #kernel.target<"cpu", cpu = "x86-64-v3", features = [], vector_bits = 256>, model = #v4.model<vocab = 512, hidden = 256, layers = 1, window = 128, eos = 1, mtp = false, digest = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef">, envelope = #v4.envelope<tokens = 256, sequences = 4, context = 4096, draft = 0>, logits = @logits} {
    plan.buffer @logits {element = f32, rows = 5 : i64, row_shape = array<i64: 512>, bytes = [#plan.size<2048, 1, 0, 0>]}
    // expected-error @below {{'plan.pool' op reach is 4, 8, 0, more than its 10 rows hold}}
    plan.pool @p {type = !v4.cache<state, ratio = 1, f32, rows = 10, values = 16, rope = 0>, group = "main", reach = array<i64: 4, 8, 0>}
  }
}

// -----

module @kernel_c1 {
  plan.program attributes {producer = "", options = {}, target = #kernel.target<"cpu", cpu = "x86-64-v3", features = [], vector_bits = 256>, model = #v4.model<vocab = 512, hidden = 256, layers = 1, window = 128, eos = 1, mtp = false, digest = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef">, envelope = #v4.envelope<tokens = 256, sequences = 4, context = 4096, draft = 0>, logits = @logits} {
    plan.buffer @logits {element = f32, rows = 5 : i64, row_shape = array<i64: 512>, bytes = [#plan.size<2048, 1, 0, 0>]}
    // expected-error @below {{'plan.kernel' op bindings = 0, expected at least 1}}
    plan.kernel @k {op = "scale", bindings = 0 : i64}
  }
}

// -----

module @kernel_c1 {
  plan.program attributes {producer = "", options = {}, target = #kernel.target<"cpu", cpu = "x86-64-v3", features = [], vector_bits = 256>, model = #v4.model<vocab = 512, hidden = 256, layers = 1, window = 128, eos = 1, mtp = false, digest = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef">, envelope = #v4.envelope<tokens = 256, sequences = 4, context = 4096, draft = 0>, logits = @logits} {
    plan.buffer @logits {element = f32, rows = 5 : i64, row_shape = array<i64: 512>, bytes = [#plan.size<2048, 1, 0, 0>]}
    // expected-error @below {{'plan.kernel' op stack_bytes = -8, expected at least 0}}
    plan.kernel @k {op = "scale", bindings = 1 : i64, stack_bytes = -8 : i64}
  }
}

// -----

module @kernel_c2 {
  plan.program attributes {producer = "", options = {}, target = #kernel.target<"cpu", cpu = "x86-64-v3", features = [], vector_bits = 256>, model = #v4.model<vocab = 512, hidden = 256, layers = 1, window = 128, eos = 1, mtp = false, digest = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef">, envelope = #v4.envelope<tokens = 256, sequences = 4, context = 4096, draft = 0>, logits = @logits} {
    plan.buffer @logits {element = f32, rows = 5 : i64, row_shape = array<i64: 512>, bytes = [#plan.size<2048, 1, 0, 0>]}
    // expected-error @below {{'plan.kernel' op a cost is 1 : i64, expected a #plan.cost}}
    plan.kernel @k {op = "scale", bindings = 1 : i64, costs = [1]}
  }
}

// -----

module @kernel_c2 {
  plan.program attributes {producer = "", options = {}, target = #kernel.target<"cpu", cpu = "x86-64-v3", features = [], vector_bits = 256>, model = #v4.model<vocab = 512, hidden = 256, layers = 1, window = 128, eos = 1, mtp = false, digest = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef">, envelope = #v4.envelope<tokens = 256, sequences = 4, context = 4096, draft = 0>, logits = @logits} {
    plan.buffer @logits {element = f32, rows = 5 : i64, row_shape = array<i64: 512>, bytes = [#plan.size<2048, 1, 0, 0>]}
    // expected-error @below {{'plan.kernel' op hits = 1, expected one of its 1 bindings, or -1 for none}}
    plan.kernel @k {op = "scale", bindings = 1 : i64, hits = 1 : i64}
  }
}

// -----

module @kernel_c3 {
  plan.program attributes {producer = "", options = {}, target = #kernel.target<"cpu", cpu = "x86-64-v3", features = [], vector_bits = 256>, model = #v4.model<vocab = 512, hidden = 256, layers = 1, window = 128, eos = 1, mtp = false, digest = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef">, envelope = #v4.envelope<tokens = 256, sequences = 4, context = 4096, draft = 0>, logits = @logits} {
    plan.buffer @logits {element = f32, rows = 5 : i64, row_shape = array<i64: 512>, bytes = [#plan.size<2048, 1, 0, 0>]}
    // expected-error @below {{'plan.kernel' op block is 1 : i64, expected a #plan.block}}
    plan.kernel @k {op = "scale", bindings = 1 : i64, block = 1 : i64}
  }
}

// -----

module @kernel_c3 {
  plan.program attributes {producer = "", options = {}, target = #kernel.target<"cuda:sm_90a", cpu = "sm_90a", features = [], vector_bits = 128, limits = <threads = 1024, shared_bytes = 232448, registers = 65536, processors = 132>>, model = #v4.model<vocab = 512, hidden = 256, layers = 1, window = 128, eos = 1, mtp = false, digest = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef">, envelope = #v4.envelope<tokens = 256, sequences = 4, context = 4096, draft = 0>, logits = @logits} {
    plan.buffer @logits {element = f32, rows = 5 : i64, row_shape = array<i64: 512>, bytes = [#plan.size<2048, 1, 0, 0>]}
    // expected-error @below {{'plan.kernel' op calls 'f' with binding 1, expected one of its 1}}
    plan.kernel @k {op = "scale", bindings = 1 : i64, block = #plan.block<threads = 32, shared_bytes = 0, cluster = 1, registers = 8, image = 0 : 64, call = <"f", most = 0, arguments = [#kernel.argument<address, binding = 1, value = 0>]>>, stack_bytes = 0 : i64}
  }
}

// -----

module @kernel_c4 {
  plan.program attributes {producer = "", options = {}, target = #kernel.target<"cpu", cpu = "x86-64-v3", features = [], vector_bits = 256>, model = #v4.model<vocab = 512, hidden = 256, layers = 1, window = 128, eos = 1, mtp = false, digest = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef">, envelope = #v4.envelope<tokens = 256, sequences = 4, context = 4096, draft = 0>, logits = @logits} {
    plan.buffer @logits {element = f32, rows = 5 : i64, row_shape = array<i64: 512>, bytes = [#plan.size<2048, 1, 0, 0>]}
    // expected-error @below {{'plan.kernel' op has 1 variants and no block, expected 1 to 16 beside a block, or no list of them}}
    plan.kernel @k {op = "scale", bindings = 1 : i64, variants = [#plan.variant<most_rows = 8, tile = 8, tiles = 1, block = #plan.block<threads = 32, shared_bytes = 0, cluster = 1, registers = 8, image = 0 : 64>>]}
  }
}

// -----

module @kernel_c4 {
  plan.program attributes {producer = "", options = {}, target = #kernel.target<"cpu", cpu = "x86-64-v3", features = [], vector_bits = 256>, model = #v4.model<vocab = 512, hidden = 256, layers = 1, window = 128, eos = 1, mtp = false, digest = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef">, envelope = #v4.envelope<tokens = 256, sequences = 4, context = 4096, draft = 0>, logits = @logits} {
    plan.buffer @logits {element = f32, rows = 5 : i64, row_shape = array<i64: 512>, bytes = [#plan.size<2048, 1, 0, 0>]}
    // expected-error @below {{'plan.kernel' op has 0 variants and a block, expected 1 to 16 beside a block, or no list of them}}
    plan.kernel @k {op = "scale", bindings = 1 : i64, block = #plan.block<threads = 32, shared_bytes = 0, cluster = 1, registers = 8, image = 0 : 64>, variants = []}
  }
}

// -----

module @kernel_c4 {
  plan.program attributes {producer = "", options = {}, target = #kernel.target<"cpu", cpu = "x86-64-v3", features = [], vector_bits = 256>, model = #v4.model<vocab = 512, hidden = 256, layers = 1, window = 128, eos = 1, mtp = false, digest = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef">, envelope = #v4.envelope<tokens = 256, sequences = 4, context = 4096, draft = 0>, logits = @logits} {
    plan.buffer @logits {element = f32, rows = 5 : i64, row_shape = array<i64: 512>, bytes = [#plan.size<2048, 1, 0, 0>]}
    // expected-error @below {{'plan.kernel' op a variant is 1 : i64, expected a #plan.variant}}
    plan.kernel @k {op = "scale", bindings = 1 : i64, block = #plan.block<threads = 32, shared_bytes = 0, cluster = 1, registers = 8, image = 0 : 64>, variants = [1]}
  }
}

// -----

module @kernel_c4 {
  plan.program attributes {producer = "", options = {}, target = #kernel.target<"cpu", cpu = "x86-64-v3", features = [], vector_bits = 256>, model = #v4.model<vocab = 512, hidden = 256, layers = 1, window = 128, eos = 1, mtp = false, digest = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef">, envelope = #v4.envelope<tokens = 256, sequences = 4, context = 4096, draft = 0>, logits = @logits} {
    plan.buffer @logits {element = f32, rows = 5 : i64, row_shape = array<i64: 512>, bytes = [#plan.size<2048, 1, 0, 0>]}
    // expected-error @below {{'plan.kernel' op has a variant for at most 8 rows, expected more than the 8 of the one in front of it}}
    plan.kernel @k {op = "scale", bindings = 1 : i64, block = #plan.block<threads = 32, shared_bytes = 0, cluster = 1, registers = 8, image = 0 : 64>, variants = [#plan.variant<most_rows = 8, tile = 8, tiles = 1, block = #plan.block<threads = 32, shared_bytes = 0, cluster = 1, registers = 8, image = 0 : 64>>, #plan.variant<most_rows = 8, tile = 8, tiles = 1, block = #plan.block<threads = 32, shared_bytes = 0, cluster = 1, registers = 8, image = 0 : 64>>]}
  }
}

// -----

module @kernel_c4 {
  plan.program attributes {producer = "", options = {}, target = #kernel.target<"cpu", cpu = "x86-64-v3", features = [], vector_bits = 256>, model = #v4.model<vocab = 512, hidden = 256, layers = 1, window = 128, eos = 1, mtp = false, digest = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef">, envelope = #v4.envelope<tokens = 256, sequences = 4, context = 4096, draft = 0>, logits = @logits} {
    plan.buffer @logits {element = f32, rows = 5 : i64, row_shape = array<i64: 512>, bytes = [#plan.size<2048, 1, 0, 0>]}
    // expected-error @below {{'plan.kernel' op calls 'f' with binding 1, expected one of its 1}}
    plan.kernel @k {op = "scale", bindings = 1 : i64, block = #plan.block<threads = 32, shared_bytes = 0, cluster = 1, registers = 8, image = 0 : 64>, variants = [#plan.variant<most_rows = 8, tile = 8, tiles = 1, block = #plan.block<threads = 32, shared_bytes = 0, cluster = 1, registers = 8, image = 0 : 64, call = <"f", most = 0, arguments = [#kernel.argument<address, binding = 1, value = 0>]>>>]}
  }
}

// -----

module @kernel_c5 {
  plan.program attributes {producer = "", options = {}, target = #kernel.target<"cuda:sm_90a", cpu = "sm_90a", features = [], vector_bits = 128, limits = <threads = 1024, shared_bytes = 232448, registers = 65536, processors = 132>>, model = #v4.model<vocab = 512, hidden = 256, layers = 1, window = 128, eos = 1, mtp = false, digest = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef">, envelope = #v4.envelope<tokens = 256, sequences = 4, context = 4096, draft = 0>, logits = @logits} {
    plan.buffer @logits {element = f32, rows = 5 : i64, row_shape = array<i64: 512>, bytes = [#plan.size<2048, 1, 0, 0>]}
    // expected-error @below {{'plan.kernel' op has a variant with cluster 4, expected 8, that of its block}}
    plan.kernel @k {op = "linear", bindings = 1 : i64, block = #plan.block<threads = 32, shared_bytes = 0, cluster = 8, registers = 8, image = 0 : 64, call = <"f", most = 0, arguments = [#kernel.argument<address, binding = 0, value = 0>]>>, variants = [#plan.variant<most_rows = 8, tile = 8, tiles = 8, block = #plan.block<threads = 32, shared_bytes = 0, cluster = 4, registers = 8, image = 0 : 64, call = <"f", most = 0, arguments = [#kernel.argument<address, binding = 0, value = 0>]>>>], stack_bytes = 0 : i64}
  }
}

// -----

module @launch_c8 {
  plan.program attributes {producer = "", options = {}, target = #kernel.target<"cuda:sm_90a", cpu = "sm_90a", features = [], vector_bits = 128, limits = <threads = 1024, shared_bytes = 232448, registers = 65536, processors = 132>>, model = #v4.model<vocab = 512, hidden = 256, layers = 1, window = 128, eos = 1, mtp = false, digest = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef">, envelope = #v4.envelope<tokens = 256, sequences = 4, context = 4096, draft = 0>, logits = @logits} {
    plan.buffer @logits {element = f32, rows = 5 : i64, row_shape = array<i64: 512>, bytes = [#plan.size<2048, 1, 0, 0>]}
    plan.kernel @k {op = "linear", bindings = 1 : i64, block = #plan.block<threads = 32, shared_bytes = 0, cluster = 8, registers = 8, image = 0 : 64, call = <"f", most = 0, arguments = [#kernel.argument<address, binding = 0, value = 0>]>>, stack_bytes = 0 : i64}
    // expected-error @below {{'plan.launch' op has tiles = 12, expected a multiple of the cluster of 8 of its kernel}}
    plan.launch @k grid #kernel.grid<rows = 1, tile = 1, tiles = 12> bindings [#plan.binding<step, in, @step, 1>] {group = "main"}
  }
}

// -----

module @launch_c7 {
  plan.program attributes {producer = "", options = {}, target = #kernel.target<"cuda:sm_90a", cpu = "sm_90a", features = [], vector_bits = 128, limits = <threads = 1024, shared_bytes = 232448, registers = 65536, processors = 132>>, model = #v4.model<vocab = 512, hidden = 256, layers = 1, window = 128, eos = 1, mtp = false, digest = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef">, envelope = #v4.envelope<tokens = 256, sequences = 4, context = 4096, draft = 0>, logits = @logits} {
    plan.buffer @logits {element = f32, rows = 5 : i64, row_shape = array<i64: 512>, bytes = [#plan.size<2048, 1, 0, 0>]}
    plan.buffer @b {element = bf16, rows = 1 : i64, row_shape = array<i64: 128>, bytes = [#plan.size<256, 1, 0, 0>]}
    plan.kernel @k {op = "linear", bindings = 1 : i64, block = #plan.block<threads = 32, shared_bytes = 0, cluster = 1, registers = 8, image = 0 : 64, call = <"f", most = 0, arguments = [#kernel.argument<map, binding = 0, value = 1, map = <bf16, columns = 256, box = 64 : 64, swizzle = 128>>]>>, stack_bytes = 0 : i64}
    // expected-error @below {{'plan.launch' op binding 0 has 256 bytes a row, a map of its kernel 512, expected no more}}
    plan.launch @k grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<buffer, in, @b>] {group = "main"}
  }
}

// -----

module @launch_c7 {
  plan.program attributes {producer = "", options = {}, target = #kernel.target<"cuda:sm_90a", cpu = "sm_90a", features = [], vector_bits = 128, limits = <threads = 1024, shared_bytes = 232448, registers = 65536, processors = 132>>, model = #v4.model<vocab = 512, hidden = 256, layers = 1, window = 128, eos = 1, mtp = false, digest = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef">, envelope = #v4.envelope<tokens = 256, sequences = 4, context = 4096, draft = 0>, logits = @logits} {
    plan.buffer @logits {element = f32, rows = 5 : i64, row_shape = array<i64: 512>, bytes = [#plan.size<2048, 1, 0, 0>]}
    plan.buffer @b {element = bf16, rows = 1 : i64, row_shape = array<i64: 256>, bytes = [#plan.size<512, 1, 0, 0>]}
    plan.kernel @k {op = "linear", bindings = 1 : i64, block = #plan.block<threads = 32, shared_bytes = 0, cluster = 1, registers = 8, image = 0 : 64, call = <"f", most = 0, arguments = [#kernel.argument<map, binding = 0, value = 1, map = <bf16, columns = 256, box = 64 : 64, swizzle = 128>>]>>, stack_bytes = 0 : i64}
    // expected-error @below {{'plan.launch' op binding 0 is under a map of its kernel and has rows 1, expected 5, those of the launch}}
    plan.launch @k grid #kernel.grid<rows = 5, tile = 1, tiles = 1> bindings [#plan.binding<buffer, in, @b>] {group = "main"}
  }
}

// -----

module @launch_c7 {
  plan.program attributes {producer = "", options = {}, target = #kernel.target<"cuda:sm_90a", cpu = "sm_90a", features = [], vector_bits = 128, limits = <threads = 1024, shared_bytes = 232448, registers = 65536, processors = 132>>, model = #v4.model<vocab = 512, hidden = 256, layers = 1, window = 128, eos = 1, mtp = false, digest = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef">, envelope = #v4.envelope<tokens = 256, sequences = 4, context = 4096, draft = 0>, logits = @logits} {
    plan.buffer @logits {element = f32, rows = 5 : i64, row_shape = array<i64: 512>, bytes = [#plan.size<2048, 1, 0, 0>]}
    plan.kernel @k {op = "linear", bindings = 1 : i64, block = #plan.block<threads = 32, shared_bytes = 0, cluster = 1, registers = 8, image = 0 : 64, call = <"f", most = 0, arguments = [#kernel.argument<map, binding = 0, value = 1, map = <bf16, columns = 256, box = 64 : 64, swizzle = 128>>]>>, stack_bytes = 0 : i64}
    // expected-error @below {{'plan.launch' op binding 0 is under a map of its kernel and a plan.step, expected a plan.buffer}}
    plan.launch @k grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<step, in, @step, 1>] {group = "main"}
  }
}

// -----

module @launch_c7 {
  plan.program attributes {producer = "", options = {}, target = #kernel.target<"cuda:sm_90a", cpu = "sm_90a", features = [], vector_bits = 128, limits = <threads = 1024, shared_bytes = 232448, registers = 65536, processors = 132>>, model = #v4.model<vocab = 512, hidden = 256, layers = 1, window = 128, eos = 1, mtp = false, digest = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef">, envelope = #v4.envelope<tokens = 256, sequences = 4, context = 4096, draft = 0>, logits = @logits} {
    plan.buffer @logits {element = f32, rows = 5 : i64, row_shape = array<i64: 512>, bytes = [#plan.size<2048, 1, 0, 0>]}
    plan.buffer @b {element = bf16, rows = 1 : i64, row_shape = array<i64: 128>, bytes = [#plan.size<256, 1, 0, 0>]}
    plan.kernel @k {op = "linear", bindings = 1 : i64, block = #plan.block<threads = 32, shared_bytes = 0, cluster = 1, registers = 8, image = 0 : 64>, variants = [#plan.variant<most_rows = 8, tile = 8, tiles = 1, block = #plan.block<threads = 32, shared_bytes = 0, cluster = 1, registers = 8, image = 0 : 64, call = <"f", most = 0, arguments = [#kernel.argument<map, binding = 0, value = 1, map = <bf16, columns = 256, box = 64 : 64, swizzle = 128>>]>>>], stack_bytes = 0 : i64}
    // expected-error @below {{'plan.launch' op binding 0 has 256 bytes a row, a map of its kernel 512, expected no more}}
    plan.launch @k grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<buffer, in, @b>] {group = "main"}
  }
}

// -----

module @program_c7 {
  plan.program attributes {producer = "", options = {}, target = #kernel.target<"cpu", cpu = "x86-64-v3", features = [], vector_bits = 256>, model = #v4.model<vocab = 512, hidden = 256, layers = 1, window = 128, eos = 1, mtp = false, digest = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef">, envelope = #v4.envelope<tokens = 256, sequences = 4, context = 4096, draft = 0>, logits = @logits} {
    plan.buffer @logits {element = f32, rows = 5 : i64, row_shape = array<i64: 512>, bytes = [#plan.size<2048, 1, 0, 0>]}
    // expected-error @below {{'plan.kernel' op has a block, expected none for target 'cpu'}}
    plan.kernel @k {op = "scale", bindings = 1 : i64, block = #plan.block<threads = 32, shared_bytes = 0, cluster = 1, registers = 8, image = 0 : 64>, stack_bytes = 0 : i64}
  }
}

// -----

module @program_c7 {
  plan.program attributes {producer = "", options = {}, target = #kernel.target<"cuda:sm_90a", cpu = "sm_90a", features = [], vector_bits = 128, limits = <threads = 1024, shared_bytes = 232448, registers = 65536, processors = 132>>, model = #v4.model<vocab = 512, hidden = 256, layers = 1, window = 128, eos = 1, mtp = false, digest = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef">, envelope = #v4.envelope<tokens = 256, sequences = 4, context = 4096, draft = 0>, logits = @logits} {
    plan.buffer @logits {element = f32, rows = 5 : i64, row_shape = array<i64: 512>, bytes = [#plan.size<2048, 1, 0, 0>]}
    // expected-error @below {{'plan.kernel' op has no block, expected one beside its stack_bytes for target 'cuda:sm_90a'}}
    plan.kernel @k {op = "scale", bindings = 1 : i64, stack_bytes = 0 : i64}
  }
}

// -----

module @program_c7 {
  plan.program attributes {producer = "", options = {}, target = #kernel.target<"cuda:sm_90a", cpu = "sm_90a", features = [], vector_bits = 128, limits = <threads = 1024, shared_bytes = 232448, registers = 65536, processors = 132>>, model = #v4.model<vocab = 512, hidden = 256, layers = 1, window = 128, eos = 1, mtp = false, digest = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef">, envelope = #v4.envelope<tokens = 256, sequences = 4, context = 4096, draft = 0>, logits = @logits} {
    plan.buffer @logits {element = f32, rows = 5 : i64, row_shape = array<i64: 512>, bytes = [#plan.size<2048, 1, 0, 0>]}
    // expected-error @below {{'plan.kernel' op has a block, expected stack_bytes beside it for target 'cuda:sm_90a'}}
    plan.kernel @k {op = "scale", bindings = 1 : i64, block = #plan.block<threads = 32, shared_bytes = 0, cluster = 1, registers = 8, image = 0 : 64>}
  }
}

// -----

module @launch_c1 {
  plan.program attributes {producer = "", options = {}, target = #kernel.target<"cpu", cpu = "x86-64-v3", features = [], vector_bits = 256>, model = #v4.model<vocab = 512, hidden = 256, layers = 1, window = 128, eos = 1, mtp = false, digest = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef">, envelope = #v4.envelope<tokens = 256, sequences = 4, context = 4096, draft = 0>, logits = @logits} {
    plan.buffer @logits {element = f32, rows = 5 : i64, row_shape = array<i64: 512>, bytes = [#plan.size<2048, 1, 0, 0>]}
    plan.kernel @k {op = "scale", bindings = 1 : i64}
    // expected-error @below {{'plan.launch' op grid is 8 : i64, expected a #kernel.grid}}
    plan.launch @k grid 8 bindings [#plan.binding<buffer, out, @logits>] {group = "main"}
  }
}

// -----

module @launch_c1 {
  plan.program attributes {producer = "", options = {}, target = #kernel.target<"cpu", cpu = "x86-64-v3", features = [], vector_bits = 256>, model = #v4.model<vocab = 512, hidden = 256, layers = 1, window = 128, eos = 1, mtp = false, digest = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef">, envelope = #v4.envelope<tokens = 256, sequences = 4, context = 4096, draft = 0>, logits = @logits} {
    plan.buffer @logits {element = f32, rows = 5 : i64, row_shape = array<i64: 512>, bytes = [#plan.size<2048, 1, 0, 0>]}
    plan.kernel @k {op = "scale", bindings = 1 : i64}
    // expected-error @below {{'plan.launch' op a binding is @logits, expected a #plan.binding}}
    plan.launch @k grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [@logits] {group = "main"}
  }
}

// -----

module @launch_c2 {
  plan.program attributes {producer = "", options = {}, target = #kernel.target<"cpu", cpu = "x86-64-v3", features = [], vector_bits = 256>, model = #v4.model<vocab = 512, hidden = 256, layers = 1, window = 128, eos = 1, mtp = false, digest = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef">, envelope = #v4.envelope<tokens = 256, sequences = 4, context = 4096, draft = 0>, logits = @logits} {
    plan.buffer @logits {element = f32, rows = 5 : i64, row_shape = array<i64: 512>, bytes = [#plan.size<2048, 1, 0, 0>]}
    plan.kernel @k {op = "scale", bindings = 1 : i64}
    // expected-error @below {{'plan.launch' op group is 'draft', expected 'main', 'mtp', 'mtp_step', 'mtp_draft', 'sample' or 'mtp_sample'}}
    plan.launch @k grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<buffer, out, @logits>] {group = "draft"}
  }
}

// -----

module @launch_c2 {
  plan.program attributes {producer = "", options = {}, target = #kernel.target<"cpu", cpu = "x86-64-v3", features = [], vector_bits = 256>, model = #v4.model<vocab = 512, hidden = 256, layers = 1, window = 128, eos = 1, mtp = false, digest = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef">, envelope = #v4.envelope<tokens = 256, sequences = 4, context = 4096, draft = 0>, logits = @logits} {
    plan.buffer @logits {element = f32, rows = 5 : i64, row_shape = array<i64: 512>, bytes = [#plan.size<2048, 1, 0, 0>]}
    plan.kernel @k {op = "scale", bindings = 1 : i64}
    // expected-error @below {{'plan.launch' op layer = -2, expected a layer, or -1 for none}}
    plan.launch @k grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<buffer, out, @logits>] {group = "main", layer = -2 : i64}
  }
}

// -----

module @launch_c2 {
  plan.program attributes {producer = "", options = {}, target = #kernel.target<"cpu", cpu = "x86-64-v3", features = [], vector_bits = 256>, model = #v4.model<vocab = 512, hidden = 256, layers = 1, window = 128, eos = 1, mtp = false, digest = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef">, envelope = #v4.envelope<tokens = 256, sequences = 4, context = 4096, draft = 0>, logits = @logits} {
    plan.buffer @logits {element = f32, rows = 5 : i64, row_shape = array<i64: 512>, bytes = [#plan.size<2048, 1, 0, 0>]}
    plan.kernel @k {op = "scale", bindings = 1 : i64}
    // expected-error @below {{'plan.launch' op rank = -1, expected at least 0}}
    plan.launch @k grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<buffer, out, @logits>] {group = "main", rank = -1 : i64}
  }
}

// -----

module @launch_c3 {
  plan.program attributes {producer = "", options = {}, target = #kernel.target<"cpu", cpu = "x86-64-v3", features = [], vector_bits = 256>, model = #v4.model<vocab = 512, hidden = 256, layers = 1, window = 128, eos = 1, mtp = false, digest = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef">, envelope = #v4.envelope<tokens = 256, sequences = 4, context = 4096, draft = 0>, logits = @logits} {
    plan.buffer @logits {element = f32, rows = 5 : i64, row_shape = array<i64: 512>, bytes = [#plan.size<2048, 1, 0, 0>]}
    plan.kernel @k {op = "scale", bindings = 1 : i64}
    // expected-error @below {{'plan.launch' op kernel is @missing, expected the name of a plan.kernel}}
    plan.launch @missing grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<buffer, out, @logits>] {group = "main"}
  }
}

// -----

module @launch_c3 {
  plan.program attributes {producer = "", options = {}, target = #kernel.target<"cpu", cpu = "x86-64-v3", features = [], vector_bits = 256>, model = #v4.model<vocab = 512, hidden = 256, layers = 1, window = 128, eos = 1, mtp = false, digest = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef">, envelope = #v4.envelope<tokens = 256, sequences = 4, context = 4096, draft = 0>, logits = @logits} {
    plan.buffer @logits {element = f32, rows = 5 : i64, row_shape = array<i64: 512>, bytes = [#plan.size<2048, 1, 0, 0>]}
    plan.kernel @k {op = "scale", bindings = 1 : i64}
    // expected-error @below {{'plan.launch' op kernel is @logits, expected the name of a plan.kernel}}
    plan.launch @logits grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<buffer, out, @logits>] {group = "main"}
  }
}

// -----

module @launch_c4 {
  plan.program attributes {producer = "", options = {}, target = #kernel.target<"cpu", cpu = "x86-64-v3", features = [], vector_bits = 256>, model = #v4.model<vocab = 512, hidden = 256, layers = 1, window = 128, eos = 1, mtp = false, digest = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef">, envelope = #v4.envelope<tokens = 256, sequences = 4, context = 4096, draft = 0>, logits = @logits} {
    plan.buffer @logits {element = f32, rows = 5 : i64, row_shape = array<i64: 512>, bytes = [#plan.size<2048, 1, 0, 0>]}
    plan.kernel @k {op = "scale", bindings = 1 : i64}
    // expected-error @below {{'plan.launch' op has 2 bindings, expected 1, those of kernel @k}}
    plan.launch @k grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<step, in, @step>, #plan.binding<buffer, out, @logits>] {group = "main"}
  }
}

// -----

module @launch_c5 {
  plan.program attributes {producer = "", options = {}, target = #kernel.target<"cpu", cpu = "x86-64-v3", features = [], vector_bits = 256>, model = #v4.model<vocab = 512, hidden = 256, layers = 1, window = 128, eos = 1, mtp = false, digest = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef">, envelope = #v4.envelope<tokens = 256, sequences = 4, context = 4096, draft = 0>, logits = @logits} {
    plan.buffer @logits {element = f32, rows = 5 : i64, row_shape = array<i64: 512>, bytes = [#plan.size<2048, 1, 0, 0>]}
    plan.kernel @k {op = "scale", bindings = 1 : i64}
    // expected-error @below {{'plan.launch' op binding 0 is @missing, expected the name of a plan.weight}}
    plan.launch @k grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<weight, in, @missing>] {group = "main"}
  }
}

// -----

module @launch_c5 {
  plan.program attributes {producer = "", options = {}, target = #kernel.target<"cpu", cpu = "x86-64-v3", features = [], vector_bits = 256>, model = #v4.model<vocab = 512, hidden = 256, layers = 1, window = 128, eos = 1, mtp = false, digest = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef">, envelope = #v4.envelope<tokens = 256, sequences = 4, context = 4096, draft = 0>, logits = @logits} {
    plan.buffer @logits {element = f32, rows = 5 : i64, row_shape = array<i64: 512>, bytes = [#plan.size<2048, 1, 0, 0>]}
    plan.kernel @k {op = "scale", bindings = 1 : i64}
    // expected-error @below {{'plan.launch' op binding 0 is @logits, expected the name of a plan.pool}}
    plan.launch @k grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<pool, in, @logits>] {group = "main"}
  }
}

// -----

module @launch_c5 {
  plan.program attributes {producer = "", options = {}, target = #kernel.target<"cpu", cpu = "x86-64-v3", features = [], vector_bits = 256>, model = #v4.model<vocab = 512, hidden = 256, layers = 1, window = 128, eos = 1, mtp = false, digest = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef">, envelope = #v4.envelope<tokens = 256, sequences = 4, context = 4096, draft = 0>, logits = @logits} {
    plan.buffer @logits {element = f32, rows = 5 : i64, row_shape = array<i64: 512>, bytes = [#plan.size<2048, 1, 0, 0>]}
    plan.kernel @k {op = "scale", bindings = 1 : i64}
    // expected-error @below {{'plan.launch' op binding 0 is @k, expected the name of a plan.buffer}}
    plan.launch @k grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<buffer, in, @k>] {group = "main"}
  }
}

// -----

module @launch_c6 {
  plan.program attributes {producer = "", options = {}, target = #kernel.target<"cpu", cpu = "x86-64-v3", features = [], vector_bits = 256>, model = #v4.model<vocab = 512, hidden = 256, layers = 1, window = 128, eos = 1, mtp = false, digest = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef">, envelope = #v4.envelope<tokens = 256, sequences = 4, context = 4096, draft = 0>, logits = @logits} {
    plan.buffer @logits {element = f32, rows = 5 : i64, row_shape = array<i64: 512>, bytes = [#plan.size<2048, 1, 0, 0>]}
    plan.kernel @k {op = "scale", bindings = 2 : i64}
    // expected-error @below {{'plan.launch' op writes @logits, which is bound 2 times, expected once: ranges of workgroups run concurrently}}
    plan.launch @k grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<buffer, in, @logits>, #plan.binding<buffer, out, @logits>] {group = "main"}
  }
}

// -----

module @probe_c1 {
  plan.program attributes {producer = "", options = {}, target = #kernel.target<"cpu", cpu = "x86-64-v3", features = [], vector_bits = 256>, model = #v4.model<vocab = 512, hidden = 256, layers = 1, window = 128, eos = 1, mtp = false, digest = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef">, envelope = #v4.envelope<tokens = 256, sequences = 4, context = 4096, draft = 0>, logits = @logits} {
    plan.buffer @logits {element = f32, rows = 5 : i64, row_shape = array<i64: 512>, bytes = [#plan.size<2048, 1, 0, 0>]}
    plan.kernel @k {op = "scale", bindings = 1 : i64}
    plan.launch @k grid #kernel.grid<rows = 1, tile = 1, tiles = 1> bindings [#plan.binding<buffer, out, @logits>] {group = "main"}
    // expected-error @below {{'plan.probe' op buffer is @k, expected the name of a plan.buffer}}
    plan.probe "x" of @k after 0
  }
}
