# Who is away and who is on duty

command-away = I will be away: dates and a deputy
command-duty = who is on duty

spell-button-1 = Today
spell-button-2 = Today and tomorrow
spell-button-7 = A week
spell-day = the end of { $day }
spell-until = until { $until }
spell-from = from { $since } until { $until }
spell-unclear = These dates are not clear.
spell-no-day = There is no such day.
spell-past = That time has passed.
spell-backwards = The end comes before the beginning.
spell-long = That is more than a year.

away-in-private = Please write /away to the bot in private.
away-when = When will you be away? Press a button or write "until Friday", "from 15 March to 20 March", "from 15 March 8:00 to 16 March 20:00".
away-deputy = You will be away { $period }. Who stands in for you at { $organisation }?
away-button-nobody = Nobody
away-deputy-away = { $name } is away then: { $period }. Please choose somebody else.
away-deputy-gone = { $name } does not work here any more. Please choose somebody else.
away-standing = You are away { $period }.
away-standing-deputy = Standing in: { $name } ({ $organisation }). Your incidents stay yours, the reminders go to your deputy.
away-standing-nobody = Nobody stands in ({ $organisation }): the reminders go to whoever is on duty, or to all colleagues.
away-on-duty = ⚠ You are down for duty then: /duty
away-stands-in = ⚠ You stand in for { $name } ({ $period }). While you are away their reminders go to your own deputy.
away-button-back = I am back
away-button-cancel = Cancel
away-button-change = Change
away-not = You are not away.
away-cancelled = Cancelled: you are at work.
away-begins = You stand in for { $name }, until { $until }.
away-begins-nothing = Nothing is open now.
away-incident = No. { $number } · { $time }
away-more = … and { $count } more
away-over = { $name } is back, you need not stand in any more.
away-welcome = { $count ->
    [0] You are back at work. Nothing waits for you.
   *[other] You are back at work. Waiting for you: { $count }.
}

duty-title = Duty: { $organisation }
duty-now = Now: { $name }, until { $until }
duty-nobody = Nobody is on duty now: reminders go to everybody.
duty-next = Next: { $name }, { $period }
duty-away = ⚠ Away { $period }. { $name ->
    [none] Nobody stands in.
   *[other] Standing in: { $name }
}
duty-button-set = Put on duty
duty-button-off = Take off: { $name }
duty-button-other = Another organisation
duty-only = Duty is set by the head of the organisation and by curators.
duty-which = Whose duty?
duty-who = Who will be on duty at { $organisation }?
duty-nobody-there = There is nobody at { $organisation } yet. Invite people first.
duty-not-there = { $name } is away then: { $period }.
duty-when = { $name }: for what time? Press a button or write "until Friday", "from 15 March to 20 March", "from 15 March 8:00 to 16 March 8:00".
duty-set = { $name } is on duty { $period } ✓
duty-off = { $name } is not on duty any more ({ $period }).
duty-off-already = This shift is over or was called off.
duty-you = You are on duty { $period }: { $organisation }. Reminders of deadlines come to you in private, too.
duty-you-off = You are off duty: { $organisation }, { $period }.

card-duty = On duty: { $names }
