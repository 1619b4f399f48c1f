/* sim/certificate.h - a certificate authority for one run of the simulation, and a server
 * certificate signed by it.
 *
 * Keys are EC P-256 and live in memory only. Times come in: clients check validity against their
 * real clock.
 *
 * Thread: any.
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#ifndef TG_SIM_CERTIFICATE_H
#define TG_SIM_CERTIFICATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct sim_certificates {
    char *ca_pem;     /* the authority's certificate */
    char *server_pem; /* the server's certificate, signed by it, for 127.0.0.1, ::1, localhost and
                         address */
    char *server_key_pem;
    /* Of the same key, each with one thing wrong: signed by an authority that nobody knows, expired
     * a day ago, for another host. */
    char *unknown_pem;
    char *expired_pem;
    char *elsewhere_pem;
};

/* Makes all; the good ones are valid from a day before real_wall_us for 30 days. address is one
 * more IP address to be valid for, NULL: none. The caller calls fini. Errors: INTERNAL when OpenSSL
 * fails. */
bool sim_certificates_make(struct sim_certificates *certificates, int64_t real_wall_us,
                           const char *address, struct tg_err *err);
void sim_certificates_fini(struct sim_certificates *certificates);

/* Unguessable bearer token with this prefix; NULL when the system has no randomness. The caller
 * frees. */
char *sim_certificates_token(const char *prefix);

/* A new RSA key of 2048 bits: PKCS #8 and public key in PEM, which the caller frees. False when
 * OpenSSL fails. */
bool sim_certificates_rsa(char **private_pem, char **public_pem);

/* True when signature is RSASSA-PKCS1-v1_5 with SHA-256 (a JWT's RS256) over text by the key whose
 * public half is public_pem. */
bool sim_certificates_is_signed(const char *public_pem, const char *text, size_t len,
                                const char *signature, size_t signature_len);

#endif
