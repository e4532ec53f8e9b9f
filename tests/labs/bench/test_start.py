"""What the item `start` measures: processes that differ in the repairs only."""

import pytest

from .failure import Failed
from .items import start
from .sites import Site

SERVES = "import time; print('Listening on TCP address', flush=True); time.sleep(600)"


@pytest.fixture
def site(tmp_path, monkeypatch):
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    return Site("ours", str(tmp_path), "sqlite:///%s/db" % tmp_path)


def test_both_have_the_same_settings_and_bytecode(site):
    ours, stock = start.environment(site, ""), start.environment(site, "*")
    assert (ours.pop("COMPAT_DISABLE"), stock.pop("COMPAT_DISABLE")) == ("", "*")
    assert ours == stock and ours["BENCH_SITE"] == "stock"
    assert "PYTHONDONTWRITEBYTECODE" not in ours


def test_a_server_is_measured_until_it_listens(site):
    env = start.environment(site, "*")
    seconds, output = start._python(env, SERVES, until=start.LISTENS)
    assert 0 < seconds < 60 and start.LISTENS in output
    with pytest.raises(Failed, match="no port is free"):
        start._python(env, "print('no port is free')", until=start.LISTENS)
    with pytest.raises(Failed, match="broken"):
        start._python(env, "raise SystemExit('broken')")
