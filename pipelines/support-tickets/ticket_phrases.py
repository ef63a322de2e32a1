"""The vocabulary of the synthetic tickets: what people ask, how they say it, and who they are.

`(a|b|c)` is a choice, `{slot}` is filled by make_tickets.py. Sentences of different categories share much of their
vocabulary on purpose (cards, orders, passwords, parcels), as real tickets do.
"""

#: Category and its share of all tickets; the largest is the majority-class baseline.
CATEGORIES = {"billing": 0.31, "technical": 0.22, "shipping": 0.18, "account": 0.14, "returns": 0.10, "feedback": 0.05}

#: What the ticket is about.
PROBLEMS = {
    "billing": [
        "I was (charged|billed) {amount} (twice|two times) for (the same order|order {order}|one subscription)",
        "my (invoice|statement|bill) for {month} (shows|lists|has) {amount} but I (agreed to|signed up for|expected) {amount}",
        "the (discount|coupon|promo code) was not (applied|taken off|deducted) on my (invoice|receipt|bill)",
        "there is (a charge|a payment|an extra fee) of {amount} on my card that I (do not recognise|never approved)",
        "the (VAT|sales tax) on (invoice|receipt) {order} is (wrong|calculated twice|missing)",
        "my (payment|bank transfer|direct debit) of {amount} (was declined|failed|bounced) although there is enough money",
        "I (need|would like) a (copy of the invoice|receipt|corrected invoice) for {month} for my (accountant|tax return)",
        "the subscription (renewed|was renewed) for {amount} after I had (cancelled|stopped) it",
        "you still have my old card (on file|saved) and the (monthly|yearly) payment (fails|is refused)",
        "I would like to (switch from monthly to yearly billing|pay by bank transfer|change the billing date)",
        "the price (went up|was raised) to {amount} without any (notice|warning)",
    ],
    "technical": [
        "the (app|website|dashboard) (crashes|freezes|closes) (when I open|as soon as I tap) the (orders|settings|search) page",
        "my {product} (does not|will not|refuses to) (connect to|join|find) the (wifi|network|bluetooth) (any more|since {date})",
        "I (get|keep getting|see) (error|error code|message) {error} (when|every time) I (sync|upload|save|print)",
        "since the (update|upgrade) to version {version} the {product} (restarts|hangs|overheats) (all the time|every hour)",
        "the (page|screen|search) (stays blank|loads forever|is extremely slow) in {browser}",
        "the (firmware|driver|software) (install|update) (stops|gets stuck) at (17|43|80|99) percent",
        "(notifications|reminders|alerts) (arrive hours late|no longer arrive|come twice) on my phone",
        "the (export|import|backup) (fails|ends) with {error} and the file is (empty|corrupt)",
        "the (screen|display|LED) of the {product} (flickers|stays black|blinks red)",
        "the login page (shows|throws) {error} in {browser} although the password is right",
        "(sync|synchronisation) between my (phone and laptop|two devices) (stopped|does not work) with {error}",
    ],
    "shipping": [
        "my (parcel|package|order {order}) (has not arrived|is still not here|never came)",
        "the (tracking page|tracking number|courier) (says|claims) (delivered|out for delivery) but (there is nothing here|I got nothing)",
        "the (delivery|parcel) was left (with a neighbour I do not know|in the rain|at the wrong house)",
        "I need to (change|correct) the delivery address of order {order} (before it ships|today)",
        "the (estimated delivery|delivery date) (moved|slipped) from {date} to {date}",
        "the (box|parcel|package) (arrived|came) (crushed|open|soaked) and (half of it|one {product}) is missing",
        "the (courier|driver|carrier) (did not ring|never rang|left no card) and took it back to the depot",
        "can you (upgrade|switch) order {order} to (express|next-day) delivery",
        "my order has been (stuck|sitting) (in customs|at the depot|in the warehouse) since {date}",
        "you (sent|shipped|delivered) only (one|two) of the (three|four) items of order {order}",
        "do you (ship|deliver) to (the islands|a parcel locker|a company address)",
    ],
    "account": [
        "I (cannot|can't|am unable to) (log in|sign in|get into my account) (any more|since {date})",
        "the password reset (email|link|message) (never arrives|has expired|does not work)",
        "I (lost|changed) my phone and the (verification code|two-factor code|login code) goes to the old number",
        "please (delete|close|remove) my account and (all my data|everything you store about me)",
        "somebody (else|unknown) (logged into|got into|is using) my account from (another country|a strange place)",
        "I want to change the (email address|phone number|user name) (of|on|in) my (account|profile)",
        "my account (was|is) (locked|suspended|blocked) after (three|too many) wrong passwords",
        "I have two (accounts|profiles) and would like to (merge|combine) them",
        "I cannot verify my identity, the (upload|form) refuses my (passport|documents)",
        "please add my (colleague|wife|assistant) as a (second user|member|administrator) of our (team|company) account",
        "the name in my profile is (misspelt|wrong|my old one) and I cannot (edit|change) it",
    ],
    "returns": [
        "I (want|would like) to (return|send back) the {product} because it is (too small|not as described|the wrong colour)",
        "I (sent|shipped) the {product} back on {date} and (still have no|am waiting for my) refund",
        "how do I (get|print) a return label for order {order}",
        "the {product} (broke|stopped working) after {days} days, I (want|expect) (a replacement|my money back)",
        "the refund of {amount} for the returned {product} (is too low|has not reached my card)",
        "can I (exchange|swap) the {product} for (another size|another colour|the larger model)",
        "you (refused|rejected) my return of order {order} although it was within (14|30) days",
        "the return (label|code) for the {product} (is not accepted|has expired) at the (post office|drop-off point)",
        "the {product} is (faulty|defective|damaged) and still under warranty",
        "I (received|got) the wrong item, (please collect it|how can I send it back)",
    ],
    "feedback": [
        "I (just wanted to say|wanted you to know) that your (team|support|service) (was|is) (wonderful|outstanding|very kind)",
        "it would be (great|lovely|useful) if the app had (a dark mode|a widget|an offline mode)",
        "please (consider|think about) (adding|offering) a {product} in (green|a smaller size|recycled material)",
        "(suggestion|an idea|a wish): let us (sort|filter|group) orders by (month|price|shop)",
        "the new (design|layout|menu) is (much nicer|confusing|a step back), (well done|please bring back the old one)",
        "I (love|enjoy|really like) my {product} and (recommend|praise) it to (all my friends|everybody)",
        "(disappointed|sad) that you (dropped|discontinued) the {product}, it was the best thing you made",
        "will there be a version for (tablets|older phones|left-handed people) (some day|in the future)",
    ],
}

