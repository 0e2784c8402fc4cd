/* permissions - see permissions.h. */
#include "talk/permissions.h"

#include <string.h>

uint32_t permissions_read(struct permission **ret, const struct json *document, struct arena *arena)
{
    const struct json *list = json_get(document, "permissions");
    uint32_t count = 0;
    *ret = arena_alloc(arena, ((list ? list->count : 0) + 1) * sizeof **ret);
    JSON_EACH(item, list)
    {
        (*ret)[count++] = (struct permission){
            .id = json_string(arena, json_get(item, "id")),
            .session = json_string(arena, json_get(item, "session")),
            .question = json_string(arena, json_get(item, "question")),
            .detail = json_string(arena, json_get(item, "detail")),
        };
    }
    return count;
}

int permission_answer(
    struct ask *ask, struct str id, bool allow, struct arena *arena, struct err *err)
{
    bool good = id.size > 0 && id.size < PERMISSION_ID_MAX;
    for (size_t i = 0; good && i < id.size; i++)
        good = id.at[i] && strchr("0123456789-", id.at[i]);
    if (!good) {
        err_set(err, ERR_USAGE, "an id of a permission looks like 12-34");
        return err_hint(err, "moult permissions lists those that wait");
    }
    ask->method = "POST";
    ask->path = arena_format(arena, PERMISSIONS_PATH "/%.*s", (int)id.size, id.at);
    ask->body = allow ? STR("{\"allow\":true}") : STR("{\"allow\":false}");
    return 0;
}
