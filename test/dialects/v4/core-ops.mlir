// Every op of V4CoreOps.td, printed and parsed again.
// RUN: v4-opt %s | v4-opt | FileCheck %s
// RUN: v4-opt %s --mlir-print-op-generic | v4-opt | FileCheck %s

!rows = tensor<?x256xbf16, #v4.rows<tokens>>
!streams = tensor<?x4x256xbf16, #v4.rows<tokens>>
!heads = tensor<?x8x256xbf16, #v4.rows<tokens>>
!last = !v4.cache<state, ratio = 1, bf16, rows = 2, values = 1024, rope = 0>

// CHECK-LABEL: @embed
// CHECK-SAME: (%[[TABLE:.*]]: tensor<512x256xbf16>)
func.func @embed(%table: tensor<512x256xbf16>) {
  // CHECK: v4.embed %[[TABLE]] : tensor<512x256xbf16> -> tensor<?x256xbf16, #v4.rows<tokens>>
  %0 = v4.embed %table : tensor<512x256xbf16> -> !rows
  // CHECK: v4.embed %[[TABLE]] : tensor<512x256xbf16> -> tensor<?x4x256xbf16, #v4.rows<tokens>>
  %1 = v4.embed %table : tensor<512x256xbf16> -> !streams
  return
}

// CHECK-LABEL: @norms
// CHECK-SAME: (%[[X:.*]]: tensor<?x256xbf16, #v4.rows<tokens>>, %[[W:.*]]: tensor<256xbf16>, %[[Q:.*]]: tensor<?x8x256xbf16, #v4.rows<tokens>>)
func.func @norms(%x: !rows, %w: tensor<256xbf16>, %q: !heads) {
  // CHECK: v4.rms_norm %[[X]], %[[W]] eps 9.99999997E-7 : tensor<?x256xbf16, #v4.rows<tokens>>, tensor<256xbf16>
  %0 = v4.rms_norm %x, %w eps 1.0e-06 : !rows, tensor<256xbf16>
  // CHECK: v4.head_norm %[[Q]] eps 9.99999997E-7 : tensor<?x8x256xbf16, #v4.rows<tokens>>
  %1 = v4.head_norm %q eps 1.0e-06 : !heads
  return
}

// CHECK-LABEL: @quantize
func.func @quantize(%x: !rows) {
  // CHECK: v4.quantize %{{.*}} fp8 block 64 prefix 192 : tensor<?x256xbf16, #v4.rows<tokens>>
  %0 = v4.quantize %x fp8 block 64 prefix 192 : !rows
  // CHECK: v4.quantize %{{.*}} fp4 block 32 prefix 256 : tensor<?x256xbf16, #v4.rows<tokens>>
  %1 = v4.quantize %x fp4 block 32 prefix 256 : !rows
  // CHECK: v4.scale %{{.*}} by 3.125000e-02 : tensor<?x256xbf16, #v4.rows<tokens>>
  %2 = v4.scale %x by 3.125000e-02 : !rows
  return
}

