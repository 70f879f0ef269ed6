// RUN: v4-opt --v4-fuse-attention --split-input-file --verify-diagnostics %s | FileCheck %s

!kv = tensor<?x256xbf16, #v4.rows<tokens>>
!q = tensor<?x8x256xbf16, #v4.rows<tokens>>
!ring = !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64>
!rows4 = !v4.cache<page, ratio = 4, kv_compact, rows = 32, values = 256, rope = 64>
!t = tensor<?x2x32xf32, #v4.rows<tokens>>
!sel = tensor<?x16xi32, #v4.rows<tokens>>

// What the attention reads is written behind it: the fused op stands where it stood.
// CHECK-LABEL: func.func @sparse
// CHECK-NEXT: %[[O:.*]] = v4.attend %{{.*}}, %{{.*}}, %{{.*}} back %{{.*}} sink %{{.*}} rows %{{.*}} selected %{{.*}} window 128 offset 0
// CHECK-NEXT: v4.append_window
// CHECK-NEXT: return %[[O]]
func.func @sparse(%q: !q, %kv: !kv, %ring: !ring, %t: !t, %sink: tensor<8xf32>, %rows: !rows4, %sel: !sel) -> !q {
  // expected-remark @below {{v4-fuse-attention: fused with the inverse rotation of its result}}
  %o = v4.attention %q, %kv, %ring sink %sink rows %rows selected %sel window 128 offset 0 : !q, !kv, !ring sink tensor<8xf32> rows !rows4 selected !sel -> !q
  v4.append_window %kv, %ring offset 0 : !kv, !ring
  %r = v4.rope %o, %t inverse : !q, !t
  return %r : !q
}

// A table of angles made between the two moves in front.
// CHECK-LABEL: func.func @late_table
// CHECK-NEXT: v4.rope_table
// CHECK-NEXT: v4.attend
func.func @late_table(%q: !q, %kv: !kv, %ring: !ring) -> !q {
  // expected-remark @below {{v4-fuse-attention: fused with the inverse rotation of its result}}
  %o = v4.attention %q, %kv, %ring window 128 offset 0 : !q, !kv, !ring -> !q
  %t = v4.rope_table freqs dense<1.0> : tensor<32xf32> offset 0 -> !t
  %r = v4.rope %o, %t inverse : !q, !t
  return %r : !q
}

// -----

!kv = tensor<?x256xbf16, #v4.rows<tokens>>
!q = tensor<?x8x256xbf16, #v4.rows<tokens>>
!ring = !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64>
!t = tensor<?x2x32xf32, #v4.rows<tokens>>
!small = tensor<?x2x16xf32, #v4.rows<tokens>>

// CHECK-LABEL: func.func @forward
// CHECK: v4.attention
// CHECK: v4.rope
func.func @forward(%q: !q, %kv: !kv, %ring: !ring, %t: !t) -> !q {
  // expected-remark @below {{v4-fuse-attention: not fused: no inverse rotation follows}}
  %o = v4.attention %q, %kv, %ring window 128 offset 0 : !q, !kv, !ring -> !q
  %r = v4.rope %o, %t : !q, !t
  return %r : !q
}

// CHECK-LABEL: func.func @fewer_values
// CHECK: v4.attention
// CHECK: v4.rope
func.func @fewer_values(%q: !q, %kv: !kv, %ring: !ring, %t: !small) -> !q {
  // expected-remark @below {{v4-fuse-attention: not fused: the rotation turns 32 values, cached rows have 64}}
  %o = v4.attention %q, %kv, %ring window 128 offset 0 : !q, !kv, !ring -> !q
  %r = v4.rope %o, %t inverse : !q, !small
  return %r : !q
}

// A probe keeps what it looks at.
// CHECK-LABEL: func.func @probed
// CHECK: %[[O:.*]] = v4.attention
// CHECK: v4.probe "o" %[[O]]
// CHECK: v4.rope
func.func @probed(%q: !q, %kv: !kv, %ring: !ring, %t: !t) -> !q {
  // expected-remark @below {{v4-fuse-attention: not fused: its result has 2 users}}
  %o = v4.attention %q, %kv, %ring window 128 offset 0 : !q, !kv, !ring -> !q
  v4.probe "o" %o : !q
  %r = v4.rope %o, %t inverse : !q, !t
  return %r : !q
}
