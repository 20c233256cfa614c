#!/usr/bin/env python3
"""Every relative link in a Markdown file of the project leads to a file that is there."""
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)]*)?\)")


def main():
    pages = subprocess.run(["git", "ls-files", "-co", "--exclude-standard", "*.md"], cwd=ROOT,
                           capture_output=True, text=True, check=True).stdout.split()
    broken = []
    for page in pages:
        for target in LINK.findall((ROOT / page).read_text()):
            if "://" not in target and not ((ROOT / page).parent / target).exists():
                broken.append(f"{page}: {target} is not there")
    print("\n".join(broken) or f"{len(pages)} pages, all links lead somewhere")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
