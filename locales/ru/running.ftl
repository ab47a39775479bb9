## What the terminal says while the desk or the sandbox runs

cli-run-region-in-use = Файл региона не загружен: на то, чего в нём больше нет, ещё ссылаются сообщения или люди: { $missing }. Верните это в файл.
cli-run-token-malformed = Токен аккаунта { $account } не похож на токен. Проверьте переменную { $variable }.
cli-run-no-accounts = Не подключён ни один аккаунт. Задайте хотя бы одну из переменных с токеном: { $variables }.
cli-run-database-in-use = С базой { $path } уже работает другой процесс (PID { $process }). На SQLite может работать только один: остановите его или перейдите на PostgreSQL.
cli-database-newer = Таблицы базы сделаны более новой программой (схема { $found }); ничего не изменено. Обновите программу.
cli-run-port-taken = Адрес { $address } уже занят. Укажите другой в { $variable } или off.
cli-sandbox-port-taken = Порт { $port } уже занят. Попробуйте другой: make sandbox PORT=8090
cli-sandbox-ready = Песочница открыта: { $address }
    Остановить — Ctrl-C. Сказанное сохранится до следующего запуска; забыть всё — make sandbox-reset.
cli-sandbox-ends = Останавливаемся, сказанное сохранено.
cli-sandbox-failed = { $account }: не доставлено (№ { $number }): { $error }
cli-sandbox-uncertain = { $account }: неизвестно, дошло ли (№ { $number }): { $error }
cli-sandbox-queued = { $account }: ждёт новой попытки (№ { $number }): { $error }
