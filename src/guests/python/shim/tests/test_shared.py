import json
import unittest

from ..response import Response
from ..shared import MOST_SHARED_CHARACTERS, Session, Sharing, Token
from ..wire import RESPONSE, SHARED
from .host import Host, kinds


class SharedTest(unittest.TestCase):
    def setUp(self):
        self.host = Host()
        self.addCleanup(self.host.close)
        self.host.lane.current = 1

    def share(self, **received):
        """The values of a request, as its environ holds them."""
        self.sharing = Sharing(self.host.lane, Response(self.host.lane, 1), received)
        return self.sharing.values

    def session(self, values=None):
        return self.share(s=["session", "" if values is None else json.dumps(values)])["s"]

    def told(self):
        """What TSGI was told of the values when the answer began, by key."""
        self.sharing.start_response("200 OK", [])
        return [json.loads(each.text) for each in self.host.frames() if each.kind == SHARED]


class Sessions(SharedTest):
    def test_it_is_a_mapping(self):
        session = self.session({"a": 1, "b": [2]})
        self.assertEqual((session["a"], len(session), sorted(session), "a" in session), (1, 2, ["a", "b"], True))
        self.assertEqual((session.get("c"), session.get("c", 3), session.pop("a"), dict(session)), (None, 3, 1, {"b": [2]}))
        session.update(c=4)
        self.assertEqual(session.setdefault("c", 5), 4)
        self.assertEqual(session, {"b": [2], "c": 4})
        with self.assertRaises(KeyError):
            session["nobody"]
        with self.assertRaises(KeyError):
            del session["nobody"]

    def test_a_session_that_nobody_touches_is_not_told_of(self):
        self.session({"a": 1})
        self.assertEqual(self.told(), [])

    def test_that_somebody_looked_is_told(self):
        self.session({"a": 1}).get("a")
        self.assertEqual(self.told(), [{"s": {}}])

    def test_only_what_has_changed_travels(self):
        session = self.session({"same": 1, "other": 2, "gone": 3})
        session["other"] = 4
        session["new"] = 5
        del session["gone"]
        (change,) = self.told()
        self.assertEqual(change, {"s": {"set": {"other": 4, "new": 5}, "deleted": ["gone"]}})

    def test_a_value_that_is_assigned_as_it_was_travels(self):
        self.session({"a": 1})["a"] = 1
        self.assertEqual(self.told(), [{"s": {"set": {"a": 1}, "deleted": []}}])

    def test_a_value_that_was_changed_in_place_travels(self):
        self.session({"cart": [1], "other": [2]})["cart"].append(3)
        self.assertEqual(self.told(), [{"s": {"set": {"cart": [1, 3]}, "deleted": []}}])

    def test_what_was_set_and_deleted_again_is_deleted(self):
        session = self.session()
        session["a"] = 1
        del session["a"]
        self.assertEqual(self.told(), [{"s": {"set": {}, "deleted": ["a"]}}])

    def test_clear_forgets_everything_and_what_comes_later_counts(self):
        session = self.session({"a": 1})
        session.renew()
        session.clear()
        session["b"] = 2
        self.assertEqual(self.told(), [{"s": {"cleared": True, "set": {"b": 2}, "deleted": []}}])

    def test_renew_keeps_what_it_holds(self):
        session = self.session({"a": 1})
        session.renew()
        self.assertEqual(session, {"a": 1})
        self.assertEqual(self.told(), [{"s": {"renewed": True, "set": {}, "deleted": []}}])

    def test_a_change_is_told_before_the_head(self):
        session = self.session()
        session["a"] = 1
        self.sharing.start_response("200 OK", [])(b"x")
        self.assertEqual(kinds(self.host.frames()), [SHARED, RESPONSE])

    def test_after_start_response_it_does_not_change(self):
        session = self.session({"a": [1]})
        self.told()
        for act in (session.clear, session.renew, lambda: session.update(b=1), lambda: session.pop("a")):
            with self.assertRaisesRegex(RuntimeError, "before start_response"):
                act()

    def test_a_first_look_after_start_response_is_told_too(self):
        session = self.session({"a": 1})
        self.told()
        session.get("a")
        self.assertEqual([json.loads(each.text) for each in self.host.frames()], [{"s": {}}])

    def test_names_are_str(self):
        session = self.session()
        for name in (1, None, b"a", ("a",)):
            with self.assertRaises(TypeError):
                session[name] = 1

    def test_values_are_what_json_carries(self):
        session = self.session()
        for value in (None, True, 0, -(2**53) + 1, 1.5, "\ud800", [], {"a": {"b": [1]}}, "x" * 1000):
            session["a"] = value
        for value in (object(), b"x", {1}, {1: 2}, [{None: 1}], 2**53, -(2**53), float("nan"), [float("inf")], 1j):
            with self.subTest(value=value), self.assertRaises((TypeError, ValueError)):
                session["a"] = value

    def test_values_that_became_wrong_in_place_are_refused(self):
        self.session({"a": []})["a"].append(object())
        with self.assertRaises(TypeError):
            self.told()

    def test_it_does_not_grow_without_bound(self):
        self.session()["a"] = "x" * MOST_SHARED_CHARACTERS
        with self.assertRaises(ValueError):
            self.told()

    def test_after_an_inner_application_it_holds_what_that_has_made_of_it(self):
        session = self.session({"a": 1})
        self.assertEqual(session, {"a": 1})
        session.refresh('{"a": 2}')
        self.assertEqual(session, {"a": 2})

    def test_what_was_told_once_is_not_told_again(self):
        session = self.session()
        session["a"] = 1
        self.assertIsNotNone(session.take_change())
        self.assertIsNone(session.take_change())


class Tokens(SharedTest):
    def token(self, text):
        return self.share(t=["token", text])["t"]

    def test_it_is_given_out_when_it_is_called(self):
        token = self.token("secret")
        self.assertIsInstance(token, Token)
        self.assertEqual((token(), token()), ("secret", "secret"))
        self.assertEqual(self.told(), [{"t": {}}])

    def test_one_that_nobody_wanted_is_not_told_of(self):
        self.token("secret")
        self.assertEqual(self.told(), [])

    def test_the_first_one_comes_before_the_headers(self):
        token = self.token("secret")
        self.told()
        with self.assertRaises(RuntimeError):
            token()

    def test_one_that_the_headers_need_not_tell_of_may_come_later(self):
        token = self.token(" secret")
        self.told()
        self.assertEqual(token(), "secret")


class TheRequest(SharedTest):
    def test_nothing_is_told_after_it(self):
        session = self.session({"a": 1})
        self.told()
        self.host.lane.current = 2
        session.get("a")
        self.assertEqual(self.host.frames(), [])

    def test_all_of_its_values_travel_in_one_frame(self):
        values = self.share(s=["session", ""], t=["token", "x"])
        self.assertIsInstance(values["s"], Session)
        values["s"]["a"] = 1
        values["t"]()
        self.assertEqual(self.told(), [{"s": {"set": {"a": 1}, "deleted": []}, "t": {}}])
