"""The workflow: who may do what in which status, what it needs and what it changes. Everything else is refused."""

from __future__ import annotations

import itertools
from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta

import pytest

from incidents.incident import RULES, Action, Change, Deed, Incident, Needs, NotAllowed, Resolution, Role, Status, Timer, act

NOW = datetime(2026, 3, 11, 12, tzinfo=UTC)
LATER = NOW + timedelta(days=2)
HOLDER = 7

# Written from product.md, not from the rules. A cell says who and where to; an empty one: nobody, nowhere.
#   c citizen · o official · h head · k curator · a administrator · t the desk's own clock
GRID = """
               | new         | assigned         | in_progress     | waiting         | promised       | answered       | closed
report         |             |                  |                 |                 |                |                |
assign         | kt assigned |                  |                 |                 |                |                |
take           |             | oh in_progress   |                 | oh waiting      | oh promised    |                |
release        |             |                  | ohkt assigned   | ohkt waiting    | ohkt promised  |                |
refuse         |             | oh assigned      | oh assigned     |                 |                |                |
ask            |             | ohk waiting      | ohk waiting     |                 |                |                |
answer         | k answered  | ohk answered     | ohk answered    | ohk answered    | ohk answered   | ohk answered   |
answer_interim |             | ohk promised     | ohk promised    | ohk promised    |                |                |
extend         |             |                  |                 |                 | hk promised    |                |
reassign       |             | kt assigned      | k assigned      | k waiting       | k promised     |                |
return         |             |                  |                 |                 | k in_progress  | k in_progress  |
reply          | c new       | c assigned       | c in_progress   | c in_progress   | c promised     | c answered     |
rate           |             |                  |                 |                 |                | c closed       | c closed
contest        |             |                  |                 |                 |                | c in_progress  |
withdraw       | c closed    | c closed         | c closed        | c closed        | c closed       |                |
merge          | k closed    | k closed         | k closed        | k closed        | k closed       | k closed       |
split          | k new       | ohk assigned     | ohk in_progress |                 | ohk promised   |                |
close          | k closed    | k closed         | k closed        | kt closed       | k closed       | ohkt closed    |
reopen         |             |                  |                 |                 |                |                | ck in_progress
recompute      | a new       | a assigned       | a in_progress   | a waiting       | a promised     |                |
"""
LETTERS = {
    "c": Role.CITIZEN,
    "o": Role.OFFICIAL,
    "h": Role.HEAD,
    "k": Role.CURATOR,
    "a": Role.ADMINISTRATOR,
    "t": Role.CLOCK,
}


def _expected() -> dict[tuple[Action, Status, Role], Status]:
    head, *lines = GRID.strip("\n").splitlines()
    statuses = [Status(name.strip()) for name in head.split("|")[1:]]
    allowed = {}
    for line in lines:
        action, *cells = (cell.strip() for cell in line.split("|"))
        for status, cell in zip(statuses, cells, strict=True):
            who, _, to = cell.partition(" ")
            allowed |= {(Action(action), status, LETTERS[letter]): Status(to) for letter in who}
    return allowed


EXPECTED = _expected()
EVERY = list(itertools.product(Action, Status, Role))


def incident(status: Status, **facts: object) -> Incident:
    """An incident as it usually stands in a status."""
    usual = {
        "organisation": "" if status is Status.NEW else "zhkh",
        "assignee": 0 if status in (Status.NEW, Status.ASSIGNED) else HOLDER,
        "resolution": Resolution.SOLVED if status is Status.CLOSED else None,
        "answered_at": NOW - timedelta(hours=1) if status in (Status.PROMISED, Status.ANSWERED, Status.CLOSED) else None,
        "undeliverable": status is Status.ANSWERED,
    }
    return Incident(id=1, status=status, version=5, reported_at=NOW - timedelta(days=1), **usual | facts)  # type: ignore[arg-type]


def deed(action: Action, role: Role, **facts: object) -> Deed:
    """An action with all that any action could need."""
    given = {
        "by": 9,
        "text": "слова",
        "reason": "причина",
        "target": "roads",
        "date": LATER,
        "resolution": Resolution.EXPLAINED,
        "stars": 5,
    }
    return Deed(action=action, role=role, at=NOW, **given | facts)  # type: ignore[arg-type]


def before(action: Action, status: Status) -> Incident:
    """What the action usually meets: nobody takes what somebody holds, and what nobody replied to is opened again."""
    if action is Action.REOPEN and status is Status.CLOSED:
        return incident(status, resolution=Resolution.NO_REPLY)
    return incident(status, assignee=0) if action is Action.TAKE and status is not Status.IN_PROGRESS else incident(status)


