/* tests/unit/codec/test_metrics.c - the metrics of a vLLM replica. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "codec/metrics.h"

#include <criterion/criterion.h>
#include <string.h>

#define LABELS "{engine=\"0\",model_name=\"/data/gemma-weights\"}"

static struct tg_replica_metrics decode(const char *text)
{
    struct tg_replica_metrics metrics;
    cr_assert(tg_metrics_decode(text, strlen(text), &metrics), "nothing found in %s", text);
    return metrics;
}

Test(metrics, all_that_is_shown_is_read)
{
    struct tg_replica_metrics metrics =
        decode("# HELP vllm:num_requests_running Number of requests in model execution batches.\n"
               "# TYPE vllm:num_requests_running gauge\n"
               "vllm:num_requests_running" LABELS " 3.0\n"
               "vllm:num_requests_waiting" LABELS " 2.0\n"
               "vllm:kv_cache_usage_perc" LABELS " 0.125\n"
               "vllm:prompt_tokens_total" LABELS " 1234.0\n"
               "vllm:generation_tokens_total" LABELS " 5.678e+06\n"
               "vllm:request_success_total{engine=\"0\",finished_reason=\"stop\"} 40.0\n"
               "vllm:time_to_first_token_seconds_bucket{le=\"0.001\"} 7.0\n"
               "vllm:time_to_first_token_seconds_count" LABELS " 41.0\n"
               "vllm:time_to_first_token_seconds_sum" LABELS " 8.25\n"
               "process_start_time_seconds 1.767225600e+09\n"
               "python_info{implementation=\"CPython\"} 1.0\n");
    cr_assert_eq(metrics.running, 3.0);
    cr_assert_eq(metrics.waiting, 2.0);
    cr_assert_eq(metrics.kv_cache_usage, 0.125);
    cr_assert_eq(metrics.prompt_tokens_total, 1234.0);
    cr_assert_eq(metrics.generation_tokens_total, 5678000.0);
    cr_assert_eq(metrics.success_total, 40.0);
    cr_assert_eq(metrics.ttft_count, 41.0);
    cr_assert_eq(metrics.ttft_sum_s, 8.25);
    cr_assert_eq(metrics.process_start_s, 1767225600.0);
}

Test(metrics, successes_are_summed_over_their_reasons)
{
    struct tg_replica_metrics metrics =
        decode("vllm:request_success_total{finished_reason=\"stop\"} 40\n"
               "vllm:request_success_total{finished_reason=\"length\"} 2\n"
               "vllm:request_success_total{finished_reason=\"abort\"} 1\n");
    cr_assert_eq(metrics.success_total, 43.0);
}

Test(metrics, names_are_matched_whole)
{
    struct tg_replica_metrics metrics =
        decode("vllm:num_requests_waiting_by_reason{reason=\"capacity\"} 9\n"
               "vllm:num_requests_waiting 1\n"
               "my_vllm:num_requests_waiting 9\n"
               "vllm:num_requests_runnin 9\n"
               "vllm:request_success_created{finished_reason=\"stop\"} 1.7e9\n"
               "process_start_time_seconds_total 9\n");
    cr_assert_eq(metrics.waiting, 1.0);
    cr_assert_eq(metrics.running, 0.0);
    cr_assert_eq(metrics.success_total, 0.0);
    cr_assert_eq(metrics.process_start_s, 0.0);
}

Test(metrics, labels_may_hold_blanks_braces_and_quotes)
{
    struct tg_replica_metrics metrics =
        decode("vllm:num_requests_running{model=\"a } 7\",b=\"\\\"} 8\\\\\"} 3\n");
    cr_assert_eq(metrics.running, 3.0);
}

Test(metrics, a_time_after_the_value_is_not_the_value)
{
    cr_assert_eq(decode("vllm:num_requests_running{a=\"b\"} 3 1767225600000\n").running, 3.0);
}

Test(metrics, comments_are_not_samples)
{
    struct tg_replica_metrics metrics;
    const char *text = "#vllm:num_requests_running 3\n# vllm:num_requests_waiting 3\n";
    cr_assert_not(tg_metrics_decode(text, strlen(text), &metrics));
}

Test(metrics, the_last_line_needs_no_end)
{
    struct tg_replica_metrics metrics;
    const char *text = "vllm:num_requests_running 35";
    cr_assert(tg_metrics_decode(text, strlen(text) - 1, &metrics)); /* and is read to len only */
    cr_assert_eq(metrics.running, 3.0);
}

Test(metrics, a_value_that_is_no_number_is_left_out)
{
    struct tg_replica_metrics metrics = decode("vllm:num_requests_running NaN\n"
                                               "vllm:num_requests_waiting much\n"
                                               "vllm:kv_cache_usage_perc\n"
                                               "vllm:prompt_tokens_total{a=\"never ends 4\n"
                                               "vllm:generation_tokens_total 6\n");
    cr_assert_eq(metrics.running, 0.0);
    cr_assert_eq(metrics.waiting, 0.0);
    cr_assert_eq(metrics.kv_cache_usage, 0.0);
    cr_assert_eq(metrics.prompt_tokens_total, 0.0);
    cr_assert_eq(metrics.generation_tokens_total, 6.0);
}

Test(metrics, a_page_of_something_else_is_no_metrics)
{
    static const char *const texts[] = {"", "\n\n", "<html>502</html>", "go_goroutines 12\n",
                                        "vllm:num_requests_running\n"};
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        struct tg_replica_metrics metrics = {.running = 5};
        cr_assert_not(tg_metrics_decode(texts[i], strlen(texts[i]), &metrics), "%s", texts[i]);
        cr_assert_eq(metrics.running, 0.0); /* nothing old is left */
    }
}
