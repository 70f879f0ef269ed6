// Every op of V4StreamMixOps.td and V4RowOps.td, printed and parsed again.
// RUN: v4-opt %s | v4-opt | FileCheck %s
// RUN: v4-opt %s --mlir-print-op-generic | v4-opt | FileCheck %s

!s = tensor<?x4x256xbf16, #v4.rows<tokens>>
!x = tensor<?x256xbf16, #v4.rows<tokens>>
!p = tensor<?x4xf32, #v4.rows<tokens>>
!c = tensor<?x4x4xf32, #v4.rows<tokens>>
!m = tensor<?x2x32xf32, #v4.rows<tokens>>
!w = tensor<256xbf16>
!t = tensor<?x2x32xf32, #v4.rows<tokens>>

// CHECK-LABEL: @streams
func.func @streams(%s: !s, %y: !x, %p: !p, %c: !c, %fn: tensor<24x1024xf32>, %pf: tensor<24x1024xf32, #v4.panels<f32>>, %b: tensor<24xf32>, %sc: tensor<3xf32>, %w: !w) {
  // CHECK: %[[M:.*]] = v4.hc_mix %{{.*}}, %{{.*}} : tensor<?x4x256xbf16, #v4.rows<tokens>>, tensor<24x1024xf32> -> tensor<?x2x32xf32, #v4.rows<tokens>>
  %m = v4.hc_mix %s, %fn : !s, tensor<24x1024xf32> -> !m
  // CHECK: %[[K:.*]], %[[N:.*]] = v4.hc_mix %{{.*}}, %{{.*}} after %{{.*}}, %{{.*}}, %{{.*}} : {{.*}} #v4.panels<f32>> after {{.*}} -> tensor<?x2x32xf32, #v4.rows<tokens>>, tensor<?x4x256xbf16, #v4.rows<tokens>>
  %k, %n = v4.hc_mix %s, %pf after %y, %p, %c : !s, tensor<24x1024xf32, #v4.panels<f32>> after !x, !p, !c -> !m, !s
  // CHECK: v4.hc_norm %[[K]], %[[N]], {{.*}} iterations 20 eps 9.99999997E-7 hc_eps 9.99999997E-7 norm_eps 9.99999997E-7 : {{.*}} -> tensor<?x256xbf16, #v4.rows<tokens>>, tensor<?x4xf32, #v4.rows<tokens>>, tensor<?x4x4xf32, #v4.rows<tokens>>, tensor<?x256xbf16, #v4.rows<tokens>>
  %a, %d, %e, %q = v4.hc_norm %k, %n, %b, %sc, %w iterations 20 eps 1.0e-06 hc_eps 1.0e-06 norm_eps 1.0e-06 : !m, !s, tensor<24xf32>, tensor<3xf32>, !w -> !x, !p, !c, !x
  // CHECK: v4.hc_norm %[[M]], {{.*}} -> tensor<?x256xbf16, #v4.rows<tokens>>, tensor<?x4xf32, #v4.rows<tokens>>, tensor<?x4x4xf32, #v4.rows<tokens>>
  %f, %g, %h = v4.hc_norm %m, %s, %b, %sc, %w iterations 1 eps 1.0e-06 hc_eps 1.0e-06 norm_eps 1.0e-06 : !m, !s, tensor<24xf32>, tensor<3xf32>, !w -> !x, !p, !c
  return
}

// CHECK-LABEL: @rows
func.func @rows(%x: !x, %w: !w, %t: !t) {
  // CHECK: v4.row_chain %{{.*}} norm %{{.*}} eps 9.99999997E-7 quantize fp8 block 128 prefix 256 : tensor<?x256xbf16, #v4.rows<tokens>> norm tensor<256xbf16> keep tensor<?x256xbf16, #v4.rows<tokens>>
  %0, %1 = v4.row_chain %x norm %w eps 1.0e-06 quantize fp8 block 128 prefix 256 : !x norm !w keep !x
  // CHECK: v4.row_chain %{{.*}} norm %{{.*}} eps 9.99999997E-7 rope %{{.*}} quantize fp8 block 64 prefix 192 :
  %2 = v4.row_chain %x norm %w eps 1.0e-06 rope %t quantize fp8 block 64 prefix 192 : !x norm !w rope !t
  // CHECK: v4.row_chain %{{.*}} eps 9.99999997E-7 rope %{{.*}} : tensor<?x256xbf16, #v4.rows<tokens>> rope
  %3 = v4.row_chain %x eps 1.0e-06 rope %t : !x rope !t
  // CHECK: v4.row_chain %{{.*}} rope %{{.*}} inverse hadamard quantize fp4 block 32 prefix 256 :
  %4 = v4.row_chain %x rope %t inverse hadamard quantize fp4 block 32 prefix 256 : !x rope !t
  return
}

// CHECK-LABEL: @swiglu
func.func @swiglu(%a: tensor<?x4x128xbf16, #v4.rows<tokens>>, %w: tensor<?x4xf32, #v4.rows<tokens>>, %x: !x) {
  // CHECK: v4.swiglu_quantize %{{.*}}, %{{.*}} weights %{{.*}} limit 1.000000e+01 :
  %0 = v4.swiglu_quantize %a, %a weights %w limit 1.0e+01 : tensor<?x4x128xbf16, #v4.rows<tokens>>, tensor<?x4xf32, #v4.rows<tokens>>
  // CHECK: v4.swiglu_quantize %{{.*}}, %{{.*}} : tensor<?x256xbf16
  %1 = v4.swiglu_quantize %x, %x : !x
  return
}

// CHECK-LABEL: @compress
func.func @compress(%a: tensor<?x512xf32, #v4.rows<tokens>>, %p: tensor<4x512xf32>, %s: !v4.cache<state, ratio = 1, f32, rows = 8, values = 1024, rope = 0>, %w: !w, %t: tensor<?x2x32xf32, #v4.rows<chunks4>>, %k: !v4.cache<page, ratio = 4, index_fp4, rows = 32, values = 256, rope = 0>) {
  // CHECK: v4.compress_append %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}} norm %{{.*}} eps 9.99999997E-7 rope %{{.*}} hadamard into %{{.*}} ratio 4 :
  v4.compress_append %a, %a, %p, %s norm %w eps 1.0e-06 rope %t hadamard into %k ratio 4 : tensor<?x512xf32, #v4.rows<tokens>>, tensor<4x512xf32>, !v4.cache<state, ratio = 1, f32, rows = 8, values = 1024, rope = 0>, !w, tensor<?x2x32xf32, #v4.rows<chunks4>>, !v4.cache<page, ratio = 4, index_fp4, rows = 32, values = 256, rope = 0>
  return
}
