// RUN: v4-opt --v4-build-program %s | FileCheck %s

// CHECK: module attributes {v4.manifest = "none"} {
// CHECK-NOT: @unused_0
// CHECK: plan.program attributes {
// CHECK-DAG: envelope = #v4.envelope<tokens = 16, sequences = 2, context = 256, draft = 1>
// CHECK-DAG: producer = "v4c {{[0-9.]+}}"
// CHECK-DAG: logits = @b5
// CHECK-DAG: mtp_logits = @b6
// CHECK-DAG: options = {target = "cpu:x86-64-v3"}
// CHECK: {

// CHECK: plan.pool @layers.0.window {group = "main", reach = array<i64: 1, 127, 0>, type = !v4.cache<state, {{.*}}>}
// CHECK-NEXT: plan.pool @layers.0.keys {group = "main", type = !v4.cache<page, {{.*}}>}
// CHECK-NEXT: plan.pool @mtp.window {group = "mtp", type = !v4.cache<state, {{.*}}>}

// First use, unused globals dropped; packed weights in values, indices in the hashed section.
// CHECK-NEXT: plan.weight @experts.w1 {bytes = 32768 : i64, element = f4E2M1FN, in_tables = false, layout = "row_major", recipe = "copy", shape = array<i64: 4, 128, 128>, sources = ["e.0", "e.1", "e.2", "e.3"]}
// CHECK-NEXT: plan.weight @norm.weight {bytes = 512 : i64, element = bf16, in_tables = false, {{.*}}shape = array<i64: 256>
// CHECK-NEXT: plan.weight @gate.tid2eid {bytes = 8192 : i64, element = i32, in_tables = true, {{.*}}recipe = "i64_to_i32"

// CHECK-NEXT: plan.kernel @embed_0 {bindings = 3 : i64, op = "embed"}
// What a launch costs moves from the function to its kernel.
// CHECK-NEXT: plan.kernel @norm_0 {bindings = 4 : i64, costs = [#plan.cost<fma_flops, tokens, 512, ratio = 1, most = 0>], hits = 2 : i64, op = "rms_norm"}
// CHECK-NEXT: plan.kernel @store_0
// CHECK-NEXT: plan.kernel @scores_0
// CHECK-NEXT: plan.kernel @route_0
// CHECK-NEXT: plan.kernel @head_0

// CHECK-NEXT: plan.buffer @b0 {bytes = [#plan.size<512, 1, 0, 0>], element = bf16, row_shape = array<i64: 256>, rows = 1 : i64}
// CHECK-NEXT: plan.buffer @b1
// f32 index scores: 4 bytes for (context + draft + 64) / 4 rows.
// CHECK-NEXT: plan.buffer @b2 {bytes = [#plan.size<1, 1, 0, 1>, #plan.size<65, 1, 0, 0>], element = f32, row_shape = array<i64: 0>, rows = 1 : i64}
// A step finishes no more chunks than it has tokens.
// CHECK-NEXT: plan.buffer @b3 {bytes = [#plan.size<512, 1, 0, 0>], element = bf16, row_shape = array<i64: 256>, rows = 3 : i64}
// Bytes that the launch wants behind the rows.
// CHECK-NEXT: plan.buffer @b4 {bytes = [#plan.size<68, 0, 0, 0>, #plan.size<100, 0, 0, 0>], element = i32, row_shape = array<i64: 17>, rows = 0 : i64}
// CHECK-NEXT: plan.buffer @b5 {bytes = [#plan.size<2048, 1, 0, 0>], element = f32, row_shape = array<i64: 512>, rows = 5 : i64}
// CHECK-NEXT: plan.buffer @b6

