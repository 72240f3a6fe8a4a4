"""A reader of a result's page: clicks, drags and types, and sees what comes of it."""

import re
import time
from dataclasses import dataclass


@dataclass
class Reader:
    """A page that is open, and what went wrong in it."""

    page: object
    complaints: list
    requests: list
    folder: object

    def press(self, *keys):
        for key in keys:
            self.page.keyboard.press(key)

    def attribute(self, name):
        return float(self.page.locator("#picture").get_attribute(name))

    def point(self, time_s, part):
        """Return where a time is on the picture; part of its height."""
        box = self.page.locator("#picture").bounding_box()
        start, end = self.attribute("data-start"), self.attribute("data-end")
        return box["x"] + (time_s - start) / (end - start) * box["width"], box["y"] + part * box[
            "height"
        ]

    def click_at(self, time_s, part=0.9):
        self.page.mouse.click(*self.point(time_s, part))

    def drag(self, from_s, to_s, part=0.9, modifier=None):
        x, y = self.point(from_s, part)
        target = self.point(to_s, part)[0]
        if modifier:
            self.page.keyboard.down(modifier)
        self.page.mouse.move(x, y)
        self.page.mouse.down()
        self.page.mouse.move((x + target) / 2, y)
        self.page.mouse.move(target, y)
        self.page.mouse.up()
        if modifier:
            self.page.keyboard.up(modifier)
        self.settle()

    def settle(self):
        """Wait until what was asked for is drawn."""
        self.page.evaluate(
            "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"
        )

    def watch_jumps(self):
        """Note where the sound is made to go on from."""
        self.page.evaluate(
            "{ const sound = document.getElementById('sound-player');"
            "sound.addEventListener('seeking', () => (window.jumpedTo = sound.currentTime)); }"
        )

    def sees_jump_to(self, time_s):
        """Wait until the sound goes on from a time."""
        self.wait_until(lambda: abs((self.page.evaluate("window.jumpedTo") or 0) - time_s) < 1e-3)

    def heard_word(self):
        """Return the index of the word that is marked as heard, None where none is."""
        marked = self.page.locator("[data-word].heard")
        return int(marked.get_attribute("data-word")) if marked.count() else None

    def heard_s(self):
        return self.page.evaluate("document.getElementById('sound-player').currentTime")

    def is_paused(self):
        return self.page.evaluate("document.getElementById('sound-player').paused")

    def wait_until(self, is_so, timeout_s=10):
        """Wait for something that only the page can tell; its policy forbids playwright's way."""
        ends = time.monotonic() + timeout_s
        while not is_so():
            assert time.monotonic() < ends, "it did not come about"
            self.page.wait_for_timeout(20)

    def pause(self):
        self.page.evaluate("document.getElementById('sound-player').pause()")

    def save(self, form):
        self.page.locator("#downloads summary").click()
        with self.page.expect_download() as downloading:
            self.page.locator(f"#download-{form}").click()
        path = self.folder / downloading.value.suggested_filename
        downloading.value.save_as(path)
        return path

    def cut_off(self):
        """Return the buttons and headings that do not show all their text, or leave the window."""
        return self.page.evaluate(
            """() => Array.from(document.querySelectorAll("button, summary, h1, h2, select"))
              .filter((e) => e.offsetParent && (e.scrollWidth > e.clientWidth + 1
                || e.getBoundingClientRect().right > innerWidth)).map((e) => e.id || e.outerHTML)"""
        )

    def word(self, index):
        return self.page.locator(f'[data-word="{index}"]')

    def times(self, index):
        """Return start and end of a word as its panel shows them once it is picked."""
        self.word(index).click()
        self.pause()
        return tuple(
            float(self.page.locator(f"#word-{side}").input_value()) for side in ("start", "end")
        )

    def touch(self, from_s, to_s, part):
        """Draw a finger over the picture."""
        session = self.page.context.new_cdp_session(self.page)
        (x, y), (target, _) = self.point(from_s, part), self.point(to_s, part)
        steps = (("touchStart", x), ("touchMove", (x + target) / 2), ("touchMove", target))
        for kind, at in (*steps, ("touchEnd", None)):
            points = [] if at is None else [{"x": at, "y": y}]
            session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
        self.settle()


def intervals(text_grid):
    """Return tier names, times and texts of a TextGrid."""
    found = re.findall(r'(name|text|xmin|xmax) = (?:"((?:[^"]|"")*)"|([\d.]+))', text_grid)
    return [(key, text or (number and float(number))) for key, text, number in found]
