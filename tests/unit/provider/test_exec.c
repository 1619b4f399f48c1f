/* tests/unit/provider/test_exec.c - `ls /sys/class/net` by exec: the handshake, channels, ends. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "provider/exec.h"

#include <openssl/evp.h>

#include "base/str.h"
#include "tests/unit/provider/provider_rig.h"

static bool take_event(void *machine, const struct tg_transport_event *event, int64_t now_us)
{
    return tg_execs_event(machine, event, now_us);
}

static int64_t step(void *machine, int64_t now_us)
{
    (void)machine;
    (void)now_us;
    return TG_TIME_NEVER;
}

static struct provider_rig *asked(void)
{
    struct provider_rig *rig = rig_new();
    rig->machine = tg_execs_new(&rig->context);
    rig->step = step;
    rig->event = take_event;
    struct tg_call *call = tg_call_new(TG_CALL_LIST_INTERFACES, 0);
    call->id = 7;
    call->ns = tg_strdup("default");
    call->name = tg_strdup("vllm-gemma-1");
    call->container = tg_strdup("vllm-tpu");
    tg_execs_start(rig->machine, call, rig->now_us);
    return rig;
}

static void leave(struct provider_rig *rig)
{
    tg_execs_free(rig->machine);
    rig_close(rig);
}

/* What a server answers to the key (RFC 6455, 4.2.2). */
static char *accept_of(const char *key)
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned len = 0;
    char *text = tg_asprintf("%s258EAFA5-E914-47DA-95CA-C5AB0DC85B11", key);
    EVP_Digest(text, strlen(text), digest, &len, EVP_sha1(), NULL);
    char *accept = tg_base64_encode(digest, len);
    free(text);
    return accept;
}

static void open_socket(struct provider_rig *rig, const char *protocol)
{
    char *accept = accept_of(rig->websocket_key);
    struct tg_transport_event event = {.kind = TG_TRANSPORT_HEADERS,
                                       .id = rig->exchange,
                                       .status = 101,
                                       .content_type = "",
                                       .world = "",
                                       .websocket_accept = accept,
                                       .websocket_protocol = protocol};
    cr_assert(rig->event(rig->machine, &event, rig->now_us));
    free(accept);
}

/* One message on a channel, as a frame of its own. */
static void say(struct provider_rig *rig, char channel, const char *text)
{
    char frame[4096];
    size_t len = strlen(text) + 1;
    size_t head = len < 126 ? 2 : 4;
    cr_assert_lt(len, sizeof(frame) - 4);
    frame[0] = '\x82';
    frame[1] = (char)(len < 126 ? len : 126);
    if (head == 4) {
        frame[2] = (char)(len >> 8);
        frame[3] = (char)(len & 0xff);
    }
    frame[head] = channel;
    memcpy(frame + head + 1, text, len - 1);
    struct tg_transport_event event = {
        .kind = TG_TRANSPORT_DATA, .id = rig->exchange, .data = frame, .len = head + len};
    cr_assert(rig->event(rig->machine, &event, rig->now_us));
}

/* The answer; fails unless the call ended with the same error. */
static const struct tg_msg *answer(const struct provider_rig *rig)
{
    const struct tg_msg *msg = rig_newest(rig, TG_MSG_INTERFACES);
    const struct tg_msg *done = rig_newest(rig, TG_MSG_CALL_DONE);
    cr_assert_not_null(done);
    cr_assert_eq(done->as.call.call_id, 7);
    cr_assert_not(msg->as.interfaces.is_asked);
    cr_assert_eq(done->as.call.err.code, msg->as.interfaces.err.code);
    cr_assert_str_eq(msg->as.interfaces.pod, "vllm-gemma-1");
    return msg;
}

Test(exec, the_container_is_asked_for_its_interfaces)
{
    struct provider_rig *rig = asked();
    cr_assert_str_eq(rig->method, "GET");
    cr_assert_str_eq(rig->path, "/api/v1/namespaces/default/pods/vllm-gemma-1/exec?command=ls&"
                                "command=%2Fsys%2Fclass%2Fnet&container=vllm-tpu&stdout=true&"
                                "stderr=true");
    cr_assert_eq(strlen(rig->websocket_key), 24);
    cr_assert(rig_newest(rig, TG_MSG_INTERFACES)->as.interfaces.is_asked);
    open_socket(rig, "v5.channel.k8s.io");
    say(rig, 1, "");
    say(rig, 1, "eth0\neth");
    say(rig, 1, "1\nlo\n");
    cr_assert_null(rig_newest(rig, TG_MSG_CALL_DONE), "it is not over");
    say(rig, 3, "{\"metadata\":{},\"status\":\"Success\"}");
    const struct tg_msg *msg = answer(rig);
    cr_assert_eq(msg->as.interfaces.err.code, TG_CODE_NONE, "%s", msg->as.interfaces.err.msg);
    cr_assert_eq(msg->as.interfaces.list.count, 3);
    cr_assert_str_eq(msg->as.interfaces.list.names[1], "eth1");
    cr_assert_eq((unsigned char)rig->sent[0], 0x88, "it says that it closes");
    size_t told = rig->messages_count;
    rig_end(rig, TG_CODE_NONE);
    cr_assert_eq(rig->messages_count, told, "one answer is enough");
    leave(rig);
}

