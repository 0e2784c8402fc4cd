/* driver - runs a fuzz target over its corpus as an ordinary test, and over every prefix of each
 * small file and single-bit changes of its first bytes: most parsers break at a cut, not at noise.
 * So a longer file has one bit of each byte changed, each bit in its turn. */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { FILE_MAX = 4 << 20, PREFIX_MAX = 2048, FLIP_MAX = 512, EVERY_BIT_MAX = 256 };

/* A copy of exactly `size` bytes, so that a sanitizer sees every read behind the end. */
static void run(const uint8_t *data, size_t size)
{
    uint8_t *copy = malloc(size ? size : 1);
    if (!copy)
        abort();
    memcpy(copy, data, size);
    LLVMFuzzerTestOneInput(copy, size);
    free(copy);
}

static void run_variants(uint8_t *data, size_t size)
{
    run(data, size);
    for (size_t n = 0; n < size && n < PREFIX_MAX; n++)
        run(data, n);
    for (size_t i = 0; i < size && i < FLIP_MAX; i++)
        for (unsigned bit = 0; bit < 8; bit++) {
            if (size > EVERY_BIT_MAX && bit != i % 8)
                continue;
            data[i] ^= (uint8_t)(1 << bit);
            run(data, size);
            data[i] ^= (uint8_t)(1 << bit);
        }
}

int main(int argc, char **argv)
{
    static uint8_t data[FILE_MAX];
    DIR *folder = argc == 2 ? opendir(argv[1]) : NULL;
    if (!folder) {
        fprintf(stderr, "usage: %s CORPUS-FOLDER\n", argv[0]);
        return 2;
    }
    unsigned files = 0;
    for (struct dirent *entry; (entry = readdir(folder));) {
        char path[4096];
        snprintf(path, sizeof path, "%s/%s", argv[1], entry->d_name);
        FILE *file = entry->d_name[0] == '.' ? NULL : fopen(path, "rb");
        if (!file)
            continue;
        size_t size = fread(data, 1, sizeof data, file);
        fclose(file);
        run_variants(data, size);
        files++;
    }
    closedir(folder);
    printf("%u files\n", files);
    return files == 0; /* an empty corpus is no pass */
}
