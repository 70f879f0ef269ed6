// One case per constraint of V4Types.td; a function has the name of the label.
// RUN: v4-opt %s -split-input-file -verify-diagnostics

// expected-error @below {{#v4.rows on a leading dimension of 8, expected '?': the number of rows is known only in a step}}
func.func private @rows_c1(tensor<8x256xbf16, #v4.rows<tokens>>)

// -----

// expected-error @below {{#v4.rows on a tensor of rank 0, expected at least rank 1: rows are the leading dimension}}
func.func private @rows_c1(tensor<bf16, #v4.rows<tokens>>)

// -----

// expected-error @below {{#v4.packed element is 'f8E4M3FN', expected f4E2M1FN}}
func.func private @packed_c1(tensor<16x64xi8, #v4.packed<f8E4M3FN>>)

// -----

// expected-error @below {{#v4.packed on elements of 'i32', expected i8: two codes to a byte}}
func.func private @packed_c2(tensor<16x64xi32, #v4.packed<f4E2M1FN>>)

// -----

// The parser asks the encoding although the type of elements is none.
// expected-error @below {{expected non-function type}}
func.func private @packed_c2(tensor<16x64xnothing, #v4.packed<f4E2M1FN>>)

// -----

// expected-error @below {{envelope tokens = 0, expected 1 to 2147483647}}
func.func private @envelope_c1() attributes {v4.value = #v4.envelope<tokens = 0, sequences = 4, context = 4096, draft = 1>}

// -----

// expected-error @below {{envelope sequences = -1, expected 1 to 2147483647}}
func.func private @envelope_c1() attributes {v4.value = #v4.envelope<tokens = 256, sequences = -1, context = 4096, draft = 1>}

// -----

// expected-error @below {{envelope context = 4294967296, expected 1 to 2147483647}}
func.func private @envelope_c1() attributes {v4.value = #v4.envelope<tokens = 256, sequences = 4, context = 4294967296, draft = 1>}

// -----

// expected-error @below {{envelope draft = -1, expected 0 to 2147483647}}
func.func private @envelope_c1() attributes {v4.value = #v4.envelope<tokens = 256, sequences = 4, context = 4096, draft = -1>}

// -----

// expected-error @below {{model vocab = 0, expected 1 to 2147483647}}
func.func private @model_c1() attributes {v4.value = #v4.model<vocab = 0, hidden = 256, layers = 8, window = 128, eos = 1, mtp = true, digest = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef">}

// -----

// expected-error @below {{model layers = 0, expected 1 to 2147483647}}
func.func private @model_c1() attributes {v4.value = #v4.model<vocab = 512, hidden = 256, layers = 0, window = 128, eos = 1, mtp = true, digest = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef">}

// -----

// expected-error @below {{model eos = 512 is outside the vocabulary, expected 0 to 511}}
func.func private @model_c2() attributes {v4.value = #v4.model<vocab = 512, hidden = 256, layers = 8, window = 128, eos = 512, mtp = true, digest = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef">}

// -----

// expected-error @below {{model digest 'abc' has 3 characters, expected hexadecimal digits, two to a byte}}
func.func private @model_c3() attributes {v4.value = #v4.model<vocab = 512, hidden = 256, layers = 8, window = 128, eos = 1, mtp = true, digest = "abc">}

// -----

// expected-error @below {{model digest '' has 0 characters, expected hexadecimal digits, two to a byte}}
func.func private @model_c3() attributes {v4.value = #v4.model<vocab = 512, hidden = 256, layers = 8, window = 128, eos = 1, mtp = true, digest = "">}

// -----

// expected-error @below {{has 64 characters, expected hexadecimal digits, two to a byte}}
func.func private @model_c3() attributes {v4.value = #v4.model<vocab = 512, hidden = 256, layers = 8, window = 128, eos = 1, mtp = true, digest = "zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz">}

// -----

// expected-error @below {{cache rows = 0, expected 1 to 2147483647}}
func.func private @cache_c1(!v4.cache<state, ratio = 1, f32, rows = 0, values = 256, rope = 0>)

// -----

// expected-error @below {{cache values = 4294967296, expected 1 to 2147483647}}
func.func private @cache_c1(!v4.cache<state, ratio = 1, f32, rows = 1, values = 4294967296, rope = 0>)

// -----

// expected-error @below {{page pool has ratio 3, expected a divisor of 128, the tokens of a page}}
func.func private @cache_c2(!v4.cache<page, ratio = 3, f32, rows = 32, values = 256, rope = 0>)

// -----

// expected-error @below {{page pool has ratio 0, expected a divisor of 128, the tokens of a page}}
func.func private @cache_c2(!v4.cache<page, ratio = 0, f32, rows = 32, values = 256, rope = 0>)

// -----

// expected-error @below {{page pool of ratio 4 has 64 rows, expected 32, one per 4 tokens of a page}}
func.func private @cache_c2(!v4.cache<page, ratio = 4, f32, rows = 64, values = 256, rope = 0>)

// -----

// expected-error @below {{state pool has ratio 4, expected 1, or 0 where rows hold no position}}
func.func private @cache_c2(!v4.cache<state, ratio = 4, f32, rows = 8, values = 256, rope = 0>)

// -----

// expected-error @below {{kv_compact rows have rope = 63, expected an even number of rotary values}}
func.func private @cache_c3(!v4.cache<state, ratio = 1, kv_compact, rows = 8, values = 255, rope = 63>)

// -----

// expected-error @below {{kv_compact rows have rope = -64, expected an even number of rotary values}}
func.func private @cache_c3(!v4.cache<state, ratio = 1, kv_compact, rows = 8, values = 256, rope = -64>)

// -----

// expected-error @below {{kv_compact rows have 256 - 48 = 208 values in front of the rotary part, expected a positive multiple of 64, the values of a scale}}
func.func private @cache_c3(!v4.cache<state, ratio = 1, kv_compact, rows = 8, values = 256, rope = 48>)

// -----

// expected-error @below {{kv_compact rows have 64 - 64 = 0 values in front of the rotary part, expected a positive multiple of 64, the values of a scale}}
func.func private @cache_c3(!v4.cache<state, ratio = 1, kv_compact, rows = 8, values = 64, rope = 64>)

// -----

// expected-error @below {{f32 rows have rope = 64, expected 0: only kv_compact rows have a rotary part}}
func.func private @cache_c3(!v4.cache<state, ratio = 1, f32, rows = 8, values = 256, rope = 64>)

// -----

// expected-error @below {{index_fp4 rows have 100 values, expected a multiple of 32, the values of a scale}}
func.func private @cache_c4(!v4.cache<page, ratio = 4, index_fp4, rows = 32, values = 100, rope = 0>)

// -----

// What ODS checks of operands, once each: rows, static trailing dimensions, packed weights.
func.func @operand_without_rows(%x: tensor<?x256xbf16>) {
  // expected-error @below {{operand #0 must be tensor [rows, n, ...] with a #v4.rows encoding of bfloat16 type, but got 'tensor<?x256xbf16>'}}
  %0 = v4.hadamard %x : tensor<?x256xbf16>
  return
}

// -----

func.func @operand_of_one_dimension(%x: tensor<?xbf16, #v4.rows<tokens>>) {
  // expected-error @below {{operand #0 must be tensor [rows, n, ...] with a #v4.rows encoding of bfloat16 type}}
  %0 = v4.hadamard %x : tensor<?xbf16, #v4.rows<tokens>>
  return
}

// -----

func.func @operand_of_dynamic_width(%x: tensor<?x?xbf16, #v4.rows<tokens>>) {
  // expected-error @below {{operand #0 must be tensor [rows, n, ...] with a #v4.rows encoding of bfloat16 type}}
  %0 = v4.hadamard %x : tensor<?x?xbf16, #v4.rows<tokens>>
  return
}

// -----

func.func @weight_of_plain_bytes(%x: tensor<?x256xbf16, #v4.rows<tokens>>, %w: tensor<16x128xi8>) {
  // expected-error @below {{operand #1 must be weight tensor of bfloat16, 32-bit float, f8E4M3FN or #v4.packed i8}}
  %0 = v4.linear %x, %w : tensor<?x256xbf16, #v4.rows<tokens>>, tensor<16x128xi8> -> tensor<?x16xbf16, #v4.rows<tokens>>
  return
}

// -----

func.func @weight_with_rows(%x: tensor<?x256xbf16, #v4.rows<tokens>>) {
  // expected-error @below {{operand #1 must be weight tensor of bfloat16 type}}
  %0 = v4.rms_norm %x, %x eps 1.0e-06 : tensor<?x256xbf16, #v4.rows<tokens>>, tensor<?x256xbf16, #v4.rows<tokens>>
  return
}

// -----

// expected-error @below {{#v4.panels element is 'f16', expected f4E2M1FN, f8E4M3FN, f8E8M0FNU, bf16 or f32}}
func.func private @panels_c1(tensor<32x64xf16, #v4.panels<f16>>)

// -----

// expected-error @below {{#v4.panels<'bf16'> on elements of 'f32', expected 'bf16'}}
func.func private @panels_c2(tensor<32x64xf32, #v4.panels<bf16>>)

// -----

// The parser asks the encoding although the type of elements is none.
// expected-error @below {{expected non-function type}}
func.func private @panels_c2(tensor<32x64xnothing, #v4.panels<bf16>>)

// -----

// expected-error @below {{#v4.panels<'bf16'> on a tensor of rank 2 with last dimension 96, expected rank 2 or 3 and a multiple of 64}}
func.func private @panels_c3(tensor<32x96xbf16, #v4.panels<bf16>>)

// -----

// expected-error @below {{#v4.panels<'f8E8M0FNU'> on a tensor of rank 1 with last dimension 8, expected rank 2 or 3 and a multiple of 2}}
func.func private @panels_c3(tensor<8xf8E8M0FNU, #v4.panels<f8E8M0FNU>>)

// -----

// expected-error @below {{#v4.tiles element is 'f32' in the form rows, expected f8E4M3FN, bf16 or f8E8M0FNU in rows, or f4E2M1FN in wide}}
func.func private @tiles_c1(tensor<64x64xf32, #v4.tiles<f32, rows>>)

// -----

// expected-error @below {{#v4.tiles element is 'bf16' in the form wide, expected f8E4M3FN, bf16 or f8E8M0FNU in rows, or f4E2M1FN in wide}}
func.func private @tiles_c1(tensor<64x64xbf16, #v4.tiles<bf16, wide>>)

// -----

// expected-error @below {{#v4.tiles of 'bf16' on elements of 'f32', expected 'bf16'}}
func.func private @tiles_c2(tensor<64x64xf32, #v4.tiles<bf16, rows>>)

// -----

// The parser asks the encoding although the type of elements is none.
// expected-error @below {{expected non-function type}}
func.func private @tiles_c2(tensor<64x64xnothing, #v4.tiles<bf16, rows>>)

// -----

// expected-error @below {{#v4.tiles of 'bf16' on a tensor of rank 2 with last dimension 96, expected rank 2 and a multiple of 64}}
func.func private @tiles_c3(tensor<64x96xbf16, #v4.tiles<bf16, rows>>)

// -----

// expected-error @below {{#v4.tiles of 'bf16' on a tensor of rank 3 with last dimension 64, expected rank 2 and a multiple of 64}}
func.func private @tiles_c3(tensor<2x64x64xbf16, #v4.tiles<bf16, rows>>)

// -----

// expected-error @below {{#v4.tiles element is 'f4E2M1FN' in the form rows, expected f8E4M3FN, bf16 or f8E8M0FNU in rows, or f4E2M1FN in wide}}
func.func private @tiles_c1(tensor<2x64x64xi8, #v4.tiles<f4E2M1FN, rows>>)

// -----

// expected-error @below {{#v4.tiles of 'f4E2M1FN' on elements of 'bf16', expected 'i8'}}
func.func private @tiles_c2(tensor<2x64x64xbf16, #v4.tiles<f4E2M1FN, wide>>)

// -----

// expected-error @below {{#v4.tiles of 'f4E2M1FN' on a tensor of rank 2 with last dimension 64, expected rank 3 and a multiple of 64}}
func.func private @tiles_c3(tensor<64x64xi8, #v4.tiles<f4E2M1FN, wide>>)

// -----

// expected-error @below {{#v4.tiles of 'f8E8M0FNU' on a tensor of rank 3 with last dimension 6, expected rank 3 and a multiple of 4}}
func.func private @tiles_c3(tensor<2x64x6xf8E8M0FNU, #v4.tiles<f8E8M0FNU, rows>>)