def refused(of: Incident, by: Deed) -> NotAllowed:
    """Why a deed is not allowed."""
    with pytest.raises(NotAllowed) as caught:
        act(of, by)
    return caught.value


def test_the_grid_names_every_action_and_every_status() -> None:
    lines = GRID.strip("\n").splitlines()
    assert [line.split("|")[0].strip() for line in lines[1:]] == list(Action)
    assert [name.strip() for name in lines[0].split("|")[1:]] == list(Status)


@pytest.mark.parametrize(("action", "status", "role"), EVERY)
def test_who_may_do_what_where_and_what_becomes_of_it(action: Action, status: Status, role: Role) -> None:
    of = before(action, status)
    to = EXPECTED.get((action, status, role))
    if to is None:
        refused(of, deed(action, role))
    else:
        after, change = act(of, deed(action, role))
        assert (after.status, change.before, change.after) == (to, status, to)


@pytest.mark.parametrize(("action", "status", "role"), sorted(EXPECTED))
def test_the_version_grows_by_one_and_history_says_what_happened(action: Action, status: Status, role: Role) -> None:
    done = deed(action, role)
    after, change = act(before(action, status), done)
    assert after.version == 6
    assert change == Change(
        incident=1,
        version=6,
        at=NOW,
        action=action,
        role=role,
        by=9,
        before=status,
        after=after.status,
        text="слова",
        reason="причина",
        target="roads",
        date=LATER,
    )


CHANGES = {
    Action.ASSIGN: {"organisation", "assignee"},
    Action.REASSIGN: {"organisation", "assignee"},
    Action.REFUSE: {"organisation", "assignee"},
    Action.TAKE: {"assignee"},
    Action.RELEASE: {"assignee"},
    Action.ASK: {"assignee"},
    Action.ANSWER: {"assignee", "answered_at", "undeliverable"},
    Action.ANSWER_INTERIM: {"assignee", "answered_at", "undeliverable"},
    Action.RATE: {"rating", "resolution"},
    Action.WITHDRAW: {"resolution"},
    Action.MERGE: {"resolution"},
    Action.CLOSE: {"resolution"},
    Action.REOPEN: {"resolution"},
}


@pytest.mark.parametrize(("action", "status", "role"), sorted(EXPECTED))
def test_nothing_else_changes(action: Action, status: Status, role: Role) -> None:
    of = before(action, status)
    after, _ = act(of, deed(action, role))
    changed = {field.name for field in fields(Incident) if getattr(after, field.name) != getattr(of, field.name)}
    assert changed <= {"status", "version"} | CHANGES.get(action, set())


@pytest.mark.parametrize("status", Status)
def test_the_clock_is_not_touched_by_an_action(status: Status) -> None:
    running = {"timer": Timer.PROMISE, "turn": 3, "started_at": NOW, "due_at": LATER, "paused_left": 1.5, "wake_at": LATER}
    for action in (one for one, where, _ in EXPECTED if where is status):
        role = next(role for one, where, role in EXPECTED if (one, where) == (action, status))
        after, _ = act(replace(before(action, status), **running), deed(action, role))  # type: ignore[arg-type]
        assert {name: getattr(after, name) for name in running} == running


# --- what an action needs ----------------------------------------------------------------------------------------------

NEEDS = {
    Action.ASSIGN: ["target"],
    Action.REASSIGN: ["target"],
    Action.MERGE: ["target"],
    Action.ASK: ["text"],
    Action.ANSWER: ["text"],
    Action.SPLIT: ["text"],
    Action.ANSWER_INTERIM: ["text", "date"],
    Action.EXTEND: ["date", "reason"],
    Action.RETURN: ["reason"],
    Action.REOPEN: ["reason"],
    Action.CLOSE: ["resolution"],
}
NOTHING = {"text": "", "date": None, "target": "", "reason": "", "resolution": None}


@pytest.mark.parametrize(("action", "status", "role"), sorted(EXPECTED))
def test_every_action_needs_just_what_it_needs(action: Action, status: Status, role: Role) -> None:
    needed = NEEDS.get(action, [])
    enough = NOTHING | {"target": "roads" if action is Action.REFUSE else ""} | {name: getattr(deed(action, role), name) for name in needed}
    act(before(action, status), deed(action, role, **enough))
    for name in needed:
        why = refused(before(action, status), deed(action, role, **enough | {name: NOTHING[name]}))
        assert (why.why, why.missing) == (NotAllowed.MISSING, Needs(name))


