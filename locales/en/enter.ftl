## Getting in: invitations, working chats, help

enter-start = Hello! Tell us in one message what happened and where: with photos, by voice or with a point on the map. You get a number and a deadline at once.
enter-in-private = Please open the invitation in your private chat with the bot.
enter-official = You are an official of { $organisation }. Cards will come:
enter-button-here = Here, in private
enter-button-chat = To the working chat
enter-head = You are the head of { $organisation }. We will write here about overdue reports. Now: /overdue
enter-curator = You are a curator. What could not be sorted and what may become overdue comes here. Begin with /queue
enter-administrator = You are an administrator. We will write here when something breaks.
enter-again = You hold this role already: { $role }.
enter-again-of = You hold this role already: { $role }, { $organisation }.
enter-unknown = There is no such invitation. Check the link or ask for a new one. And if you want to report a problem, just write what happened and where.
enter-expired = The invitation has expired. Please ask the administrator for a new one.
enter-used = The invitation was used already: it is for one person. Please ask the administrator for a new one.
enter-used-by-you = You have opened this invitation already and hold the role. Help: /help
enter-too-many = Too many wrong codes. Try again in an hour or ask the administrator for a new invitation.
enter-wrong-code = The code does not fit: it is mistyped, has expired or was used. Please ask the administrator for a new one.
enter-cards-here = { $organisation }: cards come here.
enter-cards-chat = { $organisation }: cards come to the working chat.
enter-cards-no-chat = { $organisation }: no working chat is connected yet; until then cards come here.
enter-no-role = You do not hold this role any more.
enter-dismissed = You no longer work on reports of { $organisation } here. To come back, ask for a new invitation.

connect-hello = Hello! To see citizens' reports here, connect the chat: /connect and the administrator's code.
connect-where = This command belongs in the working chat: add the bot there and send /connect and the code.
connect-how = Send the command together with the administrator's code, for example: /connect 7H2K-9QXM-4TBD-W8RC
connect-impersonal = A chat can only be connected in your own name: switch anonymity off and try again.
connect-done = The chat is connected: { $organisation }.
connect-topics = Each report gets a topic of its own here.
connect-no-forum = Switch topics on in this chat and let the bot manage them: it is easier that way.
connect-no-right = Topics are on. Let the bot manage them: it is easier that way.
connect-button-check = Check again
connect-unsorted = To sort: { $count }. Begin with /queue
connect-lost = “{ $title }” is no longer a working chat of { $organisation }. Open reports: { $count }; their cards will come to the other places.
connect-lost-all = ⚠ “{ $title }” is no longer a working chat of { $organisation }, and there is no other. Open reports: { $count }.
connect-desk-lost = The curators' chat “{ $title }” is no longer connected.

help-citizen = Tell us in one message what happened and where; photos are welcome. How your reports stand: /my
help-group = Please report problems in a private chat with the bot.
help-official = Official: answer a card with the messenger's own reply; we first show what the citizen will get. Lists: /my for all that is yours, /overdue, and /due for what ends within 4 hours. The morning list: /digest, time off: /away, duty: /duty
help-head = Head: /my for what needs attention, /overdue, and /due for what ends within 4 hours. The morning list: /digest, time off: /away, duty: /duty
help-curator = Curator: /queue to sort, /overdue, /due for what ends within 4 hours, /undelivered for answers that did not arrive, and /my for all of it. The morning list: /digest, time off: /away, duty: /duty
help-administrator = Administrator: invitations and settings are on the command line, sutki --help.

command-start = about this bot
command-help = what can be done
command-my = my reports (staff: the list of the day)
command-queue = sort (curators)
command-due = due within 4 hours (staff)
command-overdue = overdue (staff)
command-undelivered = answers that did not arrive (staff)
command-digest = the morning list: send it or not (staff)
command-connect = connect a working chat
