// RUN: v4-opt --v4-build-program -split-input-file -verify-diagnostics %s

// The smallest program.
module attributes {
  v4.model = #v4.model<vocab = 512, hidden = 256, layers = 1, window = 128, eos = 1, mtp = false, digest = "00">,
  v4.envelope = #v4.envelope<tokens = 16, sequences = 2, context = 256, draft = 1>,
  v4.target = #kernel.target<"cpu:x86-64-v3", cpu = "x86-64-v3", features = ["avx2"], vector_bits = 256>,
  v4.options = {target = "cpu:x86-64-v3"}, v4.manifest = "none"} {
  func.func @embed_0(%begin: index, %end: index, %0: memref<?xi8>) attributes {kernel.entry, kernel.op = "embed"} {
    return
  }
  func.func @head_0(%begin: index, %end: index, %0: memref<?xi8>, %1: memref<?xi8>) attributes {kernel.entry, kernel.op = "linear"} {
    return
  }
  func.func @main() -> tensor<?x512xf32, #v4.rows<logits>> {
    %x = kernel.launch @embed_0 grid <rows = 1, tile = 1, tiles = 1> () writes [] step [] {group = "main", layer = -1 : i64} : () -> tensor<?x256xbf16, #v4.rows<tokens>>
    %l = kernel.launch @head_0 grid <rows = 5, tile = 1, tiles = 1> (%x) writes [] step [] {group = "main", layer = -1 : i64} : (tensor<?x256xbf16, #v4.rows<tokens>>) -> tensor<?x512xf32, #v4.rows<logits>>
    return %l : tensor<?x512xf32, #v4.rows<logits>>
  }
}

// -----

// A module from somewhere else.
// expected-error @+1 {{has no function @main of one block}}
module {
}

// -----

// Attributes of the import are needed.
// expected-error @+1 {{lacks one of the attributes v4.model, v4.envelope, v4.target and v4.options}}
module attributes {
  v4.manifest = "none"} {
  func.func @embed_0(%begin: index, %end: index, %0: memref<?xi8>) attributes {kernel.entry, kernel.op = "embed"} {
    return
  }
  func.func @head_0(%begin: index, %end: index, %0: memref<?xi8>, %1: memref<?xi8>) attributes {kernel.entry, kernel.op = "linear"} {
    return
  }
  func.func @main() -> tensor<?x512xf32, #v4.rows<logits>> {
    %x = kernel.launch @embed_0 grid <rows = 1, tile = 1, tiles = 1> () writes [] step [] {group = "main", layer = -1 : i64} : () -> tensor<?x256xbf16, #v4.rows<tokens>>
    %l = kernel.launch @head_0 grid <rows = 5, tile = 1, tiles = 1> (%x) writes [] step [] {group = "main", layer = -1 : i64} : (tensor<?x256xbf16, #v4.rows<tokens>>) -> tensor<?x512xf32, #v4.rows<logits>>
    return %l : tensor<?x512xf32, #v4.rows<logits>>
  }
}

// -----

// Launches know their layer.
module attributes {
  v4.model = #v4.model<vocab = 512, hidden = 256, layers = 1, window = 128, eos = 1, mtp = false, digest = "00">,
  v4.envelope = #v4.envelope<tokens = 16, sequences = 2, context = 256, draft = 1>,
  v4.target = #kernel.target<"cpu:x86-64-v3", cpu = "x86-64-v3", features = ["avx2"], vector_bits = 256>,
  v4.options = {target = "cpu:x86-64-v3"}, v4.manifest = "none"} {
  func.func @embed_0(%begin: index, %end: index, %0: memref<?xi8>) attributes {kernel.entry, kernel.op = "embed"} {
    return
  }
  func.func @head_0(%begin: index, %end: index, %0: memref<?xi8>, %1: memref<?xi8>) attributes {kernel.entry, kernel.op = "linear"} {
    return
  }
  func.func @main() -> tensor<?x512xf32, #v4.rows<logits>> {
    // expected-error @+1 {{has no attributes 'group' and 'layer'; run --v4-inline-layers first}}
    %x = kernel.launch @embed_0 grid <rows = 1, tile = 1, tiles = 1> () writes [] step [] : () -> tensor<?x256xbf16, #v4.rows<tokens>>
    %l = kernel.launch @head_0 grid <rows = 5, tile = 1, tiles = 1> (%x) writes [] step [] {group = "main", layer = -1 : i64} : (tensor<?x256xbf16, #v4.rows<tokens>>) -> tensor<?x512xf32, #v4.rows<logits>>
    return %l : tensor<?x512xf32, #v4.rows<logits>>
  }
}

