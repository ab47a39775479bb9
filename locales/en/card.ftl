## The card of an incident in a working chat, and what is said around it

card-head = No. { $number } · { $topic } · { $time }
card-urgent = ❗ Urgent: { $danger }
card-danger-other = a curator's decision
card-time-due = ⏳ due by { $when } ({ $left })
card-time-overdue = 🔴 overdue by { $left }
card-time-promised = 🤝 promised by { $when }
card-time-promise-missed = 🔴 the promised time has passed: { $when }
card-time-paused = ⏸ waiting for the citizen until { $when }
card-time-answered = ✅ answered
card-time-closed = ✔ closed: { $resolution }
card-place = { $place } · { $source }, { $scene }
card-point = 📍 https://www.openstreetmap.org/?mlat={ $latitude }&mlon={ $longitude }#map=17/{ $latitude }/{ $longitude }
card-text = “{ $text }”{ $files }
card-only-files = { $files }
card-longer = … and { $count ->
    [one] { $count } more character
   *[other] { $count } more characters
}
card-author = From: { $name }
card-author-again = From: { $name }, report { $count } this month
card-held = In progress: { $name }, since { $since }
card-undelivered = ⚠ The answer did not reach the citizen
card-title = No. { $number } · { $topic } · { $place }
card-title-plain = No. { $number } · { $topic }
card-title-done = ✅ { $title }

button-take = I take it
button-release = Give it back
button-refuse = Not mine
button-question = Ask the citizen
button-answer = Answer
button-interim = Interim answer
button-full = Show all of it
button-give-up = Close without an answer

thread-more = The citizen added to No. { $number }:
thread-reply = The citizen replied about No. { $number }:
thread-edited = The citizen changed a message about No. { $number }:
thread-thanks = The citizen writes about No. { $number }: “{ $text }”
thread-quote = “{ $text }”
thread-contested = ↩ The citizen does not agree with the answer to No. { $number }: { $verdict ->
    [partly] solved in part
   *[no] not solved
}. The report is open again, an answer is due by { $when }.
thread-rated = The citizen about No. { $number }: the problem is solved{ $stars ->
    [0] {""}
   *[other] , { $stars } of 5 stars
}.
thread-withdrawn = The citizen withdrew No. { $number }. No answer is needed.
thread-moved = No. { $number } was passed to { $organisation }. No answer is needed here.
thread-moved-desk = No. { $number } went back to the curators: { $reason }. No answer is needed here.
thread-released = No. { $number } is free again: { $name } no longer holds it. The deadline stays.
thread-returned = ↩ A curator returned the answer to No. { $number }: { $reason }. An answer is due by { $when }.
thread-reopened = ↩ A curator reopened No. { $number }: { $reason }. An answer is due by { $when }.
thread-resumed = ↩ The citizen has answered the question about No. { $number } after all. It is in work again, an answer is due by { $when }.
thread-closed = A curator closed No. { $number }: { $resolution }.
thread-extended = The promise for No. { $number } was extended to { $when }: { $reason }.
thread-merged = No. { $number } was merged with No. { $target }. Both citizens will get its answer.
thread-expired = No. { $number } is closed: the citizen did not reply to the question.
thread-answered = { $name } answered the citizen about No. { $number }:
thread-promised = { $name } promised the citizen an answer about No. { $number } by { $when }:
thread-asked = { $name } asked the citizen about No. { $number }:
thread-before = Before this, on No. { $number }:
thread-before-question = Asked: { $said }
thread-before-interim = Interim answer: { $said }
thread-before-answer = Answer: { $said }
thread-before-reply = Citizen: { $said }
