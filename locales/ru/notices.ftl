## Who hears what when an incident changes

receipt = Сообщение № { $number } принято.
receipt-about = { $topic } · { $place }
receipt-owner = Отвечает: { $organisation }. Ответим до { $when }.
receipt-unsorted = Определим, кто отвечает, и дадим ответ до { $when }.
receipt-owner-only = Отвечает: { $organisation }.
receipt-late = Извините, сообщение дошло до нас только сейчас. Срок считаем с момента, когда вы написали.
receipt-late-little = Извините, сообщение дошло до нас только сейчас. Срок считаем с момента, когда вы написали: осталось { $left }.
receipt-late-passed = Извините, сообщение дошло до нас только сейчас, и срок ответа уже прошёл: { $when }. Ответим как можно скорее.
danger-call = Если есть опасность — звоните 112 прямо сейчас.
danger-call-phone = Если есть опасность — звоните 112 ({ $what } — { $phone }) прямо сейчас.
button-other-topic = Другая тема
button-other-place = Другое место
button-withdraw = Отозвать

answer-final = Ответ по № { $number } от { $organisation }:
answer-final-desk = Ответ по № { $number }:
answer-solved = Проблема решена?
answer-interim = Промежуточный ответ по № { $number } от { $organisation }:
answer-interim-until = Окончательный ответ дадим до { $when }.
answer-question = Вопрос по № { $number } от { $organisation }:
answer-question-how = Ответьте, пожалуйста, на это сообщение. Пока ждём вас, срок не идёт.
answer-more = Дополнение к ответу по № { $number } от { $organisation }:
button-solved = Да
button-unsolved = Нет
button-partly = Частично

citizen-moved = № { $number }: отвечать будет { $organisation }. Срок прежний — до { $when }.
citizen-moved-desk = № { $number }: уточняем, кто отвечает. Срок прежний — до { $when }.
citizen-extended = Срок по № { $number } перенесли на { $when }: { $reason }.
citizen-later = По № { $number } срок ответа изменился: ответим до { $when }.
citizen-closed = Сообщение № { $number } закрыто: { $resolution }.
citizen-closed-needless = Сообщение № { $number } закрыли: нам показалось, что ответ не нужен. Если это не так, напишите нам снова.
citizen-merged = Ваше сообщение № { $number } объединили с № { $target }: ответ на него придёт и вам.
citizen-no-reply = Мы спрашивали вас о подробностях по № { $number }, но ответа не получили и закрыли сообщение. Если проблема осталась, просто напишите нам снова.
citizen-nudge = Напоминаем: по № { $number } ждём вашего ответа на вопрос. Без него через сутки сообщение закроется.
citizen-promise-missed = По № { $number } обещали до { $when }. Ответа пока нет — напомнили ответственным и сообщили куратору.
citizen-returned = Ответ по № { $number } вернули на доработку. Новый ответ дадим до { $when }.
citizen-reopened = Сообщение № { $number } снова в работе. Ответим до { $when }.

desk-unsorted = Не разобрано: { $count }. № { $number } { $text }
desk-guess = похоже: { $guess }
desk-guess-sure = похоже: { $guess } ({ $percent } %)
desk-no-guess = тему и место не поняли
desk-nobody = ⚠ № { $number }: отвечать некому. У органа «{ $organisation }» нет ни рабочего чата, ни исполнителей. Передайте другому органу или пригласите людей.
desk-refused = № { $number } вернули: { $organisation }. Причина: { $reason }
desk-contested = Житель не согласен с ответом по № { $number } ({ $organisation }): { $verdict ->
    [partly] решено частично
   *[no] не решено
}. Снова в работе, ответить нужно до { $when }.
desk-left = { $name } больше не исполнитель ({ $organisation }). { $count ->
    [0] Открытых сообщений за ним не было.
    [one] { $count } сообщение снова у органа без исполнителя.
    [few] { $count } сообщения снова у органа без исполнителя.
   *[many] { $count } сообщений снова у органа без исполнителя.
}
button-sort-yes = { $guess } ✓
button-sort-topic = Тема
button-sort-place = Место
button-sort-owner = Орган
button-sort-no-answer = Не требует ответа
button-sort-spam = Спам

remind-left-free = ⏳ № { $number }: осталось { $left }, никто не взял.
remind-left-held = ⏳ № { $number }: осталось { $left }. В работе: { $name }.
remind-deadline = 🔴 № { $number } просрочен: срок был { $when }.
remind-late = 🔴 № { $number } просрочен на { $left }.
remind-promise-left = ⏳ № { $number }: обещание жителю истекает через { $left }.
remind-promise-missed = 🔴 № { $number }: обещали жителю до { $when }, ответа нет. Жителю об этом сказали.
remind-promise-late = 🔴 № { $number }: обещанный срок прошёл { $left } назад.
remind-unsorted = ⏳ № { $number } не разобран, до срока { $left }.
remind-unsorted-late = 🔴 № { $number } не разобран, срок прошёл { $left } назад.
remind-curator-free = № { $number } ({ $topic }, { $place }) не взят, срок через { $left }. Отвечает: { $organisation }.
remind-curator-held = № { $number } ({ $topic }, { $place }) без ответа, срок через { $left }. Отвечает: { $organisation }, { $name }.
remind-curator-deadline = 🔴 № { $number } просрочен ({ $topic }, { $place }). Отвечает: { $organisation }.
remind-curator-late = 🔴 № { $number } просрочен на { $left } ({ $topic }, { $place }). Отвечает: { $organisation }.
remind-curator-promise = ⏳ № { $number } ({ $topic }, { $place }): обещание жителю истекает через { $left }. Отвечает: { $organisation }.
remind-curator-promise-missed = 🔴 № { $number } ({ $topic }, { $place }): обещали до { $when }, ответа нет. Жителю об этом сказали. Отвечает: { $organisation }.
remind-everybody = Дежурный не назначен, поэтому всем: { $names }.
remind-over = № { $number }: { $time }
remind-duty = Дежурит: { $names }.
remind-you-duty = Вы сейчас на дежурстве.
remind-you-deputy = Вы замещаете: { $name }.
remind-away = { $name } не на работе до { $until }, заместителя нет.
remind-away-deputy = { $name } не на работе до { $until }. Замещает: { $deputy }.
button-remind = Напомнить
button-pass = Передать
button-control = Взял на контроль
