import sqlite3
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from jindou.packs.contract import OpenPack
from jindou.packs.ecommerce import pack
from jindou.packs.ecommerce.shop import Shop, ShopBusy, ShopUnreadable
from packs.ecommerce.shop_desk import TODAY, Desk


def _dump(path: Path) -> list[str]:
    with closing(sqlite3.connect(path)) as connection:
        return list(connection.iterdump())


def _one(path: Path, query: str) -> object:
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(query).fetchone()[0]


def _missing(_path: Path) -> bool:
    return False


def test_the_same_seed_and_day_give_the_same_shop_to_the_byte(fresh_shop: Path, tmp_path: Path) -> None:
    pack.open(tmp_path, TODAY + timedelta(hours=3)).close()
    assert _dump(tmp_path / "shop.db") == _dump(fresh_shop)


def test_another_seed_or_another_day_gives_another_shop(fresh_shop: Path, tmp_path: Path) -> None:
    Shop(tmp_path / "seed", TODAY, seed=21).close()
    Shop(tmp_path / "day", TODAY + timedelta(days=1)).close()
    assert _dump(tmp_path / "seed" / "shop.db") != _dump(fresh_shop) != _dump(tmp_path / "day" / "shop.db")


def test_the_shop_has_the_size_it_promises(fresh_shop: Path) -> None:
    sizes = {
        table: _one(fresh_shop, f"SELECT count(*) FROM {table}")  # noqa: S608 - names from this very test
        for table in ("product", "customer", "sales_order")
    }
    assert sizes == {"product": 50, "customer": 500, "sales_order": 1000}
    assert all(
        _one(fresh_shop, f"SELECT count(*) > 10 FROM {table}")  # noqa: S608
        for table in ("variant", "order_item", "payment", "refund", "shipment", "returned_item", "ticket")
    )


def test_money_and_time_in_the_demo_data_make_sense(fresh_shop: Path) -> None:
    off_total = """SELECT count(*) FROM sales_order o WHERE total !=
        (SELECT sum(price * quantity) FROM order_item i WHERE i.order_id = o.id)"""
    over_refunded = """SELECT count(*) FROM sales_order o WHERE
        (SELECT coalesce(sum(amount), 0) FROM refund r WHERE r.order_id = o.id) >
        (SELECT coalesce(sum(amount), 0) FROM payment p WHERE p.order_id = o.id)"""
    times = "SELECT max(at) FROM (SELECT placed_at AS at FROM sales_order UNION SELECT paid_at FROM payment UNION "
    times += "SELECT delivered_at FROM shipment UNION SELECT shipped_at FROM shipment UNION SELECT at FROM refund)"
    assert _one(fresh_shop, off_total) == 0
    assert _one(fresh_shop, over_refunded) == 0
    assert str(_one(fresh_shop, times)) < f"{TODAY:%Y-%m-%dT%H:%M}"
    assert _one(fresh_shop, "SELECT count(*) FROM pragma_foreign_key_check") == 0


def test_reset_makes_the_first_shop_again(opened: OpenPack, desk: Desk, folder: Path, fresh_shop: Path) -> None:
    desk.ask("refund_order", order_id="SO-10007", amount=25.5, reason="broken")
    assert _dump(folder / "shop.db") != _dump(fresh_shop)
    opened.reset()
    assert _dump(folder / "shop.db") == _dump(fresh_shop)


def test_opening_again_keeps_what_was_done(folder: Path) -> None:
    first = pack.open(folder, TODAY)
    Desk(first).ask("refund_order", order_id="SO-10007", amount=25.5, reason="broken")
    first.close()
    second = pack.open(folder, TODAY + timedelta(days=9))
    order = Desk(second).ask("get_order", order_id="SO-10007")
    second.close()
    assert order.model_dump()["refunded"] == "25.50 CNY"


def test_nothing_lies_beside_a_finished_shop(tmp_path: Path) -> None:
    pack.open(tmp_path, TODAY).close()
    assert [path.name for path in tmp_path.iterdir()] == ["shop.db"]


def test_a_shop_that_another_process_made_first_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Shop(tmp_path, TODAY, seed=1).close()
    before = _dump(tmp_path / "shop.db")
    monkeypatch.setattr(Path, "exists", _missing)  # As if it came between the look and the making.
    Shop(tmp_path, TODAY, seed=2).close()
    assert _dump(tmp_path / "shop.db") == before


@pytest.mark.parametrize("content", [b"", b"no database at all, but a text that is long enough" * 40])
def test_a_file_that_is_no_shop_is_refused_and_named(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "shop.db").write_bytes(content)
    with pytest.raises(ShopUnreadable, match=r"shop\.db is no shop database"):
        pack.open(tmp_path, TODAY)


def test_a_database_that_another_writer_keeps_says_so_and_stays_readable(folder: Path) -> None:
    shop = Shop(folder, TODAY, patience=0.01)
    with closing(sqlite3.connect(folder / "shop.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE").close()
        with shop.read() as connection:
            assert connection.exec_driver_sql("SELECT count(*) FROM sales_order").scalar_one() == 1000
        with pytest.raises(ShopBusy, match="try again"), shop.write():
            pass
    with shop.write():
        pass
    shop.close()


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(ShopBusy, match=r"shop\.db can't be made"):
        Shop(tmp_path / "file" / "shop", TODAY)


def test_one_line_says_what_the_pack_holds(opened: OpenPack) -> None:
    assert opened.describe() == "500 customers, 1000 orders"
