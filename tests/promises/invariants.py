"""The twelve invariants of the house as checks on its database, and on what a platform took and gave where that was recorded."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, text

from incidents.incident import HELD, RULES, Status
from storage.store import Store, Tx
from storage.tables import Instant

SHOWN = 5
"""Rows that one violation names."""


# --- what a platform knows ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """An update that the platform was told is taken; in the platform's order, each once however often it was delivered."""

    account: str
    key: str
    chat: str = ""
    message: str = ""
    """The message it carries, if its words have to stand in a timeline once it is handled."""
    press: str = ""
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Posted:
    """A message the platform put into a chat because we asked it to, whether we ever heard so or not."""

    account: str
    chat: str
    message: str
    text: str
    key: int = 0
    """The permanent key of the call; 0: the platform does not tell."""


@dataclass(slots=True)
class Platform:
    """What a platform took and gave."""

    acknowledged: list[Acknowledged] = field(default_factory=list)
    posted: list[Posted] = field(default_factory=list)
    shown: list[Posted] = field(default_factory=list)
    """What was put instead of a message: nobody counts these, but they are read too."""
    asked_again: set[int] = field(default_factory=set)
    """Keys of messages that a person had sent once more."""
    mark: re.Pattern[str] | None = None
    """How texts tell whose they are: what this finds in a text stands in no other incident's texts."""


# --- what the database must say, whatever happened ---------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Check:
    """One statement that finds nothing while an invariant holds."""

    number: int
    says: str
    sql: str
    idle: bool = False
    """Only where all that could be done is done."""


_MOVES = "('assign', 'reassign', 'refuse')"
_WORDS = "('answer', 'interim', 'question')"
_TOLD = "('sent', 'delivered', 'failed', 'uncertain')"
_OWNED_BY = f"""EXISTS (SELECT 1 FROM history h WHERE h.incident_id = i.id AND h.action IN {_MOVES}
    AND h.target = %s AND h.at <= o.created_at)"""


def _allowed_changes() -> str:
    """Every change that ``RULES`` allows, as SQL texts «before action after role»."""
    held = (Status.NEW, Status.ASSIGNED, Status.IN_PROGRESS)
    rules = [
        f"'{before} {action} {after} {role}'"
        for (before, action), rule in RULES.items()
        for after in (held if rule.to is HELD else (rule.to,))
        for role in sorted(rule.by)
    ]
    return ", ".join([*rules, "'new report new citizen'"])


