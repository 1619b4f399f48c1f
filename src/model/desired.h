/* model/desired.h - a thing as a lab wants it: which API holds it, where, and what it must hold.
 *
 * Names are expanded already; bodies are JSON text, so that this layer needs no JSON of its own.
 *
 * Thread: any; values. Ownership: tg_desired_free() frees everything.
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#ifndef TG_MODEL_DESIRED_H
#define TG_MODEL_DESIRED_H

#include <stdbool.h>

#include "base/secret.h"

enum tg_api {
#define TG_API(id, name, host, path) TG_API_##id,
#include "model/api.def"
#undef TG_API
    TG_API_COUNT
};

struct tg_api_info {
    const char *name; /* "compute" */
    const char *host; /* Google's own; "" for Kubernetes */
    const char *path; /* before every path: "/compute/v1" */
};

/* Never NULL for an api below TG_API_COUNT. */
const struct tg_api_info *tg_api_info(enum tg_api api);

/* True for an API that holds what a lab is made of; the others are only asked. */
bool tg_api_holds_things(enum tg_api api);

/* API by its name; TG_API_COUNT when there is none. */
enum tg_api tg_api_by_name(const char *name);

enum tg_desired_form {
    TG_FORM_OBJECT,           /* member of a collection: read, made, changed, deleted by its name */
    TG_FORM_SERVICE,          /* a Google API enabled on the project; removing leaves it enabled */
    TG_FORM_SERVICE_IDENTITY, /* the agent account of a Google API; removing leaves it */
    TG_FORM_ROLE,             /* one member has one role in one resource's IAM policy */
    TG_FORM_COUNT
};

struct tg_desired {
    enum tg_api api;
    enum tg_desired_form form;
    /* OBJECT on Google Cloud: "projects/p/global/networks". ROLE: the resource that has the policy,
     * "projects/p" or "b/NAME". SERVICE, SERVICE_IDENTITY: "projects/p". Kubernetes: group and
     * version, "apps/v1", "v1". */
    char *collection;
    char *kind; /* Kubernetes: "Deployment"; NULL otherwise */
    char *ns;   /* Kubernetes: namespace; NULL for cluster scope and otherwise */
    char *name; /* of the object, "compute.googleapis.com", or the role */
    /* JSON object that must be so: sent, and compared with what is there. NULL: its being there is
     * all. ROLE: {"member": "serviceAccount:..."}. */
    char *body;
    char *create_body; /* JSON object sent only when it is made, merged into body; NULL: none */
    /* A value of a Secret that must not be in body: sent as data under secret_key. */
    struct tg_secret *secret;
    char *secret_key;
    char *request_id; /* UUID that makes a repeated POST the same one; NULL: none */
    /* Where body comes from when it is not built in: a manifest of one document, whose bytes have
     * this SHA-256 (app/manifests.h). NULL: body is here. */
    char *source_url;
    char *source_sha256;
    bool has_content;  /* removing takes what it holds first (objects of a bucket) */
    bool is_remade;    /* there, but broken for want of capacity or quota: taken away, made anew */
    bool is_only_ours; /* found but different: never changed, told as a conflict */
};

struct tg_desired *tg_desired_new(enum tg_api api, enum tg_desired_form form);

/* Deep copy, without the secret. */
struct tg_desired *tg_desired_copy(const struct tg_desired *desired);

/* Frees; wipes the secret. NULL allowed. */
void tg_desired_free(struct tg_desired *desired);

/* What came of asking for it. */
enum tg_ensured {
    TG_ENSURED_NOT,   /* err says why */
    TG_ENSURED_FOUND, /* it was there, as wanted */
    TG_ENSURED_CREATED,
    TG_ENSURED_CHANGED,
    TG_ENSURED_REMOVED,
    TG_ENSURED_ABSENT, /* to be removed, and was not there */
};

/* "found", "created" ...: for journal and JSON; never translated. */
const char *tg_ensured_name(enum tg_ensured ensured);

#endif