// -----

// Calls are inlined.
module attributes {
  v4.model = #v4.model<vocab = 512, hidden = 256, layers = 1, window = 128, eos = 1, mtp = false, digest = "00">,
  v4.envelope = #v4.envelope<tokens = 16, sequences = 2, context = 256, draft = 1>,
  v4.target = #kernel.target<"cpu:x86-64-v3", cpu = "x86-64-v3", features = ["avx2"], vector_bits = 256>,
  v4.options = {target = "cpu:x86-64-v3"}, v4.manifest = "none"} {
  func.func @embed_0(%begin: index, %end: index, %0: memref<?xi8>) attributes {kernel.entry, kernel.op = "embed"} {
    return
  }
  func.func @head_0(%begin: index, %end: index, %0: memref<?xi8>, %1: memref<?xi8>) attributes {kernel.entry, kernel.op = "linear"} {
    return
  }
  func.func @main() -> tensor<?x512xf32, #v4.rows<logits>> {
    %x = kernel.launch @embed_0 grid <rows = 1, tile = 1, tiles = 1> () writes [] step [] {group = "main", layer = -1 : i64} : () -> tensor<?x256xbf16, #v4.rows<tokens>>
    %l = kernel.launch @head_0 grid <rows = 5, tile = 1, tiles = 1> (%x) writes [] step [] {group = "main", layer = -1 : i64} : (tensor<?x256xbf16, #v4.rows<tokens>>) -> tensor<?x512xf32, #v4.rows<logits>>
    // expected-error @+1 {{is in @main, expected loads of weights, launches and probes only}}
    func.call @main() : () -> tensor<?x512xf32, #v4.rows<logits>>
    return %l : tensor<?x512xf32, #v4.rows<logits>>
  }
}

// -----

// Something must run.
module attributes {
  v4.model = #v4.model<vocab = 512, hidden = 256, layers = 1, window = 128, eos = 1, mtp = false, digest = "00">,
  v4.envelope = #v4.envelope<tokens = 16, sequences = 2, context = 256, draft = 1>,
  v4.target = #kernel.target<"cpu:x86-64-v3", cpu = "x86-64-v3", features = ["avx2"], vector_bits = 256>,
  v4.options = {target = "cpu:x86-64-v3"}, v4.manifest = "none"} {
  // expected-error @+1 {{launches nothing}}
  func.func @main(%x: !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64> {v4.pool = "p"}) {
    return
  }
}

// -----

// Pools have names.
module attributes {
  v4.model = #v4.model<vocab = 512, hidden = 256, layers = 1, window = 128, eos = 1, mtp = false, digest = "00">,
  v4.envelope = #v4.envelope<tokens = 16, sequences = 2, context = 256, draft = 1>,
  v4.target = #kernel.target<"cpu:x86-64-v3", cpu = "x86-64-v3", features = ["avx2"], vector_bits = 256>,
  v4.options = {target = "cpu:x86-64-v3"}, v4.manifest = "none"} {
  func.func @embed_0(%begin: index, %end: index, %0: memref<?xi8>) attributes {kernel.entry, kernel.op = "embed"} {
    return
  }
  func.func @head_0(%begin: index, %end: index, %0: memref<?xi8>, %1: memref<?xi8>) attributes {kernel.entry, kernel.op = "linear"} {
    return
  }
  // expected-error @+1 {{argument 0 has type '!v4.cache}}
  func.func @main(%p: !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64>) -> tensor<?x512xf32, #v4.rows<logits>> {
    %x = kernel.launch @embed_0 grid <rows = 1, tile = 1, tiles = 1> () writes [] step [] {group = "main", layer = -1 : i64} : () -> tensor<?x256xbf16, #v4.rows<tokens>>
    %l = kernel.launch @head_0 grid <rows = 5, tile = 1, tiles = 1> (%x) writes [] step [] {group = "main", layer = -1 : i64} : (tensor<?x256xbf16, #v4.rows<tokens>>) -> tensor<?x512xf32, #v4.rows<logits>>
    return %l : tensor<?x512xf32, #v4.rows<logits>>
  }
}

