// RUN: v4-opt --v4-quantize-weights=formats=experts:fp4 -split-input-file -verify-diagnostics %s | FileCheck %s
// RUN: not v4-opt --v4-quantize-weights=formats=linear:fp5 %s 2>&1 | FileCheck %s --check-prefix=FORMAT
// RUN: not v4-opt --v4-quantize-weights=formats=linear:fp4,linear:fp8 %s 2>&1 | FileCheck %s --check-prefix=TWICE

// FORMAT: option formats: 'linear:fp5' is not understood, expected experts:fp4, experts:fp8, linear:fp4 or linear:fp8, with commas between them
// TWICE: option formats: 'linear' is given twice in 'linear:fp4,linear:fp8', expected once; leave one out

// A kind that is not named stays wide.
// CHECK: @a.weight({{.*}}) : tensor<128x256xbf16>
// CHECK-NOT: a.scale
module {
  // expected-remark @below {{v4-quantize-weights: 'a.weight' stays wide: no format is asked for linear}}
  ml_program.global private @a.weight(#ml_program.extern<tensor<128x256xbf16>>) : tensor<128x256xbf16> {v4.narrowable = "linear", v4.recipe = "copy", v4.sources = ["a.weight"]}
  func.func @main(%x: tensor<?x256xbf16, #v4.rows<tokens>>) {
    %a = ml_program.global_load_const @a.weight : tensor<128x256xbf16>
    %y = v4.linear %x, %a : tensor<?x256xbf16, #v4.rows<tokens>>, tensor<128x256xbf16> -> tensor<?x128xbf16, #v4.rows<tokens>>
    return
  }
}
