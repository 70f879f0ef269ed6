// RUN: v4-opt --v4-merge-activation-quant --split-input-file --verify-diagnostics %s | FileCheck %s

!x = tensor<?x256xbf16, #v4.rows<tokens>>
!t = tensor<?x2x32xf32, #v4.rows<tokens>>
!w = tensor<256xbf16>

// One quantization feeds both products; the norm's other user, a probe, sees the values that are kept.
// CHECK-LABEL: func.func @attention_input
// CHECK: %[[Q:.*]], %[[N:.*]] = v4.row_chain %{{.*}} norm %{{.*}} eps {{.*}} quantize fp8 block 128 prefix 256 : {{.*}} keep
// CHECK-NEXT: v4.probe "n" %[[N]]
// CHECK-NEXT: return %[[Q]], %[[Q]]
func.func @attention_input(%x: !x, %w: !w) -> (!x, !x) {
  %n = v4.rms_norm %x, %w eps 1.0e-06 : !x, !w
  v4.probe "n" %n : !x
  // expected-remark @+2 {{v4-merge-activation-quant: one quantization for two users}}
  // expected-remark @+1 {{v4-merge-activation-quant: merged rms_norm, quantize; the norm has other users}}
  %a = v4.quantize %n fp8 block 128 prefix 256 : !x
  %b = v4.quantize %n fp8 block 128 prefix 256 : !x
  return %a, %b : !x, !x
}

// CHECK-LABEL: func.func @window_row
// CHECK-NEXT: v4.row_chain %{{.*}} norm %{{.*}} eps {{.*}} rope %{{[a-z0-9]+}} quantize fp8 block 64 prefix 192
// CHECK-NEXT: return
func.func @window_row(%x: !x, %w: !w, %t: !t) -> !x {
  %n = v4.rms_norm %x, %w eps 1.0e-06 : !x, !w
  %r = v4.rope %n, %t : !x, !t
  // expected-remark @+1 {{v4-merge-activation-quant: merged rms_norm, rope, quantize}}
  %q = v4.quantize %r fp8 block 64 prefix 192 : !x
  return %q : !x
}

// A rotated value that is probed ends the chain; what is in front of it is a chain of its own.
// CHECK-LABEL: func.func @probed
// CHECK: %[[R:.*]] = v4.row_chain %{{.*}} eps {{.*}} rope
// CHECK: v4.probe "r" %[[R]]
// CHECK: v4.quantize %[[R]] fp8
func.func @probed(%x: !x, %t: !t) -> !x {
  %n = v4.head_norm %x eps 1.0e-06 : !x
  // expected-remark @+1 {{v4-merge-activation-quant: merged head_norm, rope}}
  %r = v4.rope %n, %t : !x, !t
  v4.probe "r" %r : !x
  // expected-remark @+1 {{v4-merge-activation-quant: the v4.rope in front stays: its result has another user}}
  %q = v4.quantize %r fp8 block 64 prefix 192 : !x
  return %q : !x
}

// CHECK-LABEL: func.func @index_query
// CHECK-NEXT: v4.row_chain %{{.*}} rope %{{[a-z0-9]+}} inverse hadamard quantize fp4 block 32 prefix 256
func.func @index_query(%x: !x, %t: !t) -> !x {
  %r = v4.rope %x, %t inverse : !x, !t
  %h = v4.hadamard %r : !x
  // expected-remark @+1 {{v4-merge-activation-quant: merged rope, hadamard, quantize}}
  %q = v4.quantize %h fp4 block 32 prefix 256 : !x
  return %q : !x
}

// CHECK-LABEL: func.func @swiglu
// CHECK: v4.swiglu_quantize %{{.*}}, %{{.*}} limit
// CHECK: v4.swiglu %
// CHECK: v4.quantize {{.*}} fp8 block 64
func.func @swiglu(%a: !x, %b: !x) -> (!x, !x) {
  %h = v4.swiglu %a, %b limit 1.0e+01 : !x
  // expected-remark @+1 {{v4-merge-activation-quant: merged swiglu and quantize}}
  %q = v4.quantize %h fp8 block 128 prefix 256 : !x
  %i = v4.swiglu %b, %a limit 1.0e+01 : !x
  // expected-remark @+1 {{v4-merge-activation-quant: the v4.swiglu in front stays: the quantization is not fp8 block 128 of all values}}
  %r = v4.quantize %i fp8 block 64 prefix 256 : !x
  return %q, %r : !x, !x
}

// A planted mistake stays an op of its own, and a lone quantization has nothing to merge with.
// CHECK-LABEL: func.func @alone
// CHECK: v4.rms_norm
// CHECK: v4.quantize
func.func @alone(%x: !x, %w: !w) -> !x {
  %n = v4.rms_norm %x, %w eps 1.0e-06 {v4.planted = "some"} : !x, !w
  %q = v4.quantize %n fp8 block 128 prefix 256 : !x
  return %q : !x
}
