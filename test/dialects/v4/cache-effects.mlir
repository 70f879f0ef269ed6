// Cache effects are on one resource: equal reads merge only when nothing is
// written between them, and a read never moves over a write.
// RUN: v4-opt %s --cse --canonicalize | FileCheck %s

!rows = tensor<?x4x256xbf16, #v4.rows<tokens>>
!last = !v4.cache<state, ratio = 1, bf16, rows = 2, values = 1024, rope = 0>

// CHECK-LABEL: @equal_reads
func.func @equal_reads(%s: !rows, %c: !last) -> (!rows, !rows) {
  // CHECK: %[[READ:.*]] = v4.previous_streams
  // CHECK-NOT: v4.previous_streams
  // CHECK: return %[[READ]], %[[READ]]
  %0 = v4.previous_streams %s, %c : !rows, !last
  %1 = v4.previous_streams %s, %c : !rows, !last
  return %0, %1 : !rows, !rows
}

// CHECK-LABEL: @write_between
func.func @write_between(%s: !rows, %c: !last) -> (!rows, !rows) {
  // CHECK: %[[BEFORE:.*]] = v4.previous_streams
  // CHECK-NEXT: v4.save_streams
  // CHECK-NEXT: %[[AFTER:.*]] = v4.previous_streams
  // CHECK-NEXT: return %[[BEFORE]], %[[AFTER]]
  %0 = v4.previous_streams %s, %c : !rows, !last
  v4.save_streams %s, %c : !rows, !last
  %1 = v4.previous_streams %s, %c : !rows, !last
  return %0, %1 : !rows, !rows
}

// A write to another cache orders reads as well: the resource is one.
// CHECK-LABEL: @write_of_another_cache
func.func @write_of_another_cache(%s: !rows, %c: !last, %d: !last) -> (!rows, !rows) {
  // CHECK: v4.previous_streams
  // CHECK-NEXT: v4.save_streams
  // CHECK-NEXT: v4.previous_streams
  %0 = v4.previous_streams %s, %c : !rows, !last
  v4.save_streams %s, %d : !rows, !last
  %1 = v4.previous_streams %s, %c : !rows, !last
  return %0, %1 : !rows, !rows
}

// CHECK-LABEL: @unused_read
func.func @unused_read(%s: !rows, %c: !last) {
  // CHECK-NOT: v4.previous_streams
  // CHECK: v4.save_streams
  %0 = v4.previous_streams %s, %c : !rows, !last
  v4.save_streams %s, %c : !rows, !last
  return
}

// CHECK-LABEL: @equal_writes
func.func @equal_writes(%s: !rows, %c: !last) {
  // CHECK-COUNT-2: v4.save_streams
  v4.save_streams %s, %c : !rows, !last
  v4.save_streams %s, %c : !rows, !last
  return
}

// Ops without state merge across writes.
// CHECK-LABEL: @pure_across_write
func.func @pure_across_write(%s: !rows, %c: !last) -> (!rows, !rows) {
  // CHECK: %[[PURE:.*]] = v4.scale
  // CHECK-NEXT: v4.save_streams
  // CHECK-NEXT: return %[[PURE]], %[[PURE]]
  %0 = v4.scale %s by 2.0 : !rows
  v4.save_streams %s, %c : !rows, !last
  %1 = v4.scale %s by 2.0 : !rows
  return %0, %1 : !rows, !rows
}

// A probe is kept although nothing uses it.
// CHECK-LABEL: @probe
func.func @probe(%s: !rows) {
  // CHECK: v4.probe "streams"
  v4.probe "streams" %s : !rows
  return
}
