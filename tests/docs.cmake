# The documentation, held against the programs. The long pages only run without sanitizers: other stories
# lead the same programs through the same with them.
moult_story(integration docs_cli)
moult_story(integration docs_links)
moult_story(integration docs_doctor)
moult_story(redteam secrets.mjs)
moult_story(redteam provider_echo.mjs)
moult_story(integration docs_front)
if(NOT MOULT_SANITIZE)
    moult_story(integration docs_plugin)
    moult_story(integration docs_first_hour)
    moult_story(integration docs_operate)
endif()
