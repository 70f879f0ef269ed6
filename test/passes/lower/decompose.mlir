// RUN: v4-opt %s --v4-decompose | FileCheck %s
// RUN: v4-opt %s --v4-decompose --v4-verify-kernels -o /dev/null

// Equal ops (name, attributes, types) share one kernel, whatever function they are in; another eps is another kernel.
// CHECK-LABEL: func.func @layer
// CHECK: kernel.launch @rms_norm_0 grid <rows = 1, tile = 1, tiles = 1> (%{{.*}}, %{{.*}}) writes [] step []
// CHECK: kernel.launch @rms_norm_0
// CHECK: kernel.launch @rms_norm_1
func.func @layer(%x: tensor<?x256xbf16, #v4.rows<tokens>>, %w: tensor<256xbf16>) -> tensor<?x256xbf16, #v4.rows<tokens>> {
  %a = v4.rms_norm %x, %w eps 1.0e-06 : tensor<?x256xbf16, #v4.rows<tokens>>, tensor<256xbf16>
  %b = v4.rms_norm %a, %w eps 1.0e-06 : tensor<?x256xbf16, #v4.rows<tokens>>, tensor<256xbf16>
  %c = v4.rms_norm %b, %w eps 1.0e-05 : tensor<?x256xbf16, #v4.rows<tokens>>, tensor<256xbf16>
  return %c : tensor<?x256xbf16, #v4.rows<tokens>>
}

// A matrix product visits 32 tokens and 16 output rows in a workgroup. The step's counts say where the last tile ends.
// CHECK-LABEL: func.func @projection
// CHECK: kernel.launch @linear_0 grid <rows = 1, tile = 32, tiles = 8> (%{{.*}}, %{{.*}}, %{{.*}}) writes [] step [0]
func.func @projection(%x: tensor<?x256xbf16, #v4.rows<tokens>>, %w: tensor<128x256xf8E4M3FN>, %s: tensor<1x2xf8E8M0FNU>) -> tensor<?x128xbf16, #v4.rows<tokens>> {
  %y = v4.linear %x, %w scales %s : tensor<?x256xbf16, #v4.rows<tokens>>, tensor<128x256xf8E4M3FN>, tensor<1x2xf8E8M0FNU> -> tensor<?x128xbf16, #v4.rows<tokens>>
  return %y : tensor<?x128xbf16, #v4.rows<tokens>>
}

// A cache that an op writes is listed; state offsets and rows of the slots come from the step block.
// CHECK-LABEL: func.func @state
// CHECK: kernel.launch @save_streams_0 grid <rows = 1, tile = 1, tiles = 1> (%{{.*}}, %{{.*}}) writes [1] step [3, 4, 5, 2, 7]
// When a launch runs is no matter of its kernel.
// CHECK-NEXT: kernel.launch @save_streams_0 {{.*}} {v4.group = "mtp_draft"}
func.func @state(%s: tensor<?x4x256xbf16, #v4.rows<tokens>>, %c: !v4.cache<state, ratio = 1, bf16, rows = 2, values = 1024, rope = 0>) {
  v4.save_streams %s, %c : tensor<?x4x256xbf16, #v4.rows<tokens>>, !v4.cache<state, ratio = 1, bf16, rows = 2, values = 1024, rope = 0>
  v4.save_streams %s, %c {v4.group = "mtp_draft"} : tensor<?x4x256xbf16, #v4.rows<tokens>>, !v4.cache<state, ratio = 1, bf16, rows = 2, values = 1024, rope = 0>
  return
}

// A probe is no computation: it stays.
// CHECK-LABEL: func.func @probed
// CHECK: v4.probe "streams"
func.func @probed(%s: tensor<?x4x256xbf16, #v4.rows<tokens>>) {
  v4.probe "streams" %s : tensor<?x4x256xbf16, #v4.rows<tokens>>
  return
}

// The sum of squares runs on 16 lanes that are then added pairwise at distance 8, 4, 2, 1.
// CHECK-LABEL: func.func private @rms_norm_0
// CHECK-SAME: kernel.entry
// CHECK-SAME: kernel.op = "rms_norm"
// CHECK: math.fma {{.*}} : vector<16xf32>
// CHECK: vector.extract_strided_slice {{.*}}sizes = [8]
// CHECK: vector.extract_strided_slice {{.*}}sizes = [4]
// CHECK: math.sqrt
