#!/usr/bin/env python3
"""Draws the images that the tests and the README read: tools/draw_samples.py [FOLDER], by default tests/images.

Needs Pillow and the DejaVu fonts. Every sentence was written for this repository. A text beside an image
(`name.txt`) is what stands on it, line by line; pages are parted by a form feed.
"""

import sys
from pathlib import Path

from PIL import Image, ImageChops, ImageDraw, ImageFont

FONTS = Path("/usr/share/fonts/truetype/dejavu")
FOLDER = Path(sys.argv[1] if len(sys.argv) > 1 else Path(__file__).parent.parent / "tests" / "images")

HELLO = ["Ocellus reads this line.", "And this one, too."]
SPANISH = ["El médico observó la retina y anotó", "que mañana habrá una segunda revisión.", "¿Quién guardará las imágenes?"]
GERMAN = ["Die Ärztin prüft jede Aufnahme gründlich", "und schreibt das Ergebnis größer auf."]
FRENCH = ["L'élève a déjà reçu la leçon française", "et rêve d'une forêt près de la rivière."]
PAGES = [["The first page speaks of morning", "and of the light on the river."],
         ["The second page speaks of evening", "and of the boats in the harbour."]]
PARAGRAPH = [
    "A careful reader notices small things first:",
    "the shape of a letter, the space between two words,",
    "the way a sentence leans toward its end. Machines",
    "have to learn the same habit from many examples,",
    "and they forget nothing that they were once shown.",
    "What they lack is the patience to look up from the",
    "page and wonder why somebody wrote it down at all.",
]
MIXED = ["The garden was quiet after the rain.", "El jardín quedó en silencio después de la lluvia."]


def font(size, name="DejaVuSans.ttf"):
    return ImageFont.truetype(str(FONTS / name), size)


def draw(lines, size=28, margin=30, name="DejaVuSans.ttf", ink=0, paper=255):
    """Lines of text on a sheet that fits them."""
    face = font(size, name)
    width = max(round(face.getlength(line)) for line in lines) + 2 * margin
    step = round(size * 1.5)
    sheet = Image.new("L", (width, step * len(lines) + 2 * margin), paper)
    pen = ImageDraw.Draw(sheet)
    for number, line in enumerate(lines):
        pen.text((margin, margin + number * step), line, font=face, fill=ink)
    return sheet


def save(name, sheet, pages, **options):
    sheet.save(FOLDER / name, **options)
    text = "\f".join("\n".join(lines) for lines in pages)
    (FOLDER / name).with_suffix(".txt").write_text(text + "\n" if text else "", encoding="utf-8")


def few_grays(sheet):
    """Sixteen grays are enough for soft edges and take half the bytes."""
    return sheet.quantize(16)


def a4():
    """A full page at 150 dots per inch, in black and white."""
    sheet = Image.new("L", (1240, 1754), 255)
    pen = ImageDraw.Draw(sheet)
    face = font(24, "DejaVuSerif.ttf")
    written, y = [], 120
    for paragraph in range(5):
        for line in PARAGRAPH:
            pen.text((150, y), line, font=face, fill=0)
            written.append(line)
            y += 38
        y += 36
    return sheet.point(lambda value: 255 if value > 127 else 0).convert("1"), written


def main():
    FOLDER.mkdir(parents=True, exist_ok=True)
    save("hello.png", few_grays(draw(HELLO)), [HELLO], optimize=True)
    save("spanish.png", few_grays(draw(SPANISH)), [SPANISH], optimize=True)
    save("german.png", few_grays(draw(GERMAN)), [GERMAN], optimize=True)
    save("french.png", few_grays(draw(FRENCH, name="DejaVuSerif.ttf")), [FRENCH], optimize=True)
    save("two_languages.png", few_grays(draw(MIXED)), [MIXED], optimize=True)
    sheets = [draw(lines, size=36).convert("1", dither=Image.Dither.NONE) for lines in PAGES]
    save("two_pages.tif", sheets[0], PAGES, save_all=True, append_images=sheets[1:], compression="group4", dpi=(200, 200))
    orientation = Image.Exif()
    orientation[0x0112] = 6  # The camera was turned: show it a quarter turn clockwise.
    save("turned_by_exif.jpg", draw(HELLO).rotate(90, expand=True), [HELLO], exif=orientation, quality=60)
    save("quarter_turn.png", few_grays(draw(PARAGRAPH).rotate(-90, expand=True)), [PARAGRAPH], optimize=True)
    save("upside_down.png", few_grays(draw(PARAGRAPH[:3]).rotate(180)), [PARAGRAPH[:3]], optimize=True)
    skewed = draw(PARAGRAPH).rotate(-7, expand=True, fillcolor=255, resample=Image.Resampling.BICUBIC)
    save("skewed.png", few_grays(skewed), [PARAGRAPH], optimize=True)
    save("blank.png", Image.new("L", (600, 400), 255), [], optimize=True)
    speckled = Image.new("L", (600, 400), 255)
    for number in range(900):
        speckled.putpixel((number * 7919 % 600, number * 104729 % 400), number * 37 % 120)
    save("speckled.png", speckled, [], optimize=True)
    save("white_on_black.png", few_grays(draw(PARAGRAPH[:3], ink=255, paper=0)), [PARAGRAPH[:3]], optimize=True)
    letters = draw(HELLO, ink=255, paper=0)
    transparent = Image.new("LA", letters.size, (0, 0))
    transparent.putalpha(letters)
    save("transparent.png", transparent, [HELLO], optimize=True)
    lit = draw(PARAGRAPH)
    shade = Image.linear_gradient("L").rotate(90).resize(lit.size).point(lambda value: 70 + value * 18 // 25)
    uneven = ImageChops.multiply(lit, shade)
    save("uneven_light.jpg", uneven, [PARAGRAPH], quality=60)
    page, written = a4()
    save("a4.png", page, [written], optimize=True, dpi=(150, 150))


if __name__ == "__main__":
    main()
