/* screens/stretch.c - a language that does not exist: every translated text in brackets and half as
 * long again, so that what is not translated, or has no room to grow, shows.
 *
 * The program's own gettext() calls arrive here, since a program's symbols go before the C
 * library's.
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include <dlfcn.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "tests/screens/scene.h"

#undef gettext
#undef dgettext
#undef dcgettext
char *gettext(const char *text);
char *dgettext(const char *domain, const char *text);
char *dcgettext(const char *domain, const char *text, int category);

#define TEXTS_MAX 2000

static bool is_stretching;
static struct {
    const char *from;
    char *to;
} texts[TEXTS_MAX]; /* the pointers that _() gives back live as long as the program */
static size_t texts_count;

void scene_stretch_texts(void)
{
    is_stretching = true;
}

static char *stretch(const char *text)
{
    for (size_t i = 0; i < texts_count; i++) {
        if (strcmp(texts[i].from, text) == 0) {
            return texts[i].to;
        }
    }
    size_t len = strlen(text);
    char *longer = tg_calloc(len * 2 + 8, 1);
    longer[0] = '[';
    memcpy(longer + 1, text, len);
    memset(longer + 1 + len, '~', (len + 1) / 2);
    longer[strlen(longer)] = ']';
    if (texts_count < TEXTS_MAX) {
        texts[texts_count].from = text;
        texts[texts_count++].to = longer;
    }
    return longer;
}

char *dcgettext(const char *domain, const char *text, int category)
{
    static char *(*real)(const char *, const char *, int);
    if (is_stretching) {
        return stretch(text);
    }
    if (real == NULL) {
        *(void **)&real = dlsym(RTLD_NEXT, "dcgettext");
    }
    return real(domain, text, category);
}

char *dgettext(const char *domain, const char *text)
{
    return dcgettext(domain, text, 5);
}

char *gettext(const char *text)
{
    return dcgettext(NULL, text, 5);
}
