"""The report of a batch: one HTML file with pictures, grades, times and links, which needs no other file to be looked at."""

from __future__ import annotations

import base64
import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from html import escape
from pathlib import Path
from urllib.parse import quote

from mpsnet_blender.shared.capture_listing import (
    GRADE_WORDS,
    GRADES,
    PREVIEW_FILE,
    CaptureListing,
    ListedPerson,
    Quality,
)
from mpsnet_blender.shared.whole_file import open_whole_file
from mpsnet_blender.shared.wording import format_clock

from ..base.errors import BatchError, OutputError
from ..output.folder_writer import find_capture
from .attempts import Attempt
from .page_style import STYLE

REPORT_FILE = "batch_report.html"
_MARK = b'<!doctype html><meta charset="utf-8"><meta name="generator" content="MPS-Net batch">'
_MOST_PICTURES = 8              # of a capture's people: as many as fit in two lines
_LARGEST_PICTURE = 200_000      # bytes; those that captures write have a twentieth of it
_REFRESH_SECONDS = 10           # while the batch runs


@dataclass(frozen=True)
class Entry:
    """A video in the report: its path as text, its capture's folder, what became of it (None: nothing yet), and whether that
    was in an earlier run."""
    video: str
    folder: Path
    attempt: Attempt | None
    is_earlier: bool = False

    @property
    def word(self) -> str:
        """The state in a word; the colour goes by it."""
        return "waiting" if self.attempt is None else "failed" if self.attempt.has_failed else "captured"


class Report:
    """The report in a batch's output folder, written anew after every video."""

    def __init__(self, output: Path, options: str):
        """Raises BatchError where a file with its name is not a batch's report."""
        self._path, self._options = output / REPORT_FILE, options
        self._rows: dict[Entry, str] = {}       # kept: to read all captures again after each of thousands would take hours
        try:
            with open(self._path, "rb") as stream:
                is_ours = stream.read(len(_MARK)) == _MARK
        except FileNotFoundError:
            return
        except OSError as error:
            raise BatchError(f"Cannot read {self._path}: {error.strerror}.", "Choose another --output.") from None
        if not is_ours:
            raise BatchError(f"{self._path} would be replaced, and it is not a batch's report.",
                             "Move it away, or choose another --output.")

    @property
    def path(self) -> Path:
        return self._path

    def write(self, entries: Sequence[Entry], is_running: bool) -> None:
        """Write the report. Raises OutputError."""
        for entry in entries:
            if entry not in self._rows:
                self._rows[entry] = _draw_entry(entry)
        rows = "\n".join(self._rows[entry] for entry in entries)
        page = _draw_page(_draw_header(entries, self._options), rows, is_running)
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with open_whole_file(self._path) as stream:
                stream.write(_MARK + page.encode("utf-8", "replace"))
        except OSError as error:
            raise OutputError(f"Cannot write {self._path}: {error.strerror}.",
                              "Free some space, or choose another --output.") from None


def _draw_page(header: str, rows: str, is_running: bool) -> str:
    refresh = f'<meta http-equiv="refresh" content="{_REFRESH_SECONDS}">' if is_running else ""
    return (f'<meta name="viewport" content="width=device-width, initial-scale=1">{refresh}<title>Captures</title>\n'
            f"<style>{STYLE}</style>\n<main>\n{header}\n{rows}\n</main>\n")


def _draw_header(entries: Sequence[Entry], options: str) -> str:
    counts = Counter(entry.word for entry in entries)
    tiles = "".join(f'<div class="tile {word}"><b>{counts[word]}</b> {word}</div>' for word in ("captured", "failed", "waiting")
                    if counts[word] or word == "captured")
    seconds = sum(entry.attempt.seconds or 0 for entry in entries if entry.attempt)
    work = f", {format_clock(seconds)} of work" if seconds else ""
    chosen = f"Options: {escape(options)}." if options else "All options as by default."
    return (f"<header><h1>Captures</h1><p>{datetime.now():%Y-%m-%d %H:%M}{work}. {chosen}</p>"
            f'<div class="tiles">{tiles}</div></header>')


