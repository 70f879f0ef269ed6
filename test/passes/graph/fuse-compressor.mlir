// RUN: v4-opt --v4-fuse-compressor --split-input-file --verify-diagnostics %s | FileCheck %s

!a = tensor<?x512xf32, #v4.rows<tokens>>
!ape = tensor<4x512xf32>
!ring = !v4.cache<state, ratio = 1, f32, rows = 8, values = 1024, rope = 0>
!rows = !v4.cache<page, ratio = 4, kv_compact, rows = 32, values = 256, rope = 64>
!keys = !v4.cache<page, ratio = 4, index_fp4, rows = 32, values = 256, rope = 0>
!r = tensor<?x256xbf16, #v4.rows<chunks4>>
!t = tensor<?x2x32xf32, #v4.rows<chunks4>>
!w = tensor<256xbf16>

// The append moves in front of the write of the state that it reads.
// CHECK-LABEL: func.func @attention_rows
// CHECK-NEXT: v4.compress_append %{{.*}} norm %{{.*}} eps {{.*}} rope %{{[a-z0-9]+}} into %{{.*}} ratio 4
// CHECK-NEXT: v4.save_partial
// CHECK-NEXT: return
func.func @attention_rows(%a: !a, %g: !a, %p: !ape, %s: !ring, %w: !w, %t: !t, %k: !rows) {
  // expected-remark @+1 {{v4-fuse-compressor: fused compress, rms_norm, rope, quantize and append_rows}}
  %r = v4.compress %a, %g, %p, %s ratio 4 : !a, !ape, !ring -> !r
  v4.save_partial %a, %g, %s : !a, !ring
  %n = v4.rms_norm %r, %w eps 1.0e-06 : !r, !w
  %o = v4.rope %n, %t : !r, !t
  %q = v4.quantize %o fp8 block 64 prefix 192 : !r
  v4.append_rows %q, %k : !r, !rows
  return
}

// CHECK-LABEL: func.func @index_rows
// CHECK-NEXT: v4.compress_append {{.*}} hadamard into
func.func @index_rows(%a: !a, %g: !a, %p: !ape, %s: !ring, %w: !w, %t: !t, %k: !keys) {
  // expected-remark @+1 {{v4-fuse-compressor: fused compress, rms_norm, rope, hadamard, quantize and append_rows}}
  %r = v4.compress %a, %g, %p, %s ratio 4 : !a, !ape, !ring -> !r
  %n = v4.rms_norm %r, %w eps 1.0e-06 : !r, !w
  %o = v4.rope %n, %t : !r, !t
  %h = v4.hadamard %o : !r
  %q = v4.quantize %h fp4 block 32 prefix 256 : !r
  v4.append_rows %q, %k : !r, !keys
  return
}

// Multi-use: a probe looks at the pooled rows.
// CHECK-LABEL: func.func @probed
// CHECK: v4.compress %
// CHECK: v4.append_rows
func.func @probed(%a: !a, %g: !a, %p: !ape, %s: !ring, %w: !w, %t: !t, %k: !rows) {
  // expected-remark @+1 {{v4-fuse-compressor: not fused: its rows do not go to one v4.rms_norm alone}}
  %r = v4.compress %a, %g, %p, %s ratio 4 : !a, !ape, !ring -> !r
  v4.probe "pooled" %r : !r
  %n = v4.rms_norm %r, %w eps 1.0e-06 : !r, !w
  %o = v4.rope %n, %t : !r, !t
  %q = v4.quantize %o fp8 block 64 prefix 192 : !r
  v4.append_rows %q, %k : !r, !rows
  return
}

// Near miss: another append to the same rows in between keeps its order.
// CHECK-LABEL: func.func @in_between
// CHECK: v4.compress %
// CHECK: v4.append_rows
// CHECK: v4.append_rows
func.func @in_between(%a: !a, %g: !a, %p: !ape, %s: !ring, %w: !w, %t: !t, %k: !rows, %e: !r) {
  // expected-remark @+1 {{v4-fuse-compressor: not fused: its rows' cache is used by v4.append_rows in between}}
  %r = v4.compress %a, %g, %p, %s ratio 4 : !a, !ape, !ring -> !r
  v4.append_rows %e, %k : !r, !rows
  %n = v4.rms_norm %r, %w eps 1.0e-06 : !r, !w
  %o = v4.rope %n, %t : !r, !t
  %q = v4.quantize %o fp8 block 64 prefix 192 : !r
  v4.append_rows %q, %k : !r, !rows
  return
}

// Near miss: rows that are quantized another way than they are stored.
// CHECK-LABEL: func.func @other_block
// CHECK: v4.compress %
func.func @other_block(%a: !a, %g: !a, %p: !ape, %s: !ring, %w: !w, %t: !t, %k: !rows) {
  // expected-remark @+1 {{v4-fuse-compressor: not fused: its quantization is not the one that the cached rows are stored with}}
  %r = v4.compress %a, %g, %p, %s ratio 4 : !a, !ape, !ring -> !r
  %n = v4.rms_norm %r, %w eps 1.0e-06 : !r, !w
  %o = v4.rope %n, %t : !r, !t
  %q = v4.quantize %o fp8 block 32 prefix 192 : !r
  v4.append_rows %q, %k : !r, !rows
  return
}
