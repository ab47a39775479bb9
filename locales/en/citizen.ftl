## What a citizen reads while reporting

press-unknown = This button does nothing.
press-foreign = This button is not for you.
press-used = This button is no longer in use.
press-impersonal = Please press in your own name: this cannot be done anonymously.

greeting = This bot takes reports about problems. It is run by { $operator }.
    How data is handled: { $privacy }
    This is a report, not an official appeal under Federal Law 59-FZ. An official appeal can be filed through Gosuslugi: { $appeals }

chatter = Hello! Tell us in one message what happened and where; photos are welcome. We answer within a day.
chatter-passed = Thank you! Passed on with No. { $number }.
ask-place-point = Where is it? Choose a place, type it, or send your location.
added = Added to No. { $number }.
added-again = Added to No. { $number }. Those responsible have it.
add-or-new = Shall we add this to No. { $number }, or is it new?
button-add = To No. { $number }
button-new = It is new
settled = Added to No. { $number }. If it is about something else, just write again and choose “It is new”.
edited-late = Your change to No. { $number } was passed to those responsible.
too-long = Your message is very long: we took all of it, but the official sees its first lines first.
left-out-kinds = We could not take a part of your message: the messenger does not pass on such attachments. Please describe it in words or send a photo.
sorry-stuck = Your message is stored, but we could not handle it at once. A person will see to it.
