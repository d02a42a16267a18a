import pytest

from streamer.relay.banner import describe_addresses
from streamer.relay.network.addresses import judge


@pytest.mark.parametrize(
    ("address", "adapter", "reason"),
    [
        ("192.168.1.20", "wlan0", "the way to the router"),
        ("10.0.0.7", "eth1", "another network"),
        ("127.0.0.1", "lo", "this computer only"),
        ("169.254.7.7", "eth0", "no router gave it an address"),
        ("172.17.0.1", "docker0", "a network of containers or virtual machines"),
        ("192.168.122.1", "virbr0", "a network of containers or virtual machines"),
        ("10.8.0.2", "tun0", "a VPN"),
        ("100.64.0.3", "tailscale0", "a VPN"),
    ],
)
def test_each_address_is_judged_with_its_reason(address: str, adapter: str, reason: str) -> None:
    judged = judge(address, adapter, default="192.168.1.20")
    assert judged.reason == reason
    assert judged.is_usable == (adapter in ("wlan0", "eth1"))


def test_the_host_sees_which_address_was_chosen_and_why() -> None:
    addresses = [
        judge(*pair, default="10.0.0.7") for pair in (("10.0.0.7", "eth0"), ("172.17.0.1", "docker0"))
    ]
    first, second = describe_addresses(addresses, "10.0.0.7").splitlines()
    assert first.split() == ["→", "10.0.0.7", "eth0:", "the", "way", "to", "the", "router"]
    assert second.split()[0] == "✗"
