## A citizen and their own incidents

mine-nothing = You have no reports yet. Tell us in one message what happened and where; photos are welcome.
mine-unknown = There is no No. { $number } among your reports. Your reports: /my
mine-in-private = Please ask about your reports in a private message.
mine-answer-by = we answer by { $when }
mine-answer-late = was due { $when }, those responsible were reminded
mine-promise-by = promised by { $when }
mine-promise-late = promised by { $when }, those responsible were reminded

mine-which-topic = What is report No. { $number } about?
mine-which-place = Where is it? Choose a place for No. { $number }.
mine-type-place = Type the place for No. { $number } or send your location.
mine-button-not-listed = Not in the list
mine-now = No. { $number }: { $topic } · { $place }
mine-place-kept = There is no such place in our list; we kept it in your words.
mine-point = a point on the map
mine-passed-on = No. { $number } is in progress already; we passed your correction to the official.
mine-thread-topic = The citizen corrected the topic of No. { $number }: { $what }
mine-thread-place = The citizen corrected the place of No. { $number }: { $what }
mine-answered = No. { $number } is answered already.
mine-closed = No. { $number } is closed. If the problem is still there, write to us again.
mine-open-again = No. { $number } is open again already.

mine-withdraw = Withdraw No. { $number }?
mine-button-withdraw = Yes, withdraw
mine-withdrawn = Report No. { $number } is withdrawn. Nobody will answer it.
mine-withdraw-not = All right, No. { $number } stays open.

mine-button-solved = Solved
mine-button-unsolved = Not solved
mine-solved-how = No. { $number }: is the problem solved? Please choose with a button.
mine-stars = We are glad that it is solved. How good was the answer to No. { $number }?
mine-button-stars = { $stars } ⭐
mine-thanks = Thank you! Your rating of the answer to No. { $number }: { $stars } of 5.
mine-rated = You have given your stars already.
mine-remains = No. { $number } is open again, we answer by { $when }.
    What remains? Write it or send a photo.
