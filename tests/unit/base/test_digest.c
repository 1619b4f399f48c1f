/* tests/unit/base/test_digest.c - SHA-256 against its published examples (FIPS 180-4). */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "base/digest.h"

#include <criterion/criterion.h>

Test(digest, known_values)
{
    char out[TG_DIGEST_LEN + 1];
    tg_digest_sha256("abc", 3, out);
    cr_expect_str_eq(out, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    tg_digest_sha256("", 0, out);
    cr_expect_str_eq(out, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}
