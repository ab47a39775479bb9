## Who hears what when an incident changes

receipt = Report No. { $number } received.
receipt-about = { $topic } · { $place }
receipt-owner = { $organisation } will answer by { $when }.
receipt-unsorted = We will find out who is responsible and answer by { $when }.
receipt-owner-only = { $organisation } will answer.
receipt-late = Sorry, your message reached us only now. The time counts from the moment you wrote.
receipt-late-little = Sorry, your message reached us only now. The time counts from the moment you wrote: { $left } left.
receipt-late-passed = Sorry, your message reached us only now, and the time to answer has passed already: { $when }. We shall answer as soon as we can.
danger-call = If there is danger, call 112 right now.
danger-call-phone = If there is danger, call 112 ({ $what } — { $phone }) right now.
button-other-topic = Another topic
button-other-place = Another place
button-withdraw = Withdraw

answer-final = Answer to No. { $number } from { $organisation }:
answer-final-desk = Answer to No. { $number }:
answer-solved = Is the problem solved?
answer-interim = Interim answer to No. { $number } from { $organisation }:
answer-interim-until = You will get the final answer by { $when }.
answer-question = Question about No. { $number } from { $organisation }:
answer-question-how = Please reply to this message. The clock is paused while we wait for you.
answer-more = More about No. { $number } from { $organisation }:
button-solved = Yes
button-unsolved = No
button-partly = In part

citizen-moved = No. { $number }: { $organisation } will answer. The deadline stays: { $when }.
citizen-moved-desk = No. { $number }: we are finding out who is responsible. The deadline stays: { $when }.
citizen-extended = The date for No. { $number } was put off until { $when }: { $reason }.
citizen-later = The time for № { $number } has changed: we will answer by { $when }.
citizen-closed = Report No. { $number } is closed: { $resolution }.
citizen-closed-needless = We closed report No. { $number }: it seemed to need no answer. If that is wrong, write to us again.
citizen-merged = Your report No. { $number } was merged with No. { $target }: its answer will reach you too.
citizen-no-reply = We asked you for details of No. { $number }, got no reply and closed the report. If the problem is still there, just write to us again.
citizen-nudge = A reminder: we are waiting for your reply about No. { $number }. Without it we will close the report in a day.
citizen-promise-missed = We promised an answer to No. { $number } by { $when }. There is none yet: we reminded those responsible and told a curator.
citizen-returned = The answer to No. { $number } was sent back for more work. A new answer will come by { $when }.
citizen-reopened = Report No. { $number } is open again. We will answer by { $when }.

desk-unsorted = To sort: { $count }. No. { $number } { $text }
desk-guess = looks like: { $guess }
desk-guess-sure = looks like: { $guess } ({ $percent } %)
desk-no-guess = topic and place not understood
desk-nobody = ⚠ No. { $number }: nobody is there to answer. “{ $organisation }” has neither a working chat nor officials. Pass it on, or invite people.
desk-refused = No. { $number } was given back by { $organisation }. Reason: { $reason }
desk-contested = The citizen does not agree with the answer to No. { $number } ({ $organisation }): { $verdict ->
    [partly] solved in part
   *[no] not solved
}. It is open again, an answer is due by { $when }.
desk-left = { $name } is no longer an official of { $organisation }. { $count ->
    [0] No open reports were theirs.
    [one] { $count } report is free again.
   *[other] { $count } reports are free again.
}
button-sort-yes = { $guess } ✓
button-sort-topic = Topic
button-sort-place = Place
button-sort-owner = Organisation
button-sort-no-answer = Needs no answer
button-sort-spam = Spam

remind-left-free = ⏳ No. { $number }: { $left } left, nobody took it.
remind-left-held = ⏳ No. { $number }: { $left } left. Held by { $name }.
remind-deadline = 🔴 No. { $number } is overdue: it was due { $when }.
remind-late = 🔴 No. { $number } is overdue by { $left }.
remind-promise-left = ⏳ No. { $number }: the promise to the citizen ends in { $left }.
remind-promise-missed = 🔴 No. { $number }: the promised time has passed ({ $when }). The citizen was told.
remind-promise-late = 🔴 No. { $number }: the promised time passed { $left } ago.
remind-unsorted = ⏳ No. { $number } is not sorted, { $left } left.
remind-unsorted-late = 🔴 No. { $number } is not sorted, it was due { $left } ago.
remind-curator-free = No. { $number } ({ $topic }, { $place }) is not taken, due in { $left }. Responsible: { $organisation }.
remind-curator-held = No. { $number } ({ $topic }, { $place }) is not answered, due in { $left }. Responsible: { $organisation }, { $name }.
remind-curator-deadline = 🔴 No. { $number } is overdue ({ $topic }, { $place }). Responsible: { $organisation }.
remind-curator-late = 🔴 No. { $number } is overdue by { $left } ({ $topic }, { $place }). Responsible: { $organisation }.
remind-curator-promise = ⏳ No. { $number } ({ $topic }, { $place }): the promise to the citizen ends in { $left }. Responsible: { $organisation }.
remind-curator-promise-missed = 🔴 No. { $number } ({ $topic }, { $place }): promised by { $when }, no answer yet. The citizen was told. Responsible: { $organisation }.
remind-everybody = Nobody is on duty, so this is for everybody: { $names }.
remind-over = No. { $number }: { $time }
remind-duty = On duty: { $names }.
remind-you-duty = You are on duty now.
remind-you-deputy = You stand in for { $name }.
remind-away = { $name } is away until { $until }, nobody stands in.
remind-away-deputy = { $name } is away until { $until }. Standing in: { $deputy }.
button-remind = Remind
button-pass = Pass on
button-control = I am on it
