## The clock of an incident: what was, what will be and why (sutki clock explain, the sandbox)

clock-title = № { $number } · { $topic } · { $place }
clock-standing = { $status } · { $organisation }
clock-standing-held = { $status } · { $organisation } · held by { $name }
clock-urgent = urgent
clock-status-new = new, not sorted
clock-status-assigned = assigned, nobody took it
clock-status-in_progress = in progress
clock-status-waiting = waiting for the citizen
clock-status-promised = promised
clock-status-answered = answered
clock-status-closed = closed

clock-name-first_answer = First answer
clock-name-promise = Promise to the citizen
clock-name-rework = Rework
clock-name-paused = Waiting for the citizen's reply
clock-name-rating = Rating by the citizen
clock-was = was due { $when }
clock-until = until { $when }
clock-left = { $left } left
clock-late = overdue by { $left }
clock-closed = No clock runs: the incident is closed ({ $resolution }).

clock-label-from = Start
clock-label-length = Length
clock-label-rule = Rule
clock-label-calendar = Calendar
clock-label-zone = Time zone
clock-label-quiet = Quiet hours
clock-label-paused = On hold
clock-label-ran = Ran before
clock-from-report = { $when }, when the citizen wrote
clock-from-late = { $when }, when the citizen wrote; it reached us { $received }
clock-from = { $when }. { $what }
clock-length-elapsed = { $length }
clock-length-working = { $length } of working time
clock-length-urgent = { $length } (urgent)
clock-length-promise = until the date that the citizen was told
clock-rule-default = the region's own ([clock])
clock-rule = { $rule }
clock-rule-ladder = { $rule }; reminders by { $ladder }
clock-calendar = { $id }: { $days }, { $opens }–{ $closes }, no public holidays
clock-calendar-plain = { $id }: { $days }, { $opens }–{ $closes }
clock-calendar-missing = { $calendar }. It lacks the moved days of { $year }
clock-zone = { $zone } (UTC{ $offset })
clock-quiet = { $from }–{ $to }
clock-quiet-off = none
clock-quiet-disregarded = { $from }–{ $to }, but this rule does not wait for them
clock-quiet-urgent = { $from }–{ $to }, but what is urgent does not wait for them
clock-paused-left = { $left } of the first time are left; they go on when the citizen replies
clock-paused-over = the first time is over already; the clock goes on when the citizen replies
clock-ran = { $clock }: { $from } – { $to }
clock-ran-overdue = { $clock }: { $from } – { $to }, overdue

clock-did-report = The citizen wrote
clock-did-assign = Passed to: { $target }
clock-did-take = Taken by { $name }
clock-did-release = Nobody holds it any more
clock-did-refuse = Refused as «not ours»: { $target }
clock-did-ask = Question to the citizen: { $name }
clock-did-answer = Answer to the citizen: { $name }
clock-did-answer_interim = Interim answer ({ $name }): promised until { $when }
clock-did-extend = Promise extended until { $when }: { $reason }
clock-did-reassign = Passed to: { $target }
clock-did-return = Returned for rework: { $reason }
clock-did-reply = The citizen wrote more
clock-did-rate = The citizen rated the answer
clock-did-contest = The citizen does not agree with the answer
clock-did-withdraw = The citizen withdrew it
clock-did-merge = Merged with № { $target }
clock-did-split = Split: { $name }
clock-did-close = Closed
clock-did-reopen = Opened again: { $reason }
clock-did-recompute = Deadline computed anew by the new rules: { $when }

clock-step-share = { $share } % of the time is over
clock-step-before = { $length } before the deadline
clock-step-after = { $length } after the deadline
clock-step-deadline = Deadline
clock-step-late = After the deadline, once in { $every }: no. { $count }
clock-step-nudge = Reminder to the citizen: we wait for the reply
clock-step-asked = A curator asked to remind
clock-step-held = In the morning: what came in quiet hours
clock-step-other = Step «{ $name }»
clock-step-skipped = { $step }: not said, a later one mattered more
clock-step-close-paused = Closes by itself unless the citizen replies
clock-step-close-rating = Closes by itself: the answer may be rated until then
clock-step-also = as well: { $steps }

clock-to-holder = { $name }, holds it
clock-to-deputy = { $name }, deputy
clock-to-duty = { $name }, on duty
clock-to-colleague = { $name }
clock-to-chat = chat «{ $name }»
clock-to-desk = curators' chat «{ $name }»
clock-to-curator = { $name }, curator
clock-to-head = { $name }, head
clock-to-citizen = the citizen
clock-to-named = { $who }, by name: { $names }
clock-to-lost = { $who }: not delivered
clock-to-nobody = to nobody: there is neither a chat nor anyone

clock-told-away = { $name } instead of { $instead }, until { $until }
clock-told-on-duty = { $name } is on duty until { $until }
clock-told-nobody-on-duty = nobody is on duty, so it is for all
clock-told-overdue = the time is over, so it is not only for those on duty
clock-told-unsorted = no organisation owns it, so it is for the curators
clock-told-nobody-there = those it is for are not there, so it is for { $name }
clock-told-asleep = { $name }: quiet hours, comes { $when }
clock-told-silent = { $name }: «Under my control», is not reminded

clock-why-evening = its own time, { $own }, is in quiet hours; it comes the evening before, while it is of use
clock-why-morning = its own time, { $own }, is in quiet hours and there is no evening before; it comes in the morning
clock-why-urgent = quiet hours, but the incident is urgent: it does not wait
clock-why-step = quiet hours, but this step does not wait for them
clock-why-only-now = quiet hours, but the morning would be too late
clock-why-disregarded = quiet hours, but this rule does not wait for them
clock-why-rest = { $days ->
    [one] { $days } day without work is
   *[other] { $days } days without work are
} left out of the working time{ $holidays ->
    [0] {""}
   *[other] , public holidays among them: { $holidays }
}
clock-why-late = its own time, { $own }, has passed: it comes at once

clock-after-daily = Then once in { $every } until there is an answer.
clock-after-nothing = The clock has nothing more to say.
clock-in = in { $left }
clock-days-week = Mon–Fri
clock-days-six = Mon–Sat
clock-days-all = every day
clock-weekday = { $day ->
    [0] Mon
    [1] Tue
    [2] Wed
    [3] Thu
    [4] Fri
    [5] Sat
   *[6] Sun
}

clock-past = What was
clock-now = now { $when }
clock-coming = What will be if nothing changes
clock-line-to = to: { $to }
clock-unknown = There is no incident № { $number }.
clock-not-loaded = No region file is loaded, so there are no rules for clocks. Load one: sutki region load region.toml
