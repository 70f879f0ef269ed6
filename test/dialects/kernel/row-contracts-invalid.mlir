// One case per constraint of KernelStreamContracts.td and KernelRowContracts.td.
// RUN: v4-opt %s -split-input-file -verify-diagnostics

func.func @stream_mix_c1(%b: index, %e: index, %n: memref<?xi64>, %s: memref<?xbf16>) {
  // expected-error @below {{'kernel.stream_mix' op has a part of its operands, expected fn with mix, or y with post, comb and next, or both}}
  kernel.stream_mix range %b %e grid <rows = 1, tile = 1, tiles = 1> counts %n from %s {streams = 4, width = 256, outputs = 0} : memref<?xi64>, memref<?xbf16>
  return
}

// -----

func.func @stream_mix_c2(%b: index, %e: index, %n: memref<?xi64>, %s: memref<?xbf16>, %f: memref<?xf32>) {
  // expected-error @below {{'kernel.stream_mix' op cuts 256 columns into 8 parts, expected parts of a multiple of 64 columns}}
  kernel.stream_mix range %b %e grid <rows = 1, tile = 1, tiles = 8> counts %n from %s fn %f %f {streams = 4, width = 256, outputs = 24} : memref<?xi64>, memref<?xbf16> fn memref<?xf32>, memref<?xf32>
  return
}

// -----

func.func @stream_norm_c1(%b: index, %e: index, %n: memref<?xi64>, %m: memref<?xf32>, %s: memref<?xbf16>) {
  // expected-error @below {{'kernel.stream_norm' op grid has tile = 1, tiles = 1, expected 16 and 1: a row to a lane}}
  kernel.stream_norm range %b %e grid <rows = 1, tile = 1, tiles = 1> counts %n mix %m from %s weights %m %m %s out %s %m %m {streams = 4, width = 256, parts = 2, iterations = 20, eps = 1.0e-06 : f32, hc_eps = 1.0e-06 : f32, norm_eps = 1.0e-06 : f32} : memref<?xi64>, memref<?xf32>, memref<?xbf16>, memref<?xf32>, memref<?xf32>, memref<?xbf16>, memref<?xbf16>, memref<?xf32>, memref<?xf32>
  return
}

// -----

func.func @stream_norm_c2(%b: index, %e: index, %n: memref<?xi64>, %m: memref<?xf32>, %s: memref<?xbf16>) {
  // expected-error @below {{'kernel.stream_norm' op width = 200, expected a multiple of 128}}
  kernel.stream_norm range %b %e grid <rows = 1, tile = 16, tiles = 1> counts %n mix %m from %s weights %m %m %s out %s %m %m {streams = 4, width = 200, parts = 1, iterations = 20, eps = 1.0e-06 : f32, hc_eps = 1.0e-06 : f32, norm_eps = 1.0e-06 : f32} : memref<?xi64>, memref<?xf32>, memref<?xbf16>, memref<?xf32>, memref<?xf32>, memref<?xbf16>, memref<?xbf16>, memref<?xf32>, memref<?xf32>
  return
}

// -----

func.func @stream_head_c1(%b: index, %e: index, %n: memref<?xi64>, %m: memref<?xf32>, %s: memref<?xbf16>) {
  // expected-error @below {{'kernel.stream_head' op grid has tile = 2, tiles = 1, expected 1 and 1: a row to a workgroup}}
  kernel.stream_head range %b %e grid <rows = 5, tile = 2, tiles = 1> counts %n from %s weights %m %m %m out %s {streams = 4, width = 256, eps = 1.0e-06 : f32, hc_eps = 1.0e-06 : f32} : memref<?xi64>, memref<?xbf16>, memref<?xf32>, memref<?xf32>, memref<?xf32>, memref<?xbf16>
  return
}

// -----

func.func @stream_head_c2(%b: index, %e: index, %n: memref<?xi64>, %m: memref<?xf32>, %s: memref<?xbf16>) {
  // expected-error @below {{'kernel.stream_head' op width = 200, expected a multiple of 16}}
  kernel.stream_head range %b %e grid <rows = 5, tile = 1, tiles = 1> counts %n from %s weights %m %m %m out %s {streams = 4, width = 200, eps = 1.0e-06 : f32, hc_eps = 1.0e-06 : f32} : memref<?xi64>, memref<?xbf16>, memref<?xf32>, memref<?xf32>, memref<?xf32>, memref<?xbf16>
  return
}

// -----

func.func @row_chain_c1(%b: index, %e: index, %n: memref<?xi64>, %x: memref<?xbf16>) {
  // expected-error @below {{'kernel.row_chain' op grid has tile = 2, expected 1}}
  kernel.row_chain range %b %e grid <rows = 1, tile = 2, tiles = 1> counts %n x %x out %x {width = 256, rotary = 0, quantize = 64, prefix = 256, fp8} : memref<?xi64>, memref<?xbf16>, memref<?xbf16>
  return
}

// -----

func.func @row_chain_c2(%b: index, %e: index, %n: memref<?xi64>, %x: memref<?xbf16>) {
  // expected-error @below {{'kernel.row_chain' op width = 200, expected a multiple of 16}}
  kernel.row_chain range %b %e grid <rows = 1, tile = 1, tiles = 1> counts %n x %x out %x {width = 200, rotary = 0, quantize = 64, prefix = 192, fp8} : memref<?xi64>, memref<?xbf16>, memref<?xbf16>
  return
}

// -----

func.func @row_chain_c3(%b: index, %e: index, %n: memref<?xi64>, %x: memref<?xbf16>) {
  // expected-error @below {{'kernel.row_chain' op rotates from value 224, inside a block of 64}}
  kernel.row_chain range %b %e grid <rows = 1, tile = 1, tiles = 1> counts %n x %x out %x {width = 256, rotary = 32, quantize = 64, prefix = 256, fp8} : memref<?xi64>, memref<?xbf16>, memref<?xbf16>
  return
}

// -----

func.func @row_chain_c4(%b: index, %e: index, %n: memref<?xi64>, %x: memref<?xbf16>) {
  // expected-error @below {{'kernel.row_chain' op transforms 1024 values, expected a power of two up to 512}}
  kernel.row_chain range %b %e grid <rows = 1, tile = 1, tiles = 1> counts %n x %x out %x {width = 1024, rotary = 0, quantize = 0, prefix = 0, hadamard} : memref<?xi64>, memref<?xbf16>, memref<?xbf16>
  return
}

// -----

func.func @swiglu_c1(%b: index, %e: index, %n: memref<?xi64>, %x: memref<?xbf16>) {
  // expected-error @below {{'kernel.swiglu' op grid has tile = 2, expected 1}}
  kernel.swiglu range %b %e grid <rows = 1, tile = 2, tiles = 1> counts %n x %x %x out %x {width = 128} : memref<?xi64>, memref<?xbf16>, memref<?xbf16>, memref<?xbf16>
  return
}

// -----

func.func @swiglu_c2(%b: index, %e: index, %n: memref<?xi64>, %x: memref<?xbf16>) {
  // expected-error @below {{'kernel.swiglu' op width = 192, expected a multiple of 128}}
  kernel.swiglu range %b %e grid <rows = 1, tile = 1, tiles = 1> counts %n x %x %x out %x {width = 192, quantize} : memref<?xi64>, memref<?xbf16>, memref<?xbf16>, memref<?xbf16>
  return
}
