"""Write the bill of materials of a release: what it is made of, what it needs, and the checksum of each of its files.

    packaging/sbom.py FOLDER      reads the files of a release, writes FOLDER/host-sensor-VERSION.cdx.json

CycloneDX 1.6. The product has no code of others in it; what it needs is named by pyproject.toml and the Debian package.
Time and serial number come from what is released, so that two builds give the same bytes.
"""

from __future__ import annotations

import hashlib
import os
import re
import sys
import uuid
from datetime import datetime, timezone
from pathlib import Path

import tomllib
from cyclonedx.model import HashAlgorithm, HashType, Property
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentScope, ComponentType
from cyclonedx.model.license import LicenseExpression
from cyclonedx.output.json import JsonV1Dot6
from packageurl import PackageURL

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from sensor import __version__  # noqa: E402

LICENSE = "Apache-2.0 AND (GPL-2.0-only OR Apache-2.0)"
NEEDED = re.compile(r"(?P<name>[\w-]+)(?:\[[^]]*\])?\s*(?P<floor>[<>=~!][^;]*)?(?:;.*)?")
OF_THE_DISTRIBUTION = (
    ("auditd", ">= 3.0", ComponentScope.REQUIRED),
    ("python3", ">= 3.9", ComponentScope.REQUIRED),
    ("python3-bpfcc", ">= 0.26", ComponentScope.OPTIONAL),
    ("python3-orjson", "", ComponentScope.OPTIONAL),
)
"""What is not on PyPI, or of which the distribution's package is used: name in Debian, versions, scope."""
EXTRAS = ("convert", "import-laurel", "ship")


def requirements() -> list[Component]:
    """What the program needs, and what its optional parts do, without what only developers do."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    found: dict[str, Component] = {}
    for scope, lines in (
        (ComponentScope.REQUIRED, project["dependencies"]),
        *[(ComponentScope.OPTIONAL, project["optional-dependencies"][extra]) for extra in EXTRAS],
    ):
        for line in lines:
            match = NEEDED.fullmatch(line.strip())
            assert match, line
            name, floor = match["name"], (match["floor"] or "").strip()
            found.setdefault(name, needed(name, floor, scope, PackageURL("pypi", name=name)))
    for name, floor, scope in OF_THE_DISTRIBUTION:
        found[name] = needed(name, floor, scope, PackageURL("deb", "debian", name))
    return list(found.values())


def needed(name: str, floor: str, scope: ComponentScope, purl: PackageURL) -> Component:
    """One thing that is not part of the release."""
    properties = [Property(name="host-sensor:versions", value=floor)] if floor else []
    return Component(name=name, scope=scope, purl=purl, bom_ref=str(purl), properties=properties)


def files(folder: Path) -> list[Component]:
    """Every file of the release but the bill itself and the checksums."""
    made = []
    for path in sorted(folder.glob("host*")):
        if not path.name.endswith(".cdx.json"):
            digest = hashlib.sha256(path.read_bytes()).hexdigest()
            hashes = [HashType(alg=HashAlgorithm.SHA_256, content=digest)]
            made.append(Component(name=path.name, type=ComponentType.FILE, bom_ref=f"file:{path.name}", hashes=hashes))
    return made


def bill(folder: Path) -> str:
    """The document."""
    product = Component(
        name="host-sensor",
        type=ComponentType.APPLICATION,
        version=__version__,
        bom_ref=f"host-sensor@{__version__}",
        licenses=[LicenseExpression(LICENSE)],
        purl=PackageURL("generic", name="host-sensor", version=__version__),
    )
    parts, made = requirements(), files(folder)
    bom = Bom(components=[*parts, *made])
    bom.metadata.component = product
    bom.metadata.timestamp = datetime.fromtimestamp(int(os.environ["SOURCE_DATE_EPOCH"]), timezone.utc)
    contents = " ".join(str(one.hashes[0].content) for one in made)
    bom.serial_number = uuid.uuid5(uuid.NAMESPACE_URL, f"host-sensor@{__version__} {contents}")
    bom.register_dependency(product, parts)
    return JsonV1Dot6(bom).output_as_string(indent=2) + "\n"


def main() -> int:
    """Write the bill into the folder that is given."""
    if len(sys.argv) != 2:
        print("usage: packaging/sbom.py FOLDER", file=sys.stderr)
        return 2
    folder = Path(sys.argv[1])
    (folder / f"host-sensor-{__version__}.cdx.json").write_text(bill(folder), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
