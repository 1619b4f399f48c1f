/* sim/pod_http.c - HTTP requests into Pods, as the API server's proxy makes them. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include <string.h>

#include "base/str.h"
#include "sim/behaviour.h"
#include "sim/controllers.h"
#include "sim/gateway.h"
#include "sim/pod.h"
#include "sim/vllm.h"

#define PICKER_METRICS_PORT 9090
#define MODEL_PORT          8000
#define BODY_LEN_MAX        ((size_t)4 << 20)

static void response_start(struct sim_response *response)
{
    memset(response, 0, sizeof *response);
    tg_buf_init(&response->body, BODY_LEN_MAX);
}

bool sim_pod_http(struct sim_world *world, int region, const char *ns, const char *name, int port,
                  const char *method, const char *path, const char *body, size_t body_len,
                  struct sim_response *response, struct tg_err *err)
{
    struct sim_pod *pod = sim_pod_find(sim_world_region(world, region), ns, name);
    if (pod == NULL) {
        return tg_err_set(err, TG_CODE_NOT_FOUND, 404, "pods \"%s\" not found", name);
    }
    if (pod->ip[0] == '\0') {
        return tg_err_set(err, TG_CODE_CONNECT, 503,
                          "error trying to reach service: pod %s has no address yet", name);
    }
    if (port == MODEL_PORT && pod->vllm != NULL && sim_vllm_is_listening(pod->vllm)) {
        response_start(response);
        sim_vllm_http(pod->vllm, method, path, body, body_len, response);
        return true;
    }
    if (port == PICKER_METRICS_PORT && pod->role == SIM_POD_PICKER && pod->is_ready) {
        response_start(response);
        bool is_metrics = tg_str_eq(path, "/metrics");
        response->status = is_metrics ? 200 : 404;
        tg_str_copy(response->content_type, sizeof response->content_type,
                    "text/plain; version=0.0.4; charset=utf-8");
        if (is_metrics) {
            sim_gateway_picker_metrics(world, region, &response->body);
        }
        return true;
    }
    return tg_err_set(err, TG_CODE_CONNECT, 503,
                      "error trying to reach service: dial tcp %s:%d: connect: connection refused",
                      pod->ip, port);
}
