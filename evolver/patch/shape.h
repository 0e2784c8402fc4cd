/* shape - a digest of what a source says, whatever it is called and however it is set.
 *
 * Two sources of one shape are one program: they differ in blanks, comments, parentheses, braces
 * around one statement, names of parameters, locals and functions of the file, the sides of `+`,
 * `*`, `&`, `|`, `^`, `==` and `!=`, and the way in which `<` is turned, where neither side does
 * anything. What is not seen to be the same has another shape: nothing new is taken for old. */
#pragma once

#include "base/hash.h"
#include "patch/syntax.h"

struct digest shape_of(const struct syntax *syntax);
