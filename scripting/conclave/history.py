"""The history of reports, what people said of them, and what that taught.

    history = conclave.history.Store()
    history.judge(report.id, "wrong", note="the disk was full, nobody looked there")
    for record in history.track_records():
        print(record["expert"], record["mean"], record["judged"])

Judgements are kept per report and scope and outlive a purge of reports (their notes do not). What is learned is of one list of
verdicts and never used for another. `conclave.consult(..., history=True)` uses it.
"""

from conclave._core import Store, default_store_path

__all__ = ["Store", "default_store_path"]
