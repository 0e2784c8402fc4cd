moult_test(patch_syntax_test patch)
moult_test(patch_outline_test patch)
moult_test(patch_source_test patch)
moult_test(patch_tokens_test patch)
# The gate's own files: it needs nothing else of the driver.
moult_test(promote_check_source_test patch sandbox base)
target_sources(promote_check_source_test PRIVATE ${CMAKE_SOURCE_DIR}/evolver/promote/check_source.c
    ${CMAKE_SOURCE_DIR}/evolver/promote/compile.c)
target_include_directories(promote_check_source_test PRIVATE ${CMAKE_BINARY_DIR}/see/promote)
add_dependencies(promote_check_source_test moult-patch)
moult_test(patch_describe_test patch)
moult_story(integration source_gate)
moult_fuzz(patch patch)
moult_test(patch_page_test patch)
