/* fuzz/fuzz_frames.c - what comes after status 101: frames of WebSocket (first byte even) or of
 * SPDY (odd).
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "sim/spdy.h"
#include "sim/websocket.h"
#include "tests/fuzz/fuzz.h"

static void on_message(void *context, const char *bytes, size_t len, bool is_end)
{
    size_t *seen = context;
    *seen += is_end || bytes == NULL ? 0 : len;
}

static void on_opened(void *context, uint32_t stream, const json_t *headers)
{
    struct sim_spdy **spdy = context;
    sim_spdy_reply(*spdy, stream);
    free(json_dumps(headers, 0));
}

static void on_data(void *context, uint32_t stream, const char *bytes, size_t len, bool is_end)
{
    struct sim_spdy **spdy = context;
    sim_spdy_send(*spdy, stream, bytes, len, is_end);
}

static void on_reset(void *context, uint32_t stream)
{
    (void)context;
    (void)stream;
}

/* In two parts, so that frames are cut. */
static void fuzz_websocket(const char *bytes, size_t size)
{
    size_t seen = 0;
    struct sim_websocket *socket = sim_websocket_new(on_message, &seen);
    if (sim_websocket_feed(socket, bytes, size / 2)) {
        sim_websocket_feed(socket, bytes + size / 2, size - size / 2);
    }
    sim_websocket_free(socket);
}

static void fuzz_spdy(const char *bytes, size_t size)
{
    struct sim_spdy *spdy = NULL;
    struct sim_spdy_events events = {
        .opened = on_opened, .data = on_data, .reset = on_reset, .context = &spdy};
    spdy = sim_spdy_new(&events);
    if (sim_spdy_feed(spdy, bytes, size / 2)) {
        sim_spdy_feed(spdy, bytes + size / 2, size - size / 2);
    }
    sim_spdy_free(spdy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size > 0 && data[0] % 2 == 0) {
        fuzz_websocket((const char *)data + 1, size - 1);
    } else if (size > 0) {
        fuzz_spdy((const char *)data + 1, size - 1);
    }
    return 0;
}
