// RUN: v4-opt --v4-verify-quantized -split-input-file -verify-diagnostics %s

func.func @narrow_linear(%x: tensor<?x256xbf16, #v4.rows<tokens>>, %w: tensor<128x256xf8E4M3FN>, %s: tensor<1x2xf8E8M0FNU>) {
  %q = v4.quantize %x fp8 block 128 prefix 256 : tensor<?x256xbf16, #v4.rows<tokens>>
  %y = v4.linear %q, %w scales %s : tensor<?x256xbf16, #v4.rows<tokens>>, tensor<128x256xf8E4M3FN>, tensor<1x2xf8E8M0FNU> -> tensor<?x128xbf16, #v4.rows<tokens>>
  return
}

// -----

// Arguments are checked where they are made.
func.func @argument(%q: tensor<?x256xbf16, #v4.rows<tokens>>, %w: tensor<128x256xf8E4M3FN>, %s: tensor<1x2xf8E8M0FNU>) {
  %y = v4.linear %q, %w scales %s : tensor<?x256xbf16, #v4.rows<tokens>>, tensor<128x256xf8E4M3FN>, tensor<1x2xf8E8M0FNU> -> tensor<?x128xbf16, #v4.rows<tokens>>
  return
}

// -----

func.func @wide_linear(%x: tensor<?x256xbf16, #v4.rows<tokens>>, %w: tensor<16x256xbf16>) {
  %n = v4.scale %x by 2.0 : tensor<?x256xbf16, #v4.rows<tokens>>
  %y = v4.linear %n, %w : tensor<?x256xbf16, #v4.rows<tokens>>, tensor<16x256xbf16> -> tensor<?x16xf32, #v4.rows<tokens>>
  return
}

// -----

func.func @not_quantized(%x: tensor<?x256xbf16, #v4.rows<tokens>>, %w: tensor<128x256xf8E4M3FN>, %s: tensor<1x2xf8E8M0FNU>) {
  %q = v4.scale %x by 2.0 : tensor<?x256xbf16, #v4.rows<tokens>>
  // expected-error @+1 {{inputs of a narrow weight come from v4.scale, expected v4.quantize fp8 block 128 prefix 256}}
  %y = v4.linear %q, %w scales %s : tensor<?x256xbf16, #v4.rows<tokens>>, tensor<128x256xf8E4M3FN>, tensor<1x2xf8E8M0FNU> -> tensor<?x128xbf16, #v4.rows<tokens>>
  return
}

// -----

func.func @wrong_block(%x: tensor<?x256xbf16, #v4.rows<tokens>>, %w: tensor<128x256xf8E4M3FN>, %s: tensor<1x2xf8E8M0FNU>) {
  %q = v4.quantize %x fp8 block 64 prefix 256 : tensor<?x256xbf16, #v4.rows<tokens>>
  // expected-error @+1 {{inputs of a narrow weight come from v4.quantize fp8 block 64 prefix 256, expected v4.quantize fp8 block 128 prefix 256}}
  %y = v4.linear %q, %w scales %s : tensor<?x256xbf16, #v4.rows<tokens>>, tensor<128x256xf8E4M3FN>, tensor<1x2xf8E8M0FNU> -> tensor<?x128xbf16, #v4.rows<tokens>>
  return
}

// -----

func.func @part_of_the_width(%x: tensor<?x256xbf16, #v4.rows<tokens>>, %w: tensor<128x256xf8E4M3FN>, %s: tensor<1x2xf8E8M0FNU>) {
  %q = v4.quantize %x fp8 block 128 prefix 128 : tensor<?x256xbf16, #v4.rows<tokens>>
  // expected-error @+1 {{come from v4.quantize fp8 block 128 prefix 128, expected v4.quantize fp8 block 128 prefix 256}}
  %y = v4.linear %q, %w scales %s : tensor<?x256xbf16, #v4.rows<tokens>>, tensor<128x256xf8E4M3FN>, tensor<1x2xf8E8M0FNU> -> tensor<?x128xbf16, #v4.rows<tokens>>
  return
}

// -----

func.func @wide_but_quantized(%x: tensor<?x256xbf16, #v4.rows<tokens>>, %w: tensor<16x256xbf16>) {
  %q = v4.quantize %x fp8 block 128 prefix 256 : tensor<?x256xbf16, #v4.rows<tokens>>
  // expected-error @+1 {{inputs come from v4.quantize, expected values that are not quantized for a wide weight}}
  %y = v4.linear %q, %w : tensor<?x256xbf16, #v4.rows<tokens>>, tensor<16x256xbf16> -> tensor<?x16xf32, #v4.rows<tokens>>
  return
}

// -----

func.func @experts(%x: tensor<?x256xbf16, #v4.rows<tokens>>, %w: tensor<4x128x128xi8, #v4.packed<f4E2M1FN>>, %s: tensor<4x128x8xf8E8M0FNU>, %o: tensor<?x2xi32, #v4.rows<tokens>>, %f: tensor<?x5xi32, #v4.rows<one>>) {
  %q = v4.quantize %x fp8 block 128 prefix 256 : tensor<?x256xbf16, #v4.rows<tokens>>
  %y = v4.expert_linear %q, %w scales %s order %o, %f, %f : tensor<?x256xbf16, #v4.rows<tokens>>, tensor<4x128x128xi8, #v4.packed<f4E2M1FN>> scales tensor<4x128x8xf8E8M0FNU> order tensor<?x2xi32, #v4.rows<tokens>>, tensor<?x5xi32, #v4.rows<one>> -> tensor<?x2x128xbf16, #v4.rows<tokens>>
  return
}

// -----

