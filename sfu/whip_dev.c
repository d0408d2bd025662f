/* What --dev changes: who needs no token, and where tokens of the server's own key come from. */
#include "core/secret.h"
#include "whip_internal.h"

bool whip_is_trusted(const struct sfu_whip *whip, const struct http_request *request)
{
    return whip->config.dev && request->authorization[0] == 0;
}

bool whip_authorize_dev(const struct http_request *request, const char *room, struct http_response *response,
                        struct token *token)
{
    if (!sfu_auth_dev_token(request, room, token)) {
        whip_fail(response, 400, "name must be 1 to 63 letters, digits, '-', '_' or '.'");
        return false;
    }
    return true;
}

void whip_handle_dev_token(struct sfu_whip *whip, const struct http_request *request, struct http_response *response)
{
    char token[TOKEN_MAX + 1];
    if (request->method == HTTP_OPTIONS) {
        whip_answer_options(response, "POST, OPTIONS", "Accept-Post", JSON_TYPE);
        return;
    }
    if (request->method != HTTP_POST) {
        whip_refuse_method(response, "POST, OPTIONS");
        return;
    }
    /* a page elsewhere can post other types without asking first */
    if (!whip_is_type(request->content_type, JSON_TYPE)) {
        whip_add_header(response, "Accept-Post", JSON_TYPE);
        whip_fail(response, 415, "the body must be application/json");
        return;
    }
    int error = dev_issuer_mint(whip->config.dev, request->body, whip_now_s(), token);
    if (error == DEV_ISSUER_FAILED)
        whip_fail(response, 500, dev_issuer_error_text(error));
    else if (error)
        whip_fail(response, 400, dev_issuer_error_text(error));
    else
        http_respond(response, 200, "application/jwt", token);
    core_wipe(token, sizeof(token));
}
