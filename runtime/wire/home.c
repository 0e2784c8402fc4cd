/* home - finds, makes and registers homes. See home.h for why a home must be registered. */
#include "wire/home.h"

#include "base/file.h"
#include "base/mem.h"
#include "wire/config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

enum { REGISTRY_MAX = 1 << 20 };

static const char *const folders[] = { "builds/sha256", "cases", "keys", "run", "workspaces" };

char *home_path(char out[PATH_MAX], const struct home *home, const char *part)
{
    snprintf(out, PATH_MAX, "%.*s/%s", (int)(PATH_MAX - strlen(part) - 2), home->path, part);
    return out;
}

static int registry_path(char out[PATH_MAX], struct err *err)
{
    const char *config = getenv("XDG_CONFIG_HOME");
    const char *user = getenv("HOME");
    int n;
    if (config && config[0] == '/')
        n = snprintf(out, PATH_MAX, "%s/moult/homes", config);
    else if (user && user[0] == '/')
        n = snprintf(out, PATH_MAX, "%s/.config/moult/homes", user);
    else
        return err_set(err, ERR_USAGE, "neither HOME nor XDG_CONFIG_HOME names a folder");
    if (n >= PATH_MAX)
        return err_set(err, ERR_LIMIT, "the path of the registry of homes is too long");
    return 0;
}

static int registry_read(struct buf *text, char path[PATH_MAX], struct err *err)
{
    int rc = registry_path(path, err);
    if (rc < 0)
        return rc;
    if (!file_exists(path))
        return 0;
    rc = file_read(path, text, REGISTRY_MAX, err);
    return rc < 0 ? err_while(err, "read the registry of homes") : 0;
}

/* The next line without its end; false when there is none. */
static bool next_line(struct str *registry, struct str *ret)
{
    if (registry->size == 0)
        return false;
    ptrdiff_t end = str_find(*registry, STR("\n"));
    *ret = (struct str){ registry->at, end < 0 ? registry->size : (size_t)end };
    size_t used = ret->size + (end < 0 ? 0 : 1);
    registry->at += used;
    registry->size -= used;
    return true;
}

static bool registered(struct str registry, const struct home *home)
{
    struct str line;
    while (next_line(&registry, &line))
        if (line.size > 33 && memcmp(line.at, home->id, 32) == 0 && line.at[32] == ' ' &&
            str_equal((struct str){ line.at + 33, line.size - 33 }, str_of(home->path)))
            return true;
    return false;
}

int home_list(char ***ret, struct err *err)
{
    enum { ID_AND_BLANK = 33 };
    CLEANUP(buf_done) struct buf text = { 0 };
    char path[PATH_MAX];
    int rc = registry_read(&text, path, err);
    if (rc < 0)
        return rc;
    size_t count = 0;
    char **list = mem_zero(2, sizeof *list);
    *strrchr(path, '/') = 0;
    list[count++] = mem_string(path);
    struct str registry = buf_view(&text), line;
    while (next_line(&registry, &line)) {
        if (line.size <= ID_AND_BLANK)
            continue;
        list = mem_grow(list, count + 2, sizeof *list);
        list[count++] = mem_format("%.*s", (int)(line.size - ID_AND_BLANK), line.at + ID_AND_BLANK);
        list[count] = NULL;
    }
    *ret = list;
    return 0;
}

void home_list_done(char ***list)
{
    for (char **path = *list; path && *path; path++)
        free(*path);
    free(*list);
    *list = NULL;
}

static int registry_add(const struct home *home, struct err *err)
{
    CLEANUP(buf_done) struct buf text = { 0 };
    char path[PATH_MAX], folder[PATH_MAX];
    int rc = registry_read(&text, path, err);
    if (rc < 0)
        return rc;
    if (registered(buf_view(&text), home))
        return 0;
    snprintf(folder, sizeof folder, "%s", path);
    *strrchr(folder, '/') = 0;
    rc = file_mkdirs(folder, 0700, err);
    if (rc < 0)
        return rc;
    buf_format(&text, "%s %s\n", home->id, home->path);
    return file_write(path, buf_view(&text), 0600, err);
}

static int read_id(struct home *home, struct err *err)
{
    CLEANUP(buf_done) struct buf text = { 0 };
    char path[PATH_MAX];
    int rc = file_read(home_path(path, home, "keys/home.id"), &text, 64, err);
    if (rc < 0) {
        err_while(err, "%s is no moult home", home->path);
        return err_hint(err, "moult init DIR makes one");
    }
    struct str id = str_trim(buf_view(&text));
    if (id.size != 32 || strspn(id.at, "0123456789abcdef") < 32)
        return err_set(err, ERR_INPUT, "keys/home.id of %s is not 32 hex digits", home->path);
    memcpy(home->id, id.at, 32);
    home->id[32] = 0;
    return 0;
}

static int check_owner(const struct home *home, struct err *err)
{
    struct stat st;
    if (stat(home->path, &st) < 0)
        return err_sys(err, "stat %s", home->path);
    if (st.st_uid != geteuid()) {
        err_set(err, ERR_DENIED, "%s belongs to another user", home->path);
        return err_hint(err, "run as its owner");
    }
    if (st.st_mode & 022) {
        err_set(err, ERR_DENIED, "others may write to %s", home->path);
        return err_hint(err, "chmod go-w %s", home->path);
    }
    return 0;
}

