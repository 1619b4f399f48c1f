# tests/local.mk - test programs, one for each layer, and the gates.
# SPDX-License-Identifier: Apache-2.0

TEST_EXTENSIONS = .sh
LOG_DRIVER = env AM_TAP_AWK='$(AWK)' $(SHELL) $(top_srcdir)/build-aux/tap-driver.sh
LOG_COMPILER = $(SHELL) $(top_srcdir)/tests/run-criterion
SH_LOG_COMPILER = $(SHELL)
AM_TESTS_ENVIRONMENT = \
	TOP_SRCDIR=$(abs_top_srcdir); export TOP_SRCDIR; \
	TIDEGATE=$(abs_top_builddir)/tidegate; export TIDEGATE; \
	TIDEGATE_LOCALEDIR=$(abs_top_builddir)/locale; export TIDEGATE_LOCALEDIR; \
	TIDEGATE_GOLDEN_DIR=$(abs_top_srcdir)/tests/screens/golden; export TIDEGATE_GOLDEN_DIR; \
	TIDEGATE_TESTS_BUILDDIR=$(abs_top_builddir)/tests; export TIDEGATE_TESTS_BUILDDIR; \
	CC='$(CC)'; export CC;


if HAVE_CRITERION
check_PROGRAMS += %D%/test_integration
TESTS += %D%/test_integration
%C%_test_integration_SOURCES = \
	%D%/integration/rig_support.c \
	%D%/integration/rig_support.h \
	%D%/integration/test_commands.c \
	%D%/integration/test_doctor.c \
	%D%/integration/test_drill_rig.c \
	%D%/integration/test_ensure.c \
	%D%/integration/test_exec_plugin.c \
	%D%/integration/test_exec_sockets.c \
	%D%/integration/test_faults.c \
	%D%/integration/test_google_login.c \
	%D%/integration/test_kill.c \
	%D%/integration/test_manifests.c \
	%D%/integration/test_params.c \
	%D%/integration/test_progress.c \
	%D%/integration/test_provision.c \
	%D%/integration/test_rights.c \
	%D%/integration/test_status.c \
	%D%/integration/test_survey.c \
	%D%/integration/test_trouble.c \
	%D%/integration/test_tls_faults.c \
	%D%/integration/test_tour.c \
	%D%/integration/test_walk.c \
	%D%/integration/test_witness.c \
	%D%/integration/test_world_control.c
%C%_test_integration_LDADD =  $(app_libs) $(CRITERION_LIBS) -lm

check_PROGRAMS += %D%/test_screens
TESTS += %D%/test_screens
%C%_test_screens_SOURCES = \
	%D%/integration/rig_support.c \
	%D%/integration/rig_support.h \
	%D%/screens/scene.c \
	%D%/screens/scene.h \
	%D%/screens/stretch.c \
	%D%/screens/test_goldens.c \
	%D%/screens/test_keys.c \
	%D%/screens/test_lab_pages.c \
	%D%/screens/test_trouble_pages.c
%C%_test_screens_LDADD =  ui/libtg_ui.a $(app_libs) $(CURSES_LIBS) $(CRITERION_LIBS) -lm

check_PROGRAMS += %D%/test_base
TESTS += %D%/test_base
%C%_test_base_SOURCES = \
	%D%/unit/base/test_arena.c \
	%D%/unit/base/test_assert.c \
	%D%/unit/base/test_assets.c \
	%D%/unit/base/test_buf.c \
	%D%/unit/base/test_clock.c \
	%D%/unit/base/test_digest.c \
	%D%/unit/base/test_err.c \
	%D%/unit/base/test_fmt.c \
	%D%/unit/base/test_heap.c \
	%D%/unit/base/test_log.c \
	%D%/unit/base/test_map.c \
	%D%/unit/base/test_mem.c \
	%D%/unit/base/test_queue.c \
	%D%/unit/base/test_rng.c \
	%D%/unit/base/test_secret.c \
	%D%/unit/base/test_str.c \
	%D%/unit/base/test_utf8.c
%C%_test_base_LDADD =  $(base_libs) $(CRITERION_LIBS) -lm

check_PROGRAMS += %D%/test_codec
TESTS += %D%/test_codec
%C%_test_codec_SOURCES = \
	%D%/unit/codec/quoted.h \
	%D%/unit/codec/routes.h \
	%D%/unit/codec/test_gcp.c \
	%D%/unit/codec/test_exec_credential.c \
	%D%/unit/codec/test_google_login.c \
	%D%/unit/codec/test_json.c \
	%D%/unit/codec/test_json_match.c \
	%D%/unit/codec/test_json_pick.c \
	%D%/unit/codec/test_k8s_exec.c \
	%D%/unit/codec/test_k8s_kinds.c \
	%D%/unit/codec/test_k8s_list.c \
	%D%/unit/codec/test_k8s_status.c \
	%D%/unit/codec/test_k8s_text.c \
	%D%/unit/codec/test_k8s_wanted.c \
	%D%/unit/codec/test_k8s_watch_line.c \
	%D%/unit/codec/test_k8s_write.c \
	%D%/unit/codec/test_lab_move.c \
	%D%/unit/codec/test_manifest.c \
	%D%/unit/codec/test_log_digest.c \
	%D%/unit/codec/test_metrics.c \
	%D%/unit/codec/test_pod_status.c \
	%D%/unit/codec/test_question.c \
	%D%/unit/codec/test_weights.c \
	%D%/unit/codec/test_tool_output.c \
	%D%/unit/codec/test_yaml.c
