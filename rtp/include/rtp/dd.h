/* The Dependency Descriptor header extension (AV1 RTP specification, appendix A.8).
 *
 * A descriptor is read against a template dependency structure: the one it carries or the one known from before.
 * The caller keeps the structure; nothing here has state. Limits tighter than the format's: DD_FDIFFS_MAX references
 * per template or frame, DD_SPATIAL_MAX spatial and DD_TEMPORAL_MAX temporal layers; the format's own are 64 templates
 * and 32 decode targets. */
#ifndef RTP_DD_H
#define RTP_DD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "rtp/error.h"

#define DD_URI "https://aomediacodec.github.io/av1-rtp-spec/#dependency-descriptor-rtp-header-extension"

enum {
    DD_TEMPLATES_MAX = 64,
    DD_TARGETS_MAX = 32,
    DD_CHAINS_MAX = 32,
    DD_FDIFFS_MAX = 16,
    DD_SPATIAL_MAX = 8,
    DD_TEMPORAL_MAX = 8,
    DD_MANDATORY_LEN = 3,
    DD_LEN_MAX = 255 /* what the two-byte form of RFC 8285 can carry */
};

/* A frame's relation to a decode target (table A.1). */
enum dd_dti { DD_NOT_PRESENT = 0, DD_DISCARDABLE = 1, DD_SWITCH = 2, DD_REQUIRED = 3 };

/* A frame dependency template. */
struct dd_template {
    uint8_t spatial_id;
    uint8_t temporal_id;
    uint8_t fdiff_count;
    uint8_t dtis[DD_TARGETS_MAX];        /* enum dd_dti, one per decode target */
    uint8_t fdiffs[DD_FDIFFS_MAX];       /* 1 to 16: frame number minus the referred frame's */
    uint8_t chain_fdiffs[DD_CHAINS_MAX]; /* 0 to 15, one per chain */
};

/* A template dependency structure. Zero-initialised it is "none known" (template_count 0). */
struct dd_structure {
    uint8_t template_id_offset;           /* the template id of templates[0], 0 to 63 */
    uint8_t template_count;               /* 1 to 64 */
    uint8_t target_count;                 /* 1 to 32 */
    uint8_t chain_count;                  /* 0 to target_count */
    uint8_t protected_by[DD_TARGETS_MAX]; /* the chain that protects each decode target */
    bool has_resolutions;
    uint8_t spatial_count;                  /* spatial layers: the last template's spatial_id + 1 */
    uint16_t width_minus_1[DD_SPATIAL_MAX]; /* with has_resolutions only */
    uint16_t height_minus_1[DD_SPATIAL_MAX];
    struct dd_template templates[DD_TEMPLATES_MAX];
};

/* A descriptor. Read from bytes, every field is resolved: what a frame does not override is its template's. */
struct dd_descriptor {
    bool start_of_frame;
    bool end_of_frame;
    bool has_structure;      /* a structure is attached: key frame, or the structure sent again */
    bool has_active_targets; /* a bitmask is on the wire */
    bool custom_dtis;        /* dtis, fdiffs, chain_fdiffs are the frame's own, not its template's */
    bool custom_fdiffs;
    bool custom_chains;
    uint8_t template_id; /* 0 to 63 */
    uint16_t frame_number;
    /* Bit i: decode target i is available. Meaningful with has_active_targets, and all ones for an attached structure
     * without; otherwise 0, and the last set received stays in force (A.4). */
    uint32_t active_targets;
    uint8_t spatial_id;
    uint8_t temporal_id;
    uint8_t fdiff_count;
    uint8_t dtis[DD_TARGETS_MAX];        /* enum dd_dti */
    uint16_t fdiffs[DD_FDIFFS_MAX];      /* 1 to 4096 */
    uint8_t chain_fdiffs[DD_CHAINS_MAX]; /* 0: no earlier frame of the chain is needed */
};

/* Reads the descriptor data[0..len) into *out. known is the structure in force (NULL or template_count 0: none).
 * An attached structure goes to *attached, but only when the whole descriptor is valid; attached may be NULL, and it
 * may be the same object as known, which is then replaced. It is not written when out->has_structure is false.
 * Bits after the last field are ignored, as the specification asks.
 * Errors (nothing is written then): RTP_ERR_TRUNCATED; RTP_ERR_NO_STRUCTURE; RTP_ERR_TEMPLATE (often a sign of a lost
 * structure); RTP_ERR_LIMIT. */
