#include "fence.h"

#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { FENCES_MAX = 128, TEXT_MAX = 200 };

struct fence {
    const char *name;
    uint8_t *room;
    size_t len; /* whole pages */
};

static struct fence fences[FENCES_MAX];
static size_t fence_count;
static char trying[TEXT_MAX] = "nothing yet";

static size_t page_len(void)
{
    return (size_t)sysconf(_SC_PAGESIZE);
}

static void say(const char *text)
{
    if (write(STDERR_FILENO, text, strlen(text)) < 0)
        return; /* nobody listens */
}

/* Says what happened, and lets it happen again without this handler: the program ends as if there were none. */
static void on_touch(int signal_number, siginfo_t *info, void *context)
{
    const uintptr_t at = (uintptr_t)info->si_addr;
    (void)context;
    say("\nwhile trying ");
    say(trying);
    for (size_t i = 0; i < fence_count; i++) {
        const uintptr_t room = (uintptr_t)fences[i].room;
        const bool before = at < room && room - at <= page_len();
        const bool after = at >= room + fences[i].len && at - room - fences[i].len < page_len();
        if (before || after) {
            say(before ? ": touched what stands before " : ": touched what stands after ");
            say(fences[i].name);
        }
    }
    say("\n");
    signal(signal_number, SIG_DFL);
}

static void must(bool condition, const char *what)
{
    if (condition)
        return;
    fprintf(stderr, "fence: %s\n", what);
    exit(EXIT_FAILURE);
}

const struct fence *fence_new(const char *name, size_t cap)
{
    const size_t page = page_len();
    const size_t len = (cap + page - 1) / page * page;
    struct sigaction action = {.sa_flags = SA_SIGINFO};
    must(fence_count < FENCES_MAX, "too many");
    uint8_t *pages = mmap(NULL, page + len + page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    must(pages != MAP_FAILED && mprotect(pages + page, len, PROT_READ | PROT_WRITE) == 0, "no memory");
    action.sa_sigaction = on_touch;
    must(sigaction(SIGSEGV, &action, NULL) == 0, "no handler");
    struct fence *fence = &fences[fence_count++];
    *fence = (struct fence){name, pages + page, len};
    return fence;
}

uint8_t *fence_room(const struct fence *fence, enum fence_side side, size_t len)
{
    must(len <= fence->len, "more than there is room for");
    return side == FENCE_BEFORE ? fence->room : fence->room + fence->len - len;
}

void fence_try(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(trying, sizeof trying, format, args);
    va_end(args);
}