%C%_test_codec_LDADD =  $(codec_libs) $(OPENSSL_LIBS) $(CRITERION_LIBS) -lm

check_PROGRAMS += %D%/test_drill
TESTS += %D%/test_drill
%C%_test_drill_SOURCES = \
	%D%/unit/drill/test_baseline.c \
	%D%/unit/drill/test_score_verdict.c \
	%D%/unit/drill/test_score_window.c
%C%_test_drill_LDADD =  $(drill_libs) $(CRITERION_LIBS) -lm

check_PROGRAMS += %D%/test_io
TESTS += %D%/test_io
%C%_test_io_SOURCES = \
	%D%/unit/io/test_capture.c \
	%D%/unit/io/test_child.c \
	%D%/unit/io/test_exec_login.c \
	%D%/unit/io/test_google_places.c \
	%D%/unit/io/test_journal_records.c \
	%D%/unit/io/test_kubeconfig_files.c \
	%D%/unit/io/test_token_file.c \
	%D%/unit/io/test_token_keeper.c
%C%_test_io_LDADD =  $(io_libs) $(CRITERION_LIBS) -lm

check_PROGRAMS += %D%/test_model
TESTS += %D%/test_model
%C%_test_model_SOURCES = \
	%D%/unit/model/model_rig.h \
	%D%/unit/model/test_attention.c \
	%D%/unit/model/test_catalogue.c \
	%D%/unit/model/test_changes.c \
	%D%/unit/model/test_sources.c
%C%_test_model_LDADD =  $(model_libs) $(CRITERION_LIBS) -lm

check_PROGRAMS += %D%/test_net
TESTS += %D%/test_net
%C%_test_net_SOURCES = \
	%D%/unit/net/test_backoff.c \
	%D%/unit/net/test_http.c \
	%D%/unit/net/test_linesplit.c \
	%D%/unit/net/test_upgrade.c \
	%D%/unit/net/test_url.c \
	%D%/unit/net/test_websocket.c
%C%_test_net_LDADD =  $(net_libs) $(CRITERION_LIBS) -lm

check_PROGRAMS += %D%/test_plan
TESTS += %D%/test_plan
%C%_test_plan_SOURCES = \
	%D%/unit/plan/test_doctor.c \
	%D%/unit/plan/test_lab.c \
	%D%/unit/plan/test_permission.c \
	%D%/unit/plan/test_price.c \
	%D%/unit/plan/test_run.c \
	%D%/unit/plan/test_run_survey.c \
	%D%/unit/plan/test_run_tool.c \
	%D%/unit/plan/test_verify.c \
	%D%/unit/plan/test_walk.c
%C%_test_plan_LDADD =  $(codec_libs) $(CRITERION_LIBS) -lm

check_PROGRAMS += %D%/test_provider
TESTS += %D%/test_provider
%C%_test_provider_SOURCES = \
	%D%/unit/provider/ensure_rig.h \
	%D%/unit/provider/provider_rig.h \
	%D%/unit/provider/test_ask.c \
	%D%/unit/provider/test_calls.c \
	%D%/unit/provider/test_ensure_gcp.c \
	%D%/unit/provider/test_ensure_k8s.c \
	%D%/unit/provider/test_exec.c \
	%D%/unit/provider/test_gcp_poll.c \
	%D%/unit/provider/test_scrape.c \
	%D%/unit/provider/test_watch_machine.c
%C%_test_provider_LDADD =  $(provider_libs) $(CRITERION_LIBS) -lm

check_PROGRAMS += %D%/test_sim
TESTS += %D%/test_sim
%C%_test_sim_SOURCES = \
	%D%/unit/sim/fault_rig.h \
	%D%/unit/sim/gcp_rig.h \
	%D%/unit/sim/sim_client.h \
	%D%/unit/sim/test_account_token.c \
	%D%/unit/sim/test_autoscale.c \
	%D%/unit/sim/test_certificate.c \
	%D%/unit/sim/test_controllers.c \
	%D%/unit/sim/test_definition.c \
	%D%/unit/sim/test_determinism.c \
	%D%/unit/sim/test_direct.c \
	%D%/unit/sim/test_ephemeral.c \
	%D%/unit/sim/test_eviction.c \
	%D%/unit/sim/test_fault.c \
	%D%/unit/sim/test_fault_world.c \
	%D%/unit/sim/test_front.c \
	%D%/unit/sim/test_fuse.c \
	%D%/unit/sim/test_gateway.c \
	%D%/unit/sim/test_hub.c \
	%D%/unit/sim/test_gcp.c \
	%D%/unit/sim/test_gcp_access.c \
	%D%/unit/sim/test_gcp_balancer.c \
	%D%/unit/sim/test_gcp_lists.c \
	%D%/unit/sim/test_gcp_quota.c \
	%D%/unit/sim/test_gcp_storage.c \
	%D%/unit/sim/test_k8s_discovery.c \
	%D%/unit/sim/test_k8s_fidelity.c \
	%D%/unit/sim/test_k8s_list.c \
	%D%/unit/sim/test_k8s_subresource.c \
	%D%/unit/sim/test_k8s_verbs.c \
	%D%/unit/sim/test_k8s_watch.c \
	%D%/unit/sim/test_metrics.c \
	%D%/unit/sim/test_patch.c \
	%D%/unit/sim/test_pattern.c \
	%D%/unit/sim/test_probe.c \
	%D%/unit/sim/test_protobuf.c \
	%D%/unit/sim/test_query.c \
	%D%/unit/sim/test_rbac.c \
	%D%/unit/sim/test_remote.c \
	%D%/unit/sim/test_rollout.c \
	%D%/unit/sim/test_script.c \
	%D%/unit/sim/test_selector.c \
	%D%/unit/sim/test_share.c \
	%D%/unit/sim/test_store.c \
	%D%/unit/sim/test_table.c \
	%D%/unit/sim/test_vllm.c \
	%D%/unit/sim/test_volume.c \
	%D%/unit/sim/test_world.c \
	%D%/unit/sim/world_rig.h
