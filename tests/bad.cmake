# Bad input: a clear error, the right exit status, and nothing changed. docs/reference/errors.md has the table.
moult_story(integration bad_plugin)
moult_story(integration bad_patch)
moult_story(integration bad_config)
moult_story(integration bad_trace)
