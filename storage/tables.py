"""Every table of the house."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Dialect,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
    false,
    text,
)

# Named constraints: a batch migration on SQLite silently drops what has no name.
metadata = MetaData(
    naming_convention={
        "ix": "ix_%(column_0_label)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)


_NAIVE = "a naive datetime would be stored; every instant in the house is aware"


class Instant(TypeDecorator[datetime]):
    """An aware UTC datetime on every database; SQLite has no zones, so it is kept naive there and made aware again."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(_NAIVE)
        utc = value.astimezone(UTC)
        return utc.replace(tzinfo=None) if dialect.name == "sqlite" else utc

    def bind_processor(self, dialect: Dialect) -> Any:
        """The same, and for SQLite at once as its DATETIME writes it: most of what a row costs are its instants."""
        return _as_text if dialect.name == "sqlite" else super().bind_processor(dialect)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def _as_text(value: datetime | None) -> str | None:
    """«2026-03-11 05:00:00.000000»."""
    if value is None:
        return None
    if value.tzinfo is None:
        raise ValueError(_NAIVE)
    return value.astimezone(UTC).replace(tzinfo=None).isoformat(" ", "microseconds")


# SQLite counts up only an INTEGER PRIMARY KEY.
BigId = BigInteger().with_variant(Integer, "sqlite")


def _string(name: str, **options: Any) -> Column[str]:
    return Column(name, Text, nullable=False, server_default="", **options)


def _number(name: str, **options: Any) -> Column[int]:
    return Column(name, BigInteger, nullable=False, server_default="0", **options)


def _flag(name: str) -> Column[bool]:
    return Column(name, Boolean, nullable=False, server_default=false())


def _where(name: str, *columns: str, where: str) -> Index:
    """A partial index: of the rows that the condition holds for."""
    return Index(name, *columns, sqlite_where=text(where), postgresql_where=text(where))


def _incident(*, key: bool = False) -> Column[int]:
    return Column("incident_id", BigInteger, ForeignKey("incidents.id"), primary_key=key, nullable=False, index=not key)


regions = Table(
    "regions",
    metadata,
    Column("id", BigId, primary_key=True),
    Column("loaded_at", Instant, nullable=False),
    Column("source", Text, nullable=False),  # the region file as it was loaded; the newest row is in force
)

accounts = Table(
    "accounts",
    metadata,
    Column("name", Text, primary_key=True),
    _string("kind"),
    _string("platform_id"),
    _string("title"),
    _string("link"),
    _string("start_link"),
    _string("cursor"),
    Column("heard_at", Instant),
)

inbox = Table(
    "inbox",
    metadata,
    Column("id", BigId, primary_key=True),
    Column("account", Text, nullable=False),
    Column("key", Text, nullable=False),
    Column("raw", JSON, nullable=False),
    _string("lane"),
    _string("album"),
    Column("received_at", Instant, nullable=False),
    Column("handle_after", Instant),
    _string("state"),  # new, done, dead
    _number("attempts"),
    _string("error"),
    Column("handled_at", Instant),
    UniqueConstraint("account", "key"),
    _where("ix_inbox_lane", "account", "lane", "id", where="state = 'new'"),
    Index("ix_inbox_new", "id", sqlite_where=text("state = 'new'"), postgresql_where=text("state = 'new'")),
    Index("ix_inbox_dead", "id", sqlite_where=text("state = 'dead'"), postgresql_where=text("state = 'dead'")),
)

people = Table(
    "people",
    metadata,
    Column("id", BigId, primary_key=True),
    _string("name"),
    _string("language"),
    Column("created_at", Instant, nullable=False),
    _flag("no_digest"),  # wants no digests
)

identities = Table(
    "identities",
    metadata,
    Column("platform", Text, primary_key=True),
    Column("user_id", Text, primary_key=True),
    Column("person_id", BigInteger, ForeignKey("people.id"), nullable=False, index=True),
)

contacts = Table(  # a person as one account knows them
    "contacts",
    metadata,
    Column("account", Text, primary_key=True),
    Column("user_id", Text, primary_key=True),
    _flag("blocked"),
    Column("greeted_at", Instant),
)

roles = Table(
    "roles",
    metadata,
    Column("id", BigId, primary_key=True),
    Column("person_id", BigInteger, ForeignKey("people.id"), nullable=False, index=True),
    Column("role", Text, nullable=False),
    _string("organisation", index=True),
    _string("account"),  # the private chat in which the invitation was opened: where cards and reminders can reach them
    _string("chat"),
    _flag("cards_here"),  # cards come to that private chat too, even when the organisation has a working chat
    Column("since", Instant, nullable=False),
    Column("revoked_at", Instant),
)

