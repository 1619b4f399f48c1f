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
	%D%/base/digest.c \
	%D%/base/digest.h \
	%D%/base/err.c \
	%D%/base/err.def \
	%D%/base/err.h \
	%D%/base/fmt.c \
	%D%/base/fmt.h \
	%D%/base/heap.c \
	%D%/base/heap.h \
	%D%/base/i18n.h \
	%D%/base/json_out.c \
	%D%/base/json_out.h \
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
	%D%/net/gcp_override.def \
	%D%/net/http.c \
	%D%/net/http.h \
	%D%/net/linesplit.c \
	%D%/net/linesplit.h \
	%D%/net/token_source.h \
	%D%/net/transport.h \
	%D%/net/upgrade.c \
	%D%/net/upgrade.h \
	%D%/net/url.c \
	%D%/net/url.h \
	%D%/net/websocket.c \
	%D%/net/websocket.h

noinst_LIBRARIES += %D%/libtg_model.a
%C%_libtg_model_a_SOURCES = \
	%D%/model/command.c \
	%D%/model/command.def \
	%D%/model/command.h \
	%D%/model/fleet.c \
	%D%/model/fleet.h \
	%D%/model/api.def \
	%D%/model/desired.c \
	%D%/model/desired.h \
	%D%/model/kind.c \
	%D%/model/kind.def \
	%D%/model/kind.h \
	%D%/model/log_digest.h \
	%D%/model/msg.c \
	%D%/model/msg.h \
	%D%/model/obj.c \
	%D%/model/obj.h \
	%D%/model/question.c \
	%D%/model/question.def \
	%D%/model/question.h \
	%D%/model/reduce.c \
	%D%/model/reduce.h \
	%D%/model/select.c \
	%D%/model/select.h \
	%D%/model/select_problems.c \
	%D%/model/select_proofs.c \
	%D%/model/select_routes.c \
	%D%/model/select_unseen.c \
	%D%/model/snapshot.c \
	%D%/model/snapshot.h \
	%D%/model/store.c \
	%D%/model/store.h \
	%D%/model/story.c \
	%D%/model/story.h \
	%D%/model/tool.h

noinst_LIBRARIES += %D%/libtg_plan.a
%C%_libtg_plan_a_SOURCES = \
	%D%/plan/doctor.c \
	%D%/plan/doctor.h \
	%D%/plan/doctor_ask.c \
	%D%/plan/doctor_ask.h \
	%D%/plan/doctor_check.def \
	%D%/plan/doctor_judge.c \
	%D%/plan/doctor_local.c \
	%D%/plan/doctor_network.c \
	%D%/plan/doctor_report.c \
	%D%/plan/doctor_report.h \
	%D%/plan/doctor_tool.def \
	%D%/plan/lab.c \
	%D%/plan/lab.h \
	%D%/plan/permission.c \
	%D%/plan/permission.def \
	%D%/plan/permission.h \
	%D%/plan/price.c \
	%D%/plan/price.h \
	%D%/plan/progress.c \
	%D%/plan/progress.h \
	%D%/plan/progress_pods.c \
	%D%/plan/progress_rows.h \
	%D%/plan/record.c \
	%D%/plan/record.h \
	%D%/plan/run.c \
	%D%/plan/run.h \
	%D%/plan/run_advice.c \
	%D%/plan/run_advice.h \
	%D%/plan/run_items.c \
	%D%/plan/run_items.h \
	%D%/plan/run_machine.h \
	%D%/plan/run_tool.c \
	%D%/plan/run_tool.h \
	%D%/plan/run_report.c \
	%D%/plan/run_report.h \
	%D%/plan/run_state.def \
	%D%/plan/verify.c \
	%D%/plan/verify.h \
	%D%/plan/walk.c \
	%D%/plan/walk.h