%C%_test_sim_LDADD =  $(sim_libs) $(CRITERION_LIBS) -lm

check_PROGRAMS += %D%/test_ui
TESTS += %D%/test_ui
%C%_test_ui_SOURCES = \
	%D%/unit/ui/test_canvas.c \
	%D%/unit/ui/test_key_stream.c \
	%D%/unit/ui/test_lines.c
%C%_test_ui_LDADD =  ui/libtg_ui.a $(drill_libs) $(CURSES_LIBS) $(CRITERION_LIBS) -lm

endif

TESTS += %D%/lint/drift.sh
TESTS += %D%/lint/format.sh
TESTS += %D%/lint/harden.sh
TESTS += %D%/lint/layers.sh
TESTS += %D%/lint/sanitizer.sh
TESTS += %D%/lint/selftest.sh
TESTS += %D%/lint/tidy.sh
# the longest first, and the one that takes most of a machine not beside it
TESTS += %D%/e2e/drill.sh
TESTS += %D%/e2e/commands.sh
TESTS += %D%/e2e/console.sh
TESTS += %D%/e2e/doctor.sh
TESTS += %D%/e2e/exec_plugin.sh
TESTS += %D%/e2e/exec.sh
TESTS += %D%/e2e/faults.sh
TESTS += %D%/e2e/lab_file.sh
TESTS += %D%/e2e/login.sh
TESTS += %D%/e2e/secret.sh
TESTS += %D%/e2e/plain.sh
TESTS += %D%/e2e/probe.sh
TESTS += %D%/e2e/two_worlds.sh
TESTS += %D%/e2e/walk.sh
TESTS += %D%/e2e/api_hosts.sh
TESTS += %D%/e2e/auto.sh

EXTRA_PROGRAMS += %D%/stress/stress_login
%C%_stress_stress_login_SOURCES = %D%/stress/stress_login.c
%C%_stress_stress_login_LDADD = ui/libtg_ui.a $(app_libs) $(CURSES_LIBS) -lm
EXTRA_PROGRAMS += %D%/stress/stress_plugin
%C%_stress_stress_plugin_SOURCES = %D%/stress/stress_plugin.c
%C%_stress_stress_plugin_LDADD = ui/libtg_ui.a $(app_libs) $(CURSES_LIBS) -lm
EXTRA_PROGRAMS += %D%/stress/stress_session
%C%_stress_stress_session_SOURCES = %D%/stress/stress_session.c
%C%_stress_stress_session_LDADD = ui/libtg_ui.a $(app_libs) $(CURSES_LIBS) -lm
EXTRA_PROGRAMS += %D%/bench/bench_pty
%C%_bench_bench_pty_SOURCES = %D%/bench/bench.h %D%/bench/bench_pty.c
%C%_bench_bench_pty_LDADD = ui/libtg_ui.a $(app_libs) $(CURSES_LIBS) -lm
EXTRA_PROGRAMS += %D%/bench/bench_server
%C%_bench_bench_server_SOURCES = %D%/bench/bench.h %D%/bench/bench_server.c
%C%_bench_bench_server_LDADD = ui/libtg_ui.a $(app_libs) $(CURSES_LIBS) -lm
EXTRA_PROGRAMS += %D%/bench/bench_watch
%C%_bench_bench_watch_SOURCES = %D%/bench/bench.h %D%/bench/bench_watch.c
%C%_bench_bench_watch_LDADD = ui/libtg_ui.a $(app_libs) $(CURSES_LIBS) -lm
EXTRA_PROGRAMS += %D%/bench/bench_world
%C%_bench_bench_world_SOURCES = %D%/bench/bench.h %D%/bench/bench_world.c
%C%_bench_bench_world_LDADD = ui/libtg_ui.a $(app_libs) $(CURSES_LIBS) -lm
stress_programs = %D%/stress/stress_login %D%/stress/stress_plugin %D%/stress/stress_session
bench_programs = %D%/bench/bench_pty %D%/bench/bench_server %D%/bench/bench_watch %D%/bench/bench_world

stress-programs: all $(check_LIBRARIES) $(stress_programs)
stress: stress-programs
	$(AM_V_at)for program in $(stress_programs); do echo "stress: $$program"; \
		TSAN_OPTIONS="halt_on_error=1 second_deadlock_stack=1" ./$$program || exit 1; done
bench-programs: all $(check_LIBRARIES) $(bench_programs)
.PHONY: stress stress-programs bench-programs
CLEANFILES += $(stress_programs) $(bench_programs)

check_PROGRAMS += %D%/swarm/test_swarm
TESTS += %D%/swarm/test_swarm
%C%_swarm_test_swarm_SOURCES = %D%/swarm/test_swarm.c
%C%_swarm_test_swarm_LDADD = $(app_libs) -lm

