#!/usr/bin/env python3
"""Makes the synthetic support tickets of this pipeline: the same seed gives the same bytes.

    make_tickets.py [OUT]        write the tickets (default: data/tickets.csv beside this file)
    make_tickets.py --planted    print every piece of personal data in them as JSON, and write nothing
    make_tickets.py --check      say whether data/tickets.csv is what the generator makes; exit 1 if not

All personal data is fictitious: telephone numbers from the ranges kept for fiction, mail addresses under example.com,
example.org and example.net, card numbers under the networks' test prefixes, social-security numbers never issued.
"""
import argparse
import csv
import datetime
import io
import json
import pathlib
import random
import re
import sys

import ticket_phrases as phrases

COUNT = 4000
SEED = 7
DEFAULT_OUT = pathlib.Path(__file__).resolve().parent / "data" / "tickets.csv"
#: Names that are also words: planted only as full names, where they cannot be mistaken.
WORDLIKE = {"Mark", "Grace", "Hill", "Young", "Baker", "Price", "Walker", "Wright"}


class Ticket:
    """One ticket: its text in pieces, each either words (kind None) or a planted string of some kind."""

    def __init__(self, number, created, channel, category):
        self.id = f"T{number:05d}"
        self.created, self.channel, self.category = created, channel, category
        self.pieces = []

    def say(self, text, kind=None):
        self.pieces.append((text, kind))

    @property
    def text(self):
        return "".join(text for text, _ in self.pieces)

    def planted(self, *kinds):
        return [text for text, kind in self.pieces if kind in kinds]


