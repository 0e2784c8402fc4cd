/* broker_home - see broker_home.h. */
#include "broker_home.h"

#include "base/file.h"
#include "base/mem.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <stdarg.h>
#include <setjmp.h>
#include <cmocka.h>

static char base[] = "/tmp/moult-journal-test.XXXXXX";
static unsigned homes;

int homes_begin(void **state)
{
    (void)state;
    return mkdtemp(base) && setenv("XDG_CONFIG_HOME", base, 1) == 0 ? 0 : -1;
}

int homes_end(void **state)
{
    (void)state;
    return file_remove_tree(base, NULL);
}

const char *homes_base(void)
{
    return base;
}

struct home home_fresh(void)
{
    struct home home;
    struct err err;
    CLEANUP(mem_freep) char *dir = mem_format("%s/home%u", base, homes++);
    if (home_create(&home, dir, &err) < 0)
        fail_msg("%s", err.text);
    return home;
}

struct journal *home_as(const struct home *home, enum journal_role role)
{
    struct journal *journal = NULL;
    struct err err;
    if (journal_open(&journal, home, role, &err) < 0)
        fail_msg("%s", err.text);
    return journal;
}

int home_sql(const struct home *home, const char *text)
{
    char path[PATH_MAX];
    sqlite3 *db;
    assert_int_equal(sqlite3_open(home_path(path, home, "journal.db"), &db), SQLITE_OK);
    sqlite3_busy_timeout(db, 5000);
    int rc = sqlite3_exec(db, text, NULL, NULL, NULL);
    sqlite3_close(db);
    return rc;
}

void home_kill_broker(const struct home *home)
{
    CLEANUP(mem_freep)
    char *command = mem_format("pkill -9 -f 'moult-broker --home %s '", home->path);
    if (system(command) == -1)
        fail();
}
