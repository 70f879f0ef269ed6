// RUN: v4-opt %s --v4-expand-math --split-input-file | FileCheck %s

// CHECK-LABEL: func @exp
// CHECK-SAME: %[[X:.*]]: vector<16xf32>
func.func @exp(%x: vector<16xf32>) -> vector<16xf32> {
  // CHECK-NOT: f64
  // CHECK: math.fma
  // CHECK-NOT: math.exp
  %y = math.exp %x : vector<16xf32>
  return %y : vector<16xf32>
}

// -----

// CHECK-LABEL: func @log1p
func.func @log1p(%x: f32) -> f32 {
  // CHECK: arith.extf {{.*}} : f32 to f64
  // CHECK: arith.divf {{.*}} : f64
  // CHECK: arith.truncf {{.*}} : f64 to f32
  // CHECK-NOT: math.log1p
  %y = math.log1p %x : f32
  return %y : f32
}

// -----

// CHECK-LABEL: func @angles
func.func @angles(%x: vector<16xf32>, %d: vector<8xf64>) -> (vector<16xf32>, vector<8xf64>) {
  // CHECK: arith.extf {{.*}} : vector<16xf32> to vector<16xf64>
  // CHECK: arith.truncf {{.*}} : vector<16xf64> to vector<16xf32>
  // CHECK-NOT: math.sin
  %s = math.sin %x : vector<16xf32>
  // CHECK-NOT: arith.truncf
  // CHECK-NOT: math.cos
  %c = math.cos %d : vector<8xf64>
  return %s, %c : vector<16xf32>, vector<8xf64>
}

// -----

// Square roots are exact instructions; f64 exp is not ours.
// CHECK-LABEL: func @left_alone
func.func @left_alone(%x: f32, %d: f64) -> (f32, f64) {
  // CHECK: math.sqrt
  %s = math.sqrt %x : f32
  // CHECK: math.exp
  %e = math.exp %d : f64
  return %s, %e : f32, f64
}
