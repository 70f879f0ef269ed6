// One case per constraint of V4StreamMixOps.td and V4RowOps.td; a function has the name of the label.
// RUN: v4-opt %s -split-input-file -verify-diagnostics

func.func @hc_mix_c1(%s: tensor<?x5x256xbf16, #v4.rows<tokens>>, %f: tensor<24x1280xf32>) {
  // expected-error @below {{'v4.hc_mix' op streams has 5 streams, expected 2 to 4}}
  v4.hc_mix %s, %f : tensor<?x5x256xbf16, #v4.rows<tokens>>, tensor<24x1280xf32> -> tensor<?x1x32xf32, #v4.rows<tokens>>
  return
}

// -----

func.func @hc_mix_c2(%s: tensor<?x4x256xbf16, #v4.rows<tokens>>, %f: tensor<24x512xf32>) {
  // expected-error @below {{'v4.hc_mix' op fn has shape 24x512, expected 24x1024, one column per stream value}}
  v4.hc_mix %s, %f : tensor<?x4x256xbf16, #v4.rows<tokens>>, tensor<24x512xf32> -> tensor<?x1x32xf32, #v4.rows<tokens>>
  return
}

// -----

func.func @hc_mix_c3(%s: tensor<?x4x256xbf16, #v4.rows<tokens>>, %f: tensor<24x1024xf32>) {
  // expected-error @below {{'v4.hc_mix' op mix has 16 sums to a part, expected 32: the smallest multiple of 16 above 24 rows of fn}}
  v4.hc_mix %s, %f : tensor<?x4x256xbf16, #v4.rows<tokens>>, tensor<24x1024xf32> -> tensor<?x1x16xf32, #v4.rows<tokens>>
  return
}

// -----

func.func @hc_mix_c3(%s: tensor<?x4x256xbf16, #v4.rows<tokens>>, %f: tensor<24x1024xf32>) {
  // expected-error @below {{'v4.hc_mix' op mix has 3 parts, expected a divisor of the width 256}}
  v4.hc_mix %s, %f : tensor<?x4x256xbf16, #v4.rows<tokens>>, tensor<24x1024xf32> -> tensor<?x3x32xf32, #v4.rows<tokens>>
  return
}

// -----

func.func @hc_mix_c3(%s: tensor<?x4x256xbf16, #v4.rows<tokens>>, %f: tensor<24x1024xf32>) {
  // expected-error @below {{'v4.hc_mix' op mix has 0 parts, expected a divisor of the width 256}}
  v4.hc_mix %s, %f : tensor<?x4x256xbf16, #v4.rows<tokens>>, tensor<24x1024xf32> -> tensor<?x0x32xf32, #v4.rows<tokens>>
  return
}

// -----

func.func @hc_mix_c4(%s: tensor<?x4x256xbf16, #v4.rows<tokens>>, %f: tensor<24x1024xf32>) {
  // expected-error @below {{'v4.hc_mix' op has new streams but no y, expected both or none}}
  v4.hc_mix %s, %f : tensor<?x4x256xbf16, #v4.rows<tokens>>, tensor<24x1024xf32> -> tensor<?x1x32xf32, #v4.rows<tokens>>, tensor<?x4x256xbf16, #v4.rows<tokens>>
  return
}

// -----

func.func @hc_norm_c1(%m: tensor<?x1x48xf32, #v4.rows<tokens>>, %s: tensor<?x5x256xbf16, #v4.rows<tokens>>, %b: tensor<35xf32>, %c: tensor<3xf32>, %w: tensor<256xbf16>) {
  // expected-error @below {{'v4.hc_norm' op streams has 5 streams, expected 2 to 4}}
  %0:3 = v4.hc_norm %m, %s, %b, %c, %w iterations 2 eps 1.0e-06 hc_eps 1.0e-06 norm_eps 1.0e-06 : tensor<?x1x48xf32, #v4.rows<tokens>>, tensor<?x5x256xbf16, #v4.rows<tokens>>, tensor<35xf32>, tensor<3xf32>, tensor<256xbf16> -> tensor<?x256xbf16, #v4.rows<tokens>>, tensor<?x5xf32, #v4.rows<tokens>>, tensor<?x5x5xf32, #v4.rows<tokens>>
  return
}

