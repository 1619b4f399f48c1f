/* sim/face.c - what the HTTP face keeps with a store. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "sim/face.h"

#include <stdlib.h>

#include "base/assert.h"
#include "base/mem.h"

static void face_free(void *context)
{
    struct sim_face *face = context;
    tg_assert(face->watches == NULL); /* streams end before the world does */
    free(face->token);
    free(face->gcp_token);
    json_decref(face->users);
    json_decref(face->account_tokens);
    tg_map_free(face->field_sets);
    free(face);
}

static void drop_field_set(void *value)
{
    json_decref(value);
}

struct sim_face *sim_face_of(struct sim_store *store)
{
    struct sim_face *face = sim_store_face(store);
    if (face == NULL) {
        face = TG_NEW(struct sim_face);
        face->field_sets = tg_map_new(drop_field_set);
        sim_store_set_face(store, face, face_free);
    }
    return face;
}
