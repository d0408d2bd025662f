/* Who fills which slot, and with which layer. Assignment is stable: a slot keeps its track until the track ends, a pin
 * takes it away, or it has fallen silent while another one waits. */
#ifndef SFU_SELECT_H
#define SFU_SELECT_H

#include "room.h"
#include "slot.h"

/* Fills the free slots of one subscriber; of a whole room. */
void sfu_select_peer(struct sfu_peer *subscriber, uint64_t now_us);
void sfu_select_room(struct sfu_room *room, uint64_t now_us);
/* The track sends something else than before: slots that cannot take it are freed. */
void sfu_select_track_changed(struct sfu_track *track, uint64_t now_us);
/* Applies a subscriber's wishes; slots without one are free and unlimited again. */
void sfu_select_wishes(struct sfu_peer *subscriber, const struct sfu_slot_wish *wishes, size_t count, uint64_t now_us);
/* Looks again at the layers of a subscriber's slots: rates change, layers come and go. */
void sfu_select_layers(struct sfu_peer *subscriber, uint64_t now_us);

/* The layer (SSRC) of the slot's track that fits its wish: by the heights that the layers' structures declare, else the
 * one with the highest rate. */
struct sfu_layer *sfu_select_layer(const struct sfu_slot *slot, uint64_t now_us);
/* The highest spatial layer of a structure with at most max_height pixels; SFU_SPATIAL_ALL if that is all of them or
 * nothing is known of their heights. */
uint8_t sfu_select_spatial(const struct dd_structure *structure, uint32_t max_height);
/* The decode targets that need no spatial layer above limit. */
uint32_t sfu_select_targets(const struct dd_structure *structure, uint8_t limit);

#endif
