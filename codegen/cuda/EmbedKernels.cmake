# Writes KernelSources.cpp, which holds the kernels' sources as strings: cmake -DKERNELS=FOLDER -DOUT=FILE -P EmbedKernels.cmake

set(code "// Generated from codegen/cuda/kernels by EmbedKernels.cmake.\n\n#include \"codegen/cuda/KernelSources.h\"\n\n")
string(APPEND code "static const v4::KernelSource kSources[] = {\n")
file(GLOB files RELATIVE ${KERNELS} ${KERNELS}/*.h)
foreach(file ${files})
  file(READ ${KERNELS}/${file} text)
  if(text MATCHES "\\)v4kernel\"")
    message(FATAL_ERROR "${file}: holds )v4kernel\", which ends its string")
  endif()
  string(APPEND code "{\"codegen/cuda/kernels/${file}\", R\"v4kernel(${text})v4kernel\"},\n")
endforeach()
string(APPEND code "};\n\nllvm::ArrayRef<v4::KernelSource> v4::kernelSources() { return kSources; }\n")
file(WRITE ${OUT} "${code}")
