// RUN: v4-opt --v4-verify-kernels -split-input-file -verify-diagnostics %s

// What decomposition leaves.
func.func @norm_0(%begin: index, %end: index, %x: memref<?x256xbf16>, %y: memref<?x256xbf16>, %counts: memref<?xi64>) attributes {kernel.entry, kernel.op = "rms_norm"} {
  %t = memref.alloca() : memref<16xvector<16xf32>>
  %c1 = arith.constant 1 : index
  scf.for %g = %begin to %end step %c1 {
    %v = memref.load %x[%g, %c1] : memref<?x256xbf16>
    memref.store %v, %y[%g, %c1] : memref<?x256xbf16>
  }
  return
}
func.func @main(%x: tensor<?x256xbf16, #v4.rows<tokens>>) -> tensor<?x256xbf16, #v4.rows<tokens>> {
  %y = kernel.launch @norm_0 grid <rows = 1, tile = 1, tiles = 1> (%x) writes [] step [0] : (tensor<?x256xbf16, #v4.rows<tokens>>) -> tensor<?x256xbf16, #v4.rows<tokens>>
  v4.probe "y" %y : tensor<?x256xbf16, #v4.rows<tokens>>
  return %y : tensor<?x256xbf16, #v4.rows<tokens>>
}

// -----

// A v4 op that nothing decomposed.
func.func @norm_0(%begin: index, %end: index, %x: memref<?x256xbf16>, %y: memref<?x256xbf16>, %counts: memref<?xi64>) attributes {kernel.entry, kernel.op = "rms_norm"} {
  %t = memref.alloca() : memref<16xvector<16xf32>>
  %c1 = arith.constant 1 : index
  scf.for %g = %begin to %end step %c1 {
    %v = memref.load %x[%g, %c1] : memref<?x256xbf16>
    memref.store %v, %y[%g, %c1] : memref<?x256xbf16>
  }
  return
}
func.func @main(%x: tensor<?x256xbf16, #v4.rows<tokens>>) -> tensor<?x256xbf16, #v4.rows<tokens>> {
  %y = kernel.launch @norm_0 grid <rows = 1, tile = 1, tiles = 1> (%x) writes [] step [0] : (tensor<?x256xbf16, #v4.rows<tokens>>) -> tensor<?x256xbf16, #v4.rows<tokens>>
  // expected-error @+1 {{is left outside kernels, expected launches, probes and calls only}}
  %z = v4.scale %y by 2.0 : tensor<?x256xbf16, #v4.rows<tokens>>
  v4.probe "y" %y : tensor<?x256xbf16, #v4.rows<tokens>>
  return %y : tensor<?x256xbf16, #v4.rows<tokens>>
}

// -----

// A v4 op inside a kernel.
func.func @k(%begin: index, %end: index, %x: memref<4xf32>) attributes {kernel.entry, kernel.op = "k"} {
  // expected-error @+1 {{is in a kernel, expected only arith, math, memref, scf, vector and kernel ops}}
  %t = bufferization.to_tensor %x restrict : memref<4xf32> to tensor<4xf32>
  v4.probe "x" %t : tensor<4xf32>
  return
}

// -----

// People read the op's name.
// expected-error @+1 {{has no kernel.op}}
func.func @k(%begin: index, %end: index) attributes {kernel.entry} {
  return
}

// -----

// A kernel is defined here.
// expected-error @+1 {{has no body}}
func.func private @k(index, index) attributes {kernel.entry, kernel.op = "k"}

// -----

// Results go through bindings.
// expected-error @+1 {{returns 1 values, expected none}}
func.func @k(%begin: index, %end: index) -> index attributes {kernel.entry, kernel.op = "k"} {
  return %begin : index
}

// -----

// The range comes first.
// expected-error @+1 {{starts with other arguments than %begin, %end : index}}
func.func @k(%begin: index) attributes {kernel.entry, kernel.op = "k"} {
  return
}

// -----

// Bindings are memrefs.
// expected-error @+1 {{has an argument of type 'tensor<4xf32>', expected memrefs}}
func.func @k(%begin: index, %end: index, %x: tensor<4xf32>) attributes {kernel.entry, kernel.op = "k"} {
  return
}

// -----

// No heap.
func.func @k(%begin: index, %end: index) attributes {kernel.entry, kernel.op = "k"} {
  // expected-error @+1 {{is in a kernel, expected no heap}}
  %a = memref.alloc() : memref<4xf32>
  return
}

// -----

// No copy that may become a call.
func.func @k(%begin: index, %end: index, %x: memref<4xf32>, %y: memref<4xf32>) attributes {kernel.entry, kernel.op = "k"} {
  // expected-error @+1 {{is in a kernel, expected a loop}}
  memref.copy %x, %y : memref<4xf32> to memref<4xf32>
  return
}

// -----

// No call.
func.func private @f()
func.func @k(%begin: index, %end: index) attributes {kernel.entry, kernel.op = "k"} {
  // expected-error @+1 {{is in a kernel, expected only arith, math, memref, scf, vector and kernel ops}}
  func.call @f() : () -> ()
  return
}

// -----

// No data but bindings.
memref.global constant @table : memref<4xf32> = dense<0.0>
func.func @k(%begin: index, %end: index) attributes {kernel.entry, kernel.op = "k"} {
  // expected-error @+1 {{is in a kernel, expected all data to come through bindings}}
  %a = memref.get_global @table : memref<4xf32>
  return
}

// -----

// Stack frames have a size.
func.func @k(%begin: index, %end: index) attributes {kernel.entry, kernel.op = "k"} {
  // expected-error @+1 {{has dynamic type 'memref<?xf32>', expected a static shape}}
  %a = memref.alloca(%end) : memref<?xf32>
  return
}

// -----

// A loop would grow the stack.
func.func @k(%begin: index, %end: index) attributes {kernel.entry, kernel.op = "k"} {
  %c1 = arith.constant 1 : index
  scf.for %g = %begin to %end step %c1 {
    // expected-error @+1 {{is inside a region, expected it in the entry block}}
    %a = memref.alloca() : memref<4xf32>
  }
  return
}

// -----

// The stack ends at 1 MiB: this is exactly that.
func.func @k(%begin: index, %end: index) attributes {kernel.entry, kernel.op = "k"} {
  %a = memref.alloca() : memref<131072xf32>
  %b = memref.alloca() : memref<8192xvector<16xf32>>
  return
}

// -----

// This is 4 bytes more.
func.func @k(%begin: index, %end: index) attributes {kernel.entry, kernel.op = "k"} {
  %a = memref.alloca() : memref<1xf32>
  // expected-error @+1 {{takes the kernel's stack above 1048576 bytes}}
  %b = memref.alloca() : memref<262144xf32>
  return
}

// -----

// No launch inside a kernel.
func.func @k(%begin: index, %end: index) attributes {kernel.entry, kernel.op = "k"} {
  // expected-error @+1 {{is in a kernel, expected launches outside only}}
  kernel.launch @k grid <rows = 1, tile = 1, tiles = 1> () writes [] step [] : () -> ()
  return
}
