# The documentation, held against the programs.
moult_story(integration docs_cli)
moult_story(integration docs_plugin)
