// RUN: v4-opt %s --v4-choose-kernels -verify-diagnostics | FileCheck %s
// RUN: v4-opt %s --v4-choose-kernels --v4-decompose --v4-verify-kernels -o /dev/null

!x = tensor<?x256xbf16, #v4.rows<tokens>>
!y = tensor<?x128xbf16, #v4.rows<tokens>>
!w = tensor<128x256xbf16, #v4.panels<bf16>>

// Equal products share one kernel, whose body is the contract alone.
// CHECK-LABEL: func.func @packed
// CHECK: kernel.launch @linear_0 grid <rows = 1, tile = 192, tiles = 4> (%{{.*}}, %{{.*}}) writes [] step [0]
// CHECK: kernel.launch @linear_0
func.func @packed(%x: !x, %w: !w) -> (!y, !y) {
  %a = v4.linear %x, %w : !x, !w -> !y
  %b = v4.linear %x, %w : !x, !w -> !y
  return %a, %b : !y, !y
}

// Near miss: the same product of a weight in the checkpoint's layout.
// CHECK-LABEL: func.func @row_major
// CHECK: v4.linear
func.func @row_major(%x: !x, %w: tensor<128x256xbf16>) -> !y {
  // expected-remark @below {{v4-choose-kernels: no tuned kernel: its weight is not in panels}}
  %a = v4.linear %x, %w : !x, tensor<128x256xbf16> -> !y
  return %a : !y
}

// Near miss: groups that do not fill panels.
// CHECK-LABEL: func.func @small_groups
// CHECK: v4.grouped_linear
func.func @small_groups(%x: tensor<?x4x128xbf16, #v4.rows<tokens>>, %w: tensor<32x128xbf16>) -> tensor<?x32xbf16, #v4.rows<tokens>> {
  // expected-remark @below {{v4-choose-kernels: no tuned kernel: a group has 8 rows, not a multiple of 32}}
  %a = v4.grouped_linear %x, %w groups 4 : tensor<?x4x128xbf16, #v4.rows<tokens>>, tensor<32x128xbf16> -> tensor<?x32xbf16, #v4.rows<tokens>>
  return %a : tensor<?x32xbf16, #v4.rows<tokens>>
}

// A fused op without a kernel gives way to its parts, which may have some.
// CHECK-LABEL: func.func @half_packed
// CHECK: kernel.launch @linear_1
// CHECK: v4.linear
func.func @half_packed(%x: !x, %v: tensor<64x256xbf16, #v4.panels<bf16>>, %w: tensor<128x256xbf16>) -> !y {
  // expected-remark @below {{v4-choose-kernels: no tuned kernel, its parts stand for it: its weight is not in panels}}
  // expected-remark @below {{v4-choose-kernels: no tuned kernel: its weight is not in panels}}
  %a, %b = v4.projections %x, [%v, %w] : !x, [tensor<64x256xbf16, #v4.panels<bf16>>, tensor<128x256xbf16>] -> tensor<?x64xbf16, #v4.rows<tokens>>, !y
  return %b : !y
}

// One row from the streams of a token; the streams' width is whole vectors or it stays as it is.
// CHECK-LABEL: func.func @head
// CHECK: kernel.launch @hc_head_0 grid <rows = 1, tile = 1, tiles = 1> (%{{.*}}, %{{.*}}, %{{.*}}, %{{.*}}) writes [] step [0]
// CHECK: v4.hc_head
func.func @head(%s: tensor<?x4x64xbf16, #v4.rows<tokens>>, %f: tensor<4x256xf32>, %n: tensor<?x4x24xbf16, #v4.rows<tokens>>, %g: tensor<4x96xf32>, %b: tensor<4xf32>, %w: tensor<1xf32>) -> (tensor<?x64xbf16, #v4.rows<tokens>>, tensor<?x24xbf16, #v4.rows<tokens>>) {
  %x = v4.hc_head %s, %f, %b, %w eps 1.0e-06 hc_eps 1.0e-06 : tensor<?x4x64xbf16, #v4.rows<tokens>>, tensor<4x256xf32>, tensor<4xf32>, tensor<1xf32> -> tensor<?x64xbf16, #v4.rows<tokens>>
  // expected-remark @below {{v4-choose-kernels: no tuned kernel: 24 columns are no multiple of 16}}
  %y = v4.hc_head %n, %g, %b, %w eps 1.0e-06 hc_eps 1.0e-06 : tensor<?x4x24xbf16, #v4.rows<tokens>>, tensor<4x96xf32>, tensor<4xf32>, tensor<1xf32> -> tensor<?x24xbf16, #v4.rows<tokens>>
  return %x, %y : tensor<?x64xbf16, #v4.rows<tokens>>, tensor<?x24xbf16, #v4.rows<tokens>>
}

// A planted mistake (test-only) lives in the decomposition.
// CHECK-LABEL: func.func @planted
// CHECK: v4.hadamard
func.func @planted(%x: !x, %w: tensor<128x256xbf16>) -> !x {
  // expected-remark @below {{v4-choose-kernels: no tuned kernel: it carries a planted mistake}}
  %a = v4.hadamard %x {v4.planted = "test"} : !x
  return %a : !x
}

// CHECK-LABEL: func.func private @linear_0
// CHECK-SAME: kernel.entry
// CHECK-NEXT: kernel.panel_linear range %{{.*}} %{{.*}} grid <rows = 1, tile = 192, tiles = 4>
// CHECK-SAME: columns = 256 : i64, format = bf16, groups = 1 : i64, inner = 1 : i64, rows = 128 : i64, x_stride = 256 : i64
// CHECK-NEXT: return
