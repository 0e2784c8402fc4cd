/* lineage - see lineage.h. libgit2 keeps the objects; the reference moves are compare-and-swap. */
#include "promote/lineage.h"
#include "promote/unfinished.h"

#include "base/fd.h"
#include "base/mem.h"

#include <dirent.h>
#include <errno.h>
#include <git2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define ACTIVE "refs/heads/active"

struct lineage {
    git_repository *repository;
    int lock; /* see unfinished.h */
    enum unfinished left;
};

/* The cause stands at the end of what the library says, behind paths of any length. */
static int git_fail(struct err *err, const char *what)
{
    const git_error *error = git_error_last();
    const char *why = error ? error->message : "unknown";
    if (strstr(why, strerror(ENOSPC))) {
        errno = ENOSPC;
        err_sys(err, "git: %.120s", what);
        return err_hint(err, "free some space there, then do it again");
    }
    err_set(err, ERR_STATE, "git: %s: %s", what, why);
    return strstr(why, "failed to lock")
               ? err_hint(err, "when no other git works in harness/, remove the .lock file there")
               : -ERR_STATE;
}

/* An admission names commits: they are on disk before it is, so that no failure of power leaves a
 * row that names what is gone. */
static void begin_library(void)
{
    git_libgit2_init();
    git_libgit2_opts(GIT_OPT_ENABLE_FSYNC_GITDIR, 1);
}

static void id_text(struct lineage_id *ret, const git_oid *oid)
{
    git_oid_tostr(ret->hex, sizeof ret->hex, oid);
}

struct lineage_id lineage_id_of(struct str hex)
{
    struct lineage_id id;
    snprintf(id.hex, sizeof id.hex, "%.*s", (int)hex.size, hex.at);
    return id;
}

static int id_oid(git_oid *ret, const struct lineage_id *id, struct err *err)
{
    return git_oid_fromstr(ret, id->hex) < 0
               ? err_set(err, ERR_INPUT, "not a commit: %.64s", id->hex)
               : 0;
}

static void commit_freep(git_commit **commit)
{
    git_commit_free(*commit);
}

static void tree_freep(git_tree **tree)
{
    git_tree_free(*tree);
}

static int find_commit(
    git_commit **ret, struct lineage *lineage, const struct lineage_id *id, struct err *err)
{
    git_oid oid;
    int rc = id_oid(&oid, id, err);
    if (rc < 0)
        return rc;
    if (git_commit_lookup(ret, lineage->repository, &oid) < 0)
        return err_set(err, ERR_MISSING, "no commit %.12s in harness/", id->hex);
    return 0;
}

/* The library takes some failed writes of objects for done. */
static int check_written(struct lineage *lineage, const git_oid *oid, struct err *err)
{
    git_odb *odb = NULL;
    if (git_repository_odb(&odb, lineage->repository) < 0)
        return git_fail(err, "objects");
    bool there = git_odb_exists(odb, oid);
    git_odb_free(odb);
    if (there)
        return 0;
    err_set(err, ERR_SYS, "git: the commit was not written");
    return err_hint(err, "look whether the disk of harness/ is full, then do it again");
}

static int make_commit(struct lineage *lineage, git_oid *ret, const git_tree *tree,
    const git_commit *parent, const char *message, uint64_t at_s, struct err *err)
{
    git_signature *signature;
    if (git_signature_new(&signature, "moult", "moult@localhost", (git_time_t)at_s, 0) < 0)
        return git_fail(err, "signature");
    const git_commit *parents[] = { parent };
    int rc = git_commit_create(ret, lineage->repository, NULL, signature, signature, NULL, message,
        tree, parent ? 1 : 0, parents);
    git_signature_free(signature);
    return rc < 0 ? git_fail(err, "commit") : check_written(lineage, ret, err);
}

