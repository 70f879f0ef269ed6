// Fused products print and parse.
// RUN: v4-opt %s --verify-roundtrip | FileCheck %s

// CHECK-LABEL: func.func @projections
// CHECK: %{{.*}}:2 = v4.projections %{{.*}}, [%{{.*}}, %{{.*}}] scales[%{{.*}}, %{{.*}}] :
func.func @projections(%x: tensor<?x256xbf16, #v4.rows<tokens>>, %v: tensor<128x256xf8E4M3FN>, %w: tensor<256x256xf8E4M3FN>, %s: tensor<1x2xf8E8M0FNU>, %t: tensor<2x2xf8E8M0FNU>) -> tensor<?x128xbf16, #v4.rows<tokens>> {
  %a, %b = v4.projections %x, [%v, %w] scales [%s, %t] : tensor<?x256xbf16, #v4.rows<tokens>>, [tensor<128x256xf8E4M3FN>, tensor<256x256xf8E4M3FN>] scales [tensor<1x2xf8E8M0FNU>, tensor<2x2xf8E8M0FNU>] -> tensor<?x128xbf16, #v4.rows<tokens>>, tensor<?x256xbf16, #v4.rows<tokens>>
  return %a : tensor<?x128xbf16, #v4.rows<tokens>>
}

// A wide weight has no scales, and panels are a layout like another.
// CHECK-LABEL: func.func @wide
// CHECK: v4.projections %{{.*}}, [%{{.*}}, %{{.*}}] :
func.func @wide(%x: tensor<?x256xbf16, #v4.rows<tokens>>, %v: tensor<128x256xbf16, #v4.panels<bf16>>) -> tensor<?x128xf32, #v4.rows<tokens>> {
  %a, %b = v4.projections %x, [%v, %v] : tensor<?x256xbf16, #v4.rows<tokens>>, [tensor<128x256xbf16, #v4.panels<bf16>>, tensor<128x256xbf16, #v4.panels<bf16>>] -> tensor<?x128xf32, #v4.rows<tokens>>, tensor<?x128xbf16, #v4.rows<tokens>>
  return %a : tensor<?x128xf32, #v4.rows<tokens>>
}

// CHECK-LABEL: func.func @shared
// CHECK: v4.gate_up %{{.*}}, %{{.*}}, %{{.*}} scales %{{.*}}, %{{.*}} limit 1.000000e+01 quantized :
func.func @shared(%x: tensor<?x256xbf16, #v4.rows<tokens>>, %w: tensor<128x256xf8E4M3FN>, %s: tensor<1x2xf8E8M0FNU>) -> tensor<?x128xbf16, #v4.rows<tokens>> {
  %h = v4.gate_up %x, %w, %w scales %s, %s limit 1.0e+01 quantized : tensor<?x256xbf16, #v4.rows<tokens>>, tensor<128x256xf8E4M3FN>, tensor<128x256xf8E4M3FN> scales tensor<1x2xf8E8M0FNU>, tensor<1x2xf8E8M0FNU> -> tensor<?x128xbf16, #v4.rows<tokens>>
  return %h : tensor<?x128xbf16, #v4.rows<tokens>>
}

// CHECK-LABEL: func.func @routed
// CHECK: v4.gate_up %{{.*}}, %{{.*}}, %{{.*}} weights %{{.*}} order %{{.*}}, %{{.*}}, %{{.*}} :
func.func @routed(%x: tensor<?x256xbf16, #v4.rows<tokens>>, %w: tensor<8x128x256xbf16>, %r: tensor<?x4xf32, #v4.rows<tokens>>, %o: tensor<?x4xi32, #v4.rows<tokens>>, %f: tensor<?x9xi32, #v4.rows<one>>) -> tensor<?x4x128xbf16, #v4.rows<tokens>> {
  %h = v4.gate_up %x, %w, %w weights %r order %o, %f, %f : tensor<?x256xbf16, #v4.rows<tokens>>, tensor<8x128x256xbf16>, tensor<8x128x256xbf16> weights tensor<?x4xf32, #v4.rows<tokens>> order tensor<?x4xi32, #v4.rows<tokens>>, tensor<?x9xi32, #v4.rows<one>>, tensor<?x9xi32, #v4.rows<one>> -> tensor<?x4x128xbf16, #v4.rows<tokens>>
  return %h : tensor<?x4x128xbf16, #v4.rows<tokens>>
}