// CHECK-NEXT: plan.launch @embed_0 grid #kernel.grid<rows = 1, tile = 8, tiles = 2> bindings [#plan.binding<weight, in, @experts.w1>, #plan.binding<buffer, out, @b0>, #plan.binding<step, in, @step, 1>] {group = "main"}
// CHECK-NEXT: plan.launch @norm_0 {{.*}} bindings [#plan.binding<buffer, in, @b0>, #plan.binding<weight, in, @norm.weight>, #plan.binding<buffer, out, @b1>, #plan.binding<step, in, @step>] {group = "main", layer = 0 : i64}
// CHECK-NEXT: plan.launch @store_0 {{.*}} bindings [#plan.binding<buffer, in, @b1>, #plan.binding<pool, out, @layers.0.window>] {group = "main", layer = 0 : i64}
// CHECK-NEXT: plan.launch @scores_0 {{.*}} bindings [#plan.binding<buffer, in, @b1>, #plan.binding<pool, in, @layers.0.keys>, #plan.binding<buffer, out, @b2>, #plan.binding<step, in, @step, 6>]
// CHECK-NEXT: plan.launch @route_0 {{.*}} bindings [#plan.binding<buffer, in, @b2>, #plan.binding<weight, in, @gate.tid2eid>, #plan.binding<buffer, out, @b3>, #plan.binding<buffer, out, @b4>]
// CHECK-NEXT: plan.launch @head_0 {{.*}} bindings [#plan.binding<buffer, in, @b1>, #plan.binding<buffer, out, @b5>]
// CHECK-NEXT: plan.launch @store_0 {{.*}} bindings [#plan.binding<buffer, in, @b1>, #plan.binding<pool, out, @mtp.window>] {group = "mtp", layer = 1 : i64}
// CHECK-NEXT: plan.launch @head_0
// CHECK-NEXT: plan.probe "layers.0.streams" of @b1 after 1
// CHECK-NOT: @main
// CHECK-NOT: ml_program