static int set_reference(
    struct lineage *lineage, const char *name, const git_oid *oid, struct err *err)
{
    git_reference *reference = NULL;
    int rc = git_reference_create(&reference, lineage->repository, name, oid, 1, "moult");
    git_reference_free(reference);
    return rc < 0 ? git_fail(err, name) : 0;
}

static int set_generation(
    struct lineage *lineage, uint64_t generation, const git_oid *oid, struct err *err)
{
    char name[64];
    snprintf(name, sizeof name, "refs/moult/generations/%llu", (unsigned long long)generation);
    return set_reference(lineage, name, oid, err);
}

/* --- the first commit */

struct copying {
    git_repository *repository;
    git_index *index;
    unsigned files;
};

static int add_file(struct copying *copying, const char *path, const char *name, struct err *err)
{
    struct buf content = { 0 };
    FILE *file = fopen(path, "rbe");
    if (!file)
        return err_sys(err, "open %s", path);
    char chunk[16384];
    for (size_t n;
         (n = fread(chunk, 1, sizeof chunk, file)) > 0 && content.size <= LINEAGE_FILE_MAX;)
        buf_add(&content, chunk, n);
    fclose(file);
    int rc = 0;
    git_index_entry entry = { .mode = GIT_FILEMODE_BLOB, .path = name };
    if (content.size > LINEAGE_FILE_MAX || ++copying->files > LINEAGE_FILES_MAX)
        rc = err_set(err, ERR_LIMIT, "%s: a harness has at most %d files of at most %d bytes", path,
            LINEAGE_FILES_MAX, LINEAGE_FILE_MAX);
    else if (git_index_add_from_buffer(
                 copying->index, &entry, content.at ? content.at : "", content.size) < 0)
        rc = git_fail(err, name);
    buf_done(&content);
    return rc;
}

static int add_folder(
    struct copying *copying, const char *path, const char *prefix, unsigned depth, struct err *err);

static int add_entry(struct copying *copying, const char *folder, const char *prefix,
    const char *name, unsigned depth, struct err *err)
{
    struct stat st;
    CLEANUP(mem_freep) char *path = mem_format("%s/%s", folder, name);
    CLEANUP(mem_freep) char *inside = mem_format("%s%s", prefix, name);
    if (lstat(path, &st) < 0)
        return err_sys(err, "stat %s", path);
    if (S_ISREG(st.st_mode))
        return add_file(copying, path, inside, err);
    if (!S_ISDIR(st.st_mode))
        return err_set(err, ERR_DENIED, "%s is neither a file nor a folder", path);
    CLEANUP(mem_freep) char *deeper = mem_format("%s/", inside);
    return add_folder(copying, path, deeper, depth + 1, err);
}

static int add_folder(
    struct copying *copying, const char *path, const char *prefix, unsigned depth, struct err *err)
{
    enum { DEPTH_MAX = 8 };
    DIR *folder = depth < DEPTH_MAX ? opendir(path) : NULL;
    if (!folder)
        return depth < DEPTH_MAX ? err_sys(err, "open folder %s", path)
                                 : err_set(err, ERR_LIMIT, "%s is nested too deep", path);
    int rc = 0;
    for (struct dirent *entry; rc == 0 && (entry = readdir(folder));)
        if (entry->d_name[0] != '.')
            rc = add_entry(copying, path, prefix, entry->d_name, depth, err);
    closedir(folder);
    return rc;
}

static int check_out(struct lineage *lineage, const git_oid *oid, struct err *err)
{
    git_object *object = NULL;
    git_checkout_options options = GIT_CHECKOUT_OPTIONS_INIT;
    options.checkout_strategy = GIT_CHECKOUT_FORCE;
    int rc = git_object_lookup(&object, lineage->repository, oid, GIT_OBJECT_COMMIT);
    if (rc == 0)
        rc = git_checkout_tree(lineage->repository, object, &options);
    if (rc == 0)
        rc = git_repository_set_head_detached(lineage->repository, oid);
    git_object_free(object);
    return rc < 0 ? git_fail(err, "check out active") : 0;
}

