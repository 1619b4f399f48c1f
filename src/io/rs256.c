/* io/rs256.c - RS256 by OpenSSL. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "io/rs256.h"

#include <limits.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <stdlib.h>

#include "base/mem.h"

/* A key that wants a passphrase is refused; OpenSSL would ask for one at the terminal. */
static int no_passphrase(char *out, int size, int is_write, void *context)
{
    (void)out;
    (void)size;
    (void)is_write;
    (void)context;
    return -1;
}

static EVP_PKEY *read_key(const struct tg_secret *pem)
{
    size_t len = tg_secret_len(pem);
    BIO *bio = len > INT_MAX ? NULL : BIO_new_mem_buf(tg_secret_peek(pem), (int)len);
    EVP_PKEY *key = bio == NULL ? NULL : PEM_read_bio_PrivateKey(bio, NULL, no_passphrase, NULL);
    BIO_free(bio);
    if (key != NULL && EVP_PKEY_get_base_id(key) != EVP_PKEY_RSA) {
        EVP_PKEY_free(key);
        key = NULL;
    }
    return key;
}

unsigned char *tg_rs256_sign(const struct tg_secret *pem_key, const char *bytes, size_t len,
                             size_t *signature_len, struct tg_err *err)
{
    unsigned char *signature = NULL;
    const unsigned char *text = (const unsigned char *)bytes;
    size_t out_len = 0;
    EVP_PKEY *key = read_key(pem_key);
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    bool is_ok = key != NULL && context != NULL &&
                 EVP_DigestSignInit(context, NULL, EVP_sha256(), NULL, key) == 1 &&
                 EVP_DigestSign(context, NULL, &out_len, text, len) == 1;
    if (is_ok) {
        signature = tg_malloc(out_len);
        is_ok = EVP_DigestSign(context, signature, &out_len, text, len) == 1;
    }
    EVP_MD_CTX_free(context);
    EVP_PKEY_free(key);
    ERR_clear_error(); /* its texts may be long; ours says enough */
    if (!is_ok) {
        free(signature);
        tg_err_set(err, TG_CODE_CONFIG, 0, "\"private_key\" of the credentials is no RSA key");
        return NULL;
    }
    *signature_len = out_len;
    return signature;
}
