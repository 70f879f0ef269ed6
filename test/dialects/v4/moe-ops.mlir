// Every op of V4MoeOps.td, printed and parsed again.
// RUN: v4-opt %s | v4-opt | FileCheck %s
// RUN: v4-opt %s --mlir-print-op-generic | v4-opt | FileCheck %s

!rows = tensor<?x256xbf16, #v4.rows<tokens>>
!logits = tensor<?x16xf32, #v4.rows<tokens>>
!slots = tensor<?x4xi32, #v4.rows<tokens>>
!weights = tensor<?x4xf32, #v4.rows<tokens>>
!runs = tensor<?x17xi32, #v4.rows<one>>
!wide = tensor<?x4x128xbf16, #v4.rows<tokens>>

// CHECK-LABEL: @routing
func.func @routing(%l: !logits, %bias: tensor<16xf32>, %table: tensor<512x4xi32>) {
  // CHECK: %[[E:.*]], %{{.*}} = v4.route %{{.*}}, %{{.*}} factor 1.500000e+00 normalize : tensor<?x16xf32, #v4.rows<tokens>>, tensor<16xf32> -> tensor<?x4xi32, #v4.rows<tokens>>, tensor<?x4xf32, #v4.rows<tokens>>
  %e, %w = v4.route %l, %bias factor 1.5 normalize : !logits, tensor<16xf32> -> !slots, !weights
  // CHECK: v4.route %{{.*}}, %{{.*}} factor 1.000000e+00 : tensor<?x16xf32, #v4.rows<tokens>>, tensor<16xf32> -> tensor<?x4xi32, #v4.rows<tokens>>, tensor<?x4xf32, #v4.rows<tokens>>
  %e1, %w1 = v4.route %l, %bias factor 1.0 : !logits, tensor<16xf32> -> !slots, !weights
  // CHECK: v4.hash_route %{{.*}}, %{{.*}} factor 1.500000e+00 normalize : tensor<?x16xf32, #v4.rows<tokens>>, tensor<512x4xi32> -> tensor<?x4xi32, #v4.rows<tokens>>, tensor<?x4xf32, #v4.rows<tokens>>
  %e2, %w2 = v4.hash_route %l, %table factor 1.5 normalize : !logits, tensor<512x4xi32> -> !slots, !weights
  // CHECK: v4.dispatch %[[E]] : tensor<?x4xi32, #v4.rows<tokens>> -> tensor<?x4xi32, #v4.rows<tokens>>, tensor<?x17xi32, #v4.rows<one>>, tensor<?x17xi32, #v4.rows<one>>
  %order, %offsets, %hits = v4.dispatch %e : !slots -> !slots, !runs, !runs
  return
}

// CHECK-LABEL: @experts
// CHECK-SAME: (%[[X:[^:]*]]: {{.*}}, %[[ORDER:[^:]*]]: {{.*}}, %[[OFFSETS:[^:]*]]: {{.*}}, %[[HITS:[^:]*]]: {{.*}}, %[[F4:[^:]*]]: tensor<16x128x128xi8
func.func @experts(%x: !rows, %order: !slots, %offsets: !runs, %hits: !runs,
                   %f4: tensor<16x128x128xi8, #v4.packed<f4E2M1FN>>, %s4: tensor<16x128x8xf8E8M0FNU>,
                   %f8: tensor<16x128x256xf8E4M3FN>, %s8: tensor<16x1x2xf8E8M0FNU>, %down: tensor<16x256x128xbf16>,
                   %w: !weights) {
  // CHECK: v4.expert_linear %[[X]], %[[F4]] scales %{{.*}} order %[[ORDER]], %[[OFFSETS]], %[[HITS]] : tensor<?x256xbf16, #v4.rows<tokens>>, tensor<16x128x128xi8, #v4.packed<f4E2M1FN>> scales tensor<16x128x8xf8E8M0FNU> order tensor<?x4xi32, #v4.rows<tokens>>, tensor<?x17xi32, #v4.rows<one>> -> tensor<?x4x128xbf16, #v4.rows<tokens>>
  %a = v4.expert_linear %x, %f4 scales %s4 order %order, %offsets, %hits : !rows, tensor<16x128x128xi8, #v4.packed<f4E2M1FN>> scales tensor<16x128x8xf8E8M0FNU> order !slots, !runs -> !wide
  // CHECK: v4.expert_linear %[[X]], %{{.*}} scales %{{.*}} order {{.*}} : tensor<?x256xbf16, #v4.rows<tokens>>, tensor<16x128x256xf8E4M3FN> scales tensor<16x1x2xf8E8M0FNU>
  %b = v4.expert_linear %x, %f8 scales %s8 order %order, %offsets, %hits : !rows, tensor<16x128x256xf8E4M3FN> scales tensor<16x1x2xf8E8M0FNU> order !slots, !runs -> !wide
  // CHECK: %[[H:.*]] = v4.swiglu %{{.*}}, %{{.*}} weights %{{.*}} limit 1.000000e+01 : tensor<?x4x128xbf16, #v4.rows<tokens>>, tensor<?x4xf32, #v4.rows<tokens>>
  %h = v4.swiglu %a, %b weights %w limit 1.0e+01 : !wide, !weights
  // CHECK: %[[Y:.*]] = v4.expert_linear %[[H]], %{{.*}} order %[[ORDER]], %[[OFFSETS]], %[[HITS]] : tensor<?x4x128xbf16, #v4.rows<tokens>>, tensor<16x256x128xbf16> order tensor<?x4xi32, #v4.rows<tokens>>, tensor<?x17xi32, #v4.rows<one>> -> tensor<?x4x256xbf16, #v4.rows<tokens>>
  %y = v4.expert_linear %h, %down order %order, %offsets, %hits : !wide, tensor<16x256x128xbf16> order !slots, !runs -> tensor<?x4x256xbf16, #v4.rows<tokens>>
  // CHECK: v4.swiglu %[[X]], %[[X]] : tensor<?x256xbf16, #v4.rows<tokens>>
  %s = v4.swiglu %x, %x : !rows
  // CHECK: v4.combine %[[Y]], %{{.*}} : tensor<?x4x256xbf16, #v4.rows<tokens>>, tensor<?x256xbf16, #v4.rows<tokens>>
  %r = v4.combine %y, %s : tensor<?x4x256xbf16, #v4.rows<tokens>>, !rows
  return
}