/* The error with which it ends, after what play does. */
static struct tg_err error_after(void (*play)(struct provider_rig *rig))
{
    struct provider_rig *rig = asked();
    play(rig);
    struct tg_err err = answer(rig)->as.interfaces.err;
    leave(rig);
    return err;
}

static void refuse(struct provider_rig *rig)
{
    rig_answer(rig, 403,
               "{'kind':'Status','status':'Failure','reason':'Forbidden','code':403,'message':"
               "'pods \\'x\\' is forbidden: User \\'u\\' cannot get resource \\'pods/exec\\''}");
}

static void answer_page(struct provider_rig *rig)
{
    rig_answer(rig, 200, "<html>");
}

static void accept_nothing(struct provider_rig *rig)
{
    rig_headers(rig, 101, 0);
    rig_end(rig, TG_CODE_NONE);
}

static void choose_other(struct provider_rig *rig)
{
    open_socket(rig, "base64.channel.k8s.io");
    rig_end(rig, TG_CODE_NONE);
}

static void end_early(struct provider_rig *rig)
{
    open_socket(rig, "v4.channel.k8s.io");
    say(rig, 1, "eth0\n");
    rig_end(rig, TG_CODE_NONE);
}

static void break_off(struct provider_rig *rig)
{
    open_socket(rig, "v4.channel.k8s.io");
    rig_end(rig, TG_CODE_BROKEN);
}

static void have_no_ls(struct provider_rig *rig)
{
    open_socket(rig, "v5.channel.k8s.io");
    say(rig, 2, "sh: \x1b[31mls: not found\nmore");
    say(rig, 3,
        "{\"status\":\"Failure\",\"reason\":\"NonZeroExitCode\",\"details\":{\"causes\":"
        "[{\"reason\":\"ExitCode\",\"message\":\"127\"}]}}");
}

static void list_without_end(struct provider_rig *rig)
{
    char text[4000];
    memset(text, 'e', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    open_socket(rig, "v5.channel.k8s.io");
    for (int i = 0; i < 20 && rig_newest(rig, TG_MSG_CALL_DONE) == NULL; i++) {
        say(rig, 1, text);
    }
}

static void send_rubbish(struct provider_rig *rig)
{
    open_socket(rig, "v5.channel.k8s.io");
    rig_data(rig, "HTTP/1.1 200 OK");
}

Test(exec, each_way_to_fail_is_told_as_what_it_is)
{
    struct tg_err err = error_after(refuse);
    cr_assert_eq(err.code, TG_CODE_FORBIDDEN);
    cr_assert_not_null(strstr(err.msg, "cannot get resource"), "%s", err.msg);
    cr_assert_eq(error_after(answer_page).code, TG_CODE_PROTOCOL);
    cr_assert_eq(error_after(accept_nothing).code, TG_CODE_PROTOCOL);
    cr_assert_eq(error_after(choose_other).code, TG_CODE_PROTOCOL);
    cr_assert_eq(error_after(end_early).code, TG_CODE_BROKEN, "half a list is no list");
    cr_assert_eq(error_after(break_off).code, TG_CODE_BROKEN);
    cr_assert_eq(error_after(list_without_end).code, TG_CODE_LIMIT);
    cr_assert_eq(error_after(send_rubbish).code, TG_CODE_PROTOCOL);
    err = error_after(have_no_ls);
    cr_assert_eq(err.code, TG_CODE_NOT_FOUND);
    cr_assert_not_null(strstr(err.msg, "ls: not found"), "%s", err.msg);
    cr_assert_null(strchr(err.msg, '\x1b'));
}

Test(exec, a_cancelled_question_is_never_answered)
{
    struct provider_rig *rig = asked();
    tg_execs_cancel(rig->machine, 8);
    cr_assert_eq(rig->cancelled, 0);
    tg_execs_cancel(rig->machine, 7);
    cr_assert_eq(rig->cancelled, rig->exchange);
    cr_assert_null(rig_newest(rig, TG_MSG_CALL_DONE));
    leave(rig);
}
