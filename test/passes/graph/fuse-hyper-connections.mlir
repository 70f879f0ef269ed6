// RUN: v4-opt --v4-fuse-hyper-connections --split-input-file --verify-diagnostics %s | FileCheck %s

// Layer start, between the sub-layers, layer end; the normed x and the new streams keep their other users.
// CHECK-LABEL: func.func @layer
// CHECK-SAME: %[[S:[a-z0-9]+]]: tensor<?x4x256xbf16, #v4.rows<tokens>>
// CHECK: %[[M:.*]] = v4.hc_mix %[[S]], %{{[a-z0-9]+}} : {{.*}} -> tensor<?x1x32xf32, #v4.rows<tokens>>
// CHECK: %[[N:[a-z]+]], %[[P:[a-z]+]], %[[C:[a-z]+]], %[[Q:[a-z]+]] = v4.hc_norm %[[M]], %[[S]], {{.*}} iterations 20
// CHECK: v4.linear %[[N]]
// CHECK: %[[Y:.*]] = v4.linear %[[Q]]
// CHECK: %[[M2:[a-z_0-9]+]], %[[S2:[a-z_0-9]+]] = v4.hc_mix %[[S]], %{{[a-z0-9]+}} after %[[Y]], %[[P]], %[[C]]
// CHECK: v4.probe "mid" %[[S2]]
// CHECK: %[[N2:[a-z_0-9]+]], %[[P2:[a-z_0-9]+]], %[[C2:[a-z_0-9]+]] = v4.hc_norm %[[M2]], %[[S2]]
// CHECK-NOT: v4.quantize
// CHECK: v4.hc_post %[[N2]], %[[S2]], %[[P2]], %[[C2]]
!s = tensor<?x4x256xbf16, #v4.rows<tokens>>
!x = tensor<?x256xbf16, #v4.rows<tokens>>
!p = tensor<?x4xf32, #v4.rows<tokens>>
!c = tensor<?x4x4xf32, #v4.rows<tokens>>
func.func @layer(%s: !s, %fn: tensor<24x1024xf32>, %base: tensor<24xf32>, %scale: tensor<3xf32>, %w: tensor<256xbf16>, %m: tensor<256x256xbf16>) -> !s {
  %x, %post, %comb = v4.hc_pre %s, %fn, %base, %scale iterations 20 eps 1.0e-06 hc_eps 1.0e-06 : !s, tensor<24x1024xf32>, tensor<24xf32>, tensor<3xf32> -> !x, !p, !c
  // expected-remark @+1 {{v4-fuse-hyper-connections: fused hc_pre, rms_norm and quantize}}
  %n = v4.rms_norm %x, %w eps 1.0e-06 : !x, tensor<256xbf16>
  %q = v4.quantize %n fp8 block 128 prefix 256 : !x
  %q2 = v4.quantize %n fp8 block 128 prefix 256 : !x
  %l = v4.linear %n, %m : !x, tensor<256x256xbf16> -> !x
  v4.probe "l" %l : !x
  v4.probe "q2" %q2 : !x
  %y = v4.linear %q, %m : !x, tensor<256x256xbf16> -> !x
  %s2 = v4.hc_post %y, %s, %post, %comb : !x, !s, !p, !c
  v4.probe "mid" %s2 : !s
  %x2, %post2, %comb2 = v4.hc_pre %s2, %fn, %base, %scale iterations 20 eps 1.0e-06 hc_eps 1.0e-06 : !s, tensor<24x1024xf32>, tensor<24xf32>, tensor<3xf32> -> !x, !p, !c
  // expected-remark @+1 {{v4-fuse-hyper-connections: fused hc_post, hc_pre, rms_norm}}
  %n2 = v4.rms_norm %x2, %w eps 1.0e-06 : !x, tensor<256xbf16>
  %s3 = v4.hc_post %n2, %s2, %post2, %comb2 : !x, !s, !p, !c
  return %s3 : !s
}

// -----

// A probe of x: nothing is fused, the value stays to be seen.
// CHECK-LABEL: func.func @probed
// CHECK: v4.hc_pre
// CHECK: v4.rms_norm
// CHECK-NOT: v4.hc_mix
!s = tensor<?x4x256xbf16, #v4.rows<tokens>>
!x = tensor<?x256xbf16, #v4.rows<tokens>>
!p = tensor<?x4xf32, #v4.rows<tokens>>
!c = tensor<?x4x4xf32, #v4.rows<tokens>>
func.func @probed(%s: !s, %fn: tensor<24x1024xf32>, %base: tensor<24xf32>, %scale: tensor<3xf32>, %w: tensor<256xbf16>) -> !x {
  // expected-remark @+1 {{v4-fuse-hyper-connections: not fused: its x does not go to one v4.rms_norm alone}}
  %x, %post, %comb = v4.hc_pre %s, %fn, %base, %scale iterations 20 eps 1.0e-06 hc_eps 1.0e-06 : !s, tensor<24x1024xf32>, tensor<24xf32>, tensor<3xf32> -> !x, !p, !c
  v4.probe "x" %x : !x
  %n = v4.rms_norm %x, %w eps 1.0e-06 : !x, tensor<256xbf16>
  return %n : !x
}

// -----

// Another quantization of the norm stays an op of its own; a planted mistake keeps its hc_post.
// CHECK-LABEL: func.func @kept
// CHECK: %[[S:.*]] = v4.hc_post
// CHECK: v4.hc_mix %[[S]], %{{[a-z0-9]+}} :
// CHECK: %[[N:.*]], %{{.*}}, %{{.*}} = v4.hc_norm
// CHECK: v4.quantize %[[N]] fp8 block 64
!s = tensor<?x4x256xbf16, #v4.rows<tokens>>
!x = tensor<?x256xbf16, #v4.rows<tokens>>
!p = tensor<?x4xf32, #v4.rows<tokens>>
!c = tensor<?x4x4xf32, #v4.rows<tokens>>
func.func @kept(%y: !x, %s: !s, %p: !p, %c: !c, %fn: tensor<24x1024xf32>, %base: tensor<24xf32>, %scale: tensor<3xf32>, %w: tensor<256xbf16>) -> (!x, !p, !c) {
  // expected-remark @+1 {{v4-fuse-hyper-connections: the hc_post in front stays: it carries a planted mistake}}
  %n = v4.hc_post %y, %s, %p, %c {v4.planted = "comb_transposed"} : !x, !s, !p, !c
  %x, %post, %comb = v4.hc_pre %n, %fn, %base, %scale iterations 20 eps 1.0e-06 hc_eps 1.0e-06 : !s, tensor<24x1024xf32>, tensor<24xf32>, tensor<3xf32> -> !x, !p, !c
  // expected-remark @+1 {{v4-fuse-hyper-connections: fused hc_pre, rms_norm}}
  %r = v4.rms_norm %x, %w eps 1.0e-06 : !x, tensor<256xbf16>
  %q = v4.quantize %r fp8 block 64 prefix 192 : !x
  return %q, %post, %comb : !x, !p, !c
}
