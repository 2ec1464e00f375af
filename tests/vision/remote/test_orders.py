"""What is asked of workers on other machines."""

import asyncio

from familiar.vision.remote.orders import Order


def test_no_text_is_made_of_the_photos_that_an_order_sends() -> None:
    async def told() -> str:
        order: Order[object] = Order(
            function=print, prepare=lambda: b"content" * 1000, read=lambda answer: answer,
            size=7000, photos=1, seconds=1.0, alone=False,
        )  # fmt: skip
        assert await order.is_prepared()
        return repr(order)

    assert "content" not in asyncio.run(told())
