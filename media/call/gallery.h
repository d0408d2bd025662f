/* From opened frames to pictures and sound: one decoder for each participant and kind, made with the first frame it can
 * start with and given up when frames stop coming. */
#ifndef CALL_GALLERY_H
#define CALL_GALLERY_H

#include "receiver.h"
#include "roster.h"

struct call_gallery;

struct call_gallery_config {
    struct call_roster *roster;
    /* any thread */
    void (*want_key)(void *user, uint64_t sender);
    void (*sound)(void *user, uint64_t sender, GstSample *sample); /* CALL_RAW_AUDIO, borrowed */
    void *user;
};

struct call_gallery *call_gallery_new(const struct call_gallery_config *config);
void call_gallery_free(struct call_gallery *gallery);
/* Any thread. */
void call_gallery_frame(struct call_gallery *gallery, const struct call_opened_frame *frame);
/* Gives up decoders without frames; to be called now and then in the main context. */
void call_gallery_tidy(struct call_gallery *gallery);

#endif
