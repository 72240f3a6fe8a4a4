"""What is taken for markup, and what must never be."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from speech_toolkit.alignment.text.markup.finding import find_markup
from speech_toolkit.alignment.text.markup.stripping import stripped

CUES = "1\n00:00:01,000 --> 00:00:02,000\nHello\n\n2\n00:00:03,000 --> 00:00:04,000 line:0\nThere"


@pytest.mark.parametrize(
    ("text", "markup"),
    [
        # Speakers.
        ("JOHN: Hello there.", ["JOHN:"]),
        ("- JOHN: Hi.", ["JOHN:"]),
        ("**JOHN:** Hi, all.", ["JOHN:**"]),
        ("JOHN (angrily): go away", ["JOHN (angrily):"]),
        ("NARRATOR (V.O.): It was late", ["NARRATOR (V.O.):"]),
        ("MAN #2: What now?", ["MAN #2:"]),
        ("TOM: hi\nDAD: yes\nTOM: so", ["TOM:", "DAD:", "TOM:"]),
        ("Speaker 1: hi", ["Speaker 1:"]),
        ("Interviewer: so", ["Interviewer:"]),
        ("Dr. Smith: hello", ["Dr. Smith:"]),
        ("John: Hi there.\nMary: Yes.", ["John:", "Mary:"]),
        ("John: a\nMary: b\nJohn: c", ["John:", "Mary:", "John:"]),
        ("John Smith: hello\nMary Jones: bye", ["John Smith:", "Mary Jones:"]),
        ("Q: Who?\nA: Me.", ["Q:", "A:"]),
        ("ИВАН: Привет, друг.", ["ИВАН:"]),
        ("张三：你好。", ["张三："]),
        ("李老师：大家好", ["李老师："]),
        ("主持人：大家好", ["主持人："]),
        ("Well. >> Hi there", [">>"]),
        (">> JOHN: Hi there", [">>", "JOHN:"]),
        ("[00:12] JOHN: Hi there", ["[00:12]", "JOHN:"]),
        ("<i>JOHN:</i> go away", ["<i>JOHN:</i>"]),
        # Brackets.
        ("[laughter] He laughed", ["[laughter]"]),
        ("[MUSIC PLAYING\nLOUDLY] hi", ["[MUSIC PLAYING\nLOUDLY]"]),
        ("{note} hey", ["{note}"]),
        ("你好（笑）再见【掌声】", ["（笑）", "【掌声】"]),
        ("（众人笑）我们", ["（众人笑）"]),
        ("he (sighs) went", ["(sighs)"]),
        ("(clears throat) So", ["(clears throat)"]),
        ("(laughs softly) No", ["(laughs softly)"]),
        ("(soft music playing)", ["(soft music playing)"]),
        ("(DOOR SLAMS) He left", ["(DOOR SLAMS)"]),
        ("(inaudible)?", ["(inaudible)"]),
        ("(Applaus) Danke", ["(Applaus)"]),
        ("(rires) oui", ["(rires)"]),
        ("(смех) да", ["(смех)"]),
        ("(박수) 네", ["(박수)"]),
        ("（拍手）はい", ["（拍手）"]),
        # Tags and signs.
        ("<b>bold</b> and <i>it</i>", ["<b>", "</b>", "<i>", "</i>"]),
        ('<font color="#fff">Hi</font>', ['<font color="#fff">', "</font>"]),
        ("<v Roger>Hi there</v>", ["<v Roger>", "</v>"]),
        ("Hi <00:01.500>there", ["<00:01.500>"]),
        ("<laugh> ha", ["<laugh>"]),
        ("{\\an8}Up\\Nthere", ["{\\an8}", "\\N"]),
        ("see&nbsp;you", ["&nbsp;"]),
        ("♪ la la ♪", ["♪", "♪"]),
        # Lines.
        ("Title\n=====\nText", ["====="]),
        (CUES, ["1", "00:00:01,000 --> 00:00:02,000", "2", "00:00:03,000 --> 00:00:04,000 line:0"]),
        ("WEBVTT\n\n00:01.000 --> 00:02.000\nHi", ["WEBVTT", "00:01.000 --> 00:02.000"]),
        ("Page 12\nand so", ["Page 12"]),
        ("the cat\n第12页\nsat", ["第12页"]),
        ("so\n- 12 -\nit", ["- 12 -"]),
        ("the cat\n12\nsat down.\n13\nThen", ["12", "13"]),
        ("0:15\nHello\n0:20\nthere", ["0:15", "0:20"]),
        # Footnotes.
        ("word[1] and word¹ and word*", ["[1]", "¹"]),
        ("He said.² Then", ["²"]),
        ("他说¹的", ["¹"]),
    ],
)
def test_markup(text, markup):
    assert [text[start:end] for start, end in find_markup(text)] == markup


@pytest.mark.parametrize(
    "text",
    [
        "It was at 10:30 that we left",
        "10:30 we left\n11:30 we came",
        "a ratio of 3:1 wins",
        "Note: this is so",
        "Note: a\nNote: b",
        "NOTE: this is so",
        "Warning: hot",
        "注意：这个",
        "例如：这个",
        "他说：“你好。”",
        "张三说：“你好。”",
        "王小明笑道：“走吧。”\n王小明笑道：“好。”",
        "老人问：你是谁？\n老人问：你呢？",
        "Mr. President: We are ready.",
        "Mr. Speaker: I rise today.",
        "PROLOGUE: It was night.",
        "PSALM 23: The Lord",
        "Question 1: Who?\nQuestion 2: Why?",
        "LOOK: a bird",
        "王国：很大",
        "John said: go",
        "Tell me this: why?",
        "John: hi there\nand so on",
        "New York: a city",
        "Monday: eggs\nTuesday: ham",
        "Breakfast: eggs\nLunch: soup",
        "Chapter 3: The boy",
        "Chapter 3\nThe boy",
        "# Heading\nText",
        "O Captain! My Captain:\nour trip",
        "HE CAME: HE SAW\nHE WON",
        "NOTE THIS: IT IS HOT\nTODAY",
        "- Hello\n- Hi",
        "the house (which was old) stood",
        "(a) first (b) second",
        "(he laughs) and",
        "(laughing matter aside) no",
        "(in silence)",
        "(cheers to all of you)",
        "the agency (NASA) and (UNESCO) said",
        "HE WAS (AS I SAID) OLD",
        "USA: the land of the free",
        "I: the self\nII: the other",
        "...\nand then",
        "It is so. " * 30 + "UNDER ANY THEORY (INCLUDING NEGLIGENCE OR OTHERWISE) ARISING FROM",
        'the ("SOFTWARE") and $(SCRIPTS) and run(SERVICES)',
        "From: me\nTo: you\nFrom: me\nTo: you",
        "The Library Release 2: so\nThe Other Great Long Title: no",
        "he smiled :) and :-D <3",
        "if a < b and c > d then",
        "a -> b => c",
        "x[1] = y[i]",
        "[H]e said colo[u]r and word[s]",
        "John <john@x.com> wrote",
        "[unclosed and so on",
        "f(x) = y",
        "x² + 10² km² and mc² sin²",
        "42",
        "Ten\n9\n8",
        "3\n2\n1",
        "1984\nby Orwell",
        "1. First\n2. Second",
        "p. 12 of it",
        "the & sign, 50 %, me @ home",
        "[" + "long " * 50 + "]",
        "Tyger Tyger, burning bright,\nIn the forests of the night;\nWhat immortal hand or eye,",
    ],
)
def test_what_is_said_is_no_markup(text):
    assert find_markup(text) == ()


@given(st.text(st.sampled_from("ab AB:.\n[](){}<>/0123456789¹♪#=->&\\张三：（笑）"), max_size=60))
def test_stretches_are_in_order_apart_and_not_empty(text):
    at = -1
    for start, end in find_markup(text):
        assert at < start < end <= len(text)
        at = end


@pytest.mark.parametrize(
    ("text", "rest"),
    [
        ("JOHN: Hello.\nMARY: Yes.", "Hello.\nYes."),
        ("he (sighs) went", "he went"),
        ("word[1]. And word¹ too", "word. And word too"),
        ("<i>One</i><br/>two&nbsp;three", "One two three"),
        ("you [laughs].", "you ."),
        ("a\n=====\nb\r\n[x]\r\nc", "a\nb\r\nc"),
        (CUES, "Hello\n\nThere"),
        ("你好（笑）再见", "你好再见"),
        ("plain  text \n here", "plain  text \n here"),
        ("[x]", ""),
    ],
)
def test_stripping(text, rest):
    left, places = stripped(text, find_markup(text))
    assert left == rest
    assert len(places) == len(text) + 1
    assert places[-1] == len(rest)


@given(st.text(st.sampled_from("ab AB:.\n[](){}<>/01♪ \t"), max_size=60))
def test_what_is_left_is_what_was_written(text):
    found = find_markup(text)
    left, places = stripped(text, found)
    inside = {place for start, end in found for place in range(start, end)}
    for place, character in enumerate(text):
        if place not in inside and character.strip():
            assert left[places[place]] == character


def test_padded_and_crowded_lines_take_no_square_of_their_length():
    padding = " " * 200_000
    assert find_markup(f"Narrator{padding}x: y") == ()
    crowded = "[a] " * 20_000
    assert stripped(crowded, find_markup(crowded))[0] == ""