// -----

// Values are rows of the step.
module attributes {
  v4.model = #v4.model<vocab = 512, hidden = 256, layers = 1, window = 128, eos = 1, mtp = false, digest = "00">,
  v4.envelope = #v4.envelope<tokens = 16, sequences = 2, context = 256, draft = 1>,
  v4.target = #kernel.target<"cpu:x86-64-v3", cpu = "x86-64-v3", features = ["avx2"], vector_bits = 256>,
  v4.options = {target = "cpu:x86-64-v3"}, v4.manifest = "none"} {
  func.func @embed_0(%begin: index, %end: index, %0: memref<?xi8>) attributes {kernel.entry, kernel.op = "embed"} {
    return
  }
  func.func @head_0(%begin: index, %end: index, %0: memref<?xi8>, %1: memref<?xi8>) attributes {kernel.entry, kernel.op = "linear"} {
    return
  }
  func.func @main() -> tensor<?x512xf32, #v4.rows<logits>> {
    // expected-error @+1 {{makes a value of type 'tensor<?x256xbf16>', expected rows of the step}}
    %x = kernel.launch @embed_0 grid <rows = 1, tile = 1, tiles = 1> () writes [] step [] {group = "main", layer = -1 : i64} : () -> tensor<?x256xbf16>
    %l = kernel.launch @head_0 grid <rows = 5, tile = 1, tiles = 1> (%x) writes [] step [] {group = "main", layer = -1 : i64} : (tensor<?x256xbf16>) -> tensor<?x512xf32, #v4.rows<logits>>
    return %l : tensor<?x512xf32, #v4.rows<logits>>
  }
}

// -----

// At most one dimension behind the rows depends on the context.
module attributes {
  v4.model = #v4.model<vocab = 512, hidden = 256, layers = 1, window = 128, eos = 1, mtp = false, digest = "00">,
  v4.envelope = #v4.envelope<tokens = 16, sequences = 2, context = 256, draft = 1>,
  v4.target = #kernel.target<"cpu:x86-64-v3", cpu = "x86-64-v3", features = ["avx2"], vector_bits = 256>,
  v4.options = {target = "cpu:x86-64-v3"}, v4.manifest = "none"} {
  func.func @embed_0(%begin: index, %end: index, %0: memref<?xi8>) attributes {kernel.entry, kernel.op = "embed"} {
    return
  }
  func.func @head_0(%begin: index, %end: index, %0: memref<?xi8>, %1: memref<?xi8>) attributes {kernel.entry, kernel.op = "linear"} {
    return
  }
  func.func @main() -> tensor<?x512xf32, #v4.rows<logits>> {
    // expected-error @+1 {{with at most one more dynamic dimension}}
    %x = kernel.launch @embed_0 grid <rows = 1, tile = 1, tiles = 1> () writes [] step [] {group = "main", layer = -1 : i64} : () -> tensor<?x?x?xf32, #v4.rows<tokens>>
    %l = kernel.launch @head_0 grid <rows = 5, tile = 1, tiles = 1> (%x) writes [] step [] {group = "main", layer = -1 : i64} : (tensor<?x?x?xf32, #v4.rows<tokens>>) -> tensor<?x512xf32, #v4.rows<logits>>
    return %l : tensor<?x512xf32, #v4.rows<logits>>
  }
}

// -----

