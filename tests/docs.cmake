# The documentation, held against the programs.
moult_story(integration docs_cli)
moult_story(integration docs_plugin)
moult_story(integration docs_first_hour)
moult_story(integration docs_links)
moult_story(integration docs_operate)