@pytest.mark.parametrize("text", ["", " ", "\n\t "])
def test_an_empty_answer_is_no_answer(text: str) -> None:
    assert refused(incident(Status.IN_PROGRESS), deed(Action.ANSWER, Role.OFFICIAL, text=text)).missing is Needs.TEXT


@pytest.mark.parametrize("status", [Status.ASSIGNED, Status.IN_PROGRESS])
def test_a_refusal_needs_a_target_or_a_reason(status: Status) -> None:
    def refuse(target: str, reason: str) -> Deed:
        return deed(Action.REFUSE, Role.OFFICIAL, target=target, reason=reason)

    assert refused(incident(status), refuse("", "")).missing is Needs.TARGET_OR_REASON
    passed_on, _ = act(incident(status), refuse("roads", ""))
    assert (passed_on.status, passed_on.organisation, passed_on.assignee) == (Status.ASSIGNED, "roads", 0)
    unsorted, _ = act(incident(status), refuse("", "не знаю чьё"))
    assert (unsorted.status, unsorted.organisation, unsorted.assignee) == (Status.NEW, "", 0)


@pytest.mark.parametrize("date", [NOW, NOW - timedelta(seconds=1), NOW - timedelta(days=400)])
def test_a_promise_lies_in_the_future(date: datetime) -> None:
    assert refused(incident(Status.IN_PROGRESS), deed(Action.ANSWER_INTERIM, Role.OFFICIAL, date=date)).why == NotAllowed.PAST
    assert refused(incident(Status.PROMISED), deed(Action.EXTEND, Role.CURATOR, date=date)).why == NotAllowed.PAST


# --- who holds it ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [Status.IN_PROGRESS, Status.WAITING, Status.PROMISED])
@pytest.mark.parametrize("by", [HOLDER, 8])
def test_a_second_take_hears_that_somebody_holds_it(status: Status, by: int) -> None:
    assert refused(incident(status), deed(Action.TAKE, Role.OFFICIAL, by=by)).why == NotAllowed.HELD


@pytest.mark.parametrize("status", [Status.ASSIGNED, Status.WAITING, Status.PROMISED])
def test_who_takes_it_holds_it(status: Status) -> None:
    assert act(incident(status, assignee=0), deed(Action.TAKE, Role.HEAD))[0].assignee == 9


@pytest.mark.parametrize("action", [Action.ASK, Action.ANSWER, Action.ANSWER_INTERIM])
def test_an_official_who_acts_on_what_nobody_took_has_taken_it_a_curator_has_not(action: Action) -> None:
    assert act(incident(Status.ASSIGNED), deed(action, Role.OFFICIAL))[0].assignee == 9
    assert act(incident(Status.ASSIGNED), deed(action, Role.CURATOR))[0].assignee == 0
    assert act(incident(Status.IN_PROGRESS), deed(action, Role.OFFICIAL))[0].assignee == HOLDER


@pytest.mark.parametrize(
    ("status", "action", "role"),
    [
        (Status.WAITING, Action.REPLY, Role.CITIZEN),
        (Status.PROMISED, Action.RETURN, Role.CURATOR),
        (Status.ANSWERED, Action.RETURN, Role.CURATOR),
        (Status.ANSWERED, Action.CONTEST, Role.CITIZEN),
        (Status.CLOSED, Action.REOPEN, Role.CURATOR),
    ],
)
@pytest.mark.parametrize(
    ("organisation", "assignee", "to"), [("zhkh", HOLDER, Status.IN_PROGRESS), ("zhkh", 0, Status.ASSIGNED), ("", 0, Status.NEW)]
)
def test_it_goes_back_to_whoever_has_it(status: Status, action: Action, role: Role, organisation: str, assignee: int, to: Status) -> None:
    of = incident(status, organisation=organisation, assignee=assignee)
    assert act(of, deed(action, role))[0].status is to


@pytest.mark.parametrize("resolution", [one for one in Resolution if one is not Resolution.NO_REPLY])
def test_a_citizen_opens_again_only_what_was_closed_without_their_reply(resolution: Resolution) -> None:
    assert refused(incident(Status.CLOSED, resolution=resolution), deed(Action.REOPEN, Role.CITIZEN)).why == NotAllowed.STATUS


@pytest.mark.parametrize("action", [Action.REFUSE, Action.REASSIGN])
def test_it_is_not_passed_on_to_whom_it_belongs_already(action: Action) -> None:
    role = Role.OFFICIAL if action is Action.REFUSE else Role.CURATOR
    assert refused(incident(Status.IN_PROGRESS), deed(action, role, target="zhkh")).why == NotAllowed.SAME


