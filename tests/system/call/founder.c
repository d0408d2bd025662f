#include "founder.h"

#include <stdbool.h>
#include <string.h>

#include "core/bytes.h"
#include "sotto/call.h"
#include "sotto/sframe.h"

struct call_params;

void __real_call_params_write(struct bytes_writer *w, const struct call_params *params);
void __wrap_call_params_write(struct bytes_writer *w, const struct call_params *params);
bool __real_call_next_event(struct call *call, struct call_event *event);
bool __wrap_call_next_event(struct call *call, struct call_event *event);

static bool founds;

void founder_enable(void)
{
    founds = true;
}

/* CallParameters (docs/protocol.md): version, room<V> of less than 64 bytes, uint16 sframe_suite, profile. */
void __wrap_call_params_write(struct bytes_writer *w, const struct call_params *params)
{
    const size_t begin = w->len;

    __real_call_params_write(w, params);
    if (founds && bytes_writer_ok(w))
        w->data[begin + 1 + 1 + w->data[begin + 1] + 2] = SFRAME_PROFILE_RFC9605;
}

bool __wrap_call_next_event(struct call *call, struct call_event *event)
{
    const bool is = __real_call_next_event(call, event);

    if (founds && is)
        event->sframe_profile = SFRAME_PROFILE_SOTTO;
    return is;
}
