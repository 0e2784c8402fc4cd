moult_test(promote_lineage_test promote)
moult_test(promote_approve_test promote)
moult_story(integration build_plugin)
moult_story(integration audit)