check_PROGRAMS += %D%/fuzz/replay_apply
TESTS += %D%/fuzz/replay_apply
%C%_fuzz_replay_apply_SOURCES = %D%/fuzz/replay.c %D%/fuzz/fuzz.h %D%/fuzz/fuzz_apply.c
%C%_fuzz_replay_apply_LDADD = $(app_libs) -lm
check_PROGRAMS += %D%/fuzz/replay_exec
TESTS += %D%/fuzz/replay_exec
%C%_fuzz_replay_exec_SOURCES = %D%/fuzz/replay.c %D%/fuzz/fuzz.h %D%/fuzz/fuzz_exec.c
%C%_fuzz_replay_exec_LDADD = $(app_libs) -lm
check_PROGRAMS += %D%/fuzz/replay_filter
TESTS += %D%/fuzz/replay_filter
%C%_fuzz_replay_filter_SOURCES = %D%/fuzz/replay.c %D%/fuzz/fuzz.h %D%/fuzz/fuzz_filter.c
%C%_fuzz_replay_filter_LDADD = $(app_libs) -lm
check_PROGRAMS += %D%/fuzz/replay_frames
TESTS += %D%/fuzz/replay_frames
%C%_fuzz_replay_frames_SOURCES = %D%/fuzz/replay.c %D%/fuzz/fuzz.h %D%/fuzz/fuzz_frames.c
%C%_fuzz_replay_frames_LDADD = $(app_libs) -lm
check_PROGRAMS += %D%/fuzz/replay_google
TESTS += %D%/fuzz/replay_google
%C%_fuzz_replay_google_SOURCES = %D%/fuzz/replay.c %D%/fuzz/fuzz.h %D%/fuzz/fuzz_google.c
%C%_fuzz_replay_google_LDADD = $(app_libs) -lm
check_PROGRAMS += %D%/fuzz/replay_kubeconfig
TESTS += %D%/fuzz/replay_kubeconfig
%C%_fuzz_replay_kubeconfig_SOURCES = %D%/fuzz/replay.c %D%/fuzz/fuzz.h %D%/fuzz/fuzz_kubeconfig.c
%C%_fuzz_replay_kubeconfig_LDADD = $(app_libs) -lm
check_PROGRAMS += %D%/fuzz/replay_patch
TESTS += %D%/fuzz/replay_patch
%C%_fuzz_replay_patch_SOURCES = %D%/fuzz/replay.c %D%/fuzz/fuzz.h %D%/fuzz/fuzz_patch.c
%C%_fuzz_replay_patch_LDADD = $(app_libs) -lm
check_PROGRAMS += %D%/fuzz/replay_protobuf
TESTS += %D%/fuzz/replay_protobuf
%C%_fuzz_replay_protobuf_SOURCES = %D%/fuzz/replay.c %D%/fuzz/fuzz.h %D%/fuzz/fuzz_protobuf.c
%C%_fuzz_replay_protobuf_LDADD = $(app_libs) -lm
check_PROGRAMS += %D%/fuzz/replay_request
TESTS += %D%/fuzz/replay_request
%C%_fuzz_replay_request_SOURCES = %D%/fuzz/replay.c %D%/fuzz/fuzz.h %D%/fuzz/fuzz_request.c
%C%_fuzz_replay_request_LDADD = $(app_libs) -lm
check_PROGRAMS += %D%/fuzz/replay_schema
TESTS += %D%/fuzz/replay_schema
%C%_fuzz_replay_schema_SOURCES = %D%/fuzz/replay.c %D%/fuzz/fuzz.h %D%/fuzz/fuzz_schema.c
%C%_fuzz_replay_schema_LDADD = $(app_libs) -lm
check_PROGRAMS += %D%/fuzz/replay_selector
TESTS += %D%/fuzz/replay_selector
%C%_fuzz_replay_selector_SOURCES = %D%/fuzz/replay.c %D%/fuzz/fuzz.h %D%/fuzz/fuzz_selector.c
%C%_fuzz_replay_selector_LDADD = $(app_libs) -lm
check_PROGRAMS += %D%/fuzz/replay_shell
TESTS += %D%/fuzz/replay_shell
%C%_fuzz_replay_shell_SOURCES = %D%/fuzz/replay.c %D%/fuzz/fuzz.h %D%/fuzz/fuzz_shell.c
%C%_fuzz_replay_shell_LDADD = $(app_libs) -lm
check_PROGRAMS += %D%/fuzz/replay_strategic
TESTS += %D%/fuzz/replay_strategic
%C%_fuzz_replay_strategic_SOURCES = %D%/fuzz/replay.c %D%/fuzz/fuzz.h %D%/fuzz/fuzz_strategic.c
%C%_fuzz_replay_strategic_LDADD = $(app_libs) -lm
check_PROGRAMS += %D%/fuzz/replay_tool
TESTS += %D%/fuzz/replay_tool
%C%_fuzz_replay_tool_SOURCES = %D%/fuzz/replay.c %D%/fuzz/fuzz.h %D%/fuzz/fuzz_tool.c
%C%_fuzz_replay_tool_LDADD = $(app_libs) -lm
check_PROGRAMS += %D%/fuzz/replay_watch
TESTS += %D%/fuzz/replay_watch
%C%_fuzz_replay_watch_SOURCES = %D%/fuzz/replay.c %D%/fuzz/fuzz.h %D%/fuzz/fuzz_watch.c
%C%_fuzz_replay_watch_LDADD = $(app_libs) -lm
check_PROGRAMS += %D%/fuzz/replay_yaml
TESTS += %D%/fuzz/replay_yaml
%C%_fuzz_replay_yaml_SOURCES = %D%/fuzz/replay.c %D%/fuzz/fuzz.h %D%/fuzz/fuzz_yaml.c
%C%_fuzz_replay_yaml_LDADD = $(app_libs) -lm
if FUZZING
noinst_PROGRAMS += %D%/fuzz/fuzz_apply
%C%_fuzz_fuzz_apply_SOURCES = %D%/fuzz/fuzz_apply.c
%C%_fuzz_fuzz_apply_CFLAGS = $(AM_CFLAGS) -fsanitize=fuzzer
%C%_fuzz_fuzz_apply_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
%C%_fuzz_fuzz_apply_LDADD = $(app_libs) -lm
noinst_PROGRAMS += %D%/fuzz/fuzz_exec
%C%_fuzz_fuzz_exec_SOURCES = %D%/fuzz/fuzz_exec.c
%C%_fuzz_fuzz_exec_CFLAGS = $(AM_CFLAGS) -fsanitize=fuzzer
%C%_fuzz_fuzz_exec_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
%C%_fuzz_fuzz_exec_LDADD = $(app_libs) -lm
noinst_PROGRAMS += %D%/fuzz/fuzz_filter
%C%_fuzz_fuzz_filter_SOURCES = %D%/fuzz/fuzz_filter.c
%C%_fuzz_fuzz_filter_CFLAGS = $(AM_CFLAGS) -fsanitize=fuzzer
%C%_fuzz_fuzz_filter_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
%C%_fuzz_fuzz_filter_LDADD = $(app_libs) -lm
noinst_PROGRAMS += %D%/fuzz/fuzz_frames
%C%_fuzz_fuzz_frames_SOURCES = %D%/fuzz/fuzz_frames.c
%C%_fuzz_fuzz_frames_CFLAGS = $(AM_CFLAGS) -fsanitize=fuzzer
%C%_fuzz_fuzz_frames_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
%C%_fuzz_fuzz_frames_LDADD = $(app_libs) -lm
noinst_PROGRAMS += %D%/fuzz/fuzz_google
%C%_fuzz_fuzz_google_SOURCES = %D%/fuzz/fuzz_google.c
%C%_fuzz_fuzz_google_CFLAGS = $(AM_CFLAGS) -fsanitize=fuzzer
%C%_fuzz_fuzz_google_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
%C%_fuzz_fuzz_google_LDADD = $(app_libs) -lm
noinst_PROGRAMS += %D%/fuzz/fuzz_kubeconfig
%C%_fuzz_fuzz_kubeconfig_SOURCES = %D%/fuzz/fuzz_kubeconfig.c
%C%_fuzz_fuzz_kubeconfig_CFLAGS = $(AM_CFLAGS) -fsanitize=fuzzer
%C%_fuzz_fuzz_kubeconfig_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
%C%_fuzz_fuzz_kubeconfig_LDADD = $(app_libs) -lm
noinst_PROGRAMS += %D%/fuzz/fuzz_patch
%C%_fuzz_fuzz_patch_SOURCES = %D%/fuzz/fuzz_patch.c
%C%_fuzz_fuzz_patch_CFLAGS = $(AM_CFLAGS) -fsanitize=fuzzer
%C%_fuzz_fuzz_patch_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
%C%_fuzz_fuzz_patch_LDADD = $(app_libs) -lm
noinst_PROGRAMS += %D%/fuzz/fuzz_protobuf
%C%_fuzz_fuzz_protobuf_SOURCES = %D%/fuzz/fuzz_protobuf.c
%C%_fuzz_fuzz_protobuf_CFLAGS = $(AM_CFLAGS) -fsanitize=fuzzer
%C%_fuzz_fuzz_protobuf_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
%C%_fuzz_fuzz_protobuf_LDADD = $(app_libs) -lm
noinst_PROGRAMS += %D%/fuzz/fuzz_request
%C%_fuzz_fuzz_request_SOURCES = %D%/fuzz/fuzz_request.c
%C%_fuzz_fuzz_request_CFLAGS = $(AM_CFLAGS) -fsanitize=fuzzer
%C%_fuzz_fuzz_request_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
%C%_fuzz_fuzz_request_LDADD = $(app_libs) -lm
noinst_PROGRAMS += %D%/fuzz/fuzz_schema
%C%_fuzz_fuzz_schema_SOURCES = %D%/fuzz/fuzz_schema.c
%C%_fuzz_fuzz_schema_CFLAGS = $(AM_CFLAGS) -fsanitize=fuzzer
%C%_fuzz_fuzz_schema_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
%C%_fuzz_fuzz_schema_LDADD = $(app_libs) -lm
noinst_PROGRAMS += %D%/fuzz/fuzz_selector
%C%_fuzz_fuzz_selector_SOURCES = %D%/fuzz/fuzz_selector.c
%C%_fuzz_fuzz_selector_CFLAGS = $(AM_CFLAGS) -fsanitize=fuzzer
%C%_fuzz_fuzz_selector_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
%C%_fuzz_fuzz_selector_LDADD = $(app_libs) -lm
noinst_PROGRAMS += %D%/fuzz/fuzz_shell
%C%_fuzz_fuzz_shell_SOURCES = %D%/fuzz/fuzz_shell.c
%C%_fuzz_fuzz_shell_CFLAGS = $(AM_CFLAGS) -fsanitize=fuzzer
%C%_fuzz_fuzz_shell_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
%C%_fuzz_fuzz_shell_LDADD = $(app_libs) -lm
noinst_PROGRAMS += %D%/fuzz/fuzz_strategic
%C%_fuzz_fuzz_strategic_SOURCES = %D%/fuzz/fuzz_strategic.c
%C%_fuzz_fuzz_strategic_CFLAGS = $(AM_CFLAGS) -fsanitize=fuzzer
%C%_fuzz_fuzz_strategic_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
%C%_fuzz_fuzz_strategic_LDADD = $(app_libs) -lm
noinst_PROGRAMS += %D%/fuzz/fuzz_tool
%C%_fuzz_fuzz_tool_SOURCES = %D%/fuzz/fuzz_tool.c
%C%_fuzz_fuzz_tool_CFLAGS = $(AM_CFLAGS) -fsanitize=fuzzer
%C%_fuzz_fuzz_tool_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
%C%_fuzz_fuzz_tool_LDADD = $(app_libs) -lm
noinst_PROGRAMS += %D%/fuzz/fuzz_watch
%C%_fuzz_fuzz_watch_SOURCES = %D%/fuzz/fuzz_watch.c
%C%_fuzz_fuzz_watch_CFLAGS = $(AM_CFLAGS) -fsanitize=fuzzer
%C%_fuzz_fuzz_watch_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
%C%_fuzz_fuzz_watch_LDADD = $(app_libs) -lm
noinst_PROGRAMS += %D%/fuzz/fuzz_yaml
%C%_fuzz_fuzz_yaml_SOURCES = %D%/fuzz/fuzz_yaml.c
%C%_fuzz_fuzz_yaml_CFLAGS = $(AM_CFLAGS) -fsanitize=fuzzer
%C%_fuzz_fuzz_yaml_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
%C%_fuzz_fuzz_yaml_LDADD = $(app_libs) -lm
endif
FUZZ_SECONDS = 60
fuzz_targets = apply exec filter frames google kubeconfig patch protobuf request schema selector shell strategic tool watch yaml
# Each target for so many seconds, on the corpus and what earlier runs added below the build tree.
fuzz: all
	$(AM_V_at)for target in $(fuzz_targets); do \
		echo "fuzz: $$target for $(FUZZ_SECONDS) s"; mkdir -p fuzz-corpus/$$target; \
		%D%/fuzz/fuzz_$$target -max_total_time=$(FUZZ_SECONDS) -rss_limit_mb=2048 -timeout=20 -print_final_stats=1 -max_len=16384 \
			-dict=$(srcdir)/tests/fuzz/dictionary/$$target \
			fuzz-corpus/$$target $(srcdir)/tests/fuzz/corpus/$$target || exit 1; done
