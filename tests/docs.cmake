# The documentation, held against the programs.
moult_story(integration docs_cli)
