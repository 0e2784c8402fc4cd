/* gitconfig - reads the text of a git configuration file, git-config(1), "Syntax".
 *
 * Only to know what git would obey: where git gives up, this goes on with the next line, so that
 * nothing is missed that some git might read. It follows no include and knows no key. */
#pragma once

#include "base/str.h"

enum { GITCONFIG_NAME_MAX = 64, GITCONFIG_VALUE_MAX = 8192 };
struct gitconfig {
    struct str text; /* what is left of it */
    char section[GITCONFIG_NAME_MAX];
};
struct gitconfig_value {
    char section[GITCONFIG_NAME_MAX], name[GITCONFIG_NAME_MAX]; /* lower case, cut to their room */
    char value[GITCONFIG_VALUE_MAX];
    bool cut; /* the value was longer */
};
/* False at the end. A name without a value has an empty one. */
bool gitconfig_next(struct gitconfig *config, struct gitconfig_value *ret);
