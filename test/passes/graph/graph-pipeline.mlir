// RUN: v4-opt --v4-graph-pipeline %s | FileCheck %s --check-prefixes=CHECK,ON
// RUN: v4-opt --v4-graph-pipeline=optional=false %s | FileCheck %s --check-prefixes=CHECK,OFF
// RUN: v4-opt --v4-graph-pipeline=disable-pass=cse,v4-merge-activation-quant %s | FileCheck %s --check-prefixes=CHECK,OFF

// Equal ops become one, unless optional passes are off; two reads of a cache with a write between them stay two.
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
  // CHECK-LABEL: func.func private @attend
  // CHECK: v4.quantize
  // OFF-NEXT: v4.quantize
  // ON-NOT: v4.quantize
  // CHECK: v4.attention
  // CHECK-NEXT: v4.append_window
  // CHECK-NEXT: v4.attention
  func.func private @attend(%q: tensor<?x2x256xbf16, #v4.rows<tokens>>, %x: tensor<?x256xbf16, #v4.rows<tokens>>, %ring: !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64>) -> (tensor<?x2x256xbf16, #v4.rows<tokens>>, tensor<?x2x256xbf16, #v4.rows<tokens>>) {
    %a = v4.quantize %x fp8 block 64 prefix 192 : tensor<?x256xbf16, #v4.rows<tokens>>
    %b = v4.quantize %x fp8 block 64 prefix 192 : tensor<?x256xbf16, #v4.rows<tokens>>
    %o = v4.attention %q, %a, %ring window 128 offset 0 : tensor<?x2x256xbf16, #v4.rows<tokens>>, tensor<?x256xbf16, #v4.rows<tokens>>, !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64> -> tensor<?x2x256xbf16, #v4.rows<tokens>>
    v4.append_window %b, %ring offset 0 : tensor<?x256xbf16, #v4.rows<tokens>>, !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64>
    %p = v4.attention %q, %b, %ring window 128 offset 0 : tensor<?x2x256xbf16, #v4.rows<tokens>>, tensor<?x256xbf16, #v4.rows<tokens>>, !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64> -> tensor<?x2x256xbf16, #v4.rows<tokens>>
    return %o, %p : tensor<?x2x256xbf16, #v4.rows<tokens>>, tensor<?x2x256xbf16, #v4.rows<tokens>>
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
