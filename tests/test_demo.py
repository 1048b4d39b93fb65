import subprocess
import sys
from pathlib import Path

import pytest

DEMO = Path(__file__).resolve().parents[1] / "examples" / "demo.py"


@pytest.mark.slow
def test_the_demo_runs_and_says_where_its_reports_are(tmp_path):
    done = subprocess.run(
        [sys.executable, str(DEMO), "--out", str(tmp_path / "demo")], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    for name in ("evaluation", "comparison"):
        report = tmp_path / "demo" / name / "report.html"
        assert str(report) in done.stdout
        html = report.read_text(encoding="utf-8")
        assert "<html" in html
        assert 'src="http' not in html, "a report holds everything it shows"
    assert len(list((tmp_path / "demo" / "plots" / "pictures").glob("*.png"))) == 12
    assert len(list((tmp_path / "demo" / "film" / "timelines").glob("*.png"))) == 1
    assert (tmp_path / "demo" / "film_verdict.mp4").stat().st_size > 10_000
