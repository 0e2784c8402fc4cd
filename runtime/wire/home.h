/* home - where a moult home is, and whether this user knows it.
 *
 * A home is found by -C DIR, by MOULT_HOME, or by walking up from the current folder. In each case
 * it must be registered with the user (init and trust do that): a folder that somebody planted in a
 * checkout is refused, since a home says which programs are started. The registry is one line a
 * home, "ID PATH", in $XDG_CONFIG_HOME/moult/homes (or ~/.config). ID is random, made at init, and
 * stands in keys/home.id, so a home that was replaced at the same path is not the registered one.
 */
#pragma once

#include "base/err.h"
#include "base/hash.h"

#include <limits.h>

struct home {
    char path[PATH_MAX]; /* real path, no trailing slash */
    char id[33];         /* 32 hex digits */
};

/* dir: the value of -C, or NULL. ERR_MISSING: none found; ERR_DENIED: not registered, or its owner
 * is not this user, or others may write it. */
int home_find(struct home *ret, const char *dir, struct err *err);
/* Makes the folders, the id and moult.json (if there is none), and registers it. ERR_STATE if DIR
 * is a home already. Keys, journal and harness are made by the programs that own them. */
int home_create(struct home *ret, const char *dir, struct err *err);
/* Adds an existing home to the registry (moult trust). */
int home_trust(struct home *ret, const char *dir, struct err *err);
/* Every registered home, and the folder of the registry itself: what no sandbox may be shown.
 * NULL-terminated; home_list_done frees it (NULL is fine). */
int home_list(char ***ret, struct err *err);
void home_list_done(char ***list);
/* "HOME/parts", bounded; returns out. */
char *home_path(char out[PATH_MAX], const struct home *home, const char *part);
/* The key for splits: 32 bytes in keys/split.key, made at init. */
int home_split_key(const struct home *home, struct digest *ret, struct err *err);
/* At init only: a given key instead of a random one (demo and tests), 64 hex digits. */
int home_set_split_key(const struct home *home, struct str hex, struct err *err);
