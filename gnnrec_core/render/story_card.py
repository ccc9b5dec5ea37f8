"""A story as one designed page (HTML, made for print too) and as one picture (SVG, which a browser makes a PNG of).

Both are inert and whole in themselves: no script, nothing fetched, text escaped.
"""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from textwrap import wrap

from gnnrec_core.base.text import for_html
from gnnrec_core.render.blocks import Flow
from gnnrec_core.render.flow_svg import flow_svg, layout

KICKER = "GNNRec Lens · the story of one recommendation"
FLOW = """
.stream{fill:none}.stream.up{stroke:#0072b2}.stream.down{stroke:#d55e00}.stream.like{stroke-dasharray:3 2.5}
.stream.own{stroke:#8a94a0}.stop.person>circle{fill:#0072b2}.stop.item>rect{fill:#e69f00}
.stop.attribute>path{fill:#009e73}.stop.rest>circle{fill:#fff;stroke:#8a94a0;stroke-dasharray:3 2}
.flow text{font:13px system-ui,sans-serif;fill:#1b1f24;paint-order:stroke;stroke:#fff;
stroke-width:4px;stroke-linejoin:round}
"""
PAGE = """
*{box-sizing:border-box}body{margin:0;background:#eef2f5;color:#1b1f24;font:17px/1.5 system-ui,-apple-system,"Segoe UI",
Roboto,"Noto Sans",sans-serif}main{max-width:60rem;margin:2rem auto;background:#fff;border-radius:14px;overflow:hidden;
box-shadow:0 4px 24px rgba(20,40,60,.12)}header{background:#0b3c5d;color:#fff;padding:1.6rem 2.2rem}
header p{margin:0 0 .4rem;font-size:.85rem;opacity:.9}h1{margin:0;font-size:1.8rem;line-height:1.25}
.claim{padding:1.5rem 2.2rem .4rem}.claim p{margin:0;font-size:1.35rem;line-height:1.35;font-weight:600}
.claim .level{margin-top:.35rem;font-size:.95rem;font-weight:400;color:#4a5560}
figure{margin:.6rem 1.4rem}figure svg{width:100%;height:auto}figcaption{padding:0 .8rem;font-size:.85rem;color:#4a5560}
.facts{display:grid;grid-template-columns:repeat(auto-fit,minmax(15rem,1fr));gap:1.2rem;padding:1rem 2.2rem 1.8rem}
h2{margin:0 0 .3rem;font-size:.95rem;color:#0b3c5d}dl{margin:0}dt{font-weight:600;font-size:.95rem}
dd{margin:0 0 .4rem;font-size:.95rem}.facts p{margin:0;font-size:.95rem;overflow-wrap:anywhere}a{color:#0063a0}
@page{size:A4;margin:12mm}@media print{body{background:#fff}main{margin:0;max-width:none;box-shadow:none;
border-radius:0}main,header{print-color-adjust:exact;-webkit-print-color-adjust:exact;break-inside:avoid}}
"""
WIDTH, MARGIN = 1200, 56


@dataclass(frozen=True)
class Story:
    """What the page says. `checks` are (level, what came out) with the level in words; `link` is an address or ""."""

    question: str
    claim: str
    level: str
    checks: tuple[tuple[str, str], ...]
    caveat: str
    picture: Flow
    source: str
    link: str = ""


def story_page(story: Story) -> str:
    """The page as text; its content security policy allows its one style sheet and nothing else."""
    style = PAGE + FLOW
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    checks = "".join(f"<dt>{for_html(level)}</dt><dd>{for_html(found)}</dd>" for level, found in story.checks)
    is_address = story.link.startswith(("http://", "https://"))
    link = f'<a href="{for_html(story.link)}" rel="noreferrer">{for_html(story.link)}</a>' if is_address else ""
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        '<meta name="referrer" content="no-referrer">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{for_html(story.question)}</title>\n<style>{style}</style>\n</head>\n<body>\n<main>\n"
        f"<header><p>{for_html(KICKER)}</p><h1>{for_html(story.question)}</h1></header>\n"
        f'<section class="claim"><p>{for_html(story.claim)}</p><p class="level">{for_html(story.level)}</p></section>\n'
        f"<figure>{flow_svg(story.picture)}<figcaption>{for_html(story.picture.caption)}</figcaption></figure>\n"
        f'<div class="facts"><section><h2>How it was checked</h2><dl>{checks}</dl></section>'
        f"<section><h2>Keep in mind</h2><p>{for_html(story.caveat)}</p></section>"
        f"<section><h2>Where it comes from</h2><p>{for_html(story.source)}</p><p>{link}</p></section></div>\n"
        "</main>\n</body>\n</html>\n"
    )


def story_svg(story: Story) -> str:
    """The same on one picture of 1,200 pixels' width."""
    lines: list[str] = []
    y = _text(lines, KICKER, MARGIN, 48, 17, 110, "#ffffff")
    y = _text(lines, story.question, MARGIN, y + 14, 36, 58, "#ffffff", "600")
    top = y - 12
    y = _text(lines, story.claim, MARGIN, top + 48, 28, 76, "#1b1f24", "600")
    y = _text(lines, story.level, MARGIN, y + 2, 18, 118, "#4a5560")
    _, width, height = layout(story.picture)
    scale = (WIDTH - 2 * MARGIN) / width
    drawn = flow_svg(story.picture).replace(
        f'width="{width:g}" height="{height:g}"',
        f'x="{MARGIN}" y="{y:g}" width="{width * scale:g}" height="{height * scale:g}"',
        1,
    )
    y += height * scale + 34
    ends = [_column(lines, x, y, head, said) for x, head, said in _columns(story)]
    bottom = max(ends) + 24
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{bottom:g}" viewBox="0 0 {WIDTH} {bottom:g}">'
        f"<style>{FLOW}</style>"
        f'<rect width="{WIDTH}" height="{bottom:g}" fill="#ffffff"/>'
        f'<rect width="{WIDTH}" height="{top:g}" fill="#0b3c5d"/>'
        f"{drawn}{''.join(lines)}</svg>"
    )


def _columns(story: Story) -> list[tuple[int, str, list[str]]]:
    """Left edge, heading and paragraphs of what stands at the foot."""
    third = (WIDTH - 2 * MARGIN) // 3
    checks = [f"{level}: {found}." for level, found in story.checks]
    return [
        (MARGIN, "How it was checked", checks),
        (MARGIN + third, "Keep in mind", [story.caveat]),
        (MARGIN + 2 * third, "Where it comes from", [story.source, story.link]),
    ]


def _column(lines: list[str], x: int, y: float, head: str, paragraphs: list[str]) -> float:
    y = _text(lines, head, x, y, 18, 38, "#0b3c5d", "600")
    for paragraph in paragraphs:
        y = _text(lines, paragraph, x, y, 16, 40, "#1b1f24")
    return y


def _text(
    lines: list[str], text: str, x: float, y: float, size: int, letters: int, colour: str, weight: str = "400"
) -> float:
    """Add `text` in lines of at most `letters`; the y of what may stand below."""
    for line in wrap(text, letters):
        style = f'font-family="system-ui, sans-serif" font-size="{size}" font-weight="{weight}" fill="{colour}"'
        lines.append(f'<text x="{x:g}" y="{y:g}" {style}>{for_html(line)}</text>')
        y += size * 1.35
    return y
