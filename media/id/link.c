/* `sotto id add-device`: signaling/identity's link, over TCP or through a delivery service. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "accept.h"
#include "core/secret.h"
#include "relay.h"
#include "request.h"
#include "room.h"
#include "wire.h"

struct message {
    uint8_t data[IDENTITY_LINK_MESSAGE_MAX];
    size_t len;
};

static bool told(int error)
{
    if (error == IDENTITY_CODE)
        fprintf(stderr, "sotto: the codes differ, or somebody between the devices tried one. Nothing was given away; "
                        "begin again on both, with the new code\n");
    else if (error != IDENTITY_OK)
        fprintf(stderr, "sotto: add-device: %s\n", identity_strerror(error));
    return error == IDENTITY_OK;
}

static bool is_expected(const void *link, const uint8_t *data, size_t len)
{
    return identity_link_expects(link, data, len);
}

/* Takes the next message, and sends what answers it, if anything does. */
static bool step(const struct id_channel *channel, struct identity_link *link)
{
    struct message in;
    struct message out;
    const struct id_wanted wanted = {.is = is_expected, .context = link};
    if (!channel->receive(channel->carrier, &wanted, in.data, sizeof in.data, &in.len) ||
        !told(identity_link_receive(link, in.data, in.len, out.data, sizeof out.data, &out.len)))
        return false;
    return out.len == 0 || channel->send(channel->carrier, out.data, out.len);
}

static void close_channel(const struct id_channel *channel)
{
    if (channel->carrier)
        channel->close(channel->carrier);
}

/* --- The device with the root --- */

struct announced {
    const char *code;
};

static void announce(void *context, const char *where)
{
    const struct announced *announced = context;
    printf("On the new device:  sotto id add-device --connect %s\n"
           "and then this code: %.4s %s\n",
           where, announced->code, announced->code + IDENTITY_LINK_CODE_DIGITS / 2);
    fflush(stdout);
}

static bool told_of_another(const struct id_store *store)
{
    fprintf(stderr, "sotto: %s was given another identity meanwhile; nothing was changed\n", store->folder);
    return false;
}

static bool answer(struct id_request *request, const struct identity_secret *root, const struct id_channel *channel,
                   struct identity_link *link)
{
    struct id_self self;
    uint8_t key[IDENTITY_KEY_LEN];
    char device[IDENTITY_DEVICE_MAX + 1];
    uint8_t certificate[IDENTITY_CERTIFICATE_MAX];
    struct message out;
    size_t len = 0;
    if (!told(identity_link_request(link, key, device)))
        return false;
    if (!id_store_lock(&request->store) || !id_self_need(&request->store, &self))
        return false;
    if (memcmp(self.certificate.root_key, root->key.public_key, IDENTITY_KEY_LEN) != 0)
        return told_of_another(&request->store);
    if (identity_revocations_has(&self.revocations, key)) {
        fprintf(stderr, "sotto: %s was revoked; it needs a new key, so a new folder (--home)\n", device);
        return false;
    }
    if (!id_certify(&request->store, root, key, device, request->now_s, certificate, &len) ||
        !told(identity_link_answer(link, certificate, len, self.revocations_data, self.revocations_len, out.data,
                                   sizeof out.data, &out.len)) ||
        !channel->send(channel->carrier, out.data, out.len) || !step(channel, link))
        return false;
    printf("added    %s\n", device);
    return true;
}

/* Somebody has shown that they know the code: *link has their request. */
static bool meet(const struct id_request *request, const char *code, struct id_channel *channel,
                 struct identity_link **link)
{
    struct announced announced = {code};
    const char *where = request->listen ? request->listen : "127.0.0.1:0";
    enum id_accepted accepted = ID_ACCEPT_FAILED;
    if (!request->relay)
        accepted = id_accept(where, code, announce, &announced, channel, link);
    else if (id_relay_await(request->relay, request->token, announce, &announced, channel))
        accepted = id_room_accept(channel, code, link);
    return accepted == ID_ACCEPTED || (accepted == ID_ACCEPT_GUESSED && told(IDENTITY_CODE));
}

