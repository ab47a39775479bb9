"""The curators' queue: what the bot could not sort, one tap for what it guessed, and lists for the rest."""

from __future__ import annotations

from sqlalchemy import select

from incidents.incident import Action, Resolution, Role, Status
from storage.tables import corrections
from tests.stories.deeds import PIPE, happened, reported
from tests.stories.house import Actor, House, on_both
from tests.stories.office import TG

NOWHERE = "Когда починят дорогу до посёлка, вся в ямах"
DESK = "-300"


async def curator(house: House, account: str = "telegram/altai", user_id: str = "cur") -> Actor:
    return await house.official(account, user_id, "Сидорова", "", Role.CURATOR)


async def corrected(house: House) -> list[tuple[str, str, str]]:
    async with house.store.transaction() as tx:
        rows = await tx.connection.execute(
            select(corrections.c.field, corrections.c.before, corrections.c.after).order_by(corrections.c.id)
        )
        return [(row[0], row[1], row[2]) for row in rows]


async def test_the_queue_is_shown_one_by_one(house: House) -> None:
    who = await curator(house)
    await reported(house, NOWHERE, "100")
    await reported(house, NOWHERE, "101")
    who.heard()
    await who.says("/queue")
    assert who.last.text.startswith(f"Не разобрано: 2. № 1 «{NOWHERE}»\nпохоже: Дороги")
    await who.presses("Следующее")
    assert who.last.text.startswith("Не разобрано: 2. № 2 ")
    await who.presses("Следующее")
    assert who.last.text.startswith("Не разобрано: 2. № 1 ")


async def test_an_empty_queue_says_so(house: House) -> None:
    who = await curator(house)
    await who.says("/queue")
    assert who.heard() == ["Всё разобрано. Хорошей смены!"]


async def test_the_guess_is_taken_with_one_tap_and_the_next_is_offered(house: House) -> None:
    who = await curator(house)
    await reported(house, NOWHERE, "100")
    await reported(house, NOWHERE, "101")
    card = who.sees()[0]
    await who.presses("Дорожная служба края ✓", at=card)
    assert (await house.case(1)).incident.organisation == "dorogi-altai"
    assert (card.text, card.labels) == ("№ 1 → Дорожная служба края ✓", ["Следующее (1)"])
    await who.presses("Следующее (1)")
    assert who.last.text.startswith("Не разобрано: 1. № 2 ")
    assert await corrected(house) == []


async def test_two_curators_sort_the_same_and_only_the_first_does(house: House) -> None:
    first, second = await curator(house), await curator(house, "vk/altai", "cur2")
    await reported(house, NOWHERE)
    await first.presses("Дорожная служба края ✓")
    stale = second.sees()[0]
    assert await second.presses("Спам", at=stale) == "Это сообщение уже разобрано."
    assert (await house.case(1)).incident.status is Status.ASSIGNED
    assert stale.text == "№ 1 → Дорожная служба края ✓"


async def test_a_place_completes_the_guess_and_finds_the_owner(house: House) -> None:
    who = await curator(house)
    await reported(house, NOWHERE)
    card = who.sees()[0]
    await who.presses("Место", at=card)
    assert who.last.text == "Где это? № 1"
    picking = who.last
    await who.presses("Бийск")
    case = await house.case(1)
    assert (case.incident.territory, case.incident.organisation) == ("biysk", "dorogi-biysk")
    assert card.text == "№ 1 → Дорожная служба Бийска ✓"
    assert (picking.text, picking.labels) == ("№ 1: Бийск ✓", [])
    assert await corrected(house) == [("territory", "", "biysk")]


