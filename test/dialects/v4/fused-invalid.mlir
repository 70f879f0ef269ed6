// One case per constraint of V4FusedOps.td; a function has the name of the label.
// RUN: v4-opt %s -split-input-file -verify-diagnostics

func.func @projections_c1(%x: tensor<?x256xbf16, #v4.rows<tokens>>, %w: tensor<128x256xbf16>) {
  // expected-error @below {{'v4.projections' op has 1 weights and 1 results, expected at least two weights and a result for each}}
  %r0 = v4.projections %x, [%w] : tensor<?x256xbf16, #v4.rows<tokens>>, [tensor<128x256xbf16>] -> tensor<?x128xbf16, #v4.rows<tokens>>
  return
}

// -----

func.func @projections_c1(%x: tensor<?x256xbf16, #v4.rows<tokens>>, %w: tensor<128x256xbf16>) {
  // expected-error @below {{'v4.projections' op has 2 weights and 3 results, expected at least two}}
  %r0, %r1, %r2 = v4.projections %x, [%w, %w] : tensor<?x256xbf16, #v4.rows<tokens>>, [tensor<128x256xbf16>, tensor<128x256xbf16>] -> tensor<?x128xbf16, #v4.rows<tokens>>, tensor<?x128xbf16, #v4.rows<tokens>>, tensor<?x128xbf16, #v4.rows<tokens>>
  return
}

// -----

func.func @projections_c2(%x: tensor<?x256xbf16, #v4.rows<tokens>>, %w: tensor<128x256xbf16>, %s: tensor<1x2xf8E8M0FNU>) {
  // expected-error @below {{'v4.projections' op has 1 scales for 2 weights, expected one for each or none}}
  %r0, %r1 = v4.projections %x, [%w, %w] scales [%s] : tensor<?x256xbf16, #v4.rows<tokens>>, [tensor<128x256xbf16>, tensor<128x256xbf16>] scales [tensor<1x2xf8E8M0FNU>] -> tensor<?x128xbf16, #v4.rows<tokens>>, tensor<?x128xbf16, #v4.rows<tokens>>
  return
}

// -----

func.func @projections_c3(%x: tensor<?x256xbf16, #v4.rows<tokens>>, %w: tensor<128x256xbf16>, %v: tensor<128x256xf32>) {
  // expected-error @below {{'v4.projections' op weight 1 has elements of 'f32', expected 'bf16', those of weight 0}}
  %r0, %r1 = v4.projections %x, [%w, %v] : tensor<?x256xbf16, #v4.rows<tokens>>, [tensor<128x256xbf16>, tensor<128x256xf32>] -> tensor<?x128xbf16, #v4.rows<tokens>>, tensor<?x128xbf16, #v4.rows<tokens>>
  return
}

// -----

func.func @projections_c3(%x: tensor<?x256xbf16, #v4.rows<tokens>>, %w: tensor<128x256xbf16>, %v: tensor<128x128xbf16>) {
  // expected-error @below {{'v4.projections' op weight has 128 input columns, expected 256, the width of x}}
  %r0, %r1 = v4.projections %x, [%w, %v] : tensor<?x256xbf16, #v4.rows<tokens>>, [tensor<128x256xbf16>, tensor<128x128xbf16>] -> tensor<?x128xbf16, #v4.rows<tokens>>, tensor<?x128xbf16, #v4.rows<tokens>>
  return
}

// -----

func.func @projections_c4(%x: tensor<?x256xbf16, #v4.rows<tokens>>, %w: tensor<128x256xbf16>) {
  // expected-error @below {{'v4.projections' op result has shape ?x64, expected ?x128, the outputs of its weight}}
  %r0, %r1 = v4.projections %x, [%w, %w] : tensor<?x256xbf16, #v4.rows<tokens>>, [tensor<128x256xbf16>, tensor<128x256xbf16>] -> tensor<?x128xbf16, #v4.rows<tokens>>, tensor<?x64xbf16, #v4.rows<tokens>>
  return
}

// -----

func.func @projections_c4(%x: tensor<?x256xbf16, #v4.rows<tokens>>, %w: tensor<128x256xbf16>) {
  // expected-error @below {{'v4.projections' op result has rows logits, expected tokens, the rows of x}}
  %r0, %r1 = v4.projections %x, [%w, %w] : tensor<?x256xbf16, #v4.rows<tokens>>, [tensor<128x256xbf16>, tensor<128x256xbf16>] -> tensor<?x128xbf16, #v4.rows<tokens>>, tensor<?x128xbf16, #v4.rows<logits>>
  return
}

// -----

func.func @projections_c5(%x: tensor<?x256xbf16, #v4.rows<tokens>>, %v: tensor<128x256xf8E4M3FN>) {
  // expected-error @below {{'v4.projections' op weight of f8E4M3FN has no scales}}
  %r0, %r1 = v4.projections %x, [%v, %v] : tensor<?x256xbf16, #v4.rows<tokens>>, [tensor<128x256xf8E4M3FN>, tensor<128x256xf8E4M3FN>] -> tensor<?x128xbf16, #v4.rows<tokens>>, tensor<?x128xbf16, #v4.rows<tokens>>
  return
}

