// One case per constraint of V4MoeOps.td; a function has the name of the label.
// RUN: v4-opt %s -split-input-file -verify-diagnostics

func.func @route_c1(%l: tensor<?x16xf32, #v4.rows<tokens>>, %b: tensor<8xf32>) {
  // expected-error @below {{'v4.route' op bias has 8 values, expected 16, one per expert}}
  v4.route %l, %b factor 1.5 : tensor<?x16xf32, #v4.rows<tokens>>, tensor<8xf32> -> tensor<?x4xi32, #v4.rows<tokens>>, tensor<?x4xf32, #v4.rows<tokens>>
  return
}

// -----

func.func @route_c1(%l: tensor<?x2x16xf32, #v4.rows<tokens>>, %b: tensor<16xf32>) {
  // expected-error @below {{'v4.route' op logits has rank 3, expected 2, [T, experts]}}
  v4.route %l, %b factor 1.5 : tensor<?x2x16xf32, #v4.rows<tokens>>, tensor<16xf32> -> tensor<?x4xi32, #v4.rows<tokens>>, tensor<?x4xf32, #v4.rows<tokens>>
  return
}

// -----

func.func @route_c2(%l: tensor<?x16xf32, #v4.rows<tokens>>, %b: tensor<16xf32>) {
  // expected-error @below {{'v4.route' op weights has shape ?x8, expected ?x4, one per slot of experts}}
  v4.route %l, %b factor 1.5 : tensor<?x16xf32, #v4.rows<tokens>>, tensor<16xf32> -> tensor<?x4xi32, #v4.rows<tokens>>, tensor<?x8xf32, #v4.rows<tokens>>
  return
}

// -----

func.func @route_c2(%l: tensor<?x16xf32, #v4.rows<tokens>>, %b: tensor<16xf32>) {
  // expected-error @below {{'v4.route' op experts has 17 slots, expected 1 to 16, the experts}}
  v4.route %l, %b factor 1.5 : tensor<?x16xf32, #v4.rows<tokens>>, tensor<16xf32> -> tensor<?x17xi32, #v4.rows<tokens>>, tensor<?x4xf32, #v4.rows<tokens>>
  return
}

// -----

func.func @route_c2(%l: tensor<?x16xf32, #v4.rows<tokens>>, %b: tensor<16xf32>) {
  // expected-error @below {{'v4.route' op experts has rows logits, expected tokens, the rows of logits}}
  v4.route %l, %b factor 1.5 : tensor<?x16xf32, #v4.rows<tokens>>, tensor<16xf32> -> tensor<?x4xi32, #v4.rows<logits>>, tensor<?x4xf32, #v4.rows<tokens>>
  return
}

// -----

func.func @hash_route_c1(%l: tensor<?x16xf32, #v4.rows<tokens>>, %t: tensor<512xi32>) {
  // expected-error @below {{'v4.hash_route' op table has rank 1, expected 2, [vocabulary, active experts]}}
  v4.hash_route %l, %t factor 1.5 : tensor<?x16xf32, #v4.rows<tokens>>, tensor<512xi32> -> tensor<?x4xi32, #v4.rows<tokens>>, tensor<?x4xf32, #v4.rows<tokens>>
  return
}

// -----

func.func @hash_route_c2(%l: tensor<?x16xf32, #v4.rows<tokens>>, %t: tensor<512x6xi32>) {
  // expected-error @below {{'v4.hash_route' op experts has shape ?x4, expected ?x6, the width of table}}
  v4.hash_route %l, %t factor 1.5 : tensor<?x16xf32, #v4.rows<tokens>>, tensor<512x6xi32> -> tensor<?x4xi32, #v4.rows<tokens>>, tensor<?x4xf32, #v4.rows<tokens>>
  return
}

// -----

func.func @dispatch_c1(%e: tensor<?x4xi32, #v4.rows<tokens>>) {
  // expected-error @below {{'v4.dispatch' op order has shape ?x6, expected ?x4, the shape of experts}}
  v4.dispatch %e : tensor<?x4xi32, #v4.rows<tokens>> -> tensor<?x6xi32, #v4.rows<tokens>>, tensor<?x17xi32, #v4.rows<one>>, tensor<?x17xi32, #v4.rows<one>>
  return
}

// -----

func.func @dispatch_c1(%e: tensor<?x4xi32, #v4.rows<tokens>>) {
  // expected-error @below {{'v4.dispatch' op offsets has rows tokens, expected one, one for the step}}
  v4.dispatch %e : tensor<?x4xi32, #v4.rows<tokens>> -> tensor<?x4xi32, #v4.rows<tokens>>, tensor<?x17xi32, #v4.rows<tokens>>, tensor<?x17xi32, #v4.rows<one>>
  return
}

// -----