invites = Table(
    "invites",
    metadata,
    Column("digest", Text, primary_key=True),  # of the code; the code itself is not kept
    Column("kind", Text, nullable=False),  # person, chat
    _string("role"),
    _string("organisation"),
    Column("created_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False),
    Column("used_at", Instant),
    _number("used_by"),
)

chats = Table(  # groups the bot is or was in; with an organisation (or the curators' desk) once connected
    "chats",
    metadata,
    Column("account", Text, primary_key=True),
    Column("chat", Text, primary_key=True),
    _string("title"),
    _flag("forum"),
    _flag("manages_topics"),
    _string("organisation", index=True),
    _flag("desk"),
    Column("connected_at", Instant),
    Column("left_at", Instant),
)

incidents = Table(
    "incidents",
    metadata,
    Column("id", BigId, primary_key=True),
    Column("version", BigInteger, nullable=False),
    Column("status", Text, nullable=False),
    _string("organisation"),
    _number("assignee"),
    _string("topic"),
    _string("territory"),
    Column("resolution", Text),
    _flag("urgent"),
    _flag("undeliverable"),
    _number("rating"),
    Column("reported_at", Instant, nullable=False),
    Column("answered_at", Instant),
    Column("timer", Text, nullable=False),
    _number("turn"),
    Column("started_at", Instant),
    _string("heard"),  # names of steps, with spaces between them
    Column("due_at", Instant),
    Column("paused_left", Float, nullable=False, server_default="0"),
    Column("wake_at", Instant),
    # the report: whose it is and what it says
    Column("person_id", BigInteger, ForeignKey("people.id"), nullable=False),
    Column("account", Text, nullable=False),
    Column("chat", Text, nullable=False),
    _string("thread"),
    _string("scene"),
    _string("text"),
    _string("place"),
    Column("latitude", Float),
    Column("longitude", Float),
    _string("danger"),
    _number("files"),
    Column("said_at", Instant, nullable=False),  # platform time of the last message that belongs to the report
    _flag("corrected"),  # a person chose topic or territory: the bot no longer guesses
    _number("linked_to"),
    _number("merged_into"),
    _number("receipt"),  # outbox row of the receipt, which is edited while the report grows
    Column("created_at", Instant, nullable=False),
    # with the status in it, though it is always the same: else SQLite counts by an index of every incident that holds it
    _where("ix_incidents_unsorted", "id", "status", where="status = 'new'"),
    _where("ix_incidents_waiting", "id", "status", where="status = 'waiting'"),
    _where("ix_incidents_due", "due_at", where="timer IN ('first_answer', 'promise', 'rework')"),
    Index("ix_incidents_wake", "wake_at", sqlite_where=text("wake_at IS NOT NULL"), postgresql_where=text("wake_at IS NOT NULL")),
    Index("ix_incidents_person", "person_id", "id"),
    Index("ix_incidents_owner", "organisation", "status"),
    Index("ix_incidents_reported", "reported_at", "organisation"),
    Index("ix_incidents_assignee", "assignee", sqlite_where=text("assignee <> 0"), postgresql_where=text("assignee <> 0")),
    sqlite_autoincrement=True,  # a number that a person was told is never given again, whatever was deleted or restored
)

history = Table(  # append only
    "history",
    metadata,
    Column("id", BigId, primary_key=True),
    _incident(),
    Column("version", BigInteger, nullable=False),
    Column("at", Instant, nullable=False),
    Column("action", Text, nullable=False),
    Column("role", Text, nullable=False),
    _number("person_id"),
    Column("before", Text, nullable=False),
    Column("after", Text, nullable=False),
    _string("text"),
    _string("reason"),
    _string("target"),
    Column("date", Instant),
    UniqueConstraint("incident_id", "version"),
)

messages = Table(  # everything said about an incident; an edit is a row of its own
    "messages",
    metadata,
    Column("id", BigId, primary_key=True),
    _incident(),
    Column("kind", Text, nullable=False),  # report, reply, note, question, answer, interim
    _number("person_id"),
    _string("text"),
    Column("files", JSON, nullable=False),
    Column("latitude", Float),
    Column("longitude", Float),
    _string("account"),
    _string("chat"),
    _string("message"),
    Column("at", Instant, nullable=False),
    Column("edit_of", BigInteger, ForeignKey("messages.id")),
    Index("ix_messages_platform", "account", "chat", "message"),
    Index("ix_messages_pending", "person_id", sqlite_where=text("kind = 'pending'"), postgresql_where=text("kind = 'pending'")),
)

corrections = Table(  # what people changed in the bot's suggestions; a later model learns from it
    "corrections",
    metadata,
    Column("id", BigId, primary_key=True),
    _incident(),
    Column("field", Text, nullable=False),  # topic, territory
    _string("before"),
    _string("after"),
    _number("person_id"),
    Column("at", Instant, nullable=False),
)

suggestion_models = Table(  # what was learned from corrections; the newest row is in force, an empty body: none is
    "suggestion_models",
    metadata,
    Column("id", BigId, primary_key=True),
    Column("made_at", Instant, nullable=False),
    _string("body"),
    Column("figures", JSON, nullable=False),
    sqlite_autoincrement=True,  # processes tell a new one by its number
)

reminders = Table(  # each step of each clock once
    "reminders",
    metadata,
    _incident(key=True),
    Column("turn", BigInteger, primary_key=True, autoincrement=False),
    Column("step", Text, primary_key=True),
    Column("at", Instant, nullable=False),
    _flag("skipped"),
)

controls = Table(  # «Взял на контроль»: this curator hears no more of this step
    "controls",
    metadata,
    _incident(key=True),
    Column("turn", BigInteger, primary_key=True, autoincrement=False),
    Column("step", Text, primary_key=True),
    Column("person_id", BigInteger, primary_key=True, autoincrement=False),
    Column("at", Instant, nullable=False),
)

first_answers = Table(  # what the clock of each incident came to: figures are made of it
    "first_answers",
    metadata,
    _incident(key=True),
    _string("organisation"),
    Column("at", Instant, nullable=False),
    Column("due_at", Instant, nullable=False),
    Column("seconds", Float, nullable=False),  # since the citizen wrote
    Index("ix_first_answers_at", "at", "organisation"),
    _where("ix_first_answers_late", "due_at", where="at > due_at"),
)

digests = Table(  # who was told in the morning of that local day, or had nothing to be told
    "digests",
    metadata,
    Column("day", Text, primary_key=True),  # 2026-03-12
    Column("kind", Text, primary_key=True),
    Column("person_id", BigInteger, primary_key=True, autoincrement=False),
    Column("at", Instant, nullable=False),
)

absences = Table(  # /away: from when until when, and who stands in; a change ends the row and writes another
    "absences",
    metadata,
    Column("id", BigId, primary_key=True),
    Column("person_id", BigInteger, ForeignKey("people.id"), nullable=False, index=True),
    _string("organisation"),  # empty: at the curators' desk
    Column("since", Instant, nullable=False),
    Column("until", Instant, nullable=False),
    _number("deputy_id"),
    Column("made_at", Instant, nullable=False),
    Column("ended_at", Instant),  # came back, changed it, or lost the role
    _where("ix_absences_live", "organisation", "until", where="ended_at IS NULL"),
)

shifts = Table(  # /duty: who is on duty for an organisation, or (empty) for the curators' desk
    "shifts",
    metadata,
    Column("id", BigId, primary_key=True),
    Column("person_id", BigInteger, ForeignKey("people.id"), nullable=False, index=True),
    _string("organisation"),
    Column("since", Instant, nullable=False),
    Column("until", Instant, nullable=False),
    _number("set_by"),
    Column("made_at", Instant, nullable=False),
    Column("ended_at", Instant),  # taken off, or lost the role
    _where("ix_shifts_live", "organisation", "until", where="ended_at IS NULL"),
)

keyboards = Table(
    "keyboards",
    metadata,
    Column("token", Text, primary_key=True),
    Column("account", Text, nullable=False),
    Column("chat", Text, nullable=False),
    _string("user_id"),  # only this platform user may press; empty: whoever has the role
    _number("incident_id", index=True),
    Column("buttons", JSON, nullable=False),  # [[action, {arguments}], …] in the order of their numbers
    _flag("once"),
    Column("made_at", Instant, nullable=False),
    Column("expires_at", Instant),
    Column("used_at", Instant),
)

conversations = Table(
    "conversations",
    metadata,
    Column("account", Text, primary_key=True),
    Column("chat", Text, primary_key=True),
    Column("user_id", Text, primary_key=True),
    Column("step", Text, nullable=False),
    Column("data", JSON, nullable=False),
    Column("updated_at", Instant, nullable=False),
)

drafts = Table(  # what an official wrote and has not sent yet
    "drafts",
    metadata,
    Column("id", BigId, primary_key=True),
    _incident(),
    Column("person_id", BigInteger, ForeignKey("people.id"), nullable=False),
    Column("account", Text, nullable=False),
    Column("chat", Text, nullable=False),
    _string("thread"),
    Column("user_id", Text, nullable=False),
    _string("message"),
    _string("text"),
    Column("files", JSON, nullable=False),
    _string("kind"),  # answer, interim, question; empty until chosen
    Column("date", Instant),
    _number("preview"),  # outbox row of the preview, which is edited
    Column("state", Text, nullable=False),  # open, sending, sent, dropped
    Column("created_at", Instant, nullable=False),
    Index("ix_drafts_message", "account", "chat", "message"),
    sqlite_autoincrement=True,  # outbox rows outlive the drafts they carried
)

threads = Table(  # where an incident is talked about: its card in each working chat
    "threads",
    metadata,
    _incident(key=True),
    Column("account", Text, primary_key=True),
    Column("chat", Text, primary_key=True),
    _string("thread"),
    _number("card"),  # outbox row of the card
    _string("title"),
    _flag("retired"),  # the incident went to somebody else
    Index("ix_threads_thread", "account", "chat", "thread"),
)

outbox = Table(
    "outbox",
    metadata,
    Column("id", BigId, primary_key=True),
    Column("account", Text, nullable=False),
    Column("chat", Text, nullable=False),
    _string("thread"),
    _number("topic_of"),  # put it into the forum topic of this incident, whatever its id will be
    Column("kind", Text, nullable=False),  # reply, open_thread, rename_thread
    _string("text"),
    Column("keyboard", JSON, nullable=False),
    Column("files", JSON, nullable=False),
    _string("answer_to"),
    _number("answer_to_row"),
    _number("instead_of_row"),
    _string("whisper_to"),
    _flag("ask_place"),
    _flag("closed"),
    Column("purpose", Text, nullable=False),
    _number("incident_id", index=True),
    _number("draft_id"),
    Column("before_row", BigInteger),  # goes before that row of its chat, the newest first; else rows go by id
    Column("not_before", Instant),
    Column("state", Text, nullable=False),  # queued, sending, sent, failed, uncertain, dropped
    _number("attempts"),
    _string("error"),
    _flag("doubted"),  # a call of it may have arrived
    _flag("without_files"),  # it goes, or went, without a file that could not be had
    Column("created_at", Instant, nullable=False),
    Column("tried_at", Instant),  # when its call began, the first one that may have arrived
    Column("sent_at", Instant),
    # What waits is little beside what was sent: one index to take it by chats and turns, and
    # small ones for the few rows that go before another, are postponed, carry a draft, are news of one, or are in trouble.
    _where("ix_outbox_waiting", "account", "chat", "id", where="state IN ('queued', 'sending')"),
    _where("ix_outbox_whisper", "account", "id", where="state = 'queued' AND whisper_to <> ''"),
    _where("ix_outbox_before", "account", "chat", "before_row", where="state IN ('queued', 'sending') AND before_row IS NOT NULL"),
    _where("ix_outbox_later", "account", "not_before", where="state = 'queued' AND not_before IS NOT NULL"),
    _where("ix_outbox_news", "account", "chat", where="state IN ('queued', 'sending') AND draft_id <> 0 AND purpose = 'notice'"),
    _where("ix_outbox_draft", "draft_id", where="draft_id <> 0"),
    _where("ix_outbox_open", "state", "id", where="state IN ('queued', 'sending', 'failed', 'uncertain')"),
    Index("ix_outbox_instead", "instead_of_row", sqlite_where=text("instead_of_row <> 0"), postgresql_where=text("instead_of_row <> 0")),
    sqlite_autoincrement=True,  # its id is the key of the platform call, and ``sent`` outlives it
)

sent = Table(  # which incident a message of ours is about: how an official's reply finds it
    "sent",
    metadata,
    Column("account", Text, primary_key=True),
    Column("chat", Text, primary_key=True),
    Column("message", Text, primary_key=True),
    Column("outbox_id", BigInteger, nullable=False, index=True),  # of a row that may have been swept away (storage/retention.py)
    _number("incident_id"),
    _string("purpose"),
)

leases = Table(  # what one process at a time does: it renews the lease while it lives, another takes over when that ends
    "leases",
    metadata,
    Column("name", Text, primary_key=True),
    _string("holder"),
    _number("term"),  # grows with every change of the holder
    Column("until", Instant, nullable=False),
)

marks = Table(  # when something last happened: a backup, a restore, a word to the administrators
    "marks",
    metadata,
    Column("name", Text, primary_key=True),
    Column("at", Instant, nullable=False),
    _string("value"),
)
