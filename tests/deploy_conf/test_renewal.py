"""When uWSGI's workers count as renewed, without a uWSGI."""

import pytest

from deploy_conf import processes, reload
from deploy_conf.errors import ConfError
from deploy_conf.managers.program import RUNNING, Program

UWSGI = Program("uwsgi", "uwsgi", 1, RUNNING)
OLD = {11: 100, 12: 100}


@pytest.fixture
def renew(monkeypatch):
    """renew(looks): reload a uWSGI whose workers are seen so; returns (lines, how often told)."""
    monkeypatch.setattr(reload, "PAUSE", 0)

    def renew(*looks, patience=60, again=60):
        left, said, told = [OLD, *looks], [], []
        monkeypatch.setattr(processes, "children", lambda pid: left.pop(0))
        monkeypatch.setattr(reload, "tell", told.append)
        monkeypatch.setattr(reload, "AGAIN", again)
        one = reload.Reload(None, {}, said.append, patience)
        monkeypatch.setattr(one, "reason", lambda program: "the end of its log")
        one.reload_uwsgi(UWSGI, {"master-fifo": "fifo"})
        assert left == []
        return said, told

    return renew


def test_when_there_are_as_many_and_none_of_the_old(renew):
    looks = [
        OLD,
        {12: 100},  # the first is gone
        {12: 100, 13: 101},
        {13: 101},  # too few
        {13: 101, 14: 102},
    ]
    assert renew(*looks) == (["uwsgi: 2 workers renewed"], ["fifo"])


def test_a_number_that_is_used_again_is_another_worker(renew):
    assert renew({11: 101, 12: 100}, {11: 101, 12: 101})[0] == ["uwsgi: 2 workers renewed"]


def test_more_than_before_are_enough(renew):
    assert renew({13: 1, 14: 1, 15: 1})[0] == ["uwsgi: 2 workers renewed"]


def test_a_chain_that_has_not_begun_is_asked_for_again(renew):
    assert renew(OLD, OLD, {13: 1, 14: 1}, again=-1)[1] == ["fifo"] * 3


def test_workers_that_come_and_go_end_it(renew):
    """Nine of two workers may come: a few that the code has ended are no reason to give up."""
    looks = [{12: 100, number: number} for number in range(20, 28)]
    with pytest.raises(ConfError, match="has not renewed its workers: the end of its log"):
        renew(*looks)
    assert renew(*looks[:-1], {28: 1, 29: 1})[0] == ["uwsgi: 2 workers renewed"]


def test_it_has_its_time(renew):
    with pytest.raises(ConfError, match="has not renewed its workers: the end of its log"):
        renew(OLD, patience=-1)


def test_without_a_fifo_it_cannot_be_told(renew):
    with pytest.raises(ConfError, match="no master-fifo"):
        reload.Reload(None, {}, print, 1).reload_uwsgi(UWSGI, {})
