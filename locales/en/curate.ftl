## The curators' desk: sorting, lists, escalations

button-back = ◀ Back
button-more = More ▶
button-rework = Return for rework
button-close = Close

curate-only = Only curators can do this.
curate-not-here = Others read along here. Open it in private or in the curators' chat.
curate-queue-empty = Everything is sorted. Have a good shift!
curate-button-next = Next ({ $count })
curate-button-skip = Next
curate-sorted = No. { $number } → { $organisation } ✓
curate-sorted-already = This report is sorted already.
curate-answered = No. { $number }: answered ✓
curate-closed = No. { $number }: { $what } ✓
curate-noted = No. { $number }: { $what } ✓
curate-which-topic = Topic of No. { $number }?
curate-which-place = Where is it? No. { $number }
curate-which-organisation = Who should get No. { $number }?
curate-why-rework = Why does the answer to No. { $number } need more work?
curate-close-as = How did No. { $number } end?
curate-returned = No. { $number } was returned for rework: { $reason }. A new answer is due by { $when }.

reason-off-point = beside the point
reason-no-date = no date
reason-rude = rude
reason-personal = personal data
reason-materials = we are waiting for materials
reason-contractor = a contractor is needed
reason-weather = the weather does not allow it

watch-overdue = 🔴 Overdue: { $count }
watch-overdue-none = Nothing is overdue. Well done!
watch-due = ⏳ Due in less than 4 hours: { $count }
watch-due-none = Nothing is due in the next 4 hours.
watch-undelivered = 📭 The answer did not arrive: { $count }
watch-undelivered-none = Every answer has arrived.
watch-line = No. { $number } · { $topic } · { $place } · { $time } · { $organisation } · { $holder }
watch-not-taken = nobody took it
watch-unknown = No. { $number } was not found.
watch-not-yours = Not yours: only those who answer for it see this card.
watch-reminded = Reminded: { $organisation }.
watch-reminded-already = No. { $number }: they were reminded at { $when }. Try again a little later.
watch-nothing-to-remind = No. { $number }: nobody owes an answer now.
watch-nobody = There is nobody to remind at { $organisation }. Better pass it on.
watch-controlled = You are on it: this reminder will not be repeated.
watch-controlled-already = You are on it already.
watch-control-late = This reminder is out of date.
watch-asked = Reminded at { $when }.
charge-only = This is for curators and the head of the organisation that answers for it.
watch-controlled-by = { $name } is on it.
