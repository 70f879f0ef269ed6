# Writes KernelSources.cpp, which holds the kernels' sources as strings: cmake -DROOT=FOLDER -DOUT=FILE -P EmbedKernels.cmake
# Those of codegen/cuda/kernels, and what hosts and kernels compute alike.

set(code "// Generated from codegen/cuda/kernels by EmbedKernels.cmake.\n\n#include \"codegen/cuda/KernelSources.h\"\n\n")
string(APPEND code "static const v4::KernelSource kSources[] = {\n")
file(GLOB files RELATIVE ${ROOT} ${ROOT}/codegen/cuda/kernels/*.h)
foreach(file ${files} runtime/plan/SampleRows.h)
  file(READ ${ROOT}/${file} text)
  if(text MATCHES "\\)v4kernel\"")
    message(FATAL_ERROR "${file}: holds )v4kernel\", which ends its string")
  endif()
  string(APPEND code "{\"${file}\", R\"v4kernel(${text})v4kernel\"},\n")
endforeach()
string(APPEND code "};\n\nllvm::ArrayRef<v4::KernelSource> v4::kernelSources() { return kSources; }\n")
file(WRITE ${OUT} "${code}")
