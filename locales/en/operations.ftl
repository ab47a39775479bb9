## Backups, restoring, what was put aside: the command line, and one word to the curators after restoring

cli-backup-help = Back up the database while the bots run. One file that only its owner can read; good for SQLite and PostgreSQL alike.
cli-backup-target = A folder (the file is named by the time) or a new file.
cli-backup-keep = Keep so many of the newest backups in the folder and remove the others; 0: all.
cli-backup-exists = { $path } is there already; a backup overwrites nothing.
cli-backup-failed = No backup was made: { $why }.
cli-backup-made = The backup is ready: { $path }, { $megabytes } MB in { $seconds } s.
cli-backup-private = It holds personal data: keep it encrypted and on another machine. Tokens and the region file on the disk are not in it.
cli-backup-removed = The old backup { $path } was removed.
cli-restore-help = Restore the database from a backup. Nothing is sent again: of each answer that may have arrived its author is asked.
cli-restore-file = A file that sutki backup made.
cli-restore-force = Replace the database even if there is something in it. An SQLite file is not lost: it is put aside next to it.
cli-restore-unreadable = { $path }: the file cannot be read: { $why }.
cli-restore-foreign = { $path } was not made by sutki backup. { $detail }
cli-restore-damaged = { $path }: the backup is damaged and cannot be restored. { $detail }
cli-restore-unsound = { $path } is whole, but the database that was prepared from it cannot be read to its end ({ $detail }); nothing was changed. Check the disk and try again.
cli-restore-newer = { $path }: a newer program made this backup (schema { $detail }). Update the program first.
cli-restore-occupied = The database is not empty; nothing was changed. To replace it with { $path }: --force. { $detail }
cli-restore-running = The bots run on this database; nothing was changed. Stop them first.
cli-restore-done = The database is as it was on { $made } (UTC).
cli-restore-answers = { $count ->
    [one] { $count } answer of which nobody knows whether it was sent: its author will be asked.
   *[other] { $count } answers of which nobody knows whether they were sent: their authors will be asked.
}
cli-restore-unsent = Other messages that were not sent yet: { $count }; they will not be, most likely they arrived.
cli-restore-reminders = Reminders left out: { $count }; the curators hear it in one message.
cli-restore-numbers = The last number in the backup is { $last }, the next one will be { $next }: other people may have been told those between.
cli-restore-aside = The database that was there lies now in { $path }
cli-restore-next = Now: sutki doctor, then start the bots.
cli-dead-letters-help = What was put aside: updates that could not be handled and messages that did not arrive. Look, try again, let go.
cli-dead-letters-list-help = Show what was put aside; nobody's words are in the list.
cli-dead-letters-show-help = Show one of them; words and names only with --raw.
cli-dead-letters-replay-help = Try again. The order within a conversation is kept: earlier ones of it are tried too.
cli-dead-letters-drop-help = Try no more.
cli-letters-name = A name from the list, like in-12 or out-34.
cli-letters-raw = Show all of it. It holds personal data.
cli-letters-all = Every update that could not be handled.
cli-letters-perhaps-twice = Also those that may have arrived: a citizen may get them twice.
cli-letters-in = Could not be handled: { $count }
cli-letters-out = Did not arrive, or may not have: { $count }
cli-letters-more = …and { $count } more
cli-letters-number = № { $number }
cli-letters-none = Nothing was put aside.
cli-letters-hint = More: sutki dead-letters show NAME; again: sutki dead-letters replay NAME; let go: sutki dead-letters drop NAME
cli-letters-unknown = { $name }: there is no such one among what was put aside.
cli-letters-tried = Tries: { $count }. { $about }
cli-letters-raw-hint = All of it, with names and words: sutki dead-letters show { $name } --raw
cli-letters-raw-warning = Personal data follow: do not pass them on, do not keep them without need.
cli-letters-twice = { $name }: nobody knows whether it arrived. To send it even if it arrives twice: --perhaps-twice
cli-letters-which = Name what to try again, or --all.
cli-letters-replayed = Will be tried again: { $count } ({ $names }). The bots do it within a minute.
cli-letters-dropped = Let go: { $count } ({ $names }).

restored = The database was restored from the backup of { $made }: what happened from then until { $now } is not in it.
    • Reports and answers of that time are gone; if a citizen names a number from { $first } to { $last }, their report has to be taken again.
    • Reminders left out: { $reminders }. Overdue now: { $overdue }. The list: /overdue
    • Answers of which nobody knows whether they arrived: { $answers }; their authors were asked.
restored-cards = • Perhaps without a card: { $numbers }. Please look.
