"""Reads a page with the standard library's parser and notes what is wrong with it."""

from dataclasses import dataclass, field
from html.parser import HTMLParser

VOID = {"br", "input", "link", "meta", "source"}


@dataclass
class Element:
    """One element: its name, its attributes, and the text right inside it."""

    name: str
    attributes: dict
    text: str = ""
    children: list = field(default_factory=list)

    def all_text(self):
        return self.text + "".join(child.all_text() for child in self.children)


class ParsedPage(HTMLParser):
    """A page: its elements in order, and whatever is not closed as it was opened."""

    def __init__(self, page):
        super().__init__()
        self.elements = []
        self.problems = []
        self._open = []
        self.feed(page)
        self.close()
        self.problems += [f"<{element.name}> is not closed" for element in self._open]

    def handle_starttag(self, tag, attrs):
        if len(dict(attrs)) != len(attrs):
            self.problems.append(f"<{tag}> has an attribute twice")
        element = Element(tag, dict(attrs))
        self.elements.append(element)
        if self._open:
            self._open[-1].children.append(element)
        if tag not in VOID:
            self._open.append(element)

    def handle_endtag(self, tag):
        if not self._open or self._open[-1].name != tag:
            self.problems.append(f"</{tag}> at {self.getpos()} closes something else")
        else:
            self._open.pop()

    def handle_data(self, data):
        if self._open:
            self._open[-1].text += data

    def named(self, name):
        return [element for element in self.elements if element.name == name]

    def with_class(self, name):
        return [e for e in self.elements if name in (e.attributes.get("class") or "").split()]

    def text(self):
        """Return what a reader sees."""
        hidden = ("script", "style")
        return " ".join(element.text for element in self.elements if element.name not in hidden)
