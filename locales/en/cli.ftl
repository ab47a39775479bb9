## The command line `sutki …`

cli-help = Sutki: citizens report problems in their messenger, officials answer from a chat, and a clock forgets nobody.
cli-run-help = Run the bots for real. Settings come from the environment and the file .env; .env.example lists them.
cli-sandbox-help = Try it without a token. Starts a local Telegram, a local VK and a page with phones for the browser.
cli-sandbox-port = Port of the page.
cli-sandbox-folder = Where everything that happens in the sandbox is kept.
cli-sandbox-reset = Forget everything that was said there, and end.
cli-version-help = Show the version and what it runs on.
cli-region-help = Check or load the region file. It holds topics, territories, organisations, routes and accounts.
cli-region-file = The region file (TOML).
cli-region-check-help = Show everything that is wrong with a region file. Each error comes with its line.
cli-region-load-help = Load a region file. Loading it again changes nothing, and what incidents refer to is never dropped.
cli-region-dry-run = Only show what would change.
cli-clock-help = Explain the clock of an incident.
cli-clock-explain-help = Show the clock of one incident: what ran and runs, what was said, what will be said next, to whom and why.
cli-clock-number = Number of the incident.
cli-clock-recompute-help = Show what new rules of the clock change for open incidents. By themselves these go by the old ones.
cli-clock-apply = Change them, do not only show it.
cli-clock-also-later = Also where the deadline comes later: the citizen is told.
cli-clock-yes = Do not ask again.
cli-recompute-open = Open incidents: { $count }. The new rules change: { $changed }.
cli-recompute-overdue = Deadline earlier, and over already: { $count }
cli-recompute-earlier = Deadline earlier: { $count }
cli-recompute-later = Deadline later: { $count }
cli-recompute-later-kept = They stay as they are: the citizen was told an earlier time. To move them and tell: --also-later
cli-recompute-later-told = The citizens will be told that the time has changed.
cli-recompute-waiting = Waiting for the citizen, the wait or what is left afterwards changes: { $count }
cli-recompute-reminders = Same deadline, reminders at other times: { $count }
cli-recompute-line = № { $number } ({ $clock }): { $before } → { $after }
cli-recompute-more = and { $count } more
cli-recompute-hint = Nothing is changed yet. To change it: sutki clock recompute --apply
cli-recompute-sure = Change the clocks of { $count ->
    [one] { $count } incident?
   *[other] { $count } incidents?
}
cli-recompute-nothing = Nothing is changed.
cli-recompute-done = Changed: { $count }.
cli-recompute-missed = Left out, others were changing them: { $count }. Run the command again.
cli-region-recompute = The clocks of open incidents go by the old rules. What would change: sutki clock recompute
cli-invite-help = Invite a person to a role, or connect a working chat. A person gets a one-time link and its QR code, a chat a one-time code for /connect.
cli-invite-organisation = Id of the organisation in the region file. Not for curators and administrators.
cli-invite-role = The role of who opens the link.
cli-invite-days = How many days the invitation holds.
cli-invite-chat = Not a person but a working chat: show the code for /connect. With --role curator: the curators' chat.
cli-invite-account = Only for this account, e.g. vk/biysk. Without it, a link for each.
cli-invite-qr = Draw QR codes.
cli-doctor-help = Check everything and say how to mend it. Looks at settings, tokens, database, clock, region file and people; exit code 1 when something is wrong.

## Settings

cli-settings-heading = The settings cannot be used:
cli-settings-bad = { $variable }: the value cannot be used.
cli-settings-database = { $variable }: must be a database address like sqlite:///data/sutki.db or postgresql://name:password@server/database.
cli-settings-database-file = { $variable }: after sqlite:/// comes the path of a file and nothing else, like sqlite:///data/sutki.db, or sqlite:////srv/sutki.db from the root; a question mark in it is written %3F.
cli-settings-database-port = { $variable }: the port of a server is a number from 1 to 65535.
cli-settings-database-option = { $variable }: behind the question mark stands something that is unknown. Possible are { $known }; others of PostgreSQL's are given as variables of its own, like PGSSLROOTCERT.
cli-settings-address = { $variable }: must be an address that begins with http:// or https://, not “{ $value }”.
cli-settings-log = { $variable }: “{ $value }” is not understood. Level: { $levels }; form: { $forms }; for example “info,json”.
cli-settings-hours = { $variable }: a number of hours is needed, like 26, or off, not “{ $value }”.
cli-settings-listen = { $variable }: must be address:port, for example 127.0.0.1:8081, or off, not “{ $value }”.
cli-settings-file = { $variable }: the secret's file cannot be read: { $why }.
cli-settings-file-not-utf8 = { $variable }: the secret's file must be in UTF-8; its first line counts.
cli-settings-dotenv = { $path }: the file cannot be read: { $why }.
cli-settings-dotenv-not-utf8 = { $path }:{ $line }: the file must be in UTF-8.
cli-settings-folder = The database's folder { $path } cannot be made: { $why }.
cli-settings-region = There is no region file { $path }. Copy examples/altai.toml to region.toml and make it yours, or name your file in SUTKI_REGION.

## Sandbox

