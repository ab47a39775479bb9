## What an administrator hears when something stands still (private chat; docs/operations.md)

alarm-refused = { $subject }: the messenger does not take the token. Nothing comes in and nothing goes out. Check: sutki doctor; put in a new token and restart.
alarm-refused-over = { $subject }: the token is taken again (it was refused for { $span }).
alarm-deaf = { $subject }: the messenger has not answered a poll for { $span }. Nothing new comes in; once it answers, the last day comes. Check: the network, sutki doctor.
alarm-deaf-over = { $subject }: the messenger answers again (it was silent for { $span }).
alarm-unattended = { $subject }: nobody has served the account for { $span }. No process took it; check whether they run and have its token.
alarm-unattended-over = { $subject }: the account is served again (after { $span }).
alarm-stopped = A part of the program ended: { $subject }. Restart it: nothing is lost. The log says why.
alarm-stopped-over = A part of the program works again: { $subject } (it stood for { $span }).
alarm-clock = The clock of deadlines has stood still for { $span }: no reminders go out. Restart; what was missed is said at once then. The log says why.
alarm-clock-over = The clock of deadlines runs again (it stood for { $span }). What was missed is said now.
alarm-loop = The program has not answered for { $span }: nothing is taken in and nothing goes out. Restart it: nothing is lost. The log says where it stands.
alarm-loop-over = The program answers again (it stood for { $span }). The log says where.
alarm-database = The database has not answered for { $span }. Nothing new is taken in; messengers keep it for up to a day. Check: sutki doctor, the disk, the database server.
alarm-database-over = The database answers again (it did not for { $span }).
alarm-inbox = Messages are stored but have not been handled for { $span }; waiting: { $count }. The log says why.
alarm-inbox-over = Messages are handled again (they waited for { $span }).
alarm-outbox = { $subject }: messages have not gone out for { $span }; waiting: { $count }. In a great wave they are only delayed: the messenger's limits. Check: sutki doctor.
alarm-outbox-over = { $subject }: messages go out in time again (they were delayed for { $span }).
alarm-dead-letters = { $count ->
    [one] { $count } message could not be handled and was put aside.
   *[other] { $count } messages could not be handled and were put aside.
} Look and try again: sutki dead-letters list
alarm-dead-letters-over = No message is put aside any more (the first waited for { $span }).
alarm-answers = { $count ->
    [one] { $count } answer to a citizen did not arrive, or nobody knows whether it did, and nobody decided what to do.
   *[other] { $count } answers to citizens did not arrive, or nobody knows whether they did, and nobody decided what to do.
} The first has waited for { $span }. Which: sutki dead-letters list
alarm-answers-over = Something was decided about every answer that did not arrive (the first waited for { $span }).
alarm-backup = There has been no backup for { $span }. Make one: sutki backup FOLDER, and put it on a schedule (docs/operations.md).
alarm-backup-over = A backup was made (there was none for { $span }).
alarm-disk = { $count } MB are left on the disk with the database. When it is full, nothing new is taken in.
alarm-disk-over = There is enough room again on the disk with the database (it was short for { $span }).
alarm-calendar = The working calendar does not have the year { NUMBER($count, useGrouping: 0) }: its holidays and moved days are unknown, for it only weekends and the holidays of article 112 of the Labour Code count. Update the program, or add the year to the region file (docs/region.md, [[calendars]]).
alarm-calendar-over = The working calendar is known again.
alarm-more = …and { $count } more: /readyz and docs/operations.md
