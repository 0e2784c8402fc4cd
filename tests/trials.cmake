# trials: a line a test.
moult_test(trials_detect_test trials)
moult_test(trials_frame_test trials)
moult_test(trials_detectors_test trials)
moult_test(trials_recall_test trials)
moult_test(trials_conversion_test trials)
moult_test(trials_cluster_test trials)
moult_test(trials_choose_test trials)
moult_test(trials_split_test trials)
moult_test(trials_near_test trials base)
moult_test(trials_run_test trials)
moult_test(trials_result_test trials protocol)
moult_test(trials_import_test trials)
moult_test(trials_export_test trials)
moult_fuzz(tau trials)
moult_story(integration import_mine)
moult_test(trials_stats_test trials)
moult_test(trials_verdict_test trials)
moult_test(trials_verdict_less_test trials base)
target_include_directories(trials_verdict_less_test PRIVATE ${CMAKE_SOURCE_DIR}/plugins)
moult_test(trials_sequential_test trials)
moult_fuzz(sequential trials)

# Worlds of chance, for the gate's own code: the test's and those of moult bench gate.
set(simulated ${CMAKE_SOURCE_DIR}/tests/tools/simulated_live.c ${CMAKE_SOURCE_DIR}/tests/tools/simulated_home.c
    ${CMAKE_SOURCE_DIR}/tests/tools/simulated_learning.c)
moult_test(trials_trip_test trials)
target_link_libraries(trials_trip_test PRIVATE m)
moult_test(trials_simulated_test trials)
target_sources(trials_simulated_test PRIVATE ${simulated})
target_include_directories(trials_simulated_test PRIVATE ${CMAKE_SOURCE_DIR}/tests/tools)
target_link_libraries(trials_simulated_test PRIVATE m)
moult_story(integration identity_replay)
moult_story(integration replay_deaths)
moult_test(trials_vectors_test trials)
add_dependencies(trials_vectors_test moult-worker harness_trial)
moult_test(trials_replay_test trials)
add_dependencies(trials_replay_test moult-worker harness_probe)
moult_test(trials_episode_test trials)
add_dependencies(trials_episode_test moult-worker moult-tool harness_probe)
moult_test(trials_episode_many_test trials)
add_dependencies(trials_episode_many_test moult-worker moult-tool harness_probe)
moult_test(trials_sight_test trials)
moult_test(trials_error_test trials)
target_include_directories(trials_error_test PRIVATE ${CMAKE_SOURCE_DIR}/plugins)
add_dependencies(trials_error_test moult-worker harness_probe)
moult_test(trials_report_test trials)
moult_test(trials_junit_test trials base)
moult_test(trials_decisions_test trials base)
moult_test(trials_replay_round_test trials base)
moult_test(trials_pass_test trials)
moult_test(trials_vary_test trials)
moult_test(trials_rider_test trials)

# Candidates in the place of one of the naive harness's builds, and the sanitised twins of two.
set(compare ${CMAKE_BINARY_DIR}/plugins/compare)
file(STRINGS ${CMAKE_SOURCE_DIR}/plugins/sdk/asanflags.txt compare_asan)
moult_test(trials_compare_test trials)
add_dependencies(trials_compare_test moult-worker moult-worker-asan harness_naive)
moult_test(trials_suites_test trials)
add_dependencies(trials_suites_test moult-worker moult-tool harness_naive)
foreach(variant GOOD SUPPRESSES OVERREACHES CRASHES ROLLS_DICE READS_BEHIND BREAKS_OTHERS DAWDLES ADDS
        STRAYS WAITS AGES BY_HEART REMEMBERS BURIES FEARS BY_NAME BY_SIZE BY_LANGUAGE)
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
    add_dependencies(trials_suites_test compare_${variant})
endforeach()
file(MAKE_DIRECTORY ${compare}/GOOD_marked)
moult_plugin(compare_GOOD_marked ${compare}/GOOD_marked/calls.so
    ${CMAKE_SOURCE_DIR}/tests/data/compare-harness/candidate.c -DVARIANT=GOOD -DMARKED)
add_dependencies(trials_compare_test compare_GOOD_marked)
add_dependencies(trials_suites_test compare_GOOD_marked)

# moult bench gate: the rates are the unit test's matter; that it runs is tested here.
target_sources(moult-bench PRIVATE ${CMAKE_SOURCE_DIR}/tests/bench/gate.c ${simulated})
target_link_libraries(moult-bench PRIVATE m)
moult_bench(gate --runs 10)

# moult bench import, mine, replay: with the traces of the checkout, or those that MOULT_TRACES names.
target_sources(moult-bench PRIVATE ${CMAKE_SOURCE_DIR}/tests/bench/import.c ${CMAKE_SOURCE_DIR}/tests/bench/import_whole.c
    ${CMAKE_SOURCE_DIR}/tests/bench/import_agents.c
    ${CMAKE_SOURCE_DIR}/tests/bench/mine.c ${CMAKE_SOURCE_DIR}/tests/bench/replay.c
    ${CMAKE_SOURCE_DIR}/tests/bench/replay_lengths.c ${CMAKE_SOURCE_DIR}/tests/bench/replay_sizes.c
    ${CMAKE_SOURCE_DIR}/tests/bench/replay_episodes.c
    ${CMAKE_SOURCE_DIR}/tests/bench/ground.c
    ${CMAKE_SOURCE_DIR}/tests/bench/traces.c)
target_link_libraries(moult-bench PRIVATE moult_trials)
add_dependencies(moult-bench harness_naive)
moult_bench(replay --steps 1000)
moult_fuzz(sight trials)
moult_fuzz(report trials)
moult_fuzz(policy trials)
