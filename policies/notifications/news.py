"""One piece of news in all its forms: a sentence, a mail, a webhook's body."""

from __future__ import annotations

import datetime
import json
from dataclasses import dataclass, field
from typing import Any

from policies.notifications.events import WORDS, Event

LONGEST_NOTE = 400


@dataclass(frozen=True)
class News:
    """What happened to what, by whom. `path` leads to it in the console."""

    event: Event
    sentence: str
    note: str
    time: datetime.datetime
    actor: str
    workflow_slug: str
    workflow_name: str
    path: str
    subject: dict[str, Any] = field(default_factory=dict)
    audit_sequence: int | None = None


def shortened(text: str, longest: int = LONGEST_NOTE) -> str:
    """The text on one line, cut at a word, so that it fits a list and a mail's subject."""
    text = " ".join(text.split())
    if len(text) <= longest:
        return text
    cut = text[:longest]
    return f"{cut.rpartition(' ')[0] or cut} …"


def absolute(base_url: str, path: str) -> str:
    """The address of a page; only its path when the console does not know its own address."""
    return f"{base_url.rstrip('/')}{path}"


def mail_subject(workflow: str, sentence: str) -> str:
    return shortened(f"[{workflow}] {sentence}", 180)


def mail_text(sentence: str, note: str, because: str, link: str, preferences: str) -> str:
    """The whole mail, plain text."""
    quoted = f"“{note}”\n\n" if note else ""
    return (
        f"{sentence}.\n\n{quoted}{link}\n\n"
        f"--\nYou get this mail because: {because}\nChoose what is mailed to you: {preferences}\n"
    )


def standard_body(news: News, base_url: str) -> str:
    """A Standard Webhooks payload: `type`, `timestamp` and `data`."""
    data = {
        "workflow": {"slug": news.workflow_slug, "name": news.workflow_name},
        "subject": news.subject,
        "actor": news.actor,
        "sentence": news.sentence,
        "note": news.note,
        "url": absolute(base_url, news.path),
        "audit_sequence": news.audit_sequence,
    }
    moment = news.time.astimezone(datetime.UTC).isoformat(timespec="microseconds")
    body = {"type": news.event.value, "timestamp": moment.replace("+00:00", "Z"), "data": data}
    return json.dumps(body, ensure_ascii=False)


def slack_body(news: News, base_url: str) -> str:
    """What Slack's incoming webhooks (and those that imitate them) take: `text` and `blocks`."""
    label = WORDS[news.event].label
    workflow = escaped(news.workflow_name)
    said = f"*{escaped(news.sentence)}*"
    if news.note:
        said += "\n" + "\n".join(f"> {escaped(line)}" for line in news.note.splitlines())
    context = f"{label} · {workflow}"
    if base_url:
        context += f" · <{absolute(base_url, news.path)}|Open in the console>"
    blocks = [
        {"type": "section", "text": {"type": "mrkdwn", "text": said}},
        {"type": "context", "elements": [{"type": "mrkdwn", "text": context}]},
    ]
    plain = f"{escaped(news.sentence)} ({workflow})"
    return json.dumps({"text": plain, "blocks": blocks}, ensure_ascii=False)


def escaped(text: str) -> str:
    """Slack's three control characters, so that a title can neither link nor mention anybody."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
