// RUN: v4-opt %s --pass-pipeline='builtin.module(func.func(v4-fuse-moe-dispatch))' -verify-diagnostics | FileCheck %s

!x = tensor<?x256xbf16, #v4.rows<tokens>>
!h = tensor<?x128xbf16, #v4.rows<tokens>>
!w = tensor<128x256xf8E4M3FN>
!s = tensor<1x2xf8E8M0FNU>
!xe = tensor<?x4x128xbf16, #v4.rows<tokens>>
!we = tensor<8x128x256xbf16>
!ids = tensor<?x4xi32, #v4.rows<tokens>>
!runs = tensor<?x9xi32, #v4.rows<one>>
!r = tensor<?x4xf32, #v4.rows<tokens>>

// The shared expert: clamp and quantization come along.
// CHECK-LABEL: func.func @shared
// CHECK-NEXT: %[[H:.*]] = v4.gate_up %{{.*}}, %{{.*}}, %{{.*}} scales %{{.*}}, %{{.*}} limit 1.000000e+01 quantized :
// CHECK-NEXT: return %[[H]]
func.func @shared(%x: !x, %w1: !w, %s1: !s, %w3: !w, %s3: !s) -> !h {
  %a = v4.linear %x, %w1 scales %s1 : !x, !w, !s -> !h
  %b = v4.linear %x, %w3 scales %s3 : !x, !w, !s -> !h
  // expected-remark @below {{v4-fuse-moe-dispatch: fused gate, up and swiglu with its quantization}}
  %h = v4.swiglu %a, %b limit 1.0e+01 : !h
  %q = v4.quantize %h fp8 block 128 prefix 128 : !h
  return %q : !h
}

// Routed experts: the route weight is in the epilogue. Wide weights have no quantization behind them.
// CHECK-LABEL: func.func @routed
// CHECK-NEXT: v4.gate_up %{{.*}}, %{{.*}}, %{{.*}} weights %{{.*}} order %{{.*}}, %{{.*}}, %{{.*}} :
func.func @routed(%x: !x, %w1: !we, %w3: !we, %r: !r, %o: !ids, %f: !runs, %n: !runs) -> !xe {
  %a = v4.expert_linear %x, %w1 order %o, %f, %n : !x, !we order !ids, !runs -> !xe
  %b = v4.expert_linear %x, %w3 order %o, %f, %n : !x, !we order !ids, !runs -> !xe
  // expected-remark @below {{v4-fuse-moe-dispatch: fused gate, up and swiglu}}
  %h = v4.swiglu %a, %b weights %r : !xe, !r
  return %h : !xe
}

// Multi-use: a quantization that is not the only user stays, so the plain value is there for the other.
// CHECK-LABEL: func.func @hidden_is_probed
// CHECK-NEXT: %[[H:.*]] = v4.gate_up
// CHECK-NOT: quantized
// CHECK: v4.probe "hidden" %[[H]]
// CHECK-NEXT: v4.quantize %[[H]]
func.func @hidden_is_probed(%x: !x, %w1: !w, %s1: !s) -> !h {
  %a = v4.linear %x, %w1 scales %s1 : !x, !w, !s -> !h
  %b = v4.linear %x, %w1 scales %s1 : !x, !w, !s -> !h
  // expected-remark @below {{v4-fuse-moe-dispatch: fused gate, up and swiglu}}
  %h = v4.swiglu %a, %b : !h
  v4.probe "hidden" %h : !h
  %q = v4.quantize %h fp8 block 128 prefix 128 : !h
  return %q : !h
}

// Multi-use of a product, and near misses.
// CHECK-LABEL: func.func @gate_is_probed
// CHECK: v4.linear
// CHECK: v4.linear
// CHECK: v4.swiglu
func.func @gate_is_probed(%x: !x, %w1: !w, %s1: !s) -> !h {
  %a = v4.linear %x, %w1 scales %s1 : !x, !w, !s -> !h
  v4.probe "gate" %a : !h
  %b = v4.linear %x, %w1 scales %s1 : !x, !w, !s -> !h
  // expected-remark @below {{v4-fuse-moe-dispatch: declined: gate or up has another user}}
  %h = v4.swiglu %a, %b : !h
  return %h : !h
}

// CHECK-LABEL: func.func @different_inputs
// CHECK: v4.swiglu
func.func @different_inputs(%x: !x, %y: !x, %w1: !w, %s1: !s) -> !h {
  %a = v4.linear %x, %w1 scales %s1 : !x, !w, !s -> !h
  %b = v4.linear %y, %w1 scales %s1 : !x, !w, !s -> !h
  // expected-remark @below {{v4-fuse-moe-dispatch: declined: gate and up have different inputs}}
  %h = v4.swiglu %a, %b : !h
  return %h : !h
}

// CHECK-LABEL: func.func @different_weights
// CHECK: v4.swiglu
func.func @different_weights(%x: !x, %w1: !w, %s1: !s, %w3: tensor<128x256xbf16>) -> !h {
  %a = v4.linear %x, %w1 scales %s1 : !x, !w, !s -> !h
  %b = v4.linear %x, %w3 : !x, tensor<128x256xbf16> -> !h
  // expected-remark @below {{v4-fuse-moe-dispatch: declined: gate and up have weights of different types}}
  %h = v4.swiglu %a, %b : !h
  return %h : !h
}

// CHECK-LABEL: func.func @no_product
// CHECK: v4.swiglu
func.func @no_product(%a: !h, %b: !h) -> !h {
  // expected-remark @below {{v4-fuse-moe-dispatch: declined: gate or up is no matrix product}}
  %h = v4.swiglu %a, %b : !h
  return %h : !h
}
