## A citizen and their own incidents

mine-nothing = Ваших сообщений пока нет. Напишите одним сообщением, что случилось и где, — можно с фото.
mine-unknown = Сообщения № { $number } среди ваших нет. Список ваших сообщений: /my
mine-in-private = О своих сообщениях спросите нас в личной переписке.
mine-answer-by = ответим до { $when }
mine-answer-late = срок прошёл { $when }, напомнили ответственным
mine-promise-by = обещали до { $when }
mine-promise-late = обещали до { $when }, напомнили ответственным

mine-which-topic = О чём сообщение № { $number }?
mine-which-place = Где это? Выберите место для № { $number }.
mine-type-place = Напишите место для № { $number } или отправьте геопозицию.
mine-button-not-listed = Нет в списке
mine-now = № { $number }: { $topic } · { $place }
mine-place-kept = Такого места нет в нашем списке, записали вашими словами.
mine-point = точка на карте
mine-passed-on = № { $number } уже в работе, передали вашу поправку исполнителю.
mine-thread-topic = Житель поправил тему № { $number }: { $what }
mine-thread-place = Житель уточнил место № { $number }: { $what }
mine-answered = По № { $number } ответ уже дан.
mine-closed = № { $number } закрыто. Если проблема осталась, напишите нам снова.
mine-open-again = № { $number } уже снова в работе.

mine-withdraw = Отозвать № { $number }?
mine-button-withdraw = Да, отозвать
mine-withdrawn = Сообщение № { $number } отозвали. Отвечать на него не будут.
mine-withdraw-not = Хорошо, № { $number } остаётся в работе.

mine-button-solved = Решено
mine-button-unsolved = Не решено
mine-solved-how = № { $number }: проблема решена? Выберите, пожалуйста, кнопкой.
mine-stars = Рады, что проблема решена. Оцените ответ по № { $number }:
mine-button-stars = { $stars } ⭐
mine-thanks = Спасибо! Ваша оценка ответа по № { $number }: { $stars } из 5.
mine-rated = Вы уже поставили оценку.
mine-remains = № { $number } снова в работе, ответим до { $when }.
    Что осталось? Напишите или пришлите фото.