#: A sentence or two that usually come with it; many fit several categories.
DETAILS = {
    "billing": ["My bank (says|confirms) the money (is gone|was taken)", "I pay by card every month", "The amount on the receipt differs",
                "I checked my bank statement (twice|line by line)", "Finance needs this before the end of the (month|quarter)"],
    "technical": ["I (tried|already tried) to (reinstall|restart|reset) (it|everything)", "It happens (on all my devices|in {browser} too)",
                  "Clearing the cache did not help", "Before the update it worked (fine|perfectly)", "I can send (logs|screenshots|a video)"],
    "shipping": ["The tracking has not changed since {date}", "I was at home (all day|the whole morning)", "It was meant as a (gift|birthday present)",
                 "I paid extra for express", "The depot knows nothing about it"],
    "account": ["I do remember my user name", "I no longer have that phone", "I did look in the spam folder", "I am worried about my data",
                "The security question does not help either"],
    "returns": ["It is unused and in its original box", "The return form asks for a code that I do not have", "I have kept the (receipt|packaging)",
                "I would prefer the money back", "The seam came apart on the first day"],
    "feedback": ["Keep up the good work", "Many of my friends think the same", "This is just an idea", "No need to answer", "I have been with you for years"],
}

SHARED = [
    "I placed order {order} on {date}", "I have been a customer for {days} months", "I wrote to you on {date} and got no answer",
    "The order was paid with my card", "It is the {product} I bought from you", "The amount was {amount}", "I use the {product} every day",
    "I found this in my account page", "The confirmation email says {order}", "This has been going on for {days} days",
    "The app shows nothing useful", "My password works, that is not it", "I already returned one thing this year",
]

#: Says nothing about the category; a few tickets consist of nothing else.
VAGUE = [
    "it (still|again) does not work as it should", "I have (a question|a problem) about order {order}", "nobody (answers|helps) me",
    "please look at my last message", "this is (about|for) the {product}", "I need (help|an answer) (today|soon)",
    "something is (wrong|odd) with my order", "you told me to write again if it is not solved",
]

GREETINGS = ["Hello,", "Hi,", "Hi there,", "Dear support,", "Good morning,", "Hey,", "To whom it may concern,", "", "", ""]

REQUESTS = [
    "Please (help|fix this|look into it|advise)", "(Can|Could) you (help|check|sort this out)", "What should I do", "I (hope|wait) for a quick answer",
    "Please (call|write) me back", "How long will (it|this) take", "This is (urgent|really annoying|not acceptable)", "",
]

PRODUCTS = ["Aurora Lamp", "Nimbus Router", "Kestrel backpack", "Pebble speaker", "Tundra jacket", "Fathom Watch", "Quill keyboard",
            "Ember kettle", "Drift headphones", "Sable printer"]
BROWSERS = ["Firefox", "Chrome", "Safari", "Edge"]
MONTHS = ["January", "February", "March", "April", "June", "July", "September", "October", "November"]

#: Most of these are common names; the second line of each list is rare or invented, so that no dictionary has them.
FIRST_NAMES = """Olivia James Maria Ahmed Wei Priya Carlos Fatima Yuki Elena Kwame Sofia Liam Aisha Mateo Hannah Dmitri Chloe Rajesh
Amara Noah Ingrid Pedro Leila Oscar Zoë José Nadia Thomas Emily Björn Lucía Patrick Mei Samuel Rebecca Omar Katarzyna Victor Julia Mark Grace
Thandrel Oswyna Kezirah Vellamo Brannoch Ysoria Dagfari Quillon Maelis Torvino""".split()
LAST_NAMES = """Johnson Garcia Smith Nguyen Kim Patel Müller Rossi Silva Kowalski Ivanov Haddad Okafor Tanaka O'Neill Andersson Dubois
Martinez Williams Chen Hassan Fernandez Jensen Novak Murphy Taylor Singh Schmidt Moreau Lopez Santos Larsen Wright Campbell Yamamoto Petrov
Bianchi Mendoza Núñez Walker Hill Young Baker Price
Vantorre Oskalund Brightmere Quenhollow Drazkowitz Ellanby Fenwarrick Tamsolder Ulverscroft Zarembane""".split()
DOUBLE_NAMES = ["Smith-Jones", "van der Berg", "de la Cruz", "McAllister", "Garcia-Lorca", "Al-Masri"]
