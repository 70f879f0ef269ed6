// RUN: v4-opt --v4-decompose %s | FileCheck %s

// CHECK-LABEL: func.func @indexer
// CHECK: %[[S:.*]] = kernel.launch @index_scores_0 grid <rows = 1, tile = 1, tiles = 8>
// CHECK: kernel.launch @top_k_0 grid <rows = 1, tile = 1, tiles = 1> (%[[S]]) writes []
func.func @indexer(%q: tensor<?x8x128xbf16, #v4.rows<tokens>>, %w: tensor<?x8xbf16, #v4.rows<tokens>>,
                   %keys: !v4.cache<page, ratio = 4, index_fp4, rows = 32, values = 128, rope = 0>)
    -> tensor<?x16xi32, #v4.rows<tokens>> {
  %s = v4.index_scores %q, %w, %keys : tensor<?x8x128xbf16, #v4.rows<tokens>>, tensor<?x8xbf16, #v4.rows<tokens>>, !v4.cache<page, ratio = 4, index_fp4, rows = 32, values = 128, rope = 0> -> tensor<?x?xf32, #v4.rows<tokens>>
  %i = v4.top_k %s : tensor<?x?xf32, #v4.rows<tokens>> -> tensor<?x16xi32, #v4.rows<tokens>>
  return %i : tensor<?x16xi32, #v4.rows<tokens>>
}

// Dot products round to bf16 before the clamp, products with the weight behind it, sums at the end.
// CHECK-LABEL: func.func private @index_scores_0
// CHECK: kernel.unpack
// CHECK: kernel.decode %{{.*}} as f4E2M1FN
// CHECK-COUNT-16: math.fma
// CHECK: arith.truncf
// CHECK: arith.cmpf ogt
// CHECK: arith.truncf
// CHECK: arith.addf
// CHECK: arith.truncf

// Thirty-two counting passes over keys that order like the scores.
// CHECK-LABEL: func.func private @top_k_0
// CHECK: arith.constant 32 : index
// CHECK: arith.xori
// CHECK: vector.reduction <add>
