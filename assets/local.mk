# assets/local.mk - data that is built into the program.
# SPDX-License-Identifier: Apache-2.0
embedded_assets = \
	%D%/labs/gemma-two-region.yaml \
	%D%/manifests/download-job.yaml \
	%D%/manifests/gateway.yaml \
	%D%/manifests/hf-secret.yaml \
	%D%/manifests/ksa.yaml \
	%D%/manifests/objective-crd.yaml \
	%D%/manifests/objective.yaml \
	%D%/manifests/policies.yaml \
	%D%/manifests/pool-monitoring.yaml \
	%D%/manifests/pool.yaml \
	%D%/manifests/route.yaml \
	%D%/manifests/workload.yaml \
	%D%/probe/probe.sh
EXTRA_DIST += $(embedded_assets) %D%/embed.sh

%D%/embedded.c: $(embedded_assets) %D%/embed.sh
	$(AM_V_GEN)$(MKDIR_P) $(@D) && $(SHELL) $(srcdir)/assets/embed.sh $(srcdir)/assets $(embedded_assets:assets/%=%) >$@.tmp && mv $@.tmp $@
CLEANFILES += %D%/embedded.c
