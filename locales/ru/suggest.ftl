## `sutki suggest …`: учиться на исправлениях и измерять подсказки

cli-suggest-help = Подсказки темы: научить на исправлениях людей и измерить, как часто они верны.
cli-suggest-train-help = Научить подсказки на том, что люди исправили и на что ответили. Новая модель ставится, только если на отложенных текстах она лучше нынешней.
cli-suggest-evaluate-help = Измерить подсказки на файле CSV, в котором темы известны. Текстов никому не показывает и ничего не меняет.
cli-suggest-remove-help = Убрать модель: снова решают только ключевые слова файла региона.
cli-suggest-file = Файл CSV в UTF-8 со столбцами text, topic и, если есть, territory; темы и территории — идентификаторами или названиями.
cli-suggest-model = Измерить установленную модель (нужна база) или только ключевые слова.
cli-suggest-region = Файл региона вместо того, что назван в SUTKI_REGION.
cli-suggest-no-library = Для обучения нужна библиотека scikit-learn: pip install "sutki[suggest]". Чтобы пользоваться моделью, она не нужна.
cli-suggest-too-few = Учиться пока не на чем: проверено людьми { $checked } из { $enough } нужных текстов, исправлено тем { $corrected } из { $enough_corrected } нужных. Пока решают ключевые слова.
cli-suggest-one-side = Учиться пока не на чем: все тексты — от одних и тех же людей, и сравнить не с чем.
cli-suggest-no-topics = Учиться пока не на чем: нужны хотя бы две темы, в каждой не меньше { $texts } текстов.
cli-suggest-reading = Читаем
cli-suggest-split = Учились на { $learned ->
    [one] { $learned } тексте
   *[other] { $learned } текстах
}, сравнивали на { $held ->
    [one] { $held } отложенном
   *[other] { $held } отложенных
} (пятая часть людей; на их текстах не учится ни одна модель). Исправленных тем: { $corrected }.
cli-suggest-before = Сейчас ({ $kind }): верно { $accuracy }, macro-F1 { $macro }.
cli-suggest-after = Новая модель: верно { $accuracy }, macro-F1 { $macro }.
cli-suggest-by-model = установленная модель
cli-suggest-by-keywords = ключевые слова
cli-suggest-not-better = Не установлена: лучше только в { $percent } % случайных выборок отложенных текстов, а нужно 90 %. Всё осталось как было.
cli-suggest-installed = Установлена ({ $kilobytes } КБ): лучше в { $percent } % случайных выборок. Работающие боты возьмут её за 15 секунд; вернуть ключевые слова — sutki suggest remove.
cli-suggest-removed = Модель убрана: решают только ключевые слова.
cli-suggest-none = Модель не установлена.
cli-suggest-unusable = { $why ->
    [foreign] Установленная модель сделана для другого региона.
    [topics] Тем, которые знает установленная модель, в регионе больше нет.
    [newer] Установленную модель сделала другая версия программы.
   *[unreadable] Установленная модель повреждена.
} Научить заново: sutki suggest train; убрать: sutki suggest remove.
cli-suggest-result = Текстов: { $count }. Верно { $accuracy }, macro-F1 { $macro } ({ $kind }).
cli-suggest-territories = Территорий в файле: { $count }. Верно { $accuracy }; не названо или неясно: { $none }.
cli-suggest-head-topic = тема
cli-suggest-head-count = текстов
cli-suggest-head-precision = точность
cli-suggest-head-recall = полнота
cli-suggest-confusion = Что за что принято (строки — как есть, столбцы — подсказка; «—» — подсказки нет, «…» — другая тема):
cli-suggest-confused = { $truth } → { $guess }: { $count }
cli-suggest-unreadable = { $path }: файл не читается: { $why }.
cli-suggest-not-utf8 = { $path }:{ $line }: файл должен быть в кодировке UTF-8. Из Excel: «Сохранить как» → «CSV UTF-8».
cli-suggest-no-column = нет столбца { $name }. Есть: { $found }. Нужны text и topic, можно и territory
cli-suggest-empty = нет ни одного текста
cli-suggest-no-text = нет текста
cli-suggest-cells = столбцов не столько, сколько в заголовке; текст с запятыми пишут в кавычках
cli-suggest-not-csv = это не CSV: { $why }
cli-suggest-unknown-topic = нет темы «{ $value }». Есть: { $known }
cli-suggest-unknown-territory = нет территории «{ $value }»
cli-suggest-more = … и ещё { $count ->
    [one] { $count } ошибка
    [few] { $count } ошибки
   *[many] { $count } ошибок
}

## Администраторам

alarm-suggestions = Модель подсказок в базе не подходит, тему определяют только ключевые слова. Что с ней и как исправить: sutki suggest evaluate --model или sutki suggest train.
alarm-suggestions-over = С моделью подсказок снова всё в порядке (ключевые слова работали одни { $span }).

## Карточка разбора

desk-led = { $guess } — { $words }
