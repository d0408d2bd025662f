#include "vector_runner.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static int is_json(const struct dirent *entry)
{
    const char *end = strrchr(entry->d_name, '.');
    return end && strcmp(end, ".json") == 0;
}

static void run_folder(const char *path, void (*run_file)(const char *path, struct tally *tally), struct tally *tally)
{
    struct dirent **entries = NULL;
    int count = scandir(path, &entries, is_json, alphasort);
    for (int i = 0; i < count; i++) {
        char child[4096];
        snprintf(child, sizeof child, "%s/%s", path, entries[i]->d_name);
        run_file(child, tally);
        free(entries[i]);
    }
    free(entries);
    if (count <= 0) {
        fprintf(stderr, "%s: no .json file\n", path);
        tally->failed++;
    }
}

int vector_runner(int argc, char **argv, void (*run_file)(const char *path, struct tally *tally))
{
    struct tally tally = {0};
    if (argc < 2) {
        fprintf(stderr, "usage: %s PATH...\n", argc > 0 ? argv[0] : "vectors");
        return 2;
    }
    for (int i = 1; i < argc; i++) {
        struct stat info;
        if (stat(argv[i], &info) == 0 && S_ISDIR(info.st_mode))
            run_folder(argv[i], run_file, &tally);
        else
            run_file(argv[i], &tally);
    }
    printf("%zu passed, %zu failed\n", tally.passed, tally.failed);
    return tally.failed == 0 && tally.passed > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
