"""What a run of a page keeps is its own: two that overlap share nothing."""

from concurrent.futures import ThreadPoolExecutor

from components.state.page_run import begin_run, claim_progress_key


def test_the_first_bar_of_a_run_is_called_progress_and_the_others_by_their_names():
    begin_run()
    assert [claim_progress_key(name) for name in "abc"] == ["progress", "progress_b", "progress_c"]
    begin_run()
    assert claim_progress_key("b") == "progress"


def test_a_run_that_begins_meanwhile_does_not_give_the_older_one_the_same_key_again():
    with ThreadPoolExecutor(1) as older, ThreadPoolExecutor(1) as newer:
        older.submit(begin_run).result()
        assert older.submit(claim_progress_key, "sweep").result() == "progress"
        newer.submit(begin_run).result()
        assert older.submit(claim_progress_key, "view").result() == "progress_view"
        assert newer.submit(claim_progress_key, "sweep").result() == "progress"
