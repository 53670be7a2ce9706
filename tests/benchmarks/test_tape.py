import http.client

from benchmarks.tape import recording


def test_requests_are_recorded_byte_for_byte_for_another_address() -> None:
    with recording() as tape:
        client = http.client.HTTPConnection(tape.address)
        for body in (b'{"a": 1}', b""):
            client.putrequest("POST", "/a/path", skip_accept_encoding=True)
            client.putheader("Content-Length", str(len(body)))
            client.endheaders(body)
            assert client.getresponse().read() == b'{"Items": []}'
        client.close()
        head = b"POST /a/path HTTP/1.1\r\nHost: localhost:4566\r\nContent-Length: %d\r\n\r\n"
        assert tape.take("localhost:4566") == [head % 8 + b'{"a": 1}', head % 0]
        assert tape.take("localhost:4566") == []
