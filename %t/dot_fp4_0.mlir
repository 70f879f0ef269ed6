module {
  func.func @dot_fp4_0(%arg0: index, %arg1: index, %arg2: memref<?x256xf32>, %arg3: memref<64x128xi8>, %arg4: memref<64xi8>, %arg5: memref<?x64x16xf32>) attributes {kernel.entry, kernel.op = "linear"} {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c2 = arith.constant 2 : index
    %c8 = arith.constant 8 : index
    %c64 = arith.constant 64 : index
    %c128 = arith.constant 128 : index
    %cst = arith.constant dense<0.000000e+00> : vector<16xf32>
    scf.for %arg6 = %arg0 to %arg1 step %c1 {
      %0 = arith.divui %arg6, %c64 : index
      %1 = arith.remui %arg6, %c64 : index
      %2 = scf.for %arg7 = %c0 to %c128 step %c8 iter_args(%arg8 = %cst) -> (vector<16xf32>) {
        %7 = arith.muli %arg7, %c2 : index
        %8 = vector.load %arg3[%1, %arg7] : memref<64x128xi8>, vector<8xi8>
        %9 = kernel.unpack %8 : vector<8xi8> -> vector<16xi8>
        %10 = kernel.decode %9 as f4E2M1FN : vector<16xi8> -> vector<16xf32>
        %11 = vector.load %arg2[%0, %7] : memref<?x256xf32>, vector<16xf32>
        %12 = math.fma %11, %10, %arg8 : vector<16xf32>
        scf.yield %12 : vector<16xf32>
      }
      %3 = memref.load %arg4[%1] : memref<64xi8>
      %4 = kernel.decode %3 as f8E8M0FNU : i8 -> f32
      %5 = vector.broadcast %4 : f32 to vector<16xf32>
      %6 = arith.mulf %2, %5 : vector<16xf32>
      vector.store %6, %arg5[%0, %1, %c0] : memref<?x64x16xf32>, vector<16xf32>
    }
    return
  }
}