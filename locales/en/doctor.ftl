## What a channel finds wrong with its own account (`sutki doctor`), and how to mend it

doctor-telegram-token = The token is not accepted. Ask @BotFather for it: /mybots → the bot → API Token.
doctor-telegram-away = Telegram does not answer. Check the network and SUTKI_TELEGRAM_URL.
doctor-telegram-webhook = A webhook is set, so no update comes by polling. Another program may be using this bot; sutki run removes the webhook.
doctor-telegram-privacy = Privacy mode is on: in groups the bot sees only commands and replies to itself, so no comments. @BotFather → /setprivacy → Disable, then add the bot to its groups anew.
doctor-telegram-groups = The bot may not be added to groups. @BotFather → /setjoingroups → Enable.
doctor-vk-token = The token is not accepted. Make another one: community → Manage → API usage → Access tokens.
doctor-vk-away = VK does not answer. Check the network and SUTKI_VK_URL.
doctor-vk-longpoll = Long Poll is off. Community → Manage → API usage → Long Poll API → Enabled.
doctor-vk-events = Long Poll does not bring every event we need. Community → Manage → API usage → Long Poll API → Event types.
doctor-vk-messages = Community messages are off. Community → Manage → Messages → Enabled.
doctor-vk-bots = Bot abilities are off, so there are no buttons. Community → Manage → Messages → Bot settings → Enabled.
doctor-vk-chats = The bot may not be added to chats. Community → Manage → Messages → Bot settings → Allow adding to chats.
doctor-vk-right-messages = The token has no right to community messages. Make one that has it.
doctor-vk-right-photos = The token has no right to photos, so pictures cannot be sent. Make one that has it.
doctor-vk-right-docs = The token has no right to files, so documents cannot be sent. Make one that has it.
doctor-vk-right-manage = The token has no right to manage the community, so Long Poll cannot be set up. Make one that has it.