CHECKS: tuple[Check, ...] = (
    Check(
        1,
        "a message stands in two timelines, or twice in one",
        """SELECT account || ' ' || chat || ' ' || message FROM messages WHERE message <> '' AND edit_of IS NULL
        GROUP BY account, chat, message HAVING count(*) > 1""",
    ),
    Check(
        1,
        "an incident lacks the citizen's words",
        "SELECT id FROM incidents i WHERE NOT EXISTS (SELECT 1 FROM messages m"
        " WHERE m.incident_id = i.id AND m.edit_of IS NULL AND m.kind IN ('report', 'reply'))",
    ),
    Check(
        2,
        "an update is new though nothing is left to do",
        """SELECT id FROM inbox WHERE state = 'new' AND (account <> '' OR handle_after IS NULL)""",
        idle=True,
    ),
    Check(
        2, "a due errand of the house itself is not done", "SELECT id FROM inbox WHERE state = 'new' AND handle_after <= :now", idle=True
    ),
    Check(2, "a dead letter says not why", "SELECT id FROM inbox WHERE state = 'dead' AND (error = '' OR handled_at IS NULL)"),
    Check(
        3,
        "a citizen's words stand in another order than they were said",
        """SELECT id FROM (SELECT id, account, chat, message, person_id,
            lag(message) OVER (PARTITION BY account, chat, person_id ORDER BY id) AS earlier
            FROM messages WHERE edit_of IS NULL AND message <> '' AND kind IN ('report', 'reply', 'pending')
            AND person_id NOT IN (SELECT person_id FROM roles)) said
        WHERE length(message) < length(earlier) OR (length(message) = length(earlier) AND message < earlier)""",
    ),
    Check(
        3,
        "messages stand in a chat in another order than they were queued",
        # In a group many conversations meet, and several processes queue there at one moment: there each incident keeps its order.
        """SELECT id FROM (SELECT o.id, s.message, lag(s.message) OVER (PARTITION BY o.account, o.chat, CASE
                WHEN o.chat LIKE '-%' OR o.chat LIKE '2000000%' THEN o.incident_id ELSE 0 END ORDER BY o.id) AS earlier
            FROM outbox o JOIN (SELECT outbox_id, min(message) AS message FROM sent GROUP BY outbox_id HAVING count(*) = 1) s
            ON s.outbox_id = o.id
            WHERE o.before_row IS NULL AND o.draft_id = 0 AND o.state = 'sent' AND NOT o.doubted) went
        WHERE length(message) < length(earlier) OR (length(message) = length(earlier) AND message < earlier)""",
    ),
    Check(
        4,
        "an incident is nobody's, or whose it is does not fit its status",
        """SELECT id FROM incidents WHERE NOT (
            (status = 'new' AND organisation = '' AND assignee = 0)
            OR (status = 'assigned' AND organisation <> '' AND assignee = 0)
            OR (status = 'in_progress' AND organisation <> '' AND assignee <> 0)
            OR (status IN ('waiting', 'promised') AND organisation <> '')
            OR status IN ('answered', 'closed'))""",
    ),
    Check(
        4,
        "what is closed has no resolution, or what is open has one",
        "SELECT id FROM incidents WHERE (status = 'closed') <> (resolution IS NOT NULL)",
    ),
    Check(
        4,
        "a version counts fewer changes than there were",
        """SELECT i.id FROM incidents i JOIN (SELECT incident_id, count(*) AS changes, max(version) AS last FROM history
            GROUP BY incident_id) h ON h.incident_id = i.id WHERE i.version < h.changes OR i.version < h.last""",
    ),
    Check(
        5,
        "a change that the rules do not allow",
        f"SELECT incident_id FROM history WHERE before || ' ' || action || ' ' || after || ' ' || role NOT IN ({_allowed_changes()})",
    ),
    Check(
        5,
        "a change does not begin where the one before it ended",
        """SELECT incident_id FROM (SELECT incident_id, before, action,
            lag(after) OVER (PARTITION BY incident_id ORDER BY version) AS earlier
            FROM history) steps WHERE earlier <> before OR (earlier IS NULL) <> (action = 'report')""",
    ),
    Check(
        5,
        "a status is not what the history says",
        """SELECT i.id FROM incidents i WHERE i.status <> coalesce((SELECT h.after FROM history h WHERE h.incident_id = i.id
            ORDER BY h.version DESC LIMIT 1), '')""",
    ),
    Check(
        5,
        "somebody acted without the role",
        f"""SELECT h.incident_id FROM history h WHERE h.role IN ('official', 'head', 'curator', 'administrator') AND NOT EXISTS (
            SELECT 1 FROM roles r WHERE r.person_id = h.person_id AND r.role = h.role
            AND r.since <= h.at AND (r.revoked_at IS NULL OR r.revoked_at >= h.at)
            AND (h.role IN ('curator', 'administrator') OR r.organisation = (SELECT p.target FROM history p
                WHERE p.incident_id = h.incident_id AND p.version < h.version AND p.action IN {_MOVES}
                ORDER BY p.version DESC LIMIT 1)))""",
    ),
    Check(
        5,
        "a citizen acted on somebody else's incident, or the clock in a person's name",
        """SELECT h.incident_id FROM history h JOIN incidents i ON i.id = h.incident_id
        WHERE (h.role = 'citizen' AND h.person_id <> i.person_id) OR (h.role = 'clock' AND h.person_id <> 0)""",
    ),
    Check(
        5,
        "an open incident is held by somebody who has no role in it",
        """SELECT i.id FROM incidents i WHERE i.assignee <> 0 AND i.status NOT IN ('answered', 'closed') AND NOT EXISTS (
            SELECT 1 FROM roles r WHERE r.person_id = i.assignee AND r.organisation = i.organisation AND r.revoked_at IS NULL)""",
    ),
    Check(
        6,
        "no clock runs on an incident that is not closed, or one runs on a closed one",
        """SELECT id FROM incidents WHERE (status = 'closed') <> (timer = 'none') OR (status = 'closed') <> (wake_at IS NULL)""",
    ),
    Check(6, "a step of the clock was due and did not come", "SELECT id FROM incidents WHERE wake_at <= :now", idle=True),
    Check(
        7,
        "a reminder came after the answer or the close",
        """SELECT r.incident_id FROM reminders r WHERE NOT EXISTS (
            SELECT 1 FROM history h WHERE h.incident_id = r.incident_id AND h.at = r.at)
        AND (SELECT h.after FROM history h WHERE h.incident_id = r.incident_id AND h.at < r.at ORDER BY h.version DESC LIMIT 1)
            IN ('answered', 'closed')""",
    ),
    Check(
        7,
        "a reminder came before its time",
        """SELECT r.incident_id FROM reminders r JOIN incidents i ON i.id = r.incident_id AND i.turn = r.turn
        WHERE r.at < i.reported_at OR (i.due_at IS NOT NULL AND r.step = 'deadline' AND r.at < i.due_at)
        OR r.turn > i.turn""",
    ),
    Check(
        8,
        "a row is «sent» and no message is known of it",
        """SELECT o.id FROM outbox o WHERE o.state = 'sent' AND o.kind = 'reply' AND o.instead_of_row = 0 AND o.whisper_to = ''
        AND o.draft_id = 0 AND NOT EXISTS (SELECT 1 FROM sent s WHERE s.outbox_id = o.id)""",
    ),
    Check(
        8,
        "an author was not told how it went",
        """SELECT d.id FROM drafts d WHERE d.state = 'sent' AND d.kind <> 'note' AND NOT EXISTS (
            SELECT 1 FROM outbox o WHERE o.draft_id = d.id AND o.draft_id <> 0 AND o.state IN ('queued', 'sending'))""",
        idle=True,
    ),
    Check(
        9,
        "a row goes where its incident is nobody's business",
        f"""SELECT o.id FROM outbox o JOIN incidents i ON i.id = o.incident_id WHERE o.incident_id <> 0 AND o.whisper_to = ''
        AND NOT (o.account = i.account AND o.chat = i.chat)
        AND NOT EXISTS (SELECT 1 FROM chats c WHERE c.account = o.account AND c.chat = o.chat
            AND (c.desk OR c.left_at >= o.created_at OR {_OWNED_BY % "c.organisation"}))
        AND NOT EXISTS (SELECT 1 FROM identities d JOIN people p ON p.id = d.person_id
            WHERE d.user_id = o.chat AND o.account LIKE d.platform || '/%' AND (p.id = i.person_id OR EXISTS (
                SELECT 1 FROM roles r WHERE r.person_id = p.id AND r.since <= o.created_at
                AND (r.role IN ('curator', 'administrator') OR {_OWNED_BY % "r.organisation"}))))""",
    ),
    Check(
        9,
        "an organisation reads on in a card of what is no longer its own",
        f"""SELECT o.id FROM outbox o JOIN incidents i ON i.id = o.incident_id
        JOIN chats c ON c.account = o.account AND c.chat = o.chat AND c.organisation <> '' AND NOT c.desk
        WHERE o.purpose = 'card' AND (SELECT h.target FROM history h WHERE h.incident_id = i.id AND h.action IN {_MOVES}
            AND h.at <= o.created_at ORDER BY h.version DESC LIMIT 1) <> c.organisation
        AND NOT EXISTS (SELECT 1 FROM history h WHERE h.incident_id = i.id AND h.action IN {_MOVES} AND h.at = o.created_at)""",
    ),
    Check(
        10,
        "two identities were joined and nobody invited them",
        "SELECT person_id FROM identities GROUP BY person_id HAVING count(*) > 1 AND person_id NOT IN (SELECT used_by FROM invites)",
    ),
    Check(
        10,
        "an incident is not the person's who wrote in its conversation",
        """SELECT i.id FROM incidents i WHERE i.scene = 'private' AND NOT EXISTS (SELECT 1 FROM identities d
            WHERE d.user_id = i.chat AND i.account LIKE d.platform || '/%' AND d.person_id = i.person_id)""",
    ),
    Check(11, "a button was used after its time", "SELECT token FROM keyboards WHERE once AND used_at >= expires_at"),
    Check(12, "something is being sent though nobody sends", "SELECT id FROM outbox WHERE state = 'sending'", idle=True),
    Check(
        12,
        "half of a report is there",
        """SELECT i.id FROM incidents i WHERE i.receipt = 0 OR NOT EXISTS (
            SELECT 1 FROM history h WHERE h.incident_id = i.id AND h.version = 1 AND h.action = 'report')""",
    ),
    Check(
        12,
        "half of an answer is there",
        f"""SELECT d.id FROM drafts d WHERE d.kind IN {_WORDS} AND d.state IN {_TOLD} AND NOT EXISTS (
            SELECT 1 FROM messages m WHERE m.incident_id = d.incident_id AND m.kind = d.kind
            AND m.account = d.account AND m.chat = d.chat AND m.message = d.message)""",
    ),
    Check(
        12,
        "a draft waits to be sent and nothing will send it",
        """SELECT d.id FROM drafts d WHERE d.state = 'sending' AND NOT EXISTS (SELECT 1 FROM inbox b
            WHERE b.account = '' AND b.key LIKE 'send-draft/' || d.id || '/%' AND b.state IN ('new', 'dead'))""",
    ),
    Check(12, "an update is handled and nobody knows when", "SELECT id FROM inbox WHERE state <> 'new' AND handled_at IS NULL"),
)
"""What must find nothing. Numbers are those of the invariants."""


