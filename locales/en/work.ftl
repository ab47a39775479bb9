## An official at work

not-allowed-status = This cannot be done now: the report has moved on. Have a look at its card.
not-allowed-role = Your role does not allow this.
not-allowed-held = Another official has this report already.
not-allowed-missing = A text or a date is missing.
not-allowed-past = The promised time has passed. Choose another one.
not-allowed-rated = It has been rated already.
not-allowed-same = It is there already. Choose another one.
not-allowed-delivered = It can be closed this way only when the answer did not reach the citizen.

work-no-role = You are not an official of this organisation. Ask an administrator for an invitation link.
work-impersonal = Write in your own name: an anonymous answer will not be sent to the citizen.
work-held = Already in progress: { $name }, since { $since }
work-held-by-you = You have it already, since { $since }
work-no-organisation = This organisation is not on the list any more.

work-refuse = No. { $number }: who should have it? The clock goes on.
work-button-unknown = I do not know whose
work-passed = No. { $number } went to { $organisation }.
work-refuse-why = No. { $number } goes back to the curators. Reply to this message: why is it not yours?
work-reason-words = Write the reason in words: the curators will read it.
work-refused = The curators have No. { $number } now.

work-ask-answer = No. { $number }: reply to this message with the text for the citizen. You will see first what will be sent.
work-ask-interim = No. { $number }: reply to this message with the interim answer. The date can stand in the text or be chosen later.
work-ask-question = No. { $number }: reply to this message with the question.
work-given-up = No. { $number } was closed without an answer: { $name }.

work-which = Which report is this an answer to? Nothing has been sent yet.
work-which-none = It is not clear which report this is an answer to. Reply to its card. Nothing has been sent.
work-button-own = This is a new report
work-button-own-reply = My reply about No. { $number }

## A draft and its preview

draft-preview = No. { $number }. Send it to the citizen? ({ $scene }, { $source })
draft-question = No. { $number }. Ask the citizen? ({ $scene }, { $source })
draft-closed = No. { $number } is closed: nothing more can be written to the citizen. You can leave a note to colleagues.
draft-no-words = No. { $number }: files reach the citizen only together with a text. Reply once more with the text and the files in one message.
draft-files = Together with the text: { $files }
draft-public = Everybody will see the answer, and the bot cannot correct it.
draft-left-out = Some attachments cannot be passed on: only the text and the files will be.
draft-warning-considered = ⚠ “Рассмотрено” tells the citizen nothing: write what was done or will be done.
draft-warning-order = ⚠ “В установленном порядке”: write what exactly, and when.
draft-warning-competence = ⚠ “Не в нашей компетенции”: write whose it is and where to turn.
draft-warning-phone = ⚠ There is a phone number in the text, and everybody will see it.
draft-warning-email = ⚠ There is an e-mail address in the text, and everybody will see it.
draft-warning-document = ⚠ There seems to be the number of a document or a card in the text, and everybody will see it.
draft-button-answer = Answer
draft-button-interim = Interim: { $when }
draft-button-other-date = Another date
draft-button-question = Question
draft-button-note = Note to colleagues
draft-today = today, { $hour }
draft-tomorrow = tomorrow, { $hour }

draft-held = No. { $number } is in progress: { $name }. Send it all the same?
draft-held-now = No. { $number } is in progress: { $name }, last answer just now. Send it all the same?
draft-held-answered = No. { $number } is in progress: { $name }, last answer { $ago } ago. Send it all the same?
draft-button-anyway = Send all the same
draft-button-ask = Ask { $name }
draft-holder-asked = { $name } was asked. Nothing has been sent yet.
draft-holder-unasked = { $name } cannot be asked now. Nothing has been sent yet.
thread-asks-holder = { $name }, is that all right? { $author } would like to answer the citizen about No. { $number }:
draft-button-allow = Allow
draft-button-forbid = No
draft-allowed-done = { $author } may send it.
draft-forbidden-done = { $author } was asked not to send it.
draft-allowed = { $name }: you may send it.
draft-forbidden = { $name } asks you not to send it. Your text is still here, nothing went to the citizen.

draft-when = When will you give the final answer? Choose or write: “15 March”, “by Friday”, “in 2 hours”.
draft-button-today = Today
draft-button-tomorrow = Tomorrow
draft-button-three-days = 3 days
draft-button-week = A week
draft-date-unclear = We did not understand the date. Choose or write one, for example: “15 March”, “by Friday”, “tomorrow at 6 pm”, “in 2 hours”, “3 working days”.
draft-date-day = There is no such day in the calendar. Choose another or write one, for example: “15 March”, “by Friday”.
draft-date-hour = There is no such time: a day has 24 hours, an hour 60 minutes. Choose or write one, for example: “tomorrow at 6 pm”.
draft-date-several = There is more than one date here, and only one can be promised. Choose or write it.
draft-date-past = That time has passed already: { $when }. Choose another or write one.
draft-date-far = { $when } is too far ahead to promise: { $longest } at most. Choose another date or write one.

