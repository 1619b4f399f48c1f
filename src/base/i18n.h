/* base/i18n.h - the marks of translatable text: N_() in tables, _() where text is drawn.
 *
 * Log, journal, wire and JSON output are never translated.
 *
 * Thread: any, after main() called setlocale() and bindtextdomain().
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#ifndef TG_BASE_I18N_H
#define TG_BASE_I18N_H

#include <libintl.h>

#define N_(text) text
#define _(text)  gettext(text)

#endif
