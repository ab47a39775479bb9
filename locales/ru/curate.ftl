## The curators' desk: sorting, lists, escalations

button-back = ◀ Назад
button-more = Ещё ▶
button-rework = Вернуть на доработку
button-close = Закрыть

curate-only = Это могут только кураторы.
curate-not-here = Здесь читают другие. Откройте это в личной переписке или в чате кураторов.
curate-queue-empty = Всё разобрано. Хорошей смены!
curate-button-next = Следующее ({ $count })
curate-button-skip = Следующее
curate-sorted = № { $number } → { $organisation } ✓
curate-sorted-already = Это сообщение уже разобрано.
curate-answered = № { $number }: ответ дан ✓
curate-closed = № { $number }: { $what } ✓
curate-noted = № { $number }: { $what } ✓
curate-which-topic = Тема № { $number }?
curate-which-place = Где это? № { $number }
curate-which-organisation = Кому передать № { $number }?
curate-why-rework = Почему ответ по № { $number } нужно доработать?
curate-close-as = Чем закончилось № { $number }?
curate-returned = № { $number } вернули на доработку: { $reason }. Новый ответ нужен до { $when }.

reason-off-point = не по существу
reason-no-date = нет срока
reason-rude = грубо
reason-personal = личные данные
reason-materials = ждём материалы
reason-contractor = нужен подрядчик
reason-weather = мешает погода

watch-overdue = 🔴 Просрочено: { $count }
watch-overdue-none = Просроченных нет. Так держать!
watch-due = ⏳ Срок меньше 4 часов: { $count }
watch-due-none = В ближайшие 4 часа сроки не истекают.
watch-undelivered = 📭 Ответ не дошёл: { $count }
watch-undelivered-none = Все ответы дошли.
watch-line = № { $number } · { $topic } · { $place } · { $time } · { $organisation } · { $holder }
watch-not-taken = никто не взял
watch-unknown = № { $number } не найден.
watch-not-yours = Это не ваше: карточку видят только те, кто за неё отвечает.
watch-reminded = Напомнили: { $organisation }.
watch-reminded-already = По № { $number } уже напоминали в { $when }. Чуть позже — ещё раз.
watch-nothing-to-remind = По № { $number } сейчас никто не должен отвечать.
watch-nobody = Напомнить некому: { $organisation }. Лучше передать.
watch-controlled = На контроле у вас: повторять это напоминание не будем.
watch-controlled-already = Уже на контроле у вас.
watch-control-late = Это напоминание уже устарело.
watch-asked = Напомнили в { $when }.
charge-only = Это могут кураторы и руководитель органа, который отвечает.
watch-controlled-by = На контроле: { $name }.