cli-sandbox-not-ours = The folder { $path } holds something that is not a sandbox; it is not erased. Name another one: --folder.
cli-sandbox-no-folder = The folder { $path } cannot be used: { $why }. Name another one: --folder.
cli-sandbox-damaged = The sandbox in { $path } is damaged. To start afresh: make sandbox-reset
cli-sandbox-forgotten = The sandbox has forgotten everything.

## Region file

cli-region-unreadable = { $path }: the file cannot be read: { $why }.
cli-region-not-utf8 = { $path }: the file must be in UTF-8.
cli-region-errors = { $count ->
    [one] { $count } error found.
   *[other] { $count } errors found.
}
cli-region-remark = Note: { $remark }
cli-region-good = { $title }: all is well. Topics: { $topics }, territories: { $territories }, organisations: { $organisations }, routes: { $routes }, accounts: { $accounts }.
cli-region-same = This file is loaded already; there is nothing to change.
cli-region-loaded = Loaded.
cli-region-would = Nothing was changed yet (--dry-run).
cli-region-in-use = Incidents, roles or chats refer to these, so they cannot go:
cli-region-in-use-hint = Put them back into the file (a title may change, an id may not).
cli-region-kind = { $kind ->
    [topic] topic
    [territory] territory
    [organisation] organisation
    [account] account
    [danger] danger
    [route] route
   *[settings] general rules
}
cli-region-none-loaded = No region file is loaded yet. Load one: sutki region load region.toml

## Invitations

cli-invite-role-needed = Name a role: --role official, head, curator or administrator; or connect a chat: --chat.
cli-invite-organisation-needed = Name an organisation: --organisation. There are: { $known }.
cli-invite-organisation-not-needed = Curators and administrators answer for the whole region: leave --organisation out.
cli-invite-chat-role = A chat is connected to an organisation (--organisation) or to the curators (--role curator); it has no other role.
cli-invite-unknown-organisation = There is no organisation “{ $value }”. There are: { $known }.
cli-invite-unknown-account = There is no account “{ $value }”. There are: { $known }.
cli-invite-for = { $role }{ $organisation ->
    [none] {""}
   *[other] , { $organisation }
}. One link, one person, until { $until } (UTC).
cli-invite-link = { $account } ({ $title }): { $link }
cli-invite-unidentified = { $account }: no link, { $why ->
    [token] there is no token in { $variable }
    [refused] its token is not accepted
   *[away] the messenger does not answer
}.
cli-invite-no-links = No account is connected, so there is nowhere to open an invitation. See: sutki doctor
cli-invite-connect = Add the bot to the working chat and send there (one command, one chat, until { $until } UTC):

## Doctor

cli-doctor-settings = The settings can be read.
cli-doctor-unknown-variable = { $variable } means nothing{ $nearest ->
    [none] . Remove it.
   *[other] . Probably { $nearest } was meant.
}
cli-doctor-region-missing = There is no region file { $path }. Copy examples/altai.toml and make it yours.
cli-doctor-region-wrong = The region file { $path } has errors. To see them: sutki region check { $path }
cli-doctor-region-good = The region file { $path } is right.
cli-doctor-region-not-loaded = The region file is not loaded yet: the first sutki run or sutki region load does it.
cli-doctor-no-accounts = No account has a token: the bot has nowhere to talk.
cli-doctor-calendar-missing = The working calendar does not have the year { $year }: its holidays and moved days are unknown. Update the program, or add the year to the region file (docs/region.md, [[calendars]]).
cli-doctor-region-differs = The region file { $path } is not the one that is loaded. The next sutki run loads it; sutki region load { $path } does so at once.
cli-doctor-database-good = The database answers: { $kind }.
cli-doctor-database-away = The database does not answer ({ $why }). Check SUTKI_DATABASE and whether it runs.
cli-doctor-database-empty = The database is empty: the first sutki run or sutki region load fills it.
cli-doctor-database-old = The database's schema ({ $found }) is of another version. sutki run brings an older one up; a newer one needs the newer program.
cli-doctor-database-sqlite = SQLite { $version }, journal { $journal }.
cli-doctor-token-missing = { $account } is left out: there is no { $variable } (nor { $variable }_FILE with the path of a file). How to get a token: docs/channels.md.
cli-doctor-token-wrong = { $account }: the token in { $variable } is not accepted. Get another one (docs/channels.md).
cli-doctor-account-away = { $account }: the messenger does not answer. Check the network and the address { $address }.
cli-doctor-account-good = { $account }: this is { $title }, { $link }
cli-doctor-account-problem = { $account }: { $problem }
cli-doctor-clock-wrong = This machine's clock and { $host } differ by { $seconds } s. Set the time (NTP): deadlines depend on it.
cli-doctor-clock-good = The clock is right.
cli-doctor-no-curator = There is no curator, so nobody sorts what comes in. sutki invite --role curator
cli-doctor-organisation-empty = { $title }: nobody can answer. sutki invite --organisation { $organisation } --role official
cli-doctor-organisation-no-chat = { $title }: no working chat, cards come to private chats only. sutki invite --organisation { $organisation } --chat
cli-doctor-well = All is well.
cli-doctor-count = { $count ->
    [one] { $count } thing to mend.
   *[other] { $count } things to mend.
}
