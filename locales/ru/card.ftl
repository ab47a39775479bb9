## The card of an incident in a working chat, and what is said around it

card-head = № { $number } · { $topic } · { $time }
card-urgent = ❗ Срочно: { $danger }
card-danger-other = по решению куратора
card-time-due = ⏳ до { $when } ({ $left })
card-time-overdue = 🔴 просрочено на { $left }
card-time-promised = 🤝 обещано до { $when }
card-time-promise-missed = 🔴 обещанный срок прошёл: { $when }
card-time-paused = ⏸ ждём ответа жителя до { $when }
card-time-answered = ✅ дан ответ
card-time-closed = ✔ закрыто: { $resolution }
card-place = { $place } · { $source }, { $scene }
card-point = 📍 https://www.openstreetmap.org/?mlat={ $latitude }&mlon={ $longitude }#map=17/{ $latitude }/{ $longitude }
card-text = «{ $text }»{ $files }
card-only-files = { $files }
card-longer = … и ещё { $count ->
    [one] { $count } знак
    [few] { $count } знака
   *[many] { $count } знаков
}
card-author = Автор: { $name }
card-author-again = Автор: { $name }, { $count }-е сообщение за месяц
card-held = В работе: { $name }, с { $since }
card-undelivered = ⚠ Ответ не доставлен жителю
card-title = № { $number } · { $topic } · { $place }
card-title-plain = № { $number } · { $topic }
card-title-done = ✅ { $title }

button-take = Беру
button-release = Вернуть коллегам
button-refuse = Не моё
button-question = Вопрос жителю
button-answer = Ответить
button-interim = Промежуточный
button-full = Показать целиком
button-give-up = Закрыть без ответа

thread-more = Житель дополнил сообщение № { $number }:
thread-reply = Житель ответил по № { $number }:
thread-edited = Житель изменил сообщение по № { $number }:
thread-thanks = Житель пишет по № { $number }: «{ $text }»
thread-quote = «{ $text }»
thread-contested = ↩ Житель не согласен с ответом по № { $number }: { $verdict ->
    [partly] решено частично
   *[no] не решено
}. Сообщение снова в работе, ответить нужно до { $when }.
thread-rated = Житель по № { $number }: проблема решена{ $stars ->
    [0] {""}
   *[other] , оценка { $stars } из 5
}.
thread-withdrawn = Житель отозвал сообщение № { $number }. Отвечать не нужно.
thread-moved = № { $number } передан: { $organisation }. Здесь отвечать больше не нужно.
thread-moved-desk = № { $number } вернули кураторам: { $reason }. Здесь отвечать больше не нужно.
thread-released = № { $number } снова свободен: { $name } больше не ведёт его. Срок не изменился.
thread-returned = ↩ Куратор вернул ответ по № { $number } на доработку: { $reason }. Ответить нужно до { $when }.
thread-reopened = ↩ Куратор снова открыл № { $number }: { $reason }. Ответить нужно до { $when }.
thread-resumed = ↩ Житель всё-таки ответил на вопрос по № { $number }. Сообщение снова в работе, ответить нужно до { $when }.
thread-closed = Куратор закрыл № { $number }: { $resolution }.
thread-extended = Срок обещания по № { $number } продлён до { $when }: { $reason }.
thread-merged = № { $number } объединён с № { $target }. Ответ по нему получат оба жителя.
thread-expired = № { $number } закрыт: житель не ответил на вопрос.
thread-answered = Ответ жителю по № { $number } ({ $name }):
thread-promised = Промежуточный ответ жителю по № { $number } ({ $name }), обещали до { $when }:
thread-asked = Вопрос жителю по № { $number } ({ $name }):
thread-before = Раньше по № { $number }:
thread-before-question = Спросили жителя: { $said }
thread-before-interim = Промежуточный ответ: { $said }
thread-before-answer = Ответ жителю: { $said }
thread-before-reply = Житель: { $said }
