// RUN: v4-opt --v4-inline-layers -split-input-file -verify-diagnostics %s

// Without an entry there is nothing to inline into.
// expected-error @+1 {{has no function @main of one block}}
module {
}

// -----

// A declared layer.
func.func private @layer()
func.func @main() {
  // expected-error @+1 {{calls 'layer', expected a defined layer function of one block}}
  func.call @layer() : () -> ()
  return
}

// -----

// Kernels are launched, not called.
func.func @k(%begin: index, %end: index) attributes {kernel.entry, kernel.op = "k"} {
  return
}
func.func private @layer(%i: index) {
  // expected-error @+1 {{calls 'k', expected a defined layer function}}
  func.call @k(%i, %i) : (index, index) -> ()
  return
}
func.func @main(%i: index) {
  func.call @layer(%i) : (index) -> ()
  return
}

// -----

// Calls in a circle end.
func.func private @a() {
  func.call @b() : () -> ()
  return
}
func.func private @b() {
  // expected-error @+1 {{is more than 64 calls deep}}
  func.call @a() : () -> ()
  return
}
func.func @main() {
  func.call @a() : () -> ()
  return
}
