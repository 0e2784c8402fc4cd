/* syntax_tree - the library's tree behind a struct syntax. Inside this folder only. */
#pragma once

#include <tree_sitter/api.h>

struct syntax_tree {
    TSTree *tree;
};

/* The grammar, .deps/tree-sitter-c/src/parser.c. */
const TSLanguage *tree_sitter_c(void);
