// RUN: v4-opt %s --v4-expand-cache-access --split-input-file | FileCheck %s

// CHECK-LABEL: func @vectors
// CHECK-SAME: %[[POOL:.*]]: memref<?xi8>, %[[AT:.*]]: index
func.func @vectors(%pool: memref<?xi8>, %at: index) {
  // CHECK: %[[BYTES:.*]] = vector.load %[[POOL]][%[[AT]]] {alignment = 2 : i64} : memref<?xi8>, vector<32xi8>
  // CHECK: %[[VALUE:.*]] = vector.bitcast %[[BYTES]] : vector<32xi8> to vector<16xbf16>
  %v = kernel.cache_load %pool[%at] : memref<?xi8> -> vector<16xbf16>
  // CHECK: %[[BACK:.*]] = vector.bitcast %[[VALUE]] : vector<16xbf16> to vector<32xi8>
  // CHECK: vector.store %[[BACK]], %[[POOL]][%[[AT]]] {alignment = 2 : i64} : memref<?xi8>, vector<32xi8>
  kernel.cache_store %v, %pool[%at] : vector<16xbf16>, memref<?xi8>
  return
}

// -----

// CHECK-LABEL: func @scalars
func.func @scalars(%pool: memref<?xi8>, %at: index) {
  // CHECK: vector.load {{.*}} {alignment = 4 : i64} : memref<?xi8>, vector<4xi8>
  // CHECK: vector.bitcast {{.*}} : vector<4xi8> to vector<1xf32>
  // CHECK: %[[VALUE:.*]] = vector.extract {{.*}}[0] : f32 from vector<1xf32>
  %v = kernel.cache_load %pool[%at] : memref<?xi8> -> f32
  // CHECK: vector.broadcast %[[VALUE]] : f32 to vector<1xf32>
  // CHECK: vector.store {{.*}} {alignment = 4 : i64} : memref<?xi8>, vector<4xi8>
  kernel.cache_store %v, %pool[%at] : f32, memref<?xi8>
  return
}

// -----

// CHECK-LABEL: func @bytes_need_no_cast
func.func @bytes_need_no_cast(%pool: memref<?xi8>, %at: index) -> vector<16xi8> {
  // CHECK-NOT: bitcast
  %v = kernel.cache_load %pool[%at] : memref<?xi8> -> vector<16xi8>
  return %v : vector<16xi8>
}
