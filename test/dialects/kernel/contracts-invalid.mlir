// One case per constraint of KernelContracts.td; a function has the name of the label.
// RUN: v4-opt %s -split-input-file -verify-diagnostics

func.func @panel_linear_c1(%b: index, %e: index, %x: memref<?xbf16>, %w: memref<?xi8>, %s: memref<?xi8>, %y: memref<?xbf16>, %c: memref<?xi64>) {
  // expected-error @below {{'kernel.panel_linear' op columns = 96, expected a multiple of 64: a panel is made of such blocks}}
  kernel.panel_linear range %b %e grid <rows = 1, tile = 96, tiles = 4> counts %c x %x weight %w scales %s out %y {format = f8E4M3FN, rows = 128, columns = 96, x_stride = 256, inner = 1, groups = 1} : memref<?xi64>, memref<?xbf16>, memref<?xi8> scales memref<?xi8>, memref<?xbf16>
  return
}

// -----

func.func @panel_linear_c2(%b: index, %e: index, %x: memref<?xbf16>, %w: memref<?xi8>, %s: memref<?xi8>, %y: memref<?xbf16>, %c: memref<?xi64>) {
  // expected-error @below {{'kernel.panel_linear' op has 3 groups of 128 rows, expected a divisor}}
  kernel.panel_linear range %b %e grid <rows = 1, tile = 96, tiles = 4> counts %c x %x weight %w scales %s out %y {format = f8E4M3FN, rows = 128, columns = 256, x_stride = 256, inner = 1, groups = 3} : memref<?xi64>, memref<?xbf16>, memref<?xi8> scales memref<?xi8>, memref<?xbf16>
  return
}

// -----

func.func @panel_linear_c2(%b: index, %e: index, %x: memref<?xbf16>, %w: memref<?xi8>, %s: memref<?xi8>, %y: memref<?xbf16>, %c: memref<?xi64>) {
  // expected-error @below {{'kernel.panel_linear' op has 8 groups of 128 rows, expected a divisor and, for more than one, groups of a multiple of 32 rows}}
  kernel.panel_linear range %b %e grid <rows = 1, tile = 96, tiles = 4> counts %c x %x weight %w scales %s out %y {format = f8E4M3FN, rows = 128, columns = 256, x_stride = 256, inner = 1, groups = 8} : memref<?xi64>, memref<?xbf16>, memref<?xi8> scales memref<?xi8>, memref<?xbf16>
  return
}

// -----

func.func @panel_linear_c3(%b: index, %e: index, %x: memref<?xbf16>, %w: memref<?xi8>, %s: memref<?xi8>, %y: memref<?xbf16>, %c: memref<?xi64>) {
  // expected-error @below {{'kernel.panel_linear' op weight of 'f8E4M3FN' has no scales: only f8E4M3FN and f4E2M1FN have them}}
  kernel.panel_linear range %b %e grid <rows = 1, tile = 96, tiles = 4> counts %c x %x weight %w out %y {format = f8E4M3FN, rows = 128, columns = 256, x_stride = 256, inner = 1, groups = 1} : memref<?xi64>, memref<?xbf16>, memref<?xi8>, memref<?xbf16>
  return
}

// -----

func.func @panel_linear_c3(%b: index, %e: index, %x: memref<?xbf16>, %w: memref<?xi8>, %s: memref<?xi8>, %y: memref<?xbf16>, %c: memref<?xi64>) {
  // expected-error @below {{'kernel.panel_linear' op weight of 'bf16' has scales, expected none: only f8E4M3FN and f4E2M1FN have them}}
  kernel.panel_linear range %b %e grid <rows = 1, tile = 96, tiles = 4> counts %c x %x weight %w scales %s out %y {format = bf16, rows = 128, columns = 256, x_stride = 256, inner = 1, groups = 1} : memref<?xi64>, memref<?xbf16>, memref<?xi8> scales memref<?xi8>, memref<?xbf16>
  return
}

// -----

func.func @panel_linear_c4(%b: index, %e: index, %x: memref<?xbf16>, %w: memref<?xi8>, %s: memref<?xi8>, %y: memref<?xbf16>, %c: memref<?xi64>) {
  // expected-error @below {{'kernel.panel_linear' op grid has 3 tiles, expected 4: one per panel of 128 rows}}
  kernel.panel_linear range %b %e grid <rows = 1, tile = 96, tiles = 3> counts %c x %x weight %w scales %s out %y {format = f8E4M3FN, rows = 128, columns = 256, x_stride = 256, inner = 1, groups = 1} : memref<?xi64>, memref<?xbf16>, memref<?xi8> scales memref<?xi8>, memref<?xbf16>
  return
}

// -----

