// Every op and attribute of kernel, printed and parsed again.
// RUN: v4-opt %s | v4-opt | FileCheck %s
// RUN: v4-opt %s --mlir-print-op-generic | v4-opt | FileCheck %s

!rows = tensor<?x256xbf16, #v4.rows<tokens>>
!ring = !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64>

// CHECK: module attributes {v4.target = #kernel.target<"cpu:x86-64-v4-bf16", cpu = "znver4", features = ["avx512f", "avx512_bf16"], vector_bits = 512>}
module attributes {v4.target = #kernel.target<"cpu:x86-64-v4-bf16", cpu = "znver4", features = ["avx512f", "avx512_bf16"], vector_bits = 512>} {

func.func @rms_norm_0(%begin: index, %end: index, %x: memref<?x256xbf16>, %w: memref<256xbf16>, %y: memref<?x256xbf16>, %counts: memref<8xi64>)
    attributes {kernel.entry, kernel.op = "rms_norm"} {
  return
}

func.func @append_window_0(%begin: index, %end: index, %x: memref<?x256xbf16>, %ring: memref<?xi8>, %counts: memref<8xi64>, %offsets: memref<?xi64>)
    attributes {kernel.entry, kernel.op = "append_window"} {
  return
}

// CHECK-LABEL: @launch
// CHECK-SAME: (%[[X:[^:]*]]: {{.*}}, %[[W:[^:]*]]: {{.*}}, %[[RING:[^:]*]]: {{.*}})
func.func @launch(%x: !rows, %w: tensor<256xbf16>, %ring: !ring) {
  // CHECK: %[[Y:.*]] = kernel.launch @rms_norm_0 grid <rows = 1, tile = 8, tiles = 1> (%[[X]], %[[W]]) writes [] step [0] : (tensor<?x256xbf16, #v4.rows<tokens>>, tensor<256xbf16>) -> tensor<?x256xbf16, #v4.rows<tokens>>
  %y = kernel.launch @rms_norm_0 grid <rows = 1, tile = 8, tiles = 1> (%x, %w) writes [] step [0] : (!rows, tensor<256xbf16>) -> !rows
  // CHECK: kernel.launch @append_window_0 grid <rows = 1, tile = 1, tiles = 1> (%[[Y]], %[[RING]]) writes [1] step [0, 7] : (tensor<?x256xbf16, #v4.rows<tokens>>, !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64>) -> ()
  kernel.launch @append_window_0 grid <rows = 1, tile = 1, tiles = 1> (%y, %ring) writes [1] step [0, 7] : (!rows, !ring) -> ()
  return
}

// CHECK-LABEL: @float_formats
func.func @float_formats(%bytes: vector<8xi8>, %v: vector<16xf32>, %s: i8, %f: f32) {
  // CHECK: %[[C:.*]] = kernel.unpack %{{.*}} : vector<8xi8> -> vector<16xi8>
  %c = kernel.unpack %bytes : vector<8xi8> -> vector<16xi8>
  // CHECK: kernel.decode %[[C]] as f4E2M1FN : vector<16xi8> -> vector<16xf32>
  %0 = kernel.decode %c as f4E2M1FN : vector<16xi8> -> vector<16xf32>
  // CHECK: kernel.decode %[[C]] as f8E4M3FN : vector<16xi8> -> vector<16xf32>
  %1 = kernel.decode %c as f8E4M3FN : vector<16xi8> -> vector<16xf32>
  // CHECK: kernel.decode %{{.*}} as f8E8M0FNU : i8 -> f32
  %2 = kernel.decode %s as f8E8M0FNU : i8 -> f32
  // CHECK: kernel.encode %{{.*}} as f4E2M1FN : vector<16xf32> -> vector<16xi8>
  %3 = kernel.encode %v as f4E2M1FN : vector<16xf32> -> vector<16xi8>
  // CHECK: kernel.encode %{{.*}} as f8E4M3FN : f32 -> i8
  %4 = kernel.encode %f as f8E4M3FN : f32 -> i8
  return
}

// CHECK-LABEL: @cache
func.func @cache(%pool: memref<?xi8>, %offset: index) {
  // CHECK: %[[V:.*]] = kernel.cache_load %[[POOL:.*]][%[[OFFSET:.*]]] : memref<?xi8> -> vector<16xbf16>
  %v = kernel.cache_load %pool[%offset] : memref<?xi8> -> vector<16xbf16>
  // CHECK: kernel.cache_store %[[V]], %[[POOL]][%[[OFFSET]]] : vector<16xbf16>, memref<?xi8>
  kernel.cache_store %v, %pool[%offset] : vector<16xbf16>, memref<?xi8>
  // CHECK: kernel.cache_load %[[POOL]][%[[OFFSET]]] : memref<?xi8> -> i8
  %s = kernel.cache_load %pool[%offset] : memref<?xi8> -> i8
  return
}
}