// Elements have a storage type.
module attributes {
  v4.model = #v4.model<vocab = 512, hidden = 256, layers = 1, window = 128, eos = 1, mtp = false, digest = "00">,
  v4.envelope = #v4.envelope<tokens = 16, sequences = 2, context = 256, draft = 1>,
  v4.target = #kernel.target<"cpu:x86-64-v3", cpu = "x86-64-v3", features = ["avx2"], vector_bits = 256>,
  v4.options = {target = "cpu:x86-64-v3"}, v4.manifest = "none"} {
  func.func @embed_0(%begin: index, %end: index, %0: memref<?xi8>) attributes {kernel.entry, kernel.op = "embed"} {
    return
  }
  func.func @head_0(%begin: index, %end: index, %0: memref<?xi8>, %1: memref<?xi8>) attributes {kernel.entry, kernel.op = "linear"} {
    return
  }
  func.func @main() -> tensor<?x512xf32, #v4.rows<logits>> {
    // expected-error @+1 {{makes a value of type 'tensor<?x4xf64, #v4.rows<tokens>>'}}
    %x = kernel.launch @embed_0 grid <rows = 1, tile = 1, tiles = 1> () writes [] step [] {group = "main", layer = -1 : i64} : () -> tensor<?x4xf64, #v4.rows<tokens>>
    %l = kernel.launch @head_0 grid <rows = 5, tile = 1, tiles = 1> (%x) writes [] step [] {group = "main", layer = -1 : i64} : (tensor<?x4xf64, #v4.rows<tokens>>) -> tensor<?x512xf32, #v4.rows<logits>>
    return %l : tensor<?x512xf32, #v4.rows<logits>>
  }
}

// -----

