# ui/local.mk - the console: everything that is drawn.
# SPDX-License-Identifier: Apache-2.0

noinst_LIBRARIES += %D%/libtg_ui.a
%C%_libtg_ui_a_CPPFLAGS = $(CURSES_CFLAGS) $(AM_CPPFLAGS)
%C%_libtg_ui_a_SOURCES = \
	%D%/canvas.c \
	%D%/canvas.h \
	%D%/command_line.c \
	%D%/doctor.c \
	%D%/frame.c \
	%D%/key.c \
	%D%/key.h \
	%D%/key_stream.c \
	%D%/key_stream.h \
	%D%/lab.c \
	%D%/lines.c \
	%D%/lines.h \
	%D%/next.c \
	%D%/overlay.c \
	%D%/state.h \
	%D%/stockout.c \
	%D%/term.h \
	%D%/term_curses.c \
	%D%/term_fake.c \
	%D%/ui.c \
	%D%/ui.h \
	%D%/view.c \
	%D%/view.h \
	%D%/view_drill.c \
	%D%/view_lab.c \
	%D%/view_regions.c \
	%D%/view_step.c \
	%D%/walk.c
