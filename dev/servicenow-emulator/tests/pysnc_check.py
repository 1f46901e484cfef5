"""Judges a running emulator by ServiceNow's own Python client, pysnc.

Started by the test `pysnc::the_independent_client_agrees`, which sets the
environment. pysnc refuses addresses that begin with `http://`; it compares
letter by letter, while addresses do not, so `HTTP://` passes.
"""

import os

from pysnc import ServiceNowClient
from pysnc.auth import ServiceNowClientCredentialsFlow
from pysnc.exceptions import AuthenticationException, NotFoundException, RoleException

INSTANCE = os.environ["EMULATOR_URL"].replace("http://", "HTTP://", 1)
RITA = "aaaa0000000000000000000000000002"
ITEM = "eeee0000000000000000000000000001"


def admin():
    return ServiceNowClient(
        INSTANCE, (os.environ["ADMIN_USER"], os.environ["ADMIN_PASSWORD"])
    )


def reader():
    return ServiceNowClient(
        INSTANCE, (os.environ["READ_USER"], os.environ["READ_PASSWORD"])
    )


def raises(kind, action):
    try:
        action()
    except kind:
        return
    raise AssertionError(f"{kind.__name__} was expected")


def gets_one_record():
    item = reader().GlideRecord("sc_req_item")
    assert item.get(ITEM)
    assert item.number == "RITM0010001"
    assert item.get_value("opened_by") == RITA
    assert item.get_display_value("opened_by") == "Rita Chen"
    assert item.get_display_value("state") == "Open" and item.get_value("state") == "1"
    assert item.cmdb_ci.nil()


def links_references():
    item = reader().GlideRecord("sc_req_item")
    item.exclude_reference_link = False
    assert item.get(ITEM)
    link = item.get_element("opened_by").get_link()
    assert link.endswith(f"/table/sys_user/{RITA}"), link


def queries_and_iterates_over_pages():
    users = reader().GlideRecord("sys_user", batch_size=4)
    users.add_query("active", "true")
    users.add_not_null_query("email")
    users.order_by("user_name")
    users.query()
    names = [user.get_value("user_name") for user in users]
    assert len(users) == len(names) == 13, names
    assert names == sorted(names) and len(set(names)) == 13


def combines_conditions():
    users = reader().GlideRecord("sys_user")
    condition = users.add_query("active", "false")
    condition.add_or_condition("locked_out", "true")
    users.query()
    found = {user.get_value("user_name") for user in users}
    assert found == {"ingrid.solheim", "yusuf.demir"}, found
    titles = reader().GlideRecord("sys_user")
    titles.add_query("title", "CONTAINS", "Cloud Security")
    titles.query()
    assert len(titles) == 2


def walks_dotted_fields():
    item = reader().GlideRecord("sc_req_item")
    item.fields = "sys_id,opened_by.manager.user_name"
    assert item.get(ITEM)
    manager = item.get_value("opened_by.manager.user_name")
    assert manager == "marek.lindqvist", manager


def limits():
    users = reader().GlideRecord("sys_user")
    users.limit = 3
    users.query()
    assert len([user for user in users]) == 3


def creates_changes_and_deletes():
    item = admin().GlideRecord("sc_req_item")
    item.initialize()
    item.short_description = "made by pysnc"
    item.requested_for = RITA
    sys_id = item.insert()
    assert sys_id and item.get_value("number").startswith("RITM")
    item.short_description = "changed by pysnc"
    assert item.update() == sys_id
    again = admin().GlideRecord("sc_req_item")
    assert again.get(sys_id)
    assert again.short_description == "changed by pysnc"
    assert again.get_value("sys_mod_count") == "1"
    assert again.delete()
    assert not admin().GlideRecord("sc_req_item").get(sys_id)


def appends_notes():
    item = admin().GlideRecord("sc_req_item")
    assert item.get(ITEM)
    for _ in range(2):
        item.work_notes = "same text"
        item.update()
        assert item.get_value("work_notes") == ""
    notes = admin().GlideRecord("sys_journal_field")
    notes.add_query("element_id", ITEM)
    notes.query()
    assert [note.get_value("value") for note in notes] == ["same text"] * 2


def signs_in_with_oauth():
    flow = ServiceNowClientCredentialsFlow(
        os.environ["READ_CLIENT_ID"], os.environ["READ_CLIENT_SECRET"]
    )
    user = ServiceNowClient(INSTANCE, flow).GlideRecord("sys_user")
    assert user.get(RITA) and user.user_name == "rita.chen"
    wrong = ServiceNowClientCredentialsFlow(os.environ["READ_CLIENT_ID"], "wrong")
    raises(AuthenticationException, lambda: ServiceNowClient(INSTANCE, wrong))


def sees_refusals():
    client = ServiceNowClient(INSTANCE, ("nobody", "wrong"))
    raises(AuthenticationException, lambda: client.GlideRecord("sys_user").get(RITA))
    item = reader().GlideRecord("sc_req_item")
    assert item.get(ITEM)
    item.short_description = "not allowed"
    raises(RoleException, item.update)


def misses_records():
    assert not reader().GlideRecord("sc_req_item").get("0" * 32)
    # pysnc names no version; there, a list without rows is 404.
    none = reader().GlideRecord("sc_req_item")
    none.add_query("number", "RITM9999999")
    raises(NotFoundException, none.query)


CHECKS = [
    gets_one_record,
    links_references,
    queries_and_iterates_over_pages,
    combines_conditions,
    walks_dotted_fields,
    limits,
    creates_changes_and_deletes,
    appends_notes,
    signs_in_with_oauth,
    sees_refusals,
    misses_records,
]

if __name__ == "__main__":
    for check in CHECKS:
        check()
    print(f"pysnc agrees: {len(CHECKS)} checks")