# --- the question ------------------------------------------------------------------------------------------------------


async def broken(
    store: Store, platform: Platform | None = None, *, idle: bool = True, now: datetime | None = None, kept_since: datetime | None = None
) -> list[str]:
    """Every invariant that does not hold, in words, with the first rows it is seen by; nothing when all hold. Reads only.

    ``idle``: all that can be done by now is done; ``now`` is the clock's, and with it what was due and did not come is found too.
    ``platform``: what was recorded on the other side of the wire, where somebody did. ``kept_since``: what is older than this may
    have been swept away (``storage.retention``).
    """
    async with store.transaction() as tx:
        return await broken_in(tx, platform, idle=idle, now=now, kept_since=kept_since)


async def broken_in(
    tx: Tx, platform: Platform | None = None, *, idle: bool = True, now: datetime | None = None, kept_since: datetime | None = None
) -> list[str]:
    """The same inside a transaction."""
    found: dict[tuple[int, str], list[str]] = defaultdict(list)
    for number, says, row in [*await _from_database(tx, idle=idle, now=now), *await _too_many_messages(tx)]:
        found[number, says].append(row)
    if platform is not None:
        for number, says, row in [
            *await _from_inbox(tx, platform, kept_since),
            *await _from_chats(tx, platform, swept=kept_since is not None),
        ]:
            found[number, says].append(row)
    return [_line(number, says, rows) for (number, says), rows in sorted(found.items())]