func.func @panel_experts_c1(%b: index, %e: index, %x: memref<?xbf16>, %w: memref<?xi8>, %s: memref<?xi8>, %o: memref<?xi32>, %y: memref<?xbf16>, %c: memref<?xi64>) {
  // expected-error @below {{'kernel.panel_experts' op columns = 32, expected a multiple of 64}}
  kernel.panel_experts range %b %e grid <rows = 0, tile = 1, tiles = 4> counts %c x %x weight %w scales %s order %o %o %o out %y {format = f4E2M1FN, rows = 128, columns = 32, active = 4} : memref<?xi64>, memref<?xbf16>, memref<?xi8> scales memref<?xi8> order memref<?xi32>, memref<?xi32>, memref<?xi32>, memref<?xbf16>
  return
}

// -----

func.func @panel_experts_c2(%b: index, %e: index, %x: memref<?xbf16>, %w: memref<?xi8>, %s: memref<?xi8>, %o: memref<?xi32>, %y: memref<?xbf16>, %c: memref<?xi64>) {
  // expected-error @below {{'kernel.panel_experts' op weight of 'bf16' has scales, expected none}}
  kernel.panel_experts range %b %e grid <rows = 0, tile = 1, tiles = 4> counts %c x %x weight %w scales %s order %o %o %o out %y {format = bf16, rows = 128, columns = 256, active = 4} : memref<?xi64>, memref<?xbf16>, memref<?xi8> scales memref<?xi8> order memref<?xi32>, memref<?xi32>, memref<?xi32>, memref<?xbf16>
  return
}

// -----

func.func @panel_experts_c3(%b: index, %e: index, %x: memref<?xbf16>, %w: memref<?xi8>, %s: memref<?xi8>, %o: memref<?xi32>, %y: memref<?xbf16>, %c: memref<?xi64>) {
  // expected-error @below {{'kernel.panel_experts' op grid has 5 tiles, expected 4}}
  kernel.panel_experts range %b %e grid <rows = 0, tile = 1, tiles = 5> counts %c x %x weight %w scales %s order %o %o %o out %y {format = f4E2M1FN, rows = 128, columns = 256, active = 4} : memref<?xi64>, memref<?xbf16>, memref<?xi8> scales memref<?xi8> order memref<?xi32>, memref<?xi32>, memref<?xi32>, memref<?xbf16>
  return
}

// -----

func.func @panel_projections_c1(%b: index, %e: index, %x: memref<?xbf16>, %w: memref<?xi8>, %s: memref<?xi8>, %y: memref<?xbf16>, %c: memref<?xi64>) {
  // expected-error @below {{'kernel.panel_projections' op columns = 100, expected a multiple of 64}}
  kernel.panel_projections range %b %e grid <rows = 1, tile = 96, tiles = 5> counts %c x %x weights(%w, %w) outs(%y, %y) {format = bf16, rows = array<i64: 128, 17>, columns = 100} : memref<?xi64>, memref<?xbf16> weights(memref<?xi8>, memref<?xi8>) outs(memref<?xbf16>, memref<?xbf16>)
  return
}

// -----

func.func @panel_projections_c2(%b: index, %e: index, %x: memref<?xbf16>, %w: memref<?xi8>, %s: memref<?xi8>, %y: memref<?xbf16>, %c: memref<?xi64>) {
  // expected-error @below {{'kernel.panel_projections' op has 2 weights, 2 outs and 1 rows, expected one of each for every weight}}
  kernel.panel_projections range %b %e grid <rows = 1, tile = 96, tiles = 5> counts %c x %x weights(%w, %w) outs(%y, %y) {format = bf16, rows = array<i64: 128>, columns = 256} : memref<?xi64>, memref<?xbf16> weights(memref<?xi8>, memref<?xi8>) outs(memref<?xbf16>, memref<?xbf16>)
  return
}

// -----

func.func @panel_projections_c3(%b: index, %e: index, %x: memref<?xbf16>, %w: memref<?xi8>, %s: memref<?xi8>, %y: memref<?xbf16>, %c: memref<?xi64>) {
  // expected-error @below {{'kernel.panel_projections' op has 1 scales for 2 weights of 'f8E4M3FN', expected one for each narrow weight}}
  kernel.panel_projections range %b %e grid <rows = 1, tile = 96, tiles = 5> counts %c x %x weights(%w, %w) scales(%s) outs(%y, %y) {format = f8E4M3FN, rows = array<i64: 128, 17>, columns = 256} : memref<?xi64>, memref<?xbf16> weights(memref<?xi8>, memref<?xi8>) scales(memref<?xi8>) outs(memref<?xbf16>, memref<?xbf16>)
  return
}

// -----

func.func @panel_projections_c4(%b: index, %e: index, %x: memref<?xbf16>, %w: memref<?xi8>, %s: memref<?xi8>, %y: memref<?xbf16>, %c: memref<?xi64>) {
  // expected-error @below {{'kernel.panel_projections' op grid has 4 tiles, expected 5, one per panel}}
  kernel.panel_projections range %b %e grid <rows = 1, tile = 96, tiles = 4> counts %c x %x weights(%w, %w) outs(%y, %y) {format = bf16, rows = array<i64: 128, 17>, columns = 256} : memref<?xi64>, memref<?xbf16> weights(memref<?xi8>, memref<?xi8>) outs(memref<?xbf16>, memref<?xbf16>)
  return
}

// -----

