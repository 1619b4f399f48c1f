/* tests/unit/plan/test_lab.c - the lab that is built in, and labs that are wrong. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "base/clock.h"
#include "plan/lab.h"

#include <criterion/criterion.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/assets.h"
#include "base/mem.h"
#include "codec/lab_file.h"
#include "codec/yaml.h"
#include "codec/yaml_json.h"

static struct tg_lab *built_in(void)
{
    struct tg_err err = TG_ERR_INIT;
    const struct tg_asset *asset = tg_asset_get("labs/gemma-two-region.yaml");
    cr_assert_not_null(asset);
    struct tg_lab *lab = tg_lab_parse("gemma-two-region.yaml", asset->text, asset->len, &err);
    cr_assert_not_null(lab, "%s", err.msg);
    return lab;
}

static const struct tg_lab_step *step(const struct tg_lab *lab, const char *id)
{
    const struct tg_lab_step *found = NULL;
    for (size_t i = 0; found == NULL && i < lab->steps_count; i++) {
        found = strcmp(lab->steps[i].id, id) == 0 ? &lab->steps[i] : NULL;
    }
    cr_assert_not_null(found, "no step %s", id);
    return found;
}

Test(lab, the_built_in_lab_says_where_it_is)
{
    struct tg_lab *lab = built_in();
    cr_assert_str_eq(lab->name, "gemma-two-region");
    cr_assert_null(lab->project);
    cr_assert_str_eq(lab->config_cluster, "gke-us-east5");
    cr_assert_str_eq(lab->deployment, "vllm-gemma");
    cr_assert_str_eq(lab->namespace_name, "default");
    cr_assert_str_eq(lab->app_label, "gemma-server");
    cr_assert_str_eq(lab->model, "/data/gemma-weights");
    cr_assert_str_eq(lab->gateway, "cross-region-gateway");
    cr_assert_str_eq(lab->primary_region, "us-east5");
    cr_assert_eq(lab->regions_count, 2);
    cr_assert_str_eq(lab->regions[0].zone, "us-east5-b");
    cr_assert_str_eq(lab->regions[0].cluster, "gke-us-east5");
    cr_assert_str_eq(lab->regions[1].name, "europe-west4");
    cr_assert_str_eq(lab->regions[1].node_pool, "tpu-v6e-pool");
    cr_assert_str_eq(lab->regions[1].address_name, "gemma-gateway-ip-europe-west4");
    tg_lab_free(lab);
}

Test(lab, each_built_in_step_can_be_told_and_judged)
{
    struct tg_lab *lab = built_in();
    int section = 0;
    cr_assert_geq(lab->steps_count, 20);
    for (size_t i = 0; i < lab->steps_count; i++) {
        const struct tg_lab_step *at = &lab->steps[i];
        for (size_t j = 0; j < i; j++) {
            cr_assert_str_neq(at->id, lab->steps[j].id);
        }
        cr_assert_geq(at->section, section, "%s stands before its section", at->id);
        section = at->section;
        cr_assert_gt(at->conditions_count, 0);
        cr_assert_neq(at->title.en[0], '\0');
        cr_assert_not_null(at->title.zh_tw, "%s", at->id);
        cr_assert_not_null(at->why.zh_tw, "%s", at->id);
    }
    tg_lab_free(lab);
}

Test(lab, conditions_are_read_as_they_stand)
{
    struct tg_lab *lab = built_in();
    const struct tg_lab_condition *condition = &step(lab, "gateway")->conditions[0];
    cr_assert_eq(condition->where, TG_LAB_WHERE_CONFIG);
    cr_assert_eq(condition->kind, TG_KIND_GATEWAY);
    cr_assert_str_eq(condition->name, "cross-region-gateway");
    cr_assert_str_eq(condition->condition, "Programmed");
    cr_assert_null(condition->field);
    cr_assert_null(condition->equals);
    cr_assert_eq(condition->at_least, 0);
    cr_assert_str_eq(step(lab, "gateway")->usual, "8-10m");

    condition = &step(lab, "proxy-subnets")->conditions[0];
    cr_assert_eq(condition->where, TG_LAB_WHERE_EACH_REGION_GCP);
    cr_assert_eq(condition->kind, TG_KIND_GCP_SUBNETWORK);
    cr_assert_str_eq(condition->field, "purpose");
    cr_assert_str_eq(condition->equals, "GLOBAL_MANAGED_PROXY");
    cr_assert_null(condition->condition);

    condition = &step(lab, "tpu-nodes")->conditions[0];
    cr_assert_eq(condition->where, TG_LAB_WHERE_REGIONS);
    cr_assert_eq(condition->kind, TG_KIND_NODE);
    cr_assert_str_eq(condition->name, "");
    tg_lab_free(lab);
}

Test(lab, a_region_is_found_by_its_name)
{
    struct tg_lab *lab = built_in();
    cr_assert_eq(tg_lab_region(lab, "europe-west4"), &lab->regions[1]);
    cr_assert_null(tg_lab_region(lab, "europe"));
    cr_assert_null(tg_lab_region(lab, ""));
    tg_lab_free(lab);
}

Test(lab, text_follows_the_locale_and_falls_back_to_english)
{
    struct tg_lab_text both = {.en = "gate", .zh_tw = "閘道"};
    struct tg_lab_text english = {.en = "gate"};
    struct tg_lab_text none = {0};
    cr_assert_str_eq(tg_lab_text_for(&both, "zh_TW.UTF-8"), "閘道");
    cr_assert_str_eq(tg_lab_text_for(&both, "zh_TW"), "閘道");
    cr_assert_str_eq(tg_lab_text_for(&both, "zh_CN.UTF-8"), "gate");
    cr_assert_str_eq(tg_lab_text_for(&both, "C"), "gate");
    cr_assert_str_eq(tg_lab_text_for(&both, NULL), "gate");
    cr_assert_str_eq(tg_lab_text_for(&english, "zh_TW.UTF-8"), "gate");
    cr_assert_str_eq(tg_lab_text_for(&none, "C"), "");
}

Test(lab, nothing_may_be_freed)
{
    tg_lab_free(NULL);
}

#define NAMES                                                                         \
    "name: t\ntitle: {en: T}\nconfig_cluster: c\nnamespace: default\ndeployment: d\n" \
    "app_label: a\nmodel: m\ngateway: g\n" /* 8 lines */