// -----

func.func @hc_norm_c2(%m: tensor<?x1x16xf32, #v4.rows<tokens>>, %s: tensor<?x4x256xbf16, #v4.rows<tokens>>, %b: tensor<24xf32>, %c: tensor<3xf32>, %w: tensor<256xbf16>) {
  // expected-error @below {{'v4.hc_norm' op mix has 16 sums to a part, expected 32: the smallest multiple of 16 above 24 rows of fn}}
  %0:3 = v4.hc_norm %m, %s, %b, %c, %w iterations 2 eps 1.0e-06 hc_eps 1.0e-06 norm_eps 1.0e-06 : tensor<?x1x16xf32, #v4.rows<tokens>>, tensor<?x4x256xbf16, #v4.rows<tokens>>, tensor<24xf32>, tensor<3xf32>, tensor<256xbf16> -> tensor<?x256xbf16, #v4.rows<tokens>>, tensor<?x4xf32, #v4.rows<tokens>>, tensor<?x4x4xf32, #v4.rows<tokens>>
  return
}

// -----

func.func @hc_norm_c3(%m: tensor<?x1x32xf32, #v4.rows<tokens>>, %s: tensor<?x4x256xbf16, #v4.rows<tokens>>, %b: tensor<24xf32>, %c: tensor<3xf32>, %w: tensor<128xbf16>) {
  // expected-error @below {{'v4.hc_norm' op weight has 128 values, expected 256, the width of a stream}}
  %0:3 = v4.hc_norm %m, %s, %b, %c, %w iterations 2 eps 1.0e-06 hc_eps 1.0e-06 norm_eps 1.0e-06 : tensor<?x1x32xf32, #v4.rows<tokens>>, tensor<?x4x256xbf16, #v4.rows<tokens>>, tensor<24xf32>, tensor<3xf32>, tensor<128xbf16> -> tensor<?x256xbf16, #v4.rows<tokens>>, tensor<?x4xf32, #v4.rows<tokens>>, tensor<?x4x4xf32, #v4.rows<tokens>>
  return
}

// -----

func.func @hc_norm_c3(%m: tensor<?x1x32xf32, #v4.rows<tokens>>, %s: tensor<?x4x256xbf16, #v4.rows<tokens>>, %b: tensor<24xf32>, %c: tensor<3xf32>, %w: tensor<256xbf16>) {
  // expected-error @below {{'v4.hc_norm' op iterations = 0, expected at least 1}}
  %0:3 = v4.hc_norm %m, %s, %b, %c, %w iterations 0 eps 1.0e-06 hc_eps 1.0e-06 norm_eps 1.0e-06 : tensor<?x1x32xf32, #v4.rows<tokens>>, tensor<?x4x256xbf16, #v4.rows<tokens>>, tensor<24xf32>, tensor<3xf32>, tensor<256xbf16> -> tensor<?x256xbf16, #v4.rows<tokens>>, tensor<?x4xf32, #v4.rows<tokens>>, tensor<?x4x4xf32, #v4.rows<tokens>>
  return
}

// -----

func.func @hc_norm_c4(%m: tensor<?x1x32xf32, #v4.rows<tokens>>, %s: tensor<?x4x192xbf16, #v4.rows<tokens>>, %b: tensor<24xf32>, %c: tensor<3xf32>, %w: tensor<192xbf16>) {
  // expected-error @below {{'v4.hc_norm' op quantizes rows of 192 values, expected a multiple of 128: the block of fp8}}
  %0:4 = v4.hc_norm %m, %s, %b, %c, %w iterations 2 eps 1.0e-06 hc_eps 1.0e-06 norm_eps 1.0e-06 : tensor<?x1x32xf32, #v4.rows<tokens>>, tensor<?x4x192xbf16, #v4.rows<tokens>>, tensor<24xf32>, tensor<3xf32>, tensor<192xbf16> -> tensor<?x192xbf16, #v4.rows<tokens>>, tensor<?x4xf32, #v4.rows<tokens>>, tensor<?x4x4xf32, #v4.rows<tokens>>, tensor<?x192xbf16, #v4.rows<tokens>>
  return
}

