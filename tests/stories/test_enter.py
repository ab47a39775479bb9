"""Getting in: invitations, connecting chats, help, and what follows when somebody leaves."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bots.channel import Address, Left, Scene, Sender, ThreadGone
from handlers.enter import menu
from handlers.routes import COMMANDS
from incidents.incident import Action, Resolution, Role, Status
from tests.stories.deeds import PIPE, answered, happened, person_of, promised, reported, taken
from tests.stories.house import Actor, House, on_both

FORUM, DESK = "-100", "-300"
OWNER = "Комитет ЖКХ Барнаула"
CODE = "7H2K9QXM4TBDW8RC7H2K9QXM4T"
CHAT_CODE = "7H2K-9QXM-4TBD-W8RC"
UNKNOWN = "Такого приглашения нет."


async def roles(house: House, account: str = "telegram/altai", user_id: str = "7") -> list[tuple[str, str]]:
    async with house.store.transaction() as tx:
        person = await tx.people.known(account, user_id)
        return [(post.role, post.organisation) for post in await tx.people.posts_of(person.id)] if person else []


async def removed(house: House, account: str, chat: str) -> None:
    """The bot is removed from a group."""
    number = house.channels[account].next_id()
    us, header = Sender("bot", "Бот"), {"address": Address(account, chat), "scene": Scene.GROUP, "at": house.clock()}
    await house.happens(Left(id=f"u{number}", sender=us, member=us, is_us=True, **header))  # type: ignore[arg-type]


def ivanova(house: House, account: str = "telegram/altai") -> Actor:
    return house.person(account, "7", "Иванова")


# --- the first words ---------------------------------------------------------------------------------------------------


async def test_start_says_how_to_report_and_who_runs_the_bot(house: House) -> None:
    citizen = house.person("telegram/altai", "100", "Анна")
    await citizen.says("/start")
    first, second = citizen.heard()
    assert first.startswith("Здравствуйте! Напишите одним сообщением, что случилось и где")
    assert "59-ФЗ" in second
    await citizen.says("/start")
    assert len(citizen.heard()) == 1


async def test_what_a_citizen_wrote_behind_an_odd_link_is_not_lost(house: House) -> None:
    citizen = house.person("vk/altai", "100", "Анна")
    await citizen.says(PIPE, start="plakat")
    assert (await house.case(1)).report.text == PIPE


# --- invitations -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("account", ["telegram/altai", "vk/altai"])
@pytest.mark.parametrize("text", [CODE, f" {CODE.lower()}\n", f"/start {CODE}"])
async def test_the_code_itself_opens_an_invitation_too(house: House, account: str, text: str) -> None:
    await house.invite(CODE, role="official", organisation="zhkh-barnaul")
    person = ivanova(house, account)
    await person.says(text)
    assert await roles(house, account) == [("official", "zhkh-barnaul")]


async def test_an_unknown_code_is_no_report(house: House) -> None:
    person = house.person("vk/altai", "100", "Анна")
    await person.says(CODE)
    assert person.heard()[0].startswith(UNKNOWN)


@pytest.mark.parametrize("account", ["telegram/altai", "vk/altai"])
async def test_an_invitation_makes_an_official(house: House, account: str) -> None:
    await house.invite(CODE, role="official", organisation="zhkh-barnaul")
    who = ivanova(house, account)
    await (who.says(f"/start {CODE}") if account.startswith("telegram") else who.says("Начать", start=CODE))
    assert who.last.text == f"Вы — исполнитель, {OWNER}. Карточки будут приходить:"
    assert who.last.labels == ["Сюда, в личку", "В рабочий чат"]
    assert await roles(house, account) == [("official", "zhkh-barnaul")]


@pytest.mark.parametrize(
    ("role", "organisation", "words"),
    [
        ("head", "zhkh-barnaul", f"Вы — руководитель, {OWNER}."),
        ("curator", "", "Вы — куратор."),
        ("administrator", "", "Вы — администратор."),
    ],
)
async def test_every_role_has_words_of_its_own(house: House, role: str, organisation: str, words: str) -> None:
    await house.invite(CODE, role=role, organisation=organisation)
    who = ivanova(house)
    await who.says("", start=CODE)
    assert who.last.text.startswith(words)
    assert await roles(house) == [(role, organisation)]


async def test_an_invitation_is_for_one_person(house: House) -> None:
    await house.invite(CODE, role="official", organisation="zhkh-barnaul")
    await ivanova(house).says("", start=CODE)
    other = house.person("telegram/altai", "8", "Петров")
    await other.says("", start=CODE)
    assert other.heard() == ["Этим приглашением уже воспользовались: оно на одного человека. Попросите администратора прислать новое."]
    assert await roles(house, user_id="8") == []


async def test_who_opens_their_own_invitation_again_keeps_the_role(house: House) -> None:
    await house.invite(CODE, role="official", organisation="zhkh-barnaul")
    who = ivanova(house)
    await who.says("", start=CODE)
    await who.says("", start=CODE)
    assert who.last.text.startswith("Вы уже открыли это приглашение")
    assert await roles(house) == [("official", "zhkh-barnaul")]


async def test_a_second_invitation_to_the_same_role_says_so(house: House) -> None:
    await house.invite(CODE, role="official", organisation="zhkh-barnaul")
    await house.invite(CODE + "2", role="official", organisation="zhkh-barnaul")
    who = ivanova(house)
    await who.says("", start=CODE)
    await who.says("", start=CODE + "2")
    assert who.last.text == f"У вас уже есть эта роль: исполнитель, {OWNER}."


async def test_an_expired_invitation_says_so(house: House) -> None:
    await house.invite(CODE, role="official", organisation="zhkh-barnaul", days=7)
    house.clock.move(days=7, seconds=1)
    who = ivanova(house)
    await who.says("", start=CODE)
    assert who.heard() == ["Срок приглашения вышел. Попросите администратора прислать новое."]
    assert await roles(house) == []


async def test_an_unknown_invitation_gives_nothing(house: House) -> None:
    who = ivanova(house)
    await who.says("/start NOSUCHCODE")
    assert who.heard()[0].startswith(UNKNOWN)
    assert await roles(house) == []


async def test_a_chats_code_gives_no_person_a_role_and_is_not_used_up(house: House) -> None:
    await house.invite(CHAT_CODE, organisation="zhkh-barnaul", chat=True)
    who = ivanova(house)
    await who.says(f"/start {CHAT_CODE}")
    assert who.heard()[0].startswith(UNKNOWN)
    await who.says(f"/connect {CHAT_CODE}", to=FORUM)
    assert house.chat_shows("telegram/altai", FORUM)[0].text.startswith("Чат подключён")


async def test_after_five_wrong_codes_the_right_one_waits_an_hour(house: House) -> None:
    await house.invite(CODE, role="official", organisation="zhkh-barnaul")
    who = ivanova(house)
    for number in range(5):
        await who.says(f"/start WRONG{number}")
        await who.says("/help")
    who.heard()
    await who.says(f"/start {CODE}")
    assert who.heard() == ["Слишком много неверных кодов. Попробуйте через час или попросите у администратора новое приглашение."]
    assert await roles(house) == []
    house.clock.move(hours=1, seconds=1)
    await who.says(f"/start {CODE}")
    assert await roles(house) == [("official", "zhkh-barnaul")]


async def test_in_a_group_an_invitation_is_not_opened(house: House) -> None:
    await house.invite(CODE, role="official", organisation="zhkh-barnaul")
    who = ivanova(house)
    await who.says(f"/start {CODE}", to=FORUM)
    assert [shown.text for shown in house.chat_shows("telegram/altai", FORUM)] == ["Приглашение откройте в личной переписке с ботом."]
    assert await roles(house) == []


async def test_people_of_one_name_in_two_messengers_are_two_people(house: House) -> None:
    await house.invite(CODE, role="official", organisation="zhkh-barnaul")
    await ivanova(house).says("", start=CODE)
    await ivanova(house, "vk/altai").says("/overdue")
    assert await roles(house, "vk/altai") == []


async def test_where_cards_come_is_chosen(house: House) -> None:
    await house.chat("telegram/altai", FORUM, "zhkh-barnaul")
    await house.invite(CODE, role="official", organisation="zhkh-barnaul")
    who = ivanova(house)
    await who.says("", start=CODE)
    asked = who.last
    await who.presses("Сюда, в личку", at=asked)
    assert asked.text == f"{OWNER}: карточки приходят сюда."
    await reported(house, PIPE, "100")
    assert who.last.text.startswith("№ 1 · ЖКХ")
    assert len(house.chat_shows("telegram/altai", FORUM)) == 1


async def test_cards_in_the_working_chat_only(house: House) -> None:
    await house.chat("telegram/altai", FORUM, "zhkh-barnaul")
    await house.invite(CODE, role="official", organisation="zhkh-barnaul")
    who = ivanova(house)
    await who.says("", start=CODE)
    asked = who.last
    await who.presses("В рабочий чат", at=asked)
    assert asked.text == f"{OWNER}: карточки приходят в рабочий чат."
    await reported(house, PIPE, "100")
    assert who.last is asked


async def test_without_a_working_chat_cards_come_here_until_there_is_one(house: House) -> None:
    await house.invite(CODE, role="official", organisation="zhkh-barnaul")
    who = ivanova(house)
    await who.says("", start=CODE)
    asked = who.last
    await who.presses("В рабочий чат", at=asked)
    assert asked.text == f"{OWNER}: рабочий чат ещё не подключён, до тех пор карточки приходят сюда."


async def test_the_first_official_gets_what_waited_for_somebody(house: House) -> None:
    await reported(house)
    await house.invite(CODE, role="official", organisation="zhkh-barnaul")
    who = ivanova(house)
    await who.says("", start=CODE)
    assert who.last.text.startswith("№ 1 · ЖКХ")
    await who.presses("Беру")
    assert (await house.case(1)).incident.status is Status.IN_PROGRESS


# --- connecting a chat -------------------------------------------------------------------------------------------------


async def test_the_bot_says_once_how_to_connect(house: House) -> None:
    who = ivanova(house)
    await who.adds_bot(FORUM)
    await who.adds_bot(FORUM, forum=True)
    await who.adds_bot(FORUM, forum=True, manages_topics=True)
    (shown,) = house.chat_shows("telegram/altai", FORUM)
    assert "/connect" in shown.text


async def test_a_chat_is_connected_and_what_is_missing_is_named_and_checked_again(house: House) -> None:
    await house.invite(CHAT_CODE, organisation="zhkh-barnaul", chat=True)
    who = ivanova(house)
    await who.adds_bot(FORUM)
    await who.says(f"/connect {CHAT_CODE.lower()}", to=FORUM)
    shown = house.chat_shows("telegram/altai", FORUM)[-1]
    assert shown.text == f"Чат подключён: {OWNER}.\nВключите в чате темы и дайте боту право ими управлять — так удобнее."
    await who.adds_bot(FORUM, forum=True)
    said = await who.presses("Проверить снова", at=shown)
    assert said == "Темы включены. Дайте боту право ими управлять — так удобнее."
    await who.adds_bot(FORUM, forum=True, manages_topics=True)
    assert house.chat_shows("telegram/altai", FORUM)[-1].text == "Для каждого сообщения здесь будет отдельная тема."
    await who.presses("Проверить снова", at=shown)
    assert (shown.text, shown.labels) == (f"Чат подключён: {OWNER}.\nДля каждого сообщения здесь будет отдельная тема.", [])


async def test_in_vk_nothing_is_missing(house: House) -> None:
    await house.invite(CHAT_CODE, organisation="zhkh-barnaul", chat=True)
    who = ivanova(house, "vk/altai")
    await who.says(f"/connect {CHAT_CODE}", to="2000000001")
    (shown,) = house.chat_shows("vk/altai", "2000000001")
    assert (shown.text, shown.labels) == (f"Чат подключён: {OWNER}.", [])


async def test_open_incidents_come_into_the_chat_that_was_connected(house: House) -> None:
    await reported(house, PIPE, "100")
    await reported(house, PIPE, "101")
    await house.invite(CHAT_CODE, organisation="zhkh-barnaul", chat=True)
    who = ivanova(house)
    await who.adds_bot(FORUM, forum=True, manages_topics=True)
    await who.says(f"/connect {CHAT_CODE}", to=FORUM)
    assert sorted(title[:3] for title in house.topics("telegram/altai", FORUM).values()) == ["№ 1", "№ 2"]


async def test_the_card_that_did_not_come_with_the_first_thirty_comes_when_something_is_said(house: House) -> None:
    for number in range(31):
        citizen = await reported(house, PIPE, str(1000 + number))
    await house.invite(CHAT_CODE, organisation="zhkh-barnaul", chat=True)
    await ivanova(house).says(f"/connect {CHAT_CODE}", to=FORUM)
    assert len(house.chat_shows("telegram/altai", FORUM)) == 31
    await house.later(minutes=5)
    await citizen.says("Ключ у соседки", reply_to=citizen.sees()[0])
    card, said = house.chat_shows("telegram/altai", FORUM)[31:]
    assert card.text.startswith("№ 31 · ЖКХ")
    assert said.text.splitlines() == ["Раньше по № 31:", "Житель: «Ключ у соседки»"]


async def test_the_curators_chat_is_connected_and_hears_how_much_waits(house: House) -> None:
    await reported(house, "Когда починят дорогу до посёлка, вся в ямах")
    await house.invite(CHAT_CODE, role="curator", chat=True)
    who = ivanova(house)
    await who.says(f"/connect {CHAT_CODE}", to=DESK)
    texts = [shown.text for shown in house.chat_shows("telegram/altai", DESK)]
    assert texts == ["Чат подключён: Кураторы Алтайского края.", "Не разобрано: 1. Начните с /queue"]


@pytest.mark.parametrize("what", ["unknown", "used", "expired", "for a person"])
async def test_a_code_that_does_not_fit_says_the_same_whatever_it_was(house: House, what: str) -> None:
    await house.invite(
        CHAT_CODE, organisation="zhkh-barnaul", role="official" if what == "for a person" else "", chat=what != "for a person"
    )
    if what == "used":
        await house.person("telegram/altai", "8", "Петров").says(f"/connect {CHAT_CODE}", to="-800")
    if what == "expired":
        house.clock.move(days=8)
    code = "0000-0000-0000-0000" if what == "unknown" else CHAT_CODE
    await ivanova(house).says(f"/connect {code}", to=FORUM)
    assert [shown.text for shown in house.chat_shows("telegram/altai", FORUM)] == [
        "Код не подошёл: в нём опечатка, его срок вышел или он уже использован. Попросите у администратора новый."
    ]


async def test_connect_in_private_says_where_it_belongs(house: House) -> None:
    await house.invite(CHAT_CODE, organisation="zhkh-barnaul", chat=True)
    who = ivanova(house)
    await who.says(f"/connect {CHAT_CODE}")
    assert who.heard() == ["Эту команду пишут в рабочем чате: добавьте туда бота и отправьте /connect и код."]


async def test_connect_without_a_code_says_what_is_missing(house: House) -> None:
    await ivanova(house).says("/connect", to=FORUM)
    assert house.chat_shows("telegram/altai", FORUM)[0].text.startswith("Напишите команду вместе с кодом")


async def test_nobody_connects_a_chat_anonymously(house: House) -> None:
    await house.invite(CHAT_CODE, organisation="zhkh-barnaul", chat=True)
    said = ivanova(house).said(f"/connect {CHAT_CODE}", to=FORUM)
    await house.happens(replace(said, sender=Sender("1087968824", "Group", impersonal=True)))
    assert house.chat_shows("telegram/altai", FORUM)[0].text.startswith("Подключить чат можно только от своего имени")
    async with house.store.transaction() as tx:
        assert not await tx.chats.of("zhkh-barnaul")


async def test_a_chat_that_changes_its_organisation_leaves_the_old_one_to_the_curators(house: House) -> None:
    who = await house.official("telegram/altai", "cur", "Сидорова", "", Role.CURATOR)
    await house.chat("telegram/altai", FORUM, "zhkh-barnaul", title="ЖКХ")
    await house.invite(CHAT_CODE, organisation="dorogi-barnaul", chat=True)
    await who.says(f"/connect {CHAT_CODE}", to=FORUM)
    assert who.heard() == [f"⚠ Чат «ЖКХ» больше не рабочий, других у органа нет: {OWNER}. Открытых сообщений: 0."]


@on_both
async def test_what_is_added_to_an_answered_incident_is_not_read_where_others_work_now(house: House) -> None:
    official = await house.official("telegram/altai", "11", "Иванова", "zhkh-barnaul")
    await house.chat("telegram/altai", FORUM, "zhkh-barnaul")
    citizen = await reported(house)
    await answered(house, 1)
    await house.invite(CHAT_CODE, organisation="dorogi-barnaul", chat=True)
    await official.says(f"/connect {CHAT_CODE}", to=FORUM)
    await citizen.says("Вода опять, ключ у соседки", reply_to=citizen.last)
    assert not [shown.text for shown in house.chat_shows("telegram/altai", FORUM) if "соседки" in shown.text]


# --- leaving -----------------------------------------------------------------------------------------------------------


async def test_the_bot_is_removed_and_the_cards_come_to_the_officials(house: House) -> None:
    curator = await house.official("telegram/altai", "cur", "Сидорова", "", Role.CURATOR)
    official = await house.official("vk/altai", "7", "Иванова", "zhkh-barnaul")
    await house.chat("telegram/altai", FORUM, "zhkh-barnaul", title="ЖКХ")
    await reported(house)
    assert official.heard() == []
    await removed(house, "telegram/altai", FORUM)
    assert official.heard()[0].startswith("№ 1 · ЖКХ")
    assert curator.heard() == [f"Чат «ЖКХ» больше не рабочий: {OWNER}. Открытых сообщений: 1, карточки придут в другие места."]
    assert (await house.case(1)).incident.organisation == "zhkh-barnaul"


@on_both
@pytest.mark.parametrize("action", [Action.CONTEST, Action.RETURN, Action.REOPEN])
async def test_what_is_to_be_done_again_comes_to_the_chat_there_is_now(house: House, action: Action) -> None:
    official = await house.official("telegram/altai", "11", "Иванова", "zhkh-barnaul")
    await house.chat("telegram/altai", FORUM, "zhkh-barnaul")
    await reported(house)
    await answered(house, 1)
    if action is Action.REOPEN:
        await happened(house, 1, Action.CLOSE, Role.CURATOR, resolution=Resolution.SOLVED)
    await removed(house, "telegram/altai", FORUM)
    left = len(house.chat_shows("telegram/altai", FORUM))
    await house.invite(CHAT_CODE, organisation="zhkh-barnaul", chat=True)
    await official.says(f"/connect {CHAT_CODE}", to="-600")
    await happened(house, 1, action, Role.CITIZEN if action is Action.CONTEST else Role.CURATOR, reason="no-date")
    card, news = house.chat_shows("telegram/altai", "-600")[1:]
    assert (card.text[:9], card.labels[0]) == ("№ 1 · ЖКХ", "Вернуть коллегам")
    assert "№ 1" in news.text
    assert len(house.chat_shows("telegram/altai", FORUM)) == left
    await house.later(hours=23)
    assert len(house.chat_shows("telegram/altai", FORUM)) == left


async def test_the_curators_hear_when_their_own_chat_is_gone(house: House) -> None:
    curator = await house.official("telegram/altai", "cur", "Сидорова", "", Role.CURATOR)
    await house.chat("telegram/altai", DESK, desk=True, title="Кураторы")
    await removed(house, "telegram/altai", DESK)
    assert curator.heard() == ["Чат кураторов «Кураторы» больше не подключён."]


async def test_who_leaves_the_working_chat_leaves_their_incidents_to_the_organisation(house: House) -> None:
    curator = await house.official("vk/altai", "cur", "Сидорова", "", Role.CURATOR)
    await house.chat("telegram/altai", FORUM, "zhkh-barnaul")
    official = await house.official("telegram/altai", "official", "Иванова", "zhkh-barnaul")
    for user in ("100", "101", "102"):
        await reported(house, PIPE, user)
    await taken(house, 1)
    await promised(house, 2, days=2)
    await happened(house, 3, Action.ASK, Role.OFFICIAL, by=await person_of(house, "official"), text="Какой подъезд?")
    before = [await house.case(number) for number in (1, 2, 3)]
    curator.heard()
    await official.leaves(FORUM)
    after = [await house.case(number) for number in (1, 2, 3)]
    assert [case.incident.assignee for case in after] == [0, 0, 0]
    assert [case.incident.status for case in after] == [Status.ASSIGNED, Status.PROMISED, Status.WAITING]
    assert [(case.incident.due_at, case.incident.turn) for case in after] == [(case.incident.due_at, case.incident.turn) for case in before]
    assert await roles(house, user_id="official") == []
    assert curator.heard() == [f"Иванова больше не исполнитель ({OWNER}). 3 сообщения снова у органа без исполнителя."]
    assert official.last.text == f"Вы больше не работаете здесь с сообщениями: {OWNER}. Чтобы вернуться, попросите новое приглашение."


@on_both
async def test_who_left_reads_no_more_of_what_citizens_say(house: House) -> None:
    await house.chat("telegram/altai", FORUM, "zhkh-barnaul")
    official = await house.official("telegram/altai", "official", "Иванова", "zhkh-barnaul")
    person = await person_of(house, "official")
    async with house.store.transaction() as tx:
        await tx.people.cards_here(person, "zhkh-barnaul", here=True)
    citizen = await reported(house)
    await taken(house, 1)
    official.heard()
    await official.leaves(FORUM)
    assert official.heard() == [f"Вы больше не работаете здесь с сообщениями: {OWNER}. Чтобы вернуться, попросите новое приглашение."]
    await house.later(minutes=10)
    await citizen.says("Ключ у соседки из седьмой", reply_to=citizen.last)
    await house.later(hours=26)
    assert official.heard() == []


async def test_a_stranger_who_leaves_changes_nothing(house: House) -> None:
    curator = await house.official("vk/altai", "cur", "Сидорова", "", Role.CURATOR)
    await house.chat("telegram/altai", FORUM, "zhkh-barnaul")
    other = await house.official("telegram/altai", "8", "Петров", "dorogi-biysk")
    await other.leaves(FORUM)
    await house.person("telegram/altai", "9", "Гость").leaves(FORUM)
    assert await roles(house, user_id="8") == [("official", "dorogi-biysk")]
    assert curator.heard() == []


async def test_who_blocks_the_bot_is_known_as_blocked(house: House) -> None:
    citizen = await reported(house)
    await citizen.blocks()
    async with house.store.transaction() as tx:
        assert await tx.people.is_blocked("telegram/altai", "100")
    await citizen.unblocks()
    async with house.store.transaction() as tx:
        assert not await tx.people.is_blocked("telegram/altai", "100")


# --- help --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("role", "organisation", "begins"),
    [
        (Role.OFFICIAL, "zhkh-barnaul", "Исполнитель: "),
        (Role.HEAD, "zhkh-barnaul", "Руководитель: "),
        (Role.CURATOR, "", "Куратор: "),
        (Role.ADMINISTRATOR, "", "Администратор: "),
    ],
)
async def test_an_unknown_command_gets_one_line_for_the_role(house: House, role: Role, organisation: str, begins: str) -> None:
    who = await house.official("telegram/altai", "7", "Иванова", organisation, role)
    await who.says("/frobnicate")
    (text,) = who.heard()
    assert text.startswith(begins)
    assert "\n" not in text


async def test_two_roles_get_two_lines(house: House) -> None:
    await house.official("telegram/altai", "7", "Иванова", "zhkh-barnaul")
    who = await house.official("telegram/altai", "7", "Иванова", "", Role.CURATOR)
    await who.says("/help")
    assert [line.partition(":")[0] for line in who.last.text.splitlines()] == ["Исполнитель", "Куратор"]


async def test_a_citizen_gets_a_citizens_help(house: House) -> None:
    citizen = house.person("vk/altai", "100", "Анна")
    await citizen.says("/help")
    assert citizen.heard()[0].endswith("Как дела с вашими сообщениями: /my")


def test_the_menus_name_every_command_in_both_languages() -> None:
    assert {language: set(commands) for language, commands in menu().items()} == {"ru": set(COMMANDS), "en": set(COMMANDS)}


@pytest.mark.parametrize("forum", [True, False])
async def test_a_group_nobody_told_us_of_gets_topics_if_it_has_them(house: House, forum: bool) -> None:
    official = await house.official("telegram/altai", "11", "Мария Иванова", "zhkh-barnaul")
    await official.says(f"/connect {await house.invite('AAAA-BBBB', organisation='zhkh-barnaul', chat=True)}", to="-100")
    assert house.chat_shows("telegram/altai", "-100")[-1].text == "Чат подключён: Комитет ЖКХ Барнаула."
    if not forum:
        house.channels["telegram/altai"].fail["-100"] = [ThreadGone("the chat is not a forum"), None]
    await house.person("vk/altai", "200", "Пётр Образцов").says("Барнаул, на Ленина 15 прорвало трубу отопления")
    assert len(house.topics("telegram/altai", "-100")) == forum
    assert house.chat_shows("telegram/altai", "-100")[1].text.startswith("№ 1 · ")
