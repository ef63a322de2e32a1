#!/usr/bin/env python3
"""Removes personal data from the free text of support tickets: names, mail addresses, telephone, card and
social-security numbers. What it finds becomes [NAME], [EMAIL], [PHONE], [CARD] or [SSN].

    strip_pii.py IN.csv OUT.csv

Numbers are known by their shape (cards also by their check digit), names by what stands around them, by a dictionary
of common names, and by having been found elsewhere in the same ticket. When in doubt it removes.
"""
import collections
import csv
import os
import re
import sys

EMAIL = re.compile(r"[\w.+'-]+@[\w-]+(?:\.[\w-]+)+", re.UNICODE)
SPELT_EMAIL = re.compile(  # ana.lopez at example dot com, ana [at] example [dot] com
    r"[\w.+'-]+\s*(?:[\[(]\s*at\s*[\])]|\bat\b)\s*(?:[\w-]+\s*(?:[\[(]\s*dot\s*[\])]|\bdot\b)\s*)+[a-z]{2,}\b",
    re.IGNORECASE)
CARD = re.compile(r"(?<![\w-])\d(?:[ -]?\d){12,18}(?![\w-]*\d)")
SSN = re.compile(r"(?<![\w-])\d{3}([- ])\d{2}\1\d{4}(?![\w-])")
BARE_SSN = re.compile(r"(?<![\w#$€£.-])\d{9}(?![\w-]|\.\d)")
PHONE = re.compile(
    r"(?<![\w#$€£.-])(?:"
    r"\+\d{1,3}(?:[ .-]?\(?\d{1,5}\)?){2,5}"  # +44 20 7946 0123, +12125550123
    r"|(?:1[ .-]?)?\(\d{3}\)[ .-]?\d{3}[ .-]?\d{4}"  # (212) 555-0123
    r"|(?:1[ .-])?\d{3}([ .-])\d{3}\1\d{4}"  # 212-555-0123
    r"|0\d{2,4}[ -]\d{3,4}[ -]?\d{3,4}"  # 020 7946 0123
    r"|1?\d{10}"
    r"|\d{3}-\d{4}"  # 555-0123
    r")(?:\s?(?:ext|x)\.?\s?\d{1,5})?(?![\w-]|\.\d)", re.IGNORECASE)

FIRST_NAMES = set("""
aaron abdul abigail adam adriana ahmed aisha alan albert alejandro alex alexander alexandra ali alice alicia alina amanda
amara amber amina amir amy ana anders andrea andreas andrew andrzej angela anita anja ann anna anne annika antonio
anya arjun arthur astrid aya barbara beatriz ben benjamin bernard bianca björn boris brandon brian bruno camille carl carla
carlos carmen carol caroline catherine cecilia charles charlotte chen chiara chloe chloé chris christian christina christine
christopher claire clara claudia daniel daniela daria david deborah deepak denise dennis diana diego dmitri dmitry dominic
donald dorothy edward elena eleni elias elif elizabeth ella ellen emilia emily emma eric erik ernesto esther ethan eva
fatima felix fernando filip fiona florian francesca francesco francis francisco frank frédéric gabriel gary george gerald
giorgio giulia gloria gonzalo grace greg gregory guillaume gustav hana hannah hans harold hassan heather heidi helen henrik
henry hiroshi hugo hussein ian ibrahim igor ines ingrid irene irina isabel isabella ivan jack jacob james jan jane janet
jason javier jean jennifer jeremy jessica jin joan johan johanna john jonas jonathan jorge josé joseph joshua joão juan
judith julia julian julie jun karen karim karl katarzyna kate katherine kathleen katja keiko kelly kenji kenneth kevin khalid
kim kumar kwame lakshmi lars laura lauren laurent layla leah leila lena leo leon leonardo liam lin linda ling lisa louis
louise luca lucas lucia lucía luis luisa lukas luke magdalena mahmoud manuel marc marco marcus margaret maria mariam marie
marina mario mark marta martha martin mary mateo matteo matthew maurice max maya mei melissa mia michael michel michelle miguel
mikael min ming mohamed mohammed monica monika mustafa nadia nancy naomi natalia natalie natasha nathan nicholas nicolas nicole
nikolai nina noah noor nora oleg olga oliver olivia omar oscar otto pablo pamela paolo patricia patrick paul paula pavel
pedro peter petra philip philippe pierre piotr priya rachel rafael rahul raj rajesh ramón raquel ravi raymond rebecca renata
ricardo richard rita robert roberto roger roland rosa ruth ryan sabine sally salma sam samantha samir samuel sandra sanjay
sara sarah sean sebastian sergei sharon simon simone sofia sonia sophia sophie stefan stella stephanie stephen steven sunita
susan suzanne svetlana sven takashi tanya tariq tatiana teresa theresa thomas tiffany timothy tomas tomasz tracy ulrich
valentina valerie vanessa vera veronica victor victoria vijay vincent virginia vladimir walter wei wendy wilhelm william xavier
yan yara yasmin ying yuki yuri yusuf yves zainab zhang zoe zoé zoë
""".split())

