/* plan/permission.c - from things to rights. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "plan/permission.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/assert.h"
#include "base/str.h"
#include "plan/run_survey.h"

struct row {
    enum tg_api api;
    enum tg_desired_form form;
    const char *what;
    const char *make;
    const char *undo;
};

/* What a step does with its things beside making and observing them. */
enum follow { FOLLOW_JOB, FOLLOW_DEPLOYMENT, FOLLOW_SERVING, FOLLOW_PROOF };

struct follow_row {
    enum follow what;
    const char *permission;
    const char *group;
    const char *plural;
    const char *subresource;
    const char *verbs;
};

static const struct row rows[] = {
#define TG_PERMISSION(api, form, what, make, undo) {TG_API_##api, TG_FORM_##form, what, make, undo},
#define TG_PERMISSION_TO_READ(kind, read)
#define TG_PERMISSION_TO_FOLLOW(what, permission, group, resource, part, verbs)
#include "plan/permission.def"
#undef TG_PERMISSION
#undef TG_PERMISSION_TO_READ
#undef TG_PERMISSION_TO_FOLLOW
};

static const char *const to_read[TG_KIND_COUNT] = {
#define TG_PERMISSION(api, form, what, make, undo)
#define TG_PERMISSION_TO_READ(kind, read) [TG_KIND_##kind] = (read),
#define TG_PERMISSION_TO_FOLLOW(what, permission, group, resource, part, verbs)
#include "plan/permission.def"
#undef TG_PERMISSION
#undef TG_PERMISSION_TO_READ
#undef TG_PERMISSION_TO_FOLLOW
};

