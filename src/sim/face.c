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
    free(face);
}

struct sim_face *sim_face_of(struct sim_store *store)
{
    struct sim_face *face = sim_store_face(store);
    if (face == NULL) {
        face = TG_NEW(struct sim_face);
        sim_store_set_face(store, face, face_free);
    }
    return face;
}