func.func @dispatch_c1(%e: tensor<?x4xi32, #v4.rows<tokens>>) {
  // expected-error @below {{'v4.dispatch' op hits has shape ?x16, expected ?x17, the shape of offsets}}
  v4.dispatch %e : tensor<?x4xi32, #v4.rows<tokens>> -> tensor<?x4xi32, #v4.rows<tokens>>, tensor<?x17xi32, #v4.rows<one>>, tensor<?x16xi32, #v4.rows<one>>
  return
}

// -----

func.func @dispatch_c1(%e: tensor<?x4xi32, #v4.rows<tokens>>) {
  // expected-error @below {{'v4.dispatch' op offsets has 1 entries, expected at least 2: one expert and the end}}
  v4.dispatch %e : tensor<?x4xi32, #v4.rows<tokens>> -> tensor<?x4xi32, #v4.rows<tokens>>, tensor<?x1xi32, #v4.rows<one>>, tensor<?x17xi32, #v4.rows<one>>
  return
}

// -----

func.func @expert_linear_c1(%x: tensor<?x256xbf16, #v4.rows<tokens>>, %w: tensor<16x128x512xbf16>, %o: tensor<?x4xi32, #v4.rows<tokens>>, %u: tensor<?x17xi32, #v4.rows<one>>) {
  // expected-error @below {{'v4.expert_linear' op weight has 512 input columns, expected 256, the width of x}}
  v4.expert_linear %x, %w order %o, %u, %u : tensor<?x256xbf16, #v4.rows<tokens>>, tensor<16x128x512xbf16> order tensor<?x4xi32, #v4.rows<tokens>>, tensor<?x17xi32, #v4.rows<one>> -> tensor<?x4x128xbf16, #v4.rows<tokens>>
  return
}

// -----

func.func @expert_linear_c1(%x: tensor<?x6x256xbf16, #v4.rows<tokens>>, %w: tensor<16x128x256xbf16>, %o: tensor<?x4xi32, #v4.rows<tokens>>, %u: tensor<?x17xi32, #v4.rows<one>>) {
  // expected-error @below {{'v4.expert_linear' op x has shape ?x6x256, expected ?x4x256, one row per assignment}}
  v4.expert_linear %x, %w order %o, %u, %u : tensor<?x6x256xbf16, #v4.rows<tokens>>, tensor<16x128x256xbf16> order tensor<?x4xi32, #v4.rows<tokens>>, tensor<?x17xi32, #v4.rows<one>> -> tensor<?x4x128xbf16, #v4.rows<tokens>>
  return
}

// -----

func.func @expert_linear_c2(%x: tensor<?x256xbf16, #v4.rows<tokens>>, %w: tensor<16x128x256xbf16>, %o: tensor<?x4xi32, #v4.rows<tokens>>, %u: tensor<?x17xi32, #v4.rows<one>>) {
  // expected-error @below {{'v4.expert_linear' op result has shape ?x128, expected ?x4x128, the outputs of weight for each assignment}}
  v4.expert_linear %x, %w order %o, %u, %u : tensor<?x256xbf16, #v4.rows<tokens>>, tensor<16x128x256xbf16> order tensor<?x4xi32, #v4.rows<tokens>>, tensor<?x17xi32, #v4.rows<one>> -> tensor<?x128xbf16, #v4.rows<tokens>>
  return
}

// -----

func.func @expert_linear_c3(%x: tensor<?x256xbf16, #v4.rows<tokens>>, %w: tensor<16x128x128xi8, #v4.packed<f4E2M1FN>>, %o: tensor<?x4xi32, #v4.rows<tokens>>, %u: tensor<?x17xi32, #v4.rows<one>>) {
  // expected-error @below {{'v4.expert_linear' op weight of packed f4E2M1FN has no scales, expected scales of shape 16x128x8, one per row and 32 columns}}
  v4.expert_linear %x, %w order %o, %u, %u : tensor<?x256xbf16, #v4.rows<tokens>>, tensor<16x128x128xi8, #v4.packed<f4E2M1FN>> order tensor<?x4xi32, #v4.rows<tokens>>, tensor<?x17xi32, #v4.rows<one>> -> tensor<?x4x128xbf16, #v4.rows<tokens>>
  return
}

// -----

func.func @expert_linear_c3(%x: tensor<?x256xbf16, #v4.rows<tokens>>, %w: tensor<16x128x256xf8E4M3FN>, %s: tensor<16x128x2xf8E8M0FNU>, %o: tensor<?x4xi32, #v4.rows<tokens>>, %u: tensor<?x17xi32, #v4.rows<one>>) {
  // expected-error @below {{'v4.expert_linear' op scales has shape 16x128x2, expected 16x1x2, one per 128 x 128 block}}
  v4.expert_linear %x, %w scales %s order %o, %u, %u : tensor<?x256xbf16, #v4.rows<tokens>>, tensor<16x128x256xf8E4M3FN> scales tensor<16x128x2xf8E8M0FNU> order tensor<?x4xi32, #v4.rows<tokens>>, tensor<?x17xi32, #v4.rows<one>> -> tensor<?x4x128xbf16, #v4.rows<tokens>>
  return
}

