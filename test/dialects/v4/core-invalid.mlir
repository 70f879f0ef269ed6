// One case per constraint of V4CoreOps.td; a function has the name of the label.
// RUN: v4-opt %s -split-input-file -verify-diagnostics

func.func @embed_c1(%t: tensor<512x256xbf16>) {
  // expected-error @below {{'v4.embed' op result has 128 values per row, expected 256, the width of table}}
  v4.embed %t : tensor<512x256xbf16> -> tensor<?x128xbf16, #v4.rows<tokens>>
  return
}

// -----

func.func @embed_c2(%t: tensor<512x256xbf16>) {
  // expected-error @below {{'v4.embed' op result has rows logits, expected tokens, one row per token id}}
  v4.embed %t : tensor<512x256xbf16> -> tensor<?x256xbf16, #v4.rows<logits>>
  return
}

// -----

func.func @embed_c2(%t: tensor<512x256xbf16>) {
  // expected-error @below {{'v4.embed' op result has rank 4, expected 2, or 3 with streams}}
  v4.embed %t : tensor<512x256xbf16> -> tensor<?x2x2x256xbf16, #v4.rows<tokens>>
  return
}

// -----

func.func @rms_norm_c1(%x: tensor<?x256xbf16, #v4.rows<tokens>>, %w: tensor<128xbf16>) {
  // expected-error @below {{'v4.rms_norm' op weight has 128 values, expected 256, the width of x}}
  v4.rms_norm %x, %w eps 1.0e-06 : tensor<?x256xbf16, #v4.rows<tokens>>, tensor<128xbf16>
  return
}

// -----

func.func @rms_norm_c1(%x: tensor<?x256xbf16, #v4.rows<tokens>>, %w: tensor<1x256xbf16>) {
  // expected-error @below {{'v4.rms_norm' op weight has shape 1x256, expected 256, the width of x}}
  v4.rms_norm %x, %w eps 1.0e-06 : tensor<?x256xbf16, #v4.rows<tokens>>, tensor<1x256xbf16>
  return
}

// -----

func.func @quantize_c1(%x: tensor<?x256xbf16, #v4.rows<tokens>>) {
  // expected-error @below {{'v4.quantize' op prefix = 320, expected 0 to 256, the width of x}}
  v4.quantize %x fp8 block 64 prefix 320 : tensor<?x256xbf16, #v4.rows<tokens>>
  return
}

// -----

func.func @quantize_c1(%x: tensor<?x256xbf16, #v4.rows<tokens>>) {
  // expected-error @below {{'v4.quantize' op prefix = -64, expected 0 to 256, the width of x}}
  v4.quantize %x fp8 block 64 prefix -64 : tensor<?x256xbf16, #v4.rows<tokens>>
  return
}

// -----

func.func @quantize_c2(%x: tensor<?x256xbf16, #v4.rows<tokens>>) {
  // expected-error @below {{'v4.quantize' op prefix = 192 is no multiple of block = 128, expected whole blocks}}
  v4.quantize %x fp8 block 128 prefix 192 : tensor<?x256xbf16, #v4.rows<tokens>>
  return
}

// -----

func.func @quantize_c2(%x: tensor<?x256xbf16, #v4.rows<tokens>>) {
  // expected-error @below {{'v4.quantize' op block = 0, expected at least 1}}
  v4.quantize %x fp8 block 0 prefix 192 : tensor<?x256xbf16, #v4.rows<tokens>>
  return
}

// -----

func.func @linear_c1(%x: tensor<?x256xbf16, #v4.rows<tokens>>, %w: tensor<16x512xbf16>) {
  // expected-error @below {{'v4.linear' op weight has 512 input columns, expected 256, the width of x}}
  v4.linear %x, %w : tensor<?x256xbf16, #v4.rows<tokens>>, tensor<16x512xbf16> -> tensor<?x16xbf16, #v4.rows<tokens>>
  return
}

// -----

func.func @linear_c1(%x: tensor<?x256xbf16, #v4.rows<tokens>>, %w: tensor<16x256xi8, #v4.packed<f4E2M1FN>>, %s: tensor<16x16xf8E8M0FNU>) {
  // expected-error @below {{'v4.linear' op weight has 512 input columns, expected 256, the width of x}}
  v4.linear %x, %w scales %s : tensor<?x256xbf16, #v4.rows<tokens>>, tensor<16x256xi8, #v4.packed<f4E2M1FN>>, tensor<16x16xf8E8M0FNU> -> tensor<?x16xbf16, #v4.rows<tokens>>
  return
}

