/* io/google_login.h - the program's own login to Google Cloud: credentials found as Google's
 * libraries find them, and one access token that is kept fresh.
 *
 * Searched, first found first used: the file that GOOGLE_APPLICATION_CREDENTIALS names;
 * application_default_credentials.json in CLOUDSDK_CONFIG or ~/.config/gcloud; the metadata server
 * (GCE_METADATA_HOST or GCE_METADATA_ROOT, or when the machine says that it is Google's); gcloud as
 * a child process. A file of a kind that is not read here (external_account, impersonation) is
 * given to gcloud. They are looked for anew at each try, so that a login made meanwhile counts;
 * while the last try was refused, the files that a sign-in writes are looked at every two seconds.
 *
 * The token is renewed (io/token_keeper.h) on a thread of its own, one request at a time. It is
 * never on a disk, in an argument or in an environment.
 *
 * Thread: start, stop from the UI thread; the source from any.
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#ifndef TG_IO_GOOGLE_LOGIN_H
#define TG_IO_GOOGLE_LOGIN_H

#include "base/clock.h"
#include "base/err.h"
#include "net/token_source.h"

/* Where to look; NULL: not there. */
struct tg_google_places {
    char *named_file; /* must be readable */
    char *usual_file; /* is passed over when it is not there */
    char *metadata_host;
    char *quota_project; /* GOOGLE_CLOUD_QUOTA_PROJECT: counts before what a file says */
};

/* As this process's environment and machine say. */
struct tg_google_places tg_google_places_here(void);
void tg_google_places_fini(struct tg_google_places *places);

/* The project of the service account whose key GOOGLE_APPLICATION_CREDENTIALS names: whoever named
 * it wants it used. NULL when there is none. The caller frees. */
char *tg_google_named_project(void);

struct tg_google_login;

/* Starts the thread, which tries at once; never waits for it. places are moved in; ca_pem (copied)
 * are the authorities to trust, NULL: the system's. NULL and err when a thread or a transport
 * cannot be made. */
struct tg_google_login *tg_google_login_start(struct tg_google_places *places, const char *ca_pem,
                                              struct tg_clock clock, struct tg_err *err);

/* Ends the thread, whatever it waits for, and wipes the token. Nobody uses the source any more.
 * NULL allowed. */
void tg_google_login_stop(struct tg_google_login *login);

struct tg_token_source *tg_google_login_source(struct tg_google_login *login);

#endif