// -----

func.func @gate_up_c1(%x: tensor<?x256xbf16, #v4.rows<tokens>>, %w: tensor<8x128x256xbf16>) {
  // expected-error @below {{'v4.gate_up' op has weights of rank 3 without order, expected order, offsets and hits with rank 3}}
  %h = v4.gate_up %x, %w, %w : tensor<?x256xbf16, #v4.rows<tokens>>, tensor<8x128x256xbf16>, tensor<8x128x256xbf16> -> tensor<?x128xbf16, #v4.rows<tokens>>
  return
}

// -----

func.func @gate_up_c1(%x: tensor<?x256xbf16, #v4.rows<tokens>>, %w: tensor<128x256xbf16>, %r: tensor<?x4xf32, #v4.rows<tokens>>) {
  // expected-error @below {{'v4.gate_up' op has weights of rank 2 without order}}
  %h = v4.gate_up %x, %w, %w weights %r : tensor<?x256xbf16, #v4.rows<tokens>>, tensor<128x256xbf16>, tensor<128x256xbf16> weights tensor<?x4xf32, #v4.rows<tokens>> -> tensor<?x128xbf16, #v4.rows<tokens>>
  return
}

// -----

func.func @gate_up_c2(%x: tensor<?x256xbf16, #v4.rows<tokens>>, %v: tensor<128x256xf8E4M3FN>, %s: tensor<1x2xf8E8M0FNU>) {
  // expected-error @below {{'v4.gate_up' op has scales for one of gate and up, expected both or none}}
  "v4.gate_up"(%x, %v, %v, %s) {operandSegmentSizes = array<i32: 1, 1, 1, 1, 0, 0, 0, 0, 0>} : (tensor<?x256xbf16, #v4.rows<tokens>>, tensor<128x256xf8E4M3FN>, tensor<128x256xf8E4M3FN>, tensor<1x2xf8E8M0FNU>) -> tensor<?x128xbf16, #v4.rows<tokens>>
  return
}

// -----

func.func @gate_up_c3(%x: tensor<?x256xbf16, #v4.rows<tokens>>, %w: tensor<128x256xbf16>) {
  // expected-error @below {{'v4.gate_up' op result has shape ?x64, expected ?x128, one row of outputs per input or assignment}}
  %h = v4.gate_up %x, %w, %w : tensor<?x256xbf16, #v4.rows<tokens>>, tensor<128x256xbf16>, tensor<128x256xbf16> -> tensor<?x64xbf16, #v4.rows<tokens>>
  return
}

// -----

func.func @gate_up_c3(%x: tensor<?x256xbf16, #v4.rows<tokens>>, %w: tensor<128x256xbf16>) {
  // expected-error @below {{'v4.gate_up' op result has rows logits, expected tokens, the rows of x}}
  %h = v4.gate_up %x, %w, %w : tensor<?x256xbf16, #v4.rows<tokens>>, tensor<128x256xbf16>, tensor<128x256xbf16> -> tensor<?x128xbf16, #v4.rows<logits>>
  return
}

// -----

func.func @gate_up_c4(%x: tensor<?x256xbf16, #v4.rows<tokens>>, %v: tensor<128x128xbf16>) {
  // expected-error @below {{'v4.gate_up' op weight has 128 input columns, expected 256, the width of x}}
  %h = v4.gate_up %x, %v, %v : tensor<?x256xbf16, #v4.rows<tokens>>, tensor<128x128xbf16>, tensor<128x128xbf16> -> tensor<?x128xbf16, #v4.rows<tokens>>
  return
}

// -----

func.func @gate_up_c5(%x: tensor<?x256xbf16, #v4.rows<tokens>>, %v: tensor<128x256xf8E4M3FN>) {
  // expected-error @below {{'v4.gate_up' op weight of f8E4M3FN has no scales}}
  %h = v4.gate_up %x, %v, %v : tensor<?x256xbf16, #v4.rows<tokens>>, tensor<128x256xf8E4M3FN>, tensor<128x256xf8E4M3FN> -> tensor<?x128xbf16, #v4.rows<tokens>>
  return
}

// -----

func.func @gate_up_c6(%x: tensor<?x256xbf16, #v4.rows<tokens>>, %v: tensor<96x256xbf16>) {
  // expected-error @below {{'v4.gate_up' op quantizes rows of 96 values, expected a multiple of 128}}
  %h = v4.gate_up %x, %v, %v quantized : tensor<?x256xbf16, #v4.rows<tokens>>, tensor<96x256xbf16>, tensor<96x256xbf16> -> tensor<?x96xbf16, #v4.rows<tokens>>
  return
}
