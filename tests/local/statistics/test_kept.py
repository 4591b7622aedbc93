"""Statistics of a world that is kept on disk."""

import pytest


@pytest.fixture
def file(tmp_path):
    return tmp_path / "local.db"


def test_another_process_has_the_same_figures(centre, clocked, open_api, clock, file):
    """The other one has no engine in memory yet, and reads what there is from the file."""
    centre.play()
    waiting = centre.task("es")
    centre.after(5)
    path = f"/Workspaces/{centre.workspace.fetch().sid}"
    other = open_api(file, clock=clock)

    for each in ("Statistics", "Workers/Statistics", f"TaskQueues/{centre.spanish}/Statistics"):
        assert other.read(f"{path}/{each}") == clocked.read(f"{path}/{each}")
    figures = other.read(f"{path}/Statistics")
    assert figures["realtime"]["longest_task_waiting_sid"] == waiting
    assert figures["realtime"]["longest_task_waiting_age"] == 5
    assert figures["cumulative"]["tasks_created"] == 5


def test_changes_due_while_the_server_was_down_count(centre, clocked, open_api, clock, file):
    path = f"/Workspaces/{centre.workspace.fetch().sid}"
    centre.task("es")
    clocked.app.close()
    centre.after(60)

    figures = open_api(file, clock=clock).read(f"{path}/Statistics")

    assert figures["cumulative"]["tasks_moved"] == 1
    assert figures["realtime"]["longest_task_waiting_age"] == 60
