/* The folder in which an identity is kept, each thing in a file of its own:
 *
 *   root.key      the root, on the one device that has it     device.key    this device's key
 *   certificate   this device's; without it there is no identity here       revocations   the root's last list
 *   devices       the certificates that the root gave to devices            pins          whom the user knows
 *   room-ROOM     the highest epoch of a room seen here       state-ROOM    sealed: the way back into a call of it
 *
 * Files are replaced whole: a crash leaves the old one or the new one. Who opens the folder has it alone, but for what
 * is a room's, which has a lock of its own. What goes wrong is told on standard error. */
#ifndef ID_STORE_H
#define ID_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { ID_PATH_MAX = 4096, ID_STORE_FILE_MAX = 2 << 20 };

struct id_store {
    char folder[ID_PATH_MAX];
    int lock; /* -1: it is not ours alone */
};

enum id_read { ID_READ_OK, ID_READ_ABSENT, ID_READ_FAILED };

/* folder NULL: $SOTTO_HOME, or sotto in the user's data folder. Makes the folder if it is missing. It may be read then,
 * each file as it was at some moment; who asks somebody for something does so here, and reads anew once it is locked.
 */
bool id_store_find(struct id_store *store, const char *folder);
/* Waits for others who have it. Nobody has it for as long as a person takes for anything. */
bool id_store_lock(struct id_store *store);
/* Both at once. */
bool id_store_open(struct id_store *store, const char *folder);
/* Without waiting: false, and nothing said, if another has it. */
bool id_store_try(struct id_store *store, const char *folder);
/* To write room-ROOM and state-ROOM, which no other program touches than calls, each for as long as a write takes. */
bool id_store_open_rooms(struct id_store *store, const char *folder);
void id_store_close(struct id_store *store);

/* out[0..cap) gets the file. A key file that others than its user may read or write is refused. */
enum id_read id_store_read(const struct id_store *store, const char *name, uint8_t *out, size_t cap, size_t *len);
bool id_store_write(const struct id_store *store, const char *name, const uint8_t *data, size_t len);
/* True if it was not there, too. */
bool id_store_remove(const struct id_store *store, const char *name);

/* The same for a file elsewhere. Written with permissions for its user alone. */
enum id_read id_file_read(const char *path, uint8_t *out, size_t cap, size_t *len);
bool id_file_write(const char *path, const uint8_t *data, size_t len);

#endif
