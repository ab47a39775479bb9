## Words that stand everywhere

span-days = { $count ->
    [one] { $count } day
   *[other] { $count } days
}
span-hours = { $count } h
span-minutes = { $count } min

number = No. { $number }
unknown-topic = no topic yet
unknown-place = no place yet
somebody = a colleague
author-unknown = author unknown

status-new = finding who will answer
status-assigned = passed on
status-in_progress = in progress
status-waiting = waiting for your reply
status-promised = interim answer given
status-answered = answered
status-closed = closed

resolution-solved = solved
resolution-explained = answered
resolution-not_ours = not ours
resolution-duplicate = duplicate
resolution-withdrawn = withdrawn
resolution-no_reply = no reply to our question
resolution-spam = spam

role-official = official
role-head = head
role-curator = curator
role-administrator = administrator

source-telegram = Telegram
source-vk = VK
scene-private = private message
scene-group = message in a group
scene-comment = comment

file-photo = 📷
file-video = 🎬
file-round = 🎬
file-voice = 🎤
file-audio = 🎵
file-document = 📎
file-sticker = 🙂

cancel = Cancel
yes = Yes
no = No
