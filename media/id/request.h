/* What `sotto id` was asked for, and what its commands share. Each command returns the exit code. */
#ifndef ID_REQUEST_H
#define ID_REQUEST_H

#include "id/self.h"

struct id_request {
    struct id_store store; /* found: a command locks it when it has asked what it has to */
    uint64_t now_s;
    const char *word; /* what stands behind the command; NULL: nothing */
    const char *home;
    const char *name;
    const char *device;
    const char *certificate;
    const char *listen;
    const char *relay;
    const char *token; /* for the delivery service; NULL: none */
    const char *connect;
    const char *code;
    const char *add;
    const char *rename;
    const char *replace;
    const char *forget;
    struct id_passphrase_source passphrase;
    struct id_passphrase_source export_passphrase;
    bool yes;
};

int id_new(struct id_request *request);
int id_show(struct id_request *request);
int id_renew(struct id_request *request);
int id_export(struct id_request *request);
int id_import(struct id_request *request);
int id_add_device(struct id_request *request);
int id_revoke(struct id_request *request);
int id_verify(struct id_request *request);
int id_pins(struct id_request *request);

/* This device's label: as asked for, or the machine's name. out[0..IDENTITY_DEVICE_MAX + 1) */
bool id_device_label(const struct id_request *request, char *out);
/* What unencrypted keys mean, if they are: said once where they are made. */
void id_warn_if_plain(const struct id_passphrase *passphrase);
/* The first `bytes` bytes in hex, in groups of four digits. */
void id_print_hex(const uint8_t *data, size_t bytes);
/* A day and minute in UTC. out[0..ID_DATE_LEN) */
enum { ID_DATE_LEN = 32 };
const char *id_date(uint64_t time_s, char *out);
/* Whether the key begins with these hex digits, eight at least. */
bool id_hex_matches(const char *hex, const uint8_t *key);
/* A whole key, spaces allowed. */
bool id_hex_read(const char *hex, uint8_t key[IDENTITY_KEY_LEN]);

#endif
