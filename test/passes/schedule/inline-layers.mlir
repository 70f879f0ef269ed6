// RUN: v4-opt --v4-inline-layers -split-input-file %s | FileCheck %s

// Layers are called twice, a part of a layer and the MTP block inside a call; the innermost attribute goes first.
func.func @copy_0(%begin: index, %end: index, %x: memref<?x256xbf16>, %y: memref<?x256xbf16>) attributes {kernel.entry, kernel.op = "copy"} {
  return
}

// CHECK-LABEL: func.func @main(%{{.*}}: tensor<?x256xbf16, #v4.rows<tokens>>) -> (tensor<?x256xbf16, #v4.rows<tokens>>, tensor<?x256xbf16, #v4.rows<tokens>>) {
// CHECK: %[[EMBED:.*]] = kernel.launch @copy_0 {{.*}} (%arg0) {{.*}} {group = "main", layer = -1 : i64}
// CHECK-NEXT: v4.probe "embed.streams" %[[EMBED]]
// CHECK-NEXT: %[[A:.*]] = kernel.launch @copy_0 {{.*}} (%[[EMBED]]) {{.*}} {group = "main", layer = 0 : i64}
// CHECK-NEXT: %[[B:.*]] = kernel.launch @copy_0 {{.*}} (%[[A]]) {{.*}} {group = "main", layer = 0 : i64}
// CHECK-NEXT: v4.probe "layers.0.attn.out" %[[B]]
// CHECK-NEXT: %[[C:.*]] = kernel.launch @copy_0 {{.*}} (%[[B]]) {{.*}} {group = "main", layer = 0 : i64}
// CHECK-NEXT: v4.probe "layers.0.streams" %[[C]]
// CHECK-NEXT: kernel.launch @copy_0 {{.*}} (%[[C]]) {{.*}} {group = "mtp", layer = 1 : i64}
// CHECK-NEXT: kernel.launch
// CHECK-NEXT: v4.probe "layers.0.attn.out"
// CHECK-NEXT: %[[D:.*]] = kernel.launch {{.*}} {group = "mtp", layer = 1 : i64}
// CHECK-NEXT: v4.probe "layers.1.streams" %[[D]]
// CHECK-NEXT: return %[[C]], %[[D]]
func.func @main(%x: tensor<?x256xbf16, #v4.rows<tokens>>) -> (tensor<?x256xbf16, #v4.rows<tokens>>, tensor<?x256xbf16, #v4.rows<tokens>>) {
  %e = kernel.launch @copy_0 grid <rows = 1, tile = 1, tiles = 1> (%x) writes [] step [] : (tensor<?x256xbf16, #v4.rows<tokens>>) -> tensor<?x256xbf16, #v4.rows<tokens>>
  v4.probe "embed.streams" %e : tensor<?x256xbf16, #v4.rows<tokens>>
  %a = func.call @layer(%e) {v4.prefix = "layers.0", v4.layer = 0 : i64} : (tensor<?x256xbf16, #v4.rows<tokens>>) -> tensor<?x256xbf16, #v4.rows<tokens>>
  %b = func.call @layer(%a) {v4.prefix = "layers.1", v4.layer = 1 : i64, v4.group = "mtp"} : (tensor<?x256xbf16, #v4.rows<tokens>>) -> tensor<?x256xbf16, #v4.rows<tokens>>
  return %a, %b : tensor<?x256xbf16, #v4.rows<tokens>>, tensor<?x256xbf16, #v4.rows<tokens>>
}

// CHECK-NOT: func.func {{.*}}@layer
func.func private @layer(%x: tensor<?x256xbf16, #v4.rows<tokens>>) -> tensor<?x256xbf16, #v4.rows<tokens>> {
  %a = kernel.launch @copy_0 grid <rows = 1, tile = 1, tiles = 1> (%x) writes [] step [] : (tensor<?x256xbf16, #v4.rows<tokens>>) -> tensor<?x256xbf16, #v4.rows<tokens>>
  %b = func.call @attention(%a) {v4.prefix = "layers.0.attn"} : (tensor<?x256xbf16, #v4.rows<tokens>>) -> tensor<?x256xbf16, #v4.rows<tokens>>
  %c = kernel.launch @copy_0 grid <rows = 1, tile = 1, tiles = 1> (%b) writes [] step [] : (tensor<?x256xbf16, #v4.rows<tokens>>) -> tensor<?x256xbf16, #v4.rows<tokens>>
  v4.probe "streams" %c : tensor<?x256xbf16, #v4.rows<tokens>>
  return %c : tensor<?x256xbf16, #v4.rows<tokens>>
}

// CHECK-NOT: func.func {{.*}}@attention
func.func private @attention(%x: tensor<?x256xbf16, #v4.rows<tokens>>) -> tensor<?x256xbf16, #v4.rows<tokens>> {
  %a = kernel.launch @copy_0 grid <rows = 1, tile = 1, tiles = 1> (%x) writes [] step [] : (tensor<?x256xbf16, #v4.rows<tokens>>) -> tensor<?x256xbf16, #v4.rows<tokens>>
  v4.probe "out" %a : tensor<?x256xbf16, #v4.rows<tokens>>
  return %a : tensor<?x256xbf16, #v4.rows<tokens>>
}

// -----

// A launch or probe may say itself where it belongs; one that went through the pass keeps its place.
func.func @copy_0(%begin: index, %end: index, %x: memref<?x256xbf16>, %y: memref<?x256xbf16>) attributes {kernel.entry, kernel.op = "copy"} {
  return
}

// CHECK-LABEL: func.func @main
// CHECK-NEXT: kernel.launch {{.*}} {group = "mtp", layer = 3 : i64}
// CHECK-NEXT: kernel.launch {{.*}} {group = "mtp", layer = 5 : i64}
// CHECK-NEXT: v4.probe "mtp.streams" %{{[0-9]+}} : tensor
func.func @main(%x: tensor<?x256xbf16, #v4.rows<tokens>>) {
  %a = kernel.launch @copy_0 grid <rows = 1, tile = 1, tiles = 1> (%x) writes [] step [] {v4.group = "mtp", v4.layer = 3 : i64} : (tensor<?x256xbf16, #v4.rows<tokens>>) -> tensor<?x256xbf16, #v4.rows<tokens>>
  %b = kernel.launch @copy_0 grid <rows = 1, tile = 1, tiles = 1> (%a) writes [] step [] {group = "mtp", layer = 5 : i64} : (tensor<?x256xbf16, #v4.rows<tokens>>) -> tensor<?x256xbf16, #v4.rows<tokens>>
  v4.probe "streams" %b {v4.prefix = "mtp"} : tensor<?x256xbf16, #v4.rows<tokens>>
  return
}

// -----

// An unused function goes, a function without launches vanishes with its call.
// CHECK-LABEL: func.func @main
// CHECK-NEXT: return %arg0
// CHECK-NOT: func.func
func.func @main(%x: tensor<?x256xbf16, #v4.rows<tokens>>) -> tensor<?x256xbf16, #v4.rows<tokens>> {
  %a = func.call @same(%x) : (tensor<?x256xbf16, #v4.rows<tokens>>) -> tensor<?x256xbf16, #v4.rows<tokens>>
  return %a : tensor<?x256xbf16, #v4.rows<tokens>>
}
func.func private @same(%x: tensor<?x256xbf16, #v4.rows<tokens>>) -> tensor<?x256xbf16, #v4.rows<tokens>> {
  return %x : tensor<?x256xbf16, #v4.rows<tokens>>
}
func.func private @unused() {
  return
}
