"""People: who they are in each messenger, what roles they hold, and how they were invited."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import and_, select, update

from bots.channel import Address
from incidents.incident import Role
from storage.connection import Connection
from storage.sql import upsert
from storage.staffing import Staffing
from storage.tables import contacts, identities, invites, people, roles


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody we know, whatever messenger they use."""

    id: int
    name: str = ""
    language: str = ""


@dataclass(frozen=True, slots=True)
class Post:
    """A role somebody holds. ``organisation`` is empty for curators and administrators."""

    id: int
    person: int
    name: str
    language: str
    role: Role
    organisation: str
    account: str
    chat: str
    cards_here: bool

    @property
    def address(self) -> Address:
        """The private chat in which they opened their invitation."""
        return Address(self.account, self.chat)


@dataclass(frozen=True, slots=True)
class Invite:
    """A one-time invitation: of a person into a role, or of a chat into an organisation."""

    kind: str
    role: str
    organisation: str
    expires_at: datetime
    used_at: datetime | None


PERSON, CHAT = "person", "chat"
_ALL = object()


def digest(code: str) -> str:
    """What is stored of a code. Codes are long and random, so a plain digest cannot be turned back."""
    return hashlib.sha256(code.strip().upper().replace("-", "").encode(errors="replace")).hexdigest()  # half a surrogate pair is no code


def platform(account: str) -> str:
    """The messenger of an account: ``vk`` of ``vk/biysk``."""
    return account.partition("/")[0]


