/* permissions - the questions that turns have for a person, and the answers to them. */
#pragma once

#include "talk/link.h"

struct permission {
    struct str id, session, question, detail;
};
enum { PERMISSION_ID_MAX = 64 };

/* Of the document that GET PERMISSIONS_PATH answers; in the arena. Returns how many. */
#define PERMISSIONS_PATH "/api/permissions"
uint32_t permissions_read(
    struct permission **ret, const struct json *document, struct arena *arena);
/* Fills in a request that answers it; the texts are in the arena. ERR_USAGE: that is no id. */
int permission_answer(
    struct ask *ask, struct str id, bool allow, struct arena *arena, struct err *err);
