// REQUIRES: ptxas
// RUN: rm -rf %t && mkdir -p %t
// RUN: v4-opt %s --v4-compile-kernels="threads=2 dump-kernels-to=%t" | FileCheck %s
// RUN: FileCheck %s --check-prefix=PTX --input-file=%t/dot_0.ptx
// RUN: FileCheck %s --check-prefix=SCRATCH --input-file=%t/scratch_0.ptx

// The functions are gone; how a block looks and where its cubin lies is in the plan.
// CHECK: plan.kernel @dot_0 {bindings = 4 : i64, block = #plan.block<threads = 16, shared_bytes = 0, cluster = 1, registers = {{[1-9][0-9]*}}, image = 0 : {{[1-9][0-9]*}}>{{.*}}stack_bytes = 0 : i64
// CHECK: plan.kernel @scratch_0 {{.*}}shared_bytes = 4096, {{.*}}image = {{[1-9][0-9]*}} :
// CHECK: plan.code dense<"0x7F454C46{{[0-9A-F]+}}"> : tensor<{{[0-9]+}}xi8>
// CHECK-NOT: func.func
plan.program attributes {
  producer = "v4c 0.1.0", options = {},
  target = #kernel.target<"cuda:sm_90a", cpu = "sm_90a", features = [], vector_bits = 128, limits = <threads = 1024, shared_bytes = 232448, registers = 65536, processors = 132>>,
  model = #v4.model<vocab = 512, hidden = 256, layers = 1, window = 128, eos = 1, mtp = false, digest = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef">,
  envelope = #v4.envelope<tokens = 256, sequences = 4, context = 4096, draft = 0>,
  logits = @logits
} {
  plan.buffer @logits {element = f32, rows = 5 : i64, row_shape = array<i64: 512>, bytes = [#plan.size<2048, 1, 0, 0>]}
  plan.kernel @dot_0 {op = "linear", bindings = 4 : i64}
  plan.kernel @scratch_0 {op = "copy", bindings = 2 : i64}
}

// A block per workgroup; those behind the end leave. Products and sums are rounded as they are written: an fma is one
// rounding, a product and a sum are two.
// PTX: .target sm_90a
// PTX: .visible .entry dot_0(
// PTX-DAG: mov.u32 {{.*}}%ctaid.x
// PTX-DAG: mov.u32 {{.*}}%tid.x
// PTX-DAG: fma.rn.f32
// PTX-DAG: mul.rn.f32
// PTX-DAG: add.rn.f32
// PTX: st.global
// PTX-NOT: call
// PTX-NOT: .local
func.func @dot_0(%begin: index, %end: index, %x: memref<?x64xf32>, %w: memref<64xf32>, %scale: memref<16xf32>, %y: memref<?x16xf32>) attributes {kernel.entry, kernel.op = "linear"} {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c16 = arith.constant 16 : index
  %c64 = arith.constant 64 : index
  %zero = arith.constant dense<0.0> : vector<16xf32>
  scf.for %g = %begin to %end step %c1 {
    %sum = scf.for %k = %c0 to %c64 step %c16 iter_args(%a = %zero) -> vector<16xf32> {
      %values = vector.load %x[%g, %k] : memref<?x64xf32>, vector<16xf32>
      %weights = vector.load %w[%k] : memref<64xf32>, vector<16xf32>
      %next = math.fma %values, %weights, %a : vector<16xf32>
      scf.yield %next : vector<16xf32>
    }
    %s = vector.load %scale[%c0] : memref<16xf32>, vector<16xf32>
    %product = arith.mulf %sum, %s : vector<16xf32>
    %result = arith.addf %product, %s : vector<16xf32>
    vector.store %result, %y[%g, %c0] : memref<?x16xf32>, vector<16xf32>
  }
  return
}

// Scratch lies in the block's dynamic shared memory.
// SCRATCH: .extern .shared .align 64 .b8 v4_scratch[]
// SCRATCH: .visible .entry scratch_0(
// SCRATCH: st.shared
// SCRATCH: ld.shared
// SCRATCH-NOT: .local
func.func @scratch_0(%begin: index, %end: index, %x: memref<?x1024xf32>, %y: memref<?x1024xf32>) attributes {kernel.entry, kernel.op = "copy"} {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c1023 = arith.constant 1023 : index
  %c1024 = arith.constant 1024 : index
  %rows = memref.alloca() : memref<1024xf32>
  scf.for %g = %begin to %end step %c1 {
    scf.for %i = %c0 to %c1024 step %c1 {
      %v = memref.load %x[%g, %i] : memref<?x1024xf32>
      memref.store %v, %rows[%i] : memref<1024xf32>
    }
    scf.for %i = %c0 to %c1024 step %c1 {
      %j = arith.subi %c1023, %i : index
      %v = memref.load %rows[%j] : memref<1024xf32>
      memref.store %v, %y[%g, %i] : memref<?x1024xf32>
    }
  }
  return
}