static int first_commit(
    struct lineage *lineage, const char *from, uint64_t at_s, git_oid *ret, struct err *err)
{
    struct copying copying = { .repository = lineage->repository };
    if (git_repository_index(&copying.index, lineage->repository) < 0)
        return git_fail(err, "index");
    int rc = add_folder(&copying, from, "", 0, err);
    if (rc == 0 && copying.files == 0)
        rc = err_set(err, ERR_MISSING, "no files in %s", from);
    git_oid tree_id;
    CLEANUP(tree_freep) git_tree *tree = NULL;
    if (rc == 0 && (git_index_write_tree(&tree_id, copying.index) < 0 ||
                       git_tree_lookup(&tree, lineage->repository, &tree_id) < 0))
        rc = git_fail(err, "first tree");
    git_index_free(copying.index);
    return rc < 0 ? rc : make_commit(lineage, ret, tree, NULL, "init\n", at_s, err);
}

static int fill(struct lineage *lineage, const char *from, uint64_t at_s, struct lineage_id *ret,
    struct err *err)
{
    git_oid oid;
    int rc = first_commit(lineage, from, at_s, &oid, err);
    if (rc < 0 || (rc = set_reference(lineage, ACTIVE, &oid, err)) < 0 ||
        (rc = set_generation(lineage, 0, &oid, err)) < 0 ||
        (rc = check_out(lineage, &oid, err)) < 0)
        return rc;
    id_text(ret, &oid);
    return 0;
}

int lineage_create(
    const char *harness, const char *from, uint64_t at_s, struct lineage_id *ret, struct err *err)
{
    struct lineage lineage = { 0 };
    struct stat st;
    CLEANUP(mem_freep) char *dot_git = mem_format("%s/.git", harness);
    if (lstat(dot_git, &st) == 0)
        return err_set(err, ERR_STATE, "%s is a repository already", harness);
    git_repository_init_options options = GIT_REPOSITORY_INIT_OPTIONS_INIT;
    options.flags = GIT_REPOSITORY_INIT_MKPATH | GIT_REPOSITORY_INIT_NO_REINIT;
    options.initial_head = "active";
    begin_library();
    int rc = git_repository_init_ext(&lineage.repository, harness, &options) < 0
                 ? git_fail(err, "make the repository")
                 : fill(&lineage, from, at_s, ret, err);
    git_repository_free(lineage.repository);
    git_libgit2_shutdown();
    return rc;
}

int lineage_open(struct lineage **ret, const char *harness, struct err *err)
{
    struct lineage *lineage = mem_zero(1, sizeof *lineage);
    lineage->lock = -1;
    begin_library();
    /* No search upwards: a repository around the home is not its harness. */
    int rc = git_repository_open_ext(
                 &lineage->repository, harness, GIT_REPOSITORY_OPEN_NO_SEARCH, NULL) < 0
                 ? git_fail(err, "open harness/")
                 : unfinished_clear(git_repository_path(lineage->repository), &lineage->left, err);
    if (rc < 0) {
        lineage_free(lineage);
        return rc;
    }
    lineage->lock = rc;
    *ret = lineage;
    return 0;
}

void lineage_free(struct lineage *lineage)
{
    if (!lineage)
        return;
    git_repository_free(lineage->repository);
    git_libgit2_shutdown();
    fd_closep(&lineage->lock);
    free(lineage);
}

int lineage_active(struct lineage *lineage, struct lineage_id *ret, struct err *err)
{
    git_oid oid;
    if (git_reference_name_to_id(&oid, lineage->repository, ACTIVE) < 0)
        return git_fail(err, ACTIVE);
    id_text(ret, &oid);
    return 0;
}

/* --- reading */

