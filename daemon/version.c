#include "daemon/version.h"

#include <link.h>
#include <pthread.h>
#include <string.h>

#include "daemon/text.h"

static char build_id[129] = "unknown";
static pthread_once_t once = PTHREAD_ONCE_INIT;

const char *daemon_version(void)
{
    return SOTTO_VERSION;
}

/* Reads the notes of one segment; ELF notes are in the machine's byte order. */
static void read_notes(const uint8_t *data, size_t len)
{
    size_t at = 0;
    while (len - at >= sizeof(ElfW(Nhdr))) {
        ElfW(Nhdr) note;
        memcpy(&note, data + at, sizeof(note));
        at += sizeof(note);
        size_t name = ((size_t)note.n_namesz + 3) & ~(size_t)3;
        size_t desc = ((size_t)note.n_descsz + 3) & ~(size_t)3;
        if (name > len - at || desc > len - at - name)
            return;
        if (note.n_type == NT_GNU_BUILD_ID && note.n_namesz == 4 && memcmp(data + at, "GNU", 4) == 0 &&
            note.n_descsz <= 64) {
            struct text_writer w;
            text_writer_init(&w, build_id, sizeof(build_id));
            for (size_t i = 0; i < note.n_descsz; i++)
                text_printf(&w, "%02x", data[at + name + i]);
            return;
        }
        at += name + desc;
    }
}

/* The first object is the program itself. */
static int visit(struct dl_phdr_info *info, size_t size, void *user)
{
    (void)size;
    (void)user;
    for (size_t i = 0; i < info->dlpi_phnum; i++) {
        if (info->dlpi_phdr[i].p_type == PT_NOTE) {
            const void *notes = (const void *)(uintptr_t)(info->dlpi_addr + info->dlpi_phdr[i].p_vaddr);
            read_notes(notes, info->dlpi_phdr[i].p_memsz);
        }
    }
    return 1;
}

static void find_build_id(void)
{
    dl_iterate_phdr(visit, NULL);
}

const char *daemon_build_id(void)
{
    pthread_once(&once, find_build_id);
    return build_id;
}
