/* base/secret.c - secrets in pages of their own, and the registry that output passes. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "base/secret.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/assert.h"
#include "base/mem.h"

#define SECRET_MAGIC       UINT32_C(0x53454352)
#define REGISTERED_LEN_MIN 8
#define MASK               "***"

struct tg_secret {
    uint32_t magic;
    size_t len;
    size_t pages_len;
    char *value; /* pages of its own, so that locking them locks nothing else */
    struct tg_secret *before;
    struct tg_secret *after;
};

static pthread_mutex_t registry_lock = PTHREAD_MUTEX_INITIALIZER;
static struct tg_secret *registry; /* under registry_lock */

static bool is_registered(const struct tg_secret *secret)
{
    return secret->len >= REGISTERED_LEN_MIN;
}

struct tg_secret *tg_secret_new(const char *bytes, size_t len)
{
    struct tg_secret *secret = TG_NEW(struct tg_secret);
    size_t page_len = (size_t)sysconf(_SC_PAGESIZE);
    void *pages = NULL;

    tg_assert(bytes != NULL || len == 0);
    tg_assert(len < SIZE_MAX / 4);
    secret->magic = SECRET_MAGIC;
    secret->len = len;
    secret->pages_len = (len / page_len + 1) * page_len;
    pages =
        mmap(NULL, secret->pages_len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    tg_assert(pages != MAP_FAILED);
    /* Best effort: a small RLIMIT_MEMLOCK must not keep anybody from signing in. */
    (void)!mlock(pages, secret->pages_len);
    (void)!madvise(pages, secret->pages_len, MADV_DONTDUMP);
    secret->value = pages;
    if (len > 0) {
        memcpy(secret->value, bytes, len);
    }
    if (is_registered(secret)) {
        pthread_mutex_lock(&registry_lock);
        secret->after = registry;
        if (registry != NULL) {
            registry->before = secret;
        }
        registry = secret;
        pthread_mutex_unlock(&registry_lock);
    }
    return secret;
}

void tg_secret_free(struct tg_secret *secret)
{
    if (secret == NULL) {
        return;
    }
    TG_MAGIC_CHECK(secret, SECRET_MAGIC);
    if (is_registered(secret)) {
        pthread_mutex_lock(&registry_lock);
        if (secret->before == NULL) {
            registry = secret->after;
        } else {
            secret->before->after = secret->after;
        }
        if (secret->after != NULL) {
            secret->after->before = secret->before;
        }
        pthread_mutex_unlock(&registry_lock);
    }
    explicit_bzero(secret->value, secret->pages_len);
    munmap(secret->value, secret->pages_len);
    secret->magic = 0;
    free(secret);
}

const char *tg_secret_peek(const struct tg_secret *secret)
{
    TG_MAGIC_CHECK(secret, SECRET_MAGIC);
    return secret->value;
}

size_t tg_secret_len(const struct tg_secret *secret)
{
    TG_MAGIC_CHECK(secret, SECRET_MAGIC);
    return secret->len;
}

/* Length of the longest registered secret that text starts with; 0 for none. Under registry_lock.
 */
static size_t secret_at(const char *text, size_t len)
{
    size_t longest = 0;

    for (const struct tg_secret *secret = registry; secret != NULL; secret = secret->after) {
        if (secret->len <= len && secret->len > longest &&
            memcmp(text, secret->value, secret->len) == 0) {
            longest = secret->len;
        }
    }
    return longest;
}

char *tg_redact(const char *text)
{
    char *copy = tg_strdup(text);

    tg_assert(text != NULL);
    tg_redact_in_place(copy);
    return copy;
}

void tg_redact_in_place(char *text)
{
    size_t len = 0;
    size_t to = 0;

    tg_assert(text != NULL);
    _Static_assert(sizeof(MASK) - 1 < REGISTERED_LEN_MIN, "a mask never makes a text longer");
    len = strlen(text);
    pthread_mutex_lock(&registry_lock);
    for (size_t from = 0; registry != NULL && from < len;) {
        size_t secret_len = secret_at(text + from, len - from);

        if (secret_len > 0) {
            memcpy(text + to, MASK, sizeof(MASK) - 1);
            to += sizeof(MASK) - 1;
            from += secret_len;
        } else {
            text[to++] = text[from++];
        }
    }
    if (registry != NULL) {
        text[to] = '\0';
    }
    pthread_mutex_unlock(&registry_lock);
}