static int blob_text(
    struct lineage *lineage, const git_oid *oid, struct buf *ret, const char *path, struct err *err)
{
    git_blob *blob = NULL;
    if (git_blob_lookup(&blob, lineage->repository, oid) < 0)
        return git_fail(err, path);
    git_object_size_t size = git_blob_rawsize(blob);
    int rc = size > LINEAGE_FILE_MAX ? err_set(err, ERR_LIMIT, "%s is too large", path) : 0;
    if (rc == 0)
        buf_add(ret, git_blob_rawcontent(blob), (size_t)size);
    git_blob_free(blob);
    return rc;
}

int lineage_file(struct lineage *lineage, const struct lineage_id *commit_id, const char *path,
    struct buf *ret, struct err *err)
{
    CLEANUP(commit_freep) git_commit *commit = NULL;
    CLEANUP(tree_freep) git_tree *tree = NULL;
    git_tree_entry *entry = NULL;
    int rc = find_commit(&commit, lineage, commit_id, err);
    if (rc < 0)
        return rc;
    if (git_commit_tree(&tree, commit) < 0)
        return git_fail(err, "tree");
    if (git_tree_entry_bypath(&entry, tree, path) < 0)
        return err_set(err, ERR_MISSING, "no file %s in commit %.12s", path, commit_id->hex);
    rc = git_tree_entry_type(entry) == GIT_OBJECT_BLOB
             ? blob_text(lineage, git_tree_entry_id(entry), ret, path, err)
             : err_set(err, ERR_INPUT, "%s is not a file", path);
    git_tree_entry_free(entry);
    return rc;
}

struct walking {
    struct lineage *lineage;
    lineage_each each;
    void *with;
    struct err *err;
    int rc;
    unsigned files;
};

static int walk_entry(const char *root, const git_tree_entry *entry, void *payload)
{
    struct walking *walking = payload;
    if (git_tree_entry_type(entry) != GIT_OBJECT_BLOB)
        return 0;
    CLEANUP(mem_freep) char *path = mem_format("%s%s", root, git_tree_entry_name(entry));
    CLEANUP(buf_done) struct buf content = { 0 };
    walking->rc =
        ++walking->files > LINEAGE_FILES_MAX
            ? err_set(walking->err, ERR_LIMIT, "too many files in harness/")
            : blob_text(walking->lineage, git_tree_entry_id(entry), &content, path, walking->err);
    if (walking->rc == 0)
        walking->rc = walking->each(walking->with, path, buf_view(&content), walking->err);
    return walking->rc < 0 ? -1 : 0;
}

int lineage_files(struct lineage *lineage, const struct lineage_id *commit_id, lineage_each each,
    void *with, struct err *err)
{
    CLEANUP(commit_freep) git_commit *commit = NULL;
    CLEANUP(tree_freep) git_tree *tree = NULL;
    int rc = find_commit(&commit, lineage, commit_id, err);
    if (rc < 0)
        return rc;
    if (git_commit_tree(&tree, commit) < 0)
        return git_fail(err, "tree");
    struct walking walking = { lineage, each, with, err, 0, 0 };
    if (git_tree_walk(tree, GIT_TREEWALK_PRE, walk_entry, &walking) < 0 && walking.rc == 0)
        return git_fail(err, "walk");
    return walking.rc;
}

/* --- candidates and promotions */

static bool hex_name(const char *id)
{
    size_t size = strlen(id);
    return size > 0 && size <= 64 && strspn(id, "0123456789abcdef") == size;
}

static int replace_file(struct lineage *lineage, const git_commit *parent, const char *path,
    struct str content, git_tree **ret, struct err *err)
{
    CLEANUP(tree_freep) git_tree *base = NULL;
    git_oid blob, tree;
    git_tree_update update = {
        .action = GIT_TREE_UPDATE_UPSERT, .filemode = GIT_FILEMODE_BLOB, .path = path
    };
    if (git_commit_tree(&base, parent) < 0 ||
        git_blob_create_from_buffer(&blob, lineage->repository, content.at, content.size) < 0)
        return git_fail(err, path);
    update.id = blob;
    if (git_tree_create_updated(&tree, lineage->repository, base, 1, &update) < 0 ||
        git_tree_lookup(ret, lineage->repository, &tree) < 0)
        return git_fail(err, path);
    return 0;
}

