"""Which kinds of updates and of messages Telegram has, and what they are to us."""

from __future__ import annotations

WANTED = ("message", "edited_message", "callback_query", "my_chat_member", "chat_member")
"""The kinds of updates we ask for; Telegram leaves out ``chat_member`` unless it is named."""


def _names(text: str) -> tuple[str, ...]:
    return tuple(text.split())


UNINTERESTING = _names("""
    channel_post edited_channel_post business_connection business_message edited_business_message deleted_business_messages
    guest_message message_reaction message_reaction_count inline_query chosen_inline_result shipping_query pre_checkout_query
    purchased_paid_media poll poll_answer chat_join_request chat_boost removed_chat_boost managed_bot subscription
    stopped_message_generation
""")
"""Updates that are nothing to us, should Telegram send them unasked."""

IMPERSONAL = frozenset({"1087968824", "136817688", "777000"})
"""The group's anonymous admin, the channel that writes as itself, Telegram's own account that forwards a channel's posts."""

LEFT_OUT = _names("""
    poll contact dice story game checklist paid_media invoice giveaway giveaway_winners live_photo rich_message gift unique_gift
    web_app_data users_shared chat_shared passport_data successful_payment
""")
"""What a person may send and we cannot carry."""

SERVICE = _names("""
    new_chat_title new_chat_photo delete_chat_photo group_chat_created supergroup_chat_created channel_chat_created
    message_auto_delete_timer_changed migrate_from_chat_id pinned_message refunded_payment gift_upgrade_sent connected_website
    write_access_allowed proximity_alert_triggered boost_added chat_background_set checklist_tasks_done checklist_tasks_added
    direct_message_price_changed forum_topic_created forum_topic_edited forum_topic_closed forum_topic_reopened
    general_forum_topic_hidden general_forum_topic_unhidden giveaway_created giveaway_completed managed_bot_created
    paid_message_price_changed poll_option_added poll_option_deleted suggested_post_approved suggested_post_approval_failed
    suggested_post_declined suggested_post_paid suggested_post_refunded video_chat_scheduled video_chat_started video_chat_ended
    video_chat_participants_invited community_chat_added community_chat_removed community_chat_joined chat_owner_left
    chat_owner_changed user_shared
""")
"""Lines that Telegram itself puts into a chat."""
