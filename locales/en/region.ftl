# What can be wrong with a region file. Each stands after "line N, place:".

region-syntax = this is not TOML: { $problem ->
    [twice] this key or table is already there; a list of tables has double brackets, [[topics]]
    [unclosed] a bracket is not closed, "]" or "{"}"}"
    [unclosed-text] a quotation mark is not closed
    [equals] a key must be followed by "="
    [value] the value cannot be read; a text stands in quotation marks
    [statement] a key or the header of a table was expected, e.g. [region]
    [newline] a new line must begin after the value
    [bracket] the header of the table is not closed with "]"
    [backslash] a backslash in quotation marks is written twice: \\
   *[other] { $detail }
}
region-missing = the key { $name } is missing
region-missing-section = the table [{ $name }] is missing
region-none = there must be at least one [[{ $name }]]
region-unknown-key = unknown key { $value }; { $near ->
    [no] allowed
   *[other] perhaps { $nearest }? Allowed
}: { $allowed }
region-wrong-type = this must be { $expected ->
    [text] a text in quotation marks
    [texts] a list of texts, ["one", "two"]
    [text-or-texts] a text in quotation marks or a list, ["one", "two"]
    [switch] true or false
    [number] a whole number without quotation marks
    [numbers] a list of whole numbers, [2027]
    [day] a day in quotation marks, "2026-05-12"
    [tables] a list of tables, [[double brackets]]
   *[table] a table of keys, [brackets]
}, not { $found ->
    [text] a text
    [number] a number
    [switch] true or false
    [list] a list
    [table] a table
   *[date] a date or a time
}
region-empty = an empty text; leave the key out or write something
region-empty-list = an empty list; leave the key out or write something
region-not-one-line = the text must be one line, without tabs
region-too-long = “{ $value }” has { $length } characters, at most { $longest } fit on a button or into a message
region-twice-in-list = “{ $value }” is already in this list
region-slug = “{ $value }” will not do: a–z, 0–9 and single hyphens between them, e.g. zhkh-barnaul
region-duplicate = “{ $value }” is already there in line { $line }
region-unknown-reference = there is no { $kind ->
    [topic] topic
    [territory] territory
    [calendar] calendar
   *[organisation] organisation
} “{ $value }”; { $near ->
    [no] there are
   *[other] perhaps { $nearest }? There are
}: { $allowed }
region-timezone = there is no time zone “{ $value }”{ $near ->
    [no] { "; " }an example: Asia/Barnaul
   *[other] { "; " }perhaps { $nearest }?
}
region-duration = “{ $value }” is no length of time; write a whole number and a letter: 90m for minutes, 24h for hours, 5d for days
region-duration-elapsed = “{ $value }”: working hours are not counted here; write plain ones: 90m, 24h, 5d
region-length = “{ $value }” is no length of time; write a whole number and letters: 90m for minutes, 24h for hours, 5d for days, 9wh for working hours
region-duration-range = “{ $value }” is too short or too long; it must be more than nothing and at most { $longest } d
region-urgent-longer = the urgent clock ({ $value }) cannot be longer than the usual one (first_answer, { $longest })
region-time = “{ $value }” is no time of day; write "22:00"
region-quiet-equal = quiet hours begin and end at the same time; write enabled = false to have none
region-choice = “{ $value }” cannot stand here; { $near ->
    [no] allowed
   *[other] perhaps { $nearest }? Allowed
}: { $allowed }
region-env = this must be the name of an environment variable: A–Z, 0–9 and _, a letter first, e.g. SUTKI_VK_BIYSK_TOKEN
region-env-token = this looks like the token itself. Write the name of an environment variable, e.g. SUTKI_VK_BIYSK_TOKEN; take the token for disclosed and make a new one
region-same-token = the variable { $value } belongs to the account in line { $line } already; every account has its own token
region-url = “{ $value }” will not do: an address that begins with https:// is needed
region-phone = “{ $value }” is no telephone number: digits only, + may stand first
region-keyword = “{ $value }” cannot be read; allowed: дорога for this word, дорог* for what begins so, дорог~ for any case, words side by side, а + б for near each other
region-keyword-short = “{ $value }”: at least two letters must stand before * or ~
region-same-route = there is a rule for { $value } already in line { $line }
region-cycle = territories lie in one another in a ring: { $value }
region-ladder-at = “{ $value }” will not do; allowed: "50%", "2h before", "1wh before" (a working hour), "deadline", "3h after"
region-ladder-after = “{ $value }” after the deadline: the repetition (repeat, { $repeat }) has begun by then; let the step come earlier
region-ladder-twice = the step “{ $value }” is already there
region-ladder-no-deadline = one of the steps must be at = "deadline"
region-urgent-working = the urgent clock counts working hours and the usual one (first_answer) does not: on a day off the urgent one would be the longer. Write urgent in hours: 4h
region-ladder-before-start = a step { $value } before the deadline would come before the clock starts: { $clock } is only { $length }. Let it come nearer to the deadline, or write a percentage
region-number = { $value } will not do; a whole number from { $least } to { $most } may stand here
region-day = “{ $value }” is no day; write "2026-05-12"
region-day-yearly = “{ $value }” is no day; write "2026-05-12", or "05-12" for one of every year
region-no-such-day = “{ $value }”: there is no such day
region-day-both = { $value } is a working day and a holiday (line { $line }); leave one of them
region-day-short = { $value } is a day off, it cannot be an hour shorter; if people work then, add it to working
region-calendar-built-in = the program has a calendar “{ $value }” already; give yours another id and write based_on = "{ $value }"
region-calendar-hours = a working day from { $opens } until { $closes } will not do: it must end later than it begins and last more than an hour. Until midnight is "24:00"
region-calendar-never = nobody ever works by this calendar: clocks of working time would stand still for ever
region-calendar-year = the calendar “{ $value }” does not have the year { $year }: its holidays and moved days are unknown. Update the program, or add the year yourself: [[calendars]] with years = [{ $year }] and its days (docs/region.md)
region-calendar-next-year = the calendar “{ $value }” does not have the year { $year } yet. When the decree about moved days is out, update the program, or add the year yourself: [[calendars]] with years = [{ $year }] (docs/region.md)
region-calendar-unused = the calendar “{ $value }” is not named anywhere: write calendar = "{ $value }" in [clock] or in [[policies]]
region-first-answer-moved = lengths of clocks have their own section now: [[policies]], { $kind } = "{ $id }", first_answer = …
region-same-policy = there is a policy for { $value } already in line { $line }
region-policy-empty = this policy says nothing; allowed: { $allowed }
region-policy-everywhere = this policy names no topic and no territory; what goes for all stands in [clock]
region-policy-shadowed = the policy for { $value } is never heard: for every topic a more specific one says all that it says
region-policy-unrouted = there is no route for { $value }: such messages wait for a curator. Unless that is meant, add [[routes]]

## Routes

region-routes-none = there is no route at all ([[routes]]): the bot will pass nothing on to anybody
region-routes-holes = nobody answers for { $topics } { $everywhere ->
    [yes] (anywhere)
   *[no] in { $territories }
}; curators will sort { $count ->
    [one] this { $count } pair
   *[other] these { $count } pairs
} of topic × place
region-routes-holes-more = and { $count ->
    [one] { $count } more set
   *[other] { $count } more sets
} of topics nobody answers for
region-routes-idle = the rule { $value } decides nothing: there are more specific ones everywhere
region-routes-idle-more = and { $count ->
    [one] { $count } more rule decides nothing
   *[other] { $count } more rules decide nothing
}
region-routes-unrouted = no route leads to { $value }: it gets only what people pass on to it
region-routes-unrouted-more = and { $count ->
    [one] { $count } more organisation without a route
   *[other] { $count } more organisations without a route
}