static bool looks_like_home(const char *dir)
{
    char path[PATH_MAX];
    return snprintf(path, sizeof path, "%s/keys/home.id", dir) < PATH_MAX && file_exists(path);
}

/* The nearest folder upwards that looks like a home, in `path` itself. */
static bool walk_up(char path[PATH_MAX])
{
    for (;;) {
        if (looks_like_home(path))
            return true;
        char *slash = strrchr(path, '/');
        if (!slash || slash == path)
            return false;
        *slash = 0;
    }
}

static int locate(struct home *ret, const char *dir, struct err *err)
{
    if (!dir)
        dir = getenv("MOULT_HOME");
    if (dir) {
        if (!realpath(dir, ret->path))
            return err_sys(err, "no home at %s", dir);
        return 0;
    }
    if (!getcwd(ret->path, sizeof ret->path))
        return err_sys(err, "current folder");
    if (walk_up(ret->path))
        return 0;
    err_set(err, ERR_MISSING, "no moult home here or in a folder above");
    return err_hint(err, "make one with: moult init DIR, or name one with -C DIR or MOULT_HOME");
}

int home_find(struct home *ret, const char *dir, struct err *err)
{
    struct home home = { 0 };
    int rc = locate(&home, dir, err);
    if (rc < 0 || (rc = read_id(&home, err)) < 0 || (rc = check_owner(&home, err)) < 0)
        return rc;
    CLEANUP(buf_done) struct buf text = { 0 };
    char path[PATH_MAX];
    if ((rc = registry_read(&text, path, err)) < 0)
        return rc;
    if (!registered(buf_view(&text), &home)) {
        err_set(err, ERR_DENIED, "%s is a moult home that you have not registered", home.path);
        return err_hint(err, "look at its moult.json and plugins, then: moult trust DIR");
    }
    *ret = home;
    return 0;
}

static void random_hex(char *out, size_t bytes)
{
    uint8_t raw[32];
    if (getrandom(raw, bytes, 0) != (ssize_t)bytes)
        abort();
    for (size_t i = 0; i < bytes; i++)
        snprintf(out + 2 * i, 3, "%02x", raw[i]);
}

static int write_new(
    const struct home *home, const char *part, struct str text, mode_t mode, struct err *err)
{
    char path[PATH_MAX];
    return file_create(home_path(path, home, part), text, mode, err);
}

int home_create(struct home *ret, const char *dir, struct err *err)
{
    struct home home = { 0 };
    char path[PATH_MAX], key[65];
    int rc = file_mkdirs(dir, 0700, err);
    if (rc < 0)
        return rc;
    if (!realpath(dir, home.path))
        return err_sys(err, "folder %s", dir);
    if (looks_like_home(home.path))
        return err_set(err, ERR_STATE, "%s is a moult home already", home.path);
    if ((rc = check_owner(&home, err)) < 0)
        return rc;
    for (size_t i = 0; i < COUNT_OF(folders); i++)
        if ((rc = file_mkdirs(home_path(path, &home, folders[i]), 0700, err)) < 0)
            return rc;
    random_hex(home.id, 16);
    random_hex(key, 32);
    if (!file_exists(home_path(path, &home, "moult.json")) &&
        (rc = write_new(&home, "moult.json", str_of(config_default), 0600, err)) < 0)
        return rc;
    if ((rc = write_new(&home, "keys/split.key", (struct str){ key, 64 }, 0600, err)) < 0 ||
        (rc = write_new(&home, "keys/home.id", (struct str){ home.id, 32 }, 0600, err)) < 0 ||
        (rc = registry_add(&home, err)) < 0)
        return rc;
    *ret = home;
    return 0;
}

int home_trust(struct home *ret, const char *dir, struct err *err)
{
    struct home home = { 0 };
    if (!realpath(dir, home.path))
        return err_sys(err, "no home at %s", dir);
    int rc = read_id(&home, err);
    if (rc < 0 || (rc = check_owner(&home, err)) < 0 || (rc = registry_add(&home, err)) < 0)
        return rc;
    *ret = home;
    return 0;
}

int home_split_key(const struct home *home, struct digest *ret, struct err *err)
{
    CLEANUP(buf_done) struct buf text = { 0 };
    char path[PATH_MAX];
    int rc = file_read(home_path(path, home, "keys/split.key"), &text, 128, err);
    if (rc < 0 || (rc = hash_unhex(ret, str_trim(buf_view(&text)), err)) < 0)
        return err_while(err, "the home's split key");
    return 0;
}

int home_set_split_key(const struct home *home, struct str hex, struct err *err)
{
    struct digest digest;
    char path[PATH_MAX];
    int rc = hash_unhex(&digest, hex, err);
    if (rc < 0)
        return err_while(err, "--split-key");
    return file_write(home_path(path, home, "keys/split.key"), hex, 0600, err);
}
