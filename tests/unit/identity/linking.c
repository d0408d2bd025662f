#include "linking.h"

#include <string.h>

#include "unit.h"

size_t linking_list(uint64_t number, uint8_t *out)
{
    const struct identity_key root = people_key(1);
    struct identity_revocations list = {.number = number, .created_s = PEOPLE_NOW};
    size_t len = 0;
    CU_ASSERT_EQUAL_FATAL(identity_revocations_add(&list, people_key(3).public_key), IDENTITY_OK);
    CU_ASSERT_EQUAL_FATAL(identity_revocations_make(&root, &list, out, IDENTITY_REVOCATIONS_MAX, &len), IDENTITY_OK);
    return len;
}

int linking_answer(struct identity_link *link, struct linking_message *out)
{
    const struct identity_key root = people_key(1);
    struct identity_certificate content = people_anna();
    uint8_t certificate[IDENTITY_CERTIFICATE_MAX];
    uint8_t list[IDENTITY_REVOCATIONS_MAX];
    CU_ASSERT_EQUAL_FATAL(identity_link_request(link, content.device_key, content.device), IDENTITY_OK);
    size_t certificate_len = people_certify(&root, &content, certificate);
    size_t list_len = linking_list(7, list);
    return identity_link_answer(link, certificate, certificate_len, list, list_len, out->data, sizeof out->data,
                                &out->len);
}

int linking_pass(struct identity_link *link, const struct linking_message *in, struct linking_message *out)
{
    return identity_link_receive(link, in->data, in->len, out->data, sizeof out->data, &out->len);
}