async def test_a_topic_without_a_place_asks_the_same_card_again(house: House) -> None:
    who = await curator(house)
    await reported(house, NOWHERE)
    card = who.sees()[0]
    await who.presses("Тема", at=card)
    await who.presses("ЖКХ")
    assert (await house.case(1)).incident.status is Status.NEW
    assert "похоже: ЖКХ" in card.text
    assert "Управление ЖКХ края ✓" in card.labels
    await who.presses("Управление ЖКХ края ✓", at=card)
    assert card.text == "№ 1 → Управление ЖКХ края ✓"
    assert await corrected(house) == [("topic", "roads", "housing")]


async def test_any_organisation_may_be_chosen_and_the_choice_is_remembered(house: House) -> None:
    who = await curator(house)
    await reported(house, NOWHERE)
    card = who.sees()[0]
    await who.presses("Орган", at=card)
    assert who.last.labels[0] == "Дорожная служба края"
    picking = who.last
    await who.presses("Дорожная служба Бийска")
    assert (await house.case(1)).incident.organisation == "dorogi-biysk"
    assert card.text == "№ 1 → Дорожная служба Бийска ✓"
    assert picking.text == "№ 1 → Дорожная служба Бийска ✓"
    assert await corrected(house) == [("organisation", "dorogi-altai", "dorogi-biysk")]


async def test_a_long_list_of_organisations_is_turned_page_by_page(house: House) -> None:
    for account in ("telegram/altai", "vk/altai"):
        who = await curator(house, account, f"cur-{account[:2]}")
        await reported(house, NOWHERE, f"1-{account}")
        await who.presses("Орган")
        seen = set(who.last.labels)
        for _ in range(8):
            await who.presses("Ещё", at=who.last)
            assert len(who.last.labels) <= 10
            seen |= set(who.last.labels)
        assert len(seen - {"Ещё ▶", "◀ Назад"}) == len(house.region.organisations)


async def test_a_list_is_only_for_who_asked_for_it(house: House) -> None:
    await house.chat("telegram/altai", DESK, desk=True)
    first, second = await curator(house), await curator(house, user_id="cur2")
    await reported(house, NOWHERE)
    await first.presses("Орган", to=DESK)
    picking = house.chat_shows("telegram/altai", DESK)[-1]
    assert await second.presses("Дорожная служба края", at=picking) == "Эта кнопка не для вас."
    assert (await house.case(1)).incident.status is Status.NEW


async def test_what_needs_no_answer_and_spam_are_closed(house: House) -> None:
    who = await curator(house)
    await reported(house, NOWHERE, "100")
    await reported(house, NOWHERE, "101")
    first, second = who.sees()
    await who.presses("Не требует ответа", at=first)
    await who.presses("Спам", at=second)
    assert (await house.case(1)).incident.resolution is Resolution.EXPLAINED
    assert (await house.case(2)).incident.resolution is Resolution.SPAM
    assert (first.text, second.text) == ("№ 1: Не требует ответа ✓", "№ 2: спам ✓")
    assert second.labels == []


async def test_the_citizen_corrects_and_the_stale_card_does_no_harm(house: House) -> None:
    who = await curator(house)
    citizen = await reported(house, NOWHERE)
    card = who.sees()[0]
    await citizen.presses("Барнаул")
    owner = (await house.case(1)).incident.organisation
    assert await who.presses("Дорожная служба края ✓", at=card) == "Это сообщение уже разобрано."
    assert (await house.case(1)).incident.organisation == owner == "dorogi-barnaul"


async def test_a_curator_who_lost_the_role_sorts_nothing(house: House) -> None:
    who = await curator(house)
    await reported(house, NOWHERE)
    async with house.store.transaction() as tx:
        person = await tx.people.known("telegram/altai", "cur")
        assert person is not None
        await tx.people.dismiss(person.id, "", house.clock())
    for label in ("Дорожная служба края ✓", "Тема", "Место", "Орган", "Спам"):
        assert await who.presses(label) == "Это могут только кураторы."
    assert (await house.case(1)).incident.status is Status.NEW