// -----

func.func @linear_c2(%x: tensor<?x256xbf16, #v4.rows<tokens>>, %w: tensor<16x256xbf16>) {
  // expected-error @below {{'v4.linear' op result has shape ?x32, expected ?x16, x with the outputs of weight}}
  v4.linear %x, %w : tensor<?x256xbf16, #v4.rows<tokens>>, tensor<16x256xbf16> -> tensor<?x32xbf16, #v4.rows<tokens>>
  return
}

// -----

func.func @linear_c2(%x: tensor<?x256xbf16, #v4.rows<tokens>>, %w: tensor<16x256xbf16>) {
  // expected-error @below {{'v4.linear' op result has shape ?x4x8, expected ?x16, x with the outputs of weight}}
  v4.linear %x, %w : tensor<?x256xbf16, #v4.rows<tokens>>, tensor<16x256xbf16> -> tensor<?x4x8xbf16, #v4.rows<tokens>>
  return
}

// -----

func.func @linear_c2(%x: tensor<?x256xbf16, #v4.rows<tokens>>, %w: tensor<16x256xbf16>) {
  // expected-error @below {{'v4.linear' op result has rows logits, expected tokens, the rows of x}}
  v4.linear %x, %w : tensor<?x256xbf16, #v4.rows<tokens>>, tensor<16x256xbf16> -> tensor<?x16xbf16, #v4.rows<logits>>
  return
}

// -----

func.func @linear_c3(%x: tensor<?x256xbf16, #v4.rows<tokens>>, %w: tensor<128x256xf8E4M3FN>) {
  // expected-error @below {{'v4.linear' op weight of f8E4M3FN has no scales, expected scales of shape 1x2, one per 128 x 128 block}}
  v4.linear %x, %w : tensor<?x256xbf16, #v4.rows<tokens>>, tensor<128x256xf8E4M3FN> -> tensor<?x128xbf16, #v4.rows<tokens>>
  return
}

// -----

func.func @linear_c3(%x: tensor<?x256xbf16, #v4.rows<tokens>>, %w: tensor<128x256xf8E4M3FN>, %s: tensor<2x1xf8E8M0FNU>) {
  // expected-error @below {{'v4.linear' op scales has shape 2x1, expected 1x2, one per 128 x 128 block}}
  v4.linear %x, %w scales %s : tensor<?x256xbf16, #v4.rows<tokens>>, tensor<128x256xf8E4M3FN>, tensor<2x1xf8E8M0FNU> -> tensor<?x128xbf16, #v4.rows<tokens>>
  return
}

// -----

func.func @linear_c3(%x: tensor<?x256xbf16, #v4.rows<tokens>>, %w: tensor<128x256xbf16>, %s: tensor<1x2xf8E8M0FNU>) {
  // expected-error @below {{'v4.linear' op weight of 'bf16' has scales, expected none: only f8E4M3FN and packed f4E2M1FN have them}}
  v4.linear %x, %w scales %s : tensor<?x256xbf16, #v4.rows<tokens>>, tensor<128x256xbf16>, tensor<1x2xf8E8M0FNU> -> tensor<?x128xbf16, #v4.rows<tokens>>
  return
}

// -----

func.func @grouped_linear_c1(%x: tensor<?x8x256xbf16, #v4.rows<tokens>>, %w: tensor<256x1024xbf16>) {
  // expected-error @below {{'v4.grouped_linear' op groups = 3, expected a divisor of 8 heads of x and of 256 rows of weight}}
  v4.grouped_linear %x, %w groups 3 : tensor<?x8x256xbf16, #v4.rows<tokens>>, tensor<256x1024xbf16> -> tensor<?x256xbf16, #v4.rows<tokens>>
  return
}

// -----

