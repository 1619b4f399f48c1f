# assets/local.mk - data that is built into the program.
# SPDX-License-Identifier: Apache-2.0
sim_params = \
	%D%/sim/clients.yaml \
	%D%/sim/cloud.yaml \
	%D%/sim/controllers.yaml \
	%D%/sim/gateway.yaml \
	%D%/sim/kubelet.yaml \
	%D%/sim/network.yaml \
	%D%/sim/usage.yaml \
	%D%/sim/vllm.yaml
embedded_assets = \
	%D%/labs/gemma-two-region.prices.yaml \
	%D%/labs/gemma-two-region.walk.yaml \
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
	%D%/probe/probe.sh \
	$(sim_params)
EXTRA_DIST += $(embedded_assets) %D%/embed.sh %D%/params.awk %D%/sim/README.md

%D%/embedded.c: $(embedded_assets) %D%/embed.sh
	$(AM_V_GEN)$(MKDIR_P) $(@D) && $(SHELL) $(srcdir)/assets/embed.sh $(srcdir)/assets $(embedded_assets:assets/%=%) >$@.tmp && mv $@.tmp $@
CLEANFILES += %D%/embedded.c

# The simulated world's numbers as a C table, beside the objects that include it as "sim/params_table.def".
BUILT_SOURCES += src/sim/params_table.def
CLEANFILES += src/sim/params_table.def
src/sim/params_table.def: $(sim_params) %D%/params.awk
	$(AM_V_GEN)$(MKDIR_P) $(@D) && (cd $(srcdir) && $(AWK) -f assets/params.awk $(sim_params)) >$@.tmp && mv $@.tmp $@
