/* tests/unit/sim/test_remote.c - exec over a WebSocket and over SPDY, without sockets. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "base/clock.h"
#include "tests/unit/sim/sim_client.h"
#include "tests/unit/sim/world_rig.h"

#define EXEC_PATH "/api/v1/namespaces/default/pods/%s/exec"

struct session {
    struct sim_world *world;
    struct sim_response response;
    struct tg_buf received;
    bool is_over;
};

static const char *model_pod(struct sim_world *world)
{
    static char name[128];
    snprintf(name, sizeof name, "%s", sim_json_text(rig_server_pod(world, 0), "metadata.name"));
    return name;
}

static struct session open_exec(struct sim_world *world, const char *query, bool is_spdy)
{
    struct session session = {.world = world};
    char path[300];
    snprintf(path, sizeof path, EXEC_PATH, model_pod(world));
    struct sim_request request = {.method = is_spdy ? "POST" : "GET",
                                  .path = path,
                                  .query = query,
                                  .accept = "",
                                  .content_type = "",
                                  .authorization = "",
                                  .user_agent = "test",
                                  .body = "",
                                  .upgrade = is_spdy ? "SPDY/3.1" : "websocket",
                                  .websocket_key = "dGhlIHNhbXBsZSBub25jZQ==",
                                  .websocket_protocols = "v5.channel.k8s.io, v4.channel.k8s.io",
                                  .stream_protocols = "v4.channel.k8s.io, v3.channel.k8s.io"};
    sim_front_handle(world, &request, &session.response);
    tg_buf_init(&session.received, 1u << 20);
    return session;
}

static void receive(struct session *session, int64_t seconds)
{
    char bytes[4096];
    size_t len;
    rig_run(session->world, seconds);
    struct sim_channel *channel = session->response.channel;
    while ((len = channel->read(channel, bytes, sizeof bytes, &session->is_over)) > 0) {
        tg_buf_append(&session->received, bytes, len);
    }
}

static void close_session(struct session *session)
{
    tg_buf_fini(&session->received);
    sim_response_fini(&session->response);
    sim_world_free(session->world);
}

/* Payloads of the server's binary messages on one channel, joined. */
static const char *on_channel(const struct session *session, int channel)
{
    static char text[4096];
    size_t used = 0;
    const unsigned char *at = (const unsigned char *)session->received.data;
    const unsigned char *end = at + session->received.len;
    while (end - at >= 2) {
        size_t len = at[1] & 0x7f;
        size_t head = 2;
        if (len == 126) {
            len = (size_t)at[2] << 8 | at[3];
            head = 4;
        }
        if ((at[0] & 0x0f) == 2 && len > 0 && at[head] == channel) {
            memcpy(text + used, at + head + 1, len - 1);
            used += len - 1;
        }
        at += head + len;
    }
    text[used] = '\0';
    return text;
}

/* One masked binary message of the client (mask 0: the bytes as they are). */
static bool send_message(struct session *session, const void *payload, size_t len)
{
    unsigned char frame[200] = {0x82, (unsigned char)(0x80 | len), 0, 0, 0, 0};
    memcpy(frame + 6, payload, len);
    struct sim_channel *channel = session->response.channel;
    return channel->feed(channel, (const char *)frame, len + 6);
}

