"""Packs models/ into exporters.zip: python pack.py"""

import pathlib
import zipfile

here = pathlib.Path(__file__).parent
with zipfile.ZipFile(here / "exporters.zip", "w") as z:
    for path in sorted((here / "models").iterdir()):
        z.writestr(zipfile.ZipInfo(path.name), path.read_bytes(), zipfile.ZIP_DEFLATED, 9)
