"""The experts that read logs: error_bursts, new_templates, time_gaps."""

import conclave
from fake_evidence import ask, bucket, evidence, gap, load_expert, log, template

QUIET = [bucket(minute, 1000, minute % 4) for minute in range(60)]
POOL = "connection pool exhausted: no connection after <*> ms (max=<*>, active=<*>, waiting=<*>)"


def burst(first, last, errors=300):
    return [bucket(minute, 1000, errors if first <= minute <= last else minute % 4) for minute in range(60)]


def kinds(claim):
    return [citation.kind for citation in claim.evidence]


# --- error_bursts ---


def test_errors_at_their_usual_rate_are_healthy():
    answer = ask("error_bursts", evidence([log(QUIET)]))
    assert answer.verdict == "healthy" and not answer.claims


def test_a_burst_that_still_goes_on_is_failing_and_cites_its_first_line_and_template():
    pool = template(POOL, "error", 45, 59.5, 4000)
    answer = ask("error_bursts", evidence([log(burst(45, 59), [pool])]))
    assert answer.verdict == "failing"
    assert kinds(answer.claims[0]) == ["log", "template"]
    assert answer.claims[0].evidence[0].line == 45 * 1000 + 7
    assert "pool exhausted" in answer.content and "13:45" in answer.content


def test_a_burst_that_is_over_is_degraded():
    assert ask("error_bursts", evidence([log(burst(20, 24))])).verdict == "degraded"


def test_the_log_with_most_errors_leads_where_bursts_begin_together():
    few, many = burst(45, 59), burst(45, 59, errors=900)
    answer = ask("error_bursts", evidence([log(few, path="caller.log"), log(many, path="called.log")]))
    assert answer.content.startswith("Errors came in bursts. called.log")


def test_one_odd_minute_is_no_burst():
    assert ask("error_bursts", evidence([log(burst(20, 20, errors=25))])).verdict == "healthy"


def test_more_traffic_with_its_usual_share_of_errors_is_no_burst():
    buckets = [bucket(minute, 1000 * (20 if minute > 40 else 1), 4 * (20 if minute > 40 else 1)) for minute in range(60)]
    assert ask("error_bursts", evidence([log(buckets)])).verdict == "healthy"


def test_a_log_that_is_always_full_of_errors_is_measured_against_itself():
    buckets = [bucket(minute, 100, 95 + minute % 7 - 3) for minute in range(60)]
    assert ask("error_bursts", evidence([log(buckets)])).verdict == "healthy"


def test_the_time_before_the_change_is_the_baseline_even_if_most_of_the_log_is_after_it():
    assert ask("error_bursts", evidence([log(burst(15, 59))], change=14)).verdict == "failing"


def test_refused_logins_are_not_held_against_the_service():
    guess = template("Failed password for invalid user <*> from <*> port <*> ssh2", "unknown", 40, 59.5, 9000)
    answer = ask("error_bursts", evidence([log(burst(40, 59), [guess], levels={"unknown": 60000})]))
    assert answer.verdict == "healthy" and "logins" in answer.content
    assert ask("error_bursts", evidence([log(burst(40, 59), [guess])]), ignore="").verdict == "failing"


def test_a_template_spread_over_the_whole_log_is_not_taken_for_the_burst():
    daily = template("ALERT exited abnormally", "fatal", 0, 59.5, 60)
    denied = template("Kerberos authentication failed", "unknown", 45, 59.5, 4000)
    answer = ask("error_bursts", evidence([log(burst(45, 59), [daily, denied], levels={"unknown": 60000, "fatal": 60})]))
    assert answer.verdict == "healthy" and "logins" in answer.content


def test_lines_that_only_mention_errors_never_make_a_log_failing():
    assert ask("error_bursts", evidence([log(burst(45, 59), levels={"unknown": 60000})])).verdict == "degraded"


def test_every_bad_claim_of_every_log_is_reported_once_per_burst():
    answer = ask(
        "error_bursts", evidence([log(burst(45, 59), path="a.log"), log(QUIET, path="b.log"), log(burst(10, 14), path="c.log")])
    )
    assert [claim.evidence[0].source for claim in answer.claims] == ["a.log", "c.log"]


