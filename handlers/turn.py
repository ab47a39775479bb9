"""What a handler sees and may do: one instant, one transaction, and for a turn of a conversation also who said what."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta, tzinfo
from typing import Any, TypeAlias

from bots.channel import Address, Button, File, Keyboard, Limits, Pressed, Reply, Said, Scene
from bots.pages import pages
from handlers.flood import Rates
from incidents.agenda import first_due
from incidents.deadlines import follow
from incidents.incident import Change, Deed, NotAllowed, Role, act
from incidents.regional import Region
from locales import Texts, choose, texts
from storage.accounts import Account
from storage.conversations import Choice, Offered, Step
from storage.incidents import Case
from storage.people import Person
from storage.people import Post as Appointment
from storage.posts import Post, Purpose
from storage.store import Tx

Notice: TypeAlias = Callable[["Moment", Case, Case, Change], Awaitable[None]]
"""Tells whoever has to know what an action changed (``notices.after``): before, after, what happened."""


@dataclass(frozen=True, slots=True)
class Office:
    """What stays the same from turn to turn: the region, the connected accounts, what they can carry."""

    region: Region
    accounts: Mapping[str, Account]
    limits: Mapping[str, Limits]
    after: Notice
    rates: Rates = field(default_factory=Rates)


@dataclass(frozen=True, slots=True)
class Offer:
    """A button a handler wants to offer: what stands on it and what pressing it means."""

    label: str
    action: str = ""
    arguments: Mapping[str, Any] = field(default_factory=dict)
    url: str = ""


Offers: TypeAlias = Sequence[Sequence[Offer]]


class Moment:
    """One transaction at one instant: what may be read, changed and queued. There is no network in it."""

    def __init__(self, tx: Tx, office: Office, now: datetime) -> None:
        self.tx = tx
        self.office = office
        self.now = now

    @property
    def region(self) -> Region:
        return self.office.region

    def house_texts(self) -> Texts:
        """Texts for places where several people read: the region's language."""
        return texts(self.region.language)

    def texts_for(self, language: str) -> Texts:
        """Texts in a person's language."""
        return texts(choose(language or self.region.language))

    def zone(self, territory: str) -> tzinfo:
        """The time zone of a territory, the region's when it is unknown."""
        return self.region.zone_of(territory)

    # --- saying ------------------------------------------------------------------------------------------------------

    async def post(
        self,
        to: Address,
        text: str,
        offers: Offers = (),
        *,
        files: Sequence[File] = (),
        purpose: Purpose = Purpose.NOTICE,
        incident: int = 0,
        topic_of: int = 0,
        answer_to: str = "",
        answer_to_row: int = 0,
        draft: int = 0,
        once: bool = False,
        only: str = "",
        lasts: timedelta | None = None,
        ask_place: bool = False,
    ) -> int:
        """Queue a message, cut to what the platform carries. Returns the row that has the buttons (or the first).

        ``once``: the whole keyboard is used up by one press; ``only``: the one platform user who may press.
        """
        keyboard = await self._keyboard(to, offers, incident=incident, once=once, only=only, lasts=lasts)
        reply = Reply(text=text, keyboard=keyboard, files=tuple(files), answer_to=answer_to, ask_place=ask_place)
        main = 0
        for page in pages(reply, self.office.limits[to.account]):
            row = await self.tx.outbox.put(
                Post(to=to, out=page, purpose=purpose, incident=incident, topic_of=topic_of, answer_to_row=answer_to_row, draft=draft),
                self.now,
            )
            if not main or page.keyboard:
                main = row
        return main

    async def change(
        self,
        row: int,
        to: Address,
        text: str,
        offers: Offers = (),
        *,
        purpose: Purpose = Purpose.NOTICE,
        incident: int = 0,
        topic_of: int = 0,
        once: bool = False,
        only: str = "",
        lasts: timedelta | None = None,
    ) -> None:
        """Replace the text and buttons of an earlier message (its outbox row)."""
        keyboard = await self._keyboard(to, offers, incident=incident, once=once, only=only, lasts=lasts)
        (page,) = pages(Reply(text=text, keyboard=keyboard, instead_of="row"), self.office.limits[to.account])
        post = Post(to=to, out=replace(page, instead_of=""), purpose=purpose, incident=incident, topic_of=topic_of, instead_of_row=row)
        await self.tx.outbox.put(post, self.now)

    async def _keyboard(self, to: Address, offers: Offers, *, incident: int, once: bool, only: str, lasts: timedelta | None) -> Keyboard:
        flat = [offer for line in offers for offer in line if not offer.url]
        expires = self.now + lasts if lasts else None
        choices = [Choice(offer.action, offer.arguments) for offer in flat]
        payloads = iter(
            await self.tx.conversations.offer(to, choices, at=self.now, incident=incident, user_id=only, once=once, expires_at=expires)
            if choices
            else ()
        )
        return tuple(
            tuple(Button(offer.label, url=offer.url) if offer.url else Button(offer.label, next(payloads)) for offer in line)
            for line in offers
        )

    # --- acting ------------------------------------------------------------------------------------------------------

    async def act(self, case: Case, deed: Deed) -> Case:
        """Do one thing to an incident: rules, clock, history, and word to everybody concerned. Raises NotAllowed or Stale."""
        changed, change = act(case.incident, deed)
        policy = self.region.policy(changed.topic, changed.territory)
        zone = self.zone(changed.territory)
        clocked = follow(case.incident, changed, change, policy, zone)
        saved = await self.tx.incidents.save(Case(clocked, case.report), change)
        if due_at := first_due(case.incident, change, clocked, policy, zone):
            owner, reported_at = case.incident.organisation, case.incident.reported_at
            await self.tx.answers.first(case.id, owner, reported_at=reported_at, at=change.at, due_at=due_at)
        await self.office.after(self, case, saved, change)
        return await self.tx.incidents.get(saved.id) or saved