noinst_LIBRARIES += %D%/libtg_drill.a
%C%_libtg_drill_a_SOURCES = \
	%D%/drill/access.c \
	%D%/drill/access.h \
	%D%/drill/answers.c \
	%D%/drill/drill.c \
	%D%/drill/drill.h \
	%D%/drill/drill_preflight.c \
	%D%/drill/drill_probe.c \
	%D%/drill/drill_restore.c \
	%D%/drill/machine.h \
	%D%/drill/report.c \
	%D%/drill/report.h \
	%D%/drill/score.c \
	%D%/drill/score.h \
	%D%/drill/steps.c \
	%D%/drill/steps.h

noinst_LIBRARIES += %D%/libtg_codec.a
%C%_libtg_codec_a_SOURCES = \
	%D%/codec/gcp.c \
	%D%/codec/gcp.h \
	%D%/codec/gcp_answer.c \
	%D%/codec/gcp_answer.h \
	%D%/codec/gcp_policy.c \
	%D%/codec/gcp_policy.h \
	%D%/codec/gcp_resource.c \
	%D%/codec/gcp_resource.def \
	%D%/codec/gcp_resource.h \
	%D%/codec/exec_credential.c \
	%D%/codec/exec_credential.h \
	%D%/codec/google_login.c \
	%D%/codec/google_login.h \
	%D%/codec/json.c \
	%D%/codec/json.h \
	%D%/codec/json_match.c \
	%D%/codec/json_match.h \
	%D%/codec/json_pick.c \
	%D%/codec/json_pick.h \
	%D%/codec/k8s.c \
	%D%/codec/k8s.h \
	%D%/codec/k8s_apply.c \
	%D%/codec/k8s_apply.h \
	%D%/codec/k8s_exec.c \
	%D%/codec/k8s_exec.h \
	%D%/codec/k8s_object.c \
	%D%/codec/k8s_object.h \
	%D%/codec/k8s_pod_status.c \
	%D%/codec/k8s_text.c \
	%D%/codec/k8s_wanted.c \
	%D%/codec/k8s_wanted.h \
	%D%/codec/k8s_write.c \
	%D%/codec/k8s_write.h \
	%D%/codec/lab_file.c \
	%D%/codec/lab_file.h \
	%D%/codec/lab_hazard.c \
	%D%/codec/lab_hazard.h \
	%D%/codec/lab_make.c \
	%D%/codec/lab_make.h \
	%D%/codec/lab_move.c \
	%D%/codec/lab_move.h \
	%D%/codec/manifest.c \
	%D%/codec/manifest.h \
	%D%/codec/log_digest.c \
	%D%/codec/log_digest.h \
	%D%/codec/metrics.c \
	%D%/codec/metrics.h \
	%D%/codec/question.c \
	%D%/codec/question.h \
	%D%/codec/price_file.c \
	%D%/codec/price_file.h \
	%D%/codec/walk_file.c \
	%D%/codec/walk_file.h \
	%D%/codec/weights.c \
	%D%/codec/weights.h \
	%D%/codec/tool_output.c \
	%D%/codec/tool_output.h \
	%D%/codec/yaml.c \
	%D%/codec/yaml.h \
	%D%/codec/yaml_json.c \
	%D%/codec/yaml_json.h

noinst_LIBRARIES += %D%/libtg_provider.a
%C%_libtg_provider_a_SOURCES = \
	%D%/provider/ask.c \
	%D%/provider/ask.h \
	%D%/provider/calls.c \
	%D%/provider/calls.h \
	%D%/provider/context.c \
	%D%/provider/context.h \
	%D%/provider/ensure.c \
	%D%/provider/ensure.h \
	%D%/provider/ensure_gcp.c \
	%D%/provider/ensure_k8s.c \
	%D%/provider/ensure_machine.h \
	%D%/provider/ensure_policy.c \
	%D%/provider/exec.c \
	%D%/provider/exec.h \
	%D%/provider/gcp_path.c \
	%D%/provider/gcp_path.h \
	%D%/provider/gcp_poll.c \
	%D%/provider/gcp_poll.h \
	%D%/provider/k8s_watch.c \
	%D%/provider/k8s_watch.h \
	%D%/provider/scrape.c \
	%D%/provider/scrape.h \
	%D%/provider/target.c \
	%D%/provider/target.h

