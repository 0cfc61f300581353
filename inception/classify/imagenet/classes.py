"""Writes classes.txt, ImageNet's 1,000 class names in order, from torchvision: pip download --no-deps torchvision, then
python classes.py torchvision-*.whl
"""
import ast
import pathlib
import sys
import zipfile

wheel = zipfile.ZipFile(sys.argv[1])
names = None
for node in ast.parse(wheel.read("torchvision/models/_meta.py")).body:
    if isinstance(node, ast.Assign) and node.targets[0].id == "_IMAGENET_CATEGORIES":
        names = ast.literal_eval(node.value)
assert names and len(names) == 1000 and all(n == n.strip() and "\n" not in n for n in names)
here = pathlib.Path(__file__).parent
(here / "classes.txt").write_text("\n".join(names) + "\n", encoding="utf-8")
licence = next(n for n in wheel.namelist() if n.endswith(("dist-info/LICENSE", "licenses/LICENSE")))
(here / "LICENCE-torchvision").write_bytes(wheel.read(licence))
