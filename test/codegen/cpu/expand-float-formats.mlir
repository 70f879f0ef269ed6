// RUN: v4-opt %s --v4-expand-float-formats --split-input-file | FileCheck %s
// RUN: v4-opt %s --v4-expand-float-formats=vector-bits=512 --split-input-file | FileCheck %s --check-prefix=WIDE

// Through half precision: exact for subnormals, a carry makes NaN.
// CHECK-LABEL: func @decode_e4m3
// CHECK-SAME: %[[C:.*]]: vector<16xi8>
func.func @decode_e4m3(%c: vector<16xi8>) -> vector<16xf32> {
  // CHECK: arith.extsi %[[C]] : vector<16xi8> to vector<16xi16>
  // CHECK: %[[HALF:.*]] = arith.bitcast {{.*}} : vector<16xi16> to vector<16xf16>
  // CHECK: %[[VALUE:.*]] = arith.extf %[[HALF]] : vector<16xf16> to vector<16xf32>
  // CHECK: arith.mulf %[[VALUE]], {{.*}} : vector<16xf32>
  // CHECK-NOT: kernel.decode
  %v = kernel.decode %c as f8E4M3FN : vector<16xi8> -> vector<16xf32>
  return %v : vector<16xf32>
}

// -----

// CHECK-LABEL: func @decode_e8m0
func.func @decode_e8m0(%c: i8) -> f32 {
  // CHECK: arith.shli {{.*}} : i32
  // CHECK: arith.select {{.*}} : i32
  // CHECK: arith.bitcast {{.*}} : i32 to f32
  %v = kernel.decode %c as f8E8M0FNU : i8 -> f32
  return %v : f32
}

// -----

// The nibbles go straight to the lanes of the look-up; no byte vector of codes.
// WIDE-LABEL: func @decode_packed_e2m1
// WIDE-SAME: %[[BYTES:.*]]: vector<8xi8>
// CHECK-LABEL: func @decode_packed_e2m1
func.func @decode_packed_e2m1(%b: vector<8xi8>) -> vector<16xf32> {
  // WIDE: arith.extui %[[BYTES]] : vector<8xi8> to vector<8xi64>
  // WIDE: %[[INDEX:.*]] = vector.bitcast {{.*}} : vector<8xi64> to vector<16xi32>
  // WIDE: llvm.call_intrinsic "llvm.x86.avx512.permvar.sf.512"({{.*}}, %[[INDEX]])
  // WIDE-NOT: kernel.unpack
  // CHECK: vector.bitcast {{.*}} : vector<8xi32> to vector<16xi16>
  // CHECK: arith.extf {{.*}} : vector<16xf16> to vector<16xf32>
  // CHECK-NOT: kernel.unpack
  %c = kernel.unpack %b : vector<8xi8> -> vector<16xi8>
  %v = kernel.decode %c as f4E2M1FN : vector<16xi8> -> vector<16xf32>
  return %v : vector<16xf32>
}

// -----

// An unpack with another user is still expanded once for it.
// CHECK-LABEL: func @unpack_with_two_users
func.func @unpack_with_two_users(%b: vector<8xi8>) -> (vector<16xf32>, vector<16xi8>) {
  // CHECK: arith.extf {{.*}} : vector<16xf16> to vector<16xf32>
  // CHECK-NOT: kernel.
  %c = kernel.unpack %b : vector<8xi8> -> vector<16xi8>
  %v = kernel.decode %c as f4E2M1FN : vector<16xi8> -> vector<16xf32>
  return %v, %c : vector<16xf32>, vector<16xi8>
}

// -----

// CHECK-LABEL: func @encode
func.func @encode(%v: vector<16xf32>) -> (vector<16xi8>, vector<16xi8>) {
  // CHECK: arith.minui
  // CHECK: arith.minui
  // CHECK-NOT: kernel.encode
  %a = kernel.encode %v as f8E4M3FN : vector<16xf32> -> vector<16xi8>
  %b = kernel.encode %v as f4E2M1FN : vector<16xf32> -> vector<16xi8>
  return %a, %b : vector<16xi8>, vector<16xi8>
}

// -----

// CHECK-LABEL: func @truncate
func.func @truncate(%v: vector<16xf32>, %d: f64) -> (vector<16xbf16>, f32) {
  // CHECK-NOT: arith.truncf {{.*}} bf16
  // CHECK: arith.cmpf uno
  // CHECK: arith.bitcast {{.*}} : vector<16xi16> to vector<16xbf16>
  %b = arith.truncf %v : vector<16xf32> to vector<16xbf16>
  // The CPU's own f64 to f32 is exact.
  // CHECK: arith.truncf {{.*}} : f64 to f32
  %f = arith.truncf %d : f64 to f32
  return %b, %f : vector<16xbf16>, f32
}
