"""What the small Whisper model can write: everyday English of some 600 words, by a grammar.

A pattern names classes in braces; `{thing}` is replaced by a random word or phrase of the class
`thing`, which may name classes in turn. A tenth of all sentences is kept out of training, chosen
by the digest of the text.
"""

from __future__ import annotations

import hashlib
import re
from functools import cache

import numpy as np

_CLASSES: dict[str, str] = {
    "person": """
        Margaret | Peter | Anna | Tom | Mary | my sister | my brother | my mother | my father |
        your friend | the teacher | the doctor | the engineer | the keeper | the baker |
        the driver | our neighbour | the old man | the young woman | a small boy | the girl |
        his grandfather | her grandmother | a customer | the captain | the farmer | nobody |
        everyone | somebody | her son | their daughter | the lighthouse keeper | a stranger
    """,
    "people": """
        people | the customers | the children | my parents | our friends | the boys | the girls
        | his sisters | the farmers | two men | three women | they | many people |
        the neighbours | the engineers | some guests
    """,
    "pronoun": "I | you | he | she | we | they",
    "thing": """
        boat | bowl | parcel | folder | lamp | window | door | tree | walnut | apple | book |
        letter | phone | table | chair | cup | plate | bag | box | key | clock | picture | coat
        | hat | bicycle | ticket | newspaper | camera | radio | machine | oven | basket | bottle
        | bed | bench | bell | map | knife | spoon | umbrella | roll | cake | counter | roof |
        tile | sack | sleeve | message | present | computer | screen | paper | pencil | song
    """,
    "things": """
        boats | tickets | walnuts | apples | books | letters | lamps | tiles | rolls | flowers |
        eggs | plates | cups | horses | cats | dogs | birds | potatoes | tomatoes | shoes |
        parcels | windows | chairs | sacks | photographs | cars | houses | questions | fish
    """,
    "animal": "cat | dog | horse | bird | cow | sheep | mouse | fish",
    "place": """
        village | bakery | shop | kitchen | garden | harbour | bridge | station | school |
        market | hotel | library | museum | office | hospital | park | street | yard | river |
        coast | farm | church | beach | airport | lighthouse | restaurant | house | city |
        forest | square | field | hill
    """,
    "food": """
        bread | cheese | soup | fruit | flour | water | milk | tea | coffee | rice | sugar |
        butter | fish | cake | dinner | breakfast | lunch | salt | juice
    """,
    "quality": """
        old | new | small | big | red | blue | green | brown | white | black | yellow | warm |
        cold | fresh | heavy | light | long | short | tall | narrow | wooden | strange |
        beautiful | quiet | empty | full | broken | clean | expensive | cheap | thirsty |
        missing | welcome | dark | soft | round | good | better | best | wrong
    """,
    "feeling": """
        happy | tired | hungry | thirsty | late | early | ready | busy | sorry | ill | well |
        afraid | angry | alone | strange | welcome | right
    """,
    "did": """
        opened | closed | bought | sold | found | lost | carried | moved | cleaned | painted |
        borrowed | planted | dropped | passed | remembered | missed | followed | counted |
        wanted | needed | liked | left | took | brought | made | swept | kept | paid for |
        looked at | listened to | asked about | forgot | watched | washed | fixed | crossed |
        given
    """,
    "do": """
        open | close | buy | sell | find | carry | move | clean | paint | borrow | plant | drop
        | remember | follow | count | keep | bring | take | make | watch | wash | fix | cross |
        look at | listen to | pay for | wait for | leave | see | hear | forget | choose | send
    """,
    "does": """
        opens | closes | buys | sells | finds | carries | moves | cleans | brings | keeps |
        wants | needs | likes | remembers | leaves | takes | makes | watches | rattles
    """,
    "went": """
        went | walked | drove | ran | came back | moved | travelled | drives past | sat down |
        arrived | stood | waited | slept | worked | stayed | lived | laughed | played | waved |
        grew up
    """,
    "how": """
        slowly | carefully | quickly | quietly | always | never | again | together | alone |
        well | often | sometimes | usually | now | almost | maybe | already | soon
    """,
    "where": """
        in the {place} | behind the {place} | near the {place} | at the {place} | to the {place}
        | from the {place} | under the {thing} | on the {thing} | by the {thing} |
        around the {place} | inside the {thing} | down the {place} | before the {place} |
        over the {place} | through the {place} | taller than the {place} | at home | there |
        here | outside | next to the {place} | between the {thing} and the {thing}
    """,
    "day": "Monday | Tuesday | Wednesday | Thursday | Friday | Saturday | Sunday",
    "month": """
        January | February | March | April | May | June | July | August | September | October |
        November | December
    """,
    "when": """
        on {day} | on {day} morning | on {day} evening | in {month} | every {month} | every day
        | every year | every autumn | every {day} | in the morning | in the evening |
        around noon | at noon | last year | last week | last {day} | next {day} | next week |
        next year | yesterday | today | tomorrow | tonight | one morning | from that day |
        at night | in the winter | in the summer | this spring | at {hour} o'clock |
        {few} days ago | until {day} | before noon | after dinner | as {person} did |
        following the {month}
    """,
    "few": "two | three | four | five | six | seven | eight | nine | ten | many | one or two",
    "hour": "one | two | three | four | five | six | seven | eight | nine | ten | eleven | twelve",
    "tens": "twenty | thirty | forty | fifty | sixty | seventy | eighty | ninety",
    "unit": "one | two | three | four | five | six | seven | eight | nine",
    "number": """
        {unit} | {hour} | {tens} {unit} | {tens} | {unit} hundred | {unit} thousand | eleven |
        twelve | thirteen | fourteen | fifteen | sixteen | seventeen | eighteen | nineteen |
        {unit} hundred and {tens} {unit}
    """,
    "ask": "who | what | where | when | why | how",
    "can": "can | could | will | would | should | must",
    "because": "because | when | before | after | until | while | but | and | so | whenever | if",
    "filler": "So, um, | Well, | Um, | Uh, | You know, | Yes, | No, | Oh, | Please, | Then",
    "said": "said | asked | answered | laughed | told me",
    "noise": "applause | a noise | a bell | music | the rain | the wind | thunder | a distant song",
}