def generate(count=COUNT, seed=SEED, plant=True):
    """All tickets. With `plant=False` the same words without a single piece of personal data."""
    rng = random.Random(seed)
    names = list(phrases.CATEGORIES)
    weights = list(phrases.CATEGORIES.values())
    start = datetime.date(2025, 1, 6)
    for number in range(1, count + 1):
        created = start + datetime.timedelta(days=number * 300 // count)
        channel = rng.choice(["email", "web", "chat"])
        ticket = Ticket(number, created.isoformat(), channel, rng.choices(names, weights)[0])
        write(ticket, rng, plant)
        yield ticket


def write(ticket, rng, plant):
    person = Person(rng)
    greeting = rng.choice(phrases.GREETINGS)
    if greeting:
        ticket.say(greeting + (rng.choice([" ", "\n"]) if ticket.channel != "email" else "\n"))
    if plant and rng.random() < 0.45:
        introduce(ticket, rng, person)
    for sentence in sentences(ticket.category, rng):
        ticket.say(sentence + " ")
    if plant:
        give_details(ticket, rng, person)
        mention_others(ticket, rng)
    request = expand(rng.choice(phrases.REQUESTS), rng)
    if request:
        ticket.say(request + rng.choice([".", "!", "?", "."]))
    if plant and rng.random() < 0.6:
        sign(ticket, rng, person)
    dress(ticket, rng)


def sentences(category, rng):
    """What the ticket says: its problem, details, and now and then another category's trouble on top."""
    if rng.random() < 0.035:
        chosen = [expand(text, rng) for text in rng.sample(phrases.VAGUE, 3)]
    else:
        chosen = [expand(rng.choice(phrases.PROBLEMS[category]), rng)]
        if rng.random() < 0.6:
            chosen.append(expand(rng.choice(phrases.DETAILS[category]), rng))
        if rng.random() < 0.5:
            chosen.append(expand(rng.choice(phrases.SHARED), rng))
        if rng.random() < 0.28:
            other = rng.choice([name for name in phrases.CATEGORIES if name != category])
            kind = phrases.PROBLEMS if rng.random() < 0.3 else phrases.DETAILS
            chosen.append(rng.choice(["By the way, ", "Also, ", "And "]) + expand(rng.choice(kind[other]), rng))
        rng.shuffle(chosen)
    return [text[0].upper() + text[1:] + rng.choice([".", ".", ".", "!", "..."]) for text in chosen]


def expand(template, rng):
    """Resolves `(a|b)` choices and fills `{slots}`."""
    while (match := re.search(r"\(([^()]*\|[^()]*)\)", template)) is not None:
        template = template[:match.start()] + rng.choice(match.group(1).split("|")) + template[match.end():]
    return re.sub(r"\{(\w+)\}", lambda match: slot(match.group(1), rng), template)


def slot(name, rng):
    day = datetime.date(2025, 1, 1) + datetime.timedelta(days=rng.randrange(300))
    return {
        "order": lambda: rng.choice(["ORD-{}", "#{}", "A-{}"]).format(rng.randrange(10000, 999999)),
        "amount": lambda: rng.choice(["${}.{:02}", "{}.{:02} EUR", "£{}.{:02}"]).format(
            rng.randrange(5, 900), rng.randrange(100)),
        "date": lambda: rng.choice([day.isoformat(), f"{day.day} {day:%B}", f"{day.month}/{day.day}", f"{day:%A}"]),
        "days": lambda: str(rng.randrange(2, 30)),
        "error": lambda: rng.choice(["E-{}", "0x{:04X}", "{}"]).format(rng.randrange(100, 999)),
        "version": lambda: f"{rng.randrange(1, 9)}.{rng.randrange(20)}.{rng.randrange(10)}",
        "product": lambda: rng.choice(phrases.PRODUCTS),
        "browser": lambda: rng.choice(phrases.BROWSERS),
        "month": lambda: rng.choice(phrases.MONTHS),
    }[name]()


class Person:
    """Somebody with a name and the numbers that belong to them."""

    def __init__(self, rng):
        self.first = rng.choice(phrases.FIRST_NAMES)
        self.last = rng.choice(phrases.DOUBLE_NAMES if rng.random() < 0.08 else phrases.LAST_NAMES)

    @property
    def full(self):
        return f"{self.first} {self.last}"

    @property
    def short(self):
        """What they sign with: the first name, unless it could be read as a word."""
        return self.full if self.first in WORDLIKE else self.first

    @property
    def formal(self):
        """What stands after "Mr": the surname, unless it could be read as a word."""
        return self.full if self.last in WORDLIKE else self.last

    def email(self, rng):
        plain = [re.sub(r"[^a-z]", "", part.lower()) or "x" for part in (self.first, self.last)]
        user = rng.choice(["{0}.{1}", "{0}{1}", "{1}_{0}", "{0}.{1}+shop"]).format(*plain)
        user += rng.choice(["", "", str(rng.randrange(10, 99))])
        domain = rng.choice(["example.com", "example.org", "mail.example.net"])
        if rng.random() < 0.06:
            return user + rng.choice([" at ", " [at] ", "(at)"]) + domain.replace(".", " dot ")
        return f"{user}@{domain}"


def phone(rng):
    if rng.random() < 0.15:
        return rng.choice(["+44 20 7946 0{:03}", "020 7946 0{:03}", "+44 7700 900{:03}", "07700 900{:03}"]).format(
            rng.randrange(1000))
    area, line = rng.choice([202, 212, 303, 415, 617, 713, 808]), f"01{rng.randrange(100):02}"
    return rng.choice([
        "({0}) 555-{1}", "{0}-555-{1}", "{0}.555.{1}", "{0} 555 {1}", "{0}555{1}", "+1 {0} 555 {1}", "+1-{0}-555-{1}",
        "+1{0}555{1}", "1-{0}-555-{1}", "({0})555-{1}", "555-{1}", "{0}-555-{1} ext. 12"]).format(area, line)


def card(rng):
    """A number that passes the Luhn check, written the ways people write it."""
    prefix, length = rng.choice([("424242", 16), ("411111", 16), ("555555", 16), ("510510", 16), ("601111", 16),
                                 ("378282", 15)])
    body = prefix + "".join(str(rng.randrange(10)) for _ in range(length - len(prefix) - 1))
    doubled = (int(digit) * (2 if place % 2 == 0 else 1) for place, digit in enumerate(reversed(body)))
    digits = body + str(-sum(value // 10 + value % 10 for value in doubled) % 10)
    groups = [digits[:4], digits[4:10], digits[10:]] if length == 15 else re.findall("....", digits)
    return rng.choice([" ", "-", " ", ""]).join(groups)


def social_security_number(rng):
    """Area 000 and areas from 900 with a group below 50 have never been given to anybody."""
    area = "000" if rng.random() < 0.2 else str(rng.randrange(900, 1000))
    return rng.choice(["-", "-", " ", ""]).join([area, f"{rng.randrange(10, 50)}", f"{rng.randrange(1, 9999):04}"])


def introduce(ticket, rng, person):
    before, after = rng.choice([
        ("My name is ", ". "), ("my name is ", " and I need help. "), ("This is ", ". "), ("I am ", ", a customer of yours. "),
        ("", " here. "), ("I'm ", ". "), ("The account is in the name of ", ". "), ("Account holder: ", ". "),
        ("I am writing on behalf of ", ". "), ("Customer name: ", "\n")])
    if before == "Customer name: " and " " not in person.last:
        ticket.say(before)
        ticket.say(f"{person.last}, {person.first}", "name")
    else:
        ticket.say(before)
        ticket.say(person.full, "name")
    ticket.say(after)


def give_details(ticket, rng, person):
    def tell(lead_ins, value, kind):
        lead_in = rng.choice(lead_ins)
        ticket.say(lead_in.split("_")[0])
        ticket.say(value, kind)
        ticket.say(lead_in.split("_")[1] + " ")

    if rng.random() < 0.35:
        tell(["My email is _.", "You can write to _.", "(_)", "Reply to _ please.", "login: _"], person.email(rng), "email")
    if rng.random() < 0.33:
        tell(["Call me on _.", "My number is _.", "tel _", "Phone: _.", "Reach me at _ after five."], phone(rng), "phone")
    if rng.random() < (0.3 if ticket.category in ("billing", "returns") else 0.06):
        tell(["The card is _.", "card number _", "I paid with _.", "Card: _, valid until 11/29."], card(rng), "card")
    if rng.random() < (0.2 if ticket.category == "account" else 0.03):
        tell(["My SSN is _.", "social security number _.", "SSN: _", "for identification: SSN _."],
             social_security_number(rng), "ssn")


def mention_others(ticket, rng):
    if rng.random() > 0.16:
        return
    other = Person(rng)
    before, name, after = rng.choice([
        ("I spoke to ", other.full, " on the phone. "), ("Your colleague ", other.full, " promised a call. "),
        ("My wife ", other.full, " ordered it. "), ("It was ordered by ", other.full, ". "),
        ("Please ask Mr ", other.formal, " about it. "), ("Mrs. ", other.formal, " from your team knows the case. "),
        ("Dr. ", other.full, " can confirm it. "), ("I chatted with ", other.short, " yesterday. ")])
    ticket.say(before)
    ticket.say(name, "name" if " " in name else "name_part")
    ticket.say(after)


def sign(ticket, rng, person):
    closing, name = rng.choice([
        ("\nRegards,\n", person.full), ("\nThanks, ", person.short), ("\nKind regards\n", person.full), ("\n- ", person.short),
        ("\nBest,\n", person.short), ("\nSincerely,\n", person.full), ("\nThank you\n", person.full), ("\nCheers, ", person.short)])
    ticket.say(closing)
    ticket.say(name, "name" if " " in name else "name_part")
    if closing.endswith("\n") and rng.random() < 0.2:
        ticket.say("\n")
        ticket.say(phone(rng), "phone")


def dress(ticket, rng):
    """Typing mistakes outside the planted strings; a few people never, or only, use the shift key."""
    style = rng.choices([str, str.lower, str.upper], [0.91, 0.07, 0.02])[0]
    sloppy = rng.random() < 0.3
    pieces = []
    for text, kind in ticket.pieces:
        if kind is None and sloppy:
            text = re.sub(r"\b[a-z]{5,}\b", lambda match: mistype(match.group(), rng), text)
        pieces.append((text if kind == "email" else style(text), kind))
    last_words, kind = pieces[-1]
    pieces[-1] = (last_words.rstrip() if kind is None else last_words, kind)
    ticket.pieces = pieces


def mistype(word, rng):
    if rng.random() > 0.07:
        return word
    at = rng.randrange(1, len(word) - 1)
    return rng.choice([
        word[:at] + word[at + 1:], word[:at] + word[at] + word[at:], word[:at] + word[at + 1] + word[at] + word[at + 2:]])


def as_csv(tickets):
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["ticket_id", "created", "channel", "category", "text"])
    for ticket in tickets:
        writer.writerow([ticket.id, ticket.created, ticket.channel, ticket.category, ticket.text])
    return out.getvalue().encode()


def planted(tickets):
    """Every planted string by kind, each once. `name_parts` are lone first names and surnames: look for them as words."""
    tickets = list(tickets)
    kinds = {"names": "name", "name_parts": "name_part", "emails": "email", "phones": "phone", "cards": "card", "ssns": "ssn"}
    return {plural: sorted({text for ticket in tickets for text in ticket.planted(kind)})
            for plural, kind in kinds.items()}


def main():
    parser = argparse.ArgumentParser(description="Makes synthetic support tickets with planted personal data.")
    parser.add_argument("out", nargs="?", type=pathlib.Path, default=DEFAULT_OUT)
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--count", type=int, default=COUNT)
    parser.add_argument("--planted", action="store_true", help="print all planted personal data as JSON, write nothing")
    parser.add_argument("--check", action="store_true", help="compare OUT with what would be written, write nothing")
    arguments = parser.parse_args()
    tickets = list(generate(arguments.count, arguments.seed))
    if arguments.planted:
        json.dump(planted(tickets), sys.stdout, indent=1, ensure_ascii=False)
        print()
    elif arguments.check:
        if not arguments.out.is_file() or arguments.out.read_bytes() != as_csv(tickets):
            sys.exit(f"{arguments.out} is not what make_tickets.py makes; run it again")
    else:
        arguments.out.parent.mkdir(parents=True, exist_ok=True)
        arguments.out.write_bytes(as_csv(tickets))
        print(f"{len(tickets)} tickets written to {arguments.out}")


if __name__ == "__main__":
    main()