int lineage_candidate(struct lineage *lineage, const char *id, const struct lineage_id *parent_id,
    const char *path, struct str content, uint64_t at_s, struct lineage_id *ret, struct err *err)
{
    CLEANUP(commit_freep) git_commit *parent = NULL;
    CLEANUP(tree_freep) git_tree *tree = NULL;
    git_oid oid;
    char name[128];
    if (!hex_name(id))
        return err_set(err, ERR_INPUT, "a candidate's id has hex digits only");
    int rc = find_commit(&parent, lineage, parent_id, err);
    if (rc < 0 || (rc = replace_file(lineage, parent, path, content, &tree, err)) < 0)
        return rc;
    CLEANUP(mem_freep) char *message = mem_format("candidate %s\n", id);
    snprintf(name, sizeof name, "refs/moult/candidates/%s", id);
    if ((rc = make_commit(lineage, &oid, tree, parent, message, at_s, err)) < 0 ||
        (rc = set_reference(lineage, name, &oid, err)) < 0)
        return rc;
    id_text(ret, &oid);
    return 0;
}

static int trailer_text(
    struct buf *out, const struct lineage_trailer *trailers, unsigned count, struct err *err)
{
    static const char *const names[] = { "Candidate", "Batch", "Build", "Report", "Approval",
        "Mandate", "Admission" };
    for (unsigned i = 0; i < count; i++) {
        char hex[DIGEST_HEX];
        bool known = false;
        for (size_t n = 0; n < COUNT_OF(names); n++)
            known |= strcmp(trailers[i].name, names[n]) == 0;
        if (!known)
            return err_set(err, ERR_DEFECT, "no trailer is named %s", trailers[i].name);
        buf_format(out, "%s: sha256:%s\n", trailers[i].name, hash_hex(hex, &trailers[i].digest));
    }
    return 0;
}

/* Moves active only if it still is what the caller saw. */
static int swap_active(
    struct lineage *lineage, const git_oid *from, const git_oid *to, struct err *err)
{
    git_reference *reference = NULL;
    int rc = git_reference_create_matching(
        &reference, lineage->repository, ACTIVE, to, 1, from, "moult");
    git_reference_free(reference);
    if (rc == GIT_EMODIFIED)
        return err_set(err, ERR_STATE, "active has moved meanwhile");
    return rc < 0 ? git_fail(err, ACTIVE) : 0;
}

static bool work_tree_clean(struct lineage *lineage)
{
    git_status_list *list = NULL;
    git_status_options options = GIT_STATUS_OPTIONS_INIT;
    if (git_status_list_new(&list, lineage->repository, &options) < 0)
        return false;
    bool clean = git_status_list_entrycount(list) == 0;
    git_status_list_free(list);
    return clean;
}

int lineage_commit(struct lineage *lineage, const struct lineage_step *step, struct lineage_id *ret,
    struct err *err)
{
    CLEANUP(commit_freep) git_commit *parent = NULL;
    CLEANUP(commit_freep) git_commit *source = NULL;
    CLEANUP(tree_freep) git_tree *tree = NULL;
    CLEANUP(buf_done) struct buf message = { 0 };
    git_oid oid;
    buf_format(&message, "%s: generation %llu\n\n",
        step->kind == LINEAGE_PROMOTION ? "promote" : "roll back",
        (unsigned long long)step->generation);
    int rc = trailer_text(&message, step->trailers, step->trailers_count, err);
    if (rc < 0 || (rc = find_commit(&parent, lineage, step->active, err)) < 0 ||
        (rc = find_commit(&source, lineage, step->tree_of, err)) < 0)
        return rc;
    if (step->path)
        rc = replace_file(lineage, source, step->path, step->content, &tree, err);
    else if (git_commit_tree(&tree, source) < 0)
        rc = git_fail(err, "tree");
    if (rc < 0 || (rc = make_commit(lineage, &oid, tree, parent, message.at, step->at_s, err)) < 0)
        return rc;
    id_text(ret, &oid);
    return 0;
}