// Weights come from the checkpoint.
module attributes {
  v4.model = #v4.model<vocab = 512, hidden = 256, layers = 1, window = 128, eos = 1, mtp = false, digest = "00">,
  v4.envelope = #v4.envelope<tokens = 16, sequences = 2, context = 256, draft = 1>,
  v4.target = #kernel.target<"cpu:x86-64-v3", cpu = "x86-64-v3", features = ["avx2"], vector_bits = 256>,
  v4.options = {target = "cpu:x86-64-v3"}, v4.manifest = "none"} {
  func.func @embed_0(%begin: index, %end: index, %0: memref<?xi8>) attributes {kernel.entry, kernel.op = "embed"} {
    return
  }
  func.func @head_0(%begin: index, %end: index, %0: memref<?xi8>, %1: memref<?xi8>) attributes {kernel.entry, kernel.op = "linear"} {
    return
  }
  // expected-error @+1 {{'w' is no weight, expected a tensor with v4.sources and v4.recipe}}
  ml_program.global private @w(#ml_program.extern<tensor<4xf32>>) : tensor<4xf32>
  func.func @main() -> tensor<?x512xf32, #v4.rows<logits>> {
    %x = kernel.launch @embed_0 grid <rows = 1, tile = 1, tiles = 1> () writes [] step [] {group = "main", layer = -1 : i64} : () -> tensor<?x256xbf16, #v4.rows<tokens>>
    %w = ml_program.global_load_const @w : tensor<4xf32>
    kernel.launch @embed_0 grid <rows = 1, tile = 1, tiles = 1> (%w) writes [] step [] {group = "main", layer = -1 : i64} : (tensor<4xf32>) -> ()
    %l = kernel.launch @head_0 grid <rows = 5, tile = 1, tiles = 1> (%x) writes [] step [] {group = "main", layer = -1 : i64} : (tensor<?x256xbf16, #v4.rows<tokens>>) -> tensor<?x512xf32, #v4.rows<logits>>
    return %l : tensor<?x512xf32, #v4.rows<logits>>
  }
}

// -----

// Probes name what a launch made.
module attributes {
  v4.model = #v4.model<vocab = 512, hidden = 256, layers = 1, window = 128, eos = 1, mtp = false, digest = "00">,
  v4.envelope = #v4.envelope<tokens = 16, sequences = 2, context = 256, draft = 1>,
  v4.target = #kernel.target<"cpu:x86-64-v3", cpu = "x86-64-v3", features = ["avx2"], vector_bits = 256>,
  v4.options = {target = "cpu:x86-64-v3"}, v4.manifest = "none"} {
  func.func @embed_0(%begin: index, %end: index, %0: memref<?xi8>) attributes {kernel.entry, kernel.op = "embed"} {
    return
  }
  func.func @head_0(%begin: index, %end: index, %0: memref<?xi8>, %1: memref<?xi8>) attributes {kernel.entry, kernel.op = "linear"} {
    return
  }
  ml_program.global private @w(#ml_program.extern<tensor<4xf32>>) : tensor<4xf32>
  func.func @main() -> tensor<?x512xf32, #v4.rows<logits>> {
    %x = kernel.launch @embed_0 grid <rows = 1, tile = 1, tiles = 1> () writes [] step [] {group = "main", layer = -1 : i64} : () -> tensor<?x256xbf16, #v4.rows<tokens>>
    %w = ml_program.global_load_const @w : tensor<4xf32>
    // expected-error @+1 {{'w' names no result of a launch}}
    v4.probe "w" %w : tensor<4xf32>
    %l = kernel.launch @head_0 grid <rows = 5, tile = 1, tiles = 1> (%x) writes [] step [] {group = "main", layer = -1 : i64} : (tensor<?x256xbf16, #v4.rows<tokens>>) -> tensor<?x512xf32, #v4.rows<logits>>
    return %l : tensor<?x512xf32, #v4.rows<logits>>
  }
}

// -----

// Logits are returned.
module attributes {
  v4.model = #v4.model<vocab = 512, hidden = 256, layers = 1, window = 128, eos = 1, mtp = false, digest = "00">,
  v4.envelope = #v4.envelope<tokens = 16, sequences = 2, context = 256, draft = 1>,
  v4.target = #kernel.target<"cpu:x86-64-v3", cpu = "x86-64-v3", features = ["avx2"], vector_bits = 256>,
  v4.options = {target = "cpu:x86-64-v3"}, v4.manifest = "none"} {
  func.func @embed_0(%begin: index, %end: index, %0: memref<?xi8>) attributes {kernel.entry, kernel.op = "embed"} {
    return
  }
  func.func @head_0(%begin: index, %end: index, %0: memref<?xi8>, %1: memref<?xi8>) attributes {kernel.entry, kernel.op = "linear"} {
    return
  }
  // expected-error @+1 {{returns 0 values, expected logits or logits and MTP logits}}
  func.func @main() {
    %x = kernel.launch @embed_0 grid <rows = 1, tile = 1, tiles = 1> () writes [] step [] {group = "main", layer = -1 : i64} : () -> tensor<?x256xbf16, #v4.rows<tokens>>
    %l = kernel.launch @head_0 grid <rows = 5, tile = 1, tiles = 1> (%x) writes [] step [] {group = "main", layer = -1 : i64} : (tensor<?x256xbf16, #v4.rows<tokens>>) -> tensor<?x512xf32, #v4.rows<logits>>
    return
  }
}

// -----

// Weights are at the top of the module.
module attributes {
  v4.model = #v4.model<vocab = 512, hidden = 256, layers = 1, window = 128, eos = 1, mtp = false, digest = "00">,
  v4.envelope = #v4.envelope<tokens = 16, sequences = 2, context = 256, draft = 1>,
  v4.target = #kernel.target<"cpu:x86-64-v3", cpu = "x86-64-v3", features = ["avx2"], vector_bits = 256>,
  v4.options = {}, v4.manifest = "none"} {
  module @nested {
    ml_program.global public @w(#ml_program.extern<tensor<4xf32>>) : tensor<4xf32>
  }
  func.func @k(%begin: index, %end: index, %w: memref<?xf32>) attributes {kernel.entry, kernel.op = "k"} {
    return
  }
  func.func @main() {
    // expected-error @+1 {{loads @nested::@w, expected a global of this module}}
    %w = ml_program.global_load_const @nested::@w : tensor<4xf32>
    kernel.launch @k grid <rows = 0, tile = 1, tiles = 1> (%w) writes [] step [] {group = "main", layer = -1 : i64} : (tensor<4xf32>) -> ()
    return
  }
}
