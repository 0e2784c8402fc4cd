# trials: a line a test.
moult_test(trials_detect_test trials)
moult_test(trials_frame_test trials)
moult_test(trials_cluster_test trials)
moult_test(trials_split_test trials)
moult_test(trials_run_test trials)
moult_test(trials_import_test trials)
moult_fuzz(tau trials)
moult_story(integration import_mine)
