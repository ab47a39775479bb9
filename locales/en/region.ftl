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
region-duration-working = “{ $value }”: working hours will come later; until then plain ones: 90m, 24h, 5d
region-duration-range = “{ $value }” is too short or too long; it must be more than nothing and at most { $longest } d
region-urgent-longer = the urgent clock cannot be longer than the usual one (first_answer)
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
region-ladder-at = “{ $value }” will not do; allowed: "50%", "2h before", "2h after", "deadline"
region-ladder-after = “{ $value }”: after the deadline a step must come before the repetition (repeat) begins
region-ladder-twice = the step “{ $value }” is already there
region-ladder-no-deadline = one of the steps must be at = "deadline"
