// The contracts of KernelMoveContracts.td and KernelCacheContracts.td, printed and parsed again.
// RUN: v4-opt %s | v4-opt | FileCheck %s
// RUN: v4-opt %s --mlir-print-op-generic | v4-opt | FileCheck %s

// CHECK-LABEL: @moves
func.func @moves(%b: index, %e: index, %n: memref<?xi64>, %i: memref<?xi32>, %x: memref<?xbf16>, %o: memref<?xbf16>, %t: memref<?xf32>, %p: memref<?xi8>) attributes {kernel.entry, kernel.op = "embed"} {
  // CHECK: kernel.gather_rows range %{{.*}} %{{.*}} grid <rows = 1, tile = 1, tiles = 8> step %{{.*}} %{{.*}} from %{{.*}} out %{{.*}} {copies = 4 : i64, width = 4096 : i64}
  kernel.gather_rows range %b %e grid <rows = 1, tile = 1, tiles = 8> step %n %i from %x out %o {width = 4096, copies = 4} : memref<?xi64>, memref<?xi32>, memref<?xbf16>, memref<?xbf16>
  // CHECK: kernel.previous_rows range {{.*}} x %{{.*}} pool %{{.*}} out %{{.*}} {ring_rows = 2 : i64, width = 1024 : i64}
  kernel.previous_rows range %b %e grid <rows = 1, tile = 1, tiles = 2> step %n %i %i %i %n x %x pool %p out %o {width = 1024, ring_rows = 2} : memref<?xi64>, memref<?xi32>, memref<?xi32>, memref<?xi32>, memref<?xi64>, memref<?xbf16>, memref<?xi8>, memref<?xbf16>
  // CHECK: kernel.sum_rows range {{.*}} x %{{.*}} y %{{.*}} out %{{.*}} {inner = 4 : i64, terms = 6 : i64, width = 1024 : i64}
  kernel.sum_rows range %b %e grid <rows = 1, tile = 1, tiles = 8> counts %n x %x y %x out %o {width = 1024, inner = 4, terms = 6} : memref<?xi64>, memref<?xbf16> y memref<?xbf16>, memref<?xbf16>
  // CHECK: kernel.sum_rows range {{.*}} x %{{.*}} out %{{.*}} {factor = 2.500000e-01 : f32
  kernel.sum_rows range %b %e grid <rows = 1, tile = 1, tiles = 1> counts %n x %x out %o {width = 90, inner = 1, terms = 1, factor = 2.5e-01 : f32} : memref<?xi64>, memref<?xbf16>, memref<?xbf16>
  // CHECK: kernel.rope_table range {{.*}} step %{{.*}} %{{.*}} out %{{.*}} {freqs = dense<[1.000000e+00, 5.000000e-01]> : tensor<2xf32>, offset = -1 : i64, stride = 4 : i64}
  kernel.rope_table range %b %e grid <rows = 3, tile = 1, tiles = 1> step %n %i out %t {freqs = dense<[1.0, 0.5]> : tensor<2xf32>, stride = 4, offset = -1} : memref<?xi64>, memref<?xi32>, memref<?xf32>
  return
}

// CHECK-LABEL: @routing
func.func @routing(%b: index, %e: index, %n: memref<?xi64>, %l: memref<?xf32>, %i: memref<?xi32>, %w: memref<?xf32>) attributes {kernel.entry, kernel.op = "route"} {
  // CHECK: kernel.route range {{.*}} logits %{{.*}} bias %{{.*}} out %{{.*}} %{{.*}} {{.*}}normalize
  kernel.route range %b %e grid <rows = 1, tile = 1, tiles = 1> counts %n logits %l bias %l out %i %w {count = 256, active = 6, factor = 1.5 : f32, normalize} : memref<?xi64>, memref<?xf32> bias memref<?xf32>, memref<?xi32>, memref<?xf32>
  // CHECK: kernel.route range {{.*}} logits %{{.*}} table %{{.*}} %{{.*}} out %{{.*}} %{{.*}}
  kernel.route range %b %e grid <rows = 1, tile = 1, tiles = 1> counts %n logits %l table %i %i out %i %w {count = 256, active = 6, factor = 1.5 : f32} : memref<?xi64>, memref<?xf32> table memref<?xi32>, memref<?xi32>, memref<?xi32>, memref<?xf32>
  // CHECK: kernel.dispatch range {{.*}} of %{{.*}} out %{{.*}} %{{.*}} %{{.*}} {active = 6 : i64, count = 256 : i64}
  kernel.dispatch range %b %e grid <rows = 0, tile = 1, tiles = 1> counts %n of %i out %i %i %i {count = 256, active = 6} : memref<?xi64>, memref<?xi32>, memref<?xi32>, memref<?xi32>, memref<?xi32>
  return
}

// CHECK-LABEL: @caches
func.func @caches(%b: index, %e: index, %n: memref<?xi64>, %i: memref<?xi32>, %x: memref<?xbf16>, %f: memref<?xf32>, %p: memref<?xi8>, %q: memref<?xi8>) attributes {kernel.entry, kernel.op = "append_rows"} {
  // CHECK: kernel.append_rows range {{.*}} x %{{.*}} pool %{{.*}} {format = f8E4M3FN
  kernel.append_rows range %b %e grid <rows = 3, tile = 1, tiles = 1> step %n %i %i %n x %x pool %p {format = f8E4M3FN, width = 256, rope = 64, pool_rows = 32, row_bytes = 328, offset = 0} : memref<?xi64>, memref<?xi32>, memref<?xi32>, memref<?xi64>, memref<?xbf16>, memref<?xi8>
  // CHECK: kernel.append_rows range {{.*}} ring %{{.*}} %{{.*}} x %{{.*}} second %{{.*}} pool %{{.*}} {format = f32
  kernel.append_rows range %b %e grid <rows = 1, tile = 1, tiles = 1> step %n %i %i %n ring %i %i x %f second %f pool %p {format = f32, width = 256, rope = 0, pool_rows = 8, row_bytes = 2048, offset = -1} : memref<?xi64>, memref<?xi32>, memref<?xi32>, memref<?xi64> ring memref<?xi32>, memref<?xi32>, memref<?xf32> second memref<?xf32>, memref<?xi8>
  // CHECK: kernel.compress_append range {{.*}} of %{{.*}} norm %{{.*}} rope %{{.*}} into %{{.*}} {{.*}}hadamard
  kernel.compress_append range %b %e grid <rows = 3, tile = 1, tiles = 1> step %n %i %i %i %i %n %n of %f %f %f %p norm %x rope %f into %q {format = f4E2M1FN, ratio = 4, dim = 128, rotary = 64, rope = 0, ring_rows = 8, pool_rows = 32, row_bytes = 68, eps = 1.0e-06 : f32, hadamard} : memref<?xi64>, memref<?xi32>, memref<?xi32>, memref<?xi32>, memref<?xi32>, memref<?xi64>, memref<?xi64>, memref<?xf32>, memref<?xf32>, memref<?xf32>, memref<?xi8>, memref<?xbf16>, memref<?xf32>, memref<?xi8>
  return
}
