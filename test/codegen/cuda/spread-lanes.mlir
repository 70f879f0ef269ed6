// REQUIRES: ptxas
// RUN: rm -rf %t && mkdir -p %t
// RUN: v4-opt %s --v4-compile-kernels="threads=2 dump-kernels-to=%t" | FileCheck %s
// RUN: FileCheck %s --check-prefix=NORM --input-file=%t/norm_0.ptx
// RUN: FileCheck %s --check-prefix=TURN --input-file=%t/turn_0.ll
// RUN: FileCheck %s --check-prefix=MIRROR --input-file=%t/mirror_0.ptx
// RUN: FileCheck %s --check-prefix=WIDE --input-file=%t/wide_0.ll
// RUN: FileCheck %s --check-prefix=ROWS --input-file=%t/rows_0.ptx
// RUN: FileCheck %s --check-prefix=LOOP --input-file=%t/loop_0.ptx

// CHECK-DAG: plan.kernel @norm_0 {{.*}}<threads = 16, shared_bytes = 0,
// CHECK-DAG: plan.kernel @turn_0 {{.*}}<threads = 16,
// CHECK-DAG: plan.kernel @mirror_0 {{.*}}<threads = 64, shared_bytes = 64,
// CHECK-DAG: plan.kernel @wide_0 {{.*}}<threads = 1,
// CHECK-DAG: plan.kernel @rows_0 {{.*}}<threads = 16,
// CHECK-DAG: plan.kernel @loop_0 {{.*}}<threads = 128, shared_bytes = 4096,
plan.program attributes {
  producer = "v4c 0.1.0", options = {},
  target = #kernel.target<"cuda:sm_90a", cpu = "sm_90a", features = [], vector_bits = 128, limits = <threads = 1024, shared_bytes = 232448, registers = 65536, processors = 132>>,
  model = #v4.model<vocab = 512, hidden = 256, layers = 1, window = 128, eos = 1, mtp = false, digest = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef">,
  envelope = #v4.envelope<tokens = 256, sequences = 4, context = 4096, draft = 0>,
  logits = @logits
} {
  plan.buffer @logits {element = f32, rows = 5 : i64, row_shape = array<i64: 512>, bytes = [#plan.size<2048, 1, 0, 0>]}
  plan.kernel @norm_0 {op = "norm", bindings = 3 : i64}
  plan.kernel @turn_0 {op = "turn", bindings = 2 : i64}
  plan.kernel @mirror_0 {op = "mirror", bindings = 2 : i64}
  plan.kernel @wide_0 {op = "wide", bindings = 2 : i64}
  plan.kernel @rows_0 {op = "rows", bindings = 3 : i64}
  plan.kernel @loop_0 {op = "loop", bindings = 2 : i64}
}

// An element a lane; the sum's tree is an exchange a level; all lanes have the sum and one stores it.
// NORM: .maxntid 16
// NORM-DAG: %tid.x
// NORM-DAG: ld.global.nc.b32
// NORM-NOT: bar.warp.sync
// NORM: shfl.sync.bfly.b32 {{.*}}, 8, 31, 65535
// NORM: shfl.sync.bfly.b32 {{.*}}, 4, 31, 65535
// NORM: shfl.sync.bfly.b32 {{.*}}, 2, 31, 65535
// NORM: shfl.sync.idx.b32 {{.*}}, 0, 31, 65535
// NORM: shfl.sync.idx.b32 {{.*}}, 1, 31, 65535
// NORM: setp.ne.b32 [[OTHER:%p[0-9]+]], {{%r[0-9]+}}, 0
// NORM: @[[OTHER]] bra
// NORM: st.global.b32
// NORM-NOT: bar.warp.sync
func.func @norm_0(%begin: index, %end: index, %x: memref<?x64xf32>, %y: memref<?x64xf32>, %z: memref<?xf32>) attributes {kernel.entry, kernel.op = "norm"} {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c16 = arith.constant 16 : index
  %c64 = arith.constant 64 : index
  %zero = arith.constant dense<0.0> : vector<16xf32>
  scf.for %g = %begin to %end step %c1 {
    %sum = scf.for %k = %c0 to %c64 step %c16 iter_args(%a = %zero) -> vector<16xf32> {
      %values = vector.load %x[%g, %k] : memref<?x64xf32>, vector<16xf32>
      %next = math.fma %values, %values, %a : vector<16xf32>
      scf.yield %next : vector<16xf32>
    }
    %l8 = vector.extract_strided_slice %sum {offsets = [0], sizes = [8], strides = [1]} : vector<16xf32> to vector<8xf32>
    %h8 = vector.extract_strided_slice %sum {offsets = [8], sizes = [8], strides = [1]} : vector<16xf32> to vector<8xf32>
    %s8 = arith.addf %l8, %h8 : vector<8xf32>
    %l4 = vector.extract_strided_slice %s8 {offsets = [0], sizes = [4], strides = [1]} : vector<8xf32> to vector<4xf32>
    %h4 = vector.extract_strided_slice %s8 {offsets = [4], sizes = [4], strides = [1]} : vector<8xf32> to vector<4xf32>
    %s4 = arith.addf %l4, %h4 : vector<4xf32>
    %l2 = vector.extract_strided_slice %s4 {offsets = [0], sizes = [2], strides = [1]} : vector<4xf32> to vector<2xf32>
    %h2 = vector.extract_strided_slice %s4 {offsets = [2], sizes = [2], strides = [1]} : vector<4xf32> to vector<2xf32>
    %s2 = arith.addf %l2, %h2 : vector<2xf32>
    %a = vector.extract %s2[0] : f32 from vector<2xf32>
    %b = vector.extract %s2[1] : f32 from vector<2xf32>
    %s = arith.addf %a, %b : f32
    memref.store %s, %z[%g] : memref<?xf32>
    %all = vector.broadcast %s : f32 to vector<16xf32>
    scf.for %k = %c0 to %c64 step %c16 {
      %values = vector.load %x[%g, %k] : memref<?x64xf32>, vector<16xf32>
      %scaled = arith.mulf %values, %all : vector<16xf32>
      vector.store %scaled, %y[%g, %k] : memref<?x64xf32>, vector<16xf32>
    }
  }
  return
}

// Even and odd elements of two vectors: the lanes' partners are four bits each of one constant; lanes from 8 on store nothing.
// TURN: ; 1 group of 16 lanes
// TURN: call {{.*}}@llvm.nvvm.shfl.sync.idx.f32(i32 65535,
// TURN-DAG: icmp {{(samesign )?}}ult i32 %{{.*}}, 8
// TURN-DAG: store float
func.func @turn_0(%begin: index, %end: index, %x: memref<?x16xf32>, %y: memref<?x8xf32>) attributes {kernel.entry, kernel.op = "turn"} {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  scf.for %g = %begin to %end step %c1 {
    %v = vector.load %x[%g, %c0] : memref<?x16xf32>, vector<16xf32>
    %even = vector.shuffle %v, %v [0, 2, 4, 6, 8, 10, 12, 14] : vector<16xf32>, vector<16xf32>
    %odd = vector.shuffle %v, %v [1, 3, 5, 7, 9, 11, 13, 15] : vector<16xf32>, vector<16xf32>
    %product = arith.mulf %even, %odd : vector<8xf32>
    vector.store %product, %y[%g, %c0] : memref<?x8xf32>, vector<8xf32>
  }
  return
}

// What one lane stored others load, of all groups that share the loop: a barrier of the block is between them.
// MIRROR: st.shared
// MIRROR: bar.sync 0;
// MIRROR: ld.shared
func.func @mirror_0(%begin: index, %end: index, %x: memref<?x16xf32>, %y: memref<?x16xf32>) attributes {kernel.entry, kernel.op = "mirror"} {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c15 = arith.constant 15 : index
  %c16 = arith.constant 16 : index
  %row = memref.alloca() : memref<16xf32>
  scf.for %g = %begin to %end step %c1 {
    %v = vector.load %x[%g, %c0] : memref<?x16xf32>, vector<16xf32>
    vector.store %v, %row[%c0] : memref<16xf32>, vector<16xf32>
    scf.for %i = %c0 to %c16 step %c1 {
      %j = arith.subi %c15, %i : index
      %e = memref.load %row[%j] : memref<16xf32>
      memref.store %e, %y[%g, %i] : memref<?x16xf32>
    }
  }
  return
}

// Longer vectors than lanes stay the work of one thread, and the dump says why.
// WIDE: ; one thread: no lanes for '{{.*}}<64 x
// WIDE: "nvvm.maxntid"="1"
func.func @wide_0(%begin: index, %end: index, %x: memref<?x64xf32>, %y: memref<?x64xf32>) attributes {kernel.entry, kernel.op = "wide"} {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  scf.for %g = %begin to %end step %c1 {
    %v = vector.load %x[%g, %c0] : memref<?x64xf32>, vector<64xf32>
    %w = arith.addf %v, %v : vector<64xf32>
    vector.store %w, %y[%g, %c0] : memref<?x64xf32>, vector<64xf32>
  }
  return
}

// Values of a cache row lie at multiples of their size: whole words are loaded and stored, no bytes of them.
// ROWS-NOT: .b8
// ROWS-DAG: ld.global{{.*}}.b16
// ROWS-DAG: st.global.b32
// ROWS-NOT: .b8
func.func @rows_0(%begin: index, %end: index, %offsets: memref<?xi64>, %from: memref<?xi8>, %to: memref<?xi8>) attributes {kernel.entry, kernel.op = "rows"} {
  %c1 = arith.constant 1 : index
  scf.for %g = %begin to %end step %c1 {
    %place = memref.load %offsets[%g] : memref<?xi64>
    %offset = arith.index_cast %place : i64 to index
    %narrow = kernel.cache_load %from[%offset] : memref<?xi8> -> vector<16xbf16>
    %values = arith.extf %narrow : vector<16xbf16> to vector<16xf32>
    kernel.cache_store %values, %to[%offset] : vector<16xf32>, memref<?xi8>
  }
  return
}

// Eight groups share the rounds of two loops, of which the second needs what the first one stored. Lanes of half a
// warp give each other values.
// LOOP: .maxntid 128
// LOOP: shl.b32 [[MASK:%r[0-9]+]],
// LOOP: st.shared
// LOOP: bar.sync 0;
// LOOP: ld.shared
// LOOP: shfl.sync.bfly.b32 {{.*}}, 15, 4127, [[MASK]];
// LOOP-NOT: bar.sync
func.func @loop_0(%begin: index, %end: index, %x: memref<?x1024xf32>, %y: memref<?x1024xf32>) attributes {kernel.entry, kernel.op = "loop"} {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c16 = arith.constant 16 : index
  %c1008 = arith.constant 1008 : index
  %c1024 = arith.constant 1024 : index
  %row = memref.alloca() : memref<1024xf32>
  scf.for %g = %begin to %end step %c1 {
    scf.for %k = %c0 to %c1024 step %c16 {
      %v = vector.load %x[%g, %k] : memref<?x1024xf32>, vector<16xf32>
      %w = arith.addf %v, %v : vector<16xf32>
      vector.store %w, %row[%k] : memref<1024xf32>, vector<16xf32>
    }
    scf.for %k = %c0 to %c1024 step %c16 {
      %j = arith.subi %c1008, %k : index
      %v = vector.load %row[%j] : memref<1024xf32>, vector<16xf32>
      %w = vector.shuffle %v, %v [15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0] : vector<16xf32>, vector<16xf32>
      vector.store %w, %y[%g, %k] : memref<?x1024xf32>, vector<16xf32>
    }
  }
  return
}