#define REGIONS                                                                        \
    "primary_region: us\nregions:\n  - {name: us, zone: z, cluster: c, node_pool: n, " \
    "address_name: i}\n"
#define STEP \
    "steps:\n  - id: s\n    section: 1\n    title: {en: S}\n    why: {en: W}\n    verify:\n"

static void check_refused(const char *text, const char *message)
{
    struct tg_err err = TG_ERR_INIT;
    cr_assert_null(tg_lab_parse("my.yaml", text, strlen(text), &err), "read:\n%s", text);
    cr_assert_eq(err.code, TG_CODE_CONFIG);
    cr_assert_str_eq(err.msg, message);
}

Test(lab, a_lab_need_not_be_large)
{
    struct tg_err err = TG_ERR_INIT;
    const char *text =
        NAMES "project: p\n" REGIONS STEP "      - {where: regions, kind: pod, at_least: 3}\n";
    struct tg_lab *lab = tg_lab_parse("my.yaml", text, strlen(text), &err);
    cr_assert_not_null(lab, "%s", err.msg);
    cr_assert_str_eq(lab->project, "p");
    cr_assert_eq(lab->steps[0].conditions[0].kind, TG_KIND_POD);
    cr_assert_eq(lab->steps[0].conditions[0].at_least, 3);
    cr_assert_null(lab->steps[0].usual);
    cr_assert_null(lab->title.zh_tw);
    tg_lab_free(lab);
}

Test(lab, an_unknown_key_is_refused_with_the_nearest)
{
    check_refused(NAMES "gatway: g\n" REGIONS STEP "      - {where: gcp, kind: Network}\n",
                  "my.yaml:9:1: unknown key 'gatway'; is 'gateway' meant?");
    check_refused(NAMES REGIONS STEP "      - {where: gcp, kind: Network, equal: x}\n",
                  "my.yaml:18:37: unknown key 'equal'; is 'equals' meant?");
}

