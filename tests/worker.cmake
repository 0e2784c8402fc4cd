moult_harness(probe ${CMAKE_SOURCE_DIR}/tests/data/probe-harness)
moult_harness(trial ${CMAKE_SOURCE_DIR}/tests/data/trial-harness)

# Tests that speak to the real worker over its socket.
function(moult_worker_test name)
    moult_test(${name} worker sandbox)
    target_sources(${name} PRIVATE ${CMAKE_SOURCE_DIR}/tests/unit/worker_peer.c)
    target_link_libraries(${name} PRIVATE PkgConfig::CJSON)
    add_dependencies(${name} moult-worker moult-worker-asan harness_probe harness_trial harness_naive)
endfunction()
moult_worker_test(worker_loop_test)
moult_worker_test(worker_vectors_test)