async def test_an_official_is_refused_the_queue_and_a_citizen_gets_help(house: House) -> None:
    official = await house.official("telegram/altai", "7", "Иванова", "zhkh-barnaul")
    await official.says("/queue")
    assert official.last.text == "Это могут только кураторы."
    citizen = house.person("telegram/altai", "100", "Анна")
    await citizen.says("/queue")
    assert citizen.heard()[0].startswith("Напишите одним сообщением, что случилось и где")


async def test_the_queue_is_not_read_out_in_an_organisations_chat(house: House) -> None:
    await house.chat("telegram/altai", "-100", "zhkh-barnaul")
    who = await curator(house)
    await reported(house, NOWHERE)
    await who.says("/queue", to="-100")
    assert [shown.text for shown in house.chat_shows("telegram/altai", "-100")] == [
        "Здесь читают другие. Откройте это в личной переписке или в чате кураторов."
    ]


async def test_the_photos_of_an_unsorted_report_come_along(house: House) -> None:
    who = await curator(house)
    citizen = house.person("telegram/altai", "100", "Анна")
    await citizen.says(NOWHERE, photos=2)
    who.heard()
    await who.says("/queue")
    assert sum(len(shown.reply.files) for shown in who.sees()[-2:]) == 2


async def test_an_answered_one_is_told_as_answered(house: House) -> None:
    who = await curator(house)
    await reported(house, NOWHERE)
    await happened(house, 1, Action.ANSWER, text="Починят в мае")
    card = who.sees()[0]
    assert await who.presses("Спам", at=card) == "Это сообщение уже разобрано."
    assert card.text == "№ 1: ответ дан ✓"


async def test_vk_curators_sort_as_well(house: House) -> None:
    who = await curator(house, "vk/altai", "9")
    await reported(house, NOWHERE)
    await reported(house, PIPE, "101")
    await who.says("/queue")
    assert len(who.last.labels) <= 10
    await who.presses("Дорожная служба края ✓", at=who.last)
    assert (await house.case(1)).incident.organisation == "dorogi-altai"


@on_both
async def test_a_queue_of_more_than_fifty_is_gone_through_to_its_end(house: House) -> None:
    who = await curator(house)
    await house.receives([house.person(TG, str(1000 + number), "Анна").said(NOWHERE) for number in range(52)])
    await house.settle()
    await who.says("/queue")
    for number in [*range(1, 53), 1]:
        assert who.last.text.startswith(f"Не разобрано: 52. № {number} ")
        await who.presses("Следующее", at=who.last)


# --- what is said later ------------------------------------------------------------------------------------------------


@on_both
async def test_a_reply_that_nobody_else_can_read_comes_to_the_curators(house: House) -> None:
    """The owner has neither a chat nor people: the curators asked, and read what the citizen says."""
    who = await curator(house)
    await house.chat(TG, DESK, desk=True)
    citizen = await reported(house)
    await happened(house, 1, Action.ASK, Role.CURATOR, text="Какой подъезд?")
    await citizen.says("Третий, у арки", photos=2)
    shown, files = house.chat_shows(TG, DESK)[-2:]
    assert (shown.text, shown.labels, len(files.reply.files)) == ("Житель ответил по № 1:\n«Третий, у арки»", ["№ 1"], 2)
    await who.says("Спасибо, передадим", to=DESK, reply_to=shown)
    assert house.chat_shows(TG, DESK)[-1].text.startswith("№ 1. Отправить жителю?")


async def test_what_a_citizen_says_to_the_curators_own_answer_comes_to_the_curators(house: House) -> None:
    await curator(house)
    await house.chat(TG, DESK, desk=True)
    citizen = await reported(house, NOWHERE)
    await happened(house, 1, Action.ANSWER, Role.CURATOR, text="Летом")
    await citizen.says("Яма у школы растёт", reply_to=citizen.last)
    assert house.chat_shows(TG, DESK)[-1].text == "Житель дополнил сообщение № 1:\n«Яма у школы растёт»"