/* All of what follows an admission; the mark stays when it fails, so that it is done again. */
static int follow(struct lineage *lineage, const git_oid *from, const git_oid *to,
    uint64_t generation, bool clean, struct err *err)
{
    int rc = unfinished_begin(lineage->lock, clean, err);
    if (rc < 0 ||
        (rc = from ? swap_active(lineage, from, to, err)
                   : set_reference(lineage, ACTIVE, to, err)) < 0 ||
        (rc = set_generation(lineage, generation, to, err)) < 0 ||
        (clean && (rc = check_out(lineage, to, err)) < 0))
        return rc;
    unfinished_end(lineage->lock);
    lineage->left = UNFINISHED_NOTHING;
    return 0;
}

int lineage_move(struct lineage *lineage, const struct lineage_id *from,
    const struct lineage_id *to, uint64_t generation, struct err *err)
{
    git_oid old, new;
    int rc = id_oid(&old, from, err);
    if (rc < 0 || (rc = id_oid(&new, to, err)) < 0)
        return rc;
    return follow(lineage, &old, &new, generation, work_tree_clean(lineage), err);
}

bool lineage_unfinished(const struct lineage *lineage)
{
    return lineage->left != UNFINISHED_NOTHING;
}

int lineage_repair(
    struct lineage *lineage, const struct lineage_id *commit, uint64_t generation, struct err *err)
{
    CLEANUP(commit_freep) git_commit *found = NULL;
    /* Half a check out of a clean tree is not the work of a person. */
    bool clean = lineage->left == UNFINISHED_CLEAN || work_tree_clean(lineage);
    int rc = find_commit(&found, lineage, commit, err);
    return rc < 0 ? rc : follow(lineage, NULL, git_commit_id(found), generation, clean, err);
}

/* --- differences */

static int add_line(
    const git_diff_delta *delta, const git_diff_hunk *hunk, const git_diff_line *line, void *out)
{
    (void)delta, (void)hunk;
    if (line->origin == GIT_DIFF_LINE_CONTEXT || line->origin == GIT_DIFF_LINE_ADDITION ||
        line->origin == GIT_DIFF_LINE_DELETION)
        buf_char(out, line->origin);
    buf_add(out, line->content, line->content_len);
    return 0;
}

int lineage_diff(struct lineage *lineage, const struct lineage_id *from,
    const struct lineage_id *to, struct buf *out, struct err *err)
{
    CLEANUP(commit_freep) git_commit *old = NULL;
    CLEANUP(commit_freep) git_commit *new = NULL;
    CLEANUP(tree_freep) git_tree *old_tree = NULL;
    CLEANUP(tree_freep) git_tree *new_tree = NULL;
    git_diff *diff = NULL;
    int rc = find_commit(&old, lineage, from, err);
    if (rc < 0 || (rc = find_commit(&new, lineage, to, err)) < 0)
        return rc;
    if (git_commit_tree(&old_tree, old) < 0 || git_commit_tree(&new_tree, new) < 0 ||
        git_diff_tree_to_tree(&diff, lineage->repository, old_tree, new_tree, NULL) < 0)
        return git_fail(err, "diff");
    rc = git_diff_print(diff, GIT_DIFF_FORMAT_PATCH, add_line, out) < 0 ? git_fail(err, "diff") : 0;
    git_diff_free(diff);
    return rc;
}