def _line(number: int, says: str, rows: Sequence[str]) -> str:
    more = f" and {len(rows) - SHOWN} more" if len(rows) > SHOWN else ""
    return f"{number}. {says}: {', '.join(rows[:SHOWN])}{more}"


_Found = tuple[int, str, str]
"""The invariant's number, what is wrong, and where."""


async def _from_database(tx: Tx, *, idle: bool, now: datetime | None) -> list[_Found]:
    """What the statements find: all in one, so that it may be asked after every step."""
    asked = [check for check in CHECKS if idle or not check.idle]
    parts = ", ".join(f"c{at}(found) AS ({check.sql})" for at, check in enumerate(asked))
    union = " UNION ALL ".join(f"SELECT {at}, CAST(found AS TEXT) FROM c{at}" for at in range(len(asked)))
    statement = text(f"WITH {parts} {union}")
    if any(":now" in check.sql for check in asked):
        statement = statement.bindparams(bindparam("now", now, type_=Instant))
    rows = await tx.connection.execute(statement)
    return [(asked[at].number, asked[at].says, str(found)) for at, found in rows]


async def _all(tx: Tx, sql: str) -> Sequence[Any]:
    return (await tx.connection.execute(text(sql))).all()


async def _too_many_messages(tx: Tx) -> Iterator[_Found]:
    """An album becomes as many messages as it has files; anything else one."""
    rows = await _all(
        tx,
        """SELECT o.id, o.files, s.messages FROM outbox o JOIN (SELECT outbox_id, count(*) AS messages FROM sent
        GROUP BY outbox_id HAVING count(*) > 1) s ON s.outbox_id = o.id WHERE NOT o.doubted AND o.draft_id = 0""",
    )
    many = [row for row in rows if row.messages > (str(row.files).count('"ref"') or str(row.files).count("'ref'"))]
    return iter([(8, "more messages of one row than it has files", str(row.id)) for row in many])


# --- against what the platform knows -----------------------------------------------------------------------------------