_PATTERNS: tuple[str, ...] = (
    "{person} {did} the {thing} {where}.",
    "{person} {did} the {quality} {thing} {when}.",
    "{when}, {person} {did} a {quality} {thing}.",
    "{person} {went} {where}.",
    "{people} {went} {where} {when}.",
    "{when}, {people} {went} {how}.",
    "The {thing} stood {where}.",
    "The {quality} {animal} {went} {where} {how}.",
    "There are {number} {things} {where}.",
    "There is a {quality} {thing} {where}.",
    "We {did} {number} {things} {when}.",
    "We sold {number} {things} on {day}, {number} on {day}; that's {number} more than last year!",
    "{pronoun} {can} {do} the {thing} {when}.",
    "{pronoun} {can} {do} {number} {quality} {things}.",
    "Could you please {do} the {quality} {thing} when you {do} the {thing}?",
    "Please {do} the {thing} {how}.",
    "Please {do} the {quality} {things} {where}.",
    "{ask} {did} the {thing} {where}?",
    "Why do {things} always {do} the {quality} {things}?",
    "{ask} {can} {pronoun} {do} the {thing}?",
    "Where is the {quality} {thing}?",
    "Do you {do} {food} {when}?",
    "{filler} {pronoun} {can} {do} the {thing}.",
    "{filler} {pronoun} {went} {where} {because} {pronoun} {did} the {thing}.",
    "{person} {does} the {thing} {because} the {quality} {animal} {went} {where}.",
    "{person} {did} the {thing} {because} {person} {did} the {thing}.",
    "I don't know where {pronoun} {went}.",
    "I don't know {ask} {person} {did} the {thing}.",
    "I was going to {do} my {thing}, but {pronoun} {went} {where}.",
    "I would like {number} {things} and some {food}, please.",
    "{person} has {number} {things} and {number} {quality} horses.",
    "{person} had {food} and {food} {when}.",
    "The {thing} is {quality}, but the {thing} is {quality}.",
    "The {place} was {quality} and {quality}.",
    "{pronoun} were {feeling} {when}.",
    "{person} was {feeling} {because} {pronoun} {did} the {thing}.",
    "Your {thing} will arrive {when}.",
    "My number is {unit} {unit} {unit} {unit} {unit} {unit}.",
    "The train leaves at {hour} {tens} {unit}.",
    "It is {hour} o'clock {when}.",
    "That is {quality}, {said} {person}, who did not answer.",
    "{person} {said} that {pronoun} {can} {do} the {quality} {thing}.",
    "{person} {said} to the {animal}, who {did} the {food}.",
    "It {did} its {thing} {where} with {noise} like {noise}.",
    "{pronoun} looked {where}, {where}, and even {where}.",
    "{person} had to {do} the {thing} {where}.",
    "They {did} him one {quality} {thing} for each {thing} of {food}.",
    "Nobody {where} remembered who had {did} the {thing}.",
    "{person} came in with {food} on his sleeves and {food} on the {thing}.",
    "{pronoun} became an engineer and {went} {where}.",
    "Every {thing} {did} that {quality} {place}.",
    "Help yourselves, there is {food} {where}.",
    "{number} {quality} {things} {went} {where}.",
    "The {place} has never {did} so many {things} as it did {when}.",
)