module attributes {
  v4.model = #v4.model<vocab = 512, hidden = 256, layers = 1, window = 128, eos = 1, mtp = true, digest = "00">,
  v4.envelope = #v4.envelope<tokens = 16, sequences = 2, context = 256, draft = 1>,
  v4.target = #kernel.target<"cpu:x86-64-v3", cpu = "x86-64-v3", features = ["avx2"], vector_bits = 256>,
  v4.options = {target = "cpu:x86-64-v3"}, v4.manifest = "none"} {
  func.func @unused_0(%begin: index, %end: index) attributes {kernel.entry, kernel.op = "unused"} {
    return
  }
  func.func @embed_0(%begin: index, %end: index, %0: memref<?xi8>, %1: memref<?xi8>, %2: memref<?xi8>) attributes {kernel.entry, kernel.op = "embed"} {
    return
  }
  func.func @store_0(%begin: index, %end: index, %0: memref<?xi8>, %1: memref<?xi8>) attributes {kernel.entry, kernel.op = "append_window"} {
    return
  }
  func.func @norm_0(%begin: index, %end: index, %0: memref<?xi8>, %1: memref<?xi8>, %2: memref<?xi8>, %3: memref<?xi8>) attributes {kernel.entry, kernel.costs = [#plan.cost<fma_flops, tokens, 512, ratio = 1, most = 0>], kernel.hits = 2 : i64, kernel.op = "rms_norm"} {
    return
  }
  func.func @scores_0(%begin: index, %end: index, %0: memref<?xi8>, %1: memref<?xi8>, %2: memref<?xi8>, %3: memref<?xi8>) attributes {kernel.entry, kernel.op = "index_scores"} {
    return
  }
  func.func @head_0(%begin: index, %end: index, %0: memref<?xi8>, %1: memref<?xi8>) attributes {kernel.entry, kernel.op = "linear"} {
    return
  }
  func.func @route_0(%begin: index, %end: index, %0: memref<?xi8>, %1: memref<?xi8>, %2: memref<?xi8>, %3: memref<?xi8>) attributes {kernel.entry, kernel.op = "hash_route"} {
    return
  }
  ml_program.global private @zz.unused(#ml_program.extern<tensor<4xf32>>) : tensor<4xf32> {v4.recipe = "copy", v4.sources = ["zz"]}
  ml_program.global private @norm.weight(#ml_program.extern<tensor<256xbf16>>) : tensor<256xbf16> {v4.recipe = "copy", v4.sources = ["norm.weight"]}
  ml_program.global private @experts.w1(#ml_program.extern<tensor<4x128x64xi8, #v4.packed<f4E2M1FN>>>) : tensor<4x128x64xi8, #v4.packed<f4E2M1FN>> {v4.recipe = "copy", v4.sources = ["e.0", "e.1", "e.2", "e.3"]}
  ml_program.global private @gate.tid2eid(#ml_program.extern<tensor<512x4xi32>>) : tensor<512x4xi32> {v4.recipe = "i64_to_i32", v4.sources = ["gate.tid2eid"]}
  func.func @main(%ring: !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64> {v4.pool = "layers.0.window", v4.reach = array<i64: 1, 127, 0>}, %keys: !v4.cache<page, ratio = 4, index_fp4, rows = 32, values = 128, rope = 0> {v4.pool = "layers.0.keys"}, %old: !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64> {v4.pool = "mtp.window", v4.group = "mtp"}) -> (tensor<?x512xf32, #v4.rows<logits>>, tensor<?x512xf32, #v4.rows<logits>>) {
    %w = ml_program.global_load_const @norm.weight : tensor<256xbf16>
    %e = ml_program.global_load_const @experts.w1 : tensor<4x128x64xi8, #v4.packed<f4E2M1FN>>
    %t = ml_program.global_load_const @gate.tid2eid : tensor<512x4xi32>
    %z = ml_program.global_load_const @zz.unused : tensor<4xf32>
    %x = kernel.launch @embed_0 grid <rows = 1, tile = 8, tiles = 2> (%e) writes [] step [1] {group = "main", layer = -1 : i64} : (tensor<4x128x64xi8, #v4.packed<f4E2M1FN>>) -> tensor<?x256xbf16, #v4.rows<tokens>>
    %y = kernel.launch @norm_0 grid <rows = 1, tile = 1, tiles = 1> (%x, %w) writes [] step [0] {group = "main", layer = 0 : i64} : (tensor<?x256xbf16, #v4.rows<tokens>>, tensor<256xbf16>) -> tensor<?x256xbf16, #v4.rows<tokens>>
    v4.probe "layers.0.streams" %y : tensor<?x256xbf16, #v4.rows<tokens>>
    kernel.launch @store_0 grid <rows = 2, tile = 1, tiles = 1> (%y, %ring) writes [1] step [] {group = "main", layer = 0 : i64} : (tensor<?x256xbf16, #v4.rows<tokens>>, !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64>) -> ()
    %s = kernel.launch @scores_0 grid <rows = 1, tile = 1, tiles = 1> (%y, %keys) writes [] step [6] {group = "main", layer = 0 : i64} : (tensor<?x256xbf16, #v4.rows<tokens>>, !v4.cache<page, ratio = 4, index_fp4, rows = 32, values = 128, rope = 0>) -> tensor<?x?xf32, #v4.rows<tokens>>
    %c, %o = kernel.launch @route_0 grid <rows = 0, tile = 1, tiles = 1> (%s, %t) writes [] step [] {group = "main", kernel.slack = array<i64: 0, 100>, layer = 0 : i64} : (tensor<?x?xf32, #v4.rows<tokens>>, tensor<512x4xi32>) -> (tensor<?x256xbf16, #v4.rows<chunks4>>, tensor<?x17xi32, #v4.rows<one>>)
    %l = kernel.launch @head_0 grid <rows = 5, tile = 1, tiles = 1> (%y) writes [] step [] {group = "main", layer = -1 : i64} : (tensor<?x256xbf16, #v4.rows<tokens>>) -> tensor<?x512xf32, #v4.rows<logits>>
    kernel.launch @store_0 grid <rows = 2, tile = 1, tiles = 1> (%y, %old) writes [1] step [] {group = "mtp", layer = 1 : i64} : (tensor<?x256xbf16, #v4.rows<tokens>>, !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64>) -> ()
    %m = kernel.launch @head_0 grid <rows = 5, tile = 1, tiles = 1> (%y) writes [] step [] {group = "mtp", layer = 1 : i64} : (tensor<?x256xbf16, #v4.rows<tokens>>) -> tensor<?x512xf32, #v4.rows<logits>>
    return %l, %m : tensor<?x512xf32, #v4.rows<logits>>, tensor<?x512xf32, #v4.rows<logits>>
  }
}
