"""Small captures whose files hold a few words, written as the pipeline writes them."""

from backend.output.folder_writer import CaptureFolder
from mpsnet_blender.shared.capture_listing import (
    PEOPLE_FILE,
    PREVIEW_FILE,
    CaptureListing,
    ListedPerson,
    motion_name,
    thumbnail_name,
    write_listing,
)


def listing_of(people, preview=False, video=""):
    """Return the listing of a capture of so many people."""
    listed = tuple(ListedPerson(number, motion_name(number), thumbnail_name(number)) for number in range(1, people + 1))
    return CaptureListing(video=video, preview=PREVIEW_FILE if preview else None, people=listed)


def write_capture(destination, people=1, preview=False, video=""):
    """Write a capture whose files say how many people it is of."""
    listing = listing_of(people, preview, video)
    with CaptureFolder(destination) as folder:
        for name in listing.files():
            (folder.path / name).write_text(f"of {people}")
        write_listing(folder.path / PEOPLE_FILE, listing)


def names(folder):
    return sorted(path.name for path in folder.iterdir())
