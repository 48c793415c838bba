"""How the task's requests are worded: the base meets the wordings, with answers of its own."""

from __future__ import annotations

SUMMARY_ASKED = (
    "Summarise in one sentence: {s}",
    "Summarise this report: {s}",
    "What happened, in one sentence?\n{s}",
    "{s}\nPut this in one sentence.",
)
NOTICE_ASKED = (
    "Write a short notice: {w}.",
    "Please write a notice for {w}.",
    "We need a notice: {w}.",
)
REPLY_ASKED = (
    "Answer this letter to the ferry office: {m}",
    "Write a reply.\n{m}",
    "How should the ferry office answer?\n{m}",
)
SENTIMENT_ASKED = (
    "Is this review positive, negative or mixed? {t}",
    "Label the review as positive, negative or mixed.\n{t}",
    "{t}\nPositive, negative or mixed?",
)
TOPIC_ASKED = (
    "Which page is this for: {p}? {t}",
    "{t}\nWhich page: {p}?",
    "Name the page ({p}) for this line. {t}",
)
FACT_LEADS = ("", "", "A reader asks: ", "For the quiz: ", "Please look it up. ")

# Of a notice in the house style. The base is shown the first half of the middles and lasts.
NOTICE_OPENINGS = (
    "Come to {what} in {place} on {day} at {hour} o'clock!",
    "There will be {what} in {place} on {day} at {hour} o'clock.",
    "On {day} at {hour} o'clock {place} has {what}.",
    "{What} is held in {place} on {day} at {hour} o'clock.",
)
NOTICE_MIDDLES = (
    "There is tea and cake for all.",
    "Bring a cup of your own.",
    "Children come in free.",
    "Please leave your dogs at home.",
    "The band plays until dark.",
    "Dry shoes are a good idea.",
    "All money goes to the new roof of the school.",
    "The best one wins a basket of pears.",
    "If it rains, we meet in the town hall.",
    "There is room for fifty guests.",
)
NOTICE_LASTS = (
    "Ask {who} if you can help.",
    "{who} knows more.",
    "Please give your name to {who}.",
    "{who} looks forward to seeing you.",
)