func.func @grouped_linear_c1(%x: tensor<?x8x256xbf16, #v4.rows<tokens>>, %w: tensor<256x1024xbf16>) {
  // expected-error @below {{'v4.grouped_linear' op groups = 0, expected a divisor of 8 heads of x and of 256 rows of weight}}
  v4.grouped_linear %x, %w groups 0 : tensor<?x8x256xbf16, #v4.rows<tokens>>, tensor<256x1024xbf16> -> tensor<?x256xbf16, #v4.rows<tokens>>
  return
}

// -----

func.func @grouped_linear_c2(%x: tensor<?x8x256xbf16, #v4.rows<tokens>>, %w: tensor<256x1024xbf16>) {
  // expected-error @below {{'v4.grouped_linear' op weight has 1024 input columns, expected 512, the values of the heads of one group}}
  v4.grouped_linear %x, %w groups 4 : tensor<?x8x256xbf16, #v4.rows<tokens>>, tensor<256x1024xbf16> -> tensor<?x256xbf16, #v4.rows<tokens>>
  return
}

// -----

func.func @grouped_linear_c3(%x: tensor<?x8x256xbf16, #v4.rows<tokens>>, %w: tensor<256x1024xbf16>) {
  // expected-error @below {{'v4.grouped_linear' op result has shape ?x128, expected ?x256, the outputs of all groups}}
  v4.grouped_linear %x, %w groups 2 : tensor<?x8x256xbf16, #v4.rows<tokens>>, tensor<256x1024xbf16> -> tensor<?x128xbf16, #v4.rows<tokens>>
  return
}

// -----

func.func @grouped_linear_c4(%x: tensor<?x8x256xbf16, #v4.rows<tokens>>, %w: tensor<256x1024xf8E4M3FN>, %s: tensor<8x2xf8E8M0FNU>) {
  // expected-error @below {{'v4.grouped_linear' op scales has shape 8x2, expected 2x8, one per 128 x 128 block}}
  v4.grouped_linear %x, %w scales %s groups 2 : tensor<?x8x256xbf16, #v4.rows<tokens>>, tensor<256x1024xf8E4M3FN>, tensor<8x2xf8E8M0FNU> -> tensor<?x256xbf16, #v4.rows<tokens>>
  return
}

// -----

func.func @rope_table_c1() {
  // expected-error @below {{'v4.rope_table' op result has shape ?x2x32, expected ?x2x2, a cosine and a sine for each of freqs}}
  v4.rope_table freqs dense<[1.0, 0.5]> : tensor<2xf32> offset 0 -> tensor<?x2x32xf32, #v4.rows<tokens>>
  return
}

// -----

func.func @rope_table_c2() {
  // expected-error @below {{'v4.rope_table' op result has rows sequences, expected tokens, chunks4 or chunks128: other rows have no position}}
  v4.rope_table freqs dense<[1.0, 0.5]> : tensor<2xf32> offset 0 -> tensor<?x2x2xf32, #v4.rows<sequences>>
  return
}

// -----

func.func @rope_c1(%x: tensor<?x256xbf16, #v4.rows<tokens>>, %t: tensor<?x3x32xf32, #v4.rows<tokens>>) {
  // expected-error @below {{'v4.rope' op table has 3 parts, expected 2, cosines and sines}}
  v4.rope %x, %t : tensor<?x256xbf16, #v4.rows<tokens>>, tensor<?x3x32xf32, #v4.rows<tokens>>
  return
}

// -----

func.func @rope_c1(%x: tensor<?x256xbf16, #v4.rows<tokens>>, %t: tensor<?x2x32xf32, #v4.rows<chunks4>>) {
  // expected-error @below {{'v4.rope' op table has rows chunks4, expected tokens, the rows of x}}
  v4.rope %x, %t : tensor<?x256xbf16, #v4.rows<tokens>>, tensor<?x2x32xf32, #v4.rows<chunks4>>
  return
}

// -----

func.func @rope_c2(%x: tensor<?x256xbf16, #v4.rows<tokens>>, %t: tensor<?x2x256xf32, #v4.rows<tokens>>) {
  // expected-error @below {{'v4.rope' op table rotates 512 values, expected at most 256, the width of x}}
  v4.rope %x, %t : tensor<?x256xbf16, #v4.rows<tokens>>, tensor<?x2x256xf32, #v4.rows<tokens>>
  return
}

// -----