@pytest.mark.parametrize("status", [status for status in Status if (status, Action.MERGE) in RULES])
def test_it_is_not_merged_into_itself(status: Status) -> None:
    of = incident(status)
    assert refused(of, deed(Action.MERGE, Role.CURATOR, target=str(of.id))).why == NotAllowed.SAME


def test_an_open_incident_has_one_owner_or_stands_in_the_queue() -> None:
    for action, status, role in EXPECTED:
        after, _ = act(before(action, status), deed(action, role))
        if after.is_open:
            assert (after.status is Status.NEW) == (after.organisation == "")
            assert after.status is not Status.IN_PROGRESS or after.assignee


# --- answers, stars and ends -------------------------------------------------------------------------------------------


def test_the_first_answer_is_first_once_and_a_new_one_may_arrive() -> None:
    promised, _ = act(incident(Status.IN_PROGRESS, undeliverable=True), deed(Action.ANSWER_INTERIM, Role.OFFICIAL))
    assert (promised.answered_at, promised.undeliverable) == (NOW, False)
    answered, _ = act(promised, replace(deed(Action.ANSWER, Role.OFFICIAL, date=None), at=LATER))
    assert answered.answered_at == NOW


def test_an_official_closes_only_what_could_not_be_delivered() -> None:
    for role in (Role.OFFICIAL, Role.HEAD):
        assert refused(incident(Status.ANSWERED, undeliverable=False), deed(Action.CLOSE, role)).why == NotAllowed.DELIVERED
        assert act(incident(Status.ANSWERED), deed(Action.CLOSE, role))[0].status is Status.CLOSED
    for role in (Role.CURATOR, Role.CLOCK):
        assert act(incident(Status.ANSWERED, undeliverable=False), deed(Action.CLOSE, role))[0].status is Status.CLOSED


def test_how_it_ended() -> None:
    ends = {
        Action.RATE: Resolution.SOLVED,
        Action.WITHDRAW: Resolution.WITHDRAWN,
        Action.MERGE: Resolution.DUPLICATE,
        Action.CLOSE: Resolution.EXPLAINED,
    }
    for action, status, role in EXPECTED:
        after, _ = act(before(action, status), deed(action, role))
        assert after.resolution is (ends[action] if after.status is Status.CLOSED else None)


def test_solved_first_and_the_stars_after_once() -> None:
    solved, _ = act(incident(Status.ANSWERED), deed(Action.RATE, Role.CITIZEN, stars=0))
    assert (solved.status, solved.resolution, solved.rating) == (Status.CLOSED, Resolution.SOLVED, 0)
    rated, _ = act(solved, deed(Action.RATE, Role.CITIZEN, stars=4))
    assert (rated.status, rated.resolution, rated.rating) == (Status.CLOSED, Resolution.SOLVED, 4)
    assert refused(rated, deed(Action.RATE, Role.CITIZEN, stars=1)).why == NotAllowed.RATED


@pytest.mark.parametrize("stars", [-1, 0, 6, 100])
def test_there_are_one_to_five_stars(stars: int) -> None:
    assert refused(incident(Status.CLOSED), deed(Action.RATE, Role.CITIZEN, stars=stars)).why == NotAllowed.RATED
    if stars:
        assert refused(incident(Status.ANSWERED), deed(Action.RATE, Role.CITIZEN, stars=stars)).why == NotAllowed.RATED


@pytest.mark.parametrize("resolution", [one for one in Resolution if one is not Resolution.SOLVED])
def test_only_what_was_solved_is_rated(resolution: Resolution) -> None:
    assert refused(incident(Status.CLOSED, resolution=resolution), deed(Action.RATE, Role.CITIZEN)).why == NotAllowed.RATED


def test_a_problem_that_came_back_may_be_solved_again_and_keeps_its_stars() -> None:
    again = incident(Status.ANSWERED, rating=4)
    solved, _ = act(again, deed(Action.RATE, Role.CITIZEN, stars=0))
    assert (solved.status, solved.rating) == (Status.CLOSED, 4)


def test_a_refused_deed_says_whether_it_was_the_status_or_the_role() -> None:
    assert refused(incident(Status.CLOSED, assignee=0), deed(Action.ANSWER, Role.OFFICIAL)).why == NotAllowed.STATUS
    assert refused(incident(Status.NEW), deed(Action.ANSWER, Role.OFFICIAL)).why == NotAllowed.ROLE