func.func @experts_not_quantized(%x: tensor<?x256xbf16, #v4.rows<tokens>>, %w: tensor<4x128x128xi8, #v4.packed<f4E2M1FN>>, %s: tensor<4x128x8xf8E8M0FNU>, %o: tensor<?x2xi32, #v4.rows<tokens>>, %f: tensor<?x5xi32, #v4.rows<one>>) {
  %q = v4.scale %x by 2.0 : tensor<?x256xbf16, #v4.rows<tokens>>
  // expected-error @+1 {{inputs of a narrow weight come from v4.scale}}
  %y = v4.expert_linear %q, %w scales %s order %o, %f, %f : tensor<?x256xbf16, #v4.rows<tokens>>, tensor<4x128x128xi8, #v4.packed<f4E2M1FN>> scales tensor<4x128x8xf8E8M0FNU> order tensor<?x2xi32, #v4.rows<tokens>>, tensor<?x5xi32, #v4.rows<one>> -> tensor<?x2x128xbf16, #v4.rows<tokens>>
  return
}

// -----

func.func @grouped(%q: tensor<?x2x256xbf16, #v4.rows<tokens>>, %w: tensor<128x512xf8E4M3FN>, %s: tensor<1x4xf8E8M0FNU>) {
  %y = v4.grouped_linear %q, %w scales %s groups 1 : tensor<?x2x256xbf16, #v4.rows<tokens>>, tensor<128x512xf8E4M3FN>, tensor<1x4xf8E8M0FNU> -> tensor<?x128xbf16, #v4.rows<tokens>>
  return
}

// -----

func.func @grouped_quantized(%x: tensor<?x2x256xbf16, #v4.rows<tokens>>, %w: tensor<128x512xf8E4M3FN>, %s: tensor<1x4xf8E8M0FNU>) {
  %q = v4.quantize %x fp8 block 128 prefix 256 : tensor<?x2x256xbf16, #v4.rows<tokens>>
  // expected-error @+1 {{expected values that are not quantized for the grouped projection}}
  %y = v4.grouped_linear %q, %w scales %s groups 1 : tensor<?x2x256xbf16, #v4.rows<tokens>>, tensor<128x512xf8E4M3FN>, tensor<1x4xf8E8M0FNU> -> tensor<?x128xbf16, #v4.rows<tokens>>
  return
}

// -----

func.func @rows(%x: tensor<?x256xbf16, #v4.rows<chunks4>>, %p: !v4.cache<page, ratio = 4, kv_compact, rows = 32, values = 256, rope = 64>) {
  %q = v4.quantize %x fp8 block 64 prefix 192 : tensor<?x256xbf16, #v4.rows<chunks4>>
  v4.append_rows %q, %p : tensor<?x256xbf16, #v4.rows<chunks4>>, !v4.cache<page, ratio = 4, kv_compact, rows = 32, values = 256, rope = 64>
  return
}

// -----

func.func @rows_with_rotary_part(%x: tensor<?x256xbf16, #v4.rows<chunks4>>, %p: !v4.cache<page, ratio = 4, kv_compact, rows = 32, values = 256, rope = 64>) {
  %q = v4.quantize %x fp8 block 64 prefix 256 : tensor<?x256xbf16, #v4.rows<chunks4>>
  // expected-error @+1 {{kv_compact rows come from v4.quantize fp8 block 64 prefix 256, expected v4.quantize fp8 block 64 prefix 192}}
  v4.append_rows %q, %p : tensor<?x256xbf16, #v4.rows<chunks4>>, !v4.cache<page, ratio = 4, kv_compact, rows = 32, values = 256, rope = 64>
  return
}

// -----

func.func @keys(%x: tensor<?x128xbf16, #v4.rows<chunks4>>, %p: !v4.cache<page, ratio = 4, index_fp4, rows = 32, values = 128, rope = 0>) {
  %q = v4.quantize %x fp4 block 32 prefix 128 : tensor<?x128xbf16, #v4.rows<chunks4>>
  v4.append_rows %q, %p : tensor<?x128xbf16, #v4.rows<chunks4>>, !v4.cache<page, ratio = 4, index_fp4, rows = 32, values = 128, rope = 0>
  return
}

// -----

func.func @keys_not_quantized(%x: tensor<?x128xbf16, #v4.rows<chunks4>>, %p: !v4.cache<page, ratio = 4, index_fp4, rows = 32, values = 128, rope = 0>) {
  %q = v4.hadamard %x : tensor<?x128xbf16, #v4.rows<chunks4>>
  // expected-error @+1 {{index_fp4 rows come from v4.hadamard, expected v4.quantize fp4 block 32 prefix 128}}
  v4.append_rows %q, %p : tensor<?x128xbf16, #v4.rows<chunks4>>, !v4.cache<page, ratio = 4, index_fp4, rows = 32, values = 128, rope = 0>
  return
}

// -----

func.func @window(%x: tensor<?x256xbf16, #v4.rows<tokens>>, %p: !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64>) {
  %q = v4.quantize %x fp8 block 64 prefix 192 : tensor<?x256xbf16, #v4.rows<tokens>>
  v4.append_window %q, %p offset 0 : tensor<?x256xbf16, #v4.rows<tokens>>, !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64>
  return
}

// -----

func.func @window_not_quantized(%x: tensor<?x256xbf16, #v4.rows<tokens>>, %p: !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64>) {
  %q = v4.scale %x by 2.0 : tensor<?x256xbf16, #v4.rows<tokens>>
  // expected-error @+1 {{kv_compact rows come from v4.scale}}
  v4.append_window %q, %p offset 0 : tensor<?x256xbf16, #v4.rows<tokens>>, !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64>
  return
}
