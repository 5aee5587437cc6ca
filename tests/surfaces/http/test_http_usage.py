"""What nobody knows is settled at the API, by a manager, with figures and a reason."""

from http_door import Door, assert_problem


def test_an_attempt_that_is_not_there_can_not_be_settled_and_figures_are_checked(door: Door) -> None:
    path = "/api/usage/attempts/att_none/reconcile"
    found = {"quantities": {"input_tokens": 10, "output_tokens": 1}, "reason": "The log."}
    assert_problem(door.post(path, found, "manager"), 404, "not_found")
    assert_problem(door.post(path, found, "clerk"), 403, "forbidden")
    negative = {"quantities": {"input_tokens": -1}, "reason": "The log."}
    assert_problem(door.post(path, negative, "manager"), 422, "invalid")
    assert_problem(door.post(path, {"quantities": {}}, "manager"), 422, "invalid")
