# src/local.mk - one archive for each layer; the order of linking is the order of layers.
# SPDX-License-Identifier: Apache-2.0

noinst_LIBRARIES += %D%/libtg_base.a
%C%_libtg_base_a_SOURCES = \
	%D%/base/arena.c \
	%D%/base/arena.h \
	%D%/base/assert.c \
	%D%/base/assert.h \
	%D%/base/assets.c \
	%D%/base/assets.h \
	%D%/base/buf.c \
	%D%/base/buf.h \
	%D%/base/clock.c \
	%D%/base/clock.h \
	%D%/base/err.c \
	%D%/base/err.def \
	%D%/base/err.h \
	%D%/base/fmt.c \
	%D%/base/fmt.h \
	%D%/base/heap.c \
	%D%/base/heap.h \
	%D%/base/i18n.h \
	%D%/base/log.c \
	%D%/base/log.h \
	%D%/base/map.c \
	%D%/base/map.h \
	%D%/base/mem.c \
	%D%/base/mem.h \
	%D%/base/queue.c \
	%D%/base/queue.h \
	%D%/base/rng.c \
	%D%/base/rng.h \
	%D%/base/secret.c \
	%D%/base/secret.h \
	%D%/base/str.c \
	%D%/base/str.h \
	%D%/base/utf8.c \
	%D%/base/utf8.h
nodist_%C%_libtg_base_a_SOURCES = assets/embedded.c

noinst_LIBRARIES += %D%/libtg_net.a
%C%_libtg_net_a_SOURCES = \
	%D%/net/backoff.c \
	%D%/net/backoff.h \
	%D%/net/http.c \
	%D%/net/http.h \
	%D%/net/linesplit.c \
	%D%/net/linesplit.h \
	%D%/net/transport.h \
	%D%/net/url.c \
	%D%/net/url.h

noinst_LIBRARIES += %D%/libtg_model.a
%C%_libtg_model_a_SOURCES = \
	%D%/model/command.def \
	%D%/model/command.h \
	%D%/model/fleet.h \
	%D%/model/kind.def \
	%D%/model/kind.h \
	%D%/model/msg.h \
	%D%/model/obj.h \
	%D%/model/reduce.h \
	%D%/model/select.h \
	%D%/model/store.h

noinst_LIBRARIES += %D%/libtg_plan.a
%C%_libtg_plan_a_SOURCES = \
	%D%/plan/lab.h \
	%D%/plan/verify.h

noinst_LIBRARIES += %D%/libtg_drill.a
%C%_libtg_drill_a_SOURCES = \
	%D%/drill/drill.h \
	%D%/drill/score.h

noinst_LIBRARIES += %D%/libtg_codec.a
%C%_libtg_codec_a_SOURCES = \

noinst_LIBRARIES += %D%/libtg_provider.a
%C%_libtg_provider_a_SOURCES = \
	%D%/provider/target.h

noinst_LIBRARIES += %D%/libtg_sim.a
%C%_libtg_sim_a_SOURCES = \
	%D%/sim/admission.c \
	%D%/sim/behaviour.h \
	%D%/sim/controller_deployment.c \
	%D%/sim/controller_scheduler.c \
	%D%/sim/controllers.c \
	%D%/sim/controllers.h \
	%D%/sim/event_recorder.c \
	%D%/sim/face.c \
	%D%/sim/face.h \
	%D%/sim/front.h \
	%D%/sim/garbage.c \
	%D%/sim/json_path.c \
	%D%/sim/json_path.h \
	%D%/sim/k8s_columns.c \
	%D%/sim/k8s_discovery.c \
	%D%/sim/k8s_discovery.h \
	%D%/sim/k8s_json_patch.c \
	%D%/sim/k8s_list.c \
	%D%/sim/k8s_list.h \
	%D%/sim/k8s_patch.c \
	%D%/sim/k8s_patch.h \
	%D%/sim/k8s_pod_text.c \
	%D%/sim/k8s_status.c \
	%D%/sim/k8s_status.h \
	%D%/sim/k8s_table.c \
	%D%/sim/k8s_table.h \
	%D%/sim/k8s_watch.c \
	%D%/sim/k8s_watch.h \
	%D%/sim/params.c \
	%D%/sim/params.def \
	%D%/sim/params.h \
	%D%/sim/pod.h \
	%D%/sim/pod_log.c \
	%D%/sim/pod_status.c \
	%D%/sim/query.c \
	%D%/sim/query.h \
	%D%/sim/region.c \
	%D%/sim/region.h \
	%D%/sim/resource.c \
	%D%/sim/resource.def \
	%D%/sim/selector.c \
	%D%/sim/selector.h \
	%D%/sim/server.h \
	%D%/sim/shape.c \
	%D%/sim/shape.h \
	%D%/sim/store.c \
	%D%/sim/store.h \
	%D%/sim/text.c \
	%D%/sim/text.h \
	%D%/sim/truth.h \
	%D%/sim/world.c \
	%D%/sim/world.h

noinst_LIBRARIES += %D%/libtg_io.a
%C%_libtg_io_a_SOURCES = \
	%D%/io/journal.h \
	%D%/io/kubeconfig.h \
	%D%/io/worker.h

noinst_LIBRARIES += %D%/libtg_app.a
%C%_libtg_app_a_SOURCES = \
	%D%/app/app.c \
	%D%/app/app.h \
	%D%/app/drill_control.c \
	%D%/app/rig.c \
	%D%/app/rig.h \
	%D%/app/session.c \
	%D%/app/session.h

bin_PROGRAMS += tidegate
tidegate_SOURCES = \
	%D%/cli.c \
	%D%/cli.h \
	%D%/command_console.c \
	%D%/command_drill.c \
	%D%/command_sim.c \
	%D%/command_status.c \
	%D%/commands.c \
	%D%/commands.h \
	%D%/loop.c \
	%D%/main.c \
	%D%/option.def

# What a program of a layer links with: the layer and everything below it.
base_libs = %D%/libtg_base.a $(LTLIBINTL) -lpthread
net_libs = %D%/libtg_net.a $(base_libs)
model_libs = %D%/libtg_model.a $(base_libs)
plan_libs = %D%/libtg_plan.a $(model_libs)
drill_libs = %D%/libtg_drill.a %D%/libtg_plan.a $(model_libs)
codec_libs = %D%/libtg_codec.a $(drill_libs) %D%/libtg_net.a %D%/libtg_base.a $(JANSSON_LIBS) $(YAML_LIBS)
provider_libs = %D%/libtg_provider.a $(codec_libs)
sim_libs = %D%/libtg_sim.a $(net_libs) $(JANSSON_LIBS) $(MICROHTTPD_LIBS) $(OPENSSL_LIBS)
io_libs = %D%/libtg_io.a $(provider_libs) $(CURL_LIBS) $(SQLITE_LIBS)
app_libs = %D%/libtg_app.a %D%/libtg_io.a %D%/libtg_sim.a $(provider_libs) $(CURL_LIBS) $(SQLITE_LIBS) $(MICROHTTPD_LIBS) $(OPENSSL_LIBS)
ui_libs = ui/libtg_ui.a $(drill_libs)
tidegate_LDADD = ui/libtg_ui.a $(app_libs) $(CURSES_LIBS) -lm
EXTRA_DIST += %D%/README.md
