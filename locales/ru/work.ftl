## An official at work

not-allowed-status = Сейчас этого сделать нельзя: сообщение уже в другом состоянии. Посмотрите на карточку.
not-allowed-role = Ваша роль этого не позволяет.
not-allowed-held = Это сообщение уже в работе у другого исполнителя.
not-allowed-missing = Не хватает текста или даты.
not-allowed-past = Обещанный срок уже прошёл. Выберите другой.
not-allowed-rated = Оценка уже поставлена.
not-allowed-same = Оно и так там. Выберите другое.
not-allowed-delivered = Так закрыть можно, только если ответ не дошёл до жителя.

work-no-role = Вы не исполнитель этого органа. Попросите у администратора ссылку-приглашение.
work-impersonal = Напишите от своего имени: анонимный ответ жителю не уйдёт.
work-held = Уже в работе: { $name }, с { $since }
work-held-by-you = Уже у вас, с { $since }
work-no-organisation = Такого органа больше нет в списке.

work-refuse = № { $number }: кому передать? Срок не остановится.
work-button-unknown = Не знаю чьё
work-passed = № { $number } передали: { $organisation }.
work-refuse-why = № { $number } вернём кураторам. Ответьте на это сообщение: почему это не ваше?
work-reason-words = Напишите причину словами: её прочтут кураторы.
work-refused = № { $number } у кураторов.

work-ask-answer = № { $number }: ответьте на это сообщение текстом для жителя. Сначала покажем, что уйдёт.
work-ask-interim = № { $number }: ответьте на это сообщение промежуточным ответом. Срок можно написать в тексте или выбрать потом.
work-ask-question = № { $number }: ответьте на это сообщение вопросом.
work-given-up = № { $number } закрыт без ответа: { $name }.

work-which = К какому сообщению это ответ? Пока ничего не отправлено.
work-which-none = Непонятно, к какому сообщению это ответ. Ответьте на его карточку. Ничего не отправлено.
work-button-own = Это новое сообщение
work-button-own-reply = Это мой ответ по № { $number }

## A draft and its preview

draft-preview = № { $number }. Отправить жителю? ({ $scene }, { $source })
draft-question = № { $number }. Спросить жителя? ({ $scene }, { $source })
draft-closed = № { $number } закрыт: жителю по нему больше не написать. Можно оставить заметку коллегам.
draft-no-words = № { $number }: файлы уйдут жителю только вместе с текстом. Ответьте ещё раз — с текстом и файлами в одном сообщении.
draft-files = Вместе с текстом: { $files }
draft-public = Ответ увидят все, исправить его бот не сможет.
draft-left-out = Часть вложений передать нельзя: уйдут только текст и файлы.
draft-warning-considered = ⚠ «Рассмотрено» ничего не говорит жителю: напишите, что сделано или будет сделано.
draft-warning-order = ⚠ «В установленном порядке»: напишите, что именно и когда.
draft-warning-competence = ⚠ «Не в нашей компетенции»: напишите, в чьей, и куда обратиться.
draft-warning-phone = ⚠ В тексте телефон, а увидят его все.
draft-warning-email = ⚠ В тексте электронная почта, а увидят её все.
draft-warning-document = ⚠ В тексте похоже на номер документа или карты, а увидят его все.
draft-button-answer = Ответ
draft-button-interim = Промежуточный: { $when }
draft-button-other-date = Другой срок
draft-button-question = Вопрос
draft-button-note = Заметка коллегам
draft-today = сегодня, { $hour }
draft-tomorrow = завтра, { $hour }

draft-held = № { $number } в работе: { $name }. Всё равно отправить?
draft-held-now = № { $number } в работе: { $name }, последний ответ только что. Всё равно отправить?
draft-held-answered = № { $number } в работе: { $name }, последний ответ { $ago } назад. Всё равно отправить?
draft-button-anyway = Всё равно отправить
draft-button-ask = Спросить: { $name }
draft-holder-asked = Спросили: { $name }. Пока ничего не отправлено.
draft-holder-unasked = Спросить не получилось: { $name } сейчас не на связи. Пока ничего не отправлено.
thread-asks-holder = { $name }, можно? { $author } хочет ответить жителю по № { $number }:
draft-button-allow = Разрешить
draft-button-forbid = Нет
draft-allowed-done = { $author }: можно отправлять.
draft-forbidden-done = { $author }: просили не отправлять.
draft-allowed = { $name }: можно отправлять.
draft-forbidden = { $name } просит не отправлять. Текст остался у вас, жителю ничего не ушло.

draft-when = Когда дадите окончательный ответ? Выберите или напишите: «15 марта», «до пятницы», «через 2 часа».
draft-button-today = Сегодня
draft-button-tomorrow = Завтра
draft-button-three-days = 3 дня
draft-button-week = Неделя
draft-date-unclear = Не поняли дату. Выберите или напишите, например: «15 марта», «до пятницы», «завтра к 18», «через 2 часа», «3 рабочих дня».
draft-date-day = Такого дня нет в календаре. Выберите другой или напишите, например: «15 марта», «до пятницы».
draft-date-hour = Такого времени не бывает: в сутках 24 часа, в часе 60 минут. Выберите или напишите, например: «завтра к 18».
draft-date-several = Здесь больше одного срока, а обещать можно один. Выберите или напишите его.
draft-date-past = Этот срок уже прошёл: { $when }. Выберите другой или напишите.
draft-date-far = { $when } — так далеко обещать нельзя: самое большее — { $longest }. Выберите другой срок или напишите.

