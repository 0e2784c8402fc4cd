# case: tasks as files, and what grades them. A line a test.
moult_test(trials_case_read_test trials)
moult_fuzz(case trials)
moult_test(trials_grade_test trials)
moult_test(trials_judge_test trials)
moult_fuzz(judge trials)
moult_test(trials_live_test trials)
moult_test(trials_case_make_test trials)
moult_story(integration cases)
if(NOT MOULT_SANITIZE) # what it leads through the stories above and evolve lead through as well
    moult_story(integration suites)
endif()
moult_story(integration episode_store.mjs)
if(NOT MOULT_SANITIZE) # its parts are sanitised in unit tests, and it waits for a dozen commands
    moult_story(integration live.mjs)
endif()