LAST_NAMES = set("""
abbott abdullah adams ahmed akhtar alexander ali allen alvarez andersen anderson andersson araujo bailey baker barbosa
barnes becker bell bennett berg bergström bernard bianchi bishop björk brooks brown bruno butler campbell carlson carter castillo
castro chan chang chapman chaudhry chavez chen choi christensen clark cohen coleman collins conti cook cooper costa cox
cruz davies davis delgado desai diaz diallo dubois duarte dupont edwards eriksson esposito evans farouk ferguson fernandes
fernandez ferrari fischer fisher flores foster fournier fox franco garcia garcía gibson gomez gonzales gonzalez graham gray
green greco griffin gupta gutierrez hall hamilton hansen harris harrison hassan hassani hayashi haddad henderson hernandez
herrera hill hoffmann holmes horvat howard hu huang hughes hussain hussein ito ivanov ivanova jackson jackson jacobs jansen
janssen jensen jimenez johansson johnson jones joshi kang kaplan kapoor kato kaur kaya keller kelly kennedy khan kim king
kobayashi koch kovacs kowalska kowalski krause kumar lambert larsen larsson lee leroy lewis li lim lin lindberg liu long
lopez marino marshall martin martinez mason matsumoto mbeki mcdonald medina mehta mendez mendoza mensah meyer miller mills
mitchell mohamed molina moore morales moreau moreno morgan moretti morris müller murphy murray myers nair nakamura navarro
nelson nguyen nielsen nikolov novak novák nowak núñez nkosi o'brien o'connor o'neill okafor okonkwo olsen olsson ortega ortiz
osman owens palmer papadopoulos park parker patel pereira perez peterson petrov petrova phillips popescu powell price
quinn rahman ramirez ramos rao reed reid reyes reynolds ricci richards richardson richter rivera roberts robinson rodrigues
rodriguez rogers romano romero rose ross rossi rossini russell russo ruiz saito sanchez sanders santos sato schmidt schneider
schulz schwarz scott shah sharma shaw silva simmons simon singh smirnov smith sokolov sousa souza stevens stewart stone
sullivan suzuki svensson takahashi tanaka taylor thomas thompson torres tran tremblay tucker turner vasquez vega wagner
walker wallace wang ward watanabe watson weber west white williams wilson wong wood woods wright wu yamamoto yang
yilmaz young zhang zhao zhou ziegler zimmermann
""".split())

#: Names that are words too: alone they prove nothing.
AMBIGUOUS = set("""bell berg bishop brooks brown butler carter cook cooper cox fisher foster fox grace gray green hall
hill holmes king long mark mason max may mills min park parker price quinn reed rose ruth sam stone turner walker ward
west white wood woods wright young amber baker chan yan an do hu jan jun leo li lim lin wu kim art will bill""".split())

#: Capitalised at the start of a sentence or by custom, and nobody's name.
NOT_NAMES = set("""a about account after agent all also although amount an and android another any app are as at because
been before best bluetooth box browser but by bye call can card case cheers chrome clearing code company confirmation
contact could customer dashboard days dear delivery depot did do does driver edge eur every everything fees finance firefox for
from good great greetings have hello help here hey hi hold holder how however i if in internet invoice is it its just keep kind
last later let login long mac mail many maybe me microsoft mobile month morning most my name need no nobody not now of old
on once one only or order our out page paid parcel passport password payment people phone please product question reach
receipt refund regards reply request return router safari see security service shop since sincerely social so some
something somebody sorry ssn still subject subscription such suggestion support team tel thank thanks that the their then there these
they this those to today tomorrow tracking twice under until update urgent us valid vat warmly we website what when where which
while whom who why wifi will windows wish with would write wrong yes yesterday yet you your yours
january february march april may june july august september october november december
monday tuesday wednesday thursday friday saturday sunday calling cancelled charged disappointed happy sad looking
very really using trying unable waiting writing sure afraid having getting getting""".split())

