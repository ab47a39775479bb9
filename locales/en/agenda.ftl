## The list of the day, the morning digest, the weekly summary

agenda-official = Your list: { $count }
agenda-head = Your organisation, in need of attention: { $count }
agenda-curator = The curators' list: { $count }
agenda-nothing = There is nothing for you to do now. Well done!
agenda-not-yours = This list is not yours.

agenda-unsorted = 📥 To sort: { $count }
agenda-overdue = 🔴 Overdue: { $count }
agenda-hot = 🔥 Urgent: { $count }
agenda-today = ⏳ Due today: { $count }
agenda-waiting = ⏸ Waiting for the citizen: { $count }
agenda-free = 🆕 Nobody took it: { $count }
agenda-held = 📌 In work, in time: { $count }
agenda-undelivered = 📭 The answer did not arrive: { $count }

agenda-late = { $left } overdue
agenda-by = by { $when }
agenda-waits = waiting until { $when }
agenda-button-rest = { $count } more

digest-hello = Good morning! { $count ->
    [one] { $count } report is waiting for you.
   *[other] { $count } reports are waiting for you.
}
digest-yesterday = Yesterday: { $received ->
    [one] { $received } report came
   *[other] { $received } reports came
}, { $answered } got a first answer, { $in_time } of them in time.

week-head = The week { $first } — { $last } · { $title }
week-received = Received: { $count } (the week before { $before })
week-in-time = First answer in time: { $count } of { $of }, { $percent } (the week before { $before })
week-percent = { $percent }%
week-missed = Missed: { $count } (the week before { $before }), overdue now { $now }
week-median = Usual time to the first answer: { $span } (the week before { $before })
week-rating = Rating by citizens: { $mean } (the week before { $before })

digest-on = At 8:30 in the morning comes the list of the day, on Mondays the figures of the week. When there is nothing to tell, we do not write.
digest-off = No morning lists are sent. The list as it stands now: /my
digest-button-on = Send them
digest-button-off = Do not send them
digest-in-private = Morning lists are set in a private chat with the bot.
