## Часы сообщения: что было, что будет и почему (sutki clock explain, песочница)

clock-title = № { $number } · { $topic } · { $place }
clock-standing = { $status } · { $organisation }
clock-standing-held = { $status } · { $organisation } · ведёт { $name }
clock-urgent = срочное
clock-status-new = новое, не разобрано
clock-status-assigned = передано, никто не взял
clock-status-in_progress = в работе
clock-status-waiting = ждём ответа жителя
clock-status-promised = на контроле
clock-status-answered = дан ответ
clock-status-closed = закрыто

clock-name-first_answer = Первый ответ
clock-name-promise = Обещание жителю
clock-name-rework = Доработка
clock-name-paused = Ждём ответа жителя на вопрос
clock-name-rating = Оценка ответа жителем
clock-was = срок был { $when }
clock-until = до { $when }
clock-left = осталось { $left }
clock-late = просрочено на { $left }
clock-closed = Часы не идут: сообщение закрыто ({ $resolution }).

clock-label-from = Начало
clock-label-length = Длина
clock-label-rule = Правило
clock-label-calendar = Календарь
clock-label-zone = Время
clock-label-quiet = Тихие часы
clock-label-paused = Отложено
clock-label-ran = Шли раньше
clock-from-report = { $when } — когда житель написал
clock-from-late = { $when } — когда житель написал; дошло до нас { $received }
clock-from = { $when }. { $what }
clock-length-elapsed = { $length }
clock-length-working = { $length } рабочего времени
clock-length-urgent = { $length } (срочное)
clock-length-promise = до даты, которую назвали жителю
clock-rule-default = общие правила региона ([clock])
clock-rule = { $rule }
clock-rule-ladder = { $rule }; напоминания — из правила { $ladder }
clock-calendar = { $id }: { $days }, { $opens }–{ $closes }, без праздников
clock-calendar-plain = { $id }: { $days }, { $opens }–{ $closes }
clock-calendar-missing = { $calendar }. Переносов { $year } года в нём нет
clock-zone = { $zone } (UTC{ $offset })
clock-quiet = { $from }–{ $to }
clock-quiet-off = нет
clock-quiet-disregarded = { $from }–{ $to }, но по этому правилу их не ждём
clock-quiet-urgent = { $from }–{ $to }, но срочное их не ждёт
clock-paused-left = от первого срока осталось { $left }; пойдёт дальше, когда житель ответит
clock-paused-over = первый срок уже прошёл; часы пойдут дальше, когда житель ответит
clock-ran = { $clock }: { $from } – { $to }
clock-ran-overdue = { $clock }: { $from } – { $to }, с просрочкой

clock-did-report = Житель написал
clock-did-assign = Передано: { $target }
clock-did-take = Взято в работу: { $name }
clock-did-release = Снова без исполнителя
clock-did-refuse = Отказ «не моё»: { $target }
clock-did-ask = Вопрос жителю: { $name }
clock-did-answer = Ответ жителю: { $name }
clock-did-answer_interim = Промежуточный ответ ({ $name }): обещано до { $when }
clock-did-extend = Обещание продлено до { $when }: { $reason }
clock-did-reassign = Передано: { $target }
clock-did-return = Возвращено на доработку: { $reason }
clock-did-reply = Житель написал ещё
clock-did-rate = Житель оценил ответ
clock-did-contest = Житель не согласен с ответом
clock-did-withdraw = Житель отозвал сообщение
clock-did-merge = Объединено с № { $target }
clock-did-split = Разделено: { $name }
clock-did-close = Закрыто
clock-did-reopen = Снова открыто: { $reason }
clock-did-recompute = Срок пересчитан по новым правилам: { $when }

clock-step-share = Прошло { $share } % срока
clock-step-before = До срока { $length }
clock-step-after = После срока { $length }
clock-step-deadline = Срок
clock-step-late = После срока, раз в { $every }: { $count }-й раз
clock-step-nudge = Напоминание жителю: ждём его ответа
clock-step-asked = Куратор попросил напомнить
clock-step-held = Утром: то, что пришлось на тихие часы
clock-step-other = Шаг «{ $name }»
clock-step-skipped = { $step }: не сказано — важнее было следующее
clock-step-close-paused = Закроется само, если житель не ответит
clock-step-close-rating = Закроется само: оценить ответ можно до этого срока
clock-step-also = ещё и: { $steps }

clock-to-holder = { $name }, ведёт
clock-to-deputy = { $name }, замещает
clock-to-duty = { $name }, дежурит
clock-to-colleague = { $name }
clock-to-chat = чат «{ $name }»
clock-to-desk = чат кураторов «{ $name }»
clock-to-curator = { $name }, куратор
clock-to-head = { $name }, руководитель
clock-to-citizen = житель
clock-to-named = { $who }, названы: { $names }
clock-to-lost = { $who } — не доставлено
clock-to-nobody = никому: нет ни чата, ни людей

clock-told-away = { $name } — вместо: { $instead }, до { $until }
clock-told-on-duty = { $name } — дежурит до { $until }
clock-told-nobody-on-duty = дежурных нет, поэтому всем
clock-told-overdue = срок прошёл, поэтому не только дежурным
clock-told-unsorted = орган не назначен, поэтому кураторам
clock-told-nobody-there = тех, кому следовало бы, нет, поэтому { $name }
clock-told-asleep = { $name } — тихие часы, придёт { $when }
clock-told-silent = { $name } — «Взял на контроль», не напоминаем

clock-why-evening = своё время — { $own }, это тихие часы; чтобы успеть, скажем вечером до них
clock-why-morning = своё время — { $own }, это тихие часы; вечера до них уже нет, скажем утром
clock-why-urgent = тихие часы, но сообщение срочное: не ждём
clock-why-step = тихие часы, но этот шаг их не ждёт
clock-why-only-now = тихие часы, но утром было бы поздно
clock-why-disregarded = тихие часы, но по этому правилу их не ждём
clock-why-rest = нерабочие дни не считаются: { $days }{ $holidays ->
    [0] {""}
   *[other] , из них праздников: { $holidays }
}
clock-why-late = своё время прошло { $own }: скажем сразу

clock-after-daily = Дальше — раз в { $every }, пока не ответят.
clock-after-nothing = Больше часы ничего не скажут.
clock-in = через { $left }
clock-days-week = пн–пт
clock-days-six = пн–сб
clock-days-all = ежедневно
clock-weekday = { $day ->
    [0] пн
    [1] вт
    [2] ср
    [3] чт
    [4] пт
    [5] сб
   *[6] вс
}

clock-past = Что было
clock-now = сейчас { $when }
clock-coming = Что будет, если ничего не изменится
clock-line-to = кому: { $to }
clock-unknown = Сообщения № { $number } нет.
clock-not-loaded = Файл региона ещё не загружен: правил часов пока нет. Загрузите: sutki region load region.toml