// CHECK-LABEL: @linear
// CHECK-SAME: (%[[X:[^:]*]]: {{.*}}, %[[F8:[^:]*]]: tensor<200x256xf8E4M3FN>, %[[S8:[^:]*]]: {{.*}}, %[[F4:[^:]*]]: {{.*}}, %[[S4:[^:]*]]: {{.*}}, %[[WIDE:[^:]*]]: tensor<16x256xbf16>
func.func @linear(%x: !rows, %f8: tensor<200x256xf8E4M3FN>, %s8: tensor<2x2xf8E8M0FNU>,
                  %f4: tensor<128x128xi8, #v4.packed<f4E2M1FN>>, %s4: tensor<128x8xf8E8M0FNU>,
                  %wide: tensor<16x256xbf16>, %q: !heads) {
  // CHECK: v4.linear %[[X]], %[[F8]] scales %[[S8]] : tensor<?x256xbf16, #v4.rows<tokens>>, tensor<200x256xf8E4M3FN>, tensor<2x2xf8E8M0FNU> -> tensor<?x200xbf16, #v4.rows<tokens>>
  %0 = v4.linear %x, %f8 scales %s8 : !rows, tensor<200x256xf8E4M3FN>, tensor<2x2xf8E8M0FNU> -> tensor<?x200xbf16, #v4.rows<tokens>>
  // CHECK: v4.linear %[[X]], %[[F4]] scales %[[S4]] : tensor<?x256xbf16, #v4.rows<tokens>>, tensor<128x128xi8, #v4.packed<f4E2M1FN>>, tensor<128x8xf8E8M0FNU> -> tensor<?x128xbf16, #v4.rows<tokens>>
  %1 = v4.linear %x, %f4 scales %s4 : !rows, tensor<128x128xi8, #v4.packed<f4E2M1FN>>, tensor<128x8xf8E8M0FNU> -> tensor<?x128xbf16, #v4.rows<tokens>>
  // CHECK: v4.linear %[[X]], %[[WIDE]] : tensor<?x256xbf16, #v4.rows<tokens>>, tensor<16x256xbf16> -> tensor<?x16xf32, #v4.rows<tokens>>
  %2 = v4.linear %x, %wide : !rows, tensor<16x256xbf16> -> tensor<?x16xf32, #v4.rows<tokens>>
  // CHECK: v4.linear %{{.*}}, %[[WIDE]] : tensor<?x8x256xbf16, #v4.rows<tokens>>, tensor<16x256xbf16> -> tensor<?x8x16xbf16, #v4.rows<tokens>>
  %3 = v4.linear %q, %wide : !heads, tensor<16x256xbf16> -> tensor<?x8x16xbf16, #v4.rows<tokens>>
  // Heads are a view of the outputs.
  // CHECK: v4.linear %[[X]], %[[WIDE]] : tensor<?x256xbf16, #v4.rows<tokens>>, tensor<16x256xbf16> -> tensor<?x2x8xbf16, #v4.rows<tokens>>
  %4 = v4.linear %x, %wide : !rows, tensor<16x256xbf16> -> tensor<?x2x8xbf16, #v4.rows<tokens>>
  return
}

// CHECK-LABEL: @grouped_linear
func.func @grouped_linear(%o: !heads, %w: tensor<256x1024xf8E4M3FN>, %s: tensor<2x8xf8E8M0FNU>, %wide: tensor<256x1024xbf16>) {
  // CHECK: v4.grouped_linear %{{.*}}, %{{.*}} scales %{{.*}} groups 2 : tensor<?x8x256xbf16, #v4.rows<tokens>>, tensor<256x1024xf8E4M3FN>, tensor<2x8xf8E8M0FNU> -> tensor<?x256xbf16, #v4.rows<tokens>>
  %0 = v4.grouped_linear %o, %w scales %s groups 2 : !heads, tensor<256x1024xf8E4M3FN>, tensor<2x8xf8E8M0FNU> -> !rows
  // CHECK: v4.grouped_linear %{{.*}}, %{{.*}} groups 2 : tensor<?x8x256xbf16, #v4.rows<tokens>>, tensor<256x1024xbf16> -> tensor<?x256xbf16, #v4.rows<tokens>>
  %1 = v4.grouped_linear %o, %wide groups 2 : !heads, tensor<256x1024xbf16> -> !rows
  return
}

// CHECK-LABEL: @rope
func.func @rope(%q: !heads, %x: tensor<?x8x128xbf16, #v4.rows<tokens>>) {
  // CHECK: %[[T:.*]] = v4.rope_table freqs dense<[1.000000e+00, 5.000000e-01]> : tensor<2xf32> offset -1 -> tensor<?x2x2xf32, #v4.rows<tokens>>
  %t = v4.rope_table freqs dense<[1.0, 0.5]> : tensor<2xf32> offset -1 -> tensor<?x2x2xf32, #v4.rows<tokens>>
  // CHECK: v4.rope_table freqs dense<1.000000e+00> : tensor<1xf32> offset 0 -> tensor<?x2x1xf32, #v4.rows<chunks128>>
  %c = v4.rope_table freqs dense<1.0> : tensor<1xf32> offset 0 -> tensor<?x2x1xf32, #v4.rows<chunks128>>
  // CHECK: v4.rope %{{.*}}, %[[T]] : tensor<?x8x256xbf16, #v4.rows<tokens>>, tensor<?x2x2xf32, #v4.rows<tokens>>
  %0 = v4.rope %q, %t : !heads, tensor<?x2x2xf32, #v4.rows<tokens>>
  // CHECK: v4.rope %{{.*}}, %[[T]] inverse : tensor<?x8x256xbf16, #v4.rows<tokens>>, tensor<?x2x2xf32, #v4.rows<tokens>>
  %1 = v4.rope %q, %t inverse : !heads, tensor<?x2x2xf32, #v4.rows<tokens>>
  // CHECK: v4.hadamard %{{.*}} : tensor<?x8x128xbf16, #v4.rows<tokens>>
  %2 = v4.hadamard %x : tensor<?x8x128xbf16, #v4.rows<tokens>>
  return
}

