// RUN: rm -rf %t && mkdir -p %t
// RUN: v4-opt %s --v4-compile-kernels="threads=2 dump-kernels-to=%t" | FileCheck %s
// RUN: FileCheck %s --check-prefix=BODY --input-file=%t/dot_fp4_0.mlir
// RUN: FileCheck %s --check-prefix=FP4 --input-file=%t/dot_fp4_0.s
// RUN: FileCheck %s --check-prefix=FP8 --input-file=%t/dot_fp8_0.s
// RUN: FileCheck %s --check-prefix=PANEL --input-file=%t/panel_fp8_0.s
// RUN: FileCheck %s --check-prefix=LANES --input-file=%t/dot_fp4_0.ll

// The functions are gone; their code and the stack they need are in the plan.
// CHECK: plan.kernel @dot_fp4_0 {{.*}}stack_bytes = {{[1-9][0-9]*}} : i64
// CHECK: plan.kernel @dot_fp8_0 {{.*}}stack_bytes = {{[1-9][0-9]*}} : i64
// CHECK: plan.kernel @panel_fp8_0 {{.*}}stack_bytes = {{[1-9][0-9]*}} : i64
// CHECK: plan.code dense<"0x7F454C46{{[0-9A-F]+}}"> : tensor<{{[0-9]+}}xi8>
// CHECK-NOT: func.func
plan.program attributes {
  producer = "v4c 0.1.0", options = {},
  target = #kernel.target<"cpu:x86-64-v4", cpu = "x86-64-v4", features = ["avx512f"], vector_bits = 512>,
  model = #v4.model<vocab = 512, hidden = 256, layers = 1, window = 128, eos = 1, mtp = false, digest = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef">,
  envelope = #v4.envelope<tokens = 256, sequences = 4, context = 4096, draft = 0>,
  logits = @logits
} {
  plan.buffer @logits {element = f32, rows = 5 : i64, row_shape = array<i64: 512>, bytes = [#plan.size<2048, 1, 0, 0>]}
  plan.kernel @dot_fp4_0 {op = "linear", bindings = 4 : i64}
  plan.kernel @dot_fp8_0 {op = "linear", bindings = 3 : i64}
  plan.kernel @panel_fp8_0 {op = "linear", bindings = 5 : i64}
}

// BODY: func.func @dot_fp4_0
// BODY: kernel.unpack

// Sixteen weights take four instructions: widen, shift, or, look up.
// FP4-LABEL: dot_fp4_0:
// FP4: vpmovzxbq {{.*}}, %zmm
// FP4-NEXT: vpsllq $28
// FP4-NEXT: vporq
// FP4-NEXT: vpermd
// FP4-NEXT: vfmadd{{.*}} %zmm

// LANES: fma.v16f32

func.func @dot_fp4_0(%begin: index, %end: index, %x: memref<?x256xf32>, %w: memref<64x128xi8>, %scales: memref<64xi8>, %y: memref<?x64x16xf32>) attributes {kernel.entry, kernel.op = "linear"} {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %c8 = arith.constant 8 : index
  %c64 = arith.constant 64 : index
  %c128 = arith.constant 128 : index
  %zero = arith.constant dense<0.0> : vector<16xf32>
  scf.for %g = %begin to %end step %c1 {
    %t = arith.divui %g, %c64 : index
    %n = arith.remui %g, %c64 : index
    %sum = scf.for %b = %c0 to %c128 step %c8 iter_args(%a = %zero) -> vector<16xf32> {
      %k = arith.muli %b, %c2 : index
      %bytes = vector.load %w[%n, %b] : memref<64x128xi8>, vector<8xi8>
      %codes = kernel.unpack %bytes : vector<8xi8> -> vector<16xi8>
      %weights = kernel.decode %codes as f4E2M1FN : vector<16xi8> -> vector<16xf32>
      %values = vector.load %x[%t, %k] : memref<?x256xf32>, vector<16xf32>
      %next = math.fma %values, %weights, %a : vector<16xf32>
      scf.yield %next : vector<16xf32>
    }
    %code = memref.load %scales[%n] : memref<64xi8>
    %scale = kernel.decode %code as f8E8M0FNU : i8 -> f32
    %lanes = vector.broadcast %scale : f32 to vector<16xf32>
    %scaled = arith.mulf %sum, %lanes : vector<16xf32>
    vector.store %scaled, %y[%t, %n, %c0] : memref<?x64x16xf32>, vector<16xf32>
  }
  return
}

// Sixteen weights take seven instructions; nothing is done lane by lane.
// FP8-LABEL: dot_fp8_0:
// FP8: vpmovsxbw {{.*}}, %ymm
// FP8-NEXT: vpsllw $7
// FP8-NEXT: vpand
// FP8-NEXT: vpaddw
// FP8-NEXT: vpternlog
// FP8-NEXT: vcvtph2ps {{.*}}, %zmm
// FP8-NEXT: vmulps
// FP8-NEXT: vfmadd{{.*}} %zmm

func.func @dot_fp8_0(%begin: index, %end: index, %x: memref<?x256xf32>, %w: memref<64x256xi8>, %y: memref<?x64x16xf32>) attributes {kernel.entry, kernel.op = "linear"} {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c16 = arith.constant 16 : index
  %c64 = arith.constant 64 : index
  %c256 = arith.constant 256 : index
  %zero = arith.constant dense<0.0> : vector<16xf32>
  scf.for %g = %begin to %end step %c1 {
    %t = arith.divui %g, %c64 : index
    %n = arith.remui %g, %c64 : index
    %sum = scf.for %k = %c0 to %c256 step %c16 iter_args(%a = %zero) -> vector<16xf32> {
      %codes = vector.load %w[%n, %k] : memref<64x256xi8>, vector<16xi8>
      %weights = kernel.decode %codes as f8E4M3FN : vector<16xi8> -> vector<16xf32>
      %values = vector.load %x[%t, %k] : memref<?x256xf32>, vector<16xf32>
      %next = math.fma %values, %weights, %a : vector<16xf32>
      scf.yield %next : vector<16xf32>
    }
    vector.store %sum, %y[%t, %n, %c0] : memref<?x64x16xf32>, vector<16xf32>
  }
  return
}

// Of a panel, the values come from memory, which takes half as many ports; the input is one of all lanes.
// PANEL-LABEL: panel_fp8_0:
// PANEL: vpsraw $1
// PANEL: vpternlog
// PANEL: vmovdqa64 %zmm{{[0-9]+}}, {{[0-9]*}}(%rsp)
// PANEL: #APP
// PANEL: vcvtph2ps {{[0-9]*}}(%rsp), %zmm
// PANEL: vfmadd{{.*}} %zmm
func.func @panel_fp8_0(%begin: index, %end: index, %x: memref<?xbf16>, %w: memref<?xi8>, %s: memref<?xi8>, %y: memref<?xbf16>, %counts: memref<?xi64>) attributes {kernel.entry, kernel.op = "linear"} {
  kernel.panel_linear range %begin %end grid <rows = 1, tile = 96, tiles = 4> counts %counts x %x weight %w scales %s out %y {format = f8E4M3FN, rows = 128, columns = 256, x_stride = 256, inner = 1, groups = 1} : memref<?xi64>, memref<?xbf16>, memref<?xi8> scales memref<?xi8>, memref<?xbf16>
  return
}