static const struct follow_row to_follow[] = {
#define TG_PERMISSION(api, form, what, make, undo)
#define TG_PERMISSION_TO_READ(kind, read)
#define TG_PERMISSION_TO_FOLLOW(what, permission, group, resource, part, verbs) \
    {FOLLOW_##what, permission, group, resource, part, verbs},
#include "plan/permission.def"
#undef TG_PERMISSION
#undef TG_PERMISSION_TO_READ
#undef TG_PERMISSION_TO_FOLLOW
};

static bool makes_kind(const struct tg_lab_step *step, const char *kind)
{
    for (size_t i = 0; i < step->makes_count; i++) {
        if (step->makes[i].kind != NULL && tg_str_eq(step->makes[i].kind, kind)) {
            return true;
        }
    }
    return false;
}

static bool does_follow(const struct tg_lab_step *step, enum follow what)
{
    switch (what) {
    case FOLLOW_JOB:
        return makes_kind(step, "Job");
    case FOLLOW_DEPLOYMENT:
        return makes_kind(step, "Deployment");
    case FOLLOW_PROOF:
        return step->proves_interfaces;
    case FOLLOW_SERVING:
        break;
    }
    for (size_t i = 0; i < step->conditions_count; i++) {
        const char *field = step->conditions[i].field;
        if (field != NULL && tg_str_eq(field, "serving")) {
            return true;
        }
    }
    return false;
}

/* ---- on the project ---- */

static const char *last_segment(const char *collection)
{
    const char *slash = strrchr(collection, '/');
    return slash != NULL ? slash + 1 : collection;
}

static const struct row *row_of(enum tg_api api, enum tg_desired_form form, const char *what)
{
    const struct row *other = NULL;
    for (size_t i = 0; i < TG_COUNT(rows); i++) {
        if (rows[i].api == api && rows[i].form == form) {
            if (tg_str_eq(rows[i].what, what)) {
                return &rows[i];
            }
            other = rows[i].what[0] == '\0' ? &rows[i] : other;
        }
    }
    return other;
}

bool tg_permission_is_in(const char *words, const char *permission)
{
    size_t len = strlen(permission);
    for (const char *at = words; *at != '\0';) {
        size_t word = strcspn(at, " ");
        if (word == len && strncmp(at, permission, len) == 0) {
            return true;
        }
        at += word + strspn(at + word, " ");
    }
    return false;
}

static void add_words(struct tg_buf *out, const char *words)
{
    while (words != NULL && *words != '\0') {
        char word[96];
        size_t len = strcspn(words, " ");
        snprintf(word, sizeof(word), "%.*s", (int)len, words);
        if (!tg_permission_is_in(tg_buf_text(out), word)) {
            tg_buf_printf(out, "%s%s", out->len > 0 ? " " : "", word);
        }
        words += len + strspn(words + len, " ");
    }
}

static void add_reading(const struct tg_lab_step *step, bool has_objects, struct tg_buf *out)
{
    for (size_t i = 0; i < step->conditions_count; i++) {
        enum tg_kind kind = step->conditions[i].kind;
        bool is_google = tg_kind_info(kind)->source == TG_KIND_SOURCE_GCP;
        if (is_google || has_objects) {
            add_words(out,
                      to_read[kind] != NULL ? to_read[kind] : "container.thirdPartyObjects.list");
        }
    }
}

/* Which fixes a lab was made with need not be known when it goes: its undo takes the rights for
 * what any of them makes. */
void tg_permission_of_step(const struct tg_lab_step *step, tg_lab_fixes fixes, bool is_undo,
                           bool has_objects, struct tg_buf *out)
{
    for (size_t i = 0; i < step->makes_count; i++) {
        const struct tg_lab_make *make = &step->makes[i];
        bool is_object = make->api == TG_API_KUBERNETES;
        const struct row *row =
            row_of(make->api, make->form, is_object ? make->kind : last_segment(make->collection));
        bool is_concerned = is_undo ? !make->is_kept : tg_lab_make_is_wanted(make, fixes);
        if (row != NULL && (!is_object || has_objects) && is_concerned) {
            add_words(out, is_undo ? row->undo : row->make);
            /* what is only needed on the way is removed on the way */
            add_words(out, make->is_passing ? row->undo : NULL);
        }
    }
    for (size_t i = 0; i < step->leftovers_count && is_undo; i++) {
        const struct row *row =
            row_of(TG_API_COMPUTE, TG_FORM_OBJECT, last_segment(step->leftovers[i].collection));
        add_words(out, row != NULL ? row->undo : NULL);
        add_words(out, to_read[step->leftovers[i].kind]);
    }
    const char *listed;
    for (size_t i = 0; is_undo && (listed = tg_survey_permission(step, i)) != NULL; i++) {
        add_words(out, listed);
    }
    /* What was undone is seen to be gone. */
    add_reading(step, has_objects, out);
    for (size_t i = 0; i < TG_COUNT(to_follow) && !is_undo && has_objects; i++) {
        add_words(out, does_follow(step, to_follow[i].what) ? to_follow[i].permission : NULL);
    }
}

/* ---- in a cluster ---- */

void tg_permission_plural(const char *kind, char *out, size_t size)
{
    size_t len = strlen(kind);
    char last = len > 0 ? kind[len - 1] : '\0';
    bool is_ies = last == 'y' && len > 1 && strchr("aeiou", kind[len - 2]) == NULL;
    int stem = is_ies ? (int)len - 1 : (int)len;
    snprintf(out, size, "%.*s%s", stem, kind, is_ies ? "ies" : last == 's' ? "es" : "s");
    for (char *at = out; *at != '\0'; at++) {
        *at = (char)tolower((unsigned char)*at);
    }
}

struct list {
    struct tg_right *items;
    size_t count;
    size_t max;
};

static void add_right(struct list *list, const struct tg_right *right)
{
    for (size_t i = 0; i < list->count; i++) {
        const struct tg_right *other = &list->items[i];
        if (tg_str_eq(other->group, right->group) && tg_str_eq(other->plural, right->plural) &&
            tg_str_eq(other->subresource, right->subresource) && tg_str_eq(other->ns, right->ns) &&
            tg_str_eq(other->verb, right->verb)) {
            return;
        }
    }
    if (list->count < list->max) {
        list->items[list->count++] = *right;
    }
}

/* Objects are applied, which takes patch, and create where there is none yet. What only another
 * choice of fixes makes is only taken away. */
static void add_object(struct list *list, const struct tg_lab_make *make, bool is_made, int step)
{
    static const char *const verbs[] = {"get", "create", "patch", "delete"};
    struct tg_right right = {.subresource = "", .step = step};
    const char *slash = strchr(make->collection, '/');
    if (slash != NULL) {
        snprintf(right.group, sizeof(right.group), "%.*s", (int)(slash - make->collection),
                 make->collection);
    }
    tg_permission_plural(make->kind, right.plural, sizeof(right.plural));
    tg_str_copy(right.ns, sizeof(right.ns), make->ns != NULL ? make->ns : "");
    for (size_t i = 0; i < TG_COUNT(verbs); i++) {
        right.verb = verbs[i];
        right.is_undo = i + 1 == TG_COUNT(verbs);
        if (is_made || i == 0 || right.is_undo) {
            add_right(list, &right);
        }
    }
}

static void add_followed(struct list *list, const struct tg_lab *lab, int step)
{
    for (size_t i = 0; i < TG_COUNT(to_follow); i++) {
        const struct follow_row *row = &to_follow[i];
        static const char *const verbs[] = {"list", "watch", "get", "create"};
        struct tg_right right = {.subresource = row->subresource, .step = step};
        tg_str_copy(right.group, sizeof(right.group), row->group);
        tg_str_copy(right.plural, sizeof(right.plural), row->plural);
        tg_str_copy(right.ns, sizeof(right.ns), lab->namespace_name);
        for (size_t v = 0; v < TG_COUNT(verbs) && does_follow(&lab->steps[step], row->what); v++) {
            if (tg_permission_is_in(row->verbs, verbs[v])) {
                right.verb = verbs[v];
                add_right(list, &right);
            }
        }
    }
}

/* A Job runs where it is made; everything else that is followed is in every region. */
static bool is_followed_here(const struct tg_lab_step *step, bool is_config)
{
    for (size_t i = 0; i < step->makes_count; i++) {
        if (step->makes[i].where == TG_LAB_WHERE_REGIONS) {
            return true;
        }
    }
    return is_config || step->makes_count == 0;
}

static void add_observed(struct list *list, const struct tg_lab *lab,
                         const struct tg_lab_condition *condition, int step)
{
    const struct tg_kind_info *kind = tg_kind_info(condition->kind);
    static const char *const verbs[] = {"list", "watch"};
    struct tg_right right = {.subresource = "", .step = step};
    tg_str_copy(right.group, sizeof(right.group), kind->group);
    tg_str_copy(right.plural, sizeof(right.plural), kind->plural);
    tg_str_copy(right.ns, sizeof(right.ns), kind->is_namespaced ? lab->namespace_name : "");
    for (size_t i = 0; i < TG_COUNT(verbs); i++) {
        right.verb = verbs[i];
        add_right(list, &right);
    }
}

size_t tg_permission_in_cluster(const struct tg_lab *lab, tg_lab_fixes fixes, int region, int from,
                                int until, struct tg_right *rights, size_t max)
{
    struct list list = {rights, 0, max};
    bool is_config = tg_str_eq(lab->regions[region].cluster, lab->config_cluster);
    for (int step = from; step <= until; step++) {
        const struct tg_lab_step *of = &lab->steps[step];
        for (size_t i = 0; i < of->makes_count; i++) {
            const struct tg_lab_make *make = &of->makes[i];
            bool is_here = make->where == TG_LAB_WHERE_REGIONS ||
                           (make->where == TG_LAB_WHERE_CONFIG && is_config);
            if (is_here) {
                add_object(&list, make, tg_lab_make_is_wanted(make, fixes), step);
            }
        }
        if (is_followed_here(of, is_config)) {
            add_followed(&list, lab, step);
        }
        for (size_t i = 0; i < of->conditions_count; i++) {
            enum tg_lab_where where = of->conditions[i].where;
            if (where == TG_LAB_WHERE_REGIONS || (where == TG_LAB_WHERE_CONFIG && is_config)) {
                add_observed(&list, lab, &of->conditions[i], step);
            }
        }
    }
    return list.count;
}