// CHECK-LABEL: @hyper_connections
func.func @hyper_connections(%s: !streams, %fn: tensor<24x1024xf32>, %base: tensor<24xf32>, %scale: tensor<3xf32>) {
  // CHECK: %[[X:.*]], %[[POST:.*]], %[[COMB:.*]] = v4.hc_pre %[[S:.*]], %{{.*}}, %{{.*}}, %{{.*}} iterations 20 eps 9.99999997E-7 hc_eps 9.99999997E-7 : tensor<?x4x256xbf16, #v4.rows<tokens>>, tensor<24x1024xf32>, tensor<24xf32>, tensor<3xf32> -> tensor<?x256xbf16, #v4.rows<tokens>>, tensor<?x4xf32, #v4.rows<tokens>>, tensor<?x4x4xf32, #v4.rows<tokens>>
  %x, %post, %comb = v4.hc_pre %s, %fn, %base, %scale iterations 20 eps 1.0e-06 hc_eps 1.0e-06 : !streams, tensor<24x1024xf32>, tensor<24xf32>, tensor<3xf32> -> !rows, tensor<?x4xf32, #v4.rows<tokens>>, tensor<?x4x4xf32, #v4.rows<tokens>>
  // CHECK: v4.hc_post %[[X]], %[[S]], %[[POST]], %[[COMB]] : tensor<?x256xbf16, #v4.rows<tokens>>, tensor<?x4x256xbf16, #v4.rows<tokens>>, tensor<?x4xf32, #v4.rows<tokens>>, tensor<?x4x4xf32, #v4.rows<tokens>>
  %n = v4.hc_post %x, %s, %post, %comb : !rows, !streams, tensor<?x4xf32, #v4.rows<tokens>>, tensor<?x4x4xf32, #v4.rows<tokens>>
  return
}

// CHECK-LABEL: @heads
func.func @heads(%s: !streams, %fn: tensor<4x1024xf32>, %base: tensor<4xf32>, %scale: tensor<1xf32>) {
  // CHECK: %[[L:.*]] = v4.select_logits_rows %{{.*}} : tensor<?x4x256xbf16, #v4.rows<tokens>> -> tensor<?x4x256xbf16, #v4.rows<logits>>
  %l = v4.select_logits_rows %s : !streams -> tensor<?x4x256xbf16, #v4.rows<logits>>
  // CHECK: v4.hc_head %[[L]], %{{.*}}, %{{.*}}, %{{.*}} eps 9.99999997E-7 hc_eps 9.99999997E-7 : tensor<?x4x256xbf16, #v4.rows<logits>>, tensor<4x1024xf32>, tensor<4xf32>, tensor<1xf32> -> tensor<?x256xbf16, #v4.rows<logits>>
  %x = v4.hc_head %l, %fn, %base, %scale eps 1.0e-06 hc_eps 1.0e-06 : tensor<?x4x256xbf16, #v4.rows<logits>>, tensor<4x1024xf32>, tensor<4xf32>, tensor<1xf32> -> tensor<?x256xbf16, #v4.rows<logits>>
  return
}

// CHECK-LABEL: @mtp
func.func @mtp(%s: !streams, %e: !rows, %c: !last) {
  // CHECK: %[[P:.*]] = v4.previous_streams %[[S:.*]], %[[C:.*]] : tensor<?x4x256xbf16, #v4.rows<tokens>>, !v4.cache<state, ratio = 1, bf16, rows = 2, values = 1024, rope = 0>
  %p = v4.previous_streams %s, %c : !streams, !last
  // CHECK: v4.save_streams %[[S]], %[[C]] : tensor<?x4x256xbf16, #v4.rows<tokens>>, !v4.cache<state, ratio = 1, bf16, rows = 2, values = 1024, rope = 0>
  v4.save_streams %s, %c : !streams, !last
  // CHECK: v4.mtp_mix %{{.*}}, %[[P]] : tensor<?x256xbf16, #v4.rows<tokens>>, tensor<?x4x256xbf16, #v4.rows<tokens>>
  %x = v4.mtp_mix %e, %p : !rows, !streams
  // CHECK: v4.probe "streams" %[[S]] : tensor<?x4x256xbf16, #v4.rows<tokens>>
  v4.probe "streams" %s : !streams
  return
}