noinst_LIBRARIES += %D%/libtg_sim.a
%C%_libtg_sim_a_SOURCES = \
	%D%/sim/account_token.c \
	%D%/sim/account_token.h \
	%D%/sim/admin.c \
	%D%/sim/admin.h \
	%D%/sim/admission.c \
	%D%/sim/apply_check.c \
	%D%/sim/apply_check.h \
	%D%/sim/autoscale.h \
	%D%/sim/autoscale_metric.c \
	%D%/sim/autoscale_pace.c \
	%D%/sim/behaviour.h \
	%D%/sim/certificate.c \
	%D%/sim/certificate.h \
	%D%/sim/chat.c \
	%D%/sim/chat.h \
	%D%/sim/cloud.c \
	%D%/sim/cloud.h \
	%D%/sim/cluster.c \
	%D%/sim/cluster.h \
	%D%/sim/command.c \
	%D%/sim/command.h \
	%D%/sim/controller_autoscale.c \
	%D%/sim/controller_daemon.c \
	%D%/sim/controller_definition.c \
	%D%/sim/controller_deployment.c \
	%D%/sim/controller_disruption.c \
	%D%/sim/controller_gateway.c \
	%D%/sim/controller_job.c \
	%D%/sim/controller_namespace.c \
	%D%/sim/controller_node.c \
	%D%/sim/controller_scheduler.c \
	%D%/sim/controller_service.c \
	%D%/sim/controller_volume.c \
	%D%/sim/controllers.c \
	%D%/sim/controllers.h \
	%D%/sim/custom_schema.c \
	%D%/sim/custom_schema.h \
	%D%/sim/definition.c \
	%D%/sim/definition.h \
	%D%/sim/deployment.h \
	%D%/sim/deployment_revision.c \
	%D%/sim/deployment_status.c \
	%D%/sim/direct.c \
	%D%/sim/direct.h \
	%D%/sim/download.c \
	%D%/sim/download.h \
	%D%/sim/disruption.h \
	%D%/sim/downloader.c \
	%D%/sim/downloader.h \
	%D%/sim/ephemeral.c \
	%D%/sim/ephemeral.h \
	%D%/sim/event_recorder.c \
	%D%/sim/face.c \
	%D%/sim/face.h \
	%D%/sim/fault.c \
	%D%/sim/fault.def \
	%D%/sim/fault.h \
	%D%/sim/fault_response.c \
	%D%/sim/fault_response.h \
	%D%/sim/fault_stream.c \
	%D%/sim/fault_text.c \
	%D%/sim/fault_world.c \
	%D%/sim/fault_world.h \
	%D%/sim/field_set.c \
	%D%/sim/field_set.h \
	%D%/sim/front.c \
	%D%/sim/front.h \
	%D%/sim/fuse.c \
	%D%/sim/fuse.h \
	%D%/sim/garbage.c \
	%D%/sim/gateway.c \
	%D%/sim/gateway.h \
	%D%/sim/gateway_choice.c \
	%D%/sim/gateway_health.c \
	%D%/sim/gcp_account.c \
	%D%/sim/gcp_balancer.c \
	%D%/sim/gcp_balancer.h \
	%D%/sim/gcp_compute.c \
	%D%/sim/gcp_compute.h \
	%D%/sim/gcp_compute_write.c \
	%D%/sim/gcp_container.c \
	%D%/sim/gcp_error.c \
	%D%/sim/gcp_filter.c \
	%D%/sim/gcp_fleet.c \
	%D%/sim/gcp_http.c \
	%D%/sim/gcp_http.h \
	%D%/sim/gcp_instance.c \
	%D%/sim/gcp_list.c \
	%D%/sim/gcp_list.h \
	%D%/sim/gcp_metadata.c \
	%D%/sim/gcp_monitoring.c \
	%D%/sim/gcp_monitoring.h \
	%D%/sim/gcp_object.c \
	%D%/sim/gcp_object.h \
	%D%/sim/gcp_operation.c \
	%D%/sim/gcp_permission.c \
	%D%/sim/gcp_permission.h \
	%D%/sim/gcp_place.c \
	%D%/sim/gcp_policy.c \
	%D%/sim/gcp_project.c \
	%D%/sim/gcp_quota.c \
	%D%/sim/gcp_quota.h \
	%D%/sim/gcp_service.c \
	%D%/sim/gcp_state.c \
	%D%/sim/gcp_state.h \
	%D%/sim/gcp_storage.c \
	%D%/sim/gcp_store.c \
	%D%/sim/gcp_store.h \
	%D%/sim/gcp_token.c \
	%D%/sim/gcp_token.h \
	%D%/sim/gcp_upload.c \
	%D%/sim/httpd.c \
	%D%/sim/httpd.h \
	%D%/sim/hub.c \
	%D%/sim/hub.h \
	%D%/sim/inventory.c \
	%D%/sim/inventory.h \
	%D%/sim/json_path.c \
	%D%/sim/json_path.h \
	%D%/sim/json_write.c \
	%D%/sim/json_write.h \
	%D%/sim/jsonpath.c \
	%D%/sim/jsonpath.h \
	%D%/sim/k8s_admit.c \
	%D%/sim/k8s_admit.h \
	%D%/sim/k8s_admit_scaling.c \
	%D%/sim/k8s_admit_scaling.h \
	%D%/sim/k8s_api.c \
	%D%/sim/k8s_api.h \
	%D%/sim/k8s_autoscale_v1.c \
	%D%/sim/k8s_autoscale_v1.h \
	%D%/sim/k8s_call.h \
	%D%/sim/k8s_columns.c \
	%D%/sim/k8s_columns_scaling.c \
	%D%/sim/k8s_default.c \
	%D%/sim/k8s_delete.c \
	%D%/sim/k8s_discovery.c \
	%D%/sim/k8s_discovery.h \
	%D%/sim/k8s_eviction.c \
	%D%/sim/k8s_json_patch.c \
	%D%/sim/k8s_list.c \
	%D%/sim/k8s_list.h \
	%D%/sim/k8s_managed.c \
	%D%/sim/k8s_managed.h \
	%D%/sim/k8s_openapi.c \
	%D%/sim/k8s_openapi.h \
	%D%/sim/k8s_options.c \
	%D%/sim/k8s_options.h \
	%D%/sim/k8s_patch.c \
	%D%/sim/k8s_patch.h \
	%D%/sim/k8s_pod_text.c \
	%D%/sim/k8s_protobuf.c \
	%D%/sim/k8s_protobuf.h \
	%D%/sim/k8s_review.c \
	%D%/sim/k8s_status.c \
	%D%/sim/k8s_status.h \
	%D%/sim/k8s_strict.c \
	%D%/sim/k8s_strict.h \
	%D%/sim/k8s_subresource.c \
	%D%/sim/k8s_table.c \
	%D%/sim/k8s_table.h \
	%D%/sim/k8s_watch.c \
	%D%/sim/k8s_watch.h \
	%D%/sim/k8s_write.c \
	%D%/sim/kubelet.c \
	%D%/sim/kubelet.h \
	%D%/sim/kubelet_restart.c \
	%D%/sim/lab_gateway.c \
	%D%/sim/lab_nodes.c \
	%D%/sim/lab_objects.c \
	%D%/sim/lab_objects.h \
	%D%/sim/lab_release.c \
	%D%/sim/lab_release.h \
	%D%/sim/lab_workload.c \
	%D%/sim/listener.c \
	%D%/sim/listener.h \
	%D%/sim/load.c \
	%D%/sim/metrics.c \
	%D%/sim/metrics.h \
	%D%/sim/manifest.c \
	%D%/sim/manifest.h \
	%D%/sim/md5.c \
	%D%/sim/md5.h \
	%D%/sim/node_affinity.c \
	%D%/sim/node_affinity.h \
	%D%/sim/params.c \
	%D%/sim/params.h \
	%D%/sim/pattern.c \
	%D%/sim/pattern.h \
	%D%/sim/pod.h \
	%D%/sim/pod_http.c \
	%D%/sim/pod_log.c \
	%D%/sim/pod_status.c \
	%D%/sim/probe.c \
	%D%/sim/probe.h \
	%D%/sim/process.c \
	%D%/sim/process.h \
	%D%/sim/program.c \
	%D%/sim/program_curl.c \
	%D%/sim/quantity.c \
	%D%/sim/quantity.h \
	%D%/sim/query.c \
	%D%/sim/query.h \
	%D%/sim/rbac.c \
	%D%/sim/rbac.h \
	%D%/sim/rbac_roles.c \
	%D%/sim/region.c \
	%D%/sim/region.h \
	%D%/sim/remote.c \
	%D%/sim/remote.h \
	%D%/sim/remote_exec.c \
	%D%/sim/remote_forward.c \
	%D%/sim/resource.c \
	%D%/sim/resource.def \
	%D%/sim/schema.c \
	%D%/sim/schema.h \
	%D%/sim/schema_apps.def \
	%D%/sim/schema_core_a.def \
	%D%/sim/schema_core_n.def \
	%D%/sim/schema_meta.def \
	%D%/sim/script.c \
	%D%/sim/script.h \
	%D%/sim/selector.c \
	%D%/sim/selector.h \
	%D%/sim/server.c \
	%D%/sim/server.h \
	%D%/sim/server_files.c \
	%D%/sim/server_files.h \
	%D%/sim/shape.c \
	%D%/sim/shape.h \
	%D%/sim/share.c \
	%D%/sim/share.h \
	%D%/sim/shell.c \
	%D%/sim/spdy.c \
	%D%/sim/spdy.h \
	%D%/sim/store.c \
	%D%/sim/store.h \
	%D%/sim/store_deletion.c \
	%D%/sim/store_deletion.h \
	%D%/sim/store_generation.c \
	%D%/sim/store_generation.h \
	%D%/sim/text.c \
	%D%/sim/text.h \
	%D%/sim/truth.c \
	%D%/sim/truth.h \
	%D%/sim/truth_internal.h \
	%D%/sim/tunnel.c \
	%D%/sim/tunnel.h \
	%D%/sim/vllm.c \
	%D%/sim/vllm.h \
	%D%/sim/vllm_http.c \
	%D%/sim/vllm_weights.c \
	%D%/sim/volume.h \
	%D%/sim/websocket.c \
	%D%/sim/websocket.h \
	%D%/sim/world.c \
	%D%/sim/world.h

