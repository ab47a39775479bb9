"""How the house stands, in the words that Prometheus reads. Labels are accounts, states and conditions: never a name, a text or a token."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from importlib import metadata

from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, InfoMetricFamily, Metric
from prometheus_client.registry import Collector

from bots.watch import Survey
from storage.figures import Figures, late

FORMAT = CONTENT_TYPE_PLAIN_0_0_4


def render(survey: Survey | None, blocked: float) -> str:
    """The whole page. ``blocked``: seconds since the event loop was seen alive. Without a survey only what needs none."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Page(survey, blocked))
    ProcessCollector(registry=registry)
    return generate_latest(registry).decode()


class _Page(Collector):
    """What one look found, as metrics."""

    def __init__(self, survey: Survey | None, blocked: float) -> None:
        self._survey, self._blocked = survey, blocked

    def collect(self) -> Iterator[Metric]:
        yield InfoMetricFamily("sutki", "The running program.", value={"version": metadata.version("sutki")})
        yield _gauge("sutki_loop_silent_seconds", "Since the event loop was seen alive; above 30 /livez fails.", self._blocked)
        if self._survey is None:
            return
        yield from _of_process(self._survey)
        yield _gauge("sutki_database_answers", "Whether the database answered the last look.", self._survey.figures is not None)
        if self._survey.figures is not None:
            yield from _of_database(self._survey.figures, self._survey.at)
        if self._survey.totals is not None:
            totals = self._survey.totals
            yield _gauge("sutki_incidents_open", "Incidents that are not closed.", totals.incidents_open)
            yield _gauge(
                "sutki_incidents_overdue", "Incidents to which an answer is due and was not given in time.", totals.incidents_overdue
            )
            yield _gauge("sutki_database_bytes", "Size of the database.", totals.database_bytes)


def _of_process(survey: Survey) -> Iterator[Metric]:
    stuck = GaugeMetricFamily("sutki_stuck", "1 for each condition that /readyz names.", labels=["condition", "subject"])
    _, wrong = survey.lines
    for fact in survey.facts:
        if fact.key in wrong:
            stuck.add_metric([fact.condition, fact.subject], 1)
    yield stuck
    yield _gauge("sutki_loop_lag_seconds", "The longest the event loop came late within the last minute.", survey.lag)
    yield _gauge("sutki_tick_age_seconds", "Since the deadlines were looked at last.", survey.standing.ticked)
    heard = GaugeMetricFamily("sutki_poll_age_seconds", "Since the platform last answered a poll of the account.", labels=["account"])
    for account, at in survey.standing.heard.items():
        if at is not None:
            heard.add_metric([account], _age(at, survey.at))
    yield heard
    calls = CounterMetricFamily("sutki_sends", "Calls that were to say something, by what came of them.", labels=["account", "outcome"])
    for (account, outcome), count in sorted(survey.standing.outcomes.items()):
        calls.add_metric([account, outcome], count)
    yield calls


def _of_database(figures: Figures, now: datetime) -> Iterator[Metric]:
    yield _gauge("sutki_inbox_waiting", "Updates that could be handled now.", figures.inbox_waiting)
    yield _gauge("sutki_inbox_oldest_seconds", "How long the longest waiting of them could be.", _age(figures.inbox_since, now))
    yield _gauge("sutki_dead_letters", "Updates that could not be handled and wait for a person.", figures.dead)
    yield _gauge("sutki_answers_unsettled", "Answers that failed or are uncertain, about open incidents.", figures.unsettled)
    messages = GaugeMetricFamily("sutki_outbox_messages", "Messages that did not go out, or not for sure.", labels=["account", "state"])
    for (account, state), count in sorted(figures.outbox.items()):
        messages.add_metric([account, state], count)
    yield messages
    oldest = GaugeMetricFamily("sutki_outbox_oldest_seconds", "How long the longest waiting message could have gone.", labels=["account"])
    for account, since in sorted(figures.outbox_since.items()):
        oldest.add_metric([account], _age(since, now))
    yield oldest
    yield _gauge("sutki_clock_late_seconds", "By how much the earliest reminder that is due is late.", late(figures, now).total_seconds())
    if figures.backups:
        yield _gauge("sutki_backup_age_seconds", "Since the last backup.", _age(figures.backup_at, now))


def _gauge(name: str, says: str, value: float) -> Metric:
    return GaugeMetricFamily(name, says, value=float(value))


def _age(since: datetime | None, now: datetime) -> float:
    return max((now - since).total_seconds(), 0.0) if since else 0.0