async def _from_inbox(tx: Tx, platform: Platform, kept_since: datetime | None) -> list[_Found]:
    """What was acknowledged is there once, its words are in one timeline in the platform's order, its press is answered."""
    state = {(row.account, row.key): row.state for row in await _all(tx, "SELECT account, key, state FROM inbox")}
    said: dict[tuple[str, str, str], list[int]] = defaultdict(list)
    for row in await _all(tx, "SELECT id, account, chat, message FROM messages WHERE edit_of IS NULL AND message <> ''"):
        said[row.account, row.chat, row.message].append(row.id)
    answered = {(row.account, row.whisper_to) for row in await _all(tx, "SELECT account, whisper_to FROM outbox WHERE whisper_to <> ''")}
    found: list[_Found] = []
    last: dict[tuple[str, str], int] = {}
    for one in platform.acknowledged:
        where = f"{one.account} {one.key}"
        swept = kept_since is not None and one.at is not None and one.at < kept_since
        became = state.get((one.account, one.key), "done" if swept else "")
        if not became:
            found.append((1, "an update was acknowledged and is not in the inbox", where))
        if became != "done":
            continue
        if one.press and not swept and (one.account, one.press) not in answered:
            found.append((11, "a press was not answered", where))
        if not one.message:
            continue
        rows = said.get((one.account, one.chat, one.message), [])
        if len(rows) != 1:
            found.append((1, f"a citizen's message stands in {len(rows)} timelines", where))
        elif rows[0] < last.get((one.account, one.chat), 0):
            found.append((3, "a conversation does not stand in the platform's order", where))
        else:
            last[one.account, one.chat] = rows[0]
    return found


async def _from_chats(tx: Tx, platform: Platform, *, swept: bool) -> list[_Found]:
    """What stands in the chats came from one row each, was meant for that chat, and carries nobody else's words."""
    rows = {
        row.id: row
        for row in await _all(
            tx, "SELECT id, account, chat, text, state, incident_id, doubted, draft_id, instead_of_row, files FROM outbox"
        )
    }
    keys = {(row.account, row.id % 0x7FFFFFFF or 1): row for row in rows.values()}
    found: list[_Found] = []
    came = Counter((one.account, one.key, one.chat) for one in platform.posted if one.key)
    there = {(one.account, one.chat, one.message) for one in platform.posted}
    sent = await _all(tx, "SELECT account, chat, message, outbox_id FROM sent")
    never = [row.outbox_id for row in sent if (row.account, row.chat, row.message) not in there]
    found += [(8, "a row is «sent» and the platform never took it", str(row)) for row in never]
    for (account, key, chat), count in came.items():
        row = keys.get((account, key))
        if row is None and swept:
            continue
        if row is None:
            found.append((8, "the platform has a message that no row is behind", f"{account} {chat} key {key}"))
        elif row.chat != chat:
            found.append((9, "a message came into another chat than its row says", str(row.id)))
        elif count > max(1, str(row.files).count("ref")) and not row.doubted and key not in platform.asked_again:
            found.append((8, f"the platform has {count} messages of one row that nobody doubted", str(row.id)))
    if platform.mark is not None:
        found += await _strange_words(tx, platform, platform.mark, keys)
    return found


async def _strange_words(tx: Tx, platform: Platform, mark: re.Pattern[str], keys: Mapping[tuple[str, int], Any]) -> list[_Found]:
    """Words that stand where their incident is nobody's business."""
    of_incident: dict[int, set[str]] = defaultdict(set)
    said = [("messages", "incident_id", "text"), ("drafts", "incident_id", "text"), ("incidents", "id", "text")]
    said += [("history", "incident_id", "text"), ("history", "incident_id", "reason")]  # why it was passed on, in the words of who did so
    for table, number, words in said:
        for row in await _all(tx, f"SELECT {number} AS number, {words} AS text FROM {table}"):
            of_incident[row.number].update(mark.findall(row.text))
    of_person: dict[int, set[str]] = defaultdict(set)
    for row in await _all(tx, "SELECT id, person_id FROM incidents"):
        of_person[row.person_id] |= of_incident[row.id]
    reads = await _readers(tx, of_person)
    found: list[_Found] = []
    for one in [*platform.posted, *platform.shown]:
        marks = set(mark.findall(one.text))
        row = keys.get((one.account, one.key)) if one.key else None
        if not marks or row is None:
            continue
        mine = of_incident[row.incident_id] if row.incident_id else reads.get((one.account.partition("/")[0], one.chat), marks)
        if not marks <= mine:
            found.append((9, "somebody reads words of an incident that is not theirs", f"{one.account} {one.chat} row {row.id}"))
    return found


async def _readers(tx: Tx, of_person: Mapping[int, Collection[str]]) -> dict[tuple[str, str], set[str]]:
    """What a citizen may read in private: their own. Whoever has a role is not judged by it."""
    staff = {row.person_id for row in await _all(tx, "SELECT DISTINCT person_id FROM roles")}
    people = await _all(tx, "SELECT platform, user_id, person_id FROM identities")
    return {(row.platform, row.user_id): set(of_person.get(row.person_id, ())) for row in people if row.person_id not in staff}
