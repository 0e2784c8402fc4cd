moult_test(patch_syntax_test patch)
moult_test(patch_outline_test patch)
moult_test(patch_source_test patch)
moult_test(patch_tokens_test patch)
