import datetime
import json
import unittest

from ..wire import HEADER, HEADER_SIZE, from_json, to_json


def carried(value):
    return json.loads(json.dumps(value, default=to_json), object_hook=from_json)


class Headers(unittest.TestCase):
    def test_a_header_is_sixteen_bytes_little_endian(self):
        self.assertEqual(HEADER_SIZE, 16)
        packed = HEADER.pack(0x04030201, 0x08070605, 0x0C0B0A09, 0x0D, 0x0E, 0x100F)
        self.assertEqual(packed, bytes(range(1, 17)))


class Values(unittest.TestCase):
    def test_bytes_arrive_as_bytes(self):
        every = bytes(range(256))
        self.assertEqual(carried({"a": every, "b": bytearray(every)}), {"a": every, "b": every})

    def test_moments_keep_their_zone(self):
        east = datetime.timezone(datetime.timedelta(hours=5, minutes=30))
        for moment in (datetime.datetime(2024, 2, 29, 1, 2, 3, 4), datetime.datetime(2024, 2, 29, tzinfo=east)):
            self.assertEqual(carried([moment]), [moment])

    def test_integers_of_any_length_arrive(self):
        self.assertEqual(from_json({"tsgi:int": str(2**200)}), 2**200)

    def test_an_object_with_more_than_the_tag_is_an_object(self):
        value = {"tsgi:bytes": "AA==", "more": 1}
        self.assertEqual(carried(value), value)

    def test_other_types_do_not_travel(self):
        for value in (object(), {1, 2}, 1j, memoryview(b"")):
            with self.assertRaises(TypeError):
                json.dumps(value, default=to_json)