_SPARE = """
    also away been begin being call come drink eat end face feel first get give go guilt himself
    hope into itself just learn less let little live lorry love most much need off only opening
    other out own play put read run same say second sit sleep speak stand start stop talk them
    themselves these thing think third those time too try turn us use very voice walk want which
    work write
"""

_SLOT = re.compile(r"\{(\w+)\}")
_WORD = re.compile(r"[a-z]+(?:'[a-z]+)?")


@cache
def _choices(name: str) -> tuple[str, ...]:
    return tuple(" ".join(choice.split()) for choice in _CLASSES[name].split("|"))


def words_of(text: str) -> list[str]:
    """The words of a text in lower case, without marks."""
    return _WORD.findall(text.lower())


@cache
def _all_words() -> tuple[str, ...]:
    texts = [*_PATTERNS, *_CLASSES.values(), _SPARE]
    found = {word for text in texts for word in words_of(_SLOT.sub(" ", text))}
    return tuple(sorted(found))


WORDS = _all_words()


def fill(pattern: str, rng: np.random.Generator) -> str:
    """Replace every class of a pattern by a random member."""
    while slot := _SLOT.search(pattern):
        choices = _choices(slot[1])
        choice = choices[int(rng.integers(len(choices)))]
        pattern = pattern[: slot.start()] + choice + pattern[slot.end() :]
    return pattern


def random_sentence(rng: np.random.Generator) -> str:
    """A sentence: mostly grammatical, else domain words in any order."""
    kind = rng.random()
    if kind < 0.6:
        return grammatical_sentence(rng)
    text = _shuffled_words(rng, with_pattern=kind < 0.75)
    text += "." if rng.random() < 0.85 else "?"
    return text[0].upper() + text[1:]


def grammatical_sentence(rng: np.random.Generator) -> str:
    """A sentence of the grammar."""
    text = fill(_PATTERNS[int(rng.integers(len(_PATTERNS)))], rng)
    return text[0].upper() + text[1:]


def _shuffled_words(rng: np.random.Generator, with_pattern: bool) -> str:
    words = [str(word) for word in rng.choice(WORDS, int(rng.integers(2, 13)))]
    if with_pattern:
        words += words_of(fill(_PATTERNS[int(rng.integers(len(_PATTERNS)))], rng))
        words = words[int(rng.integers(4)) :]
    text = " ".join(_cased(word) for word in words)
    if len(words) > 6 and rng.random() < 0.4:
        head, tail = text.split(" ", 3)[:3], text.split(" ", 3)[3]
        text = " ".join(head) + ", " + tail
    return text


@cache
def _capitals() -> dict[str, str]:
    names = [*_choices("day"), *_choices("month"), "Margaret", "Peter", "Anna", "Tom", "Mary", "I"]
    capitals = {name.lower(): name for name in names}
    for word in ("may", "march"):
        del capitals[word]
    return capitals


def _cased(word: str) -> str:
    return _capitals().get(word, word)


def is_held_out(text: str) -> bool:
    """Whether a sentence is kept out of training."""
    return hashlib.sha256(text.encode()).digest()[0] < 26
