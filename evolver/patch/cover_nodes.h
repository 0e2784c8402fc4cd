/* cover_nodes - which nodes of a source are statements and conditions that can be marked. Inside
 * this folder only. */
#pragma once

#include "patch/syntax.h"

bool cover_is_statement(const struct syntax *syntax, uint32_t node);
/* The single statement of an if, an else, a loop or a label: braces go around it. */
bool cover_is_bare(const struct syntax *syntax, uint32_t node);
/* What decides, each part of it, and what is true or false wherever it stands. */
bool cover_is_condition(const struct syntax *syntax, uint32_t node);
/* Nodes of it in which nothing may be marked, since it is a constant; 0: none. */
uint32_t cover_constant_size(const struct syntax *syntax, uint32_t node);