SOTTO_MUST_CHECK enum rtp_error dd_read(const uint8_t *data, size_t len, const struct dd_structure *known,
                                        struct dd_structure *attached, struct dd_descriptor *out);

/* Reads the fields that need no structure: start_of_frame, end_of_frame, template_id, frame_number and the five flags;
 * the others are 0. For a packet whose structure is not known.
 * Errors: RTP_ERR_TRUNCATED; RTP_ERR_LIMIT (over 255 bytes). */
SOTTO_MUST_CHECK enum rtp_error dd_peek(const uint8_t *data, size_t len, struct dd_descriptor *out);

/* Writes a descriptor: 3 bytes where nothing but the mandatory fields is needed. structure is the one in force, or the
 * one to attach if d->has_structure. spatial_id and temporal_id are implied by the template; dtis, fdiffs and
 * chain_fdiffs are written where their custom flag is set and otherwise not looked at.
 * Errors: RTP_ERR_NO_STRUCTURE; RTP_ERR_TEMPLATE; RTP_ERR_ARGUMENT (a field out of its range, templates not in layer
 * order, a bitmask with bits beyond the targets); RTP_ERR_SPACE. */
SOTTO_MUST_CHECK enum rtp_error dd_write(const struct dd_descriptor *d, const struct dd_structure *structure,
                                         uint8_t *out, size_t cap, size_t *len);

/* Fills template_id and everything the template implies (layers, dtis, fdiffs, chain_fdiffs) and clears the custom
 * flags; the other fields are left alone.
 * Errors: RTP_ERR_TEMPLATE (index >= structure->template_count). */
SOTTO_MUST_CHECK enum rtp_error dd_use_template(struct dd_descriptor *d, const struct dd_structure *structure,
                                                uint8_t index);

/* The bitmask with all of the structure's decode targets. */
uint32_t dd_all_targets(const struct dd_structure *structure);
/* The layers a decode target reaches up to (decode_target_layers of A.8.2); false if there is no such target. */
bool dd_target_layer(const struct dd_structure *structure, uint8_t target, uint8_t *spatial_id, uint8_t *temporal_id);
/* True if both say the same (unused array elements do not count). */
bool dd_structure_equal(const struct dd_structure *a, const struct dd_structure *b);

/* Ready-made structures, without resolutions; decode targets from the highest layer down, one per layer as in A.10.2.
 * Attached, L1T1 takes 9 bytes, L1T2 11 and L1T3 16; dd_set_resolution adds 4 per spatial layer. */
enum dd_mode { DD_L1T1, DD_L1T2, DD_L1T3, DD_L2T1, DD_S2T1, DD_L3T3 };
/* Errors: RTP_ERR_ARGUMENT (no such mode, an offset over 63). */
SOTTO_MUST_CHECK enum rtp_error dd_structure_build(struct dd_structure *out, enum dd_mode mode,
                                                   uint8_t template_id_offset);
/* Sets the render resolution of one spatial layer and has_resolutions; layers not set are 1 x 1.
 * Errors: RTP_ERR_ARGUMENT (no such layer, a size of 0 or over 65536). */
SOTTO_MUST_CHECK enum rtp_error dd_set_resolution(struct dd_structure *structure, uint8_t spatial_id, uint32_t width,
                                                  uint32_t height);

/* How a forwarder changes a descriptor. */
struct dd_change {
    uint16_t frame_offset;       /* added to the frame number, modulo 65536 */
    uint8_t template_offset;     /* added to template ids and to an attached structure's offset, modulo 64 */
    bool replace_active_targets; /* put this bitmask in, whether there was one or not */
    uint32_t active_targets;
};

/* Rewrites the received descriptor data[0..len) into out[0..cap); every other bit stays as it is. The result has the
 * same length, unless a bitmask has to be inserted: then it ends with its last field, padded to a byte. known is the
 * structure in force at the sender of data (before the change). data and out must not overlap.
 * Errors: as dd_read; RTP_ERR_ARGUMENT (a bitmask with bits beyond the targets, an offset over 63); RTP_ERR_SPACE. */
SOTTO_MUST_CHECK enum rtp_error dd_rewrite(const uint8_t *data, size_t len, const struct dd_structure *known,
                                           const struct dd_change *change, uint8_t *out, size_t cap, size_t *out_len);

#endif
