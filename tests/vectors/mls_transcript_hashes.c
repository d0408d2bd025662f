/* transcript-hashes.json: what a commit makes of them, and its confirmation tag. */
#include "mls/key_schedule.h"
#include "mls_case.h"

static void run(struct mls_case *c)
{
    const struct core_slice in = mls_case_hex(c, c->json, "authenticated_content");
    const struct core_slice before = mls_case_hex(c, c->json, "interim_transcript_hash_before");
    const uint8_t *key = mls_case_secret(c, c->json, "confirmation_key");
    const size_t len = c->suite->hash->len;
    struct mls_authenticated_content message;
    struct bytes_reader r = mls_walk(in);
    uint8_t confirmed[MLS_HASH_MAX];
    uint8_t interim[MLS_HASH_MAX];
    mls_authenticated_content_parse(&r, &message);
    if (!mls_case_check(c, "authenticated_content", bytes_reader_done(&r)) || !key ||
        !mls_case_ok(c, "confirmed", mls_confirmed_transcript_hash(c->suite, before, &message, confirmed)))
        return;
    mls_case_same(c, "confirmed_transcript_hash_after", mls_case_hex(c, c->json, "confirmed_transcript_hash_after"),
                  confirmed, len);
    mls_case_ok(
        c, "confirmation tag",
        mls_confirmation_check(c->suite, key, (struct core_slice){confirmed, len}, message.auth.confirmation_tag));
    if (mls_case_ok(c, "interim",
                    mls_interim_transcript_hash(c->suite, (struct core_slice){confirmed, len},
                                                message.auth.confirmation_tag, interim)))
        mls_case_same(c, "interim_transcript_hash_after", mls_case_hex(c, c->json, "interim_transcript_hash_after"),
                      interim, len);
}

static const char *const members[] = {"cipher_suite",
                                      "confirmation_key",
                                      "authenticated_content",
                                      "interim_transcript_hash_before",
                                      "confirmed_transcript_hash_after",
                                      "interim_transcript_hash_after",
                                      NULL};

const struct mls_schema mls_schema_transcript_hashes = {"transcript-hashes", members, run};
