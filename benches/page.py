"""Makes the small site that is served: twenty files, of which /page is 1 KiB once compressed."""

import pathlib
import random
import subprocess

WORDS = """a about after all also an and any are as at be because been but by can come could day do even file first
for from get give go good have he her him his how if in into is it just know like look make many me more most my new no
not now of on one only or other our out page people request say see server she site so some take than that the their
them then there these they thing think this those time to two up us use very want way we well what when which who will
with work world would write year you your""".split()


def write_site(dist):
    """Writes the folder `dist`; the same words at each run, so that two runs measure the same bytes."""
    dist.mkdir(parents=True, exist_ok=True)
    (dist / "page.html").write_text(one_kibibyte_page())
    (dist / "style.css").write_text("body { max-width: 60ch; margin: auto; font: 1.1rem/1.5 serif }\n")
    (dist / "404.html").write_text(page(random.Random(404), 50))
    for number in range(17):
        name = "index.html" if number == 0 else f"page-{number}.html"
        (dist / name).write_text(page(random.Random(number), 300))


def one_kibibyte_page():
    """Returns a page whose brotli form is 1,024 bytes long, or as near as whole words allow."""
    sizes = {}
    low, high = 1, 4096
    while low < high:
        middle = (low + high) // 2
        sizes[middle] = brotli_size(page(random.Random(0), middle))
        low, high = (low, middle) if sizes[middle] >= 1024 else (middle + 1, high)
    return page(random.Random(0), low)


def page(chance, words):
    """Returns an HTML page of that many words."""
    text = " ".join(chance.choice(WORDS) for _ in range(words))
    head = '<!doctype html><html lang="en"><meta charset="utf-8"><title>A page</title><link rel="stylesheet" href="/style.css">'
    return f"{head}\n<p>{text}\n"


def brotli_size(text):
    """Returns the length of the text's brotli form."""
    command = ["brotli", "--quality=11", "--stdout", "-"]
    return len(subprocess.run(command, input=text.encode(), check=True, capture_output=True).stdout)


def write_plain_copy(root, body):
    """Writes the bytes that `site` sends as a plain file, so that the other servers send equal ones."""
    root = pathlib.Path(root)
    root.mkdir(parents=True, exist_ok=True)
    (root / "page.html").write_bytes(body)