noinst_LIBRARIES += %D%/libtg_io.a
%C%_libtg_io_a_SOURCES = \
	%D%/io/child.c \
	%D%/io/child.h \
	%D%/io/clock_real.c \
	%D%/io/clock_real.h \
	%D%/io/ask.c \
	%D%/io/ask.h \
	%D%/io/capture.c \
	%D%/io/capture.h \
	%D%/io/curl_options.c \
	%D%/io/curl_options.h \
	%D%/io/curl_transport.c \
	%D%/io/curl_transport.h \
	%D%/io/exec_consent.c \
	%D%/io/exec_consent.h \
	%D%/io/exec_login.c \
	%D%/io/exec_login.h \
	%D%/io/curl_upgrade.c \
	%D%/io/curl_upgrade.h \
	%D%/io/google_login.c \
	%D%/io/google_login.h \
	%D%/io/google_places.c \
	%D%/io/journal.h \
	%D%/io/journal_sqlite.c \
	%D%/io/kubeconfig.c \
	%D%/io/kubeconfig.h \
	%D%/io/paths.c \
	%D%/io/paths.h \
	%D%/io/read_file.c \
	%D%/io/read_file.h \
	%D%/io/rs256.c \
	%D%/io/rs256.h \
	%D%/io/sig.c \
	%D%/io/sig.h \
	%D%/io/token_file.c \
	%D%/io/token_file.h \
	%D%/io/token_keeper.c \
	%D%/io/token_keeper.h \
	%D%/io/worker.c \
	%D%/io/worker.h \
	%D%/io/write_file.c \
	%D%/io/write_file.h

