// RUN: v4-opt %s --pass-pipeline='builtin.module(func.func(v4-fuse-projections))' -verify-diagnostics | FileCheck %s

!x = tensor<?x256xbf16, #v4.rows<tokens>>
!y = tensor<?x128xbf16, #v4.rows<tokens>>
!z = tensor<?x64xf32, #v4.rows<tokens>>

// Narrow weights of the quantized input are one group, wide ones of the plain input another.
// CHECK-LABEL: func.func @two_groups
// CHECK: v4.projections %[[Q:.*]], [%{{.*}}, %{{.*}}] scales[%{{.*}}, %{{.*}}] :
// CHECK: v4.projections %{{.*}}, [%{{.*}}, %{{.*}}] :
// CHECK-NOT: v4.linear
func.func @two_groups(%x: !x, %q: !x, %v: tensor<128x256xf8E4M3FN>, %s: tensor<1x2xf8E8M0FNU>, %w: tensor<64x256xbf16>, %u: tensor<128x256xbf16>) -> (!y, !y, !z, !y) {
  // expected-remark @below {{v4-fuse-projections: fused 2 projections of one input}}
  %a = v4.linear %q, %v scales %s : !x, tensor<128x256xf8E4M3FN>, tensor<1x2xf8E8M0FNU> -> !y
  // expected-remark @below {{v4-fuse-projections: fused 2 projections of one input}}
  %c = v4.linear %x, %w : !x, tensor<64x256xbf16> -> !z
  %b = v4.linear %q, %v scales %s : !x, tensor<128x256xf8E4M3FN>, tensor<1x2xf8E8M0FNU> -> !y
  %d = v4.linear %x, %u : !x, tensor<128x256xbf16> -> !y
  return %a, %b, %c, %d : !y, !y, !z, !y
}

// Multi-use: results are values of their own, so a probe keeps what it reads.
// CHECK-LABEL: func.func @probed
// CHECK: %[[P:.*]]:2 = v4.projections
// CHECK: v4.probe "first" %[[P]]#0
func.func @probed(%x: !x, %u: tensor<128x256xbf16>) -> !y {
  // expected-remark @below {{v4-fuse-projections: fused 2 projections of one input}}
  %a = v4.linear %x, %u : !x, tensor<128x256xbf16> -> !y
  v4.probe "first" %a : !y
  %b = v4.linear %x, %u : !x, tensor<128x256xbf16> -> !y
  return %b : !y
}

// Near misses: another input, a head view, several rows to a token, f32.
// CHECK-LABEL: func.func @near_misses
// CHECK-NOT: v4.projections
func.func @near_misses(%x: !x, %y: !x, %m: tensor<?x4x256xbf16, #v4.rows<tokens>>, %u: tensor<128x256xbf16>, %f: tensor<64x256xf32>) -> (!y, !y, !z, tensor<?x2x64xbf16, #v4.rows<tokens>>, tensor<?x4x128xbf16, #v4.rows<tokens>>) {
  // expected-remark @below {{v4-fuse-projections: declined: nothing else multiplies its input}}
  %a = v4.linear %x, %u : !x, tensor<128x256xbf16> -> !y
  // expected-remark @below {{v4-fuse-projections: declined: nothing else multiplies its input}}
  %b = v4.linear %y, %u : !x, tensor<128x256xbf16> -> !y
  // expected-remark @below {{v4-fuse-projections: declined: its weight is f32}}
  %c = v4.linear %x, %f : !x, tensor<64x256xf32> -> !z
  // expected-remark @below {{v4-fuse-projections: declined: its result is a head view}}
  %d = v4.linear %x, %u : !x, tensor<128x256xbf16> -> tensor<?x2x64xbf16, #v4.rows<tokens>>
  // expected-remark @below {{v4-fuse-projections: declined: its input has several rows to a token}}
  %e = v4.linear %m, %u : tensor<?x4x256xbf16, #v4.rows<tokens>>, tensor<128x256xbf16> -> tensor<?x4x128xbf16, #v4.rows<tokens>>
  return %a, %b, %c, %d, %e : !y, !y, !z, tensor<?x2x64xbf16, #v4.rows<tokens>>, tensor<?x4x128xbf16, #v4.rows<tokens>>
}