static bool give(struct id_request *request, const struct identity_secret *root)
{
    char code[IDENTITY_LINK_CODE_DIGITS + 1];
    struct id_channel channel = {0};
    struct identity_link *link = NULL;
    if (!told(identity_link_code(code)))
        return false;
    bool ok = meet(request, code, &channel, &link) && answer(request, root, &channel, link);
    close_channel(&channel);
    identity_link_free(link);
    core_wipe(code, sizeof code);
    return ok;
}

static int add_from_root(struct id_request *request)
{
    struct id_self self;
    struct id_passphrase passphrase = {0};
    struct identity_secret *root = NULL;
    bool ok = id_self_need(&request->store, &self);
    if (ok && !self.has_root) {
        fprintf(stderr, "sotto: the root is on another device of yours: run this there, and here with --connect\n");
        ok = false;
    }
    ok = ok && id_passphrase_of(&request->store, IDENTITY_SECRET_ROOT, &request->passphrase, &passphrase) &&
         (root = id_secret_open(&request->store, IDENTITY_SECRET_ROOT, &passphrase)) && give(request, root);
    core_secret_free(root);
    id_passphrase_wipe(&passphrase);
    return ok ? 0 : 1;
}

/* --- The new device --- */

/* Eight digits, spaces and hyphens between them allowed. */
static bool read_code(const struct id_request *request, char code[IDENTITY_LINK_CODE_DIGITS + 1])
{
    char line[64];
    size_t digits = 0;
    if (request->code)
        snprintf(line, sizeof line, "%s", request->code);
    else if (!id_ask("Code: ", true, line, sizeof line))
        line[0] = '\0';
    for (const char *c = line; *c; c++) {
        if (*c == ' ' || *c == '-')
            continue;
        if (!isdigit((unsigned char)*c) || digits == IDENTITY_LINK_CODE_DIGITS) {
            digits = 0;
            break;
        }
        code[digits++] = *c;
    }
    code[digits] = '\0';
    core_wipe(line, sizeof line);
    if (digits != IDENTITY_LINK_CODE_DIGITS)
        fprintf(stderr, "sotto: the code has %d digits\n", IDENTITY_LINK_CODE_DIGITS);
    return digits == IDENTITY_LINK_CODE_DIGITS;
}

/* Whether the folder still has the device that the code was typed for, or none. */
static bool is_as_before(const struct id_store *store, const struct id_self *before, struct id_self *now)
{
    const enum id_read result = id_self_load(store, now);
    if (result == ID_READ_FAILED)
        return false;
    if ((now->certificate_len != 0) == (before->certificate_len != 0) &&
        memcmp(now->certificate.device_key, before->certificate.device_key, IDENTITY_KEY_LEN) == 0)
        return true;
    return told_of_another(store);
}

/* What is kept, the certificate last: without it there is no identity here. */
static bool keep(struct id_request *request, const struct identity_link *link, const struct id_self *asked,
                 const struct identity_secret *device, const struct id_passphrase *passphrase)
{
    struct id_self now;
    const struct id_self *before = &now;
    struct identity_certificate read;
    const uint8_t *certificate = NULL;
    const uint8_t *revocations = NULL;
    size_t len = 0;
    size_t list_len = 0;
    struct identity_revocations list;
    char date[ID_DATE_LEN];
    if (!id_store_lock(&request->store) || !is_as_before(&request->store, asked, &now) ||
        !told(identity_link_result(link, &certificate, &len, &revocations, &list_len)) ||
        !told(identity_certificate_verify(certificate, len, &read)) ||
        !told(identity_certificate_current(&read, request->now_s)))
        return false;
    if (before->certificate_len != 0 && memcmp(before->certificate.root_key, read.root_key, IDENTITY_KEY_LEN) != 0) {
        fprintf(stderr, "sotto: that is the root of another user, %s; this device is %s's\n", read.name,
                before->certificate.name);
        return false;
    }
    /* an older list may come from a root that an old export brought back */
    if (list_len != 0 &&
        (!told(identity_revocations_verify(revocations, list_len, &list)) ||
         (before->revocations.number != 0 && identity_revocations_compare(&before->revocations, &list) >= 0)))
        list_len = 0;
    if (!id_secret_save(&request->store, device, passphrase) ||
        (list_len != 0 && !id_store_write(&request->store, "revocations", revocations, list_len)) ||
        !id_store_write(&request->store, "certificate", certificate, len))
        return false;
    if (before->certificate_len == 0)
        id_warn_if_plain(passphrase);
    printf("user     %s, ", read.name);
    id_print_hex(read.user_id, IDENTITY_USER_ID_LEN);
    printf("\ndevice   %s\nvalid    until %s\n", read.device, id_date(read.expires_s, date));
    return true;
}