/* Each file that a patch names, old and new, must be the one that it may change. */
static int check_paths(const git_diff *diff, const char *path, struct err *err)
{
    size_t count = git_diff_num_deltas(diff);
    if (count == 0) {
        err_set(err, ERR_INPUT, "the patch changes nothing");
        return err_hint(err, "git diff in harness/ makes one");
    }
    for (size_t i = 0; i < count; i++) {
        const git_diff_delta *delta = git_diff_get_delta(diff, i);
        const char *names[] = { delta->old_file.path, delta->new_file.path };
        for (size_t n = 0; n < COUNT_OF(names); n++)
            if (delta->status != GIT_DELTA_MODIFIED || strcmp(names[n], path) != 0) {
                err_set(err, ERR_DENIED, "the patch changes more than the plugin's file");
                err_where(err, "%.100s", names[n]);
                return err_hint(err, "it may change %s and nothing else", path);
            }
    }
    return 0;
}

static int apply_diff(struct lineage *lineage, git_commit *commit, git_diff *diff, const char *path,
    struct buf *ret, struct err *err)
{
    CLEANUP(tree_freep) git_tree *tree = NULL;
    git_index *index = NULL;
    int rc = check_paths(diff, path, err);
    if (rc < 0)
        return rc;
    if (git_commit_tree(&tree, commit) < 0)
        return git_fail(err, "tree");
    if (git_apply_to_tree(&index, lineage->repository, tree, diff, NULL) < 0) {
        const git_error *error = git_error_last();
        err_set(err, ERR_INPUT, "the patch does not fit the active source: %s",
            error ? error->message : "unknown");
        return err_hint(err, "make it against harness/%s as it is at active", path);
    }
    const git_index_entry *entry = git_index_get_bypath(index, path, 0);
    rc = entry ? blob_text(lineage, &entry->id, ret, path, err)
               : err_set(err, ERR_DENIED, "the patch removes %s", path);
    git_index_free(index);
    return rc;
}

/* The library wants git's header line, which diff -u does not write. A patch of several files
 * without it stays refused. */
static void with_header(struct buf *out, struct str patch, const char *path)
{
    if (str_starts(patch, STR("--- ")))
        buf_format(out, "diff --git a/%s b/%s\n", path, path);
    buf_str(out, patch);
}

int lineage_apply(struct lineage *lineage, const struct lineage_id *to, struct str patch,
    const char *path, struct buf *ret, struct err *err)
{
    CLEANUP(commit_freep) git_commit *commit = NULL;
    CLEANUP(buf_done) struct buf text = { 0 };
    git_diff *diff = NULL;
    int rc = find_commit(&commit, lineage, to, err);
    if (rc < 0)
        return rc;
    with_header(&text, patch, path);
    if (git_diff_from_buffer(&diff, text.at ? text.at : "", text.size) < 0) {
        const git_error *error = git_error_last();
        err_set(err, ERR_INPUT, "not a unified diff: %s", error ? error->message : "unknown");
        return err_hint(err, "git diff in harness/ makes one");
    }
    rc = apply_diff(lineage, commit, diff, path, ret, err);
    git_diff_free(diff);
    return rc;
}

/* --- who made each line */

int lineage_blame(struct lineage *lineage, const struct lineage_id *at, const char *path,
    lineage_lines each, void *with, struct err *err)
{
    git_blame *blame = NULL;
    git_blame_options options = GIT_BLAME_OPTIONS_INIT;
    int rc = id_oid(&options.newest_commit, at, err);
    if (rc < 0)
        return rc;
    if (git_blame_file(&blame, lineage->repository, path, &options) < 0)
        return git_fail(err, path);
    for (uint32_t i = 0; rc >= 0 && i < git_blame_get_hunk_count(blame); i++) {
        const git_blame_hunk *hunk = git_blame_get_hunk_byindex(blame, i);
        struct lineage_id commit;
        id_text(&commit, &hunk->final_commit_id);
        rc = each(with, (uint32_t)hunk->final_start_line_number, (uint32_t)hunk->lines_in_hunk,
            &commit, err);
    }
    git_blame_free(blame);
    return rc < 0 ? rc : 0;
}
