// A launch has the effects of the caches it binds, on the resource of v4's cache
// ops, and none without caches.
// RUN: v4-opt %s --cse --canonicalize | FileCheck %s

!rows = tensor<?x256xbf16, #v4.rows<tokens>>
!ring = !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64>

func.func private @pure(index, index, memref<?x256xbf16>, memref<?x256xbf16>) attributes {kernel.entry}
func.func private @read(index, index, memref<?x256xbf16>, memref<?xi8>, memref<?x256xbf16>) attributes {kernel.entry}
func.func private @write(index, index, memref<?x256xbf16>, memref<?xi8>) attributes {kernel.entry}

// CHECK-LABEL: @without_caches
func.func @without_caches(%x: !rows, %c: !ring) -> (!rows, !rows) {
  // CHECK: %[[Y:.*]] = kernel.launch @pure
  // CHECK-NEXT: kernel.launch @write
  // CHECK-NEXT: return %[[Y]], %[[Y]]
  %0 = kernel.launch @pure grid <rows = 1, tile = 1, tiles = 1> (%x) writes [] step [] : (!rows) -> !rows
  kernel.launch @write grid <rows = 1, tile = 1, tiles = 1> (%x, %c) writes [1] step [] : (!rows, !ring) -> ()
  %1 = kernel.launch @pure grid <rows = 1, tile = 1, tiles = 1> (%x) writes [] step [] : (!rows) -> !rows
  %unused = kernel.launch @pure grid <rows = 1, tile = 2, tiles = 1> (%x) writes [] step [] : (!rows) -> !rows
  return %0, %1 : !rows, !rows
}

// CHECK-LABEL: @equal_reads
func.func @equal_reads(%x: !rows, %c: !ring) -> (!rows, !rows) {
  // CHECK: %[[Y:.*]] = kernel.launch @read
  // CHECK-NEXT: return %[[Y]], %[[Y]]
  %0 = kernel.launch @read grid <rows = 1, tile = 1, tiles = 1> (%x, %c) writes [] step [] : (!rows, !ring) -> !rows
  %1 = kernel.launch @read grid <rows = 1, tile = 1, tiles = 1> (%x, %c) writes [] step [] : (!rows, !ring) -> !rows
  return %0, %1 : !rows, !rows
}

// An op of v4 between two launches orders them as a launch does.
// CHECK-LABEL: @write_between
func.func @write_between(%x: !rows, %c: !ring) -> (!rows, !rows, !rows) {
  // CHECK: %[[A:.*]] = kernel.launch @read
  // CHECK-NEXT: v4.append_window
  // CHECK-NEXT: %[[B:.*]] = kernel.launch @read
  // CHECK-NEXT: kernel.launch @write
  // CHECK-NEXT: %[[C:.*]] = kernel.launch @read
  // CHECK-NEXT: return %[[A]], %[[B]], %[[C]]
  %0 = kernel.launch @read grid <rows = 1, tile = 1, tiles = 1> (%x, %c) writes [] step [] : (!rows, !ring) -> !rows
  v4.append_window %x, %c offset 0 : !rows, !ring
  %1 = kernel.launch @read grid <rows = 1, tile = 1, tiles = 1> (%x, %c) writes [] step [] : (!rows, !ring) -> !rows
  kernel.launch @write grid <rows = 1, tile = 1, tiles = 1> (%x, %c) writes [1] step [] : (!rows, !ring) -> ()
  %2 = kernel.launch @read grid <rows = 1, tile = 1, tiles = 1> (%x, %c) writes [] step [] : (!rows, !ring) -> !rows
  return %0, %1, %2 : !rows, !rows, !rows
}