def test_without_logs_or_stamps_it_abstains():
    assert isinstance(ask("error_bursts", evidence()), conclave.Abstain)
    assert isinstance(ask("error_bursts", evidence([log([])])), conclave.Abstain)


# --- new_templates ---


def incident(change=40):
    old = template("order <*> changed by someone else", "error", 1, 58, 40, count_before=25, first_line=90)
    told = template("main database pool configured: max=<*>", "info", 40.1, 40.1, 1, first_line=40100)
    pool = template(POOL, "error", 45.01, 59, 900, first_line=45010)
    symptom = template("order <*> failed", "error", 45.0101, 59, 900, first_line=45011)
    orders = log(
        burst(45, 59),
        [old, told, pool, symptom] + [template(f"order <*> received in way {n}", "info", 0, 59, 500, 300) for n in range(6)],
        path="logs/orders.log",
        texts={40100: "main database pool configured: max=5"},
    )
    gateway = log(burst(45, 59), [template("upstream timed out", "error", 45, 59, 900, first_line=5)], path="logs/gateway.log")
    return evidence([gateway, orders], change=change)


def test_the_cause_leads_although_a_coarser_clock_puts_an_effect_before_it():
    answer = ask("new_templates", incident())
    assert answer.verdict == "failing"
    assert "pool exhausted" in answer.claims[0].text and answer.claims[0].evidence[0].line == 45010
    assert answer.claims[0].evidence[0].source == "logs/orders.log" and kinds(answer.claims[0]) == ["log", "template"]


def test_the_line_that_announced_the_cause_is_quoted():
    assert "pool configured: max=5" in ask("new_templates", incident()).claims[1].text


def test_far_apart_in_time_the_earlier_error_leads_whatever_it_sounds_like():
    late = template("quota exhausted", "error", 50, 59, 500)
    early = template("request gave up, retry later", "error", 45, 59, 500)
    assert "gave up" in ask("new_templates", evidence([log(QUIET, [late, early])], change=40)).claims[0].text


def test_rare_errors_that_happen_to_come_after_the_change_are_chance():
    rare = template("cannot read thumbnail", "error", 50, 55, 3)
    assert ask("new_templates", evidence([log(QUIET, [rare])], change=30)).verdict == "healthy"


def test_new_harmless_messages_are_healthy():
    started = template("Started OrdersApplication in <*> seconds", "info", 31, 59, 500)
    assert ask("new_templates", evidence([log(QUIET, [started])], change=30)).verdict == "healthy"


def test_a_new_error_that_came_and_went_is_degraded():
    gone = template("lock file is denied", "error", 31, 33, 500)
    assert ask("new_templates", evidence([log(QUIET, [gone])], change=30)).verdict == "degraded"


def test_errors_that_visitors_make_are_left_out():
    guess = template("error: no more user authentication methods available", "error", 31, 59, 500)
    assert ask("new_templates", evidence([log(QUIET, [guess])], change=30)).verdict == "healthy"
    assert ask("new_templates", evidence([log(QUIET, [guess])], change=30), ignore="").verdict == "failing"


def test_words_alone_are_too_weak_without_a_change_time():
    words = template("request failed", "unknown", 50, 59, 500)
    assert ask("new_templates", evidence([log(QUIET, [words])])).verdict == "healthy"
    assert ask("new_templates", evidence([log(QUIET, [words])], change=40)).verdict == "degraded"


def test_what_came_once_proves_nothing_however_late():
    once = template("disk full", "fatal", 59, 59, 1)
    assert ask("new_templates", evidence([log(QUIET, [once])], change=58)).verdict == "healthy"


def test_without_a_change_time_an_error_that_begins_late_is_degraded():
    late = template("out of memory", "fatal", 50, 59, 50)
    answer = ask("new_templates", evidence([log(QUIET, [late])]))
    assert answer.verdict == "degraded" and answer.confidence < 0.8


