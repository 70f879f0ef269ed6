module {
  func.func @dot_fp8_0(%arg0: index, %arg1: index, %arg2: memref<?x256xf32>, %arg3: memref<64x256xi8>, %arg4: memref<?x64x16xf32>) attributes {kernel.entry, kernel.op = "linear"} {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c16 = arith.constant 16 : index
    %c64 = arith.constant 64 : index
    %c256 = arith.constant 256 : index
    %cst = arith.constant dense<0.000000e+00> : vector<16xf32>
    scf.for %arg5 = %arg0 to %arg1 step %c1 {
      %0 = arith.divui %arg5, %c64 : index
      %1 = arith.remui %arg5, %c64 : index
      %2 = scf.for %arg6 = %c0 to %c256 step %c16 iter_args(%arg7 = %cst) -> (vector<16xf32>) {
        %3 = vector.load %arg3[%1, %arg6] : memref<64x256xi8>, vector<16xi8>
        %4 = kernel.decode %3 as f8E4M3FN : vector<16xi8> -> vector<16xf32>
        %5 = vector.load %arg2[%0, %arg6] : memref<?x256xf32>, vector<16xf32>
        %6 = math.fma %5, %4, %arg7 : vector<16xf32>
        scf.yield %6 : vector<16xf32>
      }
      vector.store %2, %arg4[%0, %1, %c0] : memref<?x64x16xf32>, vector<16xf32>
    }
    return
  }
}