/* tests/unit/sim/test_certificate.c - certificates and tokens of one run. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "sim/certificate.h"

#define NOW_US INT64_C(1767225600000000)

Test(certificate, each_run_has_its_own_authority)
{
    struct sim_certificates a;
    struct sim_certificates b;
    struct tg_err err = TG_ERR_INIT;
    cr_assert(sim_certificates_make(&a, NOW_US, NULL, &err), "%s", err.msg);
    cr_assert(sim_certificates_make(&b, NOW_US, "10.1.2.3", &err), "%s", err.msg);
    cr_assert(tg_str_has_prefix(a.ca_pem, "-----BEGIN CERTIFICATE-----\n"));
    cr_assert(tg_str_has_prefix(a.server_pem, "-----BEGIN CERTIFICATE-----\n"));
    cr_assert(tg_str_has_prefix(a.server_key_pem, "-----BEGIN PRIVATE KEY-----\n"));
    cr_assert_str_neq(a.ca_pem, b.ca_pem);
    cr_assert_str_neq(a.server_key_pem, b.server_key_pem);
    sim_certificates_fini(&a);
    sim_certificates_fini(&b);
    cr_assert_null(a.server_key_pem);
}

Test(certificate, a_bad_address_is_an_error)
{
    struct sim_certificates certificates;
    struct tg_err err = TG_ERR_INIT;
    cr_assert_not(sim_certificates_make(&certificates, NOW_US, "not an address", &err));
    cr_assert_eq(err.code, TG_CODE_INTERNAL);
    cr_assert_null(certificates.ca_pem);
}

Test(certificate, tokens_differ_and_keep_their_prefix)
{
    char *a = sim_certificates_token("sim-");
    char *b = sim_certificates_token("sim-");
    cr_assert(tg_str_has_prefix(a, "sim-"));
    cr_assert_geq(strlen(a), 40);
    cr_assert_str_neq(a, b);
    free(a);
    free(b);
}
