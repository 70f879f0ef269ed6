// RUN: v4-opt --v4-decompose %s | FileCheck %s

// Rows of the result are chunks, and a workgroup takes 64 channels. Equal ops share a kernel, a planted mistake
// makes another one.

// CHECK-LABEL: func.func @compress
// CHECK: kernel.launch @compress_0 grid <rows = 3, tile = 1, tiles = 4>
// CHECK: kernel.launch @compress_0 grid <rows = 3, tile = 1, tiles = 4>
// CHECK: kernel.launch @compress_1 grid <rows = 3, tile = 1, tiles = 4>
// CHECK: kernel.launch @compress_2 grid <rows = 4, tile = 1, tiles = 8>
func.func @compress(%a: tensor<?x512xf32, #v4.rows<tokens>>, %ape4: tensor<4x512xf32>, %ape128: tensor<128x512xf32>,
                    %ring4: !v4.cache<state, ratio = 1, f32, rows = 8, values = 1024, rope = 0>,
                    %ring128: !v4.cache<state, ratio = 1, f32, rows = 128, values = 1024, rope = 0>) {
  %0 = v4.compress %a, %a, %ape4, %ring4 ratio 4 : tensor<?x512xf32, #v4.rows<tokens>>, tensor<4x512xf32>, !v4.cache<state, ratio = 1, f32, rows = 8, values = 1024, rope = 0> -> tensor<?x256xbf16, #v4.rows<chunks4>>
  %1 = v4.compress %a, %a, %ape4, %ring4 ratio 4 : tensor<?x512xf32, #v4.rows<tokens>>, tensor<4x512xf32>, !v4.cache<state, ratio = 1, f32, rows = 8, values = 1024, rope = 0> -> tensor<?x256xbf16, #v4.rows<chunks4>>
  %2 = v4.compress %a, %a, %ape4, %ring4 ratio 4 {v4.planted = "no_overlap"} : tensor<?x512xf32, #v4.rows<tokens>>, tensor<4x512xf32>, !v4.cache<state, ratio = 1, f32, rows = 8, values = 1024, rope = 0> -> tensor<?x256xbf16, #v4.rows<chunks4>>
  %3 = v4.compress %a, %a, %ape128, %ring128 ratio 128 : tensor<?x512xf32, #v4.rows<tokens>>, tensor<128x512xf32>, !v4.cache<state, ratio = 1, f32, rows = 128, values = 1024, rope = 0> -> tensor<?x512xbf16, #v4.rows<chunks128>>
  return
}

// Two passes over the candidates: maximum, then weighted sum.
// CHECK-LABEL: func.func private @compress_0
// CHECK: arith.cmpf ogt
// CHECK: math.exp {{.*}} : vector<16xf32>
// CHECK: math.fma {{.*}} : vector<16xf32>
// CHECK: arith.divf {{.*}} : vector<16xf32>
