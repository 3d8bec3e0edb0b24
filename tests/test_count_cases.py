#!/usr/bin/env python3
"""count_cases.py on small logs: it must never lose a failure."""
import unittest

import count_cases

CLOSING = "87%: Checks: 8, Failures: 1, Errors: 0\n"


class CountCases(unittest.TestCase):
    def count(self, result, stdout=""):
        return count_cases.count({"result": result, "stdout": stdout})

    def test_check_programs_count_by_their_closing_line(self):
        self.assertEqual(self.count("FAIL", "Running...\n" + CLOSING), (7, 1))
        self.assertEqual(self.count("OK", "100%: Checks: 3, Failures: 0, Errors: 0\n"), (3, 0))

    def test_errors_count_as_failures(self):
        self.assertEqual(self.count("FAIL", "0%: Checks: 2, Failures: 1, Errors: 1\n"), (0, 2))

    def test_other_programs_count_one(self):
        self.assertEqual(self.count("OK", "fine\n"), (1, 0))
        self.assertEqual(self.count("TIMEOUT"), (0, 1))
        self.assertEqual(self.count("ERROR"), (0, 1))
        self.assertEqual(self.count("SKIP"), (0, 0))

    def test_crash_after_a_clean_closing_line_is_a_failure(self):
        self.assertEqual(self.count("FAIL", "100%: Checks: 3, Failures: 0, Errors: 0\n"), (3, 1))


if __name__ == "__main__":
    unittest.main()
