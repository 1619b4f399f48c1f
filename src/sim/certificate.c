/* sim/certificate.c - certificates by OpenSSL. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "sim/certificate.h"

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/str.h"

#define DAY_S         86400
#define VALID_DAYS    30
#define EXPIRED_DAYS  (VALID_DAYS + 2) /* made so long ago, it ended yesterday */
#define ELSEWHERE     "DNS:elsewhere.invalid"
#define SERIAL_BITS   127
#define X509_VERSION3 2
#define TOKEN_BYTES   24
#define RSA_BITS      2048

static bool add_extension(X509 *certificate, X509 *issuer, int nid, const char *value)
{
    X509V3_CTX context;
    X509V3_set_ctx(&context, issuer, certificate, NULL, NULL, 0);
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &context, nid, value);
    bool is_good = extension != NULL && X509_add_ext(certificate, extension, -1) == 1;
    X509_EXTENSION_free(extension);
    return is_good;
}

static bool set_serial(X509 *certificate)
{
    BIGNUM *number = BN_new();
    bool is_good = number != NULL &&
                   BN_rand(number, SERIAL_BITS, BN_RAND_TOP_ONE, BN_RAND_BOTTOM_ANY) == 1 &&
                   BN_to_ASN1_INTEGER(number, X509_get_serialNumber(certificate)) != NULL;
    BN_free(number);
    return is_good;
}

/* Unsigned certificate with names, times and key; NULL on failure. */
static X509 *certificate_new(EVP_PKEY *key, const char *common_name, int64_t real_wall_us)
{
    X509 *certificate = X509_new();
    if (certificate == NULL) {
        return NULL;
    }
    time_t start = (time_t)(real_wall_us / TG_US_PER_S - DAY_S);
    const unsigned char *name = (const unsigned char *)common_name;
    bool is_good =
        X509_set_version(certificate, X509_VERSION3) == 1 && set_serial(certificate) &&
        ASN1_TIME_set(X509_getm_notBefore(certificate), start) != NULL &&
        ASN1_TIME_set(X509_getm_notAfter(certificate), start + (VALID_DAYS + 1) * DAY_S) != NULL &&
        X509_set_pubkey(certificate, key) == 1 &&
        X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), "CN", MBSTRING_UTF8, name,
                                   -1, -1, 0) == 1;
    if (!is_good) {
        X509_free(certificate);
        return NULL;
    }
    return certificate;
}

static char *bio_text(BIO *bio)
{
    char *data = NULL;
    long len = BIO_get_mem_data(bio, &data);
    return tg_strndup(data, (size_t)len);
}

static char *certificate_pem(X509 *certificate)
{
    BIO *bio = BIO_new(BIO_s_mem());
    char *text = PEM_write_bio_X509(bio, certificate) == 1 ? bio_text(bio) : NULL;
    BIO_free(bio);
    return text;
}

static char *key_pem(EVP_PKEY *key)
{
    BIO *bio = BIO_new(BIO_s_secmem());
    bool is_good = PEM_write_bio_PKCS8PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL) == 1;
    char *text = is_good ? bio_text(bio) : NULL;
    BIO_free(bio);
    return text;
}

static X509 *authority_new(EVP_PKEY *key, int64_t real_wall_us)
{
    X509 *authority = certificate_new(key, "tidegate simulated world", real_wall_us);
    bool is_good =
        authority != NULL &&
        X509_set_issuer_name(authority, X509_get_subject_name(authority)) == 1 &&
        add_extension(authority, authority, NID_basic_constraints, "critical,CA:TRUE") &&
        add_extension(authority, authority, NID_key_usage, "critical,keyCertSign,cRLSign") &&
        add_extension(authority, authority, NID_subject_key_identifier, "hash") &&
        X509_sign(authority, key, EVP_sha256()) > 0;
    if (!is_good) {
        X509_free(authority);
        return NULL;
    }
    return authority;
}

/* names as OpenSSL writes subject alternative names. */
static X509 *server_new(EVP_PKEY *key, X509 *authority, EVP_PKEY *authority_key,
                        int64_t real_wall_us, const char *names)
{
    X509 *server = certificate_new(key, "localhost", real_wall_us);
    bool is_good = server != NULL &&
                   X509_set_issuer_name(server, X509_get_subject_name(authority)) == 1 &&
                   add_extension(server, authority, NID_basic_constraints, "critical,CA:FALSE") &&
                   add_extension(server, authority, NID_key_usage, "critical,digitalSignature") &&
                   add_extension(server, authority, NID_ext_key_usage, "serverAuth") &&
                   add_extension(server, authority, NID_subject_alt_name, names) &&
                   add_extension(server, authority, NID_subject_key_identifier, "hash") &&
                   add_extension(server, authority, NID_authority_key_identifier, "keyid") &&
                   X509_sign(server, authority_key, EVP_sha256()) > 0;
    if (!is_good) {
        X509_free(server);
        return NULL;
    }
    return server;
}

/* One server's certificate as text; NULL on failure. */
static char *server_pem(EVP_PKEY *key, X509 *authority, EVP_PKEY *authority_key,
                        int64_t real_wall_us, const char *names)
{
    X509 *server = authority == NULL || key == NULL
                       ? NULL
                       : server_new(key, authority, authority_key, real_wall_us, names);
    char *pem = server == NULL ? NULL : certificate_pem(server);
    X509_free(server);
    return pem;
}

