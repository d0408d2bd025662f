#include "code.h"

#include <glib.h>
#include <string.h>

#include "core/secret.h"

/* What a thread works on: its own from when it is started until it has been joined. */
struct job {
    struct identity_call_digest digest;
    struct identity_call_code code;
    int error;
    GSource *done;
};

struct code_maker {
    code_made made;
    void *user;
    struct identity_call_digest wanted;
    GThread *thread; /* NULL: none works */
    struct job job;
};

static gpointer work(gpointer data)
{
    struct job *job = data;

    job->error = identity_call_code(&job->digest, &job->code);
    g_source_set_ready_time(job->done, 0);
    return NULL;
}

static void start(struct code_maker *maker)
{
    const struct identity_call_digest wanted = maker->wanted;

    maker->job.digest = wanted;
    maker->thread = g_thread_try_new("call-code", work, &maker->job, NULL);
    if (maker->thread == NULL)
        maker->made(maker->user, &wanted, NULL);
}

static void wipe(struct job *job)
{
    core_wipe(&job->digest, sizeof(job->digest));
    core_wipe(&job->code, sizeof(job->code));
}

static gboolean on_done(gpointer data)
{
    struct code_maker *maker = data;
    struct job job;

    g_thread_join(maker->thread);
    maker->thread = NULL;
    job = maker->job;
    wipe(&maker->job);
    if (memcmp(&job.digest, &maker->wanted, sizeof(job.digest)) != 0)
        start(maker);
    else
        maker->made(maker->user, &job.digest, job.error == IDENTITY_OK ? &job.code : NULL);
    wipe(&job);
    return G_SOURCE_CONTINUE;
}

static gboolean dispatch(GSource *source, GSourceFunc callback, gpointer data)
{
    g_source_set_ready_time(source, -1);
    return callback(data);
}

struct code_maker *code_maker_new(code_made made, void *user)
{
    static GSourceFuncs functions = {.dispatch = dispatch};
    struct code_maker *maker = g_new0(struct code_maker, 1);

    maker->made = made;
    maker->user = user;
    maker->job.done = g_source_new(&functions, sizeof(GSource));
    g_source_set_callback(maker->job.done, on_done, maker, NULL);
    g_source_attach(maker->job.done, NULL);
    return maker;
}

void code_maker_free(struct code_maker *maker)
{
    if (maker == NULL)
        return;
    if (maker->thread != NULL)
        g_thread_join(maker->thread);
    g_source_destroy(maker->job.done);
    g_source_unref(maker->job.done);
    core_wipe(maker, sizeof(*maker));
    g_free(maker);
}

void code_maker_want(struct code_maker *maker, const struct identity_call_digest *digest)
{
    maker->wanted = *digest;
    if (maker->thread == NULL)
        start(maker);
}