.PHONY: fuzz
EXTRA_DIST += \
	%D%/README.md \
	%D%/bench/run.sh \
	%D%/e2e/api_hosts.sh \
	%D%/e2e/auto.sh \
	%D%/e2e/commands.sh \
	%D%/e2e/common.sh \
	%D%/e2e/console.sh \
	%D%/e2e/doctor.sh \
	%D%/e2e/drill.sh \
	%D%/e2e/exec_plugin.sh \
	%D%/e2e/exec.sh \
	%D%/e2e/fake/terraform \
	%D%/e2e/faults.sh \
	%D%/e2e/lab_file.sh \
	%D%/e2e/login.sh \
	%D%/e2e/secret.sh \
	%D%/e2e/plain.sh \
	%D%/e2e/probe.sh \
	%D%/e2e/two_worlds.sh \
	%D%/e2e/walk.sh \
	%D%/fuzz/corpus \
	%D%/fuzz/dictionary \
	%D%/interop/apiserver.py \
	%D%/interop/apiserver.sh \
	%D%/interop/commands.sh \
	%D%/interop/gcloud.commands \
	%D%/interop/gcloud.sh \
	%D%/interop/import.sh \
	%D%/interop/infrastructure.py \
	%D%/interop/kubectl.sh \
	%D%/interop/lab.expect \
	%D%/interop/lab.sh \
	%D%/interop/lab_blocks.py \
	%D%/interop/native.sh \
	%D%/interop/parity.py \
	%D%/interop/parity.sh \
	%D%/interop/terraform.bash \
	%D%/interop/pool.py \
	%D%/interop/pool.sh \
	%D%/interop/terraform.sh \
	%D%/interop/tools.sh \
	%D%/lint/drift.sh \
	%D%/lint/format.sh \
	%D%/lint/harden.sh \
	%D%/lint/layers.awk \
	%D%/lint/layers.sh \
	%D%/lint/layers.txt \
	%D%/lint/sanitizer.sh \
	%D%/lint/selftest.sh \
	%D%/lint/tidy.awk \
	%D%/lint/tidy.sh \
	%D%/planted/clean.c \
	%D%/planted/leak.c \
	%D%/planted/overflow.c \
	%D%/planted/undefined.c \
	%D%/run-criterion