button-extend = Продлить срок
extend-why = № { $number }: почему не успеваем? Житель прочтёт эту причину. Выберите или напишите её.
extend-when = № { $number }: { $reason }. Жителю обещали { $promised }. До какого срока перенести? Выберите или напишите: «20 марта», «до пятницы».
extend-not-later = Жителю уже обещали { $promised }: { $when } не позже этого. Выберите срок позже или напишите.
extend-asked = № { $number }: спросили, можно ли перенести срок. Если разрешат, житель прочтёт: «{ $line }» Пока срок прежний.
extend-asked-already = По № { $number } уже просят перенести срок: { $when }. Ждём решения.
extend-used-up = { $count ->
    [0] По № { $number } переносить срок самим нельзя.
    [one] Срок по № { $number } уже переносили { $count } раз, больше нельзя.
    [few] Срок по № { $number } уже переносили { $count } раза, больше нельзя.
   *[many] Срок по № { $number } уже переносили { $count } раз, больше нельзя.
} Перенести его может только куратор.
extend-nobody = № { $number }: разрешить перенос некому, кураторы пока не подключены. Срок прежний.
extend-lapsed = № { $number }: переносить срок больше не нужно.
extend-request = { $name } ({ $organisation }) просит перенести срок по № { $number }. Обещали: { $promised }, просят: { $when }. Житель прочтёт: «{ $line }»
extend-button-refuse = Отказать
extend-refuse-why = Почему отказать? Выберите или напишите: это прочтёт исполнитель.
extend-granted = № { $number }. Срок перенесли: { $when }. Жителю пишем.
extend-moved = № { $number }. Срок перенесли: { $when }.
extend-granted-by = № { $number }: { $name } разрешает. Срок перенесли: { $when }. Жителю пишем.
extend-refused = № { $number }. Срок не перенесли: { $reason }.
extend-refused-by = № { $number }: { $name } не разрешает перенести срок: { $reason }. Обещали: { $promised }.
extend-granted-already = № { $number }: срок уже перенесли.
extend-refused-already = № { $number }: перенести срок уже отказали.
extend-lapsed-already = № { $number }: переносить срок больше не нужно.
extend-not-yours = Решить это может { $who }.
refusal-answer-in-time = дайте ответ в срок
refusal-too-far = слишком далеко, назовите срок ближе
refusal-too-late = { $when } уже не подходит, назовите срок позже
refusal-say-why = причина непонятна, напишите её подробнее

draft-leaves = № { $number }. Уйдёт через 30 секунд.
draft-leaves-promise = № { $number }. Уйдёт через 30 секунд. Обещаем окончательный ответ: { $when }.
draft-button-recall = Отменить
draft-too-late = Поздно: уже отправлено.
draft-wait = Ваш предыдущий текст по этому сообщению ещё отправляется. Подождите полминуты.
draft-add-words = Ответу нужны слова: напишите текст.
draft-gone = Этот черновик уже отправлен или отменён.
draft-dropped = Отменено. Жителю ничего не ушло.
draft-not-awaited = Отменено.
draft-is-report = Хорошо, это новое сообщение.
draft-noted = Заметка по № { $number } сохранена. Жителю она не уйдёт.
thread-noted = Заметка по № { $number }, { $name }:
draft-answered-below = Подробности — ниже.

draft-sending = Отправляем…
draft-late = Ещё не доставлено: мессенджер жителя не отвечает. Отправим, как только ответит.
draft-restored = База восстановлена из копии: ушёл ли этот ответ, неизвестно. Спросите жителя или посмотрите в мессенджере; если не ушёл, отправьте.
draft-not-sent = Не отправлено.
draft-no-account = Аккаунт, в который писал житель, сейчас не подключён.
draft-delivered = Доставлено { $hour }.
draft-delivered-without = Доставлено { $hour }, но без файла: мессенджер его не отдал. Пришлите файл ещё раз.
draft-failed = № { $number }. Не доставлено: мессенджер не принял сообщение.
draft-failed-blocked = № { $number }. Не доставлено: житель запретил сообщения.
draft-let-go = № { $number }. Считаем недоставленным: администратор снял сообщение с отправки.
draft-failed-curator = Закрыть его может куратор.
draft-uncertain = № { $number }. Не знаем, дошло ли: мессенджер не подтвердил.
desk-uncertain = № { $number }. Не знаем, дошёл ли ответ до жителя: мессенджер не подтвердил. Автору ответа об этом не сообщить.
desk-again = № { $number }. Отправляем ещё раз. Если не дойдёт, скажем здесь.
desk-failed = № { $number }. Ответ не дошёл до жителя. Автору ответа об этом не сообщить.
draft-button-arrived = Дошло
draft-button-again = Отправить ещё раз
draft-arrived = Отмечено: дошло.
