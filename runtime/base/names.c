/* names - enum <-> string tables. */
#include "base/names.h"

const char *name_of(const char *const *words, size_t count, int value)
{
    return value >= 0 && (size_t)value < count && words[value] ? words[value] : "?";
}

int name_find(const char *const *words, size_t count, struct str word)
{
    for (size_t i = 0; i < count; i++)
        if (words[i] && str_equal(str_of(words[i]), word))
            return (int)i;
    return -1;
}
