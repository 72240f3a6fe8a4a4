"""Pages in headless Chromium: does one complain, and is anything cut off in its window?"""

import html
import json
import re
import subprocess

from tests.end_to_end.chromium import find_chromium

CHROMIUM = find_chromium()

# Each page stands in a frame of its own, as wide as the window it is to be seen in.
_WRAPPER = """<!DOCTYPE html><html><head><meta charset="utf-8"></head>
<body>{frames}<pre id="found"></pre><script>
addEventListener("load", () => {{
  const found = Array.from(document.querySelectorAll("iframe"), (frame) => {{
    const page = frame.contentDocument, wide = page.documentElement.scrollWidth;
    return {{
      name: frame.title, width: frame.clientWidth, scrollWidth: wide,
      filters: page.querySelectorAll("input.filter").length,
      sorted: sortedBy(page), cutOff: cutOff(page), hidden: hiddenVerdicts(page),
    }};
  }});
  document.getElementById("found").textContent = JSON.stringify(found);
}});
function cutOff(page) {{
  const wider = (each) => each.scrollWidth > each.clientWidth + 1;
  const clips = (each) => getComputedStyle(each).overflowX !== "visible";
  return Array.from(page.querySelectorAll("body, body *:not(thead)"))
    .filter((each) => each.clientWidth > 0 && clips(each) && wider(each))
    .map((each) => `${{each.tagName}}.${{each.className}} ${{each.textContent.slice(0, 60)}}`);
}}
function hiddenVerdicts(page) {{
  const width = page.documentElement.clientWidth;
  return Array.from(page.querySelectorAll(".badge"))
    .filter((each) => !each.closest("details:not([open])"))
    .map((each) => [each.textContent, each.getBoundingClientRect()])
    .filter(([, box]) => box.width === 0 || box.left < 0 || box.right > width)
    .map(([text]) => text);
}}
function sortedBy(page) {{
  const button = page.querySelector("table.sortable th:nth-child(4) button");
  if (!button) return null;
  button.click();
  const cells = page.querySelectorAll("table.sortable tbody tr td:nth-child(4)");
  return Array.from(cells, (cell) => cell.dataset.value);
}}
</script></body></html>"""


def look_at(pages, directory, timeout_s=120):
    """Open pages and return what each measures, and what the browser complained about.

    "cutOff" are the elements whose content is wider than they are, "hidden" the verdicts that are
    not in sight.

    Args:
        pages: (name, width of the window in pixels, text of the page).
        directory: for the browser's own files.
    """
    frames = "".join(
        f'<iframe title="{name}" style="border:0;width:{width}px;height:800px" '
        f'srcdoc="{html.escape(page)}"></iframe>'
        for name, width, page in pages
    )
    wrapper = directory / "pages.html"
    wrapper.write_text(_WRAPPER.format(frames=frames), encoding="utf-8")
    finished = subprocess.run(
        [
            *(CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--enable-logging=stderr"),
            *(f"--user-data-dir={directory / 'profile'}", "--virtual-time-budget=5000"),
            *("--window-size=1400,1000", "--dump-dom", wrapper.as_uri()),
        ],
        capture_output=True,
        timeout=timeout_s,
    )
    complaints = [line for line in finished.stderr.decode().splitlines() if "CONSOLE" in line]
    found = re.search(r'<pre id="found">(.*?)</pre>', finished.stdout.decode(), re.DOTALL)
    return json.loads(html.unescape(found.group(1))), complaints
