// RUN: v4-opt %s --v4-compile-kernels --split-input-file --verify-diagnostics

// expected-error @+1 {{module has kernels but no plan.program to hold their code; run the schedule passes first}}
module {
  func.func @k(%begin: index, %end: index) attributes {kernel.entry} {
    return
  }
}

// -----

// expected-error @+1 {{target is #kernel.target<"riscv", cpu = "riscv", features = [], vector_bits = 128>, expected a #kernel.target of --list-targets}}
module {
  plan.program attributes {
    producer = "", options = {},
    target = #kernel.target<"riscv", cpu = "riscv", features = [], vector_bits = 128>,
    model = #v4.model<vocab = 512, hidden = 256, layers = 1, window = 128, eos = 1, mtp = false, digest = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef">,
    envelope = #v4.envelope<tokens = 256, sequences = 4, context = 4096, draft = 0>,
    logits = @logits
  } {
    plan.buffer @logits {element = f32, rows = 5 : i64, row_shape = array<i64: 512>, bytes = [#plan.size<2048, 1, 0, 0>]}
    plan.kernel @k {op = "nothing", bindings = 1 : i64}
  }
  func.func @k(%begin: index, %end: index) attributes {kernel.entry} {
    return
  }
}

// -----

module {
  plan.program attributes {
    producer = "", options = {},
    target = #kernel.target<"cpu:x86-64-v3", cpu = "x86-64-v3", features = [], vector_bits = 256>,
    model = #v4.model<vocab = 512, hidden = 256, layers = 1, window = 128, eos = 1, mtp = false, digest = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef">,
    envelope = #v4.envelope<tokens = 256, sequences = 4, context = 4096, draft = 0>,
    logits = @logits
  } {
    plan.buffer @logits {element = f32, rows = 5 : i64, row_shape = array<i64: 512>, bytes = [#plan.size<2048, 1, 0, 0>]}
  }
  // expected-error @+1 {{kernel 'k' has no plan.kernel of that name}}
  func.func @k(%begin: index, %end: index) attributes {kernel.entry} {
    return
  }
}

// -----

// Nothing to compile, nothing to complain about.
module {
  func.func private @not_a_kernel()
}
