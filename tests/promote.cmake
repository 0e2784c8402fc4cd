moult_test(promote_lineage_test promote)
moult_test(promote_approve_test promote)
moult_test(promote_compile_test promote)
moult_test(promote_evidence_test promote)

# A proposer that does as its bundle says: never sanitised, and it links nothing of moult.
set(scripted ${CMAKE_BINARY_DIR}/tests/scripted_proposer)
add_executable(scripted_proposer ${CMAKE_SOURCE_DIR}/tests/tools/scripted_proposer.c)
target_compile_options(scripted_proposer PRIVATE -fno-sanitize=all)
target_link_options(scripted_proposer PRIVATE -fno-sanitize=all)
set_target_properties(scripted_proposer PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
moult_test(promote_proposing_test promote)
target_compile_definitions(promote_proposing_test PRIVATE MOULT_SCRIPTED="${scripted}")
add_dependencies(promote_proposing_test scripted_proposer moult-worker harness_trial)
moult_test(promote_shipped_test promote)
target_sources(promote_shipped_test PRIVATE ${CMAKE_SOURCE_DIR}/tests/tools/shipped.c)
target_include_directories(promote_shipped_test PRIVATE ${CMAKE_SOURCE_DIR}/tests/tools)
add_dependencies(promote_shipped_test moult-worker moult-patch harness_naive)

# moult bench candidate, search: with the sources and traces of the checkout.
target_sources(moult-bench PRIVATE ${CMAKE_SOURCE_DIR}/tests/bench/candidate.c
    ${CMAKE_SOURCE_DIR}/tests/bench/search.c ${CMAKE_SOURCE_DIR}/tests/tools/shipped.c)
target_include_directories(moult-bench PRIVATE ${CMAKE_SOURCE_DIR}/tests/tools)
target_compile_definitions(moult-bench PRIVATE MOULT_SOURCE_DIR="${CMAKE_SOURCE_DIR}")
target_link_libraries(moult-bench PRIVATE moult_promote)
add_dependencies(moult-bench moult-patch harness_trial)
add_test(NAME bench/search COMMAND moult-bench search --json)

moult_program(propose_drive tests/tools/propose_drive.c promote)
add_dependencies(propose_drive moult-worker moult-patch moult-broker)
moult_story(integration build_plugin)
moult_story(integration audit)
moult_story(integration evidence)