LETTERS = r"[^\W\d_]"
#: One word of a name: Anna, O'Neill, Al-Masri, McAllister, in any case.
WORD = rf"{LETTERS}+(?:['’-]{LETTERS}+)*"
PARTICLE = r"(?:van der|van den|van|von|der|den|de la|de|del|da|dos|di|bin|al|la|le)"
WORDS = re.compile(rf"{WORD}")
#: What follows these is a name, whatever it looks like.
SURE_LEAD = re.compile(
    r"(?:\bmy (?:full )?name is|\bmy (?:wife|husband|son|daughter|brother|sister|mother|father|partner|boss) (?:is )?"
    r"|\b(?:spoke|talked|chatted|spoken|speak|talk) (?:to|with)|\bcolleague"
    r"|\bin the name of|\b(?:account|card) ?holder:?|\b(?:customer |full )?name:|\bon behalf of|\battn:?"
    r"|\b(?:mr|mrs|ms|miss|mx|dr|prof|sir|madam)\b\.?)[ \t]*", re.IGNORECASE)
#: What follows these may be a name: it is when it looks like one.
MAYBE_LEAD = re.compile(
    r"(?:\bi(?:'m| am)|\bthis is|\bagent|\b(?:ordered|bought|signed|sent|paid) by|\bask(?: for)?|\bcontact|\bdear|\bregistered to|\bfrom|\bcall me)[ \t]+",
    re.IGNORECASE)
#: The end of a letter: the next words, if few, are its writer.
SIGN_OFF = re.compile(
    rf"(?:\b(?:regards|thanks|thank you|cheers|sincerely|best|best wishes|yours(?: truly| sincerely)?|greetings|bye)[,.!]?\s+"
    rf"|\n\s*[-–—]+\s*)(?P<name>(?:{PARTICLE} |{WORD}[ ]?){{1,4}}?)(?=\s*(?:\n|$|\[))", re.IGNORECASE)
NAME_HERE = re.compile(rf"(?:^|[.!?,\n]\s*)(?P<name>{WORD}(?: (?:{PARTICLE} )?{WORD}){{0,2}}) here\b", re.IGNORECASE)
LEADING_NAME = re.compile(
    rf"(?:{LETTERS}\. )*(?:{PARTICLE} )?{WORD}(?:,? (?:{PARTICLE} )?(?:{LETTERS}\. )?{WORD}){{0,2}}", re.IGNORECASE)
NAME_WORD = re.compile(rf"{PARTICLE}(?= )|{WORD}", re.IGNORECASE)
IS_PARTICLE = re.compile(PARTICLE, re.IGNORECASE).fullmatch
#: What may stand between a first name and its surname.
NAME_GAP = re.compile(rf",? (?:{PARTICLE} )?(?:{LETTERS}\. )?", re.IGNORECASE)
CAPITALISED_PAIR = re.compile(rf"(?<![\w'\[])({WORD}) (?=({WORD})(?![\w\]]))")
ONE_PERSON = re.compile(rf"\[NAME\](?:,? (?:{LETTERS}\. )?\[NAME\])+")


def uses_case(text):
    """False for those who never, or only, use the shift key: capitals then say nothing about names."""
    text = re.sub(r"\[[A-Z]+\]", "", text)
    capitals = sum(map(str.isupper, text))
    return 0 < capitals < 0.7 * (capitals + sum(map(str.islower, text)))


def luhn(digits):
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (2 if place % 2 else 1)
        total += value // 10 + value % 10
    return total % 10 == 0