func.func @hadamard_c1(%x: tensor<?x8x96xbf16, #v4.rows<tokens>>) {
  // expected-error @below {{'v4.hadamard' op x has width 96, expected a power of two}}
  v4.hadamard %x : tensor<?x8x96xbf16, #v4.rows<tokens>>
  return
}

// -----

func.func @hc_pre_c1(%s: tensor<?x4x256xbf16, #v4.rows<tokens>>, %fn: tensor<20x1024xf32>, %base: tensor<24xf32>, %scale: tensor<3xf32>) {
  // expected-error @below {{'v4.hc_pre' op fn has shape 20x1024, expected 24x1024, one row per pre, post and comb value of the streams}}
  v4.hc_pre %s, %fn, %base, %scale iterations 20 eps 1.0e-06 hc_eps 1.0e-06 : tensor<?x4x256xbf16, #v4.rows<tokens>>, tensor<20x1024xf32>, tensor<24xf32>, tensor<3xf32> -> tensor<?x256xbf16, #v4.rows<tokens>>, tensor<?x4xf32, #v4.rows<tokens>>, tensor<?x4x4xf32, #v4.rows<tokens>>
  return
}

// -----

func.func @hc_pre_c1(%s: tensor<?x4x256xbf16, #v4.rows<tokens>>, %fn: tensor<24x1024xf32>, %base: tensor<20xf32>, %scale: tensor<3xf32>) {
  // expected-error @below {{'v4.hc_pre' op base has 20 values, expected 24, one per row of fn}}
  v4.hc_pre %s, %fn, %base, %scale iterations 20 eps 1.0e-06 hc_eps 1.0e-06 : tensor<?x4x256xbf16, #v4.rows<tokens>>, tensor<24x1024xf32>, tensor<20xf32>, tensor<3xf32> -> tensor<?x256xbf16, #v4.rows<tokens>>, tensor<?x4xf32, #v4.rows<tokens>>, tensor<?x4x4xf32, #v4.rows<tokens>>
  return
}

// -----

func.func @hc_pre_c1(%s: tensor<?x4x256xbf16, #v4.rows<tokens>>, %fn: tensor<24x1024xf32>, %base: tensor<24xf32>, %scale: tensor<1xf32>) {
  // expected-error @below {{'v4.hc_pre' op scale has 1 values, expected 3, one for pre, post and comb each}}
  v4.hc_pre %s, %fn, %base, %scale iterations 20 eps 1.0e-06 hc_eps 1.0e-06 : tensor<?x4x256xbf16, #v4.rows<tokens>>, tensor<24x1024xf32>, tensor<24xf32>, tensor<1xf32> -> tensor<?x256xbf16, #v4.rows<tokens>>, tensor<?x4xf32, #v4.rows<tokens>>, tensor<?x4x4xf32, #v4.rows<tokens>>
  return
}

// -----

func.func @hc_pre_c2(%s: tensor<?x4x256xbf16, #v4.rows<tokens>>, %fn: tensor<24x1024xf32>, %base: tensor<24xf32>, %scale: tensor<3xf32>) {
  // expected-error @below {{'v4.hc_pre' op x has shape ?x128, expected ?x256, the width of a stream}}
  v4.hc_pre %s, %fn, %base, %scale iterations 20 eps 1.0e-06 hc_eps 1.0e-06 : tensor<?x4x256xbf16, #v4.rows<tokens>>, tensor<24x1024xf32>, tensor<24xf32>, tensor<3xf32> -> tensor<?x128xbf16, #v4.rows<tokens>>, tensor<?x4xf32, #v4.rows<tokens>>, tensor<?x4x4xf32, #v4.rows<tokens>>
  return
}

// -----

func.func @hc_pre_c2(%s: tensor<?x4x256xbf16, #v4.rows<tokens>>, %fn: tensor<24x1024xf32>, %base: tensor<24xf32>, %scale: tensor<3xf32>) {
  // expected-error @below {{'v4.hc_pre' op comb has shape ?x4x3, expected ?x4x4, one per pair of streams}}
  v4.hc_pre %s, %fn, %base, %scale iterations 20 eps 1.0e-06 hc_eps 1.0e-06 : tensor<?x4x256xbf16, #v4.rows<tokens>>, tensor<24x1024xf32>, tensor<24xf32>, tensor<3xf32> -> tensor<?x256xbf16, #v4.rows<tokens>>, tensor<?x4xf32, #v4.rows<tokens>>, tensor<?x4x3xf32, #v4.rows<tokens>>
  return
}

