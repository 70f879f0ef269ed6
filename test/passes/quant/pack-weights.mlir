// RUN: v4-opt %s --v4-pack-weights -verify-diagnostics | FileCheck %s

!x = tensor<?x256xbf16, #v4.rows<tokens>>
!y = tensor<?x512xbf16, #v4.rows<tokens>>

// A weight whose every use is a product, through a layer function that two weights share.
// CHECK: ml_program.global private @a({{.*}}) : tensor<512x256xbf16, #v4.panels<bf16>>
// CHECK: ml_program.global private @b({{.*}}) : tensor<512x256xbf16, #v4.panels<bf16>>
// expected-remark @below {{v4-pack-weights: 'a' is packed as 'tensor<512x256xbf16, #v4.panels<bf16>>'}}
ml_program.global private @a(#ml_program.extern<tensor<512x256xbf16>>) : tensor<512x256xbf16>
// expected-remark @below {{v4-pack-weights: 'b' is packed}}
ml_program.global private @b(#ml_program.extern<tensor<512x256xbf16>>) : tensor<512x256xbf16>
// FP4 codes and their scales change together; scales of FP8 blocks stay.
// CHECK: @codes({{.*}}) : tensor<512x128xi8, #v4.panels<f4E2M1FN>>
// expected-remark @below {{v4-pack-weights: 'codes' is packed}}
ml_program.global private @codes(#ml_program.extern<tensor<512x128xi8, #v4.packed<f4E2M1FN>>>) : tensor<512x128xi8, #v4.packed<f4E2M1FN>>
// CHECK: @scales({{.*}}) : tensor<512x8xf8E8M0FNU, #v4.panels<f8E8M0FNU>>
// expected-remark @below {{v4-pack-weights: 'scales' is packed}}
ml_program.global private @scales(#ml_program.extern<tensor<512x8xf8E8M0FNU>>) : tensor<512x8xf8E8M0FNU>
// CHECK: @blocks({{.*}}) : tensor<4x2xf8E8M0FNU>
// expected-remark @below {{v4-pack-weights: 'blocks' keeps its layout: scales of 128 x 128 blocks need no layout}}
ml_program.global private @blocks(#ml_program.extern<tensor<4x2xf8E8M0FNU>>) : tensor<4x2xf8E8M0FNU>
// CHECK: @narrow({{.*}}) : tensor<512x256xf8E4M3FN, #v4.panels<f8E4M3FN>>
// expected-remark @below {{v4-pack-weights: 'narrow' is packed}}
ml_program.global private @narrow(#ml_program.extern<tensor<512x256xf8E4M3FN>>) : tensor<512x256xf8E4M3FN>
// Multi-use: the table is gathered too, so it stays as it is.
// CHECK: @table({{.*}}) : tensor<512x256xbf16>
// expected-remark @below {{v4-pack-weights: 'table' keeps its layout: its use in v4.embed is no matrix product}}
ml_program.global private @table(#ml_program.extern<tensor<512x256xbf16>>) : tensor<512x256xbf16>
// A weight that shares an argument with one that stays.
// CHECK: @odd({{.*}}) : tensor<512x96xbf16>
// expected-remark @below {{v4-pack-weights: 'odd' keeps its layout: 96 columns are no multiple of 64}}
ml_program.global private @odd(#ml_program.extern<tensor<512x96xbf16>>) : tensor<512x96xbf16>
// CHECK: @shared({{.*}}) : tensor<512x256xbf16>
// expected-remark @below {{v4-pack-weights: 'shared' keeps its layout: it shares a layer function with a weight that is not packed}}
ml_program.global private @shared(#ml_program.extern<tensor<512x256xbf16>>) : tensor<512x256xbf16>

// CHECK-LABEL: func.func private @layer
// CHECK-SAME: tensor<512x256xbf16, #v4.panels<bf16>>
func.func private @layer(%x: !x, %w: tensor<512x256xbf16>) -> !y {
  %y = v4.linear %x, %w : !x, tensor<512x256xbf16> -> !y
  return %y : !y
}
// CHECK-LABEL: func.func private @mixed
// CHECK-SAME: tensor<512x256xbf16>)
func.func private @mixed(%x: !x, %w: tensor<512x256xbf16>) -> !y {
  %y = v4.linear %x, %w : !x, tensor<512x256xbf16> -> !y
  return %y : !y
}
func.func @main(%n: tensor<?x96xbf16, #v4.rows<tokens>>) -> !y {
  %a = ml_program.global_load_const @a : tensor<512x256xbf16>
  %b = ml_program.global_load_const @b : tensor<512x256xbf16>
  %codes = ml_program.global_load_const @codes : tensor<512x128xi8, #v4.packed<f4E2M1FN>>
  %scales = ml_program.global_load_const @scales : tensor<512x8xf8E8M0FNU>
  %narrow = ml_program.global_load_const @narrow : tensor<512x256xf8E4M3FN>
  %blocks = ml_program.global_load_const @blocks : tensor<4x2xf8E8M0FNU>
  %table = ml_program.global_load_const @table : tensor<512x256xbf16>
  %odd = ml_program.global_load_const @odd : tensor<512x96xbf16>
  %shared = ml_program.global_load_const @shared : tensor<512x256xbf16>
  %x = v4.embed %table : tensor<512x256xbf16> -> !x
  %0 = call @layer(%x, %a) : (!x, tensor<512x256xbf16>) -> !y
  %1 = call @layer(%x, %b) : (!x, tensor<512x256xbf16>) -> !y
  %2 = call @mixed(%x, %table) : (!x, tensor<512x256xbf16>) -> !y
  %3 = call @mixed(%x, %shared) : (!x, tensor<512x256xbf16>) -> !y
  %4 = v4.linear %x, %codes scales %scales : !x, tensor<512x128xi8, #v4.packed<f4E2M1FN>>, tensor<512x8xf8E8M0FNU> -> !y
  %5 = v4.linear %x, %narrow scales %blocks : !x, tensor<512x256xf8E4M3FN>, tensor<4x2xf8E8M0FNU> -> !y
  %6 = v4.linear %n, %odd : tensor<?x96xbf16, #v4.rows<tokens>>, tensor<512x96xbf16> -> !y
  return %6 : !y
}