class Stripper:
    """Finds personal data in texts. Sees all of them first, to learn what is ordinary there: a capitalised pair of
    words that stands in many tickets is a product, one that stands in one or two is somebody; and a word that others
    write with a small letter is no name."""

    def __init__(self, texts):
        self.counts = collections.Counter()
        texts = [SPELT_EMAIL.sub(" ", EMAIL.sub(" ", text)) for text in texts]  # addresses hold names in small letters
        self.ordinary = {word for text in texts if uses_case(text) for word in WORDS.findall(text) if word.islower()}
        pairs = collections.Counter(pair for text in texts for pair in set(capitalised_pairs(text)))
        self.common_pairs = {pair for pair, count in pairs.items() if count > max(10, len(pairs) // 100)}
        self.learned = set()
        self.learned = self.learn(texts)

    def learn(self, texts):
        """Words that are introduced as names in several tickets: names in all others too."""
        seen = collections.Counter()
        for text in texts:
            seen.update({word.lower() for name in self.introduced(text, uses_case(text)) for word in WORDS.findall(name)})
        return {word for word, count in seen.items()
                if count >= 3 and word not in self.ordinary | NOT_NAMES and not IS_PARTICLE(word)}

    def strip(self, text):
        text = self.numbers(text)
        return self.names(text)

    def replace(self, pattern, mark, text, keep=lambda match: False):
        def substitute(match):
            if keep(match):
                return match.group()
            self.counts[mark] += 1
            return mark
        return pattern.sub(substitute, text)

    def numbers(self, text):
        text = self.replace(EMAIL, "[EMAIL]", text)
        text = self.replace(SPELT_EMAIL, "[EMAIL]", text)
        text = self.replace(CARD, "[CARD]", text, keep=lambda match: not luhn(re.sub(r"\D", "", match.group())))
        text = self.replace(SSN, "[SSN]", text)
        text = self.replace(BARE_SSN, "[SSN]", text)
        return self.replace(PHONE, "[PHONE]", text)

    def names(self, text):
        """Collects the words that are names in this text, then removes them wherever they stand in it."""
        cased = uses_case(text)
        found = set(self.introduced(text, cased))
        found.update(self.known_names(text, cased))
        found.update(" ".join(pair) for pair in capitalised_pairs(text, inside=True)
                     if cased and pair not in self.common_pairs)
        return self.remove(found, text, cased)

    def introduced(self, text, cased):
        """Names that what stands around them gives away."""
        found = set()
        for match in SURE_LEAD.finditer(text):
            found.update(self.leading_name(text[match.end():], cased, sure=True))
        for match in MAYBE_LEAD.finditer(text):
            found.update(self.leading_name(text[match.end():], cased, sure=False))
        for pattern in (SIGN_OFF, NAME_HERE):
            for match in pattern.finditer(text):
                words = WORDS.findall(match.group("name"))
                plausible = [word for word in words if word.lower() not in NOT_NAMES]
                if plausible and len(plausible) == len(words) and (not cased or words[-1][0].isupper()):
                    found.add(match.group("name").strip())
        return found

    def leading_name(self, text, cased, sure):
        """The name that `text` begins with, if it begins with one."""
        match = LEADING_NAME.match(text)
        if not match:
            return
        taken = []
        for word in NAME_WORD.finditer(match.group()):
            lower = word.group().lower()
            particle = IS_PARTICLE(lower) is not None
            if lower in NOT_NAMES or (cased and not particle and not word.group()[0].isupper()):
                break
            if not cased and not particle and not self.unusual(lower):
                break
            taken.append(word)
        real = [word.group().lower() for word in taken]
        known = any(word in FIRST_NAMES or word in LAST_NAMES for word in real)
        if taken and (sure or known or len(real) >= 2):
            yield match.group()[:taken[-1].end()]

    def unusual(self, lower):
        """Could be a name when its case tells nothing."""
        return lower in FIRST_NAMES or lower in LAST_NAMES or lower not in self.ordinary

    def known_names(self, text, cased):
        """Names that the dictionary knows."""
        words = [(match.group(), match.start(), match.end()) for match in WORDS.finditer(text)]
        for index, (word, start, end) in enumerate(words):
            lower = word.lower()
            learned = lower in self.learned
            is_first, is_last = learned or lower in FIRST_NAMES, learned or lower in LAST_NAMES
            if not (is_first or is_last) or (cased and not word[0].isupper()):
                continue
            following = self.next_name(words, index, text)
            if is_first and following is not None:
                next_word = text[following[1]:following[2]]
                next_known = next_word.lower() in LAST_NAMES or next_word.lower() in self.learned
                looks_so = next_word[0].isupper() if cased else self.unusual(next_word.lower())
                if next_known or (looks_so and next_word.lower() not in NOT_NAMES):
                    yield text[start:following[2]]
                    continue
            if is_last and index:
                before, before_start, before_end = words[index - 1]
                looks_so = before[0].isupper() if cased else self.unusual(before.lower())
                if (text[before_end:start] == " " and looks_so and before.lower() not in NOT_NAMES
                        and (before, word) not in self.common_pairs):
                    yield text[before_start:end]
            if cased and lower not in AMBIGUOUS and lower not in NOT_NAMES:
                yield word
            elif not cased and is_first and lower not in AMBIGUOUS and lower not in NOT_NAMES and len(lower) > 3:
                yield word

    @staticmethod
    def next_name(words, index, text):
        """The word after `index` that could be the surname to it, over particles, initials and one comma."""
        for candidate in words[index + 1:index + 4]:
            gap = text[words[index][2]:candidate[1]]
            if NAME_GAP.fullmatch(gap) and len(candidate[0]) > 1 and not IS_PARTICLE(candidate[0]):
                return candidate
        return None

    def remove(self, found, text, cased):
        """Removes the names wherever they stand, the longest first, and each of their words where it stands alone."""
        sequences = collections.defaultdict(set)
        for name in found:
            words = tuple(WORDS.findall(name))
            sequences[words[0]].add(words)
            for word in words:
                lower = word.lower()
                if (len(word) > 1 and lower not in NOT_NAMES and not IS_PARTICLE(lower)
                        and (cased or lower not in AMBIGUOUS)):
                    sequences[word].add((word,))
        if not sequences:
            return text
        matches = list(WORDS.finditer(text))
        words = tuple(match.group() for match in matches)
        parts, copied, index = [], 0, 0
        while index < len(words):
            fitting = [candidate for candidate in sequences.get(words[index], ())
                       if words[index:index + len(candidate)] == candidate]
            if not fitting or text[matches[index].start() - 1:matches[index].start()] == "[":
                index += 1
                continue
            longest = max(map(len, fitting))
            parts += [text[copied:matches[index].start()], "[NAME]"]
            copied = matches[index + longest - 1].end()
            index += longest
            self.counts["[NAME]"] += 1
        return ONE_PERSON.sub("[NAME]", "".join(parts) + text[copied:])


def capitalised_pairs(text, inside=False):
    """Two capitalised words in a row that are not ordinary words; `inside`: not where a sentence begins."""
    for match in CAPITALISED_PAIR.finditer(text):
        first, second = match.groups()
        if not (first[0].isupper() and second[0].isupper() and first[1:2].islower() and second[1:2].islower()):
            continue
        if first.lower() in NOT_NAMES or second.lower() in NOT_NAMES:
            continue
        if inside and (match.start() == 0 or re.search(r"[.!?\n]\s*$", text[:match.start()])):
            continue
        yield first, second


def main(arguments):
    if len(arguments) != 2:
        sys.exit("usage: strip_pii.py IN.csv OUT.csv")
    source, target = arguments
    try:
        with open(source, encoding="utf-8", newline="") as file:
            reader = csv.DictReader(file)
            if "text" not in (reader.fieldnames or []):
                sys.exit(f"strip_pii.py: {source} has no column 'text'")
            fields, rows = reader.fieldnames, list(reader)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        sys.exit(f"strip_pii.py: cannot read {source}: {error}")

    print(f"reading {len(rows)} tickets", flush=True)
    stripper = Stripper([row["text"] for row in rows])
    for number, row in enumerate(rows, 1):
        row["text"] = stripper.strip(row["text"])
        if number % 1000 == 0:
            print(f"stripped {number} of {len(rows)}", flush=True)

    partial = target + ".partial"
    with open(partial, "w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, fields, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    os.replace(partial, target)
    counts = ", ".join(f"{count} {mark}" for mark, count in sorted(stripper.counts.items()))
    print(f"removed {counts or 'nothing'}", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
