// RUN: v4-opt --v4-count-work %s | FileCheck %s

// Scales are stored, but no parameters; a table has neither parameters nor products; a weight counts for its first
// reader alone; products with the embedding table are its own; two layers of one function count twice; a window of 128 and 2 products of a head's width for every head.
// CHECK: v4.parts = [
// CHECK-SAME: #plan.part<"embedding", "main", parameters = 131072, active = 0, stored_bytes = 262144, work = [#plan.work<bf16, logits, 131072, ratio = 1, most = 0>]>,
// CHECK-SAME: #plan.part<"attention", "main", parameters = 131072, active = 131072, stored_bytes = 131080, work = [#plan.work<fp8, tokens, 131072, ratio = 1, most = 0>]>,
// CHECK-SAME: #plan.part<"core_attention", "main", parameters = 0, active = 0, stored_bytes = 0, work = [#plan.work<bf16, window, 1024, ratio = 1, most = 128>]>,
// CHECK-SAME: #plan.part<"hash_tables", "main", parameters = 0, active = 0, stored_bytes = 16384, work = []>]
module {
  ml_program.global private @embed.weight(#ml_program.extern<tensor<512x256xbf16>>) : tensor<512x256xbf16> {v4.recipe = "copy", v4.sources = ["embed.weight"]}
  ml_program.global private @layers.0.attn.wkv.weight(#ml_program.extern<tensor<256x256xf8E4M3FN>>) : tensor<256x256xf8E4M3FN> {v4.recipe = "copy", v4.sources = ["layers.0.attn.wkv.weight"]}
  ml_program.global private @layers.0.attn.wkv.scale(#ml_program.extern<tensor<2x2xf8E8M0FNU>>) : tensor<2x2xf8E8M0FNU> {v4.recipe = "copy", v4.sources = ["layers.0.attn.wkv.scale"]}
  ml_program.global private @layers.1.attn.wkv.weight(#ml_program.extern<tensor<256x256xf8E4M3FN>>) : tensor<256x256xf8E4M3FN> {v4.recipe = "copy", v4.sources = ["layers.1.attn.wkv.weight"]}
  ml_program.global private @layers.1.attn.wkv.scale(#ml_program.extern<tensor<2x2xf8E8M0FNU>>) : tensor<2x2xf8E8M0FNU> {v4.recipe = "copy", v4.sources = ["layers.1.attn.wkv.scale"]}
  ml_program.global private @layers.0.ffn.gate.tid2eid(#ml_program.extern<tensor<512x4xi32>>) : tensor<512x4xi32> {v4.recipe = "i64_to_i32", v4.sources = ["layers.0.ffn.gate.tid2eid"], v4.table}
  func.func private @layer(%x: tensor<?x256xbf16, #v4.rows<tokens>>, %w: tensor<256x256xf8E4M3FN>, %s: tensor<2x2xf8E8M0FNU>, %ring: !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64>) -> tensor<?x256xbf16, #v4.rows<tokens>> {
    %y = v4.linear %x, %w scales %s : tensor<?x256xbf16, #v4.rows<tokens>>, tensor<256x256xf8E4M3FN>, tensor<2x2xf8E8M0FNU> -> tensor<?x256xbf16, #v4.rows<tokens>>
    return %y : tensor<?x256xbf16, #v4.rows<tokens>>
  }
  func.func @main(%q: tensor<?x2x256xbf16, #v4.rows<tokens>>, %g: tensor<?x16xf32, #v4.rows<tokens>>, %ring: !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64> {v4.pool = "layers.0.window"}) -> tensor<?x512xf32, #v4.rows<logits>> {
    %e = ml_program.global_load_const @embed.weight : tensor<512x256xbf16>
    %w0 = ml_program.global_load_const @layers.0.attn.wkv.weight : tensor<256x256xf8E4M3FN>
    %s0 = ml_program.global_load_const @layers.0.attn.wkv.scale : tensor<2x2xf8E8M0FNU>
    %w1 = ml_program.global_load_const @layers.1.attn.wkv.weight : tensor<256x256xf8E4M3FN>
    %s1 = ml_program.global_load_const @layers.1.attn.wkv.scale : tensor<2x2xf8E8M0FNU>
    %t = ml_program.global_load_const @layers.0.ffn.gate.tid2eid : tensor<512x4xi32>
    %x = v4.embed %e : tensor<512x256xbf16> -> tensor<?x256xbf16, #v4.rows<tokens>>
    %y = func.call @layer(%x, %w0, %s0, %ring) : (tensor<?x256xbf16, #v4.rows<tokens>>, tensor<256x256xf8E4M3FN>, tensor<2x2xf8E8M0FNU>, !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64>) -> tensor<?x256xbf16, #v4.rows<tokens>>
    %z = func.call @layer(%y, %w1, %s1, %ring) : (tensor<?x256xbf16, #v4.rows<tokens>>, tensor<256x256xf8E4M3FN>, tensor<2x2xf8E8M0FNU>, !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64>) -> tensor<?x256xbf16, #v4.rows<tokens>>
    %o = v4.attention %q, %z, %ring window 128 offset 0 : tensor<?x2x256xbf16, #v4.rows<tokens>>, tensor<?x256xbf16, #v4.rows<tokens>>, !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64> -> tensor<?x2x256xbf16, #v4.rows<tokens>>
    %ids, %ws = v4.hash_route %g, %t factor 1.5 normalize : tensor<?x16xf32, #v4.rows<tokens>>, tensor<512x4xi32> -> tensor<?x4xi32, #v4.rows<tokens>>, tensor<?x4xf32, #v4.rows<tokens>>
    %r = v4.select_logits_rows %z : tensor<?x256xbf16, #v4.rows<tokens>> -> tensor<?x256xbf16, #v4.rows<logits>>
    %l = v4.linear %r, %e : tensor<?x256xbf16, #v4.rows<logits>>, tensor<512x256xbf16> -> tensor<?x512xf32, #v4.rows<logits>>
    return %l : tensor<?x512xf32, #v4.rows<logits>>
  }
}
