# The retail store, the tool program, and the mended calls that it carries out.
moult_story(integration store_recorded)
moult_test(tool_client_test tool)
moult_test(tool_serve_test tool)
moult_test(tool_builtin_test tool)
moult_fuzz(tool tool)
moult_test(promote_carry_test promote)
add_dependencies(promote_carry_test moult-tool)
set_tests_properties(unit/promote_carry_test PROPERTIES TIMEOUT 300) # hundreds of servers start
moult_test(broker_toolbox_test broker wire sandbox base)
target_link_libraries(broker_toolbox_test PRIVATE PkgConfig::UV)
add_dependencies(broker_toolbox_test moult-tool)
moult_fuzz(toolbox broker wire base)
moult_story(integration hosted_tools.mjs)
