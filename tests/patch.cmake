moult_test(patch_syntax_test patch)
