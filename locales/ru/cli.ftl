## Командная строка `sutki …`

cli-help = «Сутки»: жители пишут о проблемах в мессенджер, ответственные отвечают из чата, а часы никого не забывают.
cli-run-help = Запустить ботов по-настоящему. Настройки — из окружения и файла .env; их список — в .env.example.
cli-sandbox-help = Попробовать без токенов. Запускает местные Telegram и VK и страницу с телефонами для браузера.
cli-sandbox-port = Порт страницы.
cli-sandbox-folder = Где хранить всё, что случилось в песочнице.
cli-sandbox-reset = Забыть всё, что там сказано, и выйти.
cli-version-help = Показать версию и то, на чём она работает.
cli-region-help = Проверить или загрузить файл региона. В нём темы, территории, органы, маршруты и аккаунты.
cli-region-file = Файл региона (TOML).
cli-region-check-help = Показать все ошибки файла региона. Каждая — с номером строки.
cli-region-load-help = Загрузить файл региона. Повторная загрузка ничего не меняет; то, на что ссылаются сообщения, не теряется.
cli-region-dry-run = Только показать, что изменится.
cli-clock-help = Объяснить часы сообщения.
cli-clock-explain-help = Показать часы одного сообщения: что шло и идёт, что сказано, что и кому скажут дальше и почему.
cli-clock-number = Номер сообщения.
cli-clock-recompute-help = Показать, что новые правила часов меняют в открытых сообщениях. Сами по себе они идут по прежним.
cli-clock-apply = Изменить, а не только показать.
cli-clock-also-later = И там, где срок станет позже: жителю об этом скажем.
cli-clock-yes = Не переспрашивать.
cli-recompute-open = Открытых сообщений: { $count }. По новым правилам изменится: { $changed }.
cli-recompute-overdue = Срок раньше и уже прошёл: { $count }
cli-recompute-earlier = Срок раньше: { $count }
cli-recompute-later = Срок позже: { $count }
cli-recompute-later-kept = Останутся как есть: жителю обещали раньше. Перенести и сказать ему: --also-later
cli-recompute-later-told = Жителям скажем, что срок изменился.
cli-recompute-waiting = Ждут жителя, изменится время ожидания или остаток срока: { $count }
cli-recompute-reminders = Срок прежний, изменится время напоминаний: { $count }
cli-recompute-line = № { $number } ({ $clock }): { $before } → { $after }
cli-recompute-more = и ещё { $count }
cli-recompute-hint = Пока ничего не изменено. Изменить: sutki clock recompute --apply
cli-recompute-sure = Изменить часы { $count ->
    [one] { $count } сообщения?
   *[other] { $count } сообщений?
}
cli-recompute-nothing = Ничего не изменено.
cli-recompute-done = Изменено: { $count }.
cli-recompute-missed = Пропущено, их как раз меняли другие: { $count }. Повторите команду.
cli-region-recompute = Часы открытых сообщений идут по прежним правилам. Что в них изменилось бы: sutki clock recompute
cli-invite-help = Пригласить человека на роль или подключить рабочий чат. Человеку — одноразовая ссылка и её QR-код, чату — одноразовый код для /connect.
cli-invite-organisation = Идентификатор органа из файла региона. Для куратора и администратора не нужен.
cli-invite-role = Роль того, кто откроет ссылку.
cli-invite-days = Сколько дней приглашение действует.
cli-invite-chat = Не человек, а рабочий чат: показать код для /connect. С --role curator — чат кураторов.
cli-invite-account = Только для этого аккаунта, например vk/biysk. Без него — ссылка для каждого.
cli-invite-qr = Рисовать QR-коды.
cli-doctor-help = Проверить всё и сказать, что исправить. Смотрит настройки, токены, базу, часы, файл региона и людей; код 1, если что-то не так.

## Настройки

cli-settings-heading = Настройки не подходят:
cli-settings-bad = { $variable }: значение не подходит.
cli-settings-database = { $variable }: нужен адрес базы вида sqlite:///data/sutki.db или postgresql://имя:пароль@сервер/база.
cli-settings-database-file = { $variable }: после sqlite:/// нужен путь к файлу и больше ничего, например sqlite:///data/sutki.db или, от корня, sqlite:////srv/sutki.db; вопросительный знак в нём пишется %3F.
cli-settings-database-port = { $variable }: порт сервера — число от 1 до 65535.
cli-settings-database-option = { $variable }: после вопросительного знака стоит неизвестное. Можно { $known }; остальное для PostgreSQL задаётся его переменными, например PGSSLROOTCERT.
cli-settings-address = { $variable }: нужен адрес, который начинается с http:// или https://, а не «{ $value }».
cli-settings-log = { $variable }: непонятное слово «{ $value }». Уровень: { $levels }; вид: { $forms }; например «info,json».
cli-settings-hours = { $variable }: нужно число часов, например 26, или off, а не «{ $value }».
cli-settings-listen = { $variable }: нужно адрес:порт, например 127.0.0.1:8081, или off, а не «{ $value }».
cli-settings-file = { $variable }: файл с секретом не читается: { $why }.
cli-settings-file-not-utf8 = { $variable }: файл с секретом должен быть в UTF-8; важна его первая строка.
cli-settings-dotenv = { $path }: файл не читается: { $why }.
cli-settings-dotenv-not-utf8 = { $path }:{ $line }: файл должен быть в UTF-8.
cli-settings-folder = Папку для базы { $path } не создать: { $why }.
cli-settings-region = Нет файла региона { $path }. Скопируйте examples/altai.toml в region.toml и исправьте под себя или назовите свой файл в SUTKI_REGION.

## Песочница

