# Ошибки файла региона. Каждая — после «строка N, место:».

region-syntax = это не TOML: { $problem ->
    [twice] такой ключ или раздел уже был; список разделов пишут в двойных скобках — [[topics]]
    [unclosed] не закрыта скобка «]» или «{"}"}»
    [unclosed-text] не закрыта кавычка
    [equals] после ключа нужен знак «=»
    [value] значение не читается; текст пишут в кавычках: "так"
    [statement] здесь ждали ключ или заголовок раздела, например [region]
    [newline] после значения должна начинаться новая строка
    [bracket] заголовок раздела не закрыт скобкой «]»
    [backslash] обратную черту в кавычках пишут дважды: \\
   *[other] { $detail }
}
region-missing = не хватает ключа { $name }
region-missing-section = не хватает раздела [{ $name }]
region-none = нужен хотя бы один раздел [[{ $name }]]
region-unknown-key = неизвестный ключ { $value }; { $near ->
    [no] можно
   *[other] может быть, { $nearest }? Можно
}: { $allowed }
region-wrong-type = нужно: { $expected ->
    [text] текст в кавычках
    [texts] список текстов — ["один", "два"]
    [text-or-texts] текст в кавычках или список — ["один", "два"]
    [switch] true или false
    [number] целое число без кавычек
    [numbers] список целых чисел — [2027]
    [day] день в кавычках — "2026-05-12"
    [tables] список разделов — [[двойные скобки]]
   *[table] раздел из ключей — [скобки]
}; а стоит { $found ->
    [text] текст
    [number] число
    [switch] true или false
    [list] список
    [table] раздел
   *[date] дата или время
}
region-empty = пустой текст; уберите ключ или напишите что-нибудь
region-empty-list = пустой список; уберите ключ или напишите что-нибудь
region-not-one-line = текст должен быть одной строкой, без знаков табуляции
region-too-long = «{ $value }» — { $length } знаков, а можно не больше { $longest }: иначе не войдёт на кнопку или в сообщение
region-twice-in-list = «{ $value }» в этом списке уже есть
region-slug = «{ $value }» не годится: можно a–z, 0–9 и одиночный дефис между ними, например zhkh-barnaul
region-duplicate = «{ $value }» уже есть в строке { $line }
region-unknown-reference = { $kind ->
    [topic] нет темы
    [territory] нет территории
    [calendar] нет календаря
   *[organisation] нет органа
} «{ $value }»; { $near ->
    [no] есть
   *[other] может быть, { $nearest }? Есть
}: { $allowed }
region-timezone = нет часового пояса «{ $value }»{ $near ->
    [no] { "; " }пример: Asia/Barnaul
   *[other] { "; " }может быть, { $nearest }?
}
region-duration = «{ $value }» — не срок; пишут целое число и букву: 90m — минуты, 24h — часы, 5d — дни
region-duration-elapsed = «{ $value }»: здесь рабочие часы не считаются; пишут обычные: 90m, 24h, 5d
region-length = «{ $value }» — не срок; пишут целое число и букву: 90m — минуты, 24h — часы, 5d — дни, 9wh — рабочие часы
region-duration-range = «{ $value }» — слишком мало или слишком много; срок больше нуля и не больше { $longest } дн.
region-urgent-longer = срочный срок ({ $value }) не может быть длиннее обычного (first_answer, { $longest })
region-time = «{ $value }» — не время; пишут "22:00"
region-quiet-equal = тихие часы начинаются и кончаются в одно время; чтобы их не было, напишите enabled = false
region-choice = «{ $value }» здесь нельзя; { $near ->
    [no] можно
   *[other] может быть, { $nearest }? Можно
}: { $allowed }
region-env = нужно имя переменной окружения: A–Z, 0–9 и _, с буквы, например SUTKI_VK_BIYSK_TOKEN
region-env-token = похоже на сам токен. Здесь пишут имя переменной окружения, например SUTKI_VK_BIYSK_TOKEN, а токен считайте раскрытым и выпустите новый
region-same-token = переменная { $value } уже у канала в строке { $line }: у каждого канала свой токен
region-url = «{ $value }» не годится: нужен адрес, который начинается с https://
region-phone = «{ $value }» — не телефон: только цифры, можно с + впереди
region-keyword = «{ $value }» не читается; можно: дорога — это слово, дорог* — так начинается, дорог~ — в любом падеже, слова рядом, а + б — недалеко
region-keyword-short = «{ $value }»: до знака * или ~ нужно хотя бы две буквы
region-same-route = правило для { $value } уже есть в строке { $line }
region-cycle = территории входят одна в другую по кругу: { $value }
region-ladder-at = «{ $value }» не годится; можно: "50%", "2h before", "1wh before" (рабочий час), "deadline", "3h after"
region-ladder-after = «{ $value }» после срока: к этому времени уже начнутся повторы (repeat, { $repeat }); напомните раньше
region-ladder-twice = шаг «{ $value }» уже есть
region-ladder-no-deadline = среди шагов должен быть at = "deadline"
region-urgent-working = срочный срок — в рабочих часах, а обычный (first_answer) — нет: в выходной срочное ждало бы дольше обычного. Пишите urgent в часах: 4h
region-ladder-before-start = шаг за { $value } до срока пришёлся бы на время до начала часов: { $clock } — всего { $length }. Поставьте шаг ближе к сроку или в процентах
region-number = { $value } не годится; можно целое число от { $least } до { $most }
region-day = «{ $value }» — не день; пишут "2026-05-12"
region-day-yearly = «{ $value }» — не день; пишут "2026-05-12", а если он каждый год — "05-12"
region-no-such-day = «{ $value }»: такого дня нет
region-day-both = { $value } — и рабочий день, и выходной (строка { $line }); оставьте что-то одно
region-day-short = { $value } — выходной, он не может быть короче на час; если в этот день работают, добавьте его в working
region-calendar-built-in = календарь «{ $value }» уже есть в программе; назовите свой иначе и напишите based_on = "{ $value }"
region-calendar-hours = рабочий день с { $opens } до { $closes } не годится: он кончается позже, чем начинается, и длится больше часа. До полуночи — "24:00"
region-calendar-never = по этому календарю не работают никогда: часы в рабочем времени стояли бы вечно
region-calendar-year = в календаре «{ $value }» нет { $year } года: праздники и переносы неизвестны. Обновите программу или добавьте год сами: [[calendars]] с years = [{ $year }] и днями (docs/region.md)
region-calendar-next-year = в календаре «{ $value }» ещё нет { $year } года. Когда выйдет постановление о переносе выходных, обновите программу или добавьте год сами: [[calendars]] с years = [{ $year }] (docs/region.md)
region-calendar-unused = календарь «{ $value }» нигде не назван: напишите calendar = "{ $value }" в [clock] или в [[policies]]
region-first-answer-moved = сроки теперь пишут отдельно: [[policies]], { $kind } = "{ $id }", first_answer = …
region-same-policy = правило о сроках для { $value } уже есть в строке { $line }
region-policy-empty = правило ничего не говорит; можно: { $allowed }
region-policy-everywhere = правило не названо ни для темы (topic), ни для территории (territory); общее для всех пишут в [clock]
region-policy-shadowed = правило для { $value } никогда не сработает: обо всём, что в нём сказано, для каждой темы уже говорит более точное правило
region-policy-unrouted = для { $value } нет ни одного маршрута: такие сообщения ждут куратора. Если это не нарочно, добавьте [[routes]]

## Маршруты

region-routes-none = нет ни одного маршрута ([[routes]]): бот никому ничего не передаст
region-routes-holes = некому отвечать: { $topics } { $everywhere ->
    [yes] (нигде)
   *[no] — { $territories }
}. { $count ->
    [one] Такую { $count } пару
    [few] Такие { $count } пары
   *[many] Такие { $count } пар
} «тема × место» будут разбирать кураторы
region-routes-holes-more = и ещё { $count ->
    [one] { $count } набор
    [few] { $count } набора
   *[many] { $count } наборов
} тем, за которые некому отвечать
region-routes-idle = правило { $value } ничего не решает: везде есть более точные
region-routes-idle-more = и ещё { $count ->
    [one] { $count } правило ничего не решает
    [few] { $count } правила ничего не решают
   *[many] { $count } правил ничего не решают
}
region-routes-unrouted = к органу { $value } не ведёт ни один маршрут: сообщение попадёт к нему, только если передаст человек
region-routes-unrouted-more = и ещё { $count ->
    [one] { $count } орган без маршрута
    [few] { $count } органа без маршрута
   *[many] { $count } органов без маршрута
}
