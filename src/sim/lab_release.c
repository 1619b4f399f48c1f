/* sim/lab_release.c - a helm release as `helm install` leaves it. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "sim/lab_release.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/clock.h"
#include "base/fmt.h"
#include "base/mem.h"
#include "base/str.h"
#include "sim/behaviour.h"
#include "sim/json_path.h"
#include "sim/k8s_list.h"
#include "sim/shape.h"

#define MANIFEST_MAX (256u * 1024)
#define STORED_MAX   65535u /* bytes of one deflate block that is not compressed */

void sim_release_init(struct sim_release *release, struct sim_region *region, const char *name)
{
    *release = (struct sim_release){.region = region, .name = name};
    tg_buf_init(&release->manifest, MANIFEST_MAX);
}

/* The template's text: JSON is YAML too. */
static void note(struct sim_release *release, const struct sim_resource *resource, json_t *object)
{
    char version[128];
    json_t *shown = json_copy(object);
    json_object_del(shown, "status");
    json_object_set_new(shown, "apiVersion",
                        json_string(sim_k8s_group_version(resource, version, sizeof version)));
    json_object_set_new(shown, "kind", json_string(resource->kind));
    char *text = json_dumps(shown, JSON_COMPACT);
    tg_buf_printf(&release->manifest, "---\n# Source: inferencepool/templates/%s.yaml\n",
                  resource->singular);
    tg_buf_puts(&release->manifest, text);
    tg_buf_putc(&release->manifest, '\n');
    free(text);
    json_decref(shown);
}

void sim_release_add(struct sim_release *release, const struct sim_resource *resource,
                     json_t *object)
{
    note(release, resource, object);
    json_t *metadata = sim_json_make_object(object, "metadata");
    json_object_set_new(sim_json_make_object(metadata, "labels"), "app.kubernetes.io/managed-by",
                        json_string("Helm"));
    json_t *annotations = sim_json_make_object(metadata, "annotations");
    json_object_set_new(annotations, "meta.helm.sh/release-name", json_string(release->name));
    json_object_set_new(annotations, "meta.helm.sh/release-namespace", json_string("default"));
    sim_shape_create(release->region->store, resource, object);
}

/* ---- gzip without compression ---- */

static uint32_t crc_of(const char *bytes, size_t len)
{
    uint32_t crc = UINT32_MAX;
    for (size_t i = 0; i < len; i++) {
        crc ^= (unsigned char)bytes[i];
        for (int bit = 0; bit < 8; bit++) {
            crc = (crc >> 1) ^ ((crc & 1u) != 0 ? UINT32_C(0xedb88320) : 0);
        }
    }
    return ~crc;
}

static void put_little(struct tg_buf *out, uint32_t value, int bytes)
{
    for (int i = 0; i < bytes; i++) {
        tg_buf_putc(out, (char)(unsigned char)(value >> (8 * i)));
    }
}

static void put_gzip(struct tg_buf *out, const char *bytes, size_t len)
{
    static const char head[] = "\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff";
    tg_buf_append(out, head, sizeof head - 1);
    size_t at = 0;
    do {
        size_t part = len - at < STORED_MAX ? len - at : STORED_MAX;
        tg_buf_putc(out, at + part == len ? '\x01' : '\x00');
        put_little(out, (uint32_t)part, 2);
        put_little(out, (uint32_t)~part, 2);
        tg_buf_append(out, bytes + at, part);
        at += part;
    } while (at < len);
    put_little(out, crc_of(bytes, len), 4);
    put_little(out, (uint32_t)len, 4);
}

/* base64(base64(gzip(text))), as the Secret has it. The caller frees. */
static char *encoded(const char *text)
{
    struct tg_buf packed;
    tg_buf_init(&packed, 2 * MANIFEST_MAX);
    put_gzip(&packed, text, strlen(text));
    char *inner = tg_base64_encode(tg_buf_text(&packed), packed.len);
    char *outer = tg_base64_encode(inner, strlen(inner));
    tg_buf_fini(&packed);
    free(inner);
    return outer;
}

void sim_release_finish(struct sim_release *release, const char *chart, const char *version)
{
    struct sim_region *region = release->region;
    char now[SIM_TIME_SIZE];
    sim_shape_time(region->world, now);
    json_t *notes = json_sprintf("InferencePool %s deployed.\n", release->name);
    json_t *info = json_pack("{s:s, s:s, s:s, s:s, s:s, s:o}", "first_deployed", now,
                             "last_deployed", now, "deleted", "", "description", "Install complete",
                             "status", "deployed", "notes", notes);
    json_t *about = json_pack("{s:{s:s, s:s, s:s, s:s}, s:[], s:{}, s:n, s:n, s:[]}", "metadata",
                              "name", chart, "version", version, "apiVersion", "v2", "appVersion",
                              "0.0.0", "templates", "values", "schema", "lock", "files");
    json_t *document = json_pack("{s:s, s:o, s:o, s:s, s:i, s:s}", "name", release->name, "info",
                                 info, "chart", about, "manifest", tg_buf_text(&release->manifest),
                                 "version", 1, "namespace", "default");
    tg_assert(document != NULL);
    char *text = json_dumps(document, JSON_COMPACT);
    char *data = encoded(text);
    char *name = tg_asprintf("sh.helm.release.v1.%s.v1", release->name);
    json_t *modified =
        json_sprintf("%lld", (long long)(sim_world_wall_us(region->world) / TG_US_PER_S));
    sim_shape_create(region->store, sim_world_kinds(region->world)->secret,
                     json_pack("{s:{s:s, s:s, s:{s:s, s:s, s:s, s:s, s:o}}, s:s, s:{s:s}}",
                               "metadata", "name", name, "namespace", "default", "labels", "owner",
                               "helm", "name", release->name, "status", "deployed", "version", "1",
                               "modifiedAt", modified, "type", "helm.sh/release.v1", "data",
                               "release", data));
    free(name);
    free(data);
    free(text);
    json_decref(document);
    tg_buf_fini(&release->manifest);
}
