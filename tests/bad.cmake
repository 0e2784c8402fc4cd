# Bad input: a clear error, the right exit status, and nothing changed. docs/reference/errors.md has the table.
# What a story takes away from a command; never sanitised, and it links nothing of moult.
add_executable(without ${CMAKE_SOURCE_DIR}/tests/tools/without.c)
target_compile_options(without PRIVATE -fno-sanitize=all)
target_link_options(without PRIVATE -fno-sanitize=all)
set_target_properties(without PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
# What is preloaded into one, so that a call of it goes wrong.
add_library(faults SHARED ${CMAKE_SOURCE_DIR}/tests/tools/faults.c)
target_compile_options(faults PRIVATE -fno-sanitize=all)
target_link_options(faults PRIVATE -fno-sanitize=all)
set_target_properties(faults PROPERTIES LIBRARY_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
moult_story(integration bad_config)
moult_story(integration bad_trace)
moult_story(integration bad_patch)
moult_story(integration dropped)
moult_story(integration bad_machine)
moult_story(integration bad_kill)
if(NOT MOULT_SANITIZE)
    # bad_plugin: workers and compilers, never sanitised; the driver refuses as in bad_patch. The others: the same
    # programs as in bad_kill and evolve, with more of search's time.
    moult_story(integration bad_plugin)
    moult_story(integration bad_disk)
    moult_story(integration bad_kill_evolve)
endif()