EXTRA_DIST += \
	%D%/screens/golden/command_line-100x30-C.txt \
	%D%/screens/golden/doctor-120x40-C.txt \
	%D%/screens/golden/doctor-120x40-zh_TW.txt \
	%D%/screens/golden/doctor-80x24-C.txt \
	%D%/screens/golden/doctor-80x24-zh_TW.txt \
	%D%/screens/golden/doctor-end-80x24-C.txt \
	%D%/screens/golden/doctor-end-80x24-zh_TW.txt \
	%D%/screens/golden/lab-up-80x24-C.txt \
	%D%/screens/golden/trouble-gateway-pending-100x30-C.txt \
	%D%/screens/golden/trouble-gateway-pending-200x60-zh_TW.txt \
	%D%/screens/golden/trouble-gateway-pending-80x24-C.txt \
	%D%/screens/golden/trouble-gateway-pending-home-100x30-C.txt \
	%D%/screens/golden/trouble-gateway-pending-home-200x60-zh_TW.txt \
	%D%/screens/golden/trouble-gateway-pending-home-80x24-C.txt \
	%D%/screens/golden/trouble-ghost-rule-100x30-C.txt \
	%D%/screens/golden/trouble-ghost-rule-200x60-zh_TW.txt \
	%D%/screens/golden/trouble-ghost-rule-80x24-C.txt \
	%D%/screens/golden/trouble-ghost-rule-home-100x30-C.txt \
	%D%/screens/golden/trouble-ghost-rule-home-200x60-zh_TW.txt \
	%D%/screens/golden/trouble-ghost-rule-home-80x24-C.txt \
	%D%/screens/golden/trouble-name-taken-100x30-C.txt \
	%D%/screens/golden/trouble-name-taken-200x60-zh_TW.txt \
	%D%/screens/golden/trouble-name-taken-80x24-C.txt \
	%D%/screens/golden/trouble-name-taken-home-100x30-C.txt \
	%D%/screens/golden/trouble-name-taken-home-200x60-zh_TW.txt \
	%D%/screens/golden/trouble-name-taken-home-80x24-C.txt \
	%D%/screens/golden/trouble-no-machines-100x30-C.txt \
	%D%/screens/golden/trouble-no-machines-200x60-zh_TW.txt \
	%D%/screens/golden/trouble-no-machines-80x24-C.txt \
	%D%/screens/golden/trouble-no-machines-home-100x30-C.txt \
	%D%/screens/golden/trouble-no-machines-home-200x60-zh_TW.txt \
	%D%/screens/golden/trouble-no-machines-home-80x24-C.txt \
	%D%/screens/golden/trouble-no-permission-100x30-C.txt \
	%D%/screens/golden/trouble-no-permission-200x60-zh_TW.txt \
	%D%/screens/golden/trouble-no-permission-80x24-C.txt \
	%D%/screens/golden/trouble-no-permission-home-100x30-C.txt \
	%D%/screens/golden/trouble-no-permission-home-200x60-zh_TW.txt \
	%D%/screens/golden/trouble-no-permission-home-80x24-C.txt \
	%D%/screens/golden/trouble-no-quota-100x30-C.txt \
	%D%/screens/golden/trouble-no-quota-200x60-zh_TW.txt \
	%D%/screens/golden/trouble-no-quota-80x24-C.txt \
	%D%/screens/golden/trouble-no-quota-home-100x30-C.txt \
	%D%/screens/golden/trouble-no-quota-home-200x60-zh_TW.txt \
	%D%/screens/golden/trouble-no-quota-home-80x24-C.txt \
	%D%/screens/golden/trouble-slow-cluster-100x30-C.txt \
	%D%/screens/golden/trouble-slow-cluster-200x60-zh_TW.txt \
	%D%/screens/golden/trouble-slow-cluster-80x24-C.txt \
	%D%/screens/golden/trouble-slow-cluster-home-100x30-C.txt \
	%D%/screens/golden/trouble-slow-cluster-home-200x60-zh_TW.txt \
	%D%/screens/golden/trouble-slow-cluster-home-80x24-C.txt \
	%D%/screens/golden/command_line-100x30-zh_TW.txt \
	%D%/screens/golden/command_line-80x24-C.txt \
	%D%/screens/golden/command_line-80x24-zh_TW.txt \
	%D%/screens/golden/confirm-100x30-C.txt \
	%D%/screens/golden/confirm-100x30-zh_TW.txt \
	%D%/screens/golden/confirm-80x24-C.txt \
	%D%/screens/golden/confirm-80x24-zh_TW.txt \
	%D%/screens/golden/detail-100x30-C.txt \
	%D%/screens/golden/detail-100x30-zh_TW.txt \
	%D%/screens/golden/detail-80x24-C.txt \
	%D%/screens/golden/detail-80x24-zh_TW.txt \
	%D%/screens/golden/filter-100x30-C.txt \
	%D%/screens/golden/filter-100x30-zh_TW.txt \
	%D%/screens/golden/filter-80x24-C.txt \
	%D%/screens/golden/filter-80x24-zh_TW.txt \
	%D%/screens/golden/help-100x30-C.txt \
	%D%/screens/golden/help-100x30-zh_TW.txt \
	%D%/screens/golden/help-80x24-C.txt \
	%D%/screens/golden/help-80x24-zh_TW.txt \
	%D%/screens/golden/kinds-unseen-100x30-C.txt \
	%D%/screens/golden/kinds-unseen-100x30-zh_TW.txt \
	%D%/screens/golden/kinds-unseen-200x60-C.txt \
	%D%/screens/golden/kinds-unseen-200x60-zh_TW.txt \
	%D%/screens/golden/kinds-unseen-60x16-C.txt \
	%D%/screens/golden/kinds-unseen-60x16-zh_TW.txt \
	%D%/screens/golden/kinds-unseen-80x24-C.txt \
	%D%/screens/golden/kinds-unseen-80x24-zh_TW.txt \
	%D%/screens/golden/longer-texts-100x30.txt \
	%D%/screens/golden/longer-texts-80x24.txt \
	%D%/screens/golden/longer-texts-refusal-100x30.txt \
	%D%/screens/golden/lost-100x30-C.txt \
	%D%/screens/golden/lost-100x30-zh_TW.txt \
	%D%/screens/golden/lost-200x60-C.txt \
	%D%/screens/golden/lost-200x60-zh_TW.txt \
	%D%/screens/golden/lost-60x16-C.txt \
	%D%/screens/golden/lost-60x16-zh_TW.txt \
	%D%/screens/golden/lost-80x24-C.txt \
	%D%/screens/golden/lost-80x24-zh_TW.txt \
	%D%/screens/golden/nothing-yet-100x30-C.txt \
	%D%/screens/golden/nothing-yet-100x30-zh_TW.txt \
	%D%/screens/golden/nothing-yet-200x60-C.txt \
	%D%/screens/golden/nothing-yet-200x60-zh_TW.txt \
	%D%/screens/golden/nothing-yet-60x16-C.txt \
	%D%/screens/golden/nothing-yet-60x16-zh_TW.txt \
	%D%/screens/golden/nothing-yet-80x24-C.txt \
	%D%/screens/golden/nothing-yet-80x24-zh_TW.txt \
	%D%/screens/golden/observing-100x30-C.txt \
	%D%/screens/golden/observing-100x30-zh_TW.txt \
	%D%/screens/golden/observing-200x60-C.txt \
	%D%/screens/golden/observing-200x60-zh_TW.txt \
	%D%/screens/golden/observing-60x16-C.txt \
	%D%/screens/golden/observing-60x16-zh_TW.txt \
	%D%/screens/golden/observing-80x24-C.txt \
	%D%/screens/golden/observing-80x24-zh_TW.txt \
	%D%/screens/golden/page-claims-100x30-C.txt \
	%D%/screens/golden/page-claims-100x30-zh_TW.txt \
	%D%/screens/golden/page-claims-80x24-C.txt \
	%D%/screens/golden/page-claims-80x24-zh_TW.txt \
	%D%/screens/golden/page-gateway-lacks-100x30-C.txt \
	%D%/screens/golden/page-gateway-lacks-100x30-zh_TW.txt \
	%D%/screens/golden/page-gateway-lacks-80x24-C.txt \
	%D%/screens/golden/page-gateway-lacks-80x24-zh_TW.txt \
	%D%/screens/golden/page-serving-100x30-C.txt \
	%D%/screens/golden/page-serving-100x30-zh_TW.txt \
	%D%/screens/golden/page-serving-80x24-C.txt \
	%D%/screens/golden/page-serving-80x24-zh_TW.txt \
	%D%/screens/golden/page-weights-100x30-C.txt \
	%D%/screens/golden/page-weights-100x30-zh_TW.txt \
	%D%/screens/golden/page-weights-80x24-C.txt \
	%D%/screens/golden/page-weights-80x24-zh_TW.txt \
	%D%/screens/golden/page-weights-failed-100x30-C.txt \
	%D%/screens/golden/page-weights-failed-100x30-zh_TW.txt \
	%D%/screens/golden/page-weights-failed-80x24-C.txt \
	%D%/screens/golden/page-weights-failed-80x24-zh_TW.txt \
	%D%/screens/golden/palette-100x30-C.txt \
	%D%/screens/golden/palette-100x30-zh_TW.txt \
	%D%/screens/golden/palette-80x24-C.txt \
	%D%/screens/golden/palette-80x24-zh_TW.txt \
	%D%/screens/golden/pane-1-100x30-C.txt \
	%D%/screens/golden/pane-2-100x30-C.txt \
	%D%/screens/golden/pane-3-100x30-C.txt \
	%D%/screens/golden/pane-3-proved-100x30-C.txt \
	%D%/screens/golden/pane-3-proved-100x30-zh_TW.txt \
	%D%/screens/golden/pane-3-proved-80x24-C.txt \
	%D%/screens/golden/pane-3-proved-80x24-zh_TW.txt \
	%D%/screens/golden/pane-4-100x30-C.txt \
	%D%/screens/golden/pane-5-100x30-C.txt \
	%D%/screens/golden/pane-6-100x30-C.txt \
	%D%/screens/golden/paused-100x30-C.txt \
	%D%/screens/golden/paused-80x24-C.txt \
	%D%/screens/golden/restore-offer-100x30-C.txt \
	%D%/screens/golden/restore-offer-100x30-zh_TW.txt \
	%D%/screens/golden/restore-offer-200x60-C.txt \
	%D%/screens/golden/restore-offer-200x60-zh_TW.txt \
	%D%/screens/golden/restore-offer-60x16-C.txt \
	%D%/screens/golden/restore-offer-60x16-zh_TW.txt \
	%D%/screens/golden/restore-offer-80x24-C.txt \
	%D%/screens/golden/restore-offer-80x24-zh_TW.txt \
	%D%/screens/golden/steady-100x30-C.txt \
	%D%/screens/golden/steady-100x30-zh_TW.txt \
	%D%/screens/golden/steady-200x60-C.txt \
	%D%/screens/golden/steady-200x60-zh_TW.txt \
	%D%/screens/golden/steady-60x16-C.txt \
	%D%/screens/golden/steady-60x16-zh_TW.txt \
	%D%/screens/golden/steady-80x24-C.txt \
	%D%/screens/golden/steady-80x24-zh_TW.txt \
	%D%/screens/golden/verdict-100x30-C.txt \
	%D%/screens/golden/verdict-100x30-zh_TW.txt \
	%D%/screens/golden/verdict-200x60-C.txt \
	%D%/screens/golden/verdict-200x60-zh_TW.txt \
	%D%/screens/golden/verdict-60x16-C.txt \
	%D%/screens/golden/verdict-60x16-zh_TW.txt \
	%D%/screens/golden/verdict-80x24-C.txt \
	%D%/screens/golden/verdict-80x24-zh_TW.txt
