/* wire_verb_document_test - with --json a command prints one document, however late it fails. */
#include "wire/verb.h"

#include "base/json.h"
#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static int rows_then(const struct verb_call *call, int rc, struct err *err)
{
    verb_document(call);
    printf(call->json ? "{\"rows\":[1" : "row 1\n");
    fflush(stdout);
    if (rc < 0)
        return err_set(err, ERR_LACKS, "no second row");
    printf(call->json ? ",2]}\n" : "row 2\n");
    return rc;
}

static int run_good(const struct verb_call *call, struct err *err)
{
    return rows_then(call, 3, err);
}

static int run_bad(const struct verb_call *call, struct err *err)
{
    return rows_then(call, -1, err);
}

static const struct verb verbs[] = { { "good", run_good, "good", "" },
    { "bad", run_bad, "bad", "" }, { 0 } };

static const struct row {
    const char *words[4];
    const char *out; /* of one that fails: its beginning */
    int status;
    bool document;
} rows[] = {
    { { "x", "--json", "good" }, "{\"rows\":[1,2]}\n", 3, true },
    { { "x", "--json", "bad" }, "{\"error\":{\"code\":\"lacks\"", 4, true },
    { { "x", "good" }, "row 1\nrow 2\n", 3, false },
    { { "x", "bad" }, "row 1\n", 4, false },
};

static void one_document(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        CLEANUP(arena_done) struct arena arena = { 0 };
        char *words[4] = { NULL }, *text = NULL;
        size_t size = 0;
        int count = 0;
        for (; rows[i].words[count]; count++)
            words[count] = arena_string(&arena, rows[i].words[count], strlen(rows[i].words[count]));
        FILE *own = stdout;
        stdout = open_memstream(&text, &size);
        int status = verb_main("x", verbs, count, words);
        fclose(stdout);
        stdout = own;
        assert_int_equal(status, rows[i].status);
        assert_true(str_starts((struct str){ text, size }, str_of(rows[i].out)));
        if (rows[i].document)
            assert_non_null(json_read(&arena, (struct str){ text, size }, NULL, NULL));
        free(text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_document),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
