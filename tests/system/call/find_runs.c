/* find_runs NEEDLES HAYSTACK: does any run of 16 bytes, with 8 or more distinct values, of any needle stand in the
 * haystack? NEEDLES holds 4-byte lengths (big-endian) and bytes. Prints "needles N runs N hits N": needles of which a
 * run can be looked for, runs looked for, and places in the haystack where one stands. Exit code 0 unless a file cannot
 * be read. */
#include <arpa/inet.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum { RUN = 16, DISTINCT_MIN = 8, FILTER_BITS = 26 };

struct bytes {
    const uint8_t *data;
    size_t len;
};

/* Open addressing: pointers to runs, by a hash of them; and a bit for each hash, small enough for the cache, that
 * spares most look-ups. */
struct table {
    const uint8_t **slots;
    size_t mask;
    uint8_t *filter;
};

/* Maps a file; a core image may be larger than memory. */
static bool map_file(const char *path, struct bytes *out)
{
    struct stat st;
    void *data = MAP_FAILED;
    int file = open(path, O_RDONLY | O_CLOEXEC);

    if (file >= 0 && fstat(file, &st) == 0 && st.st_size > 0)
        data = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, file, 0);
    if (data == MAP_FAILED)
        perror(path);
    else
        *out = (struct bytes){data, (size_t)st.st_size};
    if (file >= 0)
        close(file);
    return data != MAP_FAILED;
}

static bool is_varied(const uint8_t *run)
{
    bool seen[256] = {false};
    int distinct = 0;

    for (int i = 0; i < RUN; i++) {
        distinct += !seen[run[i]];
        seen[run[i]] = true;
    }
    return distinct >= DISTINCT_MIN;
}

static size_t hash(const uint8_t *run)
{
    uint64_t a, b;

    memcpy(&a, run, sizeof(a));
    memcpy(&b, run + sizeof(a), sizeof(b));
    a = (a ^ b * UINT64_C(0x9e3779b97f4a7c15)) * UINT64_C(0xff51afd7ed558ccd);
    return (size_t)(a ^ a >> 32);
}

static bool is_zero(const uint8_t *run)
{
    uint64_t a, b;

    memcpy(&a, run, sizeof(a));
    memcpy(&b, run + sizeof(a), sizeof(b));
    return (a | b) == 0;
}

static uint8_t *filter_byte(const struct table *table, size_t hashed, uint8_t *bit)
{
    hashed &= ((size_t)1 << FILTER_BITS) - 1;
    *bit = (uint8_t)(1 << (hashed & 7));
    return &table->filter[hashed >> 3];
}

/* The slot of this run, or the free one where it belongs. */
static const uint8_t **find(const struct table *table, const uint8_t *run)
{
    size_t i = hash(run) & table->mask;

    while (table->slots[i] != NULL && memcmp(table->slots[i], run, RUN) != 0)
        i = (i + 1) & table->mask;
    return &table->slots[i];
}

/* Enters all runs of all needles; returns the number of needles that had any. */
static size_t enter(struct table *table, const struct bytes *needles, size_t *runs)
{
    size_t pos = 0, used = 0;

    while (pos + sizeof(uint32_t) <= needles->len) {
        uint32_t len;
        size_t before = *runs;

        memcpy(&len, needles->data + pos, sizeof(len));
        len = ntohl(len);
        pos += sizeof(len);
        if (len > needles->len - pos)
            break;
        for (size_t i = 0; i + RUN <= len; i++) {
            const uint8_t *run = needles->data + pos + i;
            const uint8_t **slot;
            uint8_t bit;
            if (!is_varied(run))
                continue;
            slot = find(table, run);
            *runs += *slot == NULL;
            *slot = run;
            *filter_byte(table, hash(run), &bit) |= bit;
        }
        used += *runs > before;
        pos += len;
    }
    return used;
}

static bool contains(const struct table *table, const uint8_t *run)
{
    uint8_t bit;

    return !is_zero(run) && (*filter_byte(table, hash(run), &bit) & bit) != 0 && *find(table, run) != NULL;
}

int main(int argc, char **argv)
{
    struct bytes needles, haystack;
    struct table table = {0};
    size_t runs = 0, hits = 0, used, size = 1024;

    if (argc != 3 || !map_file(argv[1], &needles) || !map_file(argv[2], &haystack))
        return 2;
    while (size < needles.len * 2)
        size *= 2;
    table.mask = size - 1;
    table.slots = calloc(size, sizeof(*table.slots));
    table.filter = calloc((size_t)1 << (FILTER_BITS - 3), 1);
    if (table.slots == NULL || table.filter == NULL) {
        free(table.slots);
        free(table.filter);
        return 2;
    }
    used = enter(&table, &needles, &runs);
    for (size_t i = 0; i + RUN <= haystack.len; i++)
        hits += contains(&table, haystack.data + i);
    printf("needles %zu runs %zu hits %zu\n", used, runs, hits);
    free(table.slots);
    free(table.filter);
    return 0;
}
