// RUN: v4-opt --v4-quantize-weights -split-input-file -verify-diagnostics %s | FileCheck %s
// RUN: v4-opt --v4-quantize-weights=formats=linear:fp4,experts:fp8 -split-input-file -verify-diagnostics %s | FileCheck %s --check-prefix=SWAPPED

// Two layers share a function: their weights change together, the scales travel behind them, both products read one
// quantized input, and a probe keeps the plain value.
// CHECK: ml_program.global private @a.weight({{.*}}) : tensor<128x256xf8E4M3FN> {v4.recipe = "quantize_e4m3", v4.sources = ["a.weight"]}
// CHECK-NEXT: ml_program.global private @a.scale({{.*}}) : tensor<1x2xf8E8M0FNU> {v4.recipe = "quantize_e4m3_scales", v4.sources = ["a.weight"]}
// CHECK: @b.weight({{.*}}) : tensor<128x256xf8E4M3FN>
// CHECK: @b.scale({{.*}}) : tensor<1x2xf8E8M0FNU>
// CHECK: @router.weight({{.*}}) : tensor<16x256xbf16> {v4.recipe = "copy"
// CHECK-LABEL: func.func private @layer
// CHECK-SAME: (%[[X:.*]]: tensor<?x256xbf16, #v4.rows<tokens>>, %[[W:.*]]: tensor<128x256xf8E4M3FN>, %[[S:.*]]: tensor<1x2xf8E8M0FNU>, %[[R:.*]]: tensor<16x256xbf16>)
// CHECK-NEXT: %[[Q:.*]] = v4.quantize %[[X]] fp8 block 128 prefix 256
// CHECK-NEXT: v4.probe "x" %[[X]]
// CHECK-NEXT: v4.linear %[[Q]], %[[W]] scales %[[S]]
// CHECK-NEXT: v4.linear %[[Q]], %[[W]] scales %[[S]]
// CHECK-NEXT: v4.linear %[[X]], %[[R]] :
// CHECK-LABEL: func.func @main
// CHECK: %[[A:.*]] = ml_program.global_load_const @a.weight : tensor<128x256xf8E4M3FN>
// CHECK-NEXT: %[[AS:.*]] = ml_program.global_load_const @a.scale : tensor<1x2xf8E8M0FNU>
// CHECK: call @layer(%{{.*}}, %[[A]], %[[AS]], %{{.*}})
// SWAPPED: @a.weight({{.*}}) : tensor<128x128xi8, #v4.packed<f4E2M1FN>> {v4.recipe = "quantize_e2m1"
// SWAPPED-NEXT: @a.scale({{.*}}) : tensor<128x8xf8E8M0FNU> {v4.recipe = "quantize_e2m1_scales"
module {
  // expected-remark @below {{v4-quantize-weights: 'a.weight' becomes}}
  ml_program.global private @a.weight(#ml_program.extern<tensor<128x256xbf16>>) : tensor<128x256xbf16> {v4.narrowable = "linear", v4.recipe = "copy", v4.sources = ["a.weight"]}
  // expected-remark @below {{v4-quantize-weights: 'b.weight' becomes}}
  ml_program.global private @b.weight(#ml_program.extern<tensor<128x256xbf16>>) : tensor<128x256xbf16> {v4.narrowable = "linear", v4.recipe = "copy", v4.sources = ["b.weight"]}
  ml_program.global private @router.weight(#ml_program.extern<tensor<16x256xbf16>>) : tensor<16x256xbf16> {v4.recipe = "copy", v4.sources = ["router.weight"]}
  func.func private @layer(%x: tensor<?x256xbf16, #v4.rows<tokens>>, %w: tensor<128x256xbf16>, %r: tensor<16x256xbf16>) {
    v4.probe "x" %x : tensor<?x256xbf16, #v4.rows<tokens>>
    %y = v4.linear %x, %w : tensor<?x256xbf16, #v4.rows<tokens>>, tensor<128x256xbf16> -> tensor<?x128xbf16, #v4.rows<tokens>>
    %z = v4.linear %x, %w : tensor<?x256xbf16, #v4.rows<tokens>>, tensor<128x256xbf16> -> tensor<?x128xf32, #v4.rows<tokens>>
    %l = v4.linear %x, %r : tensor<?x256xbf16, #v4.rows<tokens>>, tensor<16x256xbf16> -> tensor<?x16xf32, #v4.rows<tokens>>
    return
  }
  func.func @main(%x: tensor<?x256xbf16, #v4.rows<tokens>>) {
    %a = ml_program.global_load_const @a.weight : tensor<128x256xbf16>
    %b = ml_program.global_load_const @b.weight : tensor<128x256xbf16>
    %r = ml_program.global_load_const @router.weight : tensor<16x256xbf16>
    call @layer(%x, %a, %r) : (tensor<?x256xbf16, #v4.rows<tokens>>, tensor<128x256xbf16>, tensor<16x256xbf16>) -> ()
    call @layer(%x, %b, %r) : (tensor<?x256xbf16, #v4.rows<tokens>>, tensor<128x256xbf16>, tensor<16x256xbf16>) -> ()
    return
  }
}

// -----

// Experts become FP4; the grouped projection becomes FP8 and its input stays as it is.
// CHECK: @e.w1.weight({{.*}}) : tensor<4x64x128xi8, #v4.packed<f4E2M1FN>> {v4.recipe = "quantize_e2m1", v4.sources = ["e.0", "e.1", "e.2", "e.3"]}
// CHECK-NEXT: @e.w1.scale({{.*}}) : tensor<4x64x8xf8E8M0FNU> {v4.recipe = "quantize_e2m1_scales", v4.sources = ["e.0", "e.1", "e.2", "e.3"]}
// CHECK: @wo_a.scale({{.*}}) : tensor<1x4xf8E8M0FNU>
// CHECK-LABEL: func.func @main
// CHECK-SAME: %[[X:.*]]: tensor<?x256xbf16, #v4.rows<tokens>>, %[[O:.*]]: tensor<?x4x256xbf16, #v4.rows<tokens>>,
// CHECK: %[[Q:.*]] = v4.quantize %[[X]]
// CHECK-NOT: v4.quantize
// CHECK: v4.expert_linear %[[Q]], %{{.*}} scales
// CHECK: v4.grouped_linear %[[O]], %{{.*}} scales
// SWAPPED: @e.w1.weight({{.*}}) : tensor<4x64x256xf8E4M3FN>
// SWAPPED-NEXT: @e.w1.scale({{.*}}) : tensor<4x1x2xf8E8M0FNU>
module {
  // expected-remark @below {{'e.w1.weight' becomes}}
  ml_program.global private @e.w1.weight(#ml_program.extern<tensor<4x64x256xbf16>>) : tensor<4x64x256xbf16> {v4.narrowable = "experts", v4.recipe = "copy", v4.sources = ["e.0", "e.1", "e.2", "e.3"]}
  // expected-remark @below {{'wo_a.weight' becomes}}
  ml_program.global private @wo_a.weight(#ml_program.extern<tensor<64x512xbf16>>) : tensor<64x512xbf16> {v4.narrowable = "linear", v4.recipe = "copy", v4.sources = ["wo_a.weight"]}
  func.func @main(%x: tensor<?x256xbf16, #v4.rows<tokens>>, %heads: tensor<?x4x256xbf16, #v4.rows<tokens>>, %o: tensor<?x2xi32, #v4.rows<tokens>>, %f: tensor<?x5xi32, #v4.rows<one>>) {
    %w = ml_program.global_load_const @e.w1.weight : tensor<4x64x256xbf16>
    %y = v4.expert_linear %x, %w order %o, %f, %f : tensor<?x256xbf16, #v4.rows<tokens>>, tensor<4x64x256xbf16> order tensor<?x2xi32, #v4.rows<tokens>>, tensor<?x5xi32, #v4.rows<one>> -> tensor<?x2x64xbf16, #v4.rows<tokens>>
    %a = ml_program.global_load_const @wo_a.weight : tensor<64x512xbf16>
    %u = v4.grouped_linear %heads, %a groups 2 : tensor<?x4x256xbf16, #v4.rows<tokens>>, tensor<64x512xbf16> -> tensor<?x64xbf16, #v4.rows<tokens>>
    return
  }
}

// -----

// Near misses: columns that no activation block divides, a use that is no product, and a companion of such a weight.
// CHECK-LABEL: func.func @main
// CHECK-NOT: v4.quantize

module {
  // expected-remark @below {{v4-quantize-weights: 'odd.weight' stays wide: its 192 columns are no multiple of 128}}
  ml_program.global private @odd.weight(#ml_program.extern<tensor<128x192xbf16>>) : tensor<128x192xbf16> {v4.narrowable = "linear", v4.recipe = "copy", v4.sources = ["odd.weight"]}
  // expected-remark @below {{'table.weight' stays wide: its use in v4.embed is no product with a wide matrix}}
  ml_program.global private @table.weight(#ml_program.extern<tensor<64x256xbf16>>) : tensor<64x256xbf16> {v4.narrowable = "linear", v4.recipe = "copy", v4.sources = ["table.weight"]}
  // expected-remark @below {{'other.weight' stays wide: it shares a layer function with a weight that stays wide}}
  ml_program.global private @other.weight(#ml_program.extern<tensor<64x256xbf16>>) : tensor<64x256xbf16> {v4.narrowable = "linear", v4.recipe = "copy", v4.sources = ["other.weight"]}
  func.func private @layer(%x: tensor<?x256xbf16, #v4.rows<tokens>>, %w: tensor<64x256xbf16>) {
    %y = v4.linear %x, %w : tensor<?x256xbf16, #v4.rows<tokens>>, tensor<64x256xbf16> -> tensor<?x64xbf16, #v4.rows<tokens>>
    return
  }
  func.func @main(%x: tensor<?x192xbf16, #v4.rows<tokens>>) {
    %w = ml_program.global_load_const @odd.weight : tensor<128x192xbf16>
    %y = v4.linear %x, %w : tensor<?x192xbf16, #v4.rows<tokens>>, tensor<128x192xbf16> -> tensor<?x128xbf16, #v4.rows<tokens>>
    %t = ml_program.global_load_const @table.weight : tensor<64x256xbf16>
    %o = ml_program.global_load_const @other.weight : tensor<64x256xbf16>
    %e = v4.embed %t : tensor<64x256xbf16> -> tensor<?x256xbf16, #v4.rows<tokens>>
    call @layer(%e, %t) : (tensor<?x256xbf16, #v4.rows<tokens>>, tensor<64x256xbf16>) -> ()
    call @layer(%e, %o) : (tensor<?x256xbf16, #v4.rows<tokens>>, tensor<64x256xbf16>) -> ()
    return
  }
}