func.func @panel_gate_up_c1(%b: index, %e: index, %x: memref<?xbf16>, %w: memref<?xi8>, %s: memref<?xi8>, %o: memref<?xi32>, %y: memref<?xbf16>, %c: memref<?xi64>) {
  // expected-error @below {{'kernel.panel_gate_up' op columns = 32, expected a multiple of 64}}
  kernel.panel_gate_up range %b %e grid <rows = 1, tile = 96, tiles = 2> counts %c x %x gate %w up %w scales %s %s out %y {format = f8E4M3FN, rows = 256, columns = 32, active = 1} : memref<?xi64>, memref<?xbf16>, memref<?xi8>, memref<?xi8> scales memref<?xi8> memref<?xi8> out memref<?xbf16>
  return
}

// -----

func.func @panel_gate_up_c2(%b: index, %e: index, %x: memref<?xbf16>, %w: memref<?xi8>, %s: memref<?xi8>, %o: memref<?xi32>, %y: memref<?xbf16>, %c: memref<?xi64>) {
  // expected-error @below {{'kernel.panel_gate_up' op has 192 rows and 2 tiles, expected a multiple of 128 rows and 1 for each 128}}
  kernel.panel_gate_up range %b %e grid <rows = 1, tile = 96, tiles = 2> counts %c x %x gate %w up %w scales %s %s out %y {format = f8E4M3FN, rows = 192, columns = 256, active = 1} : memref<?xi64>, memref<?xbf16>, memref<?xi8>, memref<?xi8> scales memref<?xi8> memref<?xi8> out memref<?xbf16>
  return
}

// -----

func.func @panel_gate_up_c2_experts(%b: index, %e: index, %x: memref<?xbf16>, %w: memref<?xi8>, %s: memref<?xi8>, %o: memref<?xi32>, %y: memref<?xbf16>, %c: memref<?xi64>) {
  // expected-error @below {{'kernel.panel_gate_up' op has 256 rows and 2 tiles, expected a multiple of 128 rows and 8 for each 128}}
  kernel.panel_gate_up range %b %e grid <rows = 0, tile = 1, tiles = 2> counts %c x %x gate %w up %w scales %s %s order %o %o %o out %y {format = f8E4M3FN, rows = 256, columns = 256, active = 1} : memref<?xi64>, memref<?xbf16>, memref<?xi8>, memref<?xi8> scales memref<?xi8> memref<?xi8> order memref<?xi32> memref<?xi32> memref<?xi32> out memref<?xbf16>
  return
}

// -----

func.func @panel_gate_up_c3(%b: index, %e: index, %x: memref<?xbf16>, %w: memref<?xi8>, %s: memref<?xi8>, %o: memref<?xi32>, %y: memref<?xbf16>, %c: memref<?xi64>) {
  // expected-error @below {{'kernel.panel_gate_up' op weight of 'bf16' has scales, expected none}}
  kernel.panel_gate_up range %b %e grid <rows = 1, tile = 96, tiles = 2> counts %c x %x gate %w up %w scales %s %s out %y {format = bf16, rows = 256, columns = 256, active = 1} : memref<?xi64>, memref<?xbf16>, memref<?xi8>, memref<?xi8> scales memref<?xi8> memref<?xi8> out memref<?xbf16>
  return
}

// -----

func.func @panel_gate_up_c4(%b: index, %e: index, %x: memref<?xbf16>, %w: memref<?xi8>, %s: memref<?xi8>, %o: memref<?xi32>, %y: memref<?xbf16>, %c: memref<?xi64>) {
  // expected-error @below {{'kernel.panel_gate_up' op has some of order, offsets and hits, expected all or none}}
  "kernel.panel_gate_up"(%b, %e, %c, %x, %w, %w, %s, %s, %o, %y) {grid = #kernel.grid<rows = 1, tile = 96, tiles = 16>, format = f8E4M3FN, rows = 256, columns = 256, active = 1, operandSegmentSizes = array<i32: 1, 1, 1, 1, 1, 1, 1, 1, 0, 1, 0, 0, 1>} : (index, index, memref<?xi64>, memref<?xbf16>, memref<?xi8>, memref<?xi8>, memref<?xi8>, memref<?xi8>, memref<?xi32>, memref<?xbf16>) -> ()
  return
}

// -----

func.func @panel_gate_up_c5(%b: index, %e: index, %x: memref<?xbf16>, %w: memref<?xi8>, %s: memref<?xi8>, %o: memref<?xi32>, %y: memref<?xbf16>, %c: memref<?xi64>) {
  // expected-error @below {{'kernel.panel_gate_up' op grid has tile = 193, expected at most 192 inputs}}
  kernel.panel_gate_up range %b %e grid <rows = 1, tile = 193, tiles = 2> counts %c x %x gate %w up %w scales %s %s out %y {format = f8E4M3FN, rows = 256, columns = 256, active = 1} : memref<?xi64>, memref<?xbf16>, memref<?xi8>, memref<?xi8> scales memref<?xi8> memref<?xi8> out memref<?xbf16>
  return
}
