"""Writes what images_test.go compares with: resized photos, and small files in many formats. Run it beside photos/.

Needs Pillow (Debian: python3-pil); the committed files were made with Pillow 9.4.0.
"""

from pathlib import Path

from PIL import Image

here = Path(__file__).parent


def photo(name):
    return Image.open(here / "photos" / f"{name}.png").convert("RGB")


def short(img, n):  # torchvision.transforms.Resize(n)
    w, h = img.size
    size = (n, int(n * h / w)) if w <= h else (int(n * w / h), n)
    return img.resize(size, Image.BILINEAR)


def crop(img, n):  # torchvision.transforms.CenterCrop(n)
    w, h = img.size
    left, top = int(round((w - n) / 2.0)), int(round((h - n) / 2.0))
    return img.crop((left, top, left + n, top + n))


def save(img, name):
    img.save(here / "resized" / f"{name}.png", optimize=True)


for name in ("astronaut", "chelsea", "coffee"):
    save(crop(short(photo(name), 256), 224), f"{name}_256_224")
save(crop(short(photo("chelsea"), 342), 299), "chelsea_342_299")
save(photo("coffee").resize((224, 224), Image.BILINEAR), "coffee_exact_224x224")
save(photo("astronaut").resize((57, 33), Image.BILINEAR), "astronaut_exact_33x57")
# Enlarged: a part of 37 × 41 pixels.
part = photo("chelsea").crop((200, 100, 237, 141))
part.save(here / "resized" / "part.png", optimize=True)
save(part.resize((101, 97), Image.BILINEAR), "part_exact_97x101")
save(crop(short(part, 130), 111), "part_130_111")
save(photo("coffee").convert("L").resize((28, 28), Image.BILINEAR), "coffee_grey_28x28")

# Small files: 24 × 16 pixels of a photo, and what they are in RGB.
tiny = photo("astronaut").resize((24, 16), Image.BILINEAR)
tiny.save(here / "formats" / "rgb.png")
tiny.convert("L").save(here / "formats" / "grey.png")
tiny.convert("RGBA").save(here / "formats" / "lossless.webp", lossless=True)
tiny.save(here / "formats" / "lossy.webp", quality=95)
tiny.save(here / "formats" / "rgb.bmp")
tiny.save(here / "formats" / "rgb.jpg", quality=98, subsampling=0)
tiny.save(here / "formats" / "progressive.jpg", quality=98, subsampling=0, progressive=True)
tiny.convert("L").save(here / "formats" / "grey.jpg", quality=98)
tiny.convert("CMYK").save(here / "formats" / "cmyk.jpg", quality=98, subsampling=0)
palette = tiny.quantize(32)
palette.save(here / "formats" / "palette.gif")
palette.save(here / "formats" / "palette.png")
alpha = tiny.convert("RGBA")
alpha.putalpha(Image.linear_gradient("L").resize(tiny.size))  # 0 in the first rows
alpha.save(here / "formats" / "alpha.png")
alpha.save(here / "formats" / "alpha.webp", lossless=True, exact=True)
frames = [tiny.quantize(32), tiny.rotate(180).quantize(32)]
frames[0].save(here / "formats" / "animated.gif", save_all=True, append_images=frames[1:])
tiny.save(here / "formats" / "animated.webp", save_all=True, append_images=[tiny.rotate(180)], lossless=True)
tiny.save(here / "formats" / "format.tiff")

# What must be transposed to be upright: the same picture for all eight orientations.
turn = {
    1: None, 2: Image.FLIP_LEFT_RIGHT, 3: Image.ROTATE_180, 4: Image.FLIP_TOP_BOTTOM,
    5: Image.TRANSPOSE, 6: Image.ROTATE_90, 7: Image.TRANSVERSE, 8: Image.ROTATE_270,
}  # from upright to stored: the inverse of PIL.ImageOps.exif_transpose
for value, how in turn.items():
    stored = tiny if how is None else tiny.transpose(how)
    exif = Image.Exif()
    exif[0x0112] = value
    stored.save(here / "formats" / f"orientation{value}.png", exif=exif)
    if value == 6:
        stored.save(here / "formats" / "orientation6.webp", exif=exif, lossless=True)
        stored.save(here / "formats" / "orientation6.jpg", exif=exif, quality=98, subsampling=0)

# Large pictures in few bytes, for what decoding takes in memory: of flat squares. Made with Pillow 13.0.0; keep_rgb needs 10.1 or later.
large = Image.new("RGB", (16, 12))
large.putdata([(16 * (i % 16), 21 * (i // 16), 40) for i in range(16 * 12)])
large = large.resize((1601, 1203), Image.NEAREST)
out = here / "large"
large.save(out / "progressive444.jpg", quality=50, subsampling=0, progressive=True, optimize=True)
large.save(out / "progressive420.jpg", quality=50, subsampling=2, progressive=True, optimize=True)
large.save(out / "baseline420.jpg", quality=50, subsampling=2, optimize=True)
large.save(out / "rgb.jpg", quality=50, keep_rgb=True, optimize=True)
large.convert("L").save(out / "grey.jpg", quality=50, progressive=True, optimize=True)
large.convert("CMYK").save(out / "cmyk.jpg", quality=50, progressive=True, optimize=True)
large.save(out / "lossy.webp", quality=30)
large.save(out / "lossless.webp", lossless=True)
large.quantize(2).convert("RGB").save(out / "palette.webp", lossless=True)
large.putalpha(Image.linear_gradient("L").resize((16, 12)).resize(large.size, Image.NEAREST))
large.save(out / "alpha.webp", quality=30)
large.quantize(16).save(out / "interlaced.gif", interlace=1)