button-extend = Put the date off
extend-why = No. { $number }: why can it not be kept? The citizen will read the reason. Choose or write it.
extend-when = No. { $number }: { $reason }. The citizen was promised { $promised }. Until when should it be put off? Choose or write: “20 March”, “by Friday”.
extend-not-later = The citizen was promised { $promised } already: { $when } is not later than that. Choose a later date or write one.
extend-asked = No. { $number }: we asked whether the date may be put off. If it may, the citizen will read: “{ $line }” Until then the date stands.
extend-asked-already = No. { $number }: somebody has asked already to put the date off: { $when }. It has not been decided.
extend-used-up = { $count ->
    [0] No. { $number }: the date cannot be put off.
    [one] No. { $number }: the date was put off { $count } time, that was the last.
   *[other] No. { $number }: the date was put off { $count } times, that was the last.
} Only a curator may still do it.
extend-nobody = No. { $number }: there is nobody to allow it, no curators are connected yet. The date stands.
extend-lapsed = No. { $number }: the date need not be put off any more.
extend-request = { $name } ({ $organisation }) asks to put off No. { $number }. Promised: { $promised }, asked for: { $when }. The citizen would read: “{ $line }”
extend-button-refuse = Refuse
extend-refuse-why = Why refuse? Choose or write it: the official will read it.
extend-granted = No. { $number }. The date is put off: { $when }. The citizen is being told.
extend-moved = No. { $number }. The date is put off: { $when }.
extend-granted-by = No. { $number }: { $name } allows it. The date is put off: { $when }. The citizen is being told.
extend-refused = No. { $number }. The date is not put off: { $reason }.
extend-refused-by = No. { $number }: { $name } does not allow the date to be put off: { $reason }. Promised: { $promised }.
extend-granted-already = No. { $number }: the date has been put off already.
extend-refused-already = No. { $number }: it has been refused already.
extend-lapsed-already = No. { $number }: the date need not be put off any more.
extend-not-yours = To decide this is for the { $who }.
refusal-answer-in-time = please answer in time
refusal-too-far = too far ahead, name an earlier date
refusal-too-late = { $when } will not do any more, name a later date
refusal-say-why = the reason is not clear, please say more

draft-leaves = No. { $number }. It leaves in 30 seconds.
draft-leaves-promise = No. { $number }. It leaves in 30 seconds. The final answer is promised: { $when }.
draft-button-recall = Undo
draft-too-late = Too late: it has been sent.
draft-wait = Your previous text about this report is still being sent. Wait half a minute.
draft-add-words = An answer needs words: write a text.
draft-gone = This draft was sent or cancelled already.
draft-dropped = Cancelled. Nothing went to the citizen.
draft-not-awaited = Cancelled.
draft-is-report = Good, this is a new report.
draft-noted = The note on No. { $number } is kept. It will not go to the citizen.
thread-noted = A note on No. { $number }, { $name }:
draft-answered-below = See below.

draft-sending = Sending…
draft-late = Not delivered yet: the citizen's messenger does not answer. We will send it as soon as it does.
draft-restored = The database was restored from a backup: nobody knows whether this answer was sent. Look in the messenger or ask the citizen; if it was not, send it.
draft-not-sent = Not sent.
draft-no-account = The account the citizen wrote to is not connected now.
draft-delivered = Delivered { $hour }.
draft-delivered-without = Delivered at { $hour }, but without a file: the messenger did not give it. Please send the file again.
draft-failed = No. { $number }. Not delivered: the messenger did not take the message.
draft-failed-blocked = No. { $number }. Not delivered: the citizen does not accept messages.
draft-let-go = No. { $number }. Taken as not delivered: an administrator took it out of what is sent.
draft-failed-curator = A curator can close it.
draft-uncertain = No. { $number }. We do not know whether it arrived: the messenger did not confirm it.
desk-uncertain = No. { $number }. We do not know whether the answer reached the citizen: the messenger did not confirm it. The author of the answer cannot be told.
desk-again = No. { $number }. Sending it once more. If it does not arrive, we will say so here.
desk-failed = No. { $number }. The answer did not reach the citizen. The author of the answer cannot be told.
draft-button-arrived = It arrived
draft-button-again = Send it again
draft-arrived = Noted: it arrived.