Test(lab, a_missing_key_is_told_where_it_should_stand)
{
    check_refused("name: t\n", "my.yaml:1:1: 'title' is missing");
    check_refused("", "my.yaml:1:1: 'name' is missing or no text");
    check_refused("name: [t]\n", "my.yaml:1:1: 'name' is missing or no text");
    check_refused("name: t\ntitle: {zh_TW: x}\n", "my.yaml:2:8: 'en' is missing or no text");
    check_refused("- a\n", "my.yaml:1:1: a map is expected here");
}

Test(lab, regions_must_be_whole_and_hold_the_primary)
{
    check_refused(NAMES "primary_region: us\nregions: []\n",
                  "my.yaml:10:10: 'regions' must be a list of at least one");
    check_refused(NAMES "primary_region: us\nregions:\n  - {name: us, zone: z}\n",
                  "my.yaml:11:5: 'cluster' is missing or no text");
    check_refused(NAMES "regions:\n"
                        "  - {name: us, zone: z, cluster: c, node_pool: n, address_name: i}\n"
                        "primary_region: eu\nsteps: []\n",
                  "my.yaml:11:17: 'eu' is not one of the regions");
}

/* What is wrong with a range must not hide that the primary region is none. */
Test(lab, ranges_are_read_where_they_stand)
{
    static const char text[] =
        NAMES "regions:\n  - {name: us, zone: z, cluster: c, node_pool: n, address_name: i, "
              "node_range: 10.0.0.0/33}\nprimary_region: eu\nsteps: []\n";
    struct tg_err err = TG_ERR_INIT;
    struct tg_buf lines;
    size_t count = 0;
    tg_buf_init(&lines, 65536);
    cr_assert_null(tg_lab_parse_all("my.yaml", text, strlen(text), &lines, &count, &err));
    cr_expect_not_null(strstr(tg_buf_text(&lines), "'node_range' must be an IPv4 range"));
    cr_expect_not_null(strstr(tg_buf_text(&lines), "my.yaml:11:17: 'eu' is not one of the regions"),
                       "%s", tg_buf_text(&lines));
    tg_buf_fini(&lines);
}

Test(lab, a_step_must_be_possible_to_judge)
{
    check_refused(NAMES REGIONS STEP "      []\n",
                  "my.yaml:13:5: 'verify' must be a list of at least one condition");
    check_refused(NAMES REGIONS STEP "      - {where: moon, kind: Pod}\n",
                  "my.yaml:18:9: 'where' must be gcp, config, regions or each_region_gcp");
    check_refused(NAMES REGIONS STEP "      - {where: regions, kind: Network}\n",
                  "my.yaml:18:9: 'kind' is not one that is observed: Network");
    check_refused(NAMES REGIONS STEP "      - {where: gcp}\n",
                  "my.yaml:18:9: 'kind' is not one that is observed: missing");
    check_refused(NAMES REGIONS STEP "      - {where: gcp, kind: Network, at_least: 0}\n",
                  "my.yaml:18:47: 'at_least' must be a whole number from 1");
    check_refused(NAMES REGIONS "steps:\n  - {id: s, title: {en: S}, why: {en: W}, section: x}\n",
                  "my.yaml:13:5: 'section' must be a number");
}

Test(lab, a_field_and_a_kind_must_be_ones_that_are_judged)
{
    check_refused(NAMES REGIONS STEP "      - {where: gcp, kind: Network, field: mtu}\n",
                  "my.yaml:18:44: a Network has no field 'mtu'");
    check_refused(NAMES REGIONS STEP "      - {where: gcp, kind: Netwrk}\n",
                  "my.yaml:18:9: 'kind' is not one that is observed: Netwrk; is 'Network' meant?");
}

Test(lab, places_and_names_must_fit_together)
{
    check_refused("name: t\ntitle: {en: T}\nconfig_cluster: d\nnamespace: default\n"
                  "deployment: d\napp_label: a\nmodel: m\ngateway: g\n" REGIONS "steps: []\n",
                  "my.yaml:3:17: 'd' is not the cluster of any region");
    check_refused(NAMES "primary_region: us\nregions:\n"
                        "  - {name: us, zone: z, cluster: c, node_pool: n, address_name: i}\n"
                        "  - {name: eu, zone: z, cluster: c, node_pool: n, address_name: i}\n"
                        "steps: []\n",
                  "my.yaml:12:5: another region has the same 'name' or 'cluster'");
    check_refused(NAMES REGIONS STEP "      - {where: gcp, kind: Network}\n"
                                     "  - {id: s, section: 1, title: {en: S}, why: {en: W}, "
                                     "verify: [{where: gcp, kind: Network}]}\n",
                  "my.yaml:19:5: another step has the id 's'");
    check_refused(NAMES REGIONS STEP "      - {where: gcp, kind: Network}\n    needs: [r]\n",
                  "my.yaml:19:13: 'r' is no step before this one");
}

