## The list of the day, the morning digest, the weekly summary

agenda-official = Ваш список: { $count }
agenda-head = В вашем органе требуют внимания: { $count }
agenda-curator = У кураторов: { $count }
agenda-nothing = Сейчас за вами ничего нет. Так держать!
agenda-not-yours = Этот список не ваш.

agenda-unsorted = 📥 Не разобрано: { $count }
agenda-overdue = 🔴 Просрочено: { $count }
agenda-hot = 🔥 Срочные: { $count }
agenda-today = ⏳ Срок сегодня: { $count }
agenda-waiting = ⏸ Ждём ответа жителя: { $count }
agenda-free = 🆕 Никто не взял: { $count }
agenda-held = 📌 В работе, время есть: { $count }
agenda-undelivered = 📭 Ответ не дошёл: { $count }

agenda-late = просрочено на { $left }
agenda-by = до { $when }
agenda-waits = ждём до { $when }
agenda-button-rest = Ещё { $count }

digest-hello = Доброе утро! { $count ->
    [one] Вас ждёт { $count } сообщение.
    [few] Вас ждут { $count } сообщения.
   *[many] Вас ждут { $count } сообщений.
}
digest-yesterday = Вчера: { $received ->
    [one] поступило { $received } сообщение
    [few] поступило { $received } сообщения
   *[many] поступило { $received } сообщений
}, первый ответ дали на { $answered }, в срок — на { $in_time }.

week-head = Итоги недели { $first } — { $last } · { $title }
week-received = Поступило: { $count } (неделей раньше { $before })
week-in-time = Первый ответ в срок: { $count } из { $of }, { $percent } (неделей раньше { $before })
week-percent = { $percent } %
week-missed = Просрочили: { $count } (неделей раньше { $before }), сейчас просрочено { $now }
week-median = Обычное время ответа: { $span } (неделей раньше { $before })
week-rating = Оценка жителей: { $mean } (неделей раньше { $before })

digest-on = Утром в 8:30 присылаем список на день, в понедельник — итоги недели. Если сообщать не о чем, не пишем.
digest-off = Утренних списков не присылаем. Список на сейчас: /my
digest-button-on = Присылать
digest-button-off = Не присылать
digest-in-private = Утренний список настраивается в личной переписке с ботом.