// -----

func.func @hc_pre_c2(%s: tensor<?x4x256xbf16, #v4.rows<tokens>>, %fn: tensor<24x1024xf32>, %base: tensor<24xf32>, %scale: tensor<3xf32>) {
  // expected-error @below {{'v4.hc_pre' op post has rows logits, expected tokens, the rows of streams}}
  v4.hc_pre %s, %fn, %base, %scale iterations 20 eps 1.0e-06 hc_eps 1.0e-06 : tensor<?x4x256xbf16, #v4.rows<tokens>>, tensor<24x1024xf32>, tensor<24xf32>, tensor<3xf32> -> tensor<?x256xbf16, #v4.rows<tokens>>, tensor<?x4xf32, #v4.rows<logits>>, tensor<?x4x4xf32, #v4.rows<tokens>>
  return
}

// -----

func.func @hc_pre_c3(%s: tensor<?x8x256xbf16, #v4.rows<tokens>>, %fn: tensor<24x1024xf32>, %base: tensor<24xf32>, %scale: tensor<3xf32>) {
  // expected-error @below {{'v4.hc_pre' op streams has 8 streams, expected 2 to 4}}
  v4.hc_pre %s, %fn, %base, %scale iterations 20 eps 1.0e-06 hc_eps 1.0e-06 : tensor<?x8x256xbf16, #v4.rows<tokens>>, tensor<24x1024xf32>, tensor<24xf32>, tensor<3xf32> -> tensor<?x256xbf16, #v4.rows<tokens>>, tensor<?x4xf32, #v4.rows<tokens>>, tensor<?x4x4xf32, #v4.rows<tokens>>
  return
}

// -----

func.func @hc_pre_c3(%s: tensor<?x4x256xbf16, #v4.rows<tokens>>, %fn: tensor<24x1024xf32>, %base: tensor<24xf32>, %scale: tensor<3xf32>) {
  // expected-error @below {{'v4.hc_pre' op iterations = 0, expected at least 1}}
  v4.hc_pre %s, %fn, %base, %scale iterations 0 eps 1.0e-06 hc_eps 1.0e-06 : tensor<?x4x256xbf16, #v4.rows<tokens>>, tensor<24x1024xf32>, tensor<24xf32>, tensor<3xf32> -> tensor<?x256xbf16, #v4.rows<tokens>>, tensor<?x4xf32, #v4.rows<tokens>>, tensor<?x4x4xf32, #v4.rows<tokens>>
  return
}

// -----

func.func @hc_pre_c3(%s: tensor<?x256xbf16, #v4.rows<tokens>>, %fn: tensor<24x1024xf32>, %base: tensor<24xf32>, %scale: tensor<3xf32>) {
  // expected-error @below {{'v4.hc_pre' op streams has rank 2, expected 3, [rows, streams, d]}}
  v4.hc_pre %s, %fn, %base, %scale iterations 20 eps 1.0e-06 hc_eps 1.0e-06 : tensor<?x256xbf16, #v4.rows<tokens>>, tensor<24x1024xf32>, tensor<24xf32>, tensor<3xf32> -> tensor<?x256xbf16, #v4.rows<tokens>>, tensor<?x4xf32, #v4.rows<tokens>>, tensor<?x4x4xf32, #v4.rows<tokens>>
  return
}

// -----

func.func @hc_post_c1(%y: tensor<?x128xbf16, #v4.rows<tokens>>, %s: tensor<?x4x256xbf16, #v4.rows<tokens>>, %p: tensor<?x4xf32, #v4.rows<tokens>>, %c: tensor<?x4x4xf32, #v4.rows<tokens>>) {
  // expected-error @below {{'v4.hc_post' op y has shape ?x128, expected ?x256, the width of a stream}}
  v4.hc_post %y, %s, %p, %c : tensor<?x128xbf16, #v4.rows<tokens>>, tensor<?x4x256xbf16, #v4.rows<tokens>>, tensor<?x4xf32, #v4.rows<tokens>>, tensor<?x4x4xf32, #v4.rows<tokens>>
  return
}

