"""Every backend keeps the laws of a store, and no store that breaks one passes for one that keeps it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from support import stores
from support.backends import POSTGRES, Backends
from support.broken.opening import NAMES
from support.postgres import KINDS, Servers

from agentctl.testing.conformance import CHECKS, Check, Store, Violation, opening, run

BY_NAME = {check.name: check for check in CHECKS}
IN_MEMORY = [check for check in CHECKS if check.applies_to(stores.in_memory())]
NOTICED = {
    "Forgetful": ["a_write_is_seen", "many_threads_lose_nothing", "processes_charge_at_once"],
    "HalfCommitting": ["failed_work_leaves_nothing", "work_fails_alone", "sums_are_those_of_the_charges"],
    "Translating": ["failed_work_leaves_nothing"],
    "Doubling": ["many_threads_lose_nothing", "a_read_writes_nothing"],
    "Disordered": ["writes_happen_in_order"],
    "Lazy": ["what_is_resolved_is_there_for_all"],
    "Hurried": ["closing_finishes_what_was_submitted"],
    "Dirty": ["nothing_is_seen_before_it_is_committed"],
    "Moving": ["a_read_sees_one_moment"],
    "Writable": ["a_read_writes_nothing"],
    "Undead": ["a_closed_store_refuses"],
    "Racing": ["threads_keep_to_a_limit", "processes_keep_to_a_limit"],
    "WithoutNul": ["any_text_comes_back", "any_output_of_a_tool_comes_back"],
    "Truncating": ["any_output_of_a_tool_comes_back"],
    "Normalizing": ["any_name_comes_back"],
    "Floating": ["sums_pass_64_bits"],
    "Clamping": ["what_does_not_fit_is_refused"],
    "Unlimited": ["a_limit_is_reached_and_not_passed"],
    "Sulking": ["a_refused_change_leaves_the_rest_of_its_work"],
    "Headstrong": ["the_second_writer_forks", "processes_fork_each_a_line"],
    "Renumbering": ["an_id_is_added_once", "an_id_is_of_one_message"],
    "Rehashing": ["damage_is_found"],
    "Backwards": ["lists_begin_with_the_last_used", "drafts_are_kept_in_order"],
    "Careless": ["sessions_are_found_by_what_is_theirs_alone"],
    "Silent": ["the_outbox_tells_all_in_order", "calls_are_open_until_they_are_settled"],
    "Zeroing": ["what_is_unknown_stays_unknown"],
    "Hoarding": ["the_trash_gives_back"],
    "Untagged": ["tags_are_kept"],
    "Lasting": ["a_copy_is_apart"],
    "Blind": ["words_are_found"],
    "Repeating": ["pages_neither_skip_nor_repeat"],
    "Forgiving": ["a_call_is_charged_once"],
    "Unlocked": ["a_lock_keeps_others_out"],
    "Sticking": ["an_error_frees_a_lock"],
    "Impatient": ["a_lock_is_handed_on"],
    "OfThreads": ["processes_keep_each_other_out"],
    "Outliving": ["death_frees_a_lock"],
    "Alarmed": ["a_sound_store_passes_its_check"],
    "Rounding": ["a_decision_comes_back_to_the_last_bit"],
    "Detached": ["a_turn_is_what_its_calls_were"],
    "Opinionated": ["the_newest_outcome_counts"],
    "changeable": ["messages_never_change", "the_ledger_only_grows", "what_is_learnt_from_never_changes"],
    "elsewhere": ["its_url_opens_it_again"],
    "downgrading": ["a_newer_schema_is_refused"],
    "replacing": ["processes_open_an_empty_store_at_once"],
}


@pytest.mark.parametrize("check", IN_MEMORY, ids=str)
def test_a_store_in_memory(check: Check) -> None:
    """A store in memory keeps all laws that are about one object."""
    check(stores.in_memory())


@pytest.mark.parametrize("check", CHECKS, ids=str)
def test_a_store_in_a_file(check: Check, tmp_path: Path) -> None:
    """A store in an SQLite file keeps all laws."""
    check(stores.in_file(tmp_path))


@pytest.mark.parametrize("backend", POSTGRES)
@pytest.mark.parametrize("check", [check for check in CHECKS if check not in opening.CHECKS], ids=str)
def test_a_store_in_postgres(check: Check, backend: str, backends: Backends, tmp_path: Path) -> None:
    """A store in a PostgreSQL database keeps all laws, whatever the server's major version."""
    with backends.url(backend, tmp_path) as url:
        check(stores.in_postgres(url))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("check", opening.CHECKS, ids=str)
def test_a_new_store_in_postgres(check: Check, kind: str, postgres_servers: Servers) -> None:
    """A PostgreSQL database that has no tables yet, or those of a newer program, is opened as the laws want it."""
    with postgres_servers.get(kind).database() as url:
        check(stores.in_postgres(url))


@pytest.mark.parametrize(("broken", "name"), [(broken, name) for broken in NOTICED for name in NOTICED[broken]])
def test_a_broken_store_is_noticed(broken: str, name: str, tmp_path: Path) -> None:
    """A store that breaks a law fails the check of it, by what it is and not by an accident."""
    with pytest.raises(Exception) as caught:  # noqa: PT011 - a Violation, or what the store itself says
        BY_NAME[name](stores.broken(broken, tmp_path))
    assert not isinstance(caught.value, (AttributeError, TypeError, NameError, ImportError, KeyError))


def test_every_check_notices_something() -> None:
    """No check is there in vain: for each there is a store that it fails, and each broken store is used."""
    assert {name for names in NOTICED.values() for name in names} == set(BY_NAME)
    assert set(NOTICED) == set(NAMES)


def test_a_report_tells_which_laws_are_broken(tmp_path: Path) -> None:
    """A report goes on after a failure, names the law and why, and leaves out what does not apply."""
    directories = iter(range(9))

    @contextmanager
    def new_store() -> Iterator[Store]:
        directory = tmp_path / str(next(directories))
        directory.mkdir()
        yield stores.broken("Unlocked", directory)

    names = ("a_write_is_seen", "a_lock_keeps_others_out", "an_error_frees_a_lock")
    report = run(new_store, tuple(BY_NAME[name] for name in names))
    assert [result.outcome for result in report.results] == ["kept", "broken", "kept"]
    assert not report.ok
    assert "the lock 's1' that is held: was let through" in str(report)
    assert isinstance(Violation(), AssertionError)


def test_a_report_of_a_store_in_memory() -> None:
    """What needs a second opener is told as not applicable, not as kept."""

    @contextmanager
    def new_store() -> Iterator[Store]:
        yield stores.in_memory()

    report = run(new_store, (BY_NAME["a_write_is_seen"], BY_NAME["death_frees_a_lock"]))
    assert [result.outcome for result in report.results] == ["kept", "not applicable"]
    assert report.ok


def test_the_suite_needs_no_test_runner() -> None:
    """Whoever imports the suite gets no pytest with it."""
    script = "import sys, agentctl.testing.conformance; print([name for name in sys.modules if 'pytest' in name])"
    assert subprocess.run([sys.executable, "-c", script], check=True, capture_output=True).stdout == b"[]\n"