class People:
    """Reads and writes people, their roles and invitations."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._known = connection.memory(identities, people)
        """(platform, user id) → person; None for nobody."""
        self._persons = connection.memory(people)
        self._contacts = connection.memory(contacts)
        """(account, user id) → blocked, greeted; None for no contact."""
        self._held = connection.memory(roles, people)

    async def staff_ahead(self) -> None:
        """Read at once who holds roles in organisations, for many turns."""
        self._held[_ALL] = {}
        for post in await self._posts(roles.c.role.in_((Role.OFFICIAL, Role.HEAD))):
            self._held[_ALL].setdefault(post.organisation, []).append(post)

    async def ahead(self, account: str, users: Collection[str]) -> None:
        """Read at once what is known of these users of an account's platform: who they are, what roles they hold, as what it knows them."""
        statement = (
            select(identities.c.user_id, people.c.id, people.c.name, people.c.language, contacts.c.blocked, contacts.c.greeted_at)
            .join(people, people.c.id == identities.c.person_id)
            .outerjoin(contacts, and_(contacts.c.account == account, contacts.c.user_id == identities.c.user_id))
            .where(identities.c.platform == platform(account), identities.c.user_id.in_(users))
        )
        for user in users:
            self._known.setdefault((platform(account), user))
        for row in await self._connection.execute(statement):
            person = self._known[platform(account), row.user_id] = self._persons[row.id] = Person(row.id, row.name, row.language)
            self._contacts[account, row.user_id] = None if row.blocked is None else (row.blocked, row.greeted_at is not None)
            self._held[person.id] = []
        found = {person.id for user in users if (person := self._known[platform(account), user])}
        if strangers := [user for user in users if not self._known[platform(account), user] and (account, user) not in self._contacts]:
            await self._strangers_ahead(account, strangers)
        if found:
            for post in await self._posts(roles.c.person_id.in_(found)):
                self._held[post.person].append(post)

    async def _strangers_ahead(self, account: str, users: Collection[str]) -> None:
        """Who never wrote to us may have blocked us."""
        self._contacts.update(dict.fromkeys((account, user) for user in users))
        statement = select(contacts.c.user_id, contacts.c.blocked, contacts.c.greeted_at)
        for row in await self._connection.execute(statement.where(contacts.c.account == account, contacts.c.user_id.in_(users))):
            self._contacts[account, row.user_id] = (row.blocked, row.greeted_at is not None)

    async def names_ahead(self, persons: Collection[int]) -> None:
        """Read at once who these persons are."""
        for row in await self._connection.execute(select(people.c.id, people.c.name, people.c.language).where(people.c.id.in_(persons))):
            self._persons[row.id] = Person(*row)

    # --- persons ---------------------------------------------------------------------------------------------------

    async def known(self, account: str, user_id: str) -> Person | None:
        """The person behind a platform's user id, if they were ever seen."""
        key = (platform(account), user_id)
        if key not in self._known:
            statement = (
                select(people.c.id, people.c.name, people.c.language)
                .join(identities, identities.c.person_id == people.c.id)
                .where(identities.c.platform == key[0], identities.c.user_id == user_id)
            )
            row = (await self._connection.look(statement)).first()
            self._known[key] = Person(*row) if row else None
        found: Person | None = self._known[key]
        return found

    async def meet(self, account: str, user_id: str, name: str, language: str, at: datetime) -> Person:
        """The person behind a platform's user id, made known when new; a changed name is kept."""
        person = await self.known(account, user_id)
        if person is None:
            return await self._introduce(account, user_id, name, language, at)
        if (name and name != person.name) or (language and language != person.language):
            person = Person(person.id, name or person.name, language or person.language)
            await self._connection.execute(
                update(people).where(people.c.id == person.id).values(name=person.name, language=person.language)
            )
        return person

    async def _introduce(self, account: str, user_id: str, name: str, language: str, at: datetime) -> Person:
        person = Person(await self._connection.next_id(people), name, language)
        self._connection.add(people, {"id": person.id, "name": name, "language": language, "created_at": at})
        self._connection.add(identities, {"platform": platform(account), "user_id": user_id, "person_id": person.id})
        self._known[platform(account), user_id] = self._persons[person.id] = person
        self._held[person.id] = []
        return person

    async def get(self, person: int) -> Person:
        """A person by our own id; somebody unknown has no name."""
        if person not in self._persons:
            statement = select(people.c.id, people.c.name, people.c.language).where(people.c.id == person)
            row = (await self._connection.execute(statement)).first()
            self._persons[person] = Person(*row) if row else Person(person)
        found: Person = self._persons[person]
        return found

    async def join(self, person: int, account: str, user_id: str) -> None:
        """The platform's user is this person too: only ever by an invitation that they opened themselves."""
        await upsert(self._connection, identities, {"platform": platform(account), "user_id": user_id}, {"person_id": person})

    # --- as one account knows them ---------------------------------------------------------------------------------

    async def greet(self, account: str, user_id: str, at: datetime) -> bool:
        """Whether this is the first contact with this account, which is remembered."""
        blocked, greeted = await self._contact(account, user_id) or (False, False)
        if greeted:
            return False
        await self._put_contact(account, user_id, blocked=blocked, greeted_at=at)
        return True

    async def set_blocked(self, account: str, user_id: str, *, blocked: bool) -> None:
        """The person forbade, or allowed again, this account to write to them."""
        contact = await self._contact(account, user_id)
        if contact is None or contact[0] != blocked:
            await self._put_contact(account, user_id, blocked=blocked)

    async def _contact(self, account: str, user_id: str) -> tuple[bool, bool] | None:
        """Blocked? Greeted? None when this account never had to do with them."""
        if (account, user_id) not in self._contacts:
            statement = select(contacts.c.blocked, contacts.c.greeted_at).where(
                contacts.c.account == account, contacts.c.user_id == user_id
            )
            row = (await self._connection.execute(statement)).first()
            self._contacts[account, user_id] = (row.blocked, row.greeted_at is not None) if row else None
        found: tuple[bool, bool] | None = self._contacts[account, user_id]
        return found

    async def _put_contact(self, account: str, user_id: str, *, blocked: bool, greeted_at: datetime | None = None) -> None:
        known, key = self._contacts[account, user_id], {"account": account, "user_id": user_id}
        now = {"blocked": blocked} | ({"greeted_at": greeted_at} if greeted_at else {})
        if row := self._connection.still_waits(contacts, **key):
            row |= now
        elif known is None and self._connection.still_waits(identities, platform=platform(account), user_id=user_id):
            self._connection.add(contacts, key | {"greeted_at": None} | now)  # nobody else can have met them
        else:
            await upsert(self._connection, contacts, key, now)
        self._contacts[account, user_id] = (blocked, bool(greeted_at) or bool(known and known[1]))

    async def is_blocked(self, account: str, user_id: str) -> bool:
        statement = select(contacts.c.blocked).where(contacts.c.account == account, contacts.c.user_id == user_id)
        return bool((await self._connection.execute(statement)).scalar())

    async def private_chats(self, person: int, accounts: Collection[str]) -> Sequence[Address]:
        """Where a person can be written to in private by one of these accounts: they wrote to it before, and did not block it."""
        mine = select(identities.c.platform, identities.c.user_id).where(identities.c.person_id == person)
        found: list[Address] = []
        for who in (await self._connection.execute(mine)).all():
            near = [account for account in accounts if platform(account) == who.platform]
            known = select(contacts.c.account).where(contacts.c.account.in_(near), contacts.c.user_id == who.user_id, ~contacts.c.blocked)
            found += [
                Address(account, who.user_id) for account in (await self._connection.execute(known.order_by(contacts.c.account))).scalars()
            ]
        return found

    # --- roles -----------------------------------------------------------------------------------------------------

    async def posts_of(self, person: int) -> Sequence[Post]:
        """The roles a person holds now."""
        if person not in self._held:
            self._held[person] = await self._posts(roles.c.person_id == person)
        return list(self._held[person])

    async def officials(self, organisation: str, *wanted: Role) -> Sequence[Post]:
        """Who holds one of these roles in an organisation (officials and heads when none is named)."""
        chosen = wanted or (Role.OFFICIAL, Role.HEAD)
        if _ALL in self._held:
            return [post for post in self._held[_ALL].get(organisation, ()) if post.role in chosen]
        if (organisation, chosen) not in self._held:
            self._held[organisation, chosen] = await self._posts(roles.c.organisation == organisation, roles.c.role.in_(chosen))
        return list(self._held[organisation, chosen])

    async def curators(self) -> Sequence[Post]:
        if Role.CURATOR not in self._held:
            self._held[Role.CURATOR] = await self._posts(roles.c.role == Role.CURATOR)
        return list(self._held[Role.CURATOR])

    async def administrators(self) -> Sequence[Post]:
        return await self._posts(roles.c.role == Role.ADMINISTRATOR)

    async def appoint(self, person: int, role: Role, organisation: str, address: Address, at: datetime) -> bool:
        """Give a role. Returns False when the person holds it already (its private chat is renewed)."""
        for post in await self.posts_of(person):
            if post.role is role and post.organisation == organisation:
                values = {"account": address.account, "chat": address.chat}
                await self._connection.execute(update(roles).where(roles.c.id == post.id).values(values))
                return False
        await self._connection.execute(
            roles.insert().values(
                person_id=person, role=role, organisation=organisation, account=address.account, chat=address.chat, since=at
            )
        )
        return True

    async def cards_here(self, person: int, organisation: str, *, here: bool) -> None:
        """Whether cards of the organisation come to the person's private chat even when it has a working chat."""
        statement = update(roles).where(roles.c.person_id == person, roles.c.organisation == organisation, roles.c.revoked_at.is_(None))
        await self._connection.execute(statement.values(cards_here=here))

    async def dismiss(self, person: int, organisation: str, at: datetime, role: Role | None = None) -> int:
        """Revoke a person's roles in an organisation (one of them when named). Returns how many there were.

        With the last of them their absences and shifts there end, and they stand in for nobody.
        """
        statement = update(roles).where(roles.c.person_id == person, roles.c.organisation == organisation, roles.c.revoked_at.is_(None))
        if role is not None:
            statement = statement.where(roles.c.role == role)
        revoked: int = (await self._connection.execute(statement.values(revoked_at=at))).rowcount
        if not any(post.organisation == organisation for post in await self.posts_of(person)):
            await Staffing(self._connection).gone(person, organisation, at)
        return revoked

    async def _posts(self, *conditions: object) -> Sequence[Post]:
        statement = (
            select(
                roles.c.id,
                roles.c.person_id,
                people.c.name,
                people.c.language,
                roles.c.role,
                roles.c.organisation,
                roles.c.account,
                roles.c.chat,
                roles.c.cards_here,
            )
            .join(people, people.c.id == roles.c.person_id)
            .where(roles.c.revoked_at.is_(None), *conditions)  # type: ignore[arg-type]  # column expressions
            .order_by(roles.c.id)
        )
        posts = [Post(row[0], row[1], row[2], row[3], Role(row[4]), *row[5:]) for row in await self._connection.look(statement)]
        self._persons.update((post.person, Person(post.person, post.name, post.language)) for post in posts)
        return posts

    # --- invitations -----------------------------------------------------------------------------------------------

    async def invite(self, code: str, kind: str, role: str, organisation: str, *, at: datetime, expires_at: datetime) -> None:
        """Keep the digest of a one-time code."""
        await self._connection.execute(
            invites.insert().values(
                digest=digest(code), kind=kind, role=role, organisation=organisation, created_at=at, expires_at=expires_at
            )
        )

    async def invitation(self, code: str) -> Invite | None:
        """What a code invites to, used or not."""
        statement = select(invites.c.kind, invites.c.role, invites.c.organisation, invites.c.expires_at, invites.c.used_at)
        row = (await self._connection.execute(statement.where(invites.c.digest == digest(code)))).first()
        return Invite(*row) if row else None

    async def use_invite(self, code: str, kind: str, person: int, at: datetime) -> Invite | None:
        """Use a one-time code: the invitation, or None when it is unknown, of another kind, expired or used already."""
        statement = (
            update(invites)
            .where(invites.c.digest == digest(code), invites.c.kind == kind, invites.c.used_at.is_(None), invites.c.expires_at > at)
            .values(used_at=at, used_by=person)
            .returning(invites.c.kind, invites.c.role, invites.c.organisation, invites.c.expires_at, invites.c.used_at)
        )
        row = (await self._connection.execute(statement)).first()
        return Invite(*row) if row else None
