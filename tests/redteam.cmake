# What is tried in a sandbox (tests/redteam/sandbox): never sanitised, and it links nothing of moult. The second
# program locks itself first, as a worker does, and so has that much of moult.
set(redteam ${CMAKE_SOURCE_DIR}/tests/redteam/sandbox)
set(probe_sources ${redteam}/probe.c ${redteam}/probe_files.c ${redteam}/probe_processes.c
    ${redteam}/probe_network.c ${redteam}/probe_kernel.c ${redteam}/probe_bombs.c)
add_executable(sandbox_probe ${probe_sources})
get_target_property(lock_sources moult_sandbox_lock SOURCES)
get_target_property(base_sources moult_base SOURCES)
add_executable(sandbox_probe_locked ${probe_sources} ${redteam}/lock_first.c ${lock_sources} ${base_sources})
# The third is the second with layers of its lock taken away (lock_layers.c).
add_executable(sandbox_probe_loose ${probe_sources} ${redteam}/lock_first.c ${redteam}/lock_layers.c ${lock_sources}
    ${base_sources})
set(loosened mount umount2 chdir setrlimit close_range munmap prctl syscall)
list(TRANSFORM loosened PREPEND -Wl,--wrap=)
target_link_options(sandbox_probe_loose PRIVATE ${loosened})
foreach(program sandbox_probe_locked sandbox_probe_loose)
    target_compile_definitions(${program} PRIVATE PROBE_LOCKED)
    foreach(layer sandbox_lock base)
        target_include_directories(${program} PRIVATE ${CMAKE_BINARY_DIR}/see/${layer})
    endforeach()
    target_link_libraries(${program} PRIVATE PkgConfig::CJSON PkgConfig::SODIUM m)
endforeach()
foreach(program sandbox_probe sandbox_probe_locked sandbox_probe_loose)
    target_compile_options(${program} PRIVATE -fno-sanitize=all)
    target_link_options(${program} PRIVATE -fno-sanitize=all)
    set_target_properties(${program} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
endforeach()

set(probing sandbox_propose_test sandbox_noexec_test)
if(NOT MOULT_SANITIZE) # what the kernel answers to each attempt; the sandbox's own code is sanitised in its other tests
    list(APPEND probing sandbox_probes_test)
endif()
foreach(test ${probing})
    moult_test(${test} sandbox base)
    target_compile_definitions(${test} PRIVATE MOULT_PROBE="${CMAKE_BINARY_DIR}/tests/sandbox_probe"
        MOULT_PROBE_LOCKED="${CMAKE_BINARY_DIR}/tests/sandbox_probe_locked")
    add_dependencies(${test} sandbox_probe sandbox_probe_locked)
endforeach()
file(MAKE_DIRECTORY ${CMAKE_BINARY_DIR}/see/tests)
file(CREATE_LINK ${redteam} ${CMAKE_BINARY_DIR}/see/tests/redteam SYMBOLIC)
if(NOT MOULT_SANITIZE)
    target_sources(sandbox_probes_test PRIVATE ${redteam}/table.c ${redteam}/scene.c ${redteam}/try.c)
    target_include_directories(sandbox_probes_test PRIVATE ${CMAKE_BINARY_DIR}/see/tests)
    set_tests_properties(unit/sandbox_probes_test PROPERTIES TIMEOUT 600)
endif()

# The sandbox with its layers switched off in turn: layers.h says how, and why not in moult itself.
set(wrapped syscall open mount setsid root_enter close_range setrlimit lock_landlock lock_no_new_privileges
    lock_drop_bound lock_drop_capabilities cgroup_make cgroup_cpu_us watch_sum held_look usage_bytes orders_look)
list(TRANSFORM wrapped PREPEND -Wl,--wrap=)
add_executable(sandbox_matrix ${redteam}/matrix.c ${redteam}/cells.c ${redteam}/bwrap.c ${redteam}/layers.c ${redteam}/table.c ${redteam}/scene.c
    ${redteam}/try.c)
target_link_libraries(sandbox_matrix PRIVATE moult_sandbox moult_base)
target_link_options(sandbox_matrix PRIVATE ${wrapped})
set_target_properties(sandbox_matrix PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)

moult_test(sandbox_layers_test sandbox base)
target_sources(sandbox_layers_test PRIVATE ${redteam}/layers.c ${redteam}/cells.c ${redteam}/table.c ${redteam}/scene.c ${redteam}/try.c)
target_include_directories(sandbox_layers_test PRIVATE ${CMAKE_BINARY_DIR}/see/tests)
target_compile_definitions(sandbox_layers_test PRIVATE MOULT_PROBE="${CMAKE_BINARY_DIR}/tests/sandbox_probe"
    MOULT_PROBE_LOOSE="${CMAKE_BINARY_DIR}/tests/sandbox_probe_loose")
target_link_options(sandbox_layers_test PRIVATE ${wrapped})
add_dependencies(sandbox_layers_test sandbox_probe sandbox_probe_loose)
set_tests_properties(unit/sandbox_layers_test PROPERTIES SKIP_RETURN_CODE 77)
