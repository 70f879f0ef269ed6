// RUN: v4-opt --v4-prove-exact-forms %s | FileCheck %s

// Codes, their scales, and scales of FP4 codes, which two layers hand to one function; bf16 has nothing to prove.
// CHECK: @fp8.weight({{.*}}) : tensor<128x256xf8E4M3FN> {v4.exact_forms = ["no_nan"],
// CHECK: @fp8.scale({{.*}}) : tensor<1x2xf8E8M0FNU> {v4.exact_forms = ["normal_scales"],
// CHECK: @fp4.weight({{.*}}) : tensor<128x128xi8, #v4.packed<f4E2M1FN>> {v4.recipe
// CHECK: @fp4.scale({{.*}}) : tensor<128x8xf8E8M0FNU> {v4.exact_forms = ["normal_scales", "e4m3_per_128"],
// CHECK: @panels.scale({{.*}}) : tensor<128x8xf8E8M0FNU, #v4.panels<f8E8M0FNU>> {v4.exact_forms = ["normal_scales", "e4m3_per_128"],
// CHECK: @tiles.scale({{.*}}) : tensor<2x128x8xf8E8M0FNU, #v4.tiles<f8E8M0FNU, rows>> {v4.exact_forms = ["normal_scales", "e4m3_per_128"],
// CHECK: @wide.weight({{.*}}) : tensor<128x256xbf16> {v4.recipe
// CHECK: @unused.weight({{.*}}) : tensor<128x256xf8E4M3FN> {v4.recipe
module {
  ml_program.global private @fp8.weight(#ml_program.extern<tensor<128x256xf8E4M3FN>>) : tensor<128x256xf8E4M3FN> {v4.recipe = "copy", v4.sources = ["a"]}
  ml_program.global private @fp8.scale(#ml_program.extern<tensor<1x2xf8E8M0FNU>>) : tensor<1x2xf8E8M0FNU> {v4.recipe = "copy", v4.sources = ["b"]}
  ml_program.global private @fp4.weight(#ml_program.extern<tensor<128x128xi8, #v4.packed<f4E2M1FN>>>) : tensor<128x128xi8, #v4.packed<f4E2M1FN>> {v4.recipe = "copy", v4.sources = ["c"]}
  ml_program.global private @fp4.scale(#ml_program.extern<tensor<128x8xf8E8M0FNU>>) : tensor<128x8xf8E8M0FNU> {v4.recipe = "copy", v4.sources = ["d"]}
  ml_program.global private @panels.weight(#ml_program.extern<tensor<128x128xi8, #v4.panels<f4E2M1FN>>>) : tensor<128x128xi8, #v4.panels<f4E2M1FN>> {v4.recipe = "copy", v4.sources = ["e"]}
  ml_program.global private @panels.scale(#ml_program.extern<tensor<128x8xf8E8M0FNU, #v4.panels<f8E8M0FNU>>>) : tensor<128x8xf8E8M0FNU, #v4.panels<f8E8M0FNU>> {v4.recipe = "copy", v4.sources = ["f"]}
  ml_program.global private @tiles.weight(#ml_program.extern<tensor<2x128x128xi8, #v4.tiles<f4E2M1FN, wide>>>) : tensor<2x128x128xi8, #v4.tiles<f4E2M1FN, wide>> {v4.recipe = "copy", v4.sources = ["i"]}
  ml_program.global private @tiles.scale(#ml_program.extern<tensor<2x128x8xf8E8M0FNU, #v4.tiles<f8E8M0FNU, rows>>>) : tensor<2x128x8xf8E8M0FNU, #v4.tiles<f8E8M0FNU, rows>> {v4.recipe = "copy", v4.sources = ["j"]}
  ml_program.global private @wide.weight(#ml_program.extern<tensor<128x256xbf16>>) : tensor<128x256xbf16> {v4.recipe = "copy", v4.sources = ["g"]}
  ml_program.global private @unused.weight(#ml_program.extern<tensor<128x256xf8E4M3FN>>) : tensor<128x256xf8E4M3FN> {v4.recipe = "copy", v4.sources = ["h"]}
  func.func private @layer(%x: tensor<?x256xbf16, #v4.rows<tokens>>, %w: tensor<128x128xi8, #v4.packed<f4E2M1FN>>, %s: tensor<128x8xf8E8M0FNU>) {
    %y = v4.linear %x, %w scales %s : tensor<?x256xbf16, #v4.rows<tokens>>, tensor<128x128xi8, #v4.packed<f4E2M1FN>>, tensor<128x8xf8E8M0FNU> -> tensor<?x128xbf16, #v4.rows<tokens>>
    return
  }
  func.func @main(%x: tensor<?x256xbf16, #v4.rows<tokens>>, %order: tensor<?x2xi32, #v4.rows<tokens>>, %runs: tensor<?x3xi32, #v4.rows<one>>) {
    %0 = ml_program.global_load_const @fp8.weight : tensor<128x256xf8E4M3FN>
    %1 = ml_program.global_load_const @fp8.scale : tensor<1x2xf8E8M0FNU>
    %y = v4.linear %x, %0 scales %1 : tensor<?x256xbf16, #v4.rows<tokens>>, tensor<128x256xf8E4M3FN>, tensor<1x2xf8E8M0FNU> -> tensor<?x128xbf16, #v4.rows<tokens>>
    %2 = ml_program.global_load_const @fp4.weight : tensor<128x128xi8, #v4.packed<f4E2M1FN>>
    %3 = ml_program.global_load_const @fp4.scale : tensor<128x8xf8E8M0FNU>
    call @layer(%x, %2, %3) : (tensor<?x256xbf16, #v4.rows<tokens>>, tensor<128x128xi8, #v4.packed<f4E2M1FN>>, tensor<128x8xf8E8M0FNU>) -> ()
    %4 = ml_program.global_load_const @panels.weight : tensor<128x128xi8, #v4.panels<f4E2M1FN>>
    %5 = ml_program.global_load_const @panels.scale : tensor<128x8xf8E8M0FNU, #v4.panels<f8E8M0FNU>>
    %z = v4.linear %x, %4 scales %5 : tensor<?x256xbf16, #v4.rows<tokens>>, tensor<128x128xi8, #v4.panels<f4E2M1FN>>, tensor<128x8xf8E8M0FNU, #v4.panels<f8E8M0FNU>> -> tensor<?x128xbf16, #v4.rows<tokens>>
    %7 = ml_program.global_load_const @tiles.weight : tensor<2x128x128xi8, #v4.tiles<f4E2M1FN, wide>>
    %8 = ml_program.global_load_const @tiles.scale : tensor<2x128x8xf8E8M0FNU, #v4.tiles<f8E8M0FNU, rows>>
    %e = v4.expert_linear %x, %7 scales %8 order %order, %runs, %runs : tensor<?x256xbf16, #v4.rows<tokens>>, tensor<2x128x128xi8, #v4.tiles<f4E2M1FN, wide>> scales tensor<2x128x8xf8E8M0FNU, #v4.tiles<f8E8M0FNU, rows>> order tensor<?x2xi32, #v4.rows<tokens>>, tensor<?x3xi32, #v4.rows<one>> -> tensor<?x2x128xbf16, #v4.rows<tokens>>
    %6 = ml_program.global_load_const @wide.weight : tensor<128x256xbf16>
    %w = v4.linear %x, %6 : tensor<?x256xbf16, #v4.rows<tokens>>, tensor<128x256xbf16> -> tensor<?x128xbf16, #v4.rows<tokens>>
    return
  }
}