// -----

func.func @expert_linear_c4(%x: tensor<?x256xbf16, #v4.rows<tokens>>, %w: tensor<16x128x256xbf16>, %o: tensor<?x4xi32, #v4.rows<logits>>, %u: tensor<?x17xi32, #v4.rows<one>>) {
  // expected-error @below {{'v4.expert_linear' op order has rows logits, expected tokens, the rows of x}}
  v4.expert_linear %x, %w order %o, %u, %u : tensor<?x256xbf16, #v4.rows<tokens>>, tensor<16x128x256xbf16> order tensor<?x4xi32, #v4.rows<logits>>, tensor<?x17xi32, #v4.rows<one>> -> tensor<?x4x128xbf16, #v4.rows<tokens>>
  return
}

// -----

func.func @expert_linear_c4(%x: tensor<?x256xbf16, #v4.rows<tokens>>, %w: tensor<16x128x256xbf16>, %o: tensor<?x4xi32, #v4.rows<tokens>>, %u: tensor<?x16xi32, #v4.rows<one>>) {
  // expected-error @below {{'v4.expert_linear' op offsets has shape ?x16, expected ?x17, one per expert of weight and the end}}
  v4.expert_linear %x, %w order %o, %u, %u : tensor<?x256xbf16, #v4.rows<tokens>>, tensor<16x128x256xbf16> order tensor<?x4xi32, #v4.rows<tokens>>, tensor<?x16xi32, #v4.rows<one>> -> tensor<?x4x128xbf16, #v4.rows<tokens>>
  return
}

// -----

func.func @swiglu_c1(%g: tensor<?x256xbf16, #v4.rows<tokens>>, %w: tensor<?x4xf32, #v4.rows<tokens>>) {
  // expected-error @below {{'v4.swiglu' op gate has rank 2, expected 3, [T, active experts, values]}}
  v4.swiglu %g, %g weights %w : tensor<?x256xbf16, #v4.rows<tokens>>, tensor<?x4xf32, #v4.rows<tokens>>
  return
}

// -----

func.func @swiglu_c1(%g: tensor<?x4x128xbf16, #v4.rows<tokens>>, %w: tensor<?x6xf32, #v4.rows<tokens>>) {
  // expected-error @below {{'v4.swiglu' op weights has shape ?x6, expected ?x4, one per assignment of gate}}
  v4.swiglu %g, %g weights %w : tensor<?x4x128xbf16, #v4.rows<tokens>>, tensor<?x6xf32, #v4.rows<tokens>>
  return
}

// -----

func.func @swiglu_c1(%g: tensor<?x4x128xbf16, #v4.rows<tokens>>, %w: tensor<?x4xf32, #v4.rows<logits>>) {
  // expected-error @below {{'v4.swiglu' op weights has rows logits, expected tokens, the rows of gate}}
  v4.swiglu %g, %g weights %w : tensor<?x4x128xbf16, #v4.rows<tokens>>, tensor<?x4xf32, #v4.rows<logits>>
  return
}

// -----

func.func @combine_c1(%e: tensor<?x4x128xbf16, #v4.rows<tokens>>, %s: tensor<?x256xbf16, #v4.rows<tokens>>) {
  // expected-error @below {{'v4.combine' op experts has shape ?x4x128, expected ?x4x256, the width of shared}}
  v4.combine %e, %s : tensor<?x4x128xbf16, #v4.rows<tokens>>, tensor<?x256xbf16, #v4.rows<tokens>>
  return
}

// -----

func.func @combine_c1(%e: tensor<?x256xbf16, #v4.rows<tokens>>, %s: tensor<?x256xbf16, #v4.rows<tokens>>) {
  // expected-error @below {{'v4.combine' op experts has rank 2, expected 3, [T, active experts, d]}}
  v4.combine %e, %s : tensor<?x256xbf16, #v4.rows<tokens>>, tensor<?x256xbf16, #v4.rows<tokens>>
  return
}

// -----

func.func @combine_c1(%e: tensor<?x4x256xbf16, #v4.rows<logits>>, %s: tensor<?x256xbf16, #v4.rows<tokens>>) {
  // expected-error @below {{'v4.combine' op experts has rows logits, expected tokens, the rows of shared}}
  v4.combine %e, %s : tensor<?x4x256xbf16, #v4.rows<logits>>, tensor<?x256xbf16, #v4.rows<tokens>>
  return
}
