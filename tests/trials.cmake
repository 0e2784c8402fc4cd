# trials: a line a test.
moult_test(trials_detect_test trials)
moult_test(trials_frame_test trials)
moult_test(trials_cluster_test trials)
moult_test(trials_split_test trials)
moult_test(trials_run_test trials)
moult_test(trials_import_test trials)
moult_fuzz(tau trials)
moult_story(integration import_mine)
moult_test(trials_stats_test trials)
moult_test(trials_verdict_test trials)
moult_story(integration identity_replay)
moult_test(trials_vectors_test trials)
add_dependencies(trials_vectors_test moult-worker harness_trial)
moult_test(trials_replay_test trials)
add_dependencies(trials_replay_test moult-worker harness_probe)
moult_test(trials_sight_test trials)
moult_test(trials_report_test trials)

# Candidates in the place of one of the naive harness's builds, and the sanitised twins of two.
set(compare ${CMAKE_BINARY_DIR}/plugins/compare)
file(STRINGS ${CMAKE_SOURCE_DIR}/plugins/sdk/asanflags.txt compare_asan)
moult_test(trials_compare_test trials)
add_dependencies(trials_compare_test moult-worker moult-worker-asan harness_naive)
foreach(variant GOOD SUPPRESSES OVERREACHES CRASHES ROLLS_DICE READS_BEHIND BREAKS_OTHERS ADDS)
    set(name calls)
    set(flags -DVARIANT=${variant})
    if(variant STREQUAL ADDS)
        set(name history)
        list(APPEND flags -DHISTORY)
    endif()
    file(MAKE_DIRECTORY ${compare}/${variant} ${compare}/${variant}_asan)
    moult_plugin(compare_${variant} ${compare}/${variant}/${name}.so
        ${CMAKE_SOURCE_DIR}/tests/data/compare-harness/candidate.c ${flags})
    moult_plugin(compare_${variant}_asan ${compare}/${variant}_asan/${name}.so
        ${CMAKE_SOURCE_DIR}/tests/data/compare-harness/candidate.c ${flags} ${compare_asan})
    add_dependencies(trials_compare_test compare_${variant} compare_${variant}_asan)
endforeach()

# moult bench import, mine, replay: with the traces of the checkout, or those that MOULT_TRACES names.
target_sources(moult-bench PRIVATE ${CMAKE_SOURCE_DIR}/tests/bench/import.c
    ${CMAKE_SOURCE_DIR}/tests/bench/mine.c ${CMAKE_SOURCE_DIR}/tests/bench/replay.c
    ${CMAKE_SOURCE_DIR}/tests/bench/traces.c)
target_link_libraries(moult-bench PRIVATE moult_trials)
add_dependencies(moult-bench harness_naive)
add_test(NAME bench/replay COMMAND moult-bench replay --json)
moult_fuzz(sight trials)
moult_fuzz(report trials)
