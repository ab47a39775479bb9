## Words that stand everywhere

span-days = { $count ->
    [one] { $count } день
    [few] { $count } дня
   *[many] { $count } дней
}
span-hours = { $count } ч
span-minutes = { $count } мин

number = № { $number }
unknown-topic = тема не указана
unknown-place = место не указано
somebody = коллега
author-unknown = автор не указан

status-new = ищем, кто ответит
status-assigned = передано
status-in_progress = в работе
status-waiting = ждём вашего ответа
status-promised = на контроле
status-answered = дан ответ
status-closed = закрыто

resolution-solved = решено
resolution-explained = дан ответ
resolution-not_ours = не к нам
resolution-duplicate = повтор
resolution-withdrawn = отозвано
resolution-no_reply = житель не ответил на вопрос
resolution-spam = спам

role-official = исполнитель
role-head = руководитель
role-curator = куратор
role-administrator = администратор

source-telegram = Telegram
source-vk = ВКонтакте
scene-private = личное сообщение
scene-group = сообщение в группе
scene-comment = комментарий

file-photo = 📷
file-video = 🎬
file-round = 🎬
file-voice = 🎤
file-audio = 🎵
file-document = 📎
file-sticker = 🙂

cancel = Отмена
yes = Да
no = Нет
