# trials: a line a test.
moult_test(trials_detect_test trials)
