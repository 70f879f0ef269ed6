// RUN: v4-opt --v4-verify-imported -split-input-file -verify-diagnostics %s

// A graph as the importer builds it.
module attributes {
  v4.model = #v4.model<vocab = 512, hidden = 256, layers = 1, window = 128, eos = 1, mtp = false, digest = "00">,
  v4.envelope = #v4.envelope<tokens = 16, sequences = 2, context = 256, draft = 1>,
  v4.target = #kernel.target<"cpu:x86-64-v3", cpu = "x86-64-v3", features = ["avx2"], vector_bits = 256>,
  v4.options = {target = "cpu:x86-64-v3"}, v4.manifest = "none"} {
  ml_program.global private @embed.weight(#ml_program.extern<tensor<512x256xbf16>>) : tensor<512x256xbf16> {v4.recipe = "copy", v4.sources = ["embed.weight"]}
  func.func private @layer(%x: tensor<?x256xbf16, #v4.rows<tokens>>, %ring: !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64>) -> tensor<?x256xbf16, #v4.rows<tokens>> {
    v4.append_window %x, %ring offset 0 : tensor<?x256xbf16, #v4.rows<tokens>>, !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64>
    v4.probe "streams" %x : tensor<?x256xbf16, #v4.rows<tokens>>
    return %x : tensor<?x256xbf16, #v4.rows<tokens>>
  }
  func.func @main(%ring: !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64> {v4.pool = "layers.0.window"}) -> tensor<?x512xf32, #v4.rows<logits>> {
    %e = ml_program.global_load_const @embed.weight : tensor<512x256xbf16>
    %x = v4.embed %e : tensor<512x256xbf16> -> tensor<?x256xbf16, #v4.rows<tokens>>
    %y = func.call @layer(%x, %ring) {v4.prefix = "layers.0", v4.layer = 0 : i64} : (tensor<?x256xbf16, #v4.rows<tokens>>, !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64>) -> tensor<?x256xbf16, #v4.rows<tokens>>
    %s = v4.select_logits_rows %y : tensor<?x256xbf16, #v4.rows<tokens>> -> tensor<?x256xbf16, #v4.rows<logits>>
    %l = v4.linear %s, %e : tensor<?x256xbf16, #v4.rows<logits>>, tensor<512x256xbf16> -> tensor<?x512xf32, #v4.rows<logits>>
    return %l : tensor<?x512xf32, #v4.rows<logits>>
  }
}

// -----

// An optional group and a call without attributes are fine.
module attributes {
  v4.model = #v4.model<vocab = 512, hidden = 256, layers = 1, window = 128, eos = 1, mtp = false, digest = "00">,
  v4.envelope = #v4.envelope<tokens = 16, sequences = 2, context = 256, draft = 1>,
  v4.target = #kernel.target<"cpu:x86-64-v3", cpu = "x86-64-v3", features = ["avx2"], vector_bits = 256>,
  v4.options = {target = "cpu:x86-64-v3"}, v4.manifest = "none"} {
  ml_program.global private @embed.weight(#ml_program.extern<tensor<512x256xbf16>>) : tensor<512x256xbf16> {v4.recipe = "copy", v4.sources = ["embed.weight"]}
  func.func private @layer(%x: tensor<?x256xbf16, #v4.rows<tokens>>, %ring: !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64>) -> tensor<?x256xbf16, #v4.rows<tokens>> {
    v4.append_window %x, %ring offset 0 : tensor<?x256xbf16, #v4.rows<tokens>>, !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64>
    v4.probe "streams" %x : tensor<?x256xbf16, #v4.rows<tokens>>
    return %x : tensor<?x256xbf16, #v4.rows<tokens>>
  }
  func.func @main(%ring: !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64> {v4.pool = "layers.0.window", v4.group = "mtp"}) -> tensor<?x512xf32, #v4.rows<logits>> {
    %e = ml_program.global_load_const @embed.weight : tensor<512x256xbf16>
    %x = v4.embed %e : tensor<512x256xbf16> -> tensor<?x256xbf16, #v4.rows<tokens>>
    %y = func.call @layer(%x, %ring)  : (tensor<?x256xbf16, #v4.rows<tokens>>, !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64>) -> tensor<?x256xbf16, #v4.rows<tokens>>
    %s = v4.select_logits_rows %y : tensor<?x256xbf16, #v4.rows<tokens>> -> tensor<?x256xbf16, #v4.rows<logits>>
    %l = v4.linear %s, %e : tensor<?x256xbf16, #v4.rows<logits>>, tensor<512x256xbf16> -> tensor<?x512xf32, #v4.rows<logits>>
    return %l : tensor<?x512xf32, #v4.rows<logits>>
  }
}

// -----

// No module attribute may be missing.
// expected-error @+1 {{has no attribute 'v4.manifest', expected a string}}
module attributes {
  v4.model = #v4.model<vocab = 512, hidden = 256, layers = 1, window = 128, eos = 1, mtp = false, digest = "00">,
  v4.envelope = #v4.envelope<tokens = 16, sequences = 2, context = 256, draft = 1>,
  v4.target = #kernel.target<"cpu:x86-64-v3", cpu = "x86-64-v3", features = ["avx2"], vector_bits = 256>,
  v4.options = {target = "cpu:x86-64-v3"}} {
  ml_program.global private @embed.weight(#ml_program.extern<tensor<512x256xbf16>>) : tensor<512x256xbf16> {v4.recipe = "copy", v4.sources = ["embed.weight"]}
  func.func private @layer(%x: tensor<?x256xbf16, #v4.rows<tokens>>, %ring: !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64>) -> tensor<?x256xbf16, #v4.rows<tokens>> {
    v4.append_window %x, %ring offset 0 : tensor<?x256xbf16, #v4.rows<tokens>>, !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64>
    v4.probe "streams" %x : tensor<?x256xbf16, #v4.rows<tokens>>
    return %x : tensor<?x256xbf16, #v4.rows<tokens>>
  }
  func.func @main(%ring: !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64> {v4.pool = "layers.0.window"}) -> tensor<?x512xf32, #v4.rows<logits>> {
    %e = ml_program.global_load_const @embed.weight : tensor<512x256xbf16>
    %x = v4.embed %e : tensor<512x256xbf16> -> tensor<?x256xbf16, #v4.rows<tokens>>
    %y = func.call @layer(%x, %ring) {v4.prefix = "layers.0", v4.layer = 0 : i64} : (tensor<?x256xbf16, #v4.rows<tokens>>, !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64>) -> tensor<?x256xbf16, #v4.rows<tokens>>
    %s = v4.select_logits_rows %y : tensor<?x256xbf16, #v4.rows<tokens>> -> tensor<?x256xbf16, #v4.rows<logits>>
    %l = v4.linear %s, %e : tensor<?x256xbf16, #v4.rows<logits>>, tensor<512x256xbf16> -> tensor<?x512xf32, #v4.rows<logits>>
    return %l : tensor<?x512xf32, #v4.rows<logits>>
  }
}

// -----

// Each has its type.
// expected-error @+1 {{attribute 'v4.envelope' is 3 : i64, expected a #v4.envelope}}
module attributes {
  v4.model = #v4.model<vocab = 512, hidden = 256, layers = 1, window = 128, eos = 1, mtp = false, digest = "00">,
  v4.envelope = 3 : i64,
  v4.target = #kernel.target<"cpu:x86-64-v3", cpu = "x86-64-v3", features = ["avx2"], vector_bits = 256>,
  v4.options = {target = "cpu:x86-64-v3"}, v4.manifest = "none"} {
  ml_program.global private @embed.weight(#ml_program.extern<tensor<512x256xbf16>>) : tensor<512x256xbf16> {v4.recipe = "copy", v4.sources = ["embed.weight"]}
  func.func private @layer(%x: tensor<?x256xbf16, #v4.rows<tokens>>, %ring: !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64>) -> tensor<?x256xbf16, #v4.rows<tokens>> {
    v4.append_window %x, %ring offset 0 : tensor<?x256xbf16, #v4.rows<tokens>>, !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64>
    v4.probe "streams" %x : tensor<?x256xbf16, #v4.rows<tokens>>
    return %x : tensor<?x256xbf16, #v4.rows<tokens>>
  }
  func.func @main(%ring: !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64> {v4.pool = "layers.0.window"}) -> tensor<?x512xf32, #v4.rows<logits>> {
    %e = ml_program.global_load_const @embed.weight : tensor<512x256xbf16>
    %x = v4.embed %e : tensor<512x256xbf16> -> tensor<?x256xbf16, #v4.rows<tokens>>
    %y = func.call @layer(%x, %ring) {v4.prefix = "layers.0", v4.layer = 0 : i64} : (tensor<?x256xbf16, #v4.rows<tokens>>, !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64>) -> tensor<?x256xbf16, #v4.rows<tokens>>
    %s = v4.select_logits_rows %y : tensor<?x256xbf16, #v4.rows<tokens>> -> tensor<?x256xbf16, #v4.rows<logits>>
    %l = v4.linear %s, %e : tensor<?x256xbf16, #v4.rows<logits>>, tensor<512x256xbf16> -> tensor<?x512xf32, #v4.rows<logits>>
    return %l : tensor<?x512xf32, #v4.rows<logits>>
  }
}

// -----

// Options are resolved flags, all strings.
// expected-error @+1 {{option 'target' is 1 : i64, expected a string}}
module attributes {
  v4.model = #v4.model<vocab = 512, hidden = 256, layers = 1, window = 128, eos = 1, mtp = false, digest = "00">,
  v4.envelope = #v4.envelope<tokens = 16, sequences = 2, context = 256, draft = 1>,
  v4.target = #kernel.target<"cpu:x86-64-v3", cpu = "x86-64-v3", features = ["avx2"], vector_bits = 256>,
  v4.options = {target = 1 : i64}, v4.manifest = "none"} {
  ml_program.global private @embed.weight(#ml_program.extern<tensor<512x256xbf16>>) : tensor<512x256xbf16> {v4.recipe = "copy", v4.sources = ["embed.weight"]}
  func.func private @layer(%x: tensor<?x256xbf16, #v4.rows<tokens>>, %ring: !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64>) -> tensor<?x256xbf16, #v4.rows<tokens>> {
    v4.append_window %x, %ring offset 0 : tensor<?x256xbf16, #v4.rows<tokens>>, !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64>
    v4.probe "streams" %x : tensor<?x256xbf16, #v4.rows<tokens>>
    return %x : tensor<?x256xbf16, #v4.rows<tokens>>
  }
  func.func @main(%ring: !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64> {v4.pool = "layers.0.window"}) -> tensor<?x512xf32, #v4.rows<logits>> {
    %e = ml_program.global_load_const @embed.weight : tensor<512x256xbf16>
    %x = v4.embed %e : tensor<512x256xbf16> -> tensor<?x256xbf16, #v4.rows<tokens>>
    %y = func.call @layer(%x, %ring) {v4.prefix = "layers.0", v4.layer = 0 : i64} : (tensor<?x256xbf16, #v4.rows<tokens>>, !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64>) -> tensor<?x256xbf16, #v4.rows<tokens>>
    %s = v4.select_logits_rows %y : tensor<?x256xbf16, #v4.rows<tokens>> -> tensor<?x256xbf16, #v4.rows<logits>>
    %l = v4.linear %s, %e : tensor<?x256xbf16, #v4.rows<logits>>, tensor<512x256xbf16> -> tensor<?x512xf32, #v4.rows<logits>>
    return %l : tensor<?x512xf32, #v4.rows<logits>>
  }
}

// -----

// There is an entry.
// expected-error @+1 {{has no function @main}}
module attributes {
  v4.model = #v4.model<vocab = 512, hidden = 256, layers = 1, window = 128, eos = 1, mtp = false, digest = "00">,
  v4.envelope = #v4.envelope<tokens = 16, sequences = 2, context = 256, draft = 1>,
  v4.target = #kernel.target<"cpu:x86-64-v3", cpu = "x86-64-v3", features = ["avx2"], vector_bits = 256>,
  v4.options = {target = "cpu:x86-64-v3"}, v4.manifest = "none"} {
  ml_program.global private @embed.weight(#ml_program.extern<tensor<512x256xbf16>>) : tensor<512x256xbf16> {v4.recipe = "copy", v4.sources = ["embed.weight"]}
  func.func private @layer(%x: tensor<?x256xbf16, #v4.rows<tokens>>, %ring: !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64>) -> tensor<?x256xbf16, #v4.rows<tokens>> {
    v4.append_window %x, %ring offset 0 : tensor<?x256xbf16, #v4.rows<tokens>>, !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64>
    v4.probe "streams" %x : tensor<?x256xbf16, #v4.rows<tokens>>
    return %x : tensor<?x256xbf16, #v4.rows<tokens>>
  }
}

// -----

// Weights stay in the checkpoint.
module attributes {
  v4.model = #v4.model<vocab = 512, hidden = 256, layers = 1, window = 128, eos = 1, mtp = false, digest = "00">,
  v4.envelope = #v4.envelope<tokens = 16, sequences = 2, context = 256, draft = 1>,
  v4.target = #kernel.target<"cpu:x86-64-v3", cpu = "x86-64-v3", features = ["avx2"], vector_bits = 256>,
  v4.options = {target = "cpu:x86-64-v3"}, v4.manifest = "none"} {
  // expected-error @+1 {{'embed.weight' holds its value, expected #ml_program.extern}}
  ml_program.global private @embed.weight(dense<1.0> : tensor<512x256xbf16>) : tensor<512x256xbf16> {v4.recipe = "copy", v4.sources = ["embed.weight"]}
  func.func private @layer(%x: tensor<?x256xbf16, #v4.rows<tokens>>, %ring: !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64>) -> tensor<?x256xbf16, #v4.rows<tokens>> {
    v4.append_window %x, %ring offset 0 : tensor<?x256xbf16, #v4.rows<tokens>>, !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64>
    v4.probe "streams" %x : tensor<?x256xbf16, #v4.rows<tokens>>
    return %x : tensor<?x256xbf16, #v4.rows<tokens>>
  }
  func.func @main(%ring: !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64> {v4.pool = "layers.0.window"}) -> tensor<?x512xf32, #v4.rows<logits>> {
    %e = ml_program.global_load_const @embed.weight : tensor<512x256xbf16>
    %x = v4.embed %e : tensor<512x256xbf16> -> tensor<?x256xbf16, #v4.rows<tokens>>
    %y = func.call @layer(%x, %ring) {v4.prefix = "layers.0", v4.layer = 0 : i64} : (tensor<?x256xbf16, #v4.rows<tokens>>, !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64>) -> tensor<?x256xbf16, #v4.rows<tokens>>
    %s = v4.select_logits_rows %y : tensor<?x256xbf16, #v4.rows<tokens>> -> tensor<?x256xbf16, #v4.rows<logits>>
    %l = v4.linear %s, %e : tensor<?x256xbf16, #v4.rows<logits>>, tensor<512x256xbf16> -> tensor<?x512xf32, #v4.rows<logits>>
    return %l : tensor<?x512xf32, #v4.rows<logits>>
  }
}

// -----

// A weight names its checkpoint tensors.
module attributes {
  v4.model = #v4.model<vocab = 512, hidden = 256, layers = 1, window = 128, eos = 1, mtp = false, digest = "00">,
  v4.envelope = #v4.envelope<tokens = 16, sequences = 2, context = 256, draft = 1>,
  v4.target = #kernel.target<"cpu:x86-64-v3", cpu = "x86-64-v3", features = ["avx2"], vector_bits = 256>,
  v4.options = {target = "cpu:x86-64-v3"}, v4.manifest = "none"} {
  // expected-error @+1 {{'embed.weight' names no checkpoint tensors}}
  ml_program.global private @embed.weight(#ml_program.extern<tensor<512x256xbf16>>) : tensor<512x256xbf16> {v4.recipe = "copy"}
  func.func private @layer(%x: tensor<?x256xbf16, #v4.rows<tokens>>, %ring: !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64>) -> tensor<?x256xbf16, #v4.rows<tokens>> {
    v4.append_window %x, %ring offset 0 : tensor<?x256xbf16, #v4.rows<tokens>>, !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64>
    v4.probe "streams" %x : tensor<?x256xbf16, #v4.rows<tokens>>
    return %x : tensor<?x256xbf16, #v4.rows<tokens>>
  }
  func.func @main(%ring: !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64> {v4.pool = "layers.0.window"}) -> tensor<?x512xf32, #v4.rows<logits>> {
    %e = ml_program.global_load_const @embed.weight : tensor<512x256xbf16>
    %x = v4.embed %e : tensor<512x256xbf16> -> tensor<?x256xbf16, #v4.rows<tokens>>
    %y = func.call @layer(%x, %ring) {v4.prefix = "layers.0", v4.layer = 0 : i64} : (tensor<?x256xbf16, #v4.rows<tokens>>, !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64>) -> tensor<?x256xbf16, #v4.rows<tokens>>
    %s = v4.select_logits_rows %y : tensor<?x256xbf16, #v4.rows<tokens>> -> tensor<?x256xbf16, #v4.rows<logits>>
    %l = v4.linear %s, %e : tensor<?x256xbf16, #v4.rows<logits>>, tensor<512x256xbf16> -> tensor<?x512xf32, #v4.rows<logits>>
    return %l : tensor<?x512xf32, #v4.rows<logits>>
  }
}

// -----

// Recipes are known to the plan writer.
module attributes {
  v4.model = #v4.model<vocab = 512, hidden = 256, layers = 1, window = 128, eos = 1, mtp = false, digest = "00">,
  v4.envelope = #v4.envelope<tokens = 16, sequences = 2, context = 256, draft = 1>,
  v4.target = #kernel.target<"cpu:x86-64-v3", cpu = "x86-64-v3", features = ["avx2"], vector_bits = 256>,
  v4.options = {target = "cpu:x86-64-v3"}, v4.manifest = "none"} {
  // expected-error @+1 {{'embed.weight' has v4.recipe transpose, expected "copy" or "i64_to_i32"}}
  ml_program.global private @embed.weight(#ml_program.extern<tensor<512x256xbf16>>) : tensor<512x256xbf16> {v4.recipe = "transpose", v4.sources = ["embed.weight"]}
  func.func private @layer(%x: tensor<?x256xbf16, #v4.rows<tokens>>, %ring: !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64>) -> tensor<?x256xbf16, #v4.rows<tokens>> {
    v4.append_window %x, %ring offset 0 : tensor<?x256xbf16, #v4.rows<tokens>>, !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64>
    v4.probe "streams" %x : tensor<?x256xbf16, #v4.rows<tokens>>
    return %x : tensor<?x256xbf16, #v4.rows<tokens>>
  }
  func.func @main(%ring: !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64> {v4.pool = "layers.0.window"}) -> tensor<?x512xf32, #v4.rows<logits>> {
    %e = ml_program.global_load_const @embed.weight : tensor<512x256xbf16>
    %x = v4.embed %e : tensor<512x256xbf16> -> tensor<?x256xbf16, #v4.rows<tokens>>
    %y = func.call @layer(%x, %ring) {v4.prefix = "layers.0", v4.layer = 0 : i64} : (tensor<?x256xbf16, #v4.rows<tokens>>, !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64>) -> tensor<?x256xbf16, #v4.rows<tokens>>
    %s = v4.select_logits_rows %y : tensor<?x256xbf16, #v4.rows<tokens>> -> tensor<?x256xbf16, #v4.rows<logits>>
    %l = v4.linear %s, %e : tensor<?x256xbf16, #v4.rows<logits>>, tensor<512x256xbf16> -> tensor<?x512xf32, #v4.rows<logits>>
    return %l : tensor<?x512xf32, #v4.rows<logits>>
  }
}

// -----

// Weights have a static shape.
module attributes {
  v4.model = #v4.model<vocab = 512, hidden = 256, layers = 1, window = 128, eos = 1, mtp = false, digest = "00">,
  v4.envelope = #v4.envelope<tokens = 16, sequences = 2, context = 256, draft = 1>,
  v4.target = #kernel.target<"cpu:x86-64-v3", cpu = "x86-64-v3", features = ["avx2"], vector_bits = 256>,
  v4.options = {target = "cpu:x86-64-v3"}, v4.manifest = "none"} {
  // expected-error @+1 {{'embed.weight' has type 'tensor<?x256xbf16>', expected a tensor of static shape}}
  ml_program.global private @embed.weight(#ml_program.extern<tensor<?x256xbf16>>) : tensor<?x256xbf16> {v4.recipe = "copy", v4.sources = ["embed.weight"]}
  func.func @main() { return }
}

// -----

// Only @main can be called from outside.
module attributes {
  v4.model = #v4.model<vocab = 512, hidden = 256, layers = 1, window = 128, eos = 1, mtp = false, digest = "00">,
  v4.envelope = #v4.envelope<tokens = 16, sequences = 2, context = 256, draft = 1>,
  v4.target = #kernel.target<"cpu:x86-64-v3", cpu = "x86-64-v3", features = ["avx2"], vector_bits = 256>,
  v4.options = {target = "cpu:x86-64-v3"}, v4.manifest = "none"} {
  ml_program.global private @embed.weight(#ml_program.extern<tensor<512x256xbf16>>) : tensor<512x256xbf16> {v4.recipe = "copy", v4.sources = ["embed.weight"]}
  // expected-error @+1 {{is public, expected every function but @main to be private}}
  func.func @layer(%x: tensor<?x256xbf16, #v4.rows<tokens>>, %ring: !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64>) -> tensor<?x256xbf16, #v4.rows<tokens>> {
    v4.append_window %x, %ring offset 0 : tensor<?x256xbf16, #v4.rows<tokens>>, !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64>
    v4.probe "streams" %x : tensor<?x256xbf16, #v4.rows<tokens>>
    return %x : tensor<?x256xbf16, #v4.rows<tokens>>
  }
  func.func @main(%ring: !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64> {v4.pool = "layers.0.window"}) -> tensor<?x512xf32, #v4.rows<logits>> {
    %e = ml_program.global_load_const @embed.weight : tensor<512x256xbf16>
    %x = v4.embed %e : tensor<512x256xbf16> -> tensor<?x256xbf16, #v4.rows<tokens>>
    %y = func.call @layer(%x, %ring) {v4.prefix = "layers.0", v4.layer = 0 : i64} : (tensor<?x256xbf16, #v4.rows<tokens>>, !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64>) -> tensor<?x256xbf16, #v4.rows<tokens>>
    %s = v4.select_logits_rows %y : tensor<?x256xbf16, #v4.rows<tokens>> -> tensor<?x256xbf16, #v4.rows<logits>>
    %l = v4.linear %s, %e : tensor<?x256xbf16, #v4.rows<logits>>, tensor<512x256xbf16> -> tensor<?x512xf32, #v4.rows<logits>>
    return %l : tensor<?x512xf32, #v4.rows<logits>>
  }
}

// -----

// Arguments of layers are caches, rows or weights.
module attributes {
  v4.model = #v4.model<vocab = 512, hidden = 256, layers = 1, window = 128, eos = 1, mtp = false, digest = "00">,
  v4.envelope = #v4.envelope<tokens = 16, sequences = 2, context = 256, draft = 1>,
  v4.target = #kernel.target<"cpu:x86-64-v3", cpu = "x86-64-v3", features = ["avx2"], vector_bits = 256>,
  v4.options = {target = "cpu:x86-64-v3"}, v4.manifest = "none"} {
  ml_program.global private @embed.weight(#ml_program.extern<tensor<512x256xbf16>>) : tensor<512x256xbf16> {v4.recipe = "copy", v4.sources = ["embed.weight"]}
  func.func private @layer(%x: tensor<?x256xbf16, #v4.rows<tokens>>, %ring: !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64>) -> tensor<?x256xbf16, #v4.rows<tokens>> {
    v4.append_window %x, %ring offset 0 : tensor<?x256xbf16, #v4.rows<tokens>>, !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64>
    v4.probe "streams" %x : tensor<?x256xbf16, #v4.rows<tokens>>
    return %x : tensor<?x256xbf16, #v4.rows<tokens>>
  }
  func.func @main(%ring: !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64> {v4.pool = "layers.0.window"}) -> tensor<?x512xf32, #v4.rows<logits>> {
    %e = ml_program.global_load_const @embed.weight : tensor<512x256xbf16>
    %x = v4.embed %e : tensor<512x256xbf16> -> tensor<?x256xbf16, #v4.rows<tokens>>
    %y = func.call @layer(%x, %ring) {v4.prefix = "layers.0", v4.layer = 0 : i64} : (tensor<?x256xbf16, #v4.rows<tokens>>, !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64>) -> tensor<?x256xbf16, #v4.rows<tokens>>
    %s = v4.select_logits_rows %y : tensor<?x256xbf16, #v4.rows<tokens>> -> tensor<?x256xbf16, #v4.rows<logits>>
    %l = v4.linear %s, %e : tensor<?x256xbf16, #v4.rows<logits>>, tensor<512x256xbf16> -> tensor<?x512xf32, #v4.rows<logits>>
    return %l : tensor<?x512xf32, #v4.rows<logits>>
  }
  // expected-error @+1 {{has an argument of type 'tensor<?x4xf32>', expected a cache, rows of the step or a weight}}
  func.func private @odd(%x: tensor<?x4xf32>) { return }
}

// -----

// Every callee has a body.
module attributes {
  v4.model = #v4.model<vocab = 512, hidden = 256, layers = 1, window = 128, eos = 1, mtp = false, digest = "00">,
  v4.envelope = #v4.envelope<tokens = 16, sequences = 2, context = 256, draft = 1>,
  v4.target = #kernel.target<"cpu:x86-64-v3", cpu = "x86-64-v3", features = ["avx2"], vector_bits = 256>,
  v4.options = {target = "cpu:x86-64-v3"}, v4.manifest = "none"} {
  ml_program.global private @embed.weight(#ml_program.extern<tensor<512x256xbf16>>) : tensor<512x256xbf16> {v4.recipe = "copy", v4.sources = ["embed.weight"]}
  func.func private @layer(%x: tensor<?x256xbf16, #v4.rows<tokens>>, %ring: !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64>) -> tensor<?x256xbf16, #v4.rows<tokens>> {
    v4.append_window %x, %ring offset 0 : tensor<?x256xbf16, #v4.rows<tokens>>, !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64>
    v4.probe "streams" %x : tensor<?x256xbf16, #v4.rows<tokens>>
    return %x : tensor<?x256xbf16, #v4.rows<tokens>>
  }
  func.func @main(%ring: !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64> {v4.pool = "layers.0.window"}) -> tensor<?x512xf32, #v4.rows<logits>> {
    %e = ml_program.global_load_const @embed.weight : tensor<512x256xbf16>
    %x = v4.embed %e : tensor<512x256xbf16> -> tensor<?x256xbf16, #v4.rows<tokens>>
    %y = func.call @layer(%x, %ring) {v4.prefix = "layers.0", v4.layer = 0 : i64} : (tensor<?x256xbf16, #v4.rows<tokens>>, !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64>) -> tensor<?x256xbf16, #v4.rows<tokens>>
    %s = v4.select_logits_rows %y : tensor<?x256xbf16, #v4.rows<tokens>> -> tensor<?x256xbf16, #v4.rows<logits>>
    %l = v4.linear %s, %e : tensor<?x256xbf16, #v4.rows<logits>>, tensor<512x256xbf16> -> tensor<?x512xf32, #v4.rows<logits>>
    return %l : tensor<?x512xf32, #v4.rows<logits>>
  }
  // expected-error @+1 {{has 0 blocks, expected one}}
  func.func private @declared(tensor<?x256xbf16, #v4.rows<tokens>>)
}

// -----

// Layers do not call in a circle.
module attributes {
  v4.model = #v4.model<vocab = 512, hidden = 256, layers = 1, window = 128, eos = 1, mtp = false, digest = "00">,
  v4.envelope = #v4.envelope<tokens = 16, sequences = 2, context = 256, draft = 1>,
  v4.target = #kernel.target<"cpu:x86-64-v3", cpu = "x86-64-v3", features = ["avx2"], vector_bits = 256>,
  v4.options = {target = "cpu:x86-64-v3"}, v4.manifest = "none"} {
  ml_program.global private @embed.weight(#ml_program.extern<tensor<512x256xbf16>>) : tensor<512x256xbf16> {v4.recipe = "copy", v4.sources = ["embed.weight"]}
  func.func private @a(%x: tensor<?x256xbf16, #v4.rows<tokens>>) {
    func.call @b(%x) : (tensor<?x256xbf16, #v4.rows<tokens>>) -> ()
    return
  }
  // expected-error @+1 {{is called more than 64 calls deep}}
  func.func private @b(%x: tensor<?x256xbf16, #v4.rows<tokens>>) {
    func.call @a(%x) : (tensor<?x256xbf16, #v4.rows<tokens>>) -> ()
    return
  }
  func.func private @layer(%x: tensor<?x256xbf16, #v4.rows<tokens>>, %ring: !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64>) -> tensor<?x256xbf16, #v4.rows<tokens>> {
    v4.append_window %x, %ring offset 0 : tensor<?x256xbf16, #v4.rows<tokens>>, !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64>
    v4.probe "streams" %x : tensor<?x256xbf16, #v4.rows<tokens>>
    return %x : tensor<?x256xbf16, #v4.rows<tokens>>
  }
  func.func @main(%ring: !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64> {v4.pool = "layers.0.window"}) -> tensor<?x512xf32, #v4.rows<logits>> {
    %e = ml_program.global_load_const @embed.weight : tensor<512x256xbf16>
    %x = v4.embed %e : tensor<512x256xbf16> -> tensor<?x256xbf16, #v4.rows<tokens>>
    %y = func.call @layer(%x, %ring) {v4.prefix = "layers.0", v4.layer = 0 : i64} : (tensor<?x256xbf16, #v4.rows<tokens>>, !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64>) -> tensor<?x256xbf16, #v4.rows<tokens>>
    %s = v4.select_logits_rows %y : tensor<?x256xbf16, #v4.rows<tokens>> -> tensor<?x256xbf16, #v4.rows<logits>>
    %l = v4.linear %s, %e : tensor<?x256xbf16, #v4.rows<logits>>, tensor<512x256xbf16> -> tensor<?x512xf32, #v4.rows<logits>>
    return %l : tensor<?x512xf32, #v4.rows<logits>>
  }
}

// -----

// A graph holds v4 ops and calls only.
module attributes {
  v4.model = #v4.model<vocab = 512, hidden = 256, layers = 1, window = 128, eos = 1, mtp = false, digest = "00">,
  v4.envelope = #v4.envelope<tokens = 16, sequences = 2, context = 256, draft = 1>,
  v4.target = #kernel.target<"cpu:x86-64-v3", cpu = "x86-64-v3", features = ["avx2"], vector_bits = 256>,
  v4.options = {target = "cpu:x86-64-v3"}, v4.manifest = "none"} {
  ml_program.global private @embed.weight(#ml_program.extern<tensor<512x256xbf16>>) : tensor<512x256xbf16> {v4.recipe = "copy", v4.sources = ["embed.weight"]}
  func.func private @layer(%x: tensor<?x256xbf16, #v4.rows<tokens>>, %ring: !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64>) -> tensor<?x256xbf16, #v4.rows<tokens>> {
    v4.append_window %x, %ring offset 0 : tensor<?x256xbf16, #v4.rows<tokens>>, !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64>
    v4.probe "streams" %x : tensor<?x256xbf16, #v4.rows<tokens>>
    return %x : tensor<?x256xbf16, #v4.rows<tokens>>
  }
  func.func @main(%ring: !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64> {v4.pool = "layers.0.window"}) -> tensor<?x512xf32, #v4.rows<logits>> {
    %e = ml_program.global_load_const @embed.weight : tensor<512x256xbf16>
    %x = v4.embed %e : tensor<512x256xbf16> -> tensor<?x256xbf16, #v4.rows<tokens>>
    // expected-error @+1 {{is of dialect 'arith', expected v4, func or ml_program in a graph}}
    %c = arith.constant 1 : i32
    %y = func.call @layer(%x, %ring) {v4.prefix = "layers.0", v4.layer = 0 : i64} : (tensor<?x256xbf16, #v4.rows<tokens>>, !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64>) -> tensor<?x256xbf16, #v4.rows<tokens>>
    %s = v4.select_logits_rows %y : tensor<?x256xbf16, #v4.rows<tokens>> -> tensor<?x256xbf16, #v4.rows<logits>>
    %l = v4.linear %s, %e : tensor<?x256xbf16, #v4.rows<logits>>, tensor<512x256xbf16> -> tensor<?x512xf32, #v4.rows<logits>>
    return %l : tensor<?x512xf32, #v4.rows<logits>>
  }
}

// -----

// @main takes pools only.
module attributes {
  v4.model = #v4.model<vocab = 512, hidden = 256, layers = 1, window = 128, eos = 1, mtp = false, digest = "00">,
  v4.envelope = #v4.envelope<tokens = 16, sequences = 2, context = 256, draft = 1>,
  v4.target = #kernel.target<"cpu:x86-64-v3", cpu = "x86-64-v3", features = ["avx2"], vector_bits = 256>,
  v4.options = {target = "cpu:x86-64-v3"}, v4.manifest = "none"} {
  ml_program.global private @embed.weight(#ml_program.extern<tensor<512x256xbf16>>) : tensor<512x256xbf16> {v4.recipe = "copy", v4.sources = ["embed.weight"]}
  func.func private @layer(%x: tensor<?x256xbf16, #v4.rows<tokens>>, %ring: !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64>) -> tensor<?x256xbf16, #v4.rows<tokens>> {
    v4.append_window %x, %ring offset 0 : tensor<?x256xbf16, #v4.rows<tokens>>, !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64>
    v4.probe "streams" %x : tensor<?x256xbf16, #v4.rows<tokens>>
    return %x : tensor<?x256xbf16, #v4.rows<tokens>>
  }
  // expected-error @+1 {{argument 1 has type 'tensor<4xf32>', expected a !v4.cache}}
  func.func @main(%ring: !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64> {v4.pool = "layers.0.window"}, %w: tensor<4xf32>) -> tensor<?x512xf32, #v4.rows<logits>> {
    %e = ml_program.global_load_const @embed.weight : tensor<512x256xbf16>
    %x = v4.embed %e : tensor<512x256xbf16> -> tensor<?x256xbf16, #v4.rows<tokens>>
    %y = func.call @layer(%x, %ring) {v4.prefix = "layers.0", v4.layer = 0 : i64} : (tensor<?x256xbf16, #v4.rows<tokens>>, !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64>) -> tensor<?x256xbf16, #v4.rows<tokens>>
    %s = v4.select_logits_rows %y : tensor<?x256xbf16, #v4.rows<tokens>> -> tensor<?x256xbf16, #v4.rows<logits>>
    %l = v4.linear %s, %e : tensor<?x256xbf16, #v4.rows<logits>>, tensor<512x256xbf16> -> tensor<?x512xf32, #v4.rows<logits>>
    return %l : tensor<?x512xf32, #v4.rows<logits>>
  }
}

// -----

// Each pool has a name.
module attributes {
  v4.model = #v4.model<vocab = 512, hidden = 256, layers = 1, window = 128, eos = 1, mtp = false, digest = "00">,
  v4.envelope = #v4.envelope<tokens = 16, sequences = 2, context = 256, draft = 1>,
  v4.target = #kernel.target<"cpu:x86-64-v3", cpu = "x86-64-v3", features = ["avx2"], vector_bits = 256>,
  v4.options = {target = "cpu:x86-64-v3"}, v4.manifest = "none"} {
  ml_program.global private @embed.weight(#ml_program.extern<tensor<512x256xbf16>>) : tensor<512x256xbf16> {v4.recipe = "copy", v4.sources = ["embed.weight"]}
  func.func private @layer(%x: tensor<?x256xbf16, #v4.rows<tokens>>, %ring: !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64>) -> tensor<?x256xbf16, #v4.rows<tokens>> {
    v4.append_window %x, %ring offset 0 : tensor<?x256xbf16, #v4.rows<tokens>>, !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64>
    v4.probe "streams" %x : tensor<?x256xbf16, #v4.rows<tokens>>
    return %x : tensor<?x256xbf16, #v4.rows<tokens>>
  }
  // expected-error @+1 {{argument 0 has no v4.pool}}
  func.func @main(%ring: !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64>) -> tensor<?x512xf32, #v4.rows<logits>> {
    %e = ml_program.global_load_const @embed.weight : tensor<512x256xbf16>
    %x = v4.embed %e : tensor<512x256xbf16> -> tensor<?x256xbf16, #v4.rows<tokens>>
    %y = func.call @layer(%x, %ring) {v4.prefix = "layers.0", v4.layer = 0 : i64} : (tensor<?x256xbf16, #v4.rows<tokens>>, !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64>) -> tensor<?x256xbf16, #v4.rows<tokens>>
    %s = v4.select_logits_rows %y : tensor<?x256xbf16, #v4.rows<tokens>> -> tensor<?x256xbf16, #v4.rows<logits>>
    %l = v4.linear %s, %e : tensor<?x256xbf16, #v4.rows<logits>>, tensor<512x256xbf16> -> tensor<?x512xf32, #v4.rows<logits>>
    return %l : tensor<?x512xf32, #v4.rows<logits>>
  }
}

// -----

// ... of its own.
module attributes {
  v4.model = #v4.model<vocab = 512, hidden = 256, layers = 1, window = 128, eos = 1, mtp = false, digest = "00">,
  v4.envelope = #v4.envelope<tokens = 16, sequences = 2, context = 256, draft = 1>,
  v4.target = #kernel.target<"cpu:x86-64-v3", cpu = "x86-64-v3", features = ["avx2"], vector_bits = 256>,
  v4.options = {target = "cpu:x86-64-v3"}, v4.manifest = "none"} {
  ml_program.global private @embed.weight(#ml_program.extern<tensor<512x256xbf16>>) : tensor<512x256xbf16> {v4.recipe = "copy", v4.sources = ["embed.weight"]}
  func.func private @layer(%x: tensor<?x256xbf16, #v4.rows<tokens>>, %ring: !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64>) -> tensor<?x256xbf16, #v4.rows<tokens>> {
    v4.append_window %x, %ring offset 0 : tensor<?x256xbf16, #v4.rows<tokens>>, !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64>
    v4.probe "streams" %x : tensor<?x256xbf16, #v4.rows<tokens>>
    return %x : tensor<?x256xbf16, #v4.rows<tokens>>
  }
  // expected-error @+1 {{argument 1 has v4.pool 'p', which another argument has too}}
  func.func @main(%ring: !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64> {v4.pool = "p"}, %b: !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64> {v4.pool = "p"}) -> tensor<?x512xf32, #v4.rows<logits>> {
    %e = ml_program.global_load_const @embed.weight : tensor<512x256xbf16>
    %x = v4.embed %e : tensor<512x256xbf16> -> tensor<?x256xbf16, #v4.rows<tokens>>
    %y = func.call @layer(%x, %ring) {v4.prefix = "layers.0", v4.layer = 0 : i64} : (tensor<?x256xbf16, #v4.rows<tokens>>, !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64>) -> tensor<?x256xbf16, #v4.rows<tokens>>
    %s = v4.select_logits_rows %y : tensor<?x256xbf16, #v4.rows<tokens>> -> tensor<?x256xbf16, #v4.rows<logits>>
    %l = v4.linear %s, %e : tensor<?x256xbf16, #v4.rows<logits>>, tensor<512x256xbf16> -> tensor<?x512xf32, #v4.rows<logits>>
    return %l : tensor<?x512xf32, #v4.rows<logits>>
  }
}

// -----

// Groups are main and mtp.
module attributes {
  v4.model = #v4.model<vocab = 512, hidden = 256, layers = 1, window = 128, eos = 1, mtp = false, digest = "00">,
  v4.envelope = #v4.envelope<tokens = 16, sequences = 2, context = 256, draft = 1>,
  v4.target = #kernel.target<"cpu:x86-64-v3", cpu = "x86-64-v3", features = ["avx2"], vector_bits = 256>,
  v4.options = {target = "cpu:x86-64-v3"}, v4.manifest = "none"} {
  ml_program.global private @embed.weight(#ml_program.extern<tensor<512x256xbf16>>) : tensor<512x256xbf16> {v4.recipe = "copy", v4.sources = ["embed.weight"]}
  func.func private @layer(%x: tensor<?x256xbf16, #v4.rows<tokens>>, %ring: !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64>) -> tensor<?x256xbf16, #v4.rows<tokens>> {
    v4.append_window %x, %ring offset 0 : tensor<?x256xbf16, #v4.rows<tokens>>, !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64>
    v4.probe "streams" %x : tensor<?x256xbf16, #v4.rows<tokens>>
    return %x : tensor<?x256xbf16, #v4.rows<tokens>>
  }
  // expected-error @+1 {{v4.group is "draft", expected "main" or "mtp"}}
  func.func @main(%ring: !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64> {v4.pool = "p", v4.group = "draft"}) -> tensor<?x512xf32, #v4.rows<logits>> {
    %e = ml_program.global_load_const @embed.weight : tensor<512x256xbf16>
    %x = v4.embed %e : tensor<512x256xbf16> -> tensor<?x256xbf16, #v4.rows<tokens>>
    %y = func.call @layer(%x, %ring) {v4.prefix = "layers.0", v4.layer = 0 : i64} : (tensor<?x256xbf16, #v4.rows<tokens>>, !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64>) -> tensor<?x256xbf16, #v4.rows<tokens>>
    %s = v4.select_logits_rows %y : tensor<?x256xbf16, #v4.rows<tokens>> -> tensor<?x256xbf16, #v4.rows<logits>>
    %l = v4.linear %s, %e : tensor<?x256xbf16, #v4.rows<logits>>, tensor<512x256xbf16> -> tensor<?x512xf32, #v4.rows<logits>>
    return %l : tensor<?x512xf32, #v4.rows<logits>>
  }
}

// -----

// A call's attributes have types.
module attributes {
  v4.model = #v4.model<vocab = 512, hidden = 256, layers = 1, window = 128, eos = 1, mtp = false, digest = "00">,
  v4.envelope = #v4.envelope<tokens = 16, sequences = 2, context = 256, draft = 1>,
  v4.target = #kernel.target<"cpu:x86-64-v3", cpu = "x86-64-v3", features = ["avx2"], vector_bits = 256>,
  v4.options = {target = "cpu:x86-64-v3"}, v4.manifest = "none"} {
  ml_program.global private @embed.weight(#ml_program.extern<tensor<512x256xbf16>>) : tensor<512x256xbf16> {v4.recipe = "copy", v4.sources = ["embed.weight"]}
  func.func private @layer(%x: tensor<?x256xbf16, #v4.rows<tokens>>, %ring: !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64>) -> tensor<?x256xbf16, #v4.rows<tokens>> {
    v4.append_window %x, %ring offset 0 : tensor<?x256xbf16, #v4.rows<tokens>>, !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64>
    v4.probe "streams" %x : tensor<?x256xbf16, #v4.rows<tokens>>
    return %x : tensor<?x256xbf16, #v4.rows<tokens>>
  }
  func.func @main(%ring: !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64> {v4.pool = "layers.0.window"}) -> tensor<?x512xf32, #v4.rows<logits>> {
    %e = ml_program.global_load_const @embed.weight : tensor<512x256xbf16>
    %x = v4.embed %e : tensor<512x256xbf16> -> tensor<?x256xbf16, #v4.rows<tokens>>
    // expected-error @+1 {{v4.prefix is 2 : i64, expected a string}}
    %y = func.call @layer(%x, %ring) {v4.prefix = 2 : i64} : (tensor<?x256xbf16, #v4.rows<tokens>>, !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64>) -> tensor<?x256xbf16, #v4.rows<tokens>>
    %s = v4.select_logits_rows %y : tensor<?x256xbf16, #v4.rows<tokens>> -> tensor<?x256xbf16, #v4.rows<logits>>
    %l = v4.linear %s, %e : tensor<?x256xbf16, #v4.rows<logits>>, tensor<512x256xbf16> -> tensor<?x512xf32, #v4.rows<logits>>
    return %l : tensor<?x512xf32, #v4.rows<logits>>
  }
}

// -----

// A layer's number is an integer.
module attributes {
  v4.model = #v4.model<vocab = 512, hidden = 256, layers = 1, window = 128, eos = 1, mtp = false, digest = "00">,
  v4.envelope = #v4.envelope<tokens = 16, sequences = 2, context = 256, draft = 1>,
  v4.target = #kernel.target<"cpu:x86-64-v3", cpu = "x86-64-v3", features = ["avx2"], vector_bits = 256>,
  v4.options = {target = "cpu:x86-64-v3"}, v4.manifest = "none"} {
  ml_program.global private @embed.weight(#ml_program.extern<tensor<512x256xbf16>>) : tensor<512x256xbf16> {v4.recipe = "copy", v4.sources = ["embed.weight"]}
  func.func private @layer(%x: tensor<?x256xbf16, #v4.rows<tokens>>, %ring: !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64>) -> tensor<?x256xbf16, #v4.rows<tokens>> {
    v4.append_window %x, %ring offset 0 : tensor<?x256xbf16, #v4.rows<tokens>>, !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64>
    v4.probe "streams" %x : tensor<?x256xbf16, #v4.rows<tokens>>
    return %x : tensor<?x256xbf16, #v4.rows<tokens>>
  }
  func.func @main(%ring: !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64> {v4.pool = "layers.0.window"}) -> tensor<?x512xf32, #v4.rows<logits>> {
    %e = ml_program.global_load_const @embed.weight : tensor<512x256xbf16>
    %x = v4.embed %e : tensor<512x256xbf16> -> tensor<?x256xbf16, #v4.rows<tokens>>
    // expected-error @+1 {{v4.layer is "2", expected an integer}}
    %y = func.call @layer(%x, %ring) {v4.layer = "2"} : (tensor<?x256xbf16, #v4.rows<tokens>>, !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64>) -> tensor<?x256xbf16, #v4.rows<tokens>>
    %s = v4.select_logits_rows %y : tensor<?x256xbf16, #v4.rows<tokens>> -> tensor<?x256xbf16, #v4.rows<logits>>
    %l = v4.linear %s, %e : tensor<?x256xbf16, #v4.rows<logits>>, tensor<512x256xbf16> -> tensor<?x512xf32, #v4.rows<logits>>
    return %l : tensor<?x512xf32, #v4.rows<logits>>
  }
}

// -----

// A model with an MTP block has MTP logits.
module attributes {
  v4.model = #v4.model<vocab = 512, hidden = 256, layers = 1, window = 128, eos = 1, mtp = true, digest = "00">,
  v4.envelope = #v4.envelope<tokens = 16, sequences = 2, context = 256, draft = 1>,
  v4.target = #kernel.target<"cpu:x86-64-v3", cpu = "x86-64-v3", features = ["avx2"], vector_bits = 256>,
  v4.options = {target = "cpu:x86-64-v3"}, v4.manifest = "none"} {
  ml_program.global private @embed.weight(#ml_program.extern<tensor<512x256xbf16>>) : tensor<512x256xbf16> {v4.recipe = "copy", v4.sources = ["embed.weight"]}
  func.func private @layer(%x: tensor<?x256xbf16, #v4.rows<tokens>>, %ring: !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64>) -> tensor<?x256xbf16, #v4.rows<tokens>> {
    v4.append_window %x, %ring offset 0 : tensor<?x256xbf16, #v4.rows<tokens>>, !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64>
    v4.probe "streams" %x : tensor<?x256xbf16, #v4.rows<tokens>>
    return %x : tensor<?x256xbf16, #v4.rows<tokens>>
  }
  // expected-error @+1 {{returns 1 values, expected 2: logits and MTP logits}}
  func.func @main(%ring: !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64> {v4.pool = "layers.0.window"}) -> tensor<?x512xf32, #v4.rows<logits>> {
    %e = ml_program.global_load_const @embed.weight : tensor<512x256xbf16>
    %x = v4.embed %e : tensor<512x256xbf16> -> tensor<?x256xbf16, #v4.rows<tokens>>
    %y = func.call @layer(%x, %ring) {v4.prefix = "layers.0", v4.layer = 0 : i64} : (tensor<?x256xbf16, #v4.rows<tokens>>, !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64>) -> tensor<?x256xbf16, #v4.rows<tokens>>
    %s = v4.select_logits_rows %y : tensor<?x256xbf16, #v4.rows<tokens>> -> tensor<?x256xbf16, #v4.rows<logits>>
    %l = v4.linear %s, %e : tensor<?x256xbf16, #v4.rows<logits>>, tensor<512x256xbf16> -> tensor<?x512xf32, #v4.rows<logits>>
    return %l : tensor<?x512xf32, #v4.rows<logits>>
  }
}

// -----

// Logits have the vocabulary's width.
module attributes {
  v4.model = #v4.model<vocab = 500, hidden = 256, layers = 1, window = 128, eos = 1, mtp = false, digest = "00">,
  v4.envelope = #v4.envelope<tokens = 16, sequences = 2, context = 256, draft = 1>,
  v4.target = #kernel.target<"cpu:x86-64-v3", cpu = "x86-64-v3", features = ["avx2"], vector_bits = 256>,
  v4.options = {target = "cpu:x86-64-v3"}, v4.manifest = "none"} {
  ml_program.global private @embed.weight(#ml_program.extern<tensor<512x256xbf16>>) : tensor<512x256xbf16> {v4.recipe = "copy", v4.sources = ["embed.weight"]}
  func.func private @layer(%x: tensor<?x256xbf16, #v4.rows<tokens>>, %ring: !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64>) -> tensor<?x256xbf16, #v4.rows<tokens>> {
    v4.append_window %x, %ring offset 0 : tensor<?x256xbf16, #v4.rows<tokens>>, !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64>
    v4.probe "streams" %x : tensor<?x256xbf16, #v4.rows<tokens>>
    return %x : tensor<?x256xbf16, #v4.rows<tokens>>
  }
  // expected-error @+1 {{expected f32 logits tensor<?x500xf32, #v4.rows<logits>>}}
  func.func @main(%ring: !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64> {v4.pool = "layers.0.window"}) -> tensor<?x512xf32, #v4.rows<logits>> {
    %e = ml_program.global_load_const @embed.weight : tensor<512x256xbf16>
    %x = v4.embed %e : tensor<512x256xbf16> -> tensor<?x256xbf16, #v4.rows<tokens>>
    %y = func.call @layer(%x, %ring) {v4.prefix = "layers.0", v4.layer = 0 : i64} : (tensor<?x256xbf16, #v4.rows<tokens>>, !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64>) -> tensor<?x256xbf16, #v4.rows<tokens>>
    %s = v4.select_logits_rows %y : tensor<?x256xbf16, #v4.rows<tokens>> -> tensor<?x256xbf16, #v4.rows<logits>>
    %l = v4.linear %s, %e : tensor<?x256xbf16, #v4.rows<logits>>, tensor<512x256xbf16> -> tensor<?x512xf32, #v4.rows<logits>>
    return %l : tensor<?x512xf32, #v4.rows<logits>>
  }
}
