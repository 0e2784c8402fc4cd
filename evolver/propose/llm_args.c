/* llm_args - see llm.h. */
#include "propose/llm.h"

#include "base/mem.h"

#include <string.h>

enum { SHOWN = 48, ITEM_MAX = 500 };

int llm_only(const struct json *args, const char *const *names, struct err *err)
{
    char shown[SHOWN];
    JSON_EACH(member, args)
    {
        bool known = false;
        for (const char *const *name = names; *name && !known; name++)
            known = str_equal(member->key, str_of(*name));
        if (!known)
            return err_set(err, ERR_INPUT, "no argument is called %s",
                str_printable(shown, sizeof shown, member->key, false));
    }
    return 0;
}

int llm_text(struct llm *llm, const struct json *args, const char *name, bool must, size_t max,
    struct str *ret, struct err *err)
{
    const struct json *value = json_get(args, name);
    if (!value && !must)
        return 0;
    struct str text = json_string(&llm->arena, value);
    if (!text.at)
        return err_set(err, ERR_INPUT, "`%s` is a string%s", name, value ? "" : ", and is missing");
    if (text.size > max)
        return err_set(
            err, ERR_INPUT, "`%s` has %zu bytes, where %zu are taken", name, text.size, max);
    if (!str_utf8(text) || memchr(text.at, '\0', text.size))
        return err_set(err, ERR_INPUT, "`%s` is no text: UTF-8 without NUL is", name);
    *ret = text;
    return 0;
}

int llm_number(const struct json *args, const char *name, uint32_t *ret, struct err *err)
{
    const struct json *value = json_get(args, name);
    int64_t number = json_int(value, -1);
    if (value && (number < 0 || number > UINT32_MAX))
        return err_set(err, ERR_INPUT, "`%s` is a whole number from 0 on", name);
    if (value)
        *ret = (uint32_t)number;
    return 0;
}

int llm_node(struct llm *llm, const struct json *args, uint32_t *ret, struct err *err)
{
    struct str text = { 0 };
    uint32_t number = 0;
    int r = llm_text(llm, args, "node", true, SHOWN, &text, err);
    if (r < 0)
        return r;
    bool good = text.size > 1 && text.size < 9 && text.at[0] == 'n';
    for (size_t i = 1; good && i < text.size; i++) {
        good = text.at[i] >= '0' && text.at[i] <= '9';
        number = number * 10 + (uint32_t)(text.at[i] - '0');
    }
    if (!good)
        return err_set(err, ERR_INPUT, "`node` is a node's name as read_source shows it: n12");
    *ret = number;
    return 0;
}

int llm_texts(struct llm *llm, const struct json *args, const char *name, uint32_t max,
    struct buf *out, struct err *err)
{
    const struct json *list = json_get(args, name);
    if (!json_is(list, JSON_ARRAY) || list->count > max)
        return err_set(err, ERR_INPUT, "`%s` is a list of at most %u strings", name, max);
    const char *between = "";
    buf_char(out, '[');
    JSON_EACH(item, list)
    {
        struct str text = json_string(&llm->arena, item);
        if (!text.at || text.size > ITEM_MAX || !str_utf8(text))
            return err_set(
                err, ERR_INPUT, "`%s` is a list of strings of at most %d bytes", name, ITEM_MAX);
        buf_text(out, between);
        json_quote(out, text);
        between = ",";
    }
    buf_char(out, ']');
    return 0;
}
