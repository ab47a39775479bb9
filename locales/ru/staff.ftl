# Кого нет и кто дежурит

command-away = меня не будет: даты и заместитель
command-duty = кто дежурит

spell-button-1 = Сегодня
spell-button-2 = Сегодня и завтра
spell-button-7 = Неделя
spell-day = { $day } включительно
spell-until = до { $until }
spell-from = с { $since } до { $until }
spell-unclear = Не поняли даты.
spell-no-day = Такого дня нет в календаре.
spell-past = Это время уже прошло.
spell-backwards = Конец раньше начала.
spell-long = Это больше года.

away-in-private = Напишите /away боту в личные сообщения.
away-when = Когда вас не будет? Нажмите кнопку или напишите: «до пятницы», «15–20 марта», «с 15 марта 8:00 до 16 марта 20:00».
away-deputy = Вас не будет { $period }. Кто вас заменит ({ $organisation })?
away-button-nobody = Без заместителя
away-deputy-away = { $name } в это время не на работе: { $period }. Выберите другого человека.
away-deputy-gone = { $name } здесь больше не работает. Выберите другого человека.
away-standing = Вас не будет на работе { $period }.
away-standing-deputy = Замещает: { $name } ({ $organisation }). Ваши сообщения остаются за вами, напоминания получит заместитель.
away-standing-nobody = Заместителя нет ({ $organisation }): напоминания получат дежурный или все коллеги.
away-on-duty = ⚠ На это время у вас стоит дежурство: /duty
away-stands-in = ⚠ Вы замещаете: { $name } ({ $period }). Пока вас нет, напоминания пойдут вашему заместителю.
away-button-back = Я вернулся
away-button-cancel = Отменить
away-button-change = Изменить
away-not = Вы и так на работе.
away-cancelled = Отменили: вы на работе.
away-begins = Вы замещаете: { $name }, до { $until }.
away-begins-nothing = Сейчас открытых сообщений нет.
away-incident = № { $number } · { $time }
away-more = … и ещё { $count }
away-over = { $name } снова на работе, замещать больше не нужно.
away-welcome = { $count ->
    [0] Вы снова на работе. За вами ничего не числится.
   *[other] Вы снова на работе. За вами: { $count }.
}

duty-title = Дежурство: { $organisation }
duty-now = Сейчас: { $name } — до { $until }
duty-nobody = Сейчас никто не дежурит: напоминания получают все.
duty-next = Дальше: { $name } — { $period }
duty-away = ⚠ Не будет на работе { $period }. { $name ->
    [none] Заместителя нет.
   *[other] Замещает: { $name }
}
duty-button-set = Назначить
duty-button-off = Снять: { $name }
duty-button-other = Другой орган
duty-only = Дежурства назначают руководитель органа и кураторы.
duty-which = Чьи дежурства?
duty-who = Кто будет дежурить ({ $organisation })?
duty-nobody-there = Назначить некого: { $organisation }. Сначала пригласите людей.
duty-not-there = { $name } в это время не на работе: { $period }.
duty-when = { $name }: на какое время? Нажмите кнопку или напишите: «до пятницы», «15–20 марта», «с 15 марта 8:00 до 16 марта 8:00».
duty-set = { $name } дежурит { $period } ✓
duty-off = { $name } больше не дежурит ({ $period }).
duty-off-already = Это дежурство уже снято или закончилось.
duty-you = Вы дежурите { $period }: { $organisation }. Напоминания о сроках придут и вам лично.
duty-you-off = Дежурство снято: { $organisation }, { $period }.

card-duty = Дежурит: { $names }
