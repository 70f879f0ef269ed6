// The contracts of KernelStreamContracts.td and KernelRowContracts.td, printed and parsed again.
// RUN: v4-opt %s | v4-opt | FileCheck %s
// RUN: v4-opt %s --mlir-print-op-generic | v4-opt | FileCheck %s

// CHECK-LABEL: @streams
func.func @streams(%b: index, %e: index, %n: memref<?xi64>, %s: memref<?xbf16>, %f: memref<?xf32>, %m: memref<?xf32>, %y: memref<?xbf16>, %p: memref<?xf32>, %c: memref<?xf32>, %o: memref<?xbf16>) attributes {kernel.entry, kernel.op = "hc_mix"} {
  // CHECK: kernel.stream_mix range %{{.*}} %{{.*}} grid <rows = 1, tile = 32, tiles = 2> counts %{{.*}} from %{{.*}} fn %{{.*}} %{{.*}} {{.*}} :
  kernel.stream_mix range %b %e grid <rows = 1, tile = 32, tiles = 2> counts %n from %s fn %f %m {streams = 4, width = 256, outputs = 24} : memref<?xi64>, memref<?xbf16> fn memref<?xf32>, memref<?xf32>
  // CHECK: kernel.stream_mix {{.*}} from %{{.*}} after %{{.*}} %{{.*}} %{{.*}} %{{.*}} {{.*}} :
  kernel.stream_mix range %b %e grid <rows = 1, tile = 1, tiles = 1> counts %n from %s after %y %p %c %o {streams = 4, width = 256, outputs = 0} : memref<?xi64>, memref<?xbf16> after memref<?xbf16>, memref<?xf32>, memref<?xf32>, memref<?xbf16>
  // CHECK: kernel.stream_norm range {{.*}} out %{{.*}} %{{.*}} %{{.*}} %{{.*}} {{.*}} :
  kernel.stream_norm range %b %e grid <rows = 1, tile = 16, tiles = 1> counts %n mix %m from %s weights %f %f %y out %o %p %c %o {streams = 4, width = 256, parts = 2, iterations = 20, eps = 1.0e-06 : f32, hc_eps = 1.0e-06 : f32, norm_eps = 1.0e-06 : f32} : memref<?xi64>, memref<?xf32>, memref<?xbf16>, memref<?xf32>, memref<?xf32>, memref<?xbf16>, memref<?xbf16>, memref<?xf32>, memref<?xf32>, memref<?xbf16>
  // CHECK: kernel.stream_head range {{.*}} from %{{.*}} weights %{{.*}} %{{.*}} %{{.*}} out %{{.*}} {{.*}} :
  kernel.stream_head range %b %e grid <rows = 5, tile = 1, tiles = 1> counts %n from %s weights %f %f %f out %o {streams = 4, width = 256, eps = 1.0e-06 : f32, hc_eps = 1.0e-06 : f32} : memref<?xi64>, memref<?xbf16>, memref<?xf32>, memref<?xf32>, memref<?xf32>, memref<?xbf16>
  return
}

// CHECK-LABEL: @rows
func.func @rows(%b: index, %e: index, %n: memref<?xi64>, %x: memref<?xbf16>, %t: memref<?xf32>, %o: memref<?xbf16>) attributes {kernel.entry, kernel.op = "row_chain"} {
  // CHECK: kernel.row_chain range {{.*}} x %{{.*}} weight %{{.*}} table %{{.*}} out %{{.*}} keep %{{.*}} {{.*}}fp8
  kernel.row_chain range %b %e grid <rows = 1, tile = 1, tiles = 8> counts %n x %x weight %x table %t out %o keep %o {width = 256, rotary = 64, quantize = 64, prefix = 192, eps = 1.0e-06 : f32, fp8} : memref<?xi64>, memref<?xbf16> weight memref<?xbf16> table memref<?xf32>, memref<?xbf16> keep memref<?xbf16>
  // CHECK: kernel.swiglu range {{.*}} x %{{.*}} %{{.*}} weights %{{.*}} out %{{.*}} {{.*}}quantize
  kernel.swiglu range %b %e grid <rows = 1, tile = 1, tiles = 4> counts %n x %x %x weights %t out %o {width = 128, limit = 1.0e+01 : f32, quantize} : memref<?xi64>, memref<?xbf16>, memref<?xbf16> weights memref<?xf32>, memref<?xbf16>
  return
}
