// One case per constraint of KernelOps.td; a function has the name of the label.
// RUN: v4-opt %s -split-input-file -verify-diagnostics

// expected-error @below {{limits are 0 threads, 1 shared bytes, 1 registers and 1 processors, expected at least 1 of each}}
func.func private @limits_c1() attributes {kernel.value = #kernel.limits<threads = 0, shared_bytes = 1, registers = 1, processors = 1>}

// -----

// expected-error @below {{grid rows = 6 is no row space, expected 0 to 5}}
func.func private @grid_c1() attributes {kernel.value = #kernel.grid<rows = 6, tile = 1, tiles = 1>}

// -----

// expected-error @below {{grid tile = 0 and tiles = 1, expected at least 1}}
func.func private @grid_c2() attributes {kernel.value = #kernel.grid<rows = 1, tile = 0, tiles = 1>}

// -----

// expected-error @below {{grid tile = 1 and tiles = -1, expected at least 1}}
func.func private @grid_c2() attributes {kernel.value = #kernel.grid<rows = 1, tile = 1, tiles = -1>}

// -----

func.func private @k(index, index, memref<?x256xbf16>) attributes {kernel.entry}

func.func @launch_c1(%x: f32) {
  // expected-error @below {{'kernel.launch' op operand 0 has type 'f32', expected a ranked tensor or a !v4.cache}}
  kernel.launch @k grid <rows = 1, tile = 1, tiles = 1> (%x) writes [] step [] : (f32) -> ()
  return
}

// -----

func.func private @k(index, index, memref<?x256xbf16>) attributes {kernel.entry}

func.func @launch_c2(%x: tensor<?x256xbf16, #v4.rows<tokens>>) {
  // expected-error @below {{'kernel.launch' op writes operand 0 of type 'tensor<?x256xbf16, #v4.rows<tokens>>', expected a !v4.cache: tensors are values}}
  kernel.launch @k grid <rows = 1, tile = 1, tiles = 1> (%x) writes [0] step [] : (tensor<?x256xbf16, #v4.rows<tokens>>) -> ()
  return
}

// -----

func.func private @k(index, index, memref<?xi8>) attributes {kernel.entry}

func.func @launch_c2(%c: !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64>) {
  // expected-error @below {{'kernel.launch' op writes operand 1, expected 0 to 0}}
  kernel.launch @k grid <rows = 1, tile = 1, tiles = 1> (%c) writes [1] step [] : (!v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64>) -> ()
  return
}

// -----

func.func private @k(index, index, memref<?xi8>, memref<?xi8>) attributes {kernel.entry}

func.func @launch_c2(%c: !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64>, %d: !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64>) {
  // expected-error @below {{'kernel.launch' op writes operand 0 behind operand 1, expected ascending indices}}
  kernel.launch @k grid <rows = 1, tile = 1, tiles = 1> (%c, %d) writes [1, 0] step [] : (!v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64>, !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64>) -> ()
  return
}

// -----

func.func private @k(index, index, memref<?xi8>, memref<?xi8>) attributes {kernel.entry}

func.func @launch_c3(%c: !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64>) {
  // expected-error @below {{'kernel.launch' op writes operand 1, which is bound 2 times, expected once: ranges of workgroups run concurrently}}
  kernel.launch @k grid <rows = 1, tile = 1, tiles = 1> (%c, %c) writes [1] step [] : (!v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64>, !v4.cache<state, ratio = 1, kv_compact, rows = 129, values = 256, rope = 64>) -> ()
  return
}

// -----

func.func private @k(index, index, memref<?x256xbf16>, memref<?xi8>, memref<?xi8>) attributes {kernel.entry}

func.func @launch_c4(%x: tensor<?x256xbf16, #v4.rows<tokens>>) {
  // expected-error @below {{'kernel.launch' op step field 13 is unknown, expected 0 to 12}}
  kernel.launch @k grid <rows = 1, tile = 1, tiles = 1> (%x) writes [] step [0, 13] : (tensor<?x256xbf16, #v4.rows<tokens>>) -> ()
  return
}

// -----

func.func @launch_c5(%x: tensor<?x256xbf16, #v4.rows<tokens>>) {
  // expected-error @below {{'kernel.launch' op kernel 'missing' is no func.func, expected one with kernel.entry}}
  kernel.launch @missing grid <rows = 1, tile = 1, tiles = 1> (%x) writes [] step [] : (tensor<?x256xbf16, #v4.rows<tokens>>) -> ()
  return
}

// -----

func.func private @k(index, index, memref<?x256xbf16>)

func.func @launch_c5(%x: tensor<?x256xbf16, #v4.rows<tokens>>) {
  // expected-error @below {{'kernel.launch' op kernel 'k' has no kernel.entry, expected a kernel function}}
  kernel.launch @k grid <rows = 1, tile = 1, tiles = 1> (%x) writes [] step [] : (tensor<?x256xbf16, #v4.rows<tokens>>) -> ()
  return
}

// -----

func.func private @k(index, index, memref<?x256xbf16>) attributes {kernel.entry}

func.func @launch_c6(%x: tensor<?x256xbf16, #v4.rows<tokens>>) {
  // expected-error @below {{'kernel.launch' op kernel 'k' has 3 arguments, expected 5: begin, end and 3 bindings}}
  %y = kernel.launch @k grid <rows = 1, tile = 1, tiles = 1> (%x) writes [] step [0] : (tensor<?x256xbf16, #v4.rows<tokens>>) -> tensor<?x256xbf16, #v4.rows<tokens>>
  return
}

// -----

func.func private @k(index, index, i64) attributes {kernel.entry}

func.func @launch_c6(%x: tensor<?x256xbf16, #v4.rows<tokens>>) {
  // expected-error @below {{'kernel.launch' op kernel 'k' has argument 2 of type 'i64', expected a memref}}
  kernel.launch @k grid <rows = 1, tile = 1, tiles = 1> (%x) writes [] step [] : (tensor<?x256xbf16, #v4.rows<tokens>>) -> ()
  return
}

// -----

func.func private @k(index, i64, memref<?x256xbf16>) attributes {kernel.entry}

func.func @launch_c6(%x: tensor<?x256xbf16, #v4.rows<tokens>>) {
  // expected-error @below {{'kernel.launch' op kernel 'k' has argument 1 of type 'i64', expected index}}
  kernel.launch @k grid <rows = 1, tile = 1, tiles = 1> (%x) writes [] step [] : (tensor<?x256xbf16, #v4.rows<tokens>>) -> ()
  return
}

// -----

func.func private @k(index, index, memref<?x256xbf16>) -> f32 attributes {kernel.entry}

func.func @launch_c6(%x: tensor<?x256xbf16, #v4.rows<tokens>>) {
  // expected-error @below {{'kernel.launch' op kernel 'k' has 1 results, expected none}}
  kernel.launch @k grid <rows = 1, tile = 1, tiles = 1> (%x) writes [] step [] : (tensor<?x256xbf16, #v4.rows<tokens>>) -> ()
  return
}

// -----

func.func @unpack_c1(%b: vector<8xi8>) {
  // expected-error @below {{'kernel.unpack' op makes 8 codes of 8 bytes, expected two of each}}
  %c = kernel.unpack %b : vector<8xi8> -> vector<8xi8>
  return
}

// -----

func.func @unpack_c1(%b: vector<8xi8>) {
  // expected-error @below {{'kernel.unpack' op makes 17 codes of 8 bytes, expected two of each}}
  %c = kernel.unpack %b : vector<8xi8> -> vector<17xi8>
  return
}

// -----

func.func @decode_c1(%c: i8) {
  // expected-error @below {{'kernel.decode' op format is 'f8E5M2', expected f8E4M3FN, f8E8M0FNU or f4E2M1FN}}
  %v = kernel.decode %c as f8E5M2 : i8 -> f32
  return
}

// -----

func.func @decode_c2(%c: vector<16xi8>) {
  // expected-error @below {{'kernel.decode' op codes are 'vector<16xi8>' and values 'vector<8xf32>', expected the same length}}
  %v = kernel.decode %c as f8E4M3FN : vector<16xi8> -> vector<8xf32>
  return
}

// -----

func.func @decode_c2(%c: i8) {
  // expected-error @below {{'kernel.decode' op codes are 'i8' and values 'vector<1xf32>', expected the same length}}
  %v = kernel.decode %c as f8E4M3FN : i8 -> vector<1xf32>
  return
}

// -----

func.func @encode_c1(%v: f32) {
  // expected-error @below {{'kernel.encode' op format is 'f8E8M0FNU', expected f8E4M3FN or f4E2M1FN}}
  %c = kernel.encode %v as f8E8M0FNU : f32 -> i8
  return
}

// -----

func.func @encode_c2(%v: vector<16xf32>) {
  // expected-error @below {{'kernel.encode' op codes are 'vector<8xi8>' and values 'vector<16xf32>', expected the same length}}
  %c = kernel.encode %v as f8E4M3FN : vector<16xf32> -> vector<8xi8>
  return
}

// -----

func.func @stored_without_layout(%v: index, %p: memref<?xi8>, %o: index) {
  // expected-error @below {{operand #0 must be}}
  kernel.cache_store %v, %p[%o] : index, memref<?xi8>
  return
}