/* Whoever writes a lab mends them in one go. */
Test(lab, all_mistakes_are_told_at_once)
{
    static const char text[] =
        NAMES "modle: m\nprimary_region: us\nregions:\n"
              "  - {name: us, zoen: z, cluster: c, node_pool: n, address_name: i}\n" /* line 12 */
              "steps:\n  - id: a\n    section: one\n    title: {en: S}\n    verify:\n"
              "      - {where: gcp, kind: Netwrk}\n"
              "      - {where: moon, kind: Pod}\n"
              "    make:\n"
              "      - {where: gcp, api: sotrage, collection: b, name: n, keep: maybe}\n"
              "    timeout: soon\n";
    static const char expected[] =
        "my.yaml:9:1: unknown key 'modle'; is 'model' meant?\n"
        "my.yaml:12:16: unknown key 'zoen'; is 'zone' meant?\n"
        "my.yaml:12:5: 'zone' is missing or no text\n"
        "my.yaml:14:5: 'why' is missing\n"
        "my.yaml:14:5: 'section' must be a number\n"
        "my.yaml:18:9: 'kind' is not one that is observed: Netwrk; is 'Network' meant?\n"
        "my.yaml:19:9: 'where' must be gcp, config, regions or each_region_gcp\n"
        "my.yaml:22:14: 'timeout' must read like 90s, 30m or 2h\n"
        "my.yaml:21:66: 'keep' must be true or false\n"
        "my.yaml:21:9: 'api' must be one of Google's: compute, container, gkehub, serviceusage, "
        "storage, iam, cloudresourcemanager\n";
    struct tg_err err = TG_ERR_INIT;
    struct tg_buf lines;
    size_t count = 0;
    tg_buf_init(&lines, 65536);
    cr_assert_null(tg_lab_parse_all("my.yaml", text, strlen(text), &lines, &count, &err));
    cr_expect_str_eq(tg_buf_text(&lines), expected);
    cr_expect_eq(count, 10);
    cr_expect_str_eq(err.msg, "my.yaml:9:1: unknown key 'modle'; is 'model' meant?");
    tg_buf_fini(&lines);
}

/* {each_region} in a manifest: one address for each of the lab's regions, however many. */
Test(lab, what_is_for_each_region_comes_for_each_region)
{
    struct tg_lab *lab = built_in();
    struct tg_lab_place place = {.lab = lab, .project = "p"};
    struct tg_buf out;
    tg_buf_init(&out, 65536);
    cr_expect(
        tg_lab_expand("a {each_region}{region}@{project} {end}b {end}{region}", &place, &out));
    cr_expect_str_eq(tg_buf_text(&out), "a us-east5@p europe-west4@p b {end}{region}");
    const char *body = step(lab, "gateway")->makes[0].body;
    for (size_t i = 0; i < lab->regions_count; i++) {
        cr_expect_not_null(strstr(body, lab->regions[i].address_name), "%s", body);
    }
    tg_buf_fini(&out);
    tg_lab_free(lab);
}

/* ---- hazards and their fixes ---- */

static const struct tg_lab_make *made(const struct tg_lab *lab, const char *kind, const char *name)
{
    for (size_t i = 0; i < lab->steps_count; i++) {
        for (size_t m = 0; m < lab->steps[i].makes_count; m++) {
            const struct tg_lab_make *make = &lab->steps[i].makes[m];
            if (make->kind != NULL && strcmp(make->kind, kind) == 0 &&
                strcmp(make->name, name) == 0) {
                return make;
            }
        }
    }
    cr_assert_fail("no step makes %s/%s", kind, name);
    return NULL;
}

static tg_lab_fixes fixes_of(const struct tg_lab *lab, const char *text)
{
    struct tg_err err = TG_ERR_INIT;
    tg_lab_fixes fixes = 0;
    cr_assert(tg_lab_read_fixes(lab, text, &fixes, &err), "%s", err.msg);
    return fixes;
}