// -----

func.func @row_chain_c1(%x: tensor<?x256xbf16, #v4.rows<tokens>>) {
  // expected-error @below {{'v4.row_chain' op has 1 steps, expected at least 2}}
  v4.row_chain %x hadamard : tensor<?x256xbf16, #v4.rows<tokens>>
  return
}

// -----

func.func @row_chain_c2(%x: tensor<?x256xbf16, #v4.rows<tokens>>, %w: tensor<128xbf16>) {
  // expected-error @below {{'v4.row_chain' op weight has 128 values, expected 256, the width of x}}
  v4.row_chain %x norm %w eps 1.0e-06 hadamard : tensor<?x256xbf16, #v4.rows<tokens>> norm tensor<128xbf16>
  return
}

// -----

func.func @row_chain_c3(%x: tensor<?x256xbf16, #v4.rows<tokens>>, %t: tensor<?x2x32xf32, #v4.rows<chunks4>>) {
  // expected-error @below {{'v4.row_chain' op table has rows chunks4, expected tokens, the rows of x}}
  v4.row_chain %x rope %t hadamard : tensor<?x256xbf16, #v4.rows<tokens>> rope tensor<?x2x32xf32, #v4.rows<chunks4>>
  return
}

// -----

func.func @row_chain_c3(%x: tensor<?x256xbf16, #v4.rows<tokens>>) {
  // expected-error @below {{'v4.row_chain' op is inverse but has no rope table}}
  v4.row_chain %x eps 1.0e-06 inverse hadamard : tensor<?x256xbf16, #v4.rows<tokens>>
  return
}

// -----

func.func @row_chain_c4(%x: tensor<?x192xbf16, #v4.rows<tokens>>) {
  // expected-error @below {{'v4.row_chain' op x has width 192, expected a power of two}}
  v4.row_chain %x eps 1.0e-06 hadamard : tensor<?x192xbf16, #v4.rows<tokens>>
  return
}

// -----

func.func @row_chain_c5(%x: tensor<?x256xbf16, #v4.rows<tokens>>) {
  // expected-error @below {{'v4.row_chain' op prefix = 200 is no multiple of block = 64, expected whole blocks}}
  v4.row_chain %x eps 1.0e-06 quantize fp8 block 64 prefix 200 : tensor<?x256xbf16, #v4.rows<tokens>>
  return
}

// -----

func.func @row_chain_c6(%x: tensor<?x256xbf16, #v4.rows<tokens>>) {
  // expected-error @below {{'v4.row_chain' op keeps the values behind a norm but has none}}
  %0, %1 = v4.row_chain %x hadamard quantize fp8 block 64 prefix 192 : tensor<?x256xbf16, #v4.rows<tokens>> keep tensor<?x256xbf16, #v4.rows<tokens>>
  return
}

// -----

func.func @swiglu_quantize_c1(%a: tensor<?x4x128xbf16, #v4.rows<tokens>>, %w: tensor<?x3xf32, #v4.rows<tokens>>) {
  // expected-error @below {{'v4.swiglu_quantize' op weights has shape ?x3, expected ?x4, one per assignment of gate}}
  v4.swiglu_quantize %a, %a weights %w : tensor<?x4x128xbf16, #v4.rows<tokens>>, tensor<?x3xf32, #v4.rows<tokens>>
  return
}

// -----

func.func @swiglu_quantize_c2(%a: tensor<?x96xbf16, #v4.rows<tokens>>) {
  // expected-error @below {{'v4.swiglu_quantize' op gate has width 96, expected a multiple of 128: the block of fp8}}
  v4.swiglu_quantize %a, %a : tensor<?x96xbf16, #v4.rows<tokens>>
  return
}

// -----