static void make_all(struct sim_certificates *made, EVP_PKEY *key, EVP_PKEY *authority_key,
                     int64_t real_wall_us, const char *names)
{
    EVP_PKEY *stranger_key = EVP_EC_gen("P-256");
    X509 *authority = authority_key == NULL ? NULL : authority_new(authority_key, real_wall_us);
    X509 *stranger = stranger_key == NULL ? NULL : authority_new(stranger_key, real_wall_us);
    int64_t past_us = real_wall_us - EXPIRED_DAYS * DAY_S * TG_US_PER_S;
    made->ca_pem = authority == NULL ? NULL : certificate_pem(authority);
    made->server_pem = server_pem(key, authority, authority_key, real_wall_us, names);
    made->unknown_pem = server_pem(key, stranger, stranger_key, real_wall_us, names);
    made->expired_pem = server_pem(key, authority, authority_key, past_us, names);
    made->elsewhere_pem = server_pem(key, authority, authority_key, real_wall_us, ELSEWHERE);
    made->server_key_pem = key == NULL ? NULL : key_pem(key);
    X509_free(authority);
    X509_free(stranger);
    EVP_PKEY_free(stranger_key);
}

bool sim_certificates_make(struct sim_certificates *certificates, int64_t real_wall_us,
                           const char *address, struct tg_err *err)
{
    *certificates = (struct sim_certificates){.ca_pem = NULL};
    EVP_PKEY *authority_key = EVP_EC_gen("P-256");
    EVP_PKEY *server_key = EVP_EC_gen("P-256");
    char *names = tg_asprintf("IP:127.0.0.1,IP:::1,DNS:localhost%s%s", address ? ",IP:" : "",
                              address ? address : "");
    make_all(certificates, server_key, authority_key, real_wall_us, names);
    free(names);
    bool is_good = certificates->ca_pem != NULL && certificates->server_pem != NULL &&
                   certificates->unknown_pem != NULL && certificates->expired_pem != NULL &&
                   certificates->elsewhere_pem != NULL && certificates->server_key_pem != NULL;
    if (!is_good) {
        char text[120];
        ERR_error_string_n(ERR_get_error(), text, sizeof text);
        tg_err_set(err, TG_CODE_INTERNAL, 0, "certificates could not be made: %s", text);
        sim_certificates_fini(certificates);
    }
    EVP_PKEY_free(server_key);
    EVP_PKEY_free(authority_key);
    return is_good;
}

void sim_certificates_fini(struct sim_certificates *certificates)
{
    if (certificates->server_key_pem != NULL) {
        OPENSSL_cleanse(certificates->server_key_pem, strlen(certificates->server_key_pem));
    }
    free(certificates->ca_pem);
    free(certificates->server_pem);
    free(certificates->server_key_pem);
    free(certificates->unknown_pem);
    free(certificates->expired_pem);
    free(certificates->elsewhere_pem);
    *certificates = (struct sim_certificates){.ca_pem = NULL};
}

char *sim_certificates_token(const char *prefix)
{
    unsigned char bytes[TOKEN_BYTES];
    char digits[2 * TOKEN_BYTES + 1];
    if (RAND_bytes(bytes, sizeof bytes) != 1) {
        return NULL;
    }
    for (size_t i = 0; i < sizeof bytes; i++) {
        digits[2 * i] = "0123456789abcdef"[bytes[i] >> 4];
        digits[2 * i + 1] = "0123456789abcdef"[bytes[i] & 15];
    }
    digits[2 * TOKEN_BYTES] = '\0';
    return tg_asprintf("%s%s", prefix, digits);
}

bool sim_certificates_rsa(char **private_pem, char **public_pem)
{
    *private_pem = NULL;
    *public_pem = NULL;
    EVP_PKEY *key = EVP_RSA_gen(RSA_BITS);
    BIO *bio = BIO_new(BIO_s_mem());
    if (key != NULL && bio != NULL && PEM_write_bio_PUBKEY(bio, key) == 1) {
        *private_pem = key_pem(key);
        *public_pem = bio_text(bio);
    }
    BIO_free(bio);
    EVP_PKEY_free(key);
    return *private_pem != NULL;
}

bool sim_certificates_is_signed(const char *public_pem, const char *text, size_t len,
                                const char *signature, size_t signature_len)
{
    BIO *bio = BIO_new_mem_buf(public_pem, -1);
    EVP_PKEY *key = bio == NULL ? NULL : PEM_read_bio_PUBKEY(bio, NULL, NULL, NULL);
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    bool is_good = key != NULL && context != NULL &&
                   EVP_DigestVerifyInit(context, NULL, EVP_sha256(), NULL, key) == 1 &&
                   EVP_DigestVerify(context, (const unsigned char *)signature, signature_len,
                                    (const unsigned char *)text, len) == 1;
    EVP_MD_CTX_free(context);
    EVP_PKEY_free(key);
    BIO_free(bio);
    ERR_clear_error();
    return is_good;
}
