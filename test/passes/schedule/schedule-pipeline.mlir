// RUN: v4-opt --v4-schedule-pipeline %s | FileCheck %s

// The whole stage: one layer function called for the trunk and for the MTP block becomes a checked plan.
// CHECK: plan.program attributes {
// CHECK-SAME: page_bytes = 0 : i64
// CHECK-SAME: slots = 4 : i64
// CHECK-SAME: state_bytes = 84736 : i64
// CHECK: plan.pool @layers.0.window {group = "main", offset = 0 : i64
// CHECK: plan.pool @mtp.window {group = "mtp", offset = 42368 : i64
// CHECK-COUNT-7: plan.launch
// CHECK: plan.probe "layers.0.streams" of @b1 after 1
// CHECK: plan.probe "layers.1.streams" of @b3 after 4
module attributes {
  v4.model = #v4.model<vocab = 512, hidden = 256, layers = 1, window = 128, eos = 1, mtp = true, digest = "00">,
  v4.envelope = #v4.envelope<tokens = 16, sequences = 2, context = 256, draft = 1>,
  v4.target = #kernel.target<"cpu:x86-64-v3", cpu = "x86-64-v3", features = ["avx2"], vector_bits = 256>,
  v4.options = {target = "cpu:x86-64-v3"}, v4.manifest = "none"} {
  func.func @embed_0(%begin: index, %end: index, %0: memref<?xi8>, %1: memref<?xi8>, %2: memref<?xi8>) attributes {kernel.entry, kernel.op = "embed"} {
    return
  }
  func.func @store_0(%begin: index, %end: index, %0: memref<?xi8>, %1: memref<?xi8>) attributes {kernel.entry, kernel.op = "append_window"} {
    return
  }
  func.func @norm_0(%begin: index, %end: index, %0: memref<?xi8>, %1: memref<?xi8>, %2: memref<?xi8>, %3: memref<?xi8>) attributes {kernel.entry, kernel.op = "rms_norm"} {
    return
  }
  func.func @head_0(%begin: index, %end: index, %0: memref<?xi8>, %1: memref<?xi8>) attributes {kernel.entry, kernel.op = "linear"} {
    return
  }
  ml_program.global private @a.weight(#ml_program.extern<tensor<256xbf16>>) : tensor<256xbf16> {v4.recipe = "copy", v4.sources = ["a"]}
  ml_program.global private @b.weight(#ml_program.extern<tensor<256xbf16>>) : tensor<256xbf16> {v4.recipe = "copy", v4.sources = ["b"]}
  ml_program.global private @embed.weight(#ml_program.extern<tensor<4x128x64xi8, #v4.packed<f4E2M1FN>>>) : tensor<4x128x64xi8, #v4.packed<f4E2M1FN>> {v4.recipe = "copy", v4.sources = ["e.0", "e.1", "e.2", "e.3"]}
  func.func @main(%ring0: !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64> {v4.pool = "layers.0.window"}, %ring1: !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64> {v4.pool = "mtp.window", v4.group = "mtp"}) -> (tensor<?x512xf32, #v4.rows<logits>>, tensor<?x512xf32, #v4.rows<logits>>) {
    %a = ml_program.global_load_const @a.weight : tensor<256xbf16>
    %b = ml_program.global_load_const @b.weight : tensor<256xbf16>
    %e = ml_program.global_load_const @embed.weight : tensor<4x128x64xi8, #v4.packed<f4E2M1FN>>
    %x = kernel.launch @embed_0 grid <rows = 1, tile = 8, tiles = 2> (%e) writes [] step [1] : (tensor<4x128x64xi8, #v4.packed<f4E2M1FN>>) -> tensor<?x256xbf16, #v4.rows<tokens>>
    %y = func.call @layer(%x, %a, %ring0) {v4.prefix = "layers.0", v4.layer = 0 : i64} : (tensor<?x256xbf16, #v4.rows<tokens>>, tensor<256xbf16>, !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64>) -> tensor<?x256xbf16, #v4.rows<tokens>>
    %l = kernel.launch @head_0 grid <rows = 5, tile = 1, tiles = 1> (%y) writes [] step [] : (tensor<?x256xbf16, #v4.rows<tokens>>) -> tensor<?x512xf32, #v4.rows<logits>>
    %m = func.call @mtp(%y, %b, %ring1) {v4.prefix = "layers.1", v4.layer = 1 : i64, v4.group = "mtp"} : (tensor<?x256xbf16, #v4.rows<tokens>>, tensor<256xbf16>, !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64>) -> tensor<?x512xf32, #v4.rows<logits>>
    return %l, %m : tensor<?x512xf32, #v4.rows<logits>>, tensor<?x512xf32, #v4.rows<logits>>
  }
  func.func private @mtp(%x: tensor<?x256xbf16, #v4.rows<tokens>>, %w: tensor<256xbf16>, %ring: !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64>) -> tensor<?x512xf32, #v4.rows<logits>> {
    %y = func.call @layer(%x, %w, %ring) : (tensor<?x256xbf16, #v4.rows<tokens>>, tensor<256xbf16>, !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64>) -> tensor<?x256xbf16, #v4.rows<tokens>>
    %l = kernel.launch @head_0 grid <rows = 5, tile = 1, tiles = 1> (%y) writes [] step [] : (tensor<?x256xbf16, #v4.rows<tokens>>) -> tensor<?x512xf32, #v4.rows<logits>>
    return %l : tensor<?x512xf32, #v4.rows<logits>>
  }
  func.func private @layer(%x: tensor<?x256xbf16, #v4.rows<tokens>>, %w: tensor<256xbf16>, %ring: !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64>) -> tensor<?x256xbf16, #v4.rows<tokens>> {
    %y = kernel.launch @norm_0 grid <rows = 1, tile = 1, tiles = 1> (%x, %w) writes [] step [0] : (tensor<?x256xbf16, #v4.rows<tokens>>, tensor<256xbf16>) -> tensor<?x256xbf16, #v4.rows<tokens>>
    kernel.launch @store_0 grid <rows = 2, tile = 1, tiles = 1> (%y, %ring) writes [1] step [] : (tensor<?x256xbf16, #v4.rows<tokens>>, !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64>) -> ()
    v4.probe "streams" %y : tensor<?x256xbf16, #v4.rows<tokens>>
    return %y : tensor<?x256xbf16, #v4.rows<tokens>>
  }
}
