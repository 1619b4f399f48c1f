/* fuzz/fuzz_exec.c - what a cluster and a container say to the console: the first byte chooses
 * between the answer to an upgrade (0), frames (1), a command's end (2), a list of interfaces (3)
 * and lines of a log (4). */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "base/assert.h"
#include "base/utf8.h"
#include "codec/k8s_exec.h"
#include "codec/log_digest.h"
#include "net/upgrade.h"
#include "net/websocket.h"
#include "tests/fuzz/fuzz.h"

static bool on_bytes(void *context, const char *bytes, size_t len)
{
    size_t *seen = context;
    *seen += bytes == NULL ? 0 : len;
    return true;
}

static void on_message(void *context, const char *bytes, size_t len)
{
    (void)on_bytes(context, bytes, len);
}

/* In two parts, so that lines and chunks are cut. */
static void fuzz_upgrade(const char *bytes, size_t size)
{
    size_t seen = 0;
    struct tg_err err = TG_ERR_INIT;
    struct tg_upgrade upgrade = {.status = 0};
    struct tg_upgrade_sink sink = {on_bytes, on_bytes, &seen};
    if (tg_upgrade_feed(&upgrade, bytes, size / 2, &sink, &err)) {
        (void)tg_upgrade_feed(&upgrade, bytes + size / 2, size - size / 2, &sink, &err);
    }
    tg_assert(seen <= size);
}

static void fuzz_frames(const char *bytes, size_t size)
{
    size_t seen = 0;
    struct tg_err err = TG_ERR_INIT;
    struct tg_rng rng = tg_rng_named(1, "fuzz");
    struct tg_websocket *socket = tg_websocket_new(&rng, 1024, on_message, &seen);
    if (tg_websocket_feed(socket, bytes, size / 2, &err)) {
        (void)tg_websocket_feed(socket, bytes + size / 2, size - size / 2, &err);
    }
    tg_assert(seen <= size);
    tg_websocket_free(socket);
}

static void fuzz_text(const char *bytes, size_t size, int which)
{
    struct tg_err err = TG_ERR_INIT;
    struct tg_interface_list list;
    int code = 0;
    if (which == 2 && tg_k8s_decode_exit(bytes, size, &code, &err)) {
        tg_assert(code >= 0 && code <= 255);
    } else if (which == 3 && tg_k8s_decode_interfaces(bytes, size, &list, &err)) {
        tg_assert(list.count > 0 && list.count <= TG_INTERFACES_MAX);
    }
}

static void fuzz_log(const char *bytes, size_t size)
{
    struct tg_log_digest digest;
    tg_log_digest_init(&digest);
    for (size_t at = 0; at < size;) {
        const char *end = memchr(bytes + at, '\n', size - at);
        size_t len = end == NULL ? size - at : (size_t)(end - bytes) - at;
        tg_log_digest_line(&digest, bytes + at, len);
        at += len + 1;
    }
    tg_assert(digest.last_count <= TG_LOG_LAST_MAX && digest.done <= digest.total);
    for (int i = 0; i < digest.last_count; i++) {
        tg_assert(tg_utf8_is_valid(digest.last[i], strlen(digest.last[i])));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0) {
        return 0;
    }
    const char *bytes = (const char *)data + 1;
    switch (data[0] % 5) {
    case 0:
        fuzz_upgrade(bytes, size - 1);
        break;
    case 1:
        fuzz_frames(bytes, size - 1);
        break;
    case 4:
        fuzz_log(bytes, size - 1);
        break;
    default:
        fuzz_text(bytes, size - 1, data[0] % 5);
        break;
    }
    return 0;
}