static bool take(struct id_request *request, const struct id_self *before, const struct identity_secret *device,
                 const struct id_passphrase *passphrase)
{
    char code[IDENTITY_LINK_CODE_DIGITS + 1];
    struct message first;
    struct id_channel channel = {0};
    struct identity_link *link = NULL;
    bool ok = read_code(request, code) &&
              told(identity_link_begin(code, device->key.public_key, device->name, &link, first.data, sizeof first.data,
                                       &first.len)) &&
              (strchr(request->connect, '/') ? id_relay_join(request->connect, request->token, &channel)
                                             : id_wire_connect(request->connect, &channel)) &&
              channel.send(channel.carrier, first.data, first.len) && step(&channel, link) && step(&channel, link) &&
              keep(request, link, before, device, passphrase);
    close_channel(&channel);
    identity_link_free(link);
    core_wipe(code, sizeof code);
    return ok;
}

/* The key that this device has, or a fresh one. */
static struct identity_secret *key_of_device(struct id_request *request, const struct id_self *before,
                                             const char *label, struct id_passphrase *passphrase)
{
    if (before->certificate_len != 0)
        return id_passphrase_of(&request->store, IDENTITY_SECRET_DEVICE, &request->passphrase, passphrase)
                   ? id_secret_open(&request->store, IDENTITY_SECRET_DEVICE, passphrase)
                   : NULL;
    if (!id_passphrase_get(&request->passphrase, "New passphrase for this device: ", true, passphrase))
        return NULL;
    struct identity_secret *device = core_secret_new(sizeof *device);
    if (!device)
        return NULL;
    memset(device, 0, sizeof *device);
    device->kind = IDENTITY_SECRET_DEVICE;
    snprintf(device->name, sizeof device->name, "%s", label);
    if (identity_key_new(&device->key) == IDENTITY_OK)
        return device;
    core_secret_free(device);
    return NULL;
}

static int add_to_user(struct id_request *request)
{
    char label[IDENTITY_DEVICE_MAX + 1];
    struct id_self before;
    struct id_passphrase passphrase = {0};
    enum id_read result = id_self_load(&request->store, &before);
    if (result == ID_READ_FAILED || !id_device_label(request, label))
        return 1;
    if (before.has_root) {
        fprintf(stderr, "sotto: this device has your root; sotto id renew renews it\n");
        return 1;
    }
    struct identity_secret *device = key_of_device(request, &before, label, &passphrase);
    bool ok = device && take(request, &before, device, &passphrase);
    core_secret_free(device);
    id_passphrase_wipe(&passphrase);
    return ok ? 0 : 1;
}

int id_add_device(struct id_request *request)
{
    if ((request->connect != NULL) + (request->relay != NULL) + (request->listen != NULL) > 1) {
        fprintf(stderr, "sotto: one of --listen and --relay, on the device that has the root, or --connect, on the new "
                        "one\n");
        return 2;
    }
    if (!request->connect && (request->code || request->device)) {
        fprintf(stderr, "sotto: --code and --device belong to the new device, with --connect\n");
        return 2;
    }
    return request->connect ? add_to_user(request) : add_from_root(request);
}