class Turn(Moment):
    """One turn of a conversation: somebody said or pressed something."""

    def __init__(
        self,
        moment: Moment,
        event: Said | Pressed,
        person: Person,
        posts: Sequence[Appointment],
        step: Step | None = None,
        offered: Offered | None = None,
    ) -> None:
        super().__init__(moment.tx, moment.office, moment.now)
        self.event = event
        self.person = person
        self.posts = posts
        self.step = step
        self.offered = offered

    @property
    def said(self) -> Said:
        """What was said. Only for handlers of something said."""
        if not isinstance(self.event, Said):
            raise TypeError("nothing was said in this turn")
        return self.event

    @property
    def here(self) -> Address:
        """Where the turn happens."""
        return self.event.address

    @property
    def private(self) -> bool:
        return self.event.scene is Scene.PRIVATE

    @property
    def texts(self) -> Texts:
        """The person's language in private, the region's among several."""
        return self.texts_for(self.person.language) if self.private else self.house_texts()

    @property
    def arguments(self) -> Mapping[str, Any]:
        """What the pressed button, or the step that waits, carries."""
        if self.offered:
            return self.offered.choice.arguments
        return self.step.data if self.step else {}

    def t(self, key: str, **arguments: str | float) -> str:
        """A text in the person's language."""
        return self.texts.say(key, **arguments)

    async def say(self, key: str, offers: Offers = (), *, options: Mapping[str, Any] | None = None, **arguments: str | float) -> int:
        """Answer here. ``options`` go to ``post``."""
        return await self.post(self.here, self.t(key, **arguments), offers, **dict(options or {}))

    async def whisper(self, key: str, **arguments: str | float) -> None:
        """Answer only the person who pressed (a toast); to something said it is an ordinary answer."""
        if isinstance(self.event, Pressed):
            await self.tx.outbox.put(
                Post(to=self.here, out=Reply(text=self._cut(self.t(key, **arguments)), whisper_to=self.event.press)), self.now
            )
        else:
            await self.post(self.here, self.t(key, **arguments), answer_to=self.said.message)

    async def instead(self, text: str, offers: Offers = (), **options: Any) -> None:
        """Replace the message whose button was pressed; one that we do not know as ours is left, and it is said anew. As ``change``."""
        row = await self.pressed_row()
        if row:
            await self.change(row, self.here, text, offers, **options)
        else:
            await self.post(self.here, text, offers, **options)

    async def pressed_row(self) -> int:
        """The outbox row of the message whose button was pressed; 0 when it is not known as ours."""
        return await self.tx.outbox.row_of(self.here.account, self.here.chat, self.event.message)

    async def answered_row(self) -> int:
        """The outbox row of the message that was replied to with the messenger's own reply; 0: none, or none of ours."""
        to = self.said.answer_to
        return await self.tx.outbox.row_of(self.here.account, self.here.chat, to) if to else 0

    async def quiet(self) -> None:
        """Answer a press with nothing: the button stops turning."""
        if isinstance(self.event, Pressed):
            await self.tx.outbox.put(Post(to=self.here, out=Reply(whisper_to=self.event.press)), self.now)

    def _cut(self, text: str) -> str:
        (page,) = pages(Reply(text=text, whisper_to="press"), self.office.limits[self.here.account])
        return page.text

    async def ask(self, step: str, **data: Any) -> None:
        """Wait here for this person's next message."""
        await self.tx.conversations.ask(self.here.account, self.here.chat, self.event.sender.id, Step(step, data), self.now)

    async def done(self) -> None:
        """Nothing is waited for any more."""
        await self.tx.conversations.done(self.here.account, self.here.chat, self.event.sender.id)

    # --- acting ------------------------------------------------------------------------------------------------------

    async def attempt(self, case: Case, deed: Deed) -> Case | None:
        """Do one thing to an incident; None, and the person hears why, when it is not allowed."""
        try:
            return await self.act(case, deed)
        except NotAllowed as refusal:
            await self.whisper(f"not-allowed-{refusal.why}")
            return None

    # --- who may -----------------------------------------------------------------------------------------------------

    def role_for(self, case: Case) -> Role | None:
        """In what capacity this person may act on an incident as an official; None: in none. Read from storage in this very turn."""
        return None if self.event.sender.impersonal else role_among(self.posts, case)

    @property
    def is_curator(self) -> bool:
        return not self.event.sender.impersonal and any(post.role is Role.CURATOR for post in self.posts)

    @property
    def is_staff(self) -> bool:
        """Whether the person holds any role."""
        return bool(self.posts) and not self.event.sender.impersonal

    def deed(self, role: Role, **what: Any) -> Deed:
        """A deed of this person, now."""
        return Deed(role=role, at=self.now, by=self.person.id, **what)


def role_among(posts: Sequence[Appointment], case: Case) -> Role | None:
    """In what capacity somebody who holds these roles may act on an incident as an official; None: in none."""
    held = {(post.role, post.organisation) for post in posts}
    owner = case.incident.organisation
    for role in (Role.OFFICIAL, Role.HEAD):
        if owner and (role, owner) in held:
            return role
    return Role.CURATOR if any(post.role is Role.CURATOR for post in posts) else None


Handler: TypeAlias = Callable[[Turn], Awaitable[None]]