Test(lab, a_fix_changes_what_is_made_and_nothing_else)
{
    struct tg_lab *lab = built_in();
    const struct tg_lab_make *server = made(lab, "Deployment", "vllm-gemma");
    const struct tg_lab_make *policy = made(lab, "GCPBackendPolicy", "gemma-backend-policy");
    const struct {
        const char *fixes;
        const struct tg_lab_make *make;
        const char *text;
    } cases[] = {
        {"readiness-probe", server, "\"readinessProbe\":{\"httpGet\":{\"path\":\"/health\""},
        {"fuse-cache", server, "\"gke-gcsfuse/ephemeral-storage-limit\":\"120Gi\""},
        {"max-model-len", server, "--max-model-len 16384 \\\\\\n  --port 8000"},
        {"picker-metric", made(lab, "Deployment", "gemma-pool-epp"),
         "\"1\",\"--kv-cache-usage-percentage-metric\",\"vllm:kv_cache_usage_perc\",\"--tracing\""},
        {"backend-timeout", policy, "\"timeoutSec\":600"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        tg_lab_fixes all = tg_lab_all_fixes(lab);
        tg_lab_fixes one = fixes_of(lab, cases[i].fixes);
        cr_assert_null(strstr(tg_lab_make_body(cases[i].make, 0), cases[i].text));
        cr_assert_not_null(strstr(tg_lab_make_body(cases[i].make, one), cases[i].text), "%s: %s",
                           cases[i].fixes, tg_lab_make_body(cases[i].make, one));
        cr_assert_not_null(strstr(tg_lab_make_body(cases[i].make, all), cases[i].text));
        cr_assert_null(strstr(tg_lab_make_body(cases[i].make, all & ~one), cases[i].text));
    }
    cr_assert_eq(tg_lab_make_body(policy, fixes_of(lab, "readiness-probe")), policy->body);
    tg_lab_free(lab);
}

Test(lab, a_fix_may_be_to_make_a_thing_elsewhere)
{
    struct tg_lab *lab = built_in();
    tg_lab_fixes everywhere = fixes_of(lab, "monitoring-everywhere");
    int in_one = 0;
    int in_all = 0;
    for (size_t m = 0; m < step(lab, "pool")->makes_count; m++) {
        const struct tg_lab_make *make = &step(lab, "pool")->makes[m];
        if (strcmp(make->kind, "PodMonitoring") == 0) {
            in_one += tg_lab_make_is_wanted(make, 0) && make->where == TG_LAB_WHERE_CONFIG ? 1 : 0;
            in_all += tg_lab_make_is_wanted(make, everywhere) && make->where == TG_LAB_WHERE_REGIONS
                          ? 1
                          : 0;
            cr_assert_neq(tg_lab_make_is_wanted(make, 0), tg_lab_make_is_wanted(make, everywhere));
        }
    }
    cr_assert_eq(in_one, 1);
    cr_assert_eq(in_all, 1);
    tg_lab_free(lab);
}

/* What kubectl applies is what native calls ask for: the file, read back, is the body. */
Test(lab, a_manifest_carries_the_fixes_that_change_it)
{
    struct tg_lab *lab = built_in();
    const struct tg_lab_make *server = made(lab, "Deployment", "vllm-gemma");
    struct tg_lab_place place = {.lab = lab, .project = "my-project"};
    struct tg_buf plain;
    struct tg_buf fixed;
    struct tg_buf json;
    struct tg_err err = TG_ERR_INIT;
    tg_buf_init(&plain, 1 << 20);
    tg_buf_init(&fixed, 1 << 20);
    tg_buf_init(&json, 1 << 20);
    cr_assert(tg_lab_manifest("manifests/workload.yaml", &place, &plain));
    cr_expect_null(strstr(tg_buf_text(&plain), "readinessProbe"));
    place.fixes = fixes_of(lab, "readiness-probe,max-model-len,fuse-cache");
    cr_assert(tg_lab_manifest("manifests/workload.yaml", &place, &fixed));
    cr_expect_eq(strncmp(tg_buf_text(&fixed), "# workload.yaml - ", 18), 0);
    cr_expect_not_null(strstr(tg_buf_text(&fixed), "\n        readinessProbe:\n"), "%s",
                       tg_buf_text(&fixed));
    cr_expect_not_null(strstr(tg_buf_text(&fixed), "\n            --max-model-len 16384 \\\n"));
    struct tg_yaml *yaml =
        tg_yaml_parse_stream("workload.yaml", tg_buf_text(&fixed), fixed.len, &err);
    cr_assert_not_null(yaml, "%s", err.msg);
    cr_assert_eq(tg_yaml_root(yaml)->count, 5);
    cr_assert(tg_yaml_to_json(tg_yaml_root(yaml)->items[server->document], &json));
    tg_buf_reset(&plain);
    tg_lab_expand(tg_lab_make_body(server, place.fixes), &place, &plain);
    json_t *applied = json_loads(tg_buf_text(&json), 0, NULL);
    json_t *asked = json_loads(tg_buf_text(&plain), 0, NULL);
    cr_expect(json_equal(applied, asked), "%s\n%s", tg_buf_text(&json), tg_buf_text(&plain));
    json_decref(applied);
    json_decref(asked);
    cr_expect_not(tg_lab_manifest("manifests/none.yaml", &place, &plain));
    tg_yaml_free(yaml);
    tg_buf_fini(&plain);
    tg_buf_fini(&fixed);
    tg_buf_fini(&json);
    tg_lab_free(lab);
}

/* With a readiness probe a Deployment is ready only when its model serves. */
Test(lab, a_deployment_with_a_probe_has_the_time_that_serving_takes)
{
    struct tg_lab *lab = built_in();
    cr_expect_geq(step(lab, "workload")->timeout_s, step(lab, "serving")->timeout_s);
    tg_lab_free(lab);
}

Test(lab, the_commands_carry_the_fixes_that_no_manifest_does)
{
    struct tg_lab *lab = built_in();
    struct tg_lab_place place = {.lab = lab, .project = "p"};
    struct tg_buf out;
    tg_buf_init(&out, 1 << 20);
    cr_expect_eq(tg_lab_uncommanded(lab, tg_lab_all_fixes(lab)), 0);
    tg_lab_expand(step(lab, "pool")->commands, &place, &out);
    const char *metrics = strstr(tg_buf_text(&out), "monitoring.gke.enabled=true");
    cr_assert_not_null(metrics);
    cr_expect_null(strstr(metrics + 1, "monitoring.gke.enabled=true"), "in one region alone");
    cr_expect_null(strstr(tg_buf_text(&out), "kv-cache-usage"));
    tg_buf_reset(&out);
    place.fixes = fixes_of(lab, "monitoring-everywhere,picker-metric");
    tg_lab_expand(step(lab, "pool")->commands, &place, &out);
    metrics = strstr(tg_buf_text(&out), "monitoring.gke.enabled=true");
    cr_expect_not_null(strstr(metrics + 1, "monitoring.gke.enabled=true"));
    cr_expect_not_null(strstr(tg_buf_text(&out), "\"value\":\"vllm:kv_cache_usage_perc\"}]'"));
    cr_expect_null(strstr(tg_buf_text(&out), "{when"));
    tg_buf_reset(&out);
    tg_lab_expand("{unless picker-metric}a{end}{unless backend-timeout}b{end}", &place, &out);
    cr_expect_str_eq(tg_buf_text(&out), "b");
    tg_buf_fini(&out);
    tg_lab_free(lab);
}

Test(lab, fixes_are_named_and_a_wrong_name_is_told)
{
    char text[256];
    struct tg_err err = TG_ERR_INIT;
    tg_lab_fixes fixes = 0;
    struct tg_lab *lab = built_in();
    cr_assert_str_eq(
        tg_lab_write_fixes(lab, fixes_of(lab, "max-model-len,readiness-probe"), text, sizeof(text)),
        "readiness-probe,max-model-len");
    cr_assert_eq(fixes_of(lab, "all"), tg_lab_all_fixes(lab));
    cr_assert_not(tg_lab_read_fixes(lab, "readyness", &fixes, &err));
    cr_assert_not_null(strstr(err.msg, "there is no fix 'readyness'; there are: readiness-probe"));
    cr_assert_not(tg_lab_read_fixes(lab, "policy-idle", &fixes, &err), "it has none");
    for (size_t i = 0; i < lab->hazards_count; i++) {
        cr_assert_not_null(lab->hazards[i].title.zh_tw, "%s", lab->hazards[i].id);
        cr_assert_not_null(lab->hazards[i].why.zh_tw, "%s", lab->hazards[i].id);
    }
    tg_lab_free(lab);
}

#define HAZARD "hazards:\n  - id: h\n    title: {en: T}\n    why: {en: W}\n    changes:\n      - "
#define MAKES                                                                                 \
    STEP "      - {where: gcp, kind: Network}\n    make:\n      - {where: config, manifest: " \
         "manifests/ksa.yaml}\n"

Test(lab, a_change_that_fits_nothing_is_refused)
{
    check_refused(NAMES REGIONS HAZARD "{kind: Pod, name: x, path: /spec, value: 1}\n" MAKES,
                  "my.yaml:17:9: no step makes Pod/x");
    check_refused(NAMES REGIONS HAZARD
                  "{kind: ServiceAccount, name: gemma-ksa, path: /a/b, text: x, by: y}\n" MAKES,
                  "my.yaml:17:9: there is nothing at /a/b that this could change");
    check_refused(NAMES REGIONS HAZARD "{kind: Pod, name: x, path: spec, value: 1}\n" MAKES,
                  "my.yaml:17:9: a change has kind, name, path (a JSON pointer), and value or text "
                  "and by");
}

/* A fix that only native calls can make is told from those that commands carry too. */
Test(lab, a_fix_that_the_commands_have_no_place_for_is_known)
{
    static const char text[] = NAMES REGIONS HAZARD
        "{kind: ServiceAccount, name: gemma-ksa, path: /a, value: 1}\n"
        "  - id: unseen\n    title: {en: T}\n    why: {en: W}\n    fix: true\n" STEP
        "      - {where: gcp, kind: Network}\n    make:\n"
        "      - {where: config, manifest: manifests/ksa.yaml, when: unseen}\n"
        "    commands: kubectl apply -f ksa.yaml\n";
    struct tg_err err = TG_ERR_INIT;
    struct tg_lab *lab = tg_lab_parse("my.yaml", text, strlen(text), &err);
    cr_assert_not_null(lab, "%s", err.msg);
    cr_expect_eq(tg_lab_uncommanded(lab, tg_lab_all_fixes(lab)), fixes_of(lab, "unseen"));
    cr_expect_eq(tg_lab_uncommanded(lab, fixes_of(lab, "h")), 0);
    tg_lab_free(lab);
    check_refused(NAMES REGIONS STEP "      - {where: gcp, kind: Network}\n"
                                     "    commands: a {when nothing}b{end}\n",
                  "my.yaml:19:15: there is no fix as in {when nothing}");
}

Test(lab, broken_yaml_is_refused_with_its_place)
{
    struct tg_err err = TG_ERR_INIT;
    cr_assert_null(tg_lab_parse("my.yaml", "name: [\n", 8, &err));
    cr_assert_eq(err.code, TG_CODE_CONFIG);
    cr_assert_eq(strncmp(err.msg, "my.yaml:2:1: ", 13), 0, "%s", err.msg);
}

Test(lab, what_a_step_usually_takes_is_a_span)
{
    int least_s = 0;
    int most_s = 0;
    cr_expect(tg_lab_read_usual("1m", &least_s, &most_s));
    cr_expect(least_s == 60 && most_s == 60);
    cr_expect(tg_lab_read_usual("10-15m", &least_s, &most_s));
    cr_expect(least_s == 600 && most_s == 900);
    static const char *const wrong[] = {"", "soon", "15", "15-10m", "0m", "1d", "1m 2", "-3m"};
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        cr_expect_not(tg_lab_read_usual(wrong[i], &least_s, &most_s), "%s", wrong[i]);
    }
}

Test(lab, says_how_long_a_step_usually_takes_at_the_most)
{
    static const struct {
        const char *usual;
        int64_t minutes;
    } cases[] = {{"10-15m", 15}, {"1m", 1}, {"1-2h", 120}, {NULL, 0}, {"a while", 0}, {"5", 0}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct tg_lab_step step = {.usual = cases[i].usual};
        cr_expect_eq(tg_lab_step_usual_us(&step), cases[i].minutes * 60 * TG_US_PER_S, "%s",
                     cases[i].usual != NULL ? cases[i].usual : "nothing");
    }
}
