"""The people of the demo shop."""

from jindou.packs.contract import DemoPerson

__all__ = ["PEOPLE"]

PEOPLE = (
    DemoPerson(
        handle="clerk",
        name="Lena Vogel",
        title={"en": "Customer service", "zh": "客服专员"},
        roles=("clerk",),
        language="en",
    ),
    DemoPerson(
        handle="warehouse",
        name="赵强",
        title={"en": "Warehouse", "zh": "仓库管理员"},
        roles=("warehouse",),
        language="zh",
    ),
    DemoPerson(
        handle="manager",
        name="Marta Lindqvist",
        title={"en": "Head of customer service", "zh": "客服主管"},
        roles=("manager", "administrator"),
        language="en",
    ),
    DemoPerson(
        handle="finance",
        name="周敏",
        title={"en": "Finance", "zh": "财务"},
        roles=("finance",),
        language="zh",
    ),
)