noinst_LIBRARIES += %D%/libtg_app.a
%C%_libtg_app_a_SOURCES = \
	%D%/app/app.c \
	%D%/app/app.h \
	%D%/app/doctor.c \
	%D%/app/doctor.h \
	%D%/app/drill_control.c \
	%D%/app/manifests.c \
	%D%/app/manifests.h \
	%D%/app/plain.c \
	%D%/app/plain.h \
	%D%/app/provision.c \
	%D%/app/provision.h \
	%D%/app/rig.c \
	%D%/app/rig.h \
	%D%/app/session.c \
	%D%/app/session.h \
	%D%/app/status.c \
	%D%/app/status.h \
	%D%/app/status_text.c \
	%D%/app/swarm.c \
	%D%/app/swarm.h \
	%D%/app/swarm_check.c \
	%D%/app/swarm_check.h \
	%D%/app/tour.c \
	%D%/app/tour.h \
	%D%/app/walk_files.c \
	%D%/app/walk_files.h \
	%D%/app/witness.c \
	%D%/app/witness.h \
	%D%/app/tools.c \
	%D%/app/tools.h \
	%D%/app/work_folder.c \
	%D%/app/work_folder.h \
	%D%/app/world_control.c \
	%D%/app/world_control.h

bin_PROGRAMS += tidegate
tidegate_SOURCES = \
	%D%/cli.c \
	%D%/cli.h \
	%D%/command_console.c \
	%D%/command_doctor.c \
	%D%/command_drill.c \
	%D%/command_consent.c \
	%D%/command_provision.c \
	%D%/command_sim.c \
	%D%/command_status.c \
	%D%/command_swarm.c \
	%D%/command_tour.c \
	%D%/command_world.c \
	%D%/commands.c \
	%D%/commands.h \
	%D%/loop.c \
	%D%/main.c \
	%D%/option.def

