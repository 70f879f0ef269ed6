# Installs BUILD into WORK/prefix, builds EXAMPLE against it and runs it on PLAN.
function(run)
  execute_process(COMMAND ${ARGN} RESULT_VARIABLE code OUTPUT_VARIABLE out ERROR_VARIABLE out)
  if(NOT code EQUAL 0)
    message(FATAL_ERROR "${ARGN}: exit code ${code}\n${out}")
  endif()
  set(output "${out}" PARENT_SCOPE)
endfunction()

file(REMOVE_RECURSE ${WORK})
run(${CMAKE_COMMAND} --install ${BUILD} --prefix ${WORK}/prefix)
run(${CMAKE_COMMAND} -S ${EXAMPLE} -B ${WORK}/build -G ${GENERATOR} -DCMAKE_PREFIX_PATH=${WORK}/prefix
    -DCMAKE_CXX_COMPILER=${CXX})
run(${CMAKE_COMMAND} --build ${WORK}/build)
run(${WORK}/build/example ${PLAN})
if(NOT output MATCHES "^([0-9]+ )+\n$")
  message(FATAL_ERROR "the example printed '${output}', expected token ids")
endif()
run(${WORK}/prefix/bin/v4-run ${PLAN} --tokens=1,2,3 -n 4)
