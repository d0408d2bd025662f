#include "home.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "unit.h"

void home_make(char folder[HOME_MAX])
{
    snprintf(folder, HOME_MAX, "/tmp/sotto-home-XXXXXX");
    CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(folder));
}

void home_remove(const char *folder)
{
    static const char *const files[] = {"pins", "lock", "lock-rooms", ".lock"};
    char path[HOME_MAX + 16];
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        snprintf(path, sizeof path, "%s/%s", folder, files[i]);
        unlink(path);
    }
    rmdir(folder);
}
