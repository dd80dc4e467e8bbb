"""Strict fakes of the vendors' APIs, written from the vendors' documents and SDKs and from nothing of agentctl.

Each refuses what the real one refuses, in its words, and remembers what it signed. It answers as it is told, streamed
in its own kind of events and cut at random places, and keeps a bill of what it charges, faults included.

    with Anthropic(Plan(Think("hm"), Call("weather", '{"city": "Paris"}')), Plan(Say("It rains."))) as vendor:
        …                                  # talk to vendor.url with vendor.key
    assert vendor.refused == []
    assert vendor.bill.total == Decimal("0.00123")
"""
