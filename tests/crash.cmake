# The service, killed, swapped and poisoned: docs/reference/crash-points.md says which line each story shows.
moult_story(integration recovery_kill.mjs)
moult_story(integration recovery_answers.mjs)
moult_story(integration swap_live.mjs)
moult_story(integration poison_message.mjs)