Test(remote, the_handshake_answers_the_key)
{
    struct session session =
        open_exec(rig_world(1, 1, true), "command=true&container=vllm-tpu&stdout=1", false);
    cr_assert_eq(session.response.status, 101);
    cr_assert_str_eq(session.response.upgrade, "websocket");
    /* the example of RFC 6455, 1.3 */
    cr_assert_str_eq(session.response.websocket_accept, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    cr_assert_str_eq(session.response.websocket_protocol, "v5.channel.k8s.io");
    close_session(&session);
}

Test(remote, interfaces_of_dranet_are_listed_and_success_is_told)
{
    struct session session = open_exec(
        rig_world(1, 1, true),
        "command=ls&command=%2Fsys%2Fclass%2Fnet&container=vllm-tpu&stdout=1&stderr=1", false);
    receive(&session, 1);
    cr_assert_str_eq(on_channel(&session, 1), "eth0\neth1\neth2\nlo\n");
    cr_assert_str_eq(on_channel(&session, 3), "{\"metadata\":{},\"status\":\"Success\"}");
    close_session(&session);
}

Test(remote, the_shell_keeps_its_words_and_its_exit_code)
{
    struct session session =
        open_exec(rig_world(1, 1, true),
                  "command=sh&command=-c&command=A%3D%27x+y%27%3B+echo+%22%24A%22+z%3B+false+%7C%"
                  "7C+echo+or%3B+"
                  "false+%26%26+echo+and%3B+echo+no+%3E%2Fdev%2Fnull%3B+echo+%24%3F%3B+exit+7"
                  "&container=vllm-tpu&stdout=1&stderr=1",
                  false);
    receive(&session, 1);
    cr_assert_str_eq(on_channel(&session, 1), "x y z\nor\n0\n");
    cr_assert_not_null(
        strstr(on_channel(&session, 3), "\"reason\":\"ExitCode\",\"message\":\"7\""));
    close_session(&session);
}

Test(remote, what_the_shell_cannot_do_is_said)
{
    struct session session = open_exec(
        rig_world(1, 1, true),
        "command=sh&command=-c&command=ls+%7C+wc&container=vllm-tpu&stdout=1&stderr=1", false);
    receive(&session, 1);
    cr_assert_str_eq(on_channel(&session, 1), "");
    cr_assert_not_null(strstr(on_channel(&session, 2), "not supported: a pipe"));
    close_session(&session);
}

Test(remote, standard_input_comes_back_through_cat_until_its_end)
{
    struct session session =
        open_exec(rig_world(1, 1, true), "command=cat&container=vllm-tpu&stdin=1&stdout=1", false);
    receive(&session, 1);
    cr_assert(send_message(&session, "\0hello", 6));
    receive(&session, 60);
    cr_assert_str_eq(on_channel(&session, 1), "hello");
    cr_assert_str_eq(on_channel(&session, 3), "", "cat waits");
    cr_assert(send_message(&session, "\377\0", 2));
    receive(&session, 1);
    cr_assert_not_null(strstr(on_channel(&session, 3), "Success"));
    close_session(&session);
}

Test(remote, a_command_dies_with_its_pod)
{
    struct sim_world *world = rig_world(1, 1, true);
    struct session session =
        open_exec(world, "command=sleep&command=infinity&container=vllm-tpu&stdout=1", false);
    receive(&session, 5);
    struct tg_err err = TG_ERR_INIT;
    sim_store_delete(rig_store(world, 0), sim_resource_by_plural("pods"), "default",
                     model_pod(world), 0, &err);
    receive(&session, 60);
    cr_assert_not_null(strstr(on_channel(&session, 3), "\"message\":\"137\""));
    close_session(&session);
}

Test(remote, bytes_that_are_no_frames_end_the_connection)
{
    struct session session =
        open_exec(rig_world(1, 1, true), "command=cat&container=vllm-tpu&stdin=1&stdout=1", false);
    struct sim_channel *channel = session.response.channel;
    char junk[64];
    memset(junk, 0x7f, sizeof junk);
    bool is_open = channel->feed(channel, junk, sizeof junk);
    receive(&session, 1);
    cr_assert(!is_open || session.is_over);
    close_session(&session);
}

Test(remote, without_an_upgrade_exec_is_a_bad_request)
{
    struct sim_world *world = rig_world(1, 1, true);
    char target[300];
    snprintf(target, sizeof target, EXEC_PATH "?command=ls&container=vllm-tpu", model_pod(world));
    int status = 0;
    json_t *answer = ask_json(world, (struct ask){.target = target}, &status);
    cr_assert_eq(status, 400);
    cr_assert_str_eq(sim_json_text(answer, "message"), "Upgrade request required");
    json_decref(answer);
    sim_world_free(world);
}

Test(remote, spdy_of_another_version_ends_the_connection)
{
    struct session session =
        open_exec(rig_world(1, 1, true), "command=ls&container=vllm-tpu&stdout=1&stderr=1", true);
    cr_assert_eq(session.response.status, 101);
    cr_assert_str_eq(session.response.stream_protocol, "v4.channel.k8s.io");
    struct sim_channel *channel = session.response.channel;
    const char frame[] = "\x80\x02\x00\x01\x00\x00\x00\x00";
    cr_assert_not(channel->feed(channel, frame, 8));
    close_session(&session);
}

Test(remote, spdy_answers_a_ping)
{
    struct session session =
        open_exec(rig_world(1, 1, true), "command=ls&container=vllm-tpu&stdout=1&stderr=1", true);
    struct sim_channel *channel = session.response.channel;
    const char frame[] = "\x80\x03\x00\x06\x00\x00\x00\x04\x00\x00\x00\x05";
    for (size_t i = 0; i < 12; i++) { /* byte by byte */
        cr_assert(channel->feed(channel, frame + i, 1));
    }
    receive(&session, 0);
    cr_assert_eq(session.received.len, 12);
    cr_assert_eq(memcmp(session.received.data, frame, 12), 0);
    close_session(&session);
}