def _draw_entry(entry: Entry) -> str:
    name = os.path.basename(entry.video)
    title = f'<h2><a href="{_file_address(entry.video)}">{escape(name)}</a></h2>'
    if entry.attempt is None:
        return f'<article class="waiting"><div class="text">{title}<p>Not captured yet.</p></div></article>'
    if entry.attempt.has_failed:
        reason = _draw_failure(entry.attempt, entry.is_earlier)
        return f'<article class="failed"><div class="text">{title}{reason}</div></article>'
    listing = find_capture(entry.folder)
    if listing is None:
        return f'<article class="waiting"><div class="text">{title}<p>Its capture was removed.</p></div></article>'
    people = "".join(_draw_person(entry.folder, person) for person in listing.people[:_MOST_PICTURES])
    more = len(listing.people) - _MOST_PICTURES
    people += f"<p>and {more} more</p>" if more > 0 else ""
    return (f'<article class="captured"><div class="text">{title}{_draw_facts(entry, listing)}</div>'
            f'<div class="people">{people}</div></article>')


def _draw_failure(attempt: Attempt, is_earlier: bool) -> str:
    when = f'<p class="fact">Tried {escape(attempt.ended)}; not tried again by this run.</p>' if is_earlier else ""
    return f"<p>{escape(attempt.message)}</p><p>{escape(attempt.advice)}</p>{when}"


def _draw_facts(entry: Entry, listing: CaptureListing) -> str:
    """Draw what is known of a capture, and the links to its folder and preview."""
    facts = [f"{len(listing.people)} {'person' if len(listing.people) == 1 else 'people'}"]
    if listing.frame_count and listing.fps:
        facts.append(f"{format_clock(listing.frame_count / listing.fps)} of video")
    if listing.image_size:
        facts.append("{} x {}".format(*listing.image_size))
    if entry.attempt and entry.attempt.seconds is not None:
        facts.append(f"captured in {format_clock(entry.attempt.seconds)}")
    if entry.attempt and entry.attempt.ended:
        facts.append(entry.attempt.ended)
    folder = _quote(entry.folder.name)
    links = [f'<a href="{folder}/">Folder</a>']
    if listing.preview == PREVIEW_FILE:
        links.append(f'<a href="{folder}/{PREVIEW_FILE}">Preview</a>')
    return f'<p class="fact">{escape(", ".join(facts))}</p><p class="links">{" ".join(links)}</p>'


def _draw_person(folder: Path, person: ListedPerson) -> str:
    grade = person.quality.grade if person.quality.grade in GRADES else "none"
    word = GRADE_WORDS.get(person.quality.grade, "Not graded")
    figures = _describe_figures(person.quality)
    picture = _embed_picture(folder / person.thumbnail) if person.thumbnail else ""
    image = f'<img alt="" src="{picture}">' if picture else '<div class="nopicture"></div>'
    advice = f'<span class="advice">{escape(person.quality.advice)}</span>' if person.quality.advice else ""
    return (f'<figure>{image}<figcaption><b>Person {person.person_id}</b> '
            f'<span class="grade {grade}">{word}</span>'
            f'<span class="fact">{format_clock(person.start_seconds)} to {format_clock(person.end_seconds)}</span>'
            f'<span class="fact">{figures}</span>{advice}</figcaption></figure>')


def _describe_figures(quality: Quality) -> str:
    parts = ((quality.foot_slide_mm_per_second, "feet slide {:.0f} mm/s"), (quality.lean_degrees, "lean {:.0f}°"),
             (quality.reprojection_error_percent, "{:.1f} % off the picture"),
             (quality.left_hand_seen_share, "left fingers seen {:.0%}"),
             (quality.right_hand_seen_share, "right fingers seen {:.0%}"))
    return "<br>".join(words.format(value) for value, words in parts if value is not None)


def _embed_picture(path: Path) -> str:
    """Return a JPEG file as an address that contains it; empty where it cannot be read."""
    try:
        with open(path, "rb") as stream:
            content = stream.read(_LARGEST_PICTURE + 1)
    except OSError:
        return ""
    if len(content) > _LARGEST_PICTURE:
        return ""
    return f"data:image/jpeg;base64,{base64.b64encode(content).decode('ascii')}"


def _file_address(path: str) -> str:
    return f"file://{'' if path.startswith('/') else '/'}{_quote(path)}"


def _quote(path: str) -> str:
    return quote(path.replace(os.sep, "/").encode("utf-8", "surrogateescape"), safe="/:")
