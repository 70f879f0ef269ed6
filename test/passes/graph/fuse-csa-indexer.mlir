// RUN: v4-opt --v4-fuse-csa-indexer --split-input-file --verify-diagnostics %s | FileCheck %s

!q = tensor<?x8x128xbf16, #v4.rows<tokens>>
!w = tensor<?x8xbf16, #v4.rows<tokens>>
!keys = !v4.cache<page, ratio = 4, index_fp4, rows = 32, values = 128, rope = 0>
!s = tensor<?x?xf32, #v4.rows<tokens>>
!i = tensor<?x16xi32, #v4.rows<tokens>>

// CHECK-LABEL: func.func @selected
// CHECK-NEXT: %[[S:.*]], %[[R:.*]] = v4.index_candidates %{{.*}}, %{{.*}}, %{{.*}} : {{.*}} -> tensor<?x8x16xf32, #v4.rows<tokens>>, tensor<?x8x16xi32, #v4.rows<tokens>>
// CHECK-NEXT: %[[I:.*]] = v4.select_candidates %[[S]], %[[R]]
// The selection may be looked at.
// CHECK-NEXT: v4.probe "index_topk" %[[I]]
// CHECK-NEXT: return %[[I]]
func.func @selected(%q: !q, %w: !w, %keys: !keys) -> !i {
  // expected-remark @below {{v4-fuse-csa-indexer: fused with the selection of 16 rows}}
  %s = v4.index_scores %q, %w, %keys : !q, !w, !keys -> !s
  %i = v4.top_k %s : !s -> !i
  v4.probe "index_topk" %i : !i
  return %i : !i
}

// Two selections of one set of scores need the scores.
// CHECK-LABEL: func.func @two_users
// CHECK: v4.index_scores
// CHECK-NOT: v4.index_candidates
// CHECK: return
func.func @two_users(%q: !q, %w: !w, %keys: !keys) -> (!i, !i) {
  // expected-remark @below {{v4-fuse-csa-indexer: not fused: its scores have 2 users}}
  %s = v4.index_scores %q, %w, %keys : !q, !w, !keys -> !s
  %i = v4.top_k %s : !s -> !i
  %j = v4.top_k %s : !s -> !i
  return %i, %j : !i, !i
}

// CHECK-LABEL: func.func @unselected
// CHECK: v4.index_scores
func.func @unselected(%q: !q, %w: !w, %keys: !keys) -> !s {
  // expected-remark @below {{v4-fuse-csa-indexer: not fused: its scores go to no v4.top_k}}
  %s = v4.index_scores %q, %w, %keys : !q, !w, !keys -> !s
  return %s : !s
}
