/* tests/unit/provider/test_ask.c - questions: how they are put, who gets which token, and what
 * comes of the answer. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "provider/ask.h"

#include "tests/unit/provider/provider_rig.h"

static int64_t no_step(void *machine, int64_t now_us)
{
    (void)machine;
    (void)now_us;
    return TG_TIME_NEVER;
}

static bool event(void *machine, const struct tg_transport_event *event_in, int64_t now_us)
{
    return tg_asks_event(machine, event_in, now_us);
}

static struct provider_rig *open_rig(const char *base_url, const char *hub_url)
{
    struct provider_rig *rig = rig_new();
    rig->context.config.is_gcp = true;
    rig->context.config.project = tg_strdup("p");
    rig->context.config.endpoint.base_url = tg_strdup(base_url);
    rig->context.config.endpoint.ca_pem = tg_strdup("authorities");
    rig->context.config.endpoint.bearer_token = tg_secret_new("google", 6);
    rig->context.config.hub_url = tg_strdup(hub_url);
    rig->machine = tg_asks_new(&rig->context);
    rig->step = no_step;
    rig->event = event;
    return rig;
}

static void close_rig(struct provider_rig *rig)
{
    tg_asks_free(rig->machine);
    tg_http_endpoint_fini(&rig->context.config.endpoint);
    free(rig->context.config.project);
    free(rig->context.config.hub_url);
    rig_close(rig);
}

static void ask(struct provider_rig *rig, enum tg_question question, const char *first,
                const char *second)
{
    struct tg_call *call = tg_call_new(TG_CALL_ASK, 0);
    call->id = 7;
    call->question = question;
    call->name = first != NULL ? tg_strdup(first) : NULL;
    call->ns = second != NULL ? tg_strdup(second) : NULL;
    call->words = question == TG_QUESTION_PERMISSIONS ? tg_strdup("a.b.get a.b.list") : NULL;
    call->secret =
        tg_question_info(question)->api == TG_API_COUNT ? tg_secret_new("hf_me", 5) : NULL;
    tg_asks_start(rig->machine, call);
}

static const struct tg_msg *answer(const struct provider_rig *rig)
{
    const struct tg_msg *msg = rig_newest(rig, TG_MSG_CALL_DONE);
    cr_assert_not_null(msg);
    cr_assert_eq(msg->as.call.call_id, 7);
    return msg;
}

Test(ask, each_api_is_asked_at_its_own_host)
{
    struct provider_rig *rig = open_rig(NULL, NULL);
    ask(rig, TG_QUESTION_PERMISSIONS, NULL, NULL);
    cr_assert_str_eq(rig->method, "POST");
    cr_assert_str_eq(rig->path, "//cloudresourcemanager.googleapis.com/v1/projects/"
                                "p:testIamPermissions");
    cr_assert_str_eq(rig->body, "{\"permissions\":[\"a.b.get\",\"a.b.list\"]}");
    cr_assert_str_eq(rig->token, "google");
    ask(rig, TG_QUESTION_QUOTA, NULL, NULL);
    cr_assert_str_eq(rig->path, "//serviceusage.googleapis.com/v1beta1/projects/p/services/"
                                "compute.googleapis.com/consumerQuotaMetrics/"
                                "compute.googleapis.com%2Ftpus_per_tpu_family");
    ask(rig, TG_QUESTION_MACHINE_TYPE, "us-b", "../ct6e");
    cr_assert_str_eq(rig->path,
                     "//compute.googleapis.com/compute/v1/projects/p/zones/us-b/"
                     "machineTypes/..%2Fct6e",
                     "a name never leaves its segment");
    close_rig(rig);
}

/* The hub gets the operator's own token; Google's token goes to Google alone. */
Test(ask, the_hub_has_a_token_of_its_own)
{
    struct provider_rig *rig = open_rig("https://gcp:1", NULL);
    ask(rig, TG_QUESTION_HUB_REPOSITORY, "google", "gemma-3-27b-it");
    cr_assert_str_eq(rig->method, "HEAD");
    cr_assert_str_eq(rig->path, "//huggingface.co/google/gemma-3-27b-it/resolve/main/config.json");
    cr_assert_str_eq(rig->base_url, "");
    cr_assert_str_eq(rig->token, "hf_me");
    cr_assert_str_eq(rig->authorities, "", "the real one is trusted as the system says");
    cr_assert(tg_asks_is_of_hub(rig->machine, rig->exchange));
    ask(rig, TG_QUESTION_BILLING, NULL, NULL);
    cr_assert_str_eq(rig->token, "google");
    cr_assert_not(tg_asks_is_of_hub(rig->machine, rig->exchange));
    close_rig(rig);
}

Test(ask, a_hub_on_the_same_server_is_trusted_by_its_authorities)
{
    struct provider_rig *rig = open_rig("https://gcp:1", "https://gcp:1/huggingface.co");
    ask(rig, TG_QUESTION_HUB_IDENTITY, NULL, NULL);
    cr_assert_str_eq(rig->base_url, "https://gcp:1/huggingface.co");
    cr_assert_str_eq(rig->path, "/api/whoami-v2");
    cr_assert_str_eq(rig->authorities, "authorities");
    close_rig(rig);
    rig = open_rig("https://gcp:1", "https://gcp:11/huggingface.co");
    ask(rig, TG_QUESTION_HUB_IDENTITY, NULL, NULL);
    cr_assert_str_eq(rig->authorities, "", "another port is another server");
    close_rig(rig);
}

Test(ask, an_answer_comes_as_facts)
{
    struct provider_rig *rig = open_rig("https://gcp:1", NULL);
    ask(rig, TG_QUESTION_BILLING, NULL, NULL);
    rig_answer(rig, 200, "{'billingAccountName':'billingAccounts/1','billingEnabled':true}");
    const struct tg_fact *fact = tg_facts_find(&answer(rig)->as.call.facts, "enabled");
    cr_assert_eq(fact->number, 1);
    cr_assert_str_eq(fact->text, "billingAccounts/1");
    rig_forget(rig);
    ask(rig, TG_QUESTION_BILLING, NULL, NULL);
    rig_answer(rig, 403, "{'error':{'code':403,'status':'PERMISSION_DENIED','message':'no'}}");
    cr_assert_eq(answer(rig)->as.call.err.code, TG_CODE_FORBIDDEN);
    rig_forget(rig);
    ask(rig, TG_QUESTION_BILLING, NULL, NULL);
    rig_end(rig, TG_CODE_TIMEOUT);
    cr_assert_eq(answer(rig)->as.call.err.code, TG_CODE_TIMEOUT);
    close_rig(rig);
}

Test(ask, a_cancelled_question_is_heard_of_no_more)
{
    struct provider_rig *rig = open_rig("https://gcp:1", NULL);
    ask(rig, TG_QUESTION_BILLING, NULL, NULL);
    tg_asks_cancel(rig->machine, 7);
    cr_assert_eq(rig->cancelled, rig->exchange);
    tg_asks_cancel(rig->machine, 7);
    cr_assert_eq(rig->messages_count, 0);
    close_rig(rig);
}
