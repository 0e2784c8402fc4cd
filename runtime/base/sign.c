/* sign - ed25519 keys in files and detached signatures.
 * A key file is one line, a word that says what it is and base64, so that the two kinds cannot be
 * mixed up and a person can read a public key aloud. */
#include "base/sign.h"

#include "base/fd.h"
#include "base/file.h"
#include "base/mem.h"

#include <fcntl.h>
#include <sodium.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { KEY_BYTES = 32, KEY_FILE_MAX = 256 };

static const char secret_word[] = "moult-ed25519-secret ";
static const char public_word[] = "moult-ed25519 ";

_Static_assert(sizeof(((struct sign_key *)0)->at) == crypto_sign_SECRETKEYBYTES, "secret key");
_Static_assert(sizeof(((struct sign_public *)0)->at) == crypto_sign_PUBLICKEYBYTES, "public key");
_Static_assert(KEY_BYTES == crypto_sign_SEEDBYTES, "seed");

/* libsodium counts itself: a second call does nothing. */
static int ready(struct err *err)
{
    return sodium_init() < 0 ? err_set(err, ERR_LACKS, "libsodium finds no source of chance") : 0;
}

static void wipe_buf(struct buf *buf)
{
    if (buf->at)
        sodium_memzero(buf->at, buf->room);
    buf_done(buf);
}

static void wipe_seed(uint8_t (*seed)[KEY_BYTES])
{
    sodium_memzero(*seed, sizeof(*seed));
}

/* "WORD base64\n" into out. */
static void print_key(char out[KEY_FILE_MAX], const char *word, const uint8_t bytes[KEY_BYTES])
{
    size_t size = strlen(word);
    memcpy(out, word, size);
    sodium_bin2base64(
        out + size, KEY_FILE_MAX - size - 1, bytes, KEY_BYTES, sodium_base64_VARIANT_ORIGINAL);
    strcat(out, "\n");
}

static int parse_key(uint8_t ret[KEY_BYTES], struct str text, const char *word, struct err *err)
{
    struct str line = str_trim(text), head = str_of(word);
    if (!str_starts(line, head))
        return err_set(err, ERR_INPUT, "does not begin with \"%s\"", word);
    size_t size = 0;
    const char *end = NULL;
    if (sodium_base642bin(ret, KEY_BYTES, line.at + head.size, line.size - head.size, NULL, &size,
            &end, sodium_base64_VARIANT_ORIGINAL) < 0 ||
        size != KEY_BYTES || end != line.at + line.size)
        return err_set(err, ERR_INPUT, "is not base64 of 32 bytes");
    return 0;
}

int sign_create(const char *path, struct sign_public *ret_public, struct err *err)
{
    CLEANUP(wipe_seed) uint8_t seed[KEY_BYTES];
    CLEANUP(sign_key_wipe) struct sign_key key;
    struct sign_public public;
    char text[KEY_FILE_MAX];
    if (ready(err) < 0)
        return -ERR_LACKS;
    CLEANUP(mem_freep) char *public_path = mem_format("%s.pub", path);
    if (file_exists(path) || file_exists(public_path))
        return err_set(err, ERR_STATE, "%s or %s exists already", path, public_path);
    randombytes_buf(seed, sizeof(seed));
    crypto_sign_seed_keypair(public.at, key.at, seed);
    print_key(text, secret_word, seed);
    int rc = file_create(path, str_of(text), 0600, err);
    sodium_memzero(text, sizeof(text));
    if (rc < 0)
        return rc;
    print_key(text, public_word, public.at);
    rc = file_create(public_path, str_of(text), 0644, err);
    if (rc < 0) {
        unlink(path);
        return rc;
    }
    *ret_public = public;
    return 0;
}

int sign_load(const char *path, struct sign_key *ret, struct err *err)
{
    struct stat st;
    struct sign_public public;
    CLEANUP(wipe_seed) uint8_t seed[KEY_BYTES];
    CLEANUP(wipe_buf) struct buf text = { 0 };
    if (ready(err) < 0)
        return -ERR_LACKS;
    CLEANUP(fd_closep) int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 && !file_exists(path))
        return err_set(err, ERR_MISSING, "key %s does not exist", path);
    if (fd < 0 || fstat(fd, &st) < 0)
        return err_sys(err, "open key %s", path);
    if (st.st_mode & 077) {
        err_set(err, ERR_DENIED, "key %s may be read by others", path);
        return err_hint(err, "chmod 600 %s", path);
    }
    if (read_to_end(fd, &text, KEY_FILE_MAX, err) < 0 ||
        parse_key(seed, buf_view(&text), secret_word, err) < 0)
        return err_while(err, "key %s", path);
    crypto_sign_seed_keypair(public.at, ret->at, seed);
    return 0;
}

int sign_load_public(const char *path, struct sign_public *ret, struct err *err)
{
    CLEANUP(buf_done) struct buf text = { 0 };
    struct sign_public public;
    int rc = file_read(path, &text, KEY_FILE_MAX, err);
    if (rc < 0)
        return rc;
    if (parse_key(public.at, buf_view(&text), public_word, err) < 0)
        return err_while(err, "key %s", path);
    *ret = public;
    return 0;
}

void sign_key_wipe(struct sign_key *key)
{
    sodium_memzero(key, sizeof(*key));
}

void sign_public_of(const struct sign_key *key, struct sign_public *ret)
{
    crypto_sign_ed25519_sk_to_pk(ret->at, key->at);
}

struct digest sign_id(const struct sign_public *key)
{
    return hash_of((struct str){ (const char *)key->at, sizeof(key->at) });
}

void sign_make(const struct sign_key *key, struct str data, uint8_t ret_signature[64])
{
    crypto_sign_detached(ret_signature, NULL, (const void *)data.at, data.size, key->at);
}

int sign_check(
    const struct sign_public *key, struct str data, const uint8_t signature[64], struct err *err)
{
    if (ready(err) < 0)
        return -ERR_LACKS;
    if (crypto_sign_verify_detached(signature, (const void *)data.at, data.size, key->at) < 0)
        return err_set(err, ERR_VERIFY, "the signature does not hold");
    return 0;
}
