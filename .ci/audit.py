"""`make audit`: the packages of requirements.lock against what is known of vulnerable ones.

pip-audit says "no known vulnerabilities" also where it could learn nothing of a package. This says
of how many it did, and ends with 3 where it learned nothing at all, with 1 where any is vulnerable.
"""

import json
import subprocess
import sys
from pathlib import Path

LOCK = Path(__file__).parents[1] / "requirements.lock"
CONSTRAINTS = LOCK.with_name("constraints.txt")
SECONDS = 600


def main() -> int:
    """Audit, and print what came of it."""
    tool = Path(sys.executable).with_name("pip-audit")
    # Without the hashes, which are checked on installing: torch has none.
    pinned = [line.split("\\")[0] for line in LOCK.read_text().splitlines() if "==" in line]
    torch = [line for line in CONSTRAINTS.read_text().splitlines() if line.startswith("torch==")]
    listed = Path(sys.prefix) / "audited.txt"
    listed.write_text("\n".join([*pinned, *torch]) + "\n")
    command = [tool, "--disable-pip", "--no-deps", "--progress-spinner=off", "-f", "json"]
    try:
        done = subprocess.run(  # noqa: S603  # our own environment's program
            [*command, "-r", listed], capture_output=True, text=True, timeout=SECONDS
        )
        found = json.loads(done.stdout)["dependencies"]
    except (subprocess.TimeoutExpired, ValueError, KeyError):
        print("Nothing was audited: the list of known vulnerabilities cannot be had from here.")
        return 3
    return report(found)


def report(found: list[dict]) -> int:
    """Say which packages are vulnerable, and of how many nothing could be learned."""
    skipped = [each for each in found if "skip_reason" in each]
    wrong = [each for each in found if each.get("vulns")]
    for each in wrong:
        for known in each["vulns"]:
            mended = ", ".join(known["fix_versions"]) or "no version yet"
            print(f"{each['name']} {each['version']}: {known['id']}, mended in {mended}")
    if len(skipped) == len(found):
        print("Nothing was audited: the list of known vulnerabilities cannot be had from here.")
        return 3
    print(f"{len(found) - len(skipped)} packages audited, {len(wrong)} of them vulnerable.")
    if skipped:
        print(f"Nothing is known of {len(skipped)}: {', '.join(e['name'] for e in skipped)}.")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