def test_a_log_that_lies_wholly_after_the_change_proves_nothing():
    assert isinstance(
        ask("new_templates", evidence([log(QUIET, [template("x failed", "error", 1, 59, 500)])], change=-5)), conclave.Abstain
    )


# --- time_gaps ---


def busy(*silent):
    return [bucket(minute, 500) for minute in range(120) if not any(a <= minute < b for a, b in silent)]


def test_a_busy_log_that_stops_for_a_quarter_of_an_hour_is_a_stall():
    answer = ask(
        "time_gaps", evidence([log(busy((60, 75)), gaps=[gap(5, 2), gap(30, 3), gap(60, 900, line_before=30000), gap(90, 2)])])
    )
    assert answer.verdict == "degraded"
    assert [citation.line for citation in answer.claims[0].evidence] == [30000, 30001]


def test_gaps_of_a_log_that_writes_now_and_then_are_its_rhythm():
    minutes = range(0, 6000, 100)
    sparse = [bucket(minute, 3) for minute in minutes]
    assert ask("time_gaps", evidence([log(sparse, gaps=[gap(minute, 6000) for minute in minutes])])).verdict == "healthy"


def test_quiet_hours_that_repeat_are_not_stalls():
    day = 24 * 60
    buckets = [bucket(d * day + minute, 100) for d in range(3) for minute in range(0, day) if not 120 <= minute < 300]
    nights = [gap(d * day + 120, 180 * 60) for d in range(3)] + [gap(d * day + 700, 30) for d in range(3)]
    assert ask("time_gaps", evidence([log(buckets, gaps=nights)])).verdict == "healthy"


def test_a_steady_log_that_brings_a_trickle_has_a_slump_and_is_cited_where_it_begins():
    buckets = [bucket(minute, 6 if 60 <= minute < 70 else 500 + minute % 9) for minute in range(120)]
    answer = ask("time_gaps", evidence([log(buckets)]))
    assert answer.verdict == "degraded" and "trickle from 2026-03-03 14:00 to 14:09" in answer.content
    first = answer.claims[0].evidence[0].line
    assert first == sum(500 + minute % 9 for minute in range(60)) + 1


def test_traffic_that_ebbs_slowly_is_no_slump():
    ebb = [bucket(minute, max(3, int(500 * 0.93 ** max(0, minute - 60)))) for minute in range(130)]
    assert ask("time_gaps", evidence([log([bucket(minute - 200, 500) for minute in range(200)] + ebb)])).verdict == "healthy"


def test_two_outages_of_one_day_are_not_quiet_hours():
    silent = [gap(30, 900), gap(80, 900), gap(5, 2), gap(6, 2), gap(7, 2)]
    assert ask("time_gaps", evidence([log(busy((30, 45), (80, 95)), gaps=silent)])).verdict == "degraded"


def test_a_log_that_falls_silent_while_others_go_on_is_failing():
    dead, alive = log([bucket(minute, 500) for minute in range(60)], path="dead.log"), log(busy(), path="alive.log")
    answer = ask("time_gaps", evidence([dead, alive]))
    assert answer.verdict == "failing" and "dead.log fell silent" in answer.content
    assert answer.claims[0].evidence[0].line == dead.lines


def test_logs_of_different_years_do_not_fall_silent_beside_each_other():
    old = log([bucket(minute - 600000, 500) for minute in range(60)], path="old.log")
    assert ask("time_gaps", evidence([old, log(busy(), path="new.log")])).verdict == "healthy"


def test_no_stamps_no_opinion():
    assert isinstance(ask("time_gaps", evidence([log([])])), conclave.Abstain)


# --- all of them ---


def test_a_case_with_two_labels_or_without_order_gets_none_but_its_own():
    for name in ("error_bursts", "new_templates", "time_gaps"):
        assert ask(name, evidence(incident().logs, change=40, verdicts=("fine", "broken"))).verdict in ("fine", "broken")
        assert ask(name, evidence(incident().logs, change=40, ordered=False)).verdict is None
    assert ask("error_bursts", evidence([log(burst(20, 24))], verdicts=("fine", "broken"))).verdict == "broken"
