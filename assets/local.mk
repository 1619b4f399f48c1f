# assets/local.mk - data that is built into the program.
# SPDX-License-Identifier: Apache-2.0
embedded_assets = \
	%D%/labs/gemma-two-region.yaml \
	%D%/probe/probe.sh
EXTRA_DIST += $(embedded_assets) %D%/embed.sh

%D%/embedded.c: $(embedded_assets) %D%/embed.sh
	$(AM_V_GEN)$(MKDIR_P) $(@D) && $(SHELL) $(srcdir)/assets/embed.sh $(srcdir)/assets $(embedded_assets:assets/%=%) >$@.tmp && mv $@.tmp $@
CLEANFILES += %D%/embedded.c
