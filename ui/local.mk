# ui/local.mk - the console: everything that is drawn.
# SPDX-License-Identifier: Apache-2.0

noinst_LIBRARIES += %D%/libtg_ui.a
%C%_libtg_ui_a_CPPFLAGS = $(CURSES_CFLAGS) $(AM_CPPFLAGS)
%C%_libtg_ui_a_SOURCES = \
	%D%/canvas.h \
	%D%/key.h \
	%D%/term.h \
	%D%/ui.h
