"""The figures of tests/sites/tiny by another way: plain Python over the rows, nothing shared with the program.

    python3 tests/snapshots/tiny.py        compares with tiny.csv; prints what differs
"""
import csv, json, pathlib, statistics
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

here = pathlib.Path(__file__).parent
site = here.parent / "sites" / "tiny"
zone = ZoneInfo("Europe/Lisbon")
wards = ["VC0101", "VC0102", "VC0103", "VC0104"]
kinds = ["pothole", "lamp", "drain", "kerb", "noise"]

jobs = [json.loads(line) for line in (site / "data/street_job.ndjson").read_text().splitlines() if line.strip()]
library = {}
for part in sorted((site / "data/library_day").glob("*.csv")):
    for row in csv.DictReader(part.open()):
        library[row["day"], row["ward_code"], row["branch"]] = row  # a later part corrects an earlier one
library = list(library.values())
care = list(csv.DictReader((site / "data/home_care_month.csv").open()))


def civil(secs):
    return datetime.fromtimestamp(secs, zone).date()


jobs = list({j["job_no"]: j for j in jobs}.values())
present = max(
    max(civil(j["reported_ts"]) for j in jobs),
    max(date.fromisoformat(r["day"]) for r in library),
    max((date.fromisoformat(r["month"]).replace(day=28) + timedelta(days=4)).replace(day=1) - timedelta(days=1) for r in care),
)


def number(value):
    if value is None:
        return ""
    text = repr(float(f"{value:.12e}"))
    return text[:-2] if text.endswith(".0") else text


def inside(row_area, area):
    return row_area.startswith(area)


def reading(name, area, as_of):
    """Value, numerator, denominator; None where there is none, a text where it is hidden."""
    end = datetime.combine(as_of + timedelta(days=1), datetime.min.time(), zone).timestamp() - 1
    first = min(civil(j["reported_ts"]) for j in jobs)
    last = max(civil(j["reported_ts"]) for j in jobs)
    real = [j for j in jobs if j["is_drill"] == 0 and inside(j["ward_code"], area)]

    def span(column, days):
        low = as_of - timedelta(days=days - 1)
        return [j for j in real if j[column] is not None and low <= civil(j[column]) and j[column] <= end]

    def reached(days):  # no row means nothing happened only where the table reaches the span
        return first <= as_of and as_of - timedelta(days=days - 1) <= last + timedelta(days=1)

    if name == "job_ontime_rate":
        due = span("promised_ts", 30)
        done = sum(1 for j in due if j["finished_ts"] is not None and j["finished_ts"] <= j["promised_ts"])
        if not due:
            return None, None, None
        return 100 * done / len(due), done, len(due)
    if name == "job_reported_cnt":
        if not reached(1):
            return None, None, None
        n = len(span("reported_ts", 1))
        return n, n, None
    if name == "job_median_hours":
        done = [(j["finished_ts"] - j["reported_ts"]) / 3600 for j in span("finished_ts", 30)]
        m = statistics.median(done) if done else None
        return m, m, None
    days = [date.fromisoformat(r["day"]) for r in library]
    newest = max((d for d in days if d <= as_of), default=None)
    mine = [(d, r) for d, r in zip(days, library) if newest and d <= newest and inside(r["ward_code"], area)]
    if name == "branch_open_cnt":
        if area != "VC01":
            return "too fine", None, None
        open_ = {r["branch"] for d, r in mine if d > newest - timedelta(days=7) and int(r["visits"]) > 0}
        n = len(open_) or None
        return n, n, None
    if name == "library_visits_28d":
        visits = [int(r["visits"]) for d, r in mine if d > newest - timedelta(days=28)]
        n = sum(visits) if visits else None
        return n, n, None
    if name == "library_loans_total":
        loans = [int(r["loans"]) for d, r in mine if d >= date(2026, 10, 1)]
        n = sum(loans) if loans else None
        return n, n, None
    if name == "care_person_cnt":
        months = [date.fromisoformat(r["month"]) for r in care]
        newest = max((m for m in months if m <= as_of), default=None)
        here_ = [r for m, r in zip(months, care) if m == newest and r["area_code"] == area]
        seen = [int(r["served"]) for r in here_ if r["suppressed"] == "false" and r["served"]]
        if not seen:
            return ("<10" if here_ else None), None, None
        if 0 < sum(seen) < 10:
            return "<10", None, None
        n = 5 * round(sum(seen) / 5 + 1e-9)
        return n, n, None
    raise KeyError(name)


def main():
    wrong = rows = 0
    for row in csv.DictReader((here / "tiny.csv").open()):
        as_of = date.fromisoformat(row["as_of"])
        rows += 1
        if row["id"].startswith("job_open_by_kind/"):
            kind = row["id"].split("/")[1]
            value = None
            if as_of >= present:
                value = sum(
                    1
                    for j in jobs
                    if j["kind"] == kind and j["state"] in ("new", "assigned") and j["is_drill"] == 0
                    and inside(j["ward_code"], row["area_code"])
                )
            expected = (number(value), "", "")
        else:
            value, top, bottom = reading(row["id"], row["area_code"], as_of)
            if value == "too fine":
                expected = ("", "", "")
            elif isinstance(value, str):
                expected = (value, value, value)
            else:
                expected = (number(value), number(top), number(bottom))
        found = (row["value"], row["numerator"], row["denominator"])
        if found != expected:
            wrong += 1
            print(row["as_of"], row["area_code"], row["id"], "program", found, "here", expected)
    print(f"{rows} figures, {wrong} differ")
    return wrong


if __name__ == "__main__":
    raise SystemExit(1 if main() else 0)