# What a program of a layer links with: the layer and everything below it.
base_libs = %D%/libtg_base.a $(LTLIBINTL) $(OPENSSL_LIBS) -lpthread
net_libs = %D%/libtg_net.a $(base_libs) $(WSLAY_LIBS) $(OPENSSL_LIBS)
model_libs = %D%/libtg_model.a $(base_libs)
plan_libs = %D%/libtg_plan.a $(model_libs)
drill_libs = %D%/libtg_drill.a %D%/libtg_plan.a $(model_libs)
codec_libs = %D%/libtg_codec.a $(drill_libs) %D%/libtg_net.a %D%/libtg_base.a $(JANSSON_LIBS) $(YAML_LIBS)
provider_libs = %D%/libtg_provider.a $(codec_libs) $(WSLAY_LIBS) $(OPENSSL_LIBS)
sim_libs = %D%/libtg_sim.a $(net_libs) $(JANSSON_LIBS) $(MICROHTTPD_LIBS) $(OPENSSL_LIBS) $(WSLAY_LIBS) $(ZLIB_LIBS) $(PCRE2_LIBS)
io_libs = %D%/libtg_io.a $(provider_libs) $(CURL_LIBS) $(SQLITE_LIBS) $(OPENSSL_LIBS)
app_libs = %D%/libtg_app.a %D%/libtg_io.a %D%/libtg_sim.a $(provider_libs) $(CURL_LIBS) $(SQLITE_LIBS) $(MICROHTTPD_LIBS) $(OPENSSL_LIBS) $(WSLAY_LIBS) $(ZLIB_LIBS) $(PCRE2_LIBS)
ui_libs = ui/libtg_ui.a $(drill_libs)
tidegate_LDADD = ui/libtg_ui.a $(app_libs) $(CURSES_LIBS) -lm
EXTRA_DIST += %D%/README.md %D%/app/README.md %D%/drill/README.md %D%/sim/README.md
