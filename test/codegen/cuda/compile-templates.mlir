// REQUIRES: ptxas, nvcc
// RUN: rm -rf %t && mkdir -p %t
// RUN: v4-opt %s --v4-compile-kernels="threads=2 dump-kernels-to=%t" | FileCheck %s
// RUN: FileCheck %s --check-prefix=PTX --input-file=%t/bf16Linear_64_1_8_1.ptx
// RUN: FileCheck %s --check-prefix=PTXAS --input-file=%t/bf16Linear_64_1_8_1.ptxas
// RUN: FileCheck %s --check-prefix=SPLIT --input-file=%t/splitBf16Linear_16_1_9_1_8.ptx
// RUN: not ls %t/linear_0.ptx

// Two kernels share one image; what differs is in their calls.
// CHECK: plan.kernel @linear_0 {{.*}}block = #plan.block<threads = 160, shared_bytes = 139392, cluster = 1, registers = {{[1-9][0-9]*}}, image = 0 : [[BYTES:[0-9]+]], call = <"bf16Linear_64_1_8_1", most = 132, arguments = [{{.*}}#kernel.argument<word, binding = -1, value = 512>
// CHECK: plan.kernel @linear_1 {{.*}}image = 0 : [[BYTES]], call = <"bf16Linear_64_1_8_1", most = 132, arguments = [{{.*}}#kernel.argument<word, binding = -1, value = 64>
// Instances for few rows are compiled too; the one for all others is that of the other kernels.
// CHECK: plan.kernel @linear_2 {{.*}}block = #plan.block<{{.*}}image = 0 : [[BYTES]], call = <"bf16Linear_64_1_8_1", {{.*}}variants = [#plan.variant<most_rows = 8, tile = 8, tiles = 1, block = <threads = 160, shared_bytes = 205120, cluster = 1, registers = {{[1-9][0-9]*}}, image = {{[1-9][0-9]*}} : {{[0-9]+}}, call = <"bf16Linear_8_1_20_1", most = 132, arguments = [#kernel.argument<map, binding = 0, value = 1, map = <bf16, columns = 256, box = 8 : 64, swizzle = 128>>
// Blocks of a cluster share a sum; the driver takes their number from the code.
// CHECK: plan.kernel @linear_3 {{.*}}block = #plan.block<threads = 160, shared_bytes = 104528, cluster = 8, {{.*}}call = <"splitBf16Linear_64_1_5_1_8", most = 0, {{.*}}variants = [#plan.variant<most_rows = 16, tile = 16, tiles = 8, block = <threads = 160, shared_bytes = {{[0-9]+}}, cluster = 8,
// CHECK: plan.kernel @copy_0 {{.*}}image = {{[1-9][0-9]*}} : {{[0-9]+}}>
// CHECK-NOT: func.func
plan.program attributes {
  producer = "v4c 0.1.0", options = {},
  target = #kernel.target<"cuda:sm_90a", cpu = "sm_90a", features = [], vector_bits = 128, limits = <threads = 1024, shared_bytes = 232448, registers = 65536, processors = 132>>,
  model = #v4.model<vocab = 512, hidden = 256, layers = 1, window = 128, eos = 1, mtp = false, digest = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef">,
  envelope = #v4.envelope<tokens = 256, sequences = 4, context = 4096, draft = 0>,
  logits = @logits
} {
  plan.buffer @logits {element = f32, rows = 5 : i64, row_shape = array<i64: 512>, bytes = [#plan.size<2048, 1, 0, 0>]}
  plan.kernel @linear_0 {op = "linear", bindings = 3 : i64}
  plan.kernel @linear_1 {op = "linear", bindings = 3 : i64}
  plan.kernel @linear_2 {op = "linear", bindings = 3 : i64}
  plan.kernel @linear_3 {op = "linear", bindings = 3 : i64}
  plan.kernel @copy_0 {op = "copy", bindings = 2 : i64}
}

// PTX: .target sm_90a
// PTX: .visible .entry bf16Linear_64_1_8_1(
// PTX-NOT: call
// PTX-DAG: cp.async.bulk.tensor.2d
// PTX-DAG: cp.async.bulk.shared
// PTX-DAG: mbarrier.try_wait
// PTX-DAG: wgmma.mma_async.sync.aligned.m64n64k16.f32.bf16.bf16
// PTXAS: 0 bytes spill stores, 0 bytes spill loads
func.func @linear_0(%begin: index, %end: index, %x: memref<?xbf16>, %w: memref<?xbf16>, %y: memref<?xf32>) attributes {kernel.entry, kernel.op = "linear"} {
  kernel.run_template "bf16Linear" values [64, 1, 8, 1] arguments [#kernel.argument<map, binding = 0, value = 1, map = <bf16, columns = 256, box = 64 : 64, swizzle = 128>>, #kernel.argument<address, binding = 1, value = 0>, #kernel.argument<address, binding = 2, value = 0>, #kernel.argument<rows, binding = -1, value = 1>, #kernel.argument<word, binding = -1, value = 512>, #kernel.argument<word, binding = -1, value = 256>, #kernel.argument<word, binding = -1, value = 512>] most 132
  return
}

func.func @linear_1(%begin: index, %end: index, %x: memref<?xbf16>, %w: memref<?xbf16>, %y: memref<?xf32>) attributes {kernel.entry, kernel.op = "linear"} {
  kernel.run_template "bf16Linear" values [64, 1, 8, 1] arguments [#kernel.argument<map, binding = 0, value = 1, map = <bf16, columns = 256, box = 64 : 64, swizzle = 128>>, #kernel.argument<address, binding = 1, value = 0>, #kernel.argument<address, binding = 2, value = 0>, #kernel.argument<rows, binding = -1, value = 1>, #kernel.argument<word, binding = -1, value = 64>, #kernel.argument<word, binding = -1, value = 256>, #kernel.argument<word, binding = -1, value = 64>] most 132
  return
}

func.func @linear_2(%begin: index, %end: index, %x: memref<?xbf16>, %w: memref<?xbf16>, %y: memref<?xf32>) attributes {kernel.entry, kernel.op = "linear"} {
  kernel.run_template "bf16Linear" values [8, 1, 20, 1] arguments [#kernel.argument<map, binding = 0, value = 1, map = <bf16, columns = 256, box = 8 : 64, swizzle = 128>>, #kernel.argument<address, binding = 1, value = 0>, #kernel.argument<address, binding = 2, value = 0>, #kernel.argument<rows, binding = -1, value = 1>, #kernel.argument<word, binding = -1, value = 64>, #kernel.argument<word, binding = -1, value = 256>, #kernel.argument<word, binding = -1, value = 64>] most 132 few <most = 8, tile = 8, tiles = 1>
  kernel.run_template "bf16Linear" values [64, 1, 8, 1] arguments [#kernel.argument<map, binding = 0, value = 1, map = <bf16, columns = 256, box = 64 : 64, swizzle = 128>>, #kernel.argument<address, binding = 1, value = 0>, #kernel.argument<address, binding = 2, value = 0>, #kernel.argument<rows, binding = -1, value = 1>, #kernel.argument<word, binding = -1, value = 64>, #kernel.argument<word, binding = -1, value = 256>, #kernel.argument<word, binding = -1, value = 64>] most 132
  return
}

// SPLIT: .visible .entry splitBf16Linear_16_1_9_1_8(
// SPLIT: .reqnctapercluster 8, 1, 1
// SPLIT-NOT: call
// SPLIT: wgmma.mma_async.sync.aligned.m64n16k16.f32.bf16.bf16
// SPLIT: barrier.cluster.arrive.release
// SPLIT-NEXT: barrier.cluster.wait.acquire
// SPLIT-COUNT-8: ld.shared::cluster.f32
// SPLIT-NOT: atom
// SPLIT: barrier.cluster.arrive.release
// SPLIT-NOT: atom
func.func @linear_3(%begin: index, %end: index, %x: memref<?xbf16>, %w: memref<?xbf16>, %y: memref<?xf32>) attributes {kernel.entry, kernel.op = "linear"} {
  kernel.run_template "splitBf16Linear" values [16, 1, 9, 1, 8] arguments [#kernel.argument<map, binding = 0, value = 1, map = <bf16, columns = 2048, box = 16 : 64, swizzle = 128>>, #kernel.argument<address, binding = 1, value = 0>, #kernel.argument<address, binding = 2, value = 0>, #kernel.argument<rows, binding = -1, value = 1>, #kernel.argument<word, binding = -1, value = 64>, #kernel.argument<word, binding = -1, value = 2048>, #kernel.argument<word, binding = -1, value = 64>] most 0 few <most = 16, tile = 16, tiles = 8>
  kernel.run_template "splitBf16Linear" values [64, 1, 5, 1, 8] arguments [#kernel.argument<map, binding = 0, value = 1, map = <bf16, columns = 2048, box = 64 : 64, swizzle = 128>>, #kernel.argument<address, binding = 1, value = 0>, #kernel.argument<address, binding = 2, value = 0>, #kernel.argument<rows, binding = -1, value = 1>, #kernel.argument<word, binding = -1, value = 64>, #kernel.argument<word, binding = -1, value = 2048>, #kernel.argument<word, binding = -1, value = 64>] most 0
  return
}

func.func @copy_0(%begin: index, %end: index, %x: memref<?xf32>, %y: memref<?xf32>) attributes {kernel.entry, kernel.op = "copy"} {
  %c1 = arith.constant 1 : index
  scf.for %g = %begin to %end step %c1 {
    %v = memref.load %x[%g] : memref<?xf32>
    memref.store %v, %y[%g] : memref<?xf32>
  }
  return
}