cli-sandbox-not-ours = В папке { $path } лежит не песочница; чужое не стираем. Назовите другую папку: --folder.
cli-sandbox-no-folder = Папка { $path } не годится: { $why }. Назовите другую: --folder.
cli-sandbox-damaged = Песочница в папке { $path } повреждена. Начать заново: make sandbox-reset
cli-sandbox-forgotten = Песочница всё забыла.

## Файл региона

cli-region-unreadable = { $path }: файл не читается: { $why }.
cli-region-not-utf8 = { $path }: файл должен быть в кодировке UTF-8.
cli-region-errors = { $count ->
    [one] Нашлась { $count } ошибка.
    [few] Нашлись { $count } ошибки.
   *[many] Нашлось { $count } ошибок.
}
cli-region-remark = Обратите внимание: { $remark }
cli-region-good = { $title }: всё верно. Тем: { $topics }, территорий: { $territories }, органов: { $organisations }, маршрутов: { $routes }, аккаунтов: { $accounts }.
cli-region-same = Этот файл уже загружен; менять нечего.
cli-region-loaded = Загружено.
cli-region-would = Пока ничего не изменено (--dry-run).
cli-region-in-use = Нельзя убрать, на это ссылаются сообщения, роли или чаты:
cli-region-in-use-hint = Верните их в файл (название можно менять, идентификатор — нет).
cli-region-kind = { $kind ->
    [topic] тема
    [territory] территория
    [organisation] орган
    [account] аккаунт
    [danger] опасность
    [route] маршрут
   *[settings] общие правила
}
cli-region-none-loaded = Файл региона ещё не загружен. Загрузите: sutki region load region.toml

## Приглашения

cli-invite-role-needed = Назовите роль: --role official, head, curator или administrator; или подключите чат: --chat.
cli-invite-organisation-needed = Назовите орган: --organisation. Есть: { $known }.
cli-invite-organisation-not-needed = Куратор и администратор отвечают за весь регион: --organisation для них не нужен.
cli-invite-chat-role = Чат подключают к органу (--organisation) или к кураторам (--role curator); другой роли у чата нет.
cli-invite-unknown-organisation = Нет органа «{ $value }». Есть: { $known }.
cli-invite-unknown-account = Нет аккаунта «{ $value }». Есть: { $known }.
cli-invite-for = { $role }{ $organisation ->
    [none] {""}
   *[other] , { $organisation }
}. Одна ссылка — один человек, до { $until } (UTC).
cli-invite-link = { $account } ({ $title }): { $link }
cli-invite-unidentified = { $account }: ссылки не будет — { $why ->
    [token] нет токена в { $variable }
    [refused] токен не подошёл
   *[away] мессенджер не отвечает
}.
cli-invite-no-links = Ни один аккаунт не подключён, открыть приглашение негде. Проверьте: sutki doctor
cli-invite-connect = Добавьте бота в рабочий чат и отправьте там (одна команда — один чат, до { $until } UTC):

## Врач

cli-doctor-settings = Настройки читаются.
cli-doctor-unknown-variable = { $variable } ничего не значит{ $nearest ->
    [none] . Уберите её.
   *[other] . Вероятно, имелось в виду { $nearest }.
}
cli-doctor-region-missing = Нет файла региона { $path }. Скопируйте examples/altai.toml и исправьте под себя.
cli-doctor-region-wrong = В файле региона { $path } есть ошибки. Покажет: sutki region check { $path }
cli-doctor-region-good = Файл региона { $path } верен.
cli-doctor-region-not-loaded = Файл региона ещё не загружен: его загрузит первый sutki run или sutki region load.
cli-doctor-no-accounts = Ни у одного аккаунта нет токена: боту негде разговаривать.
cli-doctor-calendar-missing = В рабочем календаре нет { $year } года: праздники и переносы неизвестны. Обновите программу или добавьте год в файл региона (docs/region.md, [[calendars]]).
cli-doctor-region-differs = Файл региона { $path } отличается от загруженного. Его загрузит следующий sutki run, а сразу — sutki region load { $path }
cli-doctor-database-good = База отвечает: { $kind }.
cli-doctor-database-away = База не отвечает ({ $why }). Проверьте SUTKI_DATABASE и запущена ли она.
cli-doctor-database-empty = База пуста: её заполнит первый запуск sutki run или sutki region load.
cli-doctor-database-old = Схема базы ({ $found }) — от другой версии. Старую обновит sutki run; новую — вернёт более новая программа.
cli-doctor-database-sqlite = SQLite { $version }, журнал { $journal }.
cli-doctor-token-missing = { $account } не подключён: нет { $variable } (или { $variable }_FILE с путём к файлу). Как получить токен — docs/channels.md.
cli-doctor-token-wrong = { $account }: токен из { $variable } не подошёл. Получите новый (docs/channels.md).
cli-doctor-account-away = { $account }: мессенджер не отвечает. Проверьте сеть и адрес { $address }.
cli-doctor-account-good = { $account }: это { $title }, { $link }
cli-doctor-account-problem = { $account }: { $problem }
cli-doctor-clock-wrong = Часы этой машины расходятся с { $host } на { $seconds } с. Настройте время (NTP): от них зависят сроки.
cli-doctor-clock-good = Часы верны.
cli-doctor-no-curator = Нет ни одного куратора: некому разбирать сообщения. sutki invite --role curator
cli-doctor-organisation-empty = { $title }: некому отвечать. sutki invite --organisation { $organisation } --role official
cli-doctor-organisation-no-chat = { $title }: нет рабочего чата, карточки придут только в личные сообщения. sutki invite --organisation { $organisation } --chat
cli-doctor-well = Всё в порядке.
cli-doctor-count = { $count ->
    [one] Исправить нужно { $count } вещь.
    [few] Исправить нужно { $count } вещи.
   *[many] Исправить нужно { $count } вещей.
}