!a = tensor<?x512xf32, #v4.rows<tokens>>
!ring = !v4.cache<state, ratio = 1, f32, rows = 8, values = 1024, rope = 0>
!rows = !v4.cache<page, ratio = 4, kv_compact, rows = 32, values = 256, rope = 64>
!t = tensor<?x2x32xf32, #v4.rows<chunks4>>
func.func @compress_append_c1(%a: !a, %p: tensor<4x512xf32>, %s: !ring, %w: tensor<256xbf16>, %t: !t, %k: !rows) {
  // expected-error @below {{'v4.compress_append' op ratio = 8, expected 4 or 128}}
  v4.compress_append %a, %a, %p, %s norm %w eps 1.0e-06 rope %t into %k ratio 8 : !a, tensor<4x512xf32>, !ring, tensor<256xbf16>, !t, !rows
  return
}

// -----

!a = tensor<?x512xf32, #v4.rows<tokens>>
!ring = !v4.cache<state, ratio = 1, f32, rows = 8, values = 1024, rope = 0>
!rows = !v4.cache<page, ratio = 4, kv_compact, rows = 32, values = 256, rope = 64>
!t = tensor<?x2x32xf32, #v4.rows<chunks4>>
func.func @compress_append_c2(%a: !a, %p: tensor<4x512xf32>, %s: !ring, %w: tensor<512xbf16>, %t: !t, %k: !rows) {
  // expected-error @below {{'v4.compress_append' op weight has 512 values, expected 256, the width of a compressed row}}
  v4.compress_append %a, %a, %p, %s norm %w eps 1.0e-06 rope %t into %k ratio 4 : !a, tensor<4x512xf32>, !ring, tensor<512xbf16>, !t, !rows
  return
}

// -----

!a = tensor<?x512xf32, #v4.rows<tokens>>
!ring = !v4.cache<state, ratio = 1, f32, rows = 7, values = 1024, rope = 0>
!rows = !v4.cache<page, ratio = 4, kv_compact, rows = 32, values = 256, rope = 64>
!t = tensor<?x2x32xf32, #v4.rows<chunks4>>
func.func @compress_append_c3(%a: !a, %p: tensor<4x512xf32>, %s: !ring, %w: tensor<256xbf16>, %t: !t, %k: !rows) {
  // expected-error @below {{'v4.compress_append' op state has 7 rows, expected at least 8, the tokens that a chunk of ratio 4 reaches back}}
  v4.compress_append %a, %a, %p, %s norm %w eps 1.0e-06 rope %t into %k ratio 4 : !a, tensor<4x512xf32>, !ring, tensor<256xbf16>, !t, !rows
  return
}

// -----

!a = tensor<?x512xf32, #v4.rows<tokens>>
!ring = !v4.cache<state, ratio = 1, f32, rows = 8, values = 1024, rope = 0>
!rows = !v4.cache<page, ratio = 4, kv_compact, rows = 32, values = 256, rope = 64>
!t = tensor<?x2x32xf32, #v4.rows<tokens>>
func.func @compress_append_c4(%a: !a, %p: tensor<4x512xf32>, %s: !ring, %w: tensor<256xbf16>, %t: !t, %k: !rows) {
  // expected-error @below {{'v4.compress_append' op table has rows tokens, expected chunks4, the rows of x}}
  v4.compress_append %a, %a, %p, %s norm %w eps 1.0e-06 rope %t into %k ratio 4 : !a, tensor<4x512xf32>, !ring, tensor<256xbf16>, !t, !rows
  return
}

// -----

!a = tensor<?x512xf32, #v4.rows<tokens>>
!ring = !v4.cache<state, ratio = 1, f32, rows = 8, values = 1024, rope = 0>
!rows = !v4.cache<page, ratio = 128, kv_compact, rows = 1, values = 256, rope = 64>
!t = tensor<?x2x32xf32, #v4.rows<chunks4>>
func.func @compress_append_c5(%a: !a, %p: tensor<4x512xf32>, %s: !ring, %w: tensor<256xbf16>, %t: !t, %k: !rows) {
  // expected-error @below {{'v4.compress_append' op cache is a page pool of ratio 128, expected a page pool of ratio 4}}
  v4.compress_append %a, %a, %p, %s norm %w eps 1.0e-06 rope %t into %k ratio 4 : !a, tensor<4x512xf32>, !ring, tensor<256xbf16>, !t, !rows
  return
}