// -----

func.func @hc_post_c1(%y: tensor<?x256xbf16, #v4.rows<tokens>>, %s: tensor<?x4x256xbf16, #v4.rows<tokens>>, %p: tensor<?x4xf32, #v4.rows<tokens>>, %c: tensor<?x4x2xf32, #v4.rows<tokens>>) {
  // expected-error @below {{'v4.hc_post' op comb has shape ?x4x2, expected ?x4x4, one per pair of streams}}
  v4.hc_post %y, %s, %p, %c : tensor<?x256xbf16, #v4.rows<tokens>>, tensor<?x4x256xbf16, #v4.rows<tokens>>, tensor<?x4xf32, #v4.rows<tokens>>, tensor<?x4x2xf32, #v4.rows<tokens>>
  return
}

// -----

func.func @hc_post_c1(%y: tensor<?x256xbf16, #v4.rows<tokens>>, %s: tensor<?x4x256xbf16, #v4.rows<tokens>>, %p: tensor<?x4xf32, #v4.rows<chunks4>>, %c: tensor<?x4x4xf32, #v4.rows<tokens>>) {
  // expected-error @below {{'v4.hc_post' op post has rows chunks4, expected tokens, the rows of streams}}
  v4.hc_post %y, %s, %p, %c : tensor<?x256xbf16, #v4.rows<tokens>>, tensor<?x4x256xbf16, #v4.rows<tokens>>, tensor<?x4xf32, #v4.rows<chunks4>>, tensor<?x4x4xf32, #v4.rows<tokens>>
  return
}

// -----

func.func @hc_head_c1(%s: tensor<?x4x256xbf16, #v4.rows<tokens>>, %fn: tensor<4x256xf32>, %base: tensor<4xf32>, %scale: tensor<1xf32>) {
  // expected-error @below {{'v4.hc_head' op fn has shape 4x256, expected 4x1024, one row per stream}}
  v4.hc_head %s, %fn, %base, %scale eps 1.0e-06 hc_eps 1.0e-06 : tensor<?x4x256xbf16, #v4.rows<tokens>>, tensor<4x256xf32>, tensor<4xf32>, tensor<1xf32> -> tensor<?x256xbf16, #v4.rows<tokens>>
  return
}

// -----

func.func @hc_head_c1(%s: tensor<?x4x256xbf16, #v4.rows<tokens>>, %fn: tensor<4x1024xf32>, %base: tensor<4xf32>, %scale: tensor<4xf32>) {
  // expected-error @below {{'v4.hc_head' op scale has 4 values, expected 1, one for all streams}}
  v4.hc_head %s, %fn, %base, %scale eps 1.0e-06 hc_eps 1.0e-06 : tensor<?x4x256xbf16, #v4.rows<tokens>>, tensor<4x1024xf32>, tensor<4xf32>, tensor<4xf32> -> tensor<?x256xbf16, #v4.rows<tokens>>
  return
}

// -----

func.func @hc_head_c2(%s: tensor<?x4x256xbf16, #v4.rows<tokens>>, %fn: tensor<4x1024xf32>, %base: tensor<4xf32>, %scale: tensor<1xf32>) {
  // expected-error @below {{'v4.hc_head' op x has shape ?x512, expected ?x256, the width of a stream}}
  v4.hc_head %s, %fn, %base, %scale eps 1.0e-06 hc_eps 1.0e-06 : tensor<?x4x256xbf16, #v4.rows<tokens>>, tensor<4x1024xf32>, tensor<4xf32>, tensor<1xf32> -> tensor<?x512xbf16, #v4.rows<tokens>>
  return
}

// -----

func.func @hc_head_c2(%s: tensor<?x4x256xbf16, #v4.rows<tokens>>, %fn: tensor<4x1024xf32>, %base: tensor<4xf32>, %scale: tensor<1xf32>) {
  // expected-error @below {{'v4.hc_head' op x has rows logits, expected tokens, the rows of streams}}
  v4.hc_head %s, %fn, %base, %scale eps 1.0e-06 hc_eps 1.0e-06 : tensor<?x4x256xbf16, #v4.rows<tokens>>, tensor<4x1024xf32>, tensor<4xf32>, tensor<1xf32> -> tensor<?x256xbf16, #v4.rows<logits>>
  return
}

