# The service, killed, swapped and poisoned: docs/reference/crash-points.md says which line each story shows.
moult_story(integration recovery_kill.mjs)
moult_story(integration recovery_answers.mjs)
moult_story(integration swap_live.mjs)
moult_story(integration poison_message.mjs)
moult_story(integration recovery_evil.mjs)
moult_story(integration recovery_disk.mjs)
moult_sandboxed_program(evil_worker tests/tools/evil_worker.c LAYERS wire base LIBS PkgConfig::CJSON PkgConfig::SODIUM m)
set_target_properties(evil_worker PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