// -----

func.func @select_logits_rows_c1(%x: tensor<?x4x256xbf16, #v4.rows<tokens>>) {
  // expected-error @below {{'v4.select_logits_rows' op result has rows tokens, expected logits, the rows that are selected}}
  v4.select_logits_rows %x : tensor<?x4x256xbf16, #v4.rows<tokens>> -> tensor<?x4x256xbf16, #v4.rows<tokens>>
  return
}

// -----

func.func @select_logits_rows_c1(%x: tensor<?x4x256xbf16, #v4.rows<tokens>>) {
  // expected-error @below {{'v4.select_logits_rows' op result has shape ?x256, expected ?x4x256, the shape of x}}
  v4.select_logits_rows %x : tensor<?x4x256xbf16, #v4.rows<tokens>> -> tensor<?x256xbf16, #v4.rows<logits>>
  return
}

// -----

func.func @previous_streams_c1(%x: tensor<?x4x256xbf16, #v4.rows<tokens>>, %c: !v4.cache<state, ratio = 0, f32, rows = 1, values = 1024, rope = 0>) {
  // expected-error @below {{'v4.previous_streams' op cache is a state pool of f32 rows, expected a state pool of bf16 rows}}
  v4.previous_streams %x, %c : tensor<?x4x256xbf16, #v4.rows<tokens>>, !v4.cache<state, ratio = 0, f32, rows = 1, values = 1024, rope = 0>
  return
}

// -----

func.func @previous_streams_c1(%x: tensor<?x4x256xbf16, #v4.rows<tokens>>, %c: !v4.cache<state, ratio = 1, bf16, rows = 2, values = 512, rope = 0>) {
  // expected-error @below {{'v4.previous_streams' op cache has 512 values per row, expected 1024, the values of all streams of x}}
  v4.previous_streams %x, %c : tensor<?x4x256xbf16, #v4.rows<tokens>>, !v4.cache<state, ratio = 1, bf16, rows = 2, values = 512, rope = 0>
  return
}

// -----

func.func @previous_streams_c1(%x: tensor<?x4x256xbf16, #v4.rows<logits>>, %c: !v4.cache<state, ratio = 1, bf16, rows = 2, values = 1024, rope = 0>) {
  // expected-error @below {{'v4.previous_streams' op x has rows logits, expected tokens, tokens follow each other in a sequence}}
  v4.previous_streams %x, %c : tensor<?x4x256xbf16, #v4.rows<logits>>, !v4.cache<state, ratio = 1, bf16, rows = 2, values = 1024, rope = 0>
  return
}

// -----

func.func @save_streams_c1(%x: tensor<?x4x256xbf16, #v4.rows<tokens>>, %c: !v4.cache<state, ratio = 0, bf16, rows = 2, values = 1024, rope = 0>) {
  // expected-error @below {{'v4.save_streams' op cache has 0 source tokens per row, expected 1, a row is one token's}}
  v4.save_streams %x, %c : tensor<?x4x256xbf16, #v4.rows<tokens>>, !v4.cache<state, ratio = 0, bf16, rows = 2, values = 1024, rope = 0>
  return
}

// -----

func.func @mtp_mix_c1(%e: tensor<?x128xbf16, #v4.rows<tokens>>, %s: tensor<?x4x256xbf16, #v4.rows<tokens>>) {
  // expected-error @below {{'v4.mtp_mix' op e has shape ?x128, expected ?x256, the width of a stream}}
  v4.mtp_mix %e, %s : tensor<?x128xbf16, #v4.rows<tokens>>, tensor<?x4x256xbf16, #v4.rows<tokens>>
  return
}

// -----

func.func @mtp_mix_c1(%e: tensor<?x256xbf16, #v4.rows<logits>>, %s: tensor<?x4x256xbf16, #v4.rows<tokens>>) {
  // expected-error @below {{'v4.mtp_mix' op e has rows logits, expected tokens, the rows of streams}}
  v4.mtp_mix %e, %s : tensor<?x256xbf16, #v4.rows<logits>>, tensor<?x4x256xbf16, #v4.rows<tokens>>
  return
}
